"""What every back end needs to say about a request: a name to store answers under, and the length asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import partial
from math import inf
from typing import Any

from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.prompts import Question

# Limit for the answer to a plain string, which carries no Prompt; the same as the default of a Prompt.
_PLAIN_ANSWER_TOKENS = 128
_LONGEST_SHOWN = 40  # characters of a setting's value in a name; longer ones show as a digest


def describe_settings(settings: Mapping[str, Any]) -> str:
    """Write settings as ``[a=1,b='x']``, sorted and without those that are None; ``""`` where nothing is left.

    Equal settings give equal texts in every process; a long value is shown as a digest of itself.

    Raises
    ------
    InvalidParameterError
        If a value has no description that is the same in the next process.
    """
    parts = []
    for key in sorted(settings):
        if settings[key] is None:
            continue
        value = json.dumps(settings[key], sort_keys=True, ensure_ascii=True, default=partial(_describe, key))
        parts.append(f"{key}={value if len(value) <= _LONGEST_SHOWN else 'sha256:' + digest_of(value)}")
    return f"[{','.join(parts)}]" if parts else ""


def _describe(key: str, value: Any) -> Any:
    """Describe what JSON cannot: configuration objects by their own dict, torch dtypes and the like by their repr."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    if callable(getattr(value, "to_dict", None)):
        return {"class": type(value).__name__, **value.to_dict()}
    text = repr(value)
    if " at 0x" in text:
        raise InvalidParameterError(
            f"`{key}` must hold values that can be told apart in another process, got {type(value).__name__} without "
            "a repr of its own. Answers are stored under the settings: give the enhancer a `model_name`."
        )
    return text


def digest_of(text: str) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def answer_limit(question: str, fixed: int | None) -> int:
    """Return how many tokens the answer may have: the enhancer's own limit, else the prompt's."""
    if fixed is not None:
        return fixed
    return question.prompt.max_answer_tokens if isinstance(question, Question) else _PLAIN_ANSWER_TOKENS


def require_text(value: Any, parameter: str, *, optional: bool = False) -> None:
    """Check that a parameter is a non-empty string, or None where that is allowed."""
    if value is None and optional:
        return
    if not isinstance(value, str) or not value.strip():
        raise InvalidParameterError(
            f"`{parameter}` must be a non-empty string{' or None' if optional else ''}, "
            f"got {value!r}. Correct the parameter of the enhancer."
        )


def require_prompts(prompts: Any) -> list[str]:
    """Return prompts as a list of their own, each of them a string."""
    is_some = isinstance(prompts, Iterable) and getattr(prompts, "ndim", 1) > 0
    listed = list(prompts) if is_some else [prompts]
    odd = [prompt for prompt in listed if not isinstance(prompt, str)]
    if odd:
        raise InvalidParameterError(
            f"`prompts` must be a list of strings, got {odd[0]!r:.80}. Pass complete([prompt]) for a single one."
        )
    return listed


def require_number(value: Any, parameter: str, *, least: float, whole: bool = True, optional: bool = False) -> None:
    """Check that a parameter is an int (or a real number) of at least ``least``, or None where that is allowed."""
    if value is None and optional:
        return
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value < inf:
        kind = "an int" if whole else "a number"
        raise InvalidParameterError(
            f"`{parameter}` must be {kind} of at least {least}{' or None' if optional else ''}, got {value!r}. "
            "Correct the parameter of the enhancer."
        )


def require_mapping(value: Any, parameter: str, *, taken: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a dict parameter as a dict of its own (None is empty); keys in ``taken`` belong elsewhere."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidParameterError(f"`{parameter}` must be a dict with str keys or None, got {value!r}.")
    for key, instead in (taken or {}).items():
        if key in value:
            raise InvalidParameterError(f"`{parameter}` must not hold {key!r}, got {value[key]!r}. {instead}")
    return dict(value)
