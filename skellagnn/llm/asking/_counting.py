"""How many tokens a question has, and how many its answer may have."""

from __future__ import annotations

from collections.abc import Sequence
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
