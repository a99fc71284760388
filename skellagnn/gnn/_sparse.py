"""Edges as linear maps on the vectors of nodes: what the layers of a network multiply with.

A network says with ``edge_form`` in which form it wants the adjacency. Forms are made once, by :func:`edge_matrix`, as
scipy matrices; of these, the edges into any nodes can be cut out (:mod:`skellagnn.gnn._sampling`) and handed to a layer
as :class:`SparseEdges`, :class:`EdgeIndex` or :class:`~skellagnn.gnn._attention.AttentionEdges`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn._attention import AttentionEdges, csr_tensor

__all__ = ["EdgeIndex", "SparseEdges", "aggregate", "edge_form_of", "edge_matrix", "edges_for", "make_edges"]


class _SparseProduct(torch.autograd.Function):
    """``matrix @ x`` with the product by the transpose as its gradient."""

    @staticmethod
    def forward(ctx: Any, edges: SparseEdges, x: Tensor) -> Tensor:
        ctx.edges = edges
        return edges.multiply(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:
        return None, ctx.edges.transpose.multiply(gradients[0])


class SparseEdges:
    """A sparse matrix as a differentiable linear map on the vectors of nodes.

    Parameters
    ----------
    matrix : csr_array of shape (n_out, n_in)
        Row i holds the weights of the edges into i, by source. The first ``n_out`` vectors of an input belong to the
        nodes for which output is made.
    device : torch.device or str, default="cpu"

    Notes
    -----
    On a CPU the product is a weighted ``embedding_bag``, which reads the vectors of x in place: several times faster
    than torch's own product of a CSR matrix with a dense one (``benchmarks/training.py`` compares with it). On a GPU,
    where the bag is the slower one, it is torch's. The transpose is made in the first backward pass that needs it, and
    kept.
    """

    def __init__(self, matrix: sparse.csr_array, device: torch.device | str = "cpu") -> None:
        self._scipy = matrix
        self.device = torch.device(device)
        self._parts: tuple[Tensor, Tensor, Tensor] | None = None
        self._torch_matrices: dict[torch.dtype, Tensor] = {}
        self._transpose: SparseEdges | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return int(self._scipy.shape[0]), int(self._scipy.shape[1])

    @property
    def n_out(self) -> int:
        """Number of nodes for which output is made."""
        return self.shape[0]

    def matrix(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """Return the matrix as a torch CSR tensor, made once for each precision."""
        if dtype not in self._torch_matrices:
            matrix, index = self._scipy, _index_type(self._scipy)
            # tensor() copies: what came in may be a read-only memory map
            parts = ((matrix.indptr, index), (matrix.indices, index), (matrix.data, np.float32))
            starts, columns, values = (
                torch.tensor(part.astype(kind, copy=False), device=self.device) for part, kind in parts
            )
            self._torch_matrices[dtype] = csr_tensor(starts, columns, values.to(dtype), self.shape)
        return self._torch_matrices[dtype]

    @property
    def transpose(self) -> SparseEdges:
        """The map of shape (n_in, n_out)."""
        if self._transpose is None:
            # no way back from there: a cycle would keep the edges of a batch until the garbage collector runs
            self._transpose = SparseEdges(sparse.csr_array(self._scipy.T), self.device)
        return self._transpose

    def prepare(self) -> None:
        """Make the transpose now, before a backward pass asks for it."""
        _ = self.transpose

    def at(self, layer: int) -> SparseEdges:
        """Return the edges of a layer: the same ones for all."""
        return self

    def own(self, x: Tensor) -> Tensor:
        """Return the vectors of x that belong to the nodes for which output is made."""
        return x if len(x) == self.n_out else x[: self.n_out]

    def __call__(self, x: Tensor) -> Tensor:
        """Return ``matrix @ x`` of shape (n_out, n_columns)."""
        product: Tensor = _SparseProduct.apply(self, x)  # type: ignore[no-untyped-call]
        return product

    def multiply(self, x: Tensor) -> Tensor:
        """Return ``matrix @ x``, without a gradient."""
        if self.device.type != "cpu" or x.dtype == torch.float64:
            return self.matrix(x.dtype) @ x
        if self._scipy.nnz == 0 or x.shape[1] == 0:
            return x.new_zeros(self.n_out, x.shape[1])
        if self._parts is None:
            matrix, index = self._scipy, _index_type(self._scipy)
            self._parts = (
                torch.from_numpy(_writable(matrix.indices.astype(index, copy=False))),
                torch.from_numpy(_writable(matrix.indptr.astype(index, copy=False))),
                torch.from_numpy(_writable(matrix.data.astype(np.float32, copy=False))),
            )
        indices, indptr, weights = self._parts
        return torch.embedding_bag(x.contiguous(), indices, indptr, False, 0, False, weights.to(x.dtype), True)[0]


def _index_type(matrix: sparse.csr_array) -> type[np.signedinteger[Any]]:
    """Half the memory of 64-bit numbers where these are not needed."""
    return np.int32 if matrix.nnz < 2**31 and matrix.shape[1] < 2**31 else np.int64


def _writable(values: NDArray[Any]) -> NDArray[Any]:
    """Copy a read-only memory map, which torch warns about; nothing here writes."""
    return values if values.flags.writeable else values.copy()


class EdgeIndex:
    """Edges as PyG's layers take them.

    Parameters
    ----------
    matrix : csr_array of shape (n_out, n_in)
    device : torch.device or str, default="cpu"

    Attributes
    ----------
    index : Tensor of int64 of shape (2, n_edges)
        Sources and targets, in the order of the targets.
    """

    def __init__(self, matrix: sparse.csr_array, device: torch.device | str = "cpu") -> None:
        targets = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        self.index = torch.from_numpy(np.stack([matrix.indices.astype(np.int64), targets])).to(device)
        self.shape = (int(matrix.shape[0]), int(matrix.shape[1]))
        self.n_out = self.shape[0]

    def at(self, layer: int) -> EdgeIndex:
        """Return the edges of a layer: the same ones for all."""
        return self

    def own(self, x: Tensor) -> Tensor:
        """Return the vectors of x that belong to the nodes for which output is made."""
        return x if len(x) == self.n_out else x[: self.n_out]


# -- edge forms: what a backbone wants the adjacency to be ------------------------------------------------------


def _mean_matrix(adjacency: sparse.csr_array) -> sparse.csr_array:
    """Rows sum to 1: a (weighted) mean over the neighbors."""
    total = np.asarray(adjacency.sum(axis=1), dtype=np.float64).ravel()
    scale = 1 / np.where(total == 0, 1, total)
    if scale.max(initial=0) <= np.finfo(np.float32).max:  # else the weights are so small that float32 has no inverse
        scale = scale.astype(np.float32)
    data = (adjacency.data * np.repeat(scale, np.diff(adjacency.indptr))).astype(np.float32, copy=False)
    return sparse.csr_array((data, adjacency.indices, adjacency.indptr), shape=adjacency.shape)


def _with_loops(adjacency: sparse.csr_array) -> sparse.csr_array:
    """Self-loops added: a layer that weighs edges by itself looks at a node's own vector, too."""
    loops = sparse.csr_array(sparse.identity(adjacency.shape[0], format="csr", dtype=adjacency.dtype))
    return sparse.csr_array(adjacency + loops)


