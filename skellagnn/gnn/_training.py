"""The training loop: losses, early stopping, history."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional as F

from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn._distributed import ProcessGroup
from skellagnn.gnn._layered import Gathered
from skellagnn.gnn._loader import Reader
from skellagnn.gnn._steps import Step, StepMaker, TrainingSettings
from skellagnn.gnn._targets import LabeledNodes, Supervision
from skellagnn.gnn._views import NodeFeatures

__all__ = ["History", "TrainingSettings", "ValidationGraph", "seeded", "train"]


@dataclass(frozen=True)
class ValidationGraph:
    """What decides the epoch that is kept.

    Parameters
    ----------
    adjacency : csr_array of shape (n_nodes, n_nodes)
        Ranked with raw queries.
    raw : ndarray of shape (n_nodes, n_features)
        Raw rows, of the training graph or of another one.
    labeled : LabeledNodes
        Nodes of that graph.
    """

    adjacency: sparse.csr_array
    raw: NDArray[Any]
    labeled: LabeledNodes
    all_edges: Any = None


@dataclass
class History:
    """What happened in each epoch.

    Attributes
    ----------
    loss, label_loss, consistency_loss, soft_label_loss : list of float
        The whole loss and its parts, unweighted; means over the steps of an epoch.
    validation_score, validation_loss : list of float
        Accuracy and cross-entropy on the validation nodes; empty without early stopping.
    best_iter : int
        Epoch, counted from 1, whose weights were kept.
    """

    loss: list[float] = field(default_factory=list)
    label_loss: list[float] = field(default_factory=list)
    consistency_loss: list[float] = field(default_factory=list)
    soft_label_loss: list[float] = field(default_factory=list)
    validation_score: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    best_iter: int = 0

    @property
    def n_iter(self) -> int:
        """Number of epochs that were run."""
        return len(self.loss)


# Dropout draws from generators that all threads of a process share.
_GENERATORS = threading.RLock()


def _forget_lock() -> None:
    global _GENERATORS
    _GENERATORS = threading.RLock()


if hasattr(os, "register_at_fork"):  # a forked process has none of the threads that might hold it
    os.register_at_fork(after_in_child=_forget_lock)


@contextmanager
def seeded(seed: int, device: torch.device | str = "cpu") -> Iterator[None]:
    """Seed torch inside the block only: what the caller's generators would draw next is left as it was.

    Blocks of several threads, as of a search whose workers are threads, wait for each other.
    """
    device = torch.device(device)
    on_gpu = device.type == "cuda"
    with _GENERATORS, torch.random.fork_rng([device] if on_gpu else []):
        # not torch.manual_seed, which would also seed every GPU of the caller
        torch.default_generator.manual_seed(seed)
        if on_gpu:  # pragma: no cover
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


@contextmanager
def _others_may_draw(device: torch.device | str) -> Iterator[None]:
    """Let other threads train meanwhile, and the caller's code draw: neither moves the training's generators."""
    on_gpu = torch.device(device).type == "cuda"
    lock, state = _GENERATORS, torch.get_rng_state()
    gpu_state = torch.cuda.get_rng_state(device) if on_gpu else None
    lock.release()
    try:
        yield
    finally:
        lock.acquire()
        torch.set_rng_state(state)
        if gpu_state is not None:  # pragma: no cover
            torch.cuda.set_rng_state(gpu_state, device)


def train(
    network: nn.Module,
    adjacency: sparse.csr_array,
    features: NodeFeatures,
    supervision: Supervision,
    validation: ValidationGraph | None,
    settings: TrainingSettings,
    *,
    consistency: float = 0.0,
    seed: int,
    device: torch.device | str = "cpu",
    on_epoch: Callable[[int, History], bool] | None = None,
    group: ProcessGroup | None = None,
) -> History:
    """Fit the weights of a network.

    Each step makes ``n_passes`` stochastic passes (one without consistency), each with its own draw of LLM views
    and of dropped nodes, and takes one step of Adam on

    .. math:: L = CE(labels) + c \\, mean_{v, s} \\| p_v^s - sharpen(mean_s p_v) \\|^2
              + a \\, mean_{v} w_v CE(q_v, p_v^s)

    over labeled nodes, all nodes, and soft targets, or samples of these. An epoch is one step on all labels, or one for
    each batch of labels. Validation looks at raw rows and raw-row neighborhoods only, as prediction will.

    Parameters
    ----------
    network : nn.Module
        Trained in place; holds the weights of the best epoch at the end.
    adjacency : csr_array of shape (n_nodes, n_nodes)
        Ranked with LLM-enhanced queries.
    features : NodeFeatures
    labeled : LabeledNodes
    validation : ValidationGraph or None
        Decides the epoch that is kept and when to stop; None runs ``max_iter`` epochs.
    soft_targets : SoftLabels or None
    settings : TrainingSettings
    seed : int
        Of dropout, of dropped nodes, of batches and of the views drawn. The views have a stream of their own, so that a
        fit whose views equal the raw rows is the fit without views, bit by bit.
    device : torch.device or str
    on_epoch : callable(epoch, history) -> bool, default=None
        Called after each epoch, counted from 1; True stops.
    group : ProcessGroup, default=None
        Processes that share the work: each takes its part of every step's nodes, and all take the same steps.

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
    labeled, soft_targets = supervision.labeled, supervision.soft
    settings = replace(settings, consistency=consistency, soft_label_weight=supervision.soft_weight)
    weight_of_consistency = consistency
    if group is not None and group.size == 1:
        group = None
    steps = StepMaker(
        network, adjacency, features, labeled, soft_targets, settings, seed=seed, device=device, group=group
    )
    held_out = None if validation is None else _Validator(network, validation, settings, device)
    ramp_epochs = max(1.0, settings.ramp * settings.max_iter)
    view_rng = np.random.default_rng([seed, 1])
    optimizer = torch.optim.Adam(
        network.parameters(),
        lr=settings.learning_rate_init,
        weight_decay=settings.weight_decay,
        fused=torch.device(device).type in ("cpu", "cuda"),
    )
    run: Any = torch.compile(network, dynamic=True) if settings.compile else network
    history = History()
    best_state: dict[str, Any] | None = None
    best = (-np.inf, -np.inf)

    # each process drops entries of its own
    with seeded(seed if group is None else seed + group.rank, device), closing(steps.stream()) as stream:
        for epoch in range(1, settings.max_iter + 1):
            network.train()
            consistency = settings.consistency * min(1.0, epoch / ramp_epochs)
            seen = []
            for _ in range(steps.n_steps):
                step = next(stream)
                optimizer.zero_grad()
                parts = _losses(run, step, features, view_rng, settings)
                loss = parts[0] + settings.soft_label_weight * parts[1] + consistency * parts[2]
                loss.backward()  # type: ignore[no-untyped-call]
                if group is not None:
                    group.add_gradients(network)
                optimizer.step()
                seen.append(torch.stack([loss, *parts]).detach())
            # all numbers of an epoch at once: a GPU is waited for with each number that is read from it
            totals = torch.stack(seen).cpu().double().sum(dim=0).numpy()
            if group is not None:
                totals = group.add(totals)
            means = (totals / steps.n_steps).tolist()
            if not np.isfinite(means[0]):
                raise InvalidParameterError(
                    f"`learning_rate_init` must be small enough for the training to converge, got "
                    f"{settings.learning_rate_init!r} and a loss of {means[0]} in epoch {epoch}. Choose a smaller "
                    "one, or scale the features to unit variance."
                )
            history.loss.append(means[0])
            history.label_loss.append(means[1])
            history.soft_label_loss.append(means[2])
            history.consistency_loss.append(means[3])
            history.best_iter = epoch if held_out is None else history.best_iter
            if held_out is not None:
                # of the first process: rounding may differ between machines, and all must stop together
                accuracy, cross_entropy = held_out.score() if group is None else group.first(held_out.score)
                history.validation_score.append(accuracy)
                history.validation_loss.append(cross_entropy)
                # ties in accuracy, frequent on few nodes, go to the lower cross-entropy
                if (accuracy, -cross_entropy) > best:
                    best = (accuracy, -cross_entropy)
                    history.best_iter = epoch
                    best_state = copy.deepcopy(network.state_dict())
            stop = False
            if on_epoch is not None:
                with _others_may_draw(device):
                    stop = on_epoch(epoch, history)
            if group is not None:
                stop = group.any(stop)
            if stop or (held_out is not None and epoch - history.best_iter >= settings.n_iter_no_change):
                break
    if best_state is not None:
        network.load_state_dict(best_state)
    if group is not None:
        group.share_state(network)
    network.eval()
    return history


