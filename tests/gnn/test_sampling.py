"""Receptive fields against a breadth-first search in plain Python; samples against what they promise on average."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from skellagnn import TextGraph
from skellagnn.gnn._sampling import NeighborSampler, sample_neighbors
from skellagnn.gnn._sparse import edge_matrix

N_NODES = 40


def make_matrix(form="mean", seed=0):
    """Directed, weighted, with isolated nodes; some nodes hear from many."""
    rng = np.random.default_rng(seed)
    edges = np.stack([rng.integers(N_NODES - 3, size=90), (N_NODES - 3) * rng.random(90) ** 2], axis=1).astype(int)
    graph = TextGraph.from_edges(edges, weights=rng.uniform(0.5, 2, size=90), directed=True, n_nodes=N_NODES)
    return edge_matrix(form, graph.adjacency)


def search(matrix, targets, n_hops):
    """Return the nodes within 0, 1, ..., n_hops hops of the targets, breadth first."""
    reached = [set(targets)]
    for _ in range(n_hops):
        sources = {int(j) for i in reached[-1] for j in np.flatnonzero(matrix.toarray()[i])}
        reached.append(reached[-1] | sources)
    return reached


def heard(matrix, targets, sources):
    """Return {(target, source): weight} in node ids."""
    coo = matrix.tocoo()
    rows, columns = targets[coo.row].tolist(), sources[coo.col].tolist()
    return dict(zip(zip(rows, columns, strict=True), coo.data.tolist(), strict=True))


# -- receptive fields --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_hops", [0, 1, 2, 3])
@pytest.mark.parametrize("form", ["mean", "symmetric", "sum"])
@pytest.mark.parametrize("targets", [[7], [30, 2, 11], [39, 0], []])
def test_the_field_is_what_a_breadth_first_search_reaches(targets, form, n_hops):
    matrix = make_matrix(form)
    reached = search(matrix, targets, n_hops)

    field = NeighborSampler(matrix).sample(np.array(targets, dtype=np.int64), n_hops)

    assert field.nodes[: len(targets)].tolist() == targets
    assert set(field.nodes.tolist()) == reached[-1]
    assert len(set(field.nodes.tolist())) == len(field.nodes)
    assert field.nodes.dtype == np.int64
    assert len(field.matrices) == n_hops
    # the first layer reads the most: the layers' inputs are the fields from the last to the first hop
    sizes = [len(field) for field in reached]
    assert [layer.shape for layer in field.matrices] == [(sizes[k - 1], sizes[k]) for k in range(n_hops, 0, -1)]


@pytest.mark.parametrize("form", ["mean", "symmetric", "sum"])
def test_each_layer_holds_the_rows_of_the_graph_and_makes_a_prefix_of_what_it_reads(form):
    matrix = make_matrix(form)
    whole = matrix.toarray()

    field = NeighborSampler(matrix).sample(np.array([30, 2, 11]), 3)

    for layer in field.matrices:
        n_out, n_in = layer.shape
        made = field.nodes[:n_out]  # a prefix, since there is one order of nodes for all layers
        found = heard(layer, made, field.nodes[:n_in])
        assert found == {(i, j): whole[i, j] for i in made.tolist() for j in np.flatnonzero(whole[i]).tolist()}
    # layer by layer, the same rows as all nodes together would make
    x = np.random.default_rng(0).normal(size=(N_NODES, 2))
    expected, actual = x, x[field.nodes]
    for layer in field.matrices:
        expected, actual = whole @ expected, layer @ actual
    np.testing.assert_allclose(actual, expected[[30, 2, 11]], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("sample_size", [None, 2])
def test_a_search_leaves_no_trace_for_the_next_one(sample_size):
    matrix = make_matrix()
    sampler = NeighborSampler(matrix, sample_size)

    for seed, targets in enumerate([[7], [30, 2, 11], [], [7, 8], list(range(N_NODES)), [7]]):
        wanted = np.array(targets, dtype=np.int64)
        used = sampler.sample(wanted, 2, np.random.default_rng(seed))
        fresh = NeighborSampler(matrix, sample_size).sample(wanted, 2, np.random.default_rng(seed))

        np.testing.assert_array_equal(used.nodes, fresh.nodes)
        for one, other in zip(used.matrices, fresh.matrices, strict=True):
            np.testing.assert_array_equal(one.toarray(), other.toarray())


def test_a_search_that_failed_leaves_no_trace():
    matrix = make_matrix()
    sampler = NeighborSampler(matrix, 1)

    with pytest.raises(ValueError, match="random generator"):
        sampler.sample(np.array([3, 4]), 1)

    found = sampler.sample(np.array([7, 3]), 2, np.random.default_rng(0))
    np.testing.assert_array_equal(
        found.nodes, NeighborSampler(matrix, 1).sample(np.array([7, 3]), 2, np.random.default_rng(0)).nodes
    )


def test_where_no_node_has_more_neighbors_nothing_is_drawn():
    matrix = make_matrix()
    largest = int(np.diff(matrix.indptr).max())

    # no generator is needed
    field = NeighborSampler(matrix, largest).sample(np.array([7, 3]), 2)

    np.testing.assert_array_equal(field.nodes, NeighborSampler(matrix).sample(np.array([7, 3]), 2).nodes)
    assert NeighborSampler(sparse.csr_array((3, 3), dtype=np.float32), 1).sample(np.array([1]), 2).nodes.tolist() == [1]


def test_a_sampled_field_hears_from_no_more_than_was_asked_for():
    matrix = make_matrix("symmetric")

    field = NeighborSampler(matrix, 2).sample(np.arange(10), 2, np.random.default_rng(0))

    for layer in field.matrices:
        made = field.nodes[: layer.shape[0]]
        found = heard(layer, made, field.nodes)
        counts = np.bincount([np.flatnonzero(made == i)[0] for i, j in found if i != j], minlength=len(made))
        degrees = np.diff(matrix.indptr)[made] - 1
        np.testing.assert_array_equal(counts, np.minimum(degrees, 2))
        assert {i for i, j in found if i == j} == set(made.tolist())


# -- samples -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("form", ["mean", "symmetric", "sum"])
def test_a_sample_is_of_its_size_without_repeats_and_keeps_diagonal_and_sums(form, size):
    matrix = make_matrix(form)
    whole = matrix.toarray()
    nodes = np.array([5, 39, 0, 1, 17])

    sample = sample_neighbors(matrix, nodes, size, np.random.default_rng(0))

    assert sample.shape == (5, N_NODES)
    assert sample.dtype == np.float32
    assert np.diff(matrix.indptr)[nodes].max() > 3  # some rows are cut
    for row, node in enumerate(nodes.tolist()):
        entries = sample.indices[sample.indptr[row] : sample.indptr[row + 1]]
        assert entries.tolist() == sorted(set(entries.tolist()))
        there = set(np.flatnonzero(whole[node]).tolist())
        assert set(entries.tolist()) <= there
        assert len(set(entries.tolist()) - {node}) == min(size, len(there - {node}))
        drawn = sample.toarray()[row]
        assert drawn[node] == whole[node, node]
        assert drawn.sum() == pytest.approx(whole[node].sum(), rel=1e-5)
        # what is left keeps its proportions
        others = [j for j in entries.tolist() if j != node]
        if others:
            np.testing.assert_allclose(
                drawn[others] / drawn[others[0]], whole[node, others] / whole[node, others[0]], rtol=1e-5
            )


def star(weights):
    """Node 0 hears from nodes 1, 2, ... with these weights; node 1 hears from nobody."""
    row = np.zeros((len(weights) + 1, len(weights) + 1), dtype=np.float32)
    row[0, 1:] = weights
    return sparse.csr_array(row)


def draws(matrix, size, n_draws, seed=0):
    """Sampled rows of node 0, shape (n_draws, n_nodes)."""
    drawn = sample_neighbors(matrix, np.zeros(n_draws, dtype=np.int64), size, np.random.default_rng(seed))
    return drawn.toarray()


@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_mean_over_uniform_samples_is_the_mean_over_the_neighbors(size):
    n_draws, matrix = 20_000, star(np.full(5, 0.2))
    values = np.array([0.0, 3.0, -1.0, 4.0, 0.5, 2.0])

    means = draws(matrix, size, n_draws) @ values

    error = values[1:].std() / np.sqrt(n_draws)
    assert abs(means.mean() - values[1:].mean()) < 5 * error
    assert means.std() > 0.1


def test_uniform_samples_take_every_pair_equally_often():
    drawn = draws(star(np.ones(4)), 2, 12_000) > 0

    _, counts = np.unique(drawn, axis=0, return_counts=True)

    assert len(counts) == 6
    np.testing.assert_allclose(counts / 12_000, 1 / 6, atol=0.02)


def test_the_seed_draws_the_sample():
    matrix = star(np.ones(30))

    first, same, other = (draws(matrix, 3, 4, seed=seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)
    assert len({row.tobytes() for row in first}) == 4  # each row has a draw of its own


def test_samples_leave_the_matrix_as_it_was():
    matrix = make_matrix("symmetric")
    kept = matrix.copy()
    for array in (matrix.data, matrix.indices, matrix.indptr):
        array.flags.writeable = False

    sample_neighbors(matrix, np.array([0, 5]), 1, np.random.default_rng(0))

    np.testing.assert_array_equal(matrix.toarray(), kept.toarray())


def test_a_sample_of_no_rows_and_of_empty_rows():
    rng = np.random.default_rng(0)

    assert sample_neighbors(make_matrix(), np.empty(0, dtype=np.int64), 2, rng).shape == (0, N_NODES)
    assert sample_neighbors(make_matrix(), np.array([39, 38]), 2, rng).nnz == 0
