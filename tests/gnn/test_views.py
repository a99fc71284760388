"""Raw rows, LLM views, and who shows which."""

from __future__ import annotations

import numpy as np
import pytest

from skellagnn.gnn._views import NodeFeatures

RAW = np.arange(20, dtype=np.float32).reshape(10, 2)
ACTIVE = np.array([7, 2, 5], dtype=np.int64)


def make(answered, *, active=ACTIVE, n_features=2):
    """View (i, j) is the constant 100 * i + j + 1, so that every row says which view it is."""
    answered = np.array(answered, dtype=bool)
    number = 100 * np.arange(len(answered))[:, None] + np.arange(answered.shape[1]) + 1
    views = np.where(answered, number, 0)[:, :, None] * np.ones(n_features)
    return NodeFeatures(RAW, active, views.astype(np.float32), answered)


ALL = make([[1, 1, 1], [1, 1, 1], [1, 1, 1]])
SOME = make([[1, 0, 1], [0, 0, 0], [0, 1, 0]])


def draw(features, probability, n_times=1, seed=0):
    """Return a list of {node: number of the view shown}."""
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(n_times):
        index, rows = features.shown(probability).draw_views(rng)
        nodes = ACTIVE[index]
        assert rows.shape == (len(nodes), 2)
        np.testing.assert_array_equal(rows[:, 0], rows[:, 1])
        draws.append(dict(zip(nodes.tolist(), rows[:, 0].tolist(), strict=True)))
        assert len(draws[-1]) == len(nodes)
    return draws


# -- drawing -----------------------------------------------------------------------------------------------------