def _losses(
    network: Any, step: Step, features: NodeFeatures, view_rng: np.random.Generator, settings: TrainingSettings
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the losses of labels, soft targets and consistency, each of shape ()."""
    agree = step.agreeing is not None
    n_passes = settings.n_passes if agree else 1
    label_loss = soft_label_loss = consistency_loss = step.label_weights.new_zeros(())
    probabilities = []
    for _ in range(n_passes):
        x = step.inputs.draw(features, view_rng, features.view_probability)
        if agree and settings.drop_node > 0:
            x = _drop_nodes(x, settings.drop_node)
        with torch.autocast(step.label_weights.device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
            scores = network(x, step.inputs.edges)
        scores = scores.float() if step.inputs.rows is None else scores.float()[step.inputs.rows]
        log_p = F.log_softmax(scores, dim=1)
        nll = F.nll_loss(log_p[step.label_rows], step.labels, reduction="none")
        label_loss = label_loss + (step.label_weights * nll).sum() / n_passes
        if step.soft_rows is not None:
            cross = -(step.soft_targets * log_p[step.soft_rows]).sum(dim=1)
            soft_label_loss = soft_label_loss + (step.soft_weights * cross).sum() / n_passes
        if agree:
            probabilities.append(log_p[step.agreeing].exp())
    if step.agreeing is not None and len(step.agreeing) > 0:  # the share of one of many processes may be empty
        consistency_loss = step.agreeing_weight * _disagreement(probabilities, settings.temperature)
    return label_loss, soft_label_loss, consistency_loss


class _Validator:
    """Accuracy and cross-entropy on validation nodes, from the rows in their receptive field."""

    def __init__(
        self, network: nn.Module, validation: ValidationGraph, settings: TrainingSettings, device: torch.device | str
    ) -> None:
        self.network = network
        nodes = validation.labeled.nodes
        self.targets, inverse = np.unique(nodes, return_inverse=True)
        self.rows = torch.from_numpy(inverse).to(device)
        self.labels = torch.tensor(validation.labeled.labels, device=device)
        self.weights = torch.tensor(validation.labeled.weights, device=device)
        size = settings.batch_size
        self.reader = Reader(
            network, validation.adjacency, validation.raw, device, whole=True, repeated=size is not None
        )
        # a network of one's own sees the whole graph, however few nodes are asked for: once is enough
        self.size = len(self.targets)
        if size is not None and not self.reader.whole:
            self.size = min(self.size, 8 * size)
        self.inputs = self.reader.read(self.targets) if self.size == len(self.targets) else None

    def score(self) -> tuple[float, float]:
        self.network.eval()
        with torch.no_grad():
            scores = torch.cat([self._scores(start) for start in range(0, len(self.targets), self.size)])
            log_p = F.log_softmax(scores[self.rows], dim=1)
            total = self.weights.sum()
            accuracy = (self.weights * (log_p.argmax(dim=1) == self.labels)).sum() / total
            loss = (self.weights * F.nll_loss(log_p, self.labels, reduction="none")).sum() / total
        values = torch.stack([accuracy, loss]).tolist()
        return values[0], values[1]

    def _scores(self, start: int) -> Tensor:
        inputs = self.inputs or self.reader.read(self.targets[start : start + self.size])
        scores: Tensor = self.network(inputs.x, inputs.edges)
        return scores if inputs.rows is None else scores[inputs.rows]


def _drop_nodes(x: Tensor | Gathered, share: float) -> Tensor:
    """Zero the rows of some nodes and scale the others up to make up for it."""
    assert isinstance(x, Tensor)  # rows that change from pass to pass are not aggregated beforehand
    kept = torch.rand(len(x), 1, device=x.device) >= share
    return x * (kept / (1 - share))


def _disagreement(passes: list[Tensor], temperature: float) -> Tensor:
    """Mean squared distance of each pass's probabilities from their sharpened mean, shape ()."""
    probabilities = torch.stack(passes)
    sharp = probabilities.mean(dim=0) ** (1 / temperature)
    target = (sharp / sharp.sum(dim=1, keepdim=True)).detach()
    return ((probabilities - target) ** 2).sum(dim=2).mean()


N_UNLABELED = 256
