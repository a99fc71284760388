"""The training loop: losses, early stopping, history."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from skellagnn.channel import SoftTargets
from skellagnn.exceptions import InvalidParameterError
from skellagnn.features import NodeFeatures
from skellagnn.inference import to_tensor
from skellagnn.validation import Supervision

__all__ = ["History", "TrainingSettings", "ValidationGraph", "seeded", "train"]


@dataclass(frozen=True)
class TrainingSettings:
    """Numbers of the training loop; the names are those of the estimator's parameters."""

    learning_rate_init: float
    weight_decay: float
    max_iter: int
    n_iter_no_change: int
    view_probability: float
    consistency: float
    drop_node: float
    soft_target_weight: float
    n_passes: int = 2
    # Sharpening of the mean prediction that the passes are to agree with; 1 leaves it as it is.
    temperature: float = 0.5
    # Share of `max_iter` over which the consistency term grows: early predictions are not worth agreeing with.
    ramp: float = 0.1


@dataclass(frozen=True)
class ValidationGraph:
    """What decides the epoch that is kept.

    Parameters
    ----------
    edges : object
        From :func:`skellagnn.backbones.edges_for`, ranked with raw queries.
    raw : ndarray of float32 of shape (n_nodes, n_features)
        Raw rows, of the training graph or of another one.
    supervision : Supervision
        Nodes of that graph.
    """

    edges: Any
    raw: NDArray[np.float32]
    supervision: Supervision


@dataclass
class History:
    """What happened in each epoch.

    Attributes
    ----------
    loss, label_loss, consistency_loss, soft_target_loss : list of float
        The whole loss and its parts, unweighted.
    validation_score, validation_loss : list of float
        Accuracy and cross-entropy on the validation nodes; empty without early stopping.
    best_iter : int
        Epoch, counted from 1, whose weights were kept.
    """

    loss: list[float] = field(default_factory=list)
    label_loss: list[float] = field(default_factory=list)
    consistency_loss: list[float] = field(default_factory=list)
    soft_target_loss: list[float] = field(default_factory=list)
    validation_score: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    best_iter: int = 0

    @property
    def n_iter(self) -> int:
        """Number of epochs that were run."""
        return len(self.loss)


