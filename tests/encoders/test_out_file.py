"""``out=``: a file that is encoded into, that a stopped run leaves in order and another goes on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from skellagnn import TextGraph
from skellagnn.encoders import TfidfEncoder, _encode, encode_graph
from skellagnn.encoders._encode import encode_texts
from skellagnn.exceptions import InvalidParameterError

TEXTS = [f"{'text ' * (i % 5)}{i % 9}" for i in range(24)] + ["", "关于图", " "]
N_DISTINCT = len(set(TEXTS)) - 2


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skellagnn.encoders._distinct.CHUNK_TEXTS", 4)


@pytest.fixture
def stopping(counting_class: Any) -> Any:
    """An encoder that is stopped in its third chunk."""

    class Stopping(counting_class):  # type: ignore[misc]
        def encode(self, texts: Any) -> Any:
            if len(self.asked) >= 8:
                raise KeyboardInterrupt
            return super().encode(texts)

    Stopping.__module__, Stopping.__qualname__ = counting_class.__module__, counting_class.__qualname__
    return Stopping()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- a run that goes through ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float16", np.float16])
@pytest.mark.parametrize("kind", [str, Path])
def test_file_holds_what_memory_would(tmp_path: Path, counting: Any, dtype: Any, kind: Any) -> None:
    expected = encode_texts(counting, TEXTS, dtype=dtype)
    counting.asked.clear()
    rows = encode_texts(counting, TEXTS, out=kind(tmp_path / "deep" / "rows.npy"), dtype=dtype)
    assert len(counting.asked) == len(set(counting.asked)) == N_DISTINCT
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_array_equal(rows, counting.encode(TEXTS) * [[bool(text.strip())] for text in TEXTS])
    assert rows.dtype == expected.dtype == np.dtype(dtype)
    assert isinstance(rows, np.memmap)
    assert not rows.flags.writeable
    np.testing.assert_array_equal(np.load(tmp_path / "deep" / "rows.npy"), expected)
    assert names(tmp_path / "deep") == ["rows.npy", "rows.npy.json"]


def test_finished_file_is_opened(tmp_path: Path, counting_class: Any) -> None:
    out = tmp_path / "rows.npy"
    first = encode_texts(counting_class(), TEXTS, out=out)
    written = out.stat().st_mtime_ns
    again = counting_class()
    np.testing.assert_array_equal(encode_texts(again, TEXTS, out=out, n_features=3), first)
    assert again.asked == []
    assert out.stat().st_mtime_ns == written
    with pytest.raises(InvalidParameterError, match="must give vectors of 4 numbers, as before, got 3"):
        encode_texts(again, TEXTS, out=out, n_features=4)


def test_blank_texts_alone(tmp_path: Path, counting: Any) -> None:
    rows = encode_texts(counting, ["", " "], out=tmp_path / "rows.npy", n_features=3)
    np.testing.assert_array_equal(rows, np.zeros((2, 3)))
    assert encode_texts(counting, [], out=tmp_path / "none.npy", n_features=3).shape == (0, 3)
    np.testing.assert_array_equal(np.load(tmp_path / "rows.npy"), rows)
    with pytest.raises(InvalidParameterError, match="`texts` must hold at least one text that is not blank"):
        encode_texts(counting, ["", " "], out=tmp_path / "other.npy")
    assert names(tmp_path) == ["none.npy", "none.npy.json", "rows.npy", "rows.npy.json"]
    assert counting.asked == []


def test_graph_with_rows_on_disk(tmp_path: Path) -> None:
    graph = TextGraph.from_edges([(0, 1)], texts=["on cats", "on dogs", "", "on graphs", "on dogs"])
    encoder = TfidfEncoder(n_components=2)
    plain = encode_graph(graph, encoder)
    encoded = encode_graph(graph[[3, 0]], encoder, out=tmp_path / "rows.npy", dtype="float16")
    assert isinstance(encoded.features, np.memmap)
    assert encoded.features.dtype == np.float16
    np.testing.assert_array_equal(encoded.features, plain.features.astype(np.float16))
    np.testing.assert_allclose(encoded.features, plain.features, atol=5e-4)
    assert list(encoded) == [3, 0]


def test_rows_in_memory_go_into_the_file_and_the_other_way(tmp_path: Path, counting: Any) -> None:
    expected = encode_texts(counting, TEXTS)
    encode_texts(counting, TEXTS[:9], memory=tmp_path / "memory")
    counting.asked.clear()
    rows = encode_texts(counting, TEXTS, out=tmp_path / "rows.npy", memory=tmp_path / "memory", dtype="float16")
    assert sorted(counting.asked) == sorted({text for text in TEXTS if text.strip()} - set(TEXTS[:9]))
    np.testing.assert_array_equal(rows, expected.astype(np.float16))
    counting.asked.clear()
    np.testing.assert_array_equal(encode_texts(counting, TEXTS, memory=tmp_path / "memory"), expected)
    assert counting.asked == []


# -- a run that is stopped --------------------------------------------------------------------------------------------


def test_run_that_was_stopped_goes_on(tmp_path: Path, counting_class: Any, stopping: Any) -> None:
    expected = encode_texts(counting_class(), TEXTS)
    out = tmp_path / "rows.npy"
    with pytest.raises(KeyboardInterrupt):
        encode_texts(stopping, TEXTS, out=out)
    assert names(tmp_path) == ["rows.npy.partial"]
    second = counting_class()
    np.testing.assert_array_equal(encode_texts(second, TEXTS, out=out), expected)
    assert len(stopping.asked) == 8
    assert sorted(stopping.asked + second.asked) == sorted({text for text in TEXTS if text.strip()})
    assert names(tmp_path) == ["rows.npy", "rows.npy.json"]


def test_what_a_stopped_run_encoded_is_taken_for_other_texts_too(
    tmp_path: Path, counting_class: Any, stopping: Any
) -> None:
    with pytest.raises(KeyboardInterrupt):
        encode_texts(stopping, TEXTS, out=tmp_path / "rows.npy")
    second, others = counting_class(), [*TEXTS[::-1], "new"]
    rows = encode_texts(second, others, out=tmp_path / "rows.npy", dtype="float16")
    np.testing.assert_array_equal(rows, encode_texts(counting_class(), others, dtype="float16"))
    assert sorted(stopping.asked + second.asked) == sorted({text for text in others if text.strip()})


def test_memory_that_keeps_nothing_does_not_keep_a_run_from_going_on(
    tmp_path: Path, counting_class: Any, stopping: Any
) -> None:
    with pytest.raises(KeyboardInterrupt):
        encode_texts(stopping, TEXTS, out=tmp_path / "rows.npy", memory=joblib.Memory(None))
    second = counting_class()
    encode_texts(second, TEXTS, out=tmp_path / "rows.npy", memory=joblib.Memory(None))
    assert len(second.asked) == N_DISTINCT - 8


def test_what_another_encoder_left_is_not_taken(tmp_path: Path, counting_class: Any, stopping: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        encode_texts(stopping, TEXTS, out=tmp_path / "rows.npy")
    other = counting_class("other")
    np.testing.assert_array_equal(
        encode_texts(other, TEXTS, out=tmp_path / "rows.npy"), encode_texts(counting_class(), TEXTS)
    )
    assert len(other.asked) == N_DISTINCT
    assert names(tmp_path) == ["rows.npy", "rows.npy.json"]


def test_array_of_a_killed_run_makes_room(tmp_path: Path, counting_class: Any) -> None:
    (tmp_path / "rows.npy.partial").mkdir()
    (tmp_path / "rows.npy.partial" / "left.npy").write_bytes(b"x" * 1000)
    there = []

    class Looking(counting_class):  # type: ignore[misc]
        def encode(self, texts: Any) -> Any:
            there.append([path.name for path in (tmp_path / "rows.npy.partial").glob("*.npy")])
            return super().encode(texts)

    encode_texts(Looking(), TEXTS, out=tmp_path / "rows.npy")
    assert there[0] == ["left.npy"]
    assert [len(found) for found in there[1:]] == [1] * (len(there) - 1)
    assert "left.npy" not in there[1]


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_others_may_read_the_file_as_any_other_file(tmp_path: Path, counting: Any) -> None:
    (tmp_path / "plain").write_bytes(b"")
    encode_texts(counting, TEXTS, out=tmp_path / "rows.npy")
    assert (tmp_path / "rows.npy").stat().st_mode == (tmp_path / "plain").stat().st_mode


KILLED = """
import os, signal, sys
import numpy as np
from skellagnn.encoders import _distinct
from skellagnn.encoders._encode import encode_texts
_distinct.CHUNK_TEXTS = 2
class Killed:
    name = "killed"
    calls = 0
    def encode(self, texts):
        self.calls += 1
        if self.calls == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        print(*texts, sep="\\n", flush=True)
        return np.array([[len(text), text.count("1")] for text in texts])
