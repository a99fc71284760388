"""Propagated features by hand, soft labels against scikit-learn, and a teacher that learns and does not collapse."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from skellagnn import TextGraph, distillation
from skellagnn.datasets import make_text_graph
from skellagnn.distillation import PropagationTeacher, fit_softmax, propagate, sharpen
from skellagnn.encoders import encode_graph
from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn._targets import SoftLabels

DATA = make_text_graph(240, 3, informativeness=0.3, random_state=0)
TRUTH = DATA.true_target
FEATURES = propagate(DATA.graph.adjacency, encode_graph(DATA.graph, "tfidf").features)


def known(nodes, labels=None, weights=None, n_classes=3):
    nodes = np.asarray(nodes, dtype=np.int64)
    labels = TRUTH[nodes] if labels is None else labels
    weights = np.ones(len(nodes)) if weights is None else weights
    return SoftLabels(nodes, np.eye(n_classes, dtype=np.float32)[labels], np.asarray(weights, dtype=np.float32))


def accuracy(teacher, but=()):
    others = np.setdiff1d(np.arange(len(TRUTH)), but)
    return (teacher.predict_proba(FEATURES)[others].argmax(axis=1) == TRUTH[others]).mean()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# -- propagated features -----------------------------------------------------------------------------------------


def centered(rows):
    return rows - rows.mean(axis=0)


def moran(graph, own):
    """Of a few columns: all components are compared."""
    edges = graph.adjacency.tocoo()
    components = own @ np.linalg.svd(own)[2].T
    here, there = components[edges.row], components[edges.col]
    found = np.maximum((here * there).sum(axis=0) / ((here**2 + there**2) / 2).sum(axis=0), 0)
    return (found**2).sum() / found.sum()


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("block", [7, 1 << 16])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float16, 1e-2)])
def test_own_and_propagated_features_are_centered_and_of_unit_length(dtype, tolerance, block, monkeypatch, rng):
    monkeypatch.setattr(distillation, "BLOCK", block)
    raw = (rng.normal(size=(20, 4)) * [3, 1, 1, 1] + 3).astype(dtype)
    chain = np.argsort(raw[:18, 0])  # neighbors are alike in the first column
    graph = TextGraph.from_edges(np.stack([chain[:-1], chain[1:]], axis=1), n_nodes=20, directed=True)
    given = raw.copy()
    mean = graph.adjacency.toarray() > 0
    mean = mean / np.maximum(mean.sum(axis=1, keepdims=True), 1)
    far = sum(np.linalg.matrix_power(mean, k) for k in (1, 2, 3, 4)) / 4 @ raw.astype(float)

    found = propagate(graph.adjacency, raw)

    assert found.dtype == dtype
    np.testing.assert_allclose(found[:, :4], unit(centered(raw.astype(float))), atol=tolerance)
    connected = np.diff(graph.adjacency.indptr) > 0
    assert 0 < connected.sum() < 20
    alike = moran(graph, unit(centered(raw.astype(float))))
    assert 0.4 < alike < 0.9
    far[connected] = alike * unit(far[connected] - far[connected].mean(axis=0))
    np.testing.assert_allclose(found[:, 4:], np.where(connected[:, None], far, 0), atol=tolerance)
    np.testing.assert_array_equal(raw, given)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float16, 1e-2)])
def test_without_edges_sizes_stay_and_the_root_mean_square_is_one(dtype, tolerance, rng):
    raw = (rng.normal(size=(50, 3)) * [1, 10, 0.1] + 2).astype(dtype)

    found = propagate(sparse.csr_array((50, 50), dtype=np.float32), raw)

    own = centered(raw.astype(float))
    np.testing.assert_allclose(found[:, :3], own / np.sqrt((own**2).sum(axis=1).mean()), atol=tolerance)
    assert not found[:, 3:].any()


def test_equal_features_tell_nothing():
    alike = np.ones((4, 2), dtype=np.float32)
    for edges in ([], [(0, 1), (2, 3), (1, 2), (3, 0)]):
        assert not propagate(TextGraph.from_edges(edges, n_nodes=4).adjacency, alike).any()


def test_renumbering_the_nodes_renumbers_the_features(rng):
    order = rng.permutation(len(TRUTH))
    raw = rng.normal(size=(len(TRUTH), 3)).astype(np.float32)
    adjacency = DATA.graph.adjacency

    renumbered = propagate(sparse.csr_array(adjacency[order][:, order]), raw[order])

    np.testing.assert_allclose(renumbered, propagate(adjacency, raw)[order], atol=1e-5)


# -- sharpening --------------------------------------------------------------------------------------------------


def test_sharpening_keeps_the_sizes_of_the_classes_as_far_as_it_is_told(rng):
    probabilities = rng.dirichlet([4, 2, 1], size=500)
    kept, half, free = (sharpen(probabilities, keep) for keep in (1.0, 0.5, 0.0))

    for sharp in (kept, half, free):
        np.testing.assert_allclose(sharp.sum(axis=1), 1)
        assert -(sharp * np.log(sharp)).sum() < -(probabilities * np.log(probabilities)).sum()
    np.testing.assert_allclose(kept.mean(axis=0), probabilities.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(free, probabilities**2 / (probabilities**2).sum(axis=1, keepdims=True))
    assert kept.mean(axis=0)[0] + 0.03 < half.mean(axis=0)[0] < free.mean(axis=0)[0] - 0.03


@pytest.mark.parametrize("keep", [0.0, 1.0])
@pytest.mark.parametrize(
    "fixed", [np.eye(3), np.tile([1.0, 0.0, 0.0], (4, 1)), np.full((2, 3), 1 / 3), np.array([[1e-200, 1, 0]])]
)
def test_what_is_sure_or_says_nothing_stays(fixed, keep):
    np.testing.assert_allclose(sharpen(fixed, keep), fixed, atol=1e-9)


# -- logistic regression on class probabilities ------------------------------------------------------------------


def with_ones(rows):
    return np.hstack([rows, np.ones((len(rows), 1))]).astype(np.float32)


def spread_out(rng, n=200):
    labels = rng.integers(3, size=n)
    return rng.normal(size=(n, 4)) + 1.5 * np.eye(3, 4)[labels], labels


def probabilities_of(rows, coefficients):
    logits = with_ones(rows) @ coefficients
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("C", [0.05, 3.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_hard_labels_give_scikit_learns_logistic_regression(C, weighted, rng):
    rows, labels = spread_out(rng)
    weights = rng.uniform(0.1, 3, size=len(rows)) if weighted else np.ones(len(rows))

    ours = fit_softmax(with_ones(rows), np.eye(3)[labels], weights, C)

    theirs = LogisticRegression(C=C, tol=1e-8, max_iter=1000).fit(rows, labels, sample_weight=weights)
    np.testing.assert_allclose(ours[:-1].T, theirs.coef_, atol=5e-3)
    np.testing.assert_allclose(probabilities_of(rows, ours), theirs.predict_proba(rows), atol=5e-3)


def test_a_soft_label_is_a_row_for_each_class_and_a_weight_a_number_of_rows(rng):
    rows, _ = spread_out(rng, 60)
    soft, times = rng.dirichlet([1, 1, 1], size=60), rng.integers(1, 4, size=60)
    ours = fit_softmax(with_ones(rows), soft, times.astype(float), 1.0)

    repeated = np.repeat(np.arange(60), times)
    as_rows = fit_softmax(with_ones(rows[repeated]), soft[repeated], np.ones(len(repeated)), 1.0)
    theirs = LogisticRegression(tol=1e-8, max_iter=1000).fit(
        np.repeat(rows, 3, axis=0), np.tile(np.arange(3), 60), sample_weight=(times[:, None] * soft).ravel()
    )

    np.testing.assert_allclose(ours, as_rows, atol=5e-3)
    np.testing.assert_allclose(probabilities_of(rows, ours), theirs.predict_proba(rows), atol=5e-3)


def test_weight_zero_is_not_there_and_the_start_does_not_matter(rng):
    rows, labels = spread_out(rng, 90)
    targets, weights = np.eye(3)[labels], (np.arange(90) < 60).astype(float)
    some = fit_softmax(with_ones(rows[:60]), targets[:60], np.ones(60), 1.0)

    for start in (None, some, rng.normal(size=(5, 3)).astype(np.float32)):
        found = fit_softmax(with_ones(rows), targets, weights, 1.0, start=start)
        np.testing.assert_allclose(probabilities_of(rows, found), probabilities_of(rows, some), atol=5e-3)


# -- the teacher -------------------------------------------------------------------------------------------------

FEW = np.concatenate([np.flatnonzero(label == TRUTH)[:4] for label in range(3)])
SINGLE = FEW[::4]


def test_it_learns_and_learns_more_from_its_own_predictions():
    humble = PropagationTeacher(n_rounds=0).fit(FEATURES, known(FEW))
    trained = PropagationTeacher().fit(FEATURES, known(FEW))

    assert trained.predict_proba(FEATURES).shape == (240, 3)
    np.testing.assert_allclose(trained.predict_proba(FEATURES).sum(axis=1), 1, rtol=1e-6)
    assert accuracy(trained, FEW) >= accuracy(humble, FEW) > 0.6
    assert accuracy(trained, FEW) > 0.8
    assert (trained.predict_proba(FEATURES)[FEW].argmax(axis=1) == TRUTH[FEW]).all()
    sure, unsure = (teacher.predict_proba(FEATURES).max(axis=1).mean() for teacher in (trained, humble))
    assert sure > unsure + 0.1


@pytest.mark.parametrize(
    ("informativeness", "homophily", "low", "high"),
    [(0.1, 0.9, 0.8, 1), (0.1, 0.4, 0.8, 1), (0.5, 0.8, 0.55, 0.75), (0.5, 0.33, 0, 0.1)],
)
def test_how_far_neighbors_are_listened_to(informativeness, homophily, low, high):
    """As far as neighbors are of one class; texts that do not show classes do not show that."""
    data = make_text_graph(1500, 3, informativeness=informativeness, homophily=homophily, random_state=0)
    features = propagate(data.graph.adjacency, encode_graph(data.graph, "tfidf").features)

    lengths = np.linalg.norm(features[:, features.shape[1] // 2 :], axis=1)
    connected = np.diff(data.graph.adjacency.indptr) > 0
    np.testing.assert_allclose(lengths, np.where(connected, lengths.max(), 0), atol=1e-5)
    assert low <= lengths.max() <= high + 1e-6


def test_without_rounds_it_is_one_regression_on_what_is_known():
    weights = np.linspace(0.5, 2, len(FEW))
    teacher = PropagationTeacher(C=0.5, n_rounds=0).fit(FEATURES, known(FEW, weights=weights))

    theirs = LogisticRegression(C=0.5, tol=1e-8).fit(FEATURES[FEW], TRUTH[FEW], sample_weight=weights)
    np.testing.assert_allclose(teacher.predict_proba(FEATURES), theirs.predict_proba(FEATURES), atol=5e-3)


def test_one_label_a_class_does_not_collapse():
    for first in range(3):  # one of them labeled by another node, each time
        nodes = SINGLE.copy()
        nodes[first] = np.flatnonzero(first == TRUTH)[-1]
        probabilities = PropagationTeacher(n_rounds=30).fit(FEATURES, known(nodes)).predict_proba(FEATURES)

        assert np.bincount(probabilities.argmax(axis=1), minlength=3).min() > 30


def test_a_class_that_nobody_names_gets_next_to_nothing():
    two = known(FEW[:8], TRUTH[FEW[:8]], n_classes=4)
    probabilities = PropagationTeacher(C=30.0).fit(FEATURES, two).predict_proba(FEATURES)

    assert probabilities[:, 2:].mean() < 0.05


def test_neither_the_order_of_the_classes_nor_that_of_the_nodes_matters(rng):
    order, classes = rng.permutation(240), np.array([2, 0, 1])
    place = np.argsort(order)
    one = PropagationTeacher(n_rounds=2).fit(FEATURES, known(FEW)).predict_proba(FEATURES)

    other = PropagationTeacher(n_rounds=2).fit(FEATURES[order], known(place[FEW], classes[TRUTH[FEW]]))

    np.testing.assert_allclose(other.predict_proba(FEATURES[order])[:, classes], one[order], atol=0.02)


def test_all_nodes_known_leaves_nothing_to_train_itself_on():
    everything = known(np.arange(240))
    one, other = (PropagationTeacher(n_rounds=n).fit(FEATURES, everything) for n in (0, 5))

    np.testing.assert_array_equal(one.coef_, other.coef_)


@pytest.mark.parametrize("n_sampled", [1, 50, 10_000])
def test_a_sample_of_the_unlabeled_nodes_teaches_too(n_sampled, monkeypatch):
    monkeypatch.setattr(distillation, "N_SELF_TRAINED", n_sampled)
    monkeypatch.setattr(distillation, "BLOCK", 32)
    seen = []
    monkeypatch.setattr(
        distillation, "fit_softmax", lambda rows, *a, **k: seen.append(len(rows)) or fit_softmax(rows, *a, **k)
    )

    teacher = PropagationTeacher(n_rounds=2).fit(FEATURES, known(FEW))

    assert seen == [12, *[12 + min(n_sampled, 228)] * 2]
    assert accuracy(teacher, FEW) > 0.6


def test_features_of_half_precision_teach_the_same():
    half, full = (
        PropagationTeacher(n_rounds=1).fit(rows, known(FEW)).predict_proba(rows)
        for rows in (FEATURES.astype(np.float16), FEATURES)
    )

    np.testing.assert_allclose(half, full, atol=0.02)


def test_it_is_an_estimator():
    teacher = PropagationTeacher(1.5, C=2.0, n_rounds=1).fit(FEATURES, known(FEW))

    assert teacher.get_params() == {"weight": 1.5, "C": 2.0, "n_rounds": 1}
    copied = clone(teacher)
    assert copied.get_params() == teacher.get_params()
    assert not hasattr(copied, "coef_")
    np.testing.assert_array_equal(copied.fit(FEATURES, known(FEW)).coef_, teacher.coef_)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"C": 0}, "`C` must be .* got 0"),
        ({"C": -1.0}, r"`C` must be .* got -1\.0"),
        ({"C": np.inf}, "`C` must be .* got inf"),
        ({"n_rounds": -1}, "`n_rounds` must be .* got -1"),
        ({"n_rounds": "5"}, "`n_rounds` must be .* got '5'"),
    ],
)
def test_its_parameters_are_checked(wrong, sentence):
    with pytest.raises(InvalidParameterError, match=sentence):
        PropagationTeacher(**wrong).fit(FEATURES, known(FEW))
