"""The networks: their numbers against PyG's own layers and against dense arithmetic, and the contract of the table."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from scipy import sparse
from torch import nn
from torch.nn import functional as F
from torch_geometric.nn import APPNP, GATConv, GCN2Conv, GCNConv, GINConv, JumpingKnowledge, SAGEConv, SGConv

from skellagnn import TextGraph
from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn._network_state import network_arrays, network_from_arrays
from skellagnn.gnn._sparse import edges_for
from skellagnn.gnn._torch_state import seeded
from skellagnn.gnn.backbones import BACKBONES, build_backbone, dropout

N_NODES, N_FEATURES, N_HIDDEN, N_CLASSES = 12, 7, 5, 3
MESSAGE_PASSING = sorted(set(BACKBONES) - {"mlp"})
NORMALIZED = ["gcn", "gcn2", "appnp", "jknet", "sgc"]
WEIGHTED = ["sage", "gin", *NORMALIZED]


def make_graph(*, directed=False, weighted=False, seed=0):
    """Nodes 10 and 11 are isolated."""
    rng = np.random.default_rng(seed)
    edges = rng.integers(N_NODES - 2, size=(30, 2))
    weights = rng.uniform(0.2, 3, size=30) if weighted else None
    return TextGraph.from_edges(edges, weights=weights, directed=directed, n_nodes=N_NODES)


KINDS = {
    "undirected": make_graph(),
    "directed": make_graph(directed=True),
    "weighted": make_graph(weighted=True),
    "directed and weighted": make_graph(directed=True, weighted=True),
    "without edges": TextGraph.from_edges([], n_nodes=N_NODES),
}


def rows(n_nodes=N_NODES, n_features=N_FEATURES, seed=0):
    return torch.tensor(np.random.default_rng(seed).normal(size=(n_nodes, n_features)), dtype=torch.float32)


def build(name, n_layers=2, dropout=0.0, hidden=N_HIDDEN, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = build_backbone(name, N_FEATURES, hidden, N_CLASSES, n_layers, dropout)
        for parameter in network.parameters():  # biases and eps start at zero: give them something to do
            if parameter.dim() == 1:
                nn.init.normal_(parameter)
    return network.eval()


def run(network, graph, x):
    with torch.no_grad():
        return network(x, edges_for(network, graph.adjacency))


def pyg_edges(graph):
    coo = graph.adjacency.tocoo()
    return torch.tensor(np.stack([coo.col, coo.row]).astype(np.int64)), torch.tensor(coo.data)


def assert_close(actual, expected, tolerance=1e-5):
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


# -- the same numbers as PyG's layers ----------------------------------------------------------------------------


def pyg_twin(network, name):
    """Return ``forward(x, edge_index, edge_weight)`` of PyG's layers with the weights of ``network``."""
    if name == "sage":
        layers = [SAGEConv(layer.lin_l.in_features, layer.lin_l.out_features) for layer in network.layers]
    elif name in ("gcn", "jknet"):
        layers = [GCNConv(layer.lin.in_features, layer.lin.out_features) for layer in network.layers]
    elif name == "gin":
        layers = [GINConv(copy.deepcopy(layer.mlp), train_eps=True) for layer in network.layers]
        for layer, original in zip(layers, network.layers, strict=True):
            layer.load_state_dict({name.replace("mlp.", "nn."): value for name, value in original.state_dict().items()})
    if name in ("sage", "gcn", "jknet"):
        for layer, original in zip(layers, network.layers, strict=True):
            layer.load_state_dict(original.state_dict())
    if name in ("sage", "gcn", "gin"):

        def layered(x, edge_index, weights):
            for i, layer in enumerate(layers):
                x = x.relu() if i else x
                x = layer(x, edge_index, weights) if name == "gcn" else layer(x, edge_index)
            return x

        return layered
    if name == "jknet":
        jump = JumpingKnowledge("max")

        def jknet(x, edge_index, weights):
            made = []
            for layer in layers:
                made.append(layer(made[-1] if made else x, edge_index, weights).relu())
            return network.last(jump(made))

        return jknet
    if name == "sgc":
        convolution = SGConv(N_FEATURES, N_CLASSES, K=network.n_propagations)
        convolution.load_state_dict(network.state_dict(prefix=""))
        return convolution
    if name == "gcn2":
        convolutions = [
            GCN2Conv(N_HIDDEN, alpha=network.alpha, theta=network.theta, layer=i)
            for i in range(1, len(network.weights) + 1)
        ]
        for convolution, weight in zip(convolutions, network.weights, strict=True):
            convolution.load_state_dict({"weight1": weight.detach()})

        def gcn2(x, edge_index, weights):
            x = initial = network.first(x).relu()
            for convolution in convolutions:
                x = convolution(x, initial, edge_index, weights).relu()
            return network.last(x)

        return gcn2
    if name == "appnp":
        propagate = APPNP(K=network.n_steps, alpha=network.alpha)

        def appnp(x, edge_index, weights):
            for i, layer in enumerate(network.mlp.layers):
                x = F.linear(x.relu() if i else x, layer.weight, layer.bias)
            return propagate(x, edge_index, weights)

        return appnp
    assert name == "gat"
    layers = []
    for i, original in enumerate(network.layers):
        last = i == len(network.layers) - 1
        layers.append(
            GATConv(original.in_channels, original.out_channels, heads=1 if last else 8, add_self_loops=True).eval()
        )
        layers[-1].load_state_dict(original.state_dict())

    def gat(x, edge_index, weights):
        for i, layer in enumerate(layers):
            x = layer(F.elu(x) if i else x, edge_index)
        return x

    return gat


