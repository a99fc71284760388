"""Cutting the thinking of reasoning models."""

from __future__ import annotations

import pytest

from skellagnn.enhancers import Answer, strip_thinking
from skellagnn.llm.enhancers._thinking import opened_thinking, without_thinking


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
        ("<Thinking>a</Thinking>\ncat", "cat"),
        ("<THOUGHT>\na\n</THOUGHT>\n\ncat", "cat"),
        ("◁think▷◁/think▷cat", "cat"),
        ("a◁/think▷cat", "cat"),
        ("◁think▷a", ""),
        ("</think>cat", "cat"),
        ("\ufeff<think>a</think>cat", "cat"),
        ("<think/>cat", "<think/>cat"),
        ("<|think|>a<|/think|>cat", "cat"),
        ("<reason>a</reason>cat", "cat"),
        ("< THINK >a< /THINK >cat", "cat"),
        ("<think\n>a</think\n>cat", "cat"),
        ("Thinking...\na\nb", "Thinking...\na\nb"),
        ("thinking...\na\n...done thinking.\ncat", "cat"),
        ("<reasoning_content>a</reasoning_content>cat", "cat"),
        ("<internal_thoughts>a</internal_thoughts>cat", "cat"),
        ("**Thinking:** x", "**Thinking:** x"),
        ("Use ``</think>`` to end", "Use ``</think>`` to end"),
        ("<antThinking>a</antThinking>cat", "cat"),
        ("<think>a</thinking>cat", "cat"),
        ("<|thought|>a<|/thought|>cat", "cat"),
        ("[THINK]a[/THINK]\ncat", "cat"),
        ("<thinking>\na `</thinking>` b\n</thinking>cat", "cat"),
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


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("<think>\nI consider Theory\n</think>\nCase Based", "Case Based"),
        ("<thinking>x</thinking>\n\nA", "A"),
        ("<reflection>x</reflection>A", "A"),
        ("<analysis>x</analysis>A", "A"),
        ("<reason>\nx\n</reason>\nA", "A"),
        ("<thought_process>x</thought_process>A", "A"),
        ("<inner_monologue>x</inner_monologue>A", "A"),
        ("<cot>x</cot>A", "A"),
        ("<|thinking|>x<|/thinking|>A", "A"),
        ("<|begin_of_thought|>\nx\n<|end_of_thought|>\n<|begin_of_solution|>\nA\n<|end_of_solution|>", "A"),
        ("<think>x</think><answer>A</answer>", "<answer>A</answer>"),
        ("[THINKING]x[/THINKING]A", "A"),
        ("{think}x{/think}A", "A"),
        ("<Thought>x</Thought>A", "A"),
        ("<THINKING>x</THINKING>A", "A"),
        ("< think>x< /think>A", "A"),
        ("<think>x</think >A", "A"),
        ("<think>x< / think>A", "A"),
        ("＜think＞x＜／think＞A", "A"),
        ("〈think〉x〈/think〉A", "A"),
        ("&#60;think&#62;x&#60;/think&#62;A", "A"),
        ("*Thinking...*\n\nx\n\n*Done thinking.*\n\nA", "A"),
        ("<seed:think>x</seed:think>A", "A"),
        (
            "<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>commentary<|message|>y<|end|><|start|>assistant<|channel|>final<|message|>A",
            "A",
        ),
        ("analysisI think so.assistantfinalA", "A"),
        ("<mm:think>x</mm:think>A", "A"),
        ("<ant_thinking>x</ant_thinking>A", "A"),
        ("<internal>x</internal>A", "A"),
        ("<planning>x</planning>A", "A"),
        ("<deliberation>x</deliberation>A", "A"),
        ("<details><summary>Thought for 3 seconds</summary>x</details>A", "A"),
        ("<details type='reasoning'>x</details>A", "A"),
        ("<think>x</think>\n<think>y</think>\nA", "A"),
        ("The </think> tag closes.", "tag closes."),
        ("<think>", ""),
        ("<think>x", ""),
        ("\n\n<think>\n\n</think>\n\nA", "A"),
        ("```\n<think>x</think>\n```\nA", "```\n\n```\nA"),
        ("Reasoning: x\n\nAnswer: A", "Reasoning: x\n\nAnswer: A"),
        ("Thought: x\nAnswer: A", "Thought: x\nAnswer: A"),
        ("<think>x</think>A<|im_end|>", "A<|im_end|>"),
        ("<|start_of_thinking|>x<|end_of_thinking|>A", "A"),
        ("<|START_THINKING|>x<|END_THINKING|><|START_RESPONSE|>A<|END_RESPONSE|>", "A"),
        ("<think>\nA or B?\n</think>\n\n**Answer:** A", "**Answer:** A"),
        ("<Thinking>\nx\n</Thinking>\nA", "A"),
        ("<THINK>x</THINK>\n\nA", "A"),
        ("<think>x</think> <think>y</think>A", "A"),
        ("<|reasoning|>x<|/reasoning|>A", "A"),
        ("<analysis_of_text>x</analysis_of_text>A", "A"),
        ("[THINK]x", ""),
        ("{thinking}x{/thinking}A", "A"),
        ("Thinking...\nx\nDone thinking.\nA", "A"),
        ("<details><summary>Reasoning</summary>\nx</details>\nA", "A"),
        ("<details><summary>More</summary>x</details>A", "<details><summary>More</summary>x</details>A"),
        ("analysis of cats: A", "analysis of cats: A"),
        ("internal <b>A</b>", "internal <b>A</b>"),
        ("a {think} tank", "a {think} tank"),
        ("<planning> x", ""),
        ("<cot>x", ""),
        ("<internal>", ""),
        ("The <internal> tag", "The <internal> tag"),
        ("<reflect>x</reflect>A", "A"),
        ("<thinking_process>x</thinking_process>A", "A"),
        ("<my_thoughts>x</my_thoughts>A", "A"),
        ("<thought>x</thought>\n<answer>A</answer>", "<answer>A</answer>"),
        ("&lt;thinking&gt;x&lt;/thinking&gt; A", "A"),
        ("<THINK>x", ""),
        ("◁think▷x◁/think▷A", "A"),
        ("<｜think｜>x<｜/think｜>A", "A"),
        ("<|think_start|>x<|think_end|>A", "A"),
        ("<think_start>x<think_end>A", "A"),
        ("<|thought_begin|>x<|thought_end|>A", "A"),
    ],
)
def test_thinking_in_marks_of_other_models(said, answer):
    assert strip_thinking(said) == answer


