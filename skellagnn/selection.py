"""Active-node selection: which nodes the LLM sees.

A selection is a function ``(graph, features, rng) -> scores``; the nodes with the highest scores are asked first. It
looks at neither labels nor targets, so every fold of a cross-validation asks about the same nodes, and a larger
ratio pays only for the difference.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skellagnn.exceptions import InvalidParameterError
from skellagnn.graph import TextGraph
from skellagnn.resolve import resolve

__all__ = [
    "FEATURELESS_SELECTIONS",
    "SELECTIONS",
    "Selection",
    "clustering",
    "count_active_nodes",
    "degree",
    "low_degree",
    "pagerank",
    "random",
    "select_active_nodes",
    "short_text",
    "text_length",
]

Selection = Callable[[TextGraph, NDArray[np.float32], np.random.Generator], NDArray[Any]]


def pagerank(
    graph: TextGraph,
    features: NDArray[np.float32] | None = None,
    rng: np.random.Generator | None = None,
    *,
    damping: float = 0.85,
    tol: float = 1e-10,
    max_iter: int = 1000,
) -> NDArray[np.float64]:
    """Score nodes by PageRank: central nodes first, since their rows reach many others.

    Parameters
    ----------
    graph : TextGraph
        Rank flows along the edges, in the direction of the messages and in proportion to the weights.
    features, rng
        Not used; part of the contract.
    damping : float, default=0.85
        Probability to follow an edge instead of jumping to a random node.
    tol : float, default=1e-10
        Stop when the scores change by less, summed over all nodes.
    max_iter : int, default=1000

    Returns
    -------
    scores : ndarray of shape (n_nodes,)
        They sum to 1.

    Notes
    -----
    Power iteration, O(n_edges) a step. Nodes that nobody hears from spread their rank over all nodes.
    """
    adjacency = graph.adjacency.astype(np.float64)
    n_nodes = graph.n_nodes
    if n_nodes == 0:
        return np.zeros(0)
    out_weight = np.asarray(adjacency.sum(axis=0)).ravel()
    dangling = out_weight == 0
    transition = adjacency @ sparse.diags_array(1 / np.where(dangling, 1, out_weight))
    rank = np.full(n_nodes, 1 / n_nodes)
    for _ in range(max_iter):
        spread = damping * (transition @ rank + rank[dangling].sum() / n_nodes) + (1 - damping) / n_nodes
        change = np.abs(spread - rank).sum()
        rank = spread
        if change < tol:
            break
    return rank


def degree(
    graph: TextGraph, features: NDArray[np.float32] | None = None, rng: np.random.Generator | None = None
) -> NDArray[np.float64]:
    """Score nodes by the total weight of their edges, both directions of a directed graph counted."""
    # in float32 the order of the neighbors would decide between nodes of equal degree
    adjacency = graph.adjacency.astype(np.float64)
    total = np.asarray(adjacency.sum(axis=0), dtype=np.float64).ravel()
    if graph.is_directed:
        total += np.asarray(adjacency.sum(axis=1), dtype=np.float64).ravel()
    return total


def low_degree(
    graph: TextGraph, features: NDArray[np.float32] | None = None, rng: np.random.Generator | None = None
) -> NDArray[np.float64]:
    """Score nodes by how few edges they have: those that neighbors can tell least about come first."""
    return -degree(graph)


def clustering(
    graph: TextGraph,
    features: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    n_clusters: int | None = None,
) -> NDArray[np.float64]:
    """Score nodes by their rank within a cluster of similar rows: the most typical node of each cluster comes first.

    Parameters
    ----------
    graph : TextGraph
    features : ndarray of shape (n_nodes, n_features)
    rng : numpy.random.Generator
    n_clusters : int, default=None
        By default the square root of half the number of nodes.

    Returns
    -------
    scores : ndarray of shape (n_nodes,)
        Minus the rank by distance from the cluster's center, so that no cluster takes all; within one rank, nodes
        nearer to their center come first. Nodes without text are the last of their cluster.

    Notes
    -----
    Mini-batch k-means, O(n_nodes * n_clusters * n_features).
    """
    from sklearn.cluster import MiniBatchKMeans

    n_nodes = graph.n_nodes
    if n_clusters is None:
        n_clusters = max(1, round(np.sqrt(n_nodes / 2)))
    seed = int(rng.integers(2**31 - 1))
    n_distinct = len(np.unique(features, axis=0))
    model = MiniBatchKMeans(n_clusters=min(n_clusters, n_distinct), random_state=seed, n_init=3, batch_size=4096).fit(
        features
    )
    labels = model.labels_
    distances = np.linalg.norm(features - model.cluster_centers_[labels], axis=1)
    # nobody is asked about a node without text: it must not take its cluster's turn
    mute = np.zeros(n_nodes, dtype=bool) if graph.texts is None else graph.texts.n_bytes == 0
    order = np.lexsort((distances, mute, labels))
    starts = np.concatenate([[0], np.cumsum(np.bincount(labels, minlength=model.n_clusters))])
    rank = np.empty(n_nodes)
    rank[order] = np.arange(n_nodes) - starts[labels[order]]
    return np.asarray(-(rank + distances / (1 + distances.max())), dtype=np.float64)


def text_length(
    graph: TextGraph, features: NDArray[np.float32] | None = None, rng: np.random.Generator | None = None
) -> NDArray[np.int64]:
    """Score nodes by the length of their text in characters, longest first: the LLM condenses."""
    if graph.texts is None:
        raise InvalidParameterError(
            "`selection` by text length needs a graph with texts, got one without. Use another selection."
        )
    return graph.texts.n_chars


def short_text(
    graph: TextGraph, features: NDArray[np.float32] | None = None, rng: np.random.Generator | None = None
) -> NDArray[np.int64]:
    """Score nodes by how short their text is: the LLM fills in."""
    return -text_length(graph)


def random(graph: TextGraph, features: NDArray[np.float32] | None, rng: np.random.Generator) -> NDArray[np.float64]:
    """Score nodes at random: the arm that every other selection has to beat."""
    return rng.random(graph.n_nodes)


SELECTIONS: dict[str, Selection] = {
    "pagerank": pagerank,
    "degree": degree,
    "low_degree": low_degree,
    "clustering": clustering,
    "text_length": text_length,
    "short_text": short_text,
    "random": random,
}

# These never look at the features: a plan can be made before anything is encoded.
FEATURELESS_SELECTIONS = frozenset(SELECTIONS) - {"clustering"}


def count_active_nodes(augmentation_ratio: Any, n_nodes: int) -> int:
    """Turn a share of all nodes (float) or a number of nodes (int) into a number of nodes.

    Raises
    ------
    InvalidParameterError
        If it is no share in [0, 1] and no count up to ``n_nodes``, or a share above 0 that rounds to no node.
    """
    wrong_kind = isinstance(augmentation_ratio, (bool, np.bool_)) or not isinstance(augmentation_ratio, numbers.Real)
    if wrong_kind or not (isinstance(augmentation_ratio, numbers.Integral) or math.isfinite(augmentation_ratio)):
        raise InvalidParameterError(
            "`augmentation_ratio` must be a float in [0, 1] (share of all nodes) or an int (number of nodes), got "
            f"{augmentation_ratio!r}."
        )
    if isinstance(augmentation_ratio, numbers.Integral):
        count = int(augmentation_ratio)
        if not 0 <= count <= n_nodes:
            raise InvalidParameterError(
                f"`augmentation_ratio` as an int must be a number of nodes from 0 to {n_nodes}, got {count}. "
                "Write 1.0 for all nodes."
            )
        return count
    if not 0 <= augmentation_ratio <= 1:
        raise InvalidParameterError(
            f"`augmentation_ratio` as a float must be in [0, 1], a share of all nodes, got {augmentation_ratio!r}. "
            "Write 0.1 for 10 %, or an int for a number of nodes."
        )
    count = round(float(augmentation_ratio) * n_nodes)
    if count == 0 and augmentation_ratio > 0:
        raise InvalidParameterError(
            f"`augmentation_ratio`={augmentation_ratio!r} of {n_nodes} nodes must be at least one node, got none. "
            f"Use at least {1 / max(n_nodes, 1):.3g}, an int, or 0 for no augmentation."
        )
    return count


def select_active_nodes(
    graph: TextGraph,
    features: NDArray[np.float32],
    selection: str | Selection,
    augmentation_ratio: float | int,
    *,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Choose the nodes that the LLM sees (step 2 of the paper).

    Parameters
    ----------
    graph : TextGraph
        Nodes with an empty or blank text are never chosen, so there may be fewer than asked for.
    features : ndarray of shape (n_nodes, n_features)
        Raw rows.
    selection : str or callable
        A key of ``SELECTIONS``, or ``(graph, features, rng) -> scores`` of shape (n_nodes,).
    augmentation_ratio : float or int
        Share of all nodes, or number of nodes.
    seed : int, default=0
        For selections that draw.

    Returns
    -------
    active : ndarray of int64 of shape (n_active,)
        Node ids, best first; equal scores in the order of the nodes. The choice for a smaller ratio is a prefix of
        the choice for a larger one.

    Raises
    ------
    InvalidParameterError
        If the selection is unknown or returns something else than one score per node, none of them NaN.
    """
    if isinstance(selection, str):
        function = resolve(selection, SELECTIONS, parameter="selection", or_else="or a callable")
    elif callable(selection):
        function = selection
    else:
        raise InvalidParameterError(
            f"`selection` must be one of {', '.join(map(repr, SELECTIONS))} or a callable, got {selection!r}."
        )
    count = count_active_nodes(augmentation_ratio, graph.n_nodes)
    if count == 0:
        return np.empty(0, dtype=np.int64)
    scores = np.asarray(function(graph, features, np.random.default_rng(seed)))
    if scores.shape != (graph.n_nodes,) or scores.dtype.kind not in "fiub" or np.isnan(scores).any():
        raise InvalidParameterError(
            f"`selection` must return one score per node, shape ({graph.n_nodes},) and no NaN, got dtype "
            f"{scores.dtype} and shape {scores.shape}."
        )
    order = np.argsort(-scores.astype(np.float64), kind="stable")
    if graph.texts is not None:
        texts = graph.texts
        askable = (node for node in order[texts.n_bytes[order] > 0].tolist() if texts[node].strip())
        return np.fromiter(islice(askable, count), dtype=np.int64)
    return np.asarray(order[:count], dtype=np.int64)
