"""What tells one encoder from another, in every process.

``joblib.hash`` digests what an object holds. It sees no code: of a class that was changed in a notebook it says the
same as before, and what the old one made would be taken for that of the new one.
"""

from __future__ import annotations

import inspect
import pickle
import re
import types
from typing import Any

import joblib
from sklearn.pipeline import FeatureUnion

from skellagnn.encoders._contract import ObjectEncoder
from skellagnn.exceptions import InvalidParameterError


def encoder_identity(encoder: Any) -> str:
    """Return a text under which embeddings of this encoder are kept: its class, and its name or a digest of its state.

    Raises
    ------
    InvalidParameterError
        If it has no ``name`` and no digest can be made; see :func:`state_digest`.
    """
    if isinstance(encoder, ObjectEncoder):
        encoder = encoder.encoder
    if isinstance(encoder, FeatureUnion):
        parts = "; ".join(encoder_identity(part) for _, part in encoder.transformer_list)
        described = f"{parts}; {encoder.transformer_weights}"
    else:
        name = getattr(encoder, "name", None)
        described = name if isinstance(name, str) else state_digest(encoder)
    return f"{type(encoder).__module__}.{type(encoder).__qualname__} {described}"


def state_digest(part: Any) -> str:
    """Return 32 hex digits that identify an object by all that it holds, in every process.

    Of its classes and the functions that are part of it, the source counts, too, but not that of other functions which
    they call.

    Raises
    ------
    InvalidParameterError
        If it cannot be pickled, copies of it differ (as those of torch modules do), or its class has no source.
    """
    reason = "copies of it differ"
    try:
        # joblib's digest also sees which equal objects are one object; after a round trip that is alike for all copies
        copy = pickle.loads(pickle.dumps(part))
        digests = [_hash(copy), _hash(pickle.loads(pickle.dumps(copy)))]
        sources = _sources(part)
    except Exception as error:  # whatever the pickling of a foreign object raises
        digests, reason = [], f"it cannot be pickled, or has no source ({type(error).__name__}: {error})"
    if len(set(digests)) != 1:
        raise InvalidParameterError(
            f"`memory` and `out` need to tell encoders apart, and a {type(part).__name__} has no `name`, nor can one "
            f"be made from what it holds: {reason}. Give it a `name` that identifies model and settings."
        )
    return digests[0] if not sources else str(joblib.hash([digests[0], sources]))


class _Globals(pickle.Pickler):
    """Finds the classes and functions that a pickle would name, and not hold."""

    def __init__(self) -> None:
        super().__init__(types.SimpleNamespace(write=len))  # a file that keeps nothing
        self.found: set[Any] = set()

    def reducer_override(self, part: Any) -> Any:
        if isinstance(part, (type, types.FunctionType)):
            self.found.update(part.__mro__ if isinstance(part, type) else (part,))
        return NotImplemented


# Code of the standard library and of installed packages is a matter of their versions.
_INSTALLED = re.compile(r"site-packages|dist-packages|[/\\]lib[/\\]python3|<frozen")


def _sources(part: Any) -> list[str]:
    """Return the source of the classes and functions in an object, but for those of installed packages."""
    pickler = _Globals()
    pickler.dump(part)
    sources = []
    for found in pickler.found:
        try:
            file = inspect.getfile(found)
        except TypeError:  # built in
            continue
        if not _INSTALLED.search(file):
            sources.append(f"{found.__module__}.{found.__qualname__}\n{inspect.getsource(found)}")
    return sorted(sources)


def _hash(copy: Any) -> str:
    parameters = list(copy.get_params(deep=True).values()) if hasattr(copy, "get_params") else []
    for holder in (copy, *parameters):
        # scikit-learn's vectorizers remember an object's address, which is another one in every process
        if not isinstance(holder, type) and hasattr(holder, "_stop_words_id"):
            del holder._stop_words_id
    names = [name for part in parameters if isinstance(name := getattr(part, "name", None), str)]
    return str(joblib.hash([copy, names] if names else copy))
