"""Graphs, labels, class names and numbers, checked: what is accepted means what it says, the rest says what to do."""

from __future__ import annotations

import traceback
from decimal import Decimal
from enum import Enum
from fractions import Fraction

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator
from sklearn.exceptions import DataConversionWarning
from torch_geometric.data import Data

from skellagnn import TextGraph
from skellagnn.base.numbers import check_int, check_real
from skellagnn.exceptions import GraphError, InvalidParameterError, LabelError
from skellagnn.gnn._targets import LabeledNodes
from skellagnn.validation import (
    Labels,
    as_graph,
    check_class_names,
    check_labels,
    check_true_labels,
    hold_out,
    named_classes,
    remember_columns,
    split_validation,
    stand_in,
)

GRAPH = TextGraph.from_edges([(0, 1), (1, 2), (2, 3)], texts=list("abcdef"))


def found(y, graph=GRAPH, sample_weight=None, **options):
    """Return classes and {node: (class index, weight)}, weights with a mean of 1."""
    labels = check_labels(graph, y, sample_weight, **options)
    labeled_nodes = labels.labeled
    assert labeled_nodes.nodes.dtype == labeled_nodes.labels.dtype == np.int64
    assert labeled_nodes.weights.dtype == np.float32
    assert labeled_nodes.nodes.tolist() == sorted(set(labeled_nodes.nodes.tolist()))
    pairs = zip(labeled_nodes.labels.tolist(), labeled_nodes.weights.tolist(), strict=True)
    return labels.classes.tolist(), dict(zip(labeled_nodes.nodes.tolist(), pairs, strict=True))


# -- X -----------------------------------------------------------------------------------------------------------


def test_a_text_graph_is_taken_as_it_is():
    estimator = BaseEstimator()

    assert as_graph(estimator, GRAPH, reset=True) is GRAPH
    assert not hasattr(estimator, "n_features_in_")


def test_an_array_is_a_graph_without_edges():
    estimator = BaseEstimator()

    graph = as_graph(estimator, [[1, 2], [3, 4], [5, 6]], reset=True)

    assert (graph.n_nodes, graph.n_edges, len(graph)) == (3, 0, 3)
    np.testing.assert_array_equal(graph.features, [[1, 2], [3, 4], [5, 6]])
    assert graph.features.dtype == np.float32


TABLE = pd.DataFrame({"height": [1.0, 2.0], "width": [3.0, 4.0]})


def test_an_estimator_is_not_changed_before_it_has_fitted():
    estimator = BaseEstimator()
    as_graph(estimator, TABLE, reset=True)
    assert vars(estimator) == {}

    remember_columns(estimator, TABLE)
    as_graph(estimator, [[1.0, 2.0, 3.0]], reset=True)
    assert (estimator.n_features_in_, estimator.feature_names_in_.tolist()) == (2, ["height", "width"])


def test_columns_are_remembered_and_forgotten():
    estimator = BaseEstimator()
    remember_columns(estimator, TABLE)
    assert (estimator.n_features_in_, estimator.feature_names_in_.tolist()) == (2, ["height", "width"])

    remember_columns(estimator, [[1, 2, 3]])
    assert vars(estimator) == {"n_features_in_": 3}

    remember_columns(estimator, TABLE)
    remember_columns(estimator, GRAPH)  # has no width of its own: the estimator knows that of its rows
    assert not hasattr(estimator, "feature_names_in_")


def test_names_of_columns_are_checked_before_the_fit():
    with pytest.raises(TypeError, match="Feature names are only supported if all input features have string names"):
        as_graph(BaseEstimator(), pd.DataFrame([[1.0, 2.0]], columns=["a", 1]), reset=True)


def test_another_width_than_in_training_is_refused():
    estimator = BaseEstimator()
    remember_columns(estimator, [[1, 2]])

    with pytest.raises(ValueError, match="X has 3 features, but BaseEstimator is expecting 2 features as input"):
        as_graph(estimator, [[1, 2, 3]], reset=False)


@pytest.mark.parametrize(
    ("value", "said"), [(np.nan, "NaN"), (np.inf, "infinity"), (1e300, "infinity or a value too large")]
)
def test_rows_are_finite(value, said):
    with pytest.raises(ValueError, match=f"Input X contains {said}"):
        as_graph(BaseEstimator(), np.array([[1.0, value]]), reset=True)


def test_no_target_in_view_is_refused():
    with pytest.raises(
        GraphError, match=r"`X` must have at least one node in view, got a graph with 0 targets in view"
    ):
        as_graph(BaseEstimator(), GRAPH[[]], reset=True)


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (
            Data(x=torch.zeros(2, 1), edge_index=torch.tensor([[0], [1]])),
            r"got torch_geometric\.data\.data\.Data\. Convert it: TextGraph\.from_pyg\(data, texts=\.\.\.\)",
        ),
        (nx.path_graph(3), r"got networkx\.classes\.graph\.Graph\. Convert it: TextGraph\.from_networkx\(graph, text="),
        (nx.DiGraph([(0, 1)]), r"got networkx\.classes\.digraph\.DiGraph\. Convert it: TextGraph\.from_networkx"),
        (["a text", "another"], r"got texts without edges\. Build one: TextGraph\.from_edges\(edges, texts=texts\)"),
        (("a text",), "got texts without edges"),
        ("one text", "got texts without edges"),
        (np.array(["a text", "another"]), "got texts without edges"),
        (np.array(["a text", "another"], dtype=object), "got texts without edges"),
        (pd.Series(["a text", "another"]), "got texts without edges"),
        (GRAPH.texts, "got texts without edges"),
    ],
)
def test_other_graphs_and_texts_are_told_the_converter(other, sentence):
    with pytest.raises(GraphError, match="^`X` must be a TextGraph, " + sentence):
        as_graph(BaseEstimator(), other, reset=True)


def test_nothing_at_all_is_told_what_to_build():
    with pytest.raises(
        GraphError, match=r"`X` must be a TextGraph or a 2-D array of numbers, got None\. Build a graph"
    ):
        as_graph(BaseEstimator(), None, reset=True)


