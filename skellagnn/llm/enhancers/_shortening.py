"""Cutting the texts in a question, and never its instruction, until it fits a context window."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from skellagnn.llm.prompts import Question, estimate_tokens

# Fields of a question in the order in which they are cut where it is too long.
_CUT_ORDER = ("text", "neighbor_titles", "title")
# No window is smaller; so many prompts of different length do not have as many tokens by chance.
_WINDOW, _MANY = 64, 4
_BLANKS = re.compile(r"\s{4,}")


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


def cut_counts(sent: Sequence[str], read: Sequence[int | None]) -> list[int]:
    """Return the counts of prompts that a server must have cut, by what was sent and how many tokens it read.

    No tokenizer makes less of a text than a token for eight characters of ASCII or for four others. A window cuts many
    prompts to the same length; what a cache leaves uncounted differs from prompt to prompt, or is next to nothing.
    """
    known = [
        (_BLANKS.sub("    ", text), count)  # a tokenizer makes few tokens of many blanks
        for text, count in zip(sent, read, strict=True)
        if count is not None and count >= _WINDOW
    ]
    least = [
        sum(map(str.isascii, text)) / 8 + (0 if text.isascii() else sum(not c.isascii() for c in text) / 4)
        for text, _ in known
    ]
    cut = [count for (_, count), tokens in zip(known, least, strict=True) if count < tokens]
    if len(set(cut)) > 1 and max(cut) > 1.1 * min(cut):
        return []
    largest = max((count for _, count in known), default=0)
    alike = {text for text, count in known if count == largest}
    lengths = [len(text) for text in alike]
    if len(alike) >= _MANY and (max(lengths) > 1.2 * min(lengths) or min(map(estimate_tokens, alike)) > 1.2 * largest):
        return [largest] * sum(count == largest for _, count in known)
    return cut


def _with(question: Question, name: str, value: str) -> Question:
    return Question(question.prompt, {**question.values, name: value}, question.node_names, question.choices)
