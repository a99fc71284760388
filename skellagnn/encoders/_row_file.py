"""One file of rows in the row store: written once, never changed."""

from __future__ import annotations

import hashlib
import os
import struct
import uuid
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skellagnn.encoders._distinct import KEY_BYTES, sort_keys

SUFFIX = ".rows"
_HEAD = struct.Struct("<8sQQ16s")  # magic, n_rows, n_features, digest of keys and checks
_MAGIC = b"SKROWS\x00\x02"
_BLOCK = 4096  # rows copied at a time


class DamagedFile(Exception):
    """The file was cut short, overwritten, or is of another kind."""


class RowFile:
    """An open file of rows.

    After a header of 40 bytes: rows of float32; digests of texts, 16 bytes each; CRC-32 of rows, 4 bytes each; all
    little-endian. An open file stays readable after another process has deleted it.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    keys : ndarray of uint64 of shape (n_rows, 2)
    checks : ndarray of uint32 of shape (n_rows,)
    width : int

    Raises
    ------
    DamagedFile
        If its length, or something besides the rows, is not as it was written.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb", buffering=0)
        try:
            self._read_head()
        except BaseException:
            self._file.close()
            raise

    def _read_head(self) -> None:
        size = os.fstat(self._file.fileno()).st_size
        head = self._file.read(_HEAD.size)
        if len(head) != _HEAD.size:
            raise DamagedFile(f"it has {size} bytes")
        magic, n_rows, self.width, digest = _HEAD.unpack(head)
        if magic != _MAGIC or size != _HEAD.size + n_rows * (20 + 4 * self.width):
            raise DamagedFile(f"it has {size} bytes, which are not those of {n_rows} rows of {self.width} numbers")
        self._file.seek(_HEAD.size + n_rows * 4 * self.width)
        content = self._file.read(n_rows * 20)
        if digest != _digest(n_rows, self.width, content):
            raise DamagedFile("its checksum is wrong")
        self.keys: NDArray[np.uint64] = np.frombuffer(content, dtype="<u8", count=2 * n_rows).reshape(-1, 2)
        self.checks: NDArray[np.uint32] = np.frombuffer(content, dtype="<u4", offset=16 * n_rows)

    def __len__(self) -> int:
        return len(self.keys)

    def read(self, positions: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return rows, and which of them are as they were written."""
        order = np.argsort(positions, kind="stable")
        ordered = positions[order]
        found = np.zeros((len(positions), self.width), dtype="<f4")
        # neighbors are read together: most of what is asked for in one call was written in one
        ends = np.append(np.flatnonzero(np.diff(ordered) != 1) + 1, len(ordered)).tolist()
        start = 0
        for end in ends:
            if end > start:
                self._file.seek(_HEAD.size + int(ordered[start]) * 4 * self.width)
                self._file.readinto(found[start:end].data.cast("B"))
            start = end
        sound = np.array(row_checks(found), dtype=np.uint32) == self.checks[ordered]
        rows, good = np.empty_like(found), np.empty(len(found), dtype=bool)
        rows[order], good[order] = found, sound
        return rows, good

    def close(self) -> None:
        self._file.close()


def row_checks(rows: NDArray[np.float32]) -> list[int]:
    """Return the CRC-32 of each row."""
    width = rows.shape[1] * rows.itemsize
    content = rows.data.cast("B") if rows.size else b""
    return [zlib.crc32(content[start : start + width]) for start in range(0, len(content), width)]


def write_row_file(folder: Path, parts: Iterable[tuple[NDArray[np.uint64], NDArray[np.float32]]]) -> Path | None:
    """Write keys and rows to a new file of a folder: aside, then renamed.

    Parameters
    ----------
    folder : Path
        Made if needed.
    parts : iterable of (keys, rows)
        Rows of one width.

    Returns
    -------
    path : Path or None
        None if there are no rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{uuid.uuid4().hex}.tmp"
    keys, checks, width = bytearray(), bytearray(), 0
    try:
        with temporary.open("wb") as file:
            file.write(bytes(_HEAD.size))
            for part, rows in parts:
                block = np.ascontiguousarray(rows, dtype="<f4")
                file.write(block.data)
                keys += np.ascontiguousarray(part, dtype="<u8").tobytes()
                checks += np.array(row_checks(block), dtype="<u4").tobytes()
                width = block.shape[1]
            n_rows = len(keys) // KEY_BYTES
            file.write(keys + checks)
            file.seek(0)
            file.write(_HEAD.pack(_MAGIC, n_rows, width, _digest(n_rows, width, keys + checks)))
        if n_rows == 0:
            return None
        path = folder / (hashlib.blake2b(keys, digest_size=16).hexdigest() + SUFFIX)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def copy_row_files(folder: Path, files: list[RowFile]) -> Path | None:
    """Write the sound rows of several files of one width to a new file, each text once; None if there are none.

    Rows are copied in blocks, so that memory is bounded by the keys: some 60 bytes a row.
    """
    order, is_first = sort_keys(np.concatenate([file.keys for file in files]))
    wanted = np.zeros(len(order), dtype=bool)
    wanted[order[is_first]] = True
    masks = np.split(wanted, np.cumsum([len(file) for file in files])[:-1])
    return write_row_file(
        folder, (part for file, mask in zip(files, masks, strict=True) for part in _sound_rows(file, mask))
    )


def _sound_rows(file: RowFile, mask: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.float32]]]:
    for start in range(0, len(file), _BLOCK):
        block = start + np.flatnonzero(mask[start : start + _BLOCK])
        rows, good = file.read(block)
        yield file.keys[block[good]], rows[good]


def _digest(n_rows: int, width: int, content: bytes | bytearray) -> bytes:
    return hashlib.blake2b(b"%d %d" % (n_rows, width) + content, digest_size=16).digest()