@pytest.mark.parametrize("kind", ["object", "string", "category"])
def test_a_table_with_texts_is_told_the_converter(kind):
    table = pd.DataFrame({"year": [1.0, 2.0], "abstract": pd.Series(["on cats", "on dogs"], dtype=kind)})

    with pytest.raises(
        GraphError,
        match=r"got a table with texts in column 'abstract'\. Build a graph: TextGraph\.from_pandas\(X, edges, "
        r"text='abstract'\), or TextGraph\.from_edges\(\[\], texts=X\['abstract'\]",
    ):
        as_graph(BaseEstimator(), table, reset=True)


def test_numbers_in_strings_are_numbers_as_before():
    graph = as_graph(BaseEstimator(), pd.DataFrame({"a": ["1.5", "2"]}, dtype=object), reset=True)

    np.testing.assert_array_equal(graph.features, [[1.5], [2]])


@pytest.mark.parametrize("library", ["polars", "pyarrow", "pandas"])
def test_a_table_with_texts_is_refused_without_showing_them(library):
    module = pytest.importorskip(library)
    X = (module.table if library == "pyarrow" else module.DataFrame)({"f": [1.0, 2.0], "note": ["secret one", "two"]})

    with pytest.raises(GraphError, match=r"table with texts in column 'note'.*: TextGraph\.from_pandas\(X, edges") as e:
        as_graph(BaseEstimator(), X, reset=True)
    assert "secret" not in "".join(traceback.format_exception(e.value))


def test_a_masked_table_is_refused():
    X = np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[0, 0], [0, 1]])

    with pytest.raises(GraphError, match=r"`X` must not hide entries behind a mask, got numpy\.ma with 1 masked"):
        as_graph(BaseEstimator(), X, reset=True)
    assert as_graph(BaseEstimator(), X[:1], reset=True).n_nodes == 1


class Scaled(BaseEstimator):
    def __init__(self, scale=1.0):
        self.scale = scale


def test_a_traceback_that_shows_local_variables_can_be_made():
    estimator = Scaled(scale=3.0)
    assert repr(stand_in(estimator)) == "Scaled(scale=3.0)"
    try:
        as_graph(estimator, [["a"]], reset=True)
    except ValueError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "checked = Scaled(scale=3.0)" in shown
    assert vars(estimator) == {"scale": 3.0}


@pytest.mark.parametrize(
    ("X", "sentence"),
    [
        ({}, "2-D array of numbers, got {}"),
        ({1, 2}, "2-D array of numbers, got {1, 2}"),
        (b"ab", "2-D array of numbers, got b'ab'"),
        (object(), "2-D array of numbers, got <object"),
        (len, "2-D array of numbers, got <built-in"),
        ((row for row in [[1.0]]), "2-D array of numbers, got <generator"),
        ([1.0, 2.0], r"2-D .*, got list \(Expected 2D array, got 1D array instead\). Reshape your data"),
        ([[1.0, 2.0], [3.0]], r"2-D .*, got list \(setting an array element .*\). Build a graph"),
        (
            [[1e300]],
            r"2-D .*, got list \(Input X contains infinity or a value too large .*\). Build",
        ),
        (np.empty((3, 0)), r"2-D .*, got ndarray \(Found array with 0 feature\(s\) .*\). Build"),
        (np.empty((1, 1, 1)), r"2-D .*, got ndarray \(Found array with dim 3.*\). Build"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_table_of_finite_numbers_is_named(X, sentence):
    with pytest.raises(GraphError, match=f"`graph` must be a TextGraph or a {sentence}"):
        as_graph(BaseEstimator(), X, reset=True, argument="graph")


@pytest.mark.parametrize("X", [[1.0, 2.0], [], 3])
def test_what_is_neither_graph_nor_table_gets_scikit_learns_error(X):
    with pytest.raises(ValueError, match="Expected 2D array"):
        as_graph(BaseEstimator(), X, reset=True)


def test_a_sparse_table_is_refused():
    with pytest.raises(TypeError, match="Sparse data was passed for X, but dense data is required"):
        as_graph(BaseEstimator(), GRAPH.adjacency, reset=True)


# -- labels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        ([5, 3, 5, 3, 9, 3], [3, 5, 9]),
        (np.array([5, 3, 5, 3, 9, 3], dtype=np.uint8), [3, 5, 9]),
        ([1.0, 0.0, 1.0, 0.0, 2.0, 0.0], [0.0, 1.0, 2.0]),
        (["cat", "ant", "cat", "ant", "dog", "ant"], ["ant", "cat", "dog"]),
        (np.array(["кот", "ant", "кот", "ant", "я", "ant"], dtype=object), ["ant", "кот", "я"]),
        (pd.Series(["cat", "ant", "cat", "ant", "dog", "ant"], dtype="category"), ["ant", "cat", "dog"]),
        (["-2", "-1", "-2", "-1", "2", "-1"], ["-1", "-2", "2"]),  # a string is a name, whatever it looks like
    ],
)
def test_labels_of_any_kind_become_indices(y, classes):
    assert found(y) == (classes, {0: (1, 1), 1: (0, 1), 2: (1, 1), 3: (0, 1), 4: (2, 1), 5: (0, 1)})


def test_booleans_are_two_classes():
    classes, nodes = found([True, False, True, True, False, False])

    assert classes == [False, True]
    assert [nodes[node][0] for node in range(6)] == [1, 0, 1, 1, 0, 0]


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.float64])
def test_minus_one_is_unlabeled_in_numeric_labels(kind):
    assert found(np.array([-1, 4, -1, 7, 4, -1], dtype=kind)) == ([4, 7], {1: (0, 1), 3: (1, 1), 4: (0, 1)})


def test_other_negative_numbers_are_classes():
    assert found([-2, -1, 0, -2, 0, 0])[0] == [-2, 0]


def test_labels_follow_the_targets_in_view():
    assert found(["b", "a", "b"], GRAPH[[4, 0, 2]]) == (["a", "b"], {0: (0, 1), 2: (1, 1), 4: (1, 1)})


