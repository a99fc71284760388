"""Which nodes the LLM sees: values of every score, and the promises of the choice."""

from __future__ import annotations

import inspect
import re
from fractions import Fraction
from functools import partial

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skellagnn import TextGraph, selection
from skellagnn.exceptions import AnswerWarning, GraphError, InvalidParameterError
from skellagnn.selection import (
    READS,
    SELECTIONS,
    _outward,
    _selections,
    centers,
    clue,
    clustering,
    count_active_nodes,
    degree,
    low_degree,
    margin,
    neighbors,
    pagerank,
    select_active_nodes,
    short_text,
    text_length,
)


def random_edges(seed, n_nodes=30, n_edges=80):
    rng = np.random.default_rng(seed)
    pairs = rng.integers(n_nodes - 3, size=(n_edges, 2))  # the last three nodes stay isolated
    return np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)


def rows_of(graph, n_features=5, seed=0):
    return np.random.default_rng(seed).normal(size=(graph.n_nodes, n_features)).astype(np.float32)


def permuted(graph, order):
    """The same graph under other numbers: node i of it is node order[i] of ``graph``."""
    return TextGraph(graph.adjacency[order][:, order], texts=[graph.texts[int(node)] for node in order])


# -- PageRank ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_pagerank_is_that_of_networkx(directed, weighted, seed):
    edges = random_edges(seed)
    weights = np.random.default_rng(seed).uniform(0.1, 5, size=len(edges)) if weighted else None
    if weights is not None and not directed:  # a pair listed both ways counts with its largest weight
        weights = np.ones(len(edges)) + edges.sum(axis=1) % 4
    graph = TextGraph.from_edges(edges, weights=weights, directed=directed, n_nodes=30)
    reference = (nx.DiGraph if directed else nx.Graph)()
    reference.add_nodes_from(range(30))
    reference.add_weighted_edges_from(
        [(u, v, 1.0 if weights is None else weights[i]) for i, (u, v) in enumerate(edges.tolist())]
    )

    scores = pagerank(graph)

    expected = nx.pagerank(reference, alpha=0.85, tol=1e-14, max_iter=1000)
    np.testing.assert_allclose(scores, [expected[node] for node in range(30)], rtol=0, atol=1e-7)
    assert scores.sum() == pytest.approx(1)


def test_rank_flows_with_the_messages_and_not_against_them():
    star = TextGraph.from_edges([(1, 0), (2, 0), (3, 0)], directed=True)

    scores = pagerank(star)

    # by hand: a leaf gets (0.15 + 0.85 r0) / 4, the center adds 0.85 of all leaves
    leaf = (0.15 + 0.85 * scores[0]) / 4
    np.testing.assert_allclose(scores, [leaf + 0.85 * 3 * leaf, leaf, leaf, leaf], atol=1e-9)
    assert scores[0] > 2 * scores[1]


@pytest.mark.parametrize("n_nodes", [1, 2, 7])
def test_without_edges_all_nodes_rank_equal(n_nodes):
    np.testing.assert_allclose(pagerank(TextGraph.from_edges([], n_nodes=n_nodes)), 1 / n_nodes)


def test_the_rank_of_no_nodes_is_no_rank():
    assert pagerank(TextGraph.from_edges([], n_nodes=0)).shape == (0,)


def test_pagerank_stops_after_max_iter():
    graph = TextGraph.from_edges(random_edges(0), n_nodes=30)
    once = pagerank(graph, max_iter=1)

    # one step from the uniform distribution, by hand for an isolated node: dangling mass and jumps only
    n_dangling = int((np.diff(graph.adjacency.indptr) == 0).sum())
    assert once[29] == pytest.approx((0.85 * n_dangling / 30 + 0.15) / 30)
    assert np.abs(once - pagerank(graph)).max() > 1e-3


@pytest.mark.parametrize("directed", [False, True])
def test_pagerank_solves_its_equation_to_the_stated_tolerance(directed):
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.1, 5, size=400).astype(np.float32)
    graph = TextGraph.from_edges(rng.integers(60, size=(400, 2)), weights=weights, directed=directed, n_nodes=70)

    dense = graph.adjacency.toarray().astype(np.float64)
    sent = dense.sum(axis=0)
    transition = np.where(sent > 0, dense / np.where(sent > 0, sent, 1), 1 / 70)
    exact = np.linalg.solve(np.eye(70) - 0.85 * transition, np.full(70, 0.15 / 70))

    assert np.abs(pagerank(graph) - exact).sum() < 6e-10


def test_the_number_of_threads_changes_no_score(monkeypatch):
    graph = TextGraph.from_edges(random_edges(3, n_edges=80), directed=True, n_nodes=30)
    monkeypatch.setattr(_selections, "BLOCK", 7)

    scores = []
    for n_threads in ("1", "4"):
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
        scores.append(pagerank(graph))

    np.testing.assert_array_equal(*scores)


