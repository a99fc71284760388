"""The choice of the nodes: scores into an order, and how many of it."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skellagnn.base.arrays import as_array, as_numbers
from skellagnn.base.numbers import check_int
from skellagnn.base.resolve import resolve
from skellagnn.base.warning import warn_caller
from skellagnn.exceptions import AnswerWarning, GraphError, InvalidParameterError
from skellagnn.graph import TextColumn, TextGraph
from skellagnn.graph._names import check_nodes, check_order
from skellagnn.selection._selections import READS, SELECTIONS, Selection, built_in_name


def count_active_nodes(augmentation_ratio: Any, n_nodes: int) -> int:
    """Turn a fraction of all nodes (float) or a number of nodes (int) into a number of nodes.

    Raises
    ------
    InvalidParameterError
        If it is no fraction in [0, 1] and no count up to ``n_nodes``, or a fraction above 0 that rounds to no node.
    """
    wrong_kind = isinstance(augmentation_ratio, (bool, np.bool_)) or not isinstance(augmentation_ratio, numbers.Real)
    if wrong_kind or not (isinstance(augmentation_ratio, numbers.Integral) or math.isfinite(augmentation_ratio)):
        raise InvalidParameterError(
            "`augmentation_ratio` must be a float in [0, 1] (fraction of all nodes) or an int (number of nodes), "
            f"got {augmentation_ratio!r:.80}. Write 0.1 for 10 %."
        )
    if isinstance(augmentation_ratio, numbers.Integral):
        count = int(augmentation_ratio)
        if not 0 <= count <= n_nodes:
            raise InvalidParameterError(
                f"`augmentation_ratio` as an int must be a number of nodes from 0 to {n_nodes}, got {count}. "
                "Write 1.0 for all nodes."
            )
        return count
    if not 0 <= augmentation_ratio <= 1:
        raise InvalidParameterError(
            f"`augmentation_ratio` as a float must be in [0, 1], a fraction of all nodes, got {augmentation_ratio!r}. "
            "Write 0.1 for 10 %, or an int for a number of nodes."
        )
    count = round(float(augmentation_ratio) * n_nodes)
    if count == 0 and augmentation_ratio > 0:
        raise InvalidParameterError(
            f"`augmentation_ratio`={augmentation_ratio!r} of {n_nodes} nodes must be at least one node, got none. "
            f"Use at least {1 / max(n_nodes, 1):.3g}, an int, or 0 for no augmentation."
        )
    return count


def select_active_nodes(
    graph: TextGraph,
    features: NDArray[np.float32],
    selection: str | Selection,
    augmentation_ratio: float | int,
    *,
    candidates: ArrayLike | None = None,
    seed: int = 0,
    probabilities: Callable[[], NDArray[np.floating[Any]]] | None = None,
    labeled: ArrayLike = (),
    asked: ArrayLike = (),
) -> NDArray[np.int64]:
    """Choose the nodes that the LLM sees (step 2 of the paper).

    Parameters
    ----------
    graph : TextGraph
        Nodes with an empty or blank text are never chosen, so there may be fewer than asked for.
    features : ndarray of shape (n_nodes, n_features)
        Raw feature vectors.
    selection : str or callable
        A key of ``SELECTIONS``, or ``(graph, features, rng) -> scores`` of shape (n_nodes,).
    augmentation_ratio : float or int
        Fraction of all nodes, or number of nodes, whatever ``candidates`` leaves of them.
    candidates : array-like of int, or mask of shape (n_nodes,), default=None
        Whom to ask at most: node numbers, in any order, or a boolean mask. By default every node. All nodes are scored:
        a selection sees the whole graph.
    seed : int, default=0
        For selections that draw.
    probabilities : callable() -> ndarray of shape (n_nodes, n_classes), default=None
        Says what labels suggest; called by the name of a selection that reads labels.
    labeled : array-like of int, or mask of shape (n_nodes,), default=()
        Nodes with a label, for selections that start there.
    asked : array-like of int, or mask of shape (n_nodes,), default=()
        Nodes of earlier rounds, which are left out.

    Returns
    -------
    active : ndarray of int64 of shape (n_active,)
        Node ids, best first; equal scores in the order of the nodes. The choice for a smaller ratio is a prefix of
        the choice for a larger one.

    Raises
    ------
    GraphError
        If ``graph`` is none.
    InvalidParameterError
        If the selection is unknown or returns something else than one score per node, none of them NaN and not all
        infinite, or ``candidates``, ``labeled`` or ``asked`` are no nodes of the graph, or there is no candidate; if
        ``features``, or what ``probabilities`` returns, are not a row of numbers for each node.

    Warns
    -----
    AnswerWarning
        If fewer candidates than asked for have a text; all of them are chosen.
    """
    if not isinstance(graph, TextGraph):
        raise GraphError(
            f"`graph` must be a TextGraph, got {type(graph).__name__}. Make one with TextGraph.from_edges."
        )
    selection = built_in_name(selection)
    starts, left_out = (
        check_nodes(name, nodes, graph.n_nodes, graph.node_names, error=InvalidParameterError)
        for name, nodes in (("labeled", labeled), ("asked", asked))
    )
    features = _check_rows("features", features, graph.n_nodes)
    function = _function_of(selection, probabilities, starts, graph.n_nodes)
    check_int("seed", seed, at_least=0)
    count = count_active_nodes(augmentation_ratio, graph.n_nodes)
    allowed = None if candidates is None else _check_candidates(candidates, graph)
    if count == 0:
        return np.empty(0, dtype=np.int64)
    scores = function(graph, features, np.random.default_rng(seed))
    check_order("selection", scores, np.arange(graph.n_nodes), graph.node_names, error=InvalidParameterError)
    order = _best_first(scores, graph.n_nodes)
    if allowed is not None:
        order = order[allowed[order]]
    order = order[~np.isin(order, left_out)]
    active = order[:count] if graph.texts is None else _first_with_text(order, graph.texts, count)
    if allowed is not None and len(active) < count:
        warn_caller(
            f"`candidates` leave {len(active)} nodes with a text to ask about, fewer than the {count} that "
            f"augmentation_ratio={augmentation_ratio!r} of all {graph.n_nodes} nodes comes to: all of them are asked "
            "about. Widen `candidates`, or lower the ratio.",
            AnswerWarning,
        )
    return active


def _function_of(selection: Any, probabilities: Any, starts: NDArray[np.int64], n_nodes: int) -> Any:
    """Return the function of a selection, with what it reads beside graph and features."""
    if probabilities is not None and not callable(probabilities):
        raise InvalidParameterError(
            f"`probabilities` must be a function that returns them, or None, got {probabilities!r:.80}. Write lambda: "
            "probabilities."
        )
    if isinstance(selection, str):
        named = resolve(selection, SELECTIONS, parameter="selection", or_else="or a callable")
        if probabilities is not None and "labels" in READS[named.__name__]:
            likely = _check_rows("probabilities", probabilities(), n_nodes)
            return partial(named, probabilities=likely)
        if "labeled" in READS[named.__name__]:
            return partial(named, labeled=starts)
        return named
    if callable(selection):
        return selection
    raise InvalidParameterError(
        f"`selection` must be one of {', '.join(map(repr, SELECTIONS))} or a callable, got {selection!r:.80}. Pass "
        "one of the names."
    )


def _check_candidates(candidates: Any, graph: TextGraph) -> NDArray[np.bool_]:
    nodes = check_nodes("candidates", candidates, graph.n_nodes, graph.node_names, error=InvalidParameterError)
    if len(nodes) == 0:
        raise InvalidParameterError(
            "`candidates` must be at least one node, got none. Pass None for every node, or enhancer=None to ask "
            "nobody."
        )
    allowed = np.zeros(graph.n_nodes, dtype=bool)
    allowed[nodes] = True
    return allowed


def _check_rows(name: str, rows: Any, n_nodes: int) -> NDArray[Any]:
    array = as_numbers(name, rows, error=InvalidParameterError)
    if array.ndim != 2 or len(array) != n_nodes or array.dtype.kind == "O":
        raise InvalidParameterError(
            f"`{name}` must have a row of numbers for each of {n_nodes} nodes, got dtype {array.dtype} and shape "
            f"{array.shape}. Pass those of the whole graph, in the order of its nodes."
        )
    return array


def _best_first(returned: Any, n_nodes: int) -> NDArray[np.int64]:
    """Check the scores of a selection, and return all nodes in their order."""
    scores = as_array("selection", returned, error=InvalidParameterError)
    is_fitting = scores.shape == (n_nodes,) and scores.dtype.kind in "fiub"
    # log(0) may put a node last, but where nothing is finite nothing was computed
    if not is_fitting or np.isnan(scores).any() or (n_nodes and not np.isfinite(scores).any()):
        raise InvalidParameterError(
            f"`selection` must return one score per node, shape ({n_nodes},), none of them NaN and not all infinite, "
            f"got dtype {scores.dtype} and shape {scores.shape}. Return an array of numbers; `candidates` leaves nodes "
            "out."
        )
    # from the back and stable, then turned over: equal scores stay in the order of the nodes, and no score is negated
    # or made a float, which large integers would not survive
    ascending = np.argsort(scores[::-1], kind="stable")
    return np.asarray(n_nodes - 1 - ascending[::-1], dtype=np.int64)


def _first_with_text(order: NDArray[np.int64], texts: TextColumn, count: int) -> NDArray[np.int64]:
    """Return the first ``count`` nodes whose text is not blank."""
    order = order[texts.n_bytes[order] > 0]
    chosen: list[NDArray[np.int64]] = []
    while count > 0 and len(order):
        # as many as are missing: texts, which may be on disk, are looked at only where they are needed
        n_looked_at = max(count, 1024)
        askable = order[:n_looked_at][_say_something(texts, order[:n_looked_at])][:count]
        chosen.append(askable)
        count -= len(askable)
        order = order[n_looked_at:]
    return np.concatenate([*chosen, np.empty(0, dtype=np.int64)], dtype=np.int64)


def _say_something(texts: TextColumn, nodes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark those of some nodes, none of them with an empty text, whose text is more than blanks."""
    first_byte = texts.data[texts.offsets[nodes]]
    # in UTF-8 the blanks of Unicode begin with a byte up to 32, or with one of these; so do few texts
    doubtful = np.flatnonzero((first_byte <= 32) | np.isin(first_byte, [0xC2, 0xE1, 0xE2, 0xE3]))
    say = np.ones(len(nodes), dtype=bool)
    say[doubtful] = [bool(texts[node].strip()) for node in nodes[doubtful].tolist()]
    return say
