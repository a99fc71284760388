"""Edges in the one form that the package works on.

scipy's own conversion and PyG's ``coalesce`` were looked at: the first adds duplicates up, the second sorts in
O(n log n), and both take several times the memory of what they make.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
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
        If it is not a square, well-formed sparse matrix, a weight is negative or not finite, or weights are so large
        that the degree of a node would not be finite.

    Notes
    -----
    O(n_nodes + n_edges). A canonical float32 matrix in CSR format is taken as it is: nothing is copied or allocated
    beyond one number per node.
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
    coo: sparse.coo_array = adjacency.tocoo(copy=False)
    if coo.nnz and (min(coo.row.min(), coo.col.min()) < 0 or max(coo.row.max(), coo.col.max()) >= coo.shape[0]):
        raise GraphError(
            f"`adjacency` must have entries between its {coo.shape[0]} nodes, got one outside. Build it anew from its "
            "edges."
        )
    return adjacency_from_edges(coo.col, coo.row, coo.data, adjacency.shape[0], argument="adjacency")


def _is_canonical(matrix: sparse.csr_array) -> bool:
    """Check in compiled passes over the arrays: no temporary has an entry per edge."""
    if matrix.nnz == 0:
        return True
    # written so that NaN, for which every comparison is false, fails
    if not (matrix.data.min() > 0 and _can_be_summed(matrix.data)):
        return False
    # a new object, since flags of the one that came in may be out of date
    fresh = sparse.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=matrix.shape)
    return bool(fresh.has_canonical_format and not fresh.diagonal().any())


def adjacency_from_edges(
    sources: NDArray[Any],
    targets: NDArray[Any],
    weights: NDArray[Any] | None,
    n_nodes: int,
    *,
    both_ways: bool = False,
    argument: str = "weights",
) -> sparse.csr_array:
    """Build the canonical adjacency from edges source -> target (row = target).

    Parameters
    ----------
    sources, targets : ndarray of int of shape (n_edges,)
        Nodes that exist.
    weights : ndarray of shape (n_edges,), or None for ones
    n_nodes : int
    both_ways : bool, default=False
        Whether each edge also carries messages from target to source.
    argument : str, default="weights"
        What holds the weights, for the error.

    Returns
    -------
    adjacency : csr_array of shape (n_nodes, n_nodes)

    Raises
    ------
    GraphError
        If a weight is negative or not finite, or they are so large that a node's degree would not be finite.

    Notes
    -----
    O(n_nodes + n_edges): rows are sorted by counting, in that a CSR matrix is transposed twice. Below 2 ** 31 entries
    all numbers of nodes take 4 bytes, and weights that are all 1 take one byte until the last step.
    """
    if weights is not None:
        weights = _checked_weights(weights, argument)
    index = np.int32 if max(n_nodes, len(sources)) <= np.iinfo(np.int32).max else np.int64
    rows, columns = (np.ascontiguousarray(ends, dtype=index) for ends in (targets, sources))
    keep = rows != columns
    if weights is not None:
        keep &= weights > 0
    if not keep.all():
        rows, columns = rows[keep], columns[keep]  # one after the other: what each replaces is freed
        weights = None if weights is None else weights[keep]
    del keep
    if weights is None or len(weights) == 0 or weights.min() == weights.max() == 1:
        weights = None
    entries = np.ones(len(rows), dtype=bool) if weights is None else weights
    coo = sparse.coo_array((entries, (rows, columns)), shape=(n_nodes, n_nodes))
    coo.has_canonical_format = True  # or scipy would sort each row, and add up duplicates
    unsorted = sparse.csr_array(coo)
    del coo, rows, columns, entries, weights
    transpose = _merge_duplicates(_transpose(unsorted))
    del unsorted
    matrix = _transpose(transpose)
    if both_ways:
        matrix = matrix.maximum(transpose)
    if matrix.dtype == bool:
        ones = np.ones(matrix.nnz, dtype=np.float32)
        matrix = sparse.csr_array((ones, matrix.indices, matrix.indptr), shape=matrix.shape)
    return matrix


def _checked_weights(weights: NDArray[Any], argument: str) -> NDArray[np.float32]:
    weights = weights_to_float32(weights)
    if len(weights) and not (weights.min() >= 0 and weights.max() < np.inf):  # false for NaN
        bad = int((~np.isfinite(weights) | (weights < 0)).sum())
        raise GraphError(
            f"`{argument}` must be finite and not negative, got {bad} that are not. Drop those edges, or shift and "
            "scale the weights."
        )
    if len(weights) and not _can_be_summed(weights):
        raise GraphError(
            f"`{argument}` must be so small that their sum is a float32, got {weights.max():.2g} among {len(weights)}: "
            "the degree of a node would be infinite. Divide them by the largest."
        )
    return weights


def _can_be_summed(weights: NDArray[np.float32]) -> bool:
    """Whether no sum of them, such as a degree, can leave the range of float32."""
    return float(weights.max()) * len(weights) < float(np.finfo(np.float32).max)


def weights_to_float32(weights: ArrayLike) -> NDArray[np.float32]:
    """Return weights as float32, infinite beyond it; one that is too small for it stays an edge."""
    given = np.asarray(weights)
    with np.errstate(over="ignore", under="ignore"):
        rounded = given.astype(np.float32, copy=False)
    if given.dtype.kind == "f" and given.dtype.itemsize > 4:
        rounded[(rounded == 0) & (given > 0)] = np.finfo(np.float32).smallest_subnormal
    return rounded


def _transpose(matrix: sparse.csr_array) -> sparse.csr_array:
    """Return the transpose with sorted rows, whether or not the rows that came in are sorted: a counting sort."""
    by_column = matrix.tocsc()
    return sparse.csr_array((by_column.data, by_column.indices, by_column.indptr), shape=matrix.shape[::-1])


def _merge_duplicates(matrix: sparse.csr_array) -> sparse.csr_array:
    """Keep the largest of several entries for one pair, in a matrix with sorted rows."""
    if matrix.has_canonical_format:
        return matrix
    if matrix.dtype == bool:
        matrix.sum_duplicates()  # of booleans: or
        return matrix
    first = np.ones(matrix.nnz, dtype=bool)
    np.not_equal(matrix.indices[1:], matrix.indices[:-1], out=first[1:])
    starts_of_rows = matrix.indptr[:-1]
    first[starts_of_rows[starts_of_rows < matrix.nnz]] = True
    starts = np.flatnonzero(first)
    before = np.zeros(matrix.nnz + 1, dtype=matrix.indptr.dtype)
    np.cumsum(first, out=before[1:])
    data, indices = np.maximum.reduceat(matrix.data, starts), matrix.indices[starts]
    return sparse.csr_array((data, indices, before[matrix.indptr]), shape=matrix.shape)


def is_symmetric(matrix: sparse.csr_array) -> bool:
    """Whether a canonical adjacency equals its transpose, weights included.

    O(n_nodes + n_edges), and as much memory as the matrix takes.
    """
    transpose = _transpose(matrix)
    return (
        np.array_equal(matrix.indptr, transpose.indptr)
        and np.array_equal(matrix.indices, transpose.indices)
        and np.array_equal(matrix.data, transpose.data)
    )
