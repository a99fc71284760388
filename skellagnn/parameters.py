"""Parameters of the estimator, checked and handed on in the form that training and asking want."""

from __future__ import annotations

import numbers
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from skellagnn.base.numbers import check_int, check_real
from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn._training import TrainingSettings
from skellagnn.graph import TextGraph
from skellagnn.llm.asking import Budget
from skellagnn.llm.prompts import PromptCatalog
from skellagnn.llm.store import resolve_store
from skellagnn.selection import count_active_nodes, select_active_nodes

if TYPE_CHECKING:
    import torch

__all__ = [
    "PAPER_SETTINGS",
    "check_answer_weight",
    "check_budget",
    "check_settings",
    "resolve_device",
    "shared_parameters",
]

PAPER_SETTINGS: Mapping[str, Any] = MappingProxyType({"consistency": 0.0, "answer_weight": 0.0, "distillation": 0.0})
"""Parameters of the estimator that leave the method of the paper alone: LLM views and LLM-enhanced queries only.

``ELLaGNNClassifier(enhancer, **PAPER_SETTINGS)``, or ``clf.set_params(**PAPER_SETTINGS)``.
"""


def check_settings(estimator: Any) -> TrainingSettings:
    """Check the parameters of network, training and asking; return those of the training loop."""
    _check_asking(estimator)
    check_int("n_layers", estimator.n_layers, at_least=1)
    if estimator.n_neighbors is not None:
        check_int("n_neighbors", estimator.n_neighbors, at_least=1)
    check_int("hidden_channels", estimator.hidden_channels, at_least=1)
    check_real("dropout", estimator.dropout, low=0, high=1, open_high=True)
    check_real("validation_fraction", estimator.validation_fraction, low=0, high=1, open_low=True, open_high=True)
    stopping = estimator.early_stopping
    if not isinstance(stopping, (bool, np.bool_)) and not (isinstance(stopping, str) and stopping == "auto"):
        raise InvalidParameterError(f"`early_stopping` must be True, False or 'auto', got {stopping!r}.")
    if not isinstance(estimator.enhanced_queries, (bool, np.bool_)):
        raise InvalidParameterError(f"`enhanced_queries` must be True or False, got {estimator.enhanced_queries!r}.")
    check_real("distillation", estimator.distillation, low=0)
    check_answer_weight(estimator.answer_weight)
    if isinstance(estimator.batch_size, str):
        if estimator.batch_size != "auto":
            raise InvalidParameterError(
                "`batch_size` must be a positive int, None for the whole graph, or 'auto', got "
                f"{estimator.batch_size!r}."
            )
    elif estimator.batch_size is not None:
        check_int("batch_size", estimator.batch_size, at_least=1)
    if estimator.sample_size is not None:
        check_int("sample_size", estimator.sample_size, at_least=1)
    for name, allowed in (("sampling", ("uniform", "similarity")), ("precision", ("float32", "bfloat16"))):
        if getattr(estimator, name) not in allowed:
            raise InvalidParameterError(
                f"`{name}` must be {' or '.join(map(repr, allowed))}, got {getattr(estimator, name)!r}."
            )
    for name in ("compile", "data_parallel"):
        if not isinstance(getattr(estimator, name), (bool, np.bool_)):
            raise InvalidParameterError(f"`{name}` must be True or False, got {getattr(estimator, name)!r}.")
    return TrainingSettings(
        learning_rate_init=check_real("learning_rate_init", estimator.learning_rate_init, low=0, open_low=True),
        weight_decay=check_real("weight_decay", estimator.weight_decay, low=0),
        max_iter=check_int("max_iter", estimator.max_iter, at_least=1),
        n_iter_no_change=check_int("n_iter_no_change", estimator.n_iter_no_change, at_least=1),
        view_probability=check_real("view_probability", estimator.view_probability, low=0, high=1),
        consistency=check_real("consistency", estimator.consistency, low=0),
        drop_node=check_real("drop_node", estimator.drop_node, low=0, high=1, open_high=True),
        # set where the targets are known: by the teacher for the answers, by the estimator for the teacher
        soft_label_weight=0.0,
        sample_size=estimator.sample_size,
        sampling=estimator.sampling,
        # a hop more than layers: those that look at degrees, as GCNConv does, need all edges of the outermost senders
        n_hops=estimator.n_layers + 1,
        precision=estimator.precision,
        compile=bool(estimator.compile),
    )