rows = encode_texts(Killed(), [f"text{'x' * i}" for i in range(10)] * 2, out=sys.argv[1])
print(rows.sum())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_run_that_was_killed_goes_on(tmp_path: Path) -> None:
    def run(calls: int) -> tuple[int, list[str]]:
        command = [sys.executable, "-c", KILLED, str(tmp_path / "rows.npy"), str(calls)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()

    first, second = run(4), run(0)
    assert first[0] == -signal.SIGKILL
    assert not second[0]
    assert [len(text) for text in first[1]] == [13, 12, 11, 10, 9, 8]
    assert [len(text) for text in second[1][:-1]] == [7, 6, 5, 4]
    assert float(second[1][-1]) == 2 * sum(range(4, 14))


def test_encoder_that_fails_at_once_leaves_no_file(tmp_path: Path) -> None:
    class Failing:
        name = "failing"

        def encode(self, texts: Any) -> Any:
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        encode_texts(Failing(), TEXTS, out=tmp_path / "rows.npy")
    assert names(tmp_path) == []


# -- what is there already --------------------------------------------------------------------------------------------


@pytest.fixture
def there(tmp_path: Path, counting_class: Any) -> Path:
    """A folder with a finished file."""
    encode_texts(counting_class(), TEXTS, out=tmp_path / "rows.npy")
    return tmp_path


def refused(folder: Path, match: str, encoder: Any, texts: list[str] = TEXTS, **parameters: Any) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(InvalidParameterError, match=match) as caught:
        encode_texts(encoder, texts, out=folder / "rows.npy", **parameters)
    assert "Delete" in str(caught.value) or "delete" in str(caught.value)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert encoder.asked == []


def test_rows_of_another_encoder_are_not_overwritten(there: Path, counting_class: Any) -> None:
    refused(
        there,
        r"which has other encoder: \S+CountingEncoder counting, not \S+CountingEncoder other\. Choose",
        counting_class("other"),
    )


@pytest.mark.parametrize("texts", [TEXTS[::-1], TEXTS[:-1], [*TEXTS, "new"], ["changed", *TEXTS[1:]]])
def test_rows_of_other_texts_are_not_overwritten(there: Path, counting: Any, texts: list[str]) -> None:
    refused(there, rf"which has other texts: 27, digest \w+, not {len(texts)}, digest \w+\.", counting, texts)


def test_rows_of_another_dtype_are_not_overwritten(there: Path, counting: Any) -> None:
    refused(there, "which has other dtype: float32, not float16", counting, dtype="float16")


def test_rows_that_nothing_is_known_of_are_not_overwritten(there: Path, counting: Any) -> None:
    description = there / "rows.npy.json"
    for content in (b"", b"[1]", b"7", b"\xff"):
        description.write_bytes(content)
        refused(there, r"or has no readable rows.npy.json beside it \(\w+: .*\)\. Choose another name", counting)
    description.write_bytes(b"{}")
    refused(there, "which has other format: None, not 1", counting)
    description.unlink()
    refused(there, "or has no readable rows.npy.json beside it", counting)


def test_other_format(there: Path, counting: Any) -> None:
    description = there / "rows.npy.json"
    description.write_text(json.dumps({**json.loads(description.read_text()), "format": 9}))
    refused(there, "which has other format: 9, not 1", counting)


def test_file_that_has_changed_since(there: Path, counting: Any) -> None:
    path = there / "rows.npy"
    content = path.read_bytes()
    path.write_bytes(content[:-4])
    refused(there, "that cannot be read", counting)
    np.save(path, np.zeros((27, 2), dtype=np.float32))
    refused(there, "which has changed since", counting)


def test_array_of_the_user_is_not_overwritten(tmp_path: Path, counting: Any) -> None:
    np.save(tmp_path / "rows.npy", np.eye(3))
    refused(tmp_path, "or has no readable rows.npy.json beside it", counting)


def test_after_deleting_what_the_error_names_all_is_encoded_anew(there: Path, counting_class: Any) -> None:
    other = counting_class("other")
    with pytest.raises(InvalidParameterError, match=r"or delete rows\.npy in "):
        encode_texts(other, TEXTS, out=there / "rows.npy")
    (there / "rows.npy").unlink()
    np.testing.assert_array_equal(encode_texts(other, TEXTS, out=there / "rows.npy"), encode_texts(other, TEXTS))


def test_encoder_that_changed_its_width_meanwhile(tmp_path: Path, counting_class: Any, stopping: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        encode_texts(stopping, TEXTS, out=tmp_path / "rows.npy")

    class Wider(counting_class):  # type: ignore[misc]
        def encode(self, texts: Any) -> Any:
            return np.ones((len(texts), 5))

    Wider.__module__, Wider.__qualname__ = counting_class.__module__, counting_class.__qualname__
    with pytest.raises(InvalidParameterError, match=r"vectors of one width, got 5 numbers for .* and 3 for"):
        encode_texts(Wider(), TEXTS, out=tmp_path / "rows.npy")


# -- one writer, room on the disk, parameters -------------------------------------------------------------------------


@pytest.mark.parametrize("texts", [TEXTS, TEXTS[:-1]])
def test_of_two_writers_the_faster_one_has_the_file(tmp_path: Path, counting_class: Any, texts: list[str]) -> None:
    out, inner = tmp_path / "rows.npy", counting_class()

    class Overtaken(counting_class):  # type: ignore[misc]
        def encode(self, some: Any) -> Any:
            if len(self.asked) == 8:
                encode_texts(inner, texts, out=out)
            return super().encode(some)

    Overtaken.__module__, Overtaken.__qualname__ = counting_class.__module__, counting_class.__qualname__
    if texts is TEXTS:
        np.testing.assert_array_equal(encode_texts(Overtaken(), TEXTS, out=out), encode_texts(counting_class(), TEXTS))
    else:
        with pytest.raises(InvalidParameterError, match="which has other texts: 26, digest"):
            encode_texts(Overtaken(), TEXTS, out=out)
    np.testing.assert_array_equal(np.load(out), encode_texts(counting_class(), texts))
    assert len(inner.asked) == N_DISTINCT - 8
    assert names(tmp_path) == ["rows.npy", "rows.npy.json"]


def test_writer_whose_array_is_gone_says_so(tmp_path: Path, counting_class: Any) -> None:
    class Cleared(counting_class):  # type: ignore[misc]
        def encode(self, texts: Any) -> Any:
            for path in (tmp_path / "rows.npy.partial").glob("*.npy"):
                path.unlink()
            return super().encode(texts)

    with pytest.raises(InvalidParameterError, match="`out` must be written by one process at a time, got"):
        encode_texts(Cleared(), TEXTS, out=tmp_path / "rows.npy")
    assert names(tmp_path) == ["rows.npy.partial"]
    second = Cleared()
    encode_texts(second, TEXTS, out=tmp_path / "rows.npy")
    assert second.asked == []


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="room is asked for with a call of POSIX")
def test_disk_without_room(tmp_path: Path, counting: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_encode.os, "posix_fallocate", full)
    with pytest.raises(InvalidParameterError, match=r"a disk with room for 324 bytes.*No space left.*dtype='float16'"):
        encode_texts(counting, TEXTS, out=tmp_path / "rows.npy")
    assert list((tmp_path / "rows.npy.partial").glob("*.npy")) == []
    assert len(counting.asked) == 4  # nothing more: it shows at the first rows


@pytest.mark.parametrize("out", ["file/rows.npy", "file/deep/rows.npy", "a/" * 5000 + "rows.npy"])
def test_place_that_cannot_be_written_shows_before_anything_is_encoded(tmp_path: Path, counting: Any, out: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidParameterError, match="`out` must be a place that can be written, got"):
        encode_graph(TextGraph.from_edges([], texts=TEXTS), counting, out=tmp_path / out)
    assert counting.asked == []


@pytest.mark.parametrize("out", ["rows", "rows.npz", "rows.npy/"])
def test_other_names(tmp_path: Path, counting: Any, out: str) -> None:
    if out.endswith("/"):
        (tmp_path / "rows.npy").mkdir()
    match = "that cannot be read" if out.endswith("/") else "must be the name of a file that ends in '.npy', got"
    with pytest.raises(InvalidParameterError, match=match):
        encode_texts(counting, TEXTS, out=tmp_path / out)


@pytest.mark.parametrize("dtype", ["bfloat16", "float64", "int8", None, 7, object])
def test_other_dtypes(counting: Any, dtype: Any) -> None:
    with pytest.raises(InvalidParameterError, match=r"`dtype` must be 'float32' or 'float16', got .*no bfloat16"):
        encode_texts(counting, TEXTS, dtype=dtype)


@pytest.mark.parametrize("where", ["memory", "file"])
def test_numbers_beyond_float16(tmp_path: Path, where: str) -> None:
    class Large:
        name = "large"

        def encode(self, texts: Any) -> Any:
            return np.full((len(texts), 2), 70_000.0)

    out = None if where == "memory" else tmp_path / "rows.npy"
    with pytest.raises(InvalidParameterError, match="`dtype`='float16' holds numbers up to 65504, got 70000 from"):
        encode_texts(Large(), TEXTS, out=out, dtype="float16")


def test_encoder_that_cannot_be_told_apart(tmp_path: Path) -> None:
    class Local:
        def encode(self, texts: Any) -> Any:
            raise AssertionError("not reached")

    with pytest.raises(InvalidParameterError, match="`memory` and `out` need to tell encoders apart, and a Local has"):
        encode_texts(Local(), TEXTS, out=tmp_path / "rows.npy")
    assert names(tmp_path) == []
