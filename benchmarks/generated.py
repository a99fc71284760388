"""The graphs that the speed of training and prediction is measured on: features given, no texts.

Generated ones have homophilous edges, degrees as unequal as those of citation graphs, and features of unit length that
tell the class of a node badly and those of its neighborhood well.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skellagnn import TextGraph

# Share of the edges that join two nodes of one class, before pairs drawn twice are merged: Cora's.
HOMOPHILY = 0.81
# Spread of the logarithm of the weights with which nodes are drawn into edges. Cora: degrees 1 to 168, mean 3.9.
HUBS = 1.0
# Length of the classes' centers against that of the noise. A linear model that is shown 20 rows of each class is then
# right for six or seven of ten other rows, as on Cora.
SIGNAL = 3.0


@dataclass(frozen=True)
class Size:
    """Size of a generated graph; edges are undirected."""

    n_nodes: int
    n_edges: int
    n_classes: int
    n_features: int


@dataclass(frozen=True)
class LabeledGraph:
    """What every contender is given.

    Parameters
    ----------
    adjacency : csr_array of float32 of shape (n_nodes, n_nodes)
        Symmetric, without self-loops; sorted.
    features : ndarray of float32 of shape (n_nodes, n_features)
    classes : ndarray of int64 of shape (n_nodes,)
        The true ones; -1 where a real graph does not say.
    labeled : ndarray of int64 of shape (n_labeled,)
        The nodes whose classes are shown in training.
    """

    adjacency: sparse.csr_array
    features: NDArray[np.float32]
    classes: NDArray[np.int64]
    labeled: NDArray[np.int64]

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(self.classes.max()) + 1

    @property
    def unlabeled(self) -> NDArray[np.int64]:
        """Nodes whose class is known to us and not to the contenders."""
        known = self.classes >= 0
        known[self.labeled] = False
        return np.flatnonzero(known)

    def text_graph(self) -> TextGraph:
        """Return the graph as the estimator takes it."""
        return TextGraph.from_scipy(self.adjacency, features=self.features)

    def save(self, path: Path) -> None:
        """Write all arrays into one file, without compression."""
        np.savez(
            path,
            data=self.adjacency.data,
            indices=self.adjacency.indices,
            indptr=self.adjacency.indptr,
            features=self.features,
            classes=self.classes,
            labeled=self.labeled,
        )

    @classmethod
    def load(cls, path: Path) -> LabeledGraph:
        """Read what :meth:`save` has written."""
        with np.load(path) as file:
            n_nodes = len(file["classes"])
            adjacency = sparse.csr_array((file["data"], file["indices"], file["indptr"]), shape=(n_nodes, n_nodes))
            return cls(adjacency, file["features"], file["classes"], file["labeled"])


def generate(size: Size, labels: int | float, *, seed: int = 0) -> LabeledGraph:
    """Generate a graph.

    Parameters
    ----------
    size : Size
    labels : int or float
        Labeled nodes of each class, or the share of all nodes.
    seed : int
        The same graph for the same seed and size, whatever ``labels`` is.
    """
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.arange(size.n_nodes) % size.n_classes)
    adjacency = _adjacency(_draw_edges(rng, classes, size), size.n_nodes)
    centers = rng.standard_normal((size.n_classes, size.n_features), dtype=np.float32)
    # distances to the centers grow with the number of columns, and what tells classes apart should not
    signal = SIGNAL / np.sqrt(size.n_features)
    features = rng.standard_normal((size.n_nodes, size.n_features), dtype=np.float32)
    features += signal * centers[classes]
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return LabeledGraph(adjacency, features, classes, draw_labeled(classes, labels, seed=seed))


def read(folder: Path, labels: int | float) -> LabeledGraph:
    """Read a real graph; one that has no features gets those of Sentence-BERT."""
    from skellagnn import encode_graph
    from skellagnn.datasets import load_folder

    data = load_folder(folder)
    graph = data.graph if data.graph.features is not None else encode_graph(data.graph, "minilm")
    rows = graph.features / np.maximum(np.linalg.norm(graph.features, axis=1, keepdims=True), 1e-12)
    classes = np.asarray(data.target, dtype=np.int64)
    return LabeledGraph(graph.adjacency, rows.astype(np.float32), classes, draw_labeled(classes, labels, seed=0))


def draw_labeled(classes: NDArray[np.int64], labels: int | float, *, seed: int) -> NDArray[np.int64]:
    """Draw so many nodes of each class, or a share of all nodes."""
    order = np.random.default_rng([seed, 1]).permutation(np.flatnonzero(classes >= 0))
    if isinstance(labels, float):
        return np.sort(order[: round(labels * len(order))])
    return np.sort(np.concatenate([order[classes[order] == each][:labels] for each in np.unique(classes[order])]))


def _draw_edges(rng: np.random.Generator, classes: NDArray[np.int64], size: Size) -> NDArray[np.int64]:
    """Draw distinct undirected edges, coded as smaller * n_nodes + larger."""
    weights = rng.lognormal(0.0, HUBS, size.n_nodes)
    total = np.cumsum(weights)
    by_class = np.argsort(classes, kind="stable")
    within = np.cumsum(weights[by_class])
    ends = np.searchsorted(classes[by_class], np.arange(size.n_classes), side="right")
    upper = within[ends - 1]
    lower = np.concatenate([[0.0], upper[:-1]])
    # strangers that turn out to be of the same class are thrown away below
    strange = 1 - 1 / size.n_classes
    share = HOMOPHILY * strange / (1 - HOMOPHILY / size.n_classes)
    edges = np.empty(0, dtype=np.int64)
    while len(edges) < size.n_edges:
        n_draws = 2 * (size.n_edges - len(edges)) + 16
        source = np.searchsorted(total, rng.uniform(0, total[-1], n_draws))
        same = rng.random(n_draws) < share
        of = classes[source]
        friend = by_class[np.searchsorted(within, rng.uniform(lower[of], upper[of])).clip(max=size.n_nodes - 1)]
        stranger = np.searchsorted(total, rng.uniform(0, total[-1], n_draws))
        target = np.where(same, friend, stranger)
        fits = (source != target) & (same | (classes[stranger] != of))
        source, target = source[fits], target[fits]
        new = np.minimum(source, target) * size.n_nodes + np.maximum(source, target)
        edges = np.unique(np.concatenate([edges, new]))
    return rng.permutation(edges)[: size.n_edges]


def _adjacency(edges: NDArray[np.int64], n_nodes: int) -> sparse.csr_array:
    source, target = np.divmod(edges, n_nodes)
    ones = np.ones(2 * len(edges), dtype=np.float32)
    ends = (np.concatenate([source, target]), np.concatenate([target, source]))
    matrix = sparse.csr_array(sparse.coo_array((ones, ends), shape=(n_nodes, n_nodes)))
    matrix.sort_indices()
    return matrix
