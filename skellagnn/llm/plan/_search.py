"""The plan of a whole search: the plans of its candidates, each question once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from skellagnn.exceptions import InvalidParameterError
from skellagnn.graph import TextGraph
from skellagnn.llm.asking import Budget
from skellagnn.llm.plan._part import join_parts
from skellagnn.llm.plan._plan import Plan


def merge_plans(plans: Sequence[Plan], n_fits: int) -> Plan:
    """Join the plans of several fits on one graph.

    Each question to one enhancer counts once where the fits share its answer, through a store or a recording. Without
    a store the parts of the plans stay apart, since each fit asks anew.

    Parameters
    ----------
    plans : sequence of Plan
        Not empty.
    n_fits : int
        Fits that ask.

    Returns
    -------
    plan : Plan
        Its budget is ``n_fits`` times the largest one of the plans, for each limit that all of them have; the largest
        itself where all share one.
    """
    parts = join_parts([part for plan in plans for part in plan.parts])
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
        _merge_budgets([plan.budget for plan in plans], n_fits),
        n_fits,
    )


def _merge_budgets(budgets: Sequence[Budget], n_fits: int) -> Budget:
    names = {budget.shared_as for budget in budgets}
    shared_as = names.pop() if len(names) == 1 else None
    times = n_fits if shared_as is None else 1
    limited = [name for name in budgets[0].limits if all(name in budget.limits for budget in budgets)]
    limits: dict[str, Any] = {name: times * max(budget.limits[name] for budget in budgets) for name in limited}
    prices = next((budget.prices for budget in budgets if budget.prices is not None), None)
    return Budget(**limits, prices=prices, shared_as=shared_as)


def plan_search(search: Any, X: TextGraph, y: Any) -> Plan:
    """Say what a whole cross-validated search would ask the LLM, without asking anything.

    Where the selection looks at no labels, all folds of a candidate ask the same questions, and what is new is asked
    once for the whole search. With one that does (such as ``"clue"``) each fold asks about nodes of its own. With
    ``store=None`` nothing is shared: the plan then counts every question as often as fits ask it, with the refit for
    that candidate which asks most. Candidates without an enhancer ask nothing.

    Parameters
    ----------
    search : GridSearchCV, RandomizedSearchCV or a halving search
        Over an :class:`~skellagnn.ELLaGNNClassifier`, or a pipeline that ends in one or has an
        :class:`~skellagnn.LLMAugmenter` in it. A randomized search needs an
        int as ``random_state``: otherwise nobody knows what it will draw.
    X : TextGraph
    y : array-like of shape (n_targets,)

    Returns
    -------
    plan : Plan
        ``plan.execute()`` asks it all; the search then makes no call, as far as no budget left something unasked and
        every answer came.

    Raises
    ------
    InvalidParameterError
        If it is no such search, or X is inductive; if labels name the classes in a prompt and a training fold lacks
        one of them, since its fit would list fewer names and so ask other questions: give ``class_names``; or if it is
        a halving search without a store, whose later rounds nobody knows.

    Notes
    -----
    Folds that ``search.cv`` draws without an int as ``random_state`` are others in the search. Where labels name the
    classes and some are rare, give ``class_names``.
    """
    from sklearn.base import clone
    from sklearn.model_selection import ParameterGrid, ParameterSampler, check_cv

    if getattr(X, "is_inductive", False):
        raise InvalidParameterError(
            "`X` must not be inductive to plan a search, got an inductive view, of which every fit sees, and asks "
            "about, nodes of its own. Plan the fits: clf.plan(X[train], y[train]) for each fold."
        )
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
    n_splits, refit = check_cv(search.cv, y, classifier=True).get_n_splits(X, y), bool(search.refit)
    plans: list[_FitPlans] = []
    for params in candidates:
        estimator = _asking_part(clone(search.estimator).set_params(**params))
        if not hasattr(estimator, "plan"):
            raise InvalidParameterError(
                f"`search` must be over an ELLaGNNClassifier, got {type(estimator).__name__}, which asks nothing."
            )
        if estimator.enhancer is not None:
            plan = estimator.plan(X, y)
            if getattr(estimator, "class_names", None) is None and _lists_classes(plan):
                _check_folds(search, X, y)
            folds = _training_folds(search, X, y) if plan.by_labels else None
            plans.append(_FitPlans(plan, folds and [estimator.plan(X[fold], np.asarray(y)[fold]) for fold in folds]))
    if not plans:
        return Plan(X.n_nodes, np.empty(0, dtype=np.int64), (), (), Budget(), len(candidates) * n_splits + refit)
    if hasattr(search, "factor") and not all(plan.shares_answers for plan in plans):
        raise InvalidParameterError(
            "`store` must be given to plan a halving search, got None: every fit would ask anew, and nobody knows yet "
            "which candidates the later rounds fit. Use store='auto'."
        )
    return merge_plans(_of_fits(plans, n_splits, refit), len(plans) * n_splits + refit)


def _asking_part(estimator: Any) -> Any:
    """Return the step of a pipeline that has an enhancer, else its last one."""
    if not hasattr(estimator, "steps"):
        return estimator
    steps = [_asking_part(step) for _, step in estimator.steps]
    return next((step for step in steps if getattr(step, "enhancer", None) is not None), steps[-1])


class _FitPlans(NamedTuple):
    """Plans of a candidate: of the fit on all labels, and of each fold where these ask about other nodes."""

    whole: Plan
    folds: list[Plan] | None

    @property
    def shares_answers(self) -> bool:
        return all(part.shares_answers for part in self.whole.parts)


def _of_fits(plans: Sequence[_FitPlans], n_splits: int, refit: bool) -> list[Plan]:
    """Return a plan for each fit; questions that no store keeps count as often as fits ask them."""
    # nobody knows which candidate will be fitted again: at most that which asks most
    costliest = max(plans, key=lambda plan: plan.whole.tokens_in + plan.whole.max_tokens_out)
    found = []
    for plan in plans:
        again = refit and (plan.shares_answers or plan is costliest)
        if plan.folds is not None:
            found += [*plan.folds, *([plan.whole] if again else [])]
        elif plan.shares_answers:
            found.append(plan.whole)
        else:
            parts = tuple(replace(part, repeats=n_splits + again) for part in plan.whole.parts)
            found.append(replace(plan.whole, parts=parts))
    return found


def _lists_classes(plan: Plan) -> bool:
    return any(question.prompt.names_classes for part in plan.parts for question in part.questions)


def _check_folds(search: Any, X: TextGraph, y: Any) -> None:
    """Raise if a training fold lacks a class, where the labels are the names that prompts list."""
    from sklearn.model_selection import check_cv

    advice = "Give the estimator `class_names`, all of them, so that every fit lists the same ones."
    reason = "`class_names` must be given to plan a search in which labels name the classes and"
    if getattr(search, "resource", None) == "n_samples":
        raise InvalidParameterError(f"{reason} rounds fit samples that may lack some of them, got None. {advice}")
    labels = np.asarray(y)
    try:
        folds = list(check_cv(search.cv, y, classifier=True).split(X, y))
    except ValueError as error:  # of groups, which only `search.fit` gets
        raise InvalidParameterError(f"{reason} folds cannot be made here ({error}), got None. {advice}") from error
    for number, (train, _) in enumerate(folds):
        lacking = sorted(set(labels.tolist()) - set(labels[train].tolist()))
        if lacking:
            raise InvalidParameterError(
                f"{reason} a training fold lacks one, got None and no {lacking[0]!r} in fold {number}. {advice}"
            )


def _training_folds(search: Any, X: TextGraph, y: Any) -> list[Any]:
    """Return the training targets of each fold, for a selection that looks at their labels."""
    from sklearn.model_selection import check_cv

    reason, advice = "`selection` must look at no labels to plan a search", 'Set selection="clustering", or another.'
    if getattr(search, "resource", None) == "n_samples":
        raise InvalidParameterError(
            f"{reason} whose rounds fit samples that nobody knows yet, got one that does. {advice}"
        )
    try:
        return [train for train, _ in check_cv(search.cv, y, classifier=True).split(X, y)]
    except ValueError as error:  # of groups, which only `search.fit` gets
        raise InvalidParameterError(
            f"{reason} whose folds cannot be made here ({error}), got one that does. {advice}"
        ) from error
