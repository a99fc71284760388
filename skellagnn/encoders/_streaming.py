"""Encode distinct texts chunk by chunk, into memory or into a file."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skellagnn.base.progress import progress_bar
from skellagnn.encoders._base import Encoder
from skellagnn.encoders._distinct import DistinctTexts
from skellagnn.encoders._row_store import RowStore
from skellagnn.encoders._sentence_bert import one_long_text_warning
from skellagnn.exceptions import InvalidParameterError

# What a killed run loses at most, beside the chunk that it was at. More often would cost encoders that are fast.
_COMMIT_SECONDS = 5.0
_COMMIT_BYTES = 1 << 25  # rows that wait for the row store


class Sink(Protocol):
    """Where rows go: :class:`~skellagnn.encoders._out_file.OutFile` or :class:`InMemory`."""

    done: NDArray[np.bool_]
    n_features: int | None

    def start(self, n_features: int) -> None: ...
    def write(self, ids: NDArray[np.int64], rows: NDArray[Any]) -> None: ...
    def commit(self) -> None: ...
    def finish(self) -> NDArray[Any]: ...
    def close(self) -> None: ...


class InMemory:
    """Rows of all texts of a column as an array."""

    def __init__(self, distinct: DistinctTexts, dtype: np.dtype[Any]) -> None:
        self.done = np.zeros(len(distinct), dtype=bool)
        self.n_features: int | None = None
        self._distinct, self._dtype = distinct, dtype
        self._rows: NDArray[Any]

    def start(self, n_features: int) -> None:
        self.n_features = n_features
        self._rows = np.zeros((len(self._distinct.column), n_features), dtype=self._dtype)

    def write(self, ids: NDArray[np.int64], rows: NDArray[Any]) -> None:
        positions, which = self._distinct.positions(ids)
        self._rows[positions] = rows[which]
        self.done[ids] = True

    def commit(self) -> None:
        pass

    def finish(self) -> NDArray[Any]:
        return self._rows

    def close(self) -> None:
        pass


def encode_into(
    sink: Sink,
    encoder: Encoder,
    distinct: DistinctTexts,
    store: RowStore | None,
    *,
    dtype: np.dtype[Any],
    n_features: int | None,
    verbose: int,
) -> None:
    """Fill a sink with the rows of all distinct texts that it has not got yet.

    Parameters
    ----------
    sink : Sink
    encoder : Encoder
    distinct : DistinctTexts
    store : RowStore or None
        Rows that it has are taken from there, and what is encoded is added to it.
    dtype : numpy.dtype
        float32 or float16, of the rows in the sink. Those in the store are float32.
    n_features : int or None
        Width that rows must have.
    verbose : int
        Whether to show progress.

    Notes
    -----
    Rows in memory at once: two chunks of at most 2048 texts, and 32 MiB that wait for the store.
    """
    waiting: list[tuple[NDArray[np.uint64], NDArray[np.float32]]] = []
    if sink.n_features is not None:
        _check_width(encoder, sink.n_features, n_features)

    def commit() -> None:
        sink.commit()
        if store is not None and waiting:
            store.save(waiting, sum(len(rows) for _, rows in waiting))
            waiting.clear()

    def take(ids: NDArray[np.int64], rows: NDArray[np.float32]) -> None:
        if sink.n_features is None:
            _check_width(encoder, rows.shape[1], n_features)
            sink.start(rows.shape[1])
        elif rows.shape[1] != sink.n_features:
            raise InvalidParameterError(
                f"`encode` of {type(encoder).__name__} must return rows of one width, got {rows.shape[1]} numbers for "
                f"some texts and {sink.n_features} for others. What it learns or is set to must not change meanwhile."
            )
        sink.write(ids, _as_dtype(rows, dtype))
        advance(len(ids), "")

    with ExitStack() as stack:
        advance = stack.enter_context(progress_bar(verbose, len(distinct), "encode", "text"))
        advance(int(sink.done.sum()), "")
        stack.enter_context(one_long_text_warning())
        stack.callback(commit)  # also where the encoder fails or is interrupted
        found = None
        if store is not None and not sink.done.all():
            found = stack.enter_context(store.find(distinct.keys))
            _check_store(encoder, found.widths)
            for ids in distinct.chunks(np.flatnonzero(found.is_there & ~sink.done)):
                sound, rows = found.read(ids)
                if len(sound):
                    take(sound, rows)
        last = time.monotonic()
        for ids in distinct.chunks(np.flatnonzero(~sink.done)):
            rows = _checked(encoder, distinct.texts(ids))
            if found is not None:
                _check_store(encoder, found.widths | {rows.shape[1]})
                waiting.append((distinct.keys[ids], rows))
            take(ids, rows)
            n_waiting = sum(rows.nbytes for _, rows in waiting)
            if n_waiting > _COMMIT_BYTES or time.monotonic() - last > _COMMIT_SECONDS:
                commit()
                last = time.monotonic()


def _as_dtype(rows: NDArray[np.float32], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype == np.float32:
        return rows
    with np.errstate(over="ignore"):  # what is too large is infinite, and said so here
        stored = rows.astype(dtype)
    if not np.isfinite(stored).all():
        raise InvalidParameterError(
            f"`dtype`='float16' holds numbers up to 65504, got {float(np.abs(rows).max()):g} from the encoder. Use "
            "dtype='float32', or an encoder that scales its rows."
        )
    return stored


def _check_width(encoder: Encoder, width: int, n_features: int | None) -> None:
    if n_features is not None and width != n_features:
        raise InvalidParameterError(
            f"`encoder` must give rows of {n_features} numbers, as before, got {width} from "
            f"{type(encoder).__name__}. Use the encoder and the settings that the model was fitted with."
        )


def _check_store(encoder: Encoder, widths: set[int]) -> None:
    if len(widths) > 1:
        raise InvalidParameterError(
            f"`memory` must hold rows of one width for a {type(encoder).__name__}, got widths {sorted(widths)} under "
            "its name. The `name` must change with every setting that changes a row: give it another one."
        )


def _checked(encoder: Encoder, texts: list[str]) -> NDArray[np.float32]:
    """Call the encoder; nothing that breaks its contract comes through."""
    kind = f"`encode` of {type(encoder).__name__}"
    wanted = f"must return an array of shape (n_texts={len(texts)}, n_features)"
    answer = encoder.encode(texts)
    if sparse.issparse(answer):
        raise InvalidParameterError(f"{kind} {wanted}, got a sparse matrix. Return a dense one: rows.toarray().")
    try:
        with np.errstate(over="ignore"):  # a number too large for float32 is reported below
            rows = np.asarray(answer).astype(np.float32)  # a copy: the answer is the encoder's own
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
