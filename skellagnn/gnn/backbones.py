"""Backbones: the message-passing networks.

A backbone is a factory ``(in_channels, hidden_channels, out_channels, n_layers, dropout) -> nn.Module`` whose module
maps ``forward(x, edges)`` to class scores of shape (n_nodes, out_channels). A module of one's own gets a PyG
``edge_index``; the built-in ones say with ``edge_form`` in which form they want the edges, and are made of layers
(:class:`~skellagnn.gnn._layered.LayeredNetwork`), so that training and prediction look only at nodes that matter. Their
numbers are those of PyG's layers of the same name (the tests compare them), except that weighted edges also count in
``sage`` (weighted mean) and ``gin`` (weighted sum).

A new one is a factory with a row in :data:`BACKBONES`: nothing else has to know it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skellagnn.base.resolve import accepts, resolve
from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn._attention import AttentionEdges, AttentionLayer
from skellagnn.gnn._layered import Gathered, LayeredNetwork
from skellagnn.gnn._sparse import SparseEdges

__all__ = ["BACKBONES", "Backbone", "build_backbone", "dropout"]

Backbone = Callable[[int, int, int, int, float], nn.Module]


def dropout(x: Tensor, p: float, training: bool) -> Tensor:
    """Zero entries with probability p and scale the others up, as ``torch.nn.functional.dropout`` does.

    On a CPU torch draws one random number per entry, which takes longer than all else in the training of a narrow
    network on wide vectors. Here each 64-bit number decides four entries; p is met to 1 / 65,536. What was kept is
    remembered in two bytes an entry.

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
    kept = draws.view(torch.int16)[: x.numel()].view(x.shape).ge_(threshold - 32768)
    dropped: Tensor = _Scaled.apply(x, kept, 65536 / (65536 - threshold))  # type: ignore[no-untyped-call]
    return dropped


