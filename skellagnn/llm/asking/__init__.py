"""Asking the LLM, through the store and under a budget."""

from __future__ import annotations

from skellagnn.llm.asking._asking import Enhancement, enhance
from skellagnn.llm.asking._questions import QuestionTable, build_questions
from skellagnn.llm.asking._spending import (
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
