"""Chat completions: a question as it is sent, and many that are sent one by one, several at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from skellagnn.llm.enhancers._base import Answer, Unanswered
from skellagnn.llm.enhancers._pool import gather
from skellagnn.llm.enhancers._replies import read_reply
from skellagnn.llm.enhancers._service import RequestFailed, Service, question_id
from skellagnn.llm.enhancers._structured import FORMAT, extras, read_choice, refused_parts
from skellagnn.llm.prompts import estimate_tokens

_HARMLESS = "Reply with the word yes."
# With these a server refuses a part of a request that it does not know, or it fails at it.
_REFUSES_PARTS = frozenset({400, 404, 405, 415, 422, 500, 501})


@dataclass(frozen=True)
class Request:
    """One question.

    Parameters
    ----------
    body : dict
        The request without its optional parts.
    names : tuple of str
        Class names to ask for by a schema; empty where none are asked for.
    longest : int
        Tokens that the answer may have.
    """

    body: dict[str, Any]
    names: tuple[str, ...]
    longest: int

    @cached_property
    def id(self) -> str:
        """Digest of the body: the same whichever parts a server takes."""
        return question_id(self.body)

    @cached_property
    def tokens(self) -> int:
        """About how many tokens are sent."""
        return sum(estimate_tokens(message["content"]) for message in self.body["messages"])

    @property
    def text(self) -> str:
        """All that is sent to be read."""
        return "".join(message["content"] for message in self.body["messages"])

    def parts(self, refused: set[str]) -> dict[str, Any]:
        """Return the optional parts, without those that the server refuses or the user has set."""
        parts = extras(self.names, refused) if self.names else {}
        return {name: part for name, part in parts.items() if name not in self.body}


class ChatRun:
    """Questions that are sent one by one.

    What a server takes beside the question is found out by the first one, and holds for all of this process.
    """

    def __init__(self, service: Service, requests: Sequence[Request], max_concurrency: int) -> None:
        self.service = service
        self.requests = requests
        self.max_concurrency = max_concurrency

    def outcomes(self) -> Generator[tuple[int, Answer | Unanswered], None, None]:
        """Yield an outcome for each position as it arrives; raise RequestFailed if the server refuses."""
        return gather(self._ask, len(self.requests), self.max_concurrency)

    def _ask(self, position: int, stop: threading.Event) -> Answer | Unanswered | None:
        request = self.requests[position]
        estimate = float(request.tokens + request.longest)
        try:
            answer: Answer | None = self.service.request(
                lambda client: self._send(client, request),
                stop=stop,
                tokens=estimate,
                question=request.id,
                probe=lambda client: self._probe(client, request),
            )
        except RequestFailed as error:
            if error.failure.about_question:
                return Unanswered(error.failure.reason, error.failure.kind)
            raise
        if answer is not None and answer.tokens_in is not None and answer.tokens_out is not None:
            self.service.limits.correct(estimate, answer.tokens_in + answer.tokens_out)
        return answer

    def _send(self, client: Any, request: Request) -> Answer:
        limits = self.service.limits
        if not request.names or limits.has_tried:
            return self._send_with_parts(client, request)
        with limits.trial:  # what a server takes is found out once, not by all threads at a time
            answer = self._send_with_parts(client, request)
            limits.has_tried = True
            return answer

    def _send_with_parts(self, client: Any, request: Request) -> Answer:
        refused = self.service.limits.refused
        parts = request.parts(refused)
        unwanted: set[str] = set()
        try:
            answer, reply = self._post(client, {**request.body, **parts})
        except Exception as error:
            if not parts or getattr(error, "status_code", None) not in _REFUSES_PARTS:
                raise
            unwanted = refused_parts(parts, self.service.judge(error).reason)
            parts = {name: part for name, part in parts.items() if name not in unwanted}
            answer, reply = self._post(client, {**request.body, **parts})  # what is refused still: it was not the parts
        refused.update(unwanted)
        if not parts:
            return answer
        answer, is_structured = read_choice(answer, reply, request.names)
        if FORMAT in parts and not is_structured and answer.is_complete:
            refused.add(FORMAT)  # it takes no notice
        return answer

    def _post(self, client: Any, body: dict[str, Any]) -> tuple[Answer, Any]:
        start = time.monotonic()
        # `post` and not `chat.completions.create`: the same request and checks without building and validating a
        # dozen pydantic objects, a third of the time that a request costs on this side
        reply = client.post("/chat/completions", body=body, cast_to=object)
        return read_reply(reply, time.monotonic() - start), reply

    def _probe(self, client: Any, request: Request) -> None:
        messages = [*request.body["messages"][:-1], {"role": "user", "content": _HARMLESS}]
        client.post("/chat/completions", body={**request.body, "messages": messages}, cast_to=object)
