"""The graph as the X of scikit-learn: views, and their traps."""

from __future__ import annotations

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.utils import _safe_indexing, indexable, resample, shuffle

from skellagnn import TextGraph
from skellagnn.exceptions import GraphError, SkellagnnError

N_NODES = 8


@pytest.fixture
def graph():
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (5, 6), (0, 6)]
    return TextGraph.from_edges(
        edges,
        texts=[f"text {i}" for i in range(N_NODES)],
        features=np.arange(2 * N_NODES, dtype=np.float32).reshape(N_NODES, 2),
        titles=[f"title {i}" for i in range(N_NODES)],
        node_names=[f"n{i}" for i in range(N_NODES)],
    )


@pytest.fixture
def view(graph):
    """Targets 7, 5, 3, 1: positions and node ids are different things here."""
    return graph[[7, 5, 3, 1]]


# -- indexing ----------------------------------------------------------------------------------------------------

KEYS = {
    "list": [2, 0],
    "tuple inside a tuple": ((2, 0), Ellipsis),
    "array": np.array([2, 0]),
    "unsigned": np.array([2, 0], dtype=np.uint8),
    "negative": [-1, -4],
    "repeated": [1, 1, 3, 1],
    "empty list": [],
    "empty floats": np.array([]),
    "mask": np.array([True, False, False, True]),
    "list mask": [False, True, True, False],
    "all false": np.zeros(4, dtype=bool),
    "slice": slice(1, 3),
    "slice backwards": slice(None, None, -2),
    "slice beyond": slice(10, 20),
    "series": pd.Series([3, 1], index=[7, 9]),
    "Ellipsis": Ellipsis,
    "one in a tuple": ([3, 1],),
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_a_key_picks_positions_among_the_targets(view, key):
    plain = key[0] if isinstance(key, tuple) else key
    plain = list(plain) if isinstance(plain, tuple) else plain
    if isinstance(plain, (list, np.ndarray)) and len(plain) == 0:
        plain = slice(0)
    expected = np.array([7, 5, 3, 1])[plain]

    assert list(view[key]) == expected.tolist()


@pytest.mark.parametrize("key", [k for k in KEYS.values() if not isinstance(k, tuple)])
def test_scikit_learn_s_tuple_is_the_same_key(view, key):
    np.testing.assert_array_equal(view[key, ...].targets, view[key].targets)
    np.testing.assert_array_equal(view[..., key].targets, view[key].targets)


@pytest.mark.parametrize("key", [0, -1, np.int64(2), np.uint8(3), (1, ...), (np.int32(1), ...)])
def test_an_integer_gives_the_id_of_one_node(view, key):
    position = key[0] if isinstance(key, tuple) else key

    assert view[key] == [7, 5, 3, 1][position]
    assert type(view[key]) is int


def test_indexing_twice_and_three_times_composes(graph):
    twice = graph[[6, 4, 2, 0]][[3, 1]]
    assert list(twice) == [0, 4]
    assert list(twice[[1, 1, 0]]) == [4, 4, 0]
    assert twice[::-1][0] == 4
    assert list(graph[1:][np.array([True] * 3 + [False] * 4)][-1:]) == [3]


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (1.5, "indexed by an integer, a slice, or a 1-D array of integers or booleans"),
        ("n1", "indexed by an integer.*For node names, look up their numbers"),
        (None, "indexed by an integer"),
        (True, "indexed by an integer"),
        (np.array([0.0, 1.0]), "an array of dtype float64 and 1 dimensions"),
        (["n0", "n1"], "an array of dtype <U2"),
        (np.array([[0, 1]]), "an array of dtype int64 and 2 dimensions"),
        ((0, 1), r"has one dimension, its targets, got 2 indices. Pass several positions as a list"),
        (([0], slice(None)), "got 2 indices"),
        ([4], "out of bounds"),
        (4, "out of bounds"),
        (-5, "out of bounds"),
        (np.array([True, False]), "boolean index did not match"),
    ],
)
def test_wrong_keys_are_index_errors(view, key, sentence):
    with pytest.raises(IndexError, match=sentence):
        view[key]