@pytest.mark.parametrize("block", [1, 7, 10**6])
@pytest.mark.parametrize("n_edges", [0, 1, 80])
def test_the_block_size_changes_no_score(block, n_edges, monkeypatch):
    edges = random_edges(3, n_edges=n_edges) if n_edges else np.empty((0, 2), dtype=int)
    weights = np.random.default_rng(0).uniform(0.1, 5, size=len(edges))
    rows = np.random.default_rng(1).normal(size=(30, 5)).astype(np.float32)

    def scores():
        graph = TextGraph.from_edges(edges, weights=weights, directed=True, n_nodes=30)
        return [function(graph, rows, np.random.default_rng(2)) for function in (pagerank, degree, clustering)]

    expected = scores()
    monkeypatch.setattr(_selections, "BLOCK", block)

    for value, same in zip(scores(), expected, strict=True):
        np.testing.assert_allclose(value, same, rtol=1e-6, atol=1e-12)


# -- degree ------------------------------------------------------------------------------------------------------


def test_degree_adds_up_weights_by_hand():
    graph = TextGraph.from_edges([(0, 1), (1, 2), (1, 3)], weights=[1, 2, 0.5], n_nodes=5)

    np.testing.assert_array_equal(degree(graph), [1, 3.5, 2, 0.5, 0])
    np.testing.assert_array_equal(low_degree(graph), [-1, -3.5, -2, -0.5, 0])


def test_degree_of_a_directed_graph_counts_both_directions():
    graph = TextGraph.from_edges([(0, 1), (1, 2), (2, 1), (3, 1)], directed=True)

    np.testing.assert_array_equal(degree(graph), [1, 4, 2, 1])


def test_equal_degrees_are_equal_whatever_the_order_of_the_neighbors():
    # in float32 the sum of these weights depends on their order
    weights = [16777216.0, 1.0, 1.0, 1.0]
    edges = [(0, leaf) for leaf in (2, 3, 4, 5)] + [(1, leaf) for leaf in (5, 4, 3, 2)]
    graph = TextGraph.from_edges(edges, weights=weights * 2)

    assert degree(graph)[:2].tolist() == [16777219.0, 16777219.0]


# -- texts -------------------------------------------------------------------------------------------------------


def test_text_length_counts_characters_not_bytes():
    graph = TextGraph.from_edges([], texts=["cats", "кот", "", "猫"])

    np.testing.assert_array_equal(text_length(graph), [4, 3, 0, 1])
    np.testing.assert_array_equal(short_text(graph), [-4, -3, 0, -1])


@pytest.mark.parametrize("name", ["text_length", "short_text"])
def test_text_selections_need_texts(name):
    graph = TextGraph.from_edges([(0, 1)])

    with pytest.raises(
        InvalidParameterError, match=r"`selection` by text length needs a graph with texts, got one without"
    ):
        select_active_nodes(graph, rows_of(graph), name, 1)


# -- clustering --------------------------------------------------------------------------------------------------


def blobs(sizes, spread=0.01):
    rng = np.random.default_rng(0)
    centers = 10 * np.eye(len(sizes))
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    order = rng.permutation(len(cluster))
    rows = (centers[cluster] + rng.normal(scale=spread, size=(len(cluster), len(sizes))))[order]
    return cluster[order], rows.astype(np.float32)


def test_no_cluster_has_its_second_node_before_every_cluster_had_its_first():
    sizes = [40, 25, 8, 3]
    cluster, rows = blobs(sizes)
    graph = TextGraph.from_edges([], n_nodes=len(rows))

    scores = clustering(graph, rows, np.random.default_rng(0), n_clusters=4)

    chosen = cluster[np.argsort(-scores, kind="stable")]
    for rank in range(max(sizes)):
        alive = [c for c, size in enumerate(sizes) if size > rank]
        start = sum(min(size, rank) for size in sizes)
        assert sorted(chosen[start : start + len(alive)]) == alive


def test_the_most_typical_node_of_a_cluster_comes_first():
    cluster, rows = blobs([20, 20], spread=1.0)
    graph = TextGraph.from_edges([], n_nodes=len(rows))

    order = np.argsort(-clustering(graph, rows, np.random.default_rng(0), n_clusters=2), kind="stable")

    for c in (0, 1):
        mine = order[cluster[order] == c]
        distance = np.linalg.norm(rows[mine] - rows[cluster == c].mean(axis=0), axis=1)
        assert distance[0] < np.percentile(distance, 20)
        assert np.corrcoef(np.arange(len(mine)), distance)[0, 1] > 0.9


def test_a_node_without_text_does_not_take_its_clusters_turn():
    cluster, rows = blobs([6, 6, 6])
    texts = ["words"] * 18
    graph = TextGraph.from_edges([], texts=texts)
    three = partial(clustering, n_clusters=3)
    first = select_active_nodes(graph, rows, three, 3)
    for node in first[:2].tolist():
        texts[node] = ""

    active = select_active_nodes(TextGraph.from_edges([], texts=texts), rows, three, 3)

    assert sorted(cluster[first]) == sorted(cluster[active]) == [0, 1, 2]
    assert not set(first[:2].tolist()) & set(active.tolist())


@pytest.mark.parametrize("n_nodes", [1, 2, 3, 10])
def test_clustering_copes_with_few_and_with_equal_rows(n_nodes):
    graph = TextGraph.from_edges([], n_nodes=n_nodes)

    active = select_active_nodes(graph, np.ones((n_nodes, 3), dtype=np.float32), "clustering", 1.0)

    assert active.tolist() == list(range(n_nodes))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("mapped", [False, True])
