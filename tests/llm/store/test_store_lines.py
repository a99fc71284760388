"""Export and merge."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from skellagnn.enhancers import Answer
from skellagnn.exceptions import InvalidParameterError, StoreError
from skellagnn.llm.store import QuestionKey, ResponseStore

KEYS = [QuestionKey("keywords:0a", f"{i:08x}") for i in range(5)]
LINE = {"model": "m", "prompt_key": "p", "digest": "d", "answer": "x", "created": "2026-02-03T04:05:06.000007+00:00"}


@pytest.fixture
def other(tmp_path: Path) -> ResponseStore:
    return ResponseStore(tmp_path / "other.sqlite")


def read(path: Path) -> list[dict[str, object]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return [json.loads(line) for line in text.split("\n")[:-1]]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_merging_what_was_exported_gives_the_same_answers(
    store: ResponseStore, other: ResponseStore, tmp_path: Path, name: str
) -> None:
    answer = Answer('東京 "\n\u2028', finish_reason="stop", tokens_in=3, tokens_out=2, seconds=0.5)
    store.put_many("m", {KEYS[0]: answer, KEYS[1]: "y"})
    store.put_many("n", {KEYS[0]: "z"})
    assert store.export(tmp_path / name) == 3
    assert other.merge(tmp_path / name) == 3
    assert other.stats() == store.stats()  # times included
    found = other.get_many("m", KEYS)
    assert found == {KEYS[0]: answer, KEYS[1]: "y"}
    assert vars(found[KEYS[0]]) == vars(answer)
    assert other.merge(tmp_path / name) == 0
    other.export(tmp_path / f"again-{name}")
    assert (tmp_path / f"again-{name}").read_bytes() == (tmp_path / name).read_bytes()
    other.close()


def test_a_line_says_everything(store: ResponseStore, tmp_path: Path) -> None:
    details = {"finish_reason": "stop", "tokens_in": 3, "tokens_out": 2, "seconds": 0.5}
    store.put_many("m", {KEYS[0]: Answer("x", **details, confidence=0.25, snapshot="m-1")})
    store.export(tmp_path / "a.jsonl")
    [line] = read(tmp_path / "a.jsonl")
    created = datetime.fromisoformat(str(line.pop("created")))
    assert line == {
        "model": "m",
        "prompt_key": "keywords:0a",
        "digest": "00000000",
        "answer": "x",
        "finish_reason": "stop",
        "tokens_in": 3,
        "tokens_out": 2,
        "seconds": 0.5,
        "confidence": 0.25,
        "snapshot": "m-1",
    }
    assert abs(created - datetime.now(timezone.utc)) < timedelta(minutes=1)


def test_one_model_only(store: ResponseStore, tmp_path: Path) -> None:
    store.put_many("m", {KEYS[0]: "x", KEYS[1]: "y"})
    store.put_many("n", {KEYS[0]: "z"})
    assert store.export(tmp_path / "a.jsonl", model="n") == 1
    assert [line["answer"] for line in read(tmp_path / "a.jsonl")] == ["z"]
    assert store.export(tmp_path / "a.jsonl", model="nobody") == 0
    assert read(tmp_path / "a.jsonl") == []


def test_more_than_one_page(
    store: ResponseStore, other: ResponseStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skellagnn.llm.store._store._CHUNK", 300)
    answers = {QuestionKey(f"p{i % 3}", f"{i // 2:05x}"): str(i) for i in range(1000)}
    store.put_many("m", answers)
    assert store.export(tmp_path / "a.jsonl.gz") == 1000
    assert other.merge(tmp_path / "a.jsonl.gz") == 1000
    assert other.get_many("m", answers) == answers
    other.close()


def test_what_is_here_already_stays(store: ResponseStore, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    store.put_many("m", {QuestionKey("p", "d"): "mine"})
    lines = [LINE, LINE | {"digest": "e"}, LINE | {"digest": "e", "answer": "said again"}]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    assert store.merge(path) == 1
    assert store.get_many("m", [QuestionKey("p", "d"), QuestionKey("p", "e")]) == {("p", "d"): "mine", ("p", "e"): "x"}


def test_times_are_kept_in_utc(store: ResponseStore, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [LINE | {"created": "2026-02-03T15:05:06+11:00"}, LINE | {"digest": "e", "created": "2026-02-03T04:05:07"}]
    path.write_text("\n".join(map(json.dumps, lines)))
    store.merge(path)
    [stats] = store.stats()
    assert stats.first == datetime(2026, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
    assert stats.last == datetime(2026, 2, 3, 4, 5, 7, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{broken", "Expecting property name"),
        ("[1, 2]", "expected an object"),
        (json.dumps({"model": "m"}), r"expected the names \['prompt_key', 'digest', 'answer', 'created'\]"),
        (json.dumps(LINE | {"answer": 7}), "expected a string as the answer"),
        (json.dumps(LINE | {"created": "yesterday"}), "Invalid isoformat string"),
        (json.dumps(LINE | {"created": 7}), "Invalid isoformat string"),
        (json.dumps(LINE | {"model": ""}), "`model` must be a string"),
        (json.dumps(LINE | {"digest": None}), "must hold QuestionKey"),
        (json.dumps(LINE | {"tokens_in": "many"}), "`tokens_in` of an answer must be"),
        (json.dumps(LINE | {"tokens_in": float("inf")}), "`tokens_in` of an answer must be"),
        (json.dumps(LINE | {"tokens_out": -1}), "`tokens_out` of an answer must be"),
        (json.dumps(LINE | {"snapshot": ["m"]}), "`snapshot` of an answer must be"),
        (json.dumps(LINE | {"finish_reason": 7}), "`finish_reason` of an answer must be"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_bad_line_is_named_and_what_came_before_is_kept(
    other: ResponseStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str, said: str
) -> None:
    monkeypatch.setattr("skellagnn.llm.store._store._CHUNK", 2)
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(LINE | {"digest": digest}) for digest in "abcd") + f"\n{bad}\n")
    with pytest.raises(InvalidParameterError, match=said) as caught:
        other.merge(path)
    assert "cannot be read beyond line 4" in str(caught.value)
    assert "4 answers were added before that and are kept" in str(caught.value)
    assert len(other.get_many("m", [QuestionKey("p", digest) for digest in "abcd"])) == 4
    other.close()


def test_half_a_packed_file(other: ResponseStore, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress((json.dumps(LINE) + "\n").encode())[:-12])
    with pytest.raises(InvalidParameterError, match="which cannot be read beyond line"):
        other.merge(path)
    path.write_bytes(b"no gzip at all")
    with pytest.raises(InvalidParameterError, match="Not a gzipped file"):
        other.merge(path)
    other.close()


@pytest.mark.parametrize("method", ["export", "merge"])
@pytest.mark.parametrize("path", ["a.json", "a.csv", "jsonl", 7])
def test_another_kind_of_file(other: ResponseStore, method: str, path: object) -> None:
    with pytest.raises(InvalidParameterError, match=r"`path` must end with '.jsonl' or '.jsonl.gz'"):
        getattr(other, method)(path)


def test_a_file_that_is_not_there(other: ResponseStore, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterError, match="which is not there"):
        other.merge(tmp_path / "a.jsonl")
    with pytest.raises(StoreError, match="Name a file in a folder that exists"):
        other.export(tmp_path / "nowhere" / "a.jsonl")
    other.close()


def test_an_export_that_breaks_off_leaves_the_old_file(
    other: ResponseStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out" / "a.jsonl.gz"
    path.parent.mkdir()
    other.put_many("m", {KEYS[0]: "x"})
    other.export(path)
    before = path.read_bytes()
    other.put_many("m", {KEYS[1]: "y"})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match=r"The export to .* failed .*No space left"):
        other.export(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["a.jsonl.gz"]
    other.close()
