"""What labels, answers and a teacher say together: one object, with all its weights, made in one place.

An LLM that names a class is an annotator (Dawid and Skene, 1979) with a probability of being right, which it says
itself or is taken to have. Every source is believed as far as it says itself; what can be checked may only lower that.
The check is what the labels alone say of every node, by models that have not seen the label in question.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logsumexp, softmax
from scipy.stats import binom

from skellagnn.distillation import PropagationTeacher, Teacher
from skellagnn.exceptions import InvalidParameterError, LabelError
from skellagnn.gnn._targets import LabeledNodes, SoftLabels, Supervision

__all__ = [
    "Answers",
    "ClassEstimate",
    "Supervised",
    "balance",
    "balance_known",
    "estimate_from_labels",
    "estimate_reliability",
    "supervise",
    "estimate_with_answers",
    "go_beyond_chance",
]

# How often the first choice of an LLM that does not say how sure it is is taken to be right.
UNSTATED_CONFIDENCE = 0.8
# Nobody is believed to be always right, or never.
EXTREMES = (0.02, 0.98)
# Answers that are believed less than that, on average, are left out: those of an LLM that guesses come to 0.03 or 0.04,
# and what is then left of hundreds of them still weighs as much as some labels.
LEAST_RELIABILITY = 0.1
# Answers that are enough to see whether texts and links can tell them, and the probability of such an agreement among
# guesses. Where a fit is to leave them out, ten for each class as well: of a good LLM's, five were not always enough.
ENOUGH, ENOUGH_OF_A_CLASS = 20, 10
UNLIKELY = 0.01
# Labels of a class that say nothing of its size: with 60 % labeled, to balance them costs half a point on Cora.
FEW = 10
# Folds of the estimate from labels.
N_FOLDS = 5
# Variance of the logarithm of the temperature around 0: a few labels that happen to be all right do not show that the
# estimate always is, which would leave no room for the LLM.
LOG_TEMPERATURE_VARIANCE = 1 / 5
# Variance of the shift of an LLM's confidence, in log-odds: one standard deviation is a factor of four. 270 answers
# overrule it by far, 20 do not.
SHIFT_VARIANCE = 2.0
# Shifts that are looked at. Agreement with an estimate that reads the same texts may not raise a confidence.
SHIFTS = np.linspace(-6, 0, 61)
# How often an LLM that does not know may name no class.
SILENCE = (np.arange(20) + 0.5) / 20
# Part of the agreement between answers and labels that proves nothing, since both read the same text: the middle
# between none (errors are independent) and all.
SHARED = 0.5


@dataclass(frozen=True)
class Answers:
    """Classes that the LLM named for the queried nodes.

    Parameters
    ----------
    nodes : ndarray of int64 of shape (n_queried,)
    choices : tuple of ndarray of int64 of shape (n_queried, n_choices)
        One array per class-naming prompt: first choice, second choice, ...; -1 where there is none, -2 where the LLM
        says that no class fits.
    confidences : tuple of ndarray of float64 of shape (n_queried,)
        How sure the LLM says it is of its first choice, from 0 to 1; NaN where it does not say.
    weight : float, default=1.0
        Of an answer that is sure to be right, beside a label.
    """

    nodes: NDArray[np.int64]
    choices: tuple[NDArray[np.int64], ...] = ()
    confidences: tuple[NDArray[np.float64], ...] = ()
    weight: float = 1.0

    @property
    def first(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The first class that any prompt names, and how sure the LLM says it is, each of shape (n_queried,)."""
        choices = np.stack([choices[:, 0] for choices in self.choices])
        place = ((choices >= 0).argmax(axis=0), np.arange(len(self.nodes)))
        return choices[place], np.stack(self.confidences)[place]

    def scaled(self, weight: float) -> Answers:
        """Return the same with another weight beside labels; without choices if that is 0."""
        return replace(self, weight=weight) if weight > 0 else Answers(self.nodes)


@dataclass(frozen=True)
class ClassEstimate:
    """What the labels alone say of every node.

    Parameters
    ----------
    probabilities : ndarray of shape (n_nodes, n_classes)
        Calibrated; of a labeled node by a model that has not seen its label. Uniform where nothing can be checked.
    temperature : float
        That the held-out labels asked for.
    """

    probabilities: NDArray[np.float64]
    temperature: float = 1.0

    @property
    def margins(self) -> NDArray[np.float64]:
        """Difference between the two most probable classes, shape (n_nodes,): small where an answer is worth most."""
        two = np.sort(self.probabilities, axis=1)[:, -2:]
        return np.asarray(two[:, 1] - two[:, 0])


