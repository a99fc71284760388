"""NodeSplit: who is learned from and who is tested, by hand-made graphs; inductive views: what a fit sees."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import set_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, ShuffleSplit, StratifiedKFold, cross_val_score, cross_validate

from skellagnn import ELLaGNNClassifier, NodeSplit, ReplayEnhancer, TextGraph, plan_search
from skellagnn.datasets import make_text_graph
from skellagnn.exceptions import InvalidParameterError, LabelError
from skellagnn.validation import as_graph


def parts(splitter, graph, y, groups=None):
    return [(train.tolist(), test.tolist()) for train, test in splitter.split(graph, y, groups)]


def texts(*words):
    return TextGraph.from_edges([], texts=list(words))


# -- unlabeled nodes -----------------------------------------------------------------------------------------------


def test_unlabeled_nodes_are_always_learned_from_and_never_tested():
    y = np.array([0, -1, 1, 0, -1, 1])

    assert parts(NodeSplit(2), texts(*"abcdef"), y) == [([1, 3, 4, 5], [0, 2]), ([0, 1, 2, 4], [3, 5])]


def test_scikit_learns_own_splitter_tests_on_them():
    """The reason for NodeSplit: if this fails, it may go."""
    y = np.array([0, -1, 1, 0, -1, 1])

    assert any((y[test] == -1).any() for _, test in StratifiedKFold(2).split(y, y))


@pytest.mark.parametrize("y", [[0.0, -1.0, 1.0, 0.0, 1.0], np.array([0, -1, 1, 0, 1], dtype=object)])
def test_minus_one_is_unlabeled_in_numbers_of_every_type(y):
    for train, test in NodeSplit(2).split(texts(*"abcde"), y):
        assert 1 in train
        assert 1 not in test


def test_names_have_no_unlabeled():
    y = np.array(["cat", "dog", "cat", "dog"])

    assert parts(NodeSplit(2), texts(*"abcd"), y) == [([2, 3], [0, 1]), ([0, 1], [2, 3])]
    with pytest.raises(LabelError, match="must not hold missing values, got None"):
        parts(NodeSplit(2), texts(*"abcd"), np.array(["cat", None, "cat", "dog"], dtype=object))


def test_positions_are_those_in_view():
    graph = texts(*"abcdef")[[5, 3, 1, 0]]

    assert parts(NodeSplit(2), graph, [0, 0, 1, 1]) == [([1, 3], [0, 2]), ([0, 2], [1, 3])]


def test_a_node_that_is_in_view_twice_is_on_one_side():
    graph = TextGraph.from_edges([], n_nodes=4)[[0, 0, 1, 2, 3, 2]]

    for train, test in NodeSplit(2).split(graph, [0, 0, 0, 1, 1, 1]):
        assert not set(graph[train]) & set(graph[test])


def test_arrays_are_split_too():
    assert parts(NodeSplit(2), np.zeros((5, 2)), [0, 1, -1, 0, 1]) == [([2, 3, 4], [0, 1]), ([0, 1, 2], [3, 4])]


# -- duplicates and groups ------------------------------------------------------------------------------------------


def test_copies_of_a_text_are_on_one_side_whatever_their_label():
    graph = texts("a", "b", "c", "a", "d", "a")
    y = np.array([0, 0, 1, 1, 1, -1])

    found = parts(NodeSplit(2), graph, y)

    assert found == [([1, 4], [0, 2, 3]), ([0, 2, 3, 5], [1, 4])]  # 5, a copy of 0, is not learned from beside test 0


def test_blank_texts_are_no_copies():
    found = parts(NodeSplit(2), texts("", " ", "", ""), [0, 1, 0, 1])

    assert found == [([2, 3], [0, 1]), ([0, 1], [2, 3])]


def test_groups_join_with_texts():
    graph = texts("a", "b", "b", "c", "d", "e")
    groups = [1, 1, None, 2, 3, None]  # 0-1 by group, 1-2 by text

    for train, test in NodeSplit(2).split(graph, [0, 0, 1, 1, 0, 1], groups):
        sides = {position: position in train for position in [*train, *test]}
        assert sides[0] == sides[1] == sides[2]
        assert len(sides) == 6


def test_groups_are_routed():
    data = make_text_graph(n_nodes=40, random_state=0)
    set_config(enable_metadata_routing=True)
    try:
        clf = ELLaGNNClassifier(encoder="tfidf", max_iter=2, random_state=0)
        groups = np.arange(40) % 4
        result = cross_validate(
            clf, data.graph, data.target, cv=NodeSplit(2), params={"groups": groups}, return_indices=True
        )
    finally:
        set_config(enable_metadata_routing=False)
    for train, test in zip(result["indices"]["train"], result["indices"]["test"], strict=True):
        assert not set(groups[train]) & set(groups[test])


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.sampled_from(["a", "b", "c", "d", ""]), min_size=12, max_size=40),
    seed=st.integers(0, 1000),
    by_time=st.booleans(),
)
def test_no_split_leaks_a_text_a_group_or_the_future(words, seed, by_time):
    rng = np.random.default_rng(seed)
    n = len(words)
    y = rng.integers(-1, 2, size=n)
    y[:4] = [0, 1, 0, 1]
    words = ["w0", "w1", "w2", "w3", *words[4:]]
    groups, time = rng.integers(n, size=n), rng.permutation(n)
    splitter = NodeSplit(2, time=time if by_time else None)
    graph = TextGraph.from_edges([], texts=words)

    try:
        found = list(splitter.split(graph, y, groups))
    except (ValueError, InvalidParameterError):  # too few units of a class, or moments
        return

    assert len(found) == splitter.get_n_splits() == 2
    for train, test in found:
        assert len(test)
        assert (y[test] != -1).all()
        assert not {words[i] for i in train if words[i]} & {words[i] for i in test if words[i]}
        assert not set(groups[train]) & set(groups[test])
        if by_time:
            assert time[train].max(initial=-1) < time[test].min()
    assert not set(found[0][1]) & set(found[1][1])
    if not by_time:
        assert set(found[0][1]) | set(found[1][1]) == set(np.flatnonzero(y != -1))


# -- other splitters, shuffling --------------------------------------------------------------------------------------


def test_another_splitter_gets_one_entry_for_each_text():
    graph = texts("a", "a", "b", "c", "d", "e")
    y = [0, 0, 0, 1, 1, -1]

    (split,) = NodeSplit(ShuffleSplit(1, test_size=1, train_size=2, random_state=0)).split(graph, y)

    train, test = (part.tolist() for part in split)
    assert 5 in train  # unlabeled
    units = {("a" if i < 2 else str(i)) for i in test}
    assert len(units) == 1
    assert len({("a" if i < 2 else str(i)) for i in train if i != 5}) == 2
    assert NodeSplit(ShuffleSplit(3)).get_n_splits() == 3


def test_random_state_shuffles():
    graph, y = TextGraph.from_edges([], n_nodes=40), np.arange(40) % 2

    plain, again, shuffled = (parts(NodeSplit(2, random_state=seed), graph, y) for seed in (None, None, 0))

    assert plain == again != shuffled == parts(NodeSplit(2, random_state=0), graph, y)


# -- time --------------------------------------------------------------------------------------------------------------


def test_by_time_what_is_tested_is_newer():
    time = [3, 1, 2, 4, 0, 5, 9]
    y = [0, 1, 0, 1, 0, 1, -1]

    found = parts(NodeSplit(2, time=time), TextGraph.from_edges([], n_nodes=7), y)

    assert found == [([1, 4], [0, 2]), ([0, 1, 2, 4], [3, 5])]  # the unlabeled node of time 9 is in no part


def test_by_time_unlabeled_nodes_are_learned_from_once_they_are_there():
    found = parts(NodeSplit(1, time=[0, 1, 2, 3]), TextGraph.from_edges([], n_nodes=4), [0, -1, 1, -1])

    assert found == [([0, 1], [2])]
    found = parts(NodeSplit(2, time=[0, 1, 3, 2]), TextGraph.from_edges([], n_nodes=4), [0, -1, 1, 1])
    assert found == [([0, 1], [3]), ([0, 1, 3], [2])]


def test_equal_times_are_in_one_block():
    years = np.array(["2001", "2001", "2001", "2002", "2003", "2003"], dtype="datetime64[Y]")

    found = parts(NodeSplit(2, time=years), TextGraph.from_edges([], n_nodes=6), [0, 1, 0, 1, 0, 1])

    assert found == [([0, 1, 2], [3]), ([0, 1, 2, 3], [4, 5])]


def test_time_counts_nodes_and_not_positions_in_view():
    graph = TextGraph.from_edges([], n_nodes=5)[[4, 3, 0]]

    assert parts(NodeSplit(1, time=[9, 0, 0, 1, 0]), graph, [0, 1, 1]) == [([0, 1], [2])]


# -- what is wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("splitter", "y", "groups", "message"),
    [
        (NodeSplit(1), [0, 1, 0, 1], None, "`cv` must be an int of at least 2, got 1"),
        (NodeSplit(10**30), [0, 1, 0, 1], None, "`cv` must be at most the size of the largest class, 2 .*, got 10{30}"),
        (NodeSplit(3), [0, 1, 0, 1], [1, 2, 3, 4], "`cv` must be at most the size of the largest class, 2 .*, got 3"),
        (NodeSplit("5"), [0, 1, 0, 1], None, "`cv` must be an int of at least 2, got '5'"),
        (NodeSplit(2, random_state="a"), [0, 1, 0, 1], None, "`random_state` must be an int"),
        (NodeSplit(ShuffleSplit(2), random_state=0), [0, 1, 0, 1], None, "`cv` must be a number where `random_state`"),
        (NodeSplit(ShuffleSplit(2), time=[0, 1, 2, 3]), [0, 1, 0, 1], None, "`cv` must be a number where `time`"),
        (NodeSplit(2, time=[0, 1]), [0, 1, 0, 1], None, r"one for each of the 4 nodes.*shape \(2,\)"),
        (NodeSplit(2, time=list("abcd")), [0, 1, 0, 1], None, "`time` must be numbers or dates"),
        (
            NodeSplit(2, time=[0, 1, np.nan, 3]),
            [0, 1, 0, 1],
            None,
            "`time` must be known for each node, got none for 1",
        ),
        (NodeSplit(2, time=[0, 1, 1, 0]), [0, 1, 0, 1], None, "`time` must have at least 3 different values.*got 2"),
        (NodeSplit(2), [0, 1, 0, 1], [1, 2], r"`groups` must have one entry for each of 4 targets, got shape \(2,\)"),
        (NodeSplit(2), [-1, -1, -1, -1], None, "`y` must label some targets to split them"),
        (NodeSplit(2), [0, 1], None, "`y` must have one label per target in view"),
        (NodeSplit(2), None, None, "`y` must have one label per target"),
    ],
)
def test_what_is_wrong_is_said(splitter, y, groups, message):
    with pytest.raises((InvalidParameterError, LabelError), match=message):
        list(splitter.split(TextGraph.from_edges([], n_nodes=4), y, groups))


def test_labels_in_another_order_than_the_nodes_are_refused():
    graph = TextGraph.from_edges([], n_nodes=4, node_names=list("abcd"))

    with pytest.raises(LabelError, match="order of the nodes"):
        list(NodeSplit(2).split(graph, pd.Series([0, 1, 0, 1], index=list("badc"))))
    with pytest.raises(InvalidParameterError, match="`time` must be in the order of the nodes"):
        list(NodeSplit(2, time=pd.Series([0, 1, 2, 3], index=list("badc"))).split(graph, [0, 1, 0, 1]))


# -- inductive views ---------------------------------------------------------------------------------------------------


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps the names of the nodes that it saw in fit and in predict."""

    seen = []  # noqa: RUF012 - of all clones

    def fit(self, X, y):
        graph = as_graph(self, X, reset=True)
        self.classes_ = np.unique(y[y >= 0])
        self.trained_ = {graph.name_of(node) for node in range(graph.n_nodes)}
        self.seen.append(self)
        return self

    def predict(self, X):
        graph = as_graph(self, X, reset=False)
        self.predicted_ = {graph.name_of(node) for node in range(graph.n_nodes)}
        return np.zeros(len(X), dtype=int)


