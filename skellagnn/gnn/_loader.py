"""What the steps of training read: rows, edges and targets, of a whole graph or of mini-batches.

Only rows in the receptive field of the targets are looked at. Where a network reads its input through a linear hop
(:attr:`~skellagnn.gnn._layered.HopNetwork.gathers`), that hop's aggregation of constant rows is made once, and LLM
views, which change a few rows, only add their difference.
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
from skellagnn.gnn._inference import to_tensor
from skellagnn.gnn._layered import Gathered, HopNetwork, LayeredEdges
from skellagnn.gnn._sampling import HopFinder
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
        Raw rows.
    edges : object
        Second argument of the network.
    rows : Tensor of int64 of shape (n_targets,), or None
        Where the targets are in the output; None: they are the output.
    shown : tuple of Tensor, or None
        Positions in ``x`` of nodes that have LLM views, and their positions among the active nodes.
    cross : SparseEdges of shape (n_out, n_active), or None
        What the gathered rows hear from active nodes.
    """

    x: Tensor | Gathered
    edges: Any
    rows: Tensor | None
    shown: tuple[Tensor, Tensor] | None
    cross: SparseEdges | None

    def prepare(self) -> None:
        """Make now what the backward pass needs: worth it where this is another thread than the one that trains."""
        layers = self.edges.layers if isinstance(self.edges, LayeredEdges) else [self.edges]
        for layer in layers:
            if isinstance(layer, (SparseEdges, AttentionEdges)):
                layer.prepare()

    def draw(self, features: NodeFeatures, rng: np.random.Generator, view_probability: float) -> Tensor | Gathered:
        """Return the rows of one pass, some active nodes showing one of their LLM views."""
        index, rows = features.draw_views(rng, view_probability)
        if len(index) == 0 or self.shown is None:
            return self.x
        difference = rows - features.raw[features.active[index]].astype(np.float32)
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
        Raw rows; may be a memory map.
    device : torch.device or str
    active : ndarray of int64 of shape (n_active,), default=None
        Nodes with LLM views.
    n_hops : int, default=2
        Hops that a batch of a network of one's own reaches; the built-in ones say how many they need.
    whole : bool, default=False
        Never cut the graph: what a network of one's own is given unless it is trained in batches.
    sample_size : int or None, default=None
        Neighbors drawn for each node and hop; None takes all.
    preferences : ndarray of float32 of shape (n_edges,), default=None
        Of the entries of the adjacency: draw in proportion to these. None: uniformly.
    constant : bool, default=True
        Whether rows change from pass to pass by LLM views alone, so that they can be aggregated once.
    repeated : bool, default=False
        Whether other targets are asked for in each step: then the aggregation is made for all nodes at once.

    Notes
    -----
    A network of one's own gets a cut-out graph, of which the nodes ``n_hops`` hops away keep no incoming edges (as in
    PyG's ``NeighborLoader``). Layers that weigh a message by its sender's degree, such as PyG's ``GCNConv``, need one
    hop more than the network has layers to be exact.
    """

    def __init__(
        self,
        network: nn.Module,
        adjacency: sparse.csr_array,
        raw: NDArray[Any],
        device: torch.device | str,
        *,
        active: NDArray[np.int64] | None = None,
        n_hops: int = 2,
        whole: bool = False,
        sample_size: int | None = None,
        preferences: NDArray[np.float32] | None = None,
        constant: bool = True,
        repeated: bool = False,
    ) -> None:
        self.raw = raw
        self.device = torch.device(device)
        self.form = edge_form_of(network)
        self.matrix = edge_matrix(self.form, adjacency)
        self.hopwise = isinstance(network, HopNetwork)
        self.whole = whole and not self.hopwise
        self.gathers = isinstance(network, HopNetwork) and network.gathers and constant
        self.n_hops = network.n_hops if isinstance(network, HopNetwork) else n_hops
        if preferences is not None and self.matrix.nnz != len(preferences):
            preferences = _with_loops(adjacency, self.matrix, preferences)
        self.finder = HopFinder(self.matrix, sample_size, preferences)
        self.active = np.empty(0, dtype=np.int64) if active is None else active
        self._active_order = np.argsort(self.active)
        self._to_active = self.matrix[:, self.active] if self.gathers and len(self.active) else None
        self._table: NDArray[Any] | None = None
        if repeated and self.gathers:
            # a mean is as small as the rows it is of; a sum may be too large for half precision
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
        samples = self.finder.sample_size is not None and self.finder.sample_size < self.finder.largest_degree
        if self.whole or (len(targets) == n_nodes and not samples):
            return self._read_all(targets)
        n_hops = self.n_hops - 1 if self.gathers else self.n_hops
        hops = self.finder.find(targets, n_hops, rng)
        if self.hopwise:
            edges: Any = LayeredEdges([make_edges(self.form, matrix, self.device) for matrix in hops.matrices])
            if self.gathers:
                edges.layers.insert(0, None)
            return self._with_rows(hops.nodes, edges, None)
        return self._with_rows(hops.nodes, self._union(hops.matrices, len(hops.nodes)), self._rows(len(targets)))

    def _read_all(self, targets: NDArray[np.int64]) -> Inputs:
        if self._square is None:
            self._square = None if self.form == "none" else make_edges(self.form, self.matrix, self.device)
        edges = self._square
        if isinstance(edges, EdgeIndex) and not self.hopwise:
            edges = edges.index
        n_nodes = self.matrix.shape[0]
        rows = None if _is_all(targets, n_nodes) else torch.from_numpy(targets).to(self.device)
        return self._with_rows(np.arange(n_nodes), edges, rows)

    def _rows(self, n_targets: int) -> Tensor:
        return torch.arange(n_targets, device=self.device)

    def _union(self, matrices: list[sparse.csr_array], n_nodes: int) -> Any:
        """Edges of a cut-out graph for a network of one's own: those into all nodes that are not at its rim."""
        if self.form == "none":
            return None
        first = matrices[0]
        indptr = np.concatenate([first.indptr, np.full(n_nodes - first.shape[0], first.indptr[-1])])
        square = sparse.csr_array((first.data, first.indices, indptr), shape=(n_nodes, n_nodes))
        edges = make_edges(self.form, square, self.device)
        return edges.index if isinstance(edges, EdgeIndex) else edges

    def _with_rows(self, nodes: NDArray[np.int64], edges: Any, rows: Tensor | None) -> Inputs:
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
        return Inputs(x, edges, rows, shown, cross)

    @staticmethod
    def _take(rows: NDArray[Any], nodes: NDArray[np.int64]) -> NDArray[Any]:
        return rows if _is_all(nodes, len(rows)) else rows[nodes]


def _is_all(nodes: NDArray[np.int64], n_nodes: int) -> bool:
    """Whether these are all nodes, in order."""
    return len(nodes) == n_nodes and bool((nodes == np.arange(n_nodes)).all())


def _with_loops(
    adjacency: sparse.csr_array, matrix: sparse.csr_array, preferences: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Spread preferences of the edges to a form that has self-loops beside them."""
    receivers = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    spread = np.ones(matrix.nnz, dtype=np.float32)
    spread[matrix.indices != receivers] = preferences
    return spread


def ahead(steps: Iterator[T]) -> Iterator[T]:
    """Yield the same, each prepared in another thread while the one before is in use."""
    end = object()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="skellagnn-batches") as pool:
        waiting = pool.submit(next, steps, end)
        while (step := waiting.result()) is not end:
            waiting = pool.submit(next, steps, end)
            yield step  # type: ignore[misc]