def test_rows_may_be_halves_or_on_disk(dtype, mapped, tmp_path):
    rows = rows_of(TextGraph.from_edges([], n_nodes=60)).astype(dtype)
    graph = TextGraph.from_edges([], n_nodes=60)
    expected = clustering(graph, rows.astype(np.float32), np.random.default_rng(0), n_clusters=4)
    if mapped:
        np.save(tmp_path / "rows.npy", rows)
        rows = np.load(tmp_path / "rows.npy", mmap_mode="r")

    np.testing.assert_array_equal(clustering(graph, rows, np.random.default_rng(0), n_clusters=4), expected)


def test_centers_from_a_sample_of_the_rows_still_find_the_clusters(monkeypatch):
    sizes = [400, 250, 150]
    cluster, rows = blobs(sizes)
    graph = TextGraph.from_edges([], n_nodes=len(rows))
    monkeypatch.setattr(_selections, "_NODES_PER_CLUSTER", 20)  # 60 of 800 rows

    scores = clustering(graph, rows, np.random.default_rng(0), n_clusters=3)

    assert sorted(cluster[np.argsort(-scores, kind="stable")[:3]]) == [0, 1, 2]
    for c, size in enumerate(sizes):  # each node has its place in its own cluster
        np.testing.assert_array_equal(np.sort(np.ceil(scores[cluster == c])), -np.arange(size)[::-1])


@pytest.mark.parametrize(
    ("rows", "enough", "count"),
    [([1, 1, 1, 1], 3, 1), ([1, 1, 1, 1, 1, 1, 2], 2, 2), ([1, 2, 3, 4], 3, 3), ([5], 4, 1)],
)
def test_different_rows_are_counted_until_there_are_enough(rows, enough, count):
    assert _selections._count_distinct(np.array(rows, dtype=np.float32)[:, None], enough) == count


@pytest.mark.parametrize(("n_nodes", "n_clusters"), [(4, 1), (20, 2), (200, 20)])
def test_by_default_there_is_a_cluster_for_each_ten_nodes(n_nodes, n_clusters):
    graph = TextGraph.from_edges([], n_nodes=n_nodes)

    scores = clustering(graph, rows_of(graph), np.random.default_rng(0))

    assert (scores > -1).sum() == n_clusters


def test_large_clusters_do_not_always_come_first():
    cluster, rows = blobs([40, 25, 8, 3])
    graph = TextGraph.from_edges([], n_nodes=len(rows))

    first = [cluster[clustering(graph, rows, np.random.default_rng(seed), n_clusters=4).argmax()] for seed in range(20)]

    assert set(first) == {0, 1, 2, 3}


# -- what labels leave open --------------------------------------------------------------------------------------

OPEN = np.array([[0.5, 0.3, 0.2], [0.1, 0.45, 0.45], [0.98, 0.01, 0.01], [0.2, 0.2, 0.6], [0.4, 0.25, 0.35]])


def test_the_margin_is_between_the_two_most_probable_classes():
    graph = TextGraph.from_edges([], n_nodes=5)

    scores = margin(graph, None, np.random.default_rng(0), probabilities=OPEN)

    np.testing.assert_allclose(scores, [-0.2, 0, -0.97, -0.4, -0.05], atol=1e-12)
    turned = margin(graph, None, np.random.default_rng(1), probabilities=OPEN[:, [2, 0, 1]])
    np.testing.assert_array_equal(scores, turned)
    active = select_active_nodes(graph, np.ones((5, 2)), "margin", 1.0, probabilities=lambda: OPEN)
    assert active.tolist() == [1, 4, 0, 3, 2]


@pytest.mark.parametrize("seed", range(3))
def test_the_smallest_margin_and_a_random_node_take_turns(seed):
    graph = TextGraph.from_edges([], n_nodes=50)
    probabilities = np.random.default_rng(9).dirichlet([1, 1, 1], size=50)
    margins = margin(graph, None, np.random.default_rng(seed), probabilities=probabilities)
    orders = [np.argsort(-scores) for scores in (margins, selection.random(graph, None, np.random.default_rng(seed)))]

    active = select_active_nodes(
        graph, np.ones((50, 2)), "margin_random", 1.0, seed=seed, probabilities=lambda: probabilities
    )

    in_turn = dict.fromkeys(node for pair in np.column_stack(orders).tolist() for node in pair)
    assert active.tolist() == list(in_turn)


def test_without_labels_uncertain_clusters_are_clusters():
    graph = TextGraph.from_edges([], n_nodes=60)
    features = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    uniform = np.full((60, 3), 1 / 3)

    scores = clue(graph, features, np.random.default_rng(4), probabilities=uniform)

    np.testing.assert_array_equal(scores, clustering(graph, features, np.random.default_rng(4)))


def test_clusters_are_where_labels_leave_classes_open():
    """Four groups, of which two are open: each cluster's first node is of these."""
    graph = TextGraph.from_edges([], n_nodes=120)
    group = np.repeat(np.arange(4), 30)
    features = (10 * np.eye(4)[group] + np.random.default_rng(0).normal(size=(120, 4))).astype(np.float32)
    probabilities = np.where((group < 2)[:, None], [0.5, 0.5], [1.0, 0.0])

    active = select_active_nodes(graph, features, "clue", 10, probabilities=lambda: probabilities)

    assert set(group[active]) == {0, 1}
    # the clustering alone looks everywhere
    assert (np.bincount(group[select_active_nodes(graph, features, "clustering", 10)], minlength=4) > 0).all()


