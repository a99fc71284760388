"""ELLaGNNClassifier: parameters, fit, predict, plan. Orchestration only."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils.validation import check_is_fitted

from skellagnn.augmentation import AnsweredQuestion, Augmentation, Augmenter
from skellagnn.base.config import get_config
from skellagnn.base.numbers import draw_seeds, fixed_seed
from skellagnn.base.resources import resolve_device
from skellagnn.distillation import PropagationTeacher, propagate
from skellagnn.encoders._features import check_n_features, raw_features, ready_encoder
from skellagnn.encoders._resolve import with_weights, without_weights
from skellagnn.exceptions import InvalidParameterError, SkellagnnWarning
from skellagnn.fitted_repr import FittedReprMixin
from skellagnn.gnn._batch_size import choose_batch_size
from skellagnn.gnn._distributed import ProcessGroup
from skellagnn.gnn._early_stopping import ValidationGraph
from skellagnn.gnn._inference import predict_logits
from skellagnn.gnn._layered import hidden_layer
from skellagnn.gnn._network_state import network_arrays, network_from_arrays
from skellagnn.gnn._steps import N_UNLABELED, TrainingSettings
from skellagnn.gnn._targets import LabeledNodes
from skellagnn.gnn._trainer import Trainer, build_network
from skellagnn.gnn._training import History
from skellagnn.graph import TextGraph
from skellagnn.llm.asking import Budget, LLMUsage
from skellagnn.llm.enhancers import DetachedEnhancer
from skellagnn.llm.plan import Plan
from skellagnn.llm.prompts import PromptCatalog
from skellagnn.llm.store import HidesPassword, without_password
from skellagnn.model_file import read_model, write_model
from skellagnn.neighborhood import rank_neighbors
from skellagnn.parameters import check_parameters, shared_parameters
from skellagnn.selection import Selector
from skellagnn.supervision import Evidence, Supervised
from skellagnn.validation import (
    CallbackSupportMixin,
    FitCallbacks,
    Labels,
    as_graph,
    check_class_names,
    check_labels,
    check_sample_weight,
    check_true_labels,
    hold_out,
    named_classes,
    remember_columns,
    stand_in,
    with_callbacks,
)

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ELLaGNNClassifier"]


class ELLaGNNClassifier(
    HidesPassword,
    CallbackSupportMixin,  # type: ignore[misc]
    FittedReprMixin,
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    ClassifierMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """Graph neural network for text-attributed graphs that asks an LLM about a few nodes, in training only.

    The method is E-LLaGNN [1]_: an LLM answers a catalog of prompts about a small fraction of the nodes; a text encoder
    turns texts and answers into feature vectors; neighbors are ranked by similarity with the (LLM-enhanced) node; an
    ordinary graph neural network aggregates them; prediction reads raw texts or features only and asks nothing. Two
    parts are additions of this package, each with a switch: a teacher with strong propagation that the backbone learns
    from (``teacher``), and class-naming answers as soft labels (``answer_weight``). The method of the paper alone is
    ``**skellagnn.PAPER_SETTINGS``.

    Parameters
    ----------
    enhancer : Enhancer, str or None, default=None
        The LLM back end. None asks nothing: an ordinary graph neural network, the baseline of every comparison.
    augmentation_ratio : float or int, default=0.1
        Fraction of all nodes that the LLM is asked about, in [0, 1], or their number. Nodes without text are left out.
    prompts : str, Prompt, or list of these, default="topic"
        What is asked: names from :data:`skellagnn.prompts.BUILTIN_PROMPTS`, several also as ``"keywords+topic"``;
        ``"all"`` is the paper's catalog. Prompts that name classes are what pays; they need ``class_names``.
    selection : str or callable, default="clue"
        Which nodes are asked about: a name (see the how-to on selections) or a function ``(graph, features, rng) ->
        scores``. ``"clue"``, ``"margin"``, ``"margin_random"``, ``"neighbors"`` and ``"centers"`` look at the labels:
        the folds of a search ask about nodes of their own. The others, such as ``"clustering"``, look at neither labels
        nor targets, and ask about the same nodes in all of them.
    candidates : array-like of int, mask of shape (n_nodes,) or None, default=None
        Nodes that may be asked about; None: all.
    class_names : list of str, dict of label to str, or None, default=None
        Names for prompts that list the classes; a list names the classes 0, 1, ... None: the labels, if they are
        strings. In a cross-validation give them, so that a fold that misses a class asks the same questions.
    encoder : str, Encoder, transformer or None, default="auto"
        Turns texts and answers into feature vectors: ``"minilm"`` (Sentence-BERT), ``"tfidf"``, the name or folder of a
        sentence-transformers model, several of these joined by "+", a scikit-learn text transformer, or an object with
        ``encode``. ``"auto"``: ``"minilm+tfidf"`` for a graph without features. One that has features is read by these,
        and ``"auto"`` encodes the answers about it with ``"minilm"``, which should have made them. None: the graph
        brings features, and there is no enhancer.
    n_neighbors : int or None, default=10
        Source nodes of each node's messages at most: the most similar ones. None keeps all. In training a queried node
        is compared by its answers, mixed with its raw features where they name classes: the answers with their
        reliability (``reliability_``) for their weight. The teacher, which propagates once and for all, has all.
    backbone : str or callable, default="sage"
        ``"sage"``, ``"gcn"``, ``"gat"``, ``"gin"``, ``"gcn2"``, ``"appnp"``, ``"jknet"``, ``"sgc"``, ``"mlp"``, or a
        factory ``(in_channels, hidden_channels, out_channels, n_layers, dropout) -> nn.Module`` with ``forward(x,
        edge_index)``.
    n_layers : int, default=2
        Message-passing layers (``"sgc"``: propagations; ``"mlp"`` and ``"appnp"``: linear layers).
    hidden_channels : int, default=128
        Width between the layers.
    dropout : float, default=0.5
        Fraction of a layer's input entries dropped in training.
    view_probability : float, default=0.5
        Probability that a queried node shows one of its LLM views instead of its raw features in a training pass. Where
        answers name classes, it is multiplied by their reliability (``reliability_``).
    teacher : "auto", Teacher or None, default="auto"
        A model of propagated features that is trained on labels and answers first; the backbone learns from its class
        probabilities on the unlabeled nodes. ``"auto"``: :class:`~skellagnn.distillation.PropagationTeacher`; give one
        to search over ``teacher__weight``. None: none.
    answer_weight : float, default=1.0
        Weight of an answer that names a class and is sure to be right, beside a label, up to 1e6; 0: answers are views
        alone.
    learning_rate_init : float, default=0.01
        Step size of Adam.
    weight_decay : float, default=5e-4
        L2 penalty of Adam, up to 1e6.
    batch_size : int, None or "auto", default="auto"
        Labeled nodes of a step. None trains on the whole graph at once: one step an epoch. ``"auto"`` does so if its
        activations fit into half of the free memory, and else takes 1024; ``batch_size_`` says which.
    sample_size : int or None, default=10
        In batches: neighbors drawn for each node and layer, anew in each step. None takes all. Looked at only where a
        node has more (``n_neighbors`` bounds that, too).
    max_iter : int, default=200
        Epochs at most.
    early_stopping : bool, float or "auto", default="auto"
        Keep the epoch with the best validation accuracy and stop after ``n_iter_no_change`` epochs without a better
        one. False runs ``max_iter`` epochs on all labels. True validates on ``X_val`` if ``fit`` gets one, else on a
        tenth of the labeled targets; a float is another fraction. ``"auto"`` is True with ``X_val``, or if the tenth is
        50 of them at least: a dozen choose an epoch by chance, and are worth more as labels.
    n_iter_no_change : int, default=100
    class_weight : dict, "balanced" or None, default=None
    store : "auto", ResponseStore, str, path or None, default="auto"
        Where answers are looked up and kept: ``"auto"`` is a SQLite file in the user's data folder (or in
        ``SKELLAGNN_HOME``) - except for recordings and tables, which are not stored again; a path or database URL;
        None asks everything anew in each fit.
    on_bad_answer : {"raw", "retry", "raise"}, default="raw"
        What becomes of an answer that says nothing (empty, cut short, a refusal, an echo of the prompt,
        without words, naming no class): its node keeps its raw features, with one warning that counts them; it is asked
        once more first; or an error.
    budget : Budget or None, default=None
        Limits of what the LLM is asked: calls, tokens, money (:class:`~skellagnn.Budget`). What does not fit is left
        unasked, and the model is trained on the answers that there are.
    memory : str, joblib.Memory or None, default=None
        Where encoded texts are kept from one fit to the next.
    device : str, default="auto"
        ``"auto"`` takes a GPU if there is one.
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
        Width of the feature vectors that the network reads.
    network_ : nn.Module
        The trained network, on the CPU.
    queried_nodes_ : ndarray of int of shape (n_active,)
        Nodes that the LLM was asked about, best first; node ids of the training graph.
    llm_usage_ : LLMUsage
        What was asked, and what it cost, by prompt.
    answers_ : list of AnsweredQuestion
        What the LLM said: node, name, prompt, answer, classes that were read, confidence. The answer is None where
        there is none, such as beyond the budget. Not part of a pickle.
    reliability_ : float or None
        Mean probability, over the answers that name a class, that they are right because the LLM knows: its own
        confidence (0.8 where it says none), lowered as far as labels, and what labels say of other nodes, contradict.
        None where no answer names a class; below 0.1 answers are left out, and 0 where they look like guesses.
    batch_size_ : int or None
        Labeled nodes of a step; None: the whole graph at once.
    history_ : History
        Losses and validation scores of each epoch.
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
    loaded model ``enhancer`` is a ``DetachedEnhancer`` that knows the name of the one used.

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
    queried_nodes_: NDArray[np.int64]
    llm_usage_: LLMUsage
    answers_: list[AnsweredQuestion]
    reliability_: float | None
    batch_size_: int | None
    history_: History
    n_iter_: int
    best_iter_: int
    encoder_: Any

    def __init__(
        self,
        enhancer: Any = None,
        *,
        augmentation_ratio: float | int = 0.1,
        prompts: Any = "topic",
        selection: str | Callable[..., Any] = "clue",
        candidates: Any = None,
        class_names: Any = None,
        encoder: Any = "auto",
        n_neighbors: int | None = 10,
        backbone: str | Callable[..., Any] = "sage",
        n_layers: int = 2,
        hidden_channels: int = 128,
        dropout: float = 0.5,
        view_probability: float = 0.5,
        teacher: Any = "auto",
        answer_weight: float = 1.0,
        learning_rate_init: float = 0.01,
        weight_decay: float = 5e-4,
        batch_size: int | str | None = "auto",
        sample_size: int | None = 10,
        max_iter: int = 200,
        early_stopping: bool | float | str = "auto",
        n_iter_no_change: int = 100,
        class_weight: Any = None,
        store: Any = "auto",
        on_bad_answer: str = "raw",
        budget: Budget | None = None,
        memory: Any = None,
        device: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.enhancer = enhancer
        self.augmentation_ratio = augmentation_ratio
        self.prompts = prompts
        self.selection = selection
        self.candidates = candidates
        self.class_names = class_names
        self.encoder = encoder
        self.n_neighbors = n_neighbors
        self.backbone = backbone
        self.n_layers = n_layers
        self.hidden_channels = hidden_channels
        self.dropout = dropout
        self.view_probability = view_probability
        self.teacher = teacher
        self.answer_weight = answer_weight
        self.learning_rate_init = learning_rate_init
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.sample_size = sample_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.store = store
        self.on_bad_answer = on_bad_answer
        self.budget = budget
        self.memory = memory
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    # -- fit ----------------------------------------------------------------------------------------------------

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, X_val: Any = None, y_val: Any = None
    ) -> ELLaGNNClassifier:
        """Train on the nodes in view.

        Parameters
        ----------
        X : TextGraph, or array-like of shape (n_samples, n_features)
            The targets in view are the training nodes; all nodes pass messages and may be asked about.
        y : array-like of shape (n_targets,), default=None
            Labels; -1 in numeric labels is "unlabeled". None, or nothing but -1, learns from what an LLM says alone:
            with a prompt that names classes and ``class_names``, which are then the classes (or 0, 1, ... beside -1).
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
            If another process of a data-parallel fit failed.
        """
        check_parameters(self.get_params(deep=False))
        with ProcessGroup.joined(get_config().data_parallel) as group:
            return self._fit(X, y, sample_weight, X_val, y_val, group)

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, X_val: Any, y_val: Any, group: ProcessGroup
    ) -> ELLaGNNClassifier:
        # 0. What is wrong shows before anything is encoded or paid.
        graph = as_graph(self, X, reset=True)
        labels = check_labels(graph, y, sample_weight, class_weight=self.class_weight, named=self._nameable(y))
        augmenter, selector = self._augmenter(labels.classes), self._selector()
        encoder = augmenter.check(graph, self.encoder)
        group.compute_once(lambda: augmenter.check_enhancer(graph, selector))
        seed, split_seed = group.compute_once(partial(draw_seeds, self.random_state))
        callbacks = FitCallbacks(self, X, y, n_epochs=self.max_iter)

        # 1. The texts of all nodes become feature vectors.
        is_graph = isinstance(X, TextGraph)
        embeddings = raw_features(graph, encoder, memory=self.memory, scale=is_graph, verbose=self.verbose)
        labeled, validation = self._hold_out(X, graph, embeddings, encoder, labels, X_val, y_val, split_seed)
        network = self._build_network(embeddings.shape[1], len(labels.classes), seed)
        trainer = self._trainer(network, graph, embeddings, labeled, seed, group)

        # 2. The LLM is asked about a few nodes, in rounds; its answers become views of these, and name classes.
        reads_propagated = self.teacher is not None or self.enhancer is not None
        propagated = propagate(graph.adjacency, embeddings) if reads_propagated else embeddings
        evidence = Evidence(labeled, len(labels.classes), propagated, graph.adjacency, selector.seed)
        augmented = augmenter.augment(graph, embeddings, encoder, selector, evidence, memory=self.memory, group=group)

        # 3. Labels, answers and a teacher are weighed against each other.
        answers = augmented.answers.scaled(self.answer_weight)
        # rounding may differ between machines, and all processes must learn the same
        supervised = group.compute_once(partial(evidence.supervise, answers, self._teacher()))

        # 4. Neighbors are ranked by their similarity with the node, LLM-enhanced where it was asked about.
        features = augmented.features.shown(self.view_probability * supervised.view_reliability)
        queries = features.queries(supervised.view_reliability)
        neighbors = rank_neighbors(graph.adjacency, embeddings, self.n_neighbors, queries)

        # 5. The backbone learns from all this. A fit that fails leaves the model as it was.
        fitted = partial(self._fitted, X, labels.classes, embeddings.shape[1], encoder, network)
        report = partial(callbacks.after_epoch, fitted)
        history = trainer.train(network, neighbors, features, supervised.supervision, validation, on_epoch=report)
        self._keep(X, fitted(), trainer, augmented, supervised, history)
        callbacks.end()
        return self

    # -- the steps of fit, with the parameters that each reads ----------------------------------------------------

    def _nameable(self, y: Any) -> NDArray[Any] | None:
        """Return the classes that the LLM is asked to choose from, if it is."""
        names_classes = self.enhancer is not None and PromptCatalog.from_parameter(self.prompts).needs_class_names
        return named_classes(self.class_names, y) if names_classes else None

    def _augmenter(self, classes: NDArray[Any] | None) -> Augmenter:
        return Augmenter(
            self.enhancer,
            self.prompts,
            check_class_names(self.class_names, classes),
            store=self.store,
            budget=self.budget,
            on_bad_answer=self.on_bad_answer,
            verbose=self.verbose,
        )

    def _selector(self) -> Selector:
        # the same seed in a plan and in every fold of a search
        return Selector(self.selection, self.augmentation_ratio, self.candidates, fixed_seed(self.random_state))

    def _hold_out(
        self,
        X: Any,
        graph: TextGraph,
        embeddings: NDArray[Any],
        encoder: Any,
        labels: Labels,
        X_val: Any,
        y_val: Any,
        seed: int,
    ) -> tuple[LabeledNodes, ValidationGraph | None]:
        """Return the training labels and, with early stopping, what decides the epoch that is kept."""
        if (X_val is None) != (y_val is None):
            raise InvalidParameterError("`X_val` and `y_val` must be given together, got only one of them.")
        labeled, val_graph, val_embeddings = labels.labeled, graph, embeddings
        if X_val is None:
            labeled, held_out = hold_out(labels, self.early_stopping, seed)
        else:
            if not self.early_stopping:
                raise InvalidParameterError(
                    "`X_val` must be left out with early_stopping=False, which looks at no validation nodes; got one."
                )
            columns = stand_in(self)  # this estimator's own are those of an earlier fit until this is done
            remember_columns(columns, X)
            val_graph = as_graph(columns, X_val, reset=False, argument="X_val")
            held_out = check_labels(val_graph, y_val, classes=labels.classes, argument="y_val").labeled
            # a view shares the arrays of its graph
            if val_graph.adjacency is not graph.adjacency or val_graph.features is not graph.features:
                n_features = embeddings.shape[1]
                scale = isinstance(X, TextGraph)
                val_embeddings = raw_features(
                    val_graph, encoder, memory=self.memory, scale=scale, n_features=n_features
                )
                check_n_features(val_embeddings, n_features, "X_val")
        if held_out is None:
            return labeled, None
        neighbors = rank_neighbors(val_graph.adjacency, val_embeddings, self.n_neighbors)
        return labeled, ValidationGraph(neighbors, val_embeddings, held_out)

    def _build_network(self, n_features: int, n_classes: int, seed: int) -> nn.Module:
        return build_network(
            self.backbone,
            n_features,
            self.hidden_channels,
            n_classes,
            self.n_layers,
            self.dropout,
            seed=seed,
            device=resolve_device(self.device),
        )

    def _trainer(
        self,
        network: nn.Module,
        graph: TextGraph,
        embeddings: NDArray[Any],
        labeled: LabeledNodes,
        seed: int,
        group: ProcessGroup,
    ) -> Trainer:
        shared = shared_parameters(self.get_params(deep=False))
        group.check_same([graph.adjacency.indices, labeled.nodes, labeled.labels, labeled.weights], shared)
        batch_size = self.batch_size
        if isinstance(batch_size, str):
            batch_size = choose_batch_size(
                network,
                graph.adjacency,
                len(labeled.nodes) + (0 if self.teacher is None else N_UNLABELED),
                embeddings.shape[1],
                self.hidden_channels,
                self.n_layers,
                self.n_neighbors,
                group,
            )
        settings = TrainingSettings(
            learning_rate_init=float(self.learning_rate_init),
            weight_decay=float(self.weight_decay),
            max_iter=self.max_iter,
            n_iter_no_change=self.n_iter_no_change,
            batch_size=batch_size,
            sample_size=self.sample_size,
            # a hop more than layers: those that look at degrees, as GCNConv does, need all edges of the outermost nodes
            reach=self.n_layers + 1,
            n_unlabeled=N_UNLABELED,
        )
        return Trainer(settings, seed, resolve_device(self.device), group, self.verbose)

    def _plan_nodes(self, graph: TextGraph, labels: Labels | None, selector: Selector) -> NDArray[np.int64]:
        """Choose the nodes that a fit would ask about; encodes texts only where the selection looks at them."""
        if selector.reads_labels and labels is None:
            raise InvalidParameterError(
                f"`y` must be given to plan with selection={self.selection!r}, which looks at labels, got None. Pass "
                "the labels that fit will get."
            )
        embeddings = propagated = np.empty((graph.n_nodes, 0), dtype=np.float32)
        if selector.reads != "graph":
            encoder = ready_encoder(self.encoder, graph, answers=self.enhancer is not None)
            embeddings = raw_features(graph, encoder, memory=self.memory, scale=True)
            if "propagated" in selector.reads:
                propagated = propagate(graph.adjacency, embeddings)
        labeled, n_classes = LabeledNodes(*np.empty((3, 0), dtype=np.int64)), 0
        if labels is not None and selector.reads_labels:
            n_classes = len(labels.classes)
            labeled, _ = hold_out(labels, self.early_stopping, draw_seeds(self.random_state)[1])
        return selector.choose(
            graph, embeddings, Evidence(labeled, n_classes, propagated, graph.adjacency, selector.seed)
        )

    def _teacher(self) -> Any:
        return PropagationTeacher() if isinstance(self.teacher, str) else clone(self.teacher, safe=False)

    def _fitted(
        self, X: Any, classes: NDArray[Any], n_features: int, encoder: Any, network: nn.Module
    ) -> dict[str, Any]:
        """Return what a model is made of that predicts; the network is that of the epoch which was run last."""
        columns = stand_in(self)
        remember_columns(columns, X)
        return {
            "classes_": classes,
            "n_features_in_": n_features,
            "feature_names_in_": getattr(columns, "feature_names_in_", None),
            "encoder_": encoder,
            "network_": copy.deepcopy(network),
            "_built_with": {
                name: getattr(self, name) for name in ("backbone", "hidden_channels", "n_layers", "dropout")
            },
            "_scale_features": isinstance(X, TextGraph),
            "_n_neighbors": self.n_neighbors,
        }

    def _keep(
        self,
        X: Any,
        fitted: dict[str, Any],
        trainer: Trainer,
        augmented: Augmentation,
        supervised: Supervised,
        history: History,
    ) -> None:
        remember_columns(self, X)
        for name, value in fitted.items():
            if name != "feature_names_in_":  # only there for a table with names
                setattr(self, name, value)
        self.network_ = self.network_.cpu()
        self._trained_on = _sizes_of(X)
        self.queried_nodes_ = augmented.answers.nodes
        self.llm_usage_ = augmented.usage
        self.answers_ = list(augmented.said)
        self.reliability_ = supervised.reliability
        self.batch_size_ = trainer.settings.batch_size
        self.history_ = history
        self.n_iter_ = history.n_iter
        self.best_iter_ = history.best_iter

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
            If labels are missing, or -1 among numbers, or of another kind than in training, or a weight is no finite
            number of 0 or more.
        """
        y = check_true_labels(y, X if isinstance(X, TextGraph) else None, getattr(self, "classes_", None))
        if sample_weight is not None:
            graph = as_graph(self, X, reset=False)
            sample_weight = check_sample_weight(graph, sample_weight) * np.ones(len(graph))
        return float(super().score(X, y, sample_weight))

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return what the network makes of the nodes in view before it scores classes: its last hidden layer.

        Parameters
        ----------
        X : TextGraph, or array-like of shape (n_samples, n_features)
            As in :meth:`predict_proba`.

        Returns
        -------
        embeddings : ndarray of float32 of shape (n_targets, ``hidden_channels``)
            After the activation. Of ``"gat"`` a multiple of eight columns; of ``"appnp"`` the hidden layer
            of its perceptron, propagated as its scores are.

        Raises
        ------
        InvalidParameterError
            If the network has no hidden layer, or is one of your own, of which nobody knows where it is.
        """
        check_is_fitted(self)
        return self._run(X, hidden_layer(self.network_))

    @property
    def _n_features_out(self) -> int:
        return hidden_layer(self.network_).hidden_width

    def _logits(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self)
        return self._run(X, self.network_).astype(np.float64)

    def _run(self, X: Any, network: nn.Module) -> NDArray[np.float32]:
        """Steps 1 to 4 of prediction. Nothing in here can reach an enhancer."""
        graph = as_graph(self, X, reset=False)
        encoder = with_weights(self.encoder_, self.encoder)
        scale, n_features = self._scale_features, self.n_features_in_
        embeddings = raw_features(graph, encoder, memory=self.memory, scale=scale, n_features=n_features)
        check_n_features(embeddings, n_features, "X")
        neighbors = rank_neighbors(graph.adjacency, embeddings, self._n_neighbors)
        return predict_logits(network, neighbors, embeddings, resolve_device(self.device), targets=graph.targets)

    # -- plan ---------------------------------------------------------------------------------------------------

    def plan(self, X: Any, y: Any = None) -> Plan:
        """Say what ``fit`` would ask the LLM, without asking anything.

        With ``enhancer=None``, whose fit asks nothing, it says what an LLM would be asked: to see the cost before one
        is chosen. Prompts that list the classes need names for that, too.

        Parameters
        ----------
        X : TextGraph
        y : array-like of shape (n_targets,), default=None
            Labels that ``fit`` will get: selections look at them, and they may be what names the classes in a prompt.

        Returns
        -------
        plan : Plan
            Nodes, distinct questions by prompt, of which stored and new, tokens, cost at the budget's prices, examples.
            ``plan.execute()`` asks the new ones, within ``budget``.

        See Also
        --------
        skellagnn.plan_search : The plan of a whole cross-validated search.
        """
        check_parameters(self.get_params(deep=False))
        graph = as_graph(self, X, reset=True)
        named = self._nameable(y)
        known = y is not None or named is not None
        labels = check_labels(graph, y, named=named) if known else None
        augmenter = self._augmenter(None if labels is None else labels.classes)
        selector = self._selector()
        queried = self._plan_nodes(graph, labels, selector)
        names = tuple(graph.name_of(node) for node in queried.tolist())
        part = augmenter.plan(graph, queried, augmenter.round_sizes(selector, len(queried))[0])
        return Plan(graph.n_nodes, queried, names, (part,), augmenter.budget, by_labels=selector.reads_labels)

    # -- files --------------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to a folder that anybody may load: arrays, JSON and a card, and nothing that runs.

        Parameters
        ----------
        path : path-like
            A new or empty folder, or one with a model, which is replaced. ``README.md`` in it is a model card, with
            sizes of the data, prompts, answers, scores and versions: yours to go on with, :meth:`load` does not read
            it. Saving again writes it anew.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InvalidParameterError
            If ``path`` is no such place, or the classes are neither numbers nor strings.

        Warns
        -----
        SkellagnnWarning
            If a parameter of training is an object that no file can hold, such as a ``selection`` of your own.

        Notes
        -----
        ``config.json`` and ``model.safetensors`` hold what a pickle does, but for objects of your own, and but for what
        belongs to the machine: ``store``, ``memory``, ``budget``, ``device`` and ``verbose`` are at their defaults in a
        loaded model.

        Examples
        --------
        >>> import tempfile
        >>> from skellagnn import ELLaGNNClassifier
        >>> from skellagnn.datasets import make_text_graph
        >>> data = make_text_graph(n_nodes=60, random_state=0)
        >>> clf = ELLaGNNClassifier(encoder="tfidf", max_iter=5, random_state=0).fit(data.graph, data.target)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     clf.save(folder)
        ...     loaded = ELLaGNNClassifier.load(folder)
        >>> bool((loaded.predict_proba(data.graph) == clf.predict_proba(data.graph)).all())
        True
        """
        check_is_fitted(self)
        write_model(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], **parameters: Any) -> ELLaGNNClassifier:
        """Read a model that :meth:`save` wrote, a stranger's too: nothing in it is run or believed.

        Parameters
        ----------
        path : path-like
        **parameters
            Parameters of the classifier to set. ``backbone`` and ``encoder`` have to be given where they were objects
            of your own, or a language model other than ``"minilm"``: a factory, an encoder that is fitted if it learns.
            ``encoder=None`` gives up predictions from texts.

        Returns
        -------
        clf : ELLaGNNClassifier
            Its ``enhancer`` is a ``DetachedEnhancer``, as in a pickle.

        Raises
        ------
        InvalidParameterError
            If there is no such model, it is damaged, of a newer format, too large for the free memory, or does not fit
            together; or if a parameter has to be given, or is wrong.
        """
        model: ELLaGNNClassifier = read_model(cls, path, parameters)
        check_parameters(model.get_params(deep=False))
        return model

    # -- scikit-learn -------------------------------------------------------------------------------------------

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Pickle without what prediction does not need: no enhancer, no weights of a language model."""
        state = dict(super().__getstate__())
        state.pop("answers_", None)
        if "network_" in state:  # an unfitted one keeps them: joblib sends it to workers to be fitted
            state |= without_llm(state)
            if isinstance(self._built_with["backbone"], str):  # no class of torch or of ours: for skops, and for later
                state["network_"] = network_arrays(self.network_)
            state["_skellagnn_version"] = version("skellagnn")
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what :meth:`__getstate__` gave; of another version, warn and say what to do."""
        state = dict(state)
        written_by = state.pop("_skellagnn_version", None)
        if "network_" in state and written_by != version("skellagnn"):
            warnings.warn(
                f"A model that was pickled by skellagnn {written_by} is loaded by {version('skellagnn')}, and may "
                f"predict something else. Load it with {written_by} and write it with clf.save(folder), which later "
                "versions read; or fit it again.",
                SkellagnnWarning,
                stacklevel=2,
            )
        if isinstance(state.get("network_"), dict):
            built, n_features, n_classes = state["_built_with"], state["n_features_in_"], len(state["classes_"])
            state["network_"] = network_from_arrays(
                **built, in_channels=n_features, out_channels=n_classes, arrays=state["network_"]
            )
        super().__setstate__(state)


def without_llm(state: dict[str, Any]) -> dict[str, Any]:
    """Return what stands in a saved estimator for its enhancer, its store and its encoders."""
    enhancer = state["enhancer"]
    if enhancer is not None:
        enhancer = DetachedEnhancer(state["llm_usage_"].model or type(enhancer).__name__)
    encoders = {name: without_weights(state[name]) for name in ("encoder", "encoder_")}
    return {"enhancer": enhancer, "store": without_password(state["store"]), **encoders}


def _sizes_of(X: Any) -> dict[str, Any]:
    """Return how much a model was trained on, for its card."""
    if not isinstance(X, TextGraph):
        n_samples = len(np.asarray(X))
        return {"n_nodes": n_samples, "n_edges": 0, "n_in_view": n_samples, "inductive": False}
    return {
        "n_nodes": X.n_nodes,
        "n_edges": int(X.adjacency.nnz),
        "n_in_view": len(X),
        "inductive": X.is_inductive,
    }