@dataclass(frozen=True)
class Supervised:
    """What the backbone learns from, and what was found out about the LLM.

    Parameters
    ----------
    supervision : Supervision
        Labels and answers, each with its weight, and what the teacher says of the other nodes.
    reliability : float or None
        Mean probability that an answer is right, over the nodes whose answers name a class; None where none does.
    view_reliability : float
        How far nodes show the views that the LLM made: the same probability, 1 if no answer names a class.
    """

    supervision: Supervision
    reliability: float | None
    view_reliability: float


def estimate_from_labels(features: NDArray[Any], labeled: LabeledNodes, n_classes: int, seed: int = 0) -> ClassEstimate:
    """Say what labels alone tell of every node, by cross-fitting.

    Parameters
    ----------
    features : ndarray of shape (n_nodes, 2 * n_features)
        Own and propagated features (:func:`~skellagnn.distillation.propagate`).
    labeled : LabeledNodes
    n_classes : int
    seed : int, default=0
        Of the folds.

    Returns
    -------
    from_labels : ClassEstimate

    Notes
    -----
    Five logistic regressions, each without a fifth of the labels of each class. Held-out labels set the temperature
    (Guo et al., 2017, arXiv 1706.04599), whose logarithm is normal around 0 before. With no two labels of one class
    nobody can check anything, and the estimate says nothing.
    """
    n_nodes = len(features)
    counts = np.bincount(labeled.labels, minlength=n_classes)
    if counts.max(initial=0) < 2:
        return ClassEstimate(np.full((n_nodes, n_classes), 1 / n_classes))
    fold = _folds(labeled.labels, n_classes, seed)
    balanced = balance(labeled, n_classes)
    logits, held_out = np.zeros((n_nodes, n_classes)), np.zeros((len(fold), n_classes))
    n_folds = fold.max() + 1
    for number in range(n_folds):
        model = PropagationTeacher(n_rounds=0).fit(features, one_hot(balanced[fold != number], n_classes))
        scores = np.log(np.maximum(model.predict_proba(features), 1e-12))
        logits += scores / n_folds
        held_out[fold == number] = scores[labeled.nodes[fold == number]]
    temperature = _calibrate(held_out, labeled.labels, labeled.weights)
    probabilities = softmax(logits / temperature, axis=1)
    probabilities[labeled.nodes] = softmax(held_out / temperature, axis=1)
    return ClassEstimate(probabilities, temperature)


