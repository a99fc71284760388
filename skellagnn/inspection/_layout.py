"""Where the nodes of a picture stand: the same every time."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from skellagnn.graph import TextGraph

# Room around a component, in units of the distance that a node has from the next.
_GAP = 1.0


def layout_edges(adjacency: sparse.csr_array, seed: int) -> NDArray[np.float64]:
    """Place linked nodes near each other: each component by springs, side by side, the single nodes in a block.

    Parameters
    ----------
    adjacency : csr_array of shape (n_nodes, n_nodes)
    seed : int

    Returns
    -------
    positions : ndarray of shape (n_nodes, 2)
    """
    import networkx

    n_components, component = connected_components(adjacency, directed=False)
    sizes = np.bincount(component, minlength=n_components)
    boxes: list[tuple[NDArray[Any], NDArray[Any]]] = []
    for number in np.argsort(-sizes, kind="stable"):
        if sizes[number] == 1:
            break
        nodes = np.flatnonzero(component == number)
        drawn = networkx.from_scipy_sparse_array(adjacency[nodes][:, nodes])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what networkx's own numpy code warns of differs between versions
            places = networkx.spring_layout(drawn, seed=seed, weight=None, iterations=60)
        points = np.array([places[node] for node in range(len(nodes))])
        spread = np.ptp(points, axis=0).max()
        boxes.append((nodes, (points - points.min(axis=0)) / max(spread, 1e-9) * np.sqrt(len(nodes))))
    alone = np.flatnonzero(sizes[component] == 1)
    if len(alone):
        columns = int(np.ceil(np.sqrt(3 * len(alone))))  # three times as wide as high
        boxes.append(
            (alone, np.stack([np.arange(len(alone)) % columns, np.arange(len(alone)) // columns], axis=1) * 0.6)
        )
    return _pack(boxes, adjacency.shape[0])


def _pack(boxes: list[tuple[NDArray[Any], NDArray[Any]]], n_nodes: int) -> NDArray[np.float64]:
    """Put boxes into rows, left to right, from the top down."""
    extents = [np.ptp(points, axis=0) + _GAP for _, points in boxes]
    width = max([np.sqrt(1.2 * sum(x * y for x, y in extents)), *(x for x, _ in extents)], default=1.0)
    positions = np.zeros((n_nodes, 2))
    left = top = row_height = 0.0
    for (nodes, points), (x, y) in zip(boxes, extents, strict=True):
        if left and left + x > width * 1.01:
            left, top, row_height = 0.0, top - row_height, 0.0
        corner = np.array([left, top - y])
        positions[nodes] = points - points.min(axis=0) + corner
        left, row_height = left + x, max(row_height, y)
    return positions


def layout_vectors(vectors: NDArray[np.floating], method: str, seed: int) -> NDArray[np.float64]:
    """Place nodes with similar vectors near each other, by ``"pca"`` or ``"tsne"``."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if method == "pca" or len(vectors) < 5:
        n_components = min(2, *vectors.shape)
        places = PCA(n_components, random_state=seed).fit_transform(vectors)
        return np.pad(np.asarray(places, dtype=np.float64), ((0, 0), (0, 2 - n_components)))
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    return np.asarray(
        TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(vectors), dtype=np.float64
    )


def nodes_around(graph: TextGraph, centers: NDArray[np.int64], n_nodes: int, seed: int) -> NDArray[np.int64]:
    """Return some nodes around others: all of the first hops that fit, and a sample of the next one.

    Parameters
    ----------
    graph : TextGraph
    centers : ndarray of int of shape (n_centers,)
        All kept, up to ``n_nodes``.
    n_nodes : int
    seed : int

    Returns
    -------
    nodes : ndarray of int of shape (at most n_nodes,)
        Sorted.
    """
    rng = np.random.default_rng(seed)
    links = graph.adjacency
    backwards = links.T.tocsr() if graph.is_directed else links
    kept = np.zeros(graph.n_nodes, dtype=bool)
    reached = centers[:n_nodes]
    while len(reached):
        kept[reached] = True
        near = np.unique(np.concatenate([links[reached].indices, backwards[reached].indices]))
        reached = near[~kept[near]]
        room = n_nodes - int(kept.sum())
        if len(reached) > room:
            reached = rng.choice(reached, room, replace=False)
    return np.flatnonzero(kept)
