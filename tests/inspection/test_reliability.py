"""Bands of confidence: counts, right ones, means."""

import pickle

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.exceptions import NotFittedError

from skellagnn import ELLaGNNClassifier, ReplayEnhancer
from skellagnn.datasets import make_text_graph
from skellagnn.exceptions import GraphError, InvalidParameterError, LabelError
from skellagnn.inspection import ReliabilityDisplay


def test_bands_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    confidence = rng.random(300)
    right = rng.random(300) < confidence

    band = ReliabilityDisplay.from_predictions(right, np.ones(300, dtype=bool), confidence).bands["predictions"]

    share, mean = calibration_curve(right, confidence, n_bins=5)
    np.testing.assert_allclose(band.accuracy, share)
    np.testing.assert_allclose(band.confidence, mean)
    assert band.n.sum() == 300


def test_an_empty_band_and_a_confidence_of_one():
    display = ReliabilityDisplay.from_predictions([1, 1, 0], [1, 0, 0], [1.0, 0.95, 0.1], n_bands=4, name="me")

    band = display.bands["me"]
    assert band.n.tolist() == [1, 0, 0, 2]
    assert band.n_right.tolist() == [1, 0, 0, 1]
    np.testing.assert_array_equal(band.accuracy, [1, np.nan, np.nan, 0.5])
    np.testing.assert_allclose(band.confidence, [0.1, np.nan, np.nan, 0.975])
    assert display.edges.tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_model_and_llm_are_judged_by_the_same_labels(fitted):
    clf, graph, y, test = fitted.clf, fitted.graph, fitted.y, fitted.test

    display = ReliabilityDisplay.from_estimator(clf, graph[test], y[test])

    probabilities = clf.predict_proba(graph[test])
    assert display.bands["model"].n.sum() == len(test)
    assert display.bands["model"].n_right.sum() == np.sum(probabilities.argmax(axis=1) == y[test])
    checked = [answer for answer in clf.answers_ if answer.answer and answer.node in set(test.tolist())]
    assert 0 < len(checked) < 15
    assert display.bands["LLM"].n.sum() == len(checked)
    right = [answer.classes[0] == f"topic_{y[answer.node]}" for answer in checked]
    assert display.bands["LLM"].n_right.sum() == sum(right)
    expected, _ = np.histogram([answer.confidence for answer in checked], bins=display.edges)
    assert display.bands["LLM"].n.tolist() == expected.tolist()


def test_targets_without_a_label_are_left_out(fitted):
    y = fitted.y.copy()
    y[fitted.test[5:]] = -1

    display = ReliabilityDisplay.from_estimator(fitted.clf, fitted.graph[fitted.test], y[fitted.test])

    assert display.bands["model"].n.sum() == 5


def test_an_answer_without_a_confidence_has_the_reliability_of_the_fit():
    data = make_text_graph(60, random_state=0)
    clf = ELLaGNNClassifier(
        ReplayEnhancer(data.answers), class_names=data.target_names, encoder="tfidf", max_iter=3, random_state=0
    ).fit(data.graph[:30], data.target[:30])

    band = ReliabilityDisplay.from_estimator(clf, data.graph, data.target).bands["LLM"]

    assert band.n.sum() == 6
    assert band.confidence[band.n > 0].tolist() == pytest.approx([clf.reliability_])


def test_a_loaded_model_is_judged_without_its_llm(fitted):
    loaded = pickle.loads(pickle.dumps(fitted.clf))

    display = ReliabilityDisplay.from_estimator(loaded, fitted.graph, fitted.y)

    assert list(display.bands) == ["model"]


def test_points_and_bars(fitted):
    display = ReliabilityDisplay.from_estimator(fitted.clf, fitted.graph, fitted.y).plot()

    accuracies, counts = display.ax_
    assert [text.get_text() for text in accuracies.get_legend().get_texts()] == ["as sure as right", "model", "LLM"]
    heights = [bar.get_height() for bar in counts.patches]
    assert heights == [*display.bands["model"].n, *display.bands["LLM"].n]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 0], [1], [0.5, 0.5]), "of one length, got shapes"),
        (([1, 0], [1, 0], [0.5, 1.5]), r"`confidence` must be in \[0, 1\], got values from 0.5 to 1.5"),
        (([1, 0], [1, 0], [0.5, np.nan]), r"`confidence` must be in \[0, 1\]"),
    ],
)
def test_bad_predictions(arguments, message):
    with pytest.raises(InvalidParameterError, match=message):
        ReliabilityDisplay.from_predictions(*arguments)


def test_bad_numbers_of_bands(fitted):
    with pytest.raises(InvalidParameterError, match="`n_bands`"):
        ReliabilityDisplay.from_predictions([1], [1], [1.0], n_bands=0)


def test_models_and_graphs_that_do_not_fit(fitted):
    with pytest.raises(NotFittedError):
        ReliabilityDisplay.from_estimator(ELLaGNNClassifier(), fitted.graph, fitted.y)
    with pytest.raises(GraphError, match="`X` must be a view of the graph that the model was fitted on"):
        ReliabilityDisplay.from_estimator(
            fitted.clf, make_text_graph(20, random_state=0).graph, np.zeros(20, dtype=int)
        )
    with pytest.raises(LabelError, match="`y` must hold a label that predictions can be compared with"):
        ReliabilityDisplay.from_estimator(fitted.clf, fitted.graph, np.full(len(fitted.y), -1))
