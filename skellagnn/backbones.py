"""Backbones: the message-passing networks.

A backbone is a factory ``(in_channels, hidden_channels, out_channels, n_layers, dropout) -> nn.Module`` whose module
maps ``forward(x, edges)`` to class scores of shape (n_nodes, out_channels). A module of one's own gets a PyG
``edge_index``; the built-in ones say with ``edge_form`` that they want a sparse product instead, whose transpose is
kept for the backward pass. Their numbers are those of PyG's layers of the same name (the tests compare them), except
that weighted edges also count in ``sage`` (weighted mean) and ``gin`` (weighted sum).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional as F

from skellagnn.exceptions import InvalidParameterError
from skellagnn.resolve import resolve

__all__ = ["BACKBONES", "Backbone", "SparseEdges", "build_backbone", "edges_for", "mean_edges"]

Backbone = Callable[[int, int, int, int, float], nn.Module]


class _SparseProduct(torch.autograd.Function):
    """``matrix @ x`` with a prepared transpose: torch alone transposes anew in every backward pass."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, transpose: Tensor, x: Tensor) -> Tensor:
        ctx.transpose = transpose
        return matrix @ x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        return None, None, ctx.transpose @ gradients[0]


class SparseEdges:
    """A normalized adjacency as a linear map on node rows.

    Parameters
    ----------
    matrix : sparse array of shape (n_nodes, n_nodes)
        Row i holds the weights of the rows that i receives.
    device : torch.device or str, default="cpu"
    """

    def __init__(self, matrix: sparse.csr_array, device: torch.device | str = "cpu") -> None:
        self.matrix = _to_torch(sparse.csr_array(matrix), device)
        self.transpose = _to_torch(sparse.csr_array(matrix.T), device)

    def __call__(self, x: Tensor) -> Tensor:
        """Return ``matrix @ x`` of shape (n_nodes, n_columns)."""
        product: Tensor = _SparseProduct.apply(self.matrix, self.transpose, x)  # type: ignore[no-untyped-call]
        return product


def _to_torch(matrix: sparse.csr_array, device: torch.device | str) -> Tensor:
    with warnings.catch_warnings():
        # torch says once per process that CSR tensors are in beta; the tests check every product that we make
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        # tensor() copies: what came in may be a read-only memory map
        return torch.sparse_csr_tensor(
            torch.tensor(matrix.indptr, dtype=torch.int64),
            torch.tensor(matrix.indices, dtype=torch.int64),
            torch.tensor(matrix.data, dtype=torch.float32),
            size=matrix.shape,
            device=device,
            check_invariants=False,
        )


# -- edge forms: what a backbone wants the adjacency to be ------------------------------------------------------


def _mean_edges(adjacency: sparse.csr_array) -> sparse.csr_array:
    """Rows sum to 1: a (weighted) mean over the neighbors."""
    total = np.asarray(adjacency.sum(axis=1)).ravel()
    return sparse.csr_array(sparse.diags_array(1 / np.where(total == 0, 1, total)) @ adjacency)


def _symmetric_edges(adjacency: sparse.csr_array) -> sparse.csr_array:
    """Self-loops added, then D^-1/2 A D^-1/2 with D the row sums (Kipf and Welling, 2017)."""
    looped = adjacency + sparse.eye_array(adjacency.shape[0], format="csr", dtype=adjacency.dtype)
    scale = sparse.diags_array(1 / np.sqrt(np.asarray(looped.sum(axis=1)).ravel()))
    return sparse.csr_array(scale @ looped @ scale)


def mean_edges(adjacency: sparse.csr_array, device: torch.device | str = "cpu") -> SparseEdges:
    """Return the (weighted) mean over the neighbors as a map, what ``edge_form = "mean"`` stands for."""
    return SparseEdges(_mean_edges(adjacency), device)


def edges_for(network: nn.Module, adjacency: sparse.csr_array, device: torch.device | str = "cpu") -> Any:
    """Return the adjacency in the form that a network wants.

    Parameters
    ----------
    network : nn.Module
        ``network.edge_form`` is ``"mean"``, ``"symmetric"``, ``"sum"`` or ``"none"`` for most built-in ones; a module
        without it gets an ``edge_index``.
    adjacency : csr_array of shape (n_nodes, n_nodes)
    device : torch.device or str

    Returns
    -------
    edges : SparseEdges, None, or Tensor of shape (2, n_edges)
        An ``edge_index`` lists (source, target) in the order of the targets, without self-loops.

    Raises
    ------
    InvalidParameterError
        If the network names another form.
    """
    form = getattr(network, "edge_form", "edge_index")
    if form == "none":
        return None
    if form == "mean":
        return mean_edges(adjacency, device)
    if form == "symmetric":
        return SparseEdges(_symmetric_edges(adjacency), device)
    if form == "sum":
        return SparseEdges(adjacency, device)
    if form != "edge_index":
        raise InvalidParameterError(
            "`backbone` must build a module whose `edge_form` is 'mean', 'symmetric', 'sum', 'none' or 'edge_index', "
            f"got {form!r}. Leave the attribute away for an edge_index."
        )
    targets = np.repeat(np.arange(adjacency.shape[0]), np.diff(adjacency.indptr))
    return torch.from_numpy(np.stack([adjacency.indices.astype(np.int64), targets])).to(device)


