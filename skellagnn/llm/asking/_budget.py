"""What may be spent on an LLM, as a parameter."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any, NamedTuple

from sklearn.base import BaseEstimator

from skellagnn.base.numbers import check_int
from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.asking._counting import count_or_estimate, longest_answers
from skellagnn.llm.prompts import Question


class Spent(NamedTuple):
    """Questions put to an LLM, and their tokens."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def plus(self, other: Spent) -> Spent:
        return Spent(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class Budget(BaseEstimator):  # type: ignore[misc]
    """Limits to what an LLM is asked; what does not fit is left unasked.

    Until it is answered, a question counts as its prompt and the longest answer that it may get. What is spent is not
    kept in here, so that an object may serve many fits.

    Parameters
    ----------
    max_calls : int, default=None
        Questions put to the LLM.
    max_tokens : int, default=None
        Tokens in and out together.
    max_cost : float, default=None
        Money, in the currency of ``prices``.
    prices : pair of float, default=None
        Price of a million prompt tokens and of a million answer tokens. None are built in, since they change.
    n_rounds : int, default=2
        Rounds in which a selection that reads labels (``"clue"``, ``"margin"``) spends it: the nodes of the second are
        chosen by what labels and the answers of the first say. More rounds wait for each other more often. Other
        selections have one.
    shared_as : str, default=None
        By default each fit may spend the limits anew: a search of 20 fits 20 times. With a name, all that spend under
        it have these limits together: fits, folds, processes, and runs after a restart. What is spent stands in the
        response store, which must be one of these estimators' own, under that name; another name starts anew.

    Examples
    --------
    >>> from skellagnn import Budget
    >>> Budget(max_cost=5.0, prices=(0.5, 1.5)).cost(2_000_000, 100_000)
    1.15
    """

    def __init__(
        self,
        max_calls: int | None = None,
        max_tokens: int | None = None,
        max_cost: float | None = None,
        *,
        prices: tuple[float, float] | None = None,
        n_rounds: int = 2,
        shared_as: str | None = None,
    ) -> None:
        self.max_calls = max_calls
        self.max_tokens = max_tokens
        self.max_cost = max_cost
        self.prices = prices
        self.n_rounds = n_rounds
        self.shared_as = shared_as

    @property
    def limits(self) -> dict[str, float]:
        """The limits that are set, by name."""
        limits = {name: getattr(self, name) for name in ("max_calls", "max_tokens", "max_cost")}
        return {name: limit for name, limit in limits.items() if limit is not None}

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """Return the money for some tokens; 0 without prices."""
        price_in, price_out = self.prices or (0.0, 0.0)
        return float((tokens_in * price_in + tokens_out * price_out) / 1e6)

    def sizes(self, questions: Sequence[Question], enhancer: Any = None) -> list[Spent]:
        """Return what each question takes at most; no tokens where no limit asks for them."""
        if self.max_tokens is None and self.max_cost is None and self.shared_as is None:
            return [Spent(1)] * len(questions)
        counts, lengths = count_or_estimate(enhancer, questions), longest_answers(enhancer, questions)
        return [Spent(1, count, length) for count, length in zip(counts, lengths, strict=True)]

    def affordable(self, sizes: Sequence[Spent], spent: Spent) -> int:
        """Return how many questions of these sizes, from the first on, still fit if every answer is the longest."""
        for number, size in enumerate(sizes):
            spent = spent.plus(size)
            if (
                (self.max_calls is not None and spent.calls > self.max_calls)
                or (self.max_tokens is not None and spent.tokens_in + spent.tokens_out > self.max_tokens)
                or (self.max_cost is not None and self.cost(spent.tokens_in, spent.tokens_out) > self.max_cost)
            ):
                return number
        return len(sizes)


def resolve_budget(budget: Any) -> Budget:
    """Return the checked budget that a parameter means; None is one without limits.

    Raises
    ------
    InvalidParameterError
        If it is no budget, or one of its parameters has a value that it cannot have.
    """
    if budget is None:
        return Budget()
    if not isinstance(budget, Budget):
        raise InvalidParameterError(
            f"`budget` must be None or a skellagnn.Budget, got {budget!r:.100}. Write Budget(max_calls=500)."
        )
    for name, limit in budget.limits.items():
        kind, what = (numbers.Real, "a number") if name == "max_cost" else (numbers.Integral, "an int")
        if not _is_amount(limit, kind):
            raise InvalidParameterError(
                f"`{name}` of a Budget must be None or {what} of 0 or more, got {limit!r:.100}. Leave it out for no "
                "limit."
            )
    prices: Any = budget.prices
    if prices is not None:
        is_pair = isinstance(prices, (tuple, list)) and len(prices) == 2
        if not is_pair or not all(_is_amount(price, numbers.Real) for price in prices):
            raise InvalidParameterError(
                "`prices` of a Budget must be two numbers of 0 or more, the price of a million tokens in and of a "
                f"million tokens out, got {prices!r:.100}. Write prices=(0.5, 1.5)."
            )
    elif budget.max_cost is not None:
        raise InvalidParameterError(
            f"`prices` of a Budget must be given with a `max_cost`, got None and max_cost={budget.max_cost!r}. Give "
            "the price of a million tokens in and out: prices=(0.5, 1.5)."
        )
    check_int("n_rounds", budget.n_rounds, at_least=1)
    shared: Any = budget.shared_as
    if shared is not None and not (isinstance(shared, str) and "\0" not in shared and 0 < len(shared) <= 200):
        raise InvalidParameterError(
            f"`shared_as` of a Budget must be None or a name of 1 to 200 characters, got {shared!r:.100}. Name what "
            "shares the limits: shared_as='search of May 3'."
        )
    return budget


def _is_amount(value: Any, kind: type) -> bool:
    if isinstance(value, bool) or not isinstance(value, kind):
        return False
    try:
        return math.isfinite(value) and value >= 0  # type: ignore[arg-type, operator]
    except OverflowError:  # an int beyond the largest float is a limit that nobody reaches
        return bool(value >= 0)  # type: ignore[operator]
