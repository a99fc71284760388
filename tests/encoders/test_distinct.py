"""Distinct texts, their order and their chunks."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from skellagnn.encoders import _distinct
from skellagnn.encoders._distinct import DistinctTexts
from skellagnn.graph import TextColumn

TEXTS = ["on cats", "", "on dogs", "on cats", " \n\t\u3000", "关于图", "on cats", "half \ud800 a pair", "x"]


def make(texts: list[str]) -> DistinctTexts:
    return DistinctTexts.of(TextColumn.from_strings(texts))


def test_each_distinct_text_knows_all_its_positions() -> None:
    distinct = make(TEXTS)
    ids = np.arange(len(distinct))
    positions, which = distinct.positions(ids)
    texts = distinct.texts(ids)
    assert sorted(texts) == sorted({text for text in TEXTS if text.strip()})
    assert {(int(position), texts[k]) for position, k in zip(positions, which, strict=True)} == {
        (position, text) for position, text in enumerate(TEXTS) if text.strip()
    }


def test_positions_of_some_texts_count_within_what_was_asked() -> None:
    distinct = make(TEXTS)
    for ids in (np.array([3, 0]), np.array([1]), np.array([], dtype=np.int64)):
        positions, which = distinct.positions(ids)
        for position, k in zip(positions, which, strict=True):
            assert TEXTS[position] == distinct.texts(ids)[k]
        assert len(positions) == sum(TEXTS.count(text) for text in distinct.texts(ids))


@pytest.mark.parametrize("texts", [[], ["", " "]])
def test_nothing_said(texts: list[str]) -> None:
    distinct = make(texts)
    assert len(distinct) == 0
    assert list(distinct.chunks()) == []


def test_keys_are_those_of_the_texts_and_sorted() -> None:
    distinct = make(TEXTS)
    keys = [_distinct.text_key(text) for text in distinct.texts(np.arange(len(distinct)))]
    assert b"".join(keys) == distinct.keys.tobytes()
    assert [tuple(key) for key in distinct.keys.tolist()] == sorted(tuple(key) for key in distinct.keys.tolist())


def test_many_texts_are_looked_at_in_slabs(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make(TEXTS)
    monkeypatch.setattr(_distinct, "_AT_ONCE", 2)
    parts = make(TEXTS)
    for name in ("keys", "owners", "starts"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    assert parts.digest == whole.digest


def test_digest_tells_texts_and_their_order_apart() -> None:
    others = [TEXTS[::-1], TEXTS[:-1], [*TEXTS, ""], ["", *TEXTS], [*TEXTS[:-1], "y"]]
    assert len({make(texts).digest for texts in (TEXTS, *others)}) == 6
    assert make([text.strip() and text for text in TEXTS]).digest == make(TEXTS).digest  # blank is blank


def test_chunks_go_from_long_to_short_and_keep_both_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_distinct, "CHUNK_TEXTS", 4)
    monkeypatch.setattr(_distinct, "CHUNK_BYTES", 10)
    texts = ["x" * n for n in (30, 1, 2, 3, 4, 6, 12)] + ["y" * n for n in (1, 2)]
    distinct = make(texts)
    chunks = [distinct.texts(ids) for ids in distinct.chunks()]
    assert [[len(text) for text in chunk] for chunk in chunks] == [[30], [12], [6, 4], [3, 2, 2, 1], [1]]
    assert sorted(text for chunk in chunks for text in chunk) == sorted(texts)


def test_chunks_do_not_depend_on_order_and_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_distinct, "CHUNK_TEXTS", 2)

    def chunks(texts: list[str]) -> list[list[str]]:
        distinct = make(texts)
        return [distinct.texts(ids) for ids in distinct.chunks()]

    assert chunks(TEXTS[::-1] * 2) == chunks(TEXTS)


def test_keys_that_share_one_half_are_different(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"a": [1, 2], "b": [1, 1], "c": [2, 1]}
    rows = np.array([keys[text] for text in "abca"], dtype=np.uint64)
    monkeypatch.setattr(_distinct, "_digests", lambda column: (rows, np.ones(4, dtype=bool)))
    distinct = make([*"abca"])
    assert distinct.texts(np.arange(3)) == ["b", "a", "c"]
    assert distinct.positions(np.array([1]))[0].tolist() == [0, 3]


def test_order_is_the_same_in_another_process() -> None:
    code = (
        "from skellagnn.encoders._distinct import DistinctTexts; from skellagnn.graph import TextColumn\n"
        "d = DistinctTexts.of(TextColumn.from_strings(['b', 'a', 'b', 'ccc', '']))\n"
        "print(d.digest, *(t for ids in d.chunks() for t in d.texts(ids)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    distinct = make(["b", "a", "b", "ccc", ""])
    assert printed == [
        distinct.digest,
        *(text for ids in distinct.chunks() for text in distinct.texts(ids)),
    ]
