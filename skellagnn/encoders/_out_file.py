"""A ``.npy`` file that rows are encoded into, and that a later run goes on with: ``out=``."""

from __future__ import annotations

import io
import json
import mmap
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.encoders._distinct import DistinctTexts
from skellagnn.exceptions import InvalidParameterError

_FORMAT = 1


class RowArray:
    """Rows of all texts of a column, in memory; those of each distinct text are written once."""

    def __init__(self, distinct: DistinctTexts, dtype: np.dtype[Any]) -> None:
        self._distinct, self._dtype = distinct, dtype
        self._rows: Any = None
        self.n_features: int | None = None  # until `start`
        self.done = np.zeros(len(distinct), dtype=bool)  # for each distinct text

    def start(self, n_features: int) -> None:
        """Make room for rows of this width."""
        self._rows = np.zeros(self._shape(n_features), dtype=self._dtype)
        self.n_features = n_features

    def write(self, ids: NDArray[np.int64], rows: NDArray[Any]) -> None:
        """Write the rows of some distinct texts to all positions that have them."""
        positions, which = self._distinct.positions(ids)
        self._rows[positions] = rows[which]
        self.done[ids] = True

    def commit(self) -> None:
        """Record what is written, where it outlives the process."""

    def finish(self) -> NDArray[Any]:
        return np.asarray(self._rows)

    def close(self) -> None:
        """Let go of what is open."""

    def _shape(self, n_features: int) -> tuple[int, int]:
        return len(self._distinct.column), n_features


