"""Cutting the texts in a question, and never its instruction, until it fits a context window."""

from __future__ import annotations

from collections.abc import Callable

from skellagnn.llm.prompts import Question

# Fields of a question in the order in which they are cut where it is too long.
_CUT_ORDER = ("text", "neighbor_titles", "title")


def shortened(question: Question, fits: Callable[[Question], bool]) -> Question | None:
    """Return a question with as much of its texts as fits, None if its instruction alone does not."""
    for name in _CUT_ORDER:
        value = question.values.get(name)
        if not value:
            continue
        low, high = 0, len(value)  # so many characters may fit; so many do not
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (middle, high) if fits(_with(question, name, value[:middle])) else (low, middle)
        question = _with(question, name, value[:low])
        if fits(question):
            return question
    return None


def _with(question: Question, name: str, value: str) -> Question:
    return Question(question.prompt, {**question.values, name: value}, question.node_names, question.choices)
