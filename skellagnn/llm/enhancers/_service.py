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
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from skellagnn.exceptions import EnhancerError, MissingDependencyError
from skellagnn.llm.enhancers import _limits
from skellagnn.llm.enhancers._addresses import Secret, proxy_for
from skellagnn.llm.enhancers._failures import advised_wait, concerns_question, kind_of, used_up, words_of
from skellagnn.llm.enhancers._limits import Limits, backoff, with_jitter
from skellagnn.llm.enhancers._replies import BadReply

_LOGGER = logging.getLogger("skellagnn")
_PASSING = frozenset({408, 409, 425, 429})  # and 500 to 599: the same request may succeed later
_ABOUT_ALL = frozenset({401, 402})  # the key and the money: no other question would be answered
_LONGEST_QUOTE = 300  # characters of a server's message that an error repeats


@dataclass(frozen=True)
class Failure:
    """Why a request failed. A value and not the client's exception, because that one may hold the key."""

    reason: str
    passing: bool  # the same request may succeed later
    kind: str = "unusable reply"  # in two or three words, as it is counted
    about_question: bool = False  # others may succeed
    unclear: bool = False  # a refusal that may be about the question or about the way in which all are asked
    ambiguous: bool = False  # the server may have acted on it all the same
    unreachable: bool = False  # nobody was there to ask
    hint: str = ""  # what to do if it befalls all questions
    status: int | None = None
    wait: float | None = None  # seconds that the server asks for


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
        probe: Callable[[Any], Any] | None = None,
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
        probe : callable, default=None
            Sends a harmless question in the same way: where a refusal is in words that are not known, it tells whether
            the server refuses this question or all.

        Returns
        -------
        reply : object or None
            None if ``stop`` was set.

        Raises
        ------
        RequestFailed
        """
        since, waited, attempt = 0.0, 0.0, 0
        while True:
            if not self.limits.wait(tokens, stop):
                return None
            since = since or time.monotonic()
            try:
                reply = send(self.client)
            except Exception as error:  # all that the client raises becomes a text without the key here
                failure = self.judge(error)
            else:
                if question is not None:
                    self.limits.blame.succeeded(question)
                return reply
            self.limits.correct(tokens, 0.0)
            if failure.unclear and question is not None:
                own = self.limits.blame.falls_on(question, since) or self._answers(probe)
                failure = replace(failure, about_question=own, reason=failure.reason + ("" if own else failure.hint))
            if not failure.passing:
                break
            attempt += 1
            if self._gives_up(failure, attempt, waited):
                own = question is not None and not failure.unreachable and self.limits.blame.falls_on(question, since)
                tried = f"{failure.reason} (tried {attempt} time{'s' if attempt > 1 else ''}){failure.hint}"
                failure = replace(failure, reason=tried, about_question=own)
                break
            if failure.wait is None:
                seconds = backoff(attempt - 1)
            else:
                seconds = with_jitter(failure.wait)
                self.limits.pause.extend(failure.wait)  # what one was told holds for all
            waited += seconds
            level = logging.WARNING if self.limits.announce(seconds) else logging.INFO
            _LOGGER.log(level, "%s failed: %s; next try in %.2f s", self.url, failure.reason, seconds)
            if stop.wait(seconds):
                return None
        raise RequestFailed(failure)

    def _gives_up(self, failure: Failure, attempt: int, waited: float) -> bool:
        if failure.unreachable and not self.limits.blame.has_succeeded:
            return attempt > min(self.max_retries, 1)  # nobody was ever there: most likely nobody is
        # a limit a minute passes within a minute or two, whatever number of tries that takes
        is_limit = failure.status == 429 and self.max_retries > 0
        return attempt > self.max_retries and not (is_limit and waited < _limits.PATIENCE)

    def _answers(self, probe: Callable[[Any], Any] | None) -> bool:
        """Say whether the server answers a harmless question."""
        if probe is None:
            return False
        try:
            probe(self.client)
        except Exception as error:  # whatever it is, it is no answer
            _LOGGER.info("%s does not answer a harmless question, either: %s", self.url, self.judge(error).reason)
            return False
        self.limits.blame.succeeded("")
        return True

    def quote(self, text: str) -> str:
        """Take the key out of a text that came from outside, and shorten it; in this order, or half a key may stay."""
        if self.key is not None:
            text = text.replace(self.key.reveal(), "***")
        text = re.sub(r"(?i)\bbearer\s+\S+", "Bearer ***", text)
        return _shorten(re.sub(r"//[^/@\s]+@", "//***@", text))  # the password of a proxy

    def judge(self, error: Exception) -> Failure:
        """Say why a request failed and whether it may pass, in words without the key."""
        status = getattr(error, "status_code", None)
        if isinstance(status, int):
            return self._judge_status(error, status)
        from openai import APIConnectionError

        cause = error.__cause__ or error
        name = "unusable reply" if isinstance(cause, (BadReply, ValueError)) else type(cause).__name__
        unreachable = name in ("ConnectError", "ConnectTimeout")
        kind = "no connection" if unreachable else "time-out" if "Timeout" in name else name
        return Failure(
            f"{name}: {self.quote(str(cause)) or self.quote(str(error))}",
            # ValueError: what came is no JSON; the client passes that on as it is
            passing=isinstance(error, (APIConnectionError, BadReply, OSError, ValueError)),
            kind="no connection" if kind.endswith("Error") and isinstance(error, APIConnectionError) else kind,
            ambiguous=True,
            unreachable=unreachable,
            hint=_who_is_missing(self.url) if unreachable or name == "ProxyError" else "",
        )

    def _judge_status(self, error: Exception, status: int) -> Failure:
        body = getattr(error, "body", None)
        code, text = words_of(body, str(error))
        shown = f" {self.quote(code)}" if code else ""
        failure = Failure(
            f"HTTP {status}{shown}: {self.quote(text)}",
            passing=False,
            kind=kind_of(status, code, text),
            ambiguous=status >= 500,
            status=status,
        )
        if spent := used_up(status, code, text, body):
            hint = f" The allowance of {spent} is used up, and waiting does not help: raise it at the provider"
            hint += ", or run the same again tomorrow." if spent == "a day" else "."
            return replace(failure, kind=f"allowance of {spent} used up", reason=failure.reason + hint)
        if concerns_question(status, code, text) and (status < 500 or failure.kind == "too long"):
            return replace(failure, about_question=True)
        if status in _PASSING or status >= 500:
            response: Any = getattr(error, "response", None)
            headers = getattr(response, "headers", None) or {}
            with suppress(Exception):  # the client hands on what stands under "error", not what stands beside it
                body = response.json()
            wait = advised_wait(headers, text if status in (429, 503) else "", body) or None  # 0 is no advice
            if wait is not None and wait > _limits.LONGEST_ADVISED_WAIT:
                hint = f" The server asks to wait {wait:.0f} s, which is too long to hold on: run the same again then."
                return replace(failure, reason=failure.reason + hint)
            return replace(failure, passing=True, wait=wait)
        hint = self._hint(status, text)
        if status in _ABOUT_ALL:
            return replace(failure, reason=failure.reason + hint)
        return replace(failure, unclear=True, hint=hint)

    def _hint(self, status: int, text: str) -> str:
        if status in (401, 403):
            if self.limits.blame.has_succeeded:
                return ""  # the key is good
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


def _who_is_missing(url: str) -> str:
    proxy = proxy_for(url)
    if proxy is None:
        return " Is the server running, and is `base_url` its address?"
    return (
        f" Is the proxy {proxy} running, by which it is asked? Correct HTTP_PROXY, HTTPS_PROXY or ALL_PROXY, or put "
        "the server into NO_PROXY."
    )


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + " ..."


def question_id(body: Mapping[str, Any]) -> str:
    """Return a digest of a request: equal ones are one question, in every process."""
    # default: what JSON cannot hold is found, and reported, when it is sent
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=repr).encode()).hexdigest()[:32]


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
        failure = ""
        if cached not in _CLIENTS:
            try:
                _CLIENTS[cached] = OpenAI(base_url=url, api_key=secret.reveal(), timeout=timeout, max_retries=0)
            except (ValueError, ImportError, OSError) as error:  # of proxies and certificates
                failure = re.sub(r"//[^/@\s]+@", "//***@", f"{type(error).__name__}: {_shorten(str(error))}")
            except Exception as error:  # httpx.InvalidURL, which quotes a part of the address, maybe of its password
                failure = type(error).__name__
        if not failure:
            return _CLIENTS[cached]
    raise EnhancerError(  # outside of the except clause: what is chained may hold the password of a proxy
        f"`base_url` must be an address that can be reached through the proxies and certificates of the environment, "
        f"got {url} and {failure}. Correct HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE or SSL_CERT_DIR, or take "
        "them out of the environment."
    )


def close_clients() -> None:
    """Close all connections of this process; the next request opens new ones."""
    with _CLIENTS_LOCK:
        while _CLIENTS:
            _CLIENTS.popitem()[1].close()