def test_a_view_of_some_nodes_equals_minus_one_elsewhere():
    some, y = np.array([5, 1, 3]), np.array([0, 1, 0, 1, 0, 0])
    elsewhere = np.full(6, -1)
    elsewhere[some] = y[some]

    assert found(y[some], GRAPH[some]) == found(elsewhere)


def test_a_node_in_view_several_times_has_its_weights_added_up():
    view = GRAPH[[3, 0, 3, 3, 1]]

    assert found([1, 0, 1, 1, 0], view, [1, 0.5, 0.5, 0, 1]) == ([0, 1], {0: (0, 0.5), 1: (0, 1), 3: (1, 1.5)})


def test_two_labels_for_one_node_are_refused():
    with pytest.raises(LabelError, match="`y` must give a node one label, got two different ones for node 3"):
        found([1, 0, 0], GRAPH[[3, 0, 3]])


def test_two_labels_for_one_node_are_fine_where_one_does_not_count():
    assert found([1, 0, 0, -1], GRAPH[[3, 0, 3, 3]], [1, 1, 0, 1]) == ([0, 1], {0: (0, 1), 3: (1, 1)})


@pytest.mark.parametrize("n_labels", [0, 1, 5, 7])
def test_one_label_per_target(n_labels):
    with pytest.raises(
        LabelError,
        match=rf"`y` must have one label per target in view: .* 6 targets and {n_labels} labels\. To use",
    ):
        found(np.arange(n_labels))


def test_labels_must_be_given():
    with pytest.raises(LabelError, match=r"`y` must be given: .* requires y to be passed, but the target y is None"):
        found(None)


# -- classes that an LLM may name --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("class_names", "y", "expected"),
    [
        (None, [0, 1], None),
        (["cats", "dogs"], [0, 1], [0, 1]),
        (["cats", "dogs"], np.array([0, 1], dtype=object), [0, 1]),
        (["cats", "dogs"], [-1, -1], [0, 1]),
        (np.array(["cats", "dogs"]), ["dogs", "dogs"], ["cats", "dogs"]),
        (pd.Series(["cats", "dogs"]), None, ["cats", "dogs"]),
        ({7: "cats", 3: "dogs"}, [3, 3], [7, 3]),
        ({"c": "cats", "d": "dogs"}, None, ["c", "d"]),
        (["no", "yes"], [True, False], [False, True]),
        ({0: "cats", 1: "dogs"}, ["cats", "dogs"], None),
        ({"0": "cats", "1": "dogs"}, [0, 1], None),
    ],
)
def test_what_the_names_stand_for(class_names, y, expected):
    named = named_classes(class_names, y)

    assert (None if named is None else named.tolist()) == expected


@pytest.mark.parametrize(
    ("y", "class_names", "expected"),
    [
        (None, ["dogs", "cats"], (["cats", "dogs"], {})),
        (None, {5: "dogs", 2: "cats"}, ([2, 5], {})),
        ([-1] * 6, ["cats", "dogs", "rocks"], ([0, 1, 2], {})),
        ([-1, -1, 1, -1, -1, -1], ["cats", "dogs", "rocks"], ([0, 1, 2], {2: (1, 1)})),
        ([-1.0, 1.0, 1.0, -1, -1, -1], ["cats", "dogs"], ([0, 1], {1: (1, 1), 2: (1, 1)})),
        (["dogs"] * 6, ["rocks", "dogs", "cats"], (["cats", "dogs", "rocks"], dict.fromkeys(range(6), (1, 1)))),
        ([9, -1, 9, -1, -1, -1], {9: "dogs", 4: "cats"}, ([4, 9], {0: (1, 1), 2: (1, 1)})),
    ],
)
def test_named_classes_count_as_classes_and_need_no_label(y, class_names, expected):
    assert found(y, named=named_classes(class_names, y)) == expected


def test_a_label_that_nobody_named_is_a_class_too():
    assert found([3, -1, 0, -1, -1, -1], named=np.arange(2)) == ([0, 1, 3], {0: (2, 1), 2: (0, 1)})


@pytest.mark.parametrize("class_weight", ["balanced", {1: 5.0}, {0: 9.0, 1: 2.0, 2: 1.0}, {0: 9.0, 1: 2.0}])
def test_class_weights_beside_a_class_without_a_label(class_weight):
    y = [1, 1, -1, 2, -1, -1]
    classes, nodes = found(y, named=np.arange(3), class_weight=class_weight)

    if class_weight != "balanced":
        class_weight = {label: weight for label, weight in class_weight.items() if label > 0}
    weights = [weight for _, weight in found(y, class_weight=class_weight)[1].values()]
    assert classes == [0, 1, 2]
    assert [weight for _, weight in nodes.values()] == pytest.approx(weights)


@pytest.mark.parametrize(("y", "named"), [(None, ["cats"]), ([-1] * 6, []), ([0] * 6, [0]), (["cats"] * 6, ["cats"])])
def test_names_and_labels_together_are_two_classes(y, named):
    with pytest.raises(LabelError, match="`y` and `class_names` must tell at least two classes, got "):
        found(y, named=np.array(named))


def test_labels_beside_named_classes_are_checked_as_always():
    named = np.arange(2)
    with pytest.raises(LabelError, match="must have one label per target"):
        found([0, 1], named=named)
    with pytest.raises(LabelError, match="must not hold missing values"):
        found([0, np.nan, 1, 1, 1, 1], named=named)
    with pytest.raises(LabelError, match="`sample_weight` must be positive for some labeled targets"):
        found([0, 1, -1, -1, -1, -1], sample_weight=[0, 0, 1, 1, 1, 1], named=named)
    assert found([-1] * 6, sample_weight=np.zeros(6), named=named) == ([0, 1], {})


