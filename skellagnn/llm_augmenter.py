"""What an LLM knows of a graph, for models of other libraries: a transformer that asks as the classifier does."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skellagnn.augmentation import AnsweredQuestion, Augmentation
from skellagnn.base.numbers import check_real
from skellagnn.base.vectors import unit_vectors
from skellagnn.classifier import ELLaGNNClassifier, without_llm
from skellagnn.distillation import propagate
from skellagnn.encoders._features import check_n_features, raw_features
from skellagnn.encoders._resolve import with_weights
from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.gnn._targets import LabeledNodes
from skellagnn.graph import TextGraph
from skellagnn.llm.asking import Budget, LLMUsage
from skellagnn.llm.plan import Plan
from skellagnn.llm.prompts import PromptCatalog
from skellagnn.llm.store import HidesPassword
from skellagnn.parameters import check_parameters
from skellagnn.supervision import Evidence
from skellagnn.validation import as_graph, check_labels

__all__ = ["LLMAugmenter"]


def _makes_features(augmenter: Any) -> bool:
    if augmenter.output != "features":
        raise AttributeError("only output='features' has columns; output='graph' returns a graph")
    return True


class LLMAugmenter(HidesPassword, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Ask an LLM about a few nodes, and mix what it says into the feature vectors of the graph.

    It chooses, asks, reads and weighs as :class:`~skellagnn.ELLaGNNClassifier` with the same parameters does, and hands
    over what that learns from: a graph with features for a model of graphs (also of another library, by
    :meth:`TextGraph.to_pyg <skellagnn.TextGraph.to_pyg>`), or columns for one of tables. ``transform`` asks nothing.

    Parameters
    ----------
    enhancer, augmentation_ratio, prompts, selection, candidates, class_names, encoder, store, on_bad_answer, budget, \
memory, random_state, verbose
        As of :class:`~skellagnn.ELLaGNNClassifier`.
    view_weight : float, default=0.5
        Part of the feature vector of a queried node that its answers make up, in [0, 1]; where answers name classes,
        times their reliability. The classifier shows the one or the other, with this probability.
    output : {"graph", "features"}, default="graph"
        What ``transform`` returns: the same view of a graph with these feature vectors; or an array for the nodes in
        view, their own vector beside the mean over their neighborhood, and with ``set_output`` a table of these.

    Attributes
    ----------
    queried_nodes_ : ndarray of int of shape (n_active,)
        Nodes that the LLM was asked about, best first; node ids of the training graph.
    answers_ : list of AnsweredQuestion
        What the LLM said. Not part of a pickle.
    classes_ : ndarray of shape (n_classes,), or None
        Classes that the answers choose from; None if no prompt names classes.
    soft_labels_ : ndarray of float32 of shape (n_nodes, n_classes), or None
        What the answers say of the class of each node of the training graph: probabilities times their weight beside a
        label of weight 1. Zero for nodes that have a label, that nobody asked about, or whose answer names no class.
    reliability_ : float or None
        As of the classifier.
    llm_usage_ : LLMUsage
        What was asked, and what it cost, by prompt.
    n_features_in_ : int
        Width of the feature vectors of the nodes.
    encoder_ : Encoder or None
        Fitted on the texts if it learns.

    See Also
    --------
    skellagnn.ELLaGNNClassifier : Learns from all this at once, and in training shows answers to some passes only.

    Notes
    -----
    Answers are mixed in wherever a node with the same name and the same text as a queried one is transformed: in any
    view, subgraph or grown version of the graph. Other nodes have their own vectors.

    The soft labels are for a loss: ``(soft * -log_softmax(logits)).sum() / soft.sum()``.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skellagnn import LLMAugmenter, ReplayEnhancer
    >>> from skellagnn.datasets import make_text_graph
    >>> data = make_text_graph(n_nodes=120, random_state=0)
    >>> augmenter = LLMAugmenter(
    ...     ReplayEnhancer(data.answers), class_names=data.target_names, encoder="tfidf", output="features"
    ... )
    >>> model = make_pipeline(augmenter, LogisticRegression()).fit(data.graph[:60], data.target[:60])
    >>> model.predict(data.graph[60:]).shape
    (60,)
    >>> augmenter.soft_labels_.shape
    (120, 3)
    """

    queried_nodes_: NDArray[np.int64]
    answers_: list[AnsweredQuestion]
    classes_: NDArray[Any] | None
    soft_labels_: NDArray[np.float32] | None
    reliability_: float | None
    llm_usage_: LLMUsage
    n_features_in_: int
    encoder_: Any

    def __init__(
        self,
        enhancer: Any = None,
        *,
        augmentation_ratio: float | int = 0.1,
        prompts: Any = "topic",
        selection: Any = "clustering",
        candidates: Any = None,
        class_names: Any = None,
        encoder: Any = "auto",
        view_weight: float = 0.5,
        output: str = "graph",
        store: Any = "auto",
        on_bad_answer: str = "raw",
        budget: Budget | None = None,
        memory: Any = None,
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
        self.view_weight = view_weight
        self.output = output
        self.store = store
        self.on_bad_answer = on_bad_answer
        self.budget = budget
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: TextGraph, y: Any = None) -> LLMAugmenter:
        """Ask about a few nodes of a graph.

        Parameters
        ----------
        X : TextGraph
            All nodes may be asked about, those in view of an inductive one alone.
        y : array-like of shape (n_targets,), default=None
            Labels of the nodes in view; -1 in numeric ones is "unlabeled". They check answers that name classes, and a
            selection may read them; otherwise they are not looked at.

        Returns
        -------
        self : LLMAugmenter

        Raises
        ------
        InvalidParameterError, GraphError, LabelError
            If a parameter, the graph or the labels are not as described. All checks come before the first question.
        EnhancerError, MissingAnswerError
            If the enhancer fails.
        """
        self._check()
        asked = _ask(self._as_classifier(), _graph(X), y)
        features = asked.augmented.features
        nodes, means = features.queries()
        self._views = dict(zip(_keys(asked.graph, nodes), means, strict=True))
        self._weight = self.view_weight * asked.view_reliability
        self.queried_nodes_ = asked.queried
        self.answers_ = list(asked.augmented.said)
        self.llm_usage_ = asked.augmented.usage
        self.classes_ = asked.classes
        self.reliability_ = asked.reliability
        self.soft_labels_ = asked.soft_labels
        self.encoder_ = asked.encoder
        self.n_features_in_ = features.raw.shape[1]
        return self

    def transform(self, X: TextGraph) -> Any:
        """Return feature vectors with the answers mixed in, without any LLM call.

        Parameters
        ----------
        X : TextGraph
            The training graph, a view of it, or another one.

        Returns
        -------
        graph : TextGraph
            The same view of the same graph, with features of unit length.
        features : ndarray of float32 of shape (n_targets, 2 * ``n_features_in_``)
            In its place with ``output="features"``.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InvalidParameterError
            If the feature vectors are not as wide as in training.
        """
        check_is_fitted(self)
        self._check()
        graph = _graph(X)
        encoder = with_weights(self.encoder_, self.encoder)
        rows = raw_features(graph, encoder, memory=self.memory, scale=True, n_features=self.n_features_in_)
        check_n_features(rows, self.n_features_in_, "X")
        if self._views:
            keys = _keys(graph, np.arange(graph.n_nodes))
            nodes = [node for node, key in enumerate(keys) if key in self._views]
            views = np.array([self._views[keys[node]] for node in nodes]).reshape(-1, rows.shape[1])
            rows = np.array(rows, dtype=np.float32)
            rows[nodes] = unit_vectors(self._weight * views + (1 - self._weight) * rows[nodes])
        if self.output == "graph":
            return graph.with_features(rows)
        return np.asarray(propagate(graph.adjacency, rows)[graph.targets], dtype=np.float32)

    def plan(self, X: TextGraph, y: Any = None) -> Plan:
        """Say what ``fit`` would ask the LLM, without asking anything; see :meth:`ELLaGNNClassifier.plan`."""
        return self._as_classifier().plan(_graph(X), y)

    @available_if(_makes_features)  # type: ignore[untyped-decorator]
    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Return the names of the columns with ``output="features"``: ``own0``, ..., and ``near0``, ...

        Returns
        -------
        names : ndarray of str of shape (2 * ``n_features_in_``,)
        """
        check_is_fitted(self)
        return np.array(
            [f"{kind}{column}" for kind in ("own", "near") for column in range(self.n_features_in_)], dtype=object
        )

    def _as_classifier(self) -> ELLaGNNClassifier:
        """Return the classifier that asks what this asks: one place decides what that is."""
        own = self.get_params(deep=False)
        return ELLaGNNClassifier(**{name: own[name] for name in own.keys() - {"view_weight", "output"}})

    def _check(self) -> None:
        check_real("view_weight", self.view_weight, low=0, high=1)
        if self.output not in ("graph", "features"):
            raise InvalidParameterError(f"`output` must be 'graph' or 'features', got {self.output!r}.")

    def __getstate__(self) -> dict[str, Any]:
        """Pickle without what :meth:`transform` does not need, as the classifier does."""
        state = dict(super().__getstate__())
        state.pop("answers_", None)
        return state | without_llm(state) if "encoder_" in state else state


def _graph(X: Any) -> TextGraph:
    if not isinstance(X, TextGraph):
        raise GraphError(
            f"`X` must be a TextGraph, got {type(X).__module__}.{type(X).__qualname__}. Build one: "
            "TextGraph.from_edges(edges, texts=texts)."
        )
    return X


def _keys(graph: TextGraph, nodes: NDArray[np.int64]) -> list[bytes]:
    """Return what a node is known by in another graph: a digest of its name and text, which are not kept."""
    texts = graph.texts
    return [
        hashlib.sha256(
            f"{graph.name_of(node)}\0{'' if texts is None else texts[node]}".encode("utf-8", "surrogatepass")
        ).digest()
        for node in nodes.tolist()
    ]


class _Asked(NamedTuple):
    """What the steps of a fit up to the answers found out, for a model that is not the classifier's.

    Attributes
    ----------
    graph : TextGraph
        What the fit saw.
    encoder : encoder or None
    queried : ndarray of int64 of shape (n_active,)
    augmented : Augmentation
    classes : ndarray of shape (n_classes,) or None
        None if no prompt names classes.
    soft_labels : ndarray of float32 of shape (n_nodes, n_classes) or None
        Class probabilities by the answers, times their weight.
    reliability : float or None
    view_reliability : float
        How far nodes show the views that the LLM made.
    """

    graph: TextGraph
    encoder: Any
    queried: NDArray[np.int64]
    augmented: Augmentation
    classes: NDArray[Any] | None
    soft_labels: NDArray[np.float32] | None
    reliability: float | None
    view_reliability: float


def _ask(clf: ELLaGNNClassifier, X: TextGraph, y: Any = None) -> _Asked:
    """Ask what ``clf.fit(X, y)`` would ask, and weigh the answers as it would; the classifier stays as it is.

    Labels are looked at where a prompt names classes, or the selection reads them.
    """
    check_parameters(clf.get_params(deep=False))
    graph = as_graph(clf, X, reset=True)
    selector, names_classes = clf._selector(), PromptCatalog.from_parameter(clf.prompts).needs_class_names
    reads_labels = clf.enhancer is not None and (names_classes or selector.reads_labels)
    labels = check_labels(graph, y, named=clf._nameable(y)) if reads_labels else None
    augmenter = clf._augmenter(None if labels is None else labels.classes)
    encoder = augmenter.check(graph, clf.encoder)
    embeddings = raw_features(graph, encoder, memory=clf.memory, scale=True)
    nothing = np.empty(0, dtype=np.int64)
    labeled, n_classes = LabeledNodes(nothing, nothing, nothing.astype(np.float32)), 0
    if labels is not None:
        labeled, n_classes = labels.labeled, len(labels.classes)
    propagated = propagate(graph.adjacency, embeddings) if clf.enhancer is not None else embeddings
    evidence = Evidence(labeled, n_classes, propagated, graph.adjacency, selector.seed)
    augmented = augmenter.augment(graph, embeddings, encoder, selector, evidence, memory=clf.memory)
    queried = augmented.answers.nodes
    if labels is None or not augmented.answers.choices:
        classes = None if labels is None else labels.classes
        return _Asked(graph, encoder, queried, augmented, classes, None, None, 1.0)
    supervised = evidence.supervise(augmented.answers, None)
    known, said = supervised.supervision.labeled, slice(len(labeled.nodes), None)  # answers are joined to the labels
    soft = np.zeros((graph.n_nodes, n_classes), dtype=np.float32)
    soft[known.nodes[said]] = known.probabilities[said] * known.weights[said, None]
    return _Asked(
        graph, encoder, queried, augmented, labels.classes, soft, supervised.reliability, supervised.view_reliability
    )