def test_views_share_every_array(graph):
    view = graph[[3, 1]][1:]

    assert view.adjacency is graph.adjacency
    assert view.texts is graph.texts
    assert view.titles is graph.titles
    assert view.node_names is graph.node_names
    assert np.shares_memory(view.features, graph.features)
    assert np.shares_memory(graph[2:5].targets, graph.targets)


def test_a_view_leaves_the_graph_alone(graph):
    graph[[3]]

    assert list(graph) == list(range(N_NODES))


def test_a_view_still_has_all_nodes_and_edges(graph):
    view = graph[[3]]

    assert (view.n_nodes, view.n_edges, len(view)) == (N_NODES, 6, 1)
    assert view.texts[0] == "text 0"


# -- what numpy and scikit-learn see -----------------------------------------------------------------------------


def test_shape_and_iteration(view):
    assert view.shape == (4,)
    assert view.ndim == 1
    assert [type(node) for node in view] == [int] * 4
    assert list(reversed(list(view))) == [1, 3, 5, 7]


def test_a_graph_is_not_an_array(view):
    """A tool that turned it into one would train on node numbers."""
    with pytest.raises(TypeError, match=r"not an array.*graph\.targets \(node ids\) or graph\.features"):
        np.asarray(view)


def test_scikit_learn_s_own_tools_keep_the_type(view):
    y = np.array([0, 1, 0, 1])

    assert list(_safe_indexing(view, [2, 0])) == [3, 7]
    assert list(_safe_indexing(view, np.array([True, False, True, False]))) == [7, 3]
    assert indexable(view, y)[0] is view
    train, test, y_train, y_test = train_test_split(view, y, random_state=0, test_size=0.5)
    both = [*zip(train, y_train, strict=True), *zip(test, y_test, strict=True)]
    assert sorted(both) == [(1, 1), (3, 0), (5, 1), (7, 0)]
    for shuffled in (shuffle(view, random_state=1), resample(view, random_state=1)):
        assert isinstance(shuffled, TextGraph)
        assert set(shuffled) <= {7, 5, 3, 1}
    assert [list(view[test]) for _, test in KFold(2).split(view)] == [[7, 5], [3, 1]]
    assert sorted(node for _, test in StratifiedKFold(2).split(view, y) for node in view[test]) == [1, 3, 5, 7]


# -- targets given ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("targets", "expected"),
    [([2, 0], [2, 0]), ([1, 1], [1, 1]), (np.array([False, True, True]), [1, 2]), ([], []), (None, [0, 1, 2])],
)
def test_targets_are_ids_or_a_mask(targets, expected):
    assert list(TextGraph(sparse.csr_array((3, 3)), targets=targets)) == expected


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        ([3], "`targets` must be node ids from 0 to 2, got 3"),
        ([-1], "got -1"),
        ([True, False], r"mask over all 3 nodes, got an array of dtype bool and shape \(2,\)"),
        ([0.0], "dtype float64"),
        ([[0]], r"shape \(1, 1\)"),
    ],
)
def test_targets_that_are_no_nodes_are_refused(targets, sentence):
    with pytest.raises(GraphError, match=sentence):
        TextGraph(sparse.csr_array((3, 3)), targets=targets)


# -- the parts ---------------------------------------------------------------------------------------------------


def parts(n_nodes=2, **changes):
    return TextGraph(sparse.csr_array((n_nodes, n_nodes)), **changes)


@pytest.mark.parametrize("argument", ["texts", "titles", "node_names"])
def test_each_column_needs_one_entry_per_node(argument):
    with pytest.raises(GraphError, match=rf"`{argument}` must have one entry per node \(2\), got 3"):
        parts(**{argument: ["a", "b", "c"]})


