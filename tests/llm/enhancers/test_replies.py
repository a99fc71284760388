"""Bodies of chat completions in the forms of other servers: an answer with its fault, or a reply that is none."""

from __future__ import annotations

import pytest

from skellagnn.llm.answers import diagnose
from skellagnn.llm.enhancers._replies import BadReply, read_reply
from skellagnn.prompts import BUILTIN_PROMPTS, Question

SUMMARY = Question(BUILTIN_PROMPTS["summary"], {"text": "On cats and how they sleep."})


def reply(finish="stop", content="Cats sleep."):
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content}}
    return {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 4}, "model": "m"}


def read(body):
    try:
        return diagnose(SUMMARY, read_reply(body))
    except BadReply as error:
        return ("no answer", error.status_code)


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", None),
        ("STOP", None),
        ("eos", None),
        ("eos_token", None),
        ("end_turn", None),
        ("stop_sequence", None),
        (None, None),
        ("COMPLETE", None),
        ("END_TURN", None),
        ("EOS", None),
        ("FINISH_REASON_STOP", None),
        ("completed", None),
        ("stop_token", None),
        ("stop_str", None),
        ("end", None),
        ("finished", None),
        ("done", None),
        ("normal", None),
        ("eosFound", None),
        ("stopStringFound", None),
        ("endoftext", None),
        ("", None),
        ("length", "cut"),
        ("LENGTH", "cut"),
        ("max_tokens", "cut"),
        ("MAX_TOKENS", "cut"),
        ("model_length", "cut"),
        ("max_output_tokens", "cut"),
        ("max_new_tokens", "cut"),
        ("content_filter", "cut"),
        ("content-filter", "cut"),
        ("ContentFilter", "cut"),
        ("SAFETY", "cut"),
        ("PROHIBITED_CONTENT", "cut"),
        ("BLOCKLIST", "cut"),
        ("SPII", "cut"),
        ("RECITATION", "cut"),
        ("OTHER", "cut"),
        ("LANGUAGE", "cut"),
        ("sensitive", "cut"),
        ("ERROR_TOXIC", "cut"),
        ("ERROR_LIMIT", "cut"),
        ("USER_CANCEL", "cut"),
        ("context_length_exceeded", "cut"),
        ("model_context_window_exceeded", "cut"),
        ("tool_calls", "cut"),
        ("function_call", "cut"),
        ("pause_turn", "cut"),
        ("incomplete", "cut"),
        ("repetition", "cut"),
        ("eos_length", "cut"),
        ("guardrail_intervened", "cut"),
        ("content_filtered", "cut"),
        ("token_limit", "cut"),
        ("time_limit", "cut"),
        ("not_finished", "cut"),
        ("error", ("no answer", None)),
        ("ERROR", ("no answer", None)),
        ("network_error", ("no answer", None)),
        ("abort", ("no answer", None)),
        ("insufficient_system_resource", ("no answer", None)),
        ("cancelled", ("no answer", None)),
        ("timeout", ("no answer", None)),
        ("MALFORMED_FUNCTION_CALL", ("no answer", None)),
        ("modelUnloaded", ("no answer", None)),
    ],
)
def test_ends_by_their_names(finish, reason):
    assert read(reply(finish)) == reason


