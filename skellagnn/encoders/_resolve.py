"""What a user may name as ``encoder`` -> a transformer of texts; several of them beside each other."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion

from skellagnn.base.resolve import resolve
from skellagnn.encoders._contract import ObjectEncoder, as_texts, checked_embeddings, is_network, learns
from skellagnn.encoders._sentence_bert import SentenceBertEncoder
from skellagnn.encoders._tfidf import TfidfEncoder
from skellagnn.exceptions import InvalidParameterError

ENCODERS: dict[str, Callable[[], Any]] = {
    "minilm": SentenceBertEncoder,
    "multilingual": partial(SentenceBertEncoder, "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"),
    "tfidf": TfidfEncoder,
}

_OR_ELSE = (
    "or the name of a sentence-transformers model with its organization ('sentence-transformers/all-mpnet-base-v2'), a "
    "folder with one, several of these joined by '+', a SentenceTransformer, a scikit-learn text transformer, or an "
    "object with `encode`"
)


class EncoderUnion(FeatureUnion, auto_wrap_output_keys=None):  # type: ignore[misc, call-arg]
    """Put the vectors of several encoders beside each other, each scaled to count the same.

    One sees what another misses: Sentence-BERT the sense of a text, TF-IDF its rare words. ``"minilm+tfidf"`` stands
    for ``EncoderUnion([("minilm", "minilm"), ("tfidf", "tfidf")])``.

    Parameters
    ----------
    transformer_list : list of (str, encoder)
        As in :class:`~sklearn.pipeline.FeatureUnion`, whose nested parameters it has
        (``encoder__tfidf__n_components``). An encoder is whatever the classifier takes as ``encoder``, by name too.

    Notes
    -----
    Each encoder's vectors are scaled to length ``1 / sqrt(n_encoders)``, so that the product of two of the union is the
    mean of the encoders' cosine similarities: none counts more because its vectors are longer or wider. A zero vector
    stays zero. FeatureUnion itself has a fixed weight for each block.

    Examples
    --------
    >>> from skellagnn.encoders import EncoderUnion, TfidfEncoder
    >>> texts = ["on cats", "on dogs", "on graphs"]
    >>> letters = TfidfEncoder(n_components=2, analyzer="char", ngram_range=(1, 2))
    >>> EncoderUnion([("words", TfidfEncoder(n_components=1)), ("letters", letters)]).fit_transform(texts).shape
    (3, 3)
    """

    n_jobs = transformer_weights = None  # of FeatureUnion; these are not for the user to set
    verbose = False

    def __init__(self, transformer_list: list[tuple[str, Any]]) -> None:
        self.transformer_list = transformer_list

    def fit(self, texts: Sequence[str], y: Any = None) -> EncoderUnion:
        """Fit the encoders that learn from texts, as FeatureUnion does: in place. ``y`` is ignored.

        Raises
        ------
        InvalidParameterError
            If ``transformer_list`` is no list of names and encoders.
        """
        self.transformer_list = _resolved_parts(self.transformer_list)
        return super().fit(texts)  # type: ignore[no-any-return]

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts with each encoder.

        Returns
        -------
        embeddings : ndarray of float32 of shape (n_texts, n_features)
        """
        parts, blocks = _resolved_parts(self.transformer_list), []
        for _, part in parts:
            block = checked_embeddings(part, list(texts))
            lengths = np.linalg.norm(block, axis=1, keepdims=True) * np.float32(len(parts) ** 0.5)
            blocks.append(np.divide(block, lengths, out=np.zeros_like(block), where=lengths > 0))
        return np.hstack(blocks)

    def fit_transform(self, texts: Sequence[str], y: Any = None) -> NDArray[np.float32]:
        """Fit on texts, and return their vectors, shape (n_texts, n_features)."""
        return self.fit(texts).transform(texts)


