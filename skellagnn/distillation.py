"""Distillation: a teacher with strong propagation, whose class probabilities the backbone learns from.

It lives during ``fit`` only. One trained without the answers says how far these can be relied on; one trained with them
carries them to the nodes that were not asked about (:mod:`skellagnn.supervision`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, clone

from skellagnn.base.resources import scratch_array
from skellagnn.gnn._early_stopping import ValidationGraph
from skellagnn.gnn._losses import Consistency
from skellagnn.gnn._sparse import aggregate, edge_matrix
from skellagnn.gnn._targets import LabeledNodes, Supervision
from skellagnn.gnn._trainer import Trainer
from skellagnn.gnn._training import History
from skellagnn.gnn._views import NodeFeatures

__all__ = ["Opinion", "PropagationTeacher", "Teacher", "Teaching", "calibrate"]

# Rows that are added up at a time.
BLOCK = 1 << 16
# Temperatures that are looked at, and how firmly 1 is expected: a few labels that happen to be all right do not show
# that the teacher always is, which would leave no room for the LLM.
TEMPERATURES = (0.2, 5.0)
TEMPERATURE_PRIOR = 5.0


class Teacher(Protocol):
    """What ``teacher`` may be: a scikit-learn estimator of this form, cloned for each training."""

    weight: float
    """Weight of its class probabilities in the backbone's loss, beside the labels."""

    def fit(
        self,
        adjacency: sparse.csr_array,
        features: NDArray[Any],
        supervision: Supervision,
        n_classes: int,
        validation: ValidationGraph | None,
        trainer: Trainer,
    ) -> Teacher:
        """Train on labels and soft labels. ``history_`` is the :class:`History` of it, if there is one."""
        ...

    def decision_function(self, adjacency: sparse.csr_array, features: NDArray[Any]) -> NDArray[np.floating[Any]]:
        """Return logits of shape (n_nodes, n_classes) for the nodes of this or another graph."""
        ...


