"""From and to PyTorch Geometric."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch
from torch_geometric.data import Data, HeteroData
from torch_geometric.datasets import FakeDataset

from skellagnn import TextGraph
from skellagnn.exceptions import GraphError


def dense(graph):
    return graph.adjacency.toarray()


def test_from_pyg_takes_edges_as_they_are():
    data = Data(edge_index=torch.tensor([[0, 2], [1, 1]]), x=torch.tensor([[1.0], [2.0], [3.0]]))

    graph = TextGraph.from_pyg(data, ["a", "b", "c"])

    np.testing.assert_array_equal(dense(graph), [[0, 0, 0], [1, 0, 1], [0, 0, 0]])
    np.testing.assert_array_equal(graph.features, [[1], [2], [3]])
    assert list(graph.texts) == ["a", "b", "c"]


def test_from_pyg_reads_texts_titles_and_names_off_the_data():
    data = Data(
        edge_index=torch.tensor([[0], [1]]), num_nodes=2, raw=["a", "b"], heads=("A", "B"), ids=torch.arange(7, 9)
    )

    graph = TextGraph.from_pyg(data, "raw", titles="heads", node_names="ids")

    assert (list(graph.texts), list(graph.titles), list(graph.node_names)) == (["a", "b"], ["A", "B"], ["7", "8"])


@pytest.mark.parametrize("field", ["raw_texts", "raw_text", "text", "texts", "text_nodes"])
def test_from_pyg_finds_texts_where_collections_keep_them(field):
    data = Data(edge_index=torch.tensor([[0], [1]]), num_nodes=2, label_names=["x", "y"], **{field: ["a", "b"]})

    assert list(TextGraph.from_pyg(data).texts) == ["a", "b"]
    assert list(TextGraph.from_pyg(data, ["c", "d"]).texts) == ["c", "d"]
    data[field] = torch.zeros(2)  # tokens or vectors under that name are no texts
    assert TextGraph.from_pyg(data).texts is None


@pytest.mark.parametrize("kept_as", [list, tuple, lambda texts: np.array(texts, dtype=object), np.array])
def test_from_pyg_reads_texts_that_stand_in_the_place_of_features(kept_as):
    """As TAGLAS keeps them: nodes may share a text, and edges have texts, too."""
    data = Data(
        x=kept_as(["on cats", "on dogs"]),
        node_map=torch.tensor([1, 0, 1]),
        edge_index=torch.tensor([[0, 2], [1, 1]]),
        edge_attr=["cited together"],
        edge_map=torch.tensor([0, 0]),
        x_original=torch.eye(3),
        label=["math", "pets", "No", "Yes"],
        label_map=torch.tensor([0, 1, 1]),
    )

    graph = TextGraph.from_pyg(data)

    assert list(graph.texts) == ["on dogs", "on cats", "on dogs"]
    np.testing.assert_array_equal(graph.features, np.eye(3))
    np.testing.assert_array_equal(dense(graph), [[0, 0, 0], [1, 0, 1], [0, 0, 0]])
    assert list(TextGraph.from_pyg(data, ["a", "b", "c"]).texts) == ["a", "b", "c"]

    del data.node_map, data.x_original
    data.x = kept_as(["d", "e", "f"])
    assert (list(TextGraph.from_pyg(data).texts), TextGraph.from_pyg(data).features) == (["d", "e", "f"], None)


@pytest.mark.parametrize("node_map", [[0, 2], [-1, 0], [[0, 1]], [0.0, 1.0]])
def test_a_node_map_that_leads_to_no_text_is_refused(node_map):
    data = Data(x=["a", "b"], node_map=torch.tensor(node_map), edge_index=torch.tensor([[0], [1]]))

    with pytest.raises(GraphError, match="`node_map` must hold one number of a text for each node, from 0 to 1, got"):
        TextGraph.from_pyg(data)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ({"edge_weight": torch.tensor([2.0, 3.0])}, [[0, 3], [2, 0]]),
        ({"edge_attr": torch.tensor([2.0, 3.0])}, [[0, 3], [2, 0]]),
        ({"edge_attr": torch.tensor([[2.0], [3.0]])}, [[0, 3], [2, 0]]),
        ({"edge_attr": torch.tensor([[0], [3]])}, [[0, 1], [1, 0]]),  # types of edges
        ({"edge_attr": torch.tensor([True, False])}, [[0, 1], [1, 0]]),
        ({"edge_weight": torch.tensor([2, 3])}, [[0, 3], [2, 0]]),
        ({"edge_attr": torch.ones(2, 5)}, [[0, 1], [1, 0]]),
        ({"edge_attr": torch.tensor([7, 7]), "edge_weight": torch.tensor([2.0, 3.0])}, [[0, 3], [2, 0]]),
    ],
)
def test_from_pyg_weights(weights, expected):
    data = Data(edge_index=torch.tensor([[0, 1], [1, 0]]), num_nodes=2, **weights)

    np.testing.assert_array_equal(dense(TextGraph.from_pyg(data)), expected)


def test_a_data_of_numpy_arrays():
    data = Data(edge_index=np.array([[0], [1]]), x=np.eye(2), edge_weight=np.array([2.0]), num_nodes=2)

    graph = TextGraph.from_pyg(data)

    np.testing.assert_array_equal(dense(graph), [[0, 0], [2, 0]])
    np.testing.assert_array_equal(graph.features, np.eye(2))


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64, torch.bfloat16, torch.bool])
def test_from_pyg_features_of_every_dtype(dtype):
    data = Data(edge_index=torch.zeros((2, 0), dtype=torch.long), x=torch.tensor([[0], [1]]).to(dtype))

    np.testing.assert_array_equal(TextGraph.from_pyg(data).features, [[0], [1]])


def test_from_pyg_features_may_carry_gradients():
    data = Data(edge_index=torch.zeros((2, 0), dtype=torch.long), x=torch.ones((2, 1), requires_grad=True))

    np.testing.assert_array_equal(TextGraph.from_pyg(data).features, [[1], [1]])


def test_texts_and_not_the_largest_edge_end_say_how_many_nodes_a_pyg_graph_has():
    data = Data(edge_index=torch.tensor([[0], [1]]))

    assert TextGraph.from_pyg(data, ["a", "b", "isolated"]).n_nodes == 3
    assert TextGraph.from_pyg(data).n_nodes == 2


@pytest.mark.parametrize(
    ("data", "options", "sentence"),
    [
        (Data(x=torch.zeros(2, 1)), {}, "Data with an edge_index or adj_t, got Data without"),
        (FakeDataset(num_graphs=2), {}, r"got the data set FakeDataset\. Pass a graph: dataset\[0\]"),
        (HeteroData(), {}, r"got HeteroData\. Make it homogeneous first: data\.to_homogeneous\(\)"),
        (nx.path_graph(2), {}, "got Graph"),
        (
            Data(edge_index=torch.tensor([[0], [1]])),
            {"texts": "raw"},
            "`texts` must name an attribute of the data, got",
        ),
        (
            Data(edge_index=torch.tensor([[0], [1]]), x=torch.eye(2).to_sparse()),
            {},
            r"`data` must have a dense tensor `x`, got Tensor of layout torch\.sparse_coo\. .* data\.x\.to_dense\(\)",
        ),
        (
            Data(edge_index=torch.tensor([[0], [1]]), x=torch.tensor([[1j], [2]])),
            {},
            "`x` must be real numbers, got dtype complex64",
        ),
        (
            Data(edge_index=torch.tensor([[0], [1]]), x=torch.empty(2, 1, device="meta")),
            {},
            "`x` must be an array, .* got Tensor .*meta",
        ),
        (Data(edge_index=torch.tensor([[0], [1]]), x="rows", num_nodes=2), {}, "must have a dense tensor `x`, got str"),
        (
            Data(edge_index=torch.tensor([[0], [1]]), edge_weight=torch.tensor([1j]), num_nodes=2),
            {},
            "`edge_weight` must be real numbers",
        ),
        (
            Data(edge_index=torch.tensor([[0], [1]]), raw=3, num_nodes=2),
            {"texts": "raw"},
            "`texts` must name an attribute with one entry per node, got 'raw', which is int",
        ),
        (Data(edge_index=torch.tensor([[0], [5]]), num_nodes=2), {}, "`edges` must join nodes 0 to 1"),
        (Data(edge_index=torch.tensor([[0], [1]]), num_nodes=2), {"texts": ["a"]}, r"`texts` .* per node \(2\), got 1"),
    ],
)
def test_pyg_data_that_makes_no_graph(data, options, sentence):
    with pytest.raises(GraphError, match=sentence):
        TextGraph.from_pyg(data, **options)


def test_one_edge_has_its_weight_however_it_is_written():
    index = torch.tensor([[0], [1]])
    for weight in ({"edge_attr": torch.tensor([5.0])}, {"edge_attr": torch.tensor([[5.0]])}):
        graph = TextGraph.from_pyg(Data(edge_index=index, num_nodes=2, **weight))
        assert graph.adjacency[1, 0] == 5
    several = Data(edge_index=index, num_nodes=2, edge_attr=torch.ones(1, 2))
    assert not TextGraph.from_pyg(several).is_weighted


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")
def test_rows_of_an_adj_t_receive():
    data = Data(edge_index=torch.tensor([[0, 2], [1, 1]]), edge_weight=torch.tensor([0.5, 2.0]), num_nodes=3)
    transposed = torch.sparse_coo_tensor(data.edge_index.flip(0), data.edge_weight, (3, 3), check_invariants=True)
    for adjacency in (transposed, transposed.to_sparse_csr()):
        graph = TextGraph.from_pyg(Data(adj_t=adjacency, num_nodes=3))
        assert (graph.adjacency != TextGraph.from_pyg(data).adjacency).nnz == 0
    assert TextGraph.from_pyg(data).adjacency[1, 2] == 2


GRAPHS = {
    "texts": TextGraph.from_edges([(0, 1), (1, 2)], ["a", "", "猫"], titles=["A", "B", "C"], node_names=list("xyz")),
    "features": TextGraph.from_edges([(0, 1)], features=np.array([[1.5], [2], [3]])),
    "weighted and directed": TextGraph.from_edges([(0, 1), (2, 1)], weights=[0.5, 2], directed=True),
    "isolated": TextGraph.from_edges([(0, 1)], n_nodes=4),
    "no edges": TextGraph.from_edges([], texts=["a"]),
}


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS.keys())
def test_to_pyg_and_back_is_the_same_graph(graph):
    names = {
        argument: argument for argument in ("texts", "titles", "node_names") if getattr(graph, argument) is not None
    }

    again = TextGraph.from_pyg(graph.to_pyg(), **names)

    np.testing.assert_array_equal(dense(again), dense(graph))
    for name in ("texts", "titles", "node_names"):
        assert getattr(again, name) == getattr(graph, name)
    if graph.features is None:
        assert again.features is None
    else:
        np.testing.assert_array_equal(again.features, graph.features)


def test_pyg_and_back_is_the_same_data():
    data = Data(
        edge_index=torch.tensor([[1, 0, 2], [0, 1, 1]]), edge_weight=torch.tensor([1.0, 2.0, 3.0]), x=torch.eye(3)
    )

    again = TextGraph.from_pyg(data).to_pyg()

    edges = {
        tuple(edge): weight
        for edge, weight in zip(again.edge_index.T.tolist(), again.edge_weight.tolist(), strict=True)
    }
    assert edges == {(1, 0): 1.0, (0, 1): 2.0, (2, 1): 3.0}
    assert torch.equal(again.x, data.x)
    assert again.validate()


def test_to_pyg_labels_and_masks_the_targets_in_view():
    graph = TextGraph.from_edges([(0, 1), (1, 2)], n_nodes=4)[[3, 1]]

    data = graph.to_pyg(y=[7, 5])

    assert data.y.tolist() == [-1, 5, -1, 7]
    assert data.target_mask.tolist() == [False, True, False, True]
    assert data.num_nodes == 4
    assert "edge_weight" not in data
    assert "x" not in data


@pytest.mark.parametrize(
    ("y", "sentence"),
    [
        ([1], r"`y` must be 2 integers, one per target, got dtype int64 and shape \(1,\)"),
        (["a", "b"], "got dtype <U1 .*LabelEncoder"),
        ([0.0, 1.0], "got dtype float64"),
    ],
)
def test_to_pyg_refuses_labels_that_do_not_fit(y, sentence):
    with pytest.raises(GraphError, match=sentence):
        TextGraph.from_edges([(0, 1)]).to_pyg(y=y)


def test_to_pyg_copies_so_that_torch_cannot_change_the_graph():
    graph = TextGraph.from_edges([(0, 1)], features=np.zeros((2, 1), dtype=np.float32), weights=[2])
    data = graph.to_pyg()
    data.x += 1
    data.edge_weight += 1

    np.testing.assert_array_equal(graph.features, [[0], [0]])
    np.testing.assert_array_equal(dense(graph), [[0, 2], [2, 0]])
