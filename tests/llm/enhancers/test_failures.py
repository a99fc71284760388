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


def test_points_in_time_are_those_of_the_servers_clock():
    headers = {"date": "Mon, 02 Jun 2025 10:00:00 GMT", "retry-after": "Mon, 02 Jun 2025 10:00:30 GMT"}
    assert advised_wait(headers) == 30.0
    assert advised_wait({"Date": "soon", "retry-after": "4"}) == 4.0


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


@pytest.mark.parametrize(
    ("headers", "message", "body", "seconds"),
    [
        ({"retry-after": "30 seconds"}, "", None, 30.0),
        ({"retry-after": "PT30S"}, "", None, 30.0),
        ({"retry-after": "1m"}, "", None, 60.0),
        ({"retry-after": "00:00:30"}, "", None, 30.0),
        ({"retry-after": ""}, "", None, None),
        ({"retry-after": "30,5"}, "", None, None),
        ({"retry-after": "30; foo"}, "", None, 30.0),
        ({"Retry-After": "7"}, "", None, 7.0),
        ({"x-ratelimit-reset-after": "12.5"}, "", None, 12.5),
        ({"x-rate-limit-reset": "12"}, "", None, 12.0),
        ({"x-ratelimit-retry-after": "12"}, "", None, 12.0),
        ({"x-retry-after": "12"}, "", None, 12.0),
        ({"retry-after-seconds": "12"}, "", None, 12.0),
        ({"RateLimit": "limit=100, remaining=0, reset=12"}, "", None, 12.0),
        ({"ratelimit": '"default";r=0;t=12'}, "", None, 12.0),
        ({"x-ms-retry-after-ms": "1200"}, "", None, 1.2),
        ({}, "Rate limit exceeded, please retry in 7 seconds.", None, 7.0),
        ({}, "Please retry your request after 8s.", None, 8.0),
        ({}, "Retry in 5 minutes", None, 300.0),
        ({}, "Please wait 1 minute.", None, 60.0),
        ({}, "Please wait a minute and try again", None, 60.0),
        ({}, "Try again after 10 sec.", None, 10.0),
        ({}, "Please slow down. Retry-After: 9", None, 9.0),
        ({}, "You can make another request in 14 seconds", None, 14.0),
        ({}, "Try again in 2 mins 3 secs", None, 123.0),
        ({}, "Try again in 0.5 s", None, 0.5),
        ({}, "Next available in 20s", None, 20.0),
        ({}, "Time until reset: 33s", None, 33.0),
        ({}, "expected wait: 18.2 seconds", None, 18.2),
        ({}, "estimated_time: 20.0", None, None),
        ({}, "Limit resets at 2026-10-21T07:28:40Z", None, 40.0),
        ({}, "请在 20 秒后重试", None, 20.0),
        ({}, "请求过于频繁，请20秒后再试", None, 20.0),
        ({}, "Please try again in 1h2m3s", None, 3723.0),
        ({}, "Please try again in 35,870 ms", None, 35.87),
        ({}, "model is loading, estimated time 20 seconds", None, None),
        ({}, "", {"error": {"details": [{"retryDelay": "36.5s"}]}}, 36.5),
        ({}, "", {"error": {"metadata": {"headers": {"X-RateLimit-Reset": "1792567689000"}}}}, 9.0),
        ({}, "", {"parameters": {"retry_after": 5}}, 5.0),
        ({}, "", {"error": {"retryAfterSeconds": 5}}, 5.0),
        ({}, "", {"retry_after": "5 seconds"}, 5.0),
        ({}, "", {"retryAfterMs": 1500}, 1.5),
        ({}, "", {"estimated_time": 20.0, "error": "Model x is currently loading"}, 20.0),
        ({}, "", {"wait_seconds": 5}, 5.0),
        ({}, "", {"retryDelay": {"seconds": 36}}, 36.0),
        ({}, "", {"error": {"metadata": {"retry_after_seconds": 5}}}, 5.0),
        (
            {
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-reset-tokens": "50s",
                "x-ratelimit-remaining-requests": "5",
                "x-ratelimit-remaining-tokens": "0",
            },
            "",
            None,
            50.0,
        ),
        (
            {
                "anthropic-ratelimit-input-tokens-reset": "2026-10-21T07:28:35Z",
                "anthropic-ratelimit-input-tokens-remaining": "0",
            },
            "",
            None,
            35.0,
        ),
        ({"x-ratelimit-limit-requests": "60"}, "", None, None),
        ({}, "Rate limit: 60 requests per 1 minute. Used 60.", None, None),
        ({}, "You have sent 20 requests in 60 seconds", None, None),
        ({"retry-after": "60"}, "Rate limit, try again in 2s", None, 60.0),
        ({"Retry-After-Ms": "500", "Retry-After": "1"}, "", None, 0.5),
        ({"x-amzn-retry-after": "3"}, "", None, 3.0),
        ({"retry-after": "3,7"}, "", None, None),
        ({"retry-after": "1e3"}, "", None, 1000.0),
        ({}, "Please try again in 6ms.", None, 0.006),
        ({}, "Try again in 1h.", None, 3600.0),
        ({}, "Retry in 90 secs.", None, 90.0),
        ({}, "please retry after 12.5 sec", None, 12.5),
        ({}, "Try again in a few seconds.", None, None),
        ({}, "try again later", None, None),
        ({}, "Please retry in 1min30s", None, 90.0),
        ({}, "back off for 4 seconds", None, 4.0),
        ({}, "wait: 3s", None, 3.0),
        ({}, "Limit 10, Used 10, Requested 1. Please try again in 6s.", None, 6.0),
        ({}, "Try again at 2026-10-21 07:28:20 UTC", None, 20.0),
        ({}, "Resets on Wed, 21 Oct 2026 07:28:30 GMT", None, None),
        ({}, "quota will reset after 46s.", None, 46.0),
        ({}, "Your quota will reset after 1h2m", None, 3720.0),
        ({}, "Bitte versuchen Sie es in 20 Sekunden erneut", None, 20.0),
        ({}, "Réessayez dans 20 secondes", None, 20.0),
        ({}, "20 秒後に再試行してください", None, 20.0),
        ({}, "请在1分钟后重试", None, 60.0),
        ({}, "", {"error": {"code": 429, "retry_after": "0.7"}}, 0.7),
        ({}, "", {"details": [{"metadata": {"quotaResetDelay": "46s"}}]}, 46.0),
        ({}, "", {"retryInfo": {"retryDelay": "3.2s"}}, 3.2),
        ({}, "", {"error": {"reset_in": 5}}, 5.0),
        ({}, "", {"wait": "abc"}, None),
        ({}, "", {"resets_in_seconds": 7}, 7.0),
        ({}, "", {"seconds_until_reset": 7}, 7.0),
    ],
)
def test_a_wait_in_the_words_of_other_servers(headers, message, body, seconds):
    found = advised_wait(headers, message, body, now=NOW)
    assert found is seconds if seconds is None else found == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (400, "", "Your prompt was rejected by our safety system", "content refused"),
        (400, "", "The request was blocked due to harmful content", "content refused"),
        (400, "ResponsibleAIPolicyViolation", "filtered", "content refused"),
        (400, "sensitive_words_detected", "x", "content refused"),
        (400, "", "Input contains prohibited words", "content refused"),
        (400, "1026", "input new_sensitive", "content refused"),
        (403, "", "Blocked by content policy", "content refused"),
        (400, "", "输入内容包含敏感信息", "content refused"),
        (400, "", "Input data may contain inappropriate content", "content refused"),
        (400, "", "This content may violate our usage guidelines", "content refused"),
        (451, "", "Unavailable for legal reasons", "HTTP 451"),
        (400, "", "Requested tokens (9000) exceed context window of 4096", "too long"),
        (400, "", "This model's maximum prompt length is 131072 but the request contains 200000 tokens", "too long"),
        (400, "", "prompt token count of 9000 exceeds the limit of 4096", "too long"),
        (400, "", "Input is too long for requested model.", "too long"),
        (400, "", "the input length exceeds the context length", "too long"),
        (500, "", "context size exceeded", "too long"),
        (400, "", "too many tokens: size limit exceeded by 900 tokens", "too long"),
        (400, "", "Please reduce the length of the messages", "too long"),
        (400, "", "Prompt exceeds max length", "too long"),
        (400, "", "Range of input length should be [1, 6000]", "too long"),
        (400, "", "inputs tokens + max_new_tokens must be <= 4096", "too long"),
        (422, "", "String should have at most 32000 characters", "too long"),
        (400, "", "Payload size exceeds the limit", "too long"),
        (400, "", "Unsupported parameter: 'max_tokens'", "HTTP 400"),
        (400, "", "model not found", "HTTP 400"),
        (429, "rate_limit_exceeded", "Too many requests", "rate limit"),
        (503, "", "overloaded", "HTTP 503"),
        (401, "", "Incorrect API key provided", "HTTP 401"),
        (
            429,
            "",
            "Request too large for gpt-4o in organization org on tokens per min (TPM): Limit 30000, Requested 31000.",
            "too long",
        ),
        (400, "", "max_tokens must be at most 4096", "HTTP 400"),
        (400, "", "max_completion_tokens is too large: 100000. This model supports at most 16384", "HTTP 400"),
        (400, "", "The prompt contains disallowed content", "content refused"),
        (400, "", "Your request contains inappropriate words", "content refused"),
        (400, "", "Request blocked by guardrail", "content refused"),
        (400, "content_policy_violation", "x", "content refused"),
        (400, "", "NSFW content detected", "content refused"),
        (400, "", "input contains unsafe text", "content refused"),
        (400, "", "Sorry, the request violates Terms of Service", "content refused"),
        (400, "", "risk control: request rejected", "HTTP 400"),
        (400, "", "内容违反政策", "content refused"),
        (422, "", "hate speech detected", "HTTP 422"),
        (400, "", "Token limit exceeded: 9000 > 8192", "too long"),
        (400, "", "Request exceeds token limit", "too long"),
        (400, "", "context window exceeded", "too long"),
        (400, "", "Input exceeds maximum number of tokens", "too long"),
        (400, "", "maximum sequence length is 2048", "too long"),
        (400, "", "Your input exceeds the model's limit", "too long"),
        (400, "", "sequence too long", "too long"),
        (400, "", "The message you submitted was too long", "too long"),
        (400, "", "n_ctx exceeded: prompt has 5000 tokens", "too long"),
        (413, "", "Request Entity Too Large", "too long"),
        (400, "", "Requested token count exceeds the model's maximum context length", "too long"),
        (400, "", "输入长度超过限制", "too long"),
        (400, "", "Unrecognized request argument: seed", "HTTP 400"),
        (400, "", "Invalid value for temperature", "HTTP 400"),
        (400, "", "max_tokens too large: 5000; must be at most 4096", "HTTP 400"),
        (404, "", "The model `x` does not exist", "HTTP 404"),
        (400, "", "logprobs not supported", "HTTP 400"),
        (401, "", "invalid token", "HTTP 401"),
        (403, "", "Country not supported", "HTTP 403"),
        (400, "", "invalid JSON body", "HTTP 400"),
    ],
)
def test_whom_a_refusal_concerns_in_the_words_of_other_servers(status, code, message, kind):
    assert kind_of(status, code, message) == kind


