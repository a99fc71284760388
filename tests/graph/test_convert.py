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
from skellagnn.exceptions import GraphError

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
        ({"edges": [(0, 1), (1,)]}, "got rows of different lengths"),
        ({"edges": [(0.0, 1.0)]}, "must hold node numbers, got dtype float64. Pass `node_names`"),
        ({"edges": {(0, 1)}}, "`edges` must be pairs"),
        ({"edges": [("a", "c"), ("d", "c")], "node_names": ["a", "b"]}, "got 'c' and 1 more names that do not exist"),
        ({"edges": [("Anna", "Bert")], "node_names": ["anna", "bert"]}, "Did you mean 'anna'"),
        ({"edges": [(0, 1)], "weights": [1, 2]}, r"`weights` must have one entry per edge \(1\), got shape \(2,\)"),
        ({"edges": [(0, 1)], "weights": ["heavy"]}, "`weights` must be numbers, got could not convert"),
        ({"edges": [(0, 1)], "weights": [None]}, "must be finite and not negative, got 1|`weights` must be numbers"),
        ({"edges": [(0, 1)], "weights": [-1]}, "Edge weights must be finite and not negative"),
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
        sparse.csr_array(PATH), ["a", "b", "c"], np.eye(3), titles=["A", "B", "C"], node_names="xyz"
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
    assert dense(TextGraph.from_networkx(source, text=None, weight="missing"))[0, 1] == 1


def test_an_empty_networkx_graph():
    assert TextGraph.from_networkx(nx.Graph(), text=None).n_nodes == 0


@pytest.mark.parametrize(
    ("source", "options", "sentence"),
    [
        (nx.path_graph(3), {}, "Every node must have the attribute 'text', got node 0 and 2 more without it"),
        (nx.path_graph(2), {"text": None, "features": "x"}, "attribute 'x', got node 0 and 1 more"),
        (nx.Graph([(1, "1")]), {"text": None}, "`node_names` must be unique, got '1' more than once"),
        (nx.Graph([(0, 1, {"weight": "far"})]), {"text": None}, "`weights` must be numbers"),
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
        ({}, {"text": "txt"}, r"`nodes` must have a column 'txt', got .*Did you mean 'text'"),
        ({}, {"features": "f3"}, "`nodes` must have a column 'f3'"),
        ({}, {"source": "sources"}, "`edges` must have a column 'sources', .*Did you mean 'source'"),
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

    with pytest.raises(GraphError, match=f"`{argument}` must be a pandas.DataFrame, got list"):
        TextGraph.from_pandas(**tables)


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
