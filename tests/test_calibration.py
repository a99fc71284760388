"""Folds of labels, and the temperature that held-out ones ask for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax

from skellagnn.calibration import LOG_TEMPERATURE_VARIANCE, deal_folds, fit_temperature


def test_folds_take_each_class_in_turn():
    labels = np.repeat([0, 1, 2], [10, 7, 1])
    fold = deal_folds(labels, 3)

    assert np.bincount(fold).tolist() == [4, 4, 4, 3, 3]
    assert np.bincount(fold[:10]).tolist() == [2] * 5
    np.testing.assert_array_equal(fold, deal_folds(labels, 3))
    assert (fold != deal_folds(labels, 4)).any()
    assert sorted(deal_folds(np.zeros(3, dtype=int))) == [0, 1, 2]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_at_which_labels_were_drawn_is_found(temperature):
    rng = np.random.default_rng(1)
    logits = 2 * rng.normal(size=(20_000, 3))
    p = np.exp(logits / temperature)
    labels = (rng.random((20_000, 1)) > (p / p.sum(axis=1, keepdims=True)).cumsum(axis=1)).sum(axis=1)

    assert fit_temperature(logits, np.eye(3)[labels], np.ones(20_000))[0] == pytest.approx(temperature, rel=0.05)


def test_few_labels_that_happen_to_be_right_calibrate_little_and_weights_are_repetitions():
    def found(n_right, n_wrong=0, weights=None):
        logits = np.tile([4.0, 0.0], (n_right + n_wrong, 1))
        labels = np.repeat([0, 1], [n_right, n_wrong])
        weights = np.ones(len(labels)) if weights is None else np.array(weights)
        return fit_temperature(logits, np.eye(2)[labels], weights)[0]

    assert found(2000) < 0.65 < 0.9 < found(3) < 1
    assert found(100, 100) == pytest.approx(5.0, rel=0.01)  # as flat as allowed
    assert found(3, 1, [1, 1, 1, 0]) == pytest.approx(found(3))
    assert found(1, 1, [3, 2]) == pytest.approx(found(3, 2), rel=1e-3)


def test_the_posterior_is_that_of_the_temperature_found():
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(50, 3)), rng.dirichlet(np.ones(3), size=50)
    weights = rng.random(50)
    temperature, posterior = fit_temperature(logits, targets, weights)

    expected = (weights[:, None] * targets * log_softmax(logits / temperature, axis=1)).sum()
    assert posterior == pytest.approx(expected - np.log(temperature) ** 2 / (2 * LOG_TEMPERATURE_VARIANCE))
