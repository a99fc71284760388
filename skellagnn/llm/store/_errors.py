"""What went wrong in a database, said so that a user knows what is kept and what to do."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from skellagnn.exceptions import StoreError

_KEPT = "Answers stored before are kept."

# Part of SQLite's message -> (what happened, what is kept and what to do).
_SQLITE = {
    "file is not a database": "corrupt",
    "malformed": "corrupt",
    "readonly": "read-only",
    "unable to open": "closed",
    "locked": "locked",
    "busy": "locked",
    "is full": "full",
    "disk i/o error": "broken",
}

# PostgreSQL's error codes, by their beginning.
_POSTGRES = {
    "53100": "full",
    "55P03": "locked",
    "42501": "forbidden",
    "25006": "read-only",
}

_CONFLICTS = ("40001", "40P01")  # serialization failure, deadlock


def is_conflict(error: BaseException) -> bool:
    """Say whether the database broke a transaction off that may simply be run again."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) in _CONFLICTS


def is_busy(error: BaseException) -> bool:
    """Say whether SQLite found the file locked."""
    return _kind(error, is_file=True) == "locked"


def is_unwritable(error: BaseException) -> bool:
    """Say whether SQLite could not write where it must to open the file."""
    return _kind(error, is_file=True) in ("read-only", "closed")


def store_error(error: Exception, place: str, path: Path | None, secrets: Sequence[str]) -> StoreError:
    """Make the error for the user from the database's own."""
    original = getattr(error, "orig", None) or error
    lines = str(original).strip().splitlines()
    said = f"{type(original).__name__}: {lines[0] if lines else 'no message'}"
    kind = _kind(original, is_file=path is not None)
    text = _explain(kind, place, path, said)
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return StoreError(text)


def _kind(error: BaseException, *, is_file: bool) -> str:
    if isinstance(error, OSError):
        return "closed"
    if is_file:
        message = str(error).lower()
        return next((kind for part, kind in _SQLITE.items() if part in message), "broken")
    state = getattr(error, "sqlstate", None)
    if state is None or state.startswith(("08", "57P", "28", "3D", "53300")):
        return "unreachable"
    return _POSTGRES.get(state, "broken")


def _explain(kind: str, place: str, path: Path | None, said: str) -> str:
    if kind == "closed" and path is not None:
        if os.path.isdir(path):  # False, and no error, for a name that no file can have
            return (
                f"The response store must be a file, got the folder {place}. Nothing was changed. Name a file in it, "
                "for example 'responses.sqlite'."
            )
        if not os.path.isdir(path.parent):
            return (
                f"The response store {place} cannot be opened: there is no folder {str(path.parent)!r}. Nothing was "
                "asked or stored. Create the folder, or name another file."
            )
    return {
        "corrupt": (
            f"The response store {place} is not a readable SQLite database ({said}). The file was left as it is: "
            "nothing was deleted or overwritten. Move it aside, with the -wal and -shm files beside it; what it still "
            "holds can be rescued with sqlite3's .recover command or brought back from an export with merge(). Then "
            "run again, which starts a new store."
        ),
        "locked": (
            f"The response store {place} has been locked by another process for too long ({said}). {_KEPT} "
            "See what holds it (a database browser with an open transaction, a stopped process), then run again. "
            "SQLite files do not work on network drives: several machines need PostgreSQL."
        ),
        "full": (
            f"The response store {place} has no more room ({said}). {_KEPT} Free disk space, or prune() answers that "
            "nobody needs, then run again: only what is missing is asked."
        ),
        "read-only": (
            f"The response store {place} cannot be written ({said}). {_KEPT} Allow writing to the file and its folder, "
            "or name a store in a folder of your own (a copy of this one will do)."
        ),
        "closed": (
            f"The response store {place} cannot be opened or created ({said}). {_KEPT} Allow writing to its folder, "
            "or name a file elsewhere."
        ),
        "forbidden": (
            f"The database user may not use the tables of the response store {place} ({said}). {_KEPT} Let its owner "
            "grant CREATE and USAGE on the schema, or name a database of your own."
        ),
        "unreachable": (
            f"The database of the response store {place} does not answer ({said}). {_KEPT} Check that the server runs, "
            "and host, port, user, password and database in the URL, then run again."
        ),
        "broken": (
            f"The database of the response store {place} failed ({said}). {_KEPT} Look into the cause, then run again: "
            "only what is missing is asked."
        ),
    }[kind]