@pytest.mark.parametrize("n_layers", [1, 2, 3])
@pytest.mark.parametrize("kind", ["undirected", "directed", "without edges"])
@pytest.mark.parametrize("name", MESSAGE_PASSING)
def test_numbers_are_those_of_pyg(name, kind, n_layers):
    network, graph, x = build(name, n_layers), KINDS[kind], rows()
    edge_index, _ = pyg_edges(graph)

    with torch.no_grad():
        expected = pyg_twin(network, name)(x, edge_index, None)

    assert expected.std() > 0.05
    assert_close(run(network, graph, x), expected)


@pytest.mark.parametrize("kind", ["weighted", "directed and weighted"])
@pytest.mark.parametrize("name", NORMALIZED)
def test_weights_count_as_in_pyg(name, kind):
    network, graph, x = build(name, 2), KINDS[kind], rows()
    edge_index, weights = pyg_edges(graph)

    with torch.no_grad():
        expected = pyg_twin(network, name)(x, edge_index, weights)

    assert_close(run(network, graph, x), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_sage_is_a_weighted_mean_of_the_neighbors(kind):
    network, x = build("sage", 1), rows()
    adjacency = torch.tensor(KINDS[kind].adjacency.toarray())
    layer = network.layers[0]

    mean = adjacency @ x / adjacency.sum(dim=1, keepdim=True).clamp(min=1e-9)

    expected = F.linear(mean, layer.lin_l.weight, layer.lin_l.bias) + F.linear(x, layer.lin_r.weight)
    assert_close(run(network, KINDS[kind], x), expected.detach())


@pytest.mark.parametrize("kind", KINDS)
def test_gin_is_a_weighted_sum_of_the_neighbors(kind):
    network, x = build("gin", 1), rows()
    layer = network.layers[0]

    with torch.no_grad():
        expected = layer.mlp(torch.tensor(KINDS[kind].adjacency.toarray()) @ x + (1 + layer.eps) * x)

    assert_close(run(network, KINDS[kind], x), expected)


@pytest.mark.parametrize(("wide", "narrow"), [(8, 3), (3, 8), (4, 4)])
@pytest.mark.parametrize("name", ["sage", "gcn"])
def test_multiplying_on_the_narrower_side_changes_nothing(name, wide, narrow):
    graph, x = KINDS["directed and weighted"], rows(n_features=wide)
    network = build_backbone(name, wide, 4, narrow, 1, 0.0).eval()
    edges = edges_for(network, graph.adjacency)
    layer = network.layers[0]

    with torch.no_grad():
        expected = layer.lin_l(edges(x)) + layer.lin_r(x) if name == "sage" else layer.lin(edges(x)) + layer.bias

    assert_close(run(network, graph, x), expected)


def test_settings_are_those_of_the_papers():
    assert (build("appnp").n_steps, build("appnp").alpha) == (10, 0.1)
    assert (build("gcn2").alpha, build("gcn2").theta) == (0.1, 0.5)
    assert [layer.heads for layer in build("gat", 3).layers] == [8, 8, 1]


def test_mlp_hears_from_nobody():
    network, x = build("mlp", 3), rows()

    expected = x
    for i, layer in enumerate(network.layers):
        expected = F.linear(expected.relu() if i else expected, layer.weight, layer.bias)

    assert_close(run(network, KINDS["undirected"], x), expected.detach(), 0)
    assert_close(run(network, KINDS["without edges"], x), expected.detach(), 0)


# -- the contract of the table -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_layers", [1, 2, 3, 4])
@pytest.mark.parametrize("name", BACKBONES)
def test_one_row_of_scores_per_node(name, n_layers):
    network, x = build(name, n_layers, dropout=0.5, hidden=11), rows()  # 11 is no multiple of the eight heads

    first, second = (run(network, KINDS["directed and weighted"], x) for _ in range(2))

    assert first.shape == (N_NODES, N_CLASSES)
    assert torch.isfinite(first).all()
    assert torch.equal(first, second)
    assert len({tuple(row.tolist()) for row in first}) == N_NODES


@pytest.mark.parametrize("hidden", [1, 7, 8, 17])
@pytest.mark.parametrize("name", BACKBONES)
def test_two_classes_and_any_width(name, hidden):
    network = build_backbone(name, N_FEATURES, hidden, 2, 2, 0.1).eval()

    assert run(network, KINDS["undirected"], rows()).shape == (N_NODES, 2)


@pytest.mark.parametrize("name", BACKBONES)
def test_every_parameter_learns(name):
    network, graph = build(name, 3).train(), KINDS["directed"]

    network(rows(), edges_for(network, graph.adjacency)).pow(2).sum().backward()

    assert all(parameter.grad.abs().max() > 0 for parameter in network.parameters())


@pytest.mark.parametrize("name", BACKBONES)
def test_dropout_works_in_training_only(name):
    network, graph, x = build(name, 2, dropout=0.5), KINDS["undirected"], rows()
    calm = run(network, graph, x)

    with torch.random.fork_rng():
        torch.manual_seed(0)
        first, second = (run(network.train(), graph, x) for _ in range(2))
        torch.manual_seed(0)
        again = run(network, graph, x)

    assert not torch.equal(first, second)
    assert not torch.equal(first, calm)
    assert torch.equal(first, again)
    assert torch.equal(run(build(name, 2, dropout=0.0).train(), graph, x), run(build(name, 2), graph, x))


@pytest.mark.parametrize("name", BACKBONES)
def test_the_same_seed_builds_the_same_network(name):
    one, same, other = build(name, seed=1), build(name, seed=1), build(name, seed=2)

    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("name", BACKBONES)
def test_a_network_pickles_with_its_numbers(name):
    network, x = build(name), rows()

    twin = pickle.loads(pickle.dumps(network))

    assert torch.equal(run(twin, KINDS["weighted"], x), run(network, KINDS["weighted"], x))


@pytest.mark.parametrize("n_layers", [1, 2, 7])
@pytest.mark.parametrize("name", BACKBONES)
def test_arrays_make_the_network_again(name, n_layers):
    network, x = build(name, n_layers), rows()

    twin = network_from_arrays(name, N_FEATURES, N_HIDDEN, N_CLASSES, n_layers, 0.0, network_arrays(network))

    assert torch.equal(run(twin, KINDS["weighted"], x), run(network, KINDS["weighted"], x))


# -- metamorphic -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BACKBONES)
def test_renumbering_the_nodes_renumbers_the_scores(name):
    graph, x = KINDS["directed and weighted"], rows()
    order = np.random.default_rng(3).permutation(N_NODES)
    renumbered = TextGraph(graph.adjacency[order][:, order])
    network = build(name, 3)

    assert_close(run(network, renumbered, x[order]), run(network, graph, x)[order])


@pytest.mark.parametrize("name", BACKBONES)
def test_the_order_of_the_edges_does_not_matter(name):
    edges = np.random.default_rng(4).integers(N_NODES, size=(25, 2))
    shuffled = np.random.default_rng(5).permutation(edges)
    network, x = build(name), rows()

    one, other = (TextGraph.from_edges(listed, directed=True, n_nodes=N_NODES) for listed in (edges, shuffled))

    assert torch.equal(run(network, one, x), run(network, other, x))


@pytest.mark.parametrize("name", BACKBONES)
def test_one_more_isolated_node_changes_nothing_for_the_others(name):
    graph, x = KINDS["directed"], rows()
    coo = graph.adjacency.tocoo()
    larger = TextGraph(sparse.csr_array((coo.data, (coo.row, coo.col)), shape=(N_NODES + 1, N_NODES + 1)))
    network = build(name, 3)

    assert_close(run(network, larger, rows(N_NODES + 1))[:-1], run(network, graph, x), 1e-6)


@pytest.mark.parametrize("name", MESSAGE_PASSING)
def test_messages_run_from_source_to_target(name):
    graph = TextGraph.from_edges([(0, 1)], directed=True, n_nodes=3)
    network, x = build(name, 1), rows(3)
    before = run(network, graph, x)

    source, target = x.clone(), x.clone()
    source[0] += 1
    target[1] += 1

    changed = (run(network, graph, source) - before).abs().amax(dim=1) > 1e-6
    assert changed.tolist() == [True, True, False]
    changed = (run(network, graph, target) - before).abs().amax(dim=1) > 1e-6
    assert changed.tolist() == [False, True, False]


@pytest.mark.parametrize("name", WEIGHTED)
def test_a_heavier_edge_is_heard_more(name):
    graphs = [
        TextGraph.from_edges([(0, 2), (1, 2)], weights=[weight, 1], directed=True) for weight in (0.01, 1.0, 100.0)
    ]
    network, x = build(name, 1), rows(3)
    moved = x.clone()
    moved[0] += 0.1

    effects = [(run(network, graph, moved) - run(network, graph, x))[2].norm().item() for graph in graphs]

    assert effects[0] < effects[1]
    if name not in NORMALIZED:  # there a weight of its own scales the whole row down
        assert effects[1] < effects[2]


@pytest.mark.parametrize("name", BACKBONES)
def test_arrays_of_a_worker_are_read_only_and_stay_as_they_are(name):
    adjacency = KINDS["directed and weighted"].adjacency.copy()
    arrays = (adjacency.data, adjacency.indices, adjacency.indptr)
    kept = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    network = build(name)

    frozen = network(rows(), edges_for(network, adjacency)).detach()

    assert torch.equal(frozen, run(network, KINDS["directed and weighted"], rows()))
    for array, before in zip(arrays, kept, strict=True):
        np.testing.assert_array_equal(array, before)


# -- building ----------------------------------------------------------------------------------------------------


def test_a_factory_gets_five_numbers_by_position():
    seen = []

    def factory(*arguments):
        seen.append(arguments)
        return nn.Bilinear(3, 3, 2)

    network = build_backbone(factory, 3, 4, 2, 5, 0.25)

    assert seen == [(3, 4, 2, 5, 0.25)]
    assert isinstance(network, nn.Bilinear)


def test_a_class_is_a_factory():
    class Mine(nn.Module):
        def __init__(self, in_channels, hidden_channels, out_channels, n_layers, dropout):
            super().__init__()
            self.convolution = SAGEConv(in_channels, out_channels)

        def forward(self, x, edge_index):
            return self.convolution(x, edge_index)

    graph, x = KINDS["directed"], rows()
    network = build_backbone(Mine, N_FEATURES, 4, N_CLASSES, 1, 0.0).eval()
    built_in = build("sage", 1)
    network.convolution.load_state_dict(built_in.layers[0].state_dict())

    assert_close(run(network, graph, x), run(built_in, graph, x))


@pytest.mark.parametrize(
    ("name", "closest"), [("grafsage", "sage"), ("GCN", "gcn"), ("gatt", "gat"), ("apnp", "appnp")]
)
def test_an_unknown_name_gets_the_closest_one(name, closest):
    with pytest.raises(
        InvalidParameterError,
        match=rf"`backbone` must be one of 'sage', .* or a factory .*, got '{name}'\. Did you mean '{closest}'\?",
    ):
        build_backbone(name, 3, 4, 2, 2, 0.0)


def test_a_ready_module_is_refused_with_the_way_to_pass_it():
    with pytest.raises(
        InvalidParameterError, match=r"got a ready module Linear, whose weights .* Pass a function that builds it"
    ):
        build_backbone(nn.Linear(3, 2), 3, 4, 2, 2, 0.0)


@pytest.mark.parametrize("wrong", [None, 3, ["sage"], {"name": "sage"}])
def test_what_is_no_factory_is_refused(wrong):
    with pytest.raises(
        InvalidParameterError, match=r"`backbone` must be one of 'sage', .* or a factory of an nn.Module, got "
    ):
        build_backbone(wrong, 3, 4, 2, 2, 0.0)


@pytest.mark.parametrize(("made", "kind"), [(None, "NoneType"), (nn.Linear, "type"), (torch.zeros(2), "Tensor")])
def test_a_factory_must_build_a_module(made, kind):
    with pytest.raises(InvalidParameterError, match=f"`backbone` must build an nn.Module, got {kind} from the factory"):
        build_backbone(lambda *arguments: made, 3, 4, 2, 2, 0.0)


def test_a_factory_must_take_the_five_arguments():
    with pytest.raises(
        InvalidParameterError,
        match=r"called with five arguments, \(in_channels, .* dropout\), got one that takes \(wide, narrow\)\. Wrap it",
    ):
        build_backbone(lambda wide, narrow: nn.Bilinear(wide, wide, narrow), 3, 4, 2, 2, 0.0)


def test_an_error_inside_a_factory_is_its_own():
    def factory(in_channels, hidden_channels, out_channels, n_layers, dropout):
        return nn.Linear()

    with pytest.raises(TypeError, match="in_features"):
        build_backbone(factory, 3, 4, 2, 2, 0.0)


def test_forward_must_take_the_edges():
    with pytest.raises(
        InvalidParameterError, match=r"module with forward\(x, edge_index\), got Linear, whose forward takes \(input"
    ):
        build_backbone(lambda *arguments: nn.Linear(3, 2), 3, 4, 2, 2, 0.0)


@pytest.mark.parametrize("made", [nn.CosineSimilarity, lambda: nn.Bilinear(3, 3, 2).requires_grad_(False)])
def test_a_module_must_have_something_to_train(made):
    with pytest.raises(InvalidParameterError, match=r"must build a module with parameters to train, got .* with none"):
        build_backbone(lambda *arguments: made(), 3, 4, 2, 2, 0.0)


# -- dropout -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_drops_its_share_at_every_place_and_keeps_the_mean(p):
    with seeded(0):
        dropped = dropout(torch.ones(1001, 401), p, True)
    entries = dropped.flatten()
    scale = entries.max().item()
    assert scale == pytest.approx(1 / (1 - p), rel=1e-4)
    assert set(entries.unique().tolist()) == {0.0, scale}
    # one random number decides four entries: each of the four must drop its share, none together with its neighbor
    zeros = (entries[: len(entries) // 4 * 4].view(-1, 4) == 0).double()
    assert zeros.mean(dim=0).tolist() == pytest.approx([p] * 4, abs=0.01)
    together = (zeros[:, :-1] * zeros[:, 1:]).mean(dim=0).tolist()
    assert together == pytest.approx([p * p] * 3, abs=0.01)


def test_dropout_passes_gradients_where_it_passes_values():
    x = torch.randn(50, 7, requires_grad=True)
    with seeded(0):
        dropped = dropout(x, 0.5, True)
    dropped.sum().backward()
    assert torch.equal(x.grad != 0, dropped != 0)
    assert torch.allclose(x.grad * x, dropped)


def test_dropout_is_off_outside_of_training():
    x = torch.randn(3, 2)
    assert dropout(x, 0.5, False) is x
    assert dropout(x, 0.0, True) is x
    assert torch.equal(dropout(torch.empty(0, 3), 0.5, True), torch.empty(0, 3))
