"""Graphs, labels and parameters checked. The only module that knows scikit-learn's validation tools."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import assert_all_finite
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, column_or_1d, validate_data

from skellagnn.exceptions import GraphError, InvalidParameterError, LabelError
from skellagnn.graph import TextGraph

try:  # scikit-learn >= 1.9; without it set_callbacks is simply not there
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # pragma: no cover

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in where scikit-learn has no callbacks."""

    _Method = TypeVar("_Method", bound=Callable[..., Any])

    def with_callbacks(method: _Method) -> _Method:
        """Return the method as it is."""
        return method


__all__ = [
    "CallbackSupportMixin",
    "ClassNames",
    "Labels",
    "Supervision",
    "as_graph",
    "check_int",
    "check_labels",
    "check_class_names",
    "check_real",
    "split_validation",
    "with_callbacks",
]

UNLABELED = -1


# -- X ----------------------------------------------------------------------------------------------------------


def as_graph(estimator: Any, X: Any, *, reset: bool) -> TextGraph:
    """Return X as a graph; a 2-D array is a graph without edges.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_`` and ``feature_names_in_`` from an array if ``reset``, else is compared with it.
    X : TextGraph or array-like of shape (n_samples, n_features)
    reset : bool
        True in ``fit``.

    Returns
    -------
    graph : TextGraph

    Raises
    ------
    GraphError
        If X is a graph of another library, or texts without edges; the message names the converter.
    ValueError
        From scikit-learn, if X is an array that it does not accept.
    """
    if isinstance(X, TextGraph):
        if len(X) == 0:
            raise GraphError("`X` must have at least one node in view, got a graph with 0 targets in view.")
        return X
    _refuse_other_graphs(X)
    with np.errstate(over="ignore"):  # beyond float32 is infinite, which the check then finds and says
        rows = validate_data(estimator, X, reset=reset, dtype=np.float32, ensure_min_samples=1)
    n_samples = rows.shape[0]
    return TextGraph(sparse.csr_array((n_samples, n_samples), dtype=np.float32), features=rows)


def _refuse_other_graphs(X: Any) -> None:
    kind = f"{type(X).__module__}.{type(X).__qualname__}"
    if hasattr(X, "edge_index"):
        raise GraphError(
            f"`X` must be a TextGraph, got {kind}. Convert it: TextGraph.from_pyg(data, texts=...), and pass "
            "y=data.y.numpy()."
        )
    if hasattr(X, "adj") and hasattr(X, "nodes") and hasattr(X, "edges"):
        raise GraphError(
            f"`X` must be a TextGraph, got {kind}. Convert it: TextGraph.from_networkx(graph, text='name of the "
            "attribute')."
        )
    if isinstance(X, str) or (_is_one_dimensional(X) and len(X) > 0 and all(isinstance(item, str) for item in X)):
        raise GraphError(
            "`X` must be a TextGraph, got texts without edges. Build one: TextGraph.from_edges(edges, texts=texts), "
            "with edges=[] if the texts really are not linked."
        )


def _is_one_dimensional(X: Any) -> bool:
    # an object that is no sequence but turns into an array need not have a length
    return getattr(X, "ndim", 1) == 1 and (
        isinstance(X, Sequence) or (hasattr(X, "__array__") and hasattr(X, "__len__"))
    )


# -- y ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Supervision:
    """Labels of some nodes.

    Parameters
    ----------
    nodes : ndarray of int64 of shape (n_labeled,)
    labels : ndarray of int64 of shape (n_labeled,)
        Class indices.
    weights : ndarray of float32 of shape (n_labeled,)
        Sample weights times class weights.
    """

    nodes: NDArray[np.int64]
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class Labels:
    """Labels of the nodes in view, one entry per labeled node.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted.
    supervision : Supervision
        Nodes in increasing order; a node that is in view several times has its weights added up.
    """

    classes: NDArray[Any]
    supervision: Supervision


