"""Getting answers: from the store, else from the LLM, under a budget. The only caller of ``Enhancer.complete``."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.base.progress import progress_bar
from skellagnn.exceptions import AnswerWarning, EnhancerError, InvalidParameterError
from skellagnn.llm.answers import BAD_ANSWERS, diagnose
from skellagnn.llm.asking._questions import QuestionTable
from skellagnn.llm.asking._spending import Budget, LLMUsage, PromptUsage
from skellagnn.llm.enhancers import Enhancer
from skellagnn.llm.prompts import Question, parse_choices

if TYPE_CHECKING:
    from skellagnn.llm.store import QuestionKey, ResponseStore

# Questions handed to an enhancer at a time, unless it says what it likes (`chunk_size`).
BATCH = 64


@dataclass(frozen=True)
class Enhancement:
    """What came back.

    Parameters
    ----------
    table : QuestionTable
    answers : list of str or None
        One per question; None where there is nothing to use.
    usage : LLMUsage
    """

    table: QuestionTable
    answers: list[str | None]
    usage: LLMUsage

    @property
    def confidences(self) -> NDArray[np.float64]:
        """How sure the LLM is of each answer, from 0 to 1: shape (n_questions,), NaN where it does not say."""
        said = (getattr(answer, "confidence", None) for answer in self.answers)
        return np.array([np.nan if value is None else value for value in said], dtype=np.float64)

    def choices(self, prompt_position: int, class_names: Sequence[str], n_choices: int = 2) -> NDArray[np.int64]:
        """Read the classes that answers to one prompt name: shape (n_active, n_choices), -1 for none."""
        chosen = np.full((len(self.table.index), n_choices), -1, dtype=np.int64)
        for row, position in enumerate(self.table.index[:, prompt_position]):
            answer = self.answers[position]
            if answer is not None:
                found = parse_choices(answer, class_names)[:n_choices]
                chosen[row, : len(found)] = found
        return chosen


def enhance(
    enhancer: Enhancer,
    table: QuestionTable,
    class_names: Sequence[str] | None = None,
    *,
    store: ResponseStore | None = None,
    budget: Budget | None = None,
    on_bad_answer: str = "raw",
    verbose: int = 0,
    warn: bool = True,
) -> Enhancement:
    """Get an answer to every question: from the store, else from the LLM.

    Parameters
    ----------
    enhancer : Enhancer
    table : QuestionTable
    class_names : sequence of str, default=None
        What class-naming prompts list.
    store : ResponseStore, default=None
        Where answers are looked up and kept; None asks everything anew and keeps nothing.
    budget : Budget, default=None
        Limits; what does not fit is left unasked.
    on_bad_answer : {"raw", "retry", "raise"}, default="raw"
        What becomes of an answer that says nothing: its node keeps its raw row; it is asked once more first; or all
        answers are kept in the store and an error is raised.
    verbose : int, default=0
        Above 0 a progress bar is shown.
    warn : bool, default=True
        False leaves the warning out, where stopping early is what was asked for.

    Returns
    -------
    enhancement : Enhancement

    Warns
    -----
    AnswerWarning
        Once, if answers could not be used, questions failed, or the budget left some unasked; with all counts.

    Raises
    ------
    EnhancerError
        If the enhancer breaks its contract, or with ``on_bad_answer="raise"`` if there are bad answers.
    """
    if on_bad_answer not in ("raw", "retry", "raise"):
        raise InvalidParameterError(f"`on_bad_answer` must be 'raw', 'retry' or 'raise', got {on_bad_answer!r}.")
    asking = _Asking(enhancer, table.questions, store, budget or Budget(), verbose)
    answers = asking.run("asking the LLM")
    reasons = {
        position: reason
        for position, answer in enumerate(answers)
        if answer is not None and (reason := diagnose(table.questions[position], answer, class_names))
    }
    if reasons and on_bad_answer == "retry":
        second = asking.run("asking again", sorted(reasons), second_try=True)
        for position, answer in zip(sorted(reasons), second, strict=True):
            if answer is not None and not diagnose(table.questions[position], answer, class_names):
                answers[position] = answer
                del reasons[position]
    for position, reason in reasons.items():
        answers[position] = None
        bad = asking.usage_of(position).bad
        bad[reason] = bad.get(reason, 0) + 1
    usage = LLMUsage(enhancer.name, asking.usage, asking.budget.cost(asking.budget.tokens_in, asking.budget.tokens_out))
    if asking.budget.prices is None:
        usage.cost = None
    _report(usage, on_bad_answer, warn)
    return Enhancement(table, answers, usage)


def _report(usage: LLMUsage, on_bad_answer: str, warn: bool) -> None:
    total = usage.total
    parts = [f"{count} {reason} ({BAD_ANSWERS[reason]})" for reason, count in sorted(total.bad.items())]
    if parts and on_bad_answer == "raise":
        raise EnhancerError(
            f"{sum(total.bad.values())} of {total.questions} answers of {usage.model!r} cannot be used: "
            f"{', '.join(parts)}. They are kept in the store, if there is one. Set on_bad_answer='raw' to go on "
            "without them, or 'retry'."
        )
    if total.failed:
        parts.append(f"{total.failed} not answered")
    if total.left:
        parts.append(f"{total.left} not asked, since the budget was spent")
    if parts and warn:
        warnings.warn(
            f"Of {total.questions} questions to {usage.model!r}, these brought nothing: {', '.join(parts)}. Their "
            "nodes keep their raw rows.",
            AnswerWarning,
            stacklevel=4,
        )


class _Asking:
    """Puts questions to an enhancer in chunks, through a store if there is one."""

    def __init__(
        self,
        enhancer: Enhancer,
        questions: list[Question],
        store: ResponseStore | None,
        budget: Budget,
        verbose: int,
    ) -> None:
        self.enhancer = enhancer
        self.questions = questions
        self.store = store
        self.budget = budget
        self.verbose = verbose
        self.usage: dict[str, PromptUsage] = {}
        for question in questions:
            self.usage.setdefault(question.prompt.name, PromptUsage()).questions += 1

    def usage_of(self, position: int) -> PromptUsage:
        return self.usage[self.questions[position].prompt.name]

    def run(
        self, description: str, positions: Sequence[int] | None = None, *, second_try: bool = False
    ) -> list[str | None]:
        """Return one answer or None per position."""
        wanted = range(len(self.questions)) if positions is None else positions
        with progress_bar(self.verbose, len(wanted), description, "answer") as advance:
            if self.store is None:
                answers = self._run_directly(wanted, second_try, advance)
            else:
                answers = self._run_through_store(wanted, second_try, advance)
        return [answers.get(position) for position in wanted]

    def _run_directly(self, wanted: Sequence[int], second_try: bool, advance: Any) -> dict[int, str | None]:
        answers: dict[int, str | None] = {}
        size = getattr(self.enhancer, "chunk_size", BATCH)
        for start in range(0, len(wanted), size):
            answers.update(self._ask(list(wanted[start : start + size]), second_try, advance))
        self._count_left(set(wanted) - set(answers), second_try)
        return answers

    def _run_through_store(self, wanted: Sequence[int], second_try: bool, advance: Any) -> dict[int, str | None]:
        from skellagnn.llm.store import QuestionKey, ask_through

        position_of: dict[QuestionKey, int] = {}
        for position in wanted:
            key = QuestionKey.of(self.questions[position])
            position_of[key.second_try if second_try else key] = position
        keys = list(position_of)

        def ask(batch: list[QuestionKey]) -> Iterator[tuple[QuestionKey, str | None]]:
            key_of = {position_of[key]: key for key in batch}
            for position, answer in self._ask([position_of[key] for key in batch], second_try, advance):
                yield key_of[position], answer

        def on_found(found: Any) -> None:
            for key in found:
                if not second_try:
                    self.usage_of(position_of[key]).found += 1
            advance(len(found), "")

        assert self.store is not None
        outcome = ask_through(
            self.store,
            self.enhancer.name,
            keys,
            ask,
            batch_size=getattr(self.enhancer, "chunk_size", BATCH),
            on_found=on_found,
        )
        self._count_left({position_of[key] for key in outcome.left_keys}, second_try)
        return {position_of[key]: answer for key, answer in outcome.answers.items()}

    def _count_left(self, left: Iterable[int], second_try: bool) -> None:
        if not second_try:
            for position in left:
                self.usage_of(position).left += 1

    def _ask(self, positions: list[int], second_try: bool, advance: Any) -> Iterator[tuple[int, str | None]]:
        """Ask what the budget allows; yields each answer as it arrives."""
        batch = [self.questions[position] for position in positions]
        allowed = self.budget.affordable(self.budget.sizes(batch, self.enhancer))
        for place, answer in _complete(self.enhancer, batch[:allowed]):
            usage = self.usage_of(positions[place])
            self.budget.spend(batch[place], answer, usage)
            if second_try:
                usage.second_tries += 1
            else:
                usage.asked += 1
                usage.failed += answer is None
            total_tokens = self.budget.tokens_in + self.budget.tokens_out
            advance(1, f"{total_tokens:,} tokens, {sum(usage.failed for usage in self.usage.values())} failed")
            yield positions[place], answer


def _complete(enhancer: Enhancer, batch: list[Question]) -> Iterator[tuple[int, str | None]]:
    """Ask one chunk and hold the enhancer to its contract."""
    if not batch:
        return
    name = type(enhancer).__name__
    if hasattr(enhancer, "complete_iter"):
        seen: set[int] = set()
        for place, answer in enhancer.complete_iter(list(batch)):
            if place in seen or not 0 <= place < len(batch):
                raise EnhancerError(
                    f"{name}.complete_iter must yield each position from 0 to {len(batch) - 1} once, got {place!r}."
                )
            seen.add(place)
            yield place, _check_answer(name, answer)
        if len(seen) != len(batch):
            raise EnhancerError(f"{name}.complete_iter must answer {len(batch)} prompts, got {len(seen)} answers.")
        return
    answers = enhancer.complete(list(batch))  # a list of its own: sorting it by length must not mix answers up
    # a table or a set has a length, but not the order of the prompts
    is_list = hasattr(answers, "__len__") and not isinstance(answers, (str, bytes, Mapping, Set))
    if not is_list or len(answers) != len(batch):
        got = len(answers) if is_list else type(answers).__name__
        raise EnhancerError(
            f"{name}.complete must return a list of one answer per prompt ({len(batch)}), got {got}. Return them in "
            "the order of the prompts, None for one that was not answered."
        )
    for place, answer in enumerate(answers):
        yield place, _check_answer(name, answer)


def _check_answer(name: str, answer: Any) -> str | None:
    if answer is not None and not isinstance(answer, str):
        raise EnhancerError(
            f"{name} must answer with strings, or None for a question without an answer, got {type(answer).__name__} "
            f"({answer!r:.80})."
        )
    return answer