def test_wide_features_are_clustered_as_their_principal_components_are():
    """Turned into many more dimensions, which keeps all distances, the same nodes are typical."""
    rng = np.random.default_rng(0)
    narrow = (np.sqrt(np.arange(1, 7)) * rng.normal(size=(200, 6))).astype(np.float32)
    turned, _ = np.linalg.qr(rng.normal(size=(150, 6)))
    graph = TextGraph.from_edges([], n_nodes=200)

    scores = [clustering(graph, x, np.random.default_rng(1)) for x in (narrow, (narrow @ turned.T).astype(np.float32))]

    first = [set(np.argsort(-own)[:20].tolist()) for own in scores]
    assert len(first[0] & first[1]) >= 15


# -- beside labeled nodes ----------------------------------------------------------------------------------------


def order_of(scores):
    return np.argsort(-scores, kind="stable").tolist()


def star(*similarities, n_nodes=0):
    """A node 0 with neighbors 1, 2, ... whose vectors have these cosines with its own, and lengths of all kinds."""
    cosine = np.array([1, *similarities])
    vectors = np.column_stack([cosine, np.sqrt(1 - cosine**2)]) * np.arange(1, len(cosine) + 1)[:, None]
    edges = [(0, leaf) for leaf in range(1, len(cosine))]
    rows = np.vstack([vectors, np.ones((max(0, n_nodes - len(cosine)), 2))]).astype(np.float32)
    return edges, rows


def test_neighbors_of_a_labeled_node_come_by_their_cosine():
    edges, rows = star(0.1, 0.9, -0.5, 0.4)
    graph = TextGraph.from_edges(edges)

    for seed in range(3):
        assert order_of(neighbors(graph, rows, np.random.default_rng(seed), labeled=[0])) == [2, 4, 1, 3, 0]
        assert order_of(centers(graph, rows, np.random.default_rng(seed), labeled=[0])) == [0, 2, 4, 1, 3]
    assert select_active_nodes(graph, rows, "neighbors", 2, labeled=[0]).tolist() == [2, 4]
    assert select_active_nodes(graph, rows, "centers", 2, labeled=[0]).tolist() == [0, 2]


def test_the_nearest_of_each_labeled_node_comes_before_the_second_of_any():
    # two stars, 0 to 3 and 4 to 7; cosines with the centers fall from the first leaf to the last
    rows = np.tile([[1, 0], [0.9, 0.44], [0.5, 0.87], [0, 1]], (2, 1)).astype(np.float32)
    graph = TextGraph.from_edges([(0, 1), (0, 2), (0, 3), (4, 5), (4, 6), (4, 7)])

    orders = [order_of(neighbors(graph, rows, np.random.default_rng(seed), labeled=[4, 0, 4])) for seed in range(20)]

    for order in orders:
        assert [set(order[place : place + 2]) for place in (0, 2, 4)] == [{1, 5}, {2, 6}, {3, 7}]
        assert [node > 3 for node in order[:2]] == [node > 3 for node in order[2:4]]  # one order of turns
    assert {order[0] for order in orders} == {1, 5}


def test_then_their_neighbors_and_last_what_no_path_leads_to():
    # 3 - 1 - 0 - 2 - 4 - 5 and 6 - 7 apart, all vectors alike but that of 1
    graph = TextGraph.from_edges([(0, 1), (0, 2), (1, 3), (2, 4), (4, 5), (6, 7)])
    rows = np.ones((8, 2), dtype=np.float32)
    rows[1] = [1, 0]

    orders = [order_of(neighbors(graph, rows, np.random.default_rng(seed), labeled=[0])) for seed in range(20)]

    # 0 is the first neighbor of 2 and of 1, then it is 2's turn again
    assert {tuple(order[:6]) for order in orders} == {(2, 1, 0, 4, 3, 5)}
    assert {tuple(order[6:]) for order in orders} == {(6, 7), (7, 6)}


def test_messages_come_from_sources_and_a_node_keeps_ten():
    n_leaves = 12
    edges, rows = star(*np.linspace(0.95, 0.05, n_leaves), n_nodes=15)
    directed = TextGraph.from_edges([*((leaf, 0) for _, leaf in edges), (0, 13), (14, 1)], directed=True, n_nodes=15)

    order = order_of(neighbors(directed, rows, np.random.default_rng(0), labeled=[0]))

    assert order[:11] == [*range(1, 11), 14]
    assert set(order[11:]) == {0, 11, 12, 13}
    assert order_of(neighbors(directed, rows, np.random.default_rng(0), labeled=[0], n_neighbors=2))[:3] == [1, 2, 14]


def test_a_neighbor_without_text_takes_no_turn():
    edges, rows = star(0.9, 0.8, 0.7)
    texts = ["center", "", "second", "third"]
    graph = TextGraph.from_edges(edges, texts=texts)

    assert order_of(neighbors(graph, rows, np.random.default_rng(0), labeled=[0], n_neighbors=2))[:2] == [2, 3]


