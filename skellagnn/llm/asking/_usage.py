"""What questions cost, as users see it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from html import escape
from typing import Any

from skellagnn.base.showing import columns, html_table

HEADER = ("prompt", "questions", "found", "asked", "failed", "left", "bad", "tokens in", "tokens out", "seconds")


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
        Of the asked ones, not answered. They are asked again next time.
    unanswered : dict of str to int
        The failed ones by reason, where the enhancer says it.
    left : int
        Neither found nor asked: the budget was spent.
    second_tries : int
        Asked again because the first answer was bad; not part of ``asked``.
    bad : dict of str to int
        Answers that could not be used, by reason (``BAD_ANSWERS``).
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
    unanswered: dict[str, int] = field(default_factory=dict)
    bad: dict[str, int] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0

    def _cells(self) -> tuple[str, ...]:
        counts = (self.questions, self.found, self.asked, self.failed, self.left, sum(self.bad.values()))
        return (*(f"{count:,}" for count in (*counts, self.tokens_in, self.tokens_out)), f"{self.seconds:,.1f}")

    def add(self, other: PromptUsage) -> None:
        """Add what another prompt, or round, cost."""
        for name in ("questions", "found", "asked", "failed", "left", "second_tries", "tokens_in", "tokens_out"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.seconds += other.seconds
        for counts, sums in ((other.bad, self.bad), (other.unanswered, self.unanswered)):
            for reason, count in counts.items():
                sums[reason] = sums.get(reason, 0) + count


@dataclass(repr=False)
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
            total.add(usage)
        return total

    def followed_by(self, later: LLMUsage) -> LLMUsage:
        """Return the usage of two rounds; the cost of the later one includes that of the earlier one."""
        prompts = {
            name: replace(usage, bad=dict(usage.bad), unanswered=dict(usage.unanswered))
            for name, usage in self.prompts.items()
        }
        for name, usage in later.prompts.items():
            prompts.setdefault(name, PromptUsage()).add(usage)
        return LLMUsage(self.model, prompts, later.cost)

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts and numbers, for JSON."""
        return asdict(self)

    def _title(self) -> str:
        cost = "" if self.cost is None else f", cost {self.cost:,.4g}"
        return f"LLMUsage of {self.model}{cost}" if self.model is not None else "LLMUsage: no LLM was asked"

    def _rows(self) -> list[tuple[str, ...]]:
        usages = {**self.prompts, **({"all": self.total} if len(self.prompts) > 1 else {})}
        return [(name, *usage._cells()) for name, usage in usages.items()]

    def _reasons(self) -> list[str]:
        """Say why answers failed or were bad, most frequent first."""
        total = self.total
        told = []
        for what, counts in (("failed", total.unanswered), ("bad", total.bad)):
            if counts:
                ordered = sorted(counts.items(), key=lambda item: -item[1])
                told.append(f"{what}: " + ", ".join(f"{count:,} {reason}" for reason, count in ordered))
        if total.second_tries:
            told.append(f"second tries: {total.second_tries:,}")
        return told

    def __repr__(self) -> str:
        table = [columns(HEADER, self._rows())] if self.prompts else []
        return "\n".join([self._title(), *table, *self._reasons()])

    def _repr_html_(self) -> str:
        reasons = "".join(f"<div>{escape(line)}</div>" for line in self._reasons())
        return html_table(self._title(), self._rows(), HEADER if self.prompts else ()) + reasons
