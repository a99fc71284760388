"""What may stand for an enhancer."""

from __future__ import annotations

from pathlib import Path

import pytest

from skellagnn.enhancers import (
    CallableEnhancer,
    OpenAIEnhancer,
    ReplayEnhancer,
    TransformersEnhancer,
    resolve_enhancer,
)
from skellagnn.exceptions import InvalidParameterError


@pytest.mark.parametrize(
    ("text", "kind", "model", "url"),
    [
        ("hf:Qwen/Qwen3-0.6B", TransformersEnhancer, "Qwen/Qwen3-0.6B", None),
        ("hf:/models/mine", TransformersEnhancer, "/models/mine", None),
        ("openai:gpt-4o-mini", OpenAIEnhancer, "gpt-4o-mini", None),
        ("ollama:qwen3:8b", OpenAIEnhancer, "qwen3:8b", "http://localhost:11434/v1"),
        ("vllm:Qwen/Qwen3-8B", OpenAIEnhancer, "Qwen/Qwen3-8B", "http://localhost:8000/v1"),
        ("hf: a/b ", TransformersEnhancer, "a/b", None),
    ],
)
def test_a_shorthand_is_an_object(text, kind, model, url):
    enhancer = resolve_enhancer(text)
    assert type(enhancer) is kind
    assert enhancer.model == model
    assert getattr(enhancer, "base_url", None) == url
    if url is not None:
        assert enhancer.api_key_env is None


def test_models_that_think_get_room_for_it_and_no_temperature():
    for name in ("gpt-5-mini", "o3", "o4-mini"):
        enhancer = resolve_enhancer(f"openai:{name}")
        assert (enhancer.temperature, enhancer.token_parameter) == (None, "max_completion_tokens")
        assert enhancer.max_tokens >= 1000
    for name in ("gpt-4o", "gpt-5-chat-latest", "omni-moderation"):
        assert resolve_enhancer(f"openai:{name}").temperature == 0.0


class Odd:
    name = "odd"

    def complete(self, prompts):
        return list(prompts)


class Nameless:
    @property
    def name(self):
        raise RuntimeError("not now")

    def complete(self, prompts):
        return list(prompts)


@pytest.mark.parametrize("value", [Odd(), Nameless(), CallableEnhancer(str.upper), ReplayEnhancer([])])
def test_an_enhancer_is_returned_as_it_is(value):
    assert resolve_enhancer(value) is value


def test_none_is_none():
    assert resolve_enhancer(None) is None


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("hff:a/b", r"'hf:NAME', 'openai:NAME', 'ollama:NAME', 'vllm:NAME', or an object, got 'hff:a/b'\. .*'hf'\?"),
        ("openia:gpt-4o", r"got 'openia:gpt-4o'\. Did you mean 'openai'\?"),
        ("HF:a/b", r"Did you mean 'hf'\?"),
        ("quux:a", "Pass an object for any other back end"),
        ("Qwen/Qwen3-0.6B", "'hf:Qwen/Qwen3-0.6B' is one on this machine"),
        ("hf:", "Name the model: 'hf:NAME'"),
        ("", "got ''"),
        (lambda prompt: prompt, r"got function\. Wrap a function of one prompt: CallableEnhancer\(function"),
        ({"a": "b"}, r"got dict\. Wrap a table of answers: CallableEnhancer\(table"),
        ([{"node": "a"}], r"got list\. Recorded answers are read by ReplayEnhancer\(source\)"),
        (Path("answers.jsonl"), r"Recorded answers are read by ReplayEnhancer\(source\)"),
        (OpenAIEnhancer, r"got the class OpenAIEnhancer\. Make one: OpenAIEnhancer\(\.\.\.\)"),
        (5, r"got int\. Give it `name` and `complete`"),
        (type("Half", (), {"name": "x"})(), r"got Half\. Give it `complete`"),
        (type("Half", (), {"complete": print})(), r"got Half\. Give it `name`"),
        (type("Half", (), {"complete": 3, "name": "x"})(), r"got Half\. Give it a callable `complete`"),
    ],
)
def test_anything_else_is_told_what_to_write(value, sentence):
    with pytest.raises(InvalidParameterError, match=f"^`enhancer` must be .*{sentence}"):
        resolve_enhancer(value)
