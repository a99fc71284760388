"""Getting answers: from the store, else from the LLM, under a budget. The only caller of ``Enhancer.complete``."""

from __future__ import annotations

import numbers
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.base.progress import progress_bar
from skellagnn.base.warning import warn_caller
from skellagnn.exceptions import AnswerWarning, EnhancerError, InvalidParameterError
from skellagnn.llm.answers import BAD_ANSWERS, diagnose, find_repeated, unread_warning
from skellagnn.llm.asking._budget import Budget, resolve_budget
from skellagnn.llm.asking._questions import QuestionTable
from skellagnn.llm.asking._spending import Spending
from skellagnn.llm.asking._usage import LLMUsage, PromptUsage
from skellagnn.llm.enhancers import Answer, Enhancer, Unanswered, without_thinking
from skellagnn.llm.prompts import Question, parse_confidence, read_choices

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
    unread : frozenset of int
        Questions whose answers should have named a class and did not.
    bad : dict of int to str
        The answers that cannot be used, as they came, by question.
    """

    table: QuestionTable
    answers: list[str | None]
    usage: LLMUsage
    unread: frozenset[int] = frozenset()
    bad: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def confidences(self) -> NDArray[np.float64]:
        """How sure the LLM is of each answer, from 0 to 1: shape (n_questions,), NaN where it does not say.

        What a server or a recording tells, else what the answer itself says where its prompt asks for a percentage.
        """
        found = np.full(len(self.answers), np.nan)
        for position, (question, answer) in enumerate(zip(self.table.questions, self.answers, strict=True)):
            said = getattr(answer, "confidence", None)
            if said is None and answer is not None and question.prompt.names_classes:
                said = parse_confidence(answer)
            found[position] = np.nan if said is None else said
        return found

    def followed_by(self, later: Enhancement) -> Enhancement:
        """Return the answers of two rounds, of the nodes of one behind those of the other."""
        n = len(self.answers)
        table = QuestionTable(
            [*self.table.questions, *later.table.questions], np.concatenate([self.table.index, later.table.index + n])
        )
        unread = self.unread.union(position + n for position in later.unread)
        bad = {**self.bad, **{position + n: answer for position, answer in later.bad.items()}}
        return Enhancement(table, [*self.answers, *later.answers], self.usage.followed_by(later.usage), unread, bad)

    def warn(self, class_names: Sequence[str] | None = None) -> None:
        """Warn once, with all counts, if questions brought nothing or answers name no class that was asked for."""
        came = [self.bad.get(position, answer) for position, answer in enumerate(self.answers)]
        said = (_nothing_brought(self.usage), unread_warning(self.table.questions, came, class_names or ()))
        if any(said):
            warn_caller(" ".join(filter(None, said)), AnswerWarning)

    def choices(self, prompt_position: int, class_names: Sequence[str], n_choices: int = 2) -> NDArray[np.int64]:
        """Read the classes that answers to one prompt name: shape (n_active, n_choices), -1 for none.

        The first is -2 where nothing can be said against the LLM: it was not asked, it refused, or it says that no
        class fits.
        """
        chosen = np.full((len(self.table.index), n_choices), -1, dtype=np.int64)
        for row, position in enumerate(self.table.index[:, prompt_position]):
            answer = self.answers[position]
            if answer is not None:
                found = read_choices(answer, class_names)
                classes = found.classes[:n_choices]
                chosen[row, : len(classes)] = classes
                if found.none and not classes:
                    chosen[row, 0] = -2
            elif position not in self.unread:
                chosen[row, 0] = -2
        return chosen


def enhance(
    enhancer: Enhancer,
    table: QuestionTable,
    class_names: Sequence[str] | None = None,
    *,
    store: ResponseStore | None = None,
    budget: Budget | Spending | None = None,
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
    budget : Budget or Spending, default=None
        Limits; what does not fit is left unasked. A Spending goes on with what is spent already.
    on_bad_answer : {"raw", "retry", "raise"}, default="raw"
        What becomes of an answer that says nothing: its node keeps its own vector; it is asked once more first; or all
        answers are kept in the store and an error is raised.
    verbose : int, default=0
        Above 0 a progress bar is shown.
    warn : bool, default=True
        False leaves the warning out, where stopping early is what was asked for, or :meth:`Enhancement.warn` is called
        once for several rounds.

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
    spending = budget if isinstance(budget, Spending) else Spending(resolve_budget(budget), store)
    asking = _Asking(enhancer, table.questions, store, spending, verbose)
    answers = asking.run("asking the LLM")
    reasons = {
        position: reason
        for position, answer in enumerate(answers)
        if answer is not None and (reason := diagnose(table.questions[position], answer, class_names))
    }
    reasons |= dict.fromkeys(find_repeated(table.questions, answers), "repeated")
    # what ended while it was thinking would do so again, and be paid for twice
    again = sorted(position for position, reason in reasons.items() if reason != "thinking")
    if again and on_bad_answer == "retry":
        second = asking.run("asking again", again, second_try=True)
        for position, answer in zip(again, second, strict=True):
            if answer is not None and not diagnose(table.questions[position], answer, class_names):
                answers[position] = answer
                del reasons[position]
    came = {position: answer for position in reasons if (answer := answers[position]) is not None}
    for position, reason in reasons.items():
        answers[position] = None
        bad = asking.usage_of(position).bad
        bad[reason] = bad.get(reason, 0) + 1
    total, prices = spending.mine, spending.budget.prices
    cost = None if prices is None else spending.budget.cost(total.tokens_in, total.tokens_out)
    usage = LLMUsage(enhancer.name, asking.usage, cost)
    if usage.total.bad and on_bad_answer == "raise":
        raise EnhancerError(
            f"{sum(usage.total.bad.values())} of {usage.total.questions} answers of {usage.model!r} cannot be used: "
            f"{', '.join(_bad_answers(usage))}. They are kept in the store, if there is one. Set on_bad_answer='raw' "
            "to go on without them, or 'retry'."
        )
    no_class = frozenset(position for position, reason in reasons.items() if reason == "no_class")
    enhancement = Enhancement(table, answers, usage, no_class, came)
    if warn:
        enhancement.warn(class_names)
    _report_snapshots(enhancer.name, answers)
    return enhancement


def _bad_answers(usage: LLMUsage) -> list[str]:
    return [f"{count} {reason} ({BAD_ANSWERS[reason]})" for reason, count in sorted(usage.total.bad.items())]


def _nothing_brought(usage: LLMUsage) -> str | None:
    total, parts = usage.total, _bad_answers(usage)
    if total.failed:
        parts.append(f"{total.failed} not answered")
    if total.left:
        parts.append(f"{total.left} not asked, since the budget was spent")
    if not parts:
        return None
    return (
        f"Of {total.questions} questions to {usage.model!r}, these brought nothing: {', '.join(parts)}. Their nodes "
        "keep their own vectors."
    )


def _report_snapshots(model: str, answers: Iterable[str | None]) -> None:
    """Warn if a model's name has come to mean another model while answers were gathered."""
    counts = Counter(answer.snapshot for answer in answers if isinstance(answer, Answer) and answer.snapshot)
    if len(counts) > 1:
        shown = ", ".join(f"{name!r} ({count})" for name, count in counts.most_common(4))
        warn_caller(
            f"The answers of {model!r} are of {len(counts)} models, as the server names them: {shown}. Name one of "
            "them as the model, or prune() the older answers from the store.",
            AnswerWarning,
        )


