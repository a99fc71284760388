"""What more labels bring: a learning curve, by cross-validation of the teacher with parts of the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.distillation import PropagationTeacher
from skellagnn.gnn._targets import LabeledNodes
from skellagnn.supervision import N_FOLDS, Evidence, balance, one_hot

# Parts of the labels that the learning curve is measured with.
FRACTIONS = (0.25, 0.5, 1.0)
# Nodes without a label that its teachers train themselves on.
N_OTHERS = 500
# Draws from what is believed after the pilot.
N_DRAWS = 4000


def cross_validate(evidence: Evidence) -> list[tuple[float, int, int]]:
    """Return, by fraction of the labels: labels, held-out ones that a teacher gets right with these, and held-out ones.

    Labels are counted on average over the folds.
    """
    labeled, n_classes, propagated = evidence.labeled, evidence.n_classes, evidence.features
    counts = np.bincount(labeled.labels, minlength=n_classes)
    rank = _rank(labeled.labels, np.random.default_rng(evidence.seed).random(len(labeled.labels)))
    fold, testable = rank % N_FOLDS, counts[labeled.labels] > 1  # a single label has none to learn its class from
    others = np.setdiff1d(np.arange(len(propagated)), labeled.nodes)
    others = others[np.linspace(0, len(others) - 1, min(N_OTHERS, len(others)), dtype=np.int64)]
    features = propagated[np.concatenate([labeled.nodes, others])]
    found = np.zeros((len(FRACTIONS), 3))
    for number in range(N_FOLDS):
        test, train = np.flatnonzero((fold == number) & testable), np.flatnonzero(fold != number)
        if len(test) == 0:
            continue
        place, size = _rank(labeled.labels[train], rank[train]), np.bincount(labeled.labels[train], minlength=n_classes)
        sizes_seen: set[int] = set()
        for row, fraction in enumerate(FRACTIONS):
            part = train[place < np.ceil(fraction * size[labeled.labels[train]])]
            if len(part) in sizes_seen:
                continue
            sizes_seen.add(len(part))
            seen = balance(LabeledNodes(part, labeled.labels[part], labeled.weights[part]), n_classes)
            known = one_hot(seen, n_classes)
            predicted = PropagationTeacher().fit(features, known).predict_proba(features[test]).argmax(axis=1)
            found[row] += len(part) * len(test), (predicted == labeled.labels[test]).sum(), len(test)
    return [(labels / n, int(hits), int(n)) for labels, hits, n in found if n]


def _rank(labels: NDArray[np.int64], order: NDArray[Any]) -> NDArray[np.int64]:
    """Return the place of each node within its class."""
    sorted_ = np.lexsort((order, labels))
    counts = np.bincount(labels)
    rank = np.empty(len(labels), dtype=np.int64)
    rank[sorted_] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rank


@dataclass(frozen=True)
class Curves:
    """Learning curves A - (A - chance) (1 + m / m_0)^-c of m labels a class; a draw each."""

    n_classes: int
    top: NDArray[np.float64]
    half: NDArray[np.float64]
    power: NDArray[np.float64]

    def __call__(self, n_labels: Any) -> NDArray[np.float64]:
        missing = (1 + n_labels / self.n_classes / self.half) ** -self.power
        return np.asarray(self.top - (self.top - 1 / self.n_classes) * missing)


def draw_curve(measured: list[tuple[float, int, int]], n_classes: int, rng: np.random.Generator) -> Curves:
    """Draw learning curves that fit what was measured.

    Before, every ceiling is as likely as another, m_0 is around 1 within a factor of e, and c is 1/2, 1 or 2: slow, as
    by texts alone, or steep and then flat, as by self-training.
    """
    top = 1 / n_classes + (1 - 1 / n_classes) * np.linspace(0.05, 0.995, 64)
    grid = np.meshgrid(top, np.geomspace(0.05, 50, 50), (0.5, 1.0, 2.0), indexing="ij")
    curves = Curves(n_classes, *(values.ravel() for values in grid))
    log_p = -(np.log(curves.half) ** 2) / 2
    for n_labels, hits, n in measured:
        accuracy = curves(n_labels)
        log_p += hits * np.log(accuracy) + (n - hits) * np.log(1 - accuracy)
    p = np.exp(log_p - log_p.max())
    drawn = rng.choice(len(p), N_DRAWS, p=p / p.sum())
    return Curves(n_classes, curves.top[drawn], curves.half[drawn], curves.power[drawn])