@contextmanager
def seeded(seed: int, device: torch.device | str = "cpu") -> Iterator[None]:
    """Seed torch inside the block only: what the caller's generators would draw next is left as it was."""
    device = torch.device(device)
    on_gpu = device.type == "cuda"
    with torch.random.fork_rng([device] if on_gpu else []):
        # not torch.manual_seed, which would also seed every GPU of the caller
        torch.default_generator.manual_seed(seed)
        if on_gpu:  # pragma: no cover
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def train(
    network: nn.Module,
    edges: Any,
    features: NodeFeatures,
    labeled: Supervision,
    validation: ValidationGraph | None,
    soft_targets: SoftTargets | None,
    settings: TrainingSettings,
    *,
    seed: int,
    device: torch.device | str = "cpu",
    on_epoch: Callable[[int, History], bool] | None = None,
) -> History:
    """Fit the weights of a network on a whole graph.

    Each epoch makes ``n_passes`` stochastic passes (one without consistency), each with its own draw of LLM views
    and of dropped nodes, and takes one step of Adam on

    .. math:: L = CE(labels) + c \\, mean_{v, s} \\| p_v^s - sharpen(mean_s p_v) \\|^2
              + a \\, mean_{v} w_v CE(q_v, p_v^s)

    over labeled nodes, all nodes, and soft targets. Validation looks at raw rows and raw-row neighborhoods only, as
    prediction will.

    Parameters
    ----------
    network : nn.Module
        Trained in place; holds the weights of the best epoch at the end.
    edges : object
        From :func:`skellagnn.backbones.edges_for`, ranked with LLM-enhanced queries.
    features : NodeFeatures
    labeled : Supervision
    validation : ValidationGraph or None
        Decides the epoch that is kept and when to stop; None runs ``max_iter`` epochs.
    soft_targets : SoftTargets or None
    settings : TrainingSettings
    seed : int
        Of dropout, of dropped nodes and of the views drawn. The views have a stream of their own, so that a fit
        whose views equal the raw rows is the fit without views, bit by bit.
    device : torch.device or str
    on_epoch : callable(epoch, history) -> bool, default=None
        Called after each epoch, counted from 1; True stops.

    Returns
    -------
    history : History

    Raises
    ------
    InvalidParameterError
        If the loss becomes infinite or NaN.

    References
    ----------
    Consistency as in GRAND (Feng et al., 2020, arXiv 2005.11079); views and LLM-free validation after E-LLaGNN
    (arXiv 2407.14996).
    """
    raw = to_tensor(features.raw, device)
    label_nodes, labels, label_weights = _tensors(labeled, device)
    label_weights = label_weights / label_weights.sum()
    held_out = None
    if validation is not None:
        same = validation.raw is features.raw
        val_raw = raw if same else to_tensor(validation.raw, device)
        held_out = (val_raw, validation.edges, *_tensors(validation.supervision, device))
    asked = None
    if soft_targets is not None and settings.soft_target_weight > 0 and len(soft_targets.nodes):
        asked = (
            torch.tensor(soft_targets.nodes, device=device),
            torch.tensor(soft_targets.targets, device=device),
            torch.tensor(soft_targets.weights, device=device) / len(soft_targets.nodes),
        )
    agree = settings.consistency > 0
    n_passes = settings.n_passes if agree else 1
    ramp_epochs = max(1.0, settings.ramp * settings.max_iter)
    view_rng = np.random.default_rng([seed, 1])
    optimizer = torch.optim.Adam(
        network.parameters(), lr=settings.learning_rate_init, weight_decay=settings.weight_decay
    )
    history = History()
    best_state: dict[str, Any] | None = None
    best = (-np.inf, -np.inf)

    with seeded(seed, device):
        for epoch in range(1, settings.max_iter + 1):
            network.train()
            optimizer.zero_grad()
            label_loss = soft_target_loss = consistency_loss = raw.new_zeros(())
            passes = []
            for _ in range(n_passes):
                x = _draw_rows(raw, features, view_rng, settings, drop=agree)
                log_p = F.log_softmax(network(x, edges), dim=1)
                passes.append(log_p)
                nll = F.nll_loss(log_p[label_nodes], labels, reduction="none")
                label_loss = label_loss + (label_weights * nll).sum() / n_passes
                if asked is not None:
                    nodes, targets, weights = asked
                    cross = -(targets * log_p[nodes]).sum(dim=1)
                    soft_target_loss = soft_target_loss + (weights * cross).sum() / n_passes
            if agree:
                consistency_loss = _disagreement(passes, settings.temperature)
            loss = (
                label_loss
                + settings.soft_target_weight * soft_target_loss
                + settings.consistency * min(1.0, epoch / ramp_epochs) * consistency_loss
            )
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

            if not torch.isfinite(loss):
                raise InvalidParameterError(
                    f"`learning_rate_init` must be small enough for the training to converge, got "
                    f"{settings.learning_rate_init!r} and a loss of {loss.item()} in epoch {epoch}. Choose a smaller "
                    "one, or scale the features to unit variance."
                )
            history.loss.append(loss.item())
            history.label_loss.append(label_loss.item())
            history.consistency_loss.append(consistency_loss.item())
            history.soft_target_loss.append(soft_target_loss.item())
            history.best_iter = epoch if held_out is None else history.best_iter
            if held_out is not None:
                accuracy, cross_entropy = _evaluate(network, *held_out)
                history.validation_score.append(accuracy)
                history.validation_loss.append(cross_entropy)
                # ties in accuracy, frequent on few nodes, go to the lower cross-entropy
                if (accuracy, -cross_entropy) > best:
                    best = (accuracy, -cross_entropy)
                    history.best_iter = epoch
                    best_state = copy.deepcopy(network.state_dict())
            stop = on_epoch is not None and on_epoch(epoch, history)
            if stop or (held_out is not None and epoch - history.best_iter >= settings.n_iter_no_change):
                break
    if best_state is not None:
        network.load_state_dict(best_state)
    network.eval()
    return history


def _tensors(supervision: Supervision, device: torch.device | str) -> tuple[Tensor, Tensor, Tensor]:
    return (
        torch.tensor(supervision.nodes, device=device),
        torch.tensor(supervision.labels, device=device),
        torch.tensor(supervision.weights, device=device),
    )


def _draw_rows(
    raw: Tensor, features: NodeFeatures, view_rng: np.random.Generator, settings: TrainingSettings, *, drop: bool
) -> Tensor:
    """Rows of one pass: LLM views of some active nodes, then dropped nodes, the others scaled up to make up for it."""
    nodes, rows = features.draw_views(view_rng, settings.view_probability)
    x = raw
    if len(nodes):
        x = raw.clone()
        x[torch.from_numpy(nodes).to(raw.device)] = torch.from_numpy(rows).to(raw.device)
    if drop and settings.drop_node > 0:
        kept = torch.rand(len(x), 1, device=x.device) >= settings.drop_node
        x = x * (kept / (1 - settings.drop_node))
    return x


def _disagreement(passes: list[Tensor], temperature: float) -> Tensor:
    """Mean squared distance of each pass's probabilities from their sharpened mean, shape ()."""
    probabilities = torch.stack(passes).exp()
    sharp = probabilities.mean(dim=0) ** (1 / temperature)
    target = (sharp / sharp.sum(dim=1, keepdim=True)).detach()
    return ((probabilities - target) ** 2).sum(dim=2).mean()


def _evaluate(
    network: nn.Module, raw: Tensor, edges: Any, nodes: Tensor, labels: Tensor, weights: Tensor
) -> tuple[float, float]:
    network.eval()
    with torch.no_grad():
        log_p = F.log_softmax(network(raw, edges)[nodes], dim=1)
        total = weights.sum()
        accuracy = (weights * (log_p.argmax(dim=1) == labels)).sum() / total
        loss = (weights * F.nll_loss(log_p, labels, reduction="none")).sum() / total
    return accuracy.item(), loss.item()
