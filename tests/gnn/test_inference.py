"""Prediction: exact, on raw vectors, and without a trace in the network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from skellagnn import TextGraph
from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn import _inference as inference
from skellagnn.gnn import backbones as networks
from skellagnn.gnn._inference import check_output, predict_logits, to_tensor
from skellagnn.gnn._layered import hidden_layer
from skellagnn.gnn._sparse import edges_for
from skellagnn.gnn.backbones import BACKBONES, build_backbone

ADJACENCY = TextGraph.from_edges([(0, 1), (1, 2), (2, 3)], n_nodes=5).adjacency
RAW = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)


class Recorder(nn.Module):
    """x W plus the number of messages heard; keeps how it was called."""

    def __init__(self, fail=False):
        super().__init__()
        self.weight = nn.Parameter(torch.arange(8.0).reshape(4, 2))
        self.fail = fail
        self.calls, self.moves = [], []

    def forward(self, x, edge_index):
        self.calls.append((self.training, torch.is_grad_enabled(), x, edge_index))
        if self.fail:
            raise RuntimeError("out of memory")
        return x @ self.weight + torch.bincount(edge_index[1], minlength=len(x))[:, None]

    def to(self, device):
        self.moves.append(torch.device(device).type)
        return self


def test_logits_are_those_of_one_pass_over_all_nodes():
    network = Recorder()

    logits = predict_logits(network, ADJACENCY, RAW)

    np.testing.assert_allclose(logits, RAW @ np.arange(8.0).reshape(4, 2) + [[1], [2], [2], [1], [0]], rtol=1e-5)
    assert logits.dtype == np.float32
    ((training, grad_enabled, x, edge_index),) = network.calls
    assert not training
    assert not grad_enabled
    assert x.numpy().tolist() == RAW.tolist()
    assert edge_index.tolist() == [[1, 0, 2, 1, 3, 2], [0, 1, 1, 2, 2, 3]]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("fail", [True, False])
def test_the_network_is_left_as_it_was_found(training, fail):
    network = Recorder(fail).train(training)

    if fail:
        with pytest.raises(RuntimeError, match="out of memory"):
            predict_logits(network, ADJACENCY, RAW)
    else:
        predict_logits(network, ADJACENCY, RAW)

    assert network.training is training
    assert network.weight.grad is None


def test_a_network_is_moved_back_where_it_lives():
    network = Recorder(fail=True)

    # "meta" stands in for a GPU: the network above only notes where it was sent
    with pytest.raises(RuntimeError, match="out of memory"):
        predict_logits(network, TextGraph.from_edges([], n_nodes=5).adjacency, RAW, device="meta")

    assert network.moves == ["meta", "cpu"]


@pytest.mark.parametrize("name", BACKBONES)
def test_predicting_twice_gives_the_same_to_the_bit_and_no_dropout(name):
    network = build_backbone(name, 4, 8, 3, 2, 0.9).train()

    first = predict_logits(network, ADJACENCY, RAW)

    np.testing.assert_array_equal(first, predict_logits(network, ADJACENCY, RAW))
    assert first.shape == (5, 3)
    assert network.training


# -- layer by layer, block by block ------------------------------------------------------------------------------

N_NODES, N_FEATURES = 50, 6
# directed and weighted; nodes 48 and 49 are isolated
LARGER = TextGraph.from_edges(
    np.random.default_rng(1).integers(N_NODES - 2, size=(120, 2)),
    weights=np.random.default_rng(2).uniform(0.5, 2, size=120),
    directed=True,
    n_nodes=N_NODES,
).adjacency
ROWS = np.random.default_rng(3).normal(size=(N_NODES, N_FEATURES)).astype(np.float32)
TARGETS = {
    "all by default": None,
    "all": np.arange(N_NODES),
    "all, reversed": np.arange(N_NODES)[::-1],
    "some in any order": np.array([40, 3, 17, 49, 0]),
    "repeated": np.array([5, 49, 5, 5, 2, 49]),
    "all and more": np.concatenate([np.arange(N_NODES), [7, 7]]),
    "one": np.array([11]),
    "none": np.empty(0, dtype=np.int64),
}


def make_network(name, n_layers=2, hidden=9):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_backbone(name, N_FEATURES, hidden, 3, n_layers, 0.5)
        for parameter in network.parameters():  # biases and eps start at zero
            if parameter.dim() == 1:
                nn.init.normal_(parameter)
    return network.eval()


def at_once(network, rows=ROWS):
    with torch.no_grad():
        return network(torch.tensor(rows, dtype=torch.float32), edges_for(network, LARGER)).numpy()


@pytest.fixture(params=[1, 7, N_NODES])
def block(request, monkeypatch):
    """Rows of a block, where memory is short."""
    monkeypatch.setattr(inference, "SMALLEST_BLOCK", request.param)
    monkeypatch.setattr(inference, "BLOCK_FRACTION", 0.0)
    return request.param


@pytest.mark.parametrize("which", TARGETS)
@pytest.mark.parametrize(("n_layers", "hidden"), [(1, 9), (3, 3)])
@pytest.mark.parametrize("name", BACKBONES)
def test_blocks_of_a_layer_are_the_whole_graph(name, n_layers, hidden, which, block):
    network, targets = make_network(name, n_layers, hidden), TARGETS[which]
    expected = at_once(network)

    logits = predict_logits(network, LARGER, ROWS, targets=targets)

    expected = expected if targets is None else expected[targets]
    assert logits.shape == expected.shape
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "hidden", "aggregates"),
    [("sage", 3, False), ("gcn", 3, False), ("sage", 9, True), ("gcn", 9, True), ("gin", 3, True)],
)
def test_the_first_layer_multiplies_on_its_narrower_side_unless_in_blocks(name, hidden, aggregates, block, monkeypatch):
    network = make_network(name, 2, hidden)
    calls = []
    original = network.propagate_gathered
    monkeypatch.setattr(network, "propagate_gathered", lambda gathered: calls.append(1) or original(gathered))

    logits = predict_logits(network, LARGER, ROWS)

    assert bool(calls) is (aggregates or block < N_NODES)
    np.testing.assert_allclose(logits, at_once(network), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("which", TARGETS)
def test_targets_of_a_network_of_ones_own(which):
    targets = TARGETS[which]
    network = Recorder()
    network.weight = nn.Parameter(torch.ones(N_FEATURES, 2))
    expected = predict_logits(network, LARGER, ROWS)

    logits = predict_logits(network, LARGER, ROWS, targets=targets)

    np.testing.assert_array_equal(logits, expected if targets is None else expected[targets])


@pytest.mark.parametrize("name", BACKBONES)
def test_blocks_get_smaller_where_memory_is_short(name, monkeypatch):
    """However little there is, the logits are those of one block."""
    monkeypatch.setattr(inference, "SMALLEST_BLOCK", 4)
    network = make_network(name)
    sizes = []
    decode = network.decode
    monkeypatch.setattr(network, "decode", lambda x: sizes.append(len(x)) or decode(x))
    logits, largest = {}, {}
    for free in (10**9, 60_000, 0):
        monkeypatch.setattr(inference, "available_memory", lambda free=free: free)
        sizes.clear()
        logits[free] = predict_logits(network, LARGER, ROWS)
        largest[free] = max(sizes)

    assert largest[10**9] == N_NODES > largest[60_000] > largest[0] == 4
    for few in (60_000, 0):
        np.testing.assert_allclose(logits[few], logits[10**9], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("name", BACKBONES)
def test_rows_may_be_half_precise_and_on_disk(name, mapped, dtype, block, tmp_path):
    rows = ROWS.astype(dtype)
    if mapped:
        np.save(tmp_path / "rows.npy", rows)
        rows = np.load(tmp_path / "rows.npy", mmap_mode="r")
    network = make_network(name)

    logits = predict_logits(network, LARGER, rows, targets=TARGETS["repeated"])

    np.testing.assert_allclose(logits, at_once(network, rows)[TARGETS["repeated"]], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(logits, at_once(network)[TARGETS["repeated"]], rtol=0.02, atol=0.05)


@pytest.mark.parametrize("name", BACKBONES)
def test_layers_that_do_not_fit_into_memory_are_on_disk(name, block, monkeypatch):
    kinds = []
    scratch = inference.scratch_array

    def watched(*arguments):
        kinds.append(type(array := scratch(*arguments)))
        return array

    monkeypatch.setattr(inference, "scratch_array", watched)
    monkeypatch.setattr("skellagnn.base.resources.available_memory", lambda: 0)
    network = make_network(name)

    np.testing.assert_allclose(predict_logits(network, LARGER, ROWS), at_once(network), rtol=1e-5, atol=1e-5)
    assert set(kinds) == ({np.memmap} if block < N_NODES else set())


@pytest.mark.parametrize("name", BACKBONES)
def test_a_graph_without_edges(name, block):
    network = make_network(name)
    lonely = TextGraph.from_edges([], n_nodes=N_NODES).adjacency
    with torch.no_grad():
        expected = network(torch.tensor(ROWS), edges_for(network, lonely)).numpy()

    np.testing.assert_allclose(predict_logits(network, lonely, ROWS), expected, rtol=1e-5, atol=1e-5)
    assert predict_logits(network, lonely, ROWS, targets=np.empty(0, dtype=np.int64)).shape == (0, 3)


def test_rows_of_a_worker_are_read_only_and_copied():
    raw = RAW.copy()
    raw.flags.writeable = False

    tensor = to_tensor(raw, "cpu")
    tensor += 1
    logits = predict_logits(Recorder(), ADJACENCY, raw)

    assert raw.tolist() == RAW.tolist()
    np.testing.assert_array_equal(logits, predict_logits(Recorder(), ADJACENCY, RAW))


def test_a_network_without_parameters_works():
    class Sum(nn.Module):
        def forward(self, x, edge_index):
            return x[:, :2]

    np.testing.assert_array_equal(predict_logits(Sum(), ADJACENCY, RAW), RAW[:, :2])


@pytest.mark.parametrize("name", ["gin", "gcn2"])
def test_scores_that_are_no_numbers_are_no_prediction(name):
    network = make_network(name)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1e20)

    with pytest.raises(InvalidParameterError, match=r"`X` must .* finite class scores, got NaN .* for 50 of 50 nodes"):
        predict_logits(network, LARGER, ROWS)


def test_a_class_may_be_impossible_but_not_all_of_them():
    class Masked(nn.Module):
        def forward(self, x, edge_index):
            scores = x[:, :2].clone()
            scores[0, 1] = -torch.inf
            scores[1:3] = -torch.inf if self.all_of_them else 0.0
            return scores

    network = Masked()
    network.all_of_them = False
    assert predict_logits(network, ADJACENCY, RAW)[0, 1] == -np.inf
    network.all_of_them = True
    with pytest.raises(InvalidParameterError, match="for 2 of 5 nodes"):
        predict_logits(network, ADJACENCY, RAW)


def test_a_network_of_fewer_rows_is_refused():
    class Few(nn.Module):
        def forward(self, x, edge_index):
            return x[:3, :2]

    for targets in (None, np.array([4])):
        with pytest.raises(InvalidParameterError, match="a row of scores for each of 5 nodes, got 3 rows"):
            predict_logits(Few(), ADJACENCY, RAW, targets=targets)


def test_the_right_output_passes():
    check_output(torch.zeros(5, 3), 5, 3, "mine")


@pytest.mark.parametrize(
    ("output", "got"),
    [
        (torch.zeros(5, 2), r"\(5, 2\)"),
        (torch.zeros(3, 5), r"\(3, 5\)"),
        (torch.zeros(5), r"\(5,\)"),
        (torch.zeros(1, 5, 3), r"\(1, 5, 3\)"),
        (np.zeros((5, 3)), "ndarray"),
        ((torch.zeros(5, 3), None), "tuple"),
        (None, "NoneType"),
    ],
)
def test_another_output_is_refused(output, got):
    with pytest.raises(
        InvalidParameterError,
        match=r"`backbone` must build a module whose forward\(x, edge_index\) returns a tensor of shape \(n_nodes, "
        rf"out_channels\) = \(5, 3\), got {got} from 'mine'\. It is called as backbone\(in_channels, hidden_channels",
    ):
        check_output(output, 5, 3, "mine")


# -- the last hidden layer ----------------------------------------------------------------------------------------


def scores_of_hidden(network, hidden, edges):
    """What each network makes of its last hidden layer, in the words of its paper."""
    with torch.no_grad():
        if isinstance(network, (networks._GCN2, networks._JKNet, networks._MLP)):
            last = network.layers[-1] if isinstance(network, networks._MLP) else network.last
            return last(hidden)
        if isinstance(network, networks._APPNP):
            # propagation is linear: it may come before the last linear map, but for the bias, which is 0 here
            return network.mlp.layers[-1](hidden)
        return network.propagate(network.n_propagations - 1, hidden, hidden, edges)


@pytest.mark.parametrize("which", TARGETS)
@pytest.mark.parametrize("n_layers", [2, 3])
@pytest.mark.parametrize("name", [name for name in BACKBONES if name != "sgc"])
def test_class_scores_are_made_of_the_last_hidden_layer(name, n_layers, which, block):
    network = make_network(name, n_layers, 16).eval()
    if name == "appnp":
        torch.nn.init.zeros_(network.mlp.layers[-1].bias)
    hidden = hidden_layer(network)

    everywhere = predict_logits(hidden, LARGER, ROWS)
    found = predict_logits(hidden, LARGER, ROWS, targets=TARGETS[which])

    assert everywhere.shape == (len(ROWS), hidden.hidden_width) == (len(ROWS), 16)
    assert not network.training
    np.testing.assert_allclose(found, everywhere if TARGETS[which] is None else everywhere[TARGETS[which]], atol=1e-5)
    edges = edges_for(network, LARGER)
    scores = scores_of_hidden(network, torch.tensor(everywhere), edges)
    np.testing.assert_allclose(scores, predict_logits(network, LARGER, ROWS), rtol=1e-4, atol=1e-5)


def test_a_network_without_a_hidden_layer_says_so():
    for name, n_layers in [*((name, 1) for name in BACKBONES if name not in ("gcn2", "jknet")), ("sgc", 2)]:
        with pytest.raises(InvalidParameterError, match="`n_layers` must be at least 2, and `backbone` more than lin"):
            hidden_layer(make_network(name, n_layers))
    with pytest.raises(InvalidParameterError, match=r"`backbone` must be a built-in one, or a.*got Recorder"):
        hidden_layer(Recorder())
