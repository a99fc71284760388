"""Cutting the thinking of reasoning models."""

from __future__ import annotations

import pytest

from skellagnn.enhancers import strip_thinking
from skellagnn.llm.enhancers._thinking import opened_thinking


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("<think>\nHm.\n</think>\n\ncat, dog", "cat, dog"),
        ("<think></think>cat", "cat"),
        ("Hm, pets.</think>\ncat", "cat"),  # the template has opened it
        ("<think>Hm, pets, so", ""),  # cut by the token limit
        ("  <think>\nHm", ""),
        ("<think>a</think>cat <think>b</think>dog", "cat dog"),
        ("[THINK]a[/THINK]cat", "cat"),
        ("<seed:think>a</seed:think>cat", "cat"),
        ("<|channel>thought\nHm.<channel|>cat", "cat"),
        ("<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>cat<|return|>", "cat"),
        ("<|channel|>analysis<|message|>Hm, so", ""),
        ("", ""),
        ("<Think>a</Think>cat", "cat"),
        ("<THINK>a</think>cat", "cat"),
        ("<think >a</think >cat", "cat"),
        ("< think >a</ think>cat", "cat"),
        ('<think time="3">a</think>cat', "cat"),
        ("\u25c1think\u25b7a\u25c1/think\u25b7cat", "cat"),
        ("<thought>a</thought>cat", "cat"),
        ("<thoughts>a</thoughts>cat", "cat"),
        ("<reasoning>a</reasoning>\ncat", "cat"),
        ("<scratchpad>a</scratchpad>cat", "cat"),
        ("<|START_THINKING|>a<|END_THINKING|>cat", "cat"),
        ("<|begin_of_thought|>a<|end_of_thought|>cat", "cat"),
        ("&lt;think&gt;a&lt;/think&gt;cat", "cat"),
        ("\uff1cthink\uff1ea\uff1c/think\uff1ecat", "cat"),
        ('<details type="reasoning" done="true">a</details>cat', "cat"),
        ("<unused94>thought\na<unused95>cat", "cat"),
        ("Thinking...\nPets, hm.\n...done thinking.\n\ncat", "cat"),
        ("Thinking\u2026\nHm\n\u2026done thinking.\ncat", "cat"),
        ("<think>the tag `</think>` ends it, pets</think>cat", "cat"),
        ("<think>a<think>b</think>c</think>cat", "cat"),
        ("<Reasoning>Hm, pets", ""),
    ],
)
def test_thinking_is_cut_and_the_answer_kept(said, answer):
    assert strip_thinking(said) == answer


@pytest.mark.parametrize(
    "text",
    [
        "  cat\n",
        "I think <b>so</b>",
        "Its tag <think> opens a thought",
        "a < b > c",
        "It ends at `</think>`, says the text.",
        "<details>cat</details>",
        "Thinking... is a verb",
        "[think] of it",
    ],
)
def test_a_text_without_thinking_comes_back_as_it_is(text):
    assert strip_thinking(text) == text


def test_cutting_twice_cuts_no_more():
    once = strip_thinking("<think>a</think> cat, dog")
    assert strip_thinking(once) == once == "cat, dog"


@pytest.mark.parametrize(
    ("prompt", "opened"),
    [("user: hi\nassistant: <think>\n", "<think>"), ("assistant: <think>\n\n</think>\n\n", ""), ("assistant:", "")],
)
def test_a_template_that_opens_the_thinking_is_noticed(prompt, opened):
    assert opened_thinking(prompt) == opened