def test_labeled_nodes_may_be_a_mask_and_must_be_nodes():
    edges, rows = star(0.1, 0.9)
    graph = TextGraph.from_edges(edges)

    for labeled in ([0], np.array([True, False, False])):
        assert select_active_nodes(graph, rows, "centers", 3, labeled=labeled).tolist() == [0, 2, 1]
    for name in ("centers", "degree"):
        with pytest.raises(InvalidParameterError, match="`labeled` must be node ids from 0 to 2, got 3"):
            select_active_nodes(graph, rows, name, 3, labeled=[3])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"graph": None}, GraphError, "`graph` must be a TextGraph, got NoneType"),
        ({"features": None}, InvalidParameterError, "`features` must have a row .* got dtype object"),
        ({"features": np.eye(2)}, InvalidParameterError, r"`features` must have a row .* each of 3 nodes, got dtype"),
        ({"probabilities": 5}, InvalidParameterError, "`probabilities` must be a function"),
        ({"probabilities": lambda: [1, 2]}, InvalidParameterError, "`probabilities` must have a row of numbers"),
        ({"asked": [[0], [0, 1]]}, InvalidParameterError, "`asked` must be an array"),
        ({"asked": "x"}, InvalidParameterError, "`asked` must be a 1-D array of node ids"),
        ({"asked": [3]}, InvalidParameterError, "`asked` must be node ids from 0 to 2, got 3"),
    ],
)
def test_what_is_no_argument_is_named(arguments, error, message):
    graph = TextGraph.from_edges([(0, 1), (1, 2)], texts=list("abc"))
    given = {"graph": graph, "features": np.eye(3), **arguments}
    with pytest.raises(error, match=message):
        select_active_nodes(selection="margin", augmentation_ratio=1, **given)


def test_without_labels_neighbors_are_random():
    graph = TextGraph.from_edges([(0, 1), (1, 2)], n_nodes=6)

    orders = {tuple(order_of(neighbors(graph, np.ones((6, 1)), np.random.default_rng(s)))) for s in range(20)}

    assert len(orders) > 15
    assert {order[0] for order in orders} > {0, 5}


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("block", [1, 7, 10**6])
def test_neighbors_are_those_that_a_plain_search_finds(dtype, block, monkeypatch):
    """Node by node, in plain Python, on a graph without equal cosines."""
    monkeypatch.setattr(_outward, "BLOCK", block)
    graph = TextGraph.from_edges(random_edges(5), n_nodes=30)
    rows = rows_of(graph).astype(dtype)
    exact = rows.astype(np.float64)
    labeled = [3, 7, 20]

    order = order_of(neighbors(graph, rows, np.random.default_rng(2), labeled=labeled, n_neighbors=3))

    turns = sorted(labeled, key=np.random.default_rng(2).permutation(30).tolist().__getitem__)
    expected, seen = [], set()
    while turns:
        seen |= set(turns)
        nearest = []
        for node in turns:
            beside = graph.adjacency[[node]].indices.tolist()
            cosine = {other: exact[node] @ exact[other] / np.linalg.norm(exact[other]) for other in beside}
            nearest.append(sorted(beside, key=cosine.__getitem__, reverse=True)[:3])
        found = [ranked[place] for place in range(3) for ranked in nearest if len(ranked) > place]
        new = [node for node in dict.fromkeys(found) if node not in expected]
        expected += new
        turns = [node for node in new if node not in seen]
    assert order[: len(expected)] == expected
    assert len(expected) > 15


# -- how many ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratio", "count"),
    [
        (0, 0), (0.0, 0), (1, 1), (1.0, 30), (7, 7), (30, 30), (0.1, 3), (0.05, 2), (0.25, 8), (1 / 30, 1), (0.999, 30),
        (np.float32(0.5), 15), (np.int64(4), 4), (Fraction(1, 3), 10),
    ],
)  # fmt: skip
def test_ratio_is_a_fraction_as_float_and_a_number_as_int(ratio, count):
    assert count_active_nodes(ratio, 30) == count


@pytest.mark.parametrize(
    ("ratio", "message"),
    [
        (1.5, r"as a float must be in \[0, 1\], a fraction of all nodes, got 1\.5\. Write 0\.1 for 10 %"),
        (-0.1, r"as a float must be in \[0, 1\], a fraction of all nodes, got -0\.1"),
        (-1, r"as an int must be a number of nodes from 0 to 30, got -1"),
        (31, r"as an int must be a number of nodes from 0 to 30, got 31\. Write 1\.0 for all nodes"),
        (10**400, r"as an int must be a number of nodes from 0 to 30, got 1000"),
        (True, r"must be a float in \[0, 1\] \(fraction of all nodes\) or an int \(number of nodes\), got True"),
        (np.True_, r"must be a float in \[0, 1\] .* got (np\.True_|True)"),
        (float("nan"), r"must be a float in \[0, 1\] .* got nan"),
        (float("inf"), r"must be a float in \[0, 1\] .* got inf"),
        ("0.1", r"must be a float in \[0, 1\] .* got '0\.1'"),
        (None, r"must be a float in \[0, 1\] .* got None"),
        ([0.1], r"must be a float in \[0, 1\] .* got \[0\.1\]"),
    ],
)
def test_a_ratio_that_cannot_be_is_refused(ratio, message):
    with pytest.raises(InvalidParameterError, match="^`augmentation_ratio` " + message):
        count_active_nodes(ratio, 30)


