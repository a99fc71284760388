"""Which nodes several selections take, and what kind of nodes these are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata
from sklearn.base import clone

from skellagnn.base.arrays import as_numbers
from skellagnn.exceptions import InvalidParameterError
from skellagnn.graph import TextGraph
from skellagnn.graph._names import check_nodes
from skellagnn.inspection._drawing import COLORS, DARK, class_colors, get_axes, legend_below, shortened
from skellagnn.inspection._fitted import class_labels, in_view
from skellagnn.validation import UNLABELED, as_graph, given_labels


class SelectionDisplay:
    """Selections compared: the nodes that two of them share, how central and how unsure these are, and their classes.

    Parameters
    ----------
    graph : TextGraph
    nodes : mapping of str to array-like of int
        Node ids by name of the selection.
    y : array-like of shape (n_targets,), default=None
        Classes of the nodes in view; -1 among numbers is unknown.
    uncertainty : array-like of shape (n_nodes,), default=None
        How unsure a model is of each node, such as ``1 - clf.predict_proba(graph).max(axis=1)``.

    Attributes
    ----------
    nodes : dict of str to ndarray of int
    overlap : ndarray of shape (n_selections, n_selections)
        Nodes that two share, as a share of the smaller one.
    degree_ranks, uncertainty_ranks : dict of str to ndarray
        For each selected node the share of nodes that have fewer edges, or are surer; half of those that are equal.
        Random nodes have 0.5 on average. The second is None without ``uncertainty``.
    class_names : list of str
    class_shares : ndarray of shape (n_selections + 1, n_classes)
        Of the selected nodes with a known class; the last row is that of all nodes. None without ``y``.
    ax_ : ndarray of matplotlib Axes of shape (2,) or, with ``y``, (3,)
        After ``plot``.
    figure_ : matplotlib Figure

    Raises
    ------
    InvalidParameterError, GraphError, LabelError
        If these are not as described.

    Examples
    --------
    >>> from skellagnn import TextGraph
    >>> from skellagnn.inspection import SelectionDisplay
    >>> star = TextGraph.from_edges([(0, 1), (0, 2), (0, 3)])
    >>> display = SelectionDisplay(star, {"hub": [0, 1], "leaves": [1, 2]})
    >>> display.overlap.tolist(), display.degree_ranks["hub"].tolist()
    ([[1.0, 0.5], [0.5, 1.0]], [0.875, 0.375])
    """

    def __init__(
        self,
        graph: TextGraph,
        nodes: Mapping[str, ArrayLike],
        *,
        y: Any = None,
        uncertainty: ArrayLike | None = None,
    ) -> None:
        if not isinstance(nodes, Mapping) or not nodes:
            raise InvalidParameterError(
                f"`nodes` must map names of selections to node ids, got {nodes!r:.80}. Pass, for example, "
                '{"pagerank": select_active_nodes(graph, features, "pagerank", 50)}.'
            )
        self.nodes = {
            str(name): check_nodes(f"nodes[{name!r}]", ids, graph.n_nodes, graph.node_names)
            for name, ids in nodes.items()
        }
        chosen = [set(ids.tolist()) for ids in self.nodes.values()]
        self.overlap = np.array([[len(a & b) / max(min(len(a), len(b)), 1) for b in chosen] for a in chosen])
        self.degree_ranks = self._ranks(np.diff(graph.adjacency.indptr))
        self.uncertainty_ranks = None
        if uncertainty is not None:
            given = as_numbers("uncertainty", uncertainty, error=InvalidParameterError)
            if given.shape != (graph.n_nodes,):
                raise InvalidParameterError(
                    f"`uncertainty` must have one number for each of the {graph.n_nodes} nodes, got shape "
                    f"{given.shape}. Predict all nodes, in view or not."
                )
            self.uncertainty_ranks = self._ranks(given)
        self.class_names: list[str] = []
        self.class_shares: NDArray[np.float64] | None = None
        if y is not None:
            labels = given_labels(graph, y)
            known = labels != UNLABELED if labels.dtype.kind in "iuf" else np.ones(len(labels), dtype=bool)
            classes, indices = np.unique(labels[known], return_inverse=True)
            class_of = np.full(graph.n_nodes, -1)
            class_of[graph.targets[known]] = indices
            self.class_names = [str(label) for label in classes.tolist()]
            self.class_shares = np.array(
                [_shares(class_of[ids], len(classes)) for ids in (*self.nodes.values(), np.arange(graph.n_nodes))]
            )

    def _ranks(self, values: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        ranks = (rankdata(values) - 0.5) / len(values)
        return {name: ranks[ids] for name, ids in self.nodes.items()}

    @classmethod
    def from_estimator(
        cls,
        clf: Any,
        X: Any,
        y: Any = None,
        selections: Sequence[Any] = ("clue", "clustering", "pagerank", "random"),
    ) -> SelectionDisplay:
        """Have a classifier plan with several selections: nothing is asked.

        Parameters
        ----------
        clf : ELLaGNNClassifier
            It is not changed. If it is fitted, its class probabilities say of which nodes it is unsure.
        X : TextGraph
            As in ``fit``. Encoded once (``encode_graph``), it takes less time.
        y : array-like of shape (n_targets,), default=None
            As in ``fit``; needed by selections that read labels.
        selections : sequence of str or callable, default=("clue", "clustering", "pagerank", "random")

        Returns
        -------
        display : SelectionDisplay

        Raises
        ------
        InvalidParameterError, GraphError, LabelError
            As ``clf.plan``.
        """
        graph = as_graph(clf, X, reset=True)
        nodes = {}
        for selection in selections:
            name = selection if isinstance(selection, str) else getattr(selection, "__name__", type(selection).__name__)
            nodes[name] = clone(clf).set_params(selection=selection).plan(X, y).active_nodes
        uncertainty = None
        fitted = hasattr(clf, "network_")
        if fitted:
            uncertainty = 1 - clf.predict_proba(in_view(graph, np.arange(graph.n_nodes))).max(axis=1)
        display = cls(graph, nodes, y=y, uncertainty=uncertainty)
        if fitted and display.class_names:
            named = dict(zip(map(str, clf.classes_.tolist()), class_labels(clf), strict=True))
            display.class_names = [named.get(name, name) for name in display.class_names]
        return display

    def plot(self, ax: Any = None) -> SelectionDisplay:
        """Draw it.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            Two, or three if classes are known. None: a new figure.

        Returns
        -------
        self : SelectionDisplay

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        """
        names = [shortened(name) for name in self.nodes]
        places = np.arange(len(names))
        n_axes = 2 if self.class_shares is None else 3
        self.figure_, self.ax_ = get_axes(ax, n_axes, 0.6 + n_axes * (1.35 + 0.3 * len(names)))
        shared, ranks = self.ax_[:2]

        shared.imshow(self.overlap, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for (row, column), share in np.ndenumerate(self.overlap):
            color = "white" if share > 0.6 else DARK
            shared.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=color, fontsize="small")
        shared.set_xticks(places, names, rotation=20, ha="right", rotation_mode="anchor")
        shared.set_yticks(places, names)
        shared.set_title("nodes in common, %", fontsize="medium")

        drawn = {"edges": self.degree_ranks}
        if self.uncertainty_ranks is not None:
            drawn["unsure of it"] = self.uncertainty_ranks
        for number, (what, of_selection) in enumerate(drawn.items()):
            low, middle, high = np.array(
                [
                    np.quantile(values, [0.25, 0.5, 0.75]) if len(values) else [np.nan] * 3
                    for values in of_selection.values()
                ]
            ).T
            shift = places + (number - (len(drawn) - 1) / 2) * 0.3
            ranks.hlines(shift, low, high, color=COLORS[number], linewidth=4, alpha=0.4)
            ranks.plot(
                middle, shift, "o", color=COLORS[number], label="most " + what if what == "edges" else "least sure"
            )
        ranks.axvline(0.5, color=DARK, linestyle=":", label="a random node")
        ranks.set_yticks(places, names)
        ranks.set(xlim=(0, 1), ylim=(len(names) - 0.5, -0.5))
        ranks.set_title("rank among all nodes: median, middle half", fontsize="medium")
        ranks.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        legend_below(ranks, 3)
        if self.class_shares is not None:
            self._plot_classes(self.ax_[2], [*names, "all nodes"])
        return self

    def _plot_classes(self, axes: Any, names: list[str]) -> None:
        assert self.class_shares is not None
        n_classes = len(self.class_names)
        everything = np.repeat(np.arange(n_classes), np.round(1e4 * self.class_shares[-1]).astype(int))
        colors, own = class_colors(everything, n_classes)
        start = np.zeros(len(names))
        for index in [*own, *(index for index in range(n_classes) if index not in own)]:
            label = shortened(self.class_names[index]) if index in own else None
            axes.barh(names, self.class_shares[:, index], left=start, color=colors[index], label=label)
            start = start + self.class_shares[:, index]
        if len(own) < n_classes:
            axes.barh(names[:1], [0], color=colors[next(i for i in range(n_classes) if i not in own)], label="others")
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.set_xticks([])
        axes.set_title("classes", fontsize="medium")
        legend_below(axes, 3)


def _shares(classes: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    counts = np.bincount(classes[classes >= 0], minlength=n_classes)
    return np.asarray(counts / max(counts.sum(), 1))