@pytest.mark.parametrize(
    ("status", "code", "message", "allowance"),
    [
        (429, "insufficient_quota", "x", "money"),
        (402, "", "", "money"),
        (429, "", "You have reached your daily limit", "a day"),
        (429, "", "Daily request limit reached", "a day"),
        (429, "", "quota exceeded for the month", "a day"),
        (429, "", "You've reached your usage limit for the day", "a day"),
        (403, "", "Your account is out of credit", "money"),
        (429, "1113", "账户已欠费", "money"),
        (429, "", "余额不足", "money"),
        (403, "", "Arrearage", "money"),
        (429, "", "RPD limit", "a day"),
        (429, "", "requests per 24 hours", "a day"),
        (429, "", "Requests limited to 50 per day", "a day"),
        (429, "", "Limit: 20 requests / day", "a day"),
        (429, "", "Rate limit reached for requests per min", None),
        (429, "", "Slow down", None),
        (429, "", "Please add a payment method", "money"),
        (429, "", "Monthly quota reached", "a day"),
        (403, "", "Budget has been exceeded! Current cost: 10, Max budget: 10", "money"),
        (429, "", "ExceededBudget: User over budget", "money"),
        (400, "", "ExceededBudget", "money"),
        (400, "Arrearage", "Access denied, please make sure your account is in good standing.", "money"),
        (400, "", "Your credit balance is too low to access the API.", "money"),
        (403, "AllocationQuota.FreeTierOnly", "The free tier of the model has been exhausted.", "money"),
        (429, "", "You are using a trial key, which is limited to 1000 calls / month.", "a day"),
        (403, "", "spending cap reached", "money"),
        (429, "", "engine overloaded, try again later", None),
    ],
)
def test_an_allowance_in_the_words_of_other_servers(status, code, message, allowance):
    assert used_up(status, code, message) == allowance


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "", "type": "x", "code": "y"}}, ("y", "otherwise")),
        (
            {
                "error": {
                    "innererror": {"code": "ResponsibleAIPolicyViolation"},
                    "code": "content_filter",
                    "message": "filtered",
                }
            },
            ("content_filter", "filtered"),
        ),
        ({"status": "error", "message": "bad"}, ("", "bad")),
        ({"statusCode": 429, "message": "Rate limit"}, ("", "Rate limit")),
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            ("overloaded_error", "Overloaded"),
        ),
        ({"success": False, "errors": [{"code": 7009, "message": "Unknown"}]}, ("", "Unknown")),
        ({"errorMessage": "boom"}, ("", '{"errorMessage": "boom"}')),
        ({"Message": "boom"}, ("", '{"Message": "boom"}')),
        ({"error": {"status_code": 400, "error": "inner"}}, ("", "inner")),
        ({"fault": {"faultstring": "quota"}}, ("", '{"fault": {"faultstring": "quota"}}')),
        (
            {"base_resp": {"status_code": 1004, "status_msg": "login fail"}},
            ("", '{"base_resp": {"status_code": 1004, "status_msg": "login fail"}}'),
        ),
        ({"error": True, "message": "hot"}, ("", "hot")),
        ({"error": {"message": {"a": 1}}}, ("", '{"a": 1}')),
        (
            "<!DOCTYPE html><html><head><style>a{}</style>"
            "<title>Just a moment...</title></head><body>Cloudflare</body></html>",
            ("", "Just a moment... Cloudflare"),
        ),
        ("<HTML><BODY><PRE>Forbidden</PRE></BODY></HTML>", ("", "Forbidden")),
        (
            "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
            ("", "AccessDenied Access Denied"),
        ),
        ("error code: 1015", ("", "error code: 1015")),
        (b"bytes", ("", "b'bytes'")),
        (["a", "b"], ("", "a; b")),
        ('"quoted"', ("", '"quoted"')),
        ({"detail": {"error": "x", "reason": "why"}}, ("", "x")),
    ],
)
def test_the_words_of_other_bodies(body, words):
    assert words_of(body, "otherwise") == words
