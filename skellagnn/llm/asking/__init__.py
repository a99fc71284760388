"""Asking the LLM, through the store and under a budget."""

from __future__ import annotations

from skellagnn.llm.asking._asking import Enhancement, enhance
from skellagnn.llm.asking._budget import Budget, Spent, resolve_budget
from skellagnn.llm.asking._counting import count_or_estimate, longest_answers
from skellagnn.llm.asking._questions import QuestionTable, build_questions
from skellagnn.llm.asking._spending import Spending
from skellagnn.llm.asking._usage import LLMUsage, PromptUsage

__all__ = [
    "QuestionTable",
    "build_questions",
    "enhance",
    "Enhancement",
    "Budget",
    "Spending",
    "Spent",
    "resolve_budget",
    "LLMUsage",
    "PromptUsage",
    "count_or_estimate",
    "longest_answers",
]
