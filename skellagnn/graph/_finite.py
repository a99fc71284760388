"""Feature vectors that may be larger than memory."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK_BYTES = 1 << 24


def count_not_finite(features: NDArray[Any]) -> int:
    """Return how many vectors hold NaN or infinite values.

    ``numpy.isfinite`` and scikit-learn's ``assert_all_finite`` were looked at: both leave a whole memory map in memory.

    Parameters
    ----------
    features : ndarray of shape (n_nodes, n_features)
        Of a memory map, block after block is read and its pages are given back, so that no more than a block of 16 MiB
        is in memory at a time.
    """
    step = max(1, _BLOCK_BYTES // max(1, features.shape[1] * features.itemsize))
    mapping = _shared_mapping(features)
    bad = 0
    for start in range(0, len(features), step):
        finite = np.isfinite(features[start : start + step])
        if not finite.all():
            bad += int((~finite).any(axis=1).sum())
        if mapping is not None:
            mapping.madvise(mmap.MADV_DONTNEED)
    return bad


def _shared_mapping(features: NDArray[Any]) -> mmap.mmap | None:
    """Return the mapping behind an array, if its pages can be given back: all that they hold is in the file."""
    mode = None
    base: Any = features
    while isinstance(base, np.ndarray):
        mode = getattr(base, "mode", mode)
        base = base.base
    # pages of mode "c" hold what was written to them and is nowhere else
    is_shared = isinstance(base, mmap.mmap) and mode in ("r", "r+", "w+") and hasattr(base, "madvise")
    return base if is_shared and hasattr(mmap, "MADV_DONTNEED") else None
