"""Full-graph training as we do it and as others do: same widths, layers, labels, edges, dropout, step size, decay.

All of them train on all nodes at once and take one step of Adam an epoch. Inputs of both layers are dropped out, as in
PyTorch Geometric's examples (scikit-network has neither dropout nor weight decay).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from generated import LabeledGraph

from skellagnn import PAPER_SETTINGS, ELLaGNNClassifier

LEARNING_RATE = 0.01
WEIGHT_DECAY = 5e-4
HEADS = 8

OURS = "skellagnn"
EDGE_INDEX = "PyG, edge_index"
CSR = "PyG, CSR"
SCIKIT_NETWORK = "scikit-network"
BACKBONES = ("sage", "gcn", "gat", "gin")


@dataclass(frozen=True)
class Recipe:
    """What all contenders have in common."""

    backbone: str
    hidden_channels: int
    dropout: float = 0.5
    device: str = "cpu"


@dataclass(frozen=True)
class Schedule:
    """How the time of an epoch is measured.

    Parameters
    ----------
    warm_up : int
        Epochs that do not count.
    n_epochs : int
        Epochs measured in a round, where a loop is ours to hold.
    slope : int
        Epochs that a longer ``fit`` runs beyond one of ``warm_up`` epochs, where ``fit`` holds the loop.
    fresh : bool
        Whether each round trains new networks with another seed; else a round goes on where the last one stopped.
    """

    warm_up: int
    n_epochs: int
    slope: int
    fresh: bool

    def total(self, n_rounds: int) -> int:
        """Return the epochs after which the accuracy is looked at."""
        return self.warm_up + self.n_epochs * (1 if self.fresh else n_rounds)


class _Fits:
    """A contender whose ``fit`` holds the loop: an epoch is the slope between a short fit and a long one."""

    def __init__(self, graph: LabeledGraph, recipe: Recipe, seed: int) -> None:
        self.graph, self.recipe, self.seed = graph, recipe, seed
        self._last = 0
        self._seconds = float("nan")

    def seconds_an_epoch(self, schedule: Schedule) -> float:
        """Return the seconds of an epoch, preparation excluded.

        On a busy machine the long fit may come out as the shorter one; then both are measured again.
        """
        for _ in range(5):
            short = self.fit(schedule.warm_up)
            seconds = (self.fit(schedule.warm_up + schedule.slope) - short) / schedule.slope
            if seconds > 0:
                return seconds
        raise SystemExit("The machine is too busy to measure: longer fits kept taking less time than shorter ones.")

    def finish(self, n_epochs: int) -> tuple[float, float]:
        """Return the seconds of a whole fit and the accuracy on the unlabeled nodes after it."""
        if self._last != n_epochs:
            self.fit(n_epochs)
        return self._seconds, self._accuracy()

    def fit(self, n_epochs: int) -> float:
        """Train a new network; return the seconds."""
        started = time.perf_counter()
        self._fit(n_epochs)
        self._last, self._seconds = n_epochs, time.perf_counter() - started
        return self._seconds

    def _fit(self, n_epochs: int) -> None:
        raise NotImplementedError

    def _accuracy(self) -> float:
        raise NotImplementedError


class Ours(_Fits):
    """The estimator with the paper's settings, no enhancer, all edges."""

    def __init__(self, graph: LabeledGraph, recipe: Recipe, seed: int) -> None:
        super().__init__(graph, recipe, seed)
        self._graph = graph.text_graph()

    def estimator(self, n_epochs: int) -> ELLaGNNClassifier:
        """Return it, not fitted."""
        return ELLaGNNClassifier(
            encoder=None,
            early_stopping=False,
            n_neighbors=None,
            backbone=self.recipe.backbone,
            hidden_channels=self.recipe.hidden_channels,
            dropout=self.recipe.dropout,
            learning_rate_init=LEARNING_RATE,
            weight_decay=WEIGHT_DECAY,
            max_iter=n_epochs,
            device=self.recipe.device,
            random_state=self.seed,
            **PAPER_SETTINGS,
        )

    def _fit(self, n_epochs: int) -> None:
        labeled = self.graph.labeled
        self._fitted = self.estimator(n_epochs).fit(self._graph[labeled], self.graph.classes[labeled])

    def _accuracy(self) -> float:
        unlabeled = self.graph.unlabeled
        return self._fitted.score(self._graph[unlabeled], self.graph.classes[unlabeled])


class ScikitNetwork(_Fits):
    """scikit-network's ``GNNClassifier``, all neighbors.

    Its backward pass is its own: it follows no edges, only the rows of the labeled nodes.
    """

    LAYERS = {"gcn": "Conv", "sage": "Sage"}  # noqa: RUF012

    def _fit(self, n_epochs: int) -> None:
        from sknetwork.gnn import GNNClassifier

        labels = np.full(len(self.graph.classes), -1)
        labels[self.graph.labeled] = self.graph.classes[self.graph.labeled]
        network = GNNClassifier(
            dims=[self.recipe.hidden_channels, self.graph.n_classes],
            layer_types=self.LAYERS[self.recipe.backbone],
            activations=["ReLu", "Softmax"],
            sample_sizes=int(np.diff(self.graph.adjacency.indptr).max()),
            learning_rate=LEARNING_RATE,
            early_stopping=False,
        )
        self._labels = network.fit_predict(
            _as_matrix(self.graph), self.graph.features, labels, n_epochs=n_epochs, random_state=self.seed
        )

    def _accuracy(self) -> float:
        unlabeled = self.graph.unlabeled
        return float((self._labels[unlabeled] == self.graph.classes[unlabeled]).mean())


