"""One contract, held up to every back end that ships."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys

import pytest
from sklearn.base import clone

import skellagnn.enhancers
import skellagnn.llm.enhancers
from skellagnn.enhancers import (
    Answer,
    CallableEnhancer,
    Enhancer,
    OpenAIEnhancer,
    ReplayEnhancer,
    TransformersEnhancer,
    resolve_enhancer,
    unload_models,
)
from skellagnn.exceptions import InvalidParameterError
from skellagnn.prompts import Prompt, Question

KEYWORDS = Prompt("keywords", "Keywords of {text}", max_answer_tokens=4)
TEXTS = ["cats", "dogs and graphs, in a longer text", "mice", "", "猫"]
QUESTIONS = [Question(KEYWORDS, {"text": text}, (f"node {i}",)) for i, text in enumerate(TEXTS)]
RECORDS = [{"node": f"node {i}", "prompt": "keywords", "response": f"answer {i}"} for i in range(len(TEXTS))]


def shout(prompt):
    return prompt.upper()


def whisper(prompt):
    return prompt.lower()


class Row:
    """A back end, settings that change what it answers, and settings that do not."""

    def __init__(self, make, changing, harmless, can=lambda: None):
        self.make = make
        self.changing = changing
        self.harmless = harmless
        self.can = can


LOCAL = {
    "changing": [
        {"revision": "v2", "model": "a/b"},
        {"model": "a/b"},
        {"max_new_tokens": 3},
        {"max_new_tokens": 2},
        {"dtype": "bfloat16"},
        {"system_prompt": "Be brief."},
        {"generation_kwargs": {"repetition_penalty": 1.5}},
        {"model_kwargs": {"attn_implementation": "eager"}},
        {"chat_template_kwargs": {"enable_thinking": True}},
        {"context_window": 50},
        {"trust_remote_code": True},
        {"model_name": "mine"},
    ],
    "harmless": [{"batch_size": 2}, {"device": "cpu"}],
}
ROWS = {
    "CallableEnhancer": Row(
        lambda **_: CallableEnhancer(shout),
        [{"function": whisper}, {"function": {"a": "b"}}, {"model_name": "mine"}],
        [],
    ),
    "CallableEnhancer, a table": Row(
        lambda **_: CallableEnhancer({str(question): f"answer {i}" for i, question in enumerate(QUESTIONS)}),
        [{"function": {"a": "b"}}, {"model_name": "mine"}],
        [],
    ),
    "ReplayEnhancer": Row(
        lambda **_: ReplayEnhancer(RECORDS),
        [{"source": RECORDS[1:]}, {"model_name": "mine"}],
        [{"on_missing": "skip"}],
    ),
    "TransformersEnhancer, causal": Row(lambda tiny, **_: TransformersEnhancer(tiny["chat"], batch_size=4), **LOCAL),
    "TransformersEnhancer, seq2seq": Row(lambda tiny, **_: TransformersEnhancer(tiny["seq2seq"]), **LOCAL),
    "OpenAIEnhancer": Row(
        lambda server, **_: OpenAIEnhancer("m", base_url=server.url, api_key_env="SKELLAGNN_TEST_KEY"),
        [
            {"model": "n"},
            {"base_url": "http://localhost:8000/v1"},
            {"temperature": 0.5},
            {"temperature": None},
            {"seed": 1},
            {"max_tokens": 7},
            {"system_prompt": "Be brief."},
            {"extra_body": {"top_k": 1}},
            {"context_window": 4096},
            {"structured": False},
            {"model_name": "mine"},
        ],
        [
            {"api_key_env": "ANOTHER_VARIABLE"},
            {"max_concurrency": 2},
            {"requests_per_minute": 60000},
            {"tokens_per_minute": 10**8},
            {"max_retries": 1},
            {"timeout": 5.0},
            {"token_parameter": "max_completion_tokens"},
            {"batch": True},
            {"batch_poll": 1.0},
        ],
    ),
    "OpenAIEnhancer, batch": Row(
        lambda server, **_: OpenAIEnhancer(
            "m", base_url=server.url, api_key_env="SKELLAGNN_TEST_KEY", batch=True, batch_poll=0.0
        ),
        [{"seed": 1}],
        [{"batch": False}],
    ),
}


@pytest.fixture(params=ROWS)
def row(request):
    if "OpenAI" in request.param:
        pytest.importorskip("openai")
    return ROWS[request.param]


@pytest.fixture
def enhancer(row, tiny, server):
    yield row.make(tiny=tiny, server=server)
    unload_models()


def test_every_back_end_that_ships_is_in_the_table():
    shipped = [getattr(skellagnn.enhancers, name) for name in skellagnn.llm.enhancers.__all__]
    classes = {item.__name__ for item in shipped if isinstance(item, type) and hasattr(item, "complete")}
    # the first is the contract, the second a stand-in that answers nothing
    assert classes - {"Enhancer", "DetachedEnhancer"} == {name.split(",")[0] for name in ROWS}


def test_it_satisfies_the_protocol(enhancer):
    assert isinstance(enhancer, Enhancer)
    assert resolve_enhancer(enhancer) is enhancer
    assert isinstance(getattr(enhancer, "chunk_size", 1), int)


def test_its_name_is_a_stable_string(enhancer):
    name = enhancer.name
    assert type(name) is str
    assert name.isprintable()
    assert 0 < len(name) <= 250
    enhancer.complete(QUESTIONS)
    duplicates = [clone(enhancer), copy.deepcopy(enhancer), pickle.loads(pickle.dumps(enhancer))]
    assert [duplicate.name for duplicate in [enhancer, *duplicates]] == [name] * 4


def test_its_name_changes_with_what_changes_an_answer_and_with_nothing_else(enhancer, row):
    name = enhancer.name
    changed = [clone(enhancer).set_params(**settings).name for settings in row.changing]
    assert len({name, *changed}) == len(changed) + 1
    assert [clone(enhancer).set_params(**settings).name for settings in row.harmless] == [name] * len(row.harmless)


@pytest.mark.parametrize("kind", [CallableEnhancer, ReplayEnhancer, TransformersEnhancer, OpenAIEnhancer])
def test_each_parameter_is_known_to_change_answers_or_not_to(kind):
    rows = [row for name, row in ROWS.items() if name.split(",")[0] == kind.__name__]
    told = {parameter for row in rows for settings in [*row.changing, *row.harmless] for parameter in settings}
    assert told | {"batch_state"} >= set(kind._get_param_names())


def test_answers_keep_order_and_length(enhancer):
    answers = enhancer.complete(QUESTIONS)
    assert isinstance(answers, list)
    assert len(answers) == len(QUESTIONS)
    assert all(isinstance(answer, str) for answer in answers)
    assert len(set(answers)) > 1
    assert enhancer.complete(QUESTIONS[::-1]) == answers[::-1]
    picked = [3, 0, 0, 1, 3]
    assert enhancer.complete([QUESTIONS[i] for i in picked]) == [answers[i] for i in picked]
    assert enhancer.complete(tuple(QUESTIONS)) == answers


@pytest.mark.parametrize("prompts", [None, 5, [None], b"cats", [["cats"]]], ids=repr)
def test_what_are_no_prompts_is_refused(enhancer, prompts):
    with pytest.raises(InvalidParameterError, match="`prompts` must be a list of strings"):
        enhancer.complete(prompts)


@pytest.mark.parametrize("model_name", [set(), b"x", 5, " "], ids=repr)
def test_a_name_that_is_none_is_refused(enhancer, model_name):
    if "model_name" in enhancer.get_params():
        with pytest.raises(InvalidParameterError, match="`model_name` must be a non-empty string or None"):
            enhancer.set_params(model_name=model_name).complete(["cats"])


def test_no_prompts_get_no_answers(enhancer):
    assert enhancer.complete([]) == []


def test_an_equal_one_answers_equally(enhancer, row, tiny, server):
    answers = enhancer.complete(QUESTIONS)
    assert row.make(tiny=tiny, server=server).complete(QUESTIONS) == answers
    assert clone(enhancer).complete(QUESTIONS) == answers
    assert pickle.loads(pickle.dumps(enhancer)).complete(QUESTIONS) == answers


def test_settings_that_change_no_answer_change_none(enhancer, row, monkeypatch, key):
    monkeypatch.setenv("ANOTHER_VARIABLE", key)
    answers = enhancer.complete(QUESTIONS)
    for settings in row.harmless:
        if settings != {"batch_poll": 1.0}:
            settings = {**settings, **({"batch_poll": 0.0} if "batch" in settings else {})}
            assert clone(enhancer).set_params(**settings).complete(QUESTIONS) == answers


def test_answers_that_arrive_one_by_one_are_the_same(enhancer):
    answers = list(enumerate(enhancer.complete(QUESTIONS)))
    together = lambda questions: enumerate(enhancer.complete(questions))  # noqa: E731
    assert sorted(getattr(enhancer, "complete_iter", together)(QUESTIONS)) == answers


def test_using_it_leaves_nothing_on_it(enhancer, key):
    before = pickle.dumps(enhancer)
    parameters = enhancer.get_params()
    text = repr(enhancer)
    enhancer.complete(QUESTIONS)
    assert pickle.dumps(enhancer) == before
    assert vars(enhancer) == parameters == enhancer.get_params()
    assert repr(enhancer) == text
    assert len(before) < 3000
    assert key.encode() not in before
    assert key not in text


def test_its_parameters_are_stored_as_they_were_given(enhancer):
    parameters = enhancer.get_params(deep=False)
    rebuilt = type(enhancer)(**parameters)
    assert all(getattr(rebuilt, name) is value for name, value in parameters.items())


def test_answers_with_details_count_tokens(enhancer):
    for answer in enhancer.complete(QUESTIONS):
        if isinstance(answer, Answer) and not getattr(enhancer, "is_recording", False):
            assert answer.tokens_in is not None
            assert answer.tokens_out > 0
            assert answer.finish_reason in ("stop", "length")


def test_names_are_the_same_in_another_process(tiny):
    """Answers are found again by name: nothing in it may hang on hashing, order or memory."""
    script = (
        "import json, sys\n"
        "from skellagnn.enhancers import CallableEnhancer, OpenAIEnhancer, ReplayEnhancer, TransformersEnhancer\n"
        "folder, records = json.loads(sys.argv[1])\n"
        "odd = {'b': [1, 'x'], 'a': {'z', 'y', 'x'}, 'c': 2.5}\n"
        "print(json.dumps([CallableEnhancer({'a': 'b', 'c': 'd'}).name, ReplayEnhancer(records).name,\n"
        "    TransformersEnhancer(folder, model_kwargs=odd).name, OpenAIEnhancer('m', extra_body=odd).name]))\n"
    )
    command = [sys.executable, "-c", script, json.dumps([tiny["chat"], RECORDS])]
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    names = json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)
    odd = {"c": 2.5, "a": {"x", "y", "z"}, "b": [1, "x"]}
    assert names == [
        CallableEnhancer({"c": "d", "a": "b"}).name,
        ReplayEnhancer(RECORDS).name,
        TransformersEnhancer(tiny["chat"], model_kwargs=odd).name,
        OpenAIEnhancer("m", extra_body=odd).name,
    ]
