"""Text -> vector: Sentence-BERT, TF-IDF, any text transformer of scikit-learn, any object with ``encode``."""

from __future__ import annotations

from skellagnn.encoders._base import Encoder
from skellagnn.encoders._encode import encode_graph, encode_texts
from skellagnn.encoders._resolve import ENCODERS, fit_encoder, resolve_encoder
from skellagnn.encoders._saving import with_weights, without_weights
from skellagnn.encoders._sentence_bert import SentenceBertEncoder
from skellagnn.encoders._sklearn import SklearnTextEncoder
from skellagnn.encoders._tfidf import TfidfEncoder
from skellagnn.encoders._union import EncoderUnion

__all__ = [
    "Encoder",
    "SentenceBertEncoder",
    "TfidfEncoder",
    "SklearnTextEncoder",
    "EncoderUnion",
    "ENCODERS",
    "resolve_encoder",
    "fit_encoder",
    "encode_texts",
    "encode_graph",
    "with_weights",
    "without_weights",
]
