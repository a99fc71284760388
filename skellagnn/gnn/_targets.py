"""What a network is trained to say: labels of some nodes, class probabilities of others, and what each weighs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from skellagnn.gnn._losses import LossTerm

__all__ = ["LabeledNodes", "SoftLabels", "Supervision"]


@dataclass(frozen=True)
class LabeledNodes:
    """Labels of some nodes.

    Parameters
    ----------
    nodes : ndarray of int64 of shape (n_labeled,)
    labels : ndarray of int64 of shape (n_labeled,)
        Class indices.
    weights : ndarray of float32 of shape (n_labeled,)
        Sample weights times class weights, none of them 0. Only their ratios mean something; their mean is 1.
    """

    nodes: NDArray[np.int64]
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __getitem__(self, mask: NDArray[np.bool_]) -> LabeledNodes:
        """Return those that a mask of shape (n_labeled,) selects."""
        return LabeledNodes(self.nodes[mask], self.labels[mask], self.weights[mask])


@dataclass(frozen=True)
class SoftLabels:
    """Class probabilities that the network is to come near to, for some nodes.

    Parameters
    ----------
    nodes : ndarray of int64 of shape (n_soft,)
        Sorted, in what a teacher says.
    probabilities : ndarray of float32 of shape (n_soft, n_classes)
        Sum to 1 for each node.
    weights : ndarray of float32 of shape (n_soft,)
        Of each, beside a label's: labels have 1 on average, an answer ``answer_weight`` times its reliability.
    """

    nodes: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    weights: NDArray[np.float32]

    def accuracy(self, labeled: LabeledNodes) -> float | None:
        """Return the weighted share of labels that are the most probable class here; None if a node is missing."""
        places = np.searchsorted(self.nodes, labeled.nodes)
        if not len(places) or places.max() >= len(self.nodes) or (self.nodes[places] != labeled.nodes).any():
            return None
        right = self.probabilities[places].argmax(axis=1) == labeled.labels
        return float(np.average(right, weights=labeled.weights))


@dataclass(frozen=True)
class Supervision:
    """All that a network is trained to say, with the weights of its parts.

    Parameters
    ----------
    labeled : SoftLabels
        Labels, with probability 1, and what stands for labels. Their weighted mean cross-entropy has the weight 1.
    soft : SoftLabels or None, default=None
        What a teacher says of other nodes.
    soft_weight : float, default=0.0
        Weight of the mean cross-entropy with these; 0 leaves them out.
    regularizers : tuple of LossTerm, default=()
        Terms that need no label, each with its weight.
    """

    labeled: SoftLabels
    soft: SoftLabels | None = None
    soft_weight: float = 0.0
    regularizers: tuple[LossTerm, ...] = ()
