"""Networks made of hops: what training and prediction know of a built-in backbone.

A network that says what one hop does to some rows can be run on all nodes at once, on the receptive field of a few, and
layer by layer (:mod:`skellagnn.gnn._loader`, :mod:`skellagnn.gnn._inference`); which networks there are is the
business of :mod:`skellagnn.gnn.backbones`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor, nn

from skellagnn.gnn._sparse import EdgeIndex

__all__ = ["Gathered", "HopNetwork", "LayeredEdges"]


class Gathered(NamedTuple):
    """What a first layer reads, aggregated beforehand.

    Parameters
    ----------
    own : Tensor of shape (n_out, n_features)
        Rows of the nodes for which the layer makes output.
    neighbors : Tensor of shape (n_out, n_features)
        The product of the layer's edges with the rows of all nodes.
    """

    own: Tensor
    neighbors: Tensor


class LayeredEdges:
    """Edges of several layers, each with fewer output rows than the one before.

    Parameters
    ----------
    layers : list of SparseEdges, EdgeIndex or None
        First layer first; None where the first layer's input is :class:`Gathered`.
    """

    def __init__(self, layers: list[Any]) -> None:
        self.layers = layers

    def at(self, hop: int) -> Any:
        """Return the edges of a layer."""
        return self.layers[hop]


class HopNetwork(nn.Module):
    """A network made of three kinds of steps, of which only the hops look at edges.

    ``encode`` and ``decode`` work row by row, hop i makes rows of the nodes that later hops need out of rows of these
    and of their neighbors. Whoever runs it may therefore cut rows away between the hops (receptive fields, batches) or
    make a whole layer before the next (exact inference); ``forward`` on all nodes gives the same numbers.
    """

    edge_form = "sum"
    n_hops = 0
    # Whether hop 0 reads constant rows through a linear map, so that they can be aggregated once: `first_hop`.
    gathers = False
    # Whether hop 0 makes rows that are narrower than those it reads.
    narrows = False

    def encode(self, x: Tensor) -> Tensor:
        """Return the rows that the first hop reads."""
        return x

    def hop(self, i: int, x: Tensor, initial: Tensor, edges: Any) -> Tensor:
        """Return rows of the nodes ``edges.own`` after hop i, from rows after hop i - 1 and from encoded ones."""
        raise NotImplementedError  # what a hop does is all that a network has to say

    def first_hop(self, gathered: Gathered) -> Tensor:
        """Return what hop 0 makes of rows that were aggregated beforehand."""
        raise NotImplementedError  # only asked of networks that gather

    def decode(self, x: Tensor) -> Tensor:
        """Return class scores."""
        return x

    def forward(self, x: Tensor | Gathered, edges: Any = None) -> Tensor:
        """Return class scores of shape (n_out, out_channels)."""
        first = 0
        if isinstance(x, Gathered):
            x, first = self.first_hop(x), 1
            initial = x  # a network that gathers does not read encoded rows again
        else:
            x = initial = self.encode(x)
        for i in range(first, self.n_hops):
            layer = _local(edges, i, len(x))
            x = self.hop(i, x, initial, layer)
            initial = layer.own(initial)
        return self.decode(x)


def _local(edges: Any, hop: int, n_nodes: int) -> Any:
    if not isinstance(edges, Tensor):
        return edges.at(hop)
    # a whole graph's edge_index, as PyG's layers take it
    whole = EdgeIndex.__new__(EdgeIndex)
    whole.index, whole.shape, whole.n_out = edges, (n_nodes, n_nodes), n_nodes
    return whole
