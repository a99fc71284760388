"""Encode the texts of a graph, each distinct text once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skellagnn.encoders._base import Encoder
from skellagnn.encoders._resolve import fit_encoder, is_fittable, is_fitted, resolve_encoder
from skellagnn.encoders._row_store import RowStore
from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.graph import TextColumn, TextGraph


def encode_texts(
    encoder: Any, texts: Sequence[str], *, memory: Any = None, n_features: int | None = None
) -> NDArray[np.float32]:
    """Encode texts, each distinct one once, and check what comes back.

    Parameters
    ----------
    encoder : Encoder or str
        An encoder that is ready for use (fitted, if it learns from texts), or what
        :func:`~skellagnn.encoders.resolve_encoder` takes.
    texts : sequence of str of length n_texts
        Empty and blank texts get a zero row and are never sent to the encoder.
    memory : str, path, joblib.Memory or None, default=None
        Where rows are kept: under the encoder's identity (its ``name``, else a digest of the pickled object) and a
        digest of the text. Texts that were encoded before, in any call or process, are not encoded again; of a grown
        set only the new ones are. ``Memory.clear`` empties it.
    n_features : int, default=None
        Width of the rows where every text is blank and no encoder can be asked. By default that is an error. Where
        given, rows of another width are an error too.

    Returns
    -------
    rows : ndarray of float32 of shape (n_texts, n_features)
        As the encoder gives them (not scaled).

    Raises
    ------
    GraphError
        If a text is not a string.
    InvalidParameterError
        If the encoder breaks its contract: not one row per text, not 2-D, not finite.

    Notes
    -----
    Distinct texts reach the encoder in sorted order, so rows do not depend on the order and the repeats of the texts
    in a call, to the last bit. Which other texts are encoded beside a text may change the last bits of its row, as
    batches are put together differently; so may taking some of them from ``memory``.

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
    strings = list(TextColumn.from_strings(texts))
    said = np.flatnonzero([bool(text.strip()) for text in strings])
    distinct = sorted({strings[i] for i in said})
    if not distinct:
        if n_features is None:
            raise InvalidParameterError(
                f"`texts` must hold at least one text that is not blank, got {len(strings)} blank ones. Without any, "
                "the width of the rows is not known: give `n_features`."
            )
        return np.zeros((len(strings), n_features), dtype=np.float32)
    rows = _encode_distinct(encoder, distinct, RowStore.of(memory, encoder))
    if n_features is not None and rows.shape[1] != n_features:
        raise InvalidParameterError(
            f"`encoder` must give rows of {n_features} numbers, as before, got {rows.shape[1]} from "
            f"{type(encoder).__name__}. Use the encoder and the settings that the model was fitted with."
        )
    position = {text: i for i, text in enumerate(distinct)}
    result = np.zeros((len(strings), rows.shape[1]), dtype=np.float32)
    result[said] = rows[[position[strings[i]] for i in said]]
    return result


def encode_graph(graph: TextGraph, encoder: Any = "minilm", *, memory: Any = None) -> TextGraph:
    """Return the graph with its encoded texts as features: compute once, then run searches over it.

    Parameters
    ----------
    graph : TextGraph
        With texts. Features that it has are replaced.
    encoder : Encoder or str, default="minilm"
        What :func:`~skellagnn.encoders.resolve_encoder` takes. One that learns from texts and is not fitted yet is
        cloned and fitted on the texts of all nodes, in view or not; one that is fitted is used as it is, which is how
        two graphs get rows in the same space.
    memory : str, path, joblib.Memory or None, default=None
        Where rows are kept; see :func:`~skellagnn.encoders.encode_texts`.

    Returns
    -------
    graph : TextGraph
        The same view, with ``features`` of shape (n_nodes, n_features).

    Raises
    ------
    GraphError
        If the graph has no texts.

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
    return graph.with_features(encode_texts(resolved, graph.texts, memory=memory))


def _encode_distinct(encoder: Encoder, texts: list[str], store: RowStore | None) -> NDArray[np.float32]:
    if store is None:
        return _checked(encoder, texts)
    known = store.load(texts)
    missing = [text for text in texts if text not in known]
    rows = _checked(encoder, missing) if missing else np.empty((0, 0), dtype=np.float32)
    known.update(zip(missing, rows, strict=True))
    widths = {len(row) for row in known.values()}
    if len(widths) > 1:
        raise InvalidParameterError(
            f"`memory` must hold rows of one width for a {type(encoder).__name__}, got widths {sorted(widths)} under "
            "its name. The `name` must change with every setting that changes a row: give it another one."
        )
    if missing:
        store.save(missing, rows)
    return np.stack([known[text] for text in texts])


def _checked(encoder: Encoder, texts: list[str]) -> NDArray[np.float32]:
    """Call the encoder; nothing that breaks its contract comes through."""
    kind = f"`encode` of {type(encoder).__name__}"
    wanted = f"must return an array of shape (n_texts={len(texts)}, n_features)"
    answer = encoder.encode(texts)
    if sparse.issparse(answer):
        raise InvalidParameterError(f"{kind} {wanted}, got a sparse matrix. Return a dense one: rows.toarray().")
    try:
        with np.errstate(over="ignore"):  # a number too large for float32 is reported below
            rows = np.asarray(answer).astype(np.float32)
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
