"""LLM-guided neighborhood: which edges carry messages."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skellagnn.exceptions import InvalidParameterError

__all__ = ["cosine_of_edges", "rank_neighbors"]

# Rows gathered at a time while similarities are computed: bounds memory at 2 * block * n_features floats.
_BLOCK = 1 << 17


def rank_neighbors(
    adjacency: sparse.csr_array,
    rows: NDArray[np.float32],
    n_neighbors: int | None,
    *,
    query_nodes: NDArray[np.int64] | None = None,
    query_rows: NDArray[np.float32] | None = None,
) -> sparse.csr_array:
    """Keep, for every node, the neighbors most similar to it (step 1 of the paper).

    The query of a node that the LLM answered about is its LLM-enhanced row, of any other node its raw row; the
    neighbors are compared by their raw rows.

    Parameters
    ----------
    adjacency : csr_array of shape (n_nodes, n_nodes)
        Row i lists the nodes that i hears from.
    rows : ndarray of shape (n_nodes, n_features)
        Raw rows.
    n_neighbors : int or None
        K, the number of neighbors kept at most; None keeps all.
    query_nodes : ndarray of int of shape (n_queries,), default=None
        Nodes with another query than their raw row.
    query_rows : ndarray of shape (n_queries, n_features), default=None
        Their queries.

    Returns
    -------
    kept : csr_array of shape (n_nodes, n_nodes)
        A subset of the edges, with their weights. Directed, even where the graph is not: i may be among the K best
        of j and j not among those of i.

    Raises
    ------
    InvalidParameterError
        If ``n_neighbors`` is no positive int and not None.

    Notes
    -----
    Cosine similarity; a zero row is as similar to everything as 0. Equal similarities are kept in the order of the
    nodes. O(n_features) per edge of those nodes that have more than K neighbors; the others are not looked at.
    """
    if n_neighbors is None:
        return adjacency
    if isinstance(n_neighbors, bool) or not isinstance(n_neighbors, numbers.Integral) or n_neighbors < 1:
        raise InvalidParameterError(
            f"`n_neighbors` must be a positive int, or None for all neighbors, got {n_neighbors!r}."
        )
    degrees = np.diff(adjacency.indptr)
    crowded = degrees > n_neighbors
    if not crowded.any():
        return adjacency
    receivers = np.repeat(np.arange(adjacency.shape[0]), degrees)
    contested = np.flatnonzero(crowded[receivers])
    similarity = cosine_of_edges(
        receivers[contested], adjacency.indices[contested], rows, query_nodes=query_nodes, query_rows=query_rows
    )
    # best first within each receiver; lexsort is stable, so equal ones stay in the order of the nodes
    order = contested[np.lexsort((-similarity, receivers[contested]))]
    rank = np.arange(len(order)) - np.repeat(np.cumsum(degrees[crowded]) - degrees[crowded], degrees[crowded])
    keep = ~crowded[receivers]
    keep[order[rank < n_neighbors]] = True
    indptr = np.concatenate([[0], np.cumsum(np.minimum(degrees, n_neighbors))])
    return sparse.csr_array((adjacency.data[keep], adjacency.indices[keep], indptr), shape=adjacency.shape)


def cosine_of_edges(
    receivers: NDArray[Any],
    senders: NDArray[Any],
    rows: NDArray[np.float32],
    *,
    query_nodes: NDArray[np.int64] | None = None,
    query_rows: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return the cosine similarity of each receiver's query with each sender's raw row, shape (n_edges,)."""
    unit = unit_rows(rows)
    # position of a node's own query, or -1
    position = np.full(len(rows), -1, dtype=np.int64)
    queries = None
    if query_nodes is not None and query_rows is not None and len(query_nodes):
        position[query_nodes] = np.arange(len(query_nodes))
        queries = unit_rows(query_rows)
    similarity = np.empty(len(receivers), dtype=np.float32)
    for start in range(0, len(receivers), _BLOCK):
        block = slice(start, start + _BLOCK)
        query = unit[receivers[block]]
        if queries is not None:
            own = position[receivers[block]]
            query[own >= 0] = queries[own[own >= 0]]
        np.einsum("ij,ij->i", query, unit[senders[block]], out=similarity[block])
    return similarity


def unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale rows to unit length; zero rows stay zero."""
    # squared in float64: in float32 entries beyond 1e19 would overflow and those below 1e-23 vanish
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))[:, None]
    return np.divide(rows, np.where(norms == 0, 1, norms), dtype=np.float32)
