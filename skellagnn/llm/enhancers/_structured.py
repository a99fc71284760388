"""Class names that a server writes from a list, where it can, and how probable it takes the first one to be.

Looked at: instructor and outlines, which build on pydantic models, ask again where a reply does not fit, and raise
where a server cannot do it; here the text of the same reply is read instead.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from skellagnn.llm.enhancers._base import Answer
from skellagnn.llm.prompts import Question

# Optional parts of a request, by what a refusal of them speaks of.
FORMAT, LOGPROBS = "response_format", "logprobs"
_SPEAKS_OF = {
    FORMAT: re.compile(r"response_?format|json|schema|structured|grammar|guided|enum", re.IGNORECASE),
    LOGPROBS: re.compile(r"log_?prob", re.IGNORECASE),
}
_FIRST, _SECOND, _REASON = "first_choice", "second_choice", "reason"


def choices_of(question: str) -> tuple[str, ...]:
    """Return the class names that a question lists, as it shows them; none where it does not ask for a class."""
    if not isinstance(question, Question) or not question.prompt.names_classes or len(set(question.choices)) < 2:
        return ()
    return tuple(dict.fromkeys(question.choices))


def extras(choices: Sequence[str], refused: set[str]) -> dict[str, Any]:
    """Return the optional parts of a request for a class, without those that the server is known to refuse."""
    name = {"type": "string", "enum": list(choices)}
    schema = {
        "type": "object",
        "properties": {_FIRST: name, _SECOND: name, _REASON: {"type": "string"}},
        "required": [_FIRST, _SECOND, _REASON],
        "additionalProperties": False,
    }
    parts = {
        FORMAT: {"type": "json_schema", "json_schema": {"name": "choice", "strict": True, "schema": schema}},
        LOGPROBS: True,
    }
    return {name: part for name, part in parts.items() if name not in refused}


def refused_parts(sent: Mapping[str, Any], message: str) -> set[str]:
    """Return which of the optional parts that were sent a refusal speaks of; all of them if it speaks of none."""
    return {name for name in sent if _SPEAKS_OF[name].search(message)} or set(sent)


def read_choice(answer: Answer, reply: Mapping[str, Any], choices: Sequence[str]) -> tuple[Answer, bool]:
    """Return the answer as text, with a confidence where the server gives one, and whether it is in the asked form.

    An answer in another form is left as it is: it is read as text.
    """
    named = _fields(answer)
    is_structured = named.get(_FIRST) in choices
    text, finish = str(answer), answer.finish_reason
    if is_structured:
        second = named.get(_SECOND)
        text = named[_FIRST] + (f"; second choice: {second}." if second in choices and second != named[_FIRST] else ".")
        text += f" {named[_REASON].strip()}" if named.get(_REASON, "").strip() else ""
        if _SECOND in named and not answer.is_complete and finish != "content_filter":
            finish = "stop"  # the choices are whole, only the reason was cut
    confidence = _confidence(reply, choices)
    if not is_structured and confidence is None:
        return answer, False
    details = {**vars(answer), "finish_reason": finish, "confidence": confidence}
    return Answer(text, **details), is_structured


def _fields(text: str) -> dict[str, str]:
    """Read the fields of a JSON object, also of one that was cut."""
    start = text.find("{")
    if start < 0:
        return {}
    try:
        value, _ = json.JSONDecoder().raw_decode(text[start:])
    except (ValueError, RecursionError):
        pairs = re.findall(rf'"({_FIRST}|{_SECOND})"\s*:\s*"((?:[^"\\]|\\.)*)"', text)
        value = {name: json.loads(f'"{said}"', strict=False) for name, said in pairs if _is_string(said)}
    return {name: said for name, said in value.items() if isinstance(said, str)} if isinstance(value, dict) else {}


def _is_string(said: str) -> bool:
    try:
        json.loads(f'"{said}"', strict=False)
    except ValueError:
        return False
    return True


def _confidence(reply: Mapping[str, Any], choices: Sequence[str]) -> float | None:
    """Return the probability of the tokens of the first choice, None where the server tells none."""
    try:
        tokens = [
            (str(token["token"]), float(token["logprob"])) for token in reply["choices"][0]["logprobs"]["content"]
        ]
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    text = "".join(token for token, _ in tokens)
    names = "|".join(re.escape(name) for name in sorted(choices, key=len, reverse=True))
    # in the asked form, or as the first words of a text
    match = re.search(rf'"{_FIRST}"\s*:\s*"({names})"', text) or re.match(
        rf"[\W_]*({names})(?!\w)", text, re.IGNORECASE
    )
    if match is None:
        return None
    start, end = match.span(1)
    total, place = 0.0, 0
    for token, logprob in tokens:
        if place < end and place + len(token) > start:
            total += logprob
        place += len(token)
    return min(1.0, math.exp(total)) if not math.isnan(total) and total <= 1e-6 else None