def _check_asking(estimator: Any) -> None:
    """Check what is asked, about which nodes, and the store: a wrong name shows in the arm without LLM, too."""
    PromptCatalog.from_parameter(estimator.prompts)
    # of no nodes none is chosen: only the name is looked up
    select_active_nodes(TextGraph.from_edges([]), np.empty((0, 0), dtype=np.float32), estimator.selection, 0)
    ratio = estimator.augmentation_ratio
    if isinstance(ratio, numbers.Integral) and not isinstance(ratio, bool):
        check_int("augmentation_ratio", ratio, at_least=0)
    else:
        count_active_nodes(ratio, sys.maxsize)  # whether it is a node of this graph is seen where nodes are chosen
    resolve_store(estimator.store)  # opens and creates nothing


def resolve_device(device: Any) -> torch.device:
    """Return the torch device that the ``device`` parameter stands for.

    Raises
    ------
    InvalidParameterError
        If it stands for none, or for one that is not there.
    """
    import torch

    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise InvalidParameterError(
            f"`device` must be 'auto' or a torch device such as 'cpu' or 'cuda:0', got {device!r}."
        ) from error
    try:
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError, ImportError) as error:  # torch has an error of its own for each kind
        reason = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")
        raise InvalidParameterError(
            f"`device` must be one that this machine has and its torch can use, got {device!r} ({reason:.100}). Use "
            "device='auto' or device='cpu', also for a fitted model: set_params(device='auto')."
        ) from error
    return found


def shared_parameters(estimator: Any) -> dict[str, Any]:
    """Return what is to be the same in all processes of a fit, as far as values that print alike are alike."""
    parameters = estimator.get_params(deep=False)
    shared = {name: value for name, value in parameters.items() if isinstance(value, (numbers.Number, str, type(None)))}
    for name in ("random_state", "store", "memory", "device", "verbose"):
        shared.pop(name, None)
    return shared | {"enhancer": parameters["enhancer"] is None}


def check_answer_weight(answer_weight: Any) -> float | str:
    """Check the weight of class-naming answers: a number from 0, or "auto"."""
    if isinstance(answer_weight, str):
        if answer_weight != "auto":
            raise InvalidParameterError(
                f"`answer_weight` must be a number in [0, inf) or 'auto', got {answer_weight!r}."
            )
        return answer_weight
    return check_real("answer_weight", answer_weight, low=0)


def check_budget(estimator: Any) -> Budget:
    """Check the limits of a fit and the prices; return a budget of which nothing is spent."""
    for name, limit in (("max_calls", estimator.max_calls), ("max_tokens", estimator.max_tokens)):
        if limit is not None:
            check_int(name, limit, at_least=0)
    prices = None
    if estimator.prices is not None:
        if not isinstance(estimator.prices, (tuple, list)) or len(estimator.prices) != 2:
            raise InvalidParameterError(
                "`prices` must be two numbers, the price of a million tokens in and of a million tokens out, "
                f"got {estimator.prices!r}."
            )
        prices = (
            check_real("prices[0]", estimator.prices[0], low=0),
            check_real("prices[1]", estimator.prices[1], low=0),
        )
    if estimator.max_cost is not None:
        check_real("max_cost", estimator.max_cost, low=0)
        if prices is None:
            raise InvalidParameterError(
                f"`prices` must be given with a `max_cost`, got None and max_cost={estimator.max_cost!r}. Pass the "
                "price of a million tokens in and out: prices=(0.5, 1.5)."
            )
    return Budget(estimator.max_calls, estimator.max_tokens, estimator.max_cost, prices=prices)
