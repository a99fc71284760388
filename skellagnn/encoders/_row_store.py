"""Rows of texts, kept on disk."""

from __future__ import annotations

import hashlib
import os
import pickle
import uuid
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from skellagnn.exceptions import InvalidParameterError, SkellagnnWarning

_FORMAT = 1  # part of every key: rows written in another format are not found
_MOST_FILES = 64
_KEY_BYTES = 16
_DAMAGE = (  # what numpy, zipfile and zlib raise for a file that was cut short or overwritten; it is only a cache
    OSError,
    ValueError,
    KeyError,
    EOFError,
    NotImplementedError,  # zipfile, when damage makes an entry look encrypted or packed in a way that it lacks
    zipfile.BadZipFile,
    zlib.error,
)


class RowStore:
    """The rows of one encoder, by digest of the text.

    Each call that encoded new texts adds one file (keys and rows, no pickle, written beside and renamed into place), so
    that processes can share a folder without locks; many files are merged into one. A file that cannot be read is
    deleted with a warning, and its texts are encoded again.

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
        identity = f"{_FORMAT}\0{type(encoder).__module__}.{type(encoder).__qualname__}\0{_identity(encoder)}"
        digest = hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return cls(Path(location) / "skellagnn_rows" / digest)

    def load(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the rows that are there."""
        wanted = {_key(text): text for text in texts}
        found: dict[str, NDArray[np.float32]] = {}
        for path in self._files():
            for key, row in self._read(path):
                text = wanted.get(key)
                if text is not None:
                    found[text] = row
        return found

    def save(self, texts: Sequence[str], rows: NDArray[np.float32]) -> None:
        """Keep rows. A disk that cannot take them costs a warning: what was encoded is not lost."""
        try:
            self._write([_key(text) for text in texts], rows)
            files = self._files()
            if len(files) > _MOST_FILES:
                self._merge(files)
        except OSError as error:
            warnings.warn(
                f"`memory` could not keep {len(texts)} encoded texts in {self.folder} ({error}). They will be encoded "
                "again next time; free space there or choose another folder.",
                SkellagnnWarning,
                stacklevel=4,
            )

    def _merge(self, files: list[Path]) -> None:
        parts = [(path, self._read(path)) for path in files]
        merged = {key: row for _, part in parts for key, row in part}
        if len({row.shape for row in merged.values()}) != 1:  # none: other processes were faster
            return
        kept = self._write(list(merged), np.stack(list(merged.values())))
        for path, part in parts:
            if part and path != kept:  # what was gone when it was read may have come back since
                path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.npz"))

    def _read(self, path: Path) -> list[tuple[bytes, NDArray[np.float32]]]:
        try:
            # opened here, because numpy leaves a damaged file open
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                keys, rows, check = file["keys"], file["rows"], file["check"]
            if keys.dtype != np.uint8 or keys.shape != (len(rows), _KEY_BYTES) or rows.ndim != 2:
                raise ValueError(f"unexpected shapes {keys.shape} and {rows.shape}")
            if check.tobytes() != _check(keys, rows):
                raise ValueError("its checksum is wrong")
        except FileNotFoundError:  # merged into another file by another process since it was listed
            return []
        except _DAMAGE as error:
            if not isinstance(error, OSError):  # else the disk or its permissions are at fault, and it may be sound
                with suppress(OSError):
                    path.unlink(missing_ok=True)
            warnings.warn(
                f"`memory` holds a file that cannot be read: {path} ({type(error).__name__}: {error}). Its texts are "
                "encoded again. A damaged file is deleted; if this comes back, check the disk and its permissions.",
                SkellagnnWarning,
                stacklevel=5,
            )
            return []
        return [(key.tobytes(), row) for key, row in zip(keys, rows, strict=True)]

    def _write(self, keys: list[bytes], rows: NDArray[np.float32]) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / (hashlib.blake2b(b"".join(keys), digest_size=16).hexdigest() + ".npz")
        columns = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, _KEY_BYTES)
        check = np.frombuffer(_check(columns, rows), dtype=np.uint8)
        temporary = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
        try:
            with temporary.open("wb") as file:
                np.savez(file, keys=columns, rows=rows, check=check)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return path


def state_digest(part: Any) -> str:
    """Return 32 hex digits that identify an object by all that it holds, in every process.

    Raises
    ------
    InvalidParameterError
        If it cannot be pickled, or copies of it differ (as those of torch modules do).
    """
    reason = "copies of it differ"
    try:
        # joblib's digest also sees which equal objects are one object; after a round trip that is alike for all copies
        copy = pickle.loads(pickle.dumps(part))
        digests = [_hash(copy), _hash(pickle.loads(pickle.dumps(copy)))]
    except Exception as error:  # whatever the pickling of a foreign object raises
        digests, reason = [], f"it cannot be pickled ({type(error).__name__}: {error})"
    if len(set(digests)) != 1:
        raise InvalidParameterError(
            f"`memory` needs to tell encoders apart, and a {type(part).__name__} has no `name`, nor can one be made "
            f"from what it holds: {reason}. Give it a `name` that identifies model and settings "
            "(SentenceBertEncoder has one for every sentence-transformers model)."
        )
    return digests[0]


def _hash(copy: Any) -> str:
    parameters = copy.get_params(deep=True).values() if hasattr(copy, "get_params") else ()
    for holder in (copy, *parameters):
        # scikit-learn's vectorizers remember an object's address, which is another one in every process
        if not isinstance(holder, type) and hasattr(holder, "_stop_words_id"):
            del holder._stop_words_id
    return str(joblib.hash(copy))


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()


def _check(keys: NDArray[np.uint8], rows: NDArray[np.float32]) -> bytes:
    digest = hashlib.blake2b(keys.tobytes(), digest_size=16)
    digest.update(f"{rows.dtype.str}{rows.shape}".encode())
    digest.update(np.ascontiguousarray(rows).data)
    return digest.digest()


def _identity(encoder: Any) -> str:
    name = getattr(encoder, "name", None)
    return name if isinstance(name, str) else state_digest(encoder)
