"""What the odd cases of edges mean: the Notes of TextGraph, one by one, by value."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import sparse

from skellagnn import TextGraph
from skellagnn.exceptions import GraphError
from skellagnn.graph._adjacency import canonical_adjacency

FORMATS = ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"]


def dense(graph):
    return graph.adjacency.toarray()


# -- direction ---------------------------------------------------------------------------------------------------


def test_a_directed_edge_fills_the_row_of_its_target():
    graph = TextGraph.from_edges([(0, 1)], directed=True, n_nodes=2)

    np.testing.assert_array_equal(dense(graph), [[0, 0], [1, 0]])
    assert graph.is_directed
    assert graph.n_edges == 1


def test_an_undirected_edge_carries_messages_both_ways_and_counts_once():
    graph = TextGraph.from_edges([(0, 1)], n_nodes=2)

    np.testing.assert_array_equal(dense(graph), [[0, 1], [1, 0]])
    assert not graph.is_directed
    assert graph.n_edges == 1


def test_a_directed_graph_with_every_edge_in_both_directions_is_undirected():
    graph = TextGraph.from_edges([(0, 1), (1, 0), (2, 1), (1, 2)], directed=True)

    assert not graph.is_directed
    assert graph.n_edges == 2


def test_two_directions_of_unequal_weight_are_directed():
    graph = TextGraph.from_edges([(0, 1), (1, 0)], weights=[1.0, 2.0], directed=True)

    np.testing.assert_array_equal(dense(graph), [[0, 2], [1, 0]])
    assert graph.is_directed
    assert graph.n_edges == 2


def test_a_scipy_matrix_is_taken_as_rows_that_hear():
    matrix = sparse.csr_array(np.array([[0, 1, 0], [0, 0, 0], [0, 0, 0]], dtype=np.float32))

    np.testing.assert_array_equal(dense(TextGraph.from_scipy(matrix)), matrix.toarray())
    np.testing.assert_array_equal(
        dense(TextGraph.from_scipy(matrix)), dense(TextGraph.from_edges([(1, 0)], directed=True, n_nodes=3))
    )


# -- weights -----------------------------------------------------------------------------------------------------


def test_weights_are_kept_as_float32():
    graph = TextGraph.from_edges([(0, 1), (1, 2)], weights=[0.25, 3])

    np.testing.assert_array_equal(dense(graph), np.array([[0, 0.25, 0], [0.25, 0, 3], [0, 3, 0]], dtype=np.float32))
    assert graph.adjacency.dtype == np.float32
    assert graph.is_weighted


def test_weights_of_one_are_no_weights():
    weighted = TextGraph.from_edges([(0, 1), (1, 2)], weights=[1, 1])

    np.testing.assert_array_equal(dense(weighted), dense(TextGraph.from_edges([(0, 1), (1, 2)])))
    assert not weighted.is_weighted


def test_an_edge_of_weight_zero_is_no_edge():
    graph = TextGraph.from_edges([(0, 1), (1, 2)], weights=[0, 2])

    np.testing.assert_array_equal(dense(graph), [[0, 0, 0], [0, 0, 2], [0, 2, 0]])
    assert graph.n_edges == 1


def test_a_weight_too_small_for_float32_is_still_an_edge():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph = TextGraph.from_edges([(0, 1), (1, 2)], weights=[1e-300, 2], directed=True)

    assert graph.n_edges == 2
    assert 0 < graph.adjacency[1, 0] < 1e-44


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf, -np.inf])
def test_negative_and_infinite_weights_are_refused(wrong):
    with pytest.raises(GraphError, match="must be finite and not negative, got 1 that are not"):
        TextGraph(sparse.csr_array(np.array([[0, wrong], [1.0, 0]])))


def test_a_weight_beyond_float32_is_refused_without_a_numpy_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(GraphError, match="must be finite"):
            TextGraph.from_edges([(0, 1)], weights=[1e300])


def test_weights_whose_sum_would_be_infinite_are_refused():
    for weights in ([3e38, 3e38], [2e38, 1.0]):
        with pytest.raises(GraphError, match="must be so small that their sum is a float32"):
            TextGraph.from_edges([(0, 1), (1, 2)], weights=weights)
        with pytest.raises(GraphError, match="must be so small that their sum is a float32"):
            TextGraph(sparse.csr_array(np.diag(np.float32(weights), 1)))
    assert TextGraph.from_edges([(0, 1), (1, 2)], weights=[3e37, 1.0]).adjacency.sum(axis=1).max() < np.inf


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.uint64, np.float64, np.float32])
def test_every_real_dtype_is_read(dtype):
    matrix = sparse.csr_array(np.array([[0, 1], [1, 0]], dtype=dtype))

    np.testing.assert_array_equal(dense(TextGraph(matrix)), np.array([[0, 1], [1, 0]], dtype=np.float32))


def test_complex_weights_are_refused():
    with pytest.raises(GraphError, match="`adjacency` must hold real weights, got dtype complex128"):
        TextGraph(sparse.csr_array(np.array([[0, 1j], [1, 0]])))


# -- self-loops, duplicates, isolated ----------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [None, [5.0, 2.0, 7.0]])
def test_self_loops_are_dropped(weights):
    graph = TextGraph.from_edges([(0, 0), (0, 1), (1, 1)], weights=weights)
    weight = 1 if weights is None else 2

    np.testing.assert_array_equal(dense(graph), [[0, weight], [weight, 0]])
    assert graph.n_edges == 1


def test_a_diagonal_of_a_matrix_is_dropped():
    graph = TextGraph.from_scipy(sparse.csr_array(np.array([[4, 1], [1, 4]], dtype=np.float32)))

    np.testing.assert_array_equal(dense(graph), [[0, 1], [1, 0]])


def test_duplicate_edges_count_once_without_adding_up():
    graph = TextGraph.from_edges([(0, 1), (0, 1), (1, 0), (1, 2)])

    np.testing.assert_array_equal(dense(graph), [[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    assert not graph.is_weighted


def test_of_weighted_duplicates_the_heaviest_counts():
    graph = TextGraph.from_edges([(0, 1), (1, 0), (0, 1)], weights=[2, 5, 3])

    np.testing.assert_array_equal(dense(graph), [[0, 5], [5, 0]])


def test_duplicate_entries_of_a_matrix_follow_the_same_rule():
    coo = sparse.coo_array((np.array([2.0, 5.0, 3.0]), ([0, 0, 0], [1, 1, 1])), shape=(2, 2))
    csr = sparse.csr_array(
        (np.array([2.0, 5.0], dtype=np.float32), np.array([1, 1]), np.array([0, 2, 2])), shape=(2, 2)
    )

    np.testing.assert_array_equal(dense(TextGraph(coo)), [[0, 5], [0, 0]])
    np.testing.assert_array_equal(dense(TextGraph(csr)), [[0, 5], [0, 0]])


def test_isolated_nodes_stay_as_empty_rows():
    graph = TextGraph.from_edges([(1, 2)], n_nodes=5)

    np.testing.assert_array_equal(np.diff(graph.adjacency.indptr), [0, 1, 1, 0, 0])
    assert graph.n_nodes == 5


@pytest.mark.parametrize("n_nodes", [0, 1, 4])
def test_a_graph_without_edges_is_a_graph(n_nodes):
    graph = TextGraph.from_edges([], n_nodes=n_nodes)

    assert graph.n_edges == 0
    assert graph.n_nodes == len(graph) == n_nodes
    assert not graph.is_directed
    assert not graph.is_weighted


# -- canonical form ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_format_gives_the_same_canonical_matrix(fmt, seed):
    rng = np.random.default_rng(seed)
    array = (rng.random((9, 9)) < 0.3) * rng.integers(1, 4, (9, 9)).astype(np.float32)
    expected = array.copy()
    np.fill_diagonal(expected, 0)

    matrix = canonical_adjacency(sparse.coo_array(array).asformat(fmt))

    assert matrix.format == "csr"
    np.testing.assert_array_equal(matrix.toarray(), expected)
    assert matrix.nnz == np.count_nonzero(expected)
    for row in range(9):
        columns = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        assert np.all(np.diff(columns) > 0)


def test_a_matrix_with_unsorted_rows_and_stored_zeros_is_brought_into_form():
    matrix = sparse.csr_array(
        (np.array([3, 0, 1], dtype=np.float32), np.array([2, 0, 1]), np.array([0, 2, 2, 3])), shape=(3, 3)
    )
    graph = TextGraph(matrix)

    np.testing.assert_array_equal(dense(graph), [[0, 0, 3], [0, 0, 0], [0, 1, 0]])
    assert graph.adjacency.nnz == 2


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_edges_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    edges, weights = rng.integers(12, size=(40, 2)), rng.integers(1, 5, size=40)
    order = rng.permutation(40)

    a = TextGraph.from_edges(edges, weights=weights, n_nodes=12, directed=True)
    b = TextGraph.from_edges(edges[order], weights=weights[order], n_nodes=12, directed=True)

    np.testing.assert_array_equal(a.adjacency.indptr, b.adjacency.indptr)
    np.testing.assert_array_equal(a.adjacency.indices, b.adjacency.indices)
    np.testing.assert_array_equal(a.adjacency.data, b.adjacency.data)


def test_a_canonical_matrix_is_shared_and_any_other_left_as_it_was():
    canonical = TextGraph.from_edges([(0, 1), (1, 2)]).adjacency
    assert np.shares_memory(TextGraph(canonical).adjacency.data, canonical.data)

    unsorted = sparse.csr_array(
        (np.array([3, 7, 1], dtype=np.float32), np.array([2, 0, 1]), np.array([0, 2, 2, 3])), shape=(3, 3)
    )
    before = [part.copy() for part in (unsorted.data, unsorted.indices, unsorted.indptr)]
    for part in (unsorted.data, unsorted.indices, unsorted.indptr):
        part.setflags(write=False)
    TextGraph(unsorted)
    for part, old in zip((unsorted.data, unsorted.indices, unsorted.indptr), before, strict=True):
        np.testing.assert_array_equal(part, old)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint16])
@pytest.mark.parametrize("n_nodes", [3, 40])
def test_a_loop_over_the_edges_builds_the_same_matrix(directed, weighted, dtype, n_nodes):
    rng = np.random.default_rng(n_nodes)
    edges = rng.integers(n_nodes, size=(120, 2)).astype(dtype)  # with self-loops, duplicates and reversed duplicates
    weights = rng.integers(3, size=120).astype(np.float64) if weighted else None  # zeros are no edges
    expected = np.zeros((n_nodes, n_nodes), dtype=np.float32)
    for i, (source, target) in enumerate(edges.tolist()):
        if source != target:
            weight = 1 if weights is None else weights[i]
            expected[target, source] = max(expected[target, source], weight)
            if not directed:
                expected[source, target] = max(expected[source, target], weight)

    for given in (edges, np.asfortranarray(edges)):
        graph = TextGraph.from_edges(given, weights=weights, directed=directed, n_nodes=n_nodes)

        np.testing.assert_array_equal(dense(graph), expected)
        matrix = graph.adjacency
        assert matrix.dtype == np.float32
        assert matrix.indices.dtype == matrix.indptr.dtype == np.int32
        fresh = sparse.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=matrix.shape)
        fresh.check_format(full_check=True)
        assert fresh.has_canonical_format
        assert graph.is_directed == bool((expected != expected.T).any())


def test_what_was_built_undirected_is_undirected_by_a_look_at_all_edges_too():
    rng = np.random.default_rng(0)
    graph = TextGraph.from_edges(rng.integers(30, size=(200, 2)), weights=rng.random(200), n_nodes=30)

    assert not graph.is_directed
    assert not TextGraph(graph.adjacency).is_directed


def test_flags_that_are_out_of_date_are_not_believed():
    matrix = sparse.csr_array(
        (np.array([3, 7, 1], dtype=np.float32), np.array([2, 0, 1]), np.array([0, 2, 2, 3])), shape=(3, 3)
    )
    matrix.has_sorted_indices = matrix.has_canonical_format = True

    graph = TextGraph(matrix)

    np.testing.assert_array_equal(dense(graph), [[0, 0, 3], [0, 0, 0], [0, 1, 0]])
    assert graph.adjacency.nnz == 2  # the self-loop is not even stored


def test_building_writes_into_nothing_that_came_in():
    edges, weights = np.array([[0, 1], [1, 1], [1, 0], [2, 1]]), np.array([1, 2, 3, 0], dtype=np.float32)
    for array in (edges, weights):
        array.flags.writeable = False

    graph = TextGraph.from_edges(edges, weights=weights)

    np.testing.assert_array_equal(dense(graph), [[0, 3, 0], [3, 0, 0], [0, 0, 0]])
    assert not np.shares_memory(graph.adjacency.data, weights)


@pytest.mark.parametrize(
    ("adjacency", "sentence"),
    [
        (np.eye(2), "`adjacency` must be a scipy.sparse matrix, got ndarray. Use TextGraph.from_edges"),
        ([(0, 1)], "`adjacency` must be a scipy.sparse matrix, got list"),
        (None, "got NoneType"),
        (sparse.csr_array(np.ones((2, 3))), r"`adjacency` must be square, .* got shape \(2, 3\)"),
    ],
)
def test_what_is_no_square_sparse_matrix_is_refused(adjacency, sentence):
    with pytest.raises(GraphError, match=sentence):
        TextGraph(adjacency)


@pytest.mark.parametrize(
    ("indices", "indptr"),
    [([5], [0, 1, 1]), ([-1], [0, 1, 1]), ([0, 1], [0, 2, 1])],
    ids=["beyond", "below", "falling"],
)
def test_a_broken_csr_matrix_is_refused_before_it_can_crash(indices, indptr):
    matrix = sparse.csr_array((2, 2), dtype=np.float32)
    matrix.data = np.ones(len(indices), dtype=np.float32)
    matrix.indices, matrix.indptr = np.array(indices, dtype=np.int32), np.array(indptr, dtype=np.int32)

    with pytest.raises(GraphError, match="`adjacency` must be a valid CSR matrix"):
        TextGraph(matrix)
