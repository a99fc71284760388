"""Attention over edges, without an array that has a row for each edge and a column for each channel.

PyG's ``GATConv`` gathers the vector of every edge's source, and so holds (n_edges, heads, channels) numbers. Here a
layer holds (n_edges, heads) of them, and products with sparse matrices do the rest.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["AttentionEdges", "AttentionLayer"]


class AttentionEdges:
    """Edges that a layer weighs by itself, in the order of their targets.

    Parameters
    ----------
    matrix : csr_array of shape (n_out, n_in)
        Row i has an entry for the source of each edge into i, i itself included; what the entry says is not read.
    device : torch.device or str, default="cpu"

    Notes
    -----
    The order of the sources (a counting sort) and the pattern of the edges, which backward passes need, are made by the
    first of them and kept.
    """

    def __init__(self, matrix: sparse.csr_array, device: torch.device | str = "cpu") -> None:
        self.shape = (int(matrix.shape[0]), int(matrix.shape[1]))
        self.n_out = self.shape[0]
        self.device = torch.device(device)
        self._index = np.int32 if max(matrix.nnz, *self.shape) < 2**31 else np.int64
        self._entries = matrix
        self.sources = self._tensor(matrix.indices)
        self.starts = self._tensor(matrix.indptr)
        self.targets = self._tensor(np.repeat(np.arange(self.n_out), np.diff(matrix.indptr)))
        self.places = self._tensor(np.arange(matrix.nnz))
        self._by_source: tuple[Tensor, Tensor, Tensor] | None = None
        self._patterns: dict[torch.dtype, Tensor] = {}

    def _tensor(self, values: Any) -> Tensor:
        return torch.tensor(values.astype(self._index, copy=False), device=self.device)

    @property
    def by_source(self) -> tuple[Tensor, Tensor, Tensor]:
        """In the order of the sources: targets, where each source's entries start, and the places of the entries."""
        if self._by_source is None:
            matrix = self._entries
            numbered = sparse.csr_array((np.arange(matrix.nnz), matrix.indices, matrix.indptr), shape=self.shape)
            turned = numbered.tocsc()
            self._by_source = (self._tensor(turned.indices), self._tensor(turned.indptr), self._tensor(turned.data))
        return self._by_source

    def prepare(self) -> None:
        """Make now what a backward pass would ask for."""
        _ = self.by_source

    def at(self, layer: int) -> AttentionEdges:
        """Return the edges of a layer: the same ones for all."""
        return self

    def own(self, x: Tensor) -> Tensor:
        """Return the vectors of x that belong to the nodes for which output is made."""
        return x if len(x) == self.n_out else x[: self.n_out]

    def add_up(self, values: Tensor, *, by_source: bool = False) -> Tensor:
        """Sum values of shape (n_edges, heads) over the edges of each target, or of each source."""
        if by_source:
            _, starts, places = self.by_source
        else:
            starts, places = self.starts, self.places
        return _bags(values, places, starts)

    def agreement(self, gradients: Tensor, x: Tensor) -> Tensor:
        """Multiply targets' vectors (n_out, channels) with sources' (n_in, channels), edge by edge: (n_edges,)."""
        if x.dtype not in self._patterns:
            nothing = torch.zeros(len(self.sources), dtype=x.dtype, device=self.device)
            self._patterns[x.dtype] = csr_tensor(self.starts.long(), self.sources.long(), nothing, self.shape)
        product: Tensor = torch.sparse.sampled_addmm(self._patterns[x.dtype], gradients, x.t(), beta=0.0)
        return product.values()


def csr_tensor(starts: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    """Return a torch CSR tensor of parts that come from a valid scipy matrix."""
    with warnings.catch_warnings():
        # torch says once per process each that CSR tensors are in beta and unchecked, also where one asks for no check;
        # the tests check what we make of them
        warnings.filterwarnings("ignore", message="Sparse (CSR tensor support is in beta|invariant checks are)")
        return torch.sparse_csr_tensor(starts, columns, values, size=shape, check_invariants=False)


def _bags(table: Tensor, entries: Tensor, starts: Tensor, weights: Tensor | None = None) -> Tensor:
    """Add up, for each bag, the (weighted) rows of the table that its entries name."""
    if len(entries) == 0:
        return table.new_zeros(len(starts) - 1, table.shape[1])
    return torch.embedding_bag(table.contiguous(), entries, starts, False, 0, False, weights, True)[0]


class _Pairs(torch.autograd.Function):
    """For each edge, the number of its source plus that of its target: shape (n_edges, heads)."""

    @staticmethod
    def forward(ctx: Any, edges: AttentionEdges, of_source: Tensor, of_target: Tensor) -> Tensor:
        ctx.edges = edges
        return of_source.index_select(0, edges.sources).add_(of_target.index_select(0, edges.targets))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor]:
        edges, (gradient,) = ctx.edges, gradients
        return None, edges.add_up(gradient, by_source=True), edges.add_up(gradient)


