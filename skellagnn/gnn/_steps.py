"""The steps of training: which nodes each looks at, and what it reads of them."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from skellagnn.gnn._distributed import ProcessGroup
from skellagnn.gnn._loader import Inputs, Reader, ahead
from skellagnn.gnn._targets import LabeledNodes, SoftLabels
from skellagnn.gnn._views import NodeFeatures

__all__ = ["Step", "StepMaker", "TrainingSettings"]


@dataclass(frozen=True)
class TrainingSettings:
    """Numbers of the training loop; most names are those of the estimator's parameters."""

    learning_rate_init: float
    weight_decay: float
    max_iter: int
    n_iter_no_change: int
    consistency: float = 0.0
    drop_node: float = 0.0
    soft_label_weight: float = 0.0
    n_passes: int = 2
    # Sharpening of the mean prediction that the passes are to agree with; 1 leaves it as it is.
    temperature: float = 0.5
    # Share of `max_iter` over which the consistency term grows: early predictions are not worth agreeing with.
    ramp: float = 0.1
    # Labeled nodes of a step; None: all of them, one step an epoch.
    batch_size: int | None = None
    # Nodes without label that a step looks at for each of the two terms that need none; None: all.
    n_unlabeled: int | None = 256
    # Neighbors drawn per node and hop in a batch (None: all), and whether in proportion to their similarity.
    sample_size: int | None = None
    sampling: str = "uniform"
    # Hops that a batch of a network of one's own reaches.
    n_hops: int = 2
    precision: str = "float32"
    compile: bool = False


@dataclass
class Step:
    """What one step of training looks at. Rows count positions among the step's targets.

    Parameters
    ----------
    inputs : Inputs
    label_rows, labels, label_weights : Tensor of shape (n_labels,)
        Weights sum to 1 over all processes, in the mean over the steps of an epoch.
    soft_rows, soft_weights : Tensor of shape (n_soft,), or None
        Weights are divided by the number of nodes.
    soft_targets : Tensor of shape (n_soft, n_classes), or None
    agreeing : Tensor of int64 of shape (n_agreeing,), or None
        Rows on which the passes are to agree.
    agreeing_weight : float
        This process's share of them.
    """

    inputs: Inputs
    label_rows: Tensor
    labels: Tensor
    label_weights: Tensor
    soft_rows: Tensor | None
    soft_targets: Any
    soft_weights: Any
    agreeing: Tensor | None
    agreeing_weight: float


class StepMaker:
    """Cuts labels into batches, draws nodes without label, and reads the rows of both.

    Parameters are those of :func:`skellagnn.gnn._training.train`.
    """

    def __init__(
        self,
        network: nn.Module,
        adjacency: sparse.csr_array,
        features: NodeFeatures,
        labeled: LabeledNodes,
        soft_targets: SoftLabels | None,
        settings: TrainingSettings,
        *,
        seed: int,
        device: torch.device | str,
        group: ProcessGroup | None,
    ) -> None:
        self.labeled = labeled
        self.settings = settings
        self.device = device
        self.group = group
        self.n_nodes = len(features.raw)
        in_use = soft_targets is not None and settings.soft_label_weight > 0 and len(soft_targets.nodes) > 0
        self.soft = soft_targets if in_use else None
        self.agrees = settings.consistency > 0
        self.rng = np.random.default_rng([seed, 2])
        # what all processes draw from must not depend on how many neighbors each of them drew
        self.neighbor_rng = np.random.default_rng([seed, 3, 0 if group is None else group.rank])
        n_labels = len(labeled.nodes)
        self.batch_size = n_labels if settings.batch_size is None else min(settings.batch_size, n_labels)
        self.n_steps = -(-n_labels // self.batch_size)
        self.total_weight = float(labeled.weights.sum(dtype=np.float64))
        pools = [len(self.soft.nodes)] if self.soft is not None else []
        pools += [self.n_nodes] if self.agrees else []
        draws = settings.n_unlabeled is not None and any(pool > settings.n_unlabeled for pool in pools)
        samples = settings.batch_size is not None and settings.sample_size is not None
        # the same rows in every epoch: read once
        self.static = self.n_steps == 1 and not draws and not samples
        preferences: NDArray[np.float32] | None = None
        self.reader = Reader(
            network,
            adjacency,
            features.raw,
            device,
            active=features.active,
            n_hops=settings.n_hops,
            whole=settings.batch_size is None,
            sample_size=settings.sample_size if samples else None,
            preferences=preferences,
            constant=not (self.agrees and settings.drop_node > 0),
            repeated=not self.static,
        )

    def stream(self) -> Generator[Step, None, None]:
        """Yield steps without end, ``n_steps`` an epoch."""
        if self.static:
            step = next(self._steps())
            while True:
                yield step
        else:
            # whoever allows one thread, as a search does to its workers, has no core for a second one
            alone = torch.device(self.device).type == "cpu" and torch.get_num_threads() == 1
            yield from self._steps() if alone else ahead(self._steps())

    def _steps(self) -> Iterator[Step]:
        everything = np.arange(len(self.labeled.nodes))
        while True:
            order = everything if self.n_steps == 1 else self.rng.permutation(everything)
            for start in range(0, len(order), self.batch_size):
                yield self._step(order[start : start + self.batch_size])

    def _step(self, batch: NDArray[np.int64]) -> Step:
        # over an epoch the mean of the steps is the loss on all labels, however weights fall into batches
        weights = self.labeled.weights[batch] * np.float32(self.n_steps / self.total_weight)
        soft = self._draw(len(self.soft.nodes)) if self.soft is not None else np.empty(0, dtype=np.int64)
        agreeing = self._draw(self.n_nodes) if self.agrees else np.empty(0, dtype=np.int64)
        n_soft, n_agreeing = len(soft), len(agreeing)
        if self.group is not None:
            batch, weights = self.group.share(batch), self.group.share(weights)
            soft, agreeing = self.group.share(soft), self.group.share(agreeing)
        soft_nodes = soft if self.soft is None else self.soft.nodes[soft]
        nodes = np.concatenate([self.labeled.nodes[batch], soft_nodes, agreeing])
        targets, places = np.unique(nodes, return_inverse=True)
        label_rows, soft_rows, agreeing_rows = np.split(places, [len(batch), len(batch) + len(soft)])
        asked: tuple[Any, Any, Any] = (None, None, None)
        if self.soft is not None:
            asked = (
                self._tensor(soft_rows),
                self._tensor(self.soft.probabilities[soft]),
                self._tensor(self.soft.weights[soft]) / n_soft,
            )
        inputs = self.reader.read(targets, self.neighbor_rng)
        if not self.static:
            inputs.prepare()
        return Step(
            inputs,
            self._tensor(label_rows),
            self._tensor(self.labeled.labels[batch]),
            self._tensor(weights),
            *asked,
            self._tensor(agreeing_rows) if self.agrees else None,
            len(agreeing) / max(n_agreeing, 1),
        )

    def _draw(self, n: int) -> NDArray[np.int64]:
        """Return positions among n nodes: all of them, or a sample."""
        size = self.settings.n_unlabeled
        if size is None or size >= n:
            return np.arange(n)
        return np.sort(self.rng.choice(n, size, replace=False, shuffle=False))

    def _tensor(self, values: NDArray[Any]) -> Tensor:
        return torch.tensor(values, device=self.device)
