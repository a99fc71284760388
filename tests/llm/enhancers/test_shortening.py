"""Texts in a question are cut until it fits, in the order of what can be spared."""

from __future__ import annotations

import pytest

from skellagnn.llm.enhancers._shortening import shortened
from skellagnn.prompts import Prompt, Question

VALUES = {"text": "abcd", "neighbor_titles": "cdef", "title": "ghij", "class_names": "klmn"}


@pytest.mark.parametrize(
    ("template", "room", "expected"),
    [
        ("{text} | {neighbor_titles} | {title}", 16, "ab | cdef | ghij"),
        ("{text} | {neighbor_titles} | {title}", 12, " | cd | ghij"),
        ("{neighbor_titles} | {title}", 9, "cd | ghij"),
        ("{title} of {class_names}", 10, "gh of klmn"),
        ("{title} of {class_names}", 7, None),
    ],
)
def test_the_instruction_stays_whole(template, room, expected):
    question = Question(Prompt("p", template), VALUES, ("n",), ("k", "l"))

    cut = shortened(question, lambda question: len(question) <= room)

    assert cut == expected
    if cut is not None:
        assert (cut.node_names, cut.choices) == (("n",), ("k", "l"))
