"""Networks made of layers: what training and prediction know of a built-in backbone.

A network that says what one propagation does to some nodes can be run on all nodes at once, on the receptive field of a
few, and layer by layer (:mod:`skellagnn.gnn._loader`, :mod:`skellagnn.gnn._inference`); which networks there are is the
business of :mod:`skellagnn.gnn.backbones`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor, nn

from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn._sparse import EdgeIndex

__all__ = ["Gathered", "HiddenLayer", "LayeredEdges", "LayeredNetwork", "hidden_layer"]


class Gathered(NamedTuple):
    """What a first layer reads, aggregated beforehand.

    Parameters
    ----------
    own : Tensor of shape (n_out, n_features)
        Feature vectors of the nodes for which the layer makes output.
    neighbors : Tensor of shape (n_out, n_features)
        The product of the layer's edges with the feature vectors of all nodes.
    """

    own: Tensor
    neighbors: Tensor


class LayeredEdges:
    """Edges of several layers, each into fewer nodes than the one before.

    Parameters
    ----------
    layers : list of SparseEdges, EdgeIndex or None
        First layer first; None where the first layer's input is :class:`Gathered`.
    """

    def __init__(self, layers: list[Any]) -> None:
        self.layers = layers

    def at(self, layer: int) -> Any:
        """Return the edges of a layer."""
        return self.layers[layer]


class LayeredNetwork(nn.Module):
    """A network made of three kinds of steps, of which only the propagations look at edges.

    ``encode`` and ``decode`` work node by node; propagation i makes vectors of the nodes that later ones need out of
    vectors of these and of their neighbors. Whoever runs it may therefore leave nodes away between the propagations
    (receptive fields, batches) or make a whole layer before the next (exact inference); ``forward`` on all nodes gives
    the same numbers.
    """

    edge_form = "sum"
    # How many edges away from a node its receptive field reaches.
    n_propagations = 0
    # How many propagations make hidden vectors: the last hidden layer comes after them, and class scores of it.
    n_hidden = 0
    # Columns of the last hidden layer; 0 where there is none.
    hidden_width = 0
    # Whether propagation 0 reads constant feature vectors through a linear map, so that they can be aggregated once:
    # `propagate_gathered`.
    gathers = False
    # Whether propagation 0 makes vectors that are narrower than those it reads.
    narrows = False

    def encode(self, x: Tensor) -> Tensor:
        """Return what the first propagation reads of feature vectors."""
        return x

    def hide(self, x: Tensor) -> Tensor:
        """Return what :meth:`encode` returns, but hidden vectors in place of class scores, if it makes such."""
        return self.encode(x)

    def propagate(self, i: int, x: Tensor, initial: Tensor, edges: Any) -> Tensor:
        """Return the vectors of the nodes ``edges.own``, from those after propagation i - 1 and from encoded ones."""
        raise NotImplementedError  # what a propagation does is all that a network has to say

    def propagate_gathered(self, gathered: Gathered) -> Tensor:
        """Return what propagation 0 makes of feature vectors that were aggregated beforehand."""
        raise NotImplementedError  # only asked of networks that gather

    def decode(self, x: Tensor) -> Tensor:
        """Return class scores."""
        return x

    def forward(self, x: Tensor | Gathered, edges: Any = None) -> Tensor:
        """Return class scores of shape (n_out, out_channels)."""
        first = 0
        if isinstance(x, Gathered):
            x, first = self.propagate_gathered(x), 1
            initial = x  # a network that gathers does not read encoded vectors again
        else:
            x = initial = self.encode(x)
        for i in range(first, self.n_propagations):
            layer = _local(edges, i, len(x))
            x = self.propagate(i, x, initial, layer)
            initial = layer.own(initial)
        return self.decode(x)


class HiddenLayer(LayeredNetwork):
    """A network up to its last hidden layer: what it returns in place of class scores."""

    def __init__(self, network: LayeredNetwork) -> None:
        super().__init__()
        self.network = network
        self.edge_form = network.edge_form
        self.n_propagations = network.n_hidden
        self.gathers = network.gathers and network.n_hidden > 0
        self.narrows = network.narrows
        self.hidden_width = network.hidden_width
        self.training = network.training  # whoever runs it sets the mode, and puts it back

    def encode(self, x: Tensor) -> Tensor:
        return self.network.hide(x)

    def propagate(self, i: int, x: Tensor, initial: Tensor, edges: Any) -> Tensor:
        return self.network.propagate(i, x, initial, edges)

    def propagate_gathered(self, gathered: Gathered) -> Tensor:
        return self.network.propagate_gathered(gathered)


def hidden_layer(network: nn.Module) -> HiddenLayer:
    """Return a network up to its last hidden layer.

    Raises
    ------
    InvalidParameterError
        If it has none, or is no :class:`LayeredNetwork`, of which nobody knows where it is.
    """
    if not isinstance(network, LayeredNetwork):
        raise InvalidParameterError(
            "`backbone` must be a built-in one, or a LayeredNetwork, for its hidden layer to be known, got "
            f"{type(network).__name__}. Take it from the module yourself: clf.network_."
        )
    if network.hidden_width == 0:
        raise InvalidParameterError(
            "`n_layers` must be at least 2, and `backbone` more than linear, for a network to have a hidden layer, got "
            f"{type(network).__name__.lstrip('_')} without. Fit with n_layers=2, with another backbone than 'sgc'."
        )
    return HiddenLayer(network)


def _local(edges: Any, layer: int, n_nodes: int) -> Any:
    if not isinstance(edges, Tensor):
        return edges.at(layer)
    # a whole graph's edge_index, as PyG's layers take it
    whole = EdgeIndex.__new__(EdgeIndex)
    whole.index, whole.shape, whole.n_out = edges, (n_nodes, n_nodes), n_nodes
    return whole