def test_a_fit_sees_all_but_the_test_nodes_and_a_prediction_everything():
    graph = TextGraph.from_edges([(0, 1), (1, 2), (2, 3), (3, 4)], n_nodes=5)
    y = np.array([0, 1, 0, 1, -1])
    Recorder.seen.clear()

    cross_val_score(Recorder(), graph.inductive(), y, cv=NodeSplit(2))

    assert [fitted.trained_ for fitted in Recorder.seen] == [{"2", "3", "4"}, {"0", "1", "4"}]
    assert all(fitted.predicted_ == {"0", "1", "2", "3", "4"} for fitted in Recorder.seen)


def test_an_inductive_fit_is_the_fit_of_the_subgraph():
    data = make_text_graph(n_nodes=80, random_state=0)
    train = np.random.default_rng(0).permutation(80)[:50]
    clf = ELLaGNNClassifier(
        ReplayEnhancer(data.answers), class_names=data.target_names, encoder="tfidf", max_iter=10, random_state=0
    )

    seen = clf.fit(data.graph.inductive()[train], data.target[train])
    asked, probabilities = {said.name for said in seen.answers_}, seen.predict_proba(data.graph)
    cut = clf.fit(data.graph.subgraph(np.sort(train)), data.target[np.sort(train)])

    np.testing.assert_array_equal(probabilities, cut.predict_proba(data.graph))
    assert asked == {said.name for said in cut.answers_}
    assert asked <= {str(node) for node in train}
    assert len(asked) == 5
    whole = clf.fit(data.graph[train], data.target[train]).predict_proba(data.graph)
    assert np.abs(whole - probabilities).max() > 1e-3


