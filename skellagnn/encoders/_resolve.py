"""What a user may name as ``encoder`` -> an encoder."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skellagnn.base.resolve import resolve
from skellagnn.encoders._base import Encoder
from skellagnn.encoders._sentence_bert import SentenceBertEncoder
from skellagnn.encoders._sklearn import SklearnTextEncoder
from skellagnn.encoders._tfidf import TfidfEncoder
from skellagnn.exceptions import InvalidParameterError

__all__ = ["ENCODERS", "resolve_encoder", "fit_encoder", "is_fittable", "is_fitted", "is_network"]

ENCODERS: dict[str, Callable[[], Encoder]] = {
    "minilm": SentenceBertEncoder,
    "tfidf": TfidfEncoder,
}

_OR_ELSE = (
    "or the name of a sentence-transformers model with its organization ('sentence-transformers/all-mpnet-base-v2'), a "
    "folder with one, several of these joined by '+', an object with `encode`, or a scikit-learn text transformer"
)


def resolve_encoder(encoder: Any) -> Encoder | None:
    """Return the encoder that ``encoder`` stands for.

    Parameters
    ----------
    encoder : str, path, object or None
        A key of ``ENCODERS``; a name with "/" or an existing folder, which is a sentence-transformers model; several of
        these joined by "+", for their rows beside each other; an object with ``encode`` (also a
        ``SentenceTransformer``), taken as it is; an object with ``fit`` and ``transform``, wrapped as a scikit-learn
        text transformer, which is fitted if the object is. ``sklearn.frozen.FrozenEstimator`` around any of these keeps
        what it has learned through clones.

    Returns
    -------
    encoder : Encoder or None
        None for None.

    Raises
    ------
    InvalidParameterError
        If it stands for nothing. The closest name is suggested.

    Examples
    --------
    >>> from skellagnn.encoders import resolve_encoder
    >>> resolve_encoder("tfidf")
    TfidfEncoder()
    >>> resolve_encoder("sentence-transformers/all-mpnet-base-v2")
    SentenceBertEncoder(model='sentence-transformers/all-mpnet-base-v2')
    >>> resolve_encoder("minilm+tfidf")
    EncoderUnion(encoders=['minilm', 'tfidf'])
    """
    if encoder is None:
        return None
    if isinstance(encoder, Path):
        return SentenceBertEncoder(str(encoder))
    if isinstance(encoder, str):
        if "+" in encoder and not os.path.isdir(encoder):  # no model on the hub has it in its name
            from skellagnn.encoders._union import EncoderUnion

            parts = [part.strip() for part in encoder.split("+")]
            for part in parts:  # a name that stands for nothing shows here, not when it is fitted
                resolve_encoder(part)
            return EncoderUnion(parts)
        if encoder not in ENCODERS and ("/" in encoder or os.path.isdir(encoder)):
            return SentenceBertEncoder(encoder)
        return resolve(encoder, ENCODERS, parameter="encoder", or_else=_OR_ELSE)()
    if isinstance(encoder, type):
        raise InvalidParameterError(
            f"`encoder` must be an object, got the class {encoder.__name__}. Write {encoder.__name__}()."
        )
    if callable(getattr(encoder, "encode", None)):
        return encoder  # type: ignore[no-any-return]
    if callable(getattr(encoder, "transform", None)) and callable(getattr(encoder, "fit", None)):
        return SklearnTextEncoder.around(encoder)
    names = ", ".join(repr(name) for name in ENCODERS)
    raise InvalidParameterError(
        f"`encoder` must be one of {names} {_OR_ELSE}, got an object of type {type(encoder).__name__} with neither "
        "`encode` nor `fit` and `transform`."
    )


def fit_encoder(encoder: Encoder, texts: Sequence[str]) -> Encoder:
    """Return the encoder ready for use: a clone fitted on the texts if it learns from texts, else itself.

    Parameters
    ----------
    encoder : Encoder
    texts : sequence of str
        Blank ones are left out; labels are never seen.

    Returns
    -------
    encoder : Encoder
        The object that came in is not changed.
    """
    if not is_fittable(encoder) or isinstance(encoder, FrozenEstimator):
        return encoder
    fresh: Any = clone(encoder) if hasattr(encoder, "get_params") else copy.deepcopy(encoder)
    fitted: Encoder | None = fresh.fit([text for text in texts if text.strip()])
    ready: Encoder = fresh if fitted is None else fitted
    return ready


def is_fittable(encoder: Any) -> bool:
    """Whether the encoder learns from texts."""
    # A SentenceTransformer has a `fit` too, which trains the network on other things.
    return not is_network(encoder) and callable(getattr(encoder, "fit", None))


def is_network(encoder: Any) -> bool:
    """Whether the encoder is itself a network, such as a SentenceTransformer; nothing is imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(encoder, torch.nn.Module)


def is_fitted(encoder: Any) -> bool:
    """Whether an encoder that learns from texts has done so: scikit-learn's rule, for any class."""
    if hasattr(encoder, "__sklearn_is_fitted__"):
        return bool(encoder.__sklearn_is_fitted__())
    return any(name.endswith("_") and not name.startswith("__") for name in vars(encoder))
