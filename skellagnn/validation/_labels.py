"""y: labels of nodes, and their weights."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from skellagnn.base.arrays import as_array, as_numbers
from skellagnn.exceptions import InvalidParameterError, LabelError
from skellagnn.gnn._targets import LabeledNodes
from skellagnn.graph import TextGraph
from skellagnn.graph._names import check_order, is_missing
from skellagnn.validation._class_names import check_class_names

UNLABELED = -1
# Beside the largest weight of a class, a smaller one would be lost in float32.
_SMALLEST_WEIGHT = 1e-30


@dataclass(frozen=True)
class Labels:
    """Labels of the nodes in view, one entry per labeled node.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted.
    labeled : LabeledNodes
        Nodes in increasing order; a node that is in view several times has its weights added up. One whose weights are
        0 is left out; a class of which ``class_weight`` leaves none stays in ``classes``.
    """

    classes: NDArray[Any]
    labeled: LabeledNodes


def check_labels(
    graph: TextGraph,
    y: Any,
    sample_weight: Any = None,
    *,
    class_weight: Any = None,
    classes: NDArray[Any] | None = None,
    named: NDArray[Any] | None = None,
    argument: str = "y",
) -> Labels:
    """Check labels and bring them into node order.

    Parameters
    ----------
    graph : TextGraph
    y : array-like of shape (n_targets,), or None
        One label per target; in numeric labels, also those in an object array, -1 is "unlabeled".
    sample_weight : array-like of shape (n_targets,), default=None
        Targets of weight 0 count as unlabeled.
    class_weight : dict, "balanced" or None
        Targets of a class of weight 0 count as unlabeled.
    classes : ndarray, default=None
        Classes known from training, for validation labels.
    named : ndarray, default=None
        Classes that an LLM may name: they count as classes, labeled or not, and there need be no label.
    argument : str, default="y"
        For the errors.

    Returns
    -------
    labels : Labels

    Raises
    ------
    LabelError
        If there are not as many labels as targets, no labels, missing ones, names mixed with numbers, only one class,
        two labels for one node, several labels a node, or (with ``classes``) a class that training does not have. If
        they or the weights are pandas objects that name the targets in another order.
    InvalidParameterError
        If ``class_weight`` is none.
    """
    if y is None and named is not None:
        nothing = np.empty(0, dtype=np.int64)
        return Labels(_sorted_classes(named, argument), LabeledNodes(nothing, nothing, nothing.astype(np.float32)))
    if y is None:
        raise LabelError(
            f"`{argument}` must be given: ELLaGNNClassifier requires y to be passed, but the target y is None."
        )
    y = given_labels(graph, y, argument)
    known = y != UNLABELED if y.dtype.kind in "iuf" else np.ones(len(y), dtype=bool)
    if not known.any() and named is None:
        raise LabelError(f"`{argument}` must label at least two classes, got -1 (unlabeled) for all {len(y)} targets.")
    weights = check_sample_weight(graph, sample_weight)
    unweighted = known.any()
    known &= weights > 0
    if unweighted and not known.any():
        raise LabelError(
            "`sample_weight` must be positive for some labeled targets, got zero for all. Give one a weight."
        )
    found, indices = np.unique(y[known], return_inverse=True)
    classes = _choose_classes(found, classes, named, argument)
    indices = np.searchsorted(classes, found)[indices]
    if not len(found):
        return Labels(classes, LabeledNodes(indices, indices, indices.astype(np.float32)))
    nodes, weights = graph.targets[known], _to_largest(weights[known])
    if class_weight is not None:
        per_class = _weight_of_classes(class_weight, classes, indices)
        weights = _to_largest(weights * _to_largest(per_class[indices]))
        counts = weights > 0
        nodes, indices, weights = nodes[counts], indices[counts], weights[counts]
        if named is None and len(np.unique(indices)) < 2 <= len(found):
            raise InvalidParameterError(
                f"`class_weight` must leave labels of at least two classes, got {class_weight!r:.200}, which leaves "
                f"those of {classes.tolist()[indices[0]]!r} alone. Give another class a weight."
            )
    return Labels(classes, _join_repeats(nodes, indices, weights, argument))


def given_labels(graph: TextGraph, given: Any, argument: str = "y") -> NDArray[Any]:
    """Return one label per target, of one kind and none missing; -1 in numeric ones is "unlabeled".

    Raises
    ------
    LabelError
        If they are not that, or pandas objects that name the targets in another order.
    """
    y = _one_column(given, argument, graph)
    if len(y) != len(graph):
        raise LabelError(
            f"`{argument}` must have one label per target in view: inconsistent numbers of samples, {len(graph)} "
            f"targets and {len(y)} labels. To use labels of some nodes only: fit(graph[labeled], y[labeled])."
        )
    missing = _missing(y)
    if missing:
        raise LabelError(
            f"`{argument}` must not hold missing values, got {missing[0]!r} and {len(missing) - 1} more. Leave those "
            'nodes out of view: fit(graph[known], y[known]). In numeric labels -1 is "unlabeled", too: '
            "np.nan_to_num(y, nan=-1), or y.fillna(-1) in pandas."
        )
    # numpy makes names of the numbers in a list that holds both
    _refuse_names_beside_numbers(given if isinstance(given, (list, tuple)) else y, argument)
    return _class_labels(_numbers_from_objects(y), argument)


def check_sample_weight(graph: TextGraph, sample_weight: Any) -> NDArray[np.float64]:
    """Return the weight of each target.

    Raises
    ------
    LabelError
        If there is not one finite number of 0 or more for each.
    """
    if sample_weight is not None:
        check_order("sample_weight", sample_weight, graph.targets, graph.node_names, error=LabelError)
        sample_weight = as_numbers("sample_weight", sample_weight, error=LabelError)
        if sample_weight.shape not in ((), (len(graph),)):
            raise LabelError(
                f"`sample_weight` must have one weight per target ({len(graph)}), got shape {sample_weight.shape}. "
                "Give each target one."
            )
    given = np.asarray(1.0 if sample_weight is None else sample_weight, dtype=np.float64)
    weights = np.broadcast_to(given, (len(graph),))
    if not np.isfinite(weights).all() or (weights < 0).any():
        n_odd = int((~(np.isfinite(weights) & (weights >= 0))).sum())
        raise LabelError(
            f"`sample_weight` must be finite and not negative, got {n_odd} that are not. Give those targets weight 0."
        )
    return weights


def _choose_classes(
    found: NDArray[Any], classes: NDArray[Any] | None, named: NDArray[Any] | None, argument: str
) -> NDArray[Any]:
    """Return the classes: those of training, else those that an LLM may name beside those with labels."""
    if classes is not None:
        strangers = np.setdiff1d(found, classes)
        if len(strangers):
            raise LabelError(
                f"`{argument}` must hold classes of the training labels, got {strangers.tolist()[0]!r} and "
                f"{len(strangers) - 1} more that are not. Leave their nodes out of view."
            )
        return classes
    if named is not None:
        return _sorted_classes(np.concatenate([named, found]) if len(found) else named, argument)
    if len(found) < 2:
        raise LabelError(
            f"`{argument}` must label at least two classes, got one class only: {found.tolist()[0]!r}. A "
            "classifier needs something to tell apart."
        )
    return found


def _join_repeats(
    nodes: NDArray[np.int64], indices: NDArray[np.int64], weights: NDArray[np.float64], argument: str
) -> LabeledNodes:
    """Return each node once, in order, with the sum of its weights; their mean is 1."""
    unique, inverse = np.unique(nodes, return_inverse=True)
    label_of = np.zeros(len(unique), dtype=np.int64)
    label_of[inverse] = indices
    if np.any(label_of[inverse] != indices):
        twice = unique[inverse[np.flatnonzero(label_of[inverse] != indices)[0]]]
        raise LabelError(f"`{argument}` must give a node one label, got two different ones for node {twice}.")
    summed = _to_largest(np.bincount(inverse, weights=weights, minlength=len(unique)))
    # what float32 cannot tell from 0 beside the others is no weight: a batch of such nodes alone would divide by 0
    counts = summed.astype(np.float32) > 0
    # only ratios count: around 1 they survive as float32, however small or large the weights are that came in
    scaled = (summed / summed[counts].mean()).astype(np.float32)
    return LabeledNodes(unique, label_of, scaled)[counts]


def named_classes(class_names: Any, y: Any) -> NDArray[Any] | None:
    """Return the classes that ``class_names`` names: its keys, its names, or 0, 1, ... where labels are numbers.

    None where there are none, or they are not of the kind of the labels: :func:`check_class_names` says which lack one.
    """
    if check_class_names(class_names, None) is None:
        return None
    labels = None if y is None else _numbers_from_objects(as_array("y", y, error=LabelError))
    listed = not isinstance(class_names, Mapping)
    if listed and labels is not None and labels.dtype.kind not in "USO":
        numbers_ = np.arange(len(class_names))
        return numbers_.astype(bool) if labels.dtype.kind == "b" and len(class_names) == 2 else numbers_
    named = np.array(list(class_names))
    if labels is not None and (named.dtype.kind in "USO") != (labels.dtype.kind in "USO"):
        return None
    return named


def _sorted_classes(classes: NDArray[Any], argument: str) -> NDArray[Any]:
    found = np.unique(classes)
    if len(found) < 2:
        raise LabelError(
            f"`{argument}` and `class_names` must tell at least two classes, got {found.tolist()!r}. A classifier "
            "needs something to tell apart."
        )
    return found


def _one_column(y: Any, argument: str, graph: TextGraph | None = None) -> NDArray[Any]:
    """Return labels as an array of one dimension."""
    if graph is not None:
        check_order(argument, y, graph.targets, graph.node_names, error=LabelError)
    labels = as_array(argument, y, error=LabelError)
    if labels.ndim == 2 and labels.shape[1] != 1:
        raise LabelError(
            f"`{argument}` must have one label per target, got shape {labels.shape}. For several labels a node "
            "wrap the classifier: sklearn.multioutput.MultiOutputClassifier(clf).fit(graph, y) fits one per column."
        )
    if labels.ndim not in (1, 2):
        raise LabelError(
            f"`{argument}` must have one label per target, got shape {labels.shape}. Pass a list or a 1-D array."
        )
    if labels.dtype.kind == "c":
        raise LabelError(f"`{argument}` must hold class labels, got complex numbers. Complex data not supported.")
    column: NDArray[Any] = column_or_1d(y if labels.ndim == 2 else labels, warn=True)
    return column


def _weight_of_classes(class_weight: Any, classes: NDArray[Any], indices: NDArray[Any]) -> NDArray[Any]:
    """Return the weight of each class."""
    is_name = isinstance(class_weight, str) and class_weight == "balanced"
    if not is_name and not isinstance(class_weight, Mapping):
        raise InvalidParameterError(
            f"`class_weight` must be 'balanced', a dict of label to weight, or None, got {class_weight!r:.80}. A list "
            "of weights becomes one with dict(zip(classes, weights))."
        )
    if not is_name:
        odd = [weight for weight in class_weight.values() if isinstance(weight, bool) or not _is_real(weight)]
        if odd:
            raise InvalidParameterError(
                f"`class_weight` must map labels to numbers, got {odd[0]!r:.80}. Pass a number for each label."
            )
    # computed from the distinct labels as given, as scikit-learn does: sample weights do not enter
    per_class = np.zeros(len(classes))
    # a class that an LLM may name need not have a label
    labeled = np.unique(indices) if is_name else np.arange(len(classes))
    try:
        per_class[labeled] = compute_class_weight(class_weight, classes=classes[labeled], y=classes[indices])
    except ValueError as error:
        raise InvalidParameterError(
            f"`class_weight` must name the classes, got {class_weight!r:.200} ({error}). Write the labels as in `y`."
        ) from error
    if not (np.isfinite(per_class).all() and (per_class >= 0).all() and per_class[indices].any()):
        raise InvalidParameterError(
            f"`class_weight` must be finite and not negative, and positive for some class, got {class_weight!r}. Drop "
            "the weights that are not."
        )
    positive = per_class[per_class > 0]
    if positive.min() < _SMALLEST_WEIGHT * positive.max():
        raise InvalidParameterError(
            f"`class_weight` must hold weights within a factor of {1 / _SMALLEST_WEIGHT:.0e} of each other, got "
            f"{positive.min():.3g} and {positive.max():.3g}. Write 0 to leave a class out."
        )
    return per_class


def _is_real(value: Any) -> bool:
    return isinstance(value, numbers.Real)


def check_true_labels(y: Any, graph: TextGraph | None = None, classes: NDArray[Any] | None = None) -> NDArray[Any]:
    """Check labels to score against, and bring numbers in an object array to a type of numbers, as for training.

    Parameters
    ----------
    y : array-like of shape (n_targets,)
    graph : TextGraph, default=None
        What they are the labels of, where it is one: pandas objects may not name its targets in another order.
    classes : ndarray, default=None
        Classes known from training.

    Raises
    ------
    LabelError
        If a label is missing, or -1 among numbers, or no class label; if they are names and the classes numbers, or
        the other way round.
    """
    labels = _one_column(y, "y", graph)
    _refuse_names_beside_numbers(y if isinstance(y, (list, tuple)) else labels, "y")
    if graph is not None and len(labels) != len(graph):
        raise LabelError(
            f"`y` must have one label per target in view: inconsistent numbers of samples, {len(graph)} targets and "
            f"{len(labels)} labels. Score what is labeled: score(graph[labeled], y[labeled])."
        )
    labels = _numbers_from_objects(labels)
    missing = _missing(labels)
    unlabeled = [] if missing or labels.dtype.kind not in "iuf" else labels[labels == UNLABELED].tolist()
    if missing or unlabeled:
        got = f"{missing[0]!r} (missing)" if missing else "-1 (unlabeled)"
        raise LabelError(
            f"`y` must be true labels to score against, got {got} for {len(missing) + len(unlabeled)} of {len(labels)} "
            "targets. Score the labeled ones: score(graph[labeled], y[labeled]). In a cross-validation pass "
            "graph[labeled], y[labeled] as a whole: the other nodes still pass messages."
        )
    if not len(labels):
        return labels
    labels = _class_labels(labels, "y")
    kinds = ("USO", "M", "m")  # names, dates, durations, and what is in none of these: numbers
    if classes is not None and any((labels.dtype.kind in kind) != (classes.dtype.kind in kind) for kind in kinds):
        raise LabelError(
            f"`y` must hold labels as in training, where one is {classes.tolist()[0]!r:.80}, got "
            f"{labels.tolist()[0]!r:.80} among others. Write names in the place of numbers, or the other way round."
        )
    return labels


def _numbers_from_objects(y: NDArray[Any]) -> NDArray[Any]:
    if y.dtype.kind == "O" and all(isinstance(label, numbers.Real) for label in y.flat):
        return np.array(y.tolist())
    return y


def _class_labels(y: NDArray[Any], argument: str) -> NDArray[Any]:
    """Return labels if they are whole numbers or names."""
    try:
        if y.dtype.kind == "f":
            assert_all_finite(y, input_name=argument)
        check_classification_targets(y)
    except (TypeError, ValueError, ArithmeticError) as error:  # scikit-learn's sentence says what is wrong with them
        raise LabelError(
            f"`{argument}` must hold class labels, whole numbers or names, got {y.tolist()[0]!r:.80} among others: "
            f"{str(error).strip()} Write names, str(label), or numbers in their place."
        ) from error
    return y


def _to_largest(weights: NDArray[Any]) -> NDArray[np.float64]:
    """Divide by the largest, so that neither products nor sums leave the range of float64."""
    scaled: NDArray[np.float64] = weights / weights.max()
    return scaled


def _refuse_names_beside_numbers(labels: Any, argument: str) -> None:
    if isinstance(labels, np.ndarray) and labels.dtype.kind != "O":
        return
    number = next((label for label in labels if not isinstance(label, str)), None)
    if number is not None and any(isinstance(label, str) for label in labels):
        raise LabelError(
            f"`{argument}` must hold names or numbers, got names and {number!r} ({type(number).__name__}). -1 is "
            '"unlabeled" in numeric labels only; beside names, leave those nodes out of view: fit(graph[known], '
            "y[known])."
        )


def _missing(y: NDArray[Any]) -> list[Any]:
    if y.dtype.kind == "f":
        return list(y[np.isnan(y)].tolist())
    if y.dtype.kind in "mM":
        return list(y[np.isnat(y)])
    return [label for label in y if is_missing(label)] if y.dtype.kind == "O" else []
