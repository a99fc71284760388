"""Prompts: what the LLM is asked about a node, and how its answers are read."""

from __future__ import annotations

from skellagnn.llm.prompts._builtin import BUILTIN_PROMPTS, list_candidates
from skellagnn.llm.prompts._catalog import PromptCatalog
from skellagnn.llm.prompts._choices import Choices, parse_choices, read_choices
from skellagnn.llm.prompts._confidence import parse_confidence
from skellagnn.llm.prompts._languages import prompts_in
from skellagnn.llm.prompts._prompt import Prompt, Question
from skellagnn.llm.prompts._tokens import estimate_tokens

__all__ = [
    "Prompt",
    "PromptCatalog",
    "Question",
    "BUILTIN_PROMPTS",
    "prompts_in",
    "Choices",
    "estimate_tokens",
    "list_candidates",
    "parse_choices",
    "parse_confidence",
    "read_choices",
]