class _Asking:
    """Puts questions to an enhancer in chunks, through a store if there is one."""

    def __init__(
        self,
        enhancer: Enhancer,
        questions: list[Question],
        store: ResponseStore | None,
        spending: Spending,
        verbose: int,
    ) -> None:
        self.enhancer = enhancer
        self.questions = questions
        self.store = store
        self.spending = spending
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
        # of whatever back end, and as a store kept them: those that take thinking out themselves have none left
        return [None if (said := answers.get(position)) is None else without_thinking(said) for position in wanted]

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
        waiting = dict(enumerate(batch[: self.spending.reserve(batch, self.enhancer)]))
        try:
            for place, answer in _complete(self.enhancer, list(waiting.values())):
                usage = self.usage_of(positions[place])
                if isinstance(answer, Unanswered):
                    usage.unanswered[answer.kind] = usage.unanswered.get(answer.kind, 0) + 1
                    answer = None
                used = self.spending.settle(waiting.pop(place), answer, self.enhancer)
                usage.tokens_in += used.tokens_in
                usage.tokens_out += used.tokens_out
                usage.seconds += getattr(answer, "seconds", None) or 0.0
                if not (answer or "").strip() and getattr(answer, "tokens_out", None) == 0:
                    answer = None  # nothing was said, as by a model that is still being loaded: not kept
                if second_try:
                    usage.second_tries += 1
                else:
                    usage.asked += 1
                    usage.failed += answer is None
                total = self.spending.mine
                n_failed = sum(usage.failed for usage in self.usage.values())
                advance(1, f"{total.tokens_in + total.tokens_out:,} tokens, {n_failed} failed")
                yield positions[place], answer
        finally:
            self.spending.close(list(waiting.values()), self.enhancer)


def _complete(enhancer: Enhancer, batch: list[Question]) -> Iterator[tuple[int, str | Unanswered | None]]:
    """Ask one chunk and hold the enhancer to its contract."""
    if not batch:
        return
    name = type(enhancer).__name__
    if hasattr(enhancer, "complete_iter"):
        seen: set[int] = set()
        arriving: Any = enhancer.complete_iter(list(batch))
        if not isinstance(arriving, Iterable):
            raise EnhancerError(f"{name}.complete_iter must yield pairs of position and answer, got {arriving!r:.80}.")
        for pair in arriving:
            place, answer = pair if isinstance(pair, (tuple, list)) and len(pair) == 2 else (pair, None)
            is_new = isinstance(place, numbers.Integral) and place not in seen
            if not is_new or not 0 <= place < len(batch):
                raise EnhancerError(
                    f"{name}.complete_iter must yield each position from 0 to {len(batch) - 1} once, got {place!r:.80}."
                )
            seen.add(place)
            yield place, _check_answer(name, answer)
        if len(seen) != len(batch):
            raise EnhancerError(f"{name}.complete_iter must answer {len(batch)} prompts, got {len(seen)} answers.")
        return
    answers = enhancer.complete(list(batch))  # a list of its own: sorting it by length must not mix answers up
    # a table or a set has a length, but not the order of the prompts
    is_list = hasattr(answers, "__len__") and not isinstance(answers, (str, bytes, Mapping, Set))
    is_list = is_list and getattr(answers, "ndim", 1) > 0
    if not is_list or len(answers) != len(batch):
        got = len(answers) if is_list else type(answers).__name__
        raise EnhancerError(
            f"{name}.complete must return a list of one answer per prompt ({len(batch)}), got {got}. Return them in "
            "the order of the prompts, None for one that was not answered."
        )
    for place, answer in enumerate(answers):
        yield place, _check_answer(name, answer)


def _check_answer(name: str, answer: Any) -> str | Unanswered | None:
    if answer is not None and not isinstance(answer, (str, Unanswered)):
        raise EnhancerError(
            f"{name} must answer with strings, or None for a question without an answer, got {type(answer).__name__} "
            f"({answer!r:.80})."
        )
    return answer
