"""What was spent of a budget: by one fit, or by all that share it through a store."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.asking._budget import Budget, Spent
from skellagnn.llm.prompts import Question, estimate_tokens

if TYPE_CHECKING:
    from skellagnn.llm.store import ResponseStore

_WRITE_SECONDS = 0.2  # what was spent within this time is written to the store together


class Spending:
    """What is spent of a budget, question by question: reserved before it is asked, settled when it is answered.

    Where fits share a budget, the store holds a sum and the open reservations by question, each change in one
    transaction. What a killed process had reserved stays reserved, since it may have been paid for, until somebody
    asks that question again.

    Parameters
    ----------
    budget : Budget
    store : ResponseStore or None

    Attributes
    ----------
    mine : Spent
        What was spent through this object.

    Raises
    ------
    InvalidParameterError
        If the budget is shared and there is no store to share it in.
    """

    def __init__(self, budget: Budget, store: ResponseStore | None = None) -> None:
        self.budget = budget
        self.store = store
        self.mine = Spent()
        self._settled: dict[str, Spent] = {}  # not yet written to the store
        self._written = 0.0  # when it was written last
        if budget.shared_as is not None and store is None:
            raise InvalidParameterError(
                f"`store` must be given for a Budget with shared_as={budget.shared_as!r}, which keeps there what is "
                "spent, got None. Name a store, or leave `shared_as` out for a budget of each fit."
            )

    def reserve(self, questions: Sequence[Question], enhancer: Any) -> int:
        """Return how many of the questions, from the first on, may be asked; they count as spent from now on."""
        sizes = self.budget.sizes(questions, enhancer)
        if self.budget.shared_as is None:
            return self.budget.affordable(sizes, self.mine)
        keys = [self._key(question, enhancer) for question in questions]
        allowed = 0

        def change(spent: Spent, reserved: dict[str, Spent]) -> Spent:
            nonlocal allowed
            for key in keys:
                reserved.pop(key, None)  # of somebody who is gone: nobody else asks what is claimed here
            allowed = self.budget.affordable(sizes, _sum(spent, reserved))
            reserved.update(zip(keys[:allowed], sizes, strict=False))
            return spent

        self._change(change)
        return allowed

    def settle(self, question: Question, answer: str | None, enhancer: Any) -> Spent:
        """Count a question that was put to the enhancer at what it really took, and return that."""
        tokens_in, tokens_out = getattr(answer, "tokens_in", None), getattr(answer, "tokens_out", None)
        used = Spent(
            1,
            estimate_tokens(question) if tokens_in is None else tokens_in,
            estimate_tokens(answer or "") if tokens_out is None else tokens_out,
        )
        self.mine = self.mine.plus(used)
        if self.budget.shared_as is not None:
            self._settled[self._key(question, enhancer)] = used
            if time.monotonic() > self._written + _WRITE_SECONDS:
                self._write(())
        return used

    def close(self, unasked: Sequence[Question], enhancer: Any) -> None:
        """Write what is not yet written, and give back what was reserved for questions that were not asked."""
        if self.budget.shared_as is not None and (self._settled or unasked):
            self._write([self._key(question, enhancer) for question in unasked])

    def so_far(self) -> Spent:
        """Return what is spent of the budget by all that share it, reservations included."""
        if self.store is None or self.budget.shared_as is None:
            return self.mine
        return _sum(*_read(self.store.get_state(self._name)))

    @property
    def _name(self) -> str:
        return f"budget:{self.budget.shared_as}"

    @staticmethod
    def _key(question: Question, enhancer: Any) -> str:
        text = f"{enhancer.name}\0{question.prompt.key}\0{question.digest}"
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]

    def _write(self, given_back: Sequence[str]) -> None:
        def change(spent: Spent, reserved: dict[str, Spent]) -> Spent:
            for key in (*self._settled, *given_back):
                reserved.pop(key, None)
            return _sum(spent, self._settled)

        self._change(change)
        self._settled = {}
        self._written = time.monotonic()

    def _change(self, change: Any) -> None:
        def new_value(value: Any) -> Any:
            spent, reserved = _read(value)
            return {"spent": change(spent, reserved), "reserved": reserved}

        assert self.store is not None
        self.store.update_state(self._name, new_value)


def _read(value: Any) -> tuple[Spent, dict[str, Spent]]:
    """Read the state in the store: the sum of what is settled, and what is reserved by question."""
    value = value or {}
    reserved = {key: Spent(*size) for key, size in value.get("reserved", {}).items()}
    return Spent(*value.get("spent", ())), reserved


def _sum(spent: Spent, others: dict[str, Spent]) -> Spent:
    for other in others.values():
        spent = spent.plus(other)
    return spent
