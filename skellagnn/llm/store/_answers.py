"""What may be stored as an answer."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any

from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.enhancers import Answer
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
    finish_reason = getattr(answer, "finish_reason", None)
    # numpy's numbers are none to a database
    tokens_in, tokens_out = (_number(answer, name, int, key) for name in ("tokens_in", "tokens_out"))
    return Answer(
        _storable(str(answer)),
        finish_reason=None if finish_reason is None else _storable(str(finish_reason)),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        seconds=_number(answer, "seconds", float, key),
    )


def _number(answer: str, name: str, kind: Any, key: QuestionKey) -> Any:
    value = getattr(answer, name, None)
    if value is None:
        return None
    try:
        number = kind(value)
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
        "finish_reason": answer.finish_reason,
        "tokens_in": answer.tokens_in,
        "tokens_out": answer.tokens_out,
        "seconds": answer.seconds,
        "created": created.astimezone(timezone.utc).replace(tzinfo=None),
    }


def as_utc(moment: datetime) -> datetime:
    """Return a time from the database, where it is UTC without a zone, with its zone."""
    return moment.replace(tzinfo=timezone.utc)
