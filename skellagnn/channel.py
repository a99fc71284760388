"""What a class-naming answer is worth: noise channel, evidence, soft targets.

An LLM that names a class is a noisy annotator (Dawid and Skene, 1979). Its channel is the probability of each answer
given the true class; it is estimated here from the answers about labeled training nodes, on top of a prior that
trusts first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SoftTargets", "answer_targets", "class_evidence", "estimate_channel", "soft_targets"]

# What the answers are taken to be worth before any is checked against a label: first choice right with 0.8,
# second choice (of those where the first is wrong) with 0.4, believed as firmly as five checked answers per class.
DIAGONAL = (0.8, 0.4)
PRIOR_STRENGTH = 5.0
# A choice further down the list counts less: what it says is partly said by the choices before it.
CHOICE_WEIGHTS = (1.0, 0.5)
# No single choice moves a class by more than this, in nats.
MAX_EVIDENCE = 4.0


def estimate_channel(
    choices: NDArray[np.int64],
    labels: NDArray[np.int64],
    n_classes: int,
    *,
    diagonal: float = DIAGONAL[0],
    prior_strength: float = PRIOR_STRENGTH,
) -> NDArray[np.float64]:
    """Estimate the probability of each answer given the true class.

    Parameters
    ----------
    choices : ndarray of int of shape (n_answers,)
        Class named by each answer, -1 for none.
    labels : ndarray of int of shape (n_answers,)
        True class where it may be used (labeled training nodes), else -1.
    n_classes : int
    diagonal : float, default=0.8
        Prior probability that the answer names the true class.
    prior_strength : float, default=5.0
        Weight of the prior, in answers per class.

    Returns
    -------
    channel : ndarray of shape (n_classes, n_classes + 1)
        Row-stochastic; the last column is "names no class".
    """
    channel = np.full((n_classes, n_classes + 1), prior_strength * (1 - diagonal) / n_classes)
    channel[np.arange(n_classes), np.arange(n_classes)] = prior_strength * diagonal
    known = labels >= 0
    # index -1 is the last column: no class named
    np.add.at(channel, (labels[known], choices[known]), 1.0)
    return np.asarray(channel / channel.sum(axis=1, keepdims=True))


def class_evidence(
    choices: Sequence[NDArray[np.int64]], labels: NDArray[np.int64], n_classes: int
) -> NDArray[np.float64]:
    """Add up what the answers of all class-naming prompts say about each node, in nats.

    Parameters
    ----------
    choices : sequence of ndarray of int of shape (n_active, n_choices)
        One array per prompt: first choice, second choice, ...; -1 where there is none.
    labels : ndarray of int of shape (n_active,)
        True class where it may be used to check the answers, else -1.
    n_classes : int

    Returns
    -------
    evidence : ndarray of shape (n_active, n_classes)
        Zero for a node without any choice.

    Notes
    -----
    Of each choice, the column of log channel probabilities, centered over the classes, clipped and weighted.
    """
    evidence = np.zeros((len(labels), n_classes))
    for table in choices:
        for rank, weight in enumerate(CHOICE_WEIGHTS):
            if rank >= table.shape[1]:
                break
            named = table[:, rank]
            # the second choice is informative where the first was wrong, so only there it is checked
            checked = labels if rank == 0 else np.where(labels == table[:, 0], -1, labels)
            channel = np.log(estimate_channel(named, checked, n_classes, diagonal=DIAGONAL[rank]))
            ratio = np.clip(channel - channel.mean(axis=0), -MAX_EVIDENCE, MAX_EVIDENCE)
            evidence[named >= 0] += weight * ratio[:, named[named >= 0]].T
    return evidence


def soft_targets(
    evidence: NDArray[np.float64], prior: NDArray[np.float64] | None = None, *, prior_power: float = 0.5
) -> NDArray[np.float32]:
    """Combine evidence with what is believed without it.

    Parameters
    ----------
    evidence : ndarray of shape (n_active, n_classes)
        In nats.
    prior : ndarray of shape (n_active, n_classes), default=None
        Class probabilities of a model without answers; by default uniform.
    prior_power : float, default=0.5
        How far that model is trusted, 1 for fully.

    Returns
    -------
    targets : ndarray of float32 of shape (n_active, n_classes)
        ``prior ** prior_power * exp(evidence)``, rows summing to 1.
    """
    logits = evidence.copy()
    if prior is not None:
        logits += prior_power * np.log(np.clip(prior, 1e-12, None))
    logits -= logits.max(axis=1, keepdims=True)
    weights = np.exp(logits)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True)
class SoftTargets:
    """What the LLM's class-naming answers say of some unlabeled active nodes.

    Parameters
    ----------
    nodes : ndarray of int64 of shape (n_asked,)
    targets : ndarray of float32 of shape (n_asked, n_classes)
        Rows sum to 1.
    weights : ndarray of float32 of shape (n_asked,)
        Reliability of each, in [0, 1].
    """

    nodes: NDArray[np.int64]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]


def answer_targets(
    active: NDArray[np.int64],
    choices: Sequence[NDArray[np.int64]],
    labeled_nodes: NDArray[np.int64],
    labels: NDArray[np.int64],
    n_classes: int,
) -> SoftTargets | None:
    """Turn class-naming answers into soft targets of the active nodes that have no training label.

    Parameters
    ----------
    active : ndarray of int64 of shape (n_active,)
    choices : sequence of ndarray of int of shape (n_active, n_choices)
        One array per class-naming prompt.
    labeled_nodes, labels : ndarray of int64 of shape (n_labeled,)
        Training labels only. Those of active nodes check the answers; validation labels must not be among them.
    n_classes : int

    Returns
    -------
    targets : SoftTargets or None
        None if no answer about an unlabeled node names a class.
    """
    label_of = np.full(1 + max(active.max(initial=-1), labeled_nodes.max(initial=-1)), -1, dtype=np.int64)
    label_of[labeled_nodes] = labels
    label = label_of[active]
    known = label >= 0
    evidence = class_evidence(choices, label, n_classes)
    use = ~known & np.any([(table >= 0).any(axis=1) for table in choices], axis=0) if choices else np.zeros(0, bool)
    if not use.any():
        return None
    return SoftTargets(active[use], soft_targets(evidence[use]), np.ones(int(use.sum()), dtype=np.float32))
