"""What the steps of training read: feature vectors and edges, of a whole graph or of mini-batches.

Only feature vectors in the receptive field of the targets are looked at. Where a network reads its input through a
linear layer (:attr:`~skellagnn.gnn._layered.LayeredNetwork.gathers`), that layer's aggregation of constant vectors is
made once, and LLM views, which change a few vectors, only add their difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from skellagnn.base.resources import scratch_array
from skellagnn.gnn._attention import AttentionEdges
from skellagnn.gnn._inference import check_rows, to_tensor
from skellagnn.gnn._layered import Gathered, LayeredEdges, LayeredNetwork
from skellagnn.gnn._sampling import NeighborSampler
from skellagnn.gnn._sparse import EdgeIndex, SparseEdges, aggregate, edge_form_of, edge_matrix, make_edges
from skellagnn.gnn._views import NodeFeatures

__all__ = ["Inputs", "Reader", "ahead"]

T = TypeVar("T")


@dataclass
class Inputs:
    """What a network reads to make the output of some targets.

    Parameters
    ----------
    x : Tensor of shape (n_in, n_features), or Gathered
        Raw feature vectors.
    edges : object
        Second argument of the network.
    places : Tensor of int64 of shape (n_targets,), or None
        Where the targets are in the output; None: they are the output.
    shown : tuple of Tensor, or None
        Positions in ``x`` of nodes that have LLM views, and their positions among the active nodes.
    cross : SparseEdges of shape (n_out, n_active), or None
        Edges from active nodes into those whose neighbors are gathered.
    """

    x: Tensor | Gathered
    edges: Any
    places: Tensor | None
    shown: tuple[Tensor, Tensor] | None
    cross: SparseEdges | None

    @property
    def device(self) -> torch.device:
        """Where all of it is."""
        return self.x.own.device if isinstance(self.x, Gathered) else self.x.device

    def scores(self, network: Any, x: Tensor | Gathered | None = None) -> Tensor:
        """Return the network's output for the targets, from these feature vectors or others in their place."""
        x = self.x if x is None else x
        output: Tensor = network(x, self.edges)
        if isinstance(x, Tensor) and not isinstance(self.edges, LayeredEdges):
            check_rows(output, len(x))
        return output if self.places is None else output[self.places]

    def prepare(self) -> None:
        """Make now what the backward pass needs: worth it where this is another thread than the one that trains."""
        layers = self.edges.layers if isinstance(self.edges, LayeredEdges) else [self.edges]
        for layer in layers:
            if isinstance(layer, (SparseEdges, AttentionEdges)):
                layer.prepare()

    def draw(self, features: NodeFeatures, rng: np.random.Generator) -> Tensor | Gathered:
        """Return the feature vectors of one pass, some active nodes showing one of their LLM views."""
        index, views = features.draw_views(rng)
        if len(index) == 0 or self.shown is None:
            return self.x
        difference = views - features.raw[features.active[index]].astype(np.float32)
        own = self.x.own if isinstance(self.x, Gathered) else self.x
        change = own.new_zeros(len(features.active), own.shape[1])
        change[torch.from_numpy(index).to(own.device)] = torch.from_numpy(difference).to(own.device)
        positions, active = self.shown
        own = own.index_add(0, positions, change[active])
        if not isinstance(self.x, Gathered):
            return own
        assert self.cross is not None
        return Gathered(own, self.x.neighbors + self.cross.multiply(change))


