"""Refusals of all providers: their words, whom they concern, how long to wait. Bodies as providers send them."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skellagnn.llm.enhancers._failures import advised_wait, concerns_question, kind_of, seconds_in, used_up, words_of

NOW = datetime(2026, 10, 21, 7, 28, 0, tzinfo=timezone.utc)


def quota(metric, delay):
    """Gemini's body, as the client hands it over."""
    violation = {"quotaMetric": "generate_requests", "quotaId": metric}
    details = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
    ]
    message = "You exceeded your current quota, please check your plan and billing details."
    return [{"error": {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details}}]


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"message": "no", "type": "invalid_request_error", "code": "content_filter"}, "content_filter", "no"),
        ({"error": {"message": "no", "code": 400}}, "", "no"),
        ([{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}], "INVALID_ARGUMENT", "no"),
        ({"detail": "Not authenticated"}, "", "Not authenticated"),
        ({"detail": [{"loc": ["body"], "msg": "field required", "type": "missing"}]}, "missing", "body: field"),
        ({"error": "model 'x' not found"}, "", "model 'x' not found"),
        ("model 'x' not found", "", "model 'x' not found"),
        ({"error": "Input validation error", "error_type": "validation"}, "validation", "Input validation error"),
        ({"object": "error", "message": {"detail": [{"msg": "too long"}]}}, "", "too long"),
        ({"code": "DataInspectionFailed", "message": "Bad data"}, "DataInspectionFailed", "Bad data"),
        ({"message": "Provider returned error", "metadata": {"raw": '{"error": 1}'}}, "", '{"error": 1}'),
        ({"errors": [{"message": "a"}, {"message": "b"}]}, "", "a; b"),
        ("<html><head><title>502 Bad Gateway</title></head><body><h1>nginx &amp; co</h1></body></html>", "",
         "502 Bad Gateway nginx & co"),
        ("upstream\n  gone", "", "upstream gone"),
        ({"oops": 3}, "", '{"oops": 3}'),
        ({}, "", "as before"),
        ([], "", "as before"),
        (None, "", "as before"),
        ("", "", "as before"),
        ('{"error": {"message": "inside a text"}}', "", "inside a text"),
    ],
)  # fmt: skip
def test_the_servers_own_words_are_found_in_every_body(body, code, message):
    found = words_of(body, "as before")
    assert found[0] == code
    assert message in found[1]


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: (
    st.lists(inner) | st.dictionaries(st.sampled_from(["error", "message", "detail", "code", "x", "retryDelay"]), inner)
), max_leaves=12)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(JSON, st.text(max_size=60), st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-reset"]), st.text()))
def test_whatever_comes_is_read(body, message, headers):
    code, words = words_of(body, message)
    assert isinstance(code, str)
    assert isinstance(words, str)
    wait = advised_wait(headers, message, body)
    assert wait is None or wait >= 0
    used_up(429, code, words, body)


def test_a_body_that_is_too_deep_is_read_as_far_as_it_goes():
    body: object = "bottom"
    for _ in range(2000):
        body = {"error": body}
    assert words_of(body, "deep") == ("", "deep")
    assert words_of("[" * 100_000, "deep")[0] == ""


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (400, "invalid_request_error", "Content Exists Risk", "content refused"),  # DeepSeek
        (400, "data_inspection_failed", "Output data may contain inappropriate content.", "content refused"),
        (403, "", "Input flagged: violence", "content refused"),  # OpenRouter
        (400, "content_filter", "The response was filtered due to the prompt", "content refused"),  # Azure
        (400, "1301", "System detected potentially unsafe or sensitive content in input", "content refused"),
        (400, "", "The decoder prompt (length 9000) is longer than the maximum model length of 4096.", "too long"),
        (400, "INVALID_ARGUMENT", "The input token count (1200000) exceeds the maximum number", "too long"),
        (422, "validation", "inputs must have less than 4096 tokens. Given: 9 `input tokens`", "too long"),  # TGI
        (400, "context_length_exceeded", "This model's maximum context length is 8192 tokens", "too long"),
        (400, "exceed_context_size_error", "the request exceeds the available context size", "too long"),
        (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", "too long"),
        (429, "tokens", "Request too large for m on tokens per min: Limit 30000, Requested 40000. The input or output "
         "tokens must be reduced in order to run successfully.", "too long"),
        (413, "", "anything", "too long"),
        (400, "", "max_tokens is too large: 99999. This model's maximum context length is 4096 tokens", "HTTP 400"),
        (400, "", "Unsupported value: 'temperature'", "HTTP 400"),
        (401, "", "prohibited", "HTTP 401"),
        (429, "", "Rate limit reached", "rate limit"),
        (500, "", "oops", "HTTP 500"),
    ],
)  # fmt: skip
def test_it_is_known_whom_a_refusal_concerns(status, code, message, kind):
    assert kind_of(status, code, message) == kind
    assert concerns_question(status, code, message) == (kind in ("too long", "content refused"))