def check_labels(
    graph: TextGraph,
    y: Any,
    sample_weight: Any = None,
    *,
    class_weight: Any = None,
    classes: NDArray[Any] | None = None,
    argument: str = "y",
) -> Labels:
    """Check labels and bring them into node order.

    Parameters
    ----------
    graph : TextGraph
    y : array-like of shape (n_targets,)
        One label per target; in numeric labels -1 is "unlabeled".
    sample_weight : array-like of shape (n_targets,), default=None
        Targets of weight 0 count as unlabeled.
    class_weight : dict, "balanced" or None
    classes : ndarray, default=None
        Classes known from training, for validation labels.
    argument : str, default="y"
        For the errors.

    Returns
    -------
    labels : Labels

    Raises
    ------
    LabelError
        If there are not as many labels as targets, no labels, only one class, two labels for one node, or (with
        ``classes``) a class that training does not have.
    """
    if y is None:
        raise LabelError(
            f"`{argument}` must be given: ELLaGNNClassifier requires y to be passed, but the target y is None."
        )
    y = column_or_1d(y, warn=True)
    if len(y) != len(graph):
        raise LabelError(
            f"`{argument}` must have one label per target in view: inconsistent numbers of samples, {len(graph)} "
            f"targets and {len(y)} labels. To use labels of some nodes only: fit(graph[labeled], y[labeled])."
        )
    if y.dtype.kind == "O" and (missing := [label for label in y if _is_missing(label)]):
        raise LabelError(
            f"`{argument}` must not hold missing values, got {missing[0]!r} and {len(missing) - 1} more. Leave those "
            "nodes out of view: fit(graph[known], y[known])."
        )
    if y.dtype.kind == "f":
        assert_all_finite(y, input_name=argument)
    check_classification_targets(y)
    known = np.ones(len(y), dtype=bool)
    if y.dtype.kind in "iuf":
        known = y != UNLABELED
        if not known.any():
            raise LabelError(
                f"`{argument}` must label at least two classes, got -1 (unlabeled) for all {len(y)} targets."
            )
    weights = _check_sample_weight(sample_weight, np.empty((len(y), 1)), dtype=np.float64, ensure_non_negative=True)
    known &= weights > 0
    if not known.any():
        raise LabelError("`sample_weight` must be positive for some labeled targets, got none.")
    found, indices = np.unique(y[known], return_inverse=True)
    if classes is None:
        if len(found) < 2:
            raise LabelError(
                f"`{argument}` must label at least two classes, got one class only: {found.tolist()[0]!r}. A "
                "classifier needs something to tell apart."
            )
        classes = found
    else:
        strangers = np.setdiff1d(found, classes)
        if len(strangers):
            raise LabelError(
                f"`{argument}` must hold classes of the training labels, got {strangers.tolist()[0]!r} and "
                f"{len(strangers) - 1} more that are not. Leave their nodes out of view."
            )
        indices = np.searchsorted(classes, found)[indices]
    nodes, weights = graph.targets[known], weights[known]
    if class_weight is not None:
        if class_weight != "balanced" and not isinstance(class_weight, Mapping):
            raise InvalidParameterError(
                f"`class_weight` must be 'balanced', a dict of label to weight, or None, got {class_weight!r}."
            )
        # computed from the distinct labels as given, as scikit-learn does: sample weights do not enter
        per_class = compute_class_weight(class_weight, classes=classes, y=classes[indices])
        weights = weights * per_class[indices]
        if not (np.isfinite(per_class).all() and (per_class >= 0).all() and weights.any()):
            raise InvalidParameterError(
                f"`class_weight` must be finite and not negative, and positive for some class, got {class_weight!r}."
            )
    unique, inverse = np.unique(nodes, return_inverse=True)
    label_of = np.zeros(len(unique), dtype=np.int64)
    label_of[inverse] = indices
    if np.any(label_of[inverse] != indices):
        twice = unique[inverse[np.flatnonzero(label_of[inverse] != indices)[0]]]
        raise LabelError(f"`{argument}` must give a node one label, got two different ones for node {twice}.")
    summed = np.bincount(inverse, weights=weights, minlength=len(unique))
    return Labels(classes, Supervision(unique, label_of, summed.astype(np.float32)))


def _is_missing(label: Any) -> bool:
    # pandas' own missing values are known by name: nothing else here needs pandas
    return (
        label is None or (isinstance(label, float) and label != label) or type(label).__name__ in ("NAType", "NaTType")
    )


