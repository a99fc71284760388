"""ELLaGNNClassifier: parameters, fit, predict, plan. Orchestration only."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skellagnn.base.progress import progress_bar
from skellagnn.distillation import N_UNLABELED, Lesson, teach
from skellagnn.encoders import with_weights, without_weights
from skellagnn.gnn._distributed import ProcessGroup
from skellagnn.gnn._inference import predict_logits
from skellagnn.gnn._targets import LabeledNodes, SoftLabels
from skellagnn.gnn._training import History, TrainingSettings, ValidationGraph, train
from skellagnn.graph import TextGraph
from skellagnn.llm.asking import LLMUsage, build_questions
from skellagnn.llm.enhancers import DetachedEnhancer, resolve_enhancer
from skellagnn.llm.plan import Plan, PlanPart
from skellagnn.llm.prompts import PromptCatalog
from skellagnn.llm.store import resolve_store, without_password
from skellagnn.neighborhood import rank_neighbors
from skellagnn.parameters import check_budget, check_settings, resolve_device, shared_parameters
from skellagnn.preparation import (
    augment,
    build_network,
    check_width,
    choose_batch_size,
    hold_out,
    raw_rows,
    ready_encoder,
    resolve_parts,
    select,
)
from skellagnn.selection import FEATURELESS_SELECTIONS
from skellagnn.supervision import answer_targets
from skellagnn.validation import (
    CallbackSupportMixin,
    as_graph,
    check_class_names,
    check_labels,
    check_true_labels,
    remember_columns,
    with_callbacks,
)

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ELLaGNNClassifier"]

# `answer_weight="auto"` where no teacher says what the answers are worth: the middle of what was tried.
UNCHECKED_ANSWER_WEIGHT = 0.5


class ELLaGNNClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Graph neural network for text-attributed graphs that asks an LLM about a few nodes, in training only.

    The method is E-LLaGNN [1]_: an LLM answers a catalog of prompts about a small share of the nodes; a text encoder
    turns texts and answers into rows; neighbors are ranked by similarity with the (LLM-enhanced) node; an ordinary
    graph neural network aggregates them; prediction reads raw texts or features only and asks nothing. Three parts are
    additions of this package, each with a switch: a teacher with strong propagation that the backbone learns from
    (``distillation``), class-naming answers as soft targets (``answer_weight``) and consistency between stochastic
    passes (``consistency``). The method of the paper alone is ``**skellagnn.PAPER_SETTINGS``.

    Parameters
    ----------
    enhancer : Enhancer, str or None, default=None
        The LLM back end. None asks nothing: an ordinary graph neural network, the baseline of every comparison.
    augmentation_ratio : float or int, default=0.1
        Share of all nodes that the LLM is asked about, in [0, 1], or their number. Nodes without text are left out.
    prompts : "all", str, Prompt, or list of these, default="all"
        What is asked: names from :data:`skellagnn.prompts.BUILTIN_PROMPTS`, several also as ``"keywords+topic"``.
    selection : str or callable, default="pagerank"
        Which nodes are asked about: a key of :data:`skellagnn.selection.SELECTIONS` or
        ``(graph, features, rng) -> scores``. Built-in ones look at neither labels nor targets.
    class_names : list of str, dict of label to str, or None, default=None
        Names for prompts that list the classes; a list names the classes 0, 1, ... None: the labels, if they are
        strings. In a cross-validation give them, so that a fold that misses a class asks the same questions.
    encoder : str, Encoder, transformer or None, default="auto"
        Turns texts and answers into rows: ``"minilm"`` (Sentence-BERT), ``"tfidf"``, the name or folder of a
        sentence-transformers model, several of these joined by "+", a scikit-learn text transformer, or an object with
        ``encode``. ``"auto"``: ``"minilm+tfidf"`` for a graph without features. One that has features is read by these,
        and ``"auto"`` encodes the answers about it with ``"minilm"``: they should be its rows. None: the graph brings
        features, and there is no enhancer.
    n_neighbors : int or None, default=10
        Neighbors that each node hears from at most: the most similar ones. None keeps all. The teacher, which adds up
        rows once and for all, hears from all of them.
    enhanced_queries : bool, default=True
        Rank the neighbors of an active node by similarity with its answers, in training; False: with its raw row, as
        prediction does. Where a teacher has checked class-naming answers, raw row and answers are mixed, the answers
        with the trust in them (``answer_trust_``) for their weight.
    backbone : str or callable, default="sage"
        ``"sage"``, ``"gcn"``, ``"gat"``, ``"gin"``, ``"gcn2"``, ``"appnp"``, ``"mlp"``, or a factory ``(in_channels,
        hidden_channels, out_channels, n_layers, dropout) -> nn.Module`` with ``forward(x, edge_index)``.
    n_layers : int, default=2
        Message-passing layers (``"mlp"`` and ``"appnp"``: linear layers).
    hidden_channels : int, default=128
        Width between the layers.
    dropout : float, default=0.5
        Share of a layer's input entries dropped in training.
    view_probability : float, default=0.5
        Probability that an active node shows one of its LLM views instead of its raw row in a training pass. Where a
        teacher has checked class-naming answers, it is multiplied by the trust in them (``answer_trust_``) and, where
        answers are fewer than labels, by their ratio.
    distillation : float, default=2.0
        Weight, beside the labels, of a teacher's class probabilities on the unlabeled nodes; where these are fewer than
        the labels, times their ratio. The teacher is trained first, without the LLM, and once more with the answers;
        its cost is that of one more fit, or two. 0 trains none.
    answer_weight : float or "auto", default="auto"
        Weight of the soft targets from class-naming answers, in the training of the teacher or, where there is none,
        of the network; 0 switches them off. It is that of their mean beside the mean over the labels or, where answers
        are fewer than labels, that of one answer beside one label. ``"auto"`` is twice the trust that the teacher finds
        reason for (``answer_trust_``), so that an LLM which knows nothing changes nothing; nor do answers about less
        than a tenth as many nodes as have labels, if they are trusted by less than 0.9. Without a teacher to say so,
        0.5.
    consistency : float, default=1.0
        Weight of the agreement between two stochastic passes over all nodes, in the training of the teacher or, where
        there is none, of the network; 0 makes one pass and switches ``drop_node`` off.
    drop_node : float, default=0.0
        Share of nodes whose rows are dropped in each of those passes.
    learning_rate_init : float, default=0.01
        Step size of Adam.
    weight_decay : float, default=5e-4
        L2 penalty of Adam.
    batch_size : int, None or "auto", default="auto"
        Labeled nodes of a step. None trains on the whole graph at once: one step an epoch. ``"auto"`` does so if its
        activations fit into half of the free memory, and else takes 1024; ``batch_size_`` says which.
    sample_size : int or None, default=10
        In batches: neighbors drawn for each node and layer, anew in each step. None takes all. Looked at only where a
        node has more (``n_neighbors`` bounds that, too).
    sampling : {"uniform", "similarity"}, default="uniform"
        Whether they are drawn in proportion to their cosine similarity with the node.
    max_iter : int, default=200
        Epochs at most.
    early_stopping : bool or "auto", default="auto"
        Keep the epoch with the best validation accuracy and stop after ``n_iter_no_change`` epochs without a better
        one. False runs ``max_iter`` epochs on all labels. ``"auto"`` validates on ``X_val`` if ``fit`` gets one, else
        on a share of the labeled targets if that is 50 of them at least: a dozen choose an epoch by chance, and are
        worth more as labels.
    validation_fraction : float, default=0.1
        Share of the labeled targets held out for that, unless ``fit`` gets a validation view.
    n_iter_no_change : int, default=100
    class_weight : dict, "balanced" or None, default=None
    store : "auto", ResponseStore, str, path or None, default="auto"
        Where answers are looked up and kept: ``"auto"`` is a SQLite file in the user's data folder (or in
        ``SKELLAGNN_HOME``) - except for recordings and tables, which are not stored again; a path or database URL;
        None asks everything anew in each fit.
    on_bad_answer : {"raw", "retry", "raise"}, default="raw"
        What becomes of an answer that says nothing (empty, cut short, a refusal, an echo of the prompt,
        without words, naming no class): its node keeps its raw row, with one warning that counts them; it is asked
        once more first; or an error.
    max_calls, max_tokens, max_cost : int, int, float or None, default=None
        Budget of one fit: questions put to the LLM, tokens in and out together, money at ``prices``. What does not
        fit is left unasked, and the model is trained on the answers that there are. Until it is answered, a question
        counts as its prompt, estimated where the enhancer cannot count it, and the longest answer that it may get.
    prices : tuple of float or None, default=None
        Price of a million prompt tokens and of a million answer tokens, in any currency.
    memory : str, joblib.Memory or None, default=None
        Where encoded texts are kept from one fit to the next.
    device : str, default="auto"
        ``"auto"`` takes a GPU if there is one.
    precision : {"float32", "bfloat16"}, default="float32"
        ``"bfloat16"`` multiplies in half precision where torch holds that to be safe (automatic mixed precision).
    compile : bool, default=False
        Train with ``torch.compile``: slower to start, needs a C++ compiler on a CPU; worth a try on a GPU.
    data_parallel : bool, default=False
        Share each step's nodes with the other processes of torch.distributed's default process group, all of which
        call ``fit`` with the same graph, labels and parameters. The first one alone asks the LLM, and its
        ``random_state`` counts.
    random_state : int, RandomState or None, default=None
        Of weights, dropout, views, validation split and selection. An int gives the same model, bit by bit, on the
        same machine and number of threads. Selections that draw use the int, or 0 without one: the folds of a
        search ask about the same nodes.
    verbose : int, default=0
        Above 0: progress bars.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    n_features_in_ : int
        Width of the rows that the network reads.
    network_ : nn.Module
        The trained network, on the CPU.
    active_nodes_ : ndarray of int of shape (n_active,)
        Nodes that the LLM was asked about, best first; node ids of the training graph.
    llm_usage_ : LLMUsage
        What was asked, and what it cost, by prompt.
    answer_trust_ : float or None
        How far class-naming answers were trusted beside the teacher's own opinion, in [0, 1]; 0 where no answer named
        a class, or the LLM is not half as good as the teacher. None without a teacher.
    batch_size_ : int or None
        Labeled nodes of a step; None: the whole graph at once.
    history_ : History
        Losses and validation scores of each epoch.
    teacher_history_ : list of History
        Of the training of the teacher: without answers, and with them if there were any.
    n_iter_ : int
        Epochs that were run.
    best_iter_ : int
        Epoch whose weights were kept, counted from 1.
    encoder_ : Encoder or None
        Encoder, fitted on the texts if it learns; used by prediction on graphs without features.

    See Also
    --------
    skellagnn.encode_graph : Encode a graph once, before a search over other parameters.

    Notes
    -----
    X is a :class:`~skellagnn.TextGraph`: ``fit(graph[labeled], y[labeled])`` trains on the nodes in view, while all
    nodes pass messages. A 2-D array is a graph without edges.

    Rows of a graph are scaled to unit length, those of an array are not. A graph that has features is read by its
    features; the encoder then only encodes the LLM's answers, and has to be the one that the features came from.

    A fitted model pickles without its enhancer, the weights of a language model or any text of the graph. In the
    loaded model ``enhancer`` is a :class:`~skellagnn.enhancers.DetachedEnhancer` that knows the name of the one used.

    A fit asks at most ``n_active * n_prompts`` questions, plus, with ``on_bad_answer="retry"``, one second try for each
    bad answer. Time is O(epochs * passes * (n_edges * hidden_channels + n_nodes * n_features * hidden_channels));
    memory O(n_nodes * (n_features + hidden_channels)).

    References
    ----------
    .. [1] A. Jaiswal et al. "All Against Some: Efficient Integration of Large Language Models for Message Passing in
       Graph Neural Networks". arXiv 2407.14996, 2024.

    Examples
    --------
    >>> from skellagnn import ELLaGNNClassifier, ReplayEnhancer
    >>> from skellagnn.datasets import make_text_graph
    >>> data = make_text_graph(n_nodes=120, random_state=0)
    >>> clf = ELLaGNNClassifier(
    ...     ReplayEnhancer(data.answers), prompts="keywords+topic", class_names=data.target_names, encoder="tfidf",
    ...     random_state=0,
    ... )
    >>> clf.fit(data.graph[:60], data.target[:60]).predict(data.graph[60:]).shape
    (60,)
    >>> clf.llm_usage_.total.questions
    24
    """

    classes_: NDArray[Any]
    n_features_in_: int
    network_: nn.Module
    active_nodes_: NDArray[np.int64]
    llm_usage_: LLMUsage
    answer_trust_: float | None
    batch_size_: int | None
    history_: History
    teacher_history_: list[History]
    n_iter_: int
    best_iter_: int
    encoder_: Any

    def __init__(
        self,
        enhancer: Any = None,
        *,
        augmentation_ratio: float | int = 0.1,
        prompts: Any = "all",
        selection: str | Callable[..., Any] = "pagerank",
        class_names: Any = None,
        encoder: Any = "auto",
        n_neighbors: int | None = 10,
        enhanced_queries: bool = True,
        backbone: str | Callable[..., Any] = "sage",
        n_layers: int = 2,
        hidden_channels: int = 128,
        dropout: float = 0.5,
        view_probability: float = 0.5,
        distillation: float = 2.0,
        answer_weight: float | str = "auto",
        consistency: float = 1.0,
        drop_node: float = 0.0,
        learning_rate_init: float = 0.01,
        weight_decay: float = 5e-4,
        batch_size: int | str | None = "auto",
        sample_size: int | None = 10,
        sampling: str = "uniform",
        max_iter: int = 200,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 100,
        class_weight: Any = None,
        store: Any = "auto",
        on_bad_answer: str = "raw",
        max_calls: int | None = None,
        max_tokens: int | None = None,
        max_cost: float | None = None,
        prices: tuple[float, float] | None = None,
        memory: Any = None,
        device: str = "auto",
        precision: str = "float32",
        compile: bool = False,
        data_parallel: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.enhancer = enhancer
        self.augmentation_ratio = augmentation_ratio
        self.prompts = prompts
        self.selection = selection
        self.class_names = class_names
        self.encoder = encoder
        self.n_neighbors = n_neighbors
        self.enhanced_queries = enhanced_queries
        self.backbone = backbone
        self.n_layers = n_layers
        self.hidden_channels = hidden_channels
        self.dropout = dropout
        self.view_probability = view_probability
        self.distillation = distillation
        self.answer_weight = answer_weight
        self.consistency = consistency
        self.drop_node = drop_node
        self.learning_rate_init = learning_rate_init
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.sample_size = sample_size
        self.sampling = sampling
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.store = store
        self.on_bad_answer = on_bad_answer
        self.max_calls = max_calls
        self.max_tokens = max_tokens
        self.max_cost = max_cost
        self.prices = prices
        self.memory = memory
        self.device = device
        self.precision = precision
        self.compile = compile
        self.data_parallel = data_parallel
        self.random_state = random_state
        self.verbose = verbose

    # -- fit ----------------------------------------------------------------------------------------------------

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None) -> ELLaGNNClassifier:
        """Train on the nodes in view.

        Parameters
        ----------
        X : TextGraph, or array-like of shape (n_samples, n_features)
            The targets in view are the training nodes; all nodes pass messages and may be asked about.
        y : array-like of shape (n_targets,)
            Labels; -1 in numeric labels is "unlabeled".
        sample_weight : array-like of shape (n_targets,), default=None
            Weights of the targets in the loss and in the validation score.
        X_val : TextGraph or array-like, default=None
            Validation nodes, usually another view of the same graph; another graph works, too. In a search its
            length must differ from the length of X, or scikit-learn slices it along with X.
        y_val : array-like of shape (n_validation_targets,), default=None
            Their labels.

        Returns
        -------
        self : ELLaGNNClassifier

        Raises
        ------
        InvalidParameterError, GraphError, LabelError
            If a parameter, the graph or the labels are not as described. All checks come before the first question
            to the LLM.
        EnhancerError, MissingAnswerError
            If the enhancer fails.
        SkellagnnError
            If another process of ``data_parallel`` failed.
        """
        settings = check_settings(self)
        with ProcessGroup.joined(bool(self.data_parallel)) as group:
            return self._fit(X, y, sample_weight, X_val, y_val, settings, group)

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        X_val: Any,
        y_val: Any,
        settings: TrainingSettings,
        group: ProcessGroup | None,
    ) -> ELLaGNNClassifier:
        graph = as_graph(self, X, reset=True)
        labels = check_labels(graph, y, sample_weight, class_weight=self.class_weight)
        names = check_class_names(self.class_names, labels.classes)
        enhancer, encoder = resolve_parts(self, graph, names)
        network_seed, split_seed = check_random_state(self.random_state).randint(2**31 - 1, size=2).tolist()
        device = resolve_device(self.device)
        if group is not None:  # without a random_state each would draw seeds of its own
            network_seed, split_seed = group.first(partial(tuple, (network_seed, split_seed)))
        scale = isinstance(X, TextGraph)
        callbacks = self._callback_context()
        if callbacks is not None:
            callbacks.call_on_fit_task_begin(estimator=self, X=X, y=y)

        raw = raw_rows(self, graph, encoder, scale=scale)
        columns = object.__new__(type(self))  # this estimator's own are those of an earlier fit until this one is done
        remember_columns(columns, X)
        labeled, held_out = hold_out(self, graph, raw, labels, X_val, y_val, split_seed, encoder, scale, columns)
        network = build_network(self, graph, raw, len(labels.classes), network_seed, device)
        if group is not None:
            arrays = [graph.adjacency.indices, labeled.nodes, labeled.labels, labeled.weights]
            rest = [shared_parameters(self), labels.classes.tolist(), raw.shape, held_out is None]
            group.check_same(arrays, rest)

        batch_size = choose_batch_size(self, network, graph.adjacency, len(labeled.nodes), raw.shape[1], group)
        settings = replace(settings, batch_size=batch_size)

        active = np.empty(0, dtype=np.int64)
        if enhancer is not None:
            choose = partial(select, self, graph, raw)
            active = choose() if group is None else group.first(choose)
        features, choices, usage = augment(self, graph, raw, active, enhancer, encoder, names, group)

        raw_ranked = ranked = rank_neighbors(graph.adjacency, raw, self.n_neighbors)
        validation = teacher_validation = None
        if held_out is not None:
            val_graph, val_raw, val_labeled = held_out
            val_ranked = raw_ranked
            if val_graph is not graph:
                val_ranked = rank_neighbors(val_graph.adjacency, val_raw, self.n_neighbors)
            validation = ValidationGraph(val_ranked, val_raw, val_labeled)
            teacher_validation = replace(validation, adjacency=val_graph.adjacency)

        # labels of validation nodes do not check the answers: `labeled` holds training labels only
        answers = partial(answer_targets, active, choices, labeled.nodes, labeled.labels, len(labels.classes))
        lesson: Lesson | None = None
        trust = share = 1.0
        soft_targets: SoftLabels | None
        if self.distillation > 0:
            checked = bool(choices) and self.answer_weight != 0
            lesson = self._teach(
                raw,
                graph.adjacency,
                labeled,
                teacher_validation,
                len(labels.classes),
                answers if checked else None,
                settings,
                network_seed,
                device,
                group,
            )
            soft_targets = lesson.targets
            if checked:
                trust, share = lesson.trust, lesson.share
            settings = replace(
                settings,
                # beside many labels, too: the mean over a few unlabeled nodes would outweigh them
                soft_label_weight=self.distillation * lesson.targets.share(len(labeled.nodes)),
                consistency=0.0,
                n_unlabeled=N_UNLABELED,
                # an LLM that is found to name wrong classes is not shown as often either, nor one beside many labels
                view_probability=settings.view_probability * trust * share,
            )
        else:
            soft_targets = answers()
            weight = UNCHECKED_ANSWER_WEIGHT if self.answer_weight == "auto" else float(self.answer_weight)
            if soft_targets is not None:
                weight *= soft_targets.share(len(labeled.nodes))
            # a step on all labels looks at all nodes; one on a batch of them must not
            n_unlabeled = None if batch_size is None else N_UNLABELED
            settings = replace(settings, soft_label_weight=weight, n_unlabeled=n_unlabeled)
        if self.enhanced_queries and trust * share > 0 and len(features.active):
            nodes, rows = features.queries(trust)
            ranked = rank_neighbors(graph.adjacency, raw, self.n_neighbors, query_nodes=nodes, query_rows=rows)

        # what a model is made of that predicts; the network is that of the epoch which was run last
        fitted: dict[str, Any] = {
            "classes_": labels.classes,
            "n_features_in_": raw.shape[1],
            "encoder_": encoder,
            "_scale_rows": scale,
            "_n_neighbors": self.n_neighbors,
        }

        def as_it_is() -> dict[str, Any]:
            names = getattr(columns, "feature_names_in_", None)  # not those of an earlier fit
            return {**fitted, "network_": copy.deepcopy(network), "feature_names_in_": names}

        with progress_bar(self.verbose, self.max_iter, "training", "epoch") as advance:

            def on_epoch(epoch: int, history: History) -> bool:
                score = f", validation {history.validation_score[-1]:.3f}" if history.validation_score else ""
                advance(1, f"loss {history.loss[-1]:.3f}{score}")
                return callbacks is not None and _call_callbacks(self, callbacks, X, y, as_it_is)

            history = train(
                network,
                ranked,
                features,
                labeled,
                validation,
                soft_targets,
                settings,
                seed=network_seed,
                device=device,
                on_epoch=on_epoch,
                group=group,
            )

        # only now: a fit that failed leaves the model as it was
        remember_columns(self, X)
        for name, value in fitted.items():
            setattr(self, name, value)
        self.network_ = network.cpu()
        self.active_nodes_ = active
        self.llm_usage_ = usage
        self.answer_trust_ = None if lesson is None else lesson.trust
        self.batch_size_ = settings.batch_size
        self.history_ = history
        self.teacher_history_ = [] if lesson is None else lesson.histories
        self.n_iter_ = history.n_iter
        self.best_iter_ = history.best_iter
        if callbacks is not None:
            callbacks.call_on_fit_task_end(estimator=self, X=X, y=y, reconstruction_attributes={})
        return self

    def _teach(
        self,
        raw: NDArray[np.float32],
        adjacency: sparse.csr_array,
        labeled: LabeledNodes,
        validation: ValidationGraph | None,
        n_classes: int,
        answers: Callable[..., SoftLabels | None] | None,
        settings: TrainingSettings,
        seed: int,
        device: torch.device,
        group: ProcessGroup | None,
    ) -> Lesson:
        """What is known without the answers, how far they can be trusted, and what both say together."""
        with progress_bar(self.verbose, 2 * self.max_iter, "teacher", "epoch") as advance:

            def on_epoch(epoch: int, history: History) -> bool:
                advance(1, f"loss {history.loss[-1]:.3f}")
                return False

            return teach(
                raw,
                adjacency,
                labeled,
                validation,
                n_classes,
                answers,
                self.answer_weight,
                settings,
                seed=seed,
                device=device,
                on_epoch=on_epoch,
                group=group,
            )

    def _callback_context(self) -> Any:
        """Return scikit-learn's callback context, or None where it has none."""
        if not hasattr(self, "_init_callback_context"):
            return None
        return self._init_callback_context(max_subtasks=self.max_iter)

    # -- predict ------------------------------------------------------------------------------------------------

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithm of the class probabilities of the nodes in view, shape (n_targets, n_classes)."""
        return np.asarray(log_softmax(self._logits(X), axis=1))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the class probabilities of the nodes in view, without any LLM call.

        Parameters
        ----------
        X : TextGraph, or array-like of shape (n_samples, n_features)
            The training graph or another one. Rows are its features if it has some, else its encoded texts.

        Returns
        -------
        probabilities : ndarray of shape (n_targets, n_classes)
            Columns in the order of ``classes_``.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InvalidParameterError
            If the rows are not as wide as in training.
        """
        return np.asarray(softmax(self._logits(X), axis=1))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of the nodes in view, without any LLM call.

        Parameters
        ----------
        X : TextGraph, or array-like of shape (n_samples, n_features)
            As in :meth:`predict_proba`.

        Returns
        -------
        labels : ndarray of shape (n_targets,)
        """
        logits = self._logits(X)
        return np.asarray(self.classes_[logits.argmax(axis=1)])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy on the nodes in view.

        Parameters
        ----------
        X : TextGraph or array-like
        y : array-like of shape (n_targets,)
            True labels. Neither -1 in numeric labels nor a missing one is a label to score against.
        sample_weight : array-like of shape (n_targets,), default=None

        Returns
        -------
        accuracy : float

        Raises
        ------
        LabelError
            If labels are missing, or -1 among numbers.
        """
        return float(super().score(X, check_true_labels(y), sample_weight))

    def _logits(self, X: Any) -> NDArray[np.float64]:
        """Steps 1 to 4 of prediction. Nothing in here can reach an enhancer."""
        check_is_fitted(self)
        graph = as_graph(self, X, reset=False)
        encoder = with_weights(self.encoder_, self.encoder)
        raw = raw_rows(self, graph, encoder, scale=self._scale_rows, n_features=self.n_features_in_)
        check_width(raw, self.n_features_in_, "X")
        edges = rank_neighbors(graph.adjacency, raw, self._n_neighbors)
        device = resolve_device(self.device)
        return predict_logits(self.network_, edges, raw, device, targets=graph.targets).astype(np.float64)

    # -- plan ---------------------------------------------------------------------------------------------------

    def plan(self, X: Any, y: Any = None) -> Plan:
        """Say what ``fit`` would ask the LLM, without asking anything.

        With ``enhancer=None``, whose fit asks nothing, it says what an LLM would be asked: to see the cost before one
        is chosen. Prompts that list the classes need names for that, too.

        Parameters
        ----------
        X : TextGraph
        y : array-like of shape (n_targets,), default=None
            Labels; only needed where they are what names the classes in a prompt.

        Returns
        -------
        plan : Plan
            Nodes, distinct questions by prompt, of which stored and new, tokens, cost at ``prices``, examples.
            ``plan.execute()`` asks the new ones, within ``max_calls``, ``max_tokens`` and ``max_cost``.

        See Also
        --------
        skellagnn.plan_search : The plan of a whole cross-validated search.
        """
        check_settings(self)
        graph = as_graph(self, X, reset=True) if not isinstance(X, TextGraph) else X
        classes = None if y is None else check_labels(graph, y).classes
        names = check_class_names(self.class_names, classes)
        catalog = PromptCatalog.from_parameter(self.prompts)
        if isinstance(self.selection, str) and self.selection in FEATURELESS_SELECTIONS:
            raw = np.empty((graph.n_nodes, 0), dtype=np.float32)
        else:
            encoder = ready_encoder(self.encoder, graph, answers=self.enhancer is not None)
            raw = raw_rows(self, graph, encoder, scale=True)
        active = select(self, graph, raw)
        listed = None if names is None else names.names
        table = build_questions(graph, active, catalog, listed)
        enhancer = resolve_enhancer(self.enhancer)
        store, retry = resolve_store(self.store, enhancer), self.on_bad_answer == "retry"
        part = PlanPart.of(enhancer, store, listed, table.questions, asks_again=retry)
        node_names = tuple(graph.name_of(node) for node in active.tolist())
        return Plan(graph.n_nodes, active, node_names, (part,), check_budget(self))

    # -- scikit-learn -------------------------------------------------------------------------------------------

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Pickle without what prediction does not need: no enhancer, no weights of a language model."""
        state = dict(super().__getstate__())
        if "network_" in state:  # an unfitted one keeps them: joblib sends it to workers to be fitted
            if state["enhancer"] is not None:
                state["enhancer"] = DetachedEnhancer(self.llm_usage_.model or type(self.enhancer).__name__)
            state["store"] = without_password(state["store"])
            for name in ("encoder", "encoder_"):
                state[name] = without_weights(state[name])
        return state


def _call_callbacks(estimator: Any, context: Any, X: Any, y: Any, fitted: Callable[[], dict[str, Any]]) -> bool:
    task = context.subcontext(task_name="epoch")
    task.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    return bool(task.call_on_fit_task_end(estimator=estimator, X=X, y=y, reconstruction_attributes=fitted))
