"""All errors and warnings of the package.

Each error also derives from the built-in that a caller would expect, so that ``except ValueError`` keeps working and
scikit-learn's own checks recognise them. Messages have four parts: which argument, what was expected, what came, and
what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "SkellagnnError",
    "InvalidParameterError",
    "GraphError",
    "LabelError",
    "MissingAnswerError",
    "EnhancerError",
    "StoreError",
    "DownloadError",
    "MissingDependencyError",
    "SkellagnnWarning",
    "LongTextWarning",
    "AnswerWarning",
]


class SkellagnnError(Exception):
    """Base of all errors that this package raises on purpose."""


class InvalidParameterError(SkellagnnError, ValueError):
    """A parameter of a class or function has a value that it cannot have."""


class GraphError(SkellagnnError, ValueError):
    """A graph, or what it was to be built from, is malformed."""


class LabelError(SkellagnnError, ValueError):
    """Labels do not fit the graph or cannot be learned from."""


class MissingAnswerError(SkellagnnError, LookupError):
    """Recorded answers were asked for that nobody recorded."""


class EnhancerError(SkellagnnError, RuntimeError):
    """An LLM back end failed, or returned something that breaks its contract."""


class StoreError(SkellagnnError, RuntimeError):
    """The response store cannot be used; the message says what was kept and what to do.

    Attributes
    ----------
    unsaved : dict of QuestionKey to Answer
        Answers that arrived and could not be stored. Not empty only where the question was asked in the same call.
    """

    def __init__(self, message: str, unsaved: Mapping[Any, Any] | None = None) -> None:
        super().__init__(message)
        self.unsaved = dict(unsaved or {})

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.unsaved)


class DownloadError(SkellagnnError, OSError):
    """A data set is not there, and could not or must not be downloaded."""


class MissingDependencyError(SkellagnnError, ImportError):
    """An optional package is needed and not installed; the message names the extra that brings it."""


class SkellagnnWarning(UserWarning):
    """Base of all warnings of this package."""


class LongTextWarning(SkellagnnWarning):
    """Texts were longer than the encoder reads and were cut, as asked for; the message counts them."""


class AnswerWarning(SkellagnnWarning):
    """LLM answers could not be used; the message counts them by reason."""
