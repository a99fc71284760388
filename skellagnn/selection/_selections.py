"""The selections, each a function, and their table; a new one is a function here and a row of ``_TABLE``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skellagnn.base.resources import count_threads
from skellagnn.exceptions import InvalidParameterError
from skellagnn.graph import TextGraph
from skellagnn.selection._outward import BLOCK, centers, neighbors

# Feature vectors per cluster that the centers are fitted to; more move them little.
_NODES_PER_CLUSTER = 64
# Principal components that are clustered.
_N_COMPONENTS = 64

Selection = Callable[..., NDArray[Any]]


def pagerank(
    graph: TextGraph,
    features: NDArray[np.float32] | None = None,
    rng: np.random.Generator | None = None,
    *,
    damping: float = 0.85,
    tol: float = 1e-10,
    max_iter: int = 1000,
) -> NDArray[np.float64]:
    """Score nodes by PageRank: central nodes first, since their feature vectors reach many others.

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
    Power iteration, O(n_edges) a step. Nodes that are no other node's source spread their rank over all nodes. A step
    leaves at most ``damping`` of the error, so with 0.85 some 150 steps are enough for any graph, and the scores are
    then within 6 times ``tol`` of the true ones, summed over all nodes. Beyond the graph it takes some ten numbers per
    node, and a block of edges in float64 for each thread. The number of threads does not change the scores.
    """
    adjacency = graph.adjacency
    n_nodes = graph.n_nodes
    if n_nodes == 0:
        return np.zeros(0)
    out_weight = _column_sums(adjacency)
    dangling = out_weight == 0
    per_weight = 1 / np.where(dangling, 1, out_weight)
    blocks = _row_blocks(adjacency)
    rank = np.full(n_nodes, 1 / n_nodes)
    # scipy's product lets other threads run meanwhile; a graph of one block starts none
    with ThreadPoolExecutor(min(count_threads(), len(blocks))) as pool:
        each = pool.map if len(blocks) > 1 else map
        for _ in range(max_iter):
            spread = damping * (_times(blocks, per_weight * rank, each) + rank[dangling].sum() / n_nodes)
            spread += (1 - damping) / n_nodes
            change = np.abs(spread - rank).sum()
            rank = spread
            if change < tol:
                break
    return rank


def _row_blocks(adjacency: sparse.csr_array) -> list[sparse.csr_array]:
    """Cut a matrix into views of rows with some ``BLOCK`` entries, one row with more of them at the least."""
    indptr, n_nodes = adjacency.indptr, adjacency.shape[0]
    starts = np.searchsorted(indptr, np.arange(0, max(adjacency.nnz, 1), BLOCK), side="right") - 1
    edges = [*np.unique(starts).tolist(), n_nodes]
    edges[0] = 0
    return [
        sparse.csr_array(
            (
                adjacency.data[indptr[first] : indptr[last]],
                adjacency.indices[indptr[first] : indptr[last]],
                indptr[first : last + 1] - indptr[first],
            ),
            shape=(last - first, n_nodes),
        )
        for first, last in pairwise(edges)
    ]


def _times(
    blocks: list[sparse.csr_array], vector: NDArray[np.float64], each: Callable[..., Iterable[Any]] = map
) -> NDArray[np.float64]:
    """Multiply a float32 matrix with a float64 vector. scipy turns what it multiplies into float64: here, a block."""
    return np.concatenate(list(each(lambda block: block @ vector, blocks)))


def _column_sums(adjacency: sparse.csr_array) -> NDArray[np.float64]:
    """Return the weight of what each node sends."""
    n_nodes = adjacency.shape[0]
    total = np.zeros(n_nodes)
    step = max(BLOCK, n_nodes)  # each block adds a number to every node: no more blocks than edges per node
    for start in range(0, adjacency.nnz, step):
        block = slice(start, start + step)
        total += np.bincount(adjacency.indices[block], weights=adjacency.data[block], minlength=n_nodes)
    return total


def degree(
    graph: TextGraph, features: NDArray[np.float32] | None = None, rng: np.random.Generator | None = None
) -> NDArray[np.float64]:
    """Score nodes by the total weight of their edges, both directions of a directed graph counted."""
    # added up in float64: in float32 the order of the neighbors would decide between nodes of equal degree
    total = _column_sums(graph.adjacency)
    if graph.is_directed:
        total += _times(_row_blocks(graph.adjacency), np.ones(graph.n_nodes))
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
    weight: NDArray[np.floating[Any]] | None = None,
) -> NDArray[np.float64]:
    """Score nodes by their rank within a cluster of similar embeddings: the most typical node of each comes first.

    Parameters
    ----------
    graph : TextGraph
    features : ndarray of shape (n_nodes, n_features)
    rng : numpy.random.Generator
    n_clusters : int, default=None
        By default a tenth of the nodes, but at most 500 or the square root of half the nodes, if that is more.
    weight : ndarray of shape (n_nodes,), default=None
        Weight of each node in the clustering: where it is large, clusters are small and many. None: 1.

    Returns
    -------
    scores : ndarray of shape (n_nodes,)
        Minus the rank by distance from the cluster's center, so that no cluster takes all; within one rank, clusters
        follow each other at random. Nodes without text are the last of their cluster.

    Notes
    -----
    k-means on the first 64 principal components, O(n_nodes * (n_clusters + n_features)). Components and centers are
    fitted to a random sample of 64 nodes per cluster where there are more; then each node is given to its nearest
    center. Feature vectors are read, and turned into float32, by the block.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    n_nodes = graph.n_nodes
    if n_clusters is None:
        n_clusters = max(1, min(round(n_nodes / 10), max(500, round(np.sqrt(n_nodes / 2)))))
    seed = int(rng.integers(2**31 - 1))
    drawn = np.arange(n_nodes)
    if n_nodes > n_clusters * _NODES_PER_CLUSTER:
        drawn = np.sort(np.random.default_rng(seed).choice(n_nodes, n_clusters * _NODES_PER_CLUSTER, replace=False))
    sample = np.asarray(features[drawn], dtype=np.float32)
    reduce = _principal_components(sample, seed)
    sample = reduce(sample)
    model = KMeans(_count_distinct(sample, n_clusters), n_init=1, max_iter=50, random_state=seed)
    with threadpool_limits(1, user_api="blas"):  # thousands of small products, over which threads wait for each other
        model.fit(sample, sample_weight=None if weight is None else weight[drawn])
    labels = np.empty(n_nodes, dtype=np.int32)
    distances = np.empty(n_nodes, dtype=np.float32)
    step = max(1, BLOCK // max(1, features.shape[1]))
    for start in range(0, n_nodes, step):
        block = slice(start, start + step)
        vectors = reduce(np.asarray(features[block], dtype=np.float32))
        labels[block] = model.predict(vectors)
        distances[block] = np.linalg.norm(vectors - model.cluster_centers_[labels[block]], axis=1)
    # nobody is asked about a node without text: it must not take its cluster's turn
    mute = np.zeros(n_nodes, dtype=bool) if graph.texts is None else graph.texts.n_bytes == 0
    order = np.lexsort((distances, mute, labels))
    starts = np.concatenate([[0], np.cumsum(np.bincount(labels, minlength=model.n_clusters))])
    rank = np.empty(n_nodes)
    rank[order] = np.arange(n_nodes) - starts[labels[order]]
    turn = rng.permutation(len(starts))[labels] / len(starts)
    return np.asarray(-(rank + turn), dtype=np.float64)


def _principal_components(sample: NDArray[np.float32], seed: int) -> Callable[[NDArray[np.float32]], Any]:
    """Return what turns wide feature vectors into their first principal components.

    On Cora, 64 of 1,280 columns choose nodes that are as good, in a hundredth of the time.
    """
    from sklearn.decomposition import PCA

    if min(sample.shape) <= _N_COMPONENTS:
        return lambda vectors: vectors
    return PCA(_N_COMPONENTS, svd_solver="randomized", random_state=seed).fit(sample).transform  # type: ignore[no-any-return]


def clue(
    graph: TextGraph,
    features: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    probabilities: NDArray[np.floating[Any]] | None = None,
) -> NDArray[np.float64]:
    """Score nodes by clusters that are dense where labels leave the classes open.

    :func:`clustering`, each node weighted with the square of one minus its margin: uncertain and typical, and spread
    over the graph. Without labels it is the clustering alone. In each fold of a search it asks about other nodes.

    Parameters
    ----------
    graph : TextGraph
    features : ndarray of shape (n_nodes, n_features)
    rng : numpy.random.Generator
    probabilities : ndarray of shape (n_nodes, n_classes), default=None
        What the labels say of each node (:func:`skellagnn.supervision.estimate_from_labels`); None: nothing.

    Notes
    -----
    After CLUE, clustering uncertainty-weighted embeddings (Prabhu et al., 2021, arXiv 2010.08666), which weighs with
    the entropy.
    """
    # a little more than 0: k-means needs as many nodes of some weight as clusters
    unsure = (1 + margin(graph, features, rng, probabilities=probabilities)) ** 2 + 1e-6
    return clustering(graph, features, rng, weight=unsure)


def _count_distinct(vectors: NDArray[np.float32], enough: int) -> int:
    """Count different feature vectors, up to ``enough``: mostly the first few tell."""
    n_seen = 2 * enough
    while True:
        found = len(np.unique(vectors[:n_seen], axis=0))
        if found >= enough or n_seen >= len(vectors):
            return min(found, enough)
        n_seen *= 4


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


def margin(
    graph: TextGraph,
    features: NDArray[np.float32] | None,
    rng: np.random.Generator,
    *,
    probabilities: NDArray[np.floating[Any]] | None = None,
) -> NDArray[np.floating[Any]]:
    """Score nodes by how close their two most probable classes are, given the labels; without labels all are equal."""
    if probabilities is None:
        return np.zeros(graph.n_nodes)
    two = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.asarray(two[:, 0] - two[:, 1])


def margin_random(
    graph: TextGraph,
    features: NDArray[np.float32] | None,
    rng: np.random.Generator,
    *,
    probabilities: NDArray[np.floating[Any]] | None = None,
) -> NDArray[np.int64]:
    """Take the next smallest margin and the next node at random in turn: the random half measures the LLM fairly."""
    return _in_turn(margin(graph, features, rng, probabilities=probabilities), rng.random(graph.n_nodes))


def _in_turn(*scores: NDArray[Any]) -> NDArray[np.int64]:
    """Return scores that put the best node of each in turn first."""
    place = np.empty((len(scores), len(scores[0])), dtype=np.int64)
    for number, own in enumerate(scores):
        order = np.argsort(-own, kind="stable")
        place[number, order] = len(scores) * np.arange(len(order)) + number
    return np.asarray(-place.min(axis=0))


# A row for each selection: the function, and what it reads.
_TABLE: tuple[tuple[Selection, str], ...] = (
    (clue, "propagated+labels"),
    (clustering, "propagated"),
    (margin, "propagated+labels"),
    (margin_random, "propagated+labels"),
    (neighbors, "features+labeled"),
    (centers, "features+labeled"),
    (pagerank, "graph"),
    (degree, "graph"),
    (low_degree, "graph"),
    (text_length, "graph"),
    (short_text, "graph"),
    (random, "graph"),
)
SELECTIONS: dict[str, Selection] = {function.__name__: function for function, _ in _TABLE}
# By name: "graph" alone, so that a plan encodes nothing; "features" as they are, or "propagated", own and of neighbors;
# with "labels", also the class probabilities that labels and answers suggest; with "labeled", which nodes have a label.
# With either each fold of a search pays for nodes of its own.
READS: dict[str, str] = {function.__name__: reads for function, reads in _TABLE}


def built_in_name(selection: Any) -> Any:
    """Return the name of a built-in selection that is given as a function, and anything else as it is."""
    return next((name for name, function in SELECTIONS.items() if selection is function), selection)
