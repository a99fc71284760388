"""The plan of a whole search: the plans of its candidates, each question once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skellagnn.exceptions import InvalidParameterError
from skellagnn.graph import TextGraph
from skellagnn.plan._plan import Plan, PlanPart
from skellagnn.store import QuestionKey


def merge_plans(plans: Sequence[Plan], n_fits: int) -> Plan:
    """Join the plans of several fits on one graph; each question to one enhancer counts once.

    Parameters
    ----------
    plans : sequence of Plan
        Not empty.
    n_fits : int

    Returns
    -------
    plan : Plan
    """
    grouped: dict[tuple[str | None, str], list[PlanPart]] = {}
    for plan in plans:
        for part in plan.parts:
            name = None if part.enhancer is None else part.enhancer.name
            grouped.setdefault((name, repr(part.store)), []).append(part)
    parts = []
    for group in grouped.values():
        questions = {QuestionKey.of(question): question for part in group for question in part.questions}
        stored = frozenset[QuestionKey]().union(*(part.stored for part in group))
        named = next((part.class_names for part in group if part.class_names), None)
        parts.append(PlanPart(group[0].enhancer, group[0].store, named, tuple(questions.values()), stored))
    largest = max(plans, key=lambda plan: len(plan.active_nodes))
    # the nodes of every plan, those of the largest first: plans that differ in the ratio are prefixes of it
    nodes = dict(zip(largest.active_nodes.tolist(), largest.active_names, strict=True))
    for plan in plans:
        nodes.update(zip(plan.active_nodes.tolist(), plan.active_names, strict=True))
    return Plan(
        largest.n_nodes,
        np.array(list(nodes), dtype=np.int64),
        tuple(nodes.values()),
        tuple(parts),
        next((plan.prices for plan in plans if plan.prices is not None), None),
        n_fits,
    )


def plan_search(search: Any, X: TextGraph, y: Any) -> Plan:
    """Say what a whole cross-validated search would ask the LLM, without asking anything.

    Selection looks at neither labels nor folds, so that all folds of a candidate ask the same questions; what is new
    is asked once for the whole search.

    Parameters
    ----------
    search : GridSearchCV, RandomizedSearchCV or a halving search
        Over an :class:`~skellagnn.ELLaGNNClassifier`, or a pipeline that ends in one. A randomized search needs an
        int as ``random_state``: otherwise nobody knows what it will draw.
    X : TextGraph
    y : array-like of shape (n_targets,)

    Returns
    -------
    plan : Plan
        ``plan.execute()`` asks it all; the search then makes no call.

    Raises
    ------
    InvalidParameterError
        If it is no such search.
    """
    from sklearn.base import clone
    from sklearn.model_selection import ParameterGrid, ParameterSampler, check_cv

    if hasattr(search, "param_grid"):
        candidates = list(ParameterGrid(search.param_grid))
    elif hasattr(search, "param_distributions"):
        if not isinstance(search.random_state, (int, np.integer)):
            raise InvalidParameterError(
                "`search` must have an int as random_state to be planned, got "
                f"{search.random_state!r}: nobody knows what it will draw. Set random_state=0."
            )
        n_iter = getattr(search, "n_iter", None)
        if n_iter is None:  # a halving search draws as many as its data allow
            n_iter = search.n_candidates if isinstance(search.n_candidates, int) else len(y)
        candidates = list(ParameterSampler(search.param_distributions, n_iter, random_state=search.random_state))
    else:
        raise InvalidParameterError(
            f"`search` must be a GridSearchCV, RandomizedSearchCV or halving search, got {type(search).__name__}."
        )
    plans = []
    for params in candidates:
        estimator = clone(search.estimator).set_params(**params)
        while hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        if not hasattr(estimator, "plan"):
            raise InvalidParameterError(
                f"`search` must be over an ELLaGNNClassifier, got {type(estimator).__name__}, which asks nothing."
            )
        if estimator.enhancer is not None:
            plans.append(estimator.plan(X, y))
    n_splits = check_cv(search.cv, y, classifier=True).get_n_splits(X, y)
    n_fits = len(candidates) * n_splits + bool(search.refit)
    if not plans:
        return Plan(X.n_nodes, np.empty(0, dtype=np.int64), (), (), None, n_fits)
    return merge_plans(plans, n_fits)
