"""What questions cost, as users see it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any


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

    def add(self, other: PromptUsage) -> None:
        """Add what another prompt, or round, cost."""
        for name in ("questions", "found", "asked", "failed", "left", "second_tries", "tokens_in", "tokens_out"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.seconds += other.seconds
        for counts, sums in ((other.bad, self.bad), (other.unanswered, self.unanswered)):
            for reason, count in counts.items():
                sums[reason] = sums.get(reason, 0) + count


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