@pytest.mark.parametrize(
    ("status", "code", "message", "body", "allowance"),
    [
        (429, "insufficient_quota", "You exceeded your current quota", None, "money"),
        (402, "", "Insufficient Balance", None, "money"),
        (402, "", "This request requires more credits", None, "money"),
        (403, "", "Key limit exceeded (total limit)", None, "money"),
        (429, "", "Your credit balance is too low", None, "money"),
        (429, "", "Rate limit reached on requests per day (RPD): Limit 200. Please try again in 7m12s", None, "a day"),
        (429, "", "on tokens per day (TPD): Limit 100000, Used 99999. Please try again in 14m24s.", None, "a day"),
        (429, "", "Rate limit exceeded: free-models-per-day", None, "a day"),
        (429, "", "", quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "20s"), "a day"),
        (429, "", words_of(quota("x", "1s"))[1], quota("GenerateRequestsPerMinutePerProject", "36s"), None),
        (429, "", "Rate limit reached on tokens per min (TPM): Limit 30000. Please try again in 1.5s", None, None),
        (429, "", "Too Many Requests", None, None),
        (500, "", "billing service down", None, None),
        (400, "", "per day", None, None),
    ],
)
def test_an_allowance_that_is_used_up_is_told_from_a_limit_a_minute(status, code, message, body, allowance):
    assert used_up(status, code, message, body) == allowance


@pytest.mark.parametrize(
    ("headers", "message", "body", "seconds"),
    [
        ({}, "", None, None),
        ({"retry-after": "7"}, "", None, 7.0),
        ({"retry-after": "0.5"}, "", None, 0.5),
        ({"retry-after": "-3"}, "", None, 0.0),
        ({"retry-after": "36s"}, "", None, 36.0),
        ({"retry-after": "250ms"}, "", None, 0.25),
        ({"retry-after-ms": "250", "retry-after": "7"}, "", None, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, "", None, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT"}, "", None, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 -0000"}, "", None, 30.0),
        ({"retry-after": "2026-10-21T07:28:30Z"}, "", None, 30.0),
        ({"retry-after": "soon"}, "", None, None),
        ({"retry-after": "nan"}, "", None, None),
        ({"x-ratelimit-reset-requests": "36s"}, "", None, 36.0),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-reset-tokens": "120ms"}, "", None, 0.12),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-reset-tokens": "12ms",
          "x-ratelimit-remaining-requests": "0", "x-ratelimit-remaining-tokens": "90"}, "", None, 360.0),
        ({"anthropic-ratelimit-requests-reset": "2026-10-21T07:28:05Z",
          "anthropic-ratelimit-requests-remaining": "0"}, "", None, 5.0),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 9)}, "", None, 9.0),
        ({"X-RateLimit-Reset": str(1000 * int(NOW.timestamp()) + 9000)}, "", None, 9.0),
        ({"ratelimit-reset": "12"}, "", None, 12.0),
        ({}, "Rate limit reached ... Please try again in 35.870s. Visit https://x.y/z1 to learn more.", None, 35.87),
        ({}, "Please retry in 44.5s.", None, 44.5),
        ({}, "Please try again in 6m0s", None, 360.0),
        ({}, "Please try again in 120ms.", None, 0.12),
        ({}, "retry after 20 seconds", None, 20.0),
        ({}, "Try again in 1 minute and 5 seconds", None, 65.0),
        ({}, "Please wait 12 s before trying", None, 12.0),
        ({}, "Quota resets in 2h", None, 7200.0),
        ({}, "You may retry 3 times. Limit 60 requests per minute", None, None),
        ({}, "Limit: 15 per minute", None, None),
        ({}, "", quota("x", "36s"), 36.0),
        ({}, "", {"error": {"retry_after": 4}}, 4.0),
        ({}, "", {"retry_after_ms": 1500}, 1.5),
        ({"retry-after": "0"}, "try again in 35s", None, 35.0),
        ({"retry-after": "2", "x-ratelimit-reset-requests": "1h"}, "", None, 2.0),
    ],
)  # fmt: skip
def test_a_wait_is_read_in_all_its_forms(headers, message, body, seconds):
    found = advised_wait(headers, message, body, now=NOW)
    assert found is seconds if seconds is None else found == pytest.approx(seconds)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 5), st.integers(0, 59), st.integers(1, 59))
def test_a_length_of_time_is_the_sum_of_its_parts(hours, minutes, seconds):
    expected = 3600 * hours + 60 * minutes + seconds
    for text in (
        f"{hours}h{minutes}m{seconds}s",
        f"{hours} hours {minutes} minutes {seconds} seconds",
        f"{expected}",
        f"{expected}.0 s",
        f"{1000 * expected}ms",
    ):
        assert seconds_in(text) == pytest.approx(expected)
        assert advised_wait({}, f"Please try again in {text}.") == pytest.approx(expected)
        assert advised_wait({}, "", json.loads(json.dumps([{"retryDelay": text}]))) == pytest.approx(expected)