def dropout(x: Tensor, p: float, training: bool) -> Tensor:
    """Zero entries with probability p and scale the others up, as ``torch.nn.functional.dropout`` does.

    On a CPU torch draws one random number per entry, which takes longer than all else in the training of a narrow
    network on wide rows. Here each 64-bit number decides four entries; p is met to 1 / 65,536.

    Parameters
    ----------
    x : Tensor
    p : float
        In [0, 1).
    training : bool
        False returns x.

    Returns
    -------
    dropped : Tensor of the shape of x
    """
    if not training or p == 0:
        return x
    if x.device.type != "cpu":
        return F.dropout(x, p, True)
    threshold = min(round(p * 65536), 65535)
    draws = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    keep = draws.view(torch.int16)[: x.numel()].view(x.shape) >= threshold - 32768
    return x * keep.to(x.dtype).mul_(65536 / (65536 - threshold))


# -- networks ---------------------------------------------------------------------------------------------------


def _widths(in_channels: int, hidden_channels: int, out_channels: int, n_layers: int) -> list[tuple[int, int]]:
    sizes = [in_channels, *[hidden_channels] * (n_layers - 1), out_channels]
    return list(pairwise(sizes))


class _Layered(nn.Module):
    """Dropout, layer, ReLU - the last layer without ReLU."""

    def __init__(self, layers: list[nn.Module], dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.dropout = dropout

    def forward(self, x: Tensor, edges: Any) -> Tensor:
        for i, layer in enumerate(self.layers):
            if i:
                x = x.relu()
            x = layer(dropout(x, self.dropout, self.training), edges)
        return x


class _SAGELayer(nn.Module):
    """W1 mean of neighbors + W2 own row + b (Hamilton et al., 2017)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.lin_l = nn.Linear(in_channels, out_channels)
        self.lin_r = nn.Linear(in_channels, out_channels, bias=False)

    def forward(self, x: Tensor, edges: SparseEdges) -> Tensor:
        # the product is linear: multiply on the narrower side of the transform
        if self.lin_l.out_features < self.lin_l.in_features:
            neighbors = edges(F.linear(x, self.lin_l.weight)) + self.lin_l.bias
        else:
            neighbors = self.lin_l(edges(x))
        own: Tensor = self.lin_r(x)
        return neighbors + own


class _GCNLayer(nn.Module):
    """Â x W + b (Kipf and Welling, 2017)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.lin = nn.Linear(in_channels, out_channels, bias=False)
        self.bias = nn.Parameter(torch.zeros(out_channels))
        nn.init.xavier_uniform_(self.lin.weight)

    def forward(self, x: Tensor, edges: SparseEdges) -> Tensor:
        if self.lin.out_features < self.lin.in_features:
            return edges(self.lin(x)) + self.bias
        product: Tensor = self.lin(edges(x))
        return product + self.bias


class _GINLayer(nn.Module):
    """MLP((1 + eps) x + sum of neighbors) with eps learned (Xu et al., 2019)."""

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int) -> None:
        super().__init__()
        self.eps = nn.Parameter(torch.zeros(1))
        self.mlp = nn.Sequential(
            nn.Linear(in_channels, hidden_channels), nn.ReLU(), nn.Linear(hidden_channels, out_channels)
        )

    def forward(self, x: Tensor, edges: SparseEdges) -> Tensor:
        out: Tensor = self.mlp(edges(x) + (1 + self.eps) * x)
        return out


class _LinearLayer(nn.Linear):
    """A layer that hears from nobody."""

    def forward(self, x: Tensor, edges: Any = None) -> Tensor:
        return super().forward(x)


