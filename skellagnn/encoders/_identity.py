"""What tells one encoder from another, in every process."""

from __future__ import annotations

import pickle
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
    except Exception as error:  # whatever the pickling of a foreign object raises
        digests, reason = [], f"it cannot be pickled ({type(error).__name__}: {error})"
    if len(set(digests)) != 1:
        raise InvalidParameterError(
            f"`memory` and `out` need to tell encoders apart, and a {type(part).__name__} has no `name`, nor can one "
            f"be made from what it holds: {reason}. Give it a `name` that identifies model and settings "
            "(SentenceBertEncoder has one for every sentence-transformers model)."
        )
    return digests[0]


def _hash(copy: Any) -> str:
    parameters = copy.get_params(deep=True).values() if hasattr(copy, "get_params") else ()
    for holder in (copy, *parameters):
        # scikit-learn's vectorizers remember an object's address, which is another one in every process
        if not isinstance(holder, type) and hasattr(holder, "_stop_words_id"):
            del holder._stop_words_id
    return str(joblib.hash(copy))
