"""Selections that go outward from the labeled nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skellagnn.base.vectors import vector_norms
from skellagnn.graph import TextGraph

# Edges, or numbers in feature vectors, that are turned into another type at a time.
BLOCK = 1 << 20


def neighbors(
    graph: TextGraph,
    features: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    labeled: ArrayLike = (),
    n_neighbors: int = 10,
) -> NDArray[np.int64]:
    """Score nodes by how soon training sees them beside a labeled node: the most similar neighbors of each come first.

    First the most similar neighbor of each labeled node, then the second of each, and so on; labeled nodes take turns
    in random order. Then the neighbors of these neighbors in the same way, and so outward; last, in random order, nodes
    that no path leads to. Without labels that is all of them. In each fold of a search it asks about other nodes.

    Parameters
    ----------
    graph : TextGraph
        Neighbors of a node are those that it gets messages from.
    features : ndarray of shape (n_nodes, n_features)
        Raw feature vectors, compared by their cosine.
    rng : numpy.random.Generator
    labeled : array-like of int, default=()
        Training nodes: the centers of the mini-batches.
    n_neighbors : int, default=10
        Of each node at most, as many as the estimator keeps by default.

    Returns
    -------
    scores : ndarray of int64 of shape (n_nodes,)
        Minus the place of each node. Neighbors without text are the last of their node.

    Notes
    -----
    After the enhancement "on demand" of E-LLaGNN (Jaiswal et al., 2024, arXiv 2407.14996): of neighbors that are
    sampled for the nodes of a batch. O(n_features) per edge of the nodes that are reached; feature vectors are read by
    the block.
    """
    return _outward(graph, features, rng, labeled, n_neighbors, with_centers=False)


def centers(
    graph: TextGraph,
    features: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    labeled: ArrayLike = (),
    n_neighbors: int = 10,
) -> NDArray[np.int64]:
    """Score every labeled node first, in random order, and then as :func:`neighbors` does."""
    return _outward(graph, features, rng, labeled, n_neighbors, with_centers=True)


def _outward(
    graph: TextGraph,
    features: NDArray[Any],
    rng: np.random.Generator,
    labeled: ArrayLike,
    n_neighbors: int,
    *,
    with_centers: bool,
) -> NDArray[np.int64]:
    """Number nodes from the labeled ones outward, and return minus these numbers."""
    chance = rng.permutation(graph.n_nodes)
    frontier = np.unique(np.asarray(labeled, dtype=np.int64))
    frontier = frontier[np.argsort(chance[frontier])]
    found, looked_from = np.zeros((2, graph.n_nodes), dtype=bool)
    order = [frontier] if with_centers else []
    found[frontier] = with_centers
    norms = vector_norms(features)
    # nobody is asked about a node without text: it must not take its center's turn
    mute = np.zeros(graph.n_nodes, dtype=bool) if graph.texts is None else graph.texts.n_bytes == 0
    while len(frontier):
        looked_from[frontier] = True
        rows = graph.adjacency[frontier]
        counts = np.diff(rows.indptr)
        turn = np.repeat(np.arange(len(frontier)), counts)
        similarity = _similarity(features, norms, frontier[turn], rows.indices)
        nearest = np.lexsort((-similarity, mute[rows.indices], turn))
        rank = np.arange(len(turn)) - np.repeat(rows.indptr[:-1], counts)
        in_turn = np.argsort(rank, kind="stable")
        beside = rows.indices[nearest[in_turn[: np.count_nonzero(rank < n_neighbors)]]]
        beside = beside[~found[beside]]
        new = beside[np.sort(np.unique(beside, return_index=True)[1])]
        found[new] = True
        order.append(new)
        frontier = new[~looked_from[new]]
    rest = np.flatnonzero(~found)
    order.append(rest[np.argsort(chance[rest])])
    scores = np.empty(graph.n_nodes, dtype=np.int64)
    scores[np.concatenate(order)] = -np.arange(graph.n_nodes)
    return scores


def _similarity(
    features: NDArray[Any], norms: NDArray[np.float32], targets: NDArray[Any], sources: NDArray[Any]
) -> NDArray[np.float32]:
    """Return the cosine of each pair, times the length of the target's vector: sources of one target are compared."""
    similarity = np.empty(len(targets), dtype=np.float32)
    step = max(1, BLOCK // max(1, features.shape[1]))
    for start in range(0, len(targets), step):
        piece = slice(start, start + step)
        unit = np.asarray(features[sources[piece]], dtype=np.float32) / norms[sources[piece], None]
        np.einsum("ij,ij->i", np.asarray(features[targets[piece]], dtype=np.float32), unit, out=similarity[piece])
    return similarity
