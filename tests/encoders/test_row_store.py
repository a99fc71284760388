"""``memory=``: what was encoded once is not encoded again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import types
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.feature_extraction.text import HashingVectorizer

from skellagnn import TextGraph
from skellagnn.encoders import SentenceBertEncoder, TfidfEncoder, _row_store, encode_graph, encode_texts
from skellagnn.encoders._identity import state_digest
from skellagnn.exceptions import InvalidParameterError, SkellagnnWarning

TEXTS = ["on cats", "on dogs", "", "on cats", "关于图", "half \ud800 a pair"]


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.rows"))


@pytest.mark.parametrize("kind", ["str", "path", "memory"])
def test_second_time_encodes_nothing(tmp_path: Path, counting_class: Any, kind: str) -> None:
    memory = {"str": str(tmp_path), "path": tmp_path, "memory": joblib.Memory(tmp_path, verbose=0)}[kind]
    first, second = counting_class(), counting_class()
    rows = encode_texts(first, TEXTS, memory=memory)
    assert len(first.asked) == 4
    np.testing.assert_array_equal(encode_texts(second, TEXTS[::-1], memory=memory), rows[::-1])
    assert second.asked == []
    np.testing.assert_array_equal(rows, encode_texts(first, TEXTS))


def test_only_new_texts_of_a_grown_set_are_encoded(tmp_path: Path, counting: Any) -> None:
    encode_texts(counting, TEXTS[:2], memory=tmp_path)
    counting.asked.clear()
    rows = encode_texts(counting, TEXTS, memory=tmp_path)
    assert sorted(counting.asked) == ["half \ud800 a pair", "关于图"]
    np.testing.assert_array_equal(rows, encode_texts(counting, TEXTS))


def test_rows_of_another_encoder_are_not_taken(tmp_path: Path, counting_class: Any) -> None:
    encode_texts(counting_class("one"), TEXTS, memory=tmp_path)
    other = counting_class("two")
    encode_texts(other, TEXTS, memory=tmp_path)
    assert len(other.asked) == 4


CALLS: list[int] = []


class Scaled:
    """Without a name; in a module, so that it can be pickled."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def encode(self, texts: Any) -> Any:
        CALLS.append(len(texts))
        return np.array([[len(text) * self.factor] for text in texts])


def test_encoder_without_a_name_is_known_by_what_it_holds(tmp_path: Path) -> None:
    rows = encode_texts(Scaled(2), ["a", "bb"], memory=tmp_path)
    np.testing.assert_array_equal(encode_texts(Scaled(3), ["a", "bb"], memory=tmp_path), rows * 1.5)
    CALLS.clear()
    np.testing.assert_array_equal(encode_texts(Scaled(2), ["bb", "a"], memory=tmp_path), rows[::-1])
    assert CALLS == []


def module_of(code: str) -> Any:
    """A module of that code, under one name, so that what is in it can be pickled."""
    module = types.ModuleType("made_up_encoders")
    sys.modules[module.__name__] = module
    exec(code, vars(module))
    return module


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "made_up_encoders", None)


MADE = """
from functools import wraps
class Base:
    prefix = "query: "
    def helper(self, text, dim=64):
        "Say something."
        return len(text)
def loud(function):
    @wraps(function)
    def inner(*arguments):
        return function(*arguments)
    return inner
class Made(Base):
    @loud
    def encode(self, texts):
        return [[self.helper(text), 1.0] for text in texts]
"""


@pytest.mark.usefixtures("made_up")
def test_rows_of_another_code_are_not_taken(tmp_path: Path) -> None:
    rows = encode_texts(module_of(MADE).Made(), ["a", "bb"], memory=tmp_path)
    other = module_of(MADE.replace("[self.helper(text), 1.0]", "[1.0, self.helper(text)]")).Made()

    np.testing.assert_array_equal(encode_texts(other, ["a", "bb"], memory=tmp_path), rows[:, ::-1])


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize(
    ("change", "is_other"),
    [
        (("len(text)", "len(text) + 1"), True),  # in a base class
        (("1.0]", "2.0]"), True),  # behind a decorator
        (("dim=64", "dim=128"), True),
        (("query: ", "passage: "), True),
        (("1.0]", "text in {'x', 'y', 'z'}]"), True),
        (("Say something.", "Say more."), False),
        (("class Base", "# a comment\n\nclass Base"), False),
    ],
)
def test_an_encoder_is_known_by_what_its_code_does(change: tuple[str, str], is_other: bool) -> None:
    digests = [state_digest(module_of(code).Made()) for code in (MADE, MADE.replace(*change))]

    assert (digests[0] != digests[1]) == is_other
    again = state_digest(module_of(MADE.replace(*change)).Made())
    assert again == digests[1]


