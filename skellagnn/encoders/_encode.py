"""Encode the texts of a graph, each distinct text once."""

from __future__ import annotations

import json
import mmap
import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.frozen import FrozenEstimator

from skellagnn.base.files import check_path, try_writing, write_aside, writing
from skellagnn.base.progress import progress_bar
from skellagnn.encoders._cache import CachedEncoder
from skellagnn.encoders._contract import checked_embeddings, is_fitted, name_of
from skellagnn.encoders._distinct import DistinctTexts
from skellagnn.encoders._identity import encoder_identity
from skellagnn.encoders._resolve import EncoderUnion, fit_encoder, resolve_encoder
from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.graph import TextColumn, TextGraph

_FORMAT = 1  # of what stands beside a file


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
        With texts. Features that it has are replaced. Blank texts get a zero vector.
    encoder : str or object, default="minilm"
        What the classifier takes as ``encoder``. One that learns from texts and has not done so is cloned and fitted
        on all texts of the graph, in each call anew.
    out : path-like, default=None
        A file, ``NAME.npy``, to encode into instead of into memory: the features are a memory map of it. A run that was
        stopped, whichever way, goes on where it was when it is called again (surely so with an encoder that is
        fitted); a file that is finished is opened, and nothing is encoded.
    dtype : {"float32", "float16"}, default="float32"
        Of the features. ``"float16"`` takes half the room: numbers up to 65504, with 3 digits, which is enough for
        vectors of unit length. (numpy has no bfloat16.)
    memory : str, path, joblib.Memory or None, default=None
        Where embeddings are kept for other calls: under the encoder's identity (its ``name``, else a digest of the
        pickled object) and a digest of the text. Texts that were encoded before, in any call or process, are not
        encoded again; of a grown set only the new ones are. The parts of an
        :class:`~skellagnn.encoders.EncoderUnion` keep theirs each for itself. ``Memory.clear`` empties it.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    graph : TextGraph
        The same view, with ``features`` of shape (n_nodes, n_features), as the encoder gives them (not scaled).

    Raises
    ------
    GraphError
        If the graph has no texts.
    InvalidParameterError
        If the encoder breaks its contract: not one vector per text, not finite. If ``out`` holds anything else than
        embeddings of this encoder for these texts in this order, as this dtype: no such file is ever overwritten; or
        if it cannot be written, or the disk has no room for it.

    Notes
    -----
    Distinct texts reach the encoder in chunks of at most 2048 texts and half a megabyte, the longest texts first, so
    that texts of like length meet in a batch. The chunks are a function of the set of texts: embeddings do not depend
    on the order and the repeats of the texts in a call, nor on ``out``, to the last bit. Which other texts are encoded
    beside a text may change its last bits, as batches are put together differently; so may taking some of them from
    ``memory``, which is written to after each chunk.

    While a run is under way there is a folder ``NAME.npy.partial`` with what is encoded, if no ``memory`` has it: a run
    that is killed loses a chunk at most. It takes the room of the finished file, and that of the distinct texts in
    float32. ``NAME.npy.json`` says what the file is of. ``NAME.npy`` is there when it is finished, never before.

    Memory beside the texts: some 40 bytes a text (``benchmarks/encoding.py``), two chunks of embeddings, and what the
    encoder needs for a chunk; without ``out`` also the features. Of ``out`` no page is held.

    Examples
    --------
    >>> from skellagnn import TextGraph, encode_graph
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
    out, dtype = _check_out(out), _dtype(dtype)
    resolved = resolve_encoder(encoder)
    if resolved is not None and not is_fitted(resolved):
        resolved = fit_encoder(resolved, graph.texts)
    return graph.with_features(
        encode_texts(resolved, graph.texts, out=out, dtype=dtype, memory=memory, verbose=verbose)
    )


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
    """Return the embeddings of texts, shape (n_texts, n_features): what :func:`encode_graph` does, without a graph.

    ``n_features`` is their width where every text is blank and no encoder can be asked: without it that is an error.
    Where it is given, another width is an error, too.
    """
    encoder = resolve_encoder(encoder)
    if encoder is None:
        raise InvalidParameterError("`encoder` must be an encoder, got None. Name one: encoder='minilm'.")
    if isinstance(encoder, FrozenEstimator):  # embeddings are kept under the name of what is frozen
        encoder = encoder.estimator
    path, kind = _check_out(out), _dtype(dtype)
    distinct = DistinctTexts.of(TextColumn.from_strings(texts))
    if len(distinct) == 0 and n_features is None:
        raise InvalidParameterError(
            f"`texts` must hold at least one text that is not blank, got {len(distinct.column)} blank ones. Without "
            "any, the width of the embeddings is not known: give `n_features`."
        )
    if path is None:
        return _encode(encoder, distinct, kind, np.zeros, memory=memory, n_features=n_features, verbose=verbose)
    file = _OutFile(path, encoder, distinct, kind)
    if not file.path.exists():
        if memory is None or getattr(memory, "store_backend", memory) is None:  # a Memory may keep nothing
            memory = file.folder
        # of the array nothing but the shape is held: Windows does not rename what is open
        shape = _encode(encoder, distinct, kind, file.make, memory=memory, n_features=n_features, verbose=verbose).shape
        file.finish(shape)
    found = file.open()
    _check_width(encoder, found.shape[1], n_features)
    return found