@pytest.mark.parametrize(
    ("class_names", "y", "sentence"),
    [
        (["cats", None], ["cats", "dogs"], "`class_names` must be different, non-empty strings"),
        (["cats", None], None, "`class_names` must be different, non-empty strings"),
        ([["cats"], ["dogs", "wolves"]], ["cats", "dogs"], "`class_names` must be different, non-empty strings"),
        ({"0": "cats", "1": "dogs"}, [0, 1], "`class_names` must name every class, got no name for 0"),
        ({0: "cats", 1: "dogs"}, ["cats", "dogs"], "`class_names` must name every class, got no name for 'cats'"),
        ({"c": "cats", "d": "dogs"}.keys(), None, "`class_names` must be a list of names or a dict"),
        ({"cats", "dogs"}, None, "`class_names` must be a list of names or a dict"),
        (np.array(3), [0, 1], "`class_names` must be a list of names or a dict"),
        (b"cats", None, "`class_names` must be a list of names or a dict"),
    ],
)
def test_names_that_do_not_go_with_the_labels(class_names, y, sentence):
    graph = TextGraph.from_edges([(0, 1)])
    with pytest.raises(InvalidParameterError, match=sentence):
        check_class_names(class_names, check_labels(graph, y, named=named_classes(class_names, y)).classes)


def test_all_unlabeled_is_refused():
    with pytest.raises(
        LabelError, match=r"`y` must label at least two classes, got -1 \(unlabeled\) for all 6 targets"
    ):
        found([-1] * 6)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ([0.5, 1.5], "0.5 among others: Unknown label type: continuous"),
        ([b"a", b"b"], "b'a' among others: Support for labels represented as bytes"),
        ([Decimal(1), Decimal(2)], "Unknown label type"),
        ([2**70, 1], "Unknown label type"),
        ([np.inf, 1], "infinity"),
        ([1j, 2j], "complex numbers"),
    ],
)
def test_what_is_no_label_is_said_in_the_projects_words(wrong, sentence):
    graph = TextGraph.from_edges([(0, 1)], texts=["a", "b"])
    with pytest.raises(LabelError, match=f"`y` must hold class labels.*{sentence}"):
        check_labels(graph, wrong)


@pytest.mark.parametrize(
    ("y", "shown"),
    [([3] * 6, "3"), ([2, -1, 2, -1, 2, 2], "2"), (["a"] * 6, "'a'"), ([True] * 6, "True"), ([1.0] * 6, r"1\.0")],
)
def test_one_class_is_refused(y, shown):
    with pytest.raises(
        LabelError, match=f"`y` must label at least two classes, got one class only: {shown}. A classifier"
    ):
        found(y)


@pytest.mark.parametrize(
    ("missing", "shown"), [(None, "None"), (np.nan, "nan"), (pd.NA, "<NA>"), (pd.NaT, "NaT"), (float("nan"), "nan")]
)
def test_missing_names_are_refused(missing, shown):
    y = np.array(["a", missing, "b", missing, "a", "b"], dtype=object)

    with pytest.raises(
        LabelError,
        match=rf"`y` must not hold missing values, got {shown} and 1 more\. .* fit\(graph\[known\], y\[known\]\)",
    ):
        found(y)


@pytest.mark.parametrize(
    "y", [pd.Series(["a", None, "b", "a", "a", "b"], dtype=kind) for kind in ("object", "string", "category")]
)
def test_missing_names_of_pandas_are_refused(y):
    with pytest.raises(LabelError, match="`y` must not hold missing values"):
        found(y)


def test_infinity_is_no_label():
    with pytest.raises(ValueError, match="Input y contains infinity"):
        found([0, 1, np.inf, 1, 0, 1])


@pytest.mark.parametrize(
    "y",
    [
        [0, 1, np.nan, 1, 0, np.nan],
        np.array([0, 1, np.nan, 1, 0, np.nan], dtype=np.float32),
        pd.Series([0, 1, None, 1, 0, None], dtype="Int64"),
        pd.Series([0, 1, None, 1, 0, None], dtype="float"),
        [0, 1, None, 1, 0, None],
    ],
)
def test_missing_numbers_are_refused_with_both_ways_out(y):
    with pytest.raises(
        LabelError,
        match=r"`y` must not hold missing values, got (nan|None) and 1 more\. .* fit\(graph\[known\], y\[known\]\)\. "
        r"In numeric labels -1 is",
    ):
        found(y)


@pytest.mark.parametrize(
    "y",
    [
        np.array([-1, 4, -1, 7, 4, -1], dtype=object),
        np.array([-1.0, 4, -1, 7, np.int64(4), -1], dtype=object),
        pd.Series([-1, 4, -1, 7, 4, -1], dtype="Int64"),
    ],
)
def test_numbers_in_an_object_array_are_numbers(y):
    assert found(y) == ([4, 7], {1: (0, 1), 3: (1, 1), 4: (0, 1)})


@pytest.mark.parametrize("kind", [list, tuple, pd.Series, lambda y: np.array(y, dtype=object)])
def test_names_beside_numbers_are_refused(kind):
    with pytest.raises(
        LabelError, match=r"`y` must hold names or numbers, got names and -1 \(int\)\. .* leave those nodes out of view"
    ):
        found(kind(["a", "b", -1, "b", "a", -1]))


def test_measurements_are_no_classes():
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        found([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])


def test_a_column_is_taken_with_scikit_learns_warning():
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
        assert found([[0], [1], [0], [1], [0], [1]]) == found([0, 1, 0, 1, 0, 1])


def test_a_table_of_labels_is_refused():
    with pytest.raises(LabelError, match=r"`y` must have one label per target, got shape \(6, 2\)\. .*MultiOutput"):
        found([[0, 1]] * 6)


@pytest.mark.parametrize(
    ("y", "sentence"),
    [
        (np.ma.array([0, 1, 0, 1, 0, 1], mask=[0, 0, 0, 0, 0, 1]), r"`y` must not hide entries .* y\.filled\(value\)"),
        (dict.fromkeys(range(6), 1), "`y` must be a list or an array, got dict"),
        ({0, 1}, "`y` must be a list or an array, got set"),
        ((label for label in [0, 1, 0, 1, 0, 1]), "`y` must be a list or an array, got generator"),
        (np.zeros((6, 2, 2)), r"`y` must have one label per target, got shape \(6, 2, 2\)"),
        (1, r"`y` must have one label per target, got shape \(\)"),
        ([[0], [1, 2], [0], [1], [0], [1]], "`y` must be an array, or rows of one length"),
        (np.array(["2020", "NaT"] * 3, dtype="datetime64[D]"), "`y` must not hold missing values, got"),
    ],
)
def test_labels_that_would_be_misread_are_refused(y, sentence):
    with pytest.raises(LabelError, match=sentence):
        found(y)


