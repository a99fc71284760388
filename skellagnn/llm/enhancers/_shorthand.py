"""What may stand for an enhancer: None, a shorthand such as ``"hf:NAME"``, or an object."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from skellagnn.base.resolve import suggest
from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.enhancers._base import Enhancer
from skellagnn.llm.enhancers._openai import OpenAIEnhancer
from skellagnn.llm.enhancers._transformers import TransformersEnhancer

# OpenAI's models that think before they answer: no other temperature than theirs, and room for the thinking.
_THINKING_MODEL = re.compile(r"(o\d|gpt-5)(?!.*chat)")
_THINKING_TOKENS = 4096


def _openai(name: str) -> Enhancer:
    if _THINKING_MODEL.match(name):
        return OpenAIEnhancer(
            name, token_parameter="max_completion_tokens", temperature=None, max_tokens=_THINKING_TOKENS
        )
    return OpenAIEnhancer(name, token_parameter="max_completion_tokens")


def _ollama(name: str) -> Enhancer:
    return OpenAIEnhancer(name, base_url="http://localhost:11434/v1", api_key_env=None)


def _vllm(name: str) -> Enhancer:
    return OpenAIEnhancer(name, base_url="http://localhost:8000/v1", api_key_env=None, max_concurrency=32)


_PREFIXES: dict[str, Callable[[str], Enhancer]] = {
    "hf": TransformersEnhancer,
    "openai": _openai,
    "ollama": _ollama,
    "vllm": _vllm,
}


def resolve_enhancer(value: Any) -> Enhancer | None:
    """Return the enhancer that a parameter means.

    Parameters
    ----------
    value : None, str or Enhancer
        ``"hf:NAME"`` is a :class:`~skellagnn.TransformersEnhancer` (a name on the hub or a folder);
        ``"openai:NAME"`` asks OpenAI with the key in ``OPENAI_API_KEY``; ``"ollama:NAME"`` and ``"vllm:NAME"`` ask such
        a server at its usual port on this machine. An object with ``complete`` and ``name`` is returned as it is, and
        None stays None.

    Returns
    -------
    enhancer : Enhancer or None

    Raises
    ------
    InvalidParameterError
        If the value is anything else; says what to write instead.

    Examples
    --------
    >>> from skellagnn.enhancers import resolve_enhancer
    >>> resolve_enhancer("vllm:Qwen/Qwen3-8B").base_url
    'http://localhost:8000/v1'
    """
    if value is None:
        return None
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, type):
        raise InvalidParameterError(
            f"`enhancer` must be an object, got the class {value.__name__}. Make one: {value.__name__}(...)."
        )
    # looked up without being evaluated: the name of a back end may need what is not there yet
    has_name = inspect.getattr_static(value, "name", None) is not None
    if has_name and callable(getattr(value, "complete", None)):
        enhancer: Enhancer = value
        return enhancer
    raise InvalidParameterError(
        "`enhancer` must be None, a shorthand such as 'hf:NAME', or an object with `complete(prompts)` and `name`, got "
        f"{type(value).__name__}. {_advice(value)}"
    )


def _from_text(value: str) -> Enhancer:
    prefix, colon, name = value.partition(":")
    if colon and prefix in _PREFIXES and name.strip():
        return _PREFIXES[prefix](name.strip())
    forms = ", ".join(f"'{known}:NAME'" for known in _PREFIXES)
    if colon and prefix in _PREFIXES:
        advice = f"Name the model: '{prefix}:NAME'."
    elif colon and "/" not in prefix:
        advice = suggest(prefix, _PREFIXES).strip() or "Pass an object for any other back end."
    else:
        advice = f"Say where the model runs: 'hf:{value}' is one on this machine."
    raise InvalidParameterError(f"`enhancer` must be one of {forms}, or an object, got {value!r}. {advice}")


def _advice(value: Any) -> str:
    if isinstance(value, Mapping):
        return "Wrap a table of answers: CallableEnhancer(table, model_name='...')."
    if isinstance(value, os.PathLike) or (isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray))):
        return "Recorded answers are read by ReplayEnhancer(source)."
    if callable(value):
        return "Wrap a function of one prompt: CallableEnhancer(function, model_name='...')."
    missing = [part for part in ("name", "complete") if inspect.getattr_static(value, part, None) is None]
    return f"Give it {' and '.join(f'`{part}`' for part in missing) or 'a callable `complete`'}."
