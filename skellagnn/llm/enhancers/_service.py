"""An OpenAI-compatible server: the client and its key, which failures pass, and what a reply says."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn
from urllib.parse import urlsplit

from skellagnn.exceptions import EnhancerError, InvalidParameterError, MissingDependencyError
from skellagnn.llm.enhancers._base import Answer
from skellagnn.llm.enhancers._limits import LONGEST_ADVISED_WAIT, Limits, advised_wait, backoff, with_jitter
from skellagnn.llm.enhancers._thinking import strip_thinking

OPENAI_URL = "https://api.openai.com/v1"

_LOGGER = logging.getLogger("skellagnn.enhancers")
_PASSING = frozenset({408, 409, 429})  # and 500 to 599: the same request may succeed later
# Codes of a 4xx reply that say something about this one question, not about the way in which all are asked.
_ABOUT_THE_QUESTION = frozenset(
    {"content_filter", "content_policy_violation", "context_length_exceeded", "exceed_context_size_error"}
    | {"invalid_prompt", "string_above_max_length"}
)
_LONGEST_QUOTE = 300  # characters of a server's message that an error repeats


class BadReply(Exception):
    """A reply arrived that is no answer: not what was asked for, or an error under status 200."""

    def __init__(self, message: str, *, status: int | None = None, body: Any = None) -> None:
        super().__init__(message)
        self.status_code = status
        self.body = body


class Secret:
    """A key that no repr shows, not even that of a local variable in a traceback."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")


@dataclass(frozen=True)
class Failure:
    """Why a request failed. A value and not the client's exception, because that one may hold the key."""

    reason: str
    passing: bool  # the same request may succeed later
    about_question: bool = False  # others may succeed
    ambiguous: bool = False  # the server may have acted on it all the same
    unreachable: bool = False  # nobody was there to ask
    status: int | None = None
    wait: float | None = None  # seconds that the server asks for


@dataclass(frozen=True)
class Unanswered:
    """A question that was asked and got no answer, and why; the others go on."""

    reason: str


