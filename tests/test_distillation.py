"""The teacher: its rows by hand, its calibration, and what it makes of answers that are right, random or absent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from skellagnn import TextGraph
from skellagnn.distillation import calibrate, propagated_rows, teach
from skellagnn.gnn._early_stopping import ValidationGraph
from skellagnn.gnn._losses import Consistency
from skellagnn.gnn._steps import TrainingSettings
from skellagnn.gnn._targets import LabeledNodes, SoftLabels

N_NODES, N_FEATURES = 60, 6
RNG = np.random.default_rng(0)
CLASSES = np.arange(N_NODES) % 3
GRAPH = TextGraph.from_edges(RNG.integers(N_NODES, size=(120, 2)), n_nodes=N_NODES)
RAW = (RNG.normal(size=(N_NODES, N_FEATURES)) + np.eye(3, N_FEATURES)[CLASSES]).astype(np.float32)
SETTINGS = TrainingSettings(
    learning_rate_init=0.02,
    weight_decay=5e-4,
    max_iter=40,
    n_iter_no_change=20,
    view_probability=0.5,
)


def supervise(nodes):
    nodes = np.asarray(nodes, dtype=np.int64)
    return LabeledNodes(nodes, CLASSES[nodes].astype(np.int64), np.ones(len(nodes), dtype=np.float32))


LABELED, HELD_OUT = supervise(range(12)), supervise(range(12, 30))


def soften(nodes, targets, trust=1.0):
    nodes = np.asarray(nodes, dtype=np.int64)
    return SoftLabels(nodes, np.asarray(targets, dtype=np.float32), np.ones(len(nodes), dtype=np.float32), trust)


def lesson_of(answers=None, weight="auto", held_out=HELD_OUT, seed=0, **options):
    validation = None if held_out is None else ValidationGraph(GRAPH.adjacency, RAW, held_out)
    settings = replace(SETTINGS, **options)
    return teach(
        RAW, GRAPH.adjacency, LABELED, validation, 3, answers, weight, settings, (Consistency(1.0),), seed=seed
    )


def test_propagated_rows_by_hand():
    a = GRAPH.adjacency.toarray()
    mean = a / np.maximum(a.sum(axis=1, keepdims=True), 1)
    far = sum(np.linalg.matrix_power(mean, k) for k in (1, 2, 3, 4)) / 4 @ RAW

    rows = propagated_rows(GRAPH.adjacency, RAW)

    np.testing.assert_array_equal(rows[:, :N_FEATURES], RAW)
    np.testing.assert_allclose(rows[:, N_FEATURES:], far, atol=1e-6)
    half = propagated_rows(GRAPH.adjacency, RAW.astype(np.float16))
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, rows, atol=1e-2)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_calibration_finds_the_temperature_that_the_labels_were_drawn_at(temperature):
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(20_000, 3)) * 2
    p = np.exp(logits / temperature)
    p /= p.sum(axis=1, keepdims=True)
    labels = (rng.random((20_000, 1)) > p.cumsum(axis=1)).sum(axis=1)
    nodes = np.arange(20_000)

    found = calibrate(logits, LabeledNodes(nodes, labels, np.ones(20_000, dtype=np.float32)))

    assert found == pytest.approx(temperature, rel=0.05)


def test_calibration_looks_at_its_nodes_and_weights_only():
    logits = np.array([[4.0, 0.0], [0.0, 4.0]])

    def found(nodes, weights=None):
        labels = np.zeros(len(nodes), dtype=np.int64)
        weights = np.ones(len(nodes)) if weights is None else np.array(weights)
        return calibrate(logits, LabeledNodes(np.array(nodes), labels, weights.astype(np.float32)))

    assert found([0] * 999) < 0.6  # always right: sharper
    assert found([0, 1] * 500) == pytest.approx(5.0, rel=0.01)  # right half of the time: as flat as allowed
    assert found([0, 0, 0, 1], [1, 1, 1, 0]) == pytest.approx(found([0, 0, 0, 0]))


def test_a_few_labels_that_happen_to_be_right_calibrate_little():
    few, many = (
        calibrate(np.tile([1.0, 0.0], (n, 1)), LabeledNodes(np.arange(n), np.zeros(n, dtype=np.int64), np.ones(n)))
        for n in (3, 300)
    )

    assert many < 0.4 < 0.7 < few < 1


def test_the_lesson_covers_every_unlabeled_node_and_is_mostly_right():
    lesson = lesson_of()

    assert lesson.targets.nodes.tolist() == list(range(12, N_NODES))
    np.testing.assert_allclose(lesson.targets.targets.sum(axis=1), 1, rtol=1e-5)
    assert (lesson.targets.targets.argmax(axis=1) == CLASSES[12:]).mean() > 0.5
    assert (lesson.trust, lesson.share, len(lesson.histories)) == (0.0, 0.0, 1)
    assert all(loss > 0 for loss in lesson.histories[0].consistency_loss)


def test_answers_are_weighed_against_the_first_teacher_and_taught_by_the_second():
    asked, truth = np.arange(30, 60), np.eye(3)[CLASSES[30:60]]
    seen = []

    def answers(reference):
        seen.append(reference.probabilities)
        return soften(asked, 0.1 / 3 + 0.9 * truth, trust=0.5)

    without, lesson = lesson_of(), lesson_of(answers)

    np.testing.assert_allclose(seen[0][12:], without.targets.targets, rtol=1e-5)
    assert (lesson.trust, lesson.share, len(lesson.histories)) == (0.5, 1.0, 2)
    # nodes asked about are taught what prompts and model say together ...
    np.testing.assert_allclose(lesson.targets.targets[18:], 0.1 / 3 + 0.9 * truth, rtol=1e-5)
    # ... and the others what the second teacher has made of it
    assert np.abs(lesson.targets.targets[:18] - without.targets.targets[:18]).max() > 0.01
    # 0.5 of twice the weight of the labels
    history = lesson.histories[1]
    ramp = np.minimum(1, np.arange(1, history.n_iter + 1) / 4)
    rest = np.array(history.loss) - history.label_loss - ramp * history.consistency_loss
    np.testing.assert_allclose(rest / history.soft_label_loss, 1.0, rtol=1e-3)


@pytest.mark.parametrize(("weight", "expected"), [("auto", 2 / 4), (3.0, 3 / 4)])
def test_answers_about_fewer_nodes_than_have_labels_weigh_in_proportion(weight, expected):
    # 3 answers, 12 labels: the mean over them counts a quarter, so that each of them counts like one of the labels did
    lesson = lesson_of(lambda reference: soften([40, 41, 42], np.eye(3)), weight, max_iter=5)

    assert lesson.share == 1 / 4
    history = lesson.histories[1]
    ramp = np.minimum(1, np.arange(1, history.n_iter + 1) / max(1, 0.1 * 5))
    rest = np.array(history.loss) - history.label_loss - ramp * history.consistency_loss
    np.testing.assert_allclose(rest / history.soft_label_loss, expected, rtol=1e-3)


@pytest.mark.parametrize(
    ("trust", "weight", "n_answers", "used"),
    [(0.89, "auto", 1, False), (0.9, "auto", 1, True), (0.5, "auto", 2, True), (0.5, 1.0, 1, True)],
)
def test_few_answers_of_an_llm_that_is_no_better_than_the_teacher_are_left_out(trust, weight, n_answers, used):
    # 12 labels: one answer is less than a tenth of them, two are more
    def answers(reference):
        return soften(np.arange(40, 40 + n_answers), np.tile([0.0, 0.0, 1.0], (n_answers, 1)), trust=trust)

    lesson, without = lesson_of(answers, weight, max_iter=3), lesson_of(max_iter=3)

    assert lesson.trust == trust
    assert lesson.share == (n_answers / 12 if used else 0)
    assert len(lesson.histories) == 1 + used
    assert (lesson.targets.targets == without.targets.targets).all() == (not used)


@pytest.mark.parametrize(("trust", "weight"), [(0.0, "auto"), (1.0, 0.0)])
def test_answers_without_trust_or_weight_leave_the_lesson_as_it_was(trust, weight):
    target = np.tile([0.0, 0.0, 1.0], (5, 1))
    lesson = lesson_of(lambda p: soften(range(30, 35), target, trust), weight)

    assert len(lesson.histories) == 1
    np.testing.assert_array_equal(lesson.targets.targets, lesson_of().targets.targets)


def test_a_weight_of_ones_own_overrules_the_trust():
    target = np.tile([0.0, 0.0, 1.0], (5, 1))
    lesson = lesson_of(lambda p: soften(range(30, 35), target, trust=0.0), 1.0)

    assert len(lesson.histories) == 2


def test_without_validation_every_epoch_runs_and_nothing_is_calibrated():
    lesson = lesson_of(held_out=None, max_iter=15)

    assert lesson.histories[0].n_iter == 15
    assert lesson.histories[0].validation_score == []


def test_without_validation_the_trust_comes_from_a_teacher_that_did_not_see_a_quarter_of_the_labels():
    seen = []

    def answers(reference):
        seen.append(reference.probabilities)
        return soften([40], [[1, 0, 0]], trust=0.0)

    lesson = lesson_of(answers, held_out=None, max_iter=15)

    assert [history.n_iter for history in lesson.histories] == [15, 15]
    assert np.abs(seen[0][12:] - lesson.targets.targets).max() > 0.01
    np.testing.assert_array_equal(lesson.targets.targets, lesson_of(held_out=None, max_iter=15).targets.targets)


def test_one_label_a_class_and_no_validation_is_a_teacher_that_nobody_checked():
    seen = []
    teach(
        RAW, GRAPH.adjacency, supervise([0, 1, 2]), None, 3, seen.append, "auto", replace(SETTINGS, max_iter=3), seed=0
    )

    assert (seen[0].n_right, seen[0].n_checked) == (0, 0)


def test_the_reference_is_checked_with_the_validation_labels():
    seen = []
    lesson_of(seen.append)

    # the held-out nodes 12 to 29 are in the lesson, too, after the 12 labeled ones
    right = (lesson_of().targets.targets[:18].argmax(axis=1) == CLASSES[12:30]).sum()
    assert (seen[0].n_right, seen[0].n_checked) == (right, 18)


def test_patience_is_that_of_the_backbone():
    history = lesson_of(max_iter=200, n_iter_no_change=10).histories[0]

    assert history.n_iter == history.best_iter + 10 < 200


def test_same_seed_same_lesson_and_the_global_generator_is_left_alone():
    state = torch.get_rng_state()
    one, two, other = lesson_of(seed=1), lesson_of(seed=1), lesson_of(seed=2)

    np.testing.assert_array_equal(one.targets.targets, two.targets.targets)
    assert np.abs(one.targets.targets - other.targets.targets).max() > 1e-3
    assert torch.equal(state, torch.get_rng_state())


def test_validation_on_another_graph_calibrates_there():
    rng = np.random.default_rng(5)
    other = TextGraph.from_edges(rng.integers(20, size=(30, 2)), n_nodes=20)
    raw = rng.normal(size=(20, N_FEATURES)).astype(np.float32)  # noise: labels there say that the teacher knows nothing
    labels = np.arange(20) % 3
    supervision = LabeledNodes(np.arange(20), labels, np.ones(20, dtype=np.float32))

    validation = ValidationGraph(other.adjacency, raw, supervision)
    unsure = teach(RAW, GRAPH.adjacency, LABELED, validation, 3, None, "auto", SETTINGS, seed=0)

    assert unsure.targets.targets.max(axis=1).mean() < lesson_of().targets.targets.max(axis=1).mean()