def _folds(labels: NDArray[np.int64], n_classes: int, seed: int) -> NDArray[np.int64]:
    """Deal the labels of each class out in turn, going on where the class before ended."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    fold = np.empty(len(labels), dtype=np.int64)
    fold[by_class] = np.arange(len(labels)) % min(N_FOLDS, len(labels))
    return fold


def _calibrate(logits: NDArray[np.float64], labels: NDArray[np.int64], weights: NDArray[np.float32]) -> float:
    """Return the most probable temperature given held-out labels."""
    own = np.arange(len(labels))

    def minus_log_posterior(log_temperature: float) -> float:
        log_p = log_softmax(logits / np.exp(log_temperature), axis=1)[own, labels]
        return float(log_temperature**2 / (2 * LOG_TEMPERATURE_VARIANCE) - (weights * log_p).sum())

    found = minimize_scalar(minus_log_posterior, bounds=(np.log(0.02), np.log(5.0)), method="bounded")
    return float(np.exp(found.x))


def estimate_reliability(
    choices: NDArray[np.int64],
    confidence: NDArray[np.float64],
    from_labels: NDArray[np.float64],
    labels: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Say how probable it is that each answer to one prompt is right because the LLM knows.

    Parameters
    ----------
    choices : ndarray of int of shape (n_queried,)
        First choices; -1 for an answer that names no class, -2 for one that says none fits, which proves nothing.
    confidence : ndarray of shape (n_queried,)
        What the LLM says itself; NaN where it does not: 0.8.
    from_labels : ndarray of shape (n_queried, n_classes)
        Class probabilities without the answers.
    labels : ndarray of int of shape (n_queried,)
        Training label of a queried node, -1 where it has none.

    Returns
    -------
    reliability : ndarray of shape (n_queried,)
        0 where no class is named.

    Notes
    -----
    One number b <= 0, half-normal with variance 2, shifts the log-odds of all stated confidences c; the most probable b
    given the answers is taken:

    .. math:: r_v(b) = \\sigma(\\mathrm{logit}\\, c_v + b)

    An LLM that knows names the class, with the probability P_v(a) / mean_u P_u(a) beside an LLM that knows nothing: it
    agrees with the estimate P from labels more than the sizes of the classes explain. One that does not know names no
    class with a probability u, which is summed out. Half of the cases in which it does not know count as if it agreed
    by reading the same text as the estimate; not where v has a label, which then is P. So random and constant answers
    lower b, and so do answers that name no class beside others; an estimate that says nothing leaves b at 0.
    """
    stated = np.clip(np.where(np.isnan(confidence), UNSTATED_CONFIDENCE, confidence), *EXTREMES)
    named, checked = choices >= 0, labels >= 0
    if not named.any():
        return np.zeros(len(choices))
    probabilities = from_labels.copy()
    probabilities[checked] = np.eye(from_labels.shape[1])[labels[checked]]
    sizes = probabilities.mean(axis=0)
    at = np.where(named, choices, 0)
    lift = probabilities[np.arange(len(at)), at] / np.maximum(sizes[at], 1e-6)
    reliability = 1 / (1 + np.exp(-(np.log(stated / (1 - stated))[:, None] + SHIFTS)))  # (n_queried, n_shifts)
    agrees = np.where(checked, 0.0, SHARED)[:, None] * (1 - reliability)  # by reading the same text
    log_posterior = np.full((len(SILENCE), len(SHIFTS)), -np.inf)
    for row, silent in enumerate(SILENCE):
        says = (reliability + agrees * (1 - silent)) * lift[:, None] + (1 - reliability - agrees) * (1 - silent)
        likelihood = np.where(named[:, None], says, (1 - reliability) * silent)
        likelihood[choices == -2] = 1.0
        log_posterior[row] = np.log(np.maximum(likelihood, 1e-9)).sum(axis=0)
    best = np.argmax(logsumexp(log_posterior, axis=0) - SHIFTS**2 / (2 * SHIFT_VARIANCE))
    return np.asarray(np.where(named, reliability[:, best], 0.0))


def supervise(
    labeled: LabeledNodes,
    answers: Answers,
    n_classes: int,
    estimate: Callable[[], ClassEstimate],
    teacher: Teacher | None,
    features: NDArray[Any],
    adjacency: sparse.csr_array,
) -> Supervised:
    """Weigh labels, answers and a teacher.

    Parameters
    ----------
    labeled : LabeledNodes
        Training labels. Those of queried nodes check the answers; validation labels must not be among them.
    answers : Answers
    n_classes : int
    estimate : callable() -> ClassEstimate
        Says what the labels tell without the answers; called if there are answers.
    teacher : Teacher or None
        Trained on labels, all classes alike (:func:`balance`), and answers; what it says of all other nodes is
        learned, too.
    features : ndarray of shape (n_nodes, 2 * n_features)
        Own and propagated features.
    adjacency : csr_array of shape (n_nodes, n_nodes)

    Returns
    -------
    supervised : Supervised

    Raises
    ------
    LabelError
        If labels and answers together name fewer than two classes.

    Notes
    -----
    An answer that names class a of node v, with reliability r, becomes the soft label

    .. math:: q_v(y) \\propto P_v(y) \\Bigl[ r \\frac{1(y = a)}{\\mathrm{mean}_u P_u(a)} + 1 - r \\Bigr]

    with the weight r beside labels of weight 1; several prompts share a node's weight. Answers that are right with less
    than 0.1 on average, or that do not :func:`go_beyond_chance`, are left out, unless the labels name fewer than two
    classes: then nothing else is known.
    """
    known, reliability = _known(labeled, answers, n_classes, estimate, features)
    if (known.probabilities[known.weights > 0].max(axis=0, initial=0) > 1 / n_classes).sum() < 2:
        raise LabelError(
            f"`y` and the LLM's answers must name at least two classes, got {len(labeled.nodes)} labels and "
            f"{len(known.nodes) - len(labeled.nodes)} answers that name one or none. Label nodes of several classes, "
            "ask about more nodes, or look at `prompts` and `class_names`: one prompt has to name classes, in words "
            "that the LLM uses."
        )
    views = 1.0 if reliability is None else reliability
    if views < LEAST_RELIABILITY and _teach_without_answers(labeled):
        views = 0.0
    if teacher is None:
        return Supervised(Supervision(known), reliability, views)
    teacher.fit(features, balance_known(known, labeled, n_classes), adjacency)
    probabilities = _check_probabilities(teacher, teacher.predict_proba(features, adjacency), len(features), n_classes)
    unlabeled = np.ones(len(features), dtype=bool)
    unlabeled[labeled.nodes] = False
    nodes = np.flatnonzero(unlabeled)
    soft = SoftLabels(nodes, probabilities[nodes].astype(np.float32), np.ones(len(nodes), dtype=np.float32))
    # the mean over a few unlabeled nodes would outweigh many labels
    weight = teacher.weight * min(1.0, len(nodes) / max(len(labeled.nodes), 1))
    return Supervised(Supervision(known, soft, weight), reliability, views)


