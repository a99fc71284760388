"""Attention over edges: PyG's numbers and gradients, by hand, in each precision, and on graphs at the edge."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse
from torch_geometric.nn import GATConv

from skellagnn.gnn._attention import AttentionEdges, AttentionLayer
from skellagnn.gnn._sparse import edge_matrix


def looped(n_nodes=9, n_edges=25, seed=0, n_out=None):
    rng = np.random.default_rng(seed)
    dense = np.zeros((n_nodes, n_nodes), dtype=np.float32)
    dense[rng.integers(n_nodes - 1, size=n_edges), rng.integers(n_nodes - 1, size=n_edges)] = 1  # the last is isolated
    np.fill_diagonal(dense, 0)
    return edge_matrix("looped", sparse.csr_array(dense))[: n_out or n_nodes]


def rows(n_nodes=9, n_columns=5, seed=1, dtype=torch.float32):
    return torch.tensor(np.random.default_rng(seed).normal(size=(n_nodes, n_columns)), dtype=dtype)


def identity(values):
    return values


def twins(heads, seed=0, in_channels=5, out_channels=4):
    """Return a layer, PyG's with the same weights, and both ways to run them on a matrix."""
    torch.manual_seed(seed)
    ours = AttentionLayer(in_channels, out_channels, heads)
    torch.nn.init.normal_(ours.bias)
    theirs = GATConv(in_channels, out_channels, heads=heads, add_self_loops=False)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def index_of(matrix):
    coo = matrix.tocoo()
    return torch.tensor(np.stack([coo.col, coo.row]).astype(np.int64))


def test_the_looped_form_has_every_node_hear_itself_once():
    matrix = looped()

    assert matrix.diagonal().tolist() == [1] * 9
    assert matrix.nnz > 20


@pytest.mark.parametrize("n_out", [9, 4])
@pytest.mark.parametrize("heads", [1, 3])
def test_numbers_and_gradients_are_those_of_pyg(heads, n_out):
    ours, theirs = twins(heads)
    matrix = looped(n_out=n_out)
    x, x_theirs = rows().requires_grad_(), rows().requires_grad_()
    direction = rows(n_out, 4 * heads, seed=3)

    edges = AttentionEdges(matrix)
    mine = ours(x, edges, identity)
    expected = theirs((x_theirs, x_theirs[:n_out]), index_of(matrix))
    (mine * direction).sum().backward()
    (expected * direction).sum().backward()

    torch.testing.assert_close(mine, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(x.grad, x_theirs.grad, rtol=1e-4, atol=1e-5)
    own, other = dict(ours.named_parameters()), dict(theirs.named_parameters())
    assert own.keys() == other.keys()
    for name, parameter in own.items():
        assert parameter.grad.abs().max() > 1e-3
        torch.testing.assert_close(parameter.grad, other[name].grad, rtol=1e-4, atol=1e-5)


def test_weights_start_within_the_bounds_of_pyg():
    torch.manual_seed(0)
    ours, theirs = AttentionLayer(50, 40, 8), GATConv(50, 40, heads=8)
    for name, parameter in theirs.named_parameters():
        own = dict(ours.named_parameters())[name]
        assert own.shape == parameter.shape
        torch.testing.assert_close(own.abs().max(), parameter.abs().max(), rtol=0.02, atol=0)
        torch.testing.assert_close(own.std(), parameter.std(), rtol=0.1, atol=0)


def test_gradients_are_exact():
    edges = AttentionEdges(looped(6, 12))
    torch.manual_seed(0)
    layer = AttentionLayer(3, 2, 2).double()
    keep = torch.tensor(np.random.default_rng(5).integers(2, size=(len(edges.sources), 2)), dtype=torch.float64) * 2

    assert torch.autograd.gradcheck(
        lambda x: layer(x, edges, lambda shares: shares * keep), rows(6, 3, dtype=torch.double).requires_grad_()
    )


def test_by_hand():
    # node 0 hears 1 and itself; what is sent is the row, what is received does not matter to a softmax
    matrix = sparse.csr_array(np.array([[1, 1], [0, 1]], dtype=np.float32))
    layer = AttentionLayer(1, 1, 1)
    with torch.no_grad():
        layer.lin.weight.fill_(1)
        layer.att_src.fill_(1)
        layer.att_dst.fill_(0)
        layer.bias.fill_(10)
    out = layer(torch.tensor([[0.0], [np.log(3)]], dtype=torch.float32), AttentionEdges(matrix), identity)

    assert out.detach().ravel().tolist() == pytest.approx([10 + 0.75 * np.log(3), 10 + np.log(3)])


def test_large_scores_do_not_overflow():
    ours, theirs = twins(2)
    x = 1e4 * rows()
    torch.testing.assert_close(
        ours(x, AttentionEdges(looped()), identity), theirs(x, index_of(looped())), rtol=1e-4, atol=1
    )


def test_the_order_in_which_edges_are_stored_does_not_matter():
    ours, _ = twins(2)
    matrix = looped()
    shuffled = matrix.copy()
    for first, last in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        shuffled.indices[first:last] = matrix.indices[first:last][::-1]
    torch.testing.assert_close(
        ours(rows(), AttentionEdges(matrix), identity), ours(rows(), AttentionEdges(shuffled), identity)
    )


def test_a_node_that_hears_nobody_gets_the_bias():
    ours, _ = twins(2)
    edges = AttentionEdges(sparse.csr_array((3, 9), dtype=np.float32))
    x = rows().requires_grad_()

    out = ours(x, edges, identity)
    out.sum().backward()

    torch.testing.assert_close(out, ours.bias.expand(3, -1))
    assert x.grad.abs().max() == 0


def test_half_precise_rows_of_autocast():
    ours, _ = twins(2)
    edges = AttentionEdges(looped())
    exact = ours(rows(), edges, identity)
    with torch.autocast("cpu", torch.bfloat16):
        x = rows().requires_grad_()
        near = ours(x, edges, identity)
        near.sum().backward()

    torch.testing.assert_close(near, exact, rtol=0.05, atol=0.05)
    assert x.grad.isfinite().all()
    assert x.grad.abs().max() > 0


def test_what_backward_passes_need_is_made_once():
    edges = AttentionEdges(looped())
    edges.prepare()
    made = edges.by_source

    assert edges.by_source is made
    targets, starts, places = (part.numpy() for part in made)
    np.testing.assert_array_equal(edges.sources.numpy()[places], np.repeat(np.arange(9), np.diff(starts)))
    np.testing.assert_array_equal(edges.targets.numpy()[places], targets)
