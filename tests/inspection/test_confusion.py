"""Two confusion matrices."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from skellagnn.exceptions import InvalidParameterError
from skellagnn.inspection import QueriedConfusionDisplay


def test_counts_are_those_of_scikit_learn(fitted):
    clf, graph, y = fitted.clf, fitted.graph, fitted.y

    display = QueriedConfusionDisplay.from_estimator(clf, graph[fitted.test], y[fitted.test])

    predicted, asked = clf.predict(graph[fitted.test]), np.isin(fitted.test, clf.queried_nodes_)
    true = y[fitted.test]
    labels = [0, 1, 2]
    np.testing.assert_array_equal(display.queried, confusion_matrix(true[asked], predicted[asked], labels=labels))
    np.testing.assert_array_equal(display.others, confusion_matrix(true[~asked], predicted[~asked], labels=labels))
    assert display.class_names == ["topic_0", "topic_1", "topic_2"]


def test_no_node_was_asked_about():
    display = QueriedConfusionDisplay.from_predictions(["a", "b"], ["b", "b"], [False, False]).plot()

    assert display.queried.tolist() == [[0, 0], [0, 0]]
    assert display.others.tolist() == [[0, 1], [0, 1]]
    assert [axes.get_title() for axes in display.ax_] == ["asked about\n0 of 0 right", "not asked about\n1 of 2 right"]


def test_classes_without_errors_are_one_where_there_are_many():
    true, predicted = np.arange(8), np.arange(8)
    predicted = predicted.copy()
    predicted[5], predicted[6] = 6, 5
    display = QueriedConfusionDisplay.from_predictions(true, predicted, np.ones(8, dtype=bool)).plot(max_classes=3)

    assert [tick.get_text() for tick in display.ax_[0].get_yticklabels()] == ["5", "6", "6 others"]
    shown = {
        (round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in display.ax_[0].texts
    }
    assert {place: text for place, text in shown.items() if text} == {(0, 1): "100", (1, 0): "100", (2, 2): "100"}


def test_bad_masks():
    with pytest.raises(InvalidParameterError, match=r"the mask `queried` must be .* np\.isin"):
        QueriedConfusionDisplay.from_predictions([0, 1], [0, 1], [0, 1])
    with pytest.raises(InvalidParameterError, match="of one length"):
        QueriedConfusionDisplay.from_predictions([0, 1], [0], [True, False])
    with pytest.raises(InvalidParameterError, match="`max_classes`"):
        QueriedConfusionDisplay.from_predictions([0], [0], [True]).plot(max_classes=1)
