"""What of the labels is held out to choose the epoch."""

from __future__ import annotations

import numpy as np

from skellagnn.exceptions import LabelError
from skellagnn.gnn._targets import LabeledNodes
from skellagnn.validation._labels import Labels

# Fraction of the labels that is held out for early stopping unless it is given.
VALIDATION_FRACTION = 0.1
# `early_stopping="auto"` holds out no fewer labels than this: the standard error of an accuracy is then 5 points.
MIN_HELD_OUT = 50


def hold_out(labels: Labels, early_stopping: bool | float | str, seed: int) -> tuple[LabeledNodes, LabeledNodes | None]:
    """Hold out validation nodes, as the parameter ``early_stopping`` says.

    Parameters
    ----------
    labels : Labels
    early_stopping : bool, float or "auto"
        Fraction to hold out; True: a tenth; "auto": a tenth, if that is 50 nodes at least.
    seed : int

    Returns
    -------
    training : LabeledNodes
    validation : LabeledNodes or None
    """
    automatic = isinstance(early_stopping, str)
    is_default = automatic or (isinstance(early_stopping, (bool, np.bool_)) and bool(early_stopping))
    fraction = VALIDATION_FRACTION if is_default else float(early_stopping)
    if fraction == 0 or (automatic and fraction * len(labels.labeled.nodes) < MIN_HELD_OUT):
        return labels.labeled, None
    return split_validation(labels.labeled, fraction, len(labels.classes), seed)


def split_validation(
    labeled: LabeledNodes, fraction: float, n_classes: int, seed: int
) -> tuple[LabeledNodes, LabeledNodes]:
    """Hold out a stratified fraction of the labeled nodes.

    Parameters
    ----------
    labeled : LabeledNodes
    fraction : float
        Part to hold out, in (0, 1).
    n_classes : int
    seed : int

    Returns
    -------
    training, validation : LabeledNodes
        At least one node of every class stays in training; a class with one node is not validated on.

    Raises
    ------
    LabelError
        If no class has two labeled nodes.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labeled.nodes))
    counts = np.bincount(labeled.labels, minlength=n_classes)
    # per class: its part, rounded at random so that small classes are held out in proportion, too
    expected = fraction * counts
    take = np.floor(expected + rng.random(n_classes)).astype(np.int64)
    take = np.minimum(take, np.maximum(counts - 1, 0))
    if take.sum() == 0 and (counts > 1).any():
        take[int(np.argmax(counts))] = 1
    if take.sum() == 0:
        raise LabelError(
            "`early_stopping` holds out a part of the labeled nodes of each class and needs a class with at least "
            f"two, got {len(labeled.nodes)} labeled nodes of {n_classes} classes. Label more nodes, pass X_val "
            "and y_val, or set early_stopping=False."
        )
    shuffled = labeled.labels[order]
    grouped = np.argsort(shuffled, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    rank = np.empty(len(order), dtype=np.int64)
    rank[grouped] = np.arange(len(order)) - starts[shuffled[grouped]]
    held_out = np.zeros(len(order), dtype=bool)
    held_out[order] = rank < take[shuffled]
    return labeled[~held_out], labeled[held_out]
