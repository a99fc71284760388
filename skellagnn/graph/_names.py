"""Names of nodes, and values that come with names of their own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.base.arrays import as_array, is_mask_of_integers
from skellagnn.exceptions import GraphError, SkellagnnError
from skellagnn.graph._text_column import TextColumn

# Integers from here on are not all floats: two ids would be one.
_FIRST_INEXACT = 2**53


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, NaT or one of pandas' missing values."""
    # pandas' own missing values are known by name: nothing here needs pandas
    return (
        value is None
        or (isinstance(value, (float, np.floating)) and value != value)
        or (isinstance(value, (np.datetime64, np.timedelta64)) and bool(np.isnat(value)))
        or type(value).__name__ in ("NAType", "NaTType", "MaskedConstant")
    )


def write_names(argument: str, values: Iterable[Any]) -> list[str]:
    """Write ids as strings: 1 and 1.0 are both "1".

    Parameters
    ----------
    argument : str
        For the error.
    values : iterable of ids

    Raises
    ------
    GraphError
        If an id is missing (None, NaN, a blank string), bytes, not finite, or a float too large to be one integer.
    """
    if hasattr(values, "to_pylist"):  # of pyarrow, whose entries are objects of its own
        values = values.to_pylist()
    if hasattr(values, "detach"):  # a tensor, whose entries are tensors
        values = as_array(argument, values)
    is_flat = isinstance(values, Iterable) and getattr(values, "ndim", 1) == 1 and not hasattr(values, "tocoo")
    if isinstance(values, (str, bytes, set, frozenset, Mapping)) or not is_flat:
        raise GraphError(
            f"`{argument}` must be a sequence of names, one per node, got a single {type(values).__name__} or one that "
            "has no order. Pass a list."
        )
    exact_below: float = _FIRST_INEXACT
    if isinstance(values, np.ndarray):
        values = as_array(argument, values)
        exact_below = first_inexact(values.dtype)
        values = values.tolist() if values.dtype.kind in "iufUO" else values
    names: list[str] = []
    for position, value in enumerate(values):
        if isinstance(value, str):
            if not value.strip():
                raise _no_name(argument, repr(value), position)
            names.append(str(value))
        elif isinstance(value, (float, np.floating)) or is_missing(value) or isinstance(value, (bytes, bytearray)):
            names.append(_write_odd(argument, value, position, exact_below))
        else:
            names.append(str(value))
    return names


def _write_odd(argument: str, value: Any, position: int, exact_below: float) -> str:
    if isinstance(value, (bytes, bytearray)):
        raise GraphError(
            f"`{argument}` must hold strings or numbers, got bytes at position {position}. Decode them: "
            "name.decode('utf-8')."
        )
    if is_missing(value) or math.isinf(value):
        raise _no_name(argument, repr(value), position)
    if float(value).is_integer():
        if abs(value) >= exact_below:
            raise inexact(f"`{argument}`", value, f"position {position}")
        return str(int(value))
    return str(value)


def _no_name(argument: str, what: str, position: int) -> GraphError:
    return GraphError(
        f"`{argument}` must name every node, got {what} at position {position}, which says that the name is missing. "
        "Give that node a name, or leave it and its edges out."
    )


def inexact(argument: str, value: Any, place: str) -> GraphError:
    """Return the error about an id that was read as a float and may be another one."""
    return GraphError(
        f"{argument} must hold exact ids, got the float {value!r} at {place}: floats of this size skip integers, so it "
        "may be another id by now. A column of integers is read as float where a cell is empty: read it as text or as "
        "nullable integers, pandas.read_csv(file, dtype='Int64'), and drop the rows whose cell is empty."
    )


def first_inexact(dtype: np.dtype[Any]) -> float:
    """Return the size from which floats of a type skip integers."""
    return float(2.0 ** (np.finfo(dtype).nmant + 1)) if dtype.kind == "f" else _FIRST_INEXACT