def test_a_missing_text_is_refused_and_an_empty_one_taken():
    with pytest.raises(GraphError, match=r"`texts` must hold one string per node, got NoneType .* at position 1"):
        parts(texts=["a", None])
    assert list(parts(texts=["a", ""]).texts) == ["a", ""]


def test_node_names_become_strings_and_are_unique():
    assert list(parts(node_names=[10, ("a", 1)]).node_names) == ["10", "('a', 1)"]
    with pytest.raises(GraphError, match="`node_names` must be unique, got '1' more than once"):
        parts(node_names=[1, "1"])


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        (np.array([[True], [False]]), [[1], [0]]),
        (np.array([[1.5], [2]], dtype=object), [[1.5], [2]]),
        (pd.DataFrame({"a": [1, 2], "b": [0.5, 1]}), [[1, 0.5], [2, 1]]),
        (torch.ones(2, 1, requires_grad=True), [[1], [1]]),
    ],
)
def test_features_become_float32(features, expected):
    features = parts(features=features).features

    np.testing.assert_array_equal(features, np.asarray(expected, dtype=np.float32))
    assert features.dtype == np.float32


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        ([[1.0], [np.nan]], "`features` must be finite, got NaN or infinite values in 1 of 2 rows"),
        ([[np.inf], [-np.inf]], "values in 2 of 2 rows. Impute them first"),
        ([[1e300], [0]], "must be finite, got NaN or infinite values in 1 of 2 rows"),
        ([1.0, 2.0], r"`features` must have shape \(n_nodes=2, n_features\), got \(2,\)"),
        (np.zeros((3, 1)), r"got \(3, 1\)"),
        ([["a"], ["b"]], "`features` must be real numbers, got dtype <U1"),
        ([["1"], ["2"]], "must be real numbers"),
        ([[1j], [0]], "got dtype complex128"),
        ([[1, 2], [3]], "`features` must be an array, or rows of one length"),
        (np.array([["1"], ["2"]], dtype=object), "must be real numbers, got an entry of type str"),
        (np.empty((2, 0)), "`features` must have at least one column"),
        (np.ma.array([[1.0], [2.0]], mask=[[0], [1]]), "must not hide entries behind a mask, got numpy.ma with 1"),
        ([np.ma.array([1.0], mask=[1])] * 2, "must not hide entries behind a mask, got numpy.ma with 2"),
        (np.array([[None], [1]], dtype=object), "got NaN or infinite values in 1 of 2 rows"),
        (np.array([[{}], [1]], dtype=object), "`features` must be real numbers"),
        (sparse.csr_array((2, 2)), r"dense array, got a sparse matrix. Pass features.toarray\(\)"),
    ],
)
def test_features_that_are_no_numbers_are_refused(features, sentence):
    with pytest.raises(GraphError, match=sentence):
        parts(features=features)


def test_features_of_float32_are_shared():
    features = np.zeros((2, 3), dtype=np.float32)

    assert np.shares_memory(parts(features=features).features, features)


def test_with_and_without(graph):
    view = graph[[3, 1]]

    assert view.without_texts().texts is None
    assert view.without_texts().titles is None
    assert list(view.without_texts()) == [3, 1]
    assert view.with_features(None).features is None
    np.testing.assert_array_equal(view.with_features(np.ones((N_NODES, 1))).features, np.ones((N_NODES, 1)))
    assert view.features.shape == (N_NODES, 2)
    with pytest.raises(GraphError, match=r"n_nodes=8"):
        view.with_features(np.ones((2, 1)))


def test_names_and_titles_of_nodes(graph):
    bare = TextGraph.from_edges([], texts=["  first line  \nsecond", "", "x" * 120], n_nodes=3)

    assert graph.name_of(2) == "n2"
    assert graph.title_of(2) == "title 2"
    assert bare.name_of(2) == "2"
    assert [bare.title_of(i) for i in range(2)] == ["first line", ""]
    assert bare.title_of(2) == "x" * 97 + "..."
    assert bare.title_of(2, max_chars=200) == "x" * 120
    assert bare.without_texts().title_of(1) == "1"


