"""Which edges carry messages: compared with a loop over nodes and neighbors."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse

from skellagnn import TextGraph, neighborhood
from skellagnn.base.vectors import are_unit_vectors, unit_vectors
from skellagnn.exceptions import InvalidParameterError
from skellagnn.neighborhood import _Cosine, rank_neighbors


def make(seed=0, *, directed=True, weighted=True, n_nodes=25, n_edges=150, n_features=6):
    """Return a random adjacency with isolated nodes, and vectors of which some are zero and some are equal."""
    rng = np.random.default_rng(seed)
    edges = rng.integers(n_nodes - 2, size=(n_edges, 2))
    weights = rng.uniform(0.5, 2, size=n_edges) if weighted else None
    graph = TextGraph.from_edges(edges, weights=weights, directed=directed, n_nodes=n_nodes)
    vectors = rng.normal(size=(n_nodes, n_features)).astype(np.float32)
    vectors[[1, 5]] = 0
    vectors[[7, 8, 9]] = vectors[6]
    return graph.adjacency, vectors


def cosine(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    scale = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / scale) if scale else 0.0


def brute_force(adjacency, vectors, n_neighbors, queries=None):
    """For each node on its own: sort the neighbors by (similarity, number), keep the first."""
    dense = adjacency.toarray()
    kept = np.zeros_like(dense)
    for node, row in enumerate(dense):
        query = (queries or {}).get(node, vectors[node])
        neighbors = np.flatnonzero(row).tolist()
        # rounded, so that equal vectors count as equal
        best = sorted(neighbors, key=lambda other: (-round(cosine(query, vectors[other]), 5), other))[:n_neighbors]
        kept[node, best] = row[best]
    return kept


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_neighbors", [1, 2, 3, 5, 8])
def test_the_best_k_are_those_of_a_loop_over_all_neighbors(directed, weighted, n_neighbors):
    for seed in range(4):
        adjacency, vectors = make(seed, directed=directed, weighted=weighted)

        kept = rank_neighbors(adjacency, vectors, n_neighbors)

        np.testing.assert_array_equal(kept.toarray(), brute_force(adjacency, vectors, n_neighbors))
        assert np.diff(kept.indptr).max() == n_neighbors


@pytest.mark.parametrize("n_neighbors", [1, 3])
def test_nodes_with_an_llm_query_are_ranked_by_it(n_neighbors):
    adjacency, vectors = make(1)
    nodes = np.array([20, 2, 11, 5])
    queries = np.random.default_rng(5).normal(size=(4, vectors.shape[1])).astype(np.float32)

    kept = rank_neighbors(adjacency, vectors, n_neighbors, (nodes, queries))

    expected = brute_force(adjacency, vectors, n_neighbors, dict(zip(nodes.tolist(), queries, strict=True)))
    np.testing.assert_array_equal(kept.toarray(), expected)
    changed = np.flatnonzero((kept.toarray() != rank_neighbors(adjacency, vectors, n_neighbors).toarray()).any(axis=1))
    assert len(changed) > 0
    assert set(changed) <= set(nodes)


def test_a_query_equal_to_the_raw_vector_changes_nothing():
    adjacency, vectors = make(2)
    nodes = np.arange(0, 25, 3)

    kept = rank_neighbors(adjacency, vectors, 2, (nodes, vectors[nodes]))

    np.testing.assert_array_equal(kept.toarray(), rank_neighbors(adjacency, vectors, 2).toarray())


def test_no_queries_is_the_same_as_none():
    adjacency, vectors = make(2)
    nothing = np.empty(0, dtype=np.int64), np.empty((0, 6), dtype=np.float32)

    np.testing.assert_array_equal(
        rank_neighbors(adjacency, vectors, 2, nothing).toarray(), rank_neighbors(adjacency, vectors, 2).toarray()
    )


def test_by_hand():
    # node 0 has as sources 1 (cosine 1), 2 (0), 3 (-1), 4 (zero vector: 0), 5 (0.707)
    adjacency = TextGraph.from_edges([(n, 0) for n in range(1, 6)], weights=[1, 2, 3, 4, 5], directed=True).adjacency
    vectors = np.array([[1, 0], [9, 0], [0, 1], [-1, 0], [0, 0], [2, 2]], dtype=np.float32)

    assert rank_neighbors(adjacency, vectors, 1).toarray()[0].tolist() == [0, 1, 0, 0, 0, 0]
    assert rank_neighbors(adjacency, vectors, 2).toarray()[0].tolist() == [0, 1, 0, 0, 0, 5]
    assert rank_neighbors(adjacency, vectors, 3).toarray()[0].tolist() == [0, 1, 2, 0, 0, 5]  # 2 before 4: same cosine
    assert rank_neighbors(adjacency, vectors, 4).toarray()[0].tolist() == [0, 1, 2, 0, 4, 5]


def test_the_ranking_is_directed_even_where_the_graph_is_not():
    # a star: the leaves keep their center, the center keeps one leaf
    graph = TextGraph.from_edges([(0, 1), (0, 2), (0, 3)])
    vectors = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], dtype=np.float32)

    kept = rank_neighbors(graph.adjacency, vectors, 1)

    np.testing.assert_array_equal(kept.toarray(), [[0, 0, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]])


def test_a_node_with_a_zero_vector_keeps_its_first_neighbors():
    adjacency = TextGraph.from_edges([(n, 0) for n in range(1, 5)], directed=True).adjacency
    vectors = np.array([[0, 0], [-1, 0], [1, 0], [0, 1], [1, 1]], dtype=np.float32)

    assert rank_neighbors(adjacency, vectors, 2).toarray()[0].tolist() == [0, 1, 1, 0, 0]


@pytest.mark.parametrize("n_neighbors", [None, 25, 10**30, np.int64(40)])
def test_nothing_is_done_where_no_node_has_too_many(n_neighbors):
    adjacency, vectors = make(0)

    assert rank_neighbors(adjacency, vectors, n_neighbors) is adjacency


def test_a_smaller_k_keeps_a_subset():
    adjacency, vectors = make(3)
    masks = [rank_neighbors(adjacency, vectors, k).toarray() != 0 for k in (1, 2, 4, 7)]

    for smaller, larger in pairwise(masks):
        assert not np.any(smaller & ~larger)


def test_the_length_of_vectors_does_not_matter():
    adjacency, vectors = make(4)
    scales = np.random.default_rng(0).choice([2.0**-60, 0.25, 8.0, 2.0**60], size=(len(vectors), 1)).astype(np.float32)

    for k in (1, 3):
        np.testing.assert_array_equal(
            rank_neighbors(adjacency, vectors * scales, k).toarray(), rank_neighbors(adjacency, vectors, k).toarray()
        )


def test_renumbering_the_nodes_renumbers_the_ranking():
    adjacency, vectors = make(5)
    vectors = np.random.default_rng(9).normal(size=vectors.shape).astype(np.float32)  # without ties
    order = np.random.default_rng(0).permutation(len(vectors))
    shuffled = TextGraph(adjacency[order][:, order]).adjacency

    kept = rank_neighbors(shuffled, vectors[order], 3)

    np.testing.assert_array_equal(kept.toarray(), rank_neighbors(adjacency, vectors, 3).toarray()[order][:, order])


@pytest.mark.parametrize("block", [1, 2, 7, 64, 10**6])
@pytest.mark.parametrize("name", ["_BLOCK", "CACHED"])
def test_the_block_size_changes_nothing(name, block, monkeypatch):
    adjacency, vectors = make(6, n_features=37)
    nodes = np.arange(0, 25, 4)
    queries = nodes, np.roll(vectors, 1, axis=0)[nodes]
    receivers = np.repeat(np.arange(25), np.diff(adjacency.indptr))
    expected = _Cosine(vectors, queries)(receivers, adjacency.indices)
    kept = rank_neighbors(adjacency, vectors, 2, queries)

    monkeypatch.setattr(neighborhood, name, block)

    np.testing.assert_array_equal(_Cosine(vectors, queries)(receivers, adjacency.indices), expected)
    np.testing.assert_array_equal(rank_neighbors(adjacency, vectors, 2, queries).toarray(), kept.toarray())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n_neighbors", [1, 4, 10, 50])
def test_among_many_equal_vectors_and_beside_hubs_a_loop_keeps_the_same(seed, n_neighbors, monkeypatch):
    # 5 different vectors, one of them zero: nearly every node has neighbors that are equally similar. All nodes are
    # sources of nodes 0 and 1, a few of most others, none of some.
    rng = np.random.default_rng(seed)
    n_nodes = 160
    edges = np.concatenate(
        [np.stack([rng.permutation(n_nodes), np.full(n_nodes, hub)], axis=1) for hub in (0, 1)]
        + [np.minimum((rng.pareto(1, size=(900, 2)) * 9).astype(np.int64), n_nodes - 5)]
    )
    adjacency = TextGraph.from_edges(edges, directed=True, n_nodes=n_nodes).adjacency
    distinct = rng.normal(size=(5, 8)).astype(np.float32)
    distinct[2] = 0
    vectors = distinct[rng.integers(5, size=n_nodes)]
    nodes = np.array([1, 7, 30, 2])
    queries = np.concatenate([distinct[3:], rng.normal(size=(1, 8)), np.zeros((1, 8))]).astype(np.float32)
    monkeypatch.setattr(neighborhood, "_BLOCK", 50)  # the hubs do not fit
    monkeypatch.setattr(neighborhood, "CACHED", 8 * 13)

    kept = rank_neighbors(adjacency, vectors, n_neighbors, (nodes, queries))

    expected = brute_force(adjacency, vectors, n_neighbors, dict(zip(nodes.tolist(), queries, strict=True)))
    np.testing.assert_array_equal(kept.toarray(), expected)
    assert kept.nnz < adjacency.nnz


@pytest.mark.parametrize("n_features", [1, 6, 33])
@pytest.mark.parametrize("mapped", [False, True])
def test_halves_and_memory_maps_are_ranked_as_the_floats_that_they_hold(n_features, mapped, tmp_path):
    adjacency, vectors = make(9, n_features=n_features)
    halves = vectors.astype(np.float16)
    halves[3] = np.float16(6e-8)  # the smallest there is
    halves[4] = np.finfo(np.float16).max
    floats = halves.astype(np.float32)
    if mapped:
        np.save(tmp_path / "vectors.npy", halves)
        halves = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    queries = np.array([3, 8]), vectors[[4, 9]]
    receivers = np.repeat(np.arange(25), np.diff(adjacency.indptr))

    np.testing.assert_array_equal(
        _Cosine(halves, queries)(receivers, adjacency.indices),
        _Cosine(floats, queries)(receivers, adjacency.indices),
    )
    for k in (1, 3):
        np.testing.assert_array_equal(
            rank_neighbors(adjacency, halves, k, queries).toarray(),
            rank_neighbors(adjacency, floats, k, queries).toarray(),
        )
    np.testing.assert_array_equal(unit_vectors(halves), unit_vectors(floats))


def test_every_finite_half_becomes_the_float_of_the_same_value():
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)][:, None]
    before = halves.copy()

    converted = neighborhood.as_float32(halves)

    np.testing.assert_array_equal(converted, halves.astype(np.float32))
    np.testing.assert_array_equal(np.signbit(converted), np.signbit(halves))
    np.testing.assert_array_equal(halves, before)


def test_zero_and_minus_zero_are_equally_similar():
    similarity = np.array([-0.0, 0.0, -1e-40, 1e-40, 0.0, -0.0, 0.5, -0.5, -0.0, 0.0], dtype=np.float32)
    starts, counts = np.array([0, 6]), np.array([6, 4])

    best = neighborhood._best(similarity, starts, counts, 3)

    assert best.tolist() == [True, True, False, True, False, False, True, False, True, True]


def test_cosines_are_cosines():
    adjacency, vectors = make(7)
    receivers = np.repeat(np.arange(25), np.diff(adjacency.indptr))

    values = _Cosine(vectors)(receivers, adjacency.indices)

    expected = [cosine(vectors[i], vectors[j]) for i, j in zip(receivers, adjacency.indices, strict=True)]
    np.testing.assert_allclose(values, expected, atol=1e-6)
    assert _Cosine(vectors)(receivers[:0], adjacency.indices[:0]).shape == (0,)


def test_the_result_is_a_well_formed_matrix_with_its_own_arrays():
    adjacency, vectors = make(8)
    for array in (adjacency.data, adjacency.indices, adjacency.indptr, vectors):
        array.flags.writeable = False  # as in a worker

    kept = rank_neighbors(adjacency, vectors, 2)

    assert isinstance(kept, sparse.csr_array)
    assert kept.shape == adjacency.shape
    assert kept.dtype == np.float32
    kept.check_format(full_check=True)
    assert kept.has_canonical_format
    kept.data[:] = 0  # does not raise: not a view of the graph


def test_an_empty_graph_has_no_edges_to_rank():
    empty = TextGraph.from_edges([], n_nodes=0).adjacency

    assert rank_neighbors(empty, np.empty((0, 3), dtype=np.float32), 3).shape == (0, 0)


@pytest.mark.parametrize("wrong", [0, -1, 1.0, 2.5, True, "all", float("nan"), [3]])
def test_k_is_a_positive_int_or_none(wrong):
    adjacency, vectors = make(0)

    with pytest.raises(
        InvalidParameterError, match=r"`n_neighbors` must be a positive int, or None for all neighbors, got "
    ):
        rank_neighbors(adjacency, vectors, wrong)


def test_unit_vectors_have_unit_length_and_zero_vectors_stay_zero():
    vectors = np.array([[3, 4], [0, 0], [1e30, -1e30], [1e-30, 0], [0, 5e-42]], dtype=np.float32)

    unit = unit_vectors(vectors)

    np.testing.assert_allclose(unit, [[0.6, 0.8], [0, 0], [0.5**0.5, -(0.5**0.5)], [1, 0], [0, 1]], rtol=1e-6)
    assert unit.dtype == np.float32
    assert vectors[0].tolist() == [3, 4]


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("n_vectors", [0, 1, 3000])
def test_vectors_are_scaled_piece_by_piece_into_what_is_given(n_vectors, dtype):
    vectors = np.random.default_rng(0).normal(size=(n_vectors, 300)).astype(dtype)
    out = np.full(vectors.shape, np.nan, dtype=dtype)

    scaled = unit_vectors(vectors, out=out)

    assert scaled is out
    expected = vectors / np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    np.testing.assert_allclose(scaled, expected, rtol=2e-3 if dtype == np.float16 else 1e-6, atol=1e-6)
    np.testing.assert_array_equal(scaled, unit_vectors(vectors).astype(dtype))


def test_vectors_of_unit_length_are_recognized_up_to_the_last_one():
    vectors = unit_vectors(np.random.default_rng(0).normal(size=(3000, 300)))
    vectors[7] = 0  # has no direction to scale
    assert are_unit_vectors(vectors, 1e-6)
    assert are_unit_vectors(vectors[:0], 1e-6)

    vectors[-1] *= np.float32(1.001)
    assert not are_unit_vectors(vectors, 1e-6)
