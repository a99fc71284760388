"""The part of a plan that goes to one enhancer, and parts that are asked together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from skellagnn.llm.answers import diagnose
from skellagnn.llm.asking import count_or_estimate, longest_answers
from skellagnn.llm.prompts import Question
from skellagnn.llm.store import QuestionKey, without_password

if TYPE_CHECKING:
    from skellagnn.llm.store import ResponseStore


@dataclass(frozen=True)
class PlanPart:
    """Questions to one enhancer.

    Attributes
    ----------
    enhancer : Enhancer or None
        None in a plan for an estimator without one: what it would ask if it had one.
    store : ResponseStore or None
    class_names : tuple of str or None
    questions : tuple of Question
        Distinct, in the order in which they would be asked.
    stored : frozenset of QuestionKey
        Those that the store has an answer to, at the time of planning.
    asks_again : bool
        Whether a bad answer is asked once more: ``on_bad_answer="retry"``.
    bad : frozenset of QuestionKey
        Of the stored ones, those that are asked once more.
    repeats : int
        How often each question is asked: once, or by every fit of a search anew where no store keeps the answers.
    expected : frozenset of QuestionKey
        Those of the questions that answers of an earlier round may replace by others (``Budget.n_rounds``). They count
        in every figure, and are not asked by :meth:`Plan.execute`.
    """

    enhancer: Any
    store: ResponseStore | None
    class_names: tuple[str, ...] | None
    questions: tuple[Question, ...]
    stored: frozenset[QuestionKey] = frozenset()
    asks_again: bool = False
    bad: frozenset[QuestionKey] = frozenset()
    repeats: int = 1
    expected: frozenset[QuestionKey] = frozenset()

    @classmethod
    def of(
        cls,
        enhancer: Any,
        store: ResponseStore | None,
        class_names: tuple[str, ...] | None,
        questions: Sequence[Question],
        *,
        asks_again: bool = False,
        n_certain: int | None = None,
    ) -> PlanPart:
        """Look the questions up in the store and return the part; nothing is asked.

        The first ``n_certain`` questions, None for all, are asked whatever the LLM answers.
        """
        stored: frozenset[QuestionKey] = frozenset()
        bad: frozenset[QuestionKey] = frozenset()
        if enhancer is not None and store is not None and questions:
            question_of = {QuestionKey.of(question): question for question in questions}
            found = store.get_many(enhancer.name, list(question_of))
            stored = frozenset(found)
            if asks_again:
                second = {
                    key: key.second_try
                    for key, answer in found.items()
                    if diagnose(question_of[key], answer, class_names)
                }
                tried = store.get_many(enhancer.name, list(second.values()))
                bad = frozenset(key for key, again in second.items() if again not in tried)
        expected = frozenset(map(QuestionKey.of, questions[len(questions) if n_certain is None else n_certain :]))
        return cls(enhancer, store, class_names, tuple(questions), stored, asks_again, bad, expected=expected)

    @property
    def certain(self) -> tuple[Question, ...]:
        """Questions that are asked whatever the LLM answers to others."""
        return tuple(question for question in self.questions if QuestionKey.of(question) not in self.expected)

    @property
    def new(self) -> list[Question]:
        """Questions without a stored answer."""
        return [question for question in self.questions if QuestionKey.of(question) not in self.stored]

    @property
    def second_tries(self) -> list[Question]:
        """Questions that are asked once more if every new answer is bad."""
        again = [question for question in self.questions if QuestionKey.of(question) in self.bad]
        return again + self.new if self.asks_again else again

    @property
    def shares_answers(self) -> bool:
        """Whether several fits pay for a question once: through a store, or since recordings cost nothing."""
        return self.store is not None or bool(getattr(self.enhancer, "is_recording", False))

    @property
    def asked(self) -> list[Question]:
        """What is put to the LLM at most, once or twice."""
        return self.new + self.second_tries

    @property
    def counted_tokens(self) -> int | None:
        """Prompt tokens of what is asked as the enhancer counts them; None if it cannot."""
        asked = self.asked
        count: Callable[[Sequence[str]], Sequence[int] | None] | None = getattr(self.enhancer, "count_tokens", None)
        counts = None if count is None or not asked else count(asked)
        return None if counts is None else sum(counts)

    @property
    def tokens_in(self) -> int:
        """Prompt tokens of what is asked: counted by the enhancer where it can, else estimated."""
        return sum(count_or_estimate(self.enhancer, self.asked))

    @property
    def max_tokens_out(self) -> int:
        """Answer tokens of what is asked if every answer is as long as it may be."""
        return sum(longest_answers(self.enhancer, self.asked))

    def __getstate__(self) -> dict[str, Any]:
        """Pickle without the password of a database URL: whoever loads it has one in ``PGPASSWORD`` or ~/.pgpass."""
        return {**self.__dict__, "store": without_password(self.store)}


def join_parts(parts: Sequence[PlanPart], *, shared: bool = False) -> list[PlanPart]:
    """Make one part of those with one enhancer and store, each question once.

    Parts that share no answers stay apart, unless ``shared`` says that they are to be asked together.
    """
    grouped: dict[tuple[str | None, str, int | None], list[PlanPart]] = {}
    for number, part in enumerate(parts):
        name = None if part.enhancer is None else part.enhancer.name
        together = shared or part.shares_answers
        grouped.setdefault((name, repr(part.store), None if together else number), []).append(part)
    joined = []
    for (_, _, alone), group in grouped.items():
        if len(group) == 1:
            joined.append(group[0] if alone is not None else replace(group[0], repeats=1))
            continue
        questions = {QuestionKey.of(question): question for part in group for question in part.questions}
        joined.append(
            replace(
                group[0],
                class_names=next((part.class_names for part in group if part.class_names), None),
                questions=tuple(questions.values()),
                stored=frozenset[QuestionKey]().union(*(part.stored for part in group)),
                asks_again=any(part.asks_again for part in group),
                bad=frozenset[QuestionKey]().union(*(part.bad for part in group)),
                repeats=1,
                expected=_expected(group),
            )
        )
    return joined


def _expected(parts: Sequence[PlanPart]) -> frozenset[QuestionKey]:
    """Return the questions that no part is certain to ask."""
    certain = (QuestionKey.of(question) for part in parts for question in part.certain)
    return frozenset[QuestionKey]().union(*(part.expected for part in parts)).difference(certain)