class Reader:
    """Makes the inputs of one network on one graph.

    Parameters
    ----------
    network : nn.Module
    adjacency : csr_array of shape (n_nodes, n_nodes)
        Ranked edges.
    raw : ndarray of float32 or float16 of shape (n_nodes, n_features)
        Raw feature vectors; may be a memory map.
    device : torch.device or str
    active : ndarray of int64 of shape (n_active,), default=None
        Nodes with LLM views.
    reach : int, default=2
        How many edges away from its targets a batch of a network of one's own reaches; the built-in ones say how far
        their receptive field does.
    whole : bool, default=False
        Never cut the graph: what a network of one's own is given unless it is trained in batches.
    sample_size : int or None, default=None
        Neighbors drawn for each node and layer; None takes all.
    repeated : bool, default=False
        Whether other targets are asked for in each step: then the aggregation is made for all nodes at once.

    Notes
    -----
    A network of one's own gets a cut-out graph, of which the nodes ``reach`` edges away keep no incoming edges (as in
    PyG's ``NeighborLoader``). Layers that weigh a message by its source's degree, such as PyG's ``GCNConv``, need a
    reach of one more than the network has layers to be exact.
    """

    def __init__(
        self,
        network: nn.Module,
        adjacency: sparse.csr_array,
        raw: NDArray[Any],
        device: torch.device | str,
        *,
        active: NDArray[np.int64] | None = None,
        reach: int = 2,
        whole: bool = False,
        sample_size: int | None = None,
        repeated: bool = False,
    ) -> None:
        self.raw = raw
        self.device = torch.device(device)
        self.form = edge_form_of(network)
        self.matrix = edge_matrix(self.form, adjacency)
        self.layered = isinstance(network, LayeredNetwork)
        self.whole = whole and not self.layered
        self.gathers = isinstance(network, LayeredNetwork) and network.gathers
        self.reach = network.n_propagations if isinstance(network, LayeredNetwork) else reach
        self.sampler = NeighborSampler(self.matrix, sample_size)
        self.active = np.empty(0, dtype=np.int64) if active is None else active
        self._active_order = np.argsort(self.active)
        self._to_active = self.matrix[:, self.active] if self.gathers and len(self.active) else None
        self._table: NDArray[Any] | None = None
        if repeated and self.gathers:
            # a mean is as small as the vectors it is of; a sum may be too large for half precision
            dtype = np.float32 if self.form == "sum" else raw.dtype
            self._table = aggregate(self.matrix, raw, scratch_array(raw.shape, dtype))
        self._square: Any = None

    def read(self, targets: NDArray[np.int64], rng: np.random.Generator | None = None) -> Inputs:
        """Return the inputs for some targets.

        Parameters
        ----------
        targets : ndarray of int64 of shape (n_targets,)
            Without repeats.
        rng : numpy.random.Generator, default=None
            For sampled neighbors.
        """
        n_nodes = self.matrix.shape[0]
        if self.whole or (len(targets) == n_nodes and not self.sampler.leaves_out):
            return self._read_all(targets)
        field = self.sampler.sample(targets, self.reach - 1 if self.gathers else self.reach, rng)
        if self.layered:
            edges: Any = LayeredEdges([make_edges(self.form, matrix, self.device) for matrix in field.matrices])
            if self.gathers:
                edges.layers.insert(0, None)
            return self._with_features(field.nodes, edges, None)
        places = torch.arange(len(targets), device=self.device)
        return self._with_features(field.nodes, self._union(field.matrices, len(field.nodes)), places)

    def _read_all(self, targets: NDArray[np.int64]) -> Inputs:
        if self._square is None:
            self._square = None if self.form == "none" else make_edges(self.form, self.matrix, self.device)
        edges = self._square
        if isinstance(edges, EdgeIndex) and not self.layered:
            edges = edges.index
        n_nodes = self.matrix.shape[0]
        places = None if _is_all(targets, n_nodes) else torch.from_numpy(targets).to(self.device)
        return self._with_features(np.arange(n_nodes), edges, places)

    def _union(self, matrices: list[sparse.csr_array], n_nodes: int) -> Any:
        """Edges of a cut-out graph for a network of one's own: those into all nodes that are not at its rim."""
        if self.form == "none":
            return None
        first = matrices[0]
        indptr = np.concatenate([first.indptr, np.full(n_nodes - first.shape[0], first.indptr[-1])])
        square = sparse.csr_array((first.data, first.indices, indptr), shape=(n_nodes, n_nodes))
        edges = make_edges(self.form, square, self.device)
        return edges.index if isinstance(edges, EdgeIndex) else edges

    def _with_features(self, nodes: NDArray[np.int64], edges: Any, places: Tensor | None) -> Inputs:
        own = to_tensor(self._take(self.raw, nodes), self.device)
        shown = None
        x: Tensor | Gathered = own
        cross = None
        if self.gathers:
            if self._table is not None:
                neighbors = self._take(self._table, nodes)
            else:
                neighbors = aggregate(self.matrix if _is_all(nodes, len(self.raw)) else self.matrix[nodes], self.raw)
            x = Gathered(own, to_tensor(neighbors, self.device))
        if len(self.active):
            ordered = self.active[self._active_order]
            place = np.minimum(np.searchsorted(ordered, nodes), len(ordered) - 1)
            found = np.flatnonzero(ordered[place] == nodes)
            if self._to_active is not None:
                cross = SparseEdges(self._to_active[nodes], self.device)
            parts = (found, self._active_order[place[found]])
            shown = (torch.from_numpy(parts[0]).to(self.device), torch.from_numpy(parts[1]).to(self.device))
        return Inputs(x, edges, places, shown, cross)

    @staticmethod
    def _take(vectors: NDArray[Any], nodes: NDArray[np.int64]) -> NDArray[Any]:
        return vectors if _is_all(nodes, len(vectors)) else vectors[nodes]


def _is_all(nodes: NDArray[np.int64], n_nodes: int) -> bool:
    """Whether these are all nodes, in order."""
    return len(nodes) == n_nodes and bool((nodes == np.arange(n_nodes)).all())


def ahead(steps: Iterator[T]) -> Iterator[T]:
    """Yield the same, each prepared in another thread while the one before is in use."""
    end = object()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="skellagnn-batches") as pool:
        waiting = pool.submit(next, steps, end)
        while (step := waiting.result()) is not end:
            waiting = pool.submit(next, steps, end)
            yield step  # type: ignore[misc]
