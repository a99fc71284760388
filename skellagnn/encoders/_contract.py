"""What every encoder is, and what is asked of the rows that it gives."""

from __future__ import annotations

import copy
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skellagnn.exceptions import InvalidParameterError

_WIDEST_SPARSE = 4096


class ObjectEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """An object with ``encode(texts)`` as a transformer; with a ``fit(texts)`` of its own it learns from texts."""

    def __init__(self, encoder: Any) -> None:
        self.encoder = encoder

    @property
    def learns(self) -> bool:
        return not is_network(self.encoder) and callable(getattr(self.encoder, "fit", None))

    def fit(self, texts: Sequence[str], y: Any = None) -> ObjectEncoder:
        if self.learns:
            fitted = self.encoder.fit(texts)
            self.encoder = self.encoder if fitted is None else fitted
        return self

    def transform(self, texts: Sequence[str]) -> Any:
        return self.encoder.encode(texts)

    def __sklearn_clone__(self) -> ObjectEncoder:
        """Copy what learns, and nothing else: it may hold the weights of a model."""
        if not self.learns:
            return ObjectEncoder(self.encoder)
        own = hasattr(self.encoder, "get_params")
        return ObjectEncoder(clone(self.encoder) if own else copy.deepcopy(self.encoder))

    def __sklearn_is_fitted__(self) -> bool:
        if not self.learns or hasattr(self.encoder, "__sklearn_is_fitted__"):
            return not self.learns or bool(self.encoder.__sklearn_is_fitted__())
        return any(name.endswith("_") and not name.startswith("__") for name in vars(self.encoder))


def is_network(part: Any) -> bool:
    """Whether the object is a network of torch; nothing is imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(part, torch.nn.Module)


def learns(encoder: Any) -> bool:
    """Whether a transformer learns from the texts that it is fitted on."""
    if isinstance(encoder, FrozenEstimator):
        return False
    if isinstance(encoder, ObjectEncoder):
        return encoder.learns
    if isinstance(encoder, FeatureUnion):
        return any(learns(part) for _, part in encoder.transformer_list)
    try:
        return bool(get_tags(encoder).requires_fit)
    except (AttributeError, TypeError):  # of another library
        return True


def is_fitted(encoder: Any) -> bool:
    """Whether a transformer can be used as it is."""
    if isinstance(encoder, FrozenEstimator):
        return is_fitted(encoder.estimator)
    if isinstance(encoder, (Pipeline, FeatureUnion)):  # scikit-learn asks the last step of a pipeline only
        parts = encoder.steps if isinstance(encoder, Pipeline) else encoder.transformer_list
        return all(is_fitted(part) for _, part in parts if part is not None and part not in ("passthrough", "drop"))
    try:
        check_is_fitted(encoder)
    except (NotFittedError, TypeError, AttributeError):  # the latter two of what only looks like scikit-learn's
        return False
    return True


def checked_rows(encoder: Any, texts: list[str]) -> NDArray[np.float32]:
    """Transform texts; nothing that breaks the contract comes through.

    Returns
    -------
    rows : ndarray of float32 of shape (n_texts, n_features)
        A copy: what the encoder returned is its own.

    Raises
    ------
    InvalidParameterError
        If it is not one finite row per text, or sparse and wider than 4096 columns.
    """
    kind = f"`{'encode' if isinstance(encoder, ObjectEncoder) else 'transform'}` of {name_of(encoder)}"
    wanted = f"must return an array of shape (n_texts={len(texts)}, n_features)"
    answer = encoder.transform(texts)
    if sparse.issparse(answer):
        if answer.ndim == 2 and answer.shape[1] > _WIDEST_SPARSE:
            raise InvalidParameterError(
                f"{kind} must return dense rows, or sparse ones of at most {_WIDEST_SPARSE} columns, got "
                f"{answer.shape[1]} sparse columns. Add a TruncatedSVD: make_pipeline(transformer, TruncatedSVD(256))."
            )
        answer = answer.toarray()
    try:
        with np.errstate(over="ignore"):  # a number too large for float32 is reported below
            rows = np.asarray(answer).astype(np.float32)
    except (TypeError, ValueError) as error:
        raise InvalidParameterError(
            f"{kind} {wanted} of numbers, got {type(answer).__name__} that is not one ({error}). Return a numpy array."
        ) from error
    if rows.ndim != 2 or len(rows) != len(texts) or rows.shape[1] == 0:
        raise InvalidParameterError(
            f"{kind} {wanted}, got shape {rows.shape}. Return one row per text, in their order."
        )
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        raise InvalidParameterError(
            f"{kind} must return finite numbers, got NaN or infinite values in {int((~finite).sum())} of {len(texts)} "
            f"rows, first for the text {texts[int(np.argmin(finite))][:60]!r}. Return zeros where nothing is known."
        )
    return rows


def name_of(encoder: Any) -> str:
    """Return the class that the user knows, for errors."""
    if isinstance(encoder, FrozenEstimator):
        return name_of(encoder.estimator)
    return type(encoder.encoder if isinstance(encoder, ObjectEncoder) else encoder).__name__
