"""The estimator's parameters, checked one by one; its device."""

from __future__ import annotations

import numbers
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from skellagnn.base.numbers import check_int, check_real, check_seed
from skellagnn.base.resolve import accepts
from skellagnn.exceptions import InvalidParameterError
from skellagnn.graph import TextGraph
from skellagnn.selection import count_active_nodes, select_active_nodes

__all__ = ["PAPER_SETTINGS", "check_parameters", "shared_parameters"]

PAPER_SETTINGS: Mapping[str, Any] = MappingProxyType({"teacher": None, "answer_weight": 0.0})
"""Parameters of the estimator that leave the method of the paper alone: LLM views and LLM-enhanced queries only.

``ELLaGNNClassifier(enhancer, **PAPER_SETTINGS)``, or ``clf.set_params(**PAPER_SETTINGS)``.
"""


# Beside a weight of more than that nothing else counts, and float32 ends soon after.
_MOST = 1e6


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Check the parameters of the estimator that need neither graph nor labels.

    Parameters
    ----------
    parameters : mapping of str to object

    Raises
    ------
    InvalidParameterError
        For the first one that is not as described.
    """
    for name, check in _CHECKS.items():
        check(name, parameters[name])


def _is_int(at_least: int, *, or_: tuple[Any, ...] = ()) -> Callable[[str, Any], None]:
    def check(name: str, value: Any) -> None:
        if not any(value is other or (isinstance(other, str) and value == other) for other in or_):
            check_int(name, value, at_least=at_least)

    return check


def _is_real(**bounds: Any) -> Callable[[str, Any], None]:
    def check(name: str, value: Any) -> None:
        check_real(name, value, **bounds)

    return check


def _check_ratio(name: str, value: Any) -> None:
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        check_int(name, value, at_least=0)
    else:
        count_active_nodes(value, sys.maxsize)  # whether it is a node of this graph is seen where nodes are chosen


def _check_selection(name: str, value: Any) -> None:
    # of no nodes none is chosen: only the name is looked up
    select_active_nodes(TextGraph.from_edges([]), np.empty((0, 0), dtype=np.float32), value, 0)


def _check_early_stopping(name: str, value: Any) -> None:
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, str) and value == "auto"):
        return
    if isinstance(value, str) or value is None:
        raise InvalidParameterError(f"`{name}` must be True, False, 'auto' or a fraction in (0, 1), got {value!r}.")
    check_real(name, value, low=0, high=1, open_low=True, open_high=True)


def _check_batch_size(name: str, value: Any) -> None:
    if isinstance(value, str) and value != "auto":
        raise InvalidParameterError(
            f"`{name}` must be a positive int, None for the whole graph, or 'auto', got {value!r}."
        )
    if value is not None and not isinstance(value, str):
        check_int(name, value, at_least=1)


def _check_seed(name: str, value: Any) -> None:
    check_seed(name, value)


def _check_verbose(name: str, value: Any) -> None:
    check_int(name, int(value) if isinstance(value, (bool, np.bool_)) else value, at_least=0)


def _check_teacher(name: str, value: Any) -> None:
    if value is None or (isinstance(value, str) and value == "auto"):
        return
    missing = [part for part in ("fit", "predict_proba", "weight", "get_params") if not hasattr(value, part)]
    # features, known, adjacency; features, adjacency
    if missing or isinstance(value, type) or not (accepts(value.fit, 3) and accepts(value.predict_proba, 2)):
        raise InvalidParameterError(
            f"`{name}` must be 'auto', a PropagationTeacher, another scikit-learn estimator with `weight`, "
            f"`fit(features, known, adjacency)` and `predict_proba(features, adjacency)` (see "
            f"skellagnn.distillation.Teacher), or None, got {value!r:.200}."
        )
    check_real(f"{name}.weight", value.weight, low=0, high=_MOST)


_CHECKS: Mapping[str, Callable[[str, Any], None]] = MappingProxyType(
    {
        "augmentation_ratio": _check_ratio,
        "selection": _check_selection,
        "n_neighbors": _is_int(1, or_=(None,)),
        "n_layers": _is_int(1),
        "hidden_channels": _is_int(1),
        "dropout": _is_real(low=0, high=1, open_high=True),
        "view_probability": _is_real(low=0, high=1),
        "teacher": _check_teacher,
        "answer_weight": _is_real(low=0, high=_MOST),
        "learning_rate_init": _is_real(low=0, open_low=True),
        "weight_decay": _is_real(low=0, high=_MOST),
        "batch_size": _check_batch_size,
        "sample_size": _is_int(1, or_=(None,)),
        "max_iter": _is_int(1),
        "early_stopping": _check_early_stopping,
        "n_iter_no_change": _is_int(1),
        "random_state": _check_seed,
        "verbose": _check_verbose,
    }
)


def shared_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to be the same in all processes of a fit, as far as values that print alike are alike."""
    shared = {name: value for name, value in parameters.items() if isinstance(value, (numbers.Number, str, type(None)))}
    for name in ("random_state", "store", "memory", "device", "verbose"):
        shared.pop(name, None)
    return shared | {"enhancer": parameters["enhancer"] is None}