@pytest.mark.parametrize(("n_nodes", "enough"), [(4, "0.25"), (3, "0.333"), (0, "1")])
def test_a_fraction_that_rounds_to_no_node_is_refused_with_the_smallest_that_does_not(n_nodes, enough):
    with pytest.raises(
        InvalidParameterError,
        match=rf"`augmentation_ratio`=0\.1 of {n_nodes} nodes must be at least one node, .* Use at least {enough}",
    ):
        count_active_nodes(0.1, n_nodes)
    if n_nodes:
        assert count_active_nodes(float(enough), n_nodes) == 1


# -- the choice --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_choice_for_a_smaller_ratio_is_a_prefix_of_the_choice_for_a_larger_one(name, graph):
    rows = rows_of(graph)
    everything = select_active_nodes(graph, rows, name, 1.0, seed=3)

    assert sorted(everything.tolist()) == list(range(graph.n_nodes))
    for ratio in (0, 1, 0.1, 0.25, 7, 0.5, 20, 0.9):
        active = select_active_nodes(graph, rows, name, ratio, seed=3)
        assert len(active) == count_active_nodes(ratio, graph.n_nodes)
        np.testing.assert_array_equal(active, everything[: len(active)])


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_targets_in_view_do_not_enter(name, graph):
    rows = rows_of(graph)

    whole, fold = select_active_nodes(graph, rows, name, 6), select_active_nodes(graph[[20, 3, 3]], rows, name, 6)

    np.testing.assert_array_equal(whole, fold)


@pytest.mark.parametrize("function", SELECTIONS.values())
def test_no_selection_has_a_parameter_for_labels(function):
    parameters = inspect.signature(function).parameters
    assert list(parameters)[:3] == ["graph", "features", "rng"]
    assert ("probabilities" in parameters) == ("labels" in READS[function.__name__])
    assert ("labeled" in parameters) == ("labeled" in READS[function.__name__])
    assert not {"y", "labels", "target", "targets"} & set(parameters)


@pytest.mark.parametrize("name", [name for name, reads in READS.items() if reads == "graph"])
def test_selections_that_read_the_graph_do_not_look_at_the_rows(name, graph):
    seen = select_active_nodes(graph, rows_of(graph), name, 6)

    np.testing.assert_array_equal(seen, select_active_nodes(graph, np.empty((graph.n_nodes, 0), np.float32), name, 6))


def test_the_other_selections_do_look_at_the_rows(graph):
    assert READS.keys() == SELECTIONS.keys()
    for name in ("clue", "clustering", "neighbors", "centers"):
        one, other = (select_active_nodes(graph, rows_of(graph, seed=seed), name, 6, labeled=[0]) for seed in (0, 1))
        assert one.tolist() != other.tolist()


def test_scores_in_another_order_than_the_nodes_are_refused():
    graph = TextGraph.from_edges([], n_nodes=3, node_names=list("abc"))
    scores = pd.Series([1.0, 2.0, 3.0], index=list("abc"))

    assert select_active_nodes(graph, np.eye(3), lambda *_: scores, 2).tolist() == [2, 1]
    with pytest.raises(InvalidParameterError, match="`selection` must be in the order of the nodes"):
        select_active_nodes(graph, np.eye(3), lambda *_: scores[::-1], 2)


@pytest.mark.parametrize("name", ["pagerank", "degree", "low_degree", "text_length", "short_text"])
def test_renumbering_the_nodes_renumbers_the_choice(name):
    rng = np.random.default_rng(1)
    lengths = rng.permutation(12) + 1
    edges, weights = random_edges(2, n_nodes=15, n_edges=40), None
    weights = rng.uniform(1, 2, size=len(edges))  # no two nodes score the same
    graph = TextGraph.from_edges(edges, texts=["x" * n for n in lengths], weights=weights)
    order = rng.permutation(12)

    active = select_active_nodes(graph, rows_of(graph), name, 1.0)
    renumbered = select_active_nodes(permuted(graph, order), rows_of(graph), name, 1.0)

    np.testing.assert_array_equal(order[renumbered], active)


@pytest.mark.parametrize("blank", ["", " ", "\n\t\u3000"])
@pytest.mark.parametrize("name", SELECTIONS)
def test_nodes_that_say_nothing_are_never_chosen(name, blank):
    texts = [blank if node % 3 == 0 else f"text {node}" for node in range(12)]
    graph = TextGraph.from_edges([(0, node) for node in range(1, 12)], texts=texts)

    active = select_active_nodes(graph, rows_of(graph), name, 1.0)

    assert sorted(active.tolist()) == [1, 2, 4, 5, 7, 8, 10, 11]
    np.testing.assert_array_equal(select_active_nodes(graph, rows_of(graph), name, 3), active[:3])