NAMED = TextGraph.from_edges([(0, 1)], texts=list("abcdef"), node_names=list("uvwxyz"))


@pytest.mark.parametrize(
    ("graph", "index"),
    [
        (NAMED, list("uvwxyz")),
        (NAMED, range(6)),  # that pandas made itself
        (NAMED, list("abcdef")),  # names of something else: labels are taken by position
        (NAMED[::-1], range(6)),
        (NAMED[::-1], list("zyxwvu")),
        (GRAPH[[3, 1, 5, 0, 2, 4]], [3, 1, 5, 0, 2, 4]),
    ],
)
def test_a_series_in_the_order_of_the_targets_is_taken(graph, index):
    y = np.array([0, 1, 0, 1, 1, 1])
    assert found(pd.Series(y, index=index), graph) == found(y, graph)


@pytest.mark.parametrize(
    ("graph", "index"),
    [
        (NAMED, list("zyxwvu")),
        (NAMED, list("vuwxyz")),
        (NAMED[::-1], list("uvwxyz")),
        (GRAPH, range(5, -1, -1)),
        (GRAPH, [0, 1, 2, 3, 5, 4]),
        (GRAPH, [0.0, 1.0, 2.0, 3.0, 5.0, 4.0]),
        (GRAPH, list("013245")),
        (TextGraph.from_edges([], n_nodes=6, node_names=[10, 11, 12, 13, 14, 15]), [15, 14, 13, 12, 11, 10]),
    ],
)
@pytest.mark.parametrize("argument", ["y", "sample_weight", "y_val", "true"])
def test_a_series_in_another_order_is_refused(graph, index, argument):
    y = np.array([0, 1, 0, 1, 1, 1])
    shuffled = pd.Series(y, index=index)

    use = {
        "y": lambda: check_labels(graph, shuffled),
        "y_val": lambda: check_labels(graph, shuffled.to_frame(), classes=np.array([0, 1]), argument="y_val"),
        "sample_weight": lambda: check_labels(graph, y, shuffled),
        "true": lambda: check_true_labels(shuffled, graph),
    }
    with pytest.raises(LabelError, match=r"must be in the order of the nodes, .* same names in another order"):
        use[argument]()


def test_a_series_of_other_nodes_is_refused():
    y = pd.Series([0, 1, 0, 1, 0, 1], index=list("uvwxyz"))

    with pytest.raises(LabelError, match="whose index holds names of other nodes: 'w' stands where node 'u' is"):
        check_labels(NAMED[:4], y[2:])
    numbered = TextGraph.from_edges([], n_nodes=6, node_names=range(10, 16))
    with pytest.raises(LabelError, match="names of other nodes: 12 stands where node '10' is"):
        check_labels(numbered[:4], y.set_axis(range(10, 16))[2:])
    # positions in a view, and names of something else
    for index in ([0, 2, 3, 5], list("abcd")):
        assert found(y[:4].set_axis(index), numbered[:4]) == found([0, 1, 0, 1], numbered[:4])


class Kind(Enum):
    A = 1
    B = 2


@pytest.mark.parametrize(
    ("y", "classes", "sentence"),
    [
        (list("ababab"), [0, 1], "as in training, where one is 0, got 'a'"),
        ([0, 1, 0, 1, 0, 1], ["a", "b"], "as in training, where one is 'a', got 0"),
        ([*Kind] * 3, [0, 1], "class labels, whole numbers or names, got <Kind"),
        ([object()] * 6, [0, 1], "class labels, whole numbers or names, got <object"),
        ([Decimal("NaN"), Decimal(1)] * 3, [0, 1], r"class labels, whole numbers or names, got Decimal\('NaN'\)"),
        ([b"a", b"b"] * 3, ["a", "b"], "class labels, whole numbers or names, got b'a'"),
        (np.array(["2020-01-01", "2021-01-01"] * 3, dtype="datetime64[D]"), [0, 1], "as in training, .* 0, got .*2020"),
        ([1.5, 2.0] * 3, [0, 1], "class labels, whole numbers or names, got 1.5"),
    ],
    ids=str,
)
def test_labels_to_score_against_are_of_the_kind_of_training(y, classes, sentence):
    with pytest.raises(LabelError, match=f"`y` must.*{sentence}"):
        check_true_labels(y, GRAPH, np.array(classes))
    if "training" not in sentence:
        with pytest.raises(LabelError, match="`y` must"):
            check_labels(GRAPH, y)


def test_labels_filtered_in_another_order_are_refused():
    y = pd.Series([0, 1, np.nan, 1, 0, 1], index=list("uvwxyz"))
    shuffled = y[list("zyxwvu")]

    assert found(y[y.notna()], NAMED[y.notna()]) == found([0, 1, 1, 0, 1], NAMED[[0, 1, 3, 4, 5]])
    with pytest.raises(LabelError, match="same names in another order: 'z' stands where node 'u' is"):
        check_labels(NAMED[y.notna()], shuffled[shuffled.notna()])
    with pytest.raises(GraphError, match="same names in another order"):
        NAMED[shuffled.notna()]


@pytest.mark.parametrize(
    "class_weight",
    [
        np.ones(3),
        [1, 2],
        "balance",
        3,
        {0: "1", 1: 2},
        {0: True},
        {0: np.nan, 1: 1},
        {0: -1},
        {0: 0, 1: 0},
        {0: 0},
        {0: 1e300},
        {0: 1e-300, 1: 1},
    ],
    ids=str,
)
def test_class_weights_that_are_none(class_weight):
    with pytest.raises(InvalidParameterError, match="`class_weight` must"):
        check_labels(GRAPH, [0, 1, 0, 1, 0, 1], class_weight=class_weight)


