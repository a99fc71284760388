"""Functions and tables as back ends."""

from __future__ import annotations

import os
import signal
from functools import partial

import pytest

from skellagnn.enhancers import CallableEnhancer
from skellagnn.exceptions import InvalidParameterError, MissingAnswerError
from skellagnn.prompts import Question


def shout(prompt):
    return prompt.upper()


class Shouter:
    def shout(self, prompt):
        return prompt.upper()

    def __call__(self, prompt):
        return prompt.upper()

    @classmethod
    def whisper(cls, prompt):
        return prompt.lower()


def test_a_function_gets_one_question_at_a_time(ask):
    seen = []
    enhancer = CallableEnhancer(lambda prompt: seen.append(prompt) or f"on {prompt.values['text']}", model_name="x")
    assert enhancer.complete([ask("cats"), ask("dogs")]) == ["on cats", "on dogs"]
    assert [type(prompt) for prompt in seen] == [Question, Question]


def test_a_function_may_have_no_answer():
    assert CallableEnhancer({"a": "b"}.get, model_name="x").complete(["a", "c"]) == ["b", None]


def test_a_table_is_looked_up_by_the_prompt(ask):
    table = {str(ask("cats")): "meow", "plain": "text"}
    assert CallableEnhancer(table).complete(["plain", ask("cats")]) == ["text", "meow"]


def test_answers_before_a_failure_arrive(ask):
    def fail_at_three(prompt):
        if prompt == "3":
            raise OSError("no more")
        return prompt

    arrived = []
    with pytest.raises(OSError, match="no more"):  # noqa: PT012
        for item in CallableEnhancer(fail_at_three, model_name="x").complete_iter(list("1234")):
            arrived.append(item)
    assert arrived == [(0, "1"), (1, "2")]


def test_missing_rows_of_a_table_are_counted():
    with pytest.raises(MissingAnswerError, match="got none to 2 of 3 prompts, the first being 'cats'"):
        CallableEnhancer({"dogs": "woof"}).complete(["cats", "dogs", "mice"])


def test_names_come_from_the_function_or_the_table():
    assert CallableEnhancer(shout).name.endswith("test_callable.shout")
    assert CallableEnhancer(shout).name.startswith("callable:")
    assert CallableEnhancer(Shouter.whisper).name.endswith("Shouter.whisper")
    assert CallableEnhancer(shout, model_name="mine").name == "mine"
    assert CallableEnhancer({"a": "1", "b": "2"}).name == CallableEnhancer({"b": "2", "a": "1"}).name
    assert CallableEnhancer({"a": "1"}).name != CallableEnhancer({"a": "2"}).name


def make_closure(word):
    return lambda prompt: f"{word} {prompt}"


def make_named_closure(word):
    def answer(prompt):
        return f"{word} {prompt}"

    return answer


@pytest.mark.parametrize(
    "function",
    [lambda prompt: prompt, make_named_closure("a"), Shouter(), Shouter().shout, partial(shout)],
    ids=["lambda", "closure", "object", "method", "partial"],
)
def test_what_has_no_telling_name_must_be_given_one(function):
    with pytest.raises(InvalidParameterError, match="`model_name` of a CallableEnhancer must be given"):
        CallableEnhancer(function).name  # noqa: B018
    assert CallableEnhancer(function, model_name="mine").name == "mine"


@pytest.mark.parametrize("function", ["shout", None, ["a"]])
def test_what_is_neither_function_nor_table_is_named(function):
    enhancer = CallableEnhancer(function)
    with pytest.raises(
        InvalidParameterError, match="`function` of a CallableEnhancer must be a function of one prompt"
    ):
        enhancer.complete(["cats"])
    with pytest.raises(InvalidParameterError, match=f"got {type(function).__name__}"):
        enhancer.name  # noqa: B018


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for one process")
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_waits_for_the_answer_in_flight_and_a_second_one_does_not(times):
    def ask(prompt):
        if prompt == "2":
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        return prompt

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what is started in the background
    arrived = []
    try:
        with pytest.raises(KeyboardInterrupt):
            arrived.extend(CallableEnhancer(ask, model_name="x").complete_iter("1234"))
    finally:
        signal.signal(signal.SIGINT, before)
    assert [answer for _, answer in arrived] == (["1", "2"] if times == 1 else ["1"])