class RequestFailed(Exception):
    """Carries a :class:`Failure` up to the back end, which turns it into an error for the user."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


@dataclass(frozen=True)
class Service:
    """A server and how to talk to it. Made for one call of ``complete``; never stored, never pickled."""

    url: str
    client: Any = field(repr=False)
    key: Secret | None
    key_variable: str | None
    max_retries: int
    limits: Limits = field(repr=False)

    def request(
        self,
        send: Callable[[Any], Any],
        *,
        stop: threading.Event,
        tokens: float = 0.0,
        question: str | None = None,
    ) -> Any:
        """Call ``send(client)`` until it succeeds or there is no point in going on.

        Parameters
        ----------
        send : callable
            Sends the request, with the client's own retries off, and reads the reply.
        stop : threading.Event
            Set when nobody wants the reply any more.
        tokens : float, default=0
            Estimate of what the request takes from the tokens a minute.
        question : str, default=None
            Tells a question from others: one that keeps failing while others succeed fails by itself.

        Returns
        -------
        reply : object or None
            None if ``stop`` was set.

        Raises
        ------
        RequestFailed
        """
        since = 0.0
        for attempt in range(self.max_retries + 1):
            if not self.limits.wait(tokens, stop):
                return None
            if attempt == 0:
                since = time.monotonic()
            try:
                reply = send(self.client)
            except Exception as error:  # all that the client raises becomes a text without the key here
                failure = self.judge(error)
            else:
                if question is not None:
                    self.limits.blame.succeeded(question)
                return reply
            self.limits.correct(tokens, 0.0)
            if not failure.passing:
                break
            if attempt == self.max_retries:
                own = question is not None and not failure.unreachable and self.limits.blame.falls_on(question, since)
                tried = f"{failure.reason} (tried {attempt + 1} time{'s' if attempt else ''})"
                failure = replace(failure, reason=tried, about_question=own)
                break
            if failure.wait is None:
                seconds = backoff(attempt)
            else:
                seconds = with_jitter(failure.wait)
                self.limits.pause.extend(failure.wait)  # what one was told holds for all
            _LOGGER.info("%s failed: %s; next try in %.2f s", self.url, failure.reason, seconds)
            if stop.wait(seconds):
                return None
        raise RequestFailed(failure)

    def quote(self, text: str) -> str:
        """Take the key out of a text that came from outside, and shorten it; in this order, or half a key may stay."""
        if self.key is not None:
            text = text.replace(self.key.reveal(), "***")
        return _shorten(re.sub(r"(?i)\bbearer\s+\S+", "Bearer ***", text))

    def judge(self, error: Exception) -> Failure:
        """Say why a request failed and whether it may pass, in words without the key."""
        status = getattr(error, "status_code", None)
        if isinstance(status, int):
            return self._judge_status(error, status)
        from openai import APIConnectionError

        cause = error.__cause__ or error
        kind = "unusable reply" if isinstance(cause, (BadReply, ValueError)) else type(cause).__name__
        return Failure(
            f"{kind}: {self.quote(str(cause)) or self.quote(str(error))}",
            # ValueError: what came is no JSON; the client passes that on as it is
            passing=isinstance(error, (APIConnectionError, BadReply, OSError, ValueError)),
            ambiguous=True,
            unreachable=kind in ("ConnectError", "ConnectTimeout"),
        )

    def _judge_status(self, error: Exception, status: int) -> Failure:
        body = getattr(error, "body", None)
        details: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
        text = details["message"] if isinstance(details.get("message"), str) else str(error)
        code = str(details.get("code") or details.get("type") or "")
        shown = f" {self.quote(code)}" if code and code != str(status) else ""
        reason = f"HTTP {status}{shown}: {self.quote(text)}"
        failure = Failure(reason, passing=False, ambiguous=status >= 500, status=status)
        if code == "insufficient_quota" or not (status in _PASSING or status >= 500):
            too_long = status == 413 or re.search(r"context (length|size|window)", text, re.IGNORECASE) is not None
            about_question = status < 500 and (code in _ABOUT_THE_QUESTION or too_long)
            hint = "" if about_question else self._hint(status, text)
            return replace(failure, about_question=about_question, reason=failure.reason + hint)
        wait = advised_wait(getattr(getattr(error, "response", None), "headers", None) or {})
        if wait is not None and wait > LONGEST_ADVISED_WAIT:
            hint = f" The server asks to wait {wait:.0f} s, which is too long to hold on: run the same again then."
            return replace(failure, reason=failure.reason + hint)
        return replace(failure, passing=True, wait=wait)

    def _hint(self, status: int, text: str) -> str:
        if status in (401, 403):
            if self.key_variable is None:
                return " The server wants a key: name the environment variable that holds it as `api_key_env`."
            return f" Check the key in the environment variable {self.key_variable}."
        if status == 404:
            return " Check `model` and `base_url`."
        if "max_completion_tokens" in text:
            return " Set token_parameter='max_completion_tokens'."
        if "temperature" in text:
            return " Set temperature=None, which leaves it to the server."
        return ""


def read_reply(reply: Any, seconds: float | None = None) -> Answer:
    """Make an :class:`Answer` of the body of a chat completion.

    An empty list of choices is an empty answer, with ``finish_reason`` ``"empty"``: the server was asked and paid.

    Raises
    ------
    BadReply
        If the body is no chat completion, or says that the answer broke off. It quotes the server as it is, at length
        and maybe with the key: show it through :meth:`Service.judge` only.
    """
    if not isinstance(reply, Mapping):
        raise BadReply(f"the reply is no JSON object but {str(reply).strip() or 'empty'}")
    error = reply.get("error")
    choices = reply.get("choices")
    if error and not choices:
        raise _reported(error)
    if not isinstance(choices, list):
        raise BadReply(f"the reply has no list of choices: {json.dumps(reply, default=str)}")
    usage = reply.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    choice = choices[0] if choices and isinstance(choices[0], Mapping) else None
    if choice is not None and (choice.get("error") or choice.get("finish_reason") == "error"):
        # a router whose provider failed in the middle: what there is of an answer is no answer, and may come whole yet
        raise _reported(choice.get("error") or error or "the answer ended with an error")
    message = choice.get("message") if choice is not None else None
    content = ""
    finish: Any = "empty" if choice is None else choice.get("finish_reason")
    if isinstance(message, Mapping):
        content = _text_of(message.get("content"))
        if not content and message.get("refusal"):
            content, finish = str(message["refusal"]), "refusal"
    return Answer(
        strip_thinking(content).strip(),
        finish_reason=finish if isinstance(finish, str) else None,
        tokens_in=_count(usage.get("prompt_tokens")),
        tokens_out=_count(usage.get("completion_tokens")),
        seconds=seconds,
    )


def _reported(error: Any) -> BadReply:
    """Return the error that a reply under status 200 reports, with its code as the status."""
    details = error if isinstance(error, Mapping) else {"message": str(error)}
    code = details.get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else None
    return BadReply(str(details.get("message") or error), status=status, body=details)


def _text_of(content: Any) -> str:
    if isinstance(content, list):  # some servers send parts: [{"type": "text", "text": ...}]
        parts = (part.get("text") for part in content if isinstance(part, Mapping))
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + " ..."


def question_id(body: Mapping[str, Any]) -> str:
    """Return a digest of a request: equal ones are one question, in every process."""
    # default: what JSON cannot hold is found, and reported, when it is sent
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=repr).encode()).hexdigest()[:32]


def resolve_url(base_url: Any) -> str:
    """Return the address that requests go to, checked and without a trailing slash.

    Raises
    ------
    InvalidParameterError
        If it is no plain address: another scheme, a password or a query in it, or the path of one endpoint.
    """
    shown = "`base_url`" if base_url is not None else "OPENAI_BASE_URL"
    if base_url is None:
        base_url = os.environ.get("OPENAI_BASE_URL") or OPENAI_URL  # the official client reads it too
    expected = f"{shown} must be the address of an OpenAI-compatible server such as 'http://localhost:8000/v1'"
    try:
        parts = urlsplit(base_url if isinstance(base_url, str) else "")
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidParameterError(f"{expected}, got {base_url!r}. Begin it with http:// or https://.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidParameterError(
            f"{expected}, got one with a user, password, query or fragment in it (not shown here). Addresses are "
            "stored with the answers: put the key into the environment variable named by `api_key_env`."
        )
    url: str = base_url.rstrip("/")
    if url.endswith(("/chat/completions", "/completions")):
        raise InvalidParameterError(f"{expected}, got {base_url!r}. Leave the endpoint off its end.")
    return url


def check_key_variable(name: Any) -> None:
    """Check that ``api_key_env`` is the name of a variable; the message never shows the value, which may be a key."""
    if name is not None and not (isinstance(name, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)):
        raise InvalidParameterError(
            "`api_key_env` must be the name of an environment variable or None, got something else (not shown, in "
            "case it is the key itself). Put the key into a variable and give the variable's name."
        )


def read_key(variable: str | None, url: str) -> Secret | None:
    """Read the key from the environment.

    Raises
    ------
    EnhancerError
        If the variable is not set, or holds what no HTTP header can carry.
    """
    check_key_variable(variable)
    if variable is None:
        if url == OPENAI_URL:
            raise InvalidParameterError(
                f"`api_key_env` must name the environment variable with the key for {url}, got None. None is for "
                "servers that need no key; name those by `base_url`."
            )
        return None
    key = Secret(os.environ.get(variable, "").strip())
    if not key.reveal():
        raise EnhancerError(
            f"`api_key_env` must name an environment variable that holds the key for {url}, got {variable!r}, which "
            f"is not set. Set {variable}, name another variable, or set api_key_env=None for a server that needs no "
            "key."
        )
    if not re.fullmatch(r"[!-~]+", key.reveal()):
        raise EnhancerError(
            f"`api_key_env` must name an environment variable that holds a key, got {variable!r}, whose value has "
            "blanks, control or non-ASCII characters in it. Copy the key again."
        )
    return key


# Clients of this process, with their connections, by address, timeout and a digest of the key.
_CLIENTS: dict[tuple[int, str, str, float], Any] = {}
_CLIENTS_LOCK = threading.Lock()


def client_for(url: str, key: Secret | None, timeout: float) -> Any:
    """Return the official client for a server: one per process, address, key and timeout."""
    try:
        from openai import OpenAI
    except ImportError as error:
        raise MissingDependencyError(
            "An OpenAIEnhancer needs the package 'openai', which is not installed: pip install 'skellagnn[openai]'."
        ) from error
    # the client insists on a key, servers without one ignore it
    secret = key if key is not None else Secret("none")
    digest = hashlib.sha256(secret.reveal().encode()).hexdigest()
    cached = (os.getpid(), url, digest, timeout)  # the process: a fork must not share its parent's connections
    with _CLIENTS_LOCK:
        if cached not in _CLIENTS:
            _CLIENTS[cached] = OpenAI(base_url=url, api_key=secret.reveal(), timeout=timeout, max_retries=0)
        return _CLIENTS[cached]


def close_clients() -> None:
    """Close all connections of this process; the next request opens new ones."""
    with _CLIENTS_LOCK:
        while _CLIENTS:
            _CLIENTS.popitem()[1].close()
