"""Rows of texts, kept on disk for all calls and processes: ``memory=``."""

from __future__ import annotations

import hashlib
import sqlite3
import warnings
import zlib
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from skellagnn.base.files import check_path
from skellagnn.encoders._contract import ObjectEncoder, checked_rows, name_of
from skellagnn.encoders._distinct import text_key
from skellagnn.encoders._identity import encoder_identity
from skellagnn.exceptions import InvalidParameterError, SkellagnnWarning

_FORMAT = 3  # part of every key: rows written in another format are not found
_SECONDS = 60.0  # to wait for another process that writes
_KEYS_AT_ONCE = 500  # SQLite takes 999 parameters in a statement, in every version
_TABLE = "CREATE TABLE IF NOT EXISTS rows (key BLOB PRIMARY KEY, row BLOB NOT NULL, crc INTEGER NOT NULL)"


class CachedEncoder(ObjectEncoder):
    """An encoder that takes rows from a file, and puts there what it makes: SQLite, a row of float32 for each text.

    ``joblib.Memory``, whose folder and cleaning it uses, keeps whole calls: of a grown set of texts it would
    encode all again. ``diskcache`` pickles every value, and has no checksums. A row that is not as it was written is
    encoded again.

    Parameters
    ----------
    encoder : transformer
        Fitted.
    path : Path
        Made when the first rows are kept.
    """

    def __init__(self, encoder: Any, path: Path) -> None:
        self.encoder, self.path = encoder, path

    @classmethod
    def around(cls, encoder: Any, memory: Any) -> Any:
        """Return the encoder with its file inside a joblib.Memory; itself where nothing is to be kept."""
        if isinstance(memory, (str, Path)):
            memory = joblib.Memory(str(check_path("memory", memory)), verbose=0)
        if memory is not None and not isinstance(memory, joblib.Memory):
            raise InvalidParameterError(
                f"`memory` must be None, a folder, or a joblib.Memory, got {type(memory).__name__}. "
                "Write memory='some/folder'."
            )
        backend = None if memory is None else memory.store_backend
        if backend is None:
            return encoder
        location = getattr(backend, "location", None)
        if not isinstance(location, str):
            raise InvalidParameterError(
                f"`memory` must keep its entries in a local folder, got a joblib.Memory on {type(backend).__name__}. "
                "Write memory='some/folder'."
            )
        # 32 hex digits: joblib takes the folder for an entry of its own, so Memory.reduce_size may evict it
        identity = f"{_FORMAT}\0{encoder_identity(encoder)}"
        digest = hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return cls(encoder, Path(location) / "skellagnn_rows" / digest / "rows.sqlite")

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        keys = [text_key(text) for text in texts]
        rows = self._read(list(dict.fromkeys(keys)))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in rows}
        new = {}
        if missing:
            new = dict(zip(missing, checked_rows(self.encoder, list(missing.values())), strict=True))
            rows |= new
        if len(widths := {len(row) for row in rows.values()}) > 1:
            raise InvalidParameterError(
                f"`memory` must hold rows of one width for a {name_of(self.encoder)}, got widths {sorted(widths)} "
                "under its name. The `name` must change with every setting that changes a row: give it another one."
            )
        if new:
            self._write(new)
        return np.stack([rows[key] for key in keys])

    def _read(self, keys: list[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the rows that are there and as they were written."""
        rows: dict[bytes, NDArray[np.float32]] = {}
        n_wrong = 0
        if not self.path.exists():
            return rows
        try:
            with closing(self._connect()) as connection:
                if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'rows'").fetchone():
                    return rows  # another process is about to make it
                for start in range(0, len(keys), _KEYS_AT_ONCE):
                    some = keys[start : start + _KEYS_AT_ONCE]
                    query = f"SELECT key, row, crc FROM rows WHERE key IN ({','.join('?' * len(some))})"
                    for key, row, crc in connection.execute(query, some):
                        if zlib.crc32(key + row) == crc:
                            rows[key] = np.frombuffer(row, dtype="<f4")
                        else:
                            n_wrong += 1
        except sqlite3.Error as error:
            self._warn_of(f"{type(error).__name__}: {error}{self._move_aside(error)}")
        if n_wrong:
            self._warn_of(f"{n_wrong} rows with a wrong checksum")
        return rows

    def _write(self, rows: dict[bytes, NDArray[np.float32]]) -> None:
        """Keep rows. A disk that cannot take them costs a warning: what was encoded is not lost."""
        table = [(key, row.astype("<f4", copy=False).tobytes()) for key, row in rows.items()]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as connection, connection:
                connection.execute(_TABLE)
                values = ((key, row, zlib.crc32(key + row)) for key, row in table)
                connection.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", values)
        except (OSError, sqlite3.Error) as error:
            aside = self._move_aside(error)
            warnings.warn(
                f"`memory` could not keep {len(rows)} encoded texts in {self.path} ({error}{aside}). They will be "
                "encoded again next time; free space there or choose another folder.",
                SkellagnnWarning,
                stacklevel=6,
            )

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_SECONDS, isolation_level="IMMEDIATE")
        connection.execute("PRAGMA page_size = 16384")  # ten rows of 384 numbers a page, and little beside them
        return connection

    def _move_aside(self, error: Exception) -> str:
        """Make room for a new file where this one is damaged; what it holds may still be had by SQLite's `.recover`."""
        if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.OperationalError):
            return ""  # the disk, its permissions or another process are at fault
        with suppress(OSError):
            for path in (self.path, self.path.with_name(self.path.name + "-journal")):
                if path.exists():
                    path.replace(path.with_name(path.name + ".damaged"))
        return f"; it was renamed to {self.path.name}.damaged"

    def _warn_of(self, what: str) -> None:
        warnings.warn(
            f"`memory` holds a file that cannot be read in full: {self.path} ({what}). Its texts are encoded again. If "
            "this comes back, check the disk and its permissions.",
            SkellagnnWarning,
            stacklevel=6,
        )
