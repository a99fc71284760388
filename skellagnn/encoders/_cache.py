"""Embeddings of texts, kept on disk for all calls and processes: ``memory=``, and ``out=`` until it is finished."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from skellagnn.base.files import check_path
from skellagnn.base.warning import warn_caller
from skellagnn.encoders._contract import ObjectEncoder, checked_embeddings, name_of
from skellagnn.encoders._distinct import text_key
from skellagnn.encoders._identity import encoder_identity
from skellagnn.exceptions import InvalidParameterError, SkellagnnWarning

_FORMAT = 4  # part of every key: what was written in another format is not found
_SECONDS = 60.0  # to wait for another process that writes
_KEYS_AT_ONCE = 500  # SQLite takes 999 parameters in a statement, in every version
_TABLE = "CREATE TABLE IF NOT EXISTS embeddings (key BLOB PRIMARY KEY, vector BLOB NOT NULL)"


class CachedEncoder(ObjectEncoder):
    """An encoder that takes embeddings from a file, and puts there what it makes: SQLite, float32.

    ``joblib.Memory``, whose folder and cleaning it uses, keeps whole calls: of a grown set of texts it would encode all
    again. ``diskcache`` pickles every value.

    Parameters
    ----------
    encoder : transformer
        Fitted.
    path : Path
        Made when the first embeddings are kept.
    """

    def __init__(self, encoder: Any, path: Path) -> None:
        self.encoder, self.path = encoder, path

    @classmethod
    def around(cls, encoder: Any, memory: Any) -> Any:
        """Return the encoder with its file inside a joblib.Memory; itself where nothing is to be kept."""
        if isinstance(memory, (str, Path)):
            # where a joblib.Memory of that folder has its entries
            location: Any = str(check_path("memory", memory, short=True) / "joblib")
        elif memory is None or (isinstance(memory, joblib.Memory) and memory.store_backend is None):
            return encoder
        else:
            location = getattr(getattr(memory, "store_backend", None), "location", None)
        if not isinstance(location, str):
            raise InvalidParameterError(
                f"`memory` must be None, a local folder, or a joblib.Memory of one, got {type(memory).__name__}. "
                "Write memory='some/folder'."
            )
        # 32 hex digits: joblib takes the folder for an entry of its own, so Memory.reduce_size may evict it
        identity = f"{_FORMAT}\0{encoder_identity(encoder)}"
        digest = hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return cls(encoder, Path(location) / "skellagnn_embeddings" / digest / "embeddings.sqlite")

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        keys = [text_key(text) for text in texts]
        embeddings = self._read(list(dict.fromkeys(keys)))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in embeddings}
        if missing:
            new = dict(zip(missing, checked_embeddings(self.encoder, list(missing.values())), strict=True))
            embeddings |= new
        if len(widths := {len(vector) for vector in embeddings.values()}) > 1:
            raise InvalidParameterError(
                f"`memory` must hold embeddings of one width for a {name_of(self.encoder)}, got widths "
                f"{sorted(widths)} under its name. The `name` must change with every setting that changes an "
                "embedding: give it another one."
            )
        if missing:
            self._write(new)
        return np.stack([embeddings[key] for key in keys])

    def _read(self, keys: list[bytes]) -> dict[bytes, NDArray[np.float32]]:
        embeddings: dict[bytes, NDArray[np.float32]] = {}
        if not self.path.exists():
            return embeddings
        try:
            with closing(self._connect()) as connection:
                connection.execute(_TABLE)  # another process may be about to make it
                for start in range(0, len(keys), _KEYS_AT_ONCE):
                    some = keys[start : start + _KEYS_AT_ONCE]
                    query = f"SELECT key, vector FROM embeddings WHERE key IN ({','.join('?' * len(some))})"
                    for key, vector in connection.execute(query, some):
                        embeddings[key] = np.frombuffer(vector, dtype="<f4")
        except sqlite3.Error as error:
            self._warn("be read", error)
        return embeddings

    def _write(self, embeddings: dict[bytes, NDArray[np.float32]]) -> None:
        """Keep embeddings. A disk that cannot take them costs a warning: what was encoded is not lost."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as connection, connection:
                connection.execute(_TABLE)
                values = ((key, vector.astype("<f4", copy=False).tobytes()) for key, vector in embeddings.items())
                connection.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?)", values)
        except (OSError, sqlite3.Error) as error:
            self._warn("be written to", error)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_SECONDS, isolation_level="IMMEDIATE")
        connection.execute("PRAGMA page_size = 16384")  # ten vectors of 384 numbers a page, and little beside them
        return connection

    def _warn(self, what: str, error: Exception) -> None:
        warn_caller(
            f"`memory` holds a file that cannot {what}: {self.path} ({type(error).__name__}: {error}). Its texts are "
            "encoded again each time. Free space, check the permissions, or delete the file.",
            SkellagnnWarning,
        )
