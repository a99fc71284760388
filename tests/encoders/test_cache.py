"""``memory=``: what was encoded once is not encoded again."""

from __future__ import annotations

import itertools
import linecache
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import types
from contextlib import closing
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from skellagnn import TextGraph
from skellagnn.encoders import SentenceBertEncoder, TfidfEncoder, encode_graph
from skellagnn.encoders._cache import CachedEncoder
from skellagnn.encoders._encode import encode_texts
from skellagnn.encoders._identity import encoder_identity, state_digest
from skellagnn.encoders._resolve import resolve_encoder
from skellagnn.exceptions import InvalidParameterError, SkellagnnWarning

TEXTS = ["on cats", "on dogs", "", "on cats", "关于图", "half \ud800 a pair"]


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("embeddings.sqlite"))


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


def n_kept(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM embeddings").fetchone()[0])


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


@pytest.fixture
def module_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a module of some code, under one name, as a notebook does where a cell is run again."""
    monkeypatch.setitem(sys.modules, "made_up_encoders", None)
    count = itertools.count()

    def make(code: str) -> Any:
        module = types.ModuleType("made_up_encoders")
        module.__file__ = f"<cell {next(count)}>"
        linecache.cache[module.__file__] = (len(code), None, code.splitlines(keepends=True), module.__file__)
        sys.modules[module.__name__] = module
        exec(compile(code, module.__file__, "exec"), vars(module))
        return module

    return make


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


def test_rows_of_another_code_are_not_taken(tmp_path: Path, module_of: Any) -> None:
    rows = encode_texts(module_of(MADE).Made(), ["a", "bb"], memory=tmp_path)
    other = module_of(MADE.replace("[self.helper(text), 1.0]", "[1.0, self.helper(text)]")).Made()

    np.testing.assert_array_equal(encode_texts(other, ["a", "bb"], memory=tmp_path), rows[:, ::-1])


@pytest.mark.parametrize(
    ("change", "is_other"),
    [
        (("len(text)", "len(text) + 1"), True),  # in a base class
        (("1.0]", "2.0]"), True),  # behind a decorator
        (("dim=64", "dim=128"), True),
        (("query: ", "passage: "), True),
        (("1.0]", "text in {'x', 'y', 'z'}]"), True),
        (("class Base", "# a comment\n\nclass Base"), False),
    ],
)
def test_an_encoder_is_known_by_its_code(module_of: Any, change: tuple[str, str], is_other: bool) -> None:
    digests = [state_digest(module_of(code).Made()) for code in (MADE, MADE.replace(*change))]

    assert (digests[0] != digests[1]) == is_other
    again = state_digest(module_of(MADE.replace(*change)).Made())
    assert again == digests[1]


def test_a_transformer_is_known_by_the_functions_that_it_calls(module_of: Any) -> None:
    def digest(method: str) -> str:
        module = module_of(f"def change(text):\n    return text.{method}()\n")
        return state_digest(HashingVectorizer(preprocessor=module.change))

    assert digest("lower") == digest("lower") != digest("upper")


def test_a_model_within_a_pipeline_is_known_by_its_weights(tmp_path: Path, build: Any) -> None:
    def digest(seed: int) -> str:
        shutil.rmtree(tmp_path / "model", ignore_errors=True)
        model = SentenceBertEncoder(str(build(tmp_path / "model", seed=seed)))
        return encoder_identity(make_pipeline(model, Normalizer()))

    assert digest(0) == digest(0) != digest(1)


def test_encoders_that_cannot_be_told_apart(tmp_path: Path) -> None:
    import torch

    class Local:
        def encode(self, texts: Any) -> Any:
            raise AssertionError("not reached")

    with pytest.raises(InvalidParameterError, match=r"a Local has no `name`, nor .* it cannot be pickled"):
        encode_texts(Local(), ["a"], memory=tmp_path)
    with pytest.raises(InvalidParameterError, match=r"a Linear has no `name`, nor .* copies of it differ"):
        encoder_identity(torch.nn.Linear(2, 2))


def test_identity_is_the_same_in_another_process() -> None:
    code = (
        "from sklearn.feature_extraction.text import TfidfVectorizer; from sklearn.pipeline import make_pipeline\n"
        "from sklearn.decomposition import TruncatedSVD\n"
        "from skellagnn.encoders import TfidfEncoder\n"
        "from skellagnn.encoders._identity import encoder_identity\n"
        "pipeline = make_pipeline(TfidfVectorizer(), TruncatedSVD(2, random_state=0))\n"
        "for encoder in (pipeline, TfidfEncoder()):\n"
        "    print(encoder_identity(encoder.fit(['on cats', 'on dogs', 'graphs and cats'])))\n"
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
    assert len(next(iter(printed)).splitlines()) == 2


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
    monkeypatch.setattr(TfidfEncoder, "transform", lambda *_: pytest.fail("encoded again"))
    np.testing.assert_array_equal(encode_graph(small, "tfidf", memory=tmp_path).features, first)


def test_damaged_file_costs_a_warning_and_a_second_encoding(tmp_path: Path, counting: Any) -> None:
    texts = [f"text {i}" for i in range(200)]
    rows = encode_texts(counting, texts, memory=tmp_path)
    (path,) = files(tmp_path)
    damaged = b"no database at all, and longer than the beginning of one has to be" * 40
    path.write_bytes(damaged)
    counting.asked.clear()
    with pytest.warns(SkellagnnWarning, match="`memory` holds a file that cannot be .*delete the file") as caught:
        np.testing.assert_array_equal(encode_texts(counting, texts, memory=tmp_path), rows)
    assert [str(warning.message).split(":")[0][-10:] for warning in caught] == ["ot be read", "written to"]
    assert len(counting.asked) == 200
    assert path.read_bytes() == damaged  # it is not for us to throw away
    path.unlink()
    encode_texts(counting, texts, memory=tmp_path)
    counting.asked.clear()
    np.testing.assert_array_equal(encode_texts(counting, texts, memory=tmp_path), rows)
    assert counting.asked == []


def test_emptied_file_is_a_new_one(tmp_path: Path, counting: Any) -> None:
    rows = encode_texts(counting, TEXTS, memory=tmp_path)
    files(tmp_path)[0].write_bytes(b"")
    np.testing.assert_array_equal(encode_texts(counting, TEXTS, memory=tmp_path), rows)
    assert len(counting.asked) == 8


def test_file_that_another_process_holds_is_kept(
    tmp_path: Path, counting: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skellagnn.encoders._cache._SECONDS", 0.01)
    rows = encode_texts(counting, TEXTS, memory=tmp_path)
    (path,) = files(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.warns(SkellagnnWarning) as caught:
            np.testing.assert_array_equal(encode_texts(counting, TEXTS, memory=tmp_path), rows)
    messages = [str(warning.message) for warning in caught]
    assert ["cannot be read" in messages[0], "cannot be written to" in messages[1]] == [True, True]
    assert all("database is locked" in message for message in messages)
    counting.asked.clear()
    encode_texts(counting, TEXTS, memory=tmp_path)
    assert counting.asked == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a folder that cannot be written to")
def test_folder_that_cannot_be_written_to_is_read(tmp_path: Path, counting: Any) -> None:
    rows = encode_texts(counting, TEXTS, memory=tmp_path)
    (path,) = files(tmp_path)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    counting.asked.clear()
    np.testing.assert_array_equal(encode_texts(counting, TEXTS, memory=tmp_path), rows)
    assert counting.asked == []
    path.parent.chmod(0o755)


def test_more_texts_than_a_statement_takes(tmp_path: Path, counting: Any) -> None:
    cached = CachedEncoder(resolve_encoder(counting), tmp_path / "embeddings.sqlite")
    texts = [f"text {i}" for i in range(1201)]
    rows = cached.transform(texts)
    counting.asked.clear()
    np.testing.assert_array_equal(cached.transform(texts[::-1]), rows[::-1])
    assert counting.asked == []


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
    seen = []

    class Looking(counting_class):  # type: ignore[misc]
        def encode(self, texts: Any) -> Any:
            seen.append(sum(n_kept(path) for path in files(tmp_path)))
            return super().encode(texts)

    encode_texts(Looking(), [f"text {i}" for i in range(8)], memory=tmp_path)
    assert seen == [0, 2, 4, 6]


def test_threads_share_a_folder(tmp_path: Path, counting_class: Any, switch_often: None) -> None:
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
    (tmp_path / "joblib" / "skellagnn_embeddings").write_text("a file where a folder should be")
    with pytest.warns(SkellagnnWarning, match="`memory` holds a file that cannot be written to: "):
        rows = encode_texts(counting, TEXTS, memory=tmp_path)
    np.testing.assert_array_equal(rows, encode_texts(counting, TEXTS))


def test_same_name_with_another_width(tmp_path: Path, counting_class: Any) -> None:
    class Wider(counting_class):  # type: ignore[misc]
        def encode(self, texts: Any) -> Any:
            return np.ones((len(texts), 5))

    Wider.__module__, Wider.__qualname__ = counting_class.__module__, counting_class.__qualname__
    encode_texts(counting_class(), ["a"], memory=tmp_path)
    with pytest.raises(InvalidParameterError, match=r"`memory` must hold .* of one width .* got widths \[3, 5\]"):
        encode_texts(Wider(), ["a", "b"], memory=tmp_path)


def test_things_that_are_no_memory(counting: Any) -> None:
    with pytest.raises(InvalidParameterError, match=r"`memory` must be None, a local folder, or a .* of one, got int"):
        encode_texts(counting, ["a"], memory=7)
