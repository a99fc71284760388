"""Recorded answers as an enhancer: repeat a run without any LLM.

Looked at: vcrpy and responses, which replay HTTP requests byte by byte, and know neither nodes nor prompts.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from skellagnn.base.files import check_path
from skellagnn.exceptions import InvalidParameterError, MissingAnswerError
from skellagnn.llm.enhancers._base import Answer
from skellagnn.llm.enhancers._naming import require_prompts, require_text
from skellagnn.llm.prompts import Question

# The keys under which a line may say who it answers for, in this order of preference.
_NODE_KEYS = ("node", "id", "name")


class ReplayEnhancer(BaseEstimator):  # type: ignore[misc]
    """Answer from a recording.

    Parameters
    ----------
    source : path-like, or sequence of dict
        A JSON-lines file (``.jsonl``, also ``.jsonl.gz``), a folder that holds ``llm_answers.jsonl[.gz]``, or the
        records themselves. Each record has ``prompt`` (the prompt's name), ``response`` and either the node's name
        (``node``, ``id`` or ``name``) or its ``text``. It may have a ``confidence``: from 0 to 1, or in percent if one
        in the recording is above 1.
    model_name : str, default=None
        What answers are stored under. By default a digest of the recording.
    on_missing : {"raise", "skip"}, default="raise"
        What to do about a question that nobody recorded an answer to: raise, or leave that one unanswered (it is
        counted, and its node keeps its own vector).

    Raises
    ------
    InvalidParameterError
        When first used, if the source does not exist or a record is malformed; the message says which line.

    Notes
    -----
    A name on a record is compared with the node names of the graph, as strings. Where the same text stands on
    several nodes, one question is asked for all of them, and the first of their names that has an answer is used. A
    record with both a name and a text answers first for that node with that text, then for that text on any node, and
    only then for that name: nodes without names of their own are numbered anew when some are left out.

    Examples
    --------
    >>> from skellagnn.enhancers import ReplayEnhancer
    >>> from skellagnn.prompts import Prompt, Question
    >>> replay = ReplayEnhancer([{"node": "a", "prompt": "keywords", "response": "cats, dogs"}])
    >>> replay.complete([Question(Prompt("keywords", "Keywords of {text}"), {"text": "On pets"}, ("a",))])
    ['cats, dogs']
    """

    def __init__(self, source: Any, *, model_name: str | None = None, on_missing: str = "raise") -> None:
        self.source = source
        self.model_name = model_name
        self.on_missing = on_missing

    # Nothing is gained by storing a recording a second time.
    is_recording = True
    # All at once: an error about missing answers then counts those of the whole fit.
    chunk_size = 1 << 30

    @property
    def name(self) -> str:
        return self.model_name if self.model_name is not None else f"replay:{_load(self.source).digest}"

    def check(self) -> None:
        """Raise what asking would raise because of a parameter, or of the recording itself."""
        self._recording()

    def complete(self, prompts: Sequence[str]) -> list[Answer | None]:
        """Look each question up.

        Raises
        ------
        MissingAnswerError
            If answers are missing and ``on_missing="raise"``: says how many, and which.
        """
        recording = self._recording()
        prompts = require_prompts(prompts)
        answers = [recording.find(question) for question in prompts]
        missing = [question for question, answer in zip(prompts, answers, strict=True) if answer is None]
        if missing and self.on_missing == "raise":
            shown = ", ".join(_describe(question) for question in missing[:5])
            covered = ", ".join(sorted(recording.prompt_names)) or "(none)"
            raise MissingAnswerError(
                f"The recording has no answer to {len(missing)} of {len(prompts)} questions: {shown}"
                f"{', ...' if len(missing) > 5 else ''}. It covers {recording.n_nodes} nodes and the prompts "
                f"{covered}. Lower `augmentation_ratio`, ask other `prompts`, select among the recorded nodes, or set "
                "on_missing='skip'."
            )
        return answers

    def _recording(self) -> _Recording:
        require_text(self.model_name, "model_name", optional=True)
        if self.on_missing not in ("raise", "skip"):
            raise InvalidParameterError(
                f"`on_missing` of a ReplayEnhancer must be 'raise' or 'skip', got {self.on_missing!r}. With 'skip' "
                "nodes without an answer keep their own vectors."
            )
        return _load(self.source)

    @property
    def recorded_nodes(self) -> frozenset[str]:
        """Names of the nodes that the recording has answers for."""
        return _load(self.source).node_names

    @property
    def recorded_prompts(self) -> frozenset[str]:
        """Names of the prompts that the recording has answers to."""
        return _load(self.source).prompt_names


def _describe(question: str) -> str:
    if isinstance(question, Question):
        return f"{question.prompt.name!r} for node {question.node_names[0] if question.node_names else '?'!r}"
    return repr(question[:60])


class _Recording:
    """Answers by (node name, prompt name) and by (text, prompt name)."""

    def __init__(self, records: Iterator[tuple[str, Mapping[str, Any]]]) -> None:
        self.by_node: dict[tuple[str, str], Answer] = {}
        self.by_text: dict[tuple[str, str], Answer] = {}
        self.text_of: dict[tuple[str, str], str] = {}  # of the records in by_node that say it
        entries = list(records)
        unit = _confidence_unit(entries)
        for place, record in entries:
            prompt, response = record.get("prompt"), record.get("response")
            if not isinstance(prompt, str) or not isinstance(response, str):
                raise InvalidParameterError(
                    "`source` of a ReplayEnhancer must hold records with the strings `prompt` and `response`, got "
                    f"{dict(record)!r:.200} at {place}. Complete it or take it out."
                )
            node = next((record[key] for key in _NODE_KEYS if record.get(key) is not None), None)
            text = record.get("text")
            if node is None and not isinstance(text, str):
                raise InvalidParameterError(
                    "`source` of a ReplayEnhancer must hold records that name their node (`node`, `id` or `name`) or "
                    f"give its `text`, got {dict(record)!r:.200} at {place}. Complete it or take it out."
                )
            table, key = (self.by_text, (str(text), prompt)) if node is None else (self.by_node, (str(node), prompt))
            confidence = record.get("confidence")
            answer = Answer(response, confidence=None if confidence is None else confidence / unit)
            kept = table.setdefault(key, answer)
            if (kept, kept.confidence) != (answer, answer.confidence):
                raise InvalidParameterError(
                    "`source` of a ReplayEnhancer must hold one answer a node and prompt, got a second, different one "
                    f"to {key!r:.200} at {place}. Keep the one that is meant."
                )
            if node is not None and isinstance(text, str):
                self.text_of[key] = text
        sure = [
            {key: answer.confidence for key, answer in table.items() if answer.confidence is not None}
            for table in (self.by_node, self.by_text)
        ]
        tables: list[Mapping[Any, Any]] = [self.by_node, self.by_text, *([self.text_of] if self.text_of else [])]
        tables += sure if any(sure) else []
        rows = [sorted(table.items()) for table in tables]  # lines in another order say the same
        self.digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]
        self.node_names = frozenset(node for node, _ in self.by_node)
        self.prompt_names = frozenset(prompt for table in (self.by_node, self.by_text) for _, prompt in table)
        self.n_nodes = len(self.node_names) + len({text for text, _ in self.by_text})
        said: dict[tuple[str, str], set[Answer]] = {}
        for (node, prompt), text in self.text_of.items():
            said.setdefault((text, prompt), set()).add(self.by_node[node, prompt])
        # a text that got several answers on several nodes says nothing about another node
        self.by_text = {**{key: answers.pop() for key, answers in said.items() if len(answers) == 1}, **self.by_text}

    def find(self, question: str) -> Answer | None:
        if not isinstance(question, Question):
            return None  # a bare string says neither node nor prompt
        prompt = question.prompt.name
        text = question.values.get("text")
        named = [(node, prompt) for node in question.node_names if (node, prompt) in self.by_node]
        for key in named:
            if self.text_of.get(key, text) == text:
                return self.by_node[key]
        answer = None if text is None else self.by_text.get((text, prompt))
        return self.by_node[named[0]] if answer is None and named else answer


def _confidence_unit(entries: Sequence[tuple[str, Mapping[str, Any]]]) -> float:
    """Return what a confidence of the recording is divided by: 100 where they are percent, else 1."""
    unit = 1.0
    for place, record in entries:
        value = record.get("confidence")
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 100:
            raise InvalidParameterError(
                "`source` of a ReplayEnhancer must have each `confidence` from 0 to 1, or from 0 to 100 percent, got "
                f"{value!r:.200} at {place}. Correct it, or leave it out where it is not known."
            )
        if value > 1:
            unit = 100.0
    return unit


# One recording per process and file: clones and folds share it. Keyed by path, size and time of change.
_CACHE: dict[tuple[str, int, int], _Recording] = {}


def _load(source: Any) -> _Recording:
    if isinstance(source, (str, os.PathLike)):
        path = _file_of(check_path("`source` of a ReplayEnhancer", source, short=True))
        status = path.stat()
        key = (str(path.resolve()), status.st_size, status.st_mtime_ns)
        if key not in _CACHE:
            _CACHE[key] = _Recording(_read_lines(path))
        return _CACHE[key]
    if isinstance(source, Sequence) and all(isinstance(record, Mapping) for record in source):
        return _Recording((f"record {i}", record) for i, record in enumerate(source))
    raise InvalidParameterError(
        f"`source` of a ReplayEnhancer must be a path or a list of dicts, got {type(source).__name__}. One record is "
        "[{'node': ..., 'prompt': ..., 'response': ...}]."
    )


def _file_of(path: Path) -> Path:
    candidates = [path / "llm_answers.jsonl.gz", path / "llm_answers.jsonl"] if path.is_dir() else [path]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise InvalidParameterError(
        f"`source` of a ReplayEnhancer must be a JSON-lines file or a folder with llm_answers.jsonl[.gz], got "
        f"{str(path)!r}, where there is none. Correct the path."
    )


def _read_lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield f"line {number} of {path.name}", _record(line)
    except (OSError, EOFError, ValueError, RecursionError) as error:  # unreadable, cut short, not UTF-8 or not JSON
        raise InvalidParameterError(
            f"`source` of a ReplayEnhancer must be JSON lines in UTF-8, got {error} at line {max(number, 1)} of "
            f"{path.name}. Repair or take out that line; a file cut short was not written to its end."
        ) from error


def _record(line: bytes) -> Mapping[str, Any]:
    record = json.loads(line.decode("utf-8"))
    if not isinstance(record, dict):
        raise ValueError(f"{type(record).__name__} instead of a JSON object")
    return record