@pytest.mark.usefixtures("made_up")
def test_a_transformer_is_known_by_the_functions_that_it_calls() -> None:
    def digest(method: str) -> str:
        module = module_of(f"def change(text):\n    return text.{method}()\n")
        return state_digest(HashingVectorizer(preprocessor=module.change))

    assert digest("lower") == digest("lower") != digest("upper")


def test_encoders_that_cannot_be_told_apart(tmp_path: Path, reference: Any) -> None:
    class Local:
        def encode(self, texts: Any) -> Any:
            raise AssertionError("not reached")

    with pytest.raises(InvalidParameterError, match=r"a Local has no `name`, nor .* it cannot be pickled"):
        encode_texts(Local(), ["a"], memory=tmp_path)
    with pytest.raises(InvalidParameterError, match=r"a SentenceTransformer has no `name`, nor .* copies of it differ"):
        encode_texts(reference, ["w1"], memory=tmp_path)


def test_identity_is_the_same_in_another_process() -> None:
    code = (
        "from sklearn.feature_extraction.text import TfidfVectorizer; from sklearn.pipeline import make_pipeline\n"
        "from sklearn.decomposition import TruncatedSVD\n"
        "from skellagnn.encoders import SklearnTextEncoder, TfidfEncoder\n"
        "pipeline = make_pipeline(TfidfVectorizer(), TruncatedSVD(2, random_state=0))\n"
        "for encoder in (SklearnTextEncoder(pipeline), TfidfEncoder()):\n"
        "    print(encoder.fit(['on cats', 'on dogs', 'graphs and cats']).name)\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
    assert len(set(next(iter(printed)).split())) == 2


def test_sentence_bert_is_not_even_loaded(
    tmp_path: Path, tiny_model: Path, fresh_models: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skellagnn.encoders import _weights

    encoder = SentenceBertEncoder(str(tiny_model), device="cpu")
    rows = encode_texts(encoder, ["w1 w2", "w3"], memory=tmp_path)
    monkeypatch.setattr(_weights, "_LOADED", {})
    np.testing.assert_array_equal(encode_texts(encoder, ["w1 w2", "w3"], memory=tmp_path), rows)
    assert _weights._LOADED == {}
    encode_texts(encoder.set_params(max_tokens=8), ["w1 w2", "w3"], memory=tmp_path)
    assert len(_weights._LOADED) == 1  # another setting, other rows


def test_learning_encoder_is_kept_by_what_it_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = TextGraph.from_edges([(0, 1), (1, 2)], texts=["on cats", "on dogs", "on graphs"])
    large = TextGraph.from_edges([(0, 1), (1, 2)], texts=["on cats", "on dogs", "on cats and graphs and dogs"])
    first = encode_graph(small, "tfidf").features
    for graph in (small, large, small):
        kept, plain = encode_graph(graph, "tfidf", memory=tmp_path), encode_graph(graph, "tfidf")
        np.testing.assert_array_equal(kept.features, plain.features)
    assert len(files(tmp_path)) == 2
    monkeypatch.setattr(TfidfEncoder, "encode", lambda *_: pytest.fail("encoded again"))
    np.testing.assert_array_equal(encode_graph(small, "tfidf", memory=tmp_path).features, first)


def damage_truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def damage_longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def damage_empty(path: Path) -> None:
    path.write_bytes(b"")


def damage_garbage(path: Path) -> None:
    path.write_bytes(b"no rows at all, and longer than the beginning of a file with rows has to be")


def damage_width(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[16] ^= 1  # the number of columns
    path.write_bytes(bytes(content))


def damage_key(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-30] ^= 1  # a digest of a text
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    "damage", [damage_truncate, damage_longer, damage_empty, damage_garbage, damage_width, damage_key]
)
def test_damaged_file_costs_a_warning_and_a_second_encoding(tmp_path: Path, counting: Any, damage: Any) -> None:
    rows = encode_texts(counting, TEXTS, memory=tmp_path)
    encode_texts(counting, ["another text"], memory=tmp_path)
    counting.asked.clear()
    damage(max(files(tmp_path), key=lambda path: path.stat().st_size))
    with pytest.warns(SkellagnnWarning, match="`memory` holds a file that cannot be read in full") as caught:
        np.testing.assert_array_equal(encode_texts(counting, TEXTS, memory=tmp_path), rows)
    assert len(caught) == 1
    assert len(counting.asked) == 4
    counting.asked.clear()
    np.testing.assert_array_equal(encode_texts(counting, [*TEXTS, "another text"], memory=tmp_path)[:-1], rows)
    assert counting.asked == []


def test_of_a_damaged_row_the_others_in_the_file_are_kept(tmp_path: Path, counting: Any) -> None:
    rows = encode_texts(counting, TEXTS, memory=tmp_path)
    (path,) = files(tmp_path)
    content = bytearray(path.read_bytes())
    content[content.index(np.array([7, 2], dtype="<f4").tobytes())] ^= 1  # "on cats" and "on dogs" have this row
    path.write_bytes(bytes(content))
    counting.asked.clear()
    with pytest.warns(SkellagnnWarning, match="1 rows with a wrong checksum") as caught:
        np.testing.assert_array_equal(encode_texts(counting, TEXTS, memory=tmp_path), rows)
    assert len(caught) == 1
    assert len(counting.asked) == 1
    assert counting.asked[0] in ("on cats", "on dogs")
    counting.asked.clear()
    np.testing.assert_array_equal(encode_texts(counting, TEXTS, memory=tmp_path), rows)  # and nobody is told again
    assert counting.asked == []
    assert not path.exists()


def test_damaged_file_is_deleted(tmp_path: Path, counting: Any) -> None:
    encode_texts(counting, TEXTS, memory=tmp_path)
    damage_garbage(files(tmp_path)[0])
    with pytest.warns(SkellagnnWarning, match="`memory` holds a file that cannot be read in full"):
        encode_texts(counting, ["another text"], memory=tmp_path)
    assert len(files(tmp_path)) == 1
    encode_texts(counting, TEXTS, memory=tmp_path)  # and nobody is told again


def test_file_that_the_disk_does_not_give_is_kept(
    tmp_path: Path, counting: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode_texts(counting, TEXTS, memory=tmp_path)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError("not yours")

    with monkeypatch.context() as patch:
        patch.setattr(_row_store, "RowFile", refuse)
        with pytest.warns(SkellagnnWarning, match="cannot be read in full: .*PermissionError: not yours"):
            encode_texts(counting, ["another text"], memory=tmp_path)
    counting.asked.clear()
    encode_texts(counting, TEXTS, memory=tmp_path)
    assert counting.asked == []


def test_many_files_are_merged(tmp_path: Path, counting: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_row_store, "_MOST_FILES", 3)
    texts = [f"text {i}" for i in range(11)]
    for text in texts:
        encode_texts(counting, [text], memory=tmp_path)
        assert len(files(tmp_path)) <= 3
    counting.asked.clear()
    np.testing.assert_array_equal(encode_texts(counting, texts, memory=tmp_path), counting.encode(texts))
    assert counting.asked == texts  # by the line above, not by the call with memory


def test_merging_copies_small_files_and_leaves_large_ones(
    tmp_path: Path, counting: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_row_store, "_MOST_FILES", 4)
    encode_texts(counting, [f"large {i}" for i in range(100)], memory=tmp_path)
    (large,) = files(tmp_path)
    for i in range(30):
        encode_texts(counting, [f"small {i}", f"large {i}"], memory=tmp_path)
        assert len(files(tmp_path)) <= 4
    assert large.exists()
    counting.asked.clear()
    texts = [f"{kind} {i}" for kind in ("small", "large") for i in range(30)]
    np.testing.assert_array_equal(encode_texts(counting, texts, memory=tmp_path), counting.encode(texts))
    assert counting.asked == texts  # by the line above


def test_rows_that_two_processes_kept_are_merged_once(tmp_path: Path, counting: Any) -> None:
    keys = np.arange(20, dtype=np.uint64).reshape(10, 2)
    rows = np.arange(30, dtype=np.float32).reshape(10, 3)
    store = _row_store.RowStore(tmp_path)
    store.save([(keys[:6], rows[:6])], 6)
    store.save([(keys[4:], rows[4:])], 6)
    store.replace(files(tmp_path))
    assert [path.stat().st_size for path in files(tmp_path)] == [40 + 10 * (12 + 20)]
    with store.find(keys) as found:
        ids, again = found.read(np.array([9, 0, 5, 6]))
    order = np.argsort(ids)
    assert ids[order].tolist() == [0, 5, 6, 9]
    np.testing.assert_array_equal(again[order], rows[[0, 5, 6, 9]])


def test_what_a_stopped_call_encoded_is_kept(
    tmp_path: Path, counting_class: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skellagnn.encoders._distinct.CHUNK_TEXTS", 3)
    texts = [f"text {'x' * i}" for i in range(10)]
    expected = encode_texts(counting_class(), texts)

    class Stopped(counting_class):  # type: ignore[misc]
        def encode(self, texts: Any) -> Any:
            if len(self.asked) == 6:
                raise KeyboardInterrupt
            return super().encode(texts)

    Stopped.__module__, Stopped.__qualname__ = counting_class.__module__, counting_class.__qualname__
    first, second = Stopped(), counting_class()
    with pytest.raises(KeyboardInterrupt):
        encode_texts(first, texts, memory=tmp_path)
    np.testing.assert_array_equal(encode_texts(second, texts, memory=tmp_path), expected)
    assert len(first.asked) == 6
    assert sorted(first.asked + second.asked) == sorted(texts)


def test_chunks_are_kept_while_the_call_goes_on(
    tmp_path: Path, counting_class: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skellagnn.encoders._distinct.CHUNK_TEXTS", 2)
    monkeypatch.setattr("skellagnn.encoders._streaming._COMMIT_SECONDS", 0.0)
    seen = []

    class Looking(counting_class):  # type: ignore[misc]
        def encode(self, texts: Any) -> Any:
            seen.append(len(files(tmp_path)))
            return super().encode(texts)

    encode_texts(Looking(), [f"text {i}" for i in range(8)], memory=tmp_path)
    assert seen == [0, 1, 2, 3]


def test_threads_share_a_folder(
    tmp_path: Path, counting_class: Any, monkeypatch: pytest.MonkeyPatch, switch_often: None
) -> None:
    monkeypatch.setattr(_row_store, "_MOST_FILES", 2)
    texts = [f"text {'x' * i}" for i in range(40)]
    expected = counting_class().encode(texts)
    wrong: list[int] = []

    def work(k: int) -> None:
        for i in range(len(texts)):
            part = [(i * (k + 1) + j) % len(texts) for j in range(5)]
            rows = encode_texts(counting_class(), [texts[p] for p in part], memory=tmp_path)
            if not np.array_equal(rows, expected[part]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    again = counting_class()
    np.testing.assert_array_equal(encode_texts(again, texts, memory=tmp_path), expected)
    assert again.asked == []
    assert not list(tmp_path.rglob("*.tmp"))


def test_memory_can_be_cleared_and_reduced(tmp_path: Path, counting: Any) -> None:
    memory = joblib.Memory(tmp_path, verbose=0)
    encode_texts(counting, TEXTS, memory=memory)
    memory.reduce_size(bytes_limit=0)
    assert files(tmp_path) == []
    encode_texts(counting, TEXTS, memory=memory)
    assert len(files(tmp_path)) == 1
    memory.clear(warn=False)
    assert files(tmp_path) == []
    assert encode_texts(counting, TEXTS, memory=memory).shape == (6, 3)


def test_memory_without_a_location_keeps_nothing(
    counting: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        encode_texts(counting, TEXTS, memory=joblib.Memory(None))
    assert len(counting.asked) == 8
    assert list(tmp_path.iterdir()) == []


def test_disk_that_takes_nothing_loses_nothing(tmp_path: Path, counting: Any) -> None:
    (tmp_path / "joblib").mkdir()
    (tmp_path / "joblib" / "skellagnn_rows").write_text("a file where a folder should be")
    with pytest.warns(SkellagnnWarning, match="`memory` could not keep 4 encoded texts"):
        rows = encode_texts(counting, TEXTS, memory=tmp_path)
    np.testing.assert_array_equal(rows, encode_texts(counting, TEXTS))


def test_same_name_with_another_width(tmp_path: Path, counting_class: Any) -> None:
    class Wider(counting_class):  # type: ignore[misc]
        def encode(self, texts: Any) -> Any:
            return np.ones((len(texts), 5))

    Wider.__module__, Wider.__qualname__ = counting_class.__module__, counting_class.__qualname__
    encode_texts(counting_class(), ["a"], memory=tmp_path)
    for texts in (["a", "b"], ["b", "a"]):
        with pytest.raises(InvalidParameterError, match=r"`memory` must hold rows of one width .* got widths \[3, 5\]"):
            encode_texts(Wider(), texts, memory=tmp_path)


def test_things_that_are_no_memory(counting: Any) -> None:
    with pytest.raises(InvalidParameterError, match=r"`memory` must be None, a folder, or a joblib.Memory, got int"):
        encode_texts(counting, ["a"], memory=7)