class _GAT(nn.Module):
    """PyG's GATConv, eight heads of an eighth of the width (Velickovic et al., 2018)."""

    heads = 8

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int, n_layers: int, dropout: float):
        super().__init__()
        from torch_geometric.nn import GATConv  # takes seconds to import, and only this backbone needs it

        width = max(1, hidden_channels // self.heads)
        layers = []
        for i in range(n_layers):
            last = i == n_layers - 1
            channels = in_channels if i == 0 else width * self.heads
            layers.append(
                GATConv(channels, out_channels if last else width, heads=1 if last else self.heads, dropout=dropout)
            )
        self.layers = nn.ModuleList(layers)
        self.dropout = dropout

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        for i, layer in enumerate(self.layers):
            if i:
                x = F.elu(x)
            x = layer(dropout(x, self.dropout, self.training), edge_index)
        return x


class _GCN2(nn.Module):
    """GCNII: initial residual and identity mapping, for depth (Chen et al., 2020)."""

    edge_form = "symmetric"
    alpha, theta = 0.1, 0.5

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int, n_layers: int, dropout: float):
        super().__init__()
        self.first = nn.Linear(in_channels, hidden_channels)
        self.weights = nn.ParameterList(
            nn.Parameter(nn.init.xavier_uniform_(torch.empty(hidden_channels, hidden_channels)))
            for _ in range(n_layers)
        )
        self.last = nn.Linear(hidden_channels, out_channels)
        self.dropout = dropout

    def forward(self, x: Tensor, edges: SparseEdges) -> Tensor:
        x = initial = self.first(dropout(x, self.dropout, self.training)).relu()
        for i, weight in enumerate(self.weights, start=1):
            beta = float(np.log(self.theta / i + 1))
            mixed = (1 - self.alpha) * edges(dropout(x, self.dropout, self.training)) + self.alpha * initial
            x = ((1 - beta) * mixed + beta * (mixed @ weight)).relu()
        out: Tensor = self.last(dropout(x, self.dropout, self.training))
        return out


class _APPNP(nn.Module):
    """An MLP, then ten steps of personalized PageRank on its output (Gasteiger et al., 2019)."""

    edge_form = "symmetric"
    n_steps, alpha = 10, 0.1

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int, n_layers: int, dropout: float):
        super().__init__()
        widths = _widths(in_channels, hidden_channels, out_channels, n_layers)
        self.mlp = _Layered([_LinearLayer(*width) for width in widths], dropout)

    def forward(self, x: Tensor, edges: SparseEdges) -> Tensor:
        x = initial = self.mlp(x, None)
        for _ in range(self.n_steps):
            x = (1 - self.alpha) * edges(x) + self.alpha * initial
        return x


def _layered(form: str, make_layer: Callable[[int, int], nn.Module]) -> Backbone:
    def factory(in_channels: int, hidden_channels: int, out_channels: int, n_layers: int, dropout: float) -> nn.Module:
        widths = _widths(in_channels, hidden_channels, out_channels, n_layers)
        network = _Layered([make_layer(*width) for width in widths], dropout)
        network.edge_form = form  # type: ignore[assignment]
        return network

    return factory


def _gin(in_channels: int, hidden_channels: int, out_channels: int, n_layers: int, dropout: float) -> nn.Module:
    return _layered("sum", lambda wide, out: _GINLayer(wide, hidden_channels, out))(
        in_channels, hidden_channels, out_channels, n_layers, dropout
    )


BACKBONES: dict[str, Backbone] = {
    "sage": _layered("mean", _SAGELayer),
    "gcn": _layered("symmetric", _GCNLayer),
    "gat": _GAT,
    "gin": _gin,
    "gcn2": _GCN2,
    "appnp": _APPNP,
    "mlp": _layered("none", _LinearLayer),
}


def build_backbone(
    backbone: str | Backbone,
    in_channels: int,
    hidden_channels: int,
    out_channels: int,
    n_layers: int,
    dropout: float,
) -> nn.Module:
    """Build a network.

    Parameters
    ----------
    backbone : str or callable
        A key of ``BACKBONES``, or a factory called with the other arguments, by position.
    in_channels, hidden_channels, out_channels : int
        Width of the rows, of the layers between, and number of classes.
    n_layers : int
        Number of message-passing layers; of ``appnp`` and ``mlp``, of linear layers.
    dropout : float
        Probability to drop an entry of a layer's input in training.

    Returns
    -------
    network : nn.Module

    Raises
    ------
    InvalidParameterError
        If the name is unknown, or a factory returns something else than a module.
    """
    if isinstance(backbone, str):
        factory = resolve(backbone, BACKBONES, parameter="backbone", or_else="or a factory of an nn.Module")
    elif isinstance(backbone, nn.Module):
        raise InvalidParameterError(
            f"`backbone` must be a name or a factory, got a ready module {type(backbone).__name__}, whose weights "
            "would go on from one fit to the next. Pass a function that builds it: "
            "lambda in_channels, hidden_channels, out_channels, n_layers, dropout: MyModule(...)."
        )
    elif callable(backbone):
        factory = backbone
    else:
        raise InvalidParameterError(
            f"`backbone` must be one of {', '.join(map(repr, BACKBONES))} or a factory of an nn.Module, got "
            f"{backbone!r}."
        )
    network = factory(in_channels, hidden_channels, out_channels, n_layers, dropout)
    if not isinstance(network, nn.Module):
        raise InvalidParameterError(
            f"`backbone` must build an nn.Module, got {type(network).__name__} from the factory. Let it return one."
        )
    return network
