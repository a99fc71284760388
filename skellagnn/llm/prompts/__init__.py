"""Prompts: what the LLM is asked about a node."""

from __future__ import annotations

from skellagnn.llm.prompts._builtin import BUILTIN_PROMPTS
from skellagnn.llm.prompts._catalog import PromptCatalog
from skellagnn.llm.prompts._choices import Choices, parse_choices, read_choices
from skellagnn.llm.prompts._prompt import Prompt, Question
from skellagnn.llm.prompts._tokens import estimate_tokens

__all__ = ["Prompt", "PromptCatalog", "Question", "BUILTIN_PROMPTS", "estimate_tokens", "parse_choices", "read_choices", "Choices"]
