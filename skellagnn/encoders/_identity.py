"""What tells one encoder from another, in every process."""

from __future__ import annotations

import io
import pickle
import re
import types
from typing import Any

import joblib

from skellagnn.exceptions import InvalidParameterError


def encoder_identity(encoder: Any) -> str:
    """Return a text under which rows of this encoder may be kept: its class, and its name or a digest of its state.

    Raises
    ------
    InvalidParameterError
        If it has no ``name`` and no digest can be made; see :func:`state_digest`.
    """
    name = getattr(encoder, "name", None)
    described = name if isinstance(name, str) else state_digest(encoder)
    return f"{type(encoder).__module__}.{type(encoder).__qualname__}\0{described}"


def state_digest(part: Any) -> str:
    """Return 32 hex digits that identify an object by all that it holds, in every process.

    Of classes and functions that are part of it, the code counts, too, but not that of others which they call.

    Raises
    ------
    InvalidParameterError
        If it cannot be pickled, or copies of it differ (as those of torch modules do).
    """
    reason = "copies of it differ"
    try:
        # joblib's digest also sees which equal objects are one object; after a round trip that is alike for all copies
        copy = pickle.loads(pickle.dumps(part))
        digests = [_hash(copy), _hash(pickle.loads(pickle.dumps(copy)))]
        code = _code_of(part)
    except Exception as error:  # whatever the pickling of a foreign object raises
        digests, reason = [], f"it cannot be pickled ({type(error).__name__}: {error})"
    if len(set(digests)) != 1:
        raise InvalidParameterError(
            f"`memory` and `out` need to tell encoders apart, and a {type(part).__name__} has no `name`, nor can one "
            f"be made from what it holds: {reason}. Give it a `name` that identifies model and settings "
            "(SentenceBertEncoder has one for every sentence-transformers model)."
        )
    return digests[0] if not code else str(joblib.hash([digests[0], code]))


class _Globals(pickle.Pickler):
    """Finds the classes and functions that a pickle would name, and not hold."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO())
        self.found: dict[str, Any] = {}

    def reducer_override(self, part: Any) -> Any:
        if isinstance(part, (type, types.FunctionType)):
            self.found[f"{part.__module__}.{part.__qualname__}"] = part
        return NotImplemented


def _code_of(part: Any) -> list[str]:
    """Return a digest of the code of each class and function in an object but those of installed packages."""
    pickler = _Globals()
    pickler.dump(part)
    codes = []
    for name, found in sorted(pickler.found.items()):
        functions = vars(found).values() if isinstance(found, type) else [found]
        for function in functions:
            function = getattr(function, "fget", None) or getattr(function, "__func__", function)
            code = getattr(function, "__code__", None)
            if code is not None and not _INSTALLED.search(code.co_filename):
                codes.append(f"{name} {joblib.hash(_plain(code))}")
    return codes


# Code of the standard library and of installed packages is a matter of their versions.
_INSTALLED = re.compile(r"site-packages|dist-packages|[/\\]lib[/\\]python3|<frozen")


def _plain(code: types.CodeType) -> list[Any]:
    """Return what a function does, without the place where it stands."""
    constants = [
        _plain(constant) if isinstance(constant, types.CodeType) else repr(constant)
        for constant in code.co_consts
        if not isinstance(constant, frozenset)
    ]
    sets = [sorted(map(repr, constant)) for constant in code.co_consts if isinstance(constant, frozenset)]
    return [code.co_code, list(code.co_names), constants, sets]


def _hash(copy: Any) -> str:
    parameters = copy.get_params(deep=True).values() if hasattr(copy, "get_params") else ()
    for holder in (copy, *parameters):
        # scikit-learn's vectorizers remember an object's address, which is another one in every process
        if not isinstance(holder, type) and hasattr(holder, "_stop_words_id"):
            del holder._stop_words_id
    return str(joblib.hash(copy))