def resolve_encoder(encoder: Any) -> Any:
    """Return the transformer that ``encoder`` stands for.

    Parameters
    ----------
    encoder : str, path, object or None
        A key of ``ENCODERS``; a name with "/" or an existing folder, which is a sentence-transformers model; several of
        these joined by "+", for their vectors beside each other; a ``SentenceTransformer``; an object with ``fit`` and
        ``transform`` over lists of texts; any other object with ``encode``. ``sklearn.frozen.FrozenEstimator`` around
        one of these keeps what it has learned through clones.

    Returns
    -------
    encoder : transformer or None
        None for None.

    Raises
    ------
    InvalidParameterError
        If it stands for nothing. The closest name is suggested.
    """
    if encoder is None:
        return None
    if isinstance(encoder, Path):
        return SentenceBertEncoder(str(encoder))
    if isinstance(encoder, str):
        if "+" in encoder and not os.path.isdir(encoder):  # no model on the hub has it in its name
            names = [part.strip() for part in encoder.split("+")]
            parts = [(_part_name(name, names[:place]), resolve_encoder(name)) for place, name in enumerate(names)]
            return EncoderUnion(parts)
        if encoder not in ENCODERS and ("/" in encoder or os.path.isdir(encoder)):
            return SentenceBertEncoder(encoder)
        return resolve_encoder(resolve(encoder, ENCODERS, parameter="encoder", or_else=_OR_ELSE)())
    if isinstance(encoder, type):
        raise InvalidParameterError(
            f"`encoder` must be an object, got the class {encoder.__name__}. Write {encoder.__name__}()."
        )
    if isinstance(encoder, EncoderUnion):
        resolved = _resolved_parts(encoder.transformer_list)
        if all(part is given for (_, part), (_, given) in zip(resolved, encoder.transformer_list, strict=True)):
            return encoder
        return EncoderUnion(resolved)
    if isinstance(encoder, FrozenEstimator):
        inner = resolve_encoder(encoder.estimator)
        return encoder if inner is encoder.estimator else FrozenEstimator(inner)
    if callable(getattr(encoder, "transform", None)) and callable(getattr(encoder, "fit", None)):
        return encoder
    if callable(getattr(encoder, "encode", None)):
        if _is_sentence_transformer(encoder):
            return SentenceBertEncoder(encoder)
        if callable(getattr(encoder, "fit", None)) and not is_network(encoder):
            raise InvalidParameterError(
                f"`encoder` must have `transform` if it has `fit`, got a {type(encoder).__name__} with `encode`. Call "
                "it `transform`, or leave out `fit` if it learns nothing from texts."
            )
        return ObjectEncoder(encoder)
    names = [repr(name) for name in ENCODERS]
    raise InvalidParameterError(
        f"`encoder` must be one of {', '.join(names)} {_OR_ELSE}, got an object of type {type(encoder).__name__} with "
        "neither `encode` nor `fit` and `transform`."
    )


def fit_encoder(encoder: Any, texts: Sequence[str]) -> Any:
    """Return the encoder ready for use: a clone fitted on the texts if it learns from texts, else itself.

    Parameters
    ----------
    encoder : str or object
        What the classifier takes as ``encoder``, such as ``"minilm+tfidf"``.
    texts : sequence of str
        Blank ones are left out; labels are never seen.

    Returns
    -------
    encoder : transformer or None
        None for None. The object that came in is not changed.
    """
    ready = resolve_encoder(encoder)
    if ready is None or not learns(ready):
        return ready
    fresh: Any = clone(ready) if hasattr(ready, "get_params") else copy.deepcopy(ready)
    fitted = fresh.fit([text for text in as_texts(texts) if text.strip()])
    return fresh if fitted is None else fitted


def without_weights(encoder: Any) -> Any:
    """Return the encoder as it is saved: None in place of a network that the user loaded, also within a union."""
    if isinstance(encoder, EncoderUnion):
        return EncoderUnion([(name, without_weights(part)) for name, part in encoder.transformer_list])
    return None if _holds_network(encoder) else encoder


def with_weights(saved: Any, given: Any) -> Any:
    """Return what was saved, with the networks of ``given``, which is of the same form, in the places that are None."""
    if saved is None:
        return resolve_encoder(given) if _holds_network(given) else None
    if not isinstance(saved, EncoderUnion):
        return saved
    parts = given.transformer_list if isinstance(given, EncoderUnion) else []
    if len(parts) != len(saved.transformer_list):
        return saved
    pairs = zip(saved.transformer_list, parts, strict=True)
    return EncoderUnion([(name, with_weights(part, other)) for (name, part), (_, other) in pairs])


def _resolved_parts(parts: Any) -> list[tuple[str, Any]]:
    if (
        not isinstance(parts, (list, tuple))
        or len(parts) == 0
        or not all(isinstance(part, (list, tuple)) and len(part) == 2 and isinstance(part[0], str) for part in parts)
        or len({name for name, _ in parts}) != len(parts)
    ):
        raise InvalidParameterError(
            f"`transformer_list` must be a list of at least one (name, encoder), each name once, got {parts!r}. Write "
            "EncoderUnion([('sense', 'minilm'), ('words', 'tfidf')])."
        )
    for name, part in parts:
        if part is None:
            raise InvalidParameterError(
                f"`transformer_list` must hold encoders, got None as {name!r}. Leave it out. If the model was saved "
                "and loaded, it holds no weights of a language model that was loaded by you: give it one, with "
                "model.set_params(encoder=EncoderUnion([('name', network), ...])), in the same order."
            )
    return [(name, resolve_encoder(part)) for name, part in parts]


def _part_name(name: str, before: list[str]) -> str:
    """Return a name for a part of a union: scikit-learn wants each once, and none with two underscores."""
    again = before.count(name)
    return name.replace("__", "_") + (f"-{again + 1}" if again else "")


def _is_sentence_transformer(encoder: Any) -> bool:
    """Whether ``encode`` is that of sentence-transformers itself: a subclass with its own is taken at its word."""
    library = sys.modules.get("sentence_transformers")
    return library is not None and getattr(type(encoder), "encode", None) is library.SentenceTransformer.encode


def _holds_network(encoder: Any) -> bool:
    if isinstance(encoder, FrozenEstimator):
        return _holds_network(encoder.estimator)
    if isinstance(encoder, ObjectEncoder):
        return is_network(encoder.encoder)
    return is_network(encoder.model if isinstance(encoder, SentenceBertEncoder) else encoder)
