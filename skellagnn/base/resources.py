"""Threads, memory and devices that there are, and arrays that do not fit into memory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import psutil
from numpy.typing import DTypeLike, NDArray

from skellagnn.exceptions import InvalidParameterError

if TYPE_CHECKING:
    import torch

__all__ = ["ARRAY_SHARE", "available_memory", "count_threads", "resolve_device", "scratch_array"]

# An array that is larger than this fraction of the memory that is free lives on disk, memory-mapped.
ARRAY_SHARE = 0.25
# What a container may use, where one sets a limit (version 2 of Linux's control groups, then version 1): limit, use,
# and the file that says how much of that use is a cache of files, such as memory-mapped features, which gives way.
_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
    ),
)


def count_threads() -> int:
    """Return how many threads this process may use: ``OMP_NUM_THREADS``, which joblib and Dask set, or all cores."""
    try:
        return max(1, int(os.environ["OMP_NUM_THREADS"]))
    except (KeyError, ValueError):  # OpenMP also takes a list, "4,2", for nested regions
        return int(joblib.cpu_count())


def available_memory() -> int:
    """Return the bytes that can be used without swapping: of the machine, or of the container if it has less."""
    available = int(psutil.virtual_memory().available)
    for limit, usage, statistics in _CGROUPS:
        try:
            allowed = int(Path(limit).read_text()) - int(Path(usage).read_text())
            numbers = dict(line.split() for line in Path(statistics).read_text().splitlines())
            # version 1 counts the groups within this one apart
            allowed += int(numbers.get("total_inactive_file", numbers.get("inactive_file", 0)))
        except (OSError, ValueError):  # no such file; "max" for no limit
            continue
        available = min(available, max(allowed, 0))
    return available


def scratch_array(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Return an uninitialized array, on disk if it is larger than a quarter of the free memory.

    joblib and dask were looked at: the first memory-maps arrays that are there already, the second computes on its own
    kind of arrays.

    Parameters
    ----------
    shape : tuple of int
    dtype : dtype, default=float32

    Returns
    -------
    array : ndarray or memmap of ``shape``
        A memory map of a file without a name in the folder for temporary files: it goes when the array goes.
    """
    n_bytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    if n_bytes <= ARRAY_SHARE * available_memory():
        return np.empty(shape, dtype=dtype)
    with tempfile.TemporaryFile(prefix="skellagnn-") as file:
        file.truncate(n_bytes)
        return np.memmap(file, dtype=dtype, mode="r+", shape=shape)


def resolve_device(device: Any) -> torch.device:
    """Return the torch device that the ``device`` parameter stands for.

    Raises
    ------
    InvalidParameterError
        If it stands for none, or for one that is not there.
    """
    import torch

    if isinstance(device, str) and device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError, ValueError) as error:
        raise InvalidParameterError(
            f"`device` must be 'auto' or a torch device such as 'cpu' or 'cuda:0', got {device!r}."
        ) from error
    try:
        if found.type == "meta":
            raise RuntimeError("it holds no numbers")
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError, ImportError) as error:  # torch has an error of its own for each kind
        reason = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")
        raise InvalidParameterError(
            f"`device` must be one that this machine has and its torch can use, got {device!r} ({reason:.100}). Use "
            "device='auto' or device='cpu', also for a fitted model: set_params(device='auto')."
        ) from error
    return found
