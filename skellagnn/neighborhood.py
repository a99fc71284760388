"""LLM-guided neighborhood: which edges carry messages."""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skellagnn.base.vectors import CACHED, as_float32, unit_vectors, vector_norms
from skellagnn.exceptions import InvalidParameterError

__all__ = ["rank_neighbors"]

# Edges and nodes ranked at a time: temporaries take some 80 bytes for each.
_BLOCK = 1 << 18


def rank_neighbors(
    adjacency: sparse.csr_array,
    embeddings: NDArray[Any],
    n_neighbors: int | None,
    queries: tuple[NDArray[np.int64], NDArray[np.float32]] | None = None,
) -> sparse.csr_array:
    """Keep, for every node, the neighbors most similar to it (step 1 of the paper).

    The query of a node that the LLM answered about is its LLM-enhanced embedding, of any other node its raw one;
    the neighbors are compared by their raw embeddings.

    Parameters
    ----------
    adjacency : csr_array of shape (n_nodes, n_nodes)
        Row i lists the sources of edges to i.
    embeddings : ndarray of float32 or float16 of shape (n_nodes, n_features)
        Raw embeddings, possibly memory-mapped.
    n_neighbors : int or None
        K, the number of neighbors kept at most; None keeps all.
    queries : (ndarray of int of shape (n_queries,), ndarray of shape (n_queries, n_features)), default=None
        Nodes with another query than their raw embedding, and their queries.

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
    Cosine similarity; a zero vector is as similar to everything as 0. Equal similarities are kept in the order of the
    nodes. O(n_features) per edge of those nodes that have more than K neighbors; the others are not looked at.

    Works in blocks. Beyond what comes in and goes out it takes a byte per edge, 32 bytes per node and a block, which
    holds at least all edges of one node; embeddings are converted and scaled as they are gathered.
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
    cosine = _Cosine(embeddings, queries)
    keep = np.ones(adjacency.nnz, dtype=bool)
    for first, last in _row_blocks(adjacency.indptr):
        nodes = first + np.flatnonzero(crowded[first:last])
        if len(nodes) == 0:
            continue
        counts = degrees[nodes]
        starts = np.cumsum(counts) - counts
        # positions of the edges of these nodes: all runs of consecutive numbers, one a node
        edges = np.repeat(adjacency.indptr[nodes] - starts, counts) + np.arange(counts.sum())
        similarity = cosine(np.repeat(nodes, counts), adjacency.indices[edges])
        keep[edges] = _best(similarity, starts, counts, int(n_neighbors))
    indptr = np.zeros_like(adjacency.indptr)
    np.cumsum(np.minimum(degrees, n_neighbors), out=indptr[1:])
    return sparse.csr_array((adjacency.data[keep], adjacency.indices[keep], indptr), shape=adjacency.shape)


def _row_blocks(indptr: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Cut the rows of a CSR matrix into runs of at most ``_BLOCK`` entries and rows, but at least one row."""
    first, n_rows = 0, len(indptr) - 1
    while first < n_rows:
        # of the array's own type: with another one, numpy converts the whole array for each search
        end = indptr.dtype.type(min(int(indptr[first]) + _BLOCK, int(indptr[-1])))
        fitting = int(np.searchsorted(indptr, end, side="right")) - 1
        last = min(max(fitting, first + 1), first + _BLOCK, n_rows)
        yield first, last
        first = last


def _best(
    similarity: NDArray[np.float32], starts: NDArray[Any], counts: NDArray[Any], n_best: int
) -> NDArray[np.bool_]:
    """Mark the ``n_best`` highest similarities of each run; equal ones in their order. Each run is longer than that.

    One sort of integers for all runs at once, (number of the run, similarity), tells the lowest similarity that each
    run keeps; an argsort, which would also tell where it is, is many times slower.
    """
    # the bits of a float, those of a negative one but the sign turned over, are an int in the same order; 0 - x is
    # never -0.0, which compares as equal to 0.0 but has other bits
    bits = (0 - similarity).view(np.int32)
    bits ^= (bits >> 31) & np.int32(0x7FFFFFFF)
    run = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    key = (run << 32) + bits
    threshold = np.sort(key)[starts + n_best - 1]
    best: NDArray[np.bool_] = key < threshold[run]
    equal = key == threshold[run]
    places = n_best - np.add.reduceat(best, starts, dtype=np.int64)
    nth = np.cumsum(equal)
    nth -= (nth[starts] - equal[starts])[run]
    best |= equal & (nth <= places[run])
    return best


class _Cosine:
    """Cosine similarities of edges. Holds a few numbers per node, not the scaled embeddings."""

    def __init__(
        self, embeddings: NDArray[Any], queries: tuple[NDArray[np.int64], NDArray[np.float32]] | None = None
    ) -> None:
        self.embeddings = np.asarray(embeddings)  # a memmap makes a memmap of every block, slowly
        self.norms = vector_norms(embeddings)
        self.queries = None
        if queries is not None and len(queries[0]):
            nodes, vectors = queries
            self.queries = unit_vectors(vectors)
            # position of a node's own query, or -1
            self.position = np.full(len(embeddings), -1, dtype=np.int64)
            self.position[nodes] = np.arange(len(nodes))

    def __call__(self, targets: NDArray[Any], sources: NDArray[Any]) -> NDArray[np.float32]:
        similarity = np.empty(len(targets), dtype=np.float32)
        step = max(1, CACHED // max(1, self.embeddings.shape[1]))
        for start in range(0, len(targets), step):
            piece = slice(start, start + step)
            # edges of one target mostly stand together: its query is made once
            new = np.ones(len(targets[piece]), dtype=bool)
            np.not_equal(targets[piece][1:], targets[piece][:-1], out=new[1:])
            query = self._query(targets[piece][new]).take(np.cumsum(new) - 1, axis=0)
            np.einsum("ij,ij->i", query, self._unit(sources[piece]), out=similarity[piece])
        return similarity

    def _query(self, nodes: NDArray[Any]) -> NDArray[np.float32]:
        query = self._unit(nodes)
        if self.queries is not None:
            own = self.position[nodes]
            query[own >= 0] = self.queries[own[own >= 0]]
        return query

    def _unit(self, nodes: NDArray[Any]) -> NDArray[np.float32]:
        """Gather embeddings, each scaled to unit length."""
        unit = as_float32(self.embeddings.take(nodes, axis=0))
        unit /= self.norms.take(nodes)[:, None]
        return unit
