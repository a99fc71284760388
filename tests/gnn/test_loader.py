"""What a step reads: the rows that a few targets need make the same output as the whole graph."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import torch
from torch import nn
from torch_geometric.nn import GATConv, GCNConv, SAGEConv

from skellagnn import TextGraph
from skellagnn.gnn._layered import Gathered
from skellagnn.gnn._loader import Reader, ahead
from skellagnn.gnn._sampling import NeighborSampler
from skellagnn.gnn._sparse import edges_for
from skellagnn.gnn._torch_state import seeded
from skellagnn.gnn._views import NodeFeatures
from skellagnn.gnn.backbones import BACKBONES, build_backbone

N_NODES, N_FEATURES, N_CLASSES = 60, 6, 3
GATHERING = ["sage", "gcn", "gin", "jknet", "sgc"]


def make_graph(seed=0, n_edges=90):
    """Directed and weighted; nodes 58 and 59 are isolated."""
    rng = np.random.default_rng(seed)
    edges = rng.integers(N_NODES - 2, size=(n_edges, 2))
    weights = rng.uniform(0.5, 2, size=n_edges)
    return TextGraph.from_edges(edges, weights=weights, directed=True, n_nodes=N_NODES).adjacency


ADJACENCY = make_graph()
RAW = np.random.default_rng(1).normal(size=(N_NODES, N_FEATURES)).astype(np.float32)
ACTIVE = np.array([31, 4, 58, 17, 9])
VIEWS = np.random.default_rng(2).normal(size=(5, 2, N_FEATURES)).astype(np.float32)
FEATURES = NodeFeatures(RAW, ACTIVE, VIEWS, np.ones((5, 2), dtype=bool), 0.6)
TARGETS = {
    "few": np.array([31, 4, 0]),
    "one isolated": np.array([59]),
    "all": np.arange(N_NODES),
    "half": np.arange(1, 60, 2),
}


def build(backbone, n_layers=2, hidden=5):
    with seeded(0):
        network = build_backbone(backbone, N_FEATURES, hidden, N_CLASSES, n_layers, 0.0)
        for parameter in network.parameters():  # biases and eps start at zero
            if parameter.dim() == 1:
                nn.init.normal_(parameter)
    return network.eval()


def outputs(network, inputs, x=None):
    """The network's output for the targets of some inputs."""
    with torch.no_grad():
        return inputs.scores(network, x).numpy()


def whole(network, rows=RAW):
    with torch.no_grad():
        return network(torch.tensor(rows), edges_for(network, ADJACENCY)).numpy()


class Own(nn.Module):
    """Two of PyG's layers; a batch has to reach two hops."""

    layer = SAGEConv

    def __init__(self, in_channels, hidden_channels, out_channels, n_layers, dropout):
        super().__init__()
        self.first = self.layer(in_channels, hidden_channels)
        self.second = self.layer(hidden_channels, out_channels)
        self.seen = []

    def forward(self, x, edge_index):
        self.seen.append(len(x))
        return self.second(self.first(x, edge_index).relu(), edge_index)


class OwnAttention(Own):
    layer = GATConv


# -- rows of the whole graph's output ----------------------------------------------------------------------------


@pytest.mark.parametrize("repeated", [True, False])
@pytest.mark.parametrize("which", TARGETS)
@pytest.mark.parametrize("n_layers", [1, 2, 3])
@pytest.mark.parametrize("name", BACKBONES)
def test_a_few_targets_get_their_rows_of_the_whole_graph(name, n_layers, which, repeated):
    network = build(name, n_layers)
    reader = Reader(network, ADJACENCY, RAW, "cpu", repeated=repeated)

    inputs = reader.read(TARGETS[which])

    assert isinstance(inputs.x, Gathered) is (name in GATHERING)
    np.testing.assert_allclose(outputs(network, inputs), whole(network)[TARGETS[which]], rtol=1e-5, atol=1e-5)
    again = reader.read(TARGETS[which])
    np.testing.assert_array_equal(outputs(network, again), outputs(network, inputs))