def split_validation(
    supervision: Supervision, fraction: float, n_classes: int, seed: int
) -> tuple[Supervision, Supervision]:
    """Hold out a stratified share of the labeled nodes.

    Parameters
    ----------
    supervision : Supervision
    fraction : float
        Share to hold out, in (0, 1).
    n_classes : int
    seed : int

    Returns
    -------
    training, validation : Supervision
        At least one node of every class stays in training; a class with one node is not validated on.

    Raises
    ------
    LabelError
        If no class has two labeled nodes.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(supervision.nodes))
    counts = np.bincount(supervision.labels, minlength=n_classes)
    # per class: its share, rounded at random so that small classes are held out in proportion, too
    share = fraction * counts
    take = np.floor(share + rng.random(n_classes)).astype(np.int64)
    take = np.minimum(take, np.maximum(counts - 1, 0))
    if take.sum() == 0 and (counts > 1).any():
        take[int(np.argmax(counts))] = 1
    if take.sum() == 0:
        raise LabelError(
            "`early_stopping` holds out a share of the labeled nodes of each class and needs a class with at least "
            f"two, got {len(supervision.nodes)} labeled nodes of {n_classes} classes. Label more nodes, pass X_val "
            "and y_val, or set early_stopping=False."
        )
    shuffled = supervision.labels[order]
    grouped = np.argsort(shuffled, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    rank = np.empty(len(order), dtype=np.int64)
    rank[grouped] = np.arange(len(order)) - starts[shuffled[grouped]]
    held_out = np.zeros(len(order), dtype=bool)
    held_out[order] = rank < take[shuffled]
    return _subset(supervision, ~held_out), _subset(supervision, held_out)


def _subset(supervision: Supervision, mask: NDArray[np.bool_]) -> Supervision:
    return Supervision(supervision.nodes[mask], supervision.labels[mask], supervision.weights[mask])


# -- class names ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClassNames:
    """Names that prompts list, and the class that each stands for.

    Parameters
    ----------
    names : tuple of str
    class_index : ndarray of int of shape (n_names,)
        Index into the fitted classes, -1 for a name whose class has no labeled node in this fit.
    """

    names: tuple[str, ...]
    class_index: NDArray[np.int64]


def check_class_names(class_names: Any, classes: NDArray[Any] | None) -> ClassNames | None:
    """Match names with classes.

    Parameters
    ----------
    class_names : None, mapping of label to name, or sequence of str
        A sequence names the classes 0, 1, ...; for labels that are names it lists them all, also those without
        labeled nodes. None: labels that are strings, none of them blank, name themselves.
    classes : ndarray of shape (n_classes,) or None
        Sorted classes; None if they are not known yet.

    Returns
    -------
    names : ClassNames or None
        None if there are no names.

    Raises
    ------
    InvalidParameterError
        If names are no strings, not unique, or a class has none.
    """
    if class_names is None:
        if classes is None or classes.dtype.kind not in "USO" or not all(isinstance(label, str) for label in classes):
            return None
        class_names = [str(label) for label in classes]
        if not all(name.strip() for name in class_names):
            return None
    if isinstance(class_names, Mapping):
        labels, names = list(class_names.keys()), list(class_names.values())
    elif not isinstance(class_names, (str, Set)) and hasattr(class_names, "__len__"):
        names = list(class_names)
        labels = names if classes is not None and classes.dtype.kind in "USO" else list(range(len(names)))
    else:
        raise InvalidParameterError(
            f"`class_names` must be a list of names or a dict of label to name, got {type(class_names).__name__}."
        )
    if not all(isinstance(name, str) and name.strip() for name in names) or len(set(names)) != len(names):
        raise InvalidParameterError(f"`class_names` must be different, non-empty strings, got {names!r:.300}.")
    index = np.full(len(names), -1, dtype=np.int64)
    if classes is not None:
        position = {label: i for i, label in enumerate(classes.tolist())}
        index = np.array([position.get(label, -1) for label in labels], dtype=np.int64)
        nameless = [label for label, i in position.items() if i not in index]
        if nameless:
            raise InvalidParameterError(
                f"`class_names` must name every class, got no name for {nameless[0]!r} and {len(nameless) - 1} more. "
                f"Named are {labels!r:.300}; a dict {{label: name}} names any labels."
            )
    return ClassNames(tuple(str(name) for name in names), index)


# -- parameters -------------------------------------------------------------------------------------------------


def check_int(name: str, value: Any, *, at_least: int) -> int:
    """Return ``value`` if it is an int of at least ``at_least``."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral) or value < at_least:
        raise InvalidParameterError(f"`{name}` must be an int of at least {at_least}, got {value!r}.")
    return int(value)


def check_real(
    name: str, value: Any, *, low: float, high: float = np.inf, open_low: bool = False, open_high: bool = False
) -> float:
    """Return ``value`` if it is a finite number in the interval."""
    good = not isinstance(value, (bool, np.bool_)) and isinstance(value, numbers.Real)
    good = good and _is_finite(value)
    good = good and (low < value if open_low else low <= value) and (value < high if open_high else value <= high)
    if not good:
        interval = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high or np.isinf(high) else ']'}"
        raise InvalidParameterError(f"`{name}` must be a number in {interval}, got {value!r}.")
    return float(value)


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an int beyond the largest float
        return False