def _encode(
    encoder: Any,
    distinct: DistinctTexts,
    dtype: np.dtype[Any],
    make: Callable[[tuple[int, int], np.dtype[Any]], NDArray[Any]],
    *,
    memory: Any,
    n_features: int | None,
    verbose: int,
) -> NDArray[Any]:
    """Fill an array of zeros, which is made when its width is known, with the embeddings of all texts."""
    n_texts = len(distinct.column)
    embeddings: Any = None if n_features is None or len(distinct) else make((n_texts, n_features), dtype)
    cached = _cached(encoder, memory)
    with progress_bar(verbose, len(distinct), "encode", "text") as advance:
        for ids in distinct.chunks():
            some = checked_embeddings(cached, distinct.texts(ids))
            if embeddings is None:
                _check_width(encoder, some.shape[1], n_features)
                embeddings = make((n_texts, some.shape[1]), dtype)
            elif some.shape[1] != embeddings.shape[1]:
                raise InvalidParameterError(
                    f"{name_of(encoder)} must return vectors of one width, got {some.shape[1]} numbers for some texts "
                    f"and {embeddings.shape[1]} for others. What it learns or is set to must not change meanwhile."
                )
            positions, which = distinct.positions(ids)
            embeddings[positions] = _as_dtype(some, dtype)[which]
            if isinstance(embeddings, np.memmap) and hasattr(mmap, "MADV_DONTNEED"):
                mapped: Any = embeddings  # what is written is no longer memory of this process
                mapped._mmap.madvise(mmap.MADV_DONTNEED)
            advance(len(ids), "")
    if isinstance(embeddings, np.memmap):
        embeddings.flush()
    filled: NDArray[Any] = embeddings
    return filled


