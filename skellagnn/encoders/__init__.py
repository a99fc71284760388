"""Text -> vector. An encoder is a scikit-learn transformer of texts: Sentence-BERT, TF-IDF, or any other.

``fit(texts)`` learns where there is something to learn; ``transform(texts)`` returns one row of finite numbers for each
text, an array of shape (n_texts, n_features). An object with ``encode(texts)`` alone is wrapped. ``name``, where an
encoder has it, identifies all that changes a row: rows on disk are kept under it, else under a digest of the object.
"""

from __future__ import annotations

from skellagnn.encoders._encode import encode_graph, encode_texts
from skellagnn.encoders._resolve import (
    ENCODERS,
    EncoderUnion,
    fit_encoder,
    resolve_encoder,
    with_weights,
    without_weights,
)
from skellagnn.encoders._sentence_bert import SentenceBertEncoder
from skellagnn.encoders._tfidf import TfidfEncoder

__all__ = [
    "SentenceBertEncoder",
    "TfidfEncoder",
    "EncoderUnion",
    "ENCODERS",
    "resolve_encoder",
    "fit_encoder",
    "encode_texts",
    "encode_graph",
    "with_weights",
    "without_weights",
]
