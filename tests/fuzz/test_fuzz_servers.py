"""Whatever a server answers and a file of answers holds: an answer, or an error of this package."""

from __future__ import annotations

import gzip
import json
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skellagnn.enhancers import Answer, ReplayEnhancer
from skellagnn.exceptions import SkellagnnError
from skellagnn.llm.enhancers._failures import advised_wait, concerns_question, kind_of, seconds_in, used_up, words_of
from skellagnn.llm.enhancers._replies import BadReply, read_reply
from skellagnn.llm.enhancers._structured import read_choice
from skellagnn.llm.store import ResponseStore
from skellagnn.prompts import Prompt, Question

NAMES = ("Theory", "Neural Networks")
KEYS = [
    *("error", "message", "choices", "content", "detail", "msg", "code", "type", "status", "usage", "prompt_tokens"),
    *("completion_tokens", "finish_reason", "logprobs", "token", "logprob", "text", "refusal", "reasoning_content"),
    *(
        "completion_tokens_details",
        "reasoning_tokens",
        "metadata",
        "raw",
        "loc",
        "retryDelay",
        "retry_after_ms",
        "model",
    ),
    *("first_choice", "second_choice", "reason", "model_name", "prompt", "response", "node", "confidence", "answer"),
    *("digest", "prompt_key", "created", "snapshot", "tokens_in", "seconds"),
]
TEXTS = [
    *("try again in 35.8s", "retry after 1m2s", "content_filter", "per day", "insufficient_quota", "stop", "length"),
    *(
        "<think>",
        "</think>",
        '{"first_choice": "Theory"',
        "<html><p>busy</p>",
        "2026-01-01T00:00:00Z",
        "Theory",
        "1e999",
    ),
    *(
        "36s",
        "120ms",
        "Wed, 21 Oct 2026 07:28:00 GMT",
        "9" * 5000,
        "0",
        "-1",
        "nan",
        "inf",
        "\ud800",
        "\0",
        "a:1",
        "topic",
    ),
]
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(TEXTS) | st.text(max_size=8)
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)
messages = st.fixed_dictionaries({}, optional={"content": values, "refusal": values, "reasoning_content": values})
choices = st.fixed_dictionaries({}, optional={"message": messages, "finish_reason": values, "logprobs": values})
replies = values | st.fixed_dictionaries(
    {"choices": st.lists(choices | values, max_size=2)}, optional={"usage": values, "error": values, "model": values}
)
HEADERS = ["retry-after", "retry-after-ms", "x-ratelimit-reset-requests", "x-ratelimit-remaining-requests", "date"]


def read(reply):
    try:
        answer = read_reply(reply)
    except BadReply:
        return
    assert isinstance(answer, Answer)
    assert all(count is None or count >= 0 for count in (answer.tokens_in, answer.tokens_out))
    chosen, is_structured = read_choice(answer, reply, NAMES)
    assert chosen.confidence is None or 0 <= chosen.confidence <= 1
    assert not is_structured or chosen.startswith(NAMES)


def refuse(status, body, headers):
    code, message = words_of(body, "otherwise")
    assert len(message) <= 2000
    assert isinstance(code, str)
    assert message
    assert isinstance(concerns_question(status, code, message), bool)
    assert kind_of(status, code, message)
    assert used_up(status, code, message, body) in (None, "a day", "money")
    for wait in (advised_wait(headers, message, body), seconds_in(message)):
        assert wait is None or (wait >= 0 and not math.isnan(wait))


def lines_of(records, damage):
    content = "\n".join(json.dumps(record) for record in records).encode("utf-8", "surrogatepass")
    place, byte = damage
    return content[:place] + bytes([byte]) + content[place + 1 :] if place < len(content) else content


def merge(store, folder, records, damage, is_packed):
    content = lines_of(records, damage)
    path = Path(folder) / ("answers.jsonl.gz" if is_packed else "answers.jsonl")
    path.write_bytes(gzip.compress(content) if is_packed else content)
    before = sum(row.answers for row in store.stats())
    try:
        n_new = store.merge(path)
    except SkellagnnError:
        assert sum(row.answers for row in store.stats()) >= before
    else:
        assert sum(row.answers for row in store.stats()) == before + n_new
    question = Question(Prompt("topic", "{text}"), {"text": "a"}, ("a",))
    try:
        answers = ReplayEnhancer(path, on_missing="skip").complete([question])
    except SkellagnnError:
        return
    assert answers == [None] or isinstance(answers[0], Answer)


records = st.lists(
    values
    | st.fixed_dictionaries(
        {"model": plain, "prompt_key": plain, "digest": plain, "answer": plain, "created": plain},
        optional=dict.fromkeys(("tokens_in", "seconds", "confidence", "snapshot", "finish_reason"), plain),
    )
    | st.fixed_dictionaries(
        {"prompt": plain, "response": plain}, optional={"node": plain, "text": plain, "confidence": plain}
    ),
    max_size=4,
)


def check_files(n_examples):
    with tempfile.TemporaryDirectory() as folder:
        store = ResponseStore(Path(folder) / "store.sqlite")

        @settings(max_examples=n_examples, deadline=None, database=None)
        @given(records, st.tuples(st.integers(0, 400), st.integers(0, 255)), st.booleans())
        def check(found, damage, is_packed):
            merge(store, folder, found, damage, is_packed)

        try:
            check()
        finally:
            store.close()


CHECKS = {
    "replies": given(replies)(read),
    "refusals": given(
        st.integers(400, 599),
        values | st.text(max_size=60),
        st.dictionaries(st.sampled_from(HEADERS), st.sampled_from(TEXTS)),
    )(refuse),
}


@pytest.mark.parametrize("check", CHECKS)
def test_for_a_moment(check):
    settings(max_examples=200, deadline=None, database=None)(CHECKS[check])()


def test_files_of_answers_for_a_moment():
    check_files(60)


@pytest.mark.fuzz
@pytest.mark.parametrize("check", CHECKS)
def test_at_length(check):
    settings(max_examples=50_000, deadline=None, database=None)(CHECKS[check])()


@pytest.mark.fuzz
def test_files_of_answers_at_length():
    check_files(5_000)