class _OutFile:
    """A ``.npy`` file of embeddings, which has its name only when it is finished, and what it is of beside it.

    ``numpy.lib.format.open_memmap`` makes and maps the file, but does not know of what its rows are. ``zarr`` and
    ``h5py`` do not either; ``safetensors`` is written at once.
    """

    def __init__(self, path: Path, encoder: Any, distinct: DistinctTexts, dtype: np.dtype[Any]) -> None:
        self.path, self.folder, self.json = path, Path(f"{path}.partial"), Path(f"{path}.json")
        self.about = {
            "format": _FORMAT,
            "encoder": encoder_identity(encoder),
            "texts": f"{len(distinct.column)}, digest {distinct.digest}",  # in this order
            "dtype": dtype.name,
        }

    def make(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Make the array in the folder, in the place of one that an earlier run left there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob("*.npy"):
            left.unlink()
        self.made = self.folder / f"{secrets.token_hex(4)}.npy"  # of its own: nobody else's is ever written to
        try:
            array: Any = np.lib.format.open_memmap(self.made, "w+", dtype, shape)
            if hasattr(os, "posix_fallocate"):  # a disk that is too small shows now, not after hours as a signal
                with self.made.open("r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, array.offset + array.nbytes)
        except OSError as error:
            self.made.unlink(missing_ok=True)
            room = shape[0] * shape[1] * dtype.itemsize
            raise InvalidParameterError(
                f"`out` must be on a disk with room for {room:,} bytes, got {str(self.path)!r} ({error}). Free space, "
                "name another folder, or halve it with dtype='float16'."
            ) from error
        empty: NDArray[Any] = array
        return empty

    def finish(self, shape: tuple[int, ...]) -> None:
        """Give the array its name, unless another process was faster."""
        about = json.dumps({**self.about, "shape": shape}, indent=1).encode()
        try:
            os.replace(self.made, self.path)
            write_aside(self.json, lambda file: file.write(about))
        except FileNotFoundError as error:
            if not self.path.exists():
                raise InvalidParameterError(
                    f"`out` must be written by one process at a time, got {str(self.path)!r}, which another one has "
                    "begun after this one. Wait for it, and call again."
                ) from error
        shutil.rmtree(self.folder, ignore_errors=True)

    def open(self) -> NDArray[Any]:
        """Return the file as a read-only memory map, if it is of the same encoder and texts."""
        remedy = f"Choose another name, or delete {self.path.name} in {str(self.path.parent)!r} to encode anew."
        expected = (
            "`out` must be a new file, or one of an earlier run with the same encoder and texts, got "
            f"{str(self.path)!r}"
        )
        try:
            about = dict(json.loads(self.json.read_bytes()))
            array: NDArray[Any] = np.lib.format.open_memmap(self.path, "r")
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise InvalidParameterError(
                f"{expected} that cannot be read, or has no readable {self.json.name} beside it "
                f"({type(error).__name__}: {error}). {remedy}"
            ) from error
        for name, own in self.about.items():
            if about.get(name) != own:
                differs = f"{about.get(name)}, not {own}"
                raise InvalidParameterError(f"{expected}, which has other {name}: {differs}. {remedy}")
        if (about.get("shape"), array.dtype.name) != (list(array.shape), self.about["dtype"]):
            raise InvalidParameterError(f"{expected}, which has changed since. {remedy}")
        return array


def _cached(encoder: Any, memory: Any) -> Any:
    """Return an encoder that keeps its embeddings; of a union each part does: some learn anew, others need not."""
    if memory is None or not isinstance(encoder, EncoderUnion):
        return CachedEncoder.around(encoder, memory)
    return EncoderUnion([(name, CachedEncoder.around(part, memory)) for name, part in encoder.transformer_list])


def _check_width(encoder: Any, width: int, n_features: int | None) -> None:
    if n_features is not None and width != n_features:
        raise InvalidParameterError(
            f"`encoder` must give vectors of {n_features} numbers, as before, got {width} from {name_of(encoder)}. Use "
            "the encoder and the settings that the model was fitted with."
        )


def _as_dtype(embeddings: NDArray[np.float32], dtype: np.dtype[Any]) -> NDArray[Any]:
    with np.errstate(over="ignore"):  # what is too large is infinite, and said so here
        stored = embeddings.astype(dtype, copy=False)
    if not np.isfinite(stored).all():
        raise InvalidParameterError(
            f"`dtype`='float16' holds numbers up to 65504, got {float(np.abs(embeddings).max()):g} from the encoder. "
            "Use dtype='float32', or an encoder that scales its vectors."
        )
    return stored


def _check_out(out: Any) -> Path | None:
    """Return where to encode into, which can be written: nothing is encoded, or fitted, before that is known."""
    if out is None:
        return None
    path = check_path("out", out, short=True)
    if path.suffix != ".npy":
        raise InvalidParameterError(
            f"`out` must be the name of a file that ends in '.npy', got {str(path)!r}. numpy.load reads it then."
        )
    with writing("out", path):
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            try_writing(path)
    return path


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