class PropagationTeacher(BaseEstimator):  # type: ignore[misc]
    """Two-layer perceptron on each node's features beside the mean of what some steps of propagation bring to it.

    Parameters
    ----------
    weight : float, default=2.0
        Weight of its class probabilities on the unlabeled nodes in the backbone's loss, beside the labels; where these
        nodes are fewer than the labels, times their ratio.
    consistency : float, default=1.0
        Weight of the agreement between two stochastic passes over unlabeled nodes.
    n_steps : int, default=4
        Steps of propagation.
    hidden_channels : int, default=64
    dropout : float, default=0.5

    Notes
    -----
    Steps are as in GRAND (arXiv 2005.11079), without its dropped nodes; a node's own features are kept apart as in
    GraphSAGE, for graphs whose neighbors are often of another class. All edges carry messages: means over the most
    similar neighbors alone were worse on Wikispeedia and no better on Cora.

    Examples
    --------
    >>> from skellagnn import ELLaGNNClassifier
    >>> from skellagnn.distillation import PropagationTeacher
    >>> clf = ELLaGNNClassifier(teacher=PropagationTeacher(weight=1.0))
    >>> clf.set_params(teacher__consistency=0.5).teacher
    PropagationTeacher(consistency=0.5, weight=1.0)
    """

    def __init__(
        self,
        weight: float = 2.0,
        *,
        consistency: float = 1.0,
        n_steps: int = 4,
        hidden_channels: int = 64,
        dropout: float = 0.5,
    ) -> None:
        self.weight = weight
        self.consistency = consistency
        self.n_steps = n_steps
        self.hidden_channels = hidden_channels
        self.dropout = dropout

    def fit(
        self,
        adjacency: sparse.csr_array,
        features: NDArray[Any],
        supervision: Supervision,
        n_classes: int,
        validation: ValidationGraph | None,
        trainer: Trainer,
    ) -> PropagationTeacher:
        """Train on labels and soft labels.

        Parameters
        ----------
        adjacency : csr_array of shape (n_nodes, n_nodes)
        features : ndarray of shape (n_nodes, n_features)
        supervision : Supervision
        n_classes : int
        validation : ValidationGraph or None
            Decides the epoch that is kept.
        trainer : Trainer

        Returns
        -------
        self : PropagationTeacher
        """
        propagated = self._propagate(adjacency, features)
        if validation is not None:
            seen = self._propagate(validation.adjacency, validation.raw)
            validation = replace(validation, raw=seen)
        self.network_ = trainer.build("mlp", propagated.shape[1], self.hidden_channels, n_classes, 2, self.dropout)
        self.history_: History = trainer.train(
            self.network_,
            adjacency,
            NodeFeatures.without_views(propagated),
            replace(supervision, regularizers=(Consistency(self.consistency),)),
            validation,
            description="teacher",
        )
        return self

    def decision_function(self, adjacency: sparse.csr_array, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return logits of shape (n_nodes, n_classes)."""
        return Trainer.predict(self.network_, adjacency, self._propagate(adjacency, features))

    def _propagate(self, adjacency: sparse.csr_array, features: NDArray[Any]) -> NDArray[Any]:
        """Propagate, once for each graph: a fit trains several teachers on one, and looks at another to validate."""
        known = getattr(self, "_propagated", ())
        for graph, given, propagated in known:
            if graph is adjacency and given is features:
                return np.asarray(propagated)
        propagated = propagate(adjacency, features, self.n_steps)
        self._propagated = (*known, (adjacency, features, propagated))
        return propagated


def propagate(adjacency: sparse.csr_array, features: NDArray[Any], n_steps: int = 4) -> NDArray[Any]:
    """Return each node's own features beside the mean of what one to four steps of propagation bring to it.

    Parameters
    ----------
    adjacency : csr_array of shape (n_nodes, n_nodes)
    features : ndarray of float32 or float16 of shape (n_nodes, n_features)
    n_steps : int, default=4

    Returns
    -------
    propagated : ndarray of shape (n_nodes, 2 * n_features)
        ``[x, mean_{k=1..n_steps} M^k x]``, M the mean over the neighbors.
    """
    matrix = edge_matrix("mean", adjacency)
    n_nodes, n_features = features.shape
    propagated = scratch_array((n_nodes, 2 * n_features), features.dtype)
    propagated[:, :n_features] = features
    step = features
    for k in range(1, n_steps + 1):
        step = aggregate(matrix, step, scratch_array(features.shape, features.dtype))
        for start in range(0, n_nodes, BLOCK):
            block = slice(start, start + BLOCK)
            if k == 1:
                propagated[block, n_features:] = step[block] / n_steps
            else:
                propagated[block, n_features:] += step[block] / n_steps
    return propagated


@dataclass(frozen=True)
class Opinion:
    """What a teacher says of every node.

    Parameters
    ----------
    probabilities : ndarray of shape (n_nodes, n_classes)
        Calibrated class probabilities.
    n_right, n_checked : float
        How many of its predictions were right, of how many that were compared with labels it was not trained on.
    """

    probabilities: NDArray[np.float64]
    n_right: float = 0.0
    n_checked: float = 0.0


class Teaching:
    """A teacher at work on one graph: trains it on what it is given, and returns what it then says of every node.

    Parameters
    ----------
    teacher : Teacher
        Cloned.
    adjacency : csr_array of shape (n_nodes, n_nodes)
        All edges.
    features : ndarray of shape (n_nodes, n_features)
        Teachers look at raw features only, as prediction does.
    n_classes : int
    validation : ValidationGraph or None
        With all edges, too. Decides the epoch that is kept, and the temperature of the predictions.
    trainer : Trainer

    Attributes
    ----------
    histories : list of History
        Of each training so far.
    """

    def __init__(
        self,
        teacher: Any,
        adjacency: sparse.csr_array,
        features: NDArray[Any],
        n_classes: int,
        validation: ValidationGraph | None,
        trainer: Trainer,
    ) -> None:
        self.teacher = clone(teacher)
        self.adjacency = adjacency
        self.features = features
        self.n_classes = n_classes
        # a teacher hears from all neighbors
        self.validation = None if validation is None else replace(validation, adjacency=validation.all_edges)
        self.trainer = trainer
        self.histories: list[History] = []

    def __call__(self, supervision: Supervision, checked: LabeledNodes | None = None) -> Opinion:
        """Train on labels and soft labels; calibrate on validation nodes, else on ``checked``, else not at all."""
        self.teacher.fit(self.adjacency, self.features, supervision, self.n_classes, self.validation, self.trainer)
        history = getattr(self.teacher, "history_", None)
        self.histories += [] if history is None else [history]
        logits = seen = self._decide(self.adjacency, self.features)
        if self.validation is not None:
            checked = self.validation.labeled
            if self.validation.raw is not self.features or self.validation.adjacency is not self.adjacency:
                seen = self._decide(self.validation.adjacency, self.validation.raw)
        if checked is None:
            return Opinion(softmax(logits, axis=1))
        right = seen[checked.nodes].argmax(axis=1) == checked.labels
        return Opinion(softmax(logits / calibrate(seen, checked), axis=1), float(right.sum()), float(len(right)))

    def _decide(self, adjacency: sparse.csr_array, features: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(self.teacher.decision_function(adjacency, features), dtype=np.float64)


def calibrate(logits: NDArray[np.floating[Any]], labeled: LabeledNodes) -> float:
    """Return the most probable temperature given some labels, between 0.2 and 5.

    Parameters
    ----------
    logits : ndarray of shape (n_nodes, n_classes)
    labeled : LabeledNodes
        Nodes of these, their labels and weights.

    Returns
    -------
    temperature : float
        Divides the logits (Guo et al., 2017, arXiv 1706.04599). Smallest cross-entropy with a prior: the logarithm of
        the temperature is normal around 0 with a variance of 1/5.
    """
    scores = logits[labeled.nodes].astype(np.float64)
    own = np.arange(len(scores))
    weights = labeled.weights * (len(scores) / labeled.weights.sum())

    def cross_entropy(log_temperature: float) -> float:
        log_p = log_softmax(scores / np.exp(log_temperature), axis=1)
        likelihood = float((weights * log_p[own, labeled.labels]).sum())
        return TEMPERATURE_PRIOR / 2 * log_temperature**2 - likelihood

    found = minimize_scalar(cross_entropy, bounds=(np.log(TEMPERATURES[0]), np.log(TEMPERATURES[1])), method="bounded")
    return float(np.exp(found.x))
