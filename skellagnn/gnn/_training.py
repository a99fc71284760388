"""The training loop: passes, steps, epochs, history."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional as F

from skellagnn.base.config import get_config
from skellagnn.base.showing import columns, html_table
from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn._distributed import ALONE, ProcessGroup
from skellagnn.gnn._early_stopping import EarlyStopping, ValidationGraph
from skellagnn.gnn._losses import LossTerm, loss_terms
from skellagnn.gnn._steps import Step, StepMaker, TrainingSettings
from skellagnn.gnn._targets import Supervision
from skellagnn.gnn._torch_state import lent_back, seeded
from skellagnn.gnn._views import NodeFeatures

__all__ = ["History", "train"]


class History(SimpleNamespace):
    """What happened in each epoch.

    Parameters
    ----------
    terms : iterable of str, default=()
        Names of the terms of the loss.

    Attributes
    ----------
    loss : list of float
        The whole loss, the mean over the steps of an epoch.
    label_loss, soft_label_loss, consistency_loss : list of float
        Its terms, unweighted; 0 where one is switched off.
    validation_score, validation_loss : list of float
        Accuracy and cross-entropy on the validation nodes; empty without early stopping.
    teacher_score : list of float
        Accuracy of the teacher on the validation nodes, which stays the same; empty where there is none, or where these
        nodes are of another graph or in training, too.
    best_iter : int
        Epoch, counted from 1, whose weights were kept.
    """

    loss: list[float]
    validation_score: list[float]
    validation_loss: list[float]
    teacher_score: list[float]
    best_iter: int

    def __init__(self, terms: Iterable[str] = ()) -> None:
        scores = ("validation_score", "validation_loss", "teacher_score")
        lists: dict[str, list[float]] = {name: [] for name in ("loss", *terms, *scores)}
        super().__init__(**lists, best_iter=0)

    @property
    def n_iter(self) -> int:
        """Number of epochs that were run."""
        return len(self.loss)

    def to_frame(self) -> Any:
        """Return a table with a row for each epoch.

        Returns
        -------
        table : pandas.DataFrame of shape (n_iter, n_columns)
            ``epoch``, counted from 1; the losses; the validation score and loss, where there are some; and ``kept``,
            True for the epoch whose weights were kept.
        """
        import pandas

        epochs = range(1, self.n_iter + 1)
        lists = {name: values for name, values in vars(self).items() if isinstance(values, list) and values}
        kept = [epoch == self.best_iter for epoch in epochs]
        return pandas.DataFrame({"epoch": epochs, **lists, "kept": kept})

    def _rows(self) -> list[tuple[str, ...]]:
        """Return what each list holds in the first epoch, the one that was kept and the last one."""
        lists = {name: values for name, values in vars(self).items() if isinstance(values, list) and any(values)}
        return [
            (name.replace("_", " "), *(f"{values[epoch - 1]:.3f}" for epoch in self._shown()))
            for name, values in lists.items()
        ]

    def _shown(self) -> list[int]:
        return sorted({1, max(self.best_iter, 1), self.n_iter}) if self.n_iter else []

    def _header(self) -> tuple[str, ...]:
        kept = self.best_iter
        return ("", *(f"epoch {epoch}{' (kept)' if epoch == kept else ''}" for epoch in self._shown()))

    def __repr__(self) -> str:
        title = f"History of {self.n_iter} epochs"
        return f"{title}\n{columns(self._header(), self._rows())}" if self.n_iter else title

    def _repr_html_(self) -> str:
        return html_table(f"History of {self.n_iter} epochs", self._rows(), self._header())


def train(
    network: nn.Module,
    adjacency: sparse.csr_array,
    features: NodeFeatures,
    supervision: Supervision,
    validation: ValidationGraph | None,
    settings: TrainingSettings,
    *,
    seed: int,
    device: torch.device | str = "cpu",
    on_epoch: Callable[[int, History], bool] | None = None,
    group: ProcessGroup = ALONE,
) -> History:
    """Fit the weights of a network.

    Each step makes one stochastic pass, two with consistency, each with its own draw of LLM views, and takes one step
    of Adam on

    .. math:: L = CE(labels) + a \\, mean_{v} w_v CE(q_v, p_v^s)
              + c \\, mean_{v, s} \\| p_v^s - sharpen(mean_s p_v) \\|^2

    over labeled nodes, soft labels, and all nodes, or samples of these (:mod:`skellagnn.gnn._losses`). An epoch is one
    step on all labels, or one for each batch of labels. Validation looks at raw feature vectors and neighborhoods
    ranked by these only, as prediction will.

    Parameters
    ----------
    network : nn.Module
        Trained in place; holds the weights of the best epoch at the end.
    adjacency : csr_array of shape (n_nodes, n_nodes)
        Ranked with LLM-enhanced queries.
    features : NodeFeatures
    supervision : Supervision
    validation : ValidationGraph or None
        Decides the epoch that is kept and when to stop; None runs ``max_iter`` epochs.
    settings : TrainingSettings
    seed : int
        Of dropout, of batches and of the views drawn. The views have a stream of their own, so that a fit whose views
        equal the raw feature vectors is the fit without views, bit by bit.
    device : torch.device or str
    on_epoch : callable(epoch, history) -> bool, default=None
        Called after each epoch, counted from 1; True stops.
    group : ProcessGroup, default=ALONE
        Processes that share the work: each takes its part of every step's nodes, and all take the same steps.

    Returns
    -------
    history : History

    Raises
    ------
    InvalidParameterError
        If the loss becomes infinite or NaN, also by the last step, or is so before the first.

    References
    ----------
    Consistency as in GRAND (Feng et al., 2020, arXiv 2005.11079); views and LLM-free validation after E-LLaGNN
    (arXiv 2407.14996).
    """
    labels, terms = loss_terms(supervision, settings.batch_size)
    history = History(term.name for term in terms)
    counting = [term for term in terms if term.weight > 0 and len(term.nodes(len(features.raw))) > 0]
    steps = StepMaker(network, adjacency, features, counting, settings, seed=seed, device=device, group=group)
    stopping = None if validation is None else EarlyStopping(network, validation, settings.batch_size, device)
    optimizer = _Optimizer(network, features, counting, settings, seed, device, group)

    # each process drops entries of its own
    with seeded(seed + group.rank, device), closing(steps.stream()) as stream:
        for epoch in range(1, settings.max_iter + 1):
            means, first_loss = optimizer.run_epoch(stream, labels.n_steps, epoch)
            if epoch == 1 and not np.isfinite(first_loss):
                raise InvalidParameterError(
                    f"`backbone` must make finite class scores of the features, got a loss of {first_loss} before the "
                    "first step of the training. Look for what divides or takes logarithms in a network of your own, "
                    "or scale the features to unit variance."
                )
            _check_finite(means["loss"], epoch, settings)
            for name in ("loss", *(term.name for term in terms)):
                getattr(history, name).append(means.get(name, 0.0))
            history.best_iter = epoch
            if stopping is not None:
                # of the first process: rounding may differ between machines, and all must stop together
                score, loss = group.compute_once(stopping.score)
                history.validation_score.append(score)
                history.validation_loss.append(loss)
                stopping.keep_if_best(epoch, score, loss)
                history.best_iter = stopping.best_iter
            stop = False
            if on_epoch is not None:
                with lent_back(device):
                    stop = on_epoch(epoch, history)
            if group.any(stop) or epoch - history.best_iter >= settings.n_iter_no_change:
                break
    if stopping is None:
        kept = optimizer.loss_after()
    else:
        stopping.restore()
        kept = history.validation_loss[history.best_iter - 1]
    _check_finite(kept, history.best_iter, settings)
    group.share_state(network)
    network.eval()
    return history


class _Optimizer:
    """Takes the steps of an epoch with Adam."""

    def __init__(
        self,
        network: nn.Module,
        features: NodeFeatures,
        terms: list[LossTerm],
        settings: TrainingSettings,
        seed: int,
        device: torch.device | str,
        group: ProcessGroup,
    ) -> None:
        self.network = network
        self.run: Any = torch.compile(network, dynamic=True) if get_config().compile else network
        self.features = features
        self.terms = terms
        self.settings = settings
        self.group = group
        self.step: Step  # the last one
        self.view_rng = np.random.default_rng([seed, 1])
        self.adam = torch.optim.Adam(
            network.parameters(),
            lr=settings.learning_rate_init,
            weight_decay=settings.weight_decay,
            fused=torch.device(device).type in ("cpu", "cuda"),
        )

    def run_epoch(
        self, stream: Generator[Step, None, None], n_steps: int, epoch: int
    ) -> tuple[dict[str, float], float]:
        """Take so many steps; return the mean loss and the means of its terms, by name, and the loss of the first."""
        self.network.train()
        weights = [term.weight_in(epoch, self.settings.max_iter) for term in self.terms]
        seen = []
        for _ in range(n_steps):
            self.step = next(stream)
            self.adam.zero_grad()
            values = term_values(self.run, self.step, self.terms, self.features, self.view_rng, self.settings)
            loss: Any = sum(weight * value for weight, value in zip(weights, values, strict=True))
            loss.backward()
            self.group.add_gradients(self.network)
            self.adam.step()
            seen.append(torch.stack([loss, *values]).detach())
        # all numbers of an epoch at once: a GPU is waited for with each number that is read from it
        losses = torch.stack(seen).cpu().double()
        first, totals = self.group.add(torch.stack([losses[0], losses.sum(dim=0)]).numpy())
        names = ["loss", *(term.name for term in self.terms)]
        return dict(zip(names, (totals / n_steps).tolist(), strict=True)), float(first[0])

    def loss_after(self) -> float:
        """Return the loss that the last step left behind on its own nodes, without dropout and views.

        The loss of a step is that of the weights before it: of the last one nothing else would tell.
        """
        self.network.eval()
        with torch.no_grad():
            log_p = F.log_softmax(self.step.inputs.scores(self.network), dim=1)
            values = [
                term.value([log_p[look.places]], look.targets, look.n)
                for term, look in zip(self.terms, self.step.looks, strict=True)
            ]
            return float(self.group.add(torch.stack(values).cpu().double().sum().reshape(1).numpy())[0])


def term_values(
    network: Any,
    step: Step,
    terms: list[LossTerm],
    features: NodeFeatures,
    view_rng: np.random.Generator,
    settings: TrainingSettings,
) -> list[Tensor]:
    """Return the terms of one step's loss, unweighted, each of shape ()."""
    passes = []
    for _ in range(max(term.n_passes for term in terms)):
        x = step.inputs.draw(features, view_rng)
        with torch.autocast(step.inputs.device.type, torch.bfloat16, enabled=get_config().precision == "bfloat16"):
            scores = step.inputs.scores(network, x)
        passes.append(F.log_softmax(scores.float(), dim=1))
    return [
        term.value([log_p[look.places] for log_p in passes], look.targets, look.n)
        for term, look in zip(terms, step.looks, strict=True)
    ]


def _check_finite(loss: float, epoch: int, settings: TrainingSettings) -> None:
    if not np.isfinite(loss):
        raise InvalidParameterError(
            f"`learning_rate_init` must be small enough for the training to converge, got "
            f"{settings.learning_rate_init!r} and a loss of {loss} in epoch {epoch}. Choose a smaller one, or scale "
            "the features to unit variance."
        )
