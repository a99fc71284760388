"""Text -> vector. An encoder is a scikit-learn transformer of texts: Sentence-BERT, TF-IDF, or any other.

``fit(texts)`` learns where there is something to learn; ``transform(texts)`` returns one vector of finite numbers for
each text, an array of shape (n_texts, n_features). An object with ``encode(texts)`` alone is wrapped. ``name``, where
an encoder has it, identifies all that changes a vector: what is on disk is kept under it, else under a digest of the
object.
"""

from __future__ import annotations

from skellagnn.encoders._encode import encode_graph
from skellagnn.encoders._resolve import EncoderUnion, fit_encoder
from skellagnn.encoders._sentence_bert import SentenceBertEncoder
from skellagnn.encoders._tfidf import TfidfEncoder

__all__ = ["SentenceBertEncoder", "TfidfEncoder", "EncoderUnion", "fit_encoder", "encode_graph"]
