"""Arrays that users give: nothing is dropped when numpy makes an array of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.exceptions import GraphError, SkellagnnError

__all__ = ["as_array", "as_numbers", "is_mask_of_integers"]


def as_array(name: str, values: Any, *, error: type[SkellagnnError] = GraphError) -> NDArray[Any]:
    """Return an array of what a user gave.

    Parameters
    ----------
    name : str
        Name of the argument, for the error.
    values : array-like or tensor
        A tensor may be on a GPU or in a graph of gradients.
    error : type of SkellagnnError, default=GraphError

    Returns
    -------
    array : ndarray
        Shares memory with what came in where numpy can.

    Raises
    ------
    GraphError or ``error``
        If it has no order or can be read only once (a set, a generator), is a mapping, or hides entries behind a mask
        (``numpy.ma``), which an array would show again.
    """
    if isinstance(values, (set, frozenset, Set, Mapping)) or (
        isinstance(values, Iterable) and not hasattr(values, "__len__") and not hasattr(values, "__array__")
    ):
        raise error(
            f"`{name}` must be a list or an array, got {type(values).__name__}, which has no order or can be read only "
            f"once. Pass list({name})."
        )
    rows = values if isinstance(values, (list, tuple)) else [values]
    n_masked = sum(int(np.ma.getmaskarray(row).sum()) for row in rows if isinstance(row, np.ma.MaskedArray))
    if n_masked:
        raise error(
            f"`{name}` must not hide entries behind a mask, got numpy.ma with {n_masked} masked. Fill them, "
            f"{name}.filled(value), or leave them out."
        )
    try:
        if hasattr(values, "detach") and hasattr(values, "cpu"):  # a tensor, known without importing torch
            values = values.detach().cpu()
        return np.asarray(values)
    except SkellagnnError:
        raise
    except Exception as reason:  # from rows of different lengths to what a foreign object's __array__ raises
        raise error(
            f"`{name}` must be an array, or rows of one length that make one, got {type(values).__name__} "
            f"({type(reason).__name__}: {reason!s:.100}). Convert it to a numpy array first."
        ) from reason


def as_numbers(name: str, values: Any, *, error: type[SkellagnnError] = GraphError) -> NDArray[Any]:
    """Return an array of real numbers; see :func:`as_array`.

    Raises
    ------
    GraphError or ``error``
        Also if entries are strings that look like numbers, complex numbers, or dates.
    """
    array = as_array(name, values, error=error)
    odd: Any = None
    if array.dtype.kind == "O":
        odd = next(
            (
                entry
                for entry in array.flat
                if not (entry is None or isinstance(entry, Real) or hasattr(entry, "as_tuple"))
            ),
            None,
        )
    if array.dtype.kind not in "biufO" or odd is not None:
        what = f"dtype {array.dtype}" if odd is None else f"an entry of type {type(odd).__name__}"
        raise error(
            f"`{name}` must be real numbers, got {what}. Convert it yourself, so that it is plain what was meant: "
            f"numpy.asarray({name}, dtype=float), or .real of complex numbers."
        )
    return array


def is_mask_of_integers(indices: NDArray[Any], n_entries: int) -> bool:
    """Whether indices into ``n_entries`` entries look like a mask of 0 and 1 that lost its type.

    As many as there are entries, all of them 0 or another one number that stands for true (1, -1, 255), and one of
    them twice: as indices they would say two entries again and again.
    """
    if indices.dtype.kind not in "iu" or indices.shape != (n_entries,) or n_entries < 2:
        return False
    true = indices[indices != 0]
    if len(true) and (true[0] not in (1, -1, 255) or (true != true[0]).any()):
        return False
    return n_entries > 2 or bool(indices[0] == indices[1])
