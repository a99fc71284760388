"""What tells one encoder from another, in every process."""

from __future__ import annotations

import pickle
import re
import sys
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

    Of classes and functions that are part of it, the code counts, too, with defaults and plain class attributes, but
    not that of other functions which they call.

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


class _Nowhere:
    """A file that keeps nothing."""

    def write(self, data: bytes) -> int:
        return len(data)


class _Globals(pickle.Pickler):
    """Finds the classes and functions that a pickle would name, and not hold."""

    def __init__(self) -> None:
        super().__init__(_Nowhere())
        self.found: dict[str, Any] = {}

    def reducer_override(self, part: Any) -> Any:
        if isinstance(part, (type, types.FunctionType)):
            self.found[f"{part.__module__}.{part.__qualname__}"] = part
        return NotImplemented


# Code of the standard library and of installed packages is a matter of their versions.
_INSTALLED = re.compile(r"site-packages|dist-packages|[/\\]lib[/\\]python3|<frozen")
_PLAIN_TYPES = (str, bytes, int, float, complex, type(None))  # bool is an int


def _code_of(part: Any) -> list[Any]:
    """Return what the classes and functions in an object do, but for those of installed packages."""
    pickler = _Globals()
    pickler.dump(part)
    codes = []
    for name, found in sorted(pickler.found.items()):
        for place in found.__mro__ if isinstance(found, type) else ():
            for attribute, value in sorted(vars(place).items()):
                if isinstance(value, _PLAIN_TYPES) and not attribute.startswith("__") and not _is_installed(place):
                    codes.append([name, attribute, repr(value)])
                codes += [[name, attribute, *code] for code in _function_code(value)]
        codes += [[name, *code] for code in _function_code(found)]
    return codes


def _is_installed(place: type) -> bool:
    module = sys.modules.get(place.__module__)
    file = getattr(module, "__file__", None)
    return place.__module__ == "builtins" or (file is not None and _INSTALLED.search(file) is not None)


def _function_code(value: Any) -> list[list[Any]]:
    """Return the code of a function, method or property and of what it wraps, with their defaults."""
    found = []
    value = getattr(value, "fget", None) or getattr(value, "__func__", value)
    while isinstance(value, types.FunctionType):
        if not _INSTALLED.search(value.__code__.co_filename):
            defaults = [repr(value.__defaults__), repr(value.__kwdefaults__)]
            found.append([*_plain(value.__code__, value.__doc__), *defaults])
        value = getattr(value, "__wrapped__", None)
    return found


def _plain(code: types.CodeType, doc: str | None = None) -> list[Any]:
    """Return what a function does, without the place where it stands and what it says of itself."""
    constants = [
        _plain(constant)
        if isinstance(constant, types.CodeType)
        else sorted(map(repr, constant))
        if isinstance(constant, frozenset)
        else repr(constant)
        for constant in code.co_consts
        if doc is None or constant != doc
    ]
    return [code.co_code, list(code.co_names), constants]


def _hash(copy: Any) -> str:
    parameters = copy.get_params(deep=True).values() if hasattr(copy, "get_params") else ()
    for holder in (copy, *parameters):
        # scikit-learn's vectorizers remember an object's address, which is another one in every process
        if not isinstance(holder, type) and hasattr(holder, "_stop_words_id"):
            del holder._stop_words_id
    return str(joblib.hash(copy))
