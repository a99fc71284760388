"""What may be stored as an answer."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any

from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.enhancers import ANSWER_DETAILS, Answer
from skellagnn.llm.store._keys import QuestionKey

# What no database takes in a text: NUL, and halves of surrogate pairs, which broken JSON brings along.
_UNSTORABLE = {0: "\ufffd"} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


def as_answer(answer: Any, key: QuestionKey) -> Answer:
    """Return what the store would give back for ``answer``: its text storable, its details plain numbers."""
    if not isinstance(answer, str):
        raise InvalidParameterError(
            f"`answers` must be strings (plain, or skellagnn.enhancers.Answer), got {answer!r:.200} for {key!r}. Leave "
            "out what was not answered."
        )
    details = {name: _detail(getattr(answer, name, None), name, kind, key) for name, kind in ANSWER_DETAILS.items()}
    return Answer(_storable(str(answer)), **details)


def _detail(value: Any, name: str, kind: Any, key: QuestionKey) -> Any:
    if value is None or kind is str:
        return value if value is None else _storable(str(value))
    try:
        number = kind(value)  # numpy's numbers are none to a database
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not abs(number) < 2**63:
        raise InvalidParameterError(
            f"`{name}` of an answer must be None or a finite {kind.__name__}, got {value!r:.200} for {key!r}. Leave it "
            "out where it is not known."
        )
    return number


def _storable(text: str) -> str:
    return text if text.isascii() and "\0" not in text else text.translate(_UNSTORABLE)


def to_row(model: str, key: QuestionKey, answer: Answer, created: datetime) -> dict[str, Any]:
    """Return the row of a (checked) answer, all columns."""
    return {
        "model": model,
        "prompt_key": key.prompt_key,
        "digest": key.digest,
        "answer": str(answer),
        **{name: getattr(answer, name) for name in ANSWER_DETAILS},
        "created": created.astimezone(timezone.utc).replace(tzinfo=None),
    }


def as_utc(moment: datetime) -> datetime:
    """Return a time from the database, where it is UTC without a zone, with its zone."""
    return moment.replace(tzinfo=timezone.utc)
