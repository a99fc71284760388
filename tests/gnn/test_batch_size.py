"""The whole graph at once where what a step reads fits into memory, else batches."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse
from torch import nn

from skellagnn.gnn._batch_size import BATCH_SIZE, choose_batch_size
from skellagnn.gnn.backbones import build_backbone

N_NODES = 10_000
# two neighbors a node
NEIGHBORS = np.add.outer(np.arange(N_NODES), [-1, 1]).ravel() % N_NODES
RING = sparse.csr_array((np.ones(2 * N_NODES), NEIGHBORS, 2 * np.arange(N_NODES + 1)))
ROW = 4 * (7 * 8 + 5 * 2 * 4)  # bytes that a node takes with 8 features and two layers of 4


@pytest.fixture
def choose(monkeypatch):
    def choose(memory, network, n_targets=10, n_neighbors=None, n_local=1, other_is_short=False):
        monkeypatch.setattr("skellagnn.gnn._batch_size.available_memory", lambda: memory)
        group = SimpleNamespace(n_local=n_local, any=lambda value: value or other_is_short)
        return choose_batch_size(network, RING, n_targets, 8, 4, 2, n_neighbors, group)

    return choose


@pytest.mark.parametrize(
    ("name", "n_neighbors", "n_read"),
    [("sage", None, 10 * 3), ("sage", 1, 10 * 2), ("gat", None, 10 * 3**2), ("gat", 1, 10 * 2**2)],
)
def test_a_step_reads_the_receptive_field_of_its_targets(choose, name, n_neighbors, n_read):
    network = build_backbone(name, 8, 4, 3, 2, 0.0)  # "sage" aggregates the features of the first layer beforehand
    enough = 2 * n_read * ROW
    assert choose(enough + 2, network, n_neighbors=n_neighbors) is None
    assert choose(enough - 2, network, n_neighbors=n_neighbors) == BATCH_SIZE


def test_no_more_than_the_graph_is_read(choose):
    network = build_backbone("sage", 8, 4, 3, 2, 0.0)
    assert choose(2 * N_NODES * ROW + 2, network, n_targets=N_NODES) is None


def test_a_network_of_ones_own_is_given_the_whole_graph(choose):
    assert choose(2 * N_NODES * ROW + 2, nn.Linear(8, 3)) is None
    assert choose(2 * N_NODES * ROW - 2, nn.Linear(8, 3)) == BATCH_SIZE


def test_processes_of_one_machine_share_its_memory(choose):
    network = build_backbone("sage", 8, 4, 3, 2, 0.0)
    enough = 2 * 30 * ROW + 2
    assert choose(enough, network, n_local=2) == BATCH_SIZE
    assert choose(2 * enough, network, n_local=2) is None
    assert choose(2 * enough, network, other_is_short=True) == BATCH_SIZE
