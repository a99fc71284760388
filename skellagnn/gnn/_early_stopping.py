"""Validation during training: the epoch that is kept; ``_training.train`` stops where none was better for long."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional as F

from skellagnn.gnn._loader import Reader
from skellagnn.gnn._targets import LabeledNodes

__all__ = ["EarlyStopping", "ValidationGraph"]

# Validation holds no gradients: its batches may be so many times as large as those of training.
BATCHES_AT_ONCE = 8


@dataclass(frozen=True)
class ValidationGraph:
    """What decides the epoch that is kept.

    Parameters
    ----------
    adjacency : csr_array of shape (n_nodes, n_nodes)
        Ranked with raw queries.
    raw : ndarray of shape (n_nodes, n_features)
        Raw feature vectors, of the training graph or of another one.
    labeled : LabeledNodes
        Nodes of that graph.
    """

    adjacency: sparse.csr_array
    raw: NDArray[Any]
    labeled: LabeledNodes


class EarlyStopping:
    """Scores a network on validation nodes, from features in their receptive field, and keeps its best state.

    Parameters
    ----------
    network : nn.Module
    validation : ValidationGraph
    batch_size : int or None
        Of training; None looks at all validation nodes at once.
    device : torch.device or str
    """

    def __init__(
        self,
        network: nn.Module,
        validation: ValidationGraph,
        batch_size: int | None,
        device: torch.device | str,
    ) -> None:
        self.network = network
        self.best_iter = 0
        self._best = (-np.inf, -np.inf)
        self._best_state: dict[str, Any] = {}
        self.targets, inverse = np.unique(validation.labeled.nodes, return_inverse=True)
        self.places = torch.from_numpy(inverse).to(device)
        self.labels = torch.tensor(validation.labeled.labels, device=device)
        self.weights = torch.tensor(validation.labeled.weights, device=device)
        self.reader = Reader(
            network, validation.adjacency, validation.raw, device, whole=True, repeated=batch_size is not None
        )
        # a network of one's own sees the whole graph, however few nodes are asked for: once is enough
        self.size = len(self.targets)
        if batch_size is not None and not self.reader.whole:
            self.size = min(self.size, BATCHES_AT_ONCE * batch_size)
        self.inputs = self.reader.read(self.targets) if self.size == len(self.targets) else None

    def score(self) -> tuple[float, float]:
        """Return weighted accuracy and cross-entropy."""
        self.network.eval()
        with torch.no_grad():
            scores = torch.cat([self._scores(start) for start in range(0, len(self.targets), self.size)])
            log_p = F.log_softmax(scores[self.places], dim=1)
            total = self.weights.sum()
            accuracy = (self.weights * (log_p.argmax(dim=1) == self.labels)).sum() / total
            loss = (self.weights * F.nll_loss(log_p, self.labels, reduction="none")).sum() / total
        values = torch.stack([accuracy, loss]).tolist()
        return values[0], values[1]

    def keep_if_best(self, epoch: int, accuracy: float, cross_entropy: float) -> None:
        """Keep a copy of the network as it is if no epoch was better."""
        # ties in accuracy, frequent on few nodes, go to the lower cross-entropy
        if (accuracy, -cross_entropy) > self._best:
            self._best = (accuracy, -cross_entropy)
            self.best_iter = epoch
            self._best_state = copy.deepcopy(self.network.state_dict())

    def restore(self) -> None:
        """Give the network the state that was kept."""
        if self.best_iter:
            self.network.load_state_dict(self._best_state)

    def _scores(self, start: int) -> Tensor:
        inputs = self.inputs or self.reader.read(self.targets[start : start + self.size])
        return inputs.scores(self.network)
