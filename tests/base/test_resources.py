"""Threads, memory in and out of containers, and arrays that live on disk where there is too little memory."""

from __future__ import annotations

import gc
import os
import tempfile
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
import torch

from skellagnn.base import resources
from skellagnn.base.resources import ARRAY_SHARE, available_memory, count_threads, resolve_device, scratch_array
from skellagnn.exceptions import InvalidParameterError

GIB = 2**30


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Say how much memory the machine has free, and what control groups say: (limit, use, statistics)."""

    def setup(free, *groups):
        monkeypatch.setattr(resources.psutil, "virtual_memory", lambda: SimpleNamespace(available=free))
        files = []
        for number, texts in enumerate(groups):
            paths = [tmp_path / f"{name}{number}" for name in ("limit", "use", "statistics")]
            for path, text in zip(paths, texts, strict=False):
                path.write_text(f"{text}\n")
            if len(texts) == 2:
                paths[2].write_text("anon 4096\nfile 8192\n")
            files.append(tuple(map(str, paths)))
        monkeypatch.setattr(resources, "_CGROUPS", tuple(files))

    return setup


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([], 8 * GIB),
        ([(), ()], 8 * GIB),  # no such files
        ([(4 * GIB, GIB)], 3 * GIB),
        ([("max", GIB)], 8 * GIB),  # no limit
        ([("max", GIB), (3 * GIB, GIB)], 2 * GIB),
        ([(), (3 * GIB, GIB)], 2 * GIB),
        ([(64 * GIB, GIB)], 8 * GIB),  # the machine has less than the container may use
        ([(2**63 - 4096, GIB)], 8 * GIB),  # how version 1 writes that there is no limit
        ([(GIB, 2 * GIB)], 0),  # the limit was lowered below what is used
        ([("", GIB)], 8 * GIB),
        # files in the cache give way: version 2, and version 1, which counts groups within the group apart
        ([(4 * GIB, 3 * GIB, f"anon {GIB}\ninactive_file {2 * GIB}")], 3 * GIB),
        ([(4 * GIB, 3 * GIB, f"inactive_file 1\ntotal_inactive_file {2 * GIB}")], 3 * GIB),
    ],
)
def test_a_container_may_use_what_its_limit_leaves(machine, groups, expected):
    machine(8 * GIB, *groups)

    assert available_memory() == expected


def test_this_machine_has_memory():
    assert 0 <= available_memory() < 2**50


def test_an_array_that_fits_is_in_memory(machine):
    machine(1000 / ARRAY_SHARE)

    fits, larger = scratch_array((250,)), scratch_array((251,))

    assert not isinstance(fits, np.memmap)
    assert isinstance(larger, np.memmap)
    assert fits.dtype == larger.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float16, "int64"])
def test_an_array_that_does_not_fit_is_on_disk_and_gone_afterwards(machine, monkeypatch, tmp_path, dtype):
    machine(100)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gc.collect()  # what earlier tests left open must not be closed while this one counts
    open_before = len(os.listdir("/dev/fd")) if os.path.isdir("/dev/fd") else 0

    array = scratch_array((1000, 7), dtype)

    assert isinstance(array, np.memmap)
    assert (array.shape, array.dtype) == ((1000, 7), np.dtype(dtype))
    values = np.arange(7000).reshape(1000, 7) % 100
    array[:] = values
    np.testing.assert_array_equal(array, values)
    assert list(tmp_path.iterdir()) == []  # the file has no name
    del array
    gc.collect()
    assert (len(os.listdir("/dev/fd")) if os.path.isdir("/dev/fd") else 0) == open_before


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0)])
def test_nothing_fits_into_no_memory(machine, shape):
    machine(0)

    assert scratch_array(shape).shape == shape


def test_the_size_of_a_large_array_does_not_overflow(machine, monkeypatch):
    machine(10**9)

    def full(**options):
        raise OSError(28, "No space left on device")

    # counted in 64 bits it would be 0 bytes
    monkeypatch.setattr(resources.tempfile, "TemporaryFile", full)
    with pytest.raises(OSError, match="No space left"):
        scratch_array((2**31, 2**31), np.float64)


@pytest.mark.parametrize(
    ("said", "expected"), [("3", 3), ("0", 1), (None, joblib.cpu_count()), ("4,2", joblib.cpu_count())]
)
def test_the_number_of_threads_is_that_of_the_environment_or_of_the_cores(monkeypatch, said, expected):
    if said is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert count_threads() == expected


# -- device ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu")])
def test_devices_that_are_there(device):
    assert resolve_device(device) == torch.device(device)


def test_auto_takes_what_is_there():
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_a_device_that_holds_no_numbers_is_none():
    with pytest.raises(InvalidParameterError, match=r"`device` must be one that this machine has .* got 'meta'"):
        resolve_device("meta")


@pytest.mark.parametrize("device", ["gpu", "cuda:one", None, 1.5, 2**70])
def test_what_is_no_name_of_a_device(device):
    with pytest.raises(InvalidParameterError, match="`device` must be 'auto' or a torch device such as 'cpu'"):
        resolve_device(device)


@pytest.mark.parametrize("device", ["cuda:99", "xla", "hpu"])
def test_devices_that_are_not_there(device):
    with pytest.raises(
        InvalidParameterError,
        match=rf"`device` must be one that this machine has .*, got '{device}' \(.+\)\. Use device='auto' or",
    ):
        resolve_device(device)