def estimate_with_answers(
    labeled: LabeledNodes,
    n_classes: int,
    estimate: Callable[[], ClassEstimate],
    features: NDArray[Any],
    answers: Answers,
) -> ClassEstimate:
    """Say what labels and the answers so far tell of every node, for the choice of the next ones.

    Parameters are those of :func:`supervise`; the teacher is a :class:`~skellagnn.distillation.PropagationTeacher`.
    """
    known, _ = _known(labeled, answers, n_classes, estimate, features)
    known = balance_known(known, labeled, n_classes)
    return ClassEstimate(PropagationTeacher().fit(features, known).predict_proba(features))


def _known(
    labeled: LabeledNodes,
    answers: Answers,
    n_classes: int,
    estimate: Callable[[], ClassEstimate],
    features: NDArray[Any],
) -> tuple[SoftLabels, float | None]:
    """Return labels and answers as soft labels, and the mean reliability of the answers; 0 if they are guesses."""
    known = one_hot(labeled, n_classes)
    if not answers.choices:
        return known, None
    said, reliability = _soft_labels(labeled, answers, n_classes, estimate())
    if reliability is None or not _teach_without_answers(labeled):
        return _join(known, said), reliability
    choice, _ = answers.first
    if reliability >= LEAST_RELIABILITY and (choice >= 0).sum() >= ENOUGH_OF_A_CLASS * n_classes:
        guesses = go_beyond_chance(answers.nodes, choice, features, n_classes) is False
        reliability = 0.0 if guesses else reliability
    return known if reliability < LEAST_RELIABILITY else _join(known, said), reliability


def _teach_without_answers(labeled: LabeledNodes) -> bool:
    """Whether answers may be left out: labels of one class alone would teach nothing."""
    return len(np.unique(labeled.labels)) > 1


def go_beyond_chance(
    nodes: NDArray[np.int64], choice: NDArray[np.int64], features: NDArray[Any], n_classes: int, seed: int = 0
) -> bool | None:
    """Say whether answers can be told from texts, links and the other answers better than by chance.

    What cannot be told teaches a model of texts and links nothing, and an LLM that guesses, or names one class for all
    nodes, shows here without any label.

    Parameters
    ----------
    nodes : ndarray of int64 of shape (n_queried,)
    choice : ndarray of int64 of shape (n_queried,)
        First choices; below 0 where no class is named.
    features : ndarray of shape (n_nodes, 2 * n_features)
        Own and propagated features.
    n_classes : int
    seed : int, default=0
        Of the folds.

    Returns
    -------
    they_do : bool or None
        None where there are too few answers to tell: fewer than 20.
    """
    nodes, choice = nodes[choice >= 0], choice[choice >= 0]
    n = len(nodes)
    if n < ENOUGH:
        return None
    said = LabeledNodes(np.arange(n), choice, np.ones(n, dtype=np.float32))
    predicted = estimate_from_labels(features[nodes], said, n_classes, seed).probabilities.argmax(axis=1)
    sizes = (np.bincount(classes, minlength=n_classes) / n for classes in (choice, predicted))
    chance = float(np.dot(*sizes))
    return bool(binom.sf((predicted == choice).sum() - 1, n, chance) < UNLIKELY)


