"""The terms of the loss. Each says which nodes it looks at, what it knows of them, how often they are to be passed
through the network, what it makes of the class probabilities, and what that weighs.

A new term is a subclass of :class:`LossTerm`; it is switched on in the ``regularizers`` of a
:class:`~skellagnn.gnn._targets.Supervision`. Its list in the history is made from its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from skellagnn.gnn._targets import SoftLabels, Supervision

__all__ = ["Consistency", "LabelLoss", "LossTerm", "SoftLabelLoss", "loss_terms"]


class LossTerm:
    """A summand of the loss.

    Parameters
    ----------
    weight : float
        Its factor; 0 switches it off.

    Attributes
    ----------
    name : str
        Of its list in :class:`~skellagnn.gnn._training.History`.
    n_passes : int
        Stochastic passes that it needs of a step at least.
    """

    name: ClassVar[str]
    n_passes: ClassVar[int] = 1

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def weight_in(self, epoch: int, n_epochs: int) -> float:
        """Return the factor in one epoch, counted from 1, of so many at most."""
        return self.weight

    def nodes(self, n_nodes: int) -> NDArray[np.int64]:
        """Return the nodes that it may look at, of so many: all of them, unless it says otherwise."""
        return np.arange(n_nodes)

    def positions(self, n: int, size: int | None, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        """Yield, step by step without end, which of its n nodes it looks at: all, or a sample of that size."""
        while True:
            if size is None or size >= n:
                yield np.arange(n)
            else:
                yield np.sort(rng.choice(n, size, replace=False, shuffle=False))

    def varies(self, n: int, size: int | None) -> bool:
        """Whether that is not the same in every step."""
        return size is not None and size < n

    def targets(self, positions: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        """Return what :meth:`value` wants to know of its nodes at these positions, an entry for each."""
        return ()

    def value(self, passes: list[Tensor], targets: tuple[Tensor, ...], n_looked_at: int) -> Tensor:
        """Return the term, unweighted, of shape ().

        Parameters
        ----------
        passes : list of Tensor of shape (n_own, n_classes)
            Log-probabilities of the nodes in this process's share, one array a pass.
        targets : tuple of Tensor of shape (n_own, ...)
            What :meth:`targets` returned for them.
        n_looked_at : int
            Nodes of the step in all processes together, whose terms are added up.
        """
        raise NotImplementedError  # what it costs is all that a term has to say


class LabelLoss(LossTerm):
    """Weighted mean of the cross-entropy over labels and what stands for labels. Its batches are the steps of an epoch.

    Parameters
    ----------
    labeled : SoftLabels
    batch_size : int or None
        Labels of a step; None: all.
    """

    name = "label_loss"

    def __init__(self, labeled: SoftLabels, batch_size: int | None) -> None:
        super().__init__(1.0)
        self.labeled = labeled
        n_labels = len(labeled.nodes)
        self.batch_size = n_labels if batch_size is None else min(batch_size, n_labels)
        self.n_steps = -(-n_labels // self.batch_size)
        # w_i / sum(w), times the steps of an epoch: over an epoch the mean of the steps is the loss on all labels,
        # however weights fall into batches
        self._scale = np.float32(self.n_steps / float(labeled.weights.sum(dtype=np.float64)))

    def nodes(self, n_nodes: int) -> NDArray[np.int64]:
        return self.labeled.nodes

    def positions(self, n: int, size: int | None, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        everything = np.arange(n)
        while True:
            order = everything if self.n_steps == 1 else rng.permutation(everything)
            for start in range(0, n, self.batch_size):
                yield order[start : start + self.batch_size]

    def varies(self, n: int, size: int | None) -> bool:
        return self.n_steps > 1

    def targets(self, positions: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        return self.labeled.probabilities[positions], self.labeled.weights[positions] * self._scale

    def value(self, passes: list[Tensor], targets: tuple[Tensor, ...], n_looked_at: int) -> Tensor:
        expected, weights = targets
        # sum_i w_i sum_c -q_ic log p_ic: of a label, -log p_i[y_i]
        costs = [(weights * -(expected * log_p).sum(dim=1)).sum() for log_p in passes]
        return _mean(costs)


class SoftLabelLoss(LossTerm):
    """Mean cross-entropy with class probabilities from elsewhere, each node's times its reliability.

    Parameters
    ----------
    soft : SoftLabels or None
    weight : float
    """

    name = "soft_label_loss"

    def __init__(self, soft: SoftLabels | None, weight: float) -> None:
        super().__init__(weight)
        self.soft = soft

    def nodes(self, n_nodes: int) -> NDArray[np.int64]:
        return np.empty(0, dtype=np.int64) if self.soft is None else self.soft.nodes

    def targets(self, positions: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        assert self.soft is not None  # else it has no nodes
        return self.soft.probabilities[positions], self.soft.weights[positions]

    def value(self, passes: list[Tensor], targets: tuple[Tensor, ...], n_looked_at: int) -> Tensor:
        expected, reliability = targets
        weights = reliability / n_looked_at
        # 1/n sum_v r_v sum_c -q_vc log p_vc: over the nodes, not over their reliabilities
        costs = [(weights * -(expected * log_p).sum(dim=1)).sum() for log_p in passes]
        return _mean(costs)


class Consistency(LossTerm):
    """Stochastic passes are to agree with their sharpened mean, over all nodes (GRAND, Feng et al., 2020).

    For teachers of one's own that are networks. With a handful of labels it draws all nodes into one class.

    Parameters
    ----------
    weight : float
    temperature : float, default=0.5
        Sharpens the mean; 1 leaves it as it is.
    ramp : float, default=0.1
        Fraction of the epochs over which the weight grows: early predictions are not worth agreeing with.
    """

    name = "consistency_loss"
    n_passes = 2

    def __init__(self, weight: float, temperature: float = 0.5, ramp: float = 0.1) -> None:
        super().__init__(weight)
        self.temperature = temperature
        self.ramp = ramp

    def weight_in(self, epoch: int, n_epochs: int) -> float:
        return self.weight * min(1.0, epoch / max(1.0, self.ramp * n_epochs))

    def value(self, passes: list[Tensor], targets: tuple[Tensor, ...], n_looked_at: int) -> Tensor:
        n_own = len(passes[0])
        if n_own == 0:  # the share of one of many processes may be empty, and a mean over nothing is no number
            return passes[0].new_zeros(())
        probabilities = torch.stack([log_p.exp() for log_p in passes])
        # sharpened mean: q_c ~ (mean_s p_sc)^(1/T); no gradient through it
        sharp = probabilities.mean(dim=0) ** (1 / self.temperature)
        target = (sharp / sharp.sum(dim=1, keepdim=True)).detach()
        # mean over passes s and nodes v of |p_v^s - q_v|^2, times this process's fraction of the nodes
        return n_own / n_looked_at * ((probabilities - target) ** 2).sum(dim=2).mean()


def loss_terms(supervision: Supervision, batch_size: int | None) -> tuple[LabelLoss, list[LossTerm]]:
    """Return the term of the labels, which says what an epoch is, and all terms, it among them first."""
    labels = LabelLoss(supervision.labeled, batch_size)
    soft = SoftLabelLoss(supervision.soft, supervision.soft_weight)
    return labels, [labels, soft, *supervision.regularizers]


def _mean(costs: list[Tensor]) -> Tensor:
    """Mean over the passes."""
    total: Tensor = sum((cost / len(costs) for cost in costs), costs[0].new_zeros(()))
    return total
