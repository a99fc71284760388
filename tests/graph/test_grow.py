"""A graph that grew is the graph that would have been built at once; a neighborhood is all that a prediction reads."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skellagnn import ELLaGNNClassifier, TextGraph, encode_graph
from skellagnn.datasets import make_text_graph
from skellagnn.encoders._encode import encode_texts
from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.gnn.backbones import BACKBONES
from skellagnn.graph import share_graph

# -- add_nodes -------------------------------------------------------------------------------------------------------


@pytest.fixture
def small():
    return TextGraph.from_edges(
        [("a", "b"), ("b", "c")],
        ["on a", "", "on ç"],
        [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]],
        titles=["A", "B", "C"],
        node_names=["a", "b", "c"],
        weights=[1.0, 2.0],
    )


def test_new_nodes_follow_the_old_ones(small):
    grown = small[[2, 0]].add_nodes(
        [("d", "a"), ("e", "d"), ("b", "c")],
        ["on d", "on e"],
        [[2.0, 2.0], [3.0, 3.0]],
        titles=["D", "E"],
        node_names=["d", "e"],
        weights=[4.0, 5.0, 1.0],
    )

    assert list(grown.texts) == ["on a", "", "on ç", "on d", "on e"]
    assert list(grown.titles) == ["A", "B", "C", "D", "E"]
    assert list(grown.node_names) == ["a", "b", "c", "d", "e"]
    assert grown.features.tolist() == [[1, 0], [0, 1], [1, 1], [2, 2], [3, 3]]
    assert list(grown) == [2, 0, 3, 4]
    expected = np.zeros((5, 5))
    for u, v, weight in [(0, 1, 1), (1, 2, 2), (0, 3, 4), (3, 4, 5)]:  # the larger weight of b-c stays
        expected[u, v] = expected[v, u] = weight
    np.testing.assert_array_equal(grown.adjacency.toarray(), expected)
    assert not grown.is_directed
    assert small.n_nodes == 3  # as it was


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n_old=st.integers(1, 8), n_new=st.integers(0, 5), directed=st.booleans())
def test_a_grown_graph_is_the_one_that_is_built_at_once(seed, n_old, n_new, directed):
    rng = np.random.default_rng(seed)
    n = n_old + n_new
    texts = [f"text {'ä' * int(rng.integers(3))} {node}" for node in range(n)]
    old, new = rng.integers(n_old, size=(6, 2)), rng.integers(n, size=(6, 2))

    grown = TextGraph.from_edges(old, texts[:n_old], directed=directed).add_nodes(new, texts[n_old:])
    at_once = TextGraph.from_edges(np.concatenate([old, new]), texts, directed=directed)

    if not TextGraph.from_edges(old, texts[:n_old], directed=directed).is_directed and directed:
        at_once = at_once.adjacency.maximum(TextGraph.from_edges(new, n_nodes=n).adjacency)  # no direction, as it was
        np.testing.assert_array_equal(grown.adjacency.toarray(), at_once.toarray())
    else:
        np.testing.assert_array_equal(grown.adjacency.toarray(), at_once.adjacency.toarray())
        assert grown.is_directed == at_once.is_directed
    assert list(grown.texts) == texts
    assert grown.adjacency.has_canonical_format


def test_direction_is_that_of_the_graph_or_the_one_given():
    path = TextGraph.from_edges([(0, 1)], ["a", "b"], directed=True)

    assert path.add_nodes([(2, 0)], ["c"]).adjacency.toarray()[[0, 2], [2, 0]].tolist() == [1, 0]
    both = path.add_nodes([(2, 0)], ["c"], directed=False)
    assert both.adjacency.toarray()[[0, 2], [2, 0]].tolist() == [1, 1]
    assert both.is_directed


def test_views_columns_and_memory_maps_grow(small, tmp_path):
    part = small.subgraph([2, 1])  # names that were given once
    assert list(part.add_nodes([], ["x"], [[0, 0]], titles=["X"], node_names=["x"]).texts) == ["on ç", "", "x"]
    shared = share_graph(small, tmp_path / "shared")
    grown = shared.add_nodes([("x", "a")], ["x"], [[0, 0]], titles=["X"], node_names=["x"])
    assert type(grown) is TextGraph
    assert grown.n_edges == 3
    half = small.with_features(small.features.astype(np.float16))
    assert half.add_nodes([], ["x"], [[0, 0.5]], titles=["X"], node_names=["x"]).features.dtype == np.float16


def test_old_texts_are_not_encoded_again():
    data = make_text_graph(n_nodes=60, random_state=0)
    old = np.arange(50)
    part = data.graph.subgraph(old)
    clf = ELLaGNNClassifier(encoder="tfidf", max_iter=5, random_state=0).fit(part, data.target[:50])
    encoded = encode_graph(part, clf.encoder_)
    texts = [data.graph.texts[node] for node in range(50, 60)]
    coo = data.graph.adjacency.tocoo()
    late = np.maximum(coo.row, coo.col) >= 50
    edges = np.stack([coo.col[late], coo.row[late]], axis=1)
    calls = []

    class Watched(type(clf.encoder_)):
        def transform(self, texts):
            calls.append(len(texts))
            return super().transform(texts)

    clf.encoder_.__class__ = Watched

    grown = encoded.add_nodes(edges, texts, encode_texts(clf.encoder_, texts), node_names=range(50, 60))
    found = clf.predict_proba(grown[-10:])

    assert calls == [10]
    np.testing.assert_allclose(found, clf.predict_proba(data.graph[50:]), atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"texts": None}, "`texts` must be given for new nodes, one for each, as the graph has some"),
        ({"features": None}, "`features` must be given for new nodes"),
        ({"node_names": None}, "`node_names` must be given for new nodes"),
        ({"titles": ["X", "Y"]}, r"`titles` must have one entry per node \(1\), got 2"),
        ({"edges": [], "node_names": ["a"]}, "`node_names` must be unique, got 'a' more than once"),
        ({"features": [[1, 2, 3]]}, "`features` of new nodes must have 2 columns, as those of the graph, got 3"),
        ({"features": [[np.nan, 1]]}, "`features` must be finite"),
        ({"edges": [("x", "z")]}, "`edges` must join nodes in `node_names`, got 'z'"),
        ({"weights": [-1.0]}, "`weights` must be finite and not negative"),
        ({"directed": "no"}, "`directed` must be True or False"),
        (
            {"node_names": ["x", "y"], "texts": pd.Series(["of y", "of x"], index=["y", "x"])}
            | {"features": [[1, 2], [3, 4]], "titles": ["X", "Y"]},
            "`texts` must be in the order of the nodes, .* 'y' stands where node 'x' is",
        ),
    ],
)
def test_what_does_not_fit_is_refused(small, changes, message):
    parts = {"edges": [("x", "a")], "texts": ["x"], "features": [[1, 2]], "titles": ["X"], "node_names": ["x"]}

    with pytest.raises((GraphError, InvalidParameterError), match=message):
        small.add_nodes(**{**parts, **changes})


def test_what_the_graph_has_not_is_refused():
    graph = TextGraph.from_edges([(0, 1)], ["a", "b"])

    with pytest.raises(GraphError, match="`node_names` must be left out for new nodes, as the graph has none"):
        graph.add_nodes([(2, 0)], ["c"], node_names=["c"])
    with pytest.raises(GraphError, match="got a graph with neither"):
        TextGraph.from_edges([(0, 1)]).add_nodes([(2, 0)])
    half = graph.with_features(np.ones((2, 1), dtype=np.float16))
    with pytest.raises(GraphError, match="`features` of new nodes must fit into float16"):
        half.add_nodes([], ["c"], [[1e6]])


# -- neighborhood ------------------------------------------------------------------------------------------------------


def test_a_neighborhood_is_where_messages_come_from():
    graph = TextGraph.from_edges([(0, 1), (1, 2), (3, 2), (2, 4)], list("abcde"), directed=True)

    cut = graph[[2]].neighborhood(1)

    assert list(cut.texts) == ["b", "c", "d"]  # 4 hears of 2, and tells it nothing
    assert list(cut.node_names) == ["1", "2", "3"]
    assert list(cut) == [1]
    assert list(graph[[2, 0, 2]].neighborhood(0).texts) == ["a", "c"]
    assert list(graph[[2, 0, 2]].neighborhood(0)) == [1, 0, 1]
    assert graph[[2]].neighborhood(9).n_nodes == 4
    assert graph[[]].neighborhood(2).n_nodes == 0
    with pytest.raises(InvalidParameterError, match="`n_hops` must be an int of at least 0"):
        graph.neighborhood(-1)


@pytest.mark.parametrize("n_neighbors", [3, None])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_prediction_reads_the_neighborhood_alone(backbone, n_neighbors):
    data = make_text_graph(n_nodes=400, random_state=0)
    clf = ELLaGNNClassifier(
        encoder="tfidf", backbone=backbone, n_neighbors=n_neighbors, max_iter=2, hidden_channels=16, random_state=0
    )
    clf.fit(data.graph[:100], data.target[:100])
    view = data.graph[[7, 300, 7]]

    near = view.neighborhood(11 if backbone == "appnp" else 3)

    assert near.n_nodes < 400 or backbone == "appnp"
    np.testing.assert_allclose(clf.predict_proba(near), clf.predict_proba(view), atol=1e-5)


# -- index -------------------------------------------------------------------------------------------------------------


def test_names_are_looked_up(small):
    assert small.index("c") == 2
    assert small.index(["c", "a", "c"]).tolist() == [2, 0, 2]
    assert small.index([]).tolist() == []
    assert small[[1]].index("a") == 0  # the number of the node, in view or not
    plain = TextGraph.from_edges([], n_nodes=12)
    assert plain.index(["11", "0"]).tolist() == [11, 0]
    assert plain.index([11, 3.0]).tolist() == [11, 3]


def test_an_unknown_name_is_an_error(small):
    named = TextGraph.from_edges([], node_names=["cats", "dogs"])
    with pytest.raises(GraphError, match=r"got 'cat' and 1 more that are not\. Did you mean 'cats'\?"):
        named.index(["cat", "dogs", "cow"])
    with pytest.raises(GraphError, match="`names` must be those of nodes, got '3'"):
        small.index([3])
    with pytest.raises(GraphError, match="`names` must name every node, got None"):
        small.index([None])
