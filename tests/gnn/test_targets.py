"""Soft labels scored by labels."""

import numpy as np
import pytest

from skellagnn.gnn._targets import LabeledNodes, SoftLabels


def test_accuracy_of_soft_labels_is_weighted_and_none_where_one_is_missing():
    soft = SoftLabels(np.array([2, 5, 9]), np.float32([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), np.ones(3, np.float32))

    def score(nodes, labels, weights):
        return soft.accuracy(LabeledNodes(np.array(nodes), np.array(labels), np.float32(weights)))

    assert score([9, 2], [1, 0], [1, 3]) == pytest.approx(0.75)
    assert score([2, 3], [0, 0], [1, 1]) is None
    assert score([2, 10], [0, 0], [1, 1]) is None
    assert score([], [], []) is None
