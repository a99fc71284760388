"""What labels, answers and a teacher weigh: references that are fair, LLMs that know and that do not, and extremes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from skellagnn.datasets import make_text_graph
from skellagnn.distillation import PropagationTeacher, propagate
from skellagnn.encoders import encode_graph
from skellagnn.exceptions import InvalidParameterError, LabelError
from skellagnn.gnn._targets import LabeledNodes
from skellagnn.supervision import (
    Answers,
    ClassEstimate,
    Evidence,
    _from_labels,
    balance,
    estimate_from_labels,
    estimate_reliability,
    go_beyond_chance,
    one_hot,
)

N, K = 300, 4
DATA = make_text_graph(N, K, informativeness=0.25, random_state=0)
TRUTH = DATA.true_target
FEATURES = propagate(DATA.graph.adjacency, encode_graph(DATA.graph, "tfidf").features)
UNIFORM = np.full((N, K), 1 / K)
SAYS_NOTHING = np.full(N, np.nan)
UNLABELED = np.full(N, -1)


def knowing(share=0.9, seed=0):
    """Make a reference that is right in this share of the nodes, and says so."""
    rng = np.random.default_rng(seed)
    favorite = np.where(rng.random(N) < share, TRUTH, (TRUTH + rng.integers(1, K, size=N)) % K)
    probabilities = np.full((N, K), (1 - share) / (K - 1))
    probabilities[np.arange(N), favorite] = share
    return probabilities


def label(nodes, labels=None, weights=None):
    nodes = np.asarray(nodes, dtype=np.int64)
    labels = TRUTH[nodes] if labels is None else np.asarray(labels, dtype=np.int64)
    weights = np.ones(len(nodes)) if weights is None else weights
    return LabeledNodes(nodes, labels, np.asarray(weights, dtype=np.float32))


def first(n_each):
    return np.concatenate([np.flatnonzero(k == TRUTH)[:n_each] for k in range(K)])


NOBODY = label([])


def evidence(labeled, from_labels=None):
    made = Evidence(labeled, K, FEATURES, DATA.graph.adjacency)
    if from_labels is not None:
        vars(made)["from_labels"] = from_labels  # where a cached property keeps its value
    return made


# -- the reference -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("labeled", [NOBODY, label([7]), label(first(1))])
def test_without_two_labels_of_one_class_nothing_can_be_checked(labeled):
    from_labels = estimate_from_labels(FEATURES, labeled, K)

    np.testing.assert_array_equal(from_labels.probabilities, UNIFORM)
    assert from_labels.temperature == 1


def test_labels_tell_of_the_other_nodes():
    labeled = label(first(10))
    from_labels = estimate_from_labels(FEATURES, labeled, K)

    others = np.setdiff1d(np.arange(N), labeled.nodes)
    likeliest = from_labels.probabilities[others].max(axis=1)
    right = from_labels.probabilities[others].argmax(axis=1) == TRUTH[others]
    np.testing.assert_allclose(from_labels.probabilities.sum(axis=1), 1)
    assert right.mean() > 0.8
    assert abs(likeliest.mean() - right.mean()) < 0.12  # calibrated
    two = np.sort(from_labels.probabilities, axis=1)[:, -2:]
    np.testing.assert_allclose(from_labels.margins, two[:, 1] - two[:, 0])


def test_a_label_does_not_vote_on_its_own_node(monkeypatch):
    labeled = label(first(5))
    monkeypatch.setattr(_from_labels, "_folds", lambda labels, n_classes, seed: np.arange(len(labels)) % 5)
    monkeypatch.setattr(_from_labels, "_calibrate", lambda logits, labels, weights: 1.0)
    monkeypatch.setattr(_from_labels, "balance", lambda labeled, n_classes: labeled)  # how many there are, all may know
    before = estimate_from_labels(FEATURES, labeled, K).probabilities

    for position in (0, 8, 19):
        wrong = labeled.labels.copy()
        wrong[position] = (wrong[position] + 1) % K
        after = estimate_from_labels(FEATURES, replace(labeled, labels=wrong), K).probabilities

        same_fold = labeled.nodes[np.arange(20) % 5 == position % 5]
        np.testing.assert_array_equal(after[same_fold], before[same_fold])
        assert (np.delete(after, same_fold, axis=0) != np.delete(before, same_fold, axis=0)).any()


def test_folds_take_each_class_in_turn():
    labels = np.repeat([0, 1, 2], [10, 7, 1])
    fold = _from_labels._folds(labels, 4, 3)

    assert np.bincount(fold).tolist() == [4, 4, 4, 3, 3]
    assert np.bincount(fold[:10]).tolist() == [2] * 5
    np.testing.assert_array_equal(fold, _from_labels._folds(labels, 4, 3))
    assert (fold != _from_labels._folds(labels, 4, 4)).any()
    assert sorted(_from_labels._folds(np.zeros(3, dtype=int), 4, 0)) == [0, 1, 2]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_at_which_labels_were_drawn_is_found(temperature):
    rng = np.random.default_rng(1)
    logits = 2 * rng.normal(size=(20_000, 3))
    p = np.exp(logits / temperature)
    labels = (rng.random((20_000, 1)) > (p / p.sum(axis=1, keepdims=True)).cumsum(axis=1)).sum(axis=1)

    assert _from_labels._calibrate(logits, labels, np.ones(20_000)) == pytest.approx(temperature, rel=0.05)


def test_few_labels_that_happen_to_be_right_calibrate_little_and_weights_are_repetitions():
    def found(n_right, n_wrong=0, weights=None):
        logits = np.tile([4.0, 0.0], (n_right + n_wrong, 1))
        labels = np.repeat([0, 1], [n_right, n_wrong])
        return _from_labels._calibrate(logits, labels, np.ones(len(labels)) if weights is None else np.array(weights))

    assert found(2000) < 0.65 < 0.9 < found(3) < 1
    assert found(100, 100) == pytest.approx(5.0, rel=0.01)  # as flat as allowed
    assert found(3, 1, [1, 1, 1, 0]) == pytest.approx(found(3))
    assert found(1, 1, [3, 2]) == pytest.approx(found(3, 2), rel=1e-3)


def test_labels_at_random_make_the_reference_humble():
    labeled = label(first(10))
    noise = replace(labeled, labels=np.random.default_rng(0).permutation(labeled.labels))
    fair, humble = estimate_from_labels(FEATURES, labeled, K), estimate_from_labels(FEATURES, noise, K)

    assert humble.temperature > 1 > fair.temperature
    likeliest = [from_labels.probabilities.max(axis=1).mean() - 1 / K for from_labels in (humble, fair)]
    assert likeliest[0] < 0.5 * likeliest[1]


def test_answers_of_a_round_enter_the_choice_of_the_next():
    labeled = label(first(1)[:2])  # two of four classes
    asked = np.setdiff1d(np.arange(N), labeled.nodes)[::3]
    answers = Answers(asked, (TRUTH[asked, None],), (np.full(len(asked), 0.95),))

    before, after = (evidence(labeled).with_answers(said).probabilities for said in (Answers(asked[:0]), answers))

    alone = PropagationTeacher().fit(FEATURES, one_hot(labeled, K)).predict_proba(FEATURES)
    np.testing.assert_array_equal(before, alone)
    others = np.setdiff1d(np.arange(N), np.concatenate([asked, labeled.nodes]))
    right = [(found[others].argmax(axis=1) == TRUTH[others]).mean() for found in (before, after)]
    assert right[1] > right[0] + 0.05
    # without a label and without a usable answer nothing is known
    silent = Answers(asked, (np.full((len(asked), 1), -1),), (SAYS_NOTHING[asked],))
    nothing = evidence(NOBODY).with_answers(silent).probabilities
    np.testing.assert_allclose(nothing, UNIFORM)


# -- how far an LLM is believed ----------------------------------------------------------------------------------


def reliability(choices, confidence=SAYS_NOTHING, from_labels=None, labels=UNLABELED):
    from_labels = knowing() if from_labels is None else from_labels
    return estimate_reliability(np.asarray(choices), confidence, from_labels, labels)


def at_random(seed=0):
    return np.random.default_rng(seed).integers(K, size=N)


def without(choices, share, mark, seed=1):
    choices = choices.copy()
    choices[np.random.default_rng(seed).permutation(N)[: round(share * N)]] = mark
    return choices


@pytest.mark.parametrize("choices", [TRUTH, at_random(), np.zeros(N, dtype=int), without(TRUTH, 0.3, -2)])
@pytest.mark.parametrize("stated", [np.nan, 0.3, 0.95])
def test_where_nothing_is_known_an_llm_is_believed_as_it_says(choices, stated):
    expected = np.where(choices >= 0, 0.8 if np.isnan(stated) else stated, 0)

    np.testing.assert_allclose(reliability(choices, np.full(N, stated), UNIFORM), expected)


def test_nobody_is_always_right_or_never():
    np.testing.assert_allclose(reliability(TRUTH[:2], np.array([1.0, 0.0]), UNIFORM[:2], UNLABELED[:2]), [0.98, 0.02])


@pytest.mark.parametrize(
    ("choices", "low", "high"),
    [
        (TRUTH, 0.75, 0.8),
        (np.where(np.random.default_rng(5).random(N) < 0.6, TRUTH, at_random()), 0.2, 0.75),
        (at_random(), 0, 0.1),
        (np.zeros(N, dtype=int), 0, 0.1),
        ((TRUTH + 1) % K, 0, 0.1),
    ],
)
@pytest.mark.parametrize("known", ["from_labels", "labels"])
def test_answers_are_believed_as_far_as_they_agree_more_than_chance(choices, low, high, known):
    seen = {} if known == "from_labels" else {"from_labels": UNIFORM, "labels": TRUTH}
    found = reliability(choices, **seen)

    assert low <= found.mean() <= high
    assert np.ptp(found) == 0


@pytest.mark.parametrize("seed", range(5))
def test_twenty_answers_at_random_are_not_yet_refuted_and_three_hundred_are(seed):
    few, many = at_random(seed)[:20], at_random(seed)

    assert reliability(many).mean() < 0.1
    assert reliability(few, SAYS_NOTHING[:20], knowing()[:20], UNLABELED[:20]).mean() > reliability(many).mean()


def test_agreement_never_raises_a_confidence():
    assert reliability(TRUTH, np.full(N, 0.4), knowing(0.999)).max() <= 0.4


@pytest.mark.parametrize("from_labels", [knowing(), UNIFORM])
def test_unread_answers_lower_the_others(from_labels):
    shares = (0.0, 0.02, 0.1, 0.3, 0.6, 0.9)
    choices = [without(TRUTH, share, -1) for share in shares]
    found = [reliability(said, from_labels=from_labels)[said >= 0][0] for said in choices]

    assert all(more >= less for more, less in pairwise(found))
    assert found[1] > 0.7  # a handful among hundreds costs little
    assert found[4] < 0.5
    assert reliability(choices[2])[choices[2] < 0].max() == 0


@pytest.mark.parametrize("choices", [TRUTH, at_random(), without(TRUTH, 0.3, -1)])
def test_what_was_not_asked_or_fits_no_class_proves_nothing(choices):
    # the same answers beside as many nodes with nothing to say, which share the sizes of the classes
    beside = np.concatenate([choices, np.full(N, -2)])
    found = estimate_reliability(beside, np.tile(SAYS_NOTHING, 2), np.tile(knowing(), (2, 1)), np.tile(UNLABELED, 2))

    np.testing.assert_array_equal(found[:N], reliability(choices))
    assert found[N:].max() == 0


@pytest.mark.parametrize("choices", [TRUTH, at_random(), (TRUTH + 1) % K])
def test_stated_confidences_keep_their_order(choices):
    stated = np.linspace(0.05, 0.95, N)
    found = reliability(choices, stated)

    assert (np.diff(found) > 0).all()
    assert (found <= stated + 1e-12).all()
    log_odds = np.log(found / (1 - found)) - np.log(stated / (1 - stated))
    np.testing.assert_allclose(log_odds, log_odds[0], atol=1e-9)  # one shift for all


def test_agreement_with_a_label_counts_in_full_and_with_a_reference_that_reads_the_same_text_by_half():
    rng = np.random.default_rng(2)
    for share in (0.4, 0.6):
        choices = np.where(rng.random(N) < share, TRUTH, at_random(3))
        checked = reliability(choices, labels=TRUTH).mean()

        assert checked == pytest.approx(share, abs=0.1)
        assert reliability(choices, from_labels=np.eye(K)[TRUTH]).mean() < checked - 0.2


def test_a_dozen_labels_of_queried_nodes_are_seen_where_nothing_else_is_known():
    few = np.where(np.arange(N) < 15, TRUTH, -1)

    assert reliability((TRUTH + 1) % K, from_labels=UNIFORM, labels=few).mean() < 0.4
    np.testing.assert_allclose(reliability(TRUTH, from_labels=UNIFORM, labels=few), 0.8)


@pytest.mark.parametrize("choices", [np.full(N, -1), np.full(N, -2)])
def test_no_class_named_is_no_reliability(choices):
    assert reliability(choices).tolist() == [0] * N
    assert estimate_reliability(choices[:0], SAYS_NOTHING[:0], UNIFORM[:0], UNLABELED[:0]).shape == (0,)


def test_neither_the_order_of_the_classes_nor_that_of_the_nodes_matters():
    rng = np.random.default_rng(3)
    choices, stated = without(np.where(rng.random(N) < 0.5, TRUTH, at_random()), 0.1, -1), rng.uniform(0.1, 0.9, N)
    labels = np.where(rng.random(N) < 0.2, TRUTH, -1)
    classes, order = np.array([2, 3, 1, 0]), rng.permutation(N)
    before = reliability(choices, stated, labels=labels)

    renamed = [np.where(values >= 0, classes[values], values) for values in (choices, labels)]
    after = reliability(renamed[0], stated, knowing()[:, np.argsort(classes)], renamed[1])
    np.testing.assert_allclose(after, before)
    after = reliability(choices[order], stated[order], knowing()[order], labels[order])
    np.testing.assert_allclose(after, before[order])


def test_what_it_is_given_is_left_alone():
    given = TRUTH.copy(), SAYS_NOTHING.copy(), knowing(), TRUTH.copy()
    estimate_reliability(*given)

    for now, before in zip(given, (TRUTH, SAYS_NOTHING, knowing(), TRUTH), strict=True):
        np.testing.assert_array_equal(now, before)


# -- everything together -----------------------------------------------------------------------------------------


def answer(nodes, *first_choices, confidence=np.nan, weight=1.0):
    nodes = np.asarray(nodes, dtype=np.int64)
    choices = tuple(np.column_stack([said, np.full(len(nodes), -1)]).astype(int) for said in first_choices)
    return Answers(nodes, choices, tuple(np.full(len(nodes), confidence) for _ in choices), weight)


def weigh(labeled, answers, teacher=None, from_labels=None):
    return evidence(labeled, from_labels).supervise(answers, teacher)


SILENT = Answers(np.array([3, 4]))
SOME = np.arange(40, 80)


def test_labels_alone_are_what_they_are(monkeypatch):
    labeled = label(first(2), weights=np.linspace(0.5, 1.5, 8))
    monkeypatch.setattr("skellagnn.supervision._evidence.estimate_from_labels", lambda *_: pytest.fail("not needed"))

    found = weigh(labeled, SILENT)

    known = found.supervision.labeled
    assert (found.reliability, found.view_reliability, found.supervision.soft) == (None, 1.0, None)
    np.testing.assert_array_equal(known.nodes, labeled.nodes)
    np.testing.assert_array_equal(known.probabilities, np.eye(K)[labeled.labels])
    np.testing.assert_array_equal(known.weights, labeled.weights)


def test_answers_alone_are_soft_labels_by_hand():
    found = weigh(NOBODY, answer(SOME, TRUTH[SOME], weight=0.5))

    known = found.supervision.labeled
    np.testing.assert_array_equal(known.nodes, SOME)
    np.testing.assert_allclose(known.probabilities, 0.2 / K + 0.8 * np.eye(K)[TRUTH[SOME]], rtol=1e-5)
    np.testing.assert_allclose(known.weights, 0.5 * 0.8)
    assert found.reliability == found.view_reliability == pytest.approx(0.8)


def test_answers_of_an_llm_that_guesses_are_left_out():
    labeled = label(first(10))
    many = np.setdiff1d(np.arange(len(TRUTH)), labeled.nodes)
    guessed = answer(many, np.random.default_rng(0).integers(0, K, len(many)))
    found = weigh(labeled, guessed)

    known = found.supervision.labeled
    assert 0 < found.reliability < 0.1
    assert found.view_reliability == 0
    np.testing.assert_array_equal(known.nodes, labeled.nodes)
    np.testing.assert_array_equal(known.probabilities, np.eye(K)[labeled.labels])


def test_classes_count_alike_unless_labels_have_weights():
    uneven = label(np.concatenate([first(1), np.flatnonzero(TRUTH == 0)[5:12]]))
    counts = np.bincount(uneven.labels)
    assert counts.tolist() == [8, 1, 1, 1]
    np.testing.assert_allclose(balance(uneven, K).weights, 11 / 4 / counts[uneven.labels])
    assert balance(label(first(3)), K).weights.tolist() == [1.0] * 3 * K
    weighted = label(first(1), weights=np.arange(1.0, K + 1))
    assert balance(weighted, K) is weighted
    assert balance(NOBODY, K) is NOBODY
    many = label(np.concatenate([first(20), np.flatnonzero(TRUTH == 0)[20:60]]))
    counts = np.bincount(many.labels)
    np.testing.assert_allclose(balance(many, K).weights, (30 / counts[many.labels]) ** 0.5, rtol=1e-6)


def test_a_teacher_keeps_classes_with_few_labels():
    frequent = np.concatenate([np.flatnonzero(label_ == TRUTH)[10:50] for label_ in (0, 1)])
    uneven = label(np.sort(np.concatenate([first(2), frequent])))
    found = weigh(uneven, SILENT, teacher=PropagationTeacher())
    soft = found.supervision.soft
    right = soft.probabilities.argmax(axis=1) == TRUTH[soft.nodes]
    assert all(right[TRUTH[soft.nodes] == label_].mean() > 0.2 for label_ in range(K))  # 0 of the rare ones, unbalanced
    np.testing.assert_array_equal(found.supervision.labeled.weights, 1)


def guess(nodes, how):
    """Return what an LLM says that knows nothing of the nodes."""
    return (
        np.zeros(len(nodes), dtype=int) if how == "one class" else np.random.default_rng(1).integers(0, K, len(nodes))
    )


@pytest.mark.parametrize("how", ["one class", "any class"])
def test_guesses_are_left_out_though_one_label_a_class_checks_nothing(how):
    labeled = label(first(1))
    others = np.setdiff1d(np.arange(len(TRUTH)), labeled.nodes)
    found = weigh(labeled, answer(others, guess(others, how)))
    knowing = weigh(labeled, answer(others, TRUTH[others]))

    assert (found.reliability, found.view_reliability) == (0, 0)
    np.testing.assert_array_equal(found.supervision.labeled.nodes, labeled.nodes)
    assert knowing.reliability == pytest.approx(0.8)
    assert len(knowing.supervision.labeled.nodes) == len(TRUTH)


def test_answers_that_labels_confirm_are_kept_though_texts_cannot_tell_them():
    labeled, asked = label(first(2)), np.arange(100, 160)
    made = replace(evidence(labeled), features=np.random.default_rng(0).normal(size=FEATURES.shape))
    vars(made)["from_labels"] = ClassEstimate(knowing(0.7))
    guesses = np.random.default_rng(1).integers(0, K, len(asked))

    kept, left_out = (made.supervise(answer(asked, said), None) for said in (TRUTH[asked], guesses))

    assert go_beyond_chance(asked, TRUTH[asked], made.features, K) is False
    assert set(asked) - set(labeled.nodes) <= set(kept.supervision.labeled.nodes)
    np.testing.assert_array_equal(left_out.supervision.labeled.nodes, labeled.nodes)


def test_few_answers_are_balanced_with_the_labels():
    labeled = label(first(2))
    made = evidence(labeled)
    asked = np.setdiff1d(np.flatnonzero(TRUTH == 0), labeled.nodes)[:9]
    known = made.supervise(answer(asked, TRUTH[asked]), None).supervision.labeled

    balanced = made.balanced(known)

    classes = known.probabilities.argmax(axis=1)
    np.testing.assert_allclose(balanced.weights, known.weights * 17 / 4 / np.bincount(classes)[classes], rtol=1e-6)
    many = np.setdiff1d(np.arange(N), labeled.nodes)[:60]
    enough = made.supervise(answer(many, TRUTH[many]), None).supervision.labeled
    assert made.balanced(enough) is enough
    own = replace(labeled, weights=np.linspace(0.5, 1.5, 8).astype(np.float32))
    weighted = evidence(own).supervise(answer(asked, TRUTH[asked]), None).supervision.labeled
    assert evidence(own).balanced(weighted) is weighted


def test_few_guesses_for_a_class_are_not_left_out():
    labeled = label(first(1))
    few = np.setdiff1d(np.arange(len(TRUTH)), labeled.nodes)[: 10 * K - 1]
    assert weigh(labeled, answer(few, guess(few, "any class"))).reliability > 0.1


def test_answers_that_texts_and_links_tell_go_beyond_chance():
    nodes = np.arange(len(TRUTH))
    half_unread = np.where(nodes % 2, TRUTH, -1)
    assert go_beyond_chance(nodes, TRUTH, FEATURES, K) is True
    assert go_beyond_chance(nodes, (TRUTH + 1) % K, FEATURES, K) is True  # wrong, but no guess
    assert go_beyond_chance(nodes, half_unread, FEATURES, K) is True
    assert go_beyond_chance(nodes, guess(nodes, "any class"), FEATURES, K) is False
    assert go_beyond_chance(nodes, guess(nodes, "one class"), FEATURES, K) is False
    assert go_beyond_chance(nodes[:19], TRUTH[:19], FEATURES, K) is None
    assert go_beyond_chance(nodes[:39], np.where(nodes[:39] % 2, -1, TRUTH[:39]), FEATURES, K) is not None


@pytest.mark.parametrize("labeled", ["labels of one class", "no labels"])
def test_nothing_is_left_out_where_labels_alone_teach_nothing(labeled):
    known = label(SOME[TRUTH[SOME] == TRUTH[SOME[0]]][:3]) if labeled == "labels of one class" else NOBODY
    said = answer(SOME, TRUTH[SOME], confidence=np.where(np.arange(len(SOME)) % 10, 0.02, 0.6))
    found = weigh(known, said)

    assert found.reliability < 0.1
    assert found.view_reliability == found.reliability
    assert set(found.supervision.labeled.nodes) == {*SOME, *known.nodes}


def test_a_soft_label_weighs_answer_and_estimate():
    # sizes of the classes .5, .2, .2, .1; node 1 agrees with what the labels say, node 0 does not
    asked = np.array([[0.7, 0.1, 0.1, 0.1], [0.3, 0.3, 0.3, 0.1]])
    probabilities = UNIFORM.copy()
    probabilities[:2] = asked
    found = weigh(NOBODY, answer([0, 1], [1, 0], confidence=0.6), from_labels=ClassEstimate(probabilities))

    r, known = found.reliability, found.supervision.labeled
    factor = 1 - r + r * np.array([[0, 1, 0, 0], [1, 0, 0, 0]]) / [0.5, 0.2, 0.2, 0.1]
    by_hand = asked * factor / (asked * factor).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(known.probabilities, by_hand, rtol=1e-5)
    np.testing.assert_allclose(known.weights, r)


def test_several_prompts_share_the_weight_of_a_node():
    once = weigh(NOBODY, answer(SOME, TRUTH[SOME]))
    twice = weigh(NOBODY, answer(SOME, TRUTH[SOME], TRUTH[SOME]))
    half = weigh(NOBODY, answer(SOME, TRUTH[SOME], np.full(len(SOME), -2)))
    torn = weigh(NOBODY, answer(SOME, TRUTH[SOME], (TRUTH[SOME] + 1) % K))

    assert once.reliability == half.reliability == pytest.approx(twice.reliability)
    for found, weight in ((twice, 0.8), (half, 0.4), (torn, 0.8)):
        np.testing.assert_allclose(found.supervision.labeled.weights, weight, rtol=1e-6)
    np.testing.assert_allclose(
        twice.supervision.labeled.probabilities, once.supervision.labeled.probabilities, rtol=1e-5
    )
    both = np.take_along_axis(
        torn.supervision.labeled.probabilities, np.column_stack([TRUTH[SOME], (TRUTH[SOME] + 1) % K]), axis=1
    )
    np.testing.assert_allclose(both[:, 0], both[:, 1], rtol=1e-5)
    assert both.sum(axis=1).min() > 0.75


def test_answers_about_labeled_nodes_check_and_never_become_soft_labels():
    labeled = label(SOME[:10])
    wrong = answer(SOME, np.where(np.arange(40) < 10, (TRUTH[SOME] + 1) % K, TRUTH[SOME]))
    found = weigh(labeled, wrong, from_labels=ClassEstimate(UNIFORM))

    known = found.supervision.labeled
    np.testing.assert_array_equal(known.nodes, SOME)
    np.testing.assert_array_equal(known.probabilities[:10], np.eye(K)[TRUTH[SOME[:10]]])
    np.testing.assert_array_equal(known.weights[:10], 1)
    assert known.weights[10:].max() < 0.5
    right = weigh(labeled, answer(SOME, TRUTH[SOME]), from_labels=ClassEstimate(UNIFORM))
    assert right.reliability == pytest.approx(0.8)


def test_all_nodes_labeled_leaves_nothing_to_an_answer_or_a_teacher():
    found = weigh(label(np.arange(N)), answer(SOME, TRUTH[SOME]), PropagationTeacher())

    np.testing.assert_array_equal(found.supervision.labeled.nodes, np.arange(N))
    assert len(found.supervision.soft.nodes) == 0
    assert found.supervision.soft_weight == 0
    assert 0.5 < found.reliability <= 0.8


def test_an_answer_that_knows_better_helps_where_labels_are_few():
    labeled, asked = label(first(1)), np.setdiff1d(np.arange(0, N, 3), first(1))

    def accuracy(answers):
        soft = weigh(labeled, answers, PropagationTeacher()).supervision.soft
        return (soft.probabilities.argmax(axis=1) == TRUTH[soft.nodes]).mean()

    assert accuracy(answer(asked, TRUTH[asked])) > accuracy(SILENT) + 0.05


def test_answers_that_know_nothing_do_no_harm_where_labels_can_tell():
    labeled, asked = label(first(15)), np.setdiff1d(np.arange(N), first(15))

    def accuracy(answers):
        soft = weigh(labeled, answers, PropagationTeacher()).supervision.soft
        return (soft.probabilities.argmax(axis=1) == TRUTH[soft.nodes]).mean()

    for useless in (at_random()[asked], np.zeros(len(asked), dtype=int)):
        found = weigh(labeled, answer(asked, useless))
        assert found.reliability < 0.15
        assert accuracy(answer(asked, useless)) > accuracy(SILENT) - 0.03


def test_the_teacher_speaks_of_every_node_without_a_label():
    labeled = label(first(5))
    found = weigh(labeled, answer(SOME, TRUTH[SOME]), PropagationTeacher(weight=1.5))

    soft = found.supervision.soft
    np.testing.assert_array_equal(soft.nodes, np.setdiff1d(np.arange(N), labeled.nodes))
    np.testing.assert_allclose(soft.probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(soft.weights, 1)
    assert (soft.probabilities.argmax(axis=1) == TRUTH[soft.nodes]).mean() > 0.8
    assert found.supervision.soft_weight == 1.5


@pytest.mark.parametrize(("n_labeled", "weight"), [(150, 2.0), (200, 1.0), (240, 0.5), (299, 2 / 299)])
def test_a_few_unlabeled_nodes_do_not_outweigh_many_labels(n_labeled, weight):
    found = weigh(label(np.arange(n_labeled)), SILENT, PropagationTeacher(n_rounds=0))

    assert found.supervision.soft_weight == pytest.approx(weight)


class Oracle(BaseEstimator):
    """Looks at what a teacher is given, and says what it is told."""

    def __init__(self, said, weight=1.0):
        self.said = said
        self.weight = weight

    def fit(self, features, known, adjacency):
        self.seen_ = features, known, adjacency

    def predict_proba(self, features, adjacency):
        return self.said


def test_a_teacher_of_ones_own():
    oracle = Oracle(knowing())
    found = weigh(label(first(1)), answer(SOME, TRUTH[SOME]), oracle)

    soft = found.supervision.soft
    np.testing.assert_allclose(soft.probabilities, knowing()[soft.nodes], rtol=1e-6)
    features, known, adjacency = oracle.seen_
    assert features is FEATURES
    assert adjacency is DATA.graph.adjacency
    np.testing.assert_array_equal(known.nodes, found.supervision.labeled.nodes)
    np.testing.assert_array_equal(known.probabilities, found.supervision.labeled.probabilities)


@pytest.mark.parametrize(
    "wrong",
    [None, knowing()[:, :3], knowing()[:-1], np.full((N, K), np.nan), 2 * knowing(), TRUTH, [[1, 0, 0, 0]] * N],
)
def test_a_teacher_returns_class_probabilities(wrong):
    sentence = rf"`teacher` must return class probabilities of shape \({N}, {K}\) from predict_proba, .* from Oracle\b"
    with pytest.raises(InvalidParameterError, match=sentence):
        weigh(label(first(1)), SILENT, Oracle(wrong))


@pytest.mark.parametrize(
    ("labeled", "answers"),
    [
        (NOBODY, SILENT),
        (label([5]), SILENT),
        (NOBODY, answer(SOME, np.full(40, 2))),
        (label([5]), answer(SOME, np.full(40, TRUTH[5]))),
        (NOBODY, answer(SOME, np.full(40, -1))),
        (NOBODY, answer(SOME, np.full(40, -2))),
        (NOBODY, answer(SOME, TRUTH[SOME]).scaled(0.0)),
        (NOBODY, answer([], [])),
    ],
)
def test_labels_and_answers_name_two_classes(labeled, answers):
    with pytest.raises(LabelError, match=r"must name at least two classes, got \d+ labels and \d+ answers that name"):
        weigh(labeled, answers, PropagationTeacher())


def test_one_label_and_one_answer_of_two_classes_will_do():
    for labeled, answers in (
        (label([5]), answer([6], [(TRUTH[5] + 1) % K])),
        (label([5, 6], [0, 1]), SILENT),
        (NOBODY, answer([5, 6], [0, 1])),
    ):
        soft = weigh(labeled, answers, PropagationTeacher()).supervision.soft
        assert np.isfinite(soft.probabilities).all()


def test_none_of_these_to_every_question_is_a_fit_without_answers():
    labeled, asked = label(first(5)), answer(SOME, np.full(40, -2))
    found, without_llm = weigh(labeled, asked, PropagationTeacher()), weigh(labeled, SILENT, PropagationTeacher())

    assert (found.reliability, found.view_reliability) == (None, 1.0)
    np.testing.assert_array_equal(found.supervision.soft.probabilities, without_llm.supervision.soft.probabilities)


def test_answers_scaled_to_nothing_name_no_class():
    asked = answer(SOME, TRUTH[SOME])

    assert asked.scaled(0.25).weight == 0.25
    assert asked.scaled(0.25).choices is asked.choices
    nothing = asked.scaled(0.0)
    assert (nothing.choices, nothing.confidences) == ((), ())
    np.testing.assert_array_equal(nothing.nodes, SOME)


def test_one_hot():
    hot = one_hot(label([4, 2], [3, 0], [1.5, 0.5]), K)

    assert hot.nodes.tolist() == [4, 2]
    assert hot.probabilities.tolist() == [[0, 0, 0, 1], [1, 0, 0, 0]]
    assert hot.weights.tolist() == [1.5, 0.5]
