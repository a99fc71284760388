"""Active-node selection: which nodes the LLM sees.

A selection is a function ``(graph, features, rng) -> scores``; the nodes with the highest scores are asked first, so
that a larger ratio pays only for the difference. Those that read labels get class ``probabilities``, or the ``labeled``
nodes, too; the others look at neither labels nor targets, so that every fold of a cross-validation asks about the same
nodes. A new one is a function here and a row of ``_TABLE``.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from skellagnn.base.arrays import as_array
from skellagnn.base.numbers import check_int
from skellagnn.base.resolve import resolve
from skellagnn.base.resources import count_threads
from skellagnn.base.vectors import vector_norms
from skellagnn.base.warning import warn_caller
from skellagnn.exceptions import AnswerWarning, InvalidParameterError
from skellagnn.graph import TextColumn, TextGraph
from skellagnn.graph._names import check_nodes

__all__ = [
    "READS",
    "SELECTIONS",
    "named",
    "Selection",
    "centers",
    "clue",
    "clustering",
    "count_active_nodes",
    "degree",
    "low_degree",
    "margin",
    "margin_random",
    "neighbors",
    "pagerank",
    "random",
    "select_active_nodes",
    "short_text",
    "text_length",
]

# Edges, or numbers in feature vectors, that are turned into another type at a time.
_BLOCK = 1 << 20
# Feature vectors per cluster that the centers are fitted to; more move them little.
_NODES_PER_CLUSTER = 256
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
    """Cut a matrix into views of rows with some ``_BLOCK`` entries, one row with more of them at the least."""
    indptr, n_nodes = adjacency.indptr, adjacency.shape[0]
    starts = np.searchsorted(indptr, np.arange(0, max(adjacency.nnz, 1), _BLOCK), side="right") - 1
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
    step = max(_BLOCK, n_nodes)  # each block adds a number to every node: no more blocks than edges per node
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
    fitted to a random sample of 256 nodes per cluster where there are more; then each node is given to its nearest
    center. Feature vectors are read, and turned into float32, by the block.
    """
    from sklearn.cluster import KMeans

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
    model.fit(sample, sample_weight=None if weight is None else weight[drawn])
    labels = np.empty(n_nodes, dtype=np.int32)
    distances = np.empty(n_nodes, dtype=np.float32)
    step = max(1, _BLOCK // max(1, features.shape[1]))
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
    step = max(1, _BLOCK // max(1, features.shape[1]))
    for start in range(0, len(targets), step):
        piece = slice(start, start + step)
        unit = np.asarray(features[sources[piece]], dtype=np.float32) / norms[sources[piece], None]
        np.einsum("ij,ij->i", np.asarray(features[targets[piece]], dtype=np.float32), unit, out=similarity[piece])
    return similarity


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


def named(selection: Any) -> Any:
    """Return the name of a built-in selection that is given as a function, and anything else as it is."""
    return next((name for name, function in SELECTIONS.items() if selection is function), selection)


def count_active_nodes(augmentation_ratio: Any, n_nodes: int) -> int:
    """Turn a fraction of all nodes (float) or a number of nodes (int) into a number of nodes.

    Raises
    ------
    InvalidParameterError
        If it is no fraction in [0, 1] and no count up to ``n_nodes``, or a fraction above 0 that rounds to no node.
    """
    wrong_kind = isinstance(augmentation_ratio, (bool, np.bool_)) or not isinstance(augmentation_ratio, numbers.Real)
    if wrong_kind or not (isinstance(augmentation_ratio, numbers.Integral) or math.isfinite(augmentation_ratio)):
        raise InvalidParameterError(
            "`augmentation_ratio` must be a float in [0, 1] (fraction of all nodes) or an int (number of nodes), "
            f"got {augmentation_ratio!r:.80}. Write 0.1 for 10 %."
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
            f"`augmentation_ratio` as a float must be in [0, 1], a fraction of all nodes, got {augmentation_ratio!r}. "
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
    candidates: ArrayLike | None = None,
    seed: int = 0,
    probabilities: Callable[[], NDArray[np.floating[Any]]] | None = None,
    labeled: ArrayLike = (),
    asked: ArrayLike = (),
) -> NDArray[np.int64]:
    """Choose the nodes that the LLM sees (step 2 of the paper).

    Parameters
    ----------
    graph : TextGraph
        Nodes with an empty or blank text are never chosen, so there may be fewer than asked for.
    features : ndarray of shape (n_nodes, n_features)
        Raw feature vectors.
    selection : str or callable
        A key of ``SELECTIONS``, or ``(graph, features, rng) -> scores`` of shape (n_nodes,).
    augmentation_ratio : float or int
        Fraction of all nodes, or number of nodes, whatever ``candidates`` leaves of them.
    candidates : array-like of int, or mask of shape (n_nodes,), default=None
        Whom to ask at most: node numbers, in any order, or a boolean mask. By default every node. All nodes are scored:
        a selection sees the whole graph.
    seed : int, default=0
        For selections that draw.
    probabilities : callable() -> ndarray of shape (n_nodes, n_classes), default=None
        Says what labels suggest; called by the name of a selection that reads labels.
    labeled : array-like of int, or mask of shape (n_nodes,), default=()
        Nodes with a label, for selections that start there.
    asked : array-like of int, default=()
        Nodes of earlier rounds, which are left out.

    Returns
    -------
    active : ndarray of int64 of shape (n_active,)
        Node ids, best first; equal scores in the order of the nodes. The choice for a smaller ratio is a prefix of
        the choice for a larger one.

    Raises
    ------
    InvalidParameterError
        If the selection is unknown or returns something else than one score per node, none of them NaN and not all
        infinite, or ``candidates`` or ``labeled`` are no nodes of the graph, or there is no candidate.

    Warns
    -----
    AnswerWarning
        If fewer candidates than asked for have a text; all of them are chosen.
    """
    selection = named(selection)
    starts = check_nodes("labeled", labeled, graph.n_nodes, graph.node_names, error=InvalidParameterError)
    if isinstance(selection, str):
        function = resolve(selection, SELECTIONS, parameter="selection", or_else="or a callable")
        if probabilities is not None and "labels" in READS[function.__name__]:
            function = partial(function, probabilities=probabilities())
        elif "labeled" in READS[function.__name__]:
            function = partial(function, labeled=starts)
    elif callable(selection):
        function = selection
    else:
        raise InvalidParameterError(
            f"`selection` must be one of {', '.join(map(repr, SELECTIONS))} or a callable, got {selection!r:.80}. Pass "
            "one of the names."
        )
    check_int("seed", seed, at_least=0)
    count = count_active_nodes(augmentation_ratio, graph.n_nodes)
    allowed = None if candidates is None else _check_candidates(candidates, graph)
    if count == 0:
        return np.empty(0, dtype=np.int64)
    order = _best_first(function(graph, features, np.random.default_rng(seed)), graph.n_nodes)
    if allowed is not None:
        order = order[allowed[order]]
    order = order[~np.isin(order, asked)]
    active = order[:count] if graph.texts is None else _first_with_text(order, graph.texts, count)
    if allowed is not None and len(active) < count:
        warn_caller(
            f"`candidates` leave {len(active)} nodes with a text to ask about, fewer than the {count} that "
            f"augmentation_ratio={augmentation_ratio!r} of all {graph.n_nodes} nodes comes to: all of them are asked "
            "about. Widen `candidates`, or lower the ratio.",
            AnswerWarning,
        )
    return active


def _check_candidates(candidates: Any, graph: TextGraph) -> NDArray[np.bool_]:
    nodes = check_nodes("candidates", candidates, graph.n_nodes, graph.node_names, error=InvalidParameterError)
    if len(nodes) == 0:
        raise InvalidParameterError(
            "`candidates` must be at least one node, got none. Pass None for every node, or enhancer=None to ask "
            "nobody."
        )
    allowed = np.zeros(graph.n_nodes, dtype=bool)
    allowed[nodes] = True
    return allowed


def _best_first(returned: Any, n_nodes: int) -> NDArray[np.int64]:
    """Check the scores of a selection, and return all nodes in their order."""
    scores = as_array("selection", returned, error=InvalidParameterError)
    is_fitting = scores.shape == (n_nodes,) and scores.dtype.kind in "fiub"
    # log(0) may put a node last, but where nothing is finite nothing was computed
    if not is_fitting or np.isnan(scores).any() or (n_nodes and not np.isfinite(scores).any()):
        raise InvalidParameterError(
            f"`selection` must return one score per node, shape ({n_nodes},), none of them NaN and not all infinite, "
            f"got dtype {scores.dtype} and shape {scores.shape}. Return an array of numbers; `candidates` leaves nodes "
            "out."
        )
    # from the back and stable, then turned over: equal scores stay in the order of the nodes, and no score is negated
    # or made a float, which large integers would not survive
    ascending = np.argsort(scores[::-1], kind="stable")
    return np.asarray(n_nodes - 1 - ascending[::-1], dtype=np.int64)


def _first_with_text(order: NDArray[np.int64], texts: TextColumn, count: int) -> NDArray[np.int64]:
    """Return the first ``count`` nodes whose text is not blank."""
    order = order[texts.n_bytes[order] > 0]
    chosen: list[NDArray[np.int64]] = []
    while count > 0 and len(order):
        # as many as are missing: texts, which may be on disk, are looked at only where they are needed
        n_looked_at = max(count, 1024)
        askable = order[:n_looked_at][_say_something(texts, order[:n_looked_at])][:count]
        chosen.append(askable)
        count -= len(askable)
        order = order[n_looked_at:]
    return np.concatenate([*chosen, np.empty(0, dtype=np.int64)], dtype=np.int64)


def _say_something(texts: TextColumn, nodes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark those of some nodes, none of them with an empty text, whose text is more than blanks."""
    first_byte = texts.data[texts.offsets[nodes]]
    # in UTF-8 the blanks of Unicode begin with a byte up to 32, or with one of these; so do few texts
    doubtful = np.flatnonzero((first_byte <= 32) | np.isin(first_byte, [0xC2, 0xE1, 0xE2, 0xE3]))
    say = np.ones(len(nodes), dtype=bool)
    say[doubtful] = [bool(texts[node].strip()) for node in nodes[doubtful].tolist()]
    return say
