"""Answers as JSON lines: what ``export`` writes and ``merge`` reads."""

from __future__ import annotations

import gzip
import io
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

from skellagnn.base.files import write_aside
from skellagnn.exceptions import InvalidParameterError, StoreError
from skellagnn.llm.enhancers import ANSWER_DETAILS, Answer
from skellagnn.llm.store._answers import as_answer, as_utc
from skellagnn.llm.store._keys import QuestionKey, check_keys, check_name, chunked


class Record(NamedTuple):
    """One line: an answer and what it is stored under."""

    model: str
    key: QuestionKey
    answer: Answer
    created: datetime


def write_lines(path: str | os.PathLike[str], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write ``rows`` to ``path`` and return how many they were; all of them or none."""
    target = _check_path(path)
    count = 0

    def write(raw: IO[bytes]) -> None:
        nonlocal count
        with _packed(raw, target) as lines:
            for count, row in enumerate(rows, start=1):  # noqa: B007
                lines.write(json.dumps(dict(row), ensure_ascii=False, separators=(",", ":")) + "\n")

    try:
        write_aside(target, write)
    except OSError as error:
        raise StoreError(
            f"The export to {str(target)!r} failed ({error}). The store is as it was, and so is whatever stood there "
            "before. Name a file in a folder that exists, may be written and has room."
        ) from error
    return count


def read_lines(path: str | os.PathLike[str], size: int) -> Iterator[list[Record]]:
    """Yield the records of ``path`` in lists of at most ``size``."""
    source = _check_path(path)
    done = 0

    def records() -> Iterator[Record]:
        nonlocal done
        with source.open("rb") as raw, _unpacked(raw, source) as lines:
            for line in lines:
                if line.strip():
                    yield _parse(line)
                done += 1

    try:
        yield from chunked(records(), size)
    except FileNotFoundError as error:
        raise InvalidParameterError(
            f"`path` must be a file of JSON lines, got {str(source)!r}, which is not there."
        ) from error
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:  # the last of a thousand brackets
        raise InvalidParameterError(
            f"`path` must be a file of JSON lines as export() writes it, got {str(source)!r}, which cannot be read "
            f"beyond line {done}: {error}."
        ) from error


def _parse(line: str) -> Record:
    record = json.loads(line)
    if not isinstance(record, dict):
        raise ValueError(f"expected an object, got {line[:80]!r}")
    missing = [name for name in ("model", "prompt_key", "digest", "answer", "created") if name not in record]
    if missing:
        raise ValueError(f"expected the names {missing} in {line[:80]!r}")
    created = datetime.fromisoformat(str(record["created"]))
    if created.tzinfo is None:
        created = as_utc(created)
    details = {name: record.get(name) for name in ANSWER_DETAILS}
    [key] = check_keys([(record["prompt_key"], record["digest"])])
    if not isinstance(record["answer"], str):
        raise ValueError(f"expected a string as the answer in {line[:80]!r}")
    answer = as_answer(Answer(record["answer"], **details), key)
    return Record(check_name(record["model"], "model"), key, answer, created)


def _check_path(path: Any) -> Path:
    checked = Path(os.path.expanduser(path)) if isinstance(path, (str, os.PathLike)) else None
    if checked is None or not checked.name.endswith((".jsonl", ".jsonl.gz")):
        raise InvalidParameterError(f"`path` must end with '.jsonl' or '.jsonl.gz', got {path!r}. Add the ending.")
    return checked


@contextmanager
def _packed(raw: IO[bytes], path: Path) -> Iterator[IO[str]]:
    # without name and time in it, equal answers make equal files
    packed: Any = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if path.suffix == ".gz" else raw
    text = io.TextIOWrapper(packed, encoding="utf-8", newline="\n")
    try:
        yield text
    finally:
        text.detach()  # flushes; closing would close the file, which is to be synced first
        if packed is not raw:
            packed.close()


def _unpacked(raw: IO[bytes], path: Path) -> IO[str]:
    packed: Any = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
    return io.TextIOWrapper(packed, encoding="utf-8", newline="\n")
