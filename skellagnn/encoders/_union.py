"""Rows of several encoders beside each other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skellagnn.encoders._identity import encoder_identity
from skellagnn.encoders._resolve import fit_encoder, resolve_encoder
from skellagnn.exceptions import InvalidParameterError


class EncoderUnion(BaseEstimator):  # type: ignore[misc]
    """Put the rows of several encoders beside each other.

    One sees what another misses: Sentence-BERT the sense of a text, TF-IDF its rare words. ``"minilm+tfidf"`` stands
    for ``EncoderUnion(["minilm", "tfidf"])``.

    Parameters
    ----------
    encoders : sequence
        Each is what :func:`~skellagnn.encoders.resolve_encoder` takes.

    Attributes
    ----------
    encoders_ : list of Encoder
        Clones that have learned from the texts, of those that learn; the others as they are.

    Notes
    -----
    Each encoder's rows are scaled to length ``1 / sqrt(n_encoders)``, so that the product of two rows is the mean of
    the encoders' cosine similarities: none counts more because its rows are longer or wider.

    Examples
    --------
    >>> from skellagnn.encoders import EncoderUnion, TfidfEncoder
    >>> texts = ["on cats", "on dogs", "on graphs"]
    >>> letters = TfidfEncoder(n_components=2, analyzer="char", ngram_range=(1, 2))
    >>> EncoderUnion([TfidfEncoder(n_components=1), letters]).fit(texts).encode(texts).shape
    (3, 3)
    """

    def __init__(self, encoders: Sequence[Any]) -> None:
        self.encoders = encoders

    def fit(self, texts: Sequence[str], y: Any = None) -> EncoderUnion:
        """Let those encoders learn that learn from texts; ``y`` is ignored.

        Parameters
        ----------
        texts : sequence of str of length n_texts
        y : None

        Returns
        -------
        self : EncoderUnion

        Raises
        ------
        InvalidParameterError
            If ``encoders`` is no list of encoders.
        """
        if isinstance(self.encoders, str) or not isinstance(self.encoders, Sequence) or len(self.encoders) == 0:
            raise InvalidParameterError(
                f"`encoders` must be a list of at least one encoder, got {self.encoders!r}. Write "
                "EncoderUnion(['minilm', 'tfidf'])."
            )
        found = [resolve_encoder(encoder) for encoder in self.encoders]
        if None in found:
            raise InvalidParameterError(f"`encoders` must be encoders, got None in {self.encoders!r}. Leave it out.")
        self.encoders_ = [fit_encoder(encoder, texts) for encoder in found if encoder is not None]
        return self

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts with each encoder.

        Parameters
        ----------
        texts : sequence of str of length n_texts

        Returns
        -------
        rows : ndarray of float32 of shape (n_texts, n_features)
            Of unit length, or shorter for a text of which an encoder makes a zero row.

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        InvalidParameterError
            If an encoder does not give one row per text.
        """
        check_is_fitted(self, "encoders_")
        if None in self.encoders_:
            raise InvalidParameterError(
                f"`encoders` must all be there, got {self.encoders_!r}: a saved model holds no weights of a language "
                "model. Give it one: model.set_params(encoder=EncoderUnion([network, ...])), in the same order."
            )
        parts = []
        for encoder in self.encoders_:
            rows = np.asarray(encoder.encode(texts), dtype=np.float32)
            if rows.ndim != 2 or len(rows) != len(texts):
                raise InvalidParameterError(
                    f"`encoders` must give one row per text, got an array of shape {rows.shape} for {len(texts)} texts "
                    f"from {type(encoder).__name__}."
                )
            lengths = np.linalg.norm(rows, axis=1, keepdims=True) * np.float32(len(self.encoders_) ** 0.5)
            parts.append(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0))
        return np.hstack(parts)

    @property
    def name(self) -> str:
        """Identify the encoders and what they learned."""
        check_is_fitted(self, "encoders_")
        identities = "\0\0".join(map(encoder_identity, self.encoders_))
        return f"union:{len(self.encoders_)}@{hashlib.sha256(identities.encode()).hexdigest()[:32]}"
