"""What labels, answers and a teacher say together: one object, with all its weights, made in one place.

An LLM that names a class is a noisy annotator (Dawid and Skene, 1979). Its channel is the probability of each answer
given the true class; it is estimated here from the answers about labeled training nodes, on top of a prior that
trusts first. A model whose accuracy is known lowers that trust, as far as its predictions and the answers differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from skellagnn.distillation import Opinion, Teaching
from skellagnn.gnn._targets import LabeledNodes, SoftLabels, Supervision
from skellagnn.validation import split_validation

__all__ = ["Answers", "supervise"]

# What the answers are taken to be worth before any is checked against a label: first choice right with 0.8,
# second choice (of those where the first is wrong) with 0.4, believed as firmly as five checked answers per class.
DIAGONAL = (0.8, 0.4)
PRIOR_STRENGTH = 5.0
# Values of a model's accuracy that are averaged over.
GRID = 200
# A few hundred answers do not show that an LLM is never wrong.
MAX_ACCURACY = 0.95
# A choice further down the list counts less: what it says is partly said by the choices before it.
CHOICE_WEIGHTS = (1.0, 0.5)
# Evidence beside a model's prediction counts as far as the LLM is as good as the model, and steeply less below that:
# both read the same text, so they err together. Chosen on Cora and Wikispeedia, on splits that no benchmark reports.
TRUST_POWER = 5
# An LLM that is, above chance, not half as good as the model is left out: what so little evidence could gain is less
# than what one more training changes by chance.
MIN_TRUST = 0.5**TRUST_POWER
# `answer_weight="auto"` where no teacher says what the answers are worth: the middle of what was tried.
UNCHECKED_ANSWER_WEIGHT = 0.5
# What the answers weigh in the second teacher's loss, beside the labels, if they are relied on fully.
FULL_TRUST_WEIGHT = 2.0
# With `answer_weight="auto"` few answers beside many labels are left out if the LLM is not as good as the teacher. On
# Cora with labels for six of ten nodes they gained nothing. Answers that are all right did, and are relied on fully.
FEW_ANSWERS = 0.1
FULL_TRUST = 0.9
# Fraction of the training labels that the first teacher is calibrated on where there is no validation.
CALIBRATION_FRACTION = 0.25
# No single choice moves a class by more than this, in nats.
MAX_EVIDENCE = 4.0


def estimate_channel(
    choices: NDArray[np.int64],
    labels: NDArray[np.int64],
    n_classes: int,
    *,
    diagonal: float = DIAGONAL[0],
    prior_strength: float = PRIOR_STRENGTH,
) -> NDArray[np.float64]:
    """Estimate the probability of each answer given the true class.

    Parameters
    ----------
    choices : ndarray of int of shape (n_answers,)
        Class named by each answer, -1 for none.
    labels : ndarray of int of shape (n_answers,)
        True class where it may be used (labeled training nodes), else -1.
    n_classes : int
    diagonal : float, default=0.8
        Prior probability that the answer names the true class.
    prior_strength : float, default=5.0
        Weight of the prior, in answers per class.

    Returns
    -------
    channel : ndarray of shape (n_classes, n_classes + 1)
        Row-stochastic; the last column is "names no class".
    """
    channel = np.full((n_classes, n_classes + 1), prior_strength * (1 - diagonal) / n_classes)
    channel[np.arange(n_classes), np.arange(n_classes)] = prior_strength * diagonal
    known = labels >= 0
    # index -1 is the last column: no class named
    np.add.at(channel, (labels[known], choices[known]), 1.0)
    return np.asarray(channel / channel.sum(axis=1, keepdims=True))


def estimate_trust(
    choices: NDArray[np.int64],
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    n_classes: int,
    n_right: float,
    n_checked: float,
) -> tuple[float, float]:
    """Say how often the answers of one prompt are right, and how far to trust them beside a model.

    Parameters
    ----------
    choices : ndarray of int of shape (n_active, n_choices)
        The first column is looked at.
    labels : ndarray of int of shape (n_active,)
        True class where it may be used to check the answers, else -1.
    predicted : ndarray of int of shape (n_active,)
        Predictions of the model.
    n_classes : int
    n_right, n_checked : float
        Of the model, see :class:`Opinion`.

    Returns
    -------
    accuracy : float
        Expected share of right answers.
    trust : float
        From 0, for answers at random, to 1, for answers that are as good as the model or better: the fifth power of
        the ratio of both accuracies, each above chance.

    Notes
    -----
    Given the accuracy m of the model and the share A of answers that agree with it, there are two limits. If LLM and
    model err independently, and errors are spread over the other classes, ``A = m l + (1 - m) (1 - l) / (C - 1)`` has
    the LLM's accuracy l as its solution; that is too high where they err together, as two readers of one text do. If
    an answer says nothing that the prediction does not say, ``l = m A + (1 - m) (1 - A) / (C - 1)``, which is too low.
    The midpoint is taken, and joined with the answers about labeled nodes and with five imagined answers that are
    right with 0.8. What agreement shows falls with the square of how much the model knows, and counts that much less.
    All this is averaged over what m may be, given the labels that the model was checked with: a model that nobody
    checked is no reason to distrust an LLM.
    """
    named = choices[:, 0] >= 0
    checked = named & (labels >= 0)
    compared = named & (labels < 0)
    n_others = max(n_classes - 1, 1)
    chance = 1 / n_classes
    grid = (np.arange(GRID) + 0.5) / GRID
    logarithm = n_right * np.log(grid) + (n_checked - n_right) * np.log1p(-grid)
    belief = np.exp(logarithm - logarithm.max())
    belief /= belief.sum()

    agreement = float((choices[compared, 0] == predicted[compared]).mean()) if compared.any() else 0.0
    by_error = (1 - grid) / n_others
    shared = agreement * grid + (1 - agreement) * by_error
    slope = grid - by_error
    independent = np.clip((agreement - by_error) / np.where(slope > 0, slope, 1), 0, 1)
    n_compared = compared.sum() * np.clip(slope, 0, None) ** 2
    hits = PRIOR_STRENGTH * DIAGONAL[0] + float((choices[checked, 0] == labels[checked]).sum())
    accuracy = (hits + n_compared * (shared + independent) / 2) / (PRIOR_STRENGTH + checked.sum() + n_compared)

    above = np.clip(accuracy - chance, 0, None) / np.clip(grid - chance, 1e-9, None)
    trust = np.clip(above, 0, 1) ** TRUST_POWER
    return float(belief @ accuracy), float(belief @ trust)


def class_evidence(
    choices: Sequence[NDArray[np.int64]],
    labels: NDArray[np.int64],
    n_classes: int,
    *,
    accuracy: float = DIAGONAL[0],
) -> NDArray[np.float64]:
    """Add up what the answers of all class-naming prompts say about each node, in nats.

    Parameters
    ----------
    choices : sequence of ndarray of int of shape (n_active, n_choices)
        One array per prompt: first choice, second choice, ...; -1 where there is none.
    labels : ndarray of int of shape (n_active,)
        True class where it may be used to check the answers, else -1.
    n_classes : int
    accuracy : float, default=0.8
        How often a first choice is expected to be right.

    Returns
    -------
    evidence : ndarray of shape (n_active, n_classes)
        Zero for a node without any choice.

    Notes
    -----
    Of each choice, the column of log channel probabilities, centered over the classes, clipped and weighted.
    """
    evidence = np.zeros((len(labels), n_classes))
    for table in choices:
        for rank, weight in enumerate(CHOICE_WEIGHTS):
            if rank >= table.shape[1]:
                break
            named = table[:, rank]
            # the second choice is informative where the first was wrong, so only there it is checked
            checked = labels if rank == 0 else np.where(labels == table[:, 0], -1, labels)
            diagonal = min(accuracy, MAX_ACCURACY) if rank == 0 else DIAGONAL[rank]
            channel = np.log(estimate_channel(named, checked, n_classes, diagonal=diagonal))
            ratio = np.clip(channel - channel.mean(axis=0), -MAX_EVIDENCE, MAX_EVIDENCE)
            evidence[named >= 0] += weight * ratio[:, named[named >= 0]].T
    return evidence


def soft_targets(
    evidence: NDArray[np.float64], prior: NDArray[np.float64] | None = None, *, prior_power: float = 0.5
) -> NDArray[np.float32]:
    """Combine evidence with what is believed without it.

    Parameters
    ----------
    evidence : ndarray of shape (n_active, n_classes)
        In nats.
    prior : ndarray of shape (n_active, n_classes), default=None
        Class probabilities of a model without answers; by default uniform.
    prior_power : float, default=0.5
        How far that model is trusted, 1 for fully.

    Returns
    -------
    targets : ndarray of float32 of shape (n_active, n_classes)
        ``prior ** prior_power * exp(evidence)``, rows summing to 1.
    """
    logits = evidence.copy()
    if prior is not None:
        logits += prior_power * np.log(np.clip(prior, 1e-12, None))
    logits -= logits.max(axis=1, keepdims=True)
    weights = np.exp(logits)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True)
class Answers:
    """Classes that the LLM named for the queried nodes.

    Parameters
    ----------
    nodes : ndarray of int64 of shape (n_queried,)
    choices : tuple of ndarray of int64 of shape (n_queried, n_choices)
        One array per class-naming prompt: first choice, second choice, ...; -1 where there is none.
    confidences : tuple of ndarray of float64 of shape (n_queried,)
        How sure the LLM says it is of its first choice, from 0 to 1; NaN where it does not say.
    """

    nodes: NDArray[np.int64]
    choices: tuple[NDArray[np.int64], ...] = ()
    confidences: tuple[NDArray[np.float64], ...] = ()

    def labels_of(self, labeled: LabeledNodes) -> NDArray[np.int64]:
        """Return the training label of each queried node, -1 where it has none."""
        label_of = np.full(1 + max(self.nodes.max(initial=-1), labeled.nodes.max(initial=-1)), -1, dtype=np.int64)
        label_of[labeled.nodes] = labeled.labels
        return np.asarray(label_of[self.nodes])


def supervise(
    labeled: LabeledNodes,
    answers: Answers,
    n_classes: int,
    teaching: Teaching | None,
    answer_weight: float | str = "auto",
    seed: int = 0,
) -> Supervision:
    """Weigh labels, answers and a teacher against each other.

    Parameters
    ----------
    labeled : LabeledNodes
        Training labels. Those of queried nodes check the answers; validation labels must not be among them.
    answers : Answers
    n_classes : int
    teaching : Teaching or None
        Trains a teacher and returns what it says of every node. None: there is no teacher.
    answer_weight : float or "auto", default="auto"
        Weight of the answers in the teacher's loss; ``"auto"``: as far as they are relied on.
    seed : int, default=0
        Of the labels that a teacher is calibrated with.

    Returns
    -------
    supervision : Supervision

    Notes
    -----
    A teacher that overrates itself would talk every LLM down. Where there is no validation to check it with, the one
    without answers is trained on three quarters of the labels and checked with the others - unless no class has two
    labels: then nothing is known of it, and the answers are relied on first.
    """
    checked = answers if answer_weight != 0 else Answers(answers.nodes)
    if teaching is None:
        soft = answer_targets(checked, labeled, n_classes)[0]
        own = UNCHECKED_ANSWER_WEIGHT if answer_weight == "auto" else float(answer_weight)
        return Supervision(labeled, soft, 0.0 if soft is None else own * _ratio(soft, labeled))

    without: Opinion | None = None
    if checked.choices and teaching.validation is None and np.bincount(labeled.labels).max() > 1:
        fewer, held_out = split_validation(labeled, CALIBRATION_FRACTION, n_classes, seed)
        reference = teaching(Supervision(fewer), held_out)
    else:
        reference = without = teaching(Supervision(labeled))
    # in the first of several processes: rounding may differ between machines, and all must train the same teachers
    weigh = partial(answer_targets, checked, labeled, n_classes, reference)
    soft, reliability = teaching.trainer.group.first(weigh)
    ratio = 0.0 if soft is None else _ratio(soft, labeled)
    if answer_weight == "auto" and ratio < FEW_ANSWERS and reliability < FULL_TRUST:
        ratio = 0.0
    answers_weigh = ratio * (FULL_TRUST_WEIGHT * reliability if answer_weight == "auto" else float(answer_weight))
    if soft is not None and answers_weigh > 0:
        probabilities = teaching(Supervision(labeled, soft, answers_weigh)).probabilities
        probabilities[soft.nodes] = soft.probabilities
    else:
        probabilities = (without or teaching(Supervision(labeled))).probabilities
    unlabeled = np.ones(len(probabilities), dtype=bool)
    unlabeled[labeled.nodes] = False
    nodes = np.flatnonzero(unlabeled)
    said = SoftLabels(nodes, probabilities[nodes].astype(np.float32), np.ones(len(nodes), dtype=np.float32))
    views = reliability * ratio if checked.choices else 1.0
    queries = reliability if checked.choices else 1.0
    # beside many labels, too: the mean over a few unlabeled nodes would outweigh them
    weight = teaching.teacher.weight * _ratio(said, labeled)
    return Supervision(labeled, said, weight, reliability=reliability, views=views, queries=queries)


def _ratio(soft: SoftLabels, labeled: LabeledNodes) -> float:
    """Return what a mean over soft labels may weigh beside one over labels: 1, or their ratio where they are fewer.

    Without it, answers about a few nodes would outweigh thousands of labels, each of them many times over.
    """
    return min(1.0, len(soft.nodes) / max(len(labeled.nodes), 1))


def answer_targets(
    answers: Answers, labeled: LabeledNodes, n_classes: int, reference: Opinion | None = None
) -> tuple[SoftLabels | None, float]:
    """Turn class-naming answers into soft labels of the queried nodes that have no training label.

    Parameters
    ----------
    answers : Answers
    labeled : LabeledNodes
    n_classes : int
    reference : Opinion, default=None
        Of a teacher without answers.

    Returns
    -------
    soft : SoftLabels or None
        None if no answer names a class, or no prompt is relied on by a thirty-second at least. Without any node if all
        that name a class are about nodes with a label.
    reliability : float
        How far the answers are relied on, in [0, 1]; 0 with no soft labels.

    Notes
    -----
    Without a teacher, targets are the answers' evidence alone, and all count the same. With a teacher they are

    .. math:: q_v \\propto P_v^{1 - t/2} \\exp\\bigl(\\tfrac{1}{\\sqrt{m}} \\sum_p t_p e_{vp}\\bigr)

    with P the teacher, e the evidence of the m prompts that name classes, each weighed by its reliability t_p, and t
    the largest of these; a target counts by how certain it is (1 less its entropy over log C), which is how far
    prompts, teacher and, through the teacher, neighbors agree. A reliability of less than 1/32, of an LLM that is, above chance,
    not half as good as the teacher, counts as none.
    """
    active, choices = answers.nodes, answers.choices
    label = answers.labels_of(labeled)
    if not any((table >= 0).any() for table in choices):
        return None, 0.0
    use = (label < 0) & np.any([(table >= 0).any(axis=1) for table in choices], axis=0)
    if reference is None:
        evidence = class_evidence(choices, label, n_classes)
        soft = SoftLabels(active[use], soft_targets(evidence[use]), np.ones(int(use.sum()), dtype=np.float32))
        return soft, 1.0

    prior = np.asarray(reference.probabilities[active], dtype=np.float64)
    predicted = prior.argmax(axis=1)
    evidence, largest = np.zeros((len(active), n_classes)), 0.0
    for table in choices:
        accuracy, trust = estimate_trust(table, label, predicted, n_classes, reference.n_right, reference.n_checked)
        if trust < MIN_TRUST:
            continue
        largest = max(largest, trust)
        # answers of one LLM to several prompts err together, so they count less than independent ones
        evidence += trust / np.sqrt(len(choices)) * class_evidence([table], label, n_classes, accuracy=accuracy)
    if largest == 0:
        return None, 0.0
    targets = soft_targets(evidence[use], prior[use], prior_power=1 - largest / 2)
    entropy = -(targets * np.log(np.clip(targets, 1e-12, None))).sum(axis=1)
    certainty = np.clip(1 - entropy / np.log(max(n_classes, 2)), 0, 1).astype(np.float32)
    return SoftLabels(active[use], targets, certainty), largest