class Loop:
    """The loop of PyTorch Geometric's full-graph examples, around its own models."""

    def __init__(self, graph: LabeledGraph, recipe: Recipe, seed: int, *, csr: bool) -> None:
        import torch

        started = time.perf_counter()
        torch.manual_seed(seed)
        self.graph, self.recipe = graph, recipe
        self.x = torch.from_numpy(graph.features).to(recipe.device)
        self.edges = pyg_edges(graph, recipe, csr=csr).to(recipe.device)
        self.model = pyg_model(graph, recipe, csr=csr).to(recipe.device)
        self._optimizer = torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        self._labeled = torch.from_numpy(graph.labeled).to(recipe.device)
        self._labels = torch.from_numpy(graph.classes[graph.labeled]).to(recipe.device)
        self._seconds = time.perf_counter() - started
        self._n_epochs = 0

    def seconds_an_epoch(self, schedule: Schedule) -> float:
        """Train on, after a warm-up if there was none; return the seconds of an epoch."""
        if self._n_epochs < schedule.warm_up:
            self.train(schedule.warm_up - self._n_epochs)
        return self.train(schedule.n_epochs) / schedule.n_epochs

    def train(self, n_epochs: int) -> float:
        """Train on; return the seconds."""
        import torch
        from torch.nn import functional as F

        started = time.perf_counter()
        for _ in range(n_epochs):
            self.model.train()
            self._optimizer.zero_grad()
            scores = self.model(F.dropout(self.x, self.recipe.dropout, training=True), self.edges)
            loss = F.cross_entropy(scores[self._labeled], self._labels)
            loss.backward()
            self._optimizer.step()
        if self.x.is_cuda:  # which is told what to do, and does it later
            torch.cuda.synchronize()
        seconds = time.perf_counter() - started
        self._n_epochs += n_epochs
        self._seconds += seconds
        return seconds

    def finish(self, n_epochs: int) -> tuple[float, float]:
        """Return the seconds of preparation and training, and the accuracy on the unlabeled nodes."""
        self.train(n_epochs - self._n_epochs)
        unlabeled = self.graph.unlabeled
        right = self.probabilities().argmax(axis=1)[unlabeled] == self.graph.classes[unlabeled]
        return self._seconds, float(right.mean())

    def probabilities(self) -> Any:
        """Predict, as PyTorch Geometric's examples do; ndarray of shape (n_nodes, n_classes)."""
        import torch

        self.model.eval()
        with torch.no_grad():
            return self.model(self.x, self.edges).softmax(dim=1).cpu().numpy()


def make_contender(name: str, graph: LabeledGraph, recipe: Recipe, seed: int) -> Ours | ScikitNetwork | Loop:
    """Prepare one of the contenders."""
    makers: dict[str, Callable[[], Ours | ScikitNetwork | Loop]] = {
        OURS: lambda: Ours(graph, recipe, seed),
        EDGE_INDEX: lambda: Loop(graph, recipe, seed, csr=False),
        CSR: lambda: Loop(graph, recipe, seed, csr=True),
        SCIKIT_NETWORK: lambda: ScikitNetwork(graph, recipe, seed),
    }
    return makers[name]()


def pyg_model(graph: LabeledGraph, recipe: Recipe, *, csr: bool) -> Any:
    """Build PyTorch Geometric's model of the same size as ours."""
    from torch_geometric.nn import GAT, GCN, GIN, MLP, GATConv, GINConv, GraphSAGE

    hidden, out = recipe.hidden_channels, graph.n_classes
    sizes = (graph.features.shape[1], hidden, 2, out, recipe.dropout)
    if recipe.backbone == "sage":
        return GraphSAGE(*sizes)
    if recipe.backbone == "gcn":
        # the normalized adjacency is computed once: ahead for CSR, in the first epoch for an edge_index
        return GCN(*sizes, normalize=False) if csr else GCN(*sizes, cached=True)
    if recipe.backbone == "gat":
        model = GAT(*sizes, heads=HEADS, act="elu")
        # attention dropped out as well, one head at the end: the example gat.py, and ours
        model.convs[0].dropout = recipe.dropout
        model.convs[-1] = GATConv(hidden, out, heads=1, concat=False, dropout=recipe.dropout)
        return model
    model = GIN(*sizes, train_eps=True)
    # the model's own last MLP has hidden layers as narrow as its output
    model.convs[-1] = GINConv(MLP([hidden, hidden, out], norm=None), train_eps=True)
    return model


def pyg_edges(graph: LabeledGraph, recipe: Recipe, *, csr: bool) -> Any:
    """Return the edges as an ``edge_index``, sorted like those of PyG's data sets, or as a CSR matrix."""
    import torch
    from torch_geometric.utils import to_torch_csr_tensor

    ends = graph.adjacency.tocoo().coords
    edge_index = torch.from_numpy(np.stack(ends).astype(np.int64))
    if not csr:
        return edge_index
    weights = None
    n_nodes = len(graph.classes)
    if recipe.backbone == "gcn":
        from torch_geometric.nn.conv.gcn_conv import gcn_norm

        edge_index, weights = gcn_norm(edge_index, num_nodes=n_nodes)
    return to_torch_csr_tensor(edge_index, weights, size=(n_nodes, n_nodes))


def _as_matrix(graph: LabeledGraph) -> Any:
    from scipy import sparse

    return sparse.csr_matrix(graph.adjacency)