# -- frozen ------------------------------------------------------------------------------------------------------


def freeze(*arrays):
    for array in arrays:
        array.setflags(write=False)


def test_read_only_inputs_are_never_written_to():
    edges, weights = np.array([(1, 0), (0, 1), (2, 2)]), np.array([2.0, 3.0, 1.0], dtype=np.float32)
    features, targets = np.ones((3, 2), dtype=np.float32), np.array([2, 0])
    freeze(edges, weights, features, targets)

    graph = TextGraph.from_edges(edges, features=features, weights=weights)
    freeze(graph.adjacency.data, graph.adjacency.indices, graph.adjacency.indptr)
    again = TextGraph(graph.adjacency, features=features, targets=targets)

    assert list(again[[1]]) == [0]
    assert again.subgraph([1, 0]).n_edges == 1
    assert again.to_pyg().edge_weight.tolist() == [3, 3]
    assert "undirected, weighted" in repr(again)
    assert "<table>" in again._repr_html_()


def test_parts_cannot_be_replaced(graph):
    for name in ("adjacency", "texts", "features", "titles", "node_names", "targets"):
        with pytest.raises(AttributeError):
            setattr(graph, name, None)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda graph: pickle.loads(pickle.dumps(graph))])
def test_copies_and_pickles_are_whole(graph, copied):
    again = copied(graph[[3, 1]])

    assert list(again) == [3, 1]
    assert list(again.texts) == list(graph.texts)
    np.testing.assert_array_equal(again.adjacency.toarray(), graph.adjacency.toarray())
    np.testing.assert_array_equal(again.features, graph.features)


# -- workers -----------------------------------------------------------------------------------------------------


def _look_at(graph, positions):
    """Everything that a fold does with a graph; also says whether the arrays were read-only maps."""
    view = graph[positions]
    cut = view.subgraph()
    mapped = [graph.adjacency.data, graph.adjacency.indices, graph.features, graph.texts.data, graph.texts.offsets]
    seen = {
        "ids": list(view),
        "twice": list(view[::-1][[0, 0]]),
        "texts": [graph.texts[node] for node in view],
        "all texts": list(graph.texts.take(view.targets)),
        "cut": cut.adjacency.toarray().tolist(),
        "cut texts": list(cut.texts),
        "cut names": list(cut.node_names),
        "reverse cut": graph.subgraph(view.targets[::-1]).adjacency.toarray().tolist(),
        "characters": int(graph.texts.n_chars.sum()),
        "repr": repr(view),
        "html": graph._repr_html_(),
        "features": view.with_features(graph.features[:, :1]).features.sum(),
    }
    return seen, [not array.flags.writeable for array in mapped]


def test_a_worker_with_read_only_memory_maps_sees_the_same_graph():
    rng = np.random.default_rng(0)
    graph = TextGraph.from_edges(
        rng.integers(60, size=(200, 2)),
        texts=[f"text {i} \ud800 é 猫" if i % 7 else "" for i in range(60)],
        features=rng.normal(size=(60, 4)),
        weights=rng.integers(1, 4, size=200),
        directed=True,
        n_nodes=60,
    )
    folds = [np.arange(20), np.arange(59, 30, -3)]

    results = joblib.Parallel(n_jobs=2, max_nbytes=64)(joblib.delayed(_look_at)(graph, fold) for fold in folds)

    for fold, (seen, read_only) in zip(folds, results, strict=True):
        assert all(read_only), "nothing was memory-mapped, so this test shows nothing"
        assert seen == _look_at(graph, fold)[0]


