"""What questions cost, and the limits of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from skellagnn.llm.prompts import Question, estimate_tokens


def count_or_estimate(enhancer: Any, questions: Sequence[Question]) -> list[int]:
    """Return the prompt tokens of each question: counted by the enhancer, or estimated by it, or estimated here."""
    for name in ("count_tokens", "estimate_tokens"):
        method = getattr(enhancer, name, None)
        counts = method(questions) if method is not None and questions else None
        if counts is not None:
            return [int(count) for count in counts]
    return [estimate_tokens(question) for question in questions]


def longest_answers(enhancer: Any, questions: Sequence[Question]) -> list[int]:
    """Return how many tokens each answer may have: what the enhancer says, else what the prompt allows."""
    method = getattr(enhancer, "longest_answers", None)
    if method is None or not questions:
        return [question.prompt.max_answer_tokens for question in questions]
    return [int(length) for length in method(questions)]


@dataclass
class PromptUsage:
    """What one prompt cost.

    Attributes
    ----------
    questions : int
        Distinct questions (equal texts ask once).
    found : int
        Of these, answered already in the store.
    asked : int
        Put to the enhancer in this fit.
    failed : int
        Of the asked ones, not answered.
    left : int
        Neither found nor asked: the budget was spent.
    second_tries : int
        Asked again because the first answer was bad; not part of ``asked``.
    bad : dict of str to int
        Answers that could not be used, by reason (:data:`skellagnn.llm.answers.BAD_ANSWERS`).
    tokens_in, tokens_out : int
        Of what was asked in this fit; estimated at four characters a token where the enhancer does not report them.
    seconds : float
        As far as the enhancer reports them.
    """

    questions: int = 0
    found: int = 0
    asked: int = 0
    failed: int = 0
    left: int = 0
    second_tries: int = 0
    bad: dict[str, int] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0


@dataclass
class LLMUsage:
    """What a fit asked the LLM.

    Attributes
    ----------
    model : str or None
        Name of the enhancer; None if there was none.
    prompts : dict of str to PromptUsage
    cost : float or None
        Money spent in this fit, None if no prices were given.
    """

    model: str | None = None
    prompts: dict[str, PromptUsage] = field(default_factory=dict)
    cost: float | None = None

    @property
    def total(self) -> PromptUsage:
        """Sum over the prompts."""
        total = PromptUsage()
        for usage in self.prompts.values():
            for name in ("questions", "found", "asked", "failed", "left", "second_tries", "tokens_in", "tokens_out"):
                setattr(total, name, getattr(total, name) + getattr(usage, name))
            total.seconds += usage.seconds
            for reason, count in usage.bad.items():
                total.bad[reason] = total.bad.get(reason, 0) + count
        return total

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts and numbers, for JSON."""
        return asdict(self)


@dataclass
class Budget:
    """Limits of one fit, and what is spent of them.

    Parameters
    ----------
    max_calls : int or None
        Questions put to the enhancer.
    max_tokens : int or None
        Tokens in and out together.
    max_cost : float or None
        Money; needs ``prices``.
    prices : tuple of float or None
        Price of a million prompt tokens and of a million answer tokens.
    """

    max_calls: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    prices: tuple[float, float] | None = None
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """Return the money for some tokens; 0 without prices."""
        price_in, price_out = self.prices or (0.0, 0.0)
        return (tokens_in * price_in + tokens_out * price_out) / 1e6

    def sizes(self, questions: Sequence[Question], enhancer: Any = None) -> list[tuple[int, int]]:
        """Return the prompt tokens of each question and those of the longest answer; zeros where no limit asks."""
        if self.max_tokens is None and self.max_cost is None:
            return [(0, 0)] * len(questions)
        counts, lengths = count_or_estimate(enhancer, questions), longest_answers(enhancer, questions)
        return list(zip(counts, lengths, strict=True))

    def affordable(self, sizes: Sequence[tuple[int, int]]) -> int:
        """Return how many questions of these sizes, from the first on, fit even if every answer is the longest."""
        tokens_in, tokens_out = self.tokens_in, self.tokens_out
        for number, (count, length) in enumerate(sizes):
            tokens_in += count
            tokens_out += length
            if (
                (self.max_calls is not None and self.calls + number + 1 > self.max_calls)
                or (self.max_tokens is not None and tokens_in + tokens_out > self.max_tokens)
                or (self.max_cost is not None and self.cost(tokens_in, tokens_out) > self.max_cost)
            ):
                return number
        return len(sizes)

    def spend(self, question: Question, answer: str | None, usage: PromptUsage) -> None:
        """Count one question that was put to the enhancer."""
        tokens_in, tokens_out = getattr(answer, "tokens_in", None), getattr(answer, "tokens_out", None)
        tokens_in = estimate_tokens(question) if tokens_in is None else tokens_in
        tokens_out = estimate_tokens(answer or "") if tokens_out is None else tokens_out
        self.calls += 1
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out
        usage.tokens_in += tokens_in
        usage.tokens_out += tokens_out
        usage.seconds += getattr(answer, "seconds", None) or 0.0
