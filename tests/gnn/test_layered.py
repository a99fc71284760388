"""A network of layers, by hand: whole, along the edges of each layer, and from rows that were aggregated beforehand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from skellagnn.gnn._layered import Gathered, LayeredEdges, LayeredNetwork
from skellagnn.gnn._sparse import SparseEdges

# edges from 1 and 2 to 0, from 2 to 1
ADJACENCY = sparse.csr_array(np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]], dtype=np.float32))
X = torch.tensor([[1.0], [10.0], [100.0]])


class Two(LayeredNetwork):
    """Doubled rows; in each propagation a tenth of the neighbors' sum, plus the encoded row; plus one in the end."""

    n_propagations = 2
    gathers = True

    def encode(self, x):
        return 2 * x

    def propagate(self, i, x, initial, edges):
        return edges(x) / 10 + edges.own(initial)

    def propagate_gathered(self, gathered):
        return 2 * (gathered.neighbors / 10 + gathered.own)

    def decode(self, x):
        return x + 1


# encoded: 2, 20, 200; after propagation 0: 24, 40, 200; after propagation 1: 26, 40, 200
BY_HAND = [27.0, 41.0, 201.0]


def test_encode_propagate_decode():
    assert Two()(X, SparseEdges(ADJACENCY)).ravel().tolist() == pytest.approx(BY_HAND)


@pytest.mark.parametrize("n_targets", [1, 2, 3])
def test_each_layer_may_make_fewer_rows_than_the_one_before(n_targets):
    layered = LayeredEdges([SparseEdges(ADJACENCY), SparseEdges(sparse.csr_array(ADJACENCY[:n_targets]))])

    assert Two()(X, layered).ravel().tolist() == pytest.approx(BY_HAND[:n_targets])


def test_the_propagate_gathered_may_be_aggregated_beforehand():
    class Later(Two):
        def propagate(self, i, x, initial, edges):
            assert i == 1  # propagation 0 was made already
            assert initial is x  # and there are no encoded rows any more
            return edges(x) / 10

    gathered = Gathered(X, SparseEdges(ADJACENCY)(X))

    # after propagation 0: 24, 40, 200, as above
    scores = Later()(gathered, LayeredEdges([None, SparseEdges(ADJACENCY)]))
    assert scores.ravel().tolist() == pytest.approx([25, 21, 1])


def test_an_edge_index_is_taken_for_the_whole_graph():
    class Listening(Two):
        def propagate(self, i, x, initial, edges):
            incoming = torch.zeros_like(x).index_add(0, edges.index[1], x[edges.index[0]])
            return incoming / 10 + edges.own(initial)

    edge_index = torch.tensor([[1, 2, 2], [0, 0, 1]])

    assert Listening()(X, edge_index).ravel().tolist() == pytest.approx(BY_HAND)


@pytest.mark.parametrize("missing", ["propagate", "propagate_gathered"])
def test_a_network_must_say_what_a_propagation_does(missing):
    arguments = [0, X, X, SparseEdges(ADJACENCY)] if missing == "propagate" else [Gathered(X, X)]

    with pytest.raises(NotImplementedError):  # a network without a propagation has nothing to say
        getattr(LayeredNetwork(), missing)(*arguments)
