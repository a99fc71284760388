"""The teacher: a network on strongly propagated rows whose predictions the backbone learns from.

It lives during ``fit`` only. A first one, trained without the answers, says what is known without the LLM and so how
far the answers can be trusted; a second one, trained with them, carries them to the nodes that were not asked about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from torch import nn

from skellagnn.base.resources import scratch_array
from skellagnn.gnn._distributed import ALONE, ProcessGroup
from skellagnn.gnn._early_stopping import ValidationGraph
from skellagnn.gnn._inference import predict_logits
from skellagnn.gnn._losses import LossTerm
from skellagnn.gnn._sparse import aggregate, edge_matrix
from skellagnn.gnn._steps import TrainingSettings
from skellagnn.gnn._targets import LabeledNodes, SoftLabels, Supervision
from skellagnn.gnn._torch_state import seeded
from skellagnn.gnn._training import History, train
from skellagnn.gnn._views import NodeFeatures
from skellagnn.gnn.backbones import build_backbone
from skellagnn.supervision import Reference
from skellagnn.validation import split_validation

__all__ = ["Lesson", "calibrate", "propagated_rows", "teach"]

# Steps of propagation that a teacher's rows are the mean of.
N_STEPS = 4
# Nodes without label that a step of a teacher, or of a network that learns from one, looks at: twice as many gained
# nothing on Cora and Wikispeedia and cost a third more.
N_UNLABELED = 256
# Rows that are added up at a time.
BLOCK = 1 << 16
HIDDEN_CHANNELS = 64
DROPOUT = 0.5
# What the answers weigh in the second teacher's loss, beside the labels, if they are trusted fully.
FULL_TRUST_WEIGHT = 2.0
# With `answer_weight="auto"` few answers beside many labels are left out if the LLM is not as good as the teacher. On
# Cora with labels for six of ten nodes they gained nothing. Answers that are all right did, and are trusted fully.
FEW_ANSWERS = 0.1
FULL_TRUST = 0.9
# Temperatures that are looked at, and how firmly 1 is expected: a few labels that happen to be all right do not show
# that the teacher always is, which would leave no room for the LLM.
TEMPERATURES = (0.2, 5.0)
TEMPERATURE_PRIOR = 5.0
# Share of the training labels that the first teacher is calibrated on where there is no validation.
CALIBRATION_FRACTION = 0.25


def propagated_rows(adjacency: sparse.csr_array, raw: NDArray[Any]) -> NDArray[Any]:
    """Return each node's own row beside the mean of what one to four steps of propagation bring to it.

    Parameters
    ----------
    adjacency : csr_array of shape (n_nodes, n_nodes)
    raw : ndarray of float32 or float16 of shape (n_nodes, n_features)

    Returns
    -------
    rows : ndarray of shape (n_nodes, 2 * n_features)
        ``[x, mean_{k=1..4} M^k x]``, M the mean over the neighbors. Steps are as in GRAND (arXiv 2005.11079), without
        its dropped nodes; the own row is kept apart as in GraphSAGE, for graphs whose neighbors are often of another
        class.
    """
    matrix = edge_matrix("mean", adjacency)
    n_nodes, n_features = raw.shape
    rows = scratch_array((n_nodes, 2 * n_features), raw.dtype)
    rows[:, :n_features] = raw
    step = raw
    for k in range(1, N_STEPS + 1):
        step = aggregate(matrix, step, scratch_array(raw.shape, raw.dtype))
        for start in range(0, n_nodes, BLOCK):
            block = slice(start, start + BLOCK)
            if k == 1:
                rows[block, n_features:] = step[block] / N_STEPS
            else:
                rows[block, n_features:] += step[block] / N_STEPS
    return rows


@dataclass
class Lesson:
    """What the backbone is to learn beside the labels.

    Attributes
    ----------
    targets : SoftLabels
        Of every unlabeled node: the last teacher's probabilities, calibrated where there is validation; of those asked
        about, what prompts and model say together.
    trust : float
        How far the class-naming answers were trusted, in [0, 1]; 0 without any.
    share : float
        What these answers may weigh beside the labels (:meth:`~skellagnn.supervision.SoftLabels.share`); 0 without any,
        and where they are left out.
    histories : list of History
        Of each training: without answers, with answers.
    """

    targets: SoftLabels
    trust: float
    share: float
    histories: list[History]


def teach(
    raw: NDArray[Any],
    adjacency: sparse.csr_array,
    labeled: LabeledNodes,
    validation: ValidationGraph | None,
    n_classes: int,
    answers: Callable[[Reference], SoftLabels | None] | None,
    answer_weight: float | str,
    settings: TrainingSettings,
    regularizers: tuple[LossTerm, ...] = (),
    *,
    seed: int,
    device: torch.device | str = "cpu",
    on_epoch: Callable[[int, History], bool] | None = None,
    group: ProcessGroup = ALONE,
) -> Lesson:
    """Train one teacher without the answers and, if they are worth it, a second one with them.

    Parameters
    ----------
    raw : ndarray of float32 of shape (n_nodes, n_features)
        Teachers look at raw rows only, as prediction does.
    adjacency : csr_array of shape (n_nodes, n_nodes)
        All edges: means over the most similar neighbors alone were worse on Wikispeedia and no better on Cora.
    labeled : LabeledNodes
        Training labels.
    validation : ValidationGraph or None
        With all edges, too. Decides the epoch that is kept, and the temperature of the predictions.
    n_classes : int
    answers : callable(reference) -> SoftLabels or None, or None
        Turns what is known without answers into targets of the nodes asked about. None: no answer names a class.
    answer_weight : float or "auto"
        Weight of these targets, times :meth:`~skellagnn.supervision.SoftLabels.share`; ``"auto"`` is twice the trust in
        the answers, and leaves them out where they are less than a tenth of the labels and trusted by less than 0.9.
    settings : TrainingSettings
        Of the estimator.
    regularizers : tuple of LossTerm, default=()
        Of each training.
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
    settings = replace(settings, n_unlabeled=N_UNLABELED, view_probability=0.0)
    rows = propagated_rows(adjacency, raw)
    if validation is not None:
        same = validation.raw is raw and validation.adjacency is adjacency
        seen = rows if same else propagated_rows(validation.adjacency, validation.raw)
        validation = replace(validation, raw=seen)
    histories: list[History] = []

    def study(labels: LabeledNodes, soft: SoftLabels | None = None, weight: float = 0.0) -> nn.Module:
        with seeded(seed, device):
            network = build_backbone("mlp", rows.shape[1], HIDDEN_CHANNELS, n_classes, 2, DROPOUT).to(device)
        features = NodeFeatures.without_views(rows)
        history = train(
            network,
            adjacency,
            features,
            Supervision(labels, soft, weight, regularizers),
            validation,
            settings,
            seed=seed,
            device=device,
            on_epoch=on_epoch,
            group=group,
        )
        histories.append(history)
        return network

    def predict(network: nn.Module, held_out: LabeledNodes | None = None) -> Reference:
        logits = seen = predict_logits(network, adjacency, rows, device)
        if validation is not None:
            held_out = validation.labeled
            if validation.raw is not rows:
                seen = predict_logits(network, validation.adjacency, validation.raw, device)
        temperature, n_right, n_checked = 1.0, 0.0, 0.0
        if held_out is not None:
            temperature = calibrate(seen, held_out)
            right = seen[held_out.nodes].argmax(axis=1) == held_out.labels
            n_right, n_checked = float(right.sum()), float(len(right))
        return Reference(softmax(logits.astype(np.float64) / temperature, axis=1), n_right, n_checked)

    first: Reference | None = None
    if answers is not None and validation is None and np.bincount(labeled.labels).max() > 1:
        fewer, held_out = split_validation(labeled, CALIBRATION_FRACTION, n_classes, seed)
        reference = predict(study(fewer), held_out)
    else:
        reference = first = predict(study(labeled))
    asked = None
    if answers is not None:
        # of the first process: rounding may differ between machines, and all must train the same teachers
        asked = group.first(partial(answers, reference))
    trust, share = (0.0, 0.0) if asked is None else (asked.trust, asked.share(len(labeled.nodes)))
    if answer_weight == "auto" and share < FEW_ANSWERS and trust < FULL_TRUST:
        share = 0.0
    weight = FULL_TRUST_WEIGHT * trust if answer_weight == "auto" else float(answer_weight)
    if asked is not None and weight * share > 0:
        probabilities = predict(study(labeled, asked, weight * share)).probabilities
        probabilities[asked.nodes] = asked.targets
    else:
        probabilities = (first or predict(study(labeled))).probabilities
    unlabeled = np.ones(len(raw), dtype=bool)
    unlabeled[labeled.nodes] = False
    nodes = np.flatnonzero(unlabeled)
    targets = SoftLabels(nodes, probabilities[nodes].astype(np.float32), np.ones(len(nodes), dtype=np.float32))
    return Lesson(targets, trust, share, histories)


def calibrate(logits: NDArray[np.floating[Any]], labeled: LabeledNodes) -> float:
    """Return the most probable temperature given some labels, between 0.2 and 5.

    Parameters
    ----------
    logits : ndarray of shape (n_nodes, n_classes)
    labeled : LabeledNodes
        Nodes of these, their labels and weights.

    Returns
    -------
    temperature : float
        Divides the logits (Guo et al., 2017, arXiv 1706.04599). Smallest cross-entropy with a prior: the logarithm of
        the temperature is normal around 0 with a variance of 1/5.
    """
    scores = logits[labeled.nodes].astype(np.float64)
    own = np.arange(len(scores))
    weights = labeled.weights * (len(scores) / labeled.weights.sum())

    def cross_entropy(log_temperature: float) -> float:
        log_p = log_softmax(scores / np.exp(log_temperature), axis=1)
        likelihood = float((weights * log_p[own, labeled.labels]).sum())
        return TEMPERATURE_PRIOR / 2 * log_temperature**2 - likelihood

    found = minimize_scalar(cross_entropy, bounds=(np.log(TEMPERATURES[0]), np.log(TEMPERATURES[1])), method="bounded")
    return float(np.exp(found.x))
