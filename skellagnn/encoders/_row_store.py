"""Rows of texts, kept on disk for all calls and processes: ``memory=``."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from skellagnn.encoders._identity import encoder_identity
from skellagnn.encoders._row_file import SUFFIX, DamagedFile, RowFile, copy_row_files, write_row_file
from skellagnn.exceptions import InvalidParameterError, SkellagnnWarning

_FORMAT = 2  # part of every key: rows written in another format are not found
_MOST_FILES = 64


class RowStore:
    """The rows of one encoder, by digest of the text.

    Each call of :meth:`save` adds one file, written beside and renamed into place, so that processes can share a folder
    without locks. Of too many files the smallest become one: each row is copied a few times at most, however many there
    are. What cannot be read is encoded again, with a warning.

    Parameters
    ----------
    folder : Path
        Made when the first rows are saved.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, memory: Any, encoder: Any) -> RowStore | None:
        """Return the store of an encoder inside a joblib.Memory; None where nothing is to be kept."""
        if memory is None:
            return None
        if isinstance(memory, (str, Path)):
            memory = joblib.Memory(str(memory), verbose=0)
        if not isinstance(memory, joblib.Memory):
            raise InvalidParameterError(
                f"`memory` must be None, a folder, or a joblib.Memory, got {type(memory).__name__}. "
                "Write memory='some/folder'."
            )
        backend = memory.store_backend
        if backend is None:
            return None
        location = getattr(backend, "location", None)
        if not isinstance(location, str):
            raise InvalidParameterError(
                f"`memory` must keep its entries in a local folder, got a joblib.Memory on {type(backend).__name__}. "
                "Write memory='some/folder'."
            )
        # 32 hex digits: joblib takes the folder for an entry of its own, so Memory.reduce_size may evict it
        identity = f"{_FORMAT}\0{encoder_identity(encoder)}"
        digest = hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return cls(Path(location) / "skellagnn_rows" / digest)

    def find(self, keys: NDArray[np.uint64]) -> FoundRows:
        """Say which rows are there, and open their files.

        Parameters
        ----------
        keys : ndarray of uint64 of shape (n_keys, 2)
            Sorted, each once.
        """
        return FoundRows(self, self._open(self._paths()), keys)

    def save(self, parts: Iterable[tuple[NDArray[np.uint64], NDArray[np.float32]]], n_rows: int) -> None:
        """Keep rows. A disk that cannot take them costs a warning: what was encoded is not lost."""
        try:
            write_row_file(self.folder, parts)
            paths = self._paths()
            if len(paths) > _MOST_FILES:
                paths.sort(key=_size)
                self.replace(paths[: max(len(paths) - _MOST_FILES + 1, _MOST_FILES * 3 // 4)])
        except OSError as error:
            warnings.warn(
                f"`memory` could not keep {n_rows} encoded texts in {self.folder} ({error}). They will be encoded "
                "again next time; free space there or choose another folder.",
                SkellagnnWarning,
                stacklevel=6,
            )

    def replace(self, paths: list[Path]) -> None:
        """Put the sound rows of several files into one."""
        files = self._open(paths)
        try:
            if len({file.width for file in files}) != 1:  # none: other processes were faster
                return
            kept = copy_row_files(self.folder, files)
        finally:
            for file in files:
                file.close()
        for file in files:  # not `paths`: what was gone when it was opened may have come back since
            if file.path != kept:
                with suppress(OSError):  # another process may hold it open, and then keeps it on some systems
                    file.path.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{SUFFIX}"))

    def _open(self, paths: list[Path]) -> list[RowFile]:
        files = []
        for path in paths:
            try:
                files.append(RowFile(path))
            except FileNotFoundError:  # merged into another file by another process since it was listed
                continue
            except (OSError, DamagedFile) as error:
                if isinstance(error, DamagedFile):  # else the disk or its permissions are at fault; it may be sound
                    with suppress(OSError):
                        path.unlink(missing_ok=True)
                _warn_of(path, error)
        return files


class FoundRows:
    """Rows of a store for some keys; a context that holds their files open.

    Attributes
    ----------
    is_there : ndarray of bool of shape (n_keys,)
        Falls where a row turns out to be damaged.
    """

    def __init__(self, store: RowStore, files: list[RowFile], keys: NDArray[np.uint64]) -> None:
        self._store = store
        self._files = files
        self._damaged: set[int] = set()
        self._file_of = np.full(len(keys), -1, dtype=np.int32)
        self._position = np.zeros(len(keys), dtype=np.int64)
        high = np.ascontiguousarray(keys[:, 0])
        for number, file in enumerate(files):
            if len(keys) == 0:
                break
            # of two keys with one first half, once in 10^19 pairs, the second is not found and its text encoded again
            nearest = np.minimum(np.searchsorted(high, file.keys[:, 0]), len(keys) - 1)
            same = (keys[nearest] == file.keys).all(axis=1)
            self._file_of[nearest[same]] = number
            self._position[nearest[same]] = np.flatnonzero(same)

    @property
    def is_there(self) -> NDArray[np.bool_]:
        return self._file_of >= 0

    @property
    def widths(self) -> set[int]:
        """Widths of the rows that were found: one, unless two encoders share a name."""
        return {self._files[number].width for number in np.unique(self._file_of) if number >= 0}

    def read(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return those of some rows that are sound, and their numbers."""
        parts = []
        for number in np.unique(self._file_of[ids]).tolist():
            here = ids[self._file_of[ids] == number]
            file = self._files[number]
            try:
                rows, good = file.read(self._position[here])
                if not good.all():
                    self._damaged.add(number)
                    _warn_of(file.path, DamagedFile(f"{int((~good).sum())} rows with a wrong checksum"))
            except OSError as error:
                rows, good = np.empty((len(here), file.width), dtype=np.float32), np.zeros(len(here), dtype=bool)
                _warn_of(file.path, error)
            self._file_of[here[~good]] = -1
            parts.append((here[good], rows[good]))
        found, all_rows = zip(*parts, strict=True)
        return np.concatenate(found), np.concatenate(all_rows)

    def __enter__(self) -> FoundRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for file in self._files:
            file.close()
        with suppress(OSError):  # a disk that is full or read-only keeps the damaged file, of which a warning told
            if self._damaged:
                self._store.replace([self._files[number].path for number in sorted(self._damaged)])


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # merged into another file since it was listed
        return 0


def _warn_of(path: Path, error: Exception) -> None:
    warnings.warn(
        f"`memory` holds a file that cannot be read in full: {path} ({type(error).__name__}: {error}). Its texts are "
        "encoded again, and what is damaged is deleted. If this comes back, check the disk and its permissions.",
        SkellagnnWarning,
        stacklevel=6,
    )