@pytest.mark.parametrize("class_names", [np.array(3), np.array([["a"], ["b"]]), b"ab", iter("ab"), 3, {"a", "b"}])
def test_class_names_that_are_none(class_names):
    with pytest.raises(InvalidParameterError, match="`class_names` must be"):
        check_class_names(class_names, np.array([0, 1]))


def test_class_names_may_be_an_array():
    assert check_class_names(np.array(["pets", "stones"]), np.array([0, 1])).names == ("pets", "stones")


# -- weights -----------------------------------------------------------------------------------------------------


def test_sample_weights_reach_their_nodes():
    assert found([0, 1, 0, 1, -1, 1], sample_weight=[1, 2, 0.5, 0.75, 9, 0.75])[1] == {
        0: (0, 1), 1: (1, 2), 2: (0, 0.5), 3: (1, 0.75), 5: (1, 0.75),
    }  # fmt: skip


@pytest.mark.parametrize("scale", [2.0**-1000, 1e-320, 1e-50, 0.5, 3.0, 1e50, 2.0**1000])
def test_only_ratios_of_weights_count(scale):
    y, weight = [0, 1, 0, 1, 0, 1], np.array([1, 2, 1, 4, 2, 2])
    plain = found(y, sample_weight=weight, class_weight={0: 1, 1: 0.5})[1]
    by_sample = found(y, sample_weight=scale * weight, class_weight={0: 1, 1: 0.5})[1]
    by_both = found(y, sample_weight=scale * weight, class_weight={0: scale, 1: 0.5 * scale})[1]

    for nodes in (by_sample, by_both):
        assert [nodes[node][1] for node in range(6)] == pytest.approx([plain[node][1] for node in range(6)], rel=1e-3)
    assert np.mean([weight for _, weight in plain.values()]) == pytest.approx(1)


def test_a_weight_that_is_nothing_beside_the_others_is_zero():
    y = [0, 1, 2, 1, 0, 2]

    assert found(y, sample_weight=[1, 1, 1e-60, 1, 1, 1]) == found(y, GRAPH, [1, 1, 0, 1, 1, 1])


def test_weight_zero_is_unlabeled():
    y = [0, 1, 2, 1, 0, 2]

    assert found(y, sample_weight=[1, 1, 0, 1, 1, 0]) == found([0, 1, -1, 1, 0, -1])


def test_one_number_weighs_all():
    assert found([0, 1, 0, 1, 0, 1], sample_weight=2.0) == found([0, 1, 0, 1, 0, 1])


@pytest.mark.parametrize(
    ("weight", "sentence"),
    [
        ([1, -1, 1, 1, 1, 1], "`sample_weight` must be finite and not negative, got 1 that are not"),
        ([1, np.nan, 1, 1, 1, 1], "`sample_weight` must be finite and not negative, got 1 that are not"),
        ([1, 1], r"`sample_weight` must have one weight per target \(6\), got shape \(2,\)"),
        ([[1]] * 6, r"`sample_weight` must have one weight per target \(6\), got shape \(6, 1\)"),
        ([0, 0, 0, 0, 0, 1], "`sample_weight` must be positive for some labeled targets, got zero"),
    ],
)
def test_sample_weights_that_cannot_be(weight, sentence):
    with pytest.raises(ValueError, match=sentence):
        found([0, 1, 0, 1, 0, -1], sample_weight=weight)


def test_weights_that_leave_one_class():
    with pytest.raises(LabelError, match="got one class only: 0"):
        found([0, 1, 0, 1, 0, 1], sample_weight=[1, 0, 1, 0, 1, 0])


def test_class_weights_multiply():
    nodes = found([0, 1, 0, 1, 0, 0], sample_weight=[1, 1, 3, 1, 1, 0.5], class_weight={0: 1, 1: 0.25})[1]

    assert [nodes[node][1] for node in range(6)] == [1, 0.25, 3, 0.25, 1, 0.5]


def test_a_class_of_weight_zero_is_unlabeled_and_stays_a_class():
    y = [0, 1, 2, 1, 0, 2]

    assert found(y, class_weight={0: 1, 1: 1, 2: 0}) == ([0, 1, 2], {0: (0, 1), 1: (1, 1), 3: (1, 1), 4: (0, 1)})


def test_two_labels_for_one_node_are_fine_where_the_class_of_one_does_not_count():
    assert found([1, 0, 2, 0], GRAPH[[3, 0, 3, 1]], class_weight={2: 0})[1] == {0: (0, 1), 1: (0, 1), 3: (1, 1)}


def test_class_weights_that_leave_no_label():
    with pytest.raises(InvalidParameterError, match=r"`class_weight` must be .* positive for some class"):
        found([0, 1, 0, 1, 0, 1], class_weight={0: 0, 1: 0})


def test_balanced_classes_weigh_the_same_in_sum():
    nodes = found(["a", "b", "a", "a", "a", "c"], class_weight="balanced")[1]

    assert [nodes[node] for node in range(6)] == [(0, 0.5), (1, 2), (0, 0.5), (0, 0.5), (0, 0.5), (2, 2)]


def test_a_class_that_the_dict_leaves_out_weighs_one():
    nodes = found([0, 1, 0, 1, 0, 1], class_weight={1: 3})[1]
    assert (nodes[0][1], nodes[1][1]) == (0.5, 1.5)


@pytest.mark.parametrize("class_weight", [{0: -1}, {0: 0, 1: 0}, {0: np.nan}, {1: np.inf}])
def test_class_weights_that_cannot_be(class_weight):
    with pytest.raises(
        InvalidParameterError,
        match=r"`class_weight` must be finite and not negative, and positive for some class, got \{",
    ):
        found([0, 1, 0, 1, 0, 1], class_weight=class_weight)


@pytest.mark.parametrize("class_weight", ["equal", 2.0, [1, 2], True])
def test_class_weights_of_another_kind(class_weight):
    with pytest.raises(
        InvalidParameterError, match=r"`class_weight` must be 'balanced', a dict of label to weight, or None, got "
    ):
        found([0, 1, 0, 1, 0, 1], class_weight=class_weight)


