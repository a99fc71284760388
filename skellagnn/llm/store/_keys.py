"""What an answer is stored under."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.prompts import Question

Item = TypeVar("Item")

# PostgreSQL refuses an index entry of more than about 2,700 bytes; a model's name is the longest part of the key.
_MAX_NAME_BYTES = 1000


class QuestionKey(NamedTuple):
    """What makes two questions to one model the same question. Node ids are no part of it.

    Parameters
    ----------
    prompt_key : str
        ``key`` of a :class:`~skellagnn.Prompt`: name and digest of template and answer limit.
    digest : str
        :attr:`Question.digest <skellagnn.prompts.Question.digest>`: digest of what was filled in.

    Examples
    --------
    >>> from skellagnn.prompts import Prompt, Question
    >>> question = Question(Prompt("keywords", "Keywords of: {text}"), {"text": "On cats"}, ("node 7",))
    >>> QuestionKey.of(question).prompt_key == question.prompt.key
    True
    """

    prompt_key: str
    digest: str

    @classmethod
    def of(cls, question: Question) -> QuestionKey:
        """Return the key of a question."""
        return cls(question.prompt.key, question.digest)

    @property
    def second_try(self) -> QuestionKey:
        """Key of a second try at the same question, which is stored of its own, so that it, too, is paid for once."""
        return QuestionKey(f"{self.prompt_key}:second", self.digest)


def check_keys(keys: Iterable[Any], parameter: str = "keys") -> list[QuestionKey]:
    """Return ``keys`` checked, in their order, each once."""
    checked: dict[QuestionKey, None] = {}
    for key in keys if isinstance(keys, Iterable) else [keys]:
        if not (isinstance(key, tuple) and len(key) == 2 and all(_is_name(part) for part in key)):
            raise InvalidParameterError(
                f"`{parameter}` must hold QuestionKey(prompt_key, digest) of two strings of 1 to {_MAX_NAME_BYTES} "
                f"bytes, got {key!r:.200}. Make keys with QuestionKey.of(question)."
            )
        checked[key if isinstance(key, QuestionKey) else QuestionKey(*key)] = None
    return list(checked)


def check_name(name: Any, parameter: str) -> str:
    """Return ``name`` if it can be part of a key in every database, else raise."""
    if not _is_name(name):
        raise InvalidParameterError(
            f"`{parameter}` must be a string of 1 to {_MAX_NAME_BYTES} bytes without a NUL character, got "
            f"{name!r:.200}. Long settings belong into the name as a digest."
        )
    return str(name)


def _is_name(name: Any) -> bool:
    if not isinstance(name, str) or not name or "\0" in name:
        return False
    if len(name) <= 250:  # whatever the characters are
        return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)
    try:
        return len(name.encode()) <= _MAX_NAME_BYTES
    except UnicodeEncodeError:  # half of a surrogate pair: no database takes it
        return False


def chunked(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of at most ``size`` items."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
