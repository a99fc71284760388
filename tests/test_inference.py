"""Prediction: exact, on raw rows, and without a trace in the network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from skellagnn import TextGraph
from skellagnn.backbones import BACKBONES, build_backbone
from skellagnn.exceptions import InvalidParameterError
from skellagnn.inference import check_output, predict_logits, to_tensor

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
        rf"out_channels\) = \(5, 3\), got {got} from 'mine'\. Let its last layer have out_channels columns",
    ):
        check_output(output, 5, 3, "mine")