def test_blanks_are_told_from_texts_in_every_script():
    # Georgian and Japanese texts begin with a byte that some blanks of Unicode begin with too
    blanks = [" ", "\x1f", "\x85", "\xa0", "\u1680", "\u2003\u2028", "\u205f\u3000", "\t\n"]
    texts = ["a", "\x00", "é", "\xb5", "ქარ", "“quoted”", "にゃん", "猫", "\u3000 x", "😀", "\ufeff"]
    graph = TextGraph.from_edges(
        [], texts=[text for pair in zip(blanks, texts[:8], strict=True) for text in pair] + texts[8:]
    )

    active = select_active_nodes(graph, rows_of(graph), "degree", 1.0)

    assert [graph.texts[node] for node in active.tolist()] == texts


def test_many_nodes_that_say_nothing_are_passed_over():
    texts = [" "] * 3000 + ["words"] * 3
    graph = TextGraph.from_edges([], texts=texts)

    assert select_active_nodes(graph, rows_of(graph), "degree", 2).tolist() == [3000, 3001]
    assert select_active_nodes(graph, rows_of(graph), "degree", 1.0).tolist() == [3000, 3001, 3002]


def test_without_any_text_nobody_is_chosen():
    graph = TextGraph.from_edges([(0, 1)], texts=["", " "])

    assert select_active_nodes(graph, rows_of(graph), "pagerank", 1.0).tolist() == []


def test_equal_scores_keep_the_order_of_the_nodes():
    ring = TextGraph.from_edges([(node, (node + 1) % 8) for node in range(8)])

    assert select_active_nodes(ring, rows_of(ring), "degree", 5).tolist() == [0, 1, 2, 3, 4]
    scores = np.array([1, 3, 2, 3, 1, 3, 2, 1])
    assert select_active_nodes(ring, rows_of(ring), lambda *_: scores, 8).tolist() == [1, 3, 5, 2, 6, 0, 4, 7]


def test_equal_scores_keep_the_order_of_many_nodes_too():
    graph = TextGraph.from_edges([], n_nodes=1000)
    scores = np.arange(1000) % 3  # sorting few numbers keeps their order by chance

    active = select_active_nodes(graph, rows_of(graph), lambda *_: scores, 1.0)

    assert active.tolist() == [*range(2, 1000, 3), *range(1, 1000, 3), *range(0, 1000, 3)]


@pytest.mark.parametrize("name", ["random", "clustering", "neighbors", "centers"])
def test_drawing_selections_depend_on_the_seed_alone(name, graph):
    rows = rows_of(graph)
    first = select_active_nodes(graph, rows, name, 8, seed=5)
    second = select_active_nodes(graph, rows, name, 8, seed=5)

    np.testing.assert_array_equal(first, second)
    assert any(select_active_nodes(graph, rows, name, 8, seed=seed).tolist() != first.tolist() for seed in range(5))


def test_random_draws_without_a_preference():
    graph = TextGraph.from_edges([(0, node) for node in range(1, 10)])
    counts = np.zeros(10)
    for seed in range(400):
        counts[select_active_nodes(graph, rows_of(graph), "random", 3, seed=seed)] += 1

    assert counts.sum() == 1200
    assert counts.min() > 85  # expected 120, standard deviation 9
    assert counts.max() < 155


def test_arrays_of_a_worker_are_read_only(graph):
    rows = rows_of(graph)
    rows.flags.writeable = False
    adjacency = graph.adjacency.copy()
    for array in (adjacency.data, adjacency.indices, adjacency.indptr):
        array.flags.writeable = False
    frozen = TextGraph(adjacency, texts=list(graph.texts))

    for name in SELECTIONS:
        expected = select_active_nodes(graph, rows.copy(), name, 6)
        np.testing.assert_array_equal(select_active_nodes(frozen, rows, name, 6), expected)


# -- whom to ask at most -----------------------------------------------------------------------------------------


def test_large_integers_are_not_rounded():
    graph = TextGraph.from_edges([], n_nodes=3)
    scores = np.array([2**53, 2**53 + 1, 2**64 - 1], dtype=np.uint64)

    assert select_active_nodes(graph, rows_of(graph), lambda *_: scores, 3).tolist() == [2, 1, 0]


@pytest.mark.parametrize("name", SELECTIONS)
def test_candidates_keep_the_order_and_the_count_of_all_nodes(name, graph):
    rows = rows_of(graph)
    everything = select_active_nodes(graph, rows, name, 1.0).tolist()
    allowed = [20, 3, 11, 7, 5, 3]
    wanted = [node for node in everything if node in allowed]
    mask = np.zeros(graph.n_nodes, dtype=bool)
    mask[allowed] = True

    for candidates in (allowed, np.array(allowed), mask, pd.Series(mask), mask.tolist()):
        for ratio, count in ((2, 2), (0.125, 3), (5, 5)):
            active = select_active_nodes(graph, rows, name, ratio, candidates=candidates)
            assert active.tolist() == wanted[:count]
            assert active.dtype == np.int64


