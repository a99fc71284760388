"""What remembers unfinished batch jobs: anything that keeps values by name, by default a JSON file.

Looked at: filelock, a dependency for the ten lines of ``_wait_for``; shelve and dbm, which lock nothing; and the
response store itself, which may be used (``batch_state=store``) but an enhancer alone does not have.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol

from skellagnn.base.files import check_path, write_aside
from skellagnn.exceptions import EnhancerError, InvalidParameterError

_LOGGER = logging.getLogger("skellagnn")


class BatchState(Protocol):
    """What remembers unfinished jobs: JSON values by name. A response store is one."""

    def get_state(self, name: str) -> Any:
        """Return what is kept under ``name``, None if nothing is."""
        ...

    def update_state(self, name: str, change: Callable[[Any], Any]) -> None:
        """Replace the value under ``name`` by ``change(value)``, where None drops it, while nobody else can."""
        ...


class JSONFileState:
    """A JSON file that keeps values by name; each change replaces the file as a whole, one process at a time.

    Parameters
    ----------
    path : path-like, default=None
        By default ``batches.json`` in the folder that ``SKELLAGNN_HOME`` names, else in the user's data folder.
    """

    _lock = threading.Lock()

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = path

    def get_state(self, name: str) -> Any:
        return self._read().get(name)

    def update_state(self, name: str, change: Callable[[Any], Any]) -> None:
        """Replace a value by ``change(value)``, or drop it where that is None; nobody else writes meanwhile."""
        file = self._file()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # a file of its own, because the one with the values is replaced; it stays, as deleting it would race
            with self._lock, file.with_name(file.name + ".lock").open("ab") as lock:
                _wait_for(lock)
                values = self._read()
                old = values.pop(name, None)
                new = change(old)
                if new is not None:
                    values[name] = new
                if new != old:
                    self._write(values)
        except OSError as error:
            raise unwritable(repr(str(file)), error) from error

    def _file(self) -> Path:
        if self.path is not None:
            return check_path("batch_state", self.path)
        home = os.environ.get("SKELLAGNN_HOME")
        if home:
            return check_path("SKELLAGNN_HOME", home) / "batches.json"
        import platformdirs

        return Path(platformdirs.user_data_path("skellagnn", appauthor=False)) / "batches.json"

    def _read(self) -> dict[str, Any]:
        file = self._file()
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise EnhancerError(
                f"`batch_state` must be readable, got {str(file)!r}, which is not: {error}. It holds the ids of "
                "unfinished batch jobs; repair it, or delete it and pay for those again."
            ) from error
        if not isinstance(values, dict):
            raise EnhancerError(
                f"`batch_state` must hold a JSON object, got something else in {str(file)!r}. Delete it."
            )
        return values

    def _write(self, values: dict[str, Any]) -> None:
        write_aside(self._file(), lambda file: file.write(json.dumps(values).encode()))


def _wait_for(lock: IO[bytes]) -> None:
    """Wait until no other process has the file locked, and lock it until it is closed or this process dies."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
    except OSError as error:  # a file system without locks: processes that write at one moment may lose a change
        _LOGGER.info("%s cannot be locked: %s", lock.name, error)


def unwritable(state: str, error: Exception) -> EnhancerError:
    """Return the error for a state that cannot be written."""
    return EnhancerError(
        f"`batch_state` must be writable, got {state}, which is not: {error}. It remembers batch jobs, so that none is "
        "paid for twice. Make room there, or get the right to write there, and run the same again: a job that was "
        "created already is found again."
    )


def checked_state(state: Any) -> BatchState:
    """Return the state that a user gave, if it has what a state needs."""
    missing = [name for name in ("get_state", "update_state") if not callable(getattr(state, name, None))]
    if missing:
        raise InvalidParameterError(
            f"`batch_state` must have the methods get_state and update_state, got {type(state).__name__} "
            f"without {', '.join(missing)}. Pass a response store, or None for a file."
        )
    return state  # type: ignore[no-any-return]
