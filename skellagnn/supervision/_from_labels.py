"""What labels alone say of every node, each checked by models that have not seen it; how classes are balanced."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from skellagnn.distillation import PropagationTeacher
from skellagnn.gnn._targets import LabeledNodes, SoftLabels

# Labels of a class that say nothing of its size: with 60 % labeled, to balance them costs half a point on Cora.
FEW = 10
# Folds of the estimate from labels.
N_FOLDS = 5
# Variance of the logarithm of the temperature around 0: a few labels that happen to be all right do not show that the
# estimate always is, which would leave no room for the LLM.
LOG_TEMPERATURE_VARIANCE = 1 / 5


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


def balance(labeled: LabeledNodes, n_classes: int) -> LabeledNodes:
    """Return labels with weights by which classes count alike as far as labels are few; not those with own weights.

    A logistic regression takes a class of which it saw few labels for a rare one, and a teacher that trains itself then
    erases it: of twenty labels in two classes and two in the others little but these two classes is left. Many labels
    are taken to be as frequent as their classes are: with m > 10 in the smallest class, weights are those that make
    all alike to the power of 10 / m.
    """
    factors = class_factors(labeled.labels, n_classes)
    if not weigh_alike(labeled) or (factors == 1).all():
        return labeled
    return replace(labeled, weights=(labeled.weights * factors).astype(np.float32))


def weigh_alike(labeled: LabeledNodes) -> bool:
    """Whether labels have no weights of their own."""
    return len(labeled.weights) == 0 or bool(labeled.weights.min() == labeled.weights.max())


def class_factors(classes: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    """Return the factor of each node by which classes count alike, as far as its nodes are few (:func:`balance`)."""
    counts = np.bincount(classes, minlength=n_classes)
    seen = counts[counts > 0]
    if len(seen) == 0 or seen.min() == seen.max():
        return np.ones(len(classes))
    return np.asarray((seen.mean() / counts[classes]) ** min(1.0, FEW / seen.min()))


def one_hot(labeled: LabeledNodes, n_classes: int) -> SoftLabels:
    """Return labels as class probabilities."""
    return SoftLabels(labeled.nodes, np.eye(n_classes, dtype=np.float32)[labeled.labels], labeled.weights)
