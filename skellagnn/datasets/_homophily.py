"""How often linked nodes share a class."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from skellagnn.base.arrays import as_array
from skellagnn.exceptions import GraphError, LabelError
from skellagnn.graph import TextGraph
from skellagnn.graph._names import check_order

# How None and the missing values of numpy and pandas are written; a class may be called "nan".
_UNLABELED = frozenset({"", "-1", "None"})
_MISSING = frozenset({"nan", "<NA>", "NaT"})


def edge_homophily(graph: TextGraph, target: ArrayLike) -> float:
    """Return the fraction of edges whose two ends have the same label.

    Parameters
    ----------
    graph : TextGraph
        All of its edges count, in view or not; weights do not.
    target : array-like of shape (n_nodes,)
        One label per node of the whole graph. Edges at an unlabeled node (-1, "", None or
        another missing value) do not count.

    Returns
    -------
    homophily : float
        In [0, 1]; nan if no edge joins two labeled nodes.

    Raises
    ------
    LabelError
        If ``target`` has another length, or is a pandas object that names the nodes in another order.

    Examples
    --------
    >>> from skellagnn import TextGraph
    >>> from skellagnn.datasets import edge_homophily
    >>> graph = TextGraph.from_edges([(0, 1), (1, 2), (2, 3)], n_nodes=4)
    >>> edge_homophily(graph, ["cat", "cat", "dog", ""])
    0.5
    """
    if not isinstance(graph, TextGraph):
        raise GraphError(
            f"`graph` must be a TextGraph, got {type(graph).__name__}. Build one: TextGraph.from_edges(...)."
        )
    # numpy would make one kind of a list of several, and names of its missing values
    check_order("target", target, np.arange(graph.n_nodes), graph.node_names, error=LabelError)
    if isinstance(target, (list, tuple)):
        labels = np.empty(len(target), dtype=object)
        labels[:] = target
        if any(isinstance(label, (list, tuple, set, dict, np.ndarray)) for label in target):
            raise LabelError("`target` must have one label per node, got several for a node. Pass a flat list.")
    else:
        labels = as_array("target", target, error=LabelError)
    if labels.shape != (graph.n_nodes,):
        raise LabelError(
            f"`target` must have one label per node ({graph.n_nodes}), got shape {labels.shape}. Labels of a view "
            "alone are not enough: pass those of all nodes."
        )
    if labels.dtype.kind == "O" and all(isinstance(label, Real) for label in labels):
        labels = np.array(labels.tolist())
    if labels.dtype.kind in "if":
        unlabeled = ~(labels >= 0)  # true for NaN
    else:
        unlabeled = np.array([_is_unlabeled(label) for label in labels.tolist()], dtype=bool)
    targets = np.repeat(np.arange(graph.n_nodes), np.diff(graph.adjacency.indptr))
    sources = graph.adjacency.indices
    known = ~unlabeled[targets] & ~unlabeled[sources]
    if not known.any():
        return float("nan")
    return float((labels[targets[known]] == labels[sources[known]]).mean())


def _is_unlabeled(label: object) -> bool:
    written = str(label)
    return written in _UNLABELED or (written in _MISSING and not isinstance(label, str))
