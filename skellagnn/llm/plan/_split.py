"""A plan in pieces, for several processes, machines or LLM servers to work off."""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.asking import Budget, Spending, Spent, resolve_budget
from skellagnn.llm.enhancers import resolve_enhancer
from skellagnn.llm.plan._part import PlanPart, join_parts
from skellagnn.llm.prompts import Question
from skellagnn.llm.store import QuestionKey, resolve_store

if TYPE_CHECKING:
    from skellagnn.llm.plan._plan import Plan


def split(plan: Plan, n_pieces: int, budget: Budget) -> list[Plan]:
    """Deal the new questions that a budget allows out to ``n_pieces`` plans; see :meth:`Plan.split`."""
    if isinstance(n_pieces, bool) or not isinstance(n_pieces, numbers.Integral) or n_pieces < 1:
        raise InvalidParameterError(
            f"`n_pieces` must be a positive int, got {n_pieces!r}. Take a few for each server or process."
        )
    # whoever executes the pieces keeps their answers, so that no question needs to be in two of them
    plan = replace(plan, parts=tuple(join_parts(plan.parts, shared=True)))
    allowed = list(_allowed(plan, resolve_budget(budget)))
    # dealt out in turn: every piece begins with the best nodes and has its share of long and of short questions
    return [_piece(plan, allowed[first::n_pieces]) for first in range(min(n_pieces, len(allowed)))]


def with_own(part: PlanPart, enhancer: Any, store: Any) -> PlanPart:
    """Return the part with the enhancer, if it answers under the same name, and the store given; None keeps."""
    if part.enhancer is not None and enhancer is not None and enhancer.name == part.enhancer.name:
        part = replace(part, enhancer=enhancer)
    return part if store is None else replace(part, store=resolve_store(store, part.enhancer))


def check_enhancer(enhancer: Any, parts: tuple[PlanPart, ...]) -> Any:
    """Return the enhancer that ``enhancer`` stands for, if a part of the plan is asked under its name."""
    enhancer = resolve_enhancer(enhancer)
    names = [part.enhancer.name for part in parts if part.enhancer is not None]
    if enhancer is not None and names and enhancer.name not in names:
        raise InvalidParameterError(
            f"`enhancer` must answer under a name that was planned for, {' or '.join(map(repr, names))}, got "
            f"{enhancer.name!r}: no fit would find its answers. Give both the same `model_name` if it is the same "
            "model, or plan with this enhancer."
        )
    return enhancer


def _allowed(plan: Plan, budget: Budget) -> Iterator[tuple[int, Question]]:
    spent = None
    for number, part in enumerate(plan.parts):
        if spent is None:
            spent = Spending(budget, part.store).so_far()
        tries = 2 if part.asks_again else 1
        keys = {QuestionKey.of(question): question for question in part.certain}
        asked = [question for key, question in keys.items() if key not in part.stored or key in part.bad]
        for question, size in zip(asked, budget.sizes(asked, part.enhancer), strict=True):
            if budget.affordable([size] * tries, spent) < tries:
                break
            # nobody knows yet how long the answer is: the pieces together stay within the limit whatever comes
            spent = spent.plus(Spent(*(tries * amount for amount in size)))
            yield number, question


def _piece(plan: Plan, dealt: list[tuple[int, Question]]) -> Plan:
    parts = []
    for number, part in enumerate(plan.parts):
        questions = tuple(question for of, question in dealt if of == number)
        if questions:
            # what is stored and still dealt out is a bad answer to be asked again
            bad = part.bad.intersection(map(QuestionKey.of, questions))
            parts.append(replace(part, questions=questions, stored=bad, bad=bad))
    asking = {name for _, question in dealt for name in question.node_names}
    kept = np.array([name in asking for name in plan.active_names], dtype=bool)
    names = tuple(name for name in plan.active_names if name in asking)
    # the limits are kept by what is dealt out: each piece for itself would take them anew
    budget = plan.budget if plan.budget.shared_as is not None else Budget(prices=plan.budget.prices)
    return replace(plan, active_nodes=plan.active_nodes[kept], active_names=names, parts=tuple(parts), budget=budget)