HM = "Hm, dogs."
NAMES = "rationale chain-of-thought step_by_step work notes plan thinking-block think1 o1_thought 思考过程 réflexion"
LEADING = [
    *((f"<{name}>", f"</{name}>") for name in NAMES.split()),
    ("[think]", "[/think]"),
    ("[Reasoning]", "[/Reasoning]"),
    ("(think)", "(/think)"),
    ("«think»", "«/think»"),
    ("【思考】", "【/思考】"),
    ("<|begin_of_reasoning|>", "<|end_of_reasoning|>"),
    ("<|assistant_think|>", "<|end_assistant_think|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<start_working_out>", "<end_working_out>"),
    ("<start_think>", "<end_think>"),
    ("<|im_start|>think\n", "<|im_end|>\n<|im_start|>answer\n"),
    ("<|im_start|>assistant\n<think>", "</think>"),
    ("```thinking\n", "\n```\n"),
    ("\\<think\\>", "\\</think\\>"),
    ("\\u003cthink\\u003e", "\\u003c/think\\u003e"),
    ("&amp;lt;think&amp;gt;", "&amp;lt;/think&amp;gt;"),
    ("<details>\n<summary>💭 Thinking</summary>", "</details>"),
    ("Thought for 5 seconds\n\n", "\n\n---\n\n"),
    ("**<think>**", "**</think>**"),
    ("{{think}}", "{{/think}}"),
    ("assistantanalysis", "assistantfinal"),
]


@pytest.mark.parametrize(("opening", "closing"), LEADING)
def test_a_block_before_the_answer_is_cut_whatever_its_name(opening, closing):
    assert strip_thinking(f"{opening}{HM}{closing}cats") == "cats"


@pytest.mark.parametrize(
    "text",
    [
        "The paper studies <think> and </think> tokens in models.",
        "Models emit `<think>...</think>` blocks, says the paper.",
        "The text says (</think>) ends thinking.",
        "Use <reason> elements in XML; see </reason>.",
        "<title>On cats</title>\nCats purr.",
        "<summary>Cats</summary> and more",
        "<p>Cats purr.</p><p>Dogs bark.</p>",
        "<notes>cats, dogs</notes>",
        "<thinkpad> is a kind of laptop.",
        "The template:\n\n```\n<think>\n{reasoning}\n</think>\n{answer}\n```\n",
    ],
)
def test_tags_that_are_mentioned_or_hold_the_answer_stay(text):
    assert strip_thinking(text) == text


def test_a_block_that_may_be_the_answer_is_it_where_nothing_else_is_said():
    assert strip_thinking("<analysis>cats</analysis>") == "cats"
    assert strip_thinking("<think>cats</think>") == ""


def test_an_answer_without_its_thinking_keeps_what_it_says_of_itself():
    said = Answer("<think>dogs</think>cats", finish_reason="stop", tokens_out=7, confidence=0.5, snapshot="m-1")

    answer = without_thinking(said)

    assert (answer, answer.finish_reason, answer.tokens_out, answer.confidence) == ("cats", "stop", 7, 0.5)
    assert answer.snapshot == "m-1"
    assert without_thinking("<think>dogs, or").finish_reason == "thinking"
    assert without_thinking(answer) is answer
