"""From edge lists, tables, matrices and networkx, and that all constructors agree."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from torch_geometric.data import Data

from skellagnn import TextGraph
from skellagnn.exceptions import GraphError, InvalidParameterError

PATH = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=np.float32)  # 0 - 1 - 2


def dense(graph):
    return graph.adjacency.toarray()


# -- edge lists --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "edges",
    [
        [(0, 1), (1, 2)],
        ((0, 1), (1, 2)),
        np.array([[0, 1], [1, 2]], dtype=np.uint16),
        torch.tensor([[0, 1], [1, 2]]),
        pd.DataFrame({"a": [0, 1], "b": [1, 2]}),
    ],
    ids=["list", "tuple", "array", "tensor", "table"],
)
def test_edges_of_every_kind(edges):
    np.testing.assert_array_equal(dense(TextGraph.from_edges(edges)), PATH)


def test_edges_by_name():
    names = ["x", "y", "z"]

    np.testing.assert_array_equal(dense(TextGraph.from_edges([("x", "y"), ("z", "y")], node_names=names)), PATH)


def test_edges_of_integers_are_positions_even_where_names_look_like_numbers():
    graph = TextGraph.from_edges([(0, 1)], node_names=["1", "0", "2"])

    np.testing.assert_array_equal(dense(graph), [[0, 1, 0], [1, 0, 0], [0, 0, 0]])


def test_edges_by_names_that_are_integers_are_given_as_strings():
    graph = TextGraph.from_edges(np.array([(30, 10), (10, 20)]).astype(str), node_names=[20, 10, 30])

    np.testing.assert_array_equal(dense(graph), PATH)


@pytest.mark.parametrize(
    ("parts", "n_nodes"),
    [
        ({}, 2),
        ({"n_nodes": 4}, 4),
        ({"texts": ["a"] * 4}, 4),
        ({"features": np.zeros((4, 1))}, 4),
        ({"titles": ["a"] * 4}, 4),
        ({"node_names": range(4)}, 4),
        ({"texts": pd.Series(["a"] * 4), "n_nodes": 4}, 4),
    ],
)
def test_the_number_of_nodes_comes_from_the_parts(parts, n_nodes):
    assert TextGraph.from_edges([(0, 1)], **parts).n_nodes == n_nodes


@pytest.mark.parametrize("edges", [[], np.empty((0, 2), dtype=int), np.empty((2, 0), dtype=int)])
def test_no_edges(edges):
    graph = TextGraph.from_edges(edges, texts=["a", "b"])

    assert (graph.n_nodes, graph.n_edges) == (2, 0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"edges": [(0, 5)], "n_nodes": 3}, r"`edges` must join nodes 0 to 2, got \(0, 5\) at position 0 and 0 more"),
        ({"edges": [(0, 1), (-1, 0), (9, 9)], "n_nodes": 3}, r"got \(-1, 0\) at position 1 and 1 more edges to nodes"),
        (
            {"edges": [(30, 10)], "node_names": [10, 20, 30]},
            r"join nodes 0 to 2, got \(30, 10\) .* Integers are numbers of nodes, not their names; .* as strings: "
            r"np\.asarray\(edges\)\.astype\(str\)",
        ),
        ({"edges": [(0, 2)], "texts": ["a", "b"]}, "do not exist. Drop them, or give every node a text"),
        ({"edges": [[0, 1, 2]]}, r"of shape \(n_edges, 2\), got shape \(1, 3\)"),
        ({"edges": np.zeros((2, 7), dtype=int)}, "An edge_index of shape .* is transposed: pass edge_index.T"),
        ({"edges": [(0, 1), (1,)]}, "`edges` must be an array, or rows of one length"),
        ({"edges": [(0.0, 1.0)]}, "must hold node numbers, got dtype float64. Pass `node_names`"),
        ({"edges": {(0, 1)}}, r"`edges` must be a list or an array, got set, .* Pass list\(edges\)"),
        ({"edges": [("a", "c"), ("d", "c")], "node_names": ["a", "b"]}, "got 'c' and 1 more names that do not exist"),
        ({"edges": [("Anna", "Bert")], "node_names": ["anna", "bert"]}, "Did you mean 'anna'"),
        ({"edges": [(0, 1)], "weights": [1, 2]}, r"`weights` must have one entry per edge \(1\), got shape \(2,\)"),
        ({"edges": [(0, 1)], "weights": ["heavy"]}, "`weights` must be real numbers, got dtype <U5"),
        ({"edges": [(0, 1)], "weights": [None]}, "must be finite and not negative, got 1|`weights` must be numbers"),
        ({"edges": [(0, 1)], "weights": [-1]}, "`weights` must be finite and not negative"),
        ({"edges": [], "texts": ["a"], "features": np.zeros((2, 1))}, r"`features` must have one entry per node \(1\)"),
        ({"edges": [], "titles": ["a"], "n_nodes": 2}, r"`titles` must have one entry per node \(2\), got 1"),
        ({"edges": [], "texts": (text for text in "ab")}, "`texts` must have one entry per node, got generator"),
        ({"edges": [], "texts": ["a", None]}, "`texts` must hold one string per node, got NoneType"),
        ({"edges": [], "texts": "one text"}, "got a single str"),
        ({"edges": [], "node_names": ["a", "a"]}, "`node_names` must be unique, got 'a' more than once"),
    ],
)
def test_edges_that_make_no_graph(arguments, sentence):
    with pytest.raises(GraphError, match=sentence):
        TextGraph.from_edges(**arguments)


def test_from_scipy_passes_everything_on():
    graph = TextGraph.from_scipy(
        sparse.csr_array(PATH), ["a", "b", "c"], np.eye(3), titles=["A", "B", "C"], node_names=list("xyz")
    )

    np.testing.assert_array_equal(dense(graph), PATH)
    assert (list(graph.texts), list(graph.titles), list(graph.node_names)) == (list("abc"), list("ABC"), list("xyz"))
    np.testing.assert_array_equal(graph.features, np.eye(3))


# -- networkx ----------------------------------------------------------------------------------------------------


def test_from_networkx_keeps_order_and_names():
    source = nx.Graph()
    source.add_node("b", text="second letter", heading="B", row=[1, 2])
    source.add_node(("a", 1), text="a pair", heading="A", row=[3, 4])
    source.add_edge("b", ("a", 1), weight=2.5)

    graph = TextGraph.from_networkx(source, title="heading", features="row")

    assert list(graph.node_names) == ["b", "('a', 1)"]
    assert list(graph.texts) == ["second letter", "a pair"]
    assert list(graph.titles) == ["B", "A"]
    np.testing.assert_array_equal(graph.features, [[1, 2], [3, 4]])
    np.testing.assert_array_equal(dense(graph), [[0, 2.5], [2.5, 0]])


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weights", [None, [2.0, 0.5, 1.0]])
def test_to_networkx_and_back(directed, weights):
    graph = TextGraph.from_edges(
        [("a", "b"), ("b", "c"), ("d", "a")],
        ["on a", "on b", "", "on d"],
        np.eye(4),
        titles=list("ABCD"),
        node_names=list("abcd"),
        weights=weights,
        directed=directed,
    )

    made = graph[[3, 1]].to_networkx()
    back = TextGraph.from_networkx(made, title="title", features="features")

    assert type(made) is (nx.DiGraph if directed else nx.Graph)
    assert made.number_of_edges() == 3
    np.testing.assert_array_equal(dense(back), dense(graph))
    for name in ("texts", "titles", "node_names"):
        assert list(getattr(back, name)) == list(getattr(graph, name))
    np.testing.assert_array_equal(back.features, graph.features)
    assert back.is_directed == directed
    assert [node for node, shown in made.nodes(data="in_view") if shown] == ["b", "d"]


def test_to_networkx_of_numbers_alone():
    made = TextGraph.from_edges([(0, 2)]).to_networkx()

    assert list(made.nodes(data=True)) == [(node, {"in_view": True}) for node in range(3)]
    assert list(made.edges(data=True)) == [(0, 2, {})]


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_from_networkx_of_every_kind_agrees_with_networkx(kind):
    source = kind()
    source.add_nodes_from(range(4))
    source.add_weighted_edges_from([(0, 1, 2), (1, 2, 3), (2, 1, 3), (3, 3, 9)])

    graph = TextGraph.from_networkx(source, text=None)

    expected = nx.to_numpy_array(source, multigraph_weight=max).T  # networkx: row sends; here: row hears
    np.fill_diagonal(expected, 0)
    np.testing.assert_array_equal(dense(graph), expected)
    assert graph.is_directed == source.is_directed()


def test_parallel_edges_count_once_with_the_largest_weight():
    source = nx.MultiGraph([(0, 1, {"weight": 2}), (0, 1, {"weight": 7}), (1, 0, {})])

    np.testing.assert_array_equal(dense(TextGraph.from_networkx(source, text=None)), [[0, 7], [7, 0]])


def test_networkx_weights_can_be_left_out_or_named():
    source = nx.Graph([(0, 1, {"weight": 2, "cost": 5})])

    assert not TextGraph.from_networkx(source, text=None, weight=None).is_weighted
    assert dense(TextGraph.from_networkx(source, text=None, weight="cost"))[0, 1] == 5
    assert dense(TextGraph.from_networkx(nx.path_graph(2), text=None))[0, 1] == 1


def test_an_empty_networkx_graph():
    assert TextGraph.from_networkx(nx.Graph(), text=None).n_nodes == 0


@pytest.mark.parametrize(
    ("source", "options", "sentence"),
    [
        (
            nx.path_graph(3),
            {},
            r"Every node must have the attribute 'text' \(`text`\), got node 0 and 2 more without it",
        ),
        (nx.path_graph(2), {"text": None, "features": "x"}, r"attribute 'x' \(`features`\), got node 0 and 1 more"),
        (nx.Graph([(1, "1")]), {"text": None}, "`node_names` must be unique, got '1' more than once"),
        (nx.Graph([(0, 1, {"weight": "far"})]), {"text": None}, "`weights` must be real numbers"),
        (nx.path_graph(2), {"text": None, "weight": "wieght"}, "`weight` .* got 'wieght', which no edge has"),
        (nx.Graph([(0, 1, {"weight": -2})]), {"text": None}, "finite and not negative"),
        (Data(edge_index=torch.zeros(2, 0)), {}, "`graph` must be a networkx graph, got Data.*from_pyg"),
        ([(0, 1)], {}, "`graph` must be a networkx graph, got list.*from_edges"),
    ],
)
def test_networkx_graphs_that_lack_something(source, options, sentence):
    with pytest.raises(GraphError, match=sentence):
        TextGraph.from_networkx(source, **options)


# -- pandas ------------------------------------------------------------------------------------------------------


@pytest.fixture
def nodes():
    return pd.DataFrame(
        {"key": [30, 10, 20], "text": ["c", "a", ""], "heading": ["C", "A", "B"], "f1": [1, 2, 3], "f2": [0.5, 1, 2]},
        index=["z", "x", "y"],
    )


def test_from_pandas_by_index(nodes):
    edges = pd.DataFrame({"source": ["z", "x"], "target": ["x", "y"]})

    graph = TextGraph.from_pandas(nodes, edges, title="heading", features=["f2", "f1"])

    np.testing.assert_array_equal(dense(graph), PATH)
    assert list(graph.node_names) == ["z", "x", "y"]
    assert list(graph.texts) == ["c", "a", ""]
    assert list(graph.titles) == ["C", "A", "B"]
    np.testing.assert_array_equal(graph.features, [[0.5, 1], [1, 2], [2, 3]])


def test_from_pandas_by_column_with_weights_and_direction(nodes):
    edges = pd.DataFrame({"u": [30, 10], "v": [10, 20], "w": [2, 3]})

    graph = TextGraph.from_pandas(
        nodes, edges, node_id="key", source="u", target="v", weight="w", text=None, features="f1", directed=True
    )

    np.testing.assert_array_equal(dense(graph), [[0, 0, 0], [2, 0, 0], [0, 3, 0]])
    assert list(graph.node_names) == ["30", "10", "20"]
    assert graph.texts is None
    np.testing.assert_array_equal(graph.features, [[1], [2], [3]])


def test_from_pandas_without_edges_or_features(nodes):
    graph = TextGraph.from_pandas(nodes, pd.DataFrame({"source": [], "target": []}))

    assert (graph.n_nodes, graph.n_edges, graph.features) == (3, 0, None)


@pytest.mark.parametrize(
    ("change", "options", "sentence"),
    [
        ({}, {"text": "txt"}, r"`nodes` must have a column 'txt' \(`text`\), got .*Did you mean 'text'"),
        ({}, {"features": "f3"}, "`nodes` must have a column 'f3'"),
        ({}, {"features": [None]}, "`nodes` must have a column None"),
        ({"key": [[1], [2], [3]]}, {"node_id": "key"}, r"'key' of `nodes` must hold ids .*, got list \(\[1\]\) and 2"),
        ({}, {"source": "sources"}, r"`edges` must have a column 'sources' \(`source`\), .*Did you mean 'source'"),
        ({}, {"weight": "w"}, "`edges` must have a column 'w'"),
        ({"key": [1, 1, 2]}, {"node_id": "key"}, "unique ids in 'key', got 3 rows and 2 different ids"),
        ({}, {"node_id": "key"}, "Column 'source' of `edges` must hold ids of `nodes`, got 'z' and 1 more rows"),
        ({"text": ["a", None, "b"]}, {}, "`texts` must hold one string per node, got .* at position 1"),
        ({"f1": ["a", "b", "c"]}, {"features": ["f1"]}, "`features` must be real numbers"),
        ({"f1": [1, None, 2]}, {"features": ["f1"]}, "`features` must be finite, got NaN"),
    ],
)
def test_tables_that_make_no_graph(nodes, change, options, sentence):
    edges = pd.DataFrame({"source": ["z", "x"], "target": ["x", "y"]})

    with pytest.raises(GraphError, match=sentence):
        TextGraph.from_pandas(nodes.assign(**change), edges, **options)


def test_ids_of_another_dtype_are_refused_with_a_hint(nodes):
    edges = pd.DataFrame({"source": ["30"], "target": ["10"]})

    with pytest.raises(GraphError, match=r"got '30' and 0 more rows with ids that do not exist. Check the dtypes"):
        TextGraph.from_pandas(nodes, edges, node_id="key")


@pytest.mark.parametrize("options", [{}, {"text": None, "title": "text"}, {"text": None, "features": "text"}])
def test_a_column_that_is_there_twice_is_refused(nodes, options):
    twice = pd.concat([nodes, nodes[["text"]]], axis=1)

    with pytest.raises(GraphError, match=r"`nodes` must have one column 'text', got 2 of that name\. Rename or drop"):
        TextGraph.from_pandas(twice, pd.DataFrame({"source": [], "target": []}), **options)


def test_a_repeated_index_is_refused(nodes):
    nodes.index = ["a", "a", "b"]

    with pytest.raises(GraphError, match="unique ids in its index, got 3 rows and 2"):
        TextGraph.from_pandas(nodes, pd.DataFrame({"source": [], "target": []}))


@pytest.mark.parametrize("argument", ["nodes", "edges"])
def test_what_is_no_table_is_refused(nodes, argument):
    tables = {"nodes": nodes, "edges": pd.DataFrame({"source": [], "target": []})}
    tables[argument] = [("z", "x")]

    with pytest.raises(
        GraphError, match=f"`{argument}` must be a pandas.DataFrame, polars.DataFrame or pyarrow.Table, got list"
    ):
        TextGraph.from_pandas(**tables)


# -- ids that are exact, and there ----------------------------------------------------------------------------------

BIG = 2**53 + 1


def tables(ids, sources, targets):
    return pd.DataFrame({"id": ids, "text": ["t"] * len(ids)}), pd.DataFrame({"source": sources, "target": targets})


@pytest.mark.parametrize(
    ("ids", "sources"),
    [
        ([1, 2, 3], [1.0, 3.0]),
        ([1.0, 2.0, 3.0], [1, 3]),
        (pd.array([1, 2, 3], dtype="Int64"), [1.0, 3.0]),
        (np.array([1, 2, 3], dtype=np.uint64), np.array([1, 3], dtype=np.int64)),
        (pd.Series([1, 2, 3], dtype="category"), [1, 3]),
        (pd.Series([1, 2.0, 3], dtype=object), np.array([1, 3], dtype=np.float32)),
    ],
)
def test_small_ids_that_became_float_are_the_same_ids(ids, sources):
    graph = TextGraph.from_pandas(*tables(ids, sources, [2, 2]), node_id="id")

    assert list(graph.node_names) == ["1", "2", "3"]
    np.testing.assert_array_equal(dense(graph), [[0, 1, 0], [1, 0, 1], [0, 1, 0]])


def test_large_ids_of_signed_and_unsigned_integers_stay_apart():
    ids = np.array([BIG, BIG + 1, 2**63 + 1], dtype=np.uint64)

    graph = TextGraph.from_pandas(*tables(ids, [BIG], [BIG + 1]), node_id="id")

    assert dense(graph)[0, 1] == 1
    assert list(graph.node_names) == [str(BIG), str(BIG + 1), str(2**63 + 1)]


@pytest.mark.parametrize(
    ("ids", "sources", "targets", "sentence"),
    [
        (
            [BIG, 2, 3],
            [float(BIG), 2.0],
            [2, 3],
            r"Column 'source' of `edges` must hold exact ids, got .* row 0 .*Int64",
        ),
        ([BIG, 2, 3], [2, 3], [np.float64(3), BIG], "Column 'target' of `edges` must hold exact ids, got .* at row 1"),
        ([BIG, 2, 3], [2, None], pd.Series([3, float(BIG)], dtype=object), "'source' of `edges` .* none in row 1"),
        ([2, 3], [2, 3], pd.Series([3, 9.1e15], dtype=object), "'target' of `edges` must hold exact .* at row 1"),
        ([float(BIG), 2.0, 3.0], [2], [3], "Column 'id' of `nodes` must hold exact ids"),
        ([2, 3], np.array([2, 2**24], dtype=np.float32), [2, 3], "must hold exact ids, got the float 16777216.0"),
        (
            ["a", None],
            ["a", None],
            ["a", "a"],
            r"Column 'id' of `nodes` must hold an id in every row, got none in row 1",
        ),
        ([1.0, np.nan], [1.0, np.nan], [1, 1], "Column 'id' of `nodes` .* none in row 1 .* and 0 more"),
        (pd.array([1, None], dtype="Int64"), [1], [1], "none in row 1"),
        (
            ["a", "b"],
            ["a", np.nan],
            ["b", "b"],
            r"Column 'source' of `edges` must hold an id in every row, got none in",
        ),
        (np.array([1, 2049], dtype=np.float16), [1], [1], "Column 'id' of `nodes` must hold exact ids"),
        ([1, 2], np.array([1, 3], dtype=np.float16), [1, 1], "must hold ids of `nodes`, got 3.0"),
        (["a", ""], ["a", ""], ["a", "a"], "`node_names` must name every node, got '' at position 1"),
        ([1, 2], [1.5, 2.0], [2, 1], "must hold ids of `nodes`, got 1.5"),
    ],
)
def test_ids_that_are_missing_or_rounded_are_refused(ids, sources, targets, sentence):
    with pytest.raises(GraphError, match=sentence):
        TextGraph.from_pandas(*tables(ids, sources, targets), node_id="id")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["a", None], "got None at position 1"),
        (["a", float("nan")], "got nan at position 1"),
        (["a", pd.NA], "got <NA> at position 1"),
        (np.array(["2020-01-01", "NaT"], dtype="datetime64[D]"), "at position 1"),
        (["a", "  "], "got '  ' at position 1"),
        ([1, float(2**53)], "must hold exact ids, got the float 9007199254740992.0 at position 1"),
        (np.array([1, 2**11], dtype=np.float16), "must hold exact ids"),
        ([b"a", b"b"], "must hold strings or numbers, got bytes"),
        (np.ma.array(["a", "b"], mask=[0, 1]), "`node_names` must not hide entries"),
        ({"a", "b"}, "`node_names` must be in the order of the nodes, got a set"),
        ("ab", "got a single str"),
        (np.array("ab"), "`node_names` must"),
        (sparse.csr_array(np.eye(2)), "`node_names` must be a sequence of names"),
        (pd.DataFrame({"a": [1, 2]}), "`node_names` must be a sequence of names"),
    ],
)
def test_names_that_name_no_node_are_refused(names, sentence):
    with pytest.raises(GraphError, match=sentence):
        TextGraph.from_edges([("a", "b")], node_names=names)


@pytest.mark.parametrize(
    ("edges", "names"),
    [
        ([(1.0, 2.0)], [1, 2]),
        ([("1", "2")], [1.0, 2.0]),
        (np.array([(1, 2)], dtype=object), np.array([1, 2], dtype=np.float32)),
        ([("1", "2")], torch.tensor([1, 2])),
    ],
)
def test_names_that_are_small_floats_are_integers(edges, names):
    graph = TextGraph.from_edges(edges, node_names=names)

    assert list(graph.node_names) == ["1", "2"]
    assert graph.n_edges == 1


@pytest.mark.parametrize(
    ("edges", "options", "sentence"),
    [
        ([(0, 2**62)], {}, r"`edges` must be between nodes that fit into memory, got 4,611,686,018,427,387,905 nodes"),
        ([], {"n_nodes": 10**15}, "`edges` must be between nodes that fit into memory"),
        ([(float(2**60), 1.0)], {"node_names": [2**60, 1]}, "`edges` must hold exact ids"),
        (((0, 1) for _ in range(2)), {}, "`edges` must be a list or an array, got generator"),
        (zip([0], [1], strict=True), {}, "got zip, which has no order or can be read only once"),
        ({0: 1}, {}, "`edges` must be a list or an array, got dict"),
        (np.ma.array([[0, 1], [1, 2]], mask=[[0, 0], [1, 1]]), {}, "`edges` must not hide entries behind a mask"),
        ([(0, 1)], {"weights": ["1"]}, "`weights` must be real numbers, got dtype <U1"),
        (
            [(0, 1)],
            {"weights": np.array(["1"], dtype=object)},
            "`weights` must be real numbers, got an entry of type str",
        ),
        ([(0, 1)], {"weights": [1 + 2j]}, "`weights` must be real numbers, got dtype complex128"),
        ([(0, 1)], {"weights": np.ma.array([1.0], mask=True)}, "`weights` must not hide entries"),
        ([(0, 1)], {"weights": np.array(["2020"], dtype="datetime64[D]")}, "`weights` must be real numbers"),
        ([(0, 1)], {"texts": {"a", "b"}}, "`texts` must be in the order of the nodes, got a set"),
        ([(0, 1)], {"texts": {"a": 1, "b": 2}}, "`texts` must be in the order of the nodes, got a dict"),
        ([(0, 1)], {"texts": np.array("ab")}, "`texts` must"),
    ],
)
def test_edges_and_parts_that_would_be_misread_are_refused(edges, options, sentence):
    with pytest.raises(GraphError, match=sentence):
        TextGraph.from_edges(edges, **options)


@pytest.mark.parametrize("n_nodes", [1.5, "2", float("nan"), -3, True, [2]])
def test_a_number_of_nodes_is_a_count(n_nodes):
    with pytest.raises(InvalidParameterError, match="`n_nodes` must be an int of at least 0"):
        TextGraph.from_edges([], n_nodes=n_nodes)


@pytest.mark.parametrize("directed", ["no", 0, None, np.array([True, False])])
def test_directed_is_true_or_false(directed, nodes):
    with pytest.raises(InvalidParameterError, match="`directed` must be True or False"):
        TextGraph.from_edges([(0, 1)], directed=directed)
    with pytest.raises(InvalidParameterError, match="`directed` must be True or False"):
        TextGraph.from_pandas(nodes, pd.DataFrame({"source": [], "target": []}), directed=directed)


# -- tables of other libraries, and columns by any name -------------------------------------------------------------


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_tables_of_other_libraries(library):
    module = pytest.importorskip(library)
    make = module.DataFrame if library == "polars" else module.table
    nodes = make({"id": [7, BIG, 9], "text": ["a", "", "ж"], "f": [1.0, 2.0, 3.0]})
    edges = make({"source": [7, 9], "target": [BIG, BIG], "w": [1, 2]})

    graph = TextGraph.from_pandas(nodes, edges, node_id="id", features=["f"], weight="w")

    assert (list(graph.node_names), list(graph.texts)) == (["7", str(BIG), "9"], ["a", "", "ж"])
    np.testing.assert_array_equal(dense(graph), [[0, 1, 0], [1, 0, 2], [0, 2, 0]])

    secret = make({"id": [1], "text": ["my secret text"]})
    with pytest.raises(GraphError) as caught:
        TextGraph.from_pandas(secret, edges, node_id="id", text="txt")
    assert "Did you mean 'text'" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_columns_have_any_name():
    nodes = pd.DataFrame({0: ["x", "y"], 5: ["a", "b"], 7: [1, 2], 8: [3, 4]})
    edges = pd.DataFrame({0: ["x"], 1: ["y"]})

    graph = TextGraph.from_pandas(nodes, edges, node_id=0, text=5, features=nodes.columns[2:], source=0, target=1)

    assert list(graph.node_names) == ["x", "y"]
    np.testing.assert_array_equal(graph.features, [[1, 3], [2, 4]])


@pytest.mark.parametrize("options", [{"node_id": 5}, {"text": 5}, {"text": ["a"]}, {"features": 5}, {"source": None}])
def test_a_column_that_is_not_there_is_named(nodes, options):
    (parameter,) = options
    with pytest.raises(GraphError, match=f"`{parameter}`"):
        TextGraph.from_pandas(nodes, pd.DataFrame({"source": [], "target": []}), **options)


# -- the same graph by every door --------------------------------------------------------------------------------


@pytest.mark.parametrize("directed", [False, True])
def test_all_constructors_agree(directed):
    rng = np.random.default_rng(3)
    pairs = np.unique(rng.integers(9, size=(20, 2)), axis=0)
    texts, names = [f"text {i}" for i in range(9)], [f"n{i}" for i in range(9)]
    one = TextGraph.from_edges(pairs, texts, node_names=names, directed=directed)

    source = (nx.DiGraph if directed else nx.Graph)()
    source.add_nodes_from((name, {"text": text}) for name, text in zip(names, texts, strict=True))
    source.add_edges_from((names[u], names[v]) for u, v in pairs)
    tables = (
        pd.DataFrame({"text": texts}, index=names),
        pd.DataFrame({"source": [names[u] for u in pairs[:, 0]], "target": [names[v] for v in pairs[:, 1]]}),
    )
    others = [
        TextGraph.from_networkx(source),
        TextGraph.from_pandas(*tables, directed=directed),
        TextGraph.from_scipy(one.adjacency, texts, node_names=names),
        TextGraph.from_pyg(one.to_pyg(), "texts", node_names="node_names"),
    ]

    for other in others:
        np.testing.assert_array_equal(dense(other), dense(one))
        assert (other.texts, other.node_names) == (one.texts, one.node_names)
        assert repr(other) == repr(one)
