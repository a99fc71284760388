"""The feature vectors of a graph's nodes, and whether answers become vectors of the same space."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.base.resources import scratch_array
from skellagnn.base.vectors import are_unit_vectors, unit_vectors
from skellagnn.encoders._contract import is_fitted, learns
from skellagnn.encoders._encode import encode_texts
from skellagnn.encoders._resolve import fit_encoder, resolve_encoder
from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.graph import TextColumn, TextGraph

# What `encoder="auto"` stands for. Words beside Sentence-BERT's vectors gained on all data sets tried.
# A graph that has features most likely has them from Sentence-BERT alone, which makes the same ones for every graph.
_AUTO = "minilm+tfidf"
_AUTO_WITH_FEATURES = "minilm"
# Texts whose vectors tell whether an encoder made the features, and the mean cosine similarity that is the same:
# rounding, which differs with the number of threads, turns the last components of a decomposition.
_N_COMPARED = 16
_SAME = 0.9
# Below this, vectors are of another space: unrelated ones are near 0, those of one encoder for the first words of a
# text and for all of it are above 0.2.
_OTHER_SPACE = 0.1
# A vector whose length differs from 1 by less is of unit length: its type is no more precise.
_UNIT = {np.dtype(np.float16): 1e-3, np.dtype(np.float32): 1e-6}
# The encoder by name that learned last in this process: the fits of a search all learn from the texts of one graph.
_LEARNED: dict[tuple[str, bytes], Any] = {}


def ready_encoder(parameter: Any, graph: TextGraph, *, answers: bool) -> Any:
    """Return the encoder that the parameter stands for, fitted if it learns from texts.

    One that is fitted already is taken as it is where the graph has features: it is what they were made with. One that
    learns here must make the same vectors of the graph's texts as there are, or ``answers``, and later other graphs'
    texts, would get vectors of another space, of the same width. Where it does not, it is an error if there are answers
    to encode; without any it is None: nobody can say what such texts would be worth.
    """
    if isinstance(parameter, str) and parameter == "auto":
        parameter = _AUTO if graph.features is None else _AUTO_WITH_FEATURES
    encoder = resolve_encoder(parameter)
    if encoder is None or graph.texts is None or not learns(encoder):
        return encoder
    if graph.features is not None and is_fitted(encoder):
        return encoder
    named = isinstance(parameter, str)
    fitted = _fitted_by_name(parameter, encoder, graph.texts) if named else fit_encoder(encoder, graph.texts)
    if graph.features is not None and not _compare(fitted, graph)[1] > _SAME:
        if not answers:
            return None
        raise InvalidParameterError(
            "`encoder` must be the one that the graph's features came from, got one that learns from the texts of this "
            "graph and makes other vectors of them: features of a part of a graph were learned from all of it. Pass "
            "the fitted encoder to both encode_graph and the classifier (in a search within "
            "sklearn.frozen.FrozenEstimator), or leave the features away: graph.with_features(None)."
        )
    return fitted


def raw_features(
    graph: TextGraph, encoder: Any, *, memory: Any, scale: bool, n_features: int | None = None, verbose: int = 0
) -> NDArray[Any]:
    """Return the features of a graph, else its encoded texts.

    Features of float16 stay so, and what does not fit into memory lies on disk; who reads them converts them.

    Parameters
    ----------
    graph : TextGraph
    encoder : transformer or None
        Ready for use.
    memory : str, path, joblib.Memory or None
        Where encoded texts are kept.
    scale : bool
        Whether to bring them to unit length.
    n_features : int, default=None
        Width of the zero vectors of texts that are all blank, where it is known.
    verbose : int, default=0
        Above 0 a progress bar is shown while texts are encoded.

    Returns
    -------
    features : ndarray of shape (n_nodes, n_features)
    """
    if graph.features is not None:
        vectors = graph.features
    elif graph.texts is None:
        raise GraphError(
            "`X` must have texts or features, got a graph with neither. Pass texts=... or features=... when you "
            "build it."
        )
    elif encoder is None:
        raise InvalidParameterError(
            "`encoder` must be given for a graph that has texts and no features, got None. Use encoder='minilm', "
            "or give the graph features. A model that was fitted on features which its encoder did not make predicts "
            "on such features only; one that was saved without its SentenceTransformer takes it from "
            "set_params(encoder=...)."
        )
    else:
        blank = _width_if_blank(graph.texts, n_features)
        vectors = encode_texts(encoder, graph.texts, memory=memory, n_features=blank, verbose=verbose)
    if not scale or are_unit_vectors(vectors, _UNIT[vectors.dtype]):
        return vectors
    return unit_vectors(vectors, out=scratch_array(vectors.shape, vectors.dtype))


def check_same_space(encoder: Any, graph: TextGraph, raw: NDArray[np.float32], memory: Any) -> None:
    """Find out whether answers would become vectors of the features' space, from what the encoder makes of some texts.

    Raises
    ------
    InvalidParameterError
        If its vectors are of another width or have nothing in common with the features.
    """
    vectors, similarity = _compare(encoder, graph, memory)
    if vectors.shape[1] != raw.shape[1]:
        raise InvalidParameterError(
            "`encoder` must be the one that the graph's features came from: it makes vectors of "
            f"{vectors.shape[1]} columns, the features have {raw.shape[1]}. Pass that encoder (fitted, if it learns "
            "from texts), or leave the features away: graph.with_features(None)."
        )
    if similarity < _OTHER_SPACE:
        raise InvalidParameterError(
            "`encoder` must be the one that the graph's features came from, got one whose vectors of the same texts "
            f"have nothing in common with them (mean cosine similarity {similarity:.2f}), although both have "
            f"{raw.shape[1]} columns. Pass that encoder, or leave the features away: graph.with_features(None)."
        )


def check_n_features(features: NDArray[Any], n_features: int, argument: str) -> None:
    """Check that feature vectors are as wide as in training."""
    if features.shape[1] != n_features:
        raise InvalidParameterError(
            f"`{argument}` must have {n_features} features, as in training, got {features.shape[1]}. Use the "
            "encoder or the features that the model was fitted with."
        )


def _compare(encoder: Any, graph: TextGraph, memory: Any = None) -> tuple[NDArray[np.float32], float]:
    """Return what the encoder makes of some nodes' texts, and how similar it is to their features.

    That is the mean cosine similarity where neither is zero: 1 if the features came from this encoder, or if there is
    nothing to compare; NaN if they are of another width.
    """
    assert graph.texts is not None
    assert graph.features is not None
    few = np.linspace(0, graph.n_nodes - 1, _N_COMPARED, dtype=np.int64)
    texts, given = [graph.texts[node] for node in few], unit_vectors(graph.features[few])
    vectors = encode_texts(encoder, texts, memory=memory, n_features=_width_if_blank(texts, given.shape[1]))
    if vectors.shape != given.shape:
        return vectors, float("nan")
    known = vectors.any(axis=1) & given.any(axis=1)
    return vectors, float((unit_vectors(vectors) * given).sum(axis=1)[known].mean()) if known.any() else 1.0


def _width_if_blank(texts: Sequence[str], n_features: int | None) -> int | None:
    """Return what only texts that are all blank need to be told: how wide their zero vectors are."""
    return None if any(text.strip() for text in texts) else n_features


def _fitted_by_name(name: str, encoder: Any, texts: TextColumn) -> Any:
    """Return the encoder of that name, fitted: the one that was fitted last, if its texts were the same."""
    digest = hashlib.blake2b(np.ascontiguousarray(texts.data).data)
    digest.update(np.ascontiguousarray(texts.offsets).data)
    key = (name, digest.digest())
    fitted = _LEARNED.get(key)
    if fitted is None:
        fitted = fit_encoder(encoder, texts)
        _LEARNED.clear()  # one: it may hold a large vocabulary
        _LEARNED[key] = fitted
    return fitted