def test_class_weights_for_classes_that_are_not_there():
    with pytest.raises(ValueError, match=r"The classes, \[0, 1\], are not in class_weight"):
        found([0, 1, 0, 1, 0, 1], class_weight={7: 2.0})


# -- validation labels -------------------------------------------------------------------------------------------


def test_validation_labels_use_the_classes_of_training():
    known = np.array(["a", "b", "c"])

    assert found(["c", "a", "c", "c", "c", "a"], classes=known)[1][0] == (2, 1)
    assert found(["c"], GRAPH[[5]], classes=known) == (["a", "b", "c"], {5: (2, 1)})  # one class will do here
    assert found([-1, 7, -1, -1, -1, -1], classes=np.array([4, 7])) == ([4, 7], {1: (1, 1)})


@pytest.mark.parametrize(
    ("y", "classes", "shown"),
    [
        (["a", "x", "y", "b", "a", "b"], ["a", "b"], "'x' and 1 more"),
        ([0, 1, 2, 1, 0, 1], [0, 1], "2 and 0 more"),
        ([0, 1, 0, 1, 0, 1], ["a", "b"], "0 and 1 more"),
        (["a", "b", "a", "b", "a", "b"], [0, 1], "'a' and 1 more"),
    ],
)
def test_strangers_among_the_validation_labels(y, classes, shown):
    with pytest.raises(LabelError, match=f"`y_val` must hold classes of the training labels, got {shown} that are not"):
        found(y, classes=np.array(classes), argument="y_val")


def test_errors_name_the_argument():
    with pytest.raises(LabelError, match="`y_val` must have one label per target"):
        found([0], argument="y_val")


# -- holding out -------------------------------------------------------------------------------------------------


