"""What the body of a chat completion says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from skellagnn.llm.enhancers._base import Answer, plain_reason
from skellagnn.llm.enhancers._thinking import strip_thinking

# How servers call an answer that a passing trouble of theirs ended, beside "error": it may come whole yet.
_TROUBLE = frozenset(
    {"error", "networkerror", "abort", "aborted", "insufficientsystemresource", "cancelled", "canceled", "timeout"}
    | {"failed", "load", "unload", "unspecified", "malformedresponse", "malformedfunctioncall", "modelunloaded"}
)
_LENGTH = frozenset({"length", "maxtokens", "modellength", "maxoutputtokens", "maxlength", "tokenlimit"})
_MANY = 16  # tokens that are more than an end and blanks


_MOST = 10**15  # tokens; what says more counts something else


class BadReply(Exception):
    """A reply arrived that is no answer: not what was asked for, or an error under status 200."""

    def __init__(self, message: str, *, status: int | None = None, body: Any = None) -> None:
        super().__init__(message)
        self.status_code = status
        self.body = body


def read_reply(reply: Any, seconds: float | None = None) -> Answer:
    """Make an :class:`Answer` of the body of a chat completion.

    An empty list of choices is an empty answer, with ``finish_reason`` ``"empty"``: the server was asked and paid. One
    whose tokens all went into thinking has the ``finish_reason`` ``"thinking"``.

    Raises
    ------
    BadReply
        If the body is no chat completion, or says that the answer broke off or was never begun. It quotes the server
        as it is, at length and maybe with the key: show it through :meth:`Service.judge` only.
    """
    if not isinstance(reply, Mapping):
        raise BadReply(f"the reply is no JSON object but {str(reply).strip() or 'empty'}")
    error = reply.get("error")
    choices = reply.get("choices")
    if error and not choices:
        raise _reported(error)
    if not isinstance(choices, list) and _status_of(reply):
        raise _reported(reply)
    if not isinstance(choices, list):
        raise BadReply(f"the reply has no list of choices: {json.dumps(reply, default=str)}")
    usage = reply.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    choice = choices[0] if choices and isinstance(choices[0], Mapping) else None
    finish: Any = "empty" if choice is None else choice.get("finish_reason")
    if choice is not None and (choice.get("error") or plain_reason(finish) in _TROUBLE):
        # what there is of an answer is no answer
        raise _reported(choice.get("error") or error or f"the answer ended with {finish!r}")
    message = None if choice is None else choice.get("message", choice.get("text"))
    if isinstance(message, str):  # as of servers that complete texts
        message = {"content": message}
    content = text = ""
    if isinstance(message, Mapping):
        content = _text_of(message.get("content"))
        text = strip_thinking(content).strip()
        if not content and message.get("refusal"):
            text, finish = str(message["refusal"]), "refusal"
        elif not text and _was_thinking(plain_reason(finish), content, message, usage):
            finish = "thinking"
    tokens_out = _count(usage.get("completion_tokens"))
    if not text and tokens_out == 0:
        raise BadReply("the answer is empty and has no tokens, as from a model that is still being loaded")
    model = reply.get("model")
    return Answer(
        text,
        finish_reason=finish if isinstance(finish, str) else None,
        tokens_in=_tokens_read(usage),
        tokens_out=tokens_out,
        seconds=seconds,
        snapshot=model if isinstance(model, str) and model else None,
    )


def _was_thinking(finish: str, content: str, message: Mapping[str, Any], usage: Mapping[str, Any]) -> bool:
    """Whether what ended without an answer was thinking until then: by what is sent, or by the tokens paid for."""
    details = usage.get("completion_tokens_details")
    thought = (_count(details.get("reasoning_tokens")) if isinstance(details, Mapping) else None) or 0
    if finish not in _LENGTH:  # some servers call the end "stop" then, too
        return finish == "stop" and thought >= _MANY
    shown = message.get("reasoning_content") or message.get("reasoning") or message.get("thinking")
    return bool(content or thought or shown) or (_count(usage.get("completion_tokens")) or 0) >= _MANY


def _reported(error: Any) -> BadReply:
    """Return the error that a reply under status 200 reports, with its code as the status."""
    details = error if isinstance(error, Mapping) else {"message": str(error)}
    return BadReply(str(details.get("message") or error), status=_status_of(details), body=details)


def _status_of(details: Mapping[str, Any]) -> int | None:
    """Return the status that an error names beside its message."""
    for name in ("code", "status", "status_code", "statusCode", "error_code"):
        code = details.get(name)
        code = int(code) if isinstance(code, str) and re.fullmatch("[0-9]{3}", code) else code
        if isinstance(code, int) and 400 <= code < 600:
            return code
    return None


def _text_of(content: Any) -> str:
    if isinstance(content, list):  # some servers send parts: [{"type": "text", "text": ...}]
        parts = (part.get("text") if isinstance(part, Mapping) else part for part in content)
        return "".join(part for part in parts if isinstance(part, str))
    if isinstance(content, Mapping):
        content = content.get("text")
    return content if isinstance(content, str) else ""


def _count(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch("[0-9]{1,15}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST else None


def _tokens_read(usage: Mapping[str, Any]) -> int | None:
    """Return the tokens of a prompt; a server that counts those that it had in its cache apart has more of these."""
    count, details = _count(usage.get("prompt_tokens")), usage.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else None
    return count + cached if count is not None and cached is not None and cached > count else count
