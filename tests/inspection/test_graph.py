"""The picture of a graph, by its data."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from skellagnn import ELLaGNNClassifier
from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.inspection import GraphDisplay


def test_a_small_graph_is_drawn_whole(fitted):
    clf, graph, y = fitted.clf, fitted.graph, fitted.y

    display = GraphDisplay.from_estimator(clf, graph[fitted.test], y[fitted.test])

    assert display.nodes.tolist() == list(range(90))
    rows, columns = graph.adjacency.nonzero()
    assert {tuple(edge) for edge in display.edges.tolist()} == {
        (min(pair), max(pair)) for pair in zip(rows.tolist(), columns.tolist(), strict=True)
    }
    assert clf.classes_[display.predicted].tolist() == clf.predict(graph).tolist()
    assert display.labels[fitted.test].tolist() == y[fitted.test].tolist()
    assert set(display.labels[fitted.train].tolist()) == {-1}
    assert sorted(np.flatnonzero(display.queried)) == sorted(clf.queried_nodes_)


def test_it_is_the_same_every_time_and_linked_nodes_are_near(fitted):
    one, other = (GraphDisplay.from_estimator(fitted.clf, fitted.graph) for _ in range(2))

    np.testing.assert_array_equal(one.positions, other.positions)
    linked = np.linalg.norm(np.diff(one.positions[one.edges], axis=1), axis=2).mean()
    pairs = np.random.default_rng(0).integers(90, size=(500, 2))
    assert linked < 0.6 * np.linalg.norm(np.diff(one.positions[pairs], axis=1), axis=2).mean()


def test_beyond_the_limit_a_neighborhood_is_drawn(fitted):
    graph = fitted.graph
    center = str(int(np.diff(graph.adjacency.indptr).argmax()))

    display = GraphDisplay.from_estimator(fitted.clf, graph, fitted.y, center=center, max_nodes=12)

    assert len(display.nodes) == 12
    assert int(center) in display.nodes
    assert set(graph.adjacency[[int(center)]].indices.tolist()) <= set(display.nodes.tolist())
    assert display.labels.tolist() == fitted.y[display.nodes].tolist()
    assert display.plot().ax_.get_title() == "12 of 90 nodes"


def test_without_a_center_the_first_queried_nodes_are(fitted):
    display = GraphDisplay.from_estimator(fitted.clf, fitted.graph, max_nodes=20)

    assert fitted.clf.queried_nodes_[0] in display.nodes
    assert len(display.nodes) == 20


@pytest.mark.parametrize("layout", ["pca", "tsne"])
def test_similar_embeddings_are_near(fitted, layout):
    display = GraphDisplay.from_estimator(fitted.clf, fitted.graph, fitted.y, layout=layout)

    assert display.edges.shape == (0, 2)
    own = np.linalg.norm(display.positions[:, None] - display.positions[None], axis=2)
    same = display.predicted[:, None] == display.predicted[None]
    assert own[same].mean() < 0.7 * own[~same].mean()


def test_the_map_of_a_large_graph_keeps_queried_nodes(fitted):
    display = GraphDisplay.from_estimator(fitted.clf, fitted.graph, layout="pca", max_nodes=30)

    assert len(display.nodes) == 30
    assert display.queried.sum() == 15
    assert set(fitted.clf.queried_nodes_[:15].tolist()) == set(display.nodes[display.queried].tolist())


def test_what_is_marked(fitted):
    display = GraphDisplay.from_estimator(fitted.clf, fitted.graph, fitted.y).plot()

    edges = next(part for part in display.ax_.collections if isinstance(part, LineCollection))
    assert len(edges.get_segments()) == len(display.edges)
    nodes, asked, wrong = [part for part in display.ax_.collections if part is not edges]
    assert len(nodes.get_offsets()) == 90
    np.testing.assert_array_equal(asked.get_offsets(), display.positions[display.queried])
    assert len(wrong.get_offsets()) == np.sum(fitted.clf.predict(fitted.graph) != fitted.y)


def test_a_table_is_a_graph_without_edges():
    X, y = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 2
    clf = ELLaGNNClassifier(encoder=None, max_iter=2).fit(X, y)

    display = GraphDisplay.from_estimator(clf, X, y).plot()

    assert len(np.unique(display.positions, axis=0)) == 30


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"layout": "circle"}, InvalidParameterError, "`layout` must be one of 'edges', 'pca', 'tsne', got 'circle'"),
        ({"max_nodes": 1}, InvalidParameterError, "`max_nodes`"),
        ({"center": "nobody"}, GraphError, "nobody"),
        ({"center": []}, GraphError, "`center` must name a node at least"),
    ],
)
def test_bad_parameters(fitted, parameters, error, message):
    with pytest.raises(error, match=message):
        GraphDisplay.from_estimator(fitted.clf, fitted.graph, **parameters)