def _check_probabilities(teacher: Any, returned: Any, n_nodes: int, n_classes: int) -> NDArray[Any]:
    probabilities = np.asarray(returned)
    fits = probabilities.shape == (n_nodes, n_classes) and probabilities.dtype.kind == "f"
    if not fits or not np.isfinite(probabilities).all() or np.abs(probabilities.sum(axis=1) - 1).max(initial=0) > 1e-3:
        raise InvalidParameterError(
            f"`teacher` must return class probabilities of shape ({n_nodes}, {n_classes}) from predict_proba, rows "
            f"summing to 1, got {type(returned).__name__}, shape {probabilities.shape}, from {type(teacher).__name__}: "
            "one row for each node, in the order of the classes."
        )
    return probabilities


def _soft_labels(
    labeled: LabeledNodes, answers: Answers, n_classes: int, from_labels: ClassEstimate
) -> tuple[SoftLabels, float | None]:
    """Turn answers about nodes without a label into soft labels; return their mean reliability, too."""
    label_of = np.full(len(from_labels.probabilities), -1, dtype=np.int64)
    label_of[labeled.nodes] = labeled.labels
    labels = label_of[answers.nodes]
    prior = from_labels.probabilities[answers.nodes]
    sizes = np.maximum(prior.mean(axis=0), 1e-6) if len(prior) else np.ones(n_classes)
    log_q, weights, found = np.log(np.maximum(prior, 1e-12)), np.zeros(len(prior)), []
    n_prompts = max(len(answers.choices), 1)
    for choices, confidence in zip(answers.choices, answers.confidences, strict=True):
        first = choices[:, 0]
        reliability = estimate_reliability(first, confidence, prior, labels)
        named = np.flatnonzero(first >= 0)
        factor = np.tile(1 - reliability[:, None], n_classes)
        factor[named, first[named]] += reliability[named] / sizes[first[named]]
        log_q += np.log(np.maximum(factor, 1e-12)) / n_prompts
        weights += reliability / n_prompts
        found.append(reliability[named])
    use = (weights > 0) & (labels < 0)
    q = softmax(log_q[use], axis=1).astype(np.float32)
    said = SoftLabels(answers.nodes[use], q, (answers.weight * weights[use]).astype(np.float32))
    everything = np.concatenate(found) if found else np.empty(0)
    return said, float(everything.mean()) if len(everything) else None


def balance(labeled: LabeledNodes, n_classes: int) -> LabeledNodes:
    """Return labels with weights by which classes count alike as far as labels are few; not those with own weights.

    A logistic regression takes a class of which it saw few labels for a rare one, and a teacher that trains itself then
    erases it: of twenty labels in two classes and two in the others little but these two classes is left. Many labels
    are taken to be as frequent as their classes are: with m > 10 in the smallest class, weights are those that make
    all alike to the power of 10 / m.
    """
    weights, counts = labeled.weights, np.bincount(labeled.labels, minlength=n_classes)
    seen = counts[counts > 0]
    if len(seen) == 0 or weights.min() != weights.max() or seen.min() == seen.max():
        return labeled
    power = min(1.0, FEW / seen.min())
    return replace(labeled, weights=(weights * (seen.mean() / counts[labeled.labels]) ** power).astype(np.float32))


def balance_known(known: SoftLabels, labeled: LabeledNodes, n_classes: int) -> SoftLabels:
    """Return what a teacher learns from: labels, which come first in what is known, balanced, and answers."""
    balanced = balance(labeled, n_classes)
    if balanced is labeled:
        return known
    return replace(known, weights=np.concatenate([balanced.weights, known.weights[len(labeled.nodes) :]]))


def one_hot(labeled: LabeledNodes, n_classes: int) -> SoftLabels:
    """Return labels as class probabilities."""
    return SoftLabels(labeled.nodes, np.eye(n_classes, dtype=np.float32)[labeled.labels], labeled.weights)


def _join(*parts: SoftLabels) -> SoftLabels:
    return SoftLabels(
        np.concatenate([part.nodes for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )
