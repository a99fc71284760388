"""A network and its training, as a fit sets them up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import nn

from skellagnn.base.progress import progress_bar
from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn._distributed import ProcessGroup
from skellagnn.gnn._early_stopping import ValidationGraph
from skellagnn.gnn._inference import check_output
from skellagnn.gnn._sparse import edges_for
from skellagnn.gnn._steps import TrainingSettings
from skellagnn.gnn._targets import Supervision
from skellagnn.gnn._torch_state import seeded
from skellagnn.gnn._training import History, train
from skellagnn.gnn._views import NodeFeatures
from skellagnn.gnn.backbones import build_backbone

__all__ = ["Trainer", "build_network"]

# Two nodes with an edge each way.
PAIR = sparse.csr_array(np.array([[0, 1], [1, 0]], dtype=np.float32))


def build_network(
    backbone: str | Callable[..., Any],
    in_channels: int,
    hidden_channels: int,
    out_channels: int,
    n_layers: int,
    dropout: float,
    *,
    seed: int,
    device: torch.device,
) -> nn.Module:
    """Build a network, and run it once on two nodes: a wrong module shows before anything is paid.

    Raises
    ------
    InvalidParameterError
        If it is no module that returns logits of shape (n_nodes, out_channels).
    """
    with seeded(seed, device):
        try:
            network = build_backbone(backbone, in_channels, hidden_channels, out_channels, n_layers, dropout).to(device)
        except (RuntimeError, TypeError) as error:
            if not isinstance(backbone, str):  # a mistake in a network of one's own shows where it is
                raise
            raise InvalidParameterError(
                f"`hidden_channels` and `n_layers` must make a network that fits into memory, got {hidden_channels} "
                f"and {n_layers} ({str(error).splitlines()[0]:.150})."
            ) from error
        features = torch.zeros((2, in_channels), device=device)
        with torch.no_grad():
            output = network.eval()(features, edges_for(network, PAIR, device))
        check_output(output, 2, out_channels, backbone)
    return network


@dataclass(frozen=True)
class Trainer:
    """What a training needs beside its data: numbers of the loop, seed, device, processes.

    Parameters
    ----------
    settings : TrainingSettings
    seed : int
        Of weights, dropout, batches and views.
    device : torch.device
    group : ProcessGroup
    verbose : int
        Above 0 a progress bar is shown.
    """

    settings: TrainingSettings
    seed: int
    device: torch.device
    group: ProcessGroup
    verbose: int = 0

    def train(
        self,
        network: nn.Module,
        adjacency: sparse.csr_array,
        features: NodeFeatures,
        supervision: Supervision,
        validation: ValidationGraph | None,
        on_epoch: Callable[[int, History], bool] | None = None,
    ) -> History:
        """Train a network in place: :func:`~skellagnn.gnn._training.train`, with a progress bar; score the teacher."""
        with progress_bar(self.verbose, self.settings.max_iter, "training", "epoch") as advance:

            def after_epoch(epoch: int, history: History) -> bool:
                score = f", validation {history.validation_score[-1]:.3f}" if history.validation_score else ""
                advance(1, f"loss {history.loss[-1]:.3f}{score}")
                return on_epoch is not None and on_epoch(epoch, history)

            history = train(
                network,
                adjacency,
                features,
                supervision,
                validation,
                self.settings,
                seed=self.seed,
                device=self.device,
                on_epoch=after_epoch,
                group=self.group,
            )
        taught = supervision.soft
        if validation is not None and validation.raw is features.raw and taught is not None:  # it knows this graph
            score = taught.accuracy(validation.labeled)
            history.teacher_score = [] if score is None else [score] * history.n_iter
        return history