def _symmetric_matrix(adjacency: sparse.csr_array) -> sparse.csr_array:
    """Self-loops added, then D^-1/2 A D^-1/2 with D the row sums (Kipf and Welling, 2017)."""
    looped = _with_loops(adjacency)
    scale = (1 / np.sqrt(np.asarray(looped.sum(axis=1), dtype=np.float64).ravel())).astype(np.float32)
    looped.data *= np.repeat(scale, np.diff(looped.indptr))
    looped.data *= scale[looped.indices]
    return looped


_FORMS: dict[str, Callable[[sparse.csr_array], sparse.csr_array]] = {
    "mean": _mean_matrix,
    "symmetric": _symmetric_matrix,
    "sum": lambda adjacency: adjacency,
    "looped": _with_loops,
    "none": lambda adjacency: adjacency,
    "edge_index": lambda adjacency: adjacency,
}


def edge_form_of(network: nn.Module) -> str:
    """Return the form that a network wants, ``"edge_index"`` if it does not say.

    Raises
    ------
    InvalidParameterError
        If there is no such form.
    """
    form = getattr(network, "edge_form", "edge_index")
    if form not in _FORMS:
        raise InvalidParameterError(
            f"`backbone` must build a module whose `edge_form` is {', '.join(map(repr, list(_FORMS)[:-1]))} or "
            f"{list(_FORMS)[-1]!r}, got {form!r}. Leave the attribute away for an edge_index."
        )
    return str(form)


