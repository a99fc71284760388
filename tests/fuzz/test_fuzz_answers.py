"""Whatever an LLM says, reading it ends well: no error, no class that was not named, no more text than there was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skellagnn.enhancers import strip_thinking
from skellagnn.llm.answers import BAD_ANSWERS, diagnose
from skellagnn.prompts import BUILTIN_PROMPTS, Question, parse_confidence, read_choices

TAGS = [
    "<think>",
    "</think>",
    "<Think >",
    "</ think>",
    "<thought>",
    "</reasoning>",
    "\u25c1think\u25b7",
    "\u25c1/think\u25b7",
    "[THINK]",
    "[/THINK]",
    "<|channel|>",
    "final",
    "analysis",
    "<|message|>",
    "<|end|>",
    '<details type="reasoning">',
    "</details>",
    "&lt;think&gt;",
    "`</think>`",
    "Thinking...\n",
    "\n...done thinking.\n",
    "cat",
    " ",
    "\n",
    "<",
    "`",
]
WORDS = [
    "Theory",
    "theory",
    "Neural_Networks",
    "neural networks",
    "second choice:",
    "First:",
    "not",
    "rather than",
    "none of",
    "whether",
    "or",
    "and",
    ",",
    ".",
    ";",
    "\n",
    "1.",
    "2.",
    "{",
    "}",
    "[",
    '"',
    ":",
    "answer",
    "```json\n",
    "<b>",
    "</b>",
    "&amp;",
    "85 %",
    "0.7",
    "confidence",
    "I cannot",
    "Sure, here is",
    "but",
    "\u2014",
    "\u00ad",
    "**",
    "\\_",
    "图论",
    "A",
]
names = st.lists(st.text(min_size=1, max_size=12) | st.sampled_from(WORDS), max_size=6)
answers = st.text(max_size=80) | st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=30).map(" ".join)


def read(answer, class_names):
    choices = read_choices(answer, class_names)
    assert len(set(choices.classes)) == len(choices.classes)
    assert all(0 <= choice < len(class_names) for choice in choices.classes)
    assert not (choices.classes and choices.none)
    confidence = parse_confidence(answer)
    assert confidence is None or 0 <= confidence <= 1
    for prompt in ("summary", "topic"):
        question = Question(BUILTIN_PROMPTS[prompt], {"text": "x", "class_names": ", ".join(class_names)})
        reason = diagnose(question, answer, class_names)
        assert reason is None or reason in BAD_ANSWERS
        assert not (prompt == "topic" and reason is None and not choices.classes and not choices.none)


def strip(parts):
    text = "".join(parts)
    answer = strip_thinking(text)
    assert answer == text or len(answer) < len(text) or answer == text.strip()
    assert strip_thinking(answer).strip() in answer  # cutting again only cuts


CHECKS = {
    "answers": given(answers, names)(read),
    "thinking": given(st.lists(st.sampled_from(TAGS) | st.text(max_size=5), max_size=25))(strip),
}


@pytest.mark.parametrize("check", CHECKS)
def test_for_a_moment(check):
    settings(max_examples=200, deadline=None, database=None)(CHECKS[check])()


@pytest.mark.fuzz
@pytest.mark.parametrize("check", CHECKS)
def test_at_length(check):
    settings(max_examples=50_000, deadline=None, database=None)(CHECKS[check])()