class _Scaled(torch.autograd.Function):
    """``x * kept * scale``: neither that mask nor a product is made as a further array of floats.

    Of integers of two bytes ``to`` makes floats ten times as fast as of booleans.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, kept: Tensor, scale: float) -> Tensor:
        ctx.save_for_backward(kept)
        ctx.scale = scale
        return kept.to(x.dtype).mul_(x).mul_(scale)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (gradient,), (kept,) = gradients, ctx.saved_tensors
        return kept.to(gradient.dtype).mul_(gradient).mul_(ctx.scale), None, None


# -- networks ---------------------------------------------------------------------------------------------------


def _widths(in_channels: int, hidden_channels: int, out_channels: int, n_layers: int) -> list[tuple[int, int]]:
    sizes = [in_channels, *[hidden_channels] * (n_layers - 1), out_channels]
    return list(pairwise(sizes))


class _Layered(LayeredNetwork):
    """Dropout, layer, ReLU - the last layer without ReLU. Each layer propagates."""

    gathers = True

    def __init__(
        self, layers: list[nn.Module], dropout: float, edge_form: str, *, narrows: bool, hidden_width: int
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.dropout = dropout
        self.edge_form = edge_form
        self.n_propagations = len(layers)
        self.n_hidden = len(layers) - 1
        self.narrows = narrows
        self.hidden_width = hidden_width

    def propagate(self, i: int, x: Tensor, initial: Tensor, edges: Any) -> Tensor:
        out: Tensor = self.layers[i](dropout(x, self.dropout, self.training), edges)
        return out.relu() if i < self.n_hidden else out

    def propagate_gathered(self, gathered: Gathered) -> Tensor:
        layer: Any = self.layers[0]
        neighbors = dropout(gathered.neighbors, self.dropout, self.training)
        own = dropout(gathered.own, self.dropout, self.training) if layer.reads_own else gathered.own
        x: Tensor = layer.combine(own, neighbors)
        return x.relu() if self.n_hidden else x


class _SAGELayer(nn.Module):
    """W1 mean of neighbors + W2 x + b (Hamilton et al., 2017)."""

    reads_own = True

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.lin_l = nn.Linear(in_channels, out_channels)
        self.lin_r = nn.Linear(in_channels, out_channels, bias=False)

    def forward(self, x: Tensor, edges: SparseEdges) -> Tensor:
        own: Tensor = self.lin_r(edges.own(x))
        # the product is linear: multiply on the narrower side of the transform
        if self.lin_l.out_features < self.lin_l.in_features:
            return edges(F.linear(x, self.lin_l.weight)) + self.lin_l.bias + own
        neighbors: Tensor = self.lin_l(edges(x))
        return neighbors + own

    def combine(self, own: Tensor, neighbors: Tensor) -> Tensor:
        out: Tensor = self.lin_l(neighbors) + self.lin_r(own)
        return out


class _GCNLayer(nn.Module):
    """Â x W + b (Kipf and Welling, 2017)."""

    reads_own = False

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.lin = nn.Linear(in_channels, out_channels, bias=False)
        self.bias = nn.Parameter(torch.zeros(out_channels))
        nn.init.xavier_uniform_(self.lin.weight)

    def forward(self, x: Tensor, edges: SparseEdges) -> Tensor:
        if self.lin.out_features < self.lin.in_features:
            return edges(self.lin(x)) + self.bias
        return self.combine(x, edges(x))

    def combine(self, own: Tensor, neighbors: Tensor) -> Tensor:
        product: Tensor = self.lin(neighbors)
        return product + self.bias


class _GINLayer(nn.Module):
    """MLP((1 + eps) x + sum of neighbors) with eps learned (Xu et al., 2019)."""

    reads_own = True

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int) -> None:
        super().__init__()
        self.eps = nn.Parameter(torch.zeros(1))
        self.mlp = nn.Sequential(
            nn.Linear(in_channels, hidden_channels), nn.ReLU(), nn.Linear(hidden_channels, out_channels)
        )

    def forward(self, x: Tensor, edges: SparseEdges) -> Tensor:
        return self.combine(edges.own(x), edges(x))

    def combine(self, own: Tensor, neighbors: Tensor) -> Tensor:
        out: Tensor = self.mlp(torch.addcmul(neighbors, own, 1 + self.eps))  # one pass over wide vectors
        return out


class _MLP(LayeredNetwork):
    """Dropout, linear layer, ReLU - the last layer without ReLU. Looks at no edge."""

    edge_form = "none"

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int, n_layers: int, dropout: float):
        super().__init__()
        widths = _widths(in_channels, hidden_channels, out_channels, n_layers)
        self.layers = nn.ModuleList(nn.Linear(*width) for width in widths)
        self.dropout = dropout
        self.hidden_width = hidden_channels if n_layers > 1 else 0

    def hide(self, x: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            x = layer(dropout(x, self.dropout, self.training)).relu()
        return x

    def encode(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers[-1](dropout(self.hide(x), self.dropout, self.training))
        return out


class _GAT(LayeredNetwork):
    """Attention with eight heads of an eighth of the width, ELU between the layers (Velickovic et al., 2018)."""

    edge_form = "looped"
    heads = 8

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int, n_layers: int, dropout: float):
        super().__init__()
        width = max(1, hidden_channels // self.heads)
        layers = []
        for i in range(n_layers):
            last = i == n_layers - 1
            channels = in_channels if i == 0 else width * self.heads
            heads = 1 if last else self.heads
            layers.append(AttentionLayer(channels, out_channels if last else width, heads))
        self.layers = nn.ModuleList(layers)
        self.dropout = dropout
        self.n_propagations = n_layers
        self.n_hidden = n_layers - 1
        self.hidden_width = width * self.heads if n_layers > 1 else 0

    def propagate(self, i: int, x: Tensor, initial: Tensor, edges: AttentionEdges) -> Tensor:
        def drop(values: Tensor) -> Tensor:
            return dropout(values, self.dropout, self.training)

        out: Tensor = self.layers[i](drop(x), edges, drop)
        return F.elu(out) if i < self.n_propagations - 1 else out


class _GCN2(LayeredNetwork):
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
        self.n_propagations = self.n_hidden = n_layers
        self.hidden_width = hidden_channels

    def encode(self, x: Tensor) -> Tensor:
        return torch.relu(self.first(dropout(x, self.dropout, self.training)))

    def propagate(self, i: int, x: Tensor, initial: Tensor, edges: SparseEdges) -> Tensor:
        # M = (1 - alpha) A x + alpha x0, then ReLU((1 - beta) M + beta M W): deeper layers stay nearer to the identity
        beta = float(np.log(self.theta / (i + 1) + 1))
        neighbors = edges(dropout(x, self.dropout, self.training))
        mixed = (1 - self.alpha) * neighbors + self.alpha * edges.own(initial)
        out: Tensor = ((1 - beta) * mixed + beta * (mixed @ self.weights[i])).relu()
        return out

    def decode(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(dropout(x, self.dropout, self.training))
        return out


class _APPNP(LayeredNetwork):
    """An MLP, then ten steps of personalized PageRank on its output (Gasteiger et al., 2019)."""

    edge_form = "symmetric"
    n_steps, alpha = 10, 0.1
    n_propagations = n_hidden = n_steps

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int, n_layers: int, dropout: float):
        super().__init__()
        self.mlp = _MLP(in_channels, hidden_channels, out_channels, n_layers, dropout)
        self.hidden_width = self.mlp.hidden_width

    def hide(self, x: Tensor) -> Tensor:
        return self.mlp.hide(x)

    def encode(self, x: Tensor) -> Tensor:
        return self.mlp.encode(x)

    def propagate(self, i: int, x: Tensor, initial: Tensor, edges: SparseEdges) -> Tensor:
        # x <- (1 - alpha) A x + alpha x0
        return (1 - self.alpha) * edges(x) + self.alpha * edges.own(initial)


class _JKNet(_Layered):
    """Graph convolutions; class scores read the largest value that each column had after one (Xu et al., 2018)."""

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int, n_layers: int, dropout: float):
        layers: list[nn.Module] = [
            _GCNLayer(hidden_channels if i else in_channels, hidden_channels) for i in range(n_layers)
        ]
        narrows = hidden_channels < in_channels
        super().__init__(layers, dropout, "symmetric", narrows=narrows, hidden_width=hidden_channels)
        self.n_hidden = n_layers
        self.last = nn.Linear(hidden_channels, out_channels)

    def propagate(self, i: int, x: Tensor, initial: Tensor, edges: SparseEdges) -> Tensor:
        # between propagations a row holds the largest values so far, and what the last one made; of the first one these
        # are the same, and after the last nobody reads the second
        width = self.hidden_width
        made = super().propagate(i, x[:, -width:] if i else x, initial, edges)
        if i == 0:
            return made
        largest = torch.maximum(edges.own(x[:, :width]), made)
        return largest if i == self.n_propagations - 1 else torch.cat([largest, made], dim=1)

    def decode(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(dropout(x, self.dropout, self.training))
        return out


class _SGC(LayeredNetwork):
    """A^K x W + b, and nothing else (Wu et al., 2019). The product is linear: W comes first, where it narrows."""

    edge_form = "symmetric"
    gathers = True

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int, n_layers: int, dropout: float):
        super().__init__()
        self.lin = nn.Linear(in_channels, out_channels)
        self.dropout = dropout
        self.n_propagations = n_layers
        self.narrows = out_channels < in_channels

    def encode(self, x: Tensor) -> Tensor:
        return F.linear(dropout(x, self.dropout, self.training), self.lin.weight)

    def propagate(self, i: int, x: Tensor, initial: Tensor, edges: SparseEdges) -> Tensor:
        return edges(x)

    def propagate_gathered(self, gathered: Gathered) -> Tensor:
        return self.encode(gathered.neighbors)

    def decode(self, x: Tensor) -> Tensor:
        return x + self.lin.bias


def _layered(form: str, make_layer: Callable[[int, int], nn.Module]) -> Backbone:
    def factory(in_channels: int, hidden_channels: int, out_channels: int, n_layers: int, dropout: float) -> nn.Module:
        widths = _widths(in_channels, hidden_channels, out_channels, n_layers)
        # a sum goes into a network with a hidden layer: only a linear transform may come before the aggregation
        narrows = form != "sum" and widths[0][1] < widths[0][0]
        hidden_width = hidden_channels if n_layers > 1 else 0
        layers = [make_layer(*width) for width in widths]
        return _Layered(layers, dropout, form, narrows=narrows, hidden_width=hidden_width)

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
    "jknet": _JKNet,
    "sgc": _SGC,
    "mlp": _MLP,
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
        Width of the feature vectors, of the layers between, and number of classes.
    n_layers : int
        Number of message-passing layers; of ``sgc`` of propagations, of ``appnp`` and ``mlp`` of linear layers.
    dropout : float
        Probability to drop an entry of a layer's input in training.

    Returns
    -------
    network : nn.Module

    Raises
    ------
    InvalidParameterError
        If the name is unknown, or a factory cannot be called with these arguments, or returns something else than a
        module with parameters to train and ``forward(x, edge_index)``.
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
        if not accepts(factory, 5):
            raise InvalidParameterError(
                "`backbone` must be a factory that is called with five arguments, (in_channels, hidden_channels, "
                f"out_channels, n_layers, dropout), got one that takes {inspect.signature(factory)}. Wrap it: lambda "
                "in_channels, hidden_channels, out_channels, n_layers, dropout: MyModule(...)."
            )
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
    if not accepts(network.forward, 2):
        raise InvalidParameterError(
            f"`backbone` must build a module with forward(x, edge_index), got {type(network).__name__}, whose forward "
            f"takes {inspect.signature(network.forward)}. Write a module that takes both."
        )
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise InvalidParameterError(
            f"`backbone` must build a module with parameters to train, got {type(network).__name__} with none. Assign "
            "layers to attributes of the module, lists of them as nn.ModuleList."
        )
    return network