def edge_matrix(form: str, adjacency: sparse.csr_array) -> sparse.csr_array:
    """Return the adjacency in one form, as a matrix of shape (n_nodes, n_nodes)."""
    return _FORMS[form](adjacency)


def make_edges(
    form: str, matrix: sparse.csr_array, device: torch.device | str = "cpu"
) -> SparseEdges | AttentionEdges | EdgeIndex:
    """Return a form's matrix, or a part of it, as what a layer takes."""
    if form == "edge_index":
        return EdgeIndex(matrix, device)
    return AttentionEdges(matrix, device) if form == "looped" else SparseEdges(matrix, device)


def edges_for(network: nn.Module, adjacency: sparse.csr_array, device: torch.device | str = "cpu") -> Any:
    """Return the adjacency of a whole graph in the form that a network's ``forward(x, edges)`` wants.

    Parameters
    ----------
    network : nn.Module
        ``network.edge_form`` is ``"mean"``, ``"symmetric"``, ``"sum"``, ``"looped"`` or ``"none"`` for the built-in
        ones; a module without it gets an ``edge_index``.
    adjacency : csr_array of shape (n_nodes, n_nodes)
    device : torch.device or str

    Returns
    -------
    edges : SparseEdges, AttentionEdges, None, or Tensor of shape (2, n_edges)
        An ``edge_index`` lists (source, target) in the order of the targets, without self-loops.

    Raises
    ------
    InvalidParameterError
        If the network names another form.
    """
    form = edge_form_of(network)
    if form == "none":
        return None
    edges = make_edges(form, edge_matrix(form, adjacency), device)
    return edges.index if isinstance(edges, EdgeIndex) else edges


# -- aggregation of constant vectors ----------------------------------------------------------------------------

# Nodes at a time: bounds what is gathered at once.
_BLOCK = 1 << 16


def aggregate(matrix: sparse.csr_array, vectors: NDArray[Any], out: NDArray[Any] | None = None) -> NDArray[np.float32]:
    """Return ``matrix @ vectors`` for vectors that may be half-precise and on disk.

    Parameters
    ----------
    matrix : csr_array of shape (n_out, n_nodes)
    vectors : ndarray of float32 or float16 of shape (n_nodes, n_features)
    out : ndarray of shape (n_out, n_features), default=None
        Where to write.

    Returns
    -------
    product : ndarray of shape (n_out, n_features)
        ``out``, or a new array of float32.

    Notes
    -----
    O(n_edges * n_features), 65,536 nodes at a time. Vectors that are not float32 in memory are gathered for each block;
    so are read-only ones, which torch takes only as a copy.
    """
    n_out = matrix.shape[0]
    if out is None:
        out = np.empty((n_out, vectors.shape[1]), dtype=np.float32)
    # a read-only array may also be a memory map, of which np.asarray made a plain array
    in_memory = vectors.flags.c_contiguous and vectors.flags.writeable and not isinstance(vectors, np.memmap)
    table = torch.from_numpy(vectors) if in_memory and vectors.dtype == np.float32 else None
    with torch.no_grad():
        for start in range(0, n_out, _BLOCK):
            block = matrix[start : start + _BLOCK]
            if table is None:
                columns, positions = np.unique(block.indices, return_inverse=True)
                source = torch.from_numpy(vectors[columns].astype(np.float32))
                block = sparse.csr_array(
                    (block.data, positions.astype(np.int32), block.indptr), shape=(block.shape[0], len(columns))
                )
            else:
                source = table
            out[start : start + _BLOCK] = SparseEdges(block).multiply(source).numpy()
    return out
