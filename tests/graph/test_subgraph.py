"""The inductive cut."""

from __future__ import annotations

import numpy as np
import pytest

from skellagnn import TextGraph
from skellagnn.exceptions import GraphError

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


def test_subgraph_cuts_nodes_and_edges_off(graph):
    cut = graph.subgraph([3, 0, 2])

    np.testing.assert_array_equal(cut.adjacency.toarray(), [[0, 0, 1], [0, 0, 0], [1, 0, 0]])
    assert list(cut.texts) == ["text 3", "text 0", "text 2"]
    assert list(cut.titles) == ["title 3", "title 0", "title 2"]
    assert list(cut.node_names) == ["n3", "n0", "n2"]
    np.testing.assert_array_equal(cut.features, [[6, 7], [0, 1], [4, 5]])
    assert list(cut) == [0, 1, 2]


def test_subgraph_of_a_view_takes_its_targets(graph):
    assert list(graph[[5, 6, 0]].subgraph().texts) == ["text 5", "text 6", "text 0"]
    assert graph[[5, 6, 0]].subgraph().n_edges == 2


def test_subgraph_counts_nodes_of_the_graph_and_not_positions_in_the_view(graph):
    assert list(graph[[5, 6, 0]].subgraph([1, 2]).texts) == ["text 1", "text 2"]


def test_subgraph_keeps_the_names_of_an_unnamed_graph():
    graph = TextGraph.from_edges([(0, 1), (1, 2)], n_nodes=3)

    assert list(graph.subgraph([2, 1]).node_names) == ["2", "1"]
    assert list(graph.subgraph([2, 1]).subgraph([1]).node_names) == ["1"]


def test_subgraph_takes_a_mask_and_nothing():
    graph = TextGraph.from_edges([(0, 1), (1, 2)], texts=["a", "b", "c"])

    assert list(graph.subgraph(np.array([False, True, True])).texts) == ["b", "c"]
    assert graph.subgraph([]).n_nodes == 0


def test_subgraph_finds_out_anew_whether_it_is_directed():
    graph = TextGraph.from_edges([(0, 1), (1, 0), (1, 2)], directed=True)

    assert graph.is_directed
    assert not graph.subgraph([0, 1]).is_directed
    assert graph.subgraph([1, 2]).is_directed


@pytest.mark.parametrize("seed", range(3))
def test_subgraph_of_all_nodes_in_another_order_is_the_same_graph(seed):
    rng = np.random.default_rng(seed)
    graph = TextGraph.from_edges(
        rng.integers(10, size=(30, 2)), weights=rng.integers(1, 4, 30), directed=True, n_nodes=10
    )
    order = rng.permutation(10)
    again = graph.subgraph(order).subgraph(np.argsort(order))

    np.testing.assert_array_equal(again.adjacency.toarray(), graph.adjacency.toarray())
    np.testing.assert_array_equal(
        graph.subgraph(order).adjacency.toarray(), graph.adjacency.toarray()[np.ix_(order, order)]
    )


@pytest.mark.parametrize(
    ("nodes", "sentence"),
    [
        ([1, 1], "`nodes` must name each node once, got 2 entries of which 1 are different. Pass np.unique"),
        ([8], "`nodes` must be node ids from 0 to 7, got 8"),
        ([-1], "got -1"),
        (["n1"], "`nodes` must be a 1-D array of node ids or a mask"),
    ],
)
def test_subgraph_refuses_wrong_nodes(graph, nodes, sentence):
    with pytest.raises(GraphError, match=sentence):
        graph.subgraph(nodes)


def test_subgraph_of_a_view_with_repeats_is_refused(graph):
    with pytest.raises(GraphError, match="each node once"):
        graph[[1, 1]].subgraph()
