"""Labels, answers and a teacher, weighed against each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import softmax

from skellagnn.distillation import PropagationTeacher, Teacher
from skellagnn.exceptions import InvalidParameterError, LabelError
from skellagnn.gnn._targets import LabeledNodes, SoftLabels, Supervision
from skellagnn.supervision._from_labels import (
    ClassEstimate,
    class_factors,
    estimate_from_labels,
    one_hot,
    weigh_alike,
)
from skellagnn.supervision._reliability import agree_beyond_chance, estimate_reliability, go_beyond_chance

# Answers that are believed less than that, on average, are left out: those of an LLM that guesses come to 0.03 or 0.04,
# and what is then left of hundreds of them still weighs as much as some labels.
LEAST_RELIABILITY = 0.1
# Answers for each class that are enough to leave them all out as guesses (of a good LLM's, five were not always); so
# many labels and answers need no balance.
ENOUGH_OF_A_CLASS = 10


@dataclass(frozen=True)
class Answers:
    """Classes that the LLM named for the queried nodes.

    Parameters
    ----------
    nodes : ndarray of int64 of shape (n_queried,)
    choices : tuple of ndarray of int64 of shape (n_queried, n_choices)
        One array per class-naming prompt: first choice, second choice, ...; -1 where there is none, -2 where the LLM
        says that no class fits.
    confidences : tuple of ndarray of float64 of shape (n_queried,)
        How sure the LLM says it is of its first choice, from 0 to 1; NaN where it does not say.
    weight : float, default=1.0
        Of an answer that is sure to be right, beside a label.
    """

    nodes: NDArray[np.int64]
    choices: tuple[NDArray[np.int64], ...] = ()
    confidences: tuple[NDArray[np.float64], ...] = ()
    weight: float = 1.0

    @property
    def first(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The first class that any prompt names, and how sure the LLM says it is, each of shape (n_queried,)."""
        choices = np.stack([choices[:, 0] for choices in self.choices])
        place = ((choices >= 0).argmax(axis=0), np.arange(len(self.nodes)))
        return choices[place], np.stack(self.confidences)[place]

    def scaled(self, weight: float) -> Answers:
        """Return the same with another weight beside labels; without choices if that is 0."""
        return replace(self, weight=weight) if weight > 0 else Answers(self.nodes)


@dataclass(frozen=True)
class Supervised:
    """What the backbone learns from, and what was found out about the LLM.

    Parameters
    ----------
    supervision : Supervision
        Labels and answers, each with its weight, and what the teacher says of the other nodes.
    reliability : float or None
        Mean probability that an answer is right, over the nodes whose answers name a class; None where none does.
    view_reliability : float
        How far nodes show the views that the LLM made: the same probability, 1 if no answer names a class.
    """

    supervision: Supervision
    reliability: float | None
    view_reliability: float


