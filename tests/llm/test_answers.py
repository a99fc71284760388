"""What an LLM says when it does not answer."""

from __future__ import annotations

import pytest

from skellagnn.enhancers import Answer
from skellagnn.llm.answers import BAD_ANSWERS, diagnose
from skellagnn.prompts import BUILTIN_PROMPTS, Prompt, Question

NAMES = ["Neural_Networks", "Theory", "B", "7"]
SUMMARY = Question(BUILTIN_PROMPTS["summary"], {"text": "On cats and how they sleep."})
TOPIC = Question(BUILTIN_PROMPTS["topic"], {"text": "On cats.", "class_names": "Neural Networks, Theory, B, 7"})


@pytest.mark.parametrize("answer", ["", " ", "\n\t\u3000\n"])
def test_white_space_is_empty(answer):
    assert diagnose(SUMMARY, answer) == "empty"
    assert diagnose(TOPIC, answer, NAMES) == "empty"


@pytest.mark.parametrize(
    "answer", ["...", "?!", "42", "1. 2. 3.", "-----", "a", "x y z", "_ _", "\U0001f408", "$x^2 + y$"]
)
def test_signs_and_numbers_are_wordless(answer):
    assert diagnose(SUMMARY, answer) == "wordless"


@pytest.mark.parametrize("answer", ["It", "кот", "猫", "ねこ", "고", "बिल्ली", "แมว", "קט", "قطة", "e\u0301", "42 cats"])
def test_a_word_of_any_script_is_a_word(answer):
    assert diagnose(SUMMARY, answer) is None


@pytest.mark.parametrize(
    "finish_reason",
    [
        "length",
        "content_filter",
        "model_length",
        "MAX_TOKENS",
        "SAFETY",
        "RECITATION",
        "sensitive",
        "abort",
        "unheard of",
    ],
)
def test_an_answer_that_was_ended_in_the_middle_is_cut(finish_reason):
    assert diagnose(SUMMARY, Answer("Cats sleep and", finish_reason=finish_reason)) == "cut"
    assert diagnose(TOPIC, Answer("It is not Theory but", finish_reason=finish_reason), NAMES) == "cut"
    assert diagnose(SUMMARY, Answer("", finish_reason=finish_reason)) == "empty"


def test_an_answer_that_came_to_its_end_is_not_cut():
    for finish_reason in (None, "stop", "STOP", "eos", "eos_token", "end_turn", "stop_sequence", "complete"):
        assert diagnose(SUMMARY, Answer("Cats sleep.", finish_reason=finish_reason)) is None


def test_thinking_that_took_all_tokens_is_called_so():
    assert diagnose(SUMMARY, Answer("", finish_reason="thinking")) == "thinking"


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I cannot help with that.",
        "I\u2019m very sorry, I can't.",
        "  Sorry, I do not know this text.",
        "I cannot summarize this.",
        "I won't answer that.",
        "As an AI language model, I have no opinion.",
        "As a large language model I do not browse.",
        "Unfortunately, I cannot read the text.",
        "I don't have access to the document.",
        '"I am unable to comply."',
        "We are not able to answer.",
    ],
)
def test_an_answer_that_opens_with_a_refusal(answer):
    assert diagnose(SUMMARY, answer) == "refusal"


@pytest.mark.parametrize(
    "answer",
    [
        "The text says: I'm sorry, but I cannot help with that.",
        "A study of why people say sorry.",
        "Sorry states of cats in cities.",
        "As an airline, the company flies.",
        "I think it is about cats.",
        "Icannot is a product name.",
        "Unfortunately, cats sleep a lot.",
    ],
)
def test_words_of_refusal_in_a_text_about_them(answer):
    assert diagnose(SUMMARY, answer) is None


def test_the_instruction_repeated_is_an_echo():
    assert diagnose(SUMMARY, str(SUMMARY)) == "echo"
    assert diagnose(TOPIC, str(TOPIC), NAMES) == "echo"  # although it names all the classes
    shouted = "SURE! " + "\n".join(str(SUMMARY).upper().split())
    assert diagnose(SUMMARY, shouted) == "echo"


def test_the_text_repeated_is_no_echo():
    assert diagnose(SUMMARY, SUMMARY.values["text"]) is None
    assert diagnose(SUMMARY, "Summary: On cats.") is None  # a short literal of the template


def test_a_short_instruction_may_appear_by_chance():
    question = Question(Prompt("short", "Topic of this: {text}"), {"text": "x"})

    assert diagnose(question, "The topic of this: cats.") is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Theory, or else neural networks.", None),
        ("B", None),
        ("7", None),
        ("I would say 7.", None),
        ("Sociology.", "no_class"),
        ("42", "wordless"),
        ("I'm sorry, I cannot tell Theory from Neural Networks.", "refusal"),
    ],
)
def test_a_class_naming_answer_names_a_class(answer, reason):
    assert diagnose(TOPIC, answer, NAMES) == reason


def test_other_prompts_need_not_name_a_class():
    assert diagnose(SUMMARY, "Sociology.", NAMES) is None


def test_without_class_names_nothing_names_one():
    assert diagnose(TOPIC, "Theory.") == "no_class"


def test_every_reason_is_described():
    assert set(BAD_ANSWERS) == {"thinking", "empty", "wordless", "cut", "refusal", "echo", "no_class"}
    assert all(BAD_ANSWERS.values())
