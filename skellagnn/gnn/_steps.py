"""The steps of training: which nodes each looks at, and what it reads of them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from skellagnn.gnn._distributed import ProcessGroup
from skellagnn.gnn._loader import Inputs, Reader, ahead
from skellagnn.gnn._losses import LossTerm
from skellagnn.gnn._views import NodeFeatures

__all__ = ["Look", "Step", "StepMaker", "TrainingSettings"]


# Nodes that a step looks at for each term that needs no label: twice as many gained nothing on Cora and Wikispeedia and
# cost a third more.
N_UNLABELED = 256


@dataclass(frozen=True)
class TrainingSettings:
    """Numbers of the training loop; most names are those of the estimator's parameters."""

    learning_rate_init: float
    weight_decay: float
    max_iter: int
    n_iter_no_change: int
    # Labeled nodes of a step; None: all of them, one step an epoch.
    batch_size: int | None = None
    # Nodes that a step looks at for each term that needs no label; None: all.
    n_unlabeled: int | None = N_UNLABELED
    # Neighbors drawn per node and layer in a batch; None: all.
    sample_size: int | None = None
    # How many edges away from its nodes a batch of a network of one's own reaches.
    reach: int = 2


class Look(NamedTuple):
    """What a term of the loss sees of a step.

    Parameters
    ----------
    places : Tensor of int64 of shape (n_own,)
        Its nodes, as positions among the step's.
    targets : tuple of Tensor of shape (n_own, ...)
        What it knows of them.
    n : int
        Its nodes in all processes together.
    """

    places: Tensor
    targets: tuple[Tensor, ...]
    n: int


@dataclass
class Step:
    """What one step of training looks at.

    Parameters
    ----------
    inputs : Inputs
        Of all of its nodes, sorted.
    looks : list of Look
        One for each term of the loss.
    """

    inputs: Inputs
    looks: list[Look]


class StepMaker:
    """Draws the nodes of each term of the loss, and reads the feature vectors in their receptive field.

    Parameters
    ----------
    terms : sequence of LossTerm
        Those that count.
    network, adjacency, features, settings, seed, device, group
        As in :func:`skellagnn.gnn._training.train`.
    """

    def __init__(
        self,
        network: nn.Module,
        adjacency: sparse.csr_array,
        features: NodeFeatures,
        terms: Sequence[LossTerm],
        settings: TrainingSettings,
        *,
        seed: int,
        device: torch.device | str,
        group: ProcessGroup,
    ) -> None:
        self.terms = terms
        self.n_drawn = settings.n_unlabeled
        self.device = device
        self.group = group
        self.nodes = [term.nodes(len(features.raw)) for term in terms]
        self.rng = np.random.default_rng([seed, 2])
        # what all processes draw from must not depend on how many neighbors each of them drew
        self.neighbor_rng = np.random.default_rng([seed, 3, group.rank])
        sample_size = None if settings.batch_size is None else settings.sample_size
        # the same feature vectors in every epoch: read once
        self.static = sample_size is None and not any(
            term.varies(len(nodes), self.n_drawn) for term, nodes in zip(terms, self.nodes, strict=True)
        )
        self.reader = Reader(
            network,
            adjacency,
            features.raw,
            device,
            active=features.active,
            reach=settings.reach,
            whole=settings.batch_size is None,
            sample_size=sample_size,
            repeated=not self.static,
        )

    def stream(self) -> Generator[Step, None, None]:
        """Yield steps without end."""
        if self.static:
            step = next(self._steps())
            while True:
                yield step
        else:
            # whoever allows one thread, as a search does to its workers, has no core for a second one
            alone = torch.device(self.device).type == "cpu" and torch.get_num_threads() == 1
            yield from self._steps() if alone else ahead(self._steps())

    def _steps(self) -> Iterator[Step]:
        draws = [
            term.positions(len(nodes), self.n_drawn, self.rng)
            for term, nodes in zip(self.terms, self.nodes, strict=True)
        ]
        while True:
            yield self._step([next(draw) for draw in draws])

    def _step(self, drawn: list[NDArray[np.int64]]) -> Step:
        own = [self.group.share(positions) for positions in drawn]
        looked_at = [nodes[positions] for nodes, positions in zip(self.nodes, own, strict=True)]
        targets, places = np.unique(np.concatenate(looked_at), return_inverse=True)
        inputs = self.reader.read(targets, self.neighbor_rng)
        if not self.static:
            inputs.prepare()
        ends = np.cumsum([len(positions) for positions in own])[:-1]
        looks = [
            Look(self._tensor(here), tuple(map(self._tensor, term.targets(positions))), len(everywhere))
            for term, here, positions, everywhere in zip(self.terms, np.split(places, ends), own, drawn, strict=True)
        ]
        return Step(inputs, looks)

    def _tensor(self, values: NDArray[Any]) -> Tensor:
        return torch.tensor(values, device=self.device)
