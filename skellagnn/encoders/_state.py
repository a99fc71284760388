"""A fitted encoder as JSON and arrays, and back; nothing that is read is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.frozen import FrozenEstimator

from skellagnn.encoders._resolve import EncoderUnion, resolve_encoder
from skellagnn.encoders._sentence_bert import SentenceBertEncoder
from skellagnn.encoders._tfidf import TfidfEncoder
from skellagnn.encoders._weights import MINILM
from skellagnn.exceptions import InvalidParameterError
from skellagnn.graph import TextColumn

__all__ = ["encoder_from_state", "encoder_state"]

# Parameters that change a row. Device, batch size and token are the business of the machine.
_SENTENCE_BERT = ("prompt", "long_texts", "max_tokens")
_TFIDF = ("n_components", "analyzer", "ngram_range", "min_df", "max_features", "lowercase")
_GIVEN = {"kind": "given"}
_DEEPEST = 8


def encoder_state(encoder: Any, prefix: str = "encoder") -> tuple[dict[str, Any] | None, dict[str, NDArray[Any]]]:
    """Return what makes the encoder again: a description for JSON, and arrays by name.

    An encoder of another kind than ``"minilm"``, TF-IDF and unions of these is described as one that has to be given.

    Parameters
    ----------
    encoder : encoder or None
        Fitted.
    prefix : str
        Of the names of arrays.
    """
    if encoder is None:
        return None, {}
    if isinstance(encoder, FrozenEstimator):
        inner, arrays = encoder_state(encoder.estimator, prefix)
        return {"kind": "frozen", "of": inner}, arrays
    if type(encoder) is EncoderUnion:
        parts, arrays = [], {}
        for place, (name, part) in enumerate(encoder.transformer_list):
            described, found = encoder_state(part, f"{prefix}.{place}")
            parts.append([name, described])
            arrays |= found
        return {"kind": "union", "parts": parts}, arrays
    if type(encoder) is SentenceBertEncoder and isinstance(encoder.model, str) and encoder.model == MINILM:
        return {"kind": MINILM, "parameters": _plain(encoder, _SENTENCE_BERT)}, {}
    if type(encoder) is TfidfEncoder:
        terms, idf, components = encoder.learned
        column = TextColumn.from_strings(terms)
        return {"kind": "tfidf", "parameters": _plain(encoder, _TFIDF)}, {
            f"{prefix}.terms": column.data,
            f"{prefix}.offsets": column.offsets,
            f"{prefix}.idf": idf,
            f"{prefix}.components": components,
        }
    return dict(_GIVEN), {}


def encoder_from_state(
    described: Any, arrays: Mapping[str, NDArray[Any]], given: Any = None, prefix: str = "encoder"
) -> Any:
    """Return the encoder that :func:`encoder_state` described.

    Parameters
    ----------
    described : dict or None
    arrays : mapping of str to ndarray
    given : encoder, default=None
        What stands in the places of encoders that have to be given: the encoder itself, or a union of the same form.
    prefix : str

    Raises
    ------
    InvalidParameterError
        If the arrays are not those of such an encoder, or ``given`` is of another form.
    KeyError, TypeError, ValueError
        If the description is not one.
    """
    if described is None:
        return None
    if prefix.count(".") > _DEEPEST:
        raise ValueError("encoders within encoders without end")
    kind = described["kind"]
    if kind == "given":
        return resolve_encoder(given)
    if kind == "frozen":
        inner = given.estimator if isinstance(given, FrozenEstimator) else given
        return FrozenEstimator(encoder_from_state(described["of"], arrays, inner, prefix))
    if kind == "union":
        parts = described["parts"]
        others = [None] * len(parts)
        if given is not None:
            union = resolve_encoder(given)
            if not isinstance(union, EncoderUnion) or len(union.transformer_list) != len(parts):
                raise InvalidParameterError(
                    f"`encoder` must be a union of {len(parts)} encoders, as that of the model, got {given!r:.200}."
                )
            others = [part for _, part in union.transformer_list]
        names = [str(name) for name, _ in parts]
        return EncoderUnion(
            [
                (names[place], encoder_from_state(part, arrays, others[place], f"{prefix}.{place}"))
                for place, (_, part) in enumerate(parts)
            ]
        )
    parameters = dict(described["parameters"])
    if kind == MINILM and parameters.keys() <= set(_SENTENCE_BERT):
        return SentenceBertEncoder(**parameters)
    if kind == "tfidf" and parameters.keys() <= set(_TFIDF):
        parameters["ngram_range"] = tuple(parameters["ngram_range"])
        column = TextColumn(arrays[f"{prefix}.terms"], arrays[f"{prefix}.offsets"])
        if (np.diff(column.offsets) < 0).any() or column.offsets[0] != 0 or column.offsets[-1] != len(column.data):
            raise ValueError("terms do not fit their offsets")
        return TfidfEncoder.from_learned(
            parameters, list(column), arrays[f"{prefix}.idf"], arrays[f"{prefix}.components"]
        )
    raise ValueError(f"no encoder is called {kind!r:.80} with {sorted(parameters)!r:.80}")


def _plain(encoder: Any, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(encoder, name) for name in names}
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}
