"""The batch endpoint of OpenAI-compatible servers: upload, wait, download, and go on after an interruption."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from skellagnn.llm.enhancers._base import Answer, Unanswered
from skellagnn.llm.enhancers._batch_state import BatchState, JSONFileState, checked_state, unwritable
from skellagnn.llm.enhancers._chat import ChatRun, Request
from skellagnn.llm.enhancers._limits import backoff
from skellagnn.llm.enhancers._naming import digest_of
from skellagnn.llm.enhancers._replies import BadReply, read_reply
from skellagnn.llm.enhancers._service import Failure, RequestFailed, Service
from skellagnn.llm.enhancers._structured import read_choice

_LOGGER = logging.getLogger("skellagnn")
_ENDPOINT = "/v1/chat/completions"
_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
# What one job may hold: OpenAI's bounds are 50,000 requests and 200 MB.
_MOST_REQUESTS = 50_000
_MOST_BYTES = 150_000_000
_MOST_LISTED = 10_000  # jobs among which one is looked for, the newest first


@dataclass(frozen=True)
class _Job:
    id: str
    questions: frozenset[str]  # ids of the questions whose answers nobody has taken yet
    is_created: bool = True  # if not, the id is that of the uploaded file, and it may have been created all the same

    @property
    def key(self) -> tuple[bool, str]:
        return self.is_created, self.id


class BatchRun:
    """Questions that are asked as batch jobs.

    A question's id is a digest of its request, so equal questions are one, and a job that an earlier run left behind
    is recognized by the questions in it even if others are asked now.
    """

    def __init__(self, service: Service, requests: Sequence[Request], *, model: str, poll: float, state: Any) -> None:
        self.service = service
        self.poll = poll
        self.state: BatchState = JSONFileState() if state is None else checked_state(state)
        self.state_name = f"openai-batch:{digest_of(f'{service.url} {model}')}"
        self.requests: dict[str, Request] = {}
        self.positions: dict[str, list[int]] = {}
        for position, request in enumerate(requests):
            self.requests[request.id] = request
            self.positions.setdefault(request.id, []).append(position)

    def outcomes(self) -> Generator[tuple[int, Answer | Unanswered], None, None]:
        """Yield an outcome for each position, job by job; raise RequestFailed if the server refuses."""
        found = (self._find(job) for job in self._stored() if not job.questions.isdisjoint(self.requests))
        waiting = [job for job in found if job is not None]
        covered = set().union(*(job.questions for job in waiting))
        stored = {job.id for job in waiting}
        new = [question for question in self.requests if question not in covered]
        for question, outcome in self._trial(new):
            new.remove(question)
            yield from ((position, outcome) for position in self.positions[question])
        for part in self._parts(new):
            waiting.append(self._submit(part))
        while waiting:
            for job in list(waiting):
                try:
                    batch = self._call(lambda client, job=job: client.batches.retrieve(job.id))
                    if batch.status not in _ENDED:
                        continue
                    lines = self._download(batch)
                except RequestFailed as error:
                    if error.failure.status != 404:
                        raise
                    if job.id not in stored:  # made in this call: what is made again may be gone as fast, and costs
                        reason = f"batch job {job.id}, which was just made, or its results are not there (HTTP 404)"
                        raise RequestFailed(replace(error.failure, reason=reason)) from None
                    _LOGGER.warning("batch job %s is gone from %s and is made again", job.id, self.service.url)
                    waiting.remove(job)
                    self._forget(job, job.questions)
                    for part in self._parts(question for question in self.requests if question in job.questions):
                        waiting.append(self._submit(part))
                else:
                    waiting.remove(job)
                    yield from self._collect(job, batch, lines)
            if waiting:
                time.sleep(self.poll)

    def _trial(self, new: Sequence[str]) -> Iterator[tuple[str, Answer | Unanswered]]:
        """Ask one question for a class by itself, where nobody knows what the server takes beside a question.

        A day later each line of a job might come back refused.
        """
        if not self.service.limits.has_tried:
            for question in [question for question in new if self.requests[question].names][:1]:
                run = ChatRun(self.service, [self.requests[question]], max_concurrency=1)
                yield from ((question, outcome) for _, outcome in run.outcomes())

    def _parts(self, questions: Iterable[str]) -> Iterator[dict[str, bytes]]:
        """Cut what is to be asked into files that one job may hold: lines by question."""
        part: dict[str, bytes] = {}
        size = 0
        limits = self.service.limits
        for question in questions:
            body = self.requests[question].body
            if limits.has_tried:
                body = {**body, **self.requests[question].parts(limits.refused)}
            request = {"custom_id": question, "method": "POST", "url": _ENDPOINT, "body": body}
            line = json.dumps(request).encode() + b"\n"
            if part and (len(part) == _MOST_REQUESTS or size + len(line) > _MOST_BYTES):
                yield part
                part, size = {}, 0
            part[question] = line
            size += len(line)
        if part:
            yield part

    def _submit(self, part: Mapping[str, bytes]) -> _Job:
        data = b"".join(part.values())
        uploaded = self._call(lambda client: client.files.create(file=("questions.jsonl", data), purpose="batch"))
        # remembered before anything is paid for: whatever happens while the job is created, the next run finds it
        planned = _Job(str(uploaded.id), frozenset(part), is_created=False)
        self._remember(planned)
        job = _Job(self._create(planned), planned.questions)
        self._remember(job, instead_of=planned)
        _LOGGER.info("batch job %s with %d questions was submitted to %s", job.id, len(part), self.service.url)
        return job

    def _find(self, job: _Job) -> _Job | None:
        """Return a remembered job with its id; None if it was never created, and its questions are to be asked anew."""
        if job.is_created:
            return job
        batch_id = self._id_of(job.id)
        if batch_id is None:
            self._forget(job, job.questions)
            return None
        created = _Job(batch_id, job.questions)
        self._remember(created, instead_of=job)
        return created

    def _id_of(self, file_id: str) -> str | None:
        """Return the id of the job that was created for a file, None if there is none."""

        def look(client: Any) -> str | None:
            batches = islice(client.batches.list(limit=100), _MOST_LISTED)  # goes from page to page
            return next((str(batch.id) for batch in batches if batch.input_file_id == file_id), None)

        found: str | None = self._call(look)
        return found

    def _create(self, planned: _Job) -> str:
        """Create a job; after a lost reply look whether it was created all the same, before paying for another."""
        once = replace(self.service, max_retries=0)
        unsure = False
        for attempt in range(self.service.max_retries + 1):
            try:
                created = self._call(
                    lambda client: client.batches.create(
                        input_file_id=planned.id, endpoint=_ENDPOINT, completion_window="24h"
                    ),
                    once,
                )
                return str(created.id)
            except RequestFailed as error:
                failure = error.failure
            if failure.ambiguous:
                unsure = True
                if (found := self._id_of(planned.id)) is not None:
                    return found
            if not failure.passing:
                break
            if attempt < self.service.max_retries:
                time.sleep(backoff(attempt) if failure.wait is None else failure.wait)
        if not unsure:  # else it may appear later, and the next run looks for it
            self._forget(planned, planned.questions)
        raise RequestFailed(failure)

    def _download(self, batch: Any) -> list[str]:
        """Return the lines of the results of an ended job."""
        lines: list[str] = []
        for file_id in filter(None, (batch.output_file_id, batch.error_file_id)):
            try:
                content = self._call(lambda client, file_id=file_id: client.files.content(file_id).read())
            except RequestFailed as error:
                if lines and error.failure.status == 404:
                    continue  # the answers are there, only why others failed is not
                raise
            # not `splitlines`: JSON may hold line separators of Unicode as they are
            lines += content.decode("utf-8", "replace").split("\n")
        return [line for line in lines if line.strip()]

    def _collect(self, job: _Job, batch: Any, lines: list[str]) -> Iterator[tuple[int, Answer | Unanswered]]:
        """Yield what came of an ended job, and forget it once all of that was taken."""
        wanted = job.questions & self.requests.keys()
        outcomes: dict[str, Answer | Unanswered] = {}
        refusals: list[Failure] = []
        n_unreadable = 0
        for line in lines:
            question, outcome = self._read_line(line)
            if question is None:
                n_unreadable += 1
            elif question in wanted:
                if isinstance(outcome, Answer):
                    outcomes[question] = outcome
                    continue
                if not outcome.passing and not outcome.about_question:
                    refusals.append(outcome)
                outcomes[question] = Unanswered(outcome.reason, outcome.kind)
        answered = n_unreadable or any(isinstance(outcome, Answer) for outcome in outcomes.values())
        if batch.status == "failed" or (refusals and not answered):
            # nothing was answered, and nothing would be if the same were sent again
            self._forget(job, job.questions)
            errors = getattr(getattr(batch, "errors", None), "data", None) or []
            reasons = [self.service.quote(str(getattr(error, "message", ""))) for error in errors]
            reasons = reasons or [failure.reason + failure.hint for failure in refusals]
            reason = f"batch job {job.id} failed: {'; '.join(reasons[:3]) or 'no reason given'}"
            raise RequestFailed(Failure(reason, passing=False))
        reason = f"not in the results of the batch job, which is {batch.status}"
        if n_unreadable:
            # forgotten all the same, or these lines would be read in vain each time; the files stay at the server
            files = " and ".join(filter(None, (batch.output_file_id, batch.error_file_id)))
            reason += f" ({n_unreadable} lines of {files} of {job.id} cannot be read)"
        lost = Unanswered(reason, "not in the results")
        for question in sorted(wanted, key=lambda question: self.positions[question]):
            for position in self.positions[question]:
                yield position, outcomes.get(question, lost)
        self._forget(job, wanted)

    def _read_line(self, line: str) -> tuple[str | None, Answer | Failure]:
        """Return whose line it is, None where it cannot be read, and what it says."""
        try:
            result = json.loads(line)
            question = str(result["custom_id"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return None, Failure("unreadable line", passing=True)
        response = result.get("response")
        error = result.get("error")
        try:
            if isinstance(response, dict) and response.get("status_code") == 200:
                answer = read_reply(response.get("body"))
                names = self.requests[question].names if question in self.requests else ()
                return question, read_choice(answer, response["body"], names)[0] if names else answer
            if isinstance(response, dict):
                body = response.get("body")
                status = response.get("status_code")
                raise BadReply("no message", status=status if isinstance(status, int) else None, body=body)
            raise BadReply(str(error.get("message") or error) if isinstance(error, dict) else "no response")
        except BadReply as bad:
            return question, self.service.judge(bad)

    def _call(self, send: Any, service: Service | None = None) -> Any:
        return (service or self.service).request(send, stop=threading.Event())

    def _stored(self) -> list[_Job]:
        return _jobs_in(self.state.get_state(self.state_name))

    def _remember(self, job: _Job, *, instead_of: _Job | None = None) -> None:
        replaced = {job.key} if instead_of is None else {job.key, instead_of.key}
        self._change(lambda jobs: [*(stored for stored in jobs if stored.key not in replaced), job])

    def _forget(self, job: _Job, taken: Iterable[str]) -> None:
        taken = frozenset(taken)

        def without(jobs: list[_Job]) -> list[_Job]:
            left = (
                replace(stored, questions=stored.questions - taken) if stored.key == job.key else stored
                for stored in jobs
            )
            return [stored for stored in left if stored.questions]

        self._change(without)

    def _change(self, change: Callable[[list[_Job]], list[_Job]]) -> None:
        """Change the jobs that are remembered; ``change`` may be called more than once."""

        def new_value(value: Any) -> Any:
            jobs = change(_jobs_in(value))
            return {"jobs": [_as_json(job) for job in jobs]} if jobs else None

        try:
            self.state.update_state(self.state_name, new_value)
        except OSError as error:
            raise unwritable(type(self.state).__name__, error) from error


def _jobs_in(value: Any) -> list[_Job]:
    """Read what is kept of the jobs: ``"id"`` is that of a job, ``"file"`` that of its file before it was created."""
    entries = value.get("jobs", []) if isinstance(value, dict) else []
    return [
        _Job(str(entry.get("id", entry.get("file"))), frozenset(entry["questions"]), "id" in entry) for entry in entries
    ]


def _as_json(job: _Job) -> dict[str, Any]:
    return {"id" if job.is_created else "file": job.id, "questions": sorted(job.questions)}
