"""How often linked nodes share a class."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from skellagnn.exceptions import LabelError
from skellagnn.graph import TextGraph

# How None and the missing values of numpy and pandas are written; a class may be called "nan".
_UNLABELLED = frozenset({"", "-1", "None"})
_MISSING = frozenset({"nan", "<NA>", "NaT"})


def edge_homophily(graph: TextGraph, target: ArrayLike) -> float:
    """Return the share of edges whose two ends have the same label.

    Parameters
    ----------
    graph : TextGraph
        All of its edges count, in view or not; weights do not.
    target : array-like of shape (n_nodes,)
        One label per node of the whole graph. Edges at an unlabelled node (-1, "", None or
        another missing value) do not count.

    Returns
    -------
    homophily : float
        In [0, 1]; nan if no edge joins two labelled nodes.

    Raises
    ------
    LabelError
        If ``target`` has another length.

    Examples
    --------
    >>> from skellagnn import TextGraph
    >>> from skellagnn.datasets import edge_homophily
    >>> graph = TextGraph.from_edges([(0, 1), (1, 2), (2, 3)], n_nodes=4)
    >>> edge_homophily(graph, ["cat", "cat", "dog", ""])
    0.5
    """
    # numpy would make one kind of a list of several, and names of its missing values
    labels = np.asarray(target, dtype=None if hasattr(target, "dtype") else object)
    if labels.shape != (graph.n_nodes,):
        raise LabelError(
            f"`target` must have one label per node ({graph.n_nodes}), got shape {labels.shape}. Labels of a view "
            "alone are not enough: pass those of all nodes."
        )
    if labels.dtype.kind == "O" and all(isinstance(label, Real) for label in labels):
        labels = np.array(labels.tolist())
    if labels.dtype.kind in "if":
        unlabelled = ~(labels >= 0)  # true for NaN
    else:
        unlabelled = np.array([_is_unlabelled(label) for label in labels.tolist()], dtype=bool)
    receivers = np.repeat(np.arange(graph.n_nodes), np.diff(graph.adjacency.indptr))
    senders = graph.adjacency.indices
    known = ~unlabelled[receivers] & ~unlabelled[senders]
    if not known.any():
        return float("nan")
    return float((labels[receivers[known]] == labels[senders[known]]).mean())


def _is_unlabelled(label: object) -> bool:
    written = str(label)
    return written in _UNLABELLED or (written in _MISSING and not isinstance(label, str))
