"""How probable it is that an answer is right because the LLM knows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import binom

from skellagnn.gnn._targets import LabeledNodes
from skellagnn.supervision._from_labels import estimate_from_labels

# How often the first choice of an LLM that does not say how sure it is is taken to be right.
UNSTATED_CONFIDENCE = 0.8
# Nobody is believed to be always right, or never.
EXTREMES = (0.02, 0.98)
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
# Answers that are enough to see whether texts and links can tell them, and the probability of such an agreement among
# guesses.
ENOUGH, UNLIKELY = 20, 0.01


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
    return agree_beyond_chance(choice, predicted, n_classes)


def agree_beyond_chance(some: NDArray[np.int64], other: NDArray[np.int64], n_classes: int) -> bool:
    """Say whether classes of the same nodes from two sources agree more than their frequencies explain."""
    sizes = (np.bincount(classes, minlength=n_classes) / max(len(some), 1) for classes in (some, other))
    return bool(binom.sf((some == other).sum() - 1, len(some), float(np.dot(*sizes))) < UNLIKELY)
