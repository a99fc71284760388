"""Lengths of feature vectors, in pieces that stay in the cache of a core."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CACHED", "are_unit_vectors", "as_float32", "vector_norms", "unit_vectors"]

# Numbers gathered at a time. A megabyte stays in the cache of a core, where they are read again.
CACHED = 1 << 18


def as_float32(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Convert finite feature vectors, faster than numpy does halves; may return what came in."""
    if vectors.dtype != np.float16:
        return np.asarray(vectors, dtype=np.float32)
    # numpy converts halves one by one. Moved to their places in a float32, their exponent is too small by 112.
    bits = vectors.view(np.int16).astype(np.int32)  # the sign is copied to the 16 bits above
    bits <<= 13
    bits &= np.int32(-0x70002000)  # 0x8FFFE000: sign, exponent and fraction
    converted: NDArray[np.float32] = bits.view(np.float32)
    converted *= np.float32(2.0**112)
    return converted


def vector_norms(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Return the length of each vector, 1 for a zero vector.

    scikit-learn's ``normalize`` and numpy's ``norm`` were looked at: neither keeps float16 or works in pieces.
    """
    vectors = np.asarray(vectors)  # a memmap makes a memmap of every piece, slowly
    squares = np.empty(len(vectors))
    for piece in _pieces(vectors):
        # squared in float64: in float32 entries beyond 1e19 would overflow and those below 1e-23 vanish
        wide = np.asarray(vectors[piece], dtype=np.float64)
        np.einsum("ij,ij->i", wide, wide, out=squares[piece])
    norms = np.sqrt(squares)
    return np.where(norms == 0, 1, norms).astype(np.float32)


def are_unit_vectors(vectors: NDArray[Any], tolerance: float) -> bool:
    """Whether all vectors but zero vectors have unit length. Mostly the first few tell."""
    vectors = np.asarray(vectors)
    return all(np.abs(vector_norms(vectors[piece]) - 1).max() < tolerance for piece in _pieces(vectors))


def unit_vectors(vectors: NDArray[Any], out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Scale vectors to unit length; zero vectors stay zero. Writes into ``out``, or a new array of float32."""
    vectors = np.asarray(vectors)
    unit = np.empty(vectors.shape, dtype=np.float32) if out is None else out
    for piece in _pieces(vectors):
        np.divide(vectors[piece], vector_norms(vectors[piece])[:, None], out=unit[piece], casting="same_kind")
    return unit


def _pieces(vectors: NDArray[Any]) -> Iterator[slice]:
    """Cut vectors into pieces that stay in the cache of a core while they are read twice."""
    step = max(1, CACHED // 4 // max(1, vectors.shape[1]))
    return (slice(start, start + step) for start in range(0, len(vectors), step))