# -- masks and pandas objects that do not say what they seem to say ---------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, np.uint64])
@pytest.mark.parametrize("mask", [[1, 0, 0, 1, 0, 0, 0, 1], [0] * 8, [1] * 8])
def test_a_mask_of_integers_is_refused(graph, mask, dtype):
    mask = np.array(mask, dtype=dtype)

    for use in (lambda: graph[mask], lambda: graph[mask.tolist()], lambda: graph.subgraph(mask)):
        with pytest.raises(GraphError, match=r"all of them 0 or 1: .* Write mask\.astype\(bool\)"):
            use()
    with pytest.raises(GraphError, match="`targets` must be a mask of booleans"):
        TextGraph(graph.adjacency, targets=mask)
    with pytest.raises(GraphError, match="all of them 0 or 1"):
        graph[:5][mask]  # over all nodes
    if mask.any():
        with pytest.raises(GraphError, match="all of them 0 or 1"):
            graph[mask * np.array(255).astype(dtype)]  # as images have them; -1 where there is a sign
    assert graph[mask.astype(bool)].targets.tolist() == np.flatnonzero(mask).tolist()


def test_zeros_and_ones_that_are_positions(graph):
    assert graph[[0, 1]].targets.tolist() == [0, 1]
    assert graph[[1, 0, 1]].targets.tolist() == [1, 0, 1]
    assert graph[[3, 5]][[1, 0]].targets.tolist() == [5, 3]


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (np.ma.array([True] * 8, mask=[True] * 8), "`key` must not hide entries behind a mask"),
        (pd.array([True, None] * 4, dtype="boolean"), r"mask\.astype\(bool\)"),
        (np.ones(8), r"dtype float64 .* mask\.astype\(bool\)"),
        ([True, False], "positions among its 8 targets in view, got another: boolean index did not match"),
        ([8], "positions among its 8 targets in view"),
        (8, "positions among its 8 targets"),
        (2**70, "positions among its 8 targets"),
        ({0, 1}, "`key` must be a list or an array, got set"),
        (slice("a", "b"), "positions among its 8 targets"),
        ("n1", "For node names, look up their numbers first"),
        (None, "indexed by an integer, a slice"),
    ],
)
def test_keys_that_name_no_targets(graph, key, sentence):
    with pytest.raises(GraphError, match=sentence) as caught:
        graph[key]
    assert isinstance(caught.value, IndexError)


def test_a_pandas_mask_in_another_order_is_refused(graph):
    mask = pd.Series([True, False] * 4, index=list(graph.node_names))

    assert graph[mask].targets.tolist() == [0, 2, 4, 6]
    for use in (graph.__getitem__, graph.subgraph):
        with pytest.raises(GraphError, match=r"same names in another order: 'n7' stands where node 'n0' is"):
            use(mask[::-1])
    with pytest.raises(GraphError, match=r"'n4' stands where node 'n3' is"):
        graph[[3, 4]][mask[["n4", "n3"]]]
    assert graph[mask[::-1].to_numpy()].targets.tolist() == [1, 3, 5, 7]  # the order was meant


@pytest.mark.parametrize("argument", ["texts", "titles", "features"])
def test_pandas_parts_in_another_order_than_the_names_are_refused(argument):
    values = pd.DataFrame({"f": [1, 2]}) if argument == "features" else pd.Series(["a", "b"])
    values.index = ["y", "x"]

    with pytest.raises(GraphError, match=f"`{argument}` must be in the order of the nodes"):
        TextGraph.from_edges([], node_names=["x", "y"], **{argument: values})
    TextGraph.from_edges([], node_names=["x", "z"], **{argument: values})  # names of something else

    values.index = [1, 0]  # as sample(frac=1) leaves it
    with pytest.raises(GraphError, match=f"`{argument}` must be in the order .*: 1 stands where node '0' is"):
        TextGraph.from_edges([(0, 1)], **{argument: values})


@pytest.mark.parametrize("node", [8, -1, "n1", 1.0, True])
def test_a_node_that_does_not_exist_has_no_name(graph, node):
    with pytest.raises(SkellagnnError, match="`node` must be"):
        graph.name_of(node)
    with pytest.raises(SkellagnnError, match="`node` must be"):
        graph.title_of(node)
