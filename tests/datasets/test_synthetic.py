"""Graphs made to measure: what was asked for is what is measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skellagnn import TextGraph
from skellagnn.datasets import edge_homophily, make_text_graph
from skellagnn.datasets._synthetic import _triangle_row, _vocabulary
from skellagnn.enhancers import ReplayEnhancer
from skellagnn.exceptions import GraphError, InvalidParameterError, LabelError
from skellagnn.prompts import BUILTIN_PROMPTS, Question, parse_choices

GRAPH_OF_TWO = TextGraph.from_edges([(0, 1)])


def words_by_class(data):
    """For each node the number of words of its text that stand in the vocabulary of its class, and of another one."""
    words = _vocabulary(len(data.target_names)).tolist()
    owner = {word: (position - 200) // 40 for position, word in enumerate(words) if position >= 200}
    own, other = [], []
    for text, label in zip(data.graph.texts, data.true_target, strict=True):
        owners = [owner.get(word) for word in text.split()]
        own.append(owners.count(label))
        other.append(len(owners) - owners.count(label) - owners.count(None))
    return np.array(own), np.array(other)


# -- structure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("homophily", [0.0, 0.2, 0.5, 0.81, 1.0])
@pytest.mark.parametrize("n_classes", [2, 7])
@pytest.mark.parametrize("directed", [False, True])
def test_homophily_is_as_asked(homophily, n_classes, directed):
    data = make_text_graph(400, n_classes, homophily=homophily, directed=directed, random_state=0)

    n_edges = 1600 if directed else 800
    assert data.graph.n_edges == n_edges
    assert data.graph.is_directed == directed
    assert edge_homophily(data.graph, data.true_target) == pytest.approx(homophily, abs=0.51 / n_edges)


@pytest.mark.parametrize("average_degree", [0, 1, 4.5, 30])
@pytest.mark.parametrize("directed", [False, True])
def test_average_degree_is_the_mean_number_of_neighbors_heard(average_degree, directed):
    graph = make_text_graph(200, average_degree=average_degree, directed=directed, random_state=0).graph

    assert graph.adjacency.nnz / 200 == pytest.approx(average_degree, abs=0.01)


def test_every_possible_edge_can_be_had():
    n_within, n_between = 3 * (4 * 3 // 2), 3 * 4 * 4
    data = make_text_graph(12, 3, average_degree=11, homophily=n_within / (n_within + n_between), random_state=0)

    np.testing.assert_array_equal(data.graph.adjacency.toarray(), 1 - np.eye(12))


def test_every_pair_is_as_likely_as_any_other():
    counts = sum(
        make_text_graph(9, 3, average_degree=2, homophily=3 / 9, random_state=seed).graph.adjacency.toarray()[
            np.ix_(order, order)
        ]
        for seed in range(600)
        for order in [np.argsort(make_text_graph(9, 3, n_words=0, average_degree=0, random_state=seed).true_target)]
    )
    same = np.repeat(np.arange(3), 3)[:, None] == np.repeat(np.arange(3), 3)
    within, between = counts[same & ~np.eye(9, dtype=bool)], counts[~same]

    # 3 of 9 pairs within and 6 of 27 between, each 600 times
    np.testing.assert_allclose(within, 600 * 3 / 9, rtol=0.3)
    np.testing.assert_allclose(between, 600 * 6 / 27, rtol=0.35)


def test_directions_are_random():
    coo = make_text_graph(500, average_degree=4, directed=True, random_state=0).graph.adjacency.tocoo()

    assert (coo.row > coo.col).mean() == pytest.approx(0.5, abs=0.05)


def test_a_triangle_is_counted_without_rounding_errors():
    rows = np.array([1, 2, 3, 1000, 94_906_267, 3_000_000_000])
    first = rows * (rows - 1) // 2

    np.testing.assert_array_equal(_triangle_row(first), rows)
    np.testing.assert_array_equal(_triangle_row(first + rows - 1), rows)


# -- labels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "n_labeled"), [(0, 0), (0.1, 30), (0.5, 150), (1.0, 300)])
def test_labels_are_withheld_evenly(share, n_labeled):
    data = make_text_graph(300, 3, labeled_fraction=share, random_state=0)

    assert np.bincount(data.target[data.target >= 0], minlength=3).tolist() == [n_labeled // 3] * 3
    assert set(data.target[data.target < 0]) <= {-1}
    known = data.target >= 0
    np.testing.assert_array_equal(data.target[known], data.true_target[known])


def test_class_sizes_differ_by_one_at_most():
    assert sorted(np.bincount(make_text_graph(11, 3, average_degree=1, random_state=0).true_target)) == [3, 4, 4]


def test_the_order_of_nodes_says_nothing_of_their_class():
    target = make_text_graph(3000, 3, average_degree=0, random_state=0).target

    assert (target[1:] == target[:-1]).mean() == pytest.approx(1 / 3, abs=0.04)
    assert target[:1500].mean() == pytest.approx(1, abs=0.08)


def test_x_and_y_are_the_labeled_nodes():
    options = {"labeled_fraction": 0.3, "random_state": 5}
    X, y = make_text_graph(50, return_X_y=True, **options)
    data = make_text_graph(50, **options)

    assert isinstance(X, TextGraph)
    assert list(X) == np.flatnonzero(data.target >= 0).tolist()
    np.testing.assert_array_equal(y, data.target[data.target >= 0])
    assert X.n_nodes == 50
    assert X.texts == data.graph.texts


# -- texts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("informativeness", [0.0, 0.3, 1.0])
def test_informativeness_is_the_share_of_a_class_s_own_words(informativeness):
    data = make_text_graph(500, 4, informativeness=informativeness, random_state=0)
    own, other = words_by_class(data)

    assert own.mean() / 20 == pytest.approx(informativeness, abs=0.02)
    assert other.sum() == 0
    if 0 < informativeness < 1:
        assert own.std() > 1  # word by word, not the same number in each text


@pytest.mark.parametrize("n_words", [0, 1, 20])
def test_texts_have_as_many_words_as_asked(n_words):
    graph = make_text_graph(30, n_words=n_words, random_state=0).graph

    assert [len(text.split()) for text in graph.texts] == [n_words] * 30


@pytest.mark.parametrize("n_classes", [1, 3, 300, 9000])
def test_all_words_are_different_and_pronounceable(n_classes):
    words = _vocabulary(n_classes).tolist()

    assert len(set(words)) == len(words) == 200 + 40 * n_classes
    assert all(word.isalpha() and word.islower() and word[1::2].strip("aeiou") == "" for word in words)


# -- the simulated LLM -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accuracy", [0.0, 0.6, 0.9, 1.0])
def test_the_simulated_llm_is_right_as_often_as_asked(accuracy):
    data = make_text_graph(1000, 5, answer_accuracy=accuracy, random_state=0)
    topics = [answer for answer in data.answers if answer["prompt"] == "topic"]
    choices = np.array([parse_choices(answer["response"], data.target_names) for answer in topics])

    assert [answer["node"] for answer in topics] == [str(i) for i in range(1000)]
    assert choices.shape == (1000, 2)
    assert (choices[:, 0] == data.true_target).mean() == pytest.approx(accuracy, abs=0.04)
    wrong = choices[:, 0] != data.true_target
    if wrong.any():  # every other class is as likely a mistake
        steps = (choices[wrong, 0] - data.true_target[wrong]) % 5
        np.testing.assert_allclose(np.bincount(steps, minlength=5)[1:] / wrong.sum(), 0.25, atol=0.13)


def test_keywords_and_background_are_about_the_class_that_the_topic_names():
    data = make_text_graph(60, 3, answer_accuracy=0.5, random_state=0)
    vocabulary = _vocabulary(3)

    for keywords, background, topic in zip(*(iter(data.answers),) * 3, strict=True):
        first = parse_choices(topic["response"], data.target_names)[0]
        own = set(vocabulary[200 + 40 * first : 240 + 40 * first])
        assert set(keywords["response"].split(", ")) <= own
        assert len(set(background["response"].rstrip(".").split()) & own) >= 3


def test_the_answers_can_be_replayed():
    data = make_text_graph(20, random_state=0)
    enhancer = ReplayEnhancer(data.answers)
    values = {"text": data.graph.texts[7], "class_names": ", ".join(data.target_names)}
    questions = [
        Question(BUILTIN_PROMPTS[name], values, (data.graph.name_of(7),))
        for name in ("topic", "keywords", "background")
    ]

    answers = {answer["prompt"]: answer["response"] for answer in data.answers if answer["node"] == "7"}
    assert list(enhancer.complete(questions)) == [answers["topic"], answers["keywords"], answers["background"]]
    assert len(enhancer.recorded_nodes) == 20


def test_one_class_has_no_second_choice():
    data = make_text_graph(5, 1, homophily=1, average_degree=2, random_state=0)

    assert data.target.tolist() == [0] * 5
    assert data.answers[2]["response"] == "Most likely topic_0."


# -- seeds -------------------------------------------------------------------------------------------------------


def as_plain(data):
    adjacency = data.graph.adjacency
    return adjacency.indices.tolist(), list(data.graph.texts), data.target.tolist(), data.answers


def test_the_same_seed_makes_the_same_graph_and_another_one_another():
    assert as_plain(make_text_graph(40, random_state=3)) == as_plain(make_text_graph(40, random_state=3))
    for one, other in zip(
        as_plain(make_text_graph(40, random_state=3)), as_plain(make_text_graph(40, random_state=4)), strict=True
    ):
        assert one != other


def test_a_random_state_moves_on_and_the_global_one_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002  (the global state is what must not change)
    random_state = np.random.RandomState(0)
    first, second = (make_text_graph(40, random_state=random_state) for _ in range(2))
    make_text_graph(40, random_state=0)

    assert as_plain(first) != as_plain(second)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


# -- bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n_nodes": 0}, "`n_nodes` must be an int, at least 1, got 0"),
        ({"n_nodes": 10.0}, r"`n_nodes` must be an int, at least 1, got 10\.0"),
        ({"n_nodes": True}, "got True"),
        ({"n_nodes": 3, "n_classes": 4}, r"`n_classes` must be an int, from 1 to 3 \(one node per class\), got 4"),
        ({"n_words": -1}, "`n_words` must be an int, at least 0, got -1"),
        ({"homophily": 1.1}, r"`homophily` must be a number in \[0, 1\], got 1\.1"),
        ({"homophily": float("nan")}, r"`homophily` must be a number in \[0, 1\], got nan"),
        ({"informativeness": -0.1}, r"`informativeness` must be a number in \[0, 1\], got -0\.1"),
        ({"labeled_fraction": "half"}, r"`labeled_fraction` must be a number in \[0, 1\], got 'half'"),
        ({"answer_accuracy": None}, r"`answer_accuracy` must be a number in \[0, 1\], got None"),
        ({"average_degree": -1}, "`average_degree` must be a finite number of 0 or more, got -1"),
        ({"average_degree": float("inf")}, "`average_degree` must be a finite number of 0 or more, got inf"),
        ({"n_nodes": 9, "average_degree": 8, "homophily": 1}, "got 36 edges wanted within classes where there are 9"),
        ({"n_classes": 1, "homophily": 0.5}, "got 300 edges wanted between classes where there are 0 pairs of nodes"),
    ],
)
def test_what_cannot_be_made_is_refused(options, sentence):
    with pytest.raises(InvalidParameterError, match=sentence):
        make_text_graph(**options, random_state=0)


# -- homophily ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ([0, 0, 1, 1], 2 / 3),
        ([0, 0, -1, 1], 1.0),
        ([0, 1, 0, 1], 0.0),
        (["a", "a", "b", ""], 1 / 2),
        (np.array(["a", None, "b", "b"], dtype=object), 1.0),
        ([-1, 0, -1, 0], float("nan")),
    ],
)
def test_homophily_counts_edges_between_labeled_nodes(target, expected):
    graph = TextGraph.from_edges([(0, 1), (1, 2), (2, 3)], weights=[1, 5, 9])

    assert edge_homophily(graph, target) == pytest.approx(expected, nan_ok=True)
    assert edge_homophily(graph[[0]], target) == pytest.approx(expected, nan_ok=True)


def test_homophily_needs_a_label_for_every_node():
    with pytest.raises(LabelError, match=r"`target` must have one label per node \(3\), got shape \(2,\)"):
        edge_homophily(TextGraph.from_edges([(0, 1)], n_nodes=3), [0, 1])


@pytest.mark.parametrize("missing", [None, np.nan, "", -1, "NA of pandas"])
def test_edges_at_a_missing_label_do_not_count(missing):
    if missing == "NA of pandas":
        missing = pytest.importorskip("pandas").NA
    graph = TextGraph.from_edges([(0, 1), (1, 2), (2, 3)], n_nodes=4)

    assert edge_homophily(graph, ["cat", "cat", "dog", missing]) == 0.5
    assert edge_homophily(graph, np.array(["nan", "nan", "dog", missing], dtype=object)) == 0.5
    assert edge_homophily(graph, [0.0, 0.0, 1.0, -1.0]) == edge_homophily(graph, [0, 0, 1, -2]) == 0.5
    if isinstance(missing, (int, float)):
        assert edge_homophily(graph, [0, 0, 1, missing]) == edge_homophily(graph, np.array([0, 0, 1, missing])) == 0.5


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"directed": "no"}, "`directed` must be True or False, got 'no'"),
        ({"return_X_y": 1}, "`return_X_y` must be True or False, got 1"),
        ({"random_state": True}, "`random_state` must be an int from 0"),
        ({"random_state": -1}, "`random_state` must be an int from 0"),
        ({"random_state": "x"}, "`random_state` must be an int from 0"),
        ({"random_state": 2**32}, "`random_state` must be an int from 0"),
        ({"random_state": 1.0}, "`random_state` must be an int from 0"),
    ],
)
def test_switches_and_seeds_are_what_they_seem(options, sentence):
    with pytest.raises(InvalidParameterError, match=sentence):
        make_text_graph(**options)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (([1], [1]), GraphError, "`graph` must be a TextGraph, got list"),
        ((GRAPH_OF_TWO, {0, 1}), LabelError, "`target` must be a list or an array, got set"),
        ((GRAPH_OF_TWO, np.ma.array([0, 1], mask=[0, 1])), LabelError, "`target` must not hide entries"),
        ((GRAPH_OF_TWO, pd.Series([0, 1], index=[1, 0])), LabelError, "`target` must be in the order of the nodes"),
    ],
)
def test_homophily_of_what_has_none(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        edge_homophily(*arguments)