class OutFile(RowArray):
    """Rows of all texts of a column, on disk; one process at a time writes.

    Three files: ``PATH.partial``, which is renamed to ``PATH`` when all rows are in it; ``PATH.progress``, one bit for
    each distinct text whose rows are there for good; ``PATH.json``, which says what the rows are of. ``PATH`` itself is
    never there unless it is finished.

    ``numpy.lib.format.open_memmap`` makes and maps the file, but does not know which rows are in it, nor of what they
    are. ``zarr`` and ``h5py`` do not either; ``safetensors`` is written at once; ``filelock`` leaves its files behind.

    Raises
    ------
    InvalidParameterError
        If there is something else under that name, or another process writes to it.
    """

    def __init__(self, path: Path, identity: str, distinct: DistinctTexts, dtype: np.dtype[Any]) -> None:
        if path.suffix != ".npy":
            raise InvalidParameterError(
                f"`out` must be the name of a file that ends in '.npy', got {str(path)!r}. numpy.load reads it then."
            )
        super().__init__(distinct, dtype)
        self.path = path
        self._partial, self._progress, self._json = (
            path.with_name(path.name + suffix) for suffix in (".partial", ".progress", ".json")
        )
        self._header = {
            "format": _FORMAT,
            "encoder": identity,
            "texts": distinct.digest,
            "n_texts": len(distinct.column),
            "dtype": dtype.name,
        }
        self._file: io.FileIO | None = None  # open and locked while this process writes
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _locked(self._partial)
            if self._file is None:
                raise InvalidParameterError(
                    f"`out` must be written by one process at a time, got {str(path)!r}, which another one is writing. "
                    "Wait for it; a second call then finds the file finished."
                )
        try:
            if path.exists():  # perhaps by a process that held the lock until now
                self._take_up(path)
                self.close()
            elif self._progress.exists() and self._partial.stat().st_size:
                self._take_up(self._partial)
        except BaseException:
            self.close()
            raise

    def start(self, n_features: int) -> None:
        """Make room for rows of this width; what is there without recorded progress is overwritten."""
        assert self._file is not None
        self._progress.unlink(missing_ok=True)
        _write_aside(self._json, json.dumps({**self._header, "n_features": n_features}, indent=1).encode())
        try:
            self._rows = np.lib.format.open_memmap(self._partial, "w+", self._dtype, self._shape(n_features))
            if hasattr(os, "posix_fallocate"):  # a disk that is too small shows now, not after hours as a signal
                os.posix_fallocate(self._file.fileno(), 0, self._rows.offset + self._rows.nbytes)
        except OSError as error:
            self._file.truncate(0)
            self._json.unlink()
            room = len(self._distinct.column) * n_features * self._dtype.itemsize
            raise InvalidParameterError(
                f"`out` must be on a disk with room for {room:,} bytes, got {str(self.path)!r} ({error}). Free space, "
                "name another folder, or halve it with dtype='float16'."
            ) from error
        self.n_features = n_features

    def write(self, ids: NDArray[np.int64], rows: NDArray[Any]) -> None:
        super().write(ids, rows)
        if hasattr(mmap, "MADV_DONTNEED"):  # what was written no longer counts as memory of this process
            self._rows._mmap.madvise(mmap.MADV_DONTNEED)

    def commit(self) -> None:
        """Record what is written: after this it is never encoded again, even if the machine stops."""
        if self._file is not None and self.n_features is not None:
            self._rows.flush()
            os.fsync(self._file.fileno())
            _write_aside(self._progress, np.packbits(self.done).tobytes())

    def finish(self) -> NDArray[Any]:
        """Give the file its name, if it has not got it yet, and return it as a read-only memory map."""
        if self._file is not None:
            assert self.done.all()
            self.commit()
            self.close()
            os.replace(self._partial, self.path)
        self._progress.unlink(missing_ok=True)
        rows: NDArray[Any] = np.lib.format.open_memmap(self.path, "r")
        return rows

    def close(self) -> None:
        """Let another process write; what is not committed is written again."""
        self._rows = None
        if self._file is not None:
            if os.fstat(self._file.fileno()).st_size == 0:
                with suppress(OSError):  # Windows does not delete what is open
                    self._partial.unlink(missing_ok=True)
            self._file.close()
            self._file = None

    def _take_up(self, found: Path) -> None:
        """Go on with a file, finished or not, if it is of the same encoder and texts and has the form it was given."""
        others = ", ".join([self._json.name, *([self._progress.name] if found == self._partial else [])])
        remedy = f"Choose another name, or delete {found.name}, {others} in {str(found.parent)!r} to encode anew."
        expected = (
            f"`out` must be a new file, or one of an earlier run with the same encoder and texts, got {str(found)!r}"
        )
        try:
            header = json.loads(self._json.read_bytes())
            self.n_features = int(header["n_features"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InvalidParameterError(
                f"{expected} without a readable {self._json.name} beside it ({type(error).__name__}). {remedy}"
            ) from error
        differences = {
            "format": f"in format {header.get('format')}, not {_FORMAT}",
            "encoder": f"of another encoder ({header.get('encoder')}, not {self._header['encoder']})",
            "texts": f"of other texts ({header.get('n_texts')}, now {self._header['n_texts']}; order counts)",
            "dtype": f"of {header.get('dtype')}, not {self._header['dtype']}",
        }
        for name, difference in differences.items():
            if header.get(name) != self._header[name]:
                raise InvalidParameterError(f"{expected}, which holds rows {difference}. {remedy}")
        try:
            rows: Any = np.lib.format.open_memmap(found, "r")  # "r+" would fill up what is missing
            bits = np.frombuffer(self._progress.read_bytes() if found == self._partial else b"", dtype=np.uint8)
            as_made = (rows.shape, rows.dtype) == (self._shape(self.n_features), self._dtype)
            if not as_made or found.stat().st_size != rows.offset + rows.nbytes:
                raise ValueError("another form")
            if found == self.path:
                self.done[:] = True
            elif len(bits) != (len(self.done) + 7) // 8:
                raise ValueError("another number of texts")
            else:
                self.done[:] = np.unpackbits(bits, count=len(self.done))
                self._rows = np.lib.format.open_memmap(found, "r+")
        except (ValueError, OSError) as error:
            raise InvalidParameterError(f"{expected}, which has changed since ({error}). {remedy}") from error


def _write_aside(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".new")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def _locked(path: Path) -> io.FileIO | None:
    """Open a file, and keep other processes away until it is closed or this one dies; None where another did so."""
    file = io.FileIO(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)), "r+")
    try:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    except (ImportError, OSError):  # Windows, which does not rename what is open elsewhere; file systems without locks
        return file
    # between opening and locking, the process that had the lock may have renamed or deleted the file
    if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
        return file
    file.close()
    return None
