"""Edges in the one form that the package works on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skellagnn.exceptions import GraphError


def canonical_adjacency(adjacency: Any) -> sparse.csr_array:
    """Check a square sparse matrix and bring it into canonical form.

    Returns
    -------
    adjacency : csr_array of shape (n_nodes, n_nodes)
        float32 weights, sorted column indices, no duplicates (the largest weight stays), no self-loops, no stored
        zeros. Never shares memory that is written to with what came in.

    Raises
    ------
    GraphError
        If it is not a square, well-formed sparse matrix, or a weight is negative or not finite.

    Notes
    -----
    O(n_nodes + n_edges) where the entries are already sorted and unique, else O(n_edges log n_edges).
    """
    is_sparse: bool = sparse.issparse(adjacency)
    if not is_sparse:
        raise GraphError(
            f"`adjacency` must be a scipy.sparse matrix, got {type(adjacency).__name__}. "
            "Use TextGraph.from_edges for a list of edges, or scipy.sparse.csr_array(matrix)."
        )
    if adjacency.ndim != 2 or adjacency.shape[0] != adjacency.shape[1]:
        raise GraphError(
            f"`adjacency` must be square, (n_nodes, n_nodes), got shape {adjacency.shape}. A list of edges goes to "
            "TextGraph.from_edges."
        )
    if adjacency.dtype.kind not in "biuf":
        raise GraphError(
            f"`adjacency` must hold real weights, got dtype {adjacency.dtype}. Convert it: adjacency.astype('float32')."
        )
    if adjacency.format == "csr":
        matrix: sparse.csr_array = sparse.csr_array(adjacency, copy=False)
        try:
            matrix.check_format(full_check=True)
        except ValueError as error:  # a column beyond the end would crash, not raise, in compiled code later
            raise GraphError(
                f"`adjacency` must be a valid CSR matrix: {error}. Build it anew from its edges."
            ) from error
        if matrix.dtype == np.float32 and _is_canonical(matrix):
            return matrix
    coo: sparse.coo_array = sparse.coo_array(adjacency)
    return adjacency_from_edges(coo.col, coo.row, coo.data, adjacency.shape[0])


def _is_canonical(matrix: sparse.csr_array) -> bool:
    rows = _row_of_entry(matrix)
    columns, data = matrix.indices, matrix.data
    increasing = np.all((columns[1:] > columns[:-1]) | (rows[1:] != rows[:-1]))
    return bool(increasing and np.all(columns != rows) and np.all(np.isfinite(data)) and np.all(data > 0))


def _row_of_entry(matrix: sparse.csr_array) -> NDArray[np.int64]:
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def adjacency_from_edges(
    sources: NDArray[Any], targets: NDArray[Any], weights: NDArray[Any] | None, n_nodes: int
) -> sparse.csr_array:
    """Build the canonical adjacency from directed edges source -> target (row = target)."""
    if weights is not None:
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and said so below
            weights = np.asarray(weights).astype(np.float32)
        if not np.isfinite(weights).all() or (weights < 0).any():
            bad = int((~np.isfinite(weights) | (weights < 0)).sum())
            raise GraphError(
                f"Edge weights must be finite and not negative, got {bad} that are not. Drop those edges, or shift and "
                "scale the weights."
            )
    keep = sources != targets
    if weights is not None:
        keep &= weights > 0
        weights = weights[keep]
    sources, targets = sources[keep], targets[keep]
    if weights is None or (weights == 1).all():
        data = np.ones(len(sources), dtype=np.float32)
        matrix = sparse.csr_array(sparse.coo_array((data, (targets, sources)), shape=(n_nodes, n_nodes)))
        matrix.sum_duplicates()
        matrix.data[:] = 1
    else:
        # lightest first, so that of several entries for one pair the last, heaviest one is kept
        order = np.lexsort((weights, sources, targets))
        sources, targets, weights = sources[order], targets[order], weights[order]
        last = np.ones(len(sources), dtype=bool)
        last[:-1] = (sources[1:] != sources[:-1]) | (targets[1:] != targets[:-1])
        entries = (weights[last], (targets[last], sources[last]))
        matrix = sparse.csr_array(sparse.coo_array(entries, shape=(n_nodes, n_nodes)))
    matrix.sort_indices()
    return matrix


def is_symmetric(matrix: sparse.csr_array) -> bool:
    """Whether a canonical adjacency equals its transpose, weights included."""
    transpose = sparse.csr_array(matrix.T)
    transpose.sort_indices()
    return (
        np.array_equal(matrix.indptr, transpose.indptr)
        and np.array_equal(matrix.indices, transpose.indices)
        and np.array_equal(matrix.data, transpose.data)
    )
