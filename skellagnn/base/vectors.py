"""Lengths of feature vectors, in pieces that stay in the cache of a core."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CACHED", "are_unit_rows", "as_float32", "row_norms", "unit_rows"]

# Numbers gathered at a time. A megabyte stays in the cache of a core, where they are read again.
CACHED = 1 << 18


def as_float32(rows: NDArray[Any]) -> NDArray[np.float32]:
    """Convert finite feature vectors, faster than numpy does halves; may return what came in."""
    if rows.dtype != np.float16:
        return np.asarray(rows, dtype=np.float32)
    # numpy converts halves one by one. Moved to their places in a float32, their exponent is too small by 112.
    bits = rows.view(np.int16).astype(np.int32)  # the sign is copied to the 16 bits above
    bits <<= 13
    bits &= np.int32(-0x70002000)  # 0x8FFFE000: sign, exponent and fraction
    converted: NDArray[np.float32] = bits.view(np.float32)
    converted *= np.float32(2.0**112)
    return converted


def row_norms(rows: NDArray[Any]) -> NDArray[np.float32]:
    """Return the length of each vector, 1 for a zero vector.

    scikit-learn's ``normalize`` and numpy's ``norm`` were looked at: neither keeps float16 or works in pieces.
    """
    rows = np.asarray(rows)  # a memmap makes a memmap of every piece, slowly
    squares = np.empty(len(rows))
    for piece in _pieces(rows):
        # squared in float64: in float32 entries beyond 1e19 would overflow and those below 1e-23 vanish
        wide = np.asarray(rows[piece], dtype=np.float64)
        np.einsum("ij,ij->i", wide, wide, out=squares[piece])
    norms = np.sqrt(squares)
    return np.where(norms == 0, 1, norms).astype(np.float32)


def are_unit_rows(rows: NDArray[Any], tolerance: float) -> bool:
    """Whether all vectors but zero vectors have unit length. Mostly the first few tell."""
    rows = np.asarray(rows)
    return all(np.abs(row_norms(rows[piece]) - 1).max() < tolerance for piece in _pieces(rows))


def unit_rows(rows: NDArray[Any], out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Scale vectors to unit length; zero vectors stay zero. Writes into ``out``, or a new array of float32."""
    rows = np.asarray(rows)
    unit = np.empty(rows.shape, dtype=np.float32) if out is None else out
    for piece in _pieces(rows):
        np.divide(rows[piece], row_norms(rows[piece])[:, None], out=unit[piece], casting="same_kind")
    return unit


def _pieces(rows: NDArray[Any]) -> Iterator[slice]:
    """Cut vectors into pieces that stay in the cache of a core while they are read twice."""
    step = max(1, CACHED // 4 // max(1, rows.shape[1]))
    return (slice(start, start + step) for start in range(0, len(rows), step))