def check_order(
    argument: str,
    values: Any,
    nodes: NDArray[np.int64],
    node_names: TextColumn | None,
    *,
    error: type[SkellagnnError] = GraphError,
) -> None:
    """Refuse a pandas object whose index holds names of nodes, but not of these in this order.

    An index 0, 1, 2, ... that pandas made itself (a RangeIndex) says nothing. One that holds anything but names of the
    graph says nothing either, nor do numbers that may be positions in a view: such values are taken by position, as a
    list is.

    Raises
    ------
    GraphError or ``error``
        If the index is a permutation of the names, or holds names of other nodes.

    Notes
    -----
    Not aligned: where ids happen to be the numbers of rows as well, nobody can tell which of the two was meant.
    """
    index = getattr(values, "index", None)
    if index is None or not hasattr(values, "iloc") or len(index) != len(nodes):
        return
    if type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1:
        return
    labels = index.to_numpy()
    others = False
    if node_names is None and labels.dtype.kind in "iu":
        differs = not np.array_equal(labels, nodes)
        same_set = differs and np.array_equal(np.sort(labels), np.sort(nodes))
    else:
        given = [str(int(v)) if isinstance(v, float) and v.is_integer() else str(v) for v in labels.tolist()]
        names = [str(node) for node in nodes.tolist()] if node_names is None else list(node_names.take(nodes))
        differs = given != names
        same_set = differs and sorted(given) == sorted(names)
        if differs and not same_set and node_names is not None:
            are_positions = labels.dtype.kind in "iuf" and labels.max() < len(node_names)
            others = not are_positions and set(given) <= set(node_names)
    if same_set or others:
        first = (
            int(np.flatnonzero(labels != nodes)[0])
            if node_names is None and labels.dtype.kind in "iu"
            else next(i for i, (a, b) in enumerate(zip(given, names, strict=True)) if a != b)
        )
        wanted = str(nodes[first]) if node_names is None else node_names[int(nodes[first])]
        raise error(
            f"`{argument}` must be in the order of the nodes, got a pandas {type(values).__name__} whose index holds "
            f"{'names of other nodes' if others else 'the same names in another order'}: "
            f"{labels.tolist()[first]!r:.60} stands where node {wanted!r:.60} is. Bring it into order, "
            f"{argument}.loc[names], or pass {argument}.to_numpy() if its order is right all the same."
        )


def check_nodes(
    argument: str,
    values: Any,
    n_nodes: int,
    node_names: TextColumn | None = None,
    *,
    error: type[SkellagnnError] = GraphError,
) -> NDArray[np.int64]:
    """Return node numbers for node numbers, or for a boolean mask over all nodes.

    Raises
    ------
    GraphError or ``error``
        If it is neither, a node does not exist, it is a mask of 0 and 1 that lost its type, or a pandas mask in
        another order than the nodes.
    """
    nodes = as_array(argument, values, error=error)
    if nodes.dtype == bool and nodes.shape == (n_nodes,):
        check_order(argument, values, np.arange(n_nodes), node_names, error=error)
        return np.flatnonzero(nodes)
    if nodes.size == 0 and nodes.ndim == 1 and nodes.dtype.kind in "fiuO":
        return np.empty(0, dtype=np.int64)
    if nodes.ndim != 1 or nodes.dtype.kind not in "iu":
        raise error(
            f"`{argument}` must be a 1-D array of node ids or a mask over all {n_nodes} nodes, got an array of dtype "
            f"{nodes.dtype} and shape {nodes.shape}. A mask that has missing entries or another type: "
            f"{argument}.astype(bool)."
        )
    if nodes.size and (nodes.min() < 0 or nodes.max() >= n_nodes):
        wrong = nodes[(nodes < 0) | (nodes >= n_nodes)][0]
        raise error(f"`{argument}` must be node ids from 0 to {n_nodes - 1}, got {wrong}. Leave it out.")
    if is_mask_of_integers(nodes, n_nodes):
        raise error(mask_sentence(argument))
    return nodes.astype(np.int64, copy=False)


def mask_sentence(argument: str) -> str:
    """Say what is wrong with a mask of integers."""
    return (
        f"`{argument}` must be a mask of booleans or numbers of nodes, got as many integers as there are nodes, all of "
        "them 0 or 1: as numbers they would mean the first two nodes again and again. Write mask.astype(bool)."
    )