def test_fewer_candidates_than_asked_for_are_all_chosen_with_one_warning():
    texts = ["one", " ", "two", "", "three", "four"]
    graph = TextGraph.from_edges([(0, 2), (4, 5)], texts=texts)

    with pytest.warns(AnswerWarning) as caught:
        active = select_active_nodes(graph, rows_of(graph), "degree", 0.5, candidates=[0, 1, 2, 3])

    assert active.tolist() == [0, 2]
    (warning,) = caught
    assert re.match(
        r"`candidates` leave 2 nodes with a text to ask about, fewer than the 3 that augmentation_ratio=0.5 of all 6 "
        r"nodes comes to: all of them are asked about\.",
        str(warning.message),
    )
    with pytest.warns(AnswerWarning, match="leave 0 nodes with a text"):
        assert select_active_nodes(graph, rows_of(graph), "degree", 1, candidates=[1, 3]).tolist() == []
    with pytest.warns(AnswerWarning, match="leave 1 nodes with a text .* fewer than the 2"):  # texts or not
        assert select_active_nodes(graph.without_texts(), rows_of(graph), "degree", 2, candidates=[3]).tolist() == [3]


@pytest.mark.parametrize(
    ("candidates", "sentence"),
    [
        ([], "must be at least one node, got none"),
        (np.zeros(24, dtype=bool), "must be at least one node, got none"),
        (np.ones(24, dtype=int), r"all of them 0 or 1: .* mask\.astype\(bool\)"),
        (np.ones(23, dtype=bool), "must be a 1-D array of node ids or a mask over all 24 nodes"),
        ([24], "must be node ids from 0 to 23, got 24"),
        ([-1], "must be node ids from 0 to 23, got -1"),
        ([1.0], "must be a 1-D array of node ids"),
        (["a"], "must be a 1-D array of node ids"),
        ({1, 2}, "must be a list or an array, got set"),
        (3, "must be a 1-D array of node ids"),
        (np.ma.array([True] * 24, mask=[True] * 24), "must not hide entries behind a mask"),
        (pd.Series([True] * 24)[::-1], "must be in the order of the nodes"),
    ],
)
@pytest.mark.parametrize("ratio", [0, 3])
def test_candidates_that_are_no_nodes_are_refused(candidates, sentence, ratio, graph):
    with pytest.raises(InvalidParameterError, match="`candidates` .*" + sentence):
        select_active_nodes(graph, rows_of(graph), "degree", ratio, candidates=candidates)


# -- one's own ---------------------------------------------------------------------------------------------------


def test_a_callable_gets_graph_rows_and_a_seeded_generator(graph):
    rows, seen = rows_of(graph), []

    def mine(*arguments):
        seen.append(arguments)
        return -np.arange(graph.n_nodes)

    assert select_active_nodes(graph, rows, mine, 3, seed=9).tolist() == [0, 1, 2]
    ((given_graph, given_rows, rng),) = seen
    assert given_graph is graph
    assert given_rows is rows
    assert rng.random() == np.random.default_rng(9).random()


@pytest.mark.parametrize(
    "scores",
    [
        [True, False, True],
        np.array([2, 1, 2], dtype=np.uint8),
        [0.5, -np.inf, np.inf],
    ],
)
def test_scores_may_be_booleans_unsigned_or_infinite(scores):
    graph = TextGraph.from_edges([(0, 1), (1, 2)])

    active = select_active_nodes(graph, rows_of(graph), lambda *_: scores, 3).tolist()

    assert active == sorted(range(3), key=lambda node: -float(scores[node]))


@pytest.mark.parametrize(
    "scores",
    [
        np.zeros((3, 1)),
        np.zeros(4),
        0.5,
        None,
        [1.0, np.nan, 2.0],
        ["a", "b", "c"],
        np.zeros(3, dtype=complex),
        sparse.csr_array(np.eye(3)),
        [np.inf, np.inf, np.inf],
        [np.inf, -np.inf, np.inf],
        np.array([1, 2, None]),
        np.array(["2020"] * 3, dtype="datetime64[D]"),
    ],
)
def test_a_callable_must_return_one_score_per_node(scores):
    graph = TextGraph.from_edges([(0, 1), (1, 2)])

    with pytest.raises(
        InvalidParameterError, match=r"`selection` must return one score per node, shape \(3,\), none of them NaN"
    ):
        select_active_nodes(graph, rows_of(graph), lambda *_: scores, 1)


def test_nothing_is_computed_for_no_nodes(graph):
    def fails(*arguments):
        raise AssertionError("asked for scores")

    active = select_active_nodes(graph, rows_of(graph), fails, 0)

    assert active.tolist() == []
    assert active.dtype == np.int64


@pytest.mark.parametrize(
    ("name", "closest"),
    [("page_rank", "pagerank"), ("Degree", "degree"), ("cluster", "clustering"), ("lowdegree", "low_degree")],
)
def test_an_unknown_name_gets_the_closest_one(name, closest, graph):
    with pytest.raises(
        InvalidParameterError,
        match=rf"`selection` must be one of .*'pagerank', .* or a callable, got '{name}'\. Did you mean '{closest}'\?",
    ):
        select_active_nodes(graph, rows_of(graph), name, 3)


@pytest.mark.parametrize("wrong", [None, 3, ["pagerank"]])
def test_a_selection_is_a_name_or_a_callable(wrong, graph):
    with pytest.raises(InvalidParameterError, match=r"`selection` must be one of .*'pagerank', .* or a callable, got"):
        select_active_nodes(graph, rows_of(graph), wrong, 3)


def test_every_selection_of_the_table_is_public():
    for name, function in SELECTIONS.items():
        assert getattr(selection, name) is function
        assert name in selection.__all__
