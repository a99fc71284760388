"""A model around one node: it predicts for it, with what is left out."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import softmax

from skellagnn.encoders._features import check_n_features, raw_features
from skellagnn.encoders._resolve import with_weights
from skellagnn.exceptions import InvalidParameterError
from skellagnn.graph import TextGraph
from skellagnn.inspection._explanation import Record
from skellagnn.neighborhood import rank_neighbors

__all__ = ["ExplainedModel", "plain"]


def plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


class ExplainedModel:
    """The model around one node: predicts for it, counts how often."""

    def __init__(self, clf: Any, graph: TextGraph, place: int, label: Any) -> None:
        from skellagnn.base.resources import resolve_device
        from skellagnn.gnn._layered import LayeredNetwork

        self.clf = clf
        self.n_predictions = self.n_encodings = self.n_fits = 0
        self.device = resolve_device(clf.device)
        self.encoder = with_weights(clf.encoder_, clf.encoder)
        self.reads_edges = True
        view = graph._with(targets=np.array([place]))
        if isinstance(clf.network_, LayeredNetwork):  # of any other, nobody knows how far it looks
            self.reads_edges = clf.network_.n_propagations > 0
            view = view.neighborhood(clf.network_.n_propagations + 1)
        self.graph: TextGraph = view
        # numbers of this part's nodes in the whole graph
        self.numbers = np.arange(graph.n_nodes) if view.n_nodes == graph.n_nodes else _kept(graph, view)
        self.whole, self.place = graph, place
        self.target = int(view.targets[0])
        scale, n_features = clf._scale_features, clf.n_features_in_
        self.embeddings = raw_features(view, self.encoder, memory=clf.memory, scale=scale, n_features=n_features)
        check_n_features(self.embeddings, n_features, "graph")
        self.probabilities = self.predict()
        self.predicted = plain(clf.classes_[self.probabilities.argmax()])
        self.at = int(self.probabilities.argmax()) if label is None else self._index(label)
        self.label = plain(clf.classes_[self.at])

    def _index(self, label: Any) -> int:
        is_one = isinstance(label, (str, numbers.Number, np.generic))  # a list would be compared one by one
        found = np.flatnonzero(self.clf.classes_ == label) if is_one else np.empty(0)
        if len(found) != 1:
            known = ", ".join(repr(plain(name)) for name in self.clf.classes_[:20])
            raise InvalidParameterError(f"`label` must be one of the model's classes, {known}, got {label!r:.80}.")
        return int(found[0])

    def predict(
        self, adjacency: sparse.csr_array | None = None, own: NDArray[np.float32] | None = None
    ) -> NDArray[np.float64]:
        """Return the node's class probabilities with other edges, or another vector of its own."""
        from skellagnn.gnn._inference import predict_logits

        self.n_predictions += 1
        adjacency = self.graph.adjacency if adjacency is None else adjacency
        embeddings = self.embeddings
        if own is not None:
            embeddings = np.array(embeddings)
            embeddings[self.target] = own
        neighbors = rank_neighbors(adjacency, embeddings, self.clf._n_neighbors)
        targets = np.array([self.target])
        logits = predict_logits(self.clf.network_, neighbors, embeddings, self.device, targets=targets)
        return np.asarray(softmax(logits[0].astype(np.float64)))

    def record(self, probabilities: NDArray[np.float64], full: NDArray[np.float64] | None = None) -> Record:
        """Return what something pushed that the prediction was made without."""
        full = self.probabilities if full is None else full
        return {
            "push": float(full[self.at] - probabilities[self.at]),
            "probability": float(probabilities[self.at]),
            "predicted": plain(self.clf.classes_[probabilities.argmax()]),
        }


def _kept(graph: TextGraph, view: TextGraph) -> NDArray[np.int64]:
    assert view.node_names is not None  # a subgraph has names: its own, or the numbers of the whole graph
    if graph.node_names is None:
        return np.array([int(name) for name in view.node_names], dtype=np.int64)
    return np.asarray(graph.index(list(view.node_names)))
