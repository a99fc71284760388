"""What every encoder is, and what is asked of the vectors that it gives."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skellagnn.exceptions import InvalidParameterError

_WIDEST_SPARSE = 4096


def as_texts(texts: Any) -> list[str]:
    """Return texts as a list of strings; raises InvalidParameterError if they are something else, or in no order."""
    in_order = isinstance(texts, Iterable) and not isinstance(texts, (str, bytes, Set, Mapping))
    if not in_order or getattr(texts, "ndim", 1) != 1:
        raise InvalidParameterError(
            f"`texts` must be a sequence of strings, got {type(texts).__name__}. Pass a list with one string per text."
        )
    items = list(texts)
    wrong = next((item for item in items if not isinstance(item, str)), None)
    if wrong is not None or None in items:
        raise InvalidParameterError(
            f"`texts` must be a sequence of strings, got {type(wrong).__name__} ({wrong!r:.80}) among them. Write the "
            "empty string for a missing text."
        )
    return items


class ObjectEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """An object with ``encode(texts)`` as a transformer. It learns nothing, and is never copied: it may hold a model.

    ``FunctionTransformer`` was looked at: its clones deep-copy the function with the object that it is bound to.
    """

    def __init__(self, encoder: Any) -> None:
        self.encoder = encoder

    def fit(self, texts: Sequence[str], y: Any = None) -> ObjectEncoder:
        return self

    def transform(self, texts: Sequence[str]) -> Any:
        return self.encoder.encode(texts)

    def __sklearn_clone__(self) -> ObjectEncoder:
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return True


def is_network(part: Any) -> bool:
    """Whether the object is a network of torch; nothing is imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(part, torch.nn.Module)


def learns(encoder: Any) -> bool:
    """Whether a transformer learns from the texts that it is fitted on."""
    if isinstance(encoder, FrozenEstimator):
        return False
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


def checked_embeddings(encoder: Any, texts: list[str]) -> NDArray[np.float32]:
    """Transform texts; nothing that breaks the contract comes through.

    Returns
    -------
    embeddings : ndarray of float32 of shape (n_texts, n_features)
        A copy: what the encoder returned is its own.

    Raises
    ------
    InvalidParameterError
        If it is not one finite vector per text, or sparse and wider than 4096 columns.
    """
    kind = f"`{'encode' if isinstance(encoder, ObjectEncoder) else 'transform'}` of {name_of(encoder)}"
    wanted = f"must return an array of shape (n_texts={len(texts)}, n_features)"
    answer = encoder.transform(texts)
    if sparse.issparse(answer):
        if answer.ndim == 2 and answer.shape[1] > _WIDEST_SPARSE:
            raise InvalidParameterError(
                f"{kind} must return dense vectors, or sparse ones of at most {_WIDEST_SPARSE} columns, got "
                f"{answer.shape[1]} sparse columns. Add a TruncatedSVD: make_pipeline(transformer, TruncatedSVD(256))."
            )
        answer = answer.toarray()
    try:
        with np.errstate(over="ignore"):  # a number too large for float32 is reported below
            embeddings = np.asarray(answer).astype(np.float32)
    except (TypeError, ValueError) as error:
        raise InvalidParameterError(
            f"{kind} {wanted} of numbers, got {type(answer).__name__} that is not one ({error}). Return a numpy array."
        ) from error
    if embeddings.ndim != 2 or len(embeddings) != len(texts) or embeddings.shape[1] == 0:
        raise InvalidParameterError(
            f"{kind} {wanted}, got shape {embeddings.shape}. Return one vector per text, in their order."
        )
    finite = np.isfinite(embeddings).all(axis=1)
    if not finite.all():
        raise InvalidParameterError(
            f"{kind} must return finite numbers, got NaN or infinite values in {int((~finite).sum())} of {len(texts)} "
            f"vectors, first for the text {texts[int(np.argmin(finite))][:60]!r}. Return zeros where nothing is known."
        )
    return embeddings


def name_of(encoder: Any) -> str:
    """Return the class that the user knows, for errors."""
    if isinstance(encoder, FrozenEstimator):
        return name_of(encoder.estimator)
    return type(encoder.encoder if isinstance(encoder, ObjectEncoder) else encoder).__name__
