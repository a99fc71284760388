"""What a pilot finds out: LLMs that know and that do not, few and many labels, budgets, and extremes."""

from __future__ import annotations

import numpy as np
import pytest

from skellagnn import Budget, CallableEnhancer, ELLaGNNClassifier, ReplayEnhancer, ResponseStore, pilot, worth
from skellagnn.datasets import make_text_graph
from skellagnn.exceptions import AnswerWarning, InvalidParameterError, LabelError
from skellagnn.prompts import parse_choices
from skellagnn.worth import _learning_curve, _pilot

N, K = 300, 3


def make(answer_accuracy=0.9, **parameters):
    """Make a graph whose texts say little, and an estimator with an LLM that is right about so many of them."""
    data = make_text_graph(
        N, K, informativeness=0.15, homophily=0.7, answer_accuracy=answer_accuracy, labeled_fraction=1.0, random_state=1
    )
    clf = ELLaGNNClassifier(
        parameters.pop("enhancer", ReplayEnhancer(data.answers)),
        **{"class_names": data.target_names, "encoder": "tfidf", "random_state": 0, "max_iter": 5, **parameters},
    )
    return data, clf


def labels_of(data, n_labels):
    """Return the labels of the first nodes of each class, as many of each; -1 for the others."""
    first = np.concatenate([np.flatnonzero(data.target == label)[: n_labels // K] for label in range(K)])
    y = np.full(N, -1)
    y[first] = data.target[first]
    return y


def said_by(data):
    """Return what an LLM that knows says of a prompt, and the prompts that it was asked."""
    topic = {data.graph.texts[int(a["node"])]: a["response"] for a in data.answers if a["prompt"] == "topic"}
    asked = []

    def answer(prompt):
        asked.append(str(prompt))
        return next(response for text, response in topic.items() if text in prompt)

    return answer, asked


# -- verdicts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_labels", [2 * K, 5 * K, 10 * K])
def test_few_labels_and_an_llm_that_knows_pay(n_labels):
    data, clf = make()
    found = pilot(clf, data.graph, labels_of(data, n_labels))

    assert found.verdict == "pay"
    assert found.gain[1] > 0.02
    assert found.accuracy[0] < 0.9
    assert found.accuracy[2] > 0.8
    assert found.labels[1] <= found.n_budget == N // 10


@pytest.mark.parametrize("n_labels", [0, K, 5 * K, 20 * K])
def test_guesses_do_not_pay(n_labels):
    data, clf = make(answer_accuracy=1 / K)

    assert pilot(clf, data.graph, labels_of(data, n_labels)).verdict == "do not pay"


def test_one_answer_for_all_does_not_pay_without_any_label():
    data, clf = make(enhancer=CallableEnhancer(lambda prompt: "topic_1", model_name="constant"), store=None)

    assert pilot(clf, data.graph).verdict == "do not pay"


def test_where_labels_tell_nearly_all_an_llm_that_is_no_better_does_not_pay():
    data = make_text_graph(N, K, informativeness=0.6, homophily=0.9, answer_accuracy=0.8, random_state=0)
    clf = ELLaGNNClassifier(
        ReplayEnhancer(data.answers), class_names=data.target_names, encoder="tfidf", random_state=0
    )
    found = pilot(clf, data.graph, labels_of(data, 180))

    assert found.verdict == "do not pay"
    assert found.gain[1] < 0.01
    assert found.bands[-1].by_labels > 0.9
    assert found.bands[0].by_labels < found.bands[-1].by_labels


def test_without_labels_nobody_can_say_how_right_the_llm_is():
    data, clf = make()
    found = pilot(clf, data.graph)

    assert found.verdict == "unclear"
    assert "go with texts and links" in found.reason
    assert (found.n_checked, found.bands) == (0, ())
    assert found.accuracy[0] < 0.1
    assert found.accuracy[2] > 0.9
    assert "too few" in pilot(clf, data.graph, n_nodes=10).reason


def test_nothing_is_asked_where_every_node_has_a_label():
    data, clf = make()
    found = pilot(clf, data.graph, data.target)

    assert (found.verdict, found.n_calls, found.n_nodes, found.gain) == ("do not pay", 0, 0, (0, 0, 0))
    assert "no node without a label" in found.reason


def test_answers_that_name_no_class_do_not_pay():
    data, clf = make(enhancer=CallableEnhancer(lambda prompt: "Hard to say.", model_name="mute"), store=None)
    with pytest.warns(AnswerWarning, match="no_class"):
        found = pilot(clf, data.graph, labels_of(data, 30))

    assert (found.verdict, found.n_named, found.gain) == ("do not pay", 0, (0, 0, 0))
    assert "none of" in found.reason


# -- what is counted ---------------------------------------------------------------------------------------------


def test_hits_are_those_of_the_labeled_nodes_alone():
    data, clf = make()
    said = {int(a["node"]): a["response"] for a in data.answers if a["prompt"] == "topic"}
    y = labels_of(data, 21)
    found = pilot(clf, data.graph, y, n_nodes=42)
    right = sum(parse_choices(said[node], data.target_names)[0] == y[node] for node in np.flatnonzero(y >= 0).tolist())

    assert (found.n_checked, found.n_right) == (21, right)  # half of the nodes: all that have a label
    assert sum(band.n_checked for band in found.bands) == 21
    assert sum(band.n_right for band in found.bands) == right
    assert [band.name for band in found.bands] == ["labels least sure", "in between", "labels surest"]


def test_more_nodes_tell_more():
    data, clf = make(answer_accuracy=0.7)
    y = labels_of(data, 150)
    few, many = (pilot(clf, data.graph, y, n_nodes=n) for n in (20, 200))

    assert many.accuracy[2] - many.accuracy[0] < 0.9 * (few.accuracy[2] - few.accuracy[0])
    assert many.accuracy[0] < 0.7 < many.accuracy[2]


def test_confidence_is_that_of_the_checked_answers():
    data, clf = make(enhancer=None)
    answer, _ = said_by(data)
    clf.set_params(enhancer=CallableEnhancer(lambda p: f"{answer(p)} (75 %)", model_name="sure"), store=None)

    assert pilot(clf, data.graph, labels_of(data, 20), n_nodes=20).confidence == pytest.approx(0.75)
    clf.set_params(enhancer=CallableEnhancer(answer, model_name="silent"))
    assert pilot(clf, data.graph, labels_of(data, 20), n_nodes=20).confidence is None


# -- what is asked -----------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Of 60 questions")  # keywords that repeat each other
def test_a_fit_finds_what_the_pilot_paid(tmp_path):
    data, clf = make()
    answer, asked = said_by(data)
    store = ResponseStore(tmp_path / "answers.sqlite")
    clf.set_params(enhancer=CallableEnhancer(answer, model_name="knows"), store=store, prompts="keywords+topic")
    y = labels_of(data, 15)
    found = pilot(clf, data.graph, y, n_nodes=20)

    assert found.n_calls == len(asked) == 20  # one prompt of two names classes
    assert pilot(clf, data.graph, y, n_nodes=20) == pilot(clf, data.graph, y, n_nodes=20)
    assert len(asked) == 20
    topic = clf.fit(data.graph, y).llm_usage_.prompts["topic"]
    assert topic.found >= 10  # those that a fit asks about first
    assert topic.asked == found.n_budget - topic.found
    store.close()


def test_the_estimator_stays_as_it_was():
    data, clf = make(prompts="keywords+topic")
    before = dict(vars(clf))
    pilot(clf, data.graph, labels_of(data, 15), n_nodes=10)

    assert vars(clf) == before


def test_labels_by_name_and_views_are_taken_as_fit_takes_them():
    data, clf = make()
    names = np.array(data.target_names)[data.target]

    y = labels_of(data, 15)
    by_name = pilot(clf, data.graph[y >= 0], names[y >= 0], n_nodes=20)
    assert by_name == pilot(clf, data.graph, y, n_nodes=20)


def test_only_candidates_are_asked_about():
    data, clf = make()
    answer, asked = said_by(data)
    candidates = np.arange(10, 100)
    clf.set_params(enhancer=CallableEnhancer(answer, model_name="knows"), store=None, candidates=candidates)
    y = labels_of(data, 30)
    found = pilot(clf, data.graph, y, n_nodes=60)
    allowed = [data.graph.texts[node] for node in candidates.tolist()]

    assert found.n_checked == (y[candidates] >= 0).sum() < 30
    assert all(any(text in prompt for text in allowed) for prompt in asked)


def test_a_budget_ends_the_pilot_and_bounds_the_fit():
    data, clf = make()
    answer, asked = said_by(data)
    clf.set_params(enhancer=CallableEnhancer(answer, model_name="knows"), store=None, budget=Budget(max_calls=12))
    with pytest.warns(AnswerWarning, match="budget"):
        found = pilot(clf, data.graph, labels_of(data, 20), n_nodes=20)

    assert found.n_calls == len(asked) == found.n_budget == 12
    assert 3 <= found.n_checked < 12  # some of both
    assert found.n_named == 12


def test_a_budget_that_allows_nothing_tells_nothing():
    data, clf = make()
    clf.set_params(
        enhancer=CallableEnhancer(said_by(data)[0], model_name="knows"), store=None, budget=Budget(max_tokens=1)
    )
    with pytest.warns(AnswerWarning, match="budget"):
        found = pilot(clf, data.graph, labels_of(data, 20))

    assert (found.verdict, found.n_calls, found.gain) == ("unclear", 0, (0, 0, 0))


# -- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"enhancer": None}, "`clf` must have an enhancer"),
        ({"prompts": "keywords"}, "`clf` must have a prompt that names classes"),
        ({"class_names": None}, "`class_names` must be given"),
        ({"dropout": 2}, "dropout"),
    ],
)
def test_an_estimator_that_cannot_be_tried_is_an_error(change, message):
    data, clf = make()
    with pytest.raises(InvalidParameterError, match=message):
        pilot(clf.set_params(**change), data.graph, labels_of(data, 15))


def test_other_arguments_are_checked():
    data, clf = make()
    with pytest.raises(InvalidParameterError, match="`clf` must be an ELLaGNNClassifier, got dict"):
        pilot({}, data.graph, data.target)
    for y in ({}, set(), object()):
        with pytest.raises(LabelError, match="`y` must"):
            pilot(clf, data.graph, y)
    with pytest.raises(InvalidParameterError, match="n_nodes"):
        pilot(clf, data.graph, data.target, n_nodes=0)


# -- the parts ---------------------------------------------------------------------------------------------------


def test_accuracy_without_checks_is_that_of_the_other_bands_and_less_sure():
    drawn = _pilot._draw_accuracy(np.array([18, 0, 2]), np.array([20, 0, 20]), np.random.default_rng(0))
    low, middle, high = np.quantile(drawn, (0.05, 0.5, 0.95), axis=0)

    assert middle[0] == pytest.approx(0.87, abs=0.04)
    assert middle[2] == pytest.approx(0.13, abs=0.04)
    assert high[1] - low[1] > 2 * (high[0] - low[0])


@pytest.mark.parametrize(("top", "half", "power"), [(0.9, 1.0, 1.0), (0.8, 2.5, 2.0), (0.95, 0.3, 0.5)])
def test_a_measured_learning_curve_is_found_again(top, half, power):
    true = _learning_curve.Curves(5, *(np.array([value]) for value in (top, half, power)))
    measured = [(n, round(5000 * float(true(n)[0])), 5000) for n in (12.5, 25, 50)]
    found = _learning_curve.draw_curve(measured, 5, np.random.default_rng(0))

    for n in (12.5, 50, 100):
        assert np.median(found(n)) == pytest.approx(true(n)[0], abs=0.015)
    assert true(0)[0] == pytest.approx(0.2)  # nothing is known: chance


def test_held_out_labels_are_each_tested_once_with_a_part_of_the_others():
    data, clf = make()
    fit, _ = _pilot._prepare(clf, data.graph, labels_of(data, 30), 10)
    measured = _learning_curve.cross_validate(fit.evidence)

    assert [n for _, _, n in measured] == [30, 30, 30]
    assert [round(labels) for labels, _, _ in measured] == [6, 12, 24]
    assert all(0 <= hits <= 30 for _, hits, _ in measured)


def test_a_single_label_of_a_class_is_not_held_out():
    data, clf = make()
    fit, _ = _pilot._prepare(clf, data.graph, labels_of(data, K), 10)

    assert _learning_curve.cross_validate(fit.evidence) == []


def test_the_report_says_what_to_do_and_how_sure_it_is():
    band = worth.Band("labels surest", 9, 8, (0.7, 0.87, 0.96), 0.9)
    found = worth.Pilot(
        "pay",
        "it pays.",
        50,
        48,
        49,
        25,
        19,
        (0.6, 0.75, 0.86),
        0.8,
        (band,),
        271,
        (0.011, 0.024, 0.04),
        (60, 120, 180),
    )

    assert repr(found).splitlines() == [
        "Pilot",
        "verdict    pay: it pays.",
        "asked      50 nodes, 48 calls; 49 answers name a class",
        "LLM        right about 19 of 25 labeled nodes: 75% (60% to 86%); it says 80%",
        "  labels surest      8 of 9: 87% (70% to 96%); labels alone 90%",
        "would add  2.4 (1.1 to 4.0) points by asking about 271 nodes, as good as 120 (60 to 180) more labels",
        "in brackets: where it is with a probability of 90 %",
    ]
