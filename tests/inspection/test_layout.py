"""Where nodes stand, and which ones are drawn."""

import numpy as np
from scipy import sparse

from skellagnn import TextGraph
from skellagnn.inspection._layout import layout_edges, layout_vectors, nodes_around


def boxes_overlap(a, b):
    return bool((a.min(axis=0) < b.max(axis=0)).all() and (b.min(axis=0) < a.max(axis=0)).all())


def test_components_do_not_overlap():
    ring = [(node, (node + 1) % 10) for node in range(10)]
    graph = TextGraph.from_edges([*ring, (10, 11), (12, 13)], n_nodes=20)

    positions = layout_edges(graph.adjacency, 0)

    parts = [positions[:10], positions[10:12], positions[12:14], positions[14:]]
    for number, part in enumerate(parts):
        assert not any(boxes_overlap(part, other) for other in parts[number + 1 :])
    assert len(np.unique(positions, axis=0)) == 20


def test_one_node_and_none():
    assert layout_edges(sparse.csr_array((1, 1)), 0).shape == (1, 2)
    assert layout_edges(sparse.csr_array((0, 0)), 0).shape == (0, 2)


def test_a_few_vectors_and_one_column():
    assert layout_vectors(np.eye(3), "tsne", 0).shape == (3, 2)
    places = layout_vectors(np.arange(6.0)[:, None], "pca", 0)
    assert places[:, 1].tolist() == [0] * 6
    np.testing.assert_allclose(np.abs(np.diff(places[:, 0])), 1)


def test_hops_that_fit_are_kept_whole():
    path = TextGraph.from_edges([(node, node + 1) for node in range(9)])

    assert nodes_around(path, np.array([5]), 5, 0).tolist() == [3, 4, 5, 6, 7]
    sampled = nodes_around(path, np.array([5]), 4, 0)
    assert len(sampled) == 4
    assert {4, 5, 6} < set(sampled.tolist())
    assert nodes_around(path, np.array([5, 0]), 1, 0).tolist() == [5]


def test_edges_are_followed_in_both_directions():
    star = TextGraph.from_edges([(0, 1), (2, 0)], directed=True)

    assert nodes_around(star, np.array([0]), 10, 0).tolist() == [0, 1, 2]