@pytest.mark.parametrize("which", TARGETS)
@pytest.mark.parametrize("name", BACKBONES)
def test_views_in_place_are_the_forward_on_changed_features(name, which):
    network = build(name)
    reader = Reader(network, ADJACENCY, RAW, "cpu", active=ACTIVE)
    inputs = reader.read(TARGETS[which])

    drawn = []
    for seed in range(4):
        x = inputs.draw(FEATURES, np.random.default_rng(seed))
        index, views = FEATURES.draw_views(np.random.default_rng(seed))
        changed = RAW.copy()
        changed[ACTIVE[index]] = views
        expected = whole(network, changed)[TARGETS[which]]
        np.testing.assert_allclose(outputs(network, inputs, x), expected, rtol=1e-4, atol=1e-5)
        drawn.append(np.abs(expected - whole(network)[TARGETS[which]]).max())

    assert (max(drawn) > 0.01) == (which != "one isolated")  # node 59 is not active and hears from nobody
    # what was read is not written to
    np.testing.assert_allclose(outputs(network, inputs), whole(network)[TARGETS[which]], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("backbone", [Own, OwnAttention])
@pytest.mark.parametrize("targets", [TARGETS["few"], TARGETS["one isolated"], np.array([20])])
def test_a_network_of_ones_own_gets_a_graph_that_reaches_as_deep_as_it_is(backbone, targets):
    network = build(backbone)
    expected = whole(network)[targets]

    inputs = Reader(network, ADJACENCY, RAW, "cpu", active=ACTIVE, reach=2).read(targets)

    np.testing.assert_allclose(outputs(network, inputs), expected, rtol=1e-5, atol=1e-5)
    assert network.seen[-1] == len(NeighborSampler(ADJACENCY).sample(targets, 2).nodes) < N_NODES
    # one hop is too little for two layers: the test above can fail
    short = Reader(network, ADJACENCY, RAW, "cpu", reach=1).read(TARGETS["few"])
    assert np.abs(outputs(network, short) - whole(network)[TARGETS["few"]]).max() > 1e-3


def test_layers_that_look_at_degrees_of_senders_need_one_hop_more():
    class OwnConvolution(Own):
        layer = GCNConv

    network = build(OwnConvolution)
    expected = whole(network)[TARGETS["few"]]

    for reach, exact in ((2, False), (3, True)):
        inputs = Reader(network, ADJACENCY, RAW, "cpu", reach=reach).read(TARGETS["few"])
        assert np.allclose(outputs(network, inputs), expected, rtol=1e-5, atol=1e-5) is exact


def test_views_reach_a_network_of_ones_own():
    network = build(Own)
    inputs = Reader(network, ADJACENCY, RAW, "cpu", active=ACTIVE).read(TARGETS["few"])
    changed = RAW.copy()
    changed[ACTIVE] = VIEWS[:, 0]
    one_view = NodeFeatures(RAW, ACTIVE, VIEWS[:, :1], np.ones((5, 1), dtype=bool))

    x = inputs.draw(one_view, np.random.default_rng(0))

    np.testing.assert_allclose(
        outputs(network, inputs, x), whole(network, changed)[TARGETS["few"]], rtol=1e-4, atol=1e-5
    )


def test_outside_of_batches_a_network_of_ones_own_sees_the_whole_graph():
    network = build(Own)

    inputs = Reader(network, ADJACENCY, RAW, "cpu", reach=1, whole=True).read(TARGETS["few"])

    np.testing.assert_allclose(outputs(network, inputs), whole(network)[TARGETS["few"]], rtol=1e-6, atol=1e-6)
    assert network.seen[0] == N_NODES


@pytest.mark.parametrize("form", ["mean", "symmetric", "sum", "none"])
def test_a_network_of_ones_own_may_name_its_form(form):
    class Formed(Own):
        edge_form = form

        def __init__(self, *arguments):
            nn.Module.__init__(self)
            self.linear = nn.Linear(N_FEATURES, N_CLASSES)

        def forward(self, x, edges):
            return self.linear(x) if edges is None else edges(edges(self.linear(x)).relu())

    network = build(Formed)

    inputs = Reader(network, ADJACENCY, RAW, "cpu", reach=2).read(TARGETS["few"])

    np.testing.assert_allclose(outputs(network, inputs), whole(network)[TARGETS["few"]], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("name", ["sage", "appnp"])
def test_rows_may_be_half_precise_and_mapped(name, dtype, tmp_path):
    np.save(tmp_path / "rows.npy", RAW.astype(dtype))
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    network = build(name)

    for repeated in (True, False):
        inputs = Reader(network, ADJACENCY, mapped, "cpu", active=ACTIVE, repeated=repeated).read(TARGETS["few"])
        expected = whole(network, RAW.astype(dtype).astype(np.float32))[TARGETS["few"]]
        # the table of aggregated rows is kept in the precision of the rows
        tolerance = 1e-5 if dtype == np.float32 else 5e-3
        np.testing.assert_allclose(outputs(network, inputs), expected, rtol=tolerance, atol=tolerance)


# -- samples -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in BACKBONES if name != "mlp"])
def test_samples_change_the_output_and_all_neighbors_are_no_sample(name):
    network = build(name, 2)
    expected = whole(network)[TARGETS["half"]]

    def read(sample_size, seed):
        reader = Reader(network, ADJACENCY, RAW, "cpu", sample_size=sample_size)
        return outputs(network, reader.read(TARGETS["half"], np.random.default_rng(seed)))

    assert np.abs(read(1, 0) - expected).max() > 1e-3
    np.testing.assert_array_equal(read(1, 0), read(1, 0))
    assert not np.array_equal(read(1, 0), read(1, 1))
    np.testing.assert_allclose(read(100, 0), expected, rtol=1e-5, atol=1e-5)


# -- prepared ahead ----------------------------------------------------------------------------------------------


def workers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("skellagnn-batches")]


def test_ahead_yields_the_same_in_the_same_order_from_another_thread():
    threads = set()

    def steps():
        for step in range(50):
            threads.add(threading.current_thread().name)
            yield step

    assert list(ahead(steps())) == list(range(50))
    assert len(threads) == 1
    assert threading.current_thread().name not in threads
    assert workers() == []


def test_ahead_of_nothing():
    assert list(ahead(iter([]))) == []
    assert list(ahead(iter([None, None]))) == [None, None]


def test_the_next_step_is_prepared_while_one_is_in_use():
    prepared = threading.Event()

    def steps():
        yield 0
        prepared.set()
        yield 1

    stream = ahead(steps())
    assert next(stream) == 0
    assert prepared.wait(10)  # nobody asked for it yet
    assert list(stream) == [1]


def test_ahead_passes_errors_on_in_their_place():
    def steps():
        yield 1
        yield 2
        raise ZeroDivisionError("in the third step")

    seen = []
    with pytest.raises(ZeroDivisionError, match="in the third step"):
        seen.extend(ahead(steps()))
    stream = ahead(steps())
    assert [next(stream), next(stream)] == [1, 2]
    with pytest.raises(ZeroDivisionError):
        next(stream)
    assert workers() == []


def test_ahead_stops_its_thread_when_closed_early():
    def steps():
        step = 0
        while True:
            made.append(step)
            yield step
            step += 1

    made = []
    stream = ahead(steps())
    assert [next(stream), next(stream)] == [0, 1]
    assert len(workers()) == 1

    stream.close()

    assert workers() == []
    count = len(made)
    assert count <= 3  # one step ahead, not more
    time.sleep(0.02)
    assert len(made) == count
