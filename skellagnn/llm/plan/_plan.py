"""Plan: questions, tokens, money and minutes of a fit, before anything is asked."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.base.numbers import check_real
from skellagnn.base.showing import html_table, printable, rows_as_text
from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.asking import Budget, LLMUsage, QuestionTable, Spending, enhance, resolve_budget
from skellagnn.llm.plan._part import PlanPart, join_parts
from skellagnn.llm.plan._split import check_enhancer, split, with_own

N_EXAMPLES = 3


@dataclass(frozen=True)
class Plan:
    """What a fit, or a search, would ask the LLM.

    Attributes
    ----------
    n_nodes : int
        Nodes of the graph.
    active_nodes : ndarray of int of shape (n_active,)
        Nodes to be asked about, best first; in later rounds (``Budget.n_rounds``) perhaps others.
    active_names : tuple of str
        Their names.
    parts : tuple of PlanPart
        One per enhancer; a search over enhancers has several.
    budget : Budget
        What :meth:`execute` and :meth:`split` keep to: that of the estimator. The plan of a search has ``n_fits`` times
        the limits of a fit, which is what the search itself may spend, unless its fits share them.
    n_fits : int
        Fits that ask, the refit of a search included; of a halving search those of the first round.
    by_labels : bool
        Whether the nodes were chosen by labels: other labels lead to other nodes.
    """

    n_nodes: int
    active_nodes: NDArray[np.int64]
    active_names: tuple[str, ...] = field(repr=False)
    parts: tuple[PlanPart, ...] = field(repr=False)
    budget: Budget = field(default_factory=Budget)
    n_fits: int = 1
    by_labels: bool = False

    @property
    def questions(self) -> dict[str, int]:
        """Distinct questions, by prompt."""
        joined = join_parts(self.parts, shared=True)
        return dict(Counter(question.prompt.name for part in joined for question in part.questions))

    @property
    def n_questions(self) -> int:
        """Number of distinct questions."""
        return sum(self.questions.values())

    @property
    def n_expected(self) -> int:
        """Number of questions of later rounds (``Budget.n_rounds``): answers may lead to as many others instead."""
        return sum(len(part.expected) for part in join_parts(self.parts, shared=True))

    @property
    def n_stored(self) -> int:
        """Number of questions whose answer is in the store."""
        return sum(len(part.stored) for part in self.parts)

    @property
    def n_new(self) -> int:
        """Number of questions that would be put to the LLM; without a store each fit of a search asks its own."""
        return sum(part.repeats * len(part.new) for part in self.parts)

    @property
    def max_second_tries(self) -> int:
        """Number of questions asked once more if every answer is bad; 0 without ``on_bad_answer="retry"``."""
        return sum(part.repeats * len(part.second_tries) for part in self.parts)

    @property
    def tokens_in(self) -> int:
        """Prompt tokens of new questions and second tries: counted by the enhancer where it can, else estimated."""
        return sum(part.repeats * part.tokens_in for part in self.parts)

    @property
    def tokens_are_estimated(self) -> bool:
        """Whether some enhancer could not count its prompt tokens, so that they are estimated."""
        return any(part.asked and part.counted_tokens is None for part in self.parts)

    @property
    def max_tokens_out(self) -> int:
        """Answer tokens of new questions and second tries if every answer is as long as enhancer and prompt allow."""
        return sum(part.repeats * part.max_tokens_out for part in self.parts)

    @property
    def examples(self) -> tuple[str, ...]:
        """The first question of each of the first three prompts, as it would be sent."""
        first: dict[str, str] = {}
        for part in self.parts:
            for question in part.questions:
                first.setdefault(question.prompt.name, str(question))
        return tuple(first.values())[:N_EXAMPLES]

    def cost(self, prices: tuple[float, float] | None = None) -> float:
        """Return an upper estimate of the money: every answer as long as it may be and, with retries, bad.

        Parameters
        ----------
        prices : tuple of float, default=None
            Price of a million prompt tokens and of a million answer tokens; by default those of the estimator.

        Returns
        -------
        cost : float
            In the currency of the prices.

        Raises
        ------
        InvalidParameterError
            If there are no prices: none are built in, since they change.
        """
        budget = self.budget if prices is None else resolve_budget(Budget(prices=prices))
        if budget.prices is None:
            raise InvalidParameterError(
                "`prices` must be given to know the cost, got None. Pass the price of a million tokens in and out: "
                "plan.cost((0.5, 1.5))."
            )
        return budget.cost(self.tokens_in, self.max_tokens_out)

    def minutes(self, answers_per_minute: float | None = None, *, sample: int = 0) -> float:
        """Return how long the new questions take.

        Parameters
        ----------
        answers_per_minute : float, default=None
            Rate of the LLM.
        sample : int, default=0
            Without a rate: ask this many of the new questions now, keep their answers in the store, and take the
            rate from them.

        Returns
        -------
        minutes : float
            For all new questions of the plan, those of the sample included. Second tries count only as far as the
            sample had some.

        Raises
        ------
        InvalidParameterError
            If neither a rate nor a sample is given, the rate is not positive, or the budget of the plan does not allow
            a single question of the sample.
        """
        if answers_per_minute is None:
            if sample < 1:
                raise InvalidParameterError(
                    "`answers_per_minute` must be given, or `sample` be a number of questions to measure it on, got "
                    "neither. Try plan.minutes(sample=8), which asks 8 questions and keeps the answers."
                )
            started = time.perf_counter()
            tries = 2 if any(part.asks_again for part in self.parts) else 1
            pieces = self.split(1, Budget(tries * sample))
            if not pieces:
                return 0.0
            total = pieces[0].execute(budget=self.budget, verbose=0).total
            if total.asked == 0:
                raise InvalidParameterError(
                    f"`sample` must ask a question to measure a rate, got {sample!r} and a budget that allows none "
                    f"({self._limits()}). Raise the limit and plan again, or give `answers_per_minute`."
                )
            answers_per_minute = 60 * total.asked / (time.perf_counter() - started)
        return self.n_new / check_real("answers_per_minute", answers_per_minute, low=0, open_low=True)

    def split(self, n_pieces: int, budget: Budget | None = None) -> list[Plan]:
        """Deal the new questions out to plans of their own, for other processes or servers to execute.

        Parameters
        ----------
        n_pieces : int
            How many plans; several for each server even the load out, and lose less with one that dies.
        budget : Budget, default=None
            That of all pieces together, in place of the plan's own; ``Budget()`` has no limits. What it does not allow
            is in no piece. A question counts as the longest answer that it allows, and twice where bad answers are
            asked again, since no piece knows what the others spend.

        Returns
        -------
        pieces : list of Plan
            At most ``n_pieces``, none empty, no question in two of them. Each pickles, with neither a connection nor
            a password or key in it, and each is executed with ``piece.execute()``, or with an enhancer of its own:
            ``piece.execute(enhancer=...)``.

        Raises
        ------
        InvalidParameterError
            If ``n_pieces`` or the budget is not as described.

        Examples
        --------
        >>> from skellagnn import CallableEnhancer, ELLaGNNClassifier
        >>> from skellagnn.datasets import make_text_graph
        >>> data = make_text_graph(n_nodes=50, random_state=0)
        >>> clf = ELLaGNNClassifier(CallableEnhancer(str.upper, model_name="upper"), prompts="keywords", store=None)
        >>> [piece.n_new for piece in clf.plan(data.graph, data.target).split(2)]
        [2, 1]
        """
        return split(self, n_pieces, self.budget if budget is None else budget)

    def execute(
        self,
        *,
        budget: Budget | None = None,
        enhancer: Any = None,
        store: Any = None,
        verbose: int = 1,
    ) -> LLMUsage:
        """Ask the new questions and keep the answers in the store: later fits and searches do not ask them again.

        Questions of later rounds (``Budget.n_rounds``) are left to the fit, which knows the answers that they follow.

        Parameters
        ----------
        budget : Budget, default=None
            In place of the plan's own; ``Budget()`` has no limits. What is left unasked is counted by a warning, unless
            a budget was given here, and asked by the fits as far as their own budgets go.
        enhancer : Enhancer or str, default=None
            Ask this one in place of the planned enhancer of the same name, for example another server with the same
            model and ``model_name``. None asks the planned one.
        store : ResponseStore, str or path, default=None
            Keep the answers here. None is the planned store.
        verbose : int, default=1
            Above 0 a progress bar shows rate, tokens, failures and what remains.

        Returns
        -------
        usage : LLMUsage
            What was asked now.

        Raises
        ------
        InvalidParameterError
            If there is no enhancer to ask, it answers under another name than the planned one, there is no store to
            keep the answers in, or the budget is not as described.

        Warns
        -----
        AnswerWarning
            If answers could not be used, or the budget of the plan left some questions unasked.
        """
        own_budget = resolve_budget(self.budget if budget is None else budget)
        enhancer = check_enhancer(enhancer, self.parts)
        usages = []
        parts = join_parts([with_own(planned, enhancer, store) for planned in self.parts], shared=True)
        spending: Spending | None = None
        for part in parts:
            if part.enhancer is None:
                raise InvalidParameterError(
                    "`enhancer` must be given to execute a plan, got None. Set it and plan again."
                )
            if not part.shares_answers:
                raise InvalidParameterError(
                    "`store` must be given to execute a plan, or its answers would be lost, got None. Use store='auto'."
                )
            spending = spending or Spending(own_budget, part.store)
            table = QuestionTable(list(part.certain), np.empty((0, 0), dtype=np.int64))
            usages.append(
                enhance(
                    part.enhancer,
                    table,
                    part.class_names,
                    store=part.store,
                    budget=spending,
                    on_bad_answer="retry" if part.asks_again else "raw",
                    verbose=verbose,
                    warn=budget is None,
                ).usage
            )
        return _merge_usage(usages)

    def _limits(self) -> str:
        shared = self.budget.shared_as
        limits = ", ".join(f"{name}={limit!r}" for name, limit in self.budget.limits.items())
        return f"{limits}, shared as {shared!r}" if limits and shared is not None else limits

    def _rows(self) -> list[tuple[str, str]]:
        share = 100 * len(self.active_nodes) / max(self.n_nodes, 1)
        shown = ", ".join(self.active_names[:5]) + (", ..." if len(self.active_names) > 5 else "")
        how = "about " if self.tokens_are_estimated else ""
        sharing = ""
        if self.n_fits > 1:
            shared = all(part.shares_answers for part in self.parts)
            sharing = f", shared by {self.n_fits} fits" if shared else f"; without a store {self.n_fits} fits ask anew"
        at_most = "at most " if self.max_second_tries else ""
        rows = [
            ("nodes asked about", f"{len(self.active_nodes):,} of {self.n_nodes:,} ({share:.1f} %)"),
            ("first of them", shown or "none"),
            ("distinct questions", f"{self.n_questions:,}{sharing}"),
            *((f"  {name}", f"{count:,}") for name, count in self.questions.items()),
            *([("of later rounds", f"{self.n_expected:,}, or others instead")] if self.n_expected else []),
            ("stored", f"{self.n_stored:,}"),
            ("new", f"{self.n_new:,}"),
            *([("second tries", f"at most {self.max_second_tries:,}")] if at_most else []),
            ("tokens in", f"{at_most}{how}{self.tokens_in:,}{' (4 characters a token)' if how else ''}"),
            ("tokens out", f"at most {self.max_tokens_out:,}"),
        ]
        if self.budget.prices is not None:
            rows.append(("cost", f"at most {self.cost():,.4g}"))
        if self._limits():
            rows.append(("budget", self._limits()))
        if any(part.enhancer is None for part in self.parts):
            rows.insert(0, ("LLM", "none: what it would be asked"))
        return rows

    def __repr__(self) -> str:
        rows = self._rows()
        lines = [rows_as_text("Plan", rows)]
        for number, example in enumerate(map(printable, self.examples), start=1):
            shortened = example if len(example) <= 400 else f"{example[:300]} [...] {example[-100:]}"
            lines += [f"example {number}:", *(f"  | {line}" for line in shortened.splitlines())]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        examples = "".join(
            f"<details><summary>example {number}</summary><pre style='white-space:pre-wrap'>{escape(example)}"
            "</pre></details>"
            for number, example in enumerate(map(printable, self.examples), start=1)
        )
        return f"{html_table('Plan', self._rows())}{examples}"


def _merge_usage(usages: list[LLMUsage]) -> LLMUsage:
    if len(usages) == 1:
        return usages[0]
    costs = [usage.cost for usage in usages if usage.cost is not None]
    prompts = {f"{usage.model}: {name}": part for usage in usages for name, part in usage.prompts.items()}
    return LLMUsage(" + ".join(str(usage.model) for usage in usages), prompts, costs[-1] if costs else None)
