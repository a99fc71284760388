"""The graph, or the map of its embeddings, with predictions, labels and queried nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.base.numbers import check_int
from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.graph import TextGraph
from skellagnn.inspection._drawing import DARK, GRAY, class_colors, get_axes, legend_below, shortened
from skellagnn.inspection._fitted import class_labels, fitted_graph, in_view, labels_in_view
from skellagnn.inspection._layout import layout_edges, layout_vectors, nodes_around

_LAYOUTS = ("edges", "pca", "tsne")


class GraphDisplay:
    """Nodes as points in the color of their predicted class; who was asked about, and what was predicted wrongly.

    Parameters
    ----------
    nodes : ndarray of int of shape (n_shown,)
        Node ids.
    positions : ndarray of shape (n_shown, 2)
    edges : ndarray of int of shape (n_edges, 2)
        Pairs of rows of ``positions``.
    predicted : ndarray of int of shape (n_shown,)
        Index of the predicted class.
    labels : ndarray of int of shape (n_shown,)
        Index of the true class; -1 where it is not known.
    queried : ndarray of bool of shape (n_shown,)
    class_names : list of str
    n_nodes : int
        Of the whole graph.

    Attributes
    ----------
    nodes, positions, edges, predicted, labels, queried, class_names, n_nodes
        As given.
    ax_ : matplotlib Axes
        After ``plot``.
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from skellagnn import ELLaGNNClassifier
    >>> from skellagnn.datasets import make_text_graph
    >>> from skellagnn.inspection import GraphDisplay
    >>> data = make_text_graph(60, random_state=0)
    >>> clf = ELLaGNNClassifier(encoder="tfidf", max_iter=5, random_state=0).fit(data.graph, data.target)
    >>> GraphDisplay.from_estimator(clf, data.graph, data.target).positions.shape
    (60, 2)
    """

    def __init__(
        self,
        nodes: NDArray[np.int64],
        positions: NDArray[np.float64],
        edges: NDArray[np.int64],
        predicted: NDArray[np.int64],
        labels: NDArray[np.int64],
        queried: NDArray[np.bool_],
        class_names: list[str],
        n_nodes: int,
    ) -> None:
        self.nodes, self.positions, self.edges = nodes, positions, edges
        self.predicted, self.labels, self.queried = predicted, labels, queried
        self.class_names, self.n_nodes = class_names, n_nodes

    @classmethod
    def from_estimator(
        cls,
        clf: Any,
        X: Any,
        y: Any = None,
        *,
        layout: str = "edges",
        center: Any = None,
        max_nodes: int = 1000,
        random_state: int = 0,
    ) -> GraphDisplay:
        """Predict the nodes and place them.

        Parameters
        ----------
        clf : ELLaGNNClassifier
            Fitted; a loaded one will do.
        X : TextGraph
            View of the graph that it was fitted on. All nodes are drawn, in view or not.
        y : array-like of shape (n_targets,), default=None
            Known labels of the nodes in view; -1 is none.
        layout : {"edges", "pca", "tsne"}, default="edges"
            Linked nodes near each other, with the edges; or nodes with similar embeddings (``clf.transform``), without.
        center : str or sequence of str, default=None
            Names of nodes to draw the neighborhood of, as far as ``max_nodes`` goes.
        max_nodes : int, default=1000
            Of a larger graph: the neighborhood of ``center`` or of the first queried nodes, sampled in its last hop;
            of embeddings, queried nodes and random others.
        random_state : int, default=0

        Returns
        -------
        display : GraphDisplay

        Raises
        ------
        NotFittedError, GraphError, LabelError, InvalidParameterError
            If the model is not fitted, or a parameter is not as described.
        """
        if layout not in _LAYOUTS:
            raise InvalidParameterError(
                f"`layout` must be one of {', '.join(map(repr, _LAYOUTS))}, got {layout!r}. Choose one."
            )
        check_int("max_nodes", max_nodes, at_least=2)
        seed = check_int("random_state", random_state, at_least=0)
        graph = fitted_graph(clf, X)
        label_of = np.full(graph.n_nodes, -1)
        label_of[graph.targets] = labels_in_view(clf, graph, y)
        nodes = _nodes_shown(clf, graph, layout, center, max_nodes, seed)
        view = in_view(graph, nodes)
        adjacency = graph.adjacency[nodes][:, nodes]
        if layout == "edges":
            positions = layout_edges(adjacency, seed)
            pairs = np.sort(np.stack(adjacency.nonzero(), axis=1), axis=1)
            edges = np.unique(pairs, axis=0).astype(np.int64)
        else:
            positions, edges = layout_vectors(clf.transform(view), layout, seed), np.empty((0, 2), dtype=np.int64)
        return cls(
            nodes,
            positions,
            edges,
            clf.predict_proba(view).argmax(axis=1),
            label_of[nodes],
            np.isin(nodes, clf.queried_nodes_),
            class_labels(clf),
            graph.n_nodes,
        )

    def plot(self, ax: Any = None) -> GraphDisplay:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None: a new figure.

        Returns
        -------
        self : GraphDisplay

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        """
        self.figure_, (self.ax_,) = get_axes(ax, 1, 5.6)
        from matplotlib.collections import LineCollection
        from matplotlib.lines import Line2D

        n_shown = len(self.nodes)
        area = float(np.clip(9000 / max(n_shown, 1), 7, 90))
        colors, own = class_colors(self.predicted, len(self.class_names))
        of_node = np.array(colors)[self.predicted]
        thin = float(np.clip(300 / max(len(self.edges), 1), 0.25, 1))
        self.ax_.add_collection(
            LineCollection(list(self.positions[self.edges]), colors=GRAY, linewidths=thin, zorder=1)
        )
        x, y = self.positions.T
        self.ax_.scatter(x, y, area, c=of_node, edgecolors="white", linewidths=0.4, zorder=2)
        asked = self.queried
        self.ax_.scatter(
            x[asked], y[asked], area * 2.6, facecolors="none", edgecolors="black", linewidths=1.3, zorder=3
        )
        wrong = (self.labels >= 0) & (self.labels != self.predicted)
        self.ax_.scatter(x[wrong], y[wrong], area * 0.9, c="red", marker="x", linewidths=1.1, zorder=4)
        self.ax_.set_aspect("equal" if len(self.edges) else "auto")
        self.ax_.margins(0.03)
        self.ax_.set_xticks([])
        self.ax_.set_yticks([])
        self.ax_.spines[:].set_visible(False)

        def mark(label: str, **style: Any) -> Any:
            return Line2D([], [], linestyle="none", label=label, **{"markersize": 7, **style})

        handles = [mark(shortened(self.class_names[index]), marker="o", color=colors[index]) for index in own]
        handles += [mark("other classes", marker="o", color=GRAY)] if len(own) < len(self.class_names) else []
        handles += [mark("LLM was asked", marker="o", markerfacecolor="none", color="black")] if asked.any() else []
        handles += [mark("predicted wrongly", marker="x", color="red")] if wrong.any() else []
        legend_below(self.ax_, 3, handles)
        if n_shown < self.n_nodes:
            self.ax_.set_title(f"{n_shown:,} of {self.n_nodes:,} nodes", fontsize="medium", color=DARK)
        return self


def _nodes_shown(clf: Any, graph: TextGraph, layout: str, center: Any, max_nodes: int, seed: int) -> NDArray[np.int64]:
    if center is None and graph.n_nodes <= max_nodes:
        return np.arange(graph.n_nodes)
    queried = np.asarray(clf.queried_nodes_)
    if center is not None:
        centers = np.atleast_1d(graph.index([center] if isinstance(center, str) else center))
        if not len(centers):
            raise GraphError("`center` must name a node at least, got none. Pass names, or None.")
    elif layout != "edges":
        others = np.setdiff1d(np.arange(graph.n_nodes), queried)
        asked = queried[: max_nodes // 2]
        drawn = np.random.default_rng(seed).choice(others, min(max_nodes - len(asked), len(others)), replace=False)
        return np.sort(np.concatenate([asked, drawn]))
    else:
        # a part of them: each brings some of its neighbors
        centers = queried[: max(max_nodes // 20, 1)] if len(queried) else graph.targets[: max(max_nodes // 20, 1)]
    return nodes_around(graph, centers, max_nodes, seed)
