"""What pictures of a fitted model read: its graph, the nodes it asked about, what was said, known labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skellagnn.exceptions import GraphError, InvalidParameterError, LabelError
from skellagnn.graph import TextGraph
from skellagnn.validation import as_graph, check_class_names, check_labels


def fitted_graph(clf: Any, X: Any) -> TextGraph:
    """Return X as the graph that the model was fitted on.

    Raises
    ------
    NotFittedError, GraphError
        If the model is not fitted, or on another graph.
    """
    check_is_fitted(clf)
    graph = as_graph(clf, X, reset=True)  # an inductive view is cut, as in fit: nodes are numbered in what is left
    said = getattr(clf, "answers_", [])
    last = max(clf.queried_nodes_.tolist(), default=-1)
    if last >= graph.n_nodes or any(graph.name_of(answer.node) != answer.name for answer in said):
        raise GraphError(
            f"`X` must be a view of the graph that the model was fitted on, whose nodes `queried_nodes_` numbers, got "
            f"another one of {graph.n_nodes} nodes. Pass the graph of fit; which nodes are in view may differ."
        )
    return graph


def labels_in_view(clf: Any, graph: TextGraph, y: Any) -> NDArray[np.int64]:
    """Return the class of each target as an index into ``classes_``; -1 where the label is unknown.

    Raises
    ------
    LabelError
        If they do not fit the graph or the model.
    """
    if y is None:
        return np.full(len(graph), -1, dtype=np.int64)
    labeled = check_labels(graph, y, classes=clf.classes_, named=clf.classes_).labeled
    label_of = np.full(graph.n_nodes, -1, dtype=np.int64)
    label_of[labeled.nodes] = labeled.labels
    return np.asarray(label_of[graph.targets])


def known_labels(clf: Any, graph: TextGraph, y: Any) -> tuple[TextGraph, NDArray[np.int64]]:
    """Return a view of the targets with a label, each once, and their classes as indices into ``classes_``.

    Raises
    ------
    LabelError
        If there is none.
    """
    labels = labels_in_view(clf, graph, y)
    _, first = np.unique(graph.targets, return_index=True)
    known = first[labels[first] >= 0]
    if not len(known):
        raise LabelError(
            f"`y` must hold a label that predictions can be compared with, got none for {len(graph)} targets. Pass the "
            "labels of some nodes in view."
        )
    return graph[known], labels[known]


def in_view(graph: TextGraph, nodes: NDArray[np.int64]) -> TextGraph:
    """Return the graph with these nodes in view, whichever are now."""
    return graph._with(targets=nodes)


def class_labels(clf: Any) -> list[str]:
    """Return what the classes are called: ``class_names``, else the labels."""
    names = check_class_names(clf.class_names, clf.classes_)
    called = {} if names is None else dict(zip(names.class_index.tolist(), names.names, strict=True))
    return [called.get(index, str(label)) for index, label in enumerate(clf.classes_.tolist())]


def first_choices(clf: Any) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return node, first choice and confidence of each answer that names a class.

    Returns
    -------
    nodes, choices : ndarray of int of shape (n_answers,)
        A choice is an index into ``classes_``, -1 for a name whose class the model does not know.
    confidence : ndarray of shape (n_answers,)
        NaN where the LLM did not say it.

    Raises
    ------
    InvalidParameterError
        If the model has no answers any more: it was loaded.
    """
    if not hasattr(clf, "answers_"):
        raise InvalidParameterError(
            "`clf` must have its `answers_`, got a model that was pickled or saved, which leaves them out. Use the one "
            "that was fitted, or fit again: its answers are in the store."
        )
    names = check_class_names(clf.class_names, clf.classes_)
    index_of = {} if names is None else dict(zip(names.names, names.class_index.tolist(), strict=True))
    naming = [answer for answer in clf.answers_ if answer.classes]
    nodes = np.array([answer.node for answer in naming], dtype=np.int64)
    choices = np.array([index_of.get(answer.classes[0], -1) for answer in naming], dtype=np.int64)
    confidence = np.array(
        [np.nan if answer.confidence is None else answer.confidence for answer in naming], dtype=float
    )
    return nodes, choices, confidence
