"""Encode the texts of a graph, each distinct text once."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.frozen import FrozenEstimator

from skellagnn.base.progress import progress_bar
from skellagnn.encoders._cache import CachedEncoder
from skellagnn.encoders._contract import checked_rows, is_fitted, name_of
from skellagnn.encoders._distinct import DistinctTexts
from skellagnn.encoders._identity import encoder_identity
from skellagnn.encoders._out_file import OutFile, RowArray
from skellagnn.encoders._resolve import EncoderUnion, fit_encoder, resolve_encoder
from skellagnn.encoders._sentence_bert import one_long_text_warning
from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.graph import TextColumn, TextGraph

# What a killed run loses at most, beside the chunk that it was at. More often would cost encoders that are fast.
_COMMIT_SECONDS = 5.0


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
    encoder : str or object
        What the classifier takes as ``encoder``, fitted if it learns from texts (:func:`fit_encoder`).
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
    ``memory``, which is written to after each chunk.

    While a run is under way, ``out`` is ``NAME.npy.partial``, with ``NAME.npy.progress`` beside it, which is renewed
    every 5 seconds or after each chunk, whichever is rarer, when the rows are on the disk: a run that is killed loses
    no more. ``NAME.npy.json`` says what the rows are of. ``NAME.npy`` is there when the file is finished, never before.

    Memory beside the texts: some 40 bytes a text (``benchmarks/encoding.py``), two chunks of rows, and what the encoder
    needs for a chunk; without ``out`` also the rows. Of ``out`` no page is held.

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
    sink = RowArray(distinct, kind) if out is None else OutFile(Path(out), encoder_identity(encoder), distinct, kind)
    with closing(sink):
        if len(distinct) == 0 and sink.n_features is None and n_features is not None:
            sink.start(n_features)
        _encode_into(sink, encoder, distinct, kind, memory=memory, n_features=n_features, verbose=verbose)
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
    encoder : str or object, default="minilm"
        What the classifier takes as ``encoder``. One that learns from texts and has not done so is cloned and fitted
        on all texts of the graph, in each call anew.
    out, dtype, memory, verbose
        As in :func:`~skellagnn.encoders.encode_texts`. With ``out`` the features are a memory map of that file: for
        graphs whose rows do not fit into memory, and for runs of hours, which go on where they were stopped. To go on
        surely, pass an encoder that is fitted.

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
    if resolved is not None and not is_fitted(resolved):
        resolved = fit_encoder(resolved, graph.texts)
    rows = encode_texts(resolved, graph.texts, out=out, dtype=dtype, memory=memory, verbose=verbose)
    return graph.with_features(rows)


def _encode_into(
    sink: RowArray,
    encoder: Any,
    distinct: DistinctTexts,
    dtype: np.dtype[Any],
    *,
    memory: Any,
    n_features: int | None,
    verbose: int,
) -> None:
    """Fill a sink with the rows of all distinct texts that it has not got yet."""
    if sink.n_features is not None:
        _check_width(encoder, sink.n_features, n_features)
    cached = _cached(encoder, memory)
    with ExitStack() as stack:
        advance = stack.enter_context(progress_bar(verbose, len(distinct), "encode", "text"))
        advance(int(sink.done.sum()), "")
        stack.enter_context(one_long_text_warning())
        stack.callback(sink.commit)  # also where the encoder fails or is interrupted
        last = time.monotonic()
        for ids in distinct.chunks(np.flatnonzero(~sink.done)):
            rows = checked_rows(cached, distinct.texts(ids))
            if sink.n_features is None:
                _check_width(encoder, rows.shape[1], n_features)
                sink.start(rows.shape[1])
            elif rows.shape[1] != sink.n_features:
                raise InvalidParameterError(
                    f"{name_of(encoder)} must return rows of one width, got {rows.shape[1]} numbers for some texts and "
                    f"{sink.n_features} for others. What it learns or is set to must not change meanwhile."
                )
            sink.write(ids, _as_dtype(rows, dtype))
            advance(len(ids), "")
            if time.monotonic() - last > _COMMIT_SECONDS:
                sink.commit()
                last = time.monotonic()


def _cached(encoder: Any, memory: Any) -> Any:
    """Return an encoder that keeps its rows; of a union each part does: where TF-IDF learns anew, others need not."""
    if memory is None or not isinstance(encoder, EncoderUnion):
        return CachedEncoder.around(encoder, memory)
    return EncoderUnion([(name, CachedEncoder.around(part, memory)) for name, part in encoder.transformer_list])


def _check_width(encoder: Any, width: int, n_features: int | None) -> None:
    if n_features is not None and width != n_features:
        raise InvalidParameterError(
            f"`encoder` must give rows of {n_features} numbers, as before, got {width} from {name_of(encoder)}. Use "
            "the encoder and the settings that the model was fitted with."
        )


def _as_dtype(rows: NDArray[np.float32], dtype: np.dtype[Any]) -> NDArray[Any]:
    with np.errstate(over="ignore"):  # what is too large is infinite, and said so here
        stored = rows.astype(dtype, copy=False)
    if not np.isfinite(stored).all():
        raise InvalidParameterError(
            f"`dtype`='float16' holds numbers up to 65504, got {float(np.abs(rows).max()):g} from the encoder. Use "
            "dtype='float32', or an encoder that scales its rows."
        )
    return stored


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