def test_with_probability_one_every_answered_node_shows_a_view_of_its_own():
    for shown in draw(ALL, 1.0, 50):
        assert sorted(shown) == [2, 5, 7]
        assert [shown[node] // 100 for node in ACTIVE] == [0, 1, 2]


def test_with_probability_zero_nobody_shows_a_view_and_nothing_is_drawn():
    rng = np.random.default_rng(3)

    nodes, rows = ALL.shown(0).draw_views(rng)

    assert nodes.shape == (0,)
    assert rows.shape == (0, 2)
    assert rng.random() == np.random.default_rng(3).random()


def test_only_answered_views_are_shown():
    seen = {node: set() for node in ACTIVE.tolist()}
    for shown in draw(SOME, 1.0, 200):
        for node, view in shown.items():
            seen[node].add(view)

    assert seen == {7: {1.0, 3.0}, 2: set(), 5: {202.0}}


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_a_node_shows_a_view_with_the_probability_asked_for(probability):
    draws = draw(ALL, probability, 2000)

    for node in ACTIVE.tolist():
        share = np.mean([node in shown for shown in draws])
        assert abs(share - probability) < 0.05  # over four standard deviations


def test_prompts_are_drawn_uniformly_among_the_answered_ones():
    draws = draw(ALL, 1.0, 3000)
    for position, node in enumerate(ACTIVE.tolist()):
        counts = np.bincount([int(shown[node]) - 100 * position for shown in draws], minlength=4)
        assert counts[0] == 0
        assert np.abs(counts[1:] - 1000).max() < 120  # standard deviation 26

    two_of_three = [shown[7] for shown in draw(SOME, 1.0, 3000)]
    assert abs(two_of_three.count(1.0) - 1500) < 130


def test_nodes_show_views_independently_of_each_other():
    draws = draw(ALL, 0.5, 4000)
    shows = np.array([[node in shown for node in ACTIVE.tolist()] for shown in draws])

    assert np.abs(np.corrcoef(shows.T) - np.eye(3)).max() < 0.06


def test_what_a_node_shows_does_not_depend_on_which_answers_of_others_arrived():
    fewer = make([[1, 1, 1], [0, 0, 0], [1, 1, 1]])

    for everything, some in zip(draw(ALL, 0.5, 100), draw(fewer, 0.5, 100), strict=True):
        everything.pop(2, None)
        assert some == everything


def test_the_stream_moves_on_by_the_same_amount_whatever_arrived():
    states = []
    for features in (ALL, SOME, make([[0, 0, 0]] * 3), make([[1]] * 3)):
        rng = np.random.default_rng(11)
        features.shown(0.5).draw_views(rng)
        states.append(rng.random())

    assert len(set(states)) == 1


def test_without_views_nothing_is_shown():
    features = NodeFeatures.without_views(RAW)

    nodes, rows = features.draw_views(np.random.default_rng(0))

    assert features.raw is RAW
    assert len(nodes) == 0
    assert rows.shape == (0, 2)


def test_drawn_rows_are_copies():
    features = make([[1], [1], [1]])

    nodes, rows = features.draw_views(np.random.default_rng(0))
    rows[:] = -1
    nodes[:] = -1

    assert features.views.min() > 0
    assert features.active.tolist() == ACTIVE.tolist()


# -- queries -----------------------------------------------------------------------------------------------------


def test_a_query_is_the_mean_of_the_unit_length_views():
    views = np.zeros((2, 3, 2), dtype=np.float32)
    views[0] = [[3, 4], [0, 0], [0, 2]]  # the second is not answered
    views[1] = [[0, 0], [-5, 0], [0, 0]]
    answered = np.array([[True, False, True], [False, True, False]])

    nodes, queries = NodeFeatures(RAW, np.array([4, 1]), views, answered).queries()

    assert nodes.tolist() == [4, 1]
    np.testing.assert_allclose(queries, [[0.3, 0.9], [-1, 0]], rtol=1e-6)
    assert queries.dtype == np.float32


@pytest.mark.parametrize(("trust", "expected"), [(1.0, [0.3, 0.9]), (0.25, [0.525, 0.825]), (0.0, [0.6, 0.8])])
def test_an_answer_that_is_not_trusted_leaves_the_raw_row_to_query(trust, expected):
    raw = np.array([[9, 9], [30, 40]], dtype=np.float32)  # of unit length: [0.6, 0.8]
    views = np.array([[[3, 4], [0, 2]]], dtype=np.float32)  # of unit length, on average: [0.3, 0.9]
    features = NodeFeatures(raw, np.array([1]), views, np.ones((1, 2), dtype=bool))

    nodes, queries = features.queries(trust)

    assert nodes.tolist() == [1]
    np.testing.assert_allclose(queries, [expected], rtol=1e-6)


def test_nodes_without_any_answer_have_no_query():
    nodes, queries = SOME.queries()

    assert nodes.tolist() == [7, 5]
    np.testing.assert_allclose(queries, np.full((2, 2), 0.5**0.5), rtol=1e-6)


@pytest.mark.parametrize("features", [NodeFeatures.without_views(RAW), make([[0, 0]] * 3), make([[], [], []])])
def test_without_answers_there_are_no_queries(features):
    nodes, queries = features.queries()

    assert nodes.shape == (0,)
    assert queries.shape == (0, 2)


# -- from answers ------------------------------------------------------------------------------------------------


class Lengths:
    """An encoder that keeps what it was given: (length, first letter)."""

    def __init__(self):
        self.calls = []

    def __call__(self, texts):
        self.calls.append(list(texts))
        return np.array([[len(text), ord(text[0])] for text in texts], dtype=np.float32)


def test_answers_become_views_of_the_nodes_that_asked():
    encode = Lengths()
    index = np.array([[0, 1], [0, 2], [3, 1]])  # nodes 7 and 2 ask the same first question, 7 and 5 the same second

    features = NodeFeatures.from_answers(RAW, ACTIVE, ["a", None, "bcd", "ef"], index, encode)

    assert encode.calls == [["a", "bcd", "ef"]]
    a, bcd, ef, nothing = [1, 97], [3, 98], [2, 101], [0, 0]
    assert features.views.tolist() == [[a, nothing], [a, bcd], [ef, nothing]]
    assert features.answered.tolist() == [[True, False], [True, True], [True, False]]
    assert features.raw is RAW
    assert features.active is ACTIVE


def test_nothing_is_encoded_where_nothing_was_answered():
    encode = Lengths()

    features = NodeFeatures.from_answers(RAW, ACTIVE, [None, None], np.array([[0], [1], [1]]), encode)

    assert encode.calls == []
    assert not features.answered.any()
    np.testing.assert_array_equal(features.views, np.zeros((3, 1, 2)))


def test_an_answer_of_which_the_encoder_makes_nothing_is_nothing_to_show():
    rows = {"unknown": [0, 0], "known": [0, 2]}
    features = NodeFeatures.from_answers(
        RAW,
        ACTIVE[:2],
        ["unknown", "known"],
        np.array([[0, 1], [0, 0]]),
        lambda texts: np.array([rows[text] for text in texts], dtype=np.float32),
    )

    assert features.answered.tolist() == [[False, True], [False, False]]
    assert features.queries()[0].tolist() == [ACTIVE[0]]
    index, shown = features.draw_views(np.random.default_rng(0))
    assert index.tolist() == [0]
    assert shown.tolist() == [[0, 2]]


def test_an_empty_answer_is_an_answer():
    features = NodeFeatures.from_answers(
        RAW, ACTIVE[:1], [""], np.array([[0]]), lambda texts: np.ones((len(texts), 2), dtype=np.float32)
    )

    assert features.answered.tolist() == [[True]]
