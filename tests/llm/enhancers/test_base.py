"""The contract itself: what an enhancer is, and an answer that says what it cost."""

from __future__ import annotations

import copy
import pickle

import pytest

from skellagnn.enhancers import Answer, Enhancer
from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.enhancers._naming import answer_limit, describe_settings
from skellagnn.prompts import Prompt, Question

DETAILS = {
    "finish_reason": "length",
    "tokens_in": 9,
    "tokens_out": 4,
    "seconds": 0.5,
    "confidence": 0.75,
    "snapshot": "small-2024-07-18",
}


def test_two_members_make_an_enhancer():
    class Echo:
        name = "echo"

        def complete(self, prompts):
            return list(prompts)

    class Mute:
        name = "mute"

    assert isinstance(Echo(), Enhancer)
    assert not isinstance(Mute(), Enhancer)


def test_an_answer_is_a_string_with_details():
    answer = Answer("cat, dog", **DETAILS)
    assert answer == "cat, dog"
    assert vars(answer) == DETAILS
    assert vars(Answer("cat")) == dict.fromkeys(DETAILS)


@pytest.mark.parametrize("confidence", [-0.1, 1.01, 96, float("nan"), "0.5"])
def test_a_confidence_is_a_number_from_0_to_1(confidence):
    with pytest.raises(InvalidParameterError, match="`confidence` of an answer must be"):
        Answer("cat", confidence=confidence)


@pytest.mark.parametrize(
    "details",
    [
        {name: value}
        for name in ("tokens_in", "tokens_out", "seconds")
        for value in ("7", -1, float("nan"), float("inf"), True, 10**30)
    ]
    + [{name: value} for name in ("finish_reason", "snapshot") for value in (["x"], 7, b"x")],
)
def test_other_details_are_amounts_and_texts(details):
    with pytest.raises(InvalidParameterError, match=f"`{next(iter(details))}` of an answer must be None or a"):
        Answer("cat", **details)


@pytest.mark.parametrize("text", [None, 5, b"cat"])
def test_an_answer_is_made_of_text(text):
    with pytest.raises(InvalidParameterError, match="`text` of an answer must be a str"):
        Answer(text)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda answer: pickle.loads(pickle.dumps(answer))])
def test_an_answer_keeps_its_details_when_copied(duplicate):
    answer = duplicate(Answer("cat", **DETAILS))
    assert (answer, vars(answer)) == ("cat", DETAILS)


def test_settings_are_described_the_same_in_any_order():
    assert describe_settings({"b": 1, "a": "x", "c": None}) == describe_settings({"a": "x", "b": 1}) == '[a="x",b=1]'
    assert describe_settings({"a": {"y": 1, "x": 2}}) == describe_settings({"a": {"x": 2, "y": 1}})
    assert describe_settings({"a": {"x", "y"}}) == describe_settings({"a": {"y", "x"}})
    assert describe_settings({"a": None}) == describe_settings({}) == ""


def test_settings_that_differ_are_described_differently():
    values = [0, 1, True, 1.0, "1", "x" * 99, "x" * 98, [1], {"x": 1}, {"x": 2}, {1, 2}]
    described = [describe_settings({"a": value}) for value in values]
    assert len(set(described)) == len(values)
    assert max(map(len, described)) < 40


def test_the_length_of_an_answer_is_the_enhancers_or_the_prompts():
    question = Question(Prompt("p", "{text}", max_answer_tokens=7), {"text": "cats"})
    assert (answer_limit(question, None), answer_limit(question, 3)) == (7, 3)
    assert answer_limit("cats", None) == Prompt("p", "{text}").max_answer_tokens
