"""Files that users name: checked names, writing that never leaves half a file, reading that is bounded."""

from __future__ import annotations

import errno
import gzip
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any

from skellagnn.base.resources import available_memory
from skellagnn.exceptions import GraphError, InvalidParameterError

__all__ = ["check_path", "check_size", "read_bytes", "reading", "try_writing", "write_aside", "writing"]

# What is read whole may take this fraction of the free memory: texts take as much again once they are cut into lines.
_READ_FRACTION = 0.5
_LONGEST_NAME = 255  # bytes that the usual file systems allow


def check_path(name: str, value: Any, *, short: bool = False) -> Path:
    """Return the path that a user named, with the home folder for a leading ``~``.

    Raises
    ------
    InvalidParameterError
        If it is no str or path-like of one, empty, or holds a NUL or half a character; with ``short`` also for a name
        that file systems do not have, where nobody else would say so.
    """
    path = value if isinstance(value, str) else None
    if isinstance(value, os.PathLike):
        path = os.fspath(value)
    if not isinstance(path, str) or not path.strip() or "\0" in path or not _can_be_a_name(path, short):
        shown = name if name.startswith("`") else f"`{name}`"
        raise InvalidParameterError(
            f"{shown} must be the name of a file or folder, a str or a pathlib.Path, got {value!r:.80}. Pass one."
        )
    try:
        return Path(path).expanduser()
    except RuntimeError:  # "~somebody" who is nobody here: a name like any other
        return Path(path)


def _can_be_a_name(path: str, short: bool) -> bool:
    try:
        longest = max((len(os.fsencode(part)) for part in Path(path).parts), default=0)
    except UnicodeError:  # half a character
        return False
    return not short or longest <= _LONGEST_NAME


@contextmanager
def _telling(error: type[Exception], name: str, can_be: str, path: Path, advice: str) -> Iterator[None]:
    """Turn what the system says about a path, or a name that it cannot have, into an error that names the argument."""
    try:
        yield
    except (OSError, UnicodeError) as found:
        reason = getattr(found, "strerror", None) or str(found)
        raise error(
            f"`{name}` must be a place that can be {can_be}, got {str(path)!r} ({type(found).__name__}: {reason}). "
            f"{advice}"
        ) from found


def writing(name: str, path: Path) -> AbstractContextManager[None]:
    """Raise an InvalidParameterError in place of what the system says about a place that cannot be written."""
    advice = "Free space there, or name another place in a folder that exists and is yours."
    return _telling(InvalidParameterError, name, "written", path, advice)


def reading(name: str, path: Path) -> AbstractContextManager[None]:
    """Raise a GraphError in place of what the system says about a place that cannot be read."""
    return _telling(GraphError, name, "read", path, "Check the name and who may read it.")


def write_aside(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Write a file under another name beside it and rename it when it is whole.

    A full disk leaves what was there before. The other name is new and random and is opened so that it must not exist:
    a link that somebody else put into a shared folder is never followed. A link under the name itself is replaced.

    Notes
    -----
    ``tempfile`` was looked at: its files are readable by their owner alone, and a rename keeps that. atomicwrites is no
    longer maintained.
    """
    partial = _beside(path)
    with partial.open("xb") as file:
        try:
            write(file)
            file.flush()
            os.fsync(file.fileno())  # a loss of power must not leave the new name with nothing in it
        except BaseException:
            file.close()
            partial.unlink(missing_ok=True)
            raise
    try:
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def try_writing(path: Path) -> None:
    """Make an empty file where :func:`write_aside` will, and delete it: before long work rather than after it.

    Raises
    ------
    OSError, UnicodeError
        What the system says where there can be none.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "Is a directory")
    partial = _beside(path)
    partial.open("xb").close()
    partial.unlink()


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")


_ADVICE = "For a graph that is really so large, TextGraph.save to a folder and TextGraph.load(folder, mmap_mode='r')."


def check_size(name: str, path: Path, n_bytes: int, *, advice: str = _ADVICE) -> None:
    """Refuse what would not fit into memory once it is read: a small compressed file may hold any amount.

    Raises
    ------
    GraphError
        If it has more than half of the free memory.
    """
    room = int(_READ_FRACTION * available_memory())
    if n_bytes > room:
        raise GraphError(
            f"`{name}` must hold what fits into half of the free memory ({room:,} bytes), got {str(path)!r}, which has "
            f"{n_bytes:,} or more once it is read. Do not trust a small file that claims this. {advice}"
        )


def read_bytes(name: str, path: Path) -> bytes:
    """Read a file, decompressed if its name ends in ``.gz``, as far as it fits into memory.

    Raises
    ------
    GraphError
        If it does not fit.
    gzip.BadGzipFile, EOFError, zlib.error
        If it is damaged.
    """
    if path.suffix != ".gz":
        check_size(name, path, path.stat().st_size)
        return path.read_bytes()
    content = bytearray()
    with gzip.open(path) as file:
        while block := file.read(1 << 24):
            content += block
            check_size(name, path, len(content))
    return bytes(content)
