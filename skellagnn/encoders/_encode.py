"""Encode the texts of a graph, each distinct text once."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skellagnn.encoders._base import Encoder
from skellagnn.encoders._distinct import DistinctTexts
from skellagnn.encoders._identity import encoder_identity
from skellagnn.encoders._out_file import OutFile
from skellagnn.encoders._resolve import fit_encoder, is_fittable, is_fitted, resolve_encoder
from skellagnn.encoders._row_store import RowStore
from skellagnn.encoders._streaming import InMemory, encode_into
from skellagnn.encoders._union import EncoderUnion
from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.graph import TextColumn, TextGraph


def encode_texts(
    encoder: Any,
    texts: Sequence[str],
    *,
    out: str | os.PathLike[str] | None = None,
    dtype: DTypeLike = "float32",
    memory: Any = None,
    n_features: int | None = None,
    verbose: int = 0,
) -> NDArray[Any]:
    """Encode texts, each distinct one once, and check what comes back.

    Parameters
    ----------
    encoder : Encoder or str
        An encoder that is ready for use (fitted, if it learns from texts), or what
        :func:`~skellagnn.encoders.resolve_encoder` takes.
    texts : sequence of str of length n_texts
        Empty and blank texts get a zero row and are never sent to the encoder.
    out : path-like, default=None
        A file, ``NAME.npy``, to encode into instead of into memory. A run that was stopped, whichever way, goes on
        where it was when it is called again; a file that is finished is opened, and nothing is encoded. See the notes.
    dtype : {"float32", "float16"}, default="float32"
        Of the rows. ``"float16"`` takes half the room: numbers up to 65504, with 3 digits, which is enough for rows
        of unit length. (numpy has no bfloat16.)
    memory : str, path, joblib.Memory or None, default=None
        Where rows are kept for other calls: under the encoder's identity (its ``name``, else a digest of the pickled
        object) and a digest of the text. Texts that were encoded before, in any call or process, are not encoded again;
        of a grown set only the new ones are. The parts of an :class:`EncoderUnion` keep theirs each for itself.
        ``Memory.clear`` empties it.
    n_features : int, default=None
        Width of the rows where every text is blank and no encoder can be asked. By default that is an error. Where
        given, rows of another width are an error too.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    rows : ndarray of ``dtype`` of shape (n_texts, n_features)
        As the encoder gives them (not scaled). With ``out``, a read-only :class:`numpy.memmap` of that file.

    Raises
    ------
    GraphError
        If a text is not a string.
    InvalidParameterError
        If the encoder breaks its contract: not one row per text, not 2-D, not finite. If ``out`` holds anything else
        than rows of this encoder for these texts in this order, as this dtype: nothing is ever overwritten; or if
        another process writes to it, or the disk has no room for it.

    Notes
    -----
    Distinct texts reach the encoder in chunks of at most 2048 texts and half a megabyte, the longest texts first, so
    that texts of like length meet in a batch. The chunks are a function of the set of texts: rows do not depend on the
    order and the repeats of the texts in a call, nor on ``out``, to the last bit. Which other texts are encoded beside
    a text may change the last bits of its row, as batches are put together differently; so may taking some of them from
    ``memory``.

    While a run is under way, ``out`` is ``NAME.npy.partial``, with ``NAME.npy.progress`` beside it, which is renewed
    every 5 seconds or after each chunk, whichever is rarer, when the rows are on the disk: a run that is killed loses
    no more. ``NAME.npy.json`` says what the rows are of. ``NAME.npy`` is there when the file is finished, never before.
    ``memory`` is written to as often.

    Memory beside the texts: some 40 bytes a text (``benchmarks/encoding.py``), two chunks of rows, and what the encoder
    needs for a chunk; without ``out`` also the rows. With ``memory`` up to 32 MiB of rows that wait to be written, and
    20 bytes for each row that is kept there. Of ``out`` no page is held.

    Examples
    --------
    >>> from skellagnn.encoders import TfidfEncoder, encode_texts
    >>> encoder = TfidfEncoder(n_components=2).fit(["on cats", "on dogs", "on graphs"])
    >>> rows = encode_texts(encoder, ["on cats", " ", "on cats"])
    >>> rows.shape, rows[1].tolist(), bool((rows[0] == rows[2]).all())
    ((3, 2), [0.0, 0.0], True)
    """
    encoder = resolve_encoder(encoder)
    if encoder is None:
        raise InvalidParameterError("`encoder` must be an encoder, got None. Name one: encoder='minilm'.")
    if isinstance(encoder, FrozenEstimator):  # rows are kept under the name of what is frozen
        encoder = encoder.estimator
    kind = _dtype(dtype)
    distinct = DistinctTexts.of(TextColumn.from_strings(texts))
    if len(distinct) == 0 and n_features is None:
        raise InvalidParameterError(
            f"`texts` must hold at least one text that is not blank, got {len(distinct.column)} blank ones. Without "
            "any, the width of the rows is not known: give `n_features`."
        )
    sink = InMemory(distinct, kind) if out is None else OutFile(Path(out), encoder_identity(encoder), distinct, kind)
    with closing(sink):
        store = None
        if memory is not None and isinstance(encoder, EncoderUnion):
            encoder = _remembering(encoder, memory)
        else:
            store = RowStore.of(memory, encoder)
        if len(distinct) == 0 and sink.n_features is None and n_features is not None:
            sink.start(n_features)
        encode_into(sink, encoder, distinct, store, dtype=kind, n_features=n_features, verbose=verbose)
        return sink.finish()


def encode_graph(
    graph: TextGraph,
    encoder: Any = "minilm",
    *,
    out: str | os.PathLike[str] | None = None,
    dtype: DTypeLike = "float32",
    memory: Any = None,
    verbose: int = 0,
) -> TextGraph:
    """Return the graph with its encoded texts as features: compute once, then run searches over it.

    Parameters
    ----------
    graph : TextGraph
        With texts. Features that it has are replaced.
    encoder : Encoder or str, default="minilm"
        What :func:`~skellagnn.encoders.resolve_encoder` takes. ``"minilm"`` makes the same rows of a text in any graph.
        One that learns from texts and is not fitted yet is cloned and fitted on the texts of all nodes, in view or not;
        one that is fitted is used as it is, which is how two graphs get rows in the same space, and how the classifier
        encodes answers beside features: ``fit_encoder("minilm+tfidf", graph.texts)`` is its default for texts.
    out : path-like, default=None
        A file, ``NAME.npy``, to encode into: for graphs whose rows do not fit into memory, and for runs of hours, which
        go on where they were stopped. The features are then a memory map of it. An encoder that learns learns anew in
        each call; to go on surely, pass one that is fitted. See :func:`~skellagnn.encoders.encode_texts`.
    dtype : {"float32", "float16"}, default="float32"
        Of the features. ``"float16"`` takes half the room.
    memory : str, path, joblib.Memory or None, default=None
        Where rows are kept for other calls; see :func:`~skellagnn.encoders.encode_texts`.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    graph : TextGraph
        The same view, with ``features`` of shape (n_nodes, n_features).

    Raises
    ------
    GraphError
        If the graph has no texts.
    InvalidParameterError
        As :func:`~skellagnn.encoders.encode_texts`.

    Examples
    --------
    >>> from skellagnn import TextGraph
    >>> from skellagnn.encoders import encode_graph
    >>> graph = TextGraph.from_edges([(0, 1), (1, 2)], texts=["on cats", "on dogs", "on graphs"])
    >>> encode_graph(graph, "tfidf").features.shape
    (3, 2)
    """
    if not isinstance(graph, TextGraph):
        raise GraphError(
            f"`graph` must be a TextGraph, got {type(graph).__name__}. Make one with TextGraph.from_edges."
        )
    if graph.texts is None:
        raise GraphError("`graph` must have texts to encode, got one without. Give `texts` when it is made.")
    resolved = resolve_encoder(encoder)
    if resolved is not None and is_fittable(resolved) and not is_fitted(resolved):
        resolved = fit_encoder(resolved, graph.texts)
    rows = encode_texts(resolved, graph.texts, out=out, dtype=dtype, memory=memory, verbose=verbose)
    return graph.with_features(rows)


def _remembering(union: EncoderUnion, memory: Any) -> EncoderUnion:
    """Return a union of the same encoders, each of which keeps its rows: where TF-IDF learns anew, others need not."""
    check_is_fitted(union, "encoders_")
    union = copy.copy(union)
    union.encoders_ = [_Remembering(part, RowStore.of(memory, part)) for part in union.encoders_]
    return union


class _Remembering:
    """An encoder that takes rows from a store, and puts there what it makes."""

    def __init__(self, encoder: Encoder, store: RowStore | None) -> None:
        self._encoder, self._store = encoder, store

    def encode(self, texts: Sequence[str]) -> NDArray[Any]:
        distinct = DistinctTexts.of(TextColumn.from_strings(texts))
        rows = InMemory(distinct, np.dtype(np.float32))
        encode_into(rows, self._encoder, distinct, self._store, dtype=np.dtype(np.float32), n_features=None, verbose=0)
        return rows.finish()


def _dtype(dtype: DTypeLike) -> np.dtype[Any]:
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = np.dtype(object)
    if dtype is None or kind not in (np.dtype("float32"), np.dtype("float16")):
        raise InvalidParameterError(
            f"`dtype` must be 'float32' or 'float16', got {dtype!r}. For half the room use 'float16'; numpy has no "
            "bfloat16."
        )
    return kind