@dataclass(frozen=True)
class Evidence:
    """Labels, and the features by which they speak of other nodes: what answers are weighed against.

    Parameters
    ----------
    labeled : LabeledNodes
        Training labels. Those of queried nodes check the answers; validation labels must not be among them.
    n_classes : int
    features : ndarray of shape (n_nodes, 2 * n_features)
        Own and propagated features (:func:`~skellagnn.distillation.propagate`).
    adjacency : csr_array of shape (n_nodes, n_nodes)
    seed : int, default=0
        Of the folds.
    """

    labeled: LabeledNodes
    n_classes: int
    features: NDArray[Any]
    adjacency: sparse.csr_array
    seed: int = 0

    @cached_property
    def from_labels(self) -> ClassEstimate:
        """What the labels tell without any answer; estimated when first looked at."""
        return estimate_from_labels(self.features, self.labeled, self.n_classes, self.seed)

    def with_answers(self, answers: Answers) -> ClassEstimate:
        """Say what labels and the answers so far tell of every node, for the choice of the next ones."""
        known, _ = self._known(answers)
        teacher = PropagationTeacher().fit(self.features, self.balanced(known))
        return ClassEstimate(teacher.predict_proba(self.features))

    def supervise(self, answers: Answers, teacher: Teacher | None) -> Supervised:
        """Weigh labels, answers and a teacher.

        Parameters
        ----------
        answers : Answers
        teacher : Teacher or None
            Trained on labels, all classes alike (:func:`balance`), and answers; what it says of all other nodes is
            learned, too.

        Returns
        -------
        supervised : Supervised

        Raises
        ------
        LabelError
            If labels and answers together name fewer than two classes.

        Notes
        -----
        An answer that names class a of node v, with reliability r, becomes the soft label

        .. math:: q_v(y) \\propto P_v(y) \\Bigl[ r \\frac{1(y = a)}{\\mathrm{mean}_u P_u(a)} + 1 - r \\Bigr]

        with the weight r beside labels of weight 1; several prompts share a node's weight. Answers that are right with
        less than 0.1 on average, or that do not :func:`go_beyond_chance`, are left out, unless the labels name fewer
        than two classes: then nothing else is known.
        """
        known, reliability = self._known(answers)
        if (known.probabilities[known.weights > 0].max(axis=0, initial=0) > 1 / self.n_classes).sum() < 2:
            raise LabelError(
                f"`y` and the LLM's answers must name at least two classes, got {len(self.labeled.nodes)} labels and "
                f"{len(known.nodes) - len(self.labeled.nodes)} answers that name one or none. Label nodes of several "
                "classes, ask about more nodes, or look at `prompts` and `class_names`: one prompt has to name "
                "classes, in words that the LLM uses."
            )
        views = 0.0 if self._leaves_out(reliability) else 1.0 if reliability is None else reliability
        if teacher is None:
            return Supervised(Supervision(known), reliability, views)
        n_nodes = len(self.features)
        teacher.fit(self.features, self.balanced(known), self.adjacency)
        returned = teacher.predict_proba(self.features, self.adjacency)
        probabilities = _check_probabilities(teacher, returned, n_nodes, self.n_classes)
        nodes = np.setdiff1d(np.arange(n_nodes), self.labeled.nodes)
        soft = SoftLabels(nodes, probabilities[nodes].astype(np.float32), np.ones(len(nodes), dtype=np.float32))
        # the mean over a few unlabeled nodes would outweigh many labels
        weight = teacher.weight * min(1.0, len(nodes) / max(len(self.labeled.nodes), 1))
        return Supervised(Supervision(known, soft, weight), reliability, views)

    def balanced(self, known: SoftLabels) -> SoftLabels:
        """Return what a teacher learns from: labels, which come first in what is known, balanced, and answers.

        Few answers are balanced with few labels: eight about one class and none about another would make this a rare
        one.
        """
        n_labels = len(self.labeled.nodes)
        few = len(known.nodes) < ENOUGH_OF_A_CLASS * self.n_classes
        classes = known.probabilities[: None if few else n_labels].argmax(axis=1)
        factors = class_factors(classes, self.n_classes)
        if not weigh_alike(self.labeled) or (factors == 1).all():
            return known
        weights = known.weights.copy()
        weights[: len(factors)] *= factors
        return replace(known, weights=weights)

    def _known(self, answers: Answers) -> tuple[SoftLabels, float | None]:
        """Return labels and answers as soft labels, and the mean reliability of the answers; 0 if they are guesses."""
        labels = one_hot(self.labeled, self.n_classes)
        if not answers.choices:
            return labels, None
        said, reliability = _soft_labels(self.labeled, answers, self.n_classes, self.from_labels)
        if reliability is not None and not self._leaves_out(reliability) and self._are_guesses(answers):
            reliability = 0.0
        return labels if self._leaves_out(reliability) else _join(labels, said), reliability

    def _are_guesses(self, answers: Answers) -> bool:
        choice, _ = answers.first
        named = choice >= 0
        if not self._teaches_alone or named.sum() < ENOUGH_OF_A_CLASS * self.n_classes:
            return False
        by_labels = self.from_labels.probabilities[answers.nodes[named]].argmax(axis=1)
        if agree_beyond_chance(choice[named], by_labels, self.n_classes):
            return False
        return go_beyond_chance(answers.nodes, choice, self.features, self.n_classes) is False

    def _leaves_out(self, reliability: float | None) -> bool:
        """Whether answers of this reliability are left out, since labels teach more without them."""
        return reliability is not None and reliability < LEAST_RELIABILITY and self._teaches_alone

    @property
    def _teaches_alone(self) -> bool:
        """Whether answers may be left out: labels of one class alone would teach nothing."""
        return len(np.unique(self.labeled.labels)) > 1


def _soft_labels(
    labeled: LabeledNodes, answers: Answers, n_classes: int, from_labels: ClassEstimate
) -> tuple[SoftLabels, float | None]:
    """Turn answers about nodes without a label into soft labels; return their mean reliability, too."""
    label_of = np.full(len(from_labels.probabilities), -1, dtype=np.int64)
    label_of[labeled.nodes] = labeled.labels
    labels = label_of[answers.nodes]
    prior = from_labels.probabilities[answers.nodes]
    sizes = np.maximum(prior.mean(axis=0), 1e-6) if len(prior) else np.ones(n_classes)
    log_q, weights, found = np.log(np.maximum(prior, 1e-12)), np.zeros(len(prior)), []
    n_prompts = max(len(answers.choices), 1)
    for choices, confidence in zip(answers.choices, answers.confidences, strict=True):
        first = choices[:, 0]
        reliability = estimate_reliability(first, confidence, prior, labels)
        named = np.flatnonzero(first >= 0)
        factor = np.tile(1 - reliability[:, None], n_classes)
        factor[named, first[named]] += reliability[named] / sizes[first[named]]
        log_q += np.log(np.maximum(factor, 1e-12)) / n_prompts
        weights += reliability / n_prompts
        found.append(reliability[named])
    use = (weights > 0) & (labels < 0)
    q = softmax(log_q[use], axis=1).astype(np.float32)
    said = SoftLabels(answers.nodes[use], q, (answers.weight * weights[use]).astype(np.float32))
    everything = np.concatenate(found) if found else np.empty(0)
    return said, float(everything.mean()) if len(everything) else None


def _check_probabilities(teacher: Any, returned: Any, n_nodes: int, n_classes: int) -> NDArray[Any]:
    probabilities = np.asarray(returned)
    fits = probabilities.shape == (n_nodes, n_classes) and probabilities.dtype.kind == "f"
    if not fits or not np.isfinite(probabilities).all() or np.abs(probabilities.sum(axis=1) - 1).max(initial=0) > 1e-3:
        raise InvalidParameterError(
            f"`teacher` must return class probabilities of shape ({n_nodes}, {n_classes}) from predict_proba, rows "
            f"summing to 1, got {type(returned).__name__}, shape {probabilities.shape}, from {type(teacher).__name__}: "
            "one row for each node, in the order of the classes."
        )
    return probabilities


def _join(*parts: SoftLabels) -> SoftLabels:
    return SoftLabels(
        np.concatenate([part.nodes for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )
