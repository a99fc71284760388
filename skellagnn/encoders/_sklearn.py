"""Any text transformer of scikit-learn as an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skellagnn.encoders._identity import state_digest
from skellagnn.exceptions import InvalidParameterError

_WIDEST_DENSE = 4096


class SklearnTextEncoder(BaseEstimator):  # type: ignore[misc]
    """Encode texts with a scikit-learn transformer of strings.

    Parameters
    ----------
    transformer : estimator with ``fit`` and ``transform`` over lists of strings
        For instance a pipeline of a vectorizer and :class:`~sklearn.decomposition.TruncatedSVD`. It is cloned, and the
        clone is fitted; one within :class:`~sklearn.frozen.FrozenEstimator` is used as it is.

    Attributes
    ----------
    transformer_ : estimator
        The fitted clone, or what is frozen.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import HashingVectorizer
    >>> from skellagnn.encoders import SklearnTextEncoder
    >>> texts = ["on cats", "on graphs"]
    >>> SklearnTextEncoder(HashingVectorizer(n_features=64)).fit(texts).encode(texts).shape
    (2, 64)
    """

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer

    def fit(self, texts: Sequence[str], y: Any = None) -> SklearnTextEncoder:
        """Fit a clone of the transformer; ``y`` is ignored.

        Parameters
        ----------
        texts : sequence of str of length n_texts
        y : None

        Returns
        -------
        self : SklearnTextEncoder
        """
        if isinstance(self.transformer, FrozenEstimator):
            self.transformer_ = self.transformer.estimator
        else:
            self.transformer_ = clone(self.transformer).fit(list(texts))
        return self

    @classmethod
    def around(cls, transformer: Any) -> SklearnTextEncoder:
        """Return an encoder that is fitted if the transformer is: with the very object, not a clone."""
        encoder = cls(transformer)
        frozen = transformer.estimator if isinstance(transformer, FrozenEstimator) else transformer
        if _is_fitted(frozen):
            encoder.transformer_ = frozen
        return encoder

    def encode(self, texts: Sequence[str]) -> NDArray[Any]:
        """Encode texts with the fitted transformer.

        Parameters
        ----------
        texts : sequence of str of length n_texts

        Returns
        -------
        rows : ndarray of shape (n_texts, n_features)

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        InvalidParameterError
            If the output is sparse and wider than 4096 columns.
        """
        check_is_fitted(self, "transformer_")
        rows: Any = self.transformer_.transform(list(texts))
        is_sparse: bool = sparse.issparse(rows)
        if not is_sparse:
            return np.asarray(rows)
        if rows.shape[1] > _WIDEST_DENSE:
            raise InvalidParameterError(
                f"`transformer` must give dense rows, or sparse ones of at most {_WIDEST_DENSE} columns, got "
                f"{rows.shape[1]} sparse columns from {type(self.transformer).__name__}. Add a TruncatedSVD: "
                "make_pipeline(transformer, TruncatedSVD(256))."
            )
        return np.asarray(rows.toarray())

    @property
    def name(self) -> str:
        """Identify the fitted transformer by a digest of all that it holds."""
        check_is_fitted(self, "transformer_")
        return f"sklearn:{type(self.transformer_).__name__}@{state_digest(self.transformer_)}"


def _is_fitted(transformer: Any) -> bool:
    if isinstance(transformer, Pipeline):  # scikit-learn asks the last step only, which may have nothing to learn
        steps = [step for _, step in transformer.steps if step is not None and step != "passthrough"]
        return all(map(_is_fitted, steps))
    try:
        check_is_fitted(transformer)
    except (NotFittedError, TypeError, AttributeError):  # the latter two of what only looks like scikit-learn's
        return False
    return True
