"""Asking the LLM, through the store and under a budget."""

from __future__ import annotations

from skellagnn.enhancement._asking import Enhancement, enhance
from skellagnn.enhancement._questions import QuestionTable, build_questions
from skellagnn.enhancement._spending import (
    Budget,
    LLMUsage,
    PromptUsage,
    count_or_estimate,
    longest_answers,
)

__all__ = [
    "QuestionTable",
    "build_questions",
    "enhance",
    "Enhancement",
    "Budget",
    "LLMUsage",
    "PromptUsage",
    "count_or_estimate",
    "longest_answers",
]