def labeled(*counts, first=100):
    """Class c has counts[c] nodes, numbered from ``first``, classes mixed; the weight of a node is its number."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    nodes = np.arange(first, first + len(labels))
    return LabeledNodes(nodes, labels, nodes.astype(np.float32))


def class_counts(supervision, n_classes):
    return np.bincount(supervision.labels, minlength=n_classes).tolist()


@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.25, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("counts", [(20, 20, 20), (100, 5, 2), (2, 2), (1, 1, 7), (2, 1)])
def test_both_parts_together_are_the_whole_and_every_class_stays(counts, fraction):
    supervision = labeled(*counts)
    for seed in range(5):
        training, held_out = split_validation(supervision, fraction, len(counts), seed)

        merged = np.concatenate([training.nodes, held_out.nodes])
        assert sorted(merged.tolist()) == supervision.nodes.tolist()
        assert min(class_counts(training, len(counts))) >= 1
        assert len(held_out.nodes) >= 1
        for part in (training, held_out):
            np.testing.assert_array_equal(part.labels, supervision.labels[part.nodes - 100])
            np.testing.assert_array_equal(part.weights, part.nodes)


@pytest.mark.parametrize(("fraction", "expected"), [(0.1, [10, 5, 1]), (0.5, [50, 25, 5]), (0.2, [20, 10, 2])])
def test_the_share_is_that_of_every_class(fraction, expected):
    for seed in range(5):
        held_out = split_validation(labeled(100, 50, 10), fraction, 3, seed)[1]
        assert class_counts(held_out, 3) == expected


def test_broken_shares_are_rounded_at_random_and_right_in_the_mean():
    counts = np.array([class_counts(split_validation(labeled(4, 4, 4), 0.1, 3, seed)[1], 3) for seed in range(600)])

    assert set(counts.ravel().tolist()) == {0, 1}
    # 0.4 of a node each; in the 0.6 ** 3 of the cases in which none is taken, one of the largest class is
    np.testing.assert_allclose(counts.mean(axis=0), [0.4 + 0.216, 0.4, 0.4], atol=0.08)


def test_every_node_has_the_same_chance():
    times = np.zeros(12)
    for seed in range(600):
        times[split_validation(labeled(6, 6), 0.5, 2, seed)[1].nodes - 100] += 1

    assert times.min() > 250
    assert times.max() < 350


def test_the_seed_alone_decides():
    supervision = labeled(20, 20)
    splits = [split_validation(supervision, 0.3, 2, seed)[1].nodes.tolist() for seed in (1, 1, 2)]

    assert splits[0] == splits[1] != splits[2]


def test_nodes_stay_in_order():
    for part in split_validation(labeled(20, 20), 0.3, 2, 0):
        assert part.nodes.tolist() == sorted(part.nodes.tolist())


@pytest.mark.parametrize("counts", [(1, 1), (1, 1, 1), (1, 0)])
def test_single_nodes_cannot_be_held_out(counts):
    with pytest.raises(
        LabelError,
        match=rf"`early_stopping` holds out .* got {sum(counts)} labeled nodes of {len(counts)} classes\. Label more",
    ):
        split_validation(labeled(*counts), 0.5, len(counts), 0)


@pytest.mark.parametrize(
    ("early_stopping", "n_labeled", "n_held_out"),
    [
        (False, 600, None),
        ("auto", 0, None),
        ("auto", 480, None),  # a tenth is fewer than fifty
        ("auto", 500, 50),
        ("auto", 600, 60),
        (True, 20, 2),
        (np.True_, 20, 2),
        (0.2, 20, 4),
        (np.False_, 20, None),
    ],
)
def test_what_is_held_out_depends_on_how_much_there_is(early_stopping, n_labeled, n_held_out):
    half = n_labeled // 2
    labels = Labels(np.arange(2), labeled(half, half))
    training, held_out = hold_out(labels, early_stopping, 3)

    if n_held_out is None:
        assert held_out is None
        assert training is labels.labeled
    else:
        assert (len(training.nodes), len(held_out.nodes)) == (n_labeled - n_held_out, n_held_out)
        expected = split_validation(labels.labeled, n_held_out / n_labeled, 2, 3)[1]
        np.testing.assert_array_equal(held_out.nodes, expected.nodes)


@pytest.mark.parametrize("n_labeled", [0, 1])
def test_nothing_can_be_held_out_of_no_labels(n_labeled):
    with pytest.raises(LabelError, match=rf"`early_stopping` holds out .* got {n_labeled} labeled nodes of 3 classes"):
        hold_out(Labels(np.arange(3), labeled(n_labeled)), True, 0)


# -- class names -------------------------------------------------------------------------------------------------


def names_of(class_names, classes):
    named = check_class_names(class_names, None if classes is None else np.array(classes))
    return None if named is None else dict(zip(named.names, named.class_index.tolist(), strict=True))


@pytest.mark.parametrize(
    ("class_names", "classes", "expected"),
    [
        (["cats", "dogs"], [0, 1], {"cats": 0, "dogs": 1}),
        (("cats", "dogs"), [0.0, 1.0], {"cats": 0, "dogs": 1}),
        (np.array(["cats", "dogs"]), [0, 1], {"cats": 0, "dogs": 1}),
        (pd.Index(["cats", "dogs"]), [0, 1], {"cats": 0, "dogs": 1}),
        (["cats", "dogs", "rats"], [0, 2], {"cats": 0, "dogs": -1, "rats": 1}),  # nobody labeled as a dog here
        ({5: "cats", 3: "dogs"}, [3, 5], {"cats": 1, "dogs": 0}),
        ({np.int64(5): "cats", 3: "dogs", 9: "rats"}, [3, 5], {"cats": 1, "dogs": 0, "rats": -1}),
        ({True: "yes", False: "no"}, [False, True], {"yes": 1, "no": 0}),
        ({"c": "cats", "d": "dogs"}, ["c", "d"], {"cats": 0, "dogs": 1}),
        (["d", "x", "c"], ["c", "d"], {"d": 1, "x": -1, "c": 0}),  # labels that are names: the list is of labels
        (["cats", "dogs"], None, {"cats": -1, "dogs": -1}),
        (None, ["c", "d"], {"c": 0, "d": 1}),
        (None, [0, 1], None),
        (None, [False, True], None),
        (None, ["", "d"], None),  # a blank name cannot be named
        (None, None, None),
    ],
)
def test_names_find_their_classes(class_names, classes, expected):
    assert names_of(class_names, classes) == expected


def test_labels_in_an_object_array_name_themselves():
    named = check_class_names(None, np.array(["c", "d"], dtype=object))

    assert named.names == ("c", "d")
    assert [type(name) for name in named.names] == [str, str]


@pytest.mark.parametrize("class_names", ["cats", {"cats", "dogs"}, 3, 0.5, (name for name in ["cats", "dogs"])])
def test_what_is_no_list_of_names(class_names):
    with pytest.raises(
        InvalidParameterError,
        match=f"`class_names` must be a list of names or a dict .*, got {type(class_names).__name__}",
    ):
        names_of(class_names, [0, 1])


@pytest.mark.parametrize(
    "class_names",
    [
        ["cats", "cats"],
        ["cats", ""],
        ["cats", " \n"],
        ["cats", 3],
        ["cats", None],
        [["cats"], "dogs"],
        {0: "a", 1: "a"},
    ],
)
def test_names_are_different_strings(class_names):
    with pytest.raises(InvalidParameterError, match="`class_names` must be different, non-empty strings, got "):
        names_of(class_names, [0, 1])


@pytest.mark.parametrize(
    ("class_names", "classes", "shown"),
    [
        (["cats", "dogs"], [1, 2, 3], "2 and 1 more"),
        ([], [0, 1], "0 and 1 more"),
        ({}, [0, 1], "0 and 1 more"),
        (["cats"], [0, 1], "1 and 0 more"),
        ({"0": "cats", "1": "dogs"}, [0, 1], "0 and 1 more"),
        (["cats", "dogs"], ["c", "d"], "'c' and 1 more"),
        ({"c": "cats"}, ["c", "d"], "'d' and 0 more"),
    ],
)
def test_every_class_has_a_name(class_names, classes, shown):
    with pytest.raises(
        InvalidParameterError,
        match=f"`class_names` must name every class, got no name for {shown}.* a dict {{label: name}}",
    ):
        names_of(class_names, classes)


# -- numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [1, 7, np.int64(3), 10**30])
def test_ints_pass(value):
    checked = check_int("n_layers", value, at_least=1)

    assert checked == value
    assert type(checked) is int


@pytest.mark.parametrize("value", [0, -3, 1.0, 2.5, True, np.True_, "2", None, np.nan, [1]])
def test_what_is_no_int_of_that_size(value):
    with pytest.raises(InvalidParameterError, match="`n_layers` must be an int of at least 1, got "):
        check_int("n_layers", value, at_least=1)


@pytest.mark.parametrize("value", [0, 0.5, 1, np.float32(0.25), Fraction(1, 4)])
def test_numbers_pass(value):
    checked = check_real("dropout", value, low=0, high=1)

    assert checked == value
    assert type(checked) is float


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan, np.inf, -np.inf, True, "0.5", None, [0.5], 1j, 10**400])
def test_what_is_no_number_of_the_interval(value):
    with pytest.raises(InvalidParameterError, match=r"`dropout` must be a number in \[0, 1\], got "):
        check_real("dropout", value, low=0, high=1)


@pytest.mark.parametrize(
    ("options", "interval", "edges"),
    [
        ({"low": 0, "high": 1, "open_low": True}, r"\(0, 1\]", [0]),
        ({"low": 0, "high": 1, "open_high": True}, r"\[0, 1\)", [1]),
        ({"low": 0, "high": 1, "open_low": True, "open_high": True}, r"\(0, 1\)", [0, 1]),
        ({"low": 0}, r"\[0, inf\)", [-1e-9, np.inf, 10**400]),
        ({"low": 0, "open_low": True}, r"\(0, inf\)", [0]),
    ],
)
def test_open_ends_are_shown_and_kept(options, interval, edges):
    for edge in edges:
        with pytest.raises(InvalidParameterError, match=f"`x` must be a number in {interval}, got "):
            check_real("x", edge, **options)
    assert check_real("x", 0.5, **options) == 0.5
