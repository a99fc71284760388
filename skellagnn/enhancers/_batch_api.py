"""The batch endpoint of OpenAI-compatible servers: upload, wait, download, and go on after an interruption."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from skellagnn.enhancers._base import Answer
from skellagnn.enhancers._limits import backoff
from skellagnn.enhancers._naming import digest_of
from skellagnn.enhancers._service import BadReply, Failure, RequestFailed, Service, Unanswered, read_reply
from skellagnn.exceptions import EnhancerError, InvalidParameterError

_LOGGER = logging.getLogger("skellagnn.enhancers")
_ENDPOINT = "/v1/chat/completions"
_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
# What one job may hold: OpenAI's bounds are 50,000 requests and 200 MB.
_MOST_REQUESTS = 50_000
_MOST_BYTES = 150_000_000


class BatchState(Protocol):
    """What remembers unfinished jobs: JSON values by name. A response store is one."""

    def get_state(self, name: str) -> Any:
        """Return what is kept under ``name``, None if nothing is."""
        ...

    def put_state(self, name: str, value: Any) -> None: ...

    def drop_state(self, name: str) -> None: ...


class JSONFileState:
    """A JSON file that keeps values by name; each change replaces the file as a whole.

    Parameters
    ----------
    path : path-like, default=None
        By default ``batches.json`` in the folder that ``SKELLAGNN_HOME`` names, else in the user's data folder.
    """

    _lock = threading.Lock()

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = path

    def get_state(self, name: str) -> Any:
        return self._read().get(name)

    def put_state(self, name: str, value: Any) -> None:
        with self._lock:
            self._write({**self._read(), name: value})

    def drop_state(self, name: str) -> None:
        with self._lock:
            values = self._read()
            if values.pop(name, None) is not None:
                self._write(values)

    def _file(self) -> Path:
        if self.path is not None:
            return Path(self.path).expanduser()
        home = os.environ.get("SKELLAGNN_HOME")
        if home:
            return Path(home).expanduser() / "batches.json"
        import platformdirs

        return Path(platformdirs.user_data_path("skellagnn", appauthor=False)) / "batches.json"

    def _read(self) -> dict[str, Any]:
        file = self._file()
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise EnhancerError(
                f"`batch_state` must be readable, got {str(file)!r}, which is not: {error}. It holds the ids of "
                "unfinished batch jobs; repair it, or delete it and pay for those again."
            ) from error
        if not isinstance(values, dict):
            raise EnhancerError(
                f"`batch_state` must hold a JSON object, got something else in {str(file)!r}. Delete it."
            )
        return values

    def _write(self, values: dict[str, Any]) -> None:
        file = self._file()
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=file.name)
        try:
            with open(handle, "w", encoding="utf-8") as stream:
                json.dump(values, stream)
            os.replace(temporary, file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@dataclass(frozen=True)
class _Job:
    id: str
    questions: frozenset[str]  # ids of the questions whose answers nobody has taken yet


class BatchRun:
    """Questions that are asked as batch jobs.

    A question's id is a digest of its request, so equal questions are one, and a job that an earlier run left behind
    is recognized by the questions in it even if others are asked now.
    """

    def __init__(self, service: Service, bodies: list[dict[str, Any]], *, model: str, poll: float, state: Any) -> None:
        self.service = service
        self.poll = poll
        self.state: BatchState = JSONFileState() if state is None else _checked_state(state)
        self.state_name = f"openai-batch:{digest_of(f'{service.url} {model}')}"
        self.bodies: dict[str, dict[str, Any]] = {}
        self.positions: dict[str, list[int]] = {}
        for position, body in enumerate(bodies):
            question = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]
            self.bodies[question] = body
            self.positions.setdefault(question, []).append(position)

    def outcomes(self) -> Generator[tuple[int, Answer | Unanswered], None, None]:
        """Yield an outcome for each position, job by job; raise RequestFailed if the server refuses."""
        waiting = [job for job in self._stored() if not job.questions.isdisjoint(self.bodies)]
        covered = set().union(*(job.questions for job in waiting))
        stored = {job.id for job in waiting}
        for part in self._parts(question for question in self.bodies if question not in covered):
            waiting.append(self._submit(part))
        while waiting:
            for job in list(waiting):
                batch = self._look(job, may_be_gone=job.id in stored)
                if batch is None:
                    waiting.remove(job)
                    self._forget(job, job.questions)
                    for part in self._parts(question for question in self.bodies if question in job.questions):
                        waiting.append(self._submit(part))
                elif batch.status in _ENDED:
                    waiting.remove(job)
                    yield from self._collect(job, batch)
            if waiting:
                time.sleep(self.poll)

    def _parts(self, questions: Iterable[str]) -> Iterator[dict[str, bytes]]:
        """Cut what is to be asked into files that one job may hold: lines by question."""
        part: dict[str, bytes] = {}
        size = 0
        for question in questions:
            request = {"custom_id": question, "method": "POST", "url": _ENDPOINT, "body": self.bodies[question]}
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
        job = _Job(self._create(uploaded.id), frozenset(part))
        self._remember(job)
        _LOGGER.info("batch job %s with %d questions was submitted to %s", job.id, len(part), self.service.url)
        return job

    def _create(self, file_id: str) -> str:
        """Create a job; after a lost reply look whether it was created all the same, before paying for another."""
        once = replace(self.service, max_retries=0)
        for attempt in range(self.service.max_retries + 1):
            try:
                created = self._call(
                    lambda client: client.batches.create(
                        input_file_id=file_id, endpoint=_ENDPOINT, completion_window="24h"
                    ),
                    once,
                )
                return str(created.id)
            except RequestFailed as error:
                failure = error.failure
            if failure.ambiguous:
                recent = self._call(lambda client: list(client.batches.list(limit=100).data))
                for batch in recent:
                    if batch.input_file_id == file_id:
                        return str(batch.id)
            if not failure.passing:
                break
            if attempt < self.service.max_retries:
                time.sleep(backoff(attempt) if failure.wait is None else failure.wait)
        raise RequestFailed(failure)

    def _look(self, job: _Job, *, may_be_gone: bool) -> Any:
        """Return the state of a job; None for one of an earlier run that the server knows no more."""
        try:
            return self._call(lambda client: client.batches.retrieve(job.id))
        except RequestFailed as error:
            if may_be_gone and error.failure.status == 404:
                return None
            raise

    def _collect(self, job: _Job, batch: Any) -> Iterator[tuple[int, Answer | Unanswered]]:
        """Yield what came of an ended job, and forget it once all of that was taken."""
        wanted = job.questions & self.bodies.keys()
        outcomes: dict[str, Answer | Unanswered] = {}
        refusals: list[Failure] = []
        for file_id in (batch.output_file_id, batch.error_file_id):
            if file_id:
                content = self._call(lambda client, file_id=file_id: client.files.content(file_id).read())
                for line in content.decode("utf-8", "replace").splitlines():
                    question, outcome = self._read_line(line)
                    if question not in wanted:
                        continue
                    if isinstance(outcome, Failure):
                        if not outcome.passing and not outcome.about_question:
                            refusals.append(outcome)
                        outcomes[question] = Unanswered(outcome.reason)
                    else:
                        outcomes[question] = outcome
        if batch.status == "failed" or (refusals and not any(isinstance(o, Answer) for o in outcomes.values())):
            # nothing was answered, and nothing would be if the same were sent again
            self._forget(job, job.questions)
            errors = getattr(getattr(batch, "errors", None), "data", None) or []
            reasons = [str(getattr(error, "message", "")) for error in errors] or [f.reason for f in refusals]
            reason = self.service.redact(f"batch job {job.id} failed: {'; '.join(reasons[:3]) or 'no reason given'}")
            raise RequestFailed(Failure(reason, passing=False))
        lost = Unanswered(f"not in the results of the batch job, which is {batch.status}")
        for question in sorted(wanted, key=lambda question: self.positions[question]):
            for position in self.positions[question]:
                yield position, outcomes.get(question, lost)
        self._forget(job, wanted)

    def _read_line(self, line: str) -> tuple[str, Answer | Failure]:
        try:
            result = json.loads(line)
            question = str(result["custom_id"])
        except (ValueError, TypeError, KeyError):
            return "", Failure("unreadable line", passing=True)
        response = result.get("response")
        error = result.get("error")
        try:
            if isinstance(response, dict) and response.get("status_code") == 200:
                return question, read_reply(response.get("body"))
            if isinstance(response, dict):
                body = response.get("body")
                details = body.get("error") if isinstance(body, dict) else None
                status = response.get("status_code")
                raise BadReply(str(details or body), status=status if isinstance(status, int) else None, body=details)
            raise BadReply(str(error.get("message") or error) if isinstance(error, dict) else "no response")
        except BadReply as bad:
            return question, self.service.judge(bad)

    def _call(self, send: Any, service: Service | None = None) -> Any:
        return (service or self.service).request(send, stop=threading.Event())

    def _stored(self) -> list[_Job]:
        value = self.state.get_state(self.state_name)
        jobs = value.get("jobs", []) if isinstance(value, dict) else []
        return [_Job(str(job["id"]), frozenset(job["questions"])) for job in jobs]

    def _store(self, jobs: list[_Job]) -> None:
        if jobs:
            listed = [{"id": job.id, "questions": sorted(job.questions)} for job in jobs]
            self.state.put_state(self.state_name, {"jobs": listed})
        else:
            self.state.drop_state(self.state_name)

    def _remember(self, job: _Job) -> None:
        # another process may write between our reading and writing: look again until ours is there
        for _ in range(5):
            jobs = self._stored()
            if any(stored.id == job.id for stored in jobs):
                return
            self._store([*jobs, job])

    def _forget(self, job: _Job, taken: Iterable[str]) -> None:
        taken = frozenset(taken)
        jobs = []
        for stored in self._stored():
            left = stored.questions - taken if stored.id == job.id else stored.questions
            if left:
                jobs.append(_Job(stored.id, left))
        self._store(jobs)


def _checked_state(state: Any) -> BatchState:
    missing = [name for name in ("get_state", "put_state", "drop_state") if not callable(getattr(state, name, None))]
    if missing:
        raise InvalidParameterError(
            f"`batch_state` must have the methods get_state, put_state and drop_state, got {type(state).__name__} "
            f"without {', '.join(missing)}. Pass a response store, or None for a file."
        )
    return state  # type: ignore[no-any-return]
