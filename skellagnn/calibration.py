"""What held-out labels say of a model: folds of them, and how sure it may be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

__all__ = ["N_FOLDS", "deal_folds", "fit_temperature"]

N_FOLDS = 5
# Variance of the logarithm of the temperature around 0: a few labels that happen to be all right do not show that a
# model always is, which would leave no room for the LLM.
LOG_TEMPERATURE_VARIANCE = 1 / 5


def deal_folds(labels: NDArray[np.int64], seed: int = 0) -> NDArray[np.int64]:
    """Deal the labels of each class out in turn, going on where the class before ended.

    Parameters
    ----------
    labels : ndarray of int64 of shape (n,)
    seed : int, default=0

    Returns
    -------
    fold : ndarray of int64 of shape (n,)
        From 0 to 4; fewer with fewer than five labels.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    fold = np.empty(len(labels), dtype=np.int64)
    fold[by_class] = np.arange(len(labels)) % min(N_FOLDS, len(labels))
    return fold


def fit_temperature(
    logits: NDArray[np.floating], targets: NDArray[np.floating], weights: NDArray[np.floating]
) -> tuple[float, float]:
    """Return the most probable temperature given held-out labels, and the logarithm of its posterior density there.

    Parameters
    ----------
    logits : ndarray of shape (n, n_classes)
        Of a model that has not seen the labels.
    targets : ndarray of shape (n, n_classes)
        Labels as class probabilities.
    weights : ndarray of shape (n,)

    Notes
    -----
    Guo et al. (2017, arXiv 1706.04599); the logarithm of the temperature is normal around 0 before.
    """

    def minus_log_posterior(log_temperature: float) -> float:
        log_p = log_softmax(logits / np.exp(log_temperature), axis=1)
        log_likelihood = (weights[:, None] * targets * log_p).sum()
        return float(log_temperature**2 / (2 * LOG_TEMPERATURE_VARIANCE) - log_likelihood)

    found = minimize_scalar(minus_log_posterior, bounds=(np.log(0.02), np.log(5.0)), method="bounded")
    return float(np.exp(found.x)), -float(found.fun)