@pytest.mark.parametrize(
    ("finish", "content", "usage", "reason"),
    [
        ("stop", "", {"completion_tokens": 100, "completion_tokens_details": {"reasoning_tokens": 100}}, "thinking"),
        ("stop", None, {"completion_tokens_details": {"reasoning_tokens": "100"}}, "thinking"),
        ("stop", "", {"completion_tokens": 4, "completion_tokens_details": {"reasoning_tokens": 3}}, "empty"),
        ("stop", "", {"completion_tokens": 100}, "empty"),
        ("stop", "Cats.", {"completion_tokens_details": {"reasoning_tokens": 100}}, None),
        ("length", "", {"completion_tokens": 100}, "thinking"),
        ("MAX_TOKENS", None, {"completion_tokens": "100"}, "thinking"),
        ("length", "", {"completion_tokens": 4}, "empty"),
        ("stop", "Cats.", {"completion_tokens": 10**35, "prompt_tokens": -1}, None),  # counts that cannot be
        ("length", "", {}, "empty"),
        ("content_filter", "", {"completion_tokens_details": {"reasoning_tokens": 100}}, "empty"),
    ],
)
def test_thinking_shows_in_the_tokens(finish, content, usage, reason):
    assert read(reply(finish, content) | {"usage": usage}) == reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            {
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": None, "refusal": "I can't help."},
                    }
                ],
                "usage": {"prompt_tokens": 9, "completion_tokens": 4},
                "model": "m",
            },
            "refusal",
        ),
        (
            {
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": "", "refusal": "no"},
                    }
                ],
                "usage": {"prompt_tokens": 9, "completion_tokens": 4},
                "model": "m",
            },
            "refusal",
        ),
        (
            {
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "tool_calls",
                        "message": {
                            "role": "assistant",
                            "content": None,
                            "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}],
                        },
                    }
                ],
                "usage": {"prompt_tokens": 9, "completion_tokens": 4},
                "model": "m",
            },
            "empty",
        ),
        (
            {
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "length",
                        "message": {"role": "assistant", "content": None, "reasoning_content": "x"},
                    }
                ],
                "usage": {"prompt_tokens": 9, "completion_tokens": 4},
                "model": "m",
            },
            "thinking",
        ),
        (
            {
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": None, "reasoning": "x"},
                    }
                ],
                "usage": {"prompt_tokens": 9, "completion_tokens": 4},
                "model": "m",
            },
            "empty",
        ),
        (
            {
                "choices": [{"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": ""}}],
                "usage": {"completion_tokens": 64, "completion_tokens_details": {"reasoning_tokens": 64}},
                "model": "m",
            },
            "thinking",
        ),
        (
            {
                "choices": [
                    {"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": "<think>x"}}
                ],
                "usage": {"prompt_tokens": 9, "completion_tokens": 4},
                "model": "m",
            },
            "thinking",
        ),
        (
            {
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {
                            "role": "assistant",
                            "content": [{"type": "text", "text": "Cats "}, {"type": "text", "text": "sleep."}],
                        },
                    }
                ],
                "usage": {"prompt_tokens": 9, "completion_tokens": 4},
                "model": "m",
            },
            None,
        ),
        (
            {
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {
                            "role": "assistant",
                            "content": [
                                {"type": "thinking", "thinking": [{"type": "text", "text": "x"}]},
                                {"type": "text", "text": "Cats sleep."},
                            ],
                        },
                    }
                ],
                "usage": {"prompt_tokens": 9, "completion_tokens": 4},
                "model": "m",
            },
            None,
        ),
        (
            {
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": [{"type": "output_text", "text": "Cats sleep."}]},
                    }
                ],
                "usage": {"prompt_tokens": 9, "completion_tokens": 4},
                "model": "m",
            },
            None,
        ),
        (
            {
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": {"type": "text", "text": "Cats sleep."}},
                    }
                ],
                "usage": {"prompt_tokens": 9, "completion_tokens": 4},
                "model": "m",
            },
            None,
        ),
        (
            {
                "choices": [
                    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ["Cats sleep."]}}
                ],
                "usage": {"prompt_tokens": 9, "completion_tokens": 4},
                "model": "m",
            },
            None,
        ),
        (
            {
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ""}}],
                "usage": {"completion_tokens": 0},
                "model": "m",
            },
            ("no answer", None),
        ),
        (
            {
                "choices": [{"index": 0, "finish_reason": "load", "message": {"role": "assistant", "content": ""}}],
                "usage": None,
                "model": "m",
            },
            ("no answer", None),
        ),
        (
            {
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ""}}],
                "usage": {"output_tokens": 0},
                "model": "m",
            },
            "empty",
        ),
        ({"choices": [], "usage": {}}, "empty"),
        ({"choices": None}, ("no answer", None)),
        ({"choices": [None]}, "empty"),
        ({"error": {"message": "x", "code": 429}}, ("no answer", 429)),
        ({"error": {"message": "x", "code": "429"}}, ("no answer", 429)),
        ({"error": {"message": "x", "status": 429}}, ("no answer", 429)),
        ({"error": "model overloaded"}, ("no answer", None)),
        ({"code": 429, "message": "rate"}, ("no answer", 429)),
        ({"detail": "Not found"}, ("no answer", None)),
        ("", ("no answer", None)),
        ("<html>502</html>", ("no answer", None)),
        ('data: {"choices":[{"delta":{"content":"Cats"}}]}\n\ndata: [DONE]', ("no answer", None)),
        ({"choices": [{"delta": {"content": "Cats"}, "finish_reason": None}]}, "empty"),
        ({"choices": [{"text": "Cats sleep.", "finish_reason": "stop"}]}, None),
        ({"message": {"content": "Cats"}, "done": True}, ("no answer", None)),
        ({"choices": [{"message": "Cats sleep.", "finish_reason": "stop"}]}, None),
        ({"choices": [{"message": None, "finish_reason": "stop"}]}, "empty"),
        (
            {
                "choices": [{"finish_reason": "stop", "message": {"content": "Cats sleep."}}],
                "error": {"message": "cut", "code": 502},
            },
            None,
        ),
        ({"object": "error", "message": "too long", "code": 400, "type": "BadRequestError"}, ("no answer", 400)),
    ],
)
def test_replies_of_other_forms(body, reason):
    assert read(body) == reason
