"""Writing that leaves what was there, and names of files. Their users are tried in tests/graph and tests/datasets."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from skellagnn.base.files import check_path, write_aside
from skellagnn.exceptions import InvalidParameterError


class Named(os.PathLike):
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


def test_a_path(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    for value in ("a/b", Path("a/b"), Named("a/b")):
        assert check_path("x", value) == Path("a/b")
    assert check_path("x", "~/g") == Path("/home/ada/g")
    assert check_path("x", "~nobody-here/g") == Path("~nobody-here/g")


@pytest.mark.parametrize("value", [Named(b"a"), b"a", None, 1, "", "\0", ["a"], Named("a\0"), "\ud800"], ids=repr)
def test_what_is_no_path(value):
    with pytest.raises(InvalidParameterError, match="`x` must be the name of a file or folder, a str"):
        check_path("x", value)


def test_a_name_that_no_file_system_has():
    assert check_path("x", "a" * 300).name == "a" * 300  # whoever opens it says so
    with pytest.raises(InvalidParameterError, match="`x` must be the name of a file or folder"):
        check_path("x", f"b/{'a' * 300}/c", short=True)


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()], ids=repr)
def test_writing_that_stops_leaves_what_was_there(tmp_path, error):
    (tmp_path / "file").write_text("old")

    def fail(file):
        file.write(b"half")
        raise error

    with pytest.raises(type(error)):
        write_aside(tmp_path / "file", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"


def test_a_new_file_may_be_read_by_whom_the_umask_lets(tmp_path):
    before = os.umask(0o027)
    try:
        write_aside(tmp_path / "file", lambda file: file.write(b"new"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640
