"""Overlap, ranks and classes of selections."""

import numpy as np
import pytest

from skellagnn import ELLaGNNClassifier, TextGraph
from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.inspection import SelectionDisplay
from skellagnn.selection import select_active_nodes


@pytest.fixture
def star():
    return TextGraph.from_edges([(0, 1), (0, 2), (0, 3)])


def test_overlap_ranks_and_classes(star):
    display = SelectionDisplay(
        star, {"a": [0, 1, 2], "b": [3], "c": [2, 3]}, y=[5, 5, -1, 7], uncertainty=[0.1, 0.2, 0.3, 0.4]
    )

    np.testing.assert_allclose(display.overlap, [[1, 0, 0.5], [0, 1, 1], [0.5, 1, 1]])
    assert display.degree_ranks["a"].tolist() == [0.875, 0.375, 0.375]  # three leaves share the ranks 1 to 3
    assert display.uncertainty_ranks["c"].tolist() == [0.625, 0.875]
    assert display.class_names == ["5", "7"]
    np.testing.assert_allclose(display.class_shares, [[1, 0], [0, 1], [0, 1], [2 / 3, 1 / 3]])


def test_a_classifier_plans_with_each_selection(fitted):
    clf, X, y = fitted.clf, fitted.graph[fitted.train], fitted.y[fitted.train]

    display = SelectionDisplay.from_estimator(clf, X, y, ["clustering", "degree"])

    assert display.nodes["clustering"].tolist() == fitted.plan.active_nodes.tolist()
    features = np.empty((fitted.graph.n_nodes, 0), dtype=np.float32)
    expected = select_active_nodes(fitted.graph, features, "degree", 20)
    assert display.nodes["degree"].tolist() == expected.tolist()
    assert display.class_names == ["topic_0", "topic_1", "topic_2"]
    unsure = 1 - clf.predict_proba(fitted.graph).max(axis=1)
    least = np.argsort(unsure)[0]
    assert display.uncertainty_ranks["degree"].shape == (20,)
    ranks = SelectionDisplay(fitted.graph, {"least": [least]}, uncertainty=unsure).uncertainty_ranks["least"]
    assert ranks[0] == pytest.approx(0.5 / 90)
    assert clf.selection == "clustering"


def test_a_classifier_that_is_not_fitted_is_unsure_of_nothing(fitted):
    clf = ELLaGNNClassifier(encoder="tfidf", prompts="keywords", augmentation_ratio=5, random_state=0)

    def own(graph, features, rng):
        return np.arange(graph.n_nodes)

    display = SelectionDisplay.from_estimator(clf, fitted.graph, selections=["random", own])

    assert display.uncertainty_ranks is None
    assert display.class_shares is None
    assert sorted(display.nodes["own"].tolist()) == [85, 86, 87, 88, 89]


def test_the_panels(star):
    display = SelectionDisplay(star, {"a": [0, 1], "none": []}, y=[0, 1, 1, 1], uncertainty=[1, 0, 0, 0]).plot()

    shared, ranks, classes = display.ax_
    assert [text.get_text() for text in shared.texts] == ["100", "0", "0", "0"]
    assert ranks.lines[0].get_xdata()[0] == pytest.approx(0.625)
    assert [bar.get_width() for bar in classes.patches] == pytest.approx([0.5, 0, 0.25, 0.5, 0, 0.75])
    assert len(SelectionDisplay(star, {"a": [0]}).plot().ax_) == 2


@pytest.mark.parametrize("nodes", [{}, [1, 2], None])
def test_no_selections(star, nodes):
    with pytest.raises(InvalidParameterError, match="`nodes` must map names of selections to node ids"):
        SelectionDisplay(star, nodes)


def test_nodes_and_numbers_that_do_not_fit(star):
    with pytest.raises(GraphError, match=r"nodes\['a'\]"):
        SelectionDisplay(star, {"a": [7]})
    with pytest.raises(InvalidParameterError, match=r"`uncertainty` must have one number for each of the 4 nodes"):
        SelectionDisplay(star, {"a": [1]}, uncertainty=[1, 2])
