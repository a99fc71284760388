"""The teacher: a network with strong propagation whose predictions the backbone learns from.

It lives during ``fit`` only. A first one, trained without the answers, says what is known without the LLM and so how
far the answers can be trusted; a second one, trained with them, carries them to the nodes that were not asked about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from torch import Tensor, nn

from skellagnn.backbones import SparseEdges, dropout
from skellagnn.channel import Reference, SoftTargets
from skellagnn.features import NodeFeatures
from skellagnn.inference import compute_logits
from skellagnn.training import History, TrainingSettings, ValidationGraph, seeded, train
from skellagnn.validation import Supervision, split_validation

__all__ = ["Lesson", "PropagationNetwork", "calibrate", "teach"]

HIDDEN_CHANNELS = 64
DROPOUT = 0.5
# What the answers weigh in the second teacher's loss, beside the labels, if they are trusted fully.
FULL_TRUST_WEIGHT = 2.0
# A teacher stops after this share of the epochs without a better one that the backbone is given.
PATIENCE = 0.5
# Temperatures that are looked at, and how firmly 1 is expected: a few labels that happen to be all right do not show
# that the teacher always is, which would leave no room for the LLM.
TEMPERATURES = (0.2, 5.0)
TEMPERATURE_PRIOR = 5.0
# Share of the training labels that the first teacher is calibrated on where there is no validation.
CALIBRATION_FRACTION = 0.25


class PropagationNetwork(nn.Module):
    """Own row beside the mean of four steps of propagation, then one hidden layer.

    Parameters
    ----------
    in_channels, hidden_channels, out_channels : int
    dropout : float

    Notes
    -----
    ``relu(x W_0 + mean_{k=1..4}(M^k x) W_1 + b)``, then a linear layer; M is the mean over the ranked neighbors. Steps
    are as in GRAND (arXiv 2005.11079), without its dropped nodes; the own row is kept apart as in GraphSAGE, for graphs
    whose neighbors are often of another class.
    """

    edge_form = "mean"
    n_steps = 4

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int, dropout: float) -> None:
        super().__init__()
        self.own = nn.Linear(in_channels, hidden_channels)
        self.far = nn.Linear(in_channels, hidden_channels, bias=False)
        self.last = nn.Linear(hidden_channels, out_channels)
        self.dropout = dropout

    def forward(self, x: Tensor, edges: SparseEdges) -> Tensor:
        """Return class scores of shape (n_nodes, out_channels)."""
        x = dropout(x, self.dropout, self.training)
        # propagation is linear: on the hidden columns, fewer than those of the rows
        step = self.far(x)
        total = torch.zeros_like(step)
        for _ in range(self.n_steps):
            step = edges(step)
            total = total + step
        hidden = (self.own(x) + total / self.n_steps).relu()
        scores: Tensor = self.last(dropout(hidden, self.dropout, self.training))
        return scores


@dataclass
class Lesson:
    """What the backbone is to learn beside the labels.

    Attributes
    ----------
    targets : SoftTargets
        Of every unlabeled node: the last teacher's calibrated probabilities; of those asked about, what prompts and
        model say together.
    trust : float
        How far the class-naming answers were trusted, in [0, 1]; 0 without any.
    histories : list of History
        Of each training: without answers, with answers.
    """

    targets: SoftTargets
    trust: float
    histories: list[History]


def teach(
    raw: NDArray[np.float32],
    edges: SparseEdges,
    labeled: Supervision,
    validation: ValidationGraph | None,
    n_classes: int,
    answers: Callable[[Reference], SoftTargets | None] | None,
    answer_weight: float | str,
    settings: TrainingSettings,
    *,
    seed: int,
    device: torch.device | str = "cpu",
    on_epoch: Callable[[int, History], bool] | None = None,
) -> Lesson:
    """Train one teacher without the answers and, if they are worth it, a second one with them.

    Parameters
    ----------
    raw : ndarray of float32 of shape (n_nodes, n_features)
        Teachers look at raw rows only, as prediction does.
    edges : SparseEdges
        Mean over the neighbors, ranked by raw rows.
    labeled : Supervision
        Training labels.
    validation : ValidationGraph or None
        Decides the epoch that is kept, and the temperature of the predictions; ``edges`` as above.
    n_classes : int
    answers : callable(reference) -> SoftTargets or None, or None
        Turns what is known without answers into targets of the nodes asked about. None: no answer names a class.
    answer_weight : float or "auto"
        Weight of these targets; ``"auto"`` is twice the trust in the answers.
    settings : TrainingSettings
        Of the estimator.
    seed : int
    device : torch.device or str
    on_epoch : callable(epoch, history) -> bool, default=None
        Called after each epoch of every training.

    Returns
    -------
    lesson : Lesson

    Notes
    -----
    A teacher that overrates itself would talk every LLM down. Where there is no validation to check it with, the one
    without answers is trained on three quarters of the labels and checked with the others - unless no class has two
    labels: then nothing is known of it, and the answers are trusted first.
    """
    settings = replace(settings, n_iter_no_change=max(1, round(PATIENCE * settings.n_iter_no_change)))
    histories: list[History] = []

    def study(labels: Supervision, soft: SoftTargets | None = None, weight: float = 0.0) -> nn.Module:
        with seeded(seed, device):
            network = PropagationNetwork(raw.shape[1], HIDDEN_CHANNELS, n_classes, DROPOUT).to(device)
        features = NodeFeatures.without_views(raw)
        own = replace(settings, soft_target_weight=weight)
        history = train(
            network, edges, features, labels, validation, soft, own, seed=seed, device=device, on_epoch=on_epoch
        )
        histories.append(history)
        return network

    def predict(network: nn.Module, held_out: Supervision | None = None) -> Reference:
        logits = seen = compute_logits(network, edges, raw, device)
        if validation is not None:
            held_out = validation.supervision
            if validation.raw is not raw:
                seen = compute_logits(network, validation.edges, validation.raw, device)
        temperature, n_right, n_checked = 1.0, 0.0, 0.0
        if held_out is not None:
            temperature = calibrate(seen, held_out)
            right = seen[held_out.nodes].argmax(axis=1) == held_out.labels
            n_right, n_checked = float(right.sum()), float(len(right))
        return Reference(softmax(logits.astype(np.float64) / temperature, axis=1), n_right, n_checked)

    first: Reference | None = None
    if answers is not None and validation is None and np.bincount(labeled.labels).max() > 1:
        fewer, held_out = split_validation(labeled, CALIBRATION_FRACTION, n_classes, seed)
        asked = answers(predict(study(fewer), held_out))
    else:
        first = predict(study(labeled))
        asked = None if answers is None else answers(first)
    trust = 0.0 if asked is None else asked.trust
    weight = FULL_TRUST_WEIGHT * trust if answer_weight == "auto" else float(answer_weight)
    if asked is not None and weight > 0:
        probabilities = predict(study(labeled, asked, weight)).probabilities
        probabilities[asked.nodes] = asked.targets
    else:
        probabilities = (first or predict(study(labeled))).probabilities
    unlabeled = np.ones(len(raw), dtype=bool)
    unlabeled[labeled.nodes] = False
    nodes = np.flatnonzero(unlabeled)
    targets = SoftTargets(nodes, probabilities[nodes].astype(np.float32), np.ones(len(nodes), dtype=np.float32))
    return Lesson(targets, trust, histories)


def calibrate(logits: NDArray[np.floating[Any]], supervision: Supervision) -> float:
    """Return the most probable temperature given some labels, between 0.2 and 5.

    Parameters
    ----------
    logits : ndarray of shape (n_nodes, n_classes)
    supervision : Supervision
        Nodes of these, their labels and weights.

    Returns
    -------
    temperature : float
        Divides the logits (Guo et al., 2017, arXiv 1706.04599). Smallest cross-entropy with a prior: the logarithm of
        the temperature is normal around 0 with a variance of 1/5.
    """
    scores = logits[supervision.nodes].astype(np.float64)
    own = np.arange(len(scores))
    weights = supervision.weights * (len(scores) / supervision.weights.sum())

    def cross_entropy(log_temperature: float) -> float:
        log_p = log_softmax(scores / np.exp(log_temperature), axis=1)
        likelihood = float((weights * log_p[own, supervision.labels]).sum())
        return TEMPERATURE_PRIOR / 2 * log_temperature**2 - likelihood

    found = minimize_scalar(cross_entropy, bounds=(np.log(TEMPERATURES[0]), np.log(TEMPERATURES[1])), method="bounded")
    return float(np.exp(found.x))