def test_repeated_nodes_of_an_inductive_view_do_as_in_any_view():
    data = make_text_graph(n_nodes=40, random_state=0)
    clf = ELLaGNNClassifier(encoder="tfidf", max_iter=5, random_state=0)
    drawn = np.array([0, 3, 3, 7, 9, 9, 20, 21, 30])

    twice = clf.fit(data.graph.inductive()[drawn], data.target[drawn]).predict_proba(data.graph)
    kept, position = np.unique(drawn, return_inverse=True)
    cut = clf.fit(data.graph.subgraph(kept)[position], data.target[drawn]).predict_proba(data.graph)

    np.testing.assert_array_equal(twice, cut)


def test_a_plan_of_an_inductive_view_counts_its_nodes():
    data = make_text_graph(n_nodes=80, random_state=0)
    clf = ELLaGNNClassifier(ReplayEnhancer(data.answers), class_names=data.target_names, encoder="tfidf")

    plan = clf.plan(data.graph.inductive()[:50], data.target[:50])

    assert plan.n_nodes == 50
    assert {int(name) for name in plan.active_names} <= set(range(50))
    with pytest.raises(InvalidParameterError, match="`X` must not be inductive to plan a search"):
        plan_search(GridSearchCV(clf, {"dropout": [0.1]}, cv=2), data.graph.inductive(), data.target)


def test_candidates_of_an_inductive_view_are_refused():
    data = make_text_graph(n_nodes=20, random_state=0)
    clf = ELLaGNNClassifier(encoder="tfidf", candidates=[1, 2])

    with pytest.raises(InvalidParameterError, match="`candidates` must be None for an inductive view"):
        clf.fit(data.graph.inductive()[:10], data.target[:10])


def test_views_stay_inductive_and_subgraphs_are_not():
    graph = TextGraph.from_edges([(0, 1), (1, 2)], n_nodes=3)

    assert not graph.is_inductive
    assert graph.inductive()[[0, 1]].is_inductive
    assert graph.inductive().with_features(np.ones((3, 1))).is_inductive
    assert not graph.inductive().subgraph([0, 1]).is_inductive
    assert repr(graph.inductive()) == "TextGraph(n_nodes=3, n_edges=2, undirected, inductive)"
    assert "3, inductive" in graph.inductive()._repr_html_()