class _Softmax(torch.autograd.Function):
    """Softmax over the edges of each target, head by head."""

    @staticmethod
    def forward(ctx: Any, edges: AttentionEdges, scores: Tensor) -> Tensor:
        ctx.edges = edges
        if len(scores) == 0:
            ctx.save_for_backward(scores)
            return scores.clone()
        # a target without edges has no highest score, and none that would ask for it
        highest = torch.segment_reduce(scores, "max", offsets=edges.starts.long(), axis=0)
        attention = (scores - highest.index_select(0, edges.targets)).exp_()
        attention /= edges.add_up(attention).index_select(0, edges.targets)
        ctx.save_for_backward(attention)
        return attention

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:
        edges, (attention,) = ctx.edges, ctx.saved_tensors
        weighted = gradients[0] * attention
        # a_j (g_j - sum_k a_k g_k), over the edges j, k of one target
        return None, weighted - attention * edges.add_up(weighted).index_select(0, edges.targets)


class _WeightedSum(torch.autograd.Function):
    """For each target and head, the sum of the sources' vectors, weighted edge by edge.

    Head by head, on (heads, n_in, channels), so that what a head reads of a vector lies together.
    """

    @staticmethod
    def forward(ctx: Any, edges: AttentionEdges, x: Tensor, weights: Tensor) -> Tensor:
        x, weights = x.transpose(0, 1).contiguous(), weights.t().contiguous()
        ctx.edges = edges
        ctx.save_for_backward(x, weights)
        parts = [_bags(table, edges.sources, edges.starts, weight) for table, weight in zip(x, weights, strict=True)]
        return torch.stack(parts, dim=1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor]:
        edges, (x, weights) = ctx.edges, ctx.saved_tensors
        gradient = gradients[0].transpose(0, 1).contiguous()
        targets, starts, places = edges.by_source
        of_x = [
            _bags(table, targets, starts, weight.index_select(0, places))
            for table, weight in zip(gradient, weights, strict=True)
        ]
        of_weights = [edges.agreement(*pair) for pair in zip(gradient, x, strict=True)]
        return None, torch.stack(of_x, dim=1), torch.stack(of_weights, dim=1)


class AttentionLayer(nn.Module):
    """Graph attention (Velickovic et al., 2018), the numbers of PyG's ``GATConv``.

    Parameters
    ----------
    in_channels : int
    out_channels : int
        Of each head.
    heads : int
        Their outputs stand beside each other.
    """

    negative_slope = 0.2

    def __init__(self, in_channels: int, out_channels: int, heads: int) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.heads = in_channels, out_channels, heads
        self.lin = nn.Linear(in_channels, heads * out_channels, bias=False)
        self.att_src = nn.Parameter(torch.empty(1, heads, out_channels))
        self.att_dst = nn.Parameter(torch.empty(1, heads, out_channels))
        self.bias = nn.Parameter(torch.zeros(heads * out_channels))
        for weights in (self.lin.weight, self.att_src[0], self.att_dst[0]):
            nn.init.xavier_uniform_(weights)

    def forward(self, x: Tensor, edges: AttentionEdges, drop: Callable[[Tensor], Tensor]) -> Tensor:
        """Return vectors of shape (n_out, heads * out_channels); ``drop`` drops out some of the attention."""
        # attention is computed in float32 also where autocast multiplies in less
        x = self.lin(x).view(len(x), self.heads, self.out_channels)
        x = x if x.dtype == torch.float64 else x.float()
        # for an edge from j to i: softmax over j of LeakyReLU(a_src W x_j + a_dst W x_i)
        of_source, of_target = (x * self.att_src).sum(-1), (edges.own(x) * self.att_dst).sum(-1)
        scores: Tensor = _Pairs.apply(edges, of_source, of_target)  # type: ignore[no-untyped-call]
        attention = _Softmax.apply(edges, F.leaky_relu(scores, self.negative_slope))  # type: ignore[no-untyped-call]
        mean: Tensor = _WeightedSum.apply(edges, x, drop(attention))  # type: ignore[no-untyped-call]
        return mean.flatten(1) + self.bias
