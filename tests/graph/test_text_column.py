"""Texts as two numpy arrays: what goes in comes out, whatever the script."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from skellagnn.exceptions import GraphError
from skellagnn.graph import TextColumn, _text_column

TEXTS = {
    "latin": ["a cat", "two dogs", "x"],
    "empty at the ends": ["", "middle", ""],
    "all empty": ["", "", ""],
    "none": [],
    "non-Latin": ["кошка", "猫が好き", "قطة", "חתול", "แมว", "고양이"],
    "beyond the basic plane": ["😀", "👩‍👩‍👧 family", "𝔊raph"],
    "lone surrogates": ["\ud800", "half \udcff pair", "\udfff\ud800 reversed"],
    "line ends and nulls": ["a\nb\r\nc", "\x00", "\u2028\u2029\x85"],
}


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS.keys())
def test_strings_round_trip_by_every_way_of_reading(texts):
    column = TextColumn.from_strings(texts)

    assert list(column) == texts
    assert [column[i] for i in range(len(texts))] == texts
    assert list(column[:]) == texts
    assert list(column.take(np.arange(len(texts)))) == texts
    assert len(column) == len(texts)


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS.keys())
def test_lengths_count_characters_and_bytes(texts):
    column = TextColumn.from_strings(texts)

    assert column.n_chars.tolist() == [len(text) for text in texts]
    assert column.n_bytes.tolist() == [len(text.encode("utf-8", "surrogatepass")) for text in texts]


def test_a_lone_surrogate_is_not_joined_with_its_other_half_in_the_next_text():
    column = TextColumn.from_strings(["\ud83d", "\ude00"])

    assert list(column) == ["\ud83d", "\ude00"]
    assert column.n_chars.tolist() == [1, 1]


@pytest.mark.parametrize("seed", range(5))
def test_take_is_what_a_list_would_give(seed):
    rng = np.random.default_rng(seed)
    texts = ["é" * rng.integers(4) + chr(rng.integers(0x100, 0x3000)) * rng.integers(3) for _ in range(30)]
    indices = rng.integers(-30, 30, size=40)

    assert list(TextColumn.from_strings(texts).take(indices)) == [texts[i] for i in indices]


def test_take_by_mask_and_empty_and_out_of_range():
    column = TextColumn.from_strings(["a", "bb", "ccc"])

    assert list(column.take(np.array([True, False, True]))) == ["a", "ccc"]
    assert list(column.take(np.array([], dtype=np.int64))) == []
    with pytest.raises(IndexError):
        column.take(np.array([3]))


@pytest.mark.parametrize("block", [1, 2, 5, 33])
@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS.keys())
def test_the_block_size_changes_nothing(texts, block, monkeypatch):
    monkeypatch.setattr(_text_column, "_BLOCK", block)
    column = TextColumn.from_strings(texts)
    order = np.random.default_rng(block).integers(max(len(texts), 1), size=2 * len(texts))

    assert list(column.take(order)) == [texts[i] for i in order]
    assert column.n_chars.tolist() == [len(text) for text in texts]


@pytest.mark.parametrize("numbers", [[], [0], [7, 0, 100, 99, 2**40, 3]])
def test_numbers_are_written_as_python_writes_them(numbers):
    column = TextColumn.from_numbers(np.array(numbers, dtype=np.int64))

    assert list(column) == [str(number) for number in numbers]


def test_indexing_like_a_list():
    column = TextColumn.from_strings(["a", "bb", "ccc", "dddd"])

    assert column[-1] == "dddd"
    assert column[np.int64(1)] == "bb"
    assert list(column[::-2]) == ["dddd", "bb"]
    assert "ccc" in column
    assert "c" not in column
    assert column.index("bb") == 1
    for beyond in (4, -5):
        with pytest.raises(IndexError):
            column[beyond]


def test_equality_is_by_content_and_boundaries():
    column = TextColumn.from_strings(["ab", "c"])

    assert column == TextColumn.from_strings(["ab", "c"])
    assert column != TextColumn.from_strings(["a", "bc"])
    assert column != TextColumn.from_strings(["ab", "d"])
    assert column != ["ab", "c"]
    with pytest.raises(TypeError, match="unhashable"):
        hash(column)


@pytest.mark.parametrize("source", [tuple, np.array, pd.Series, iter], ids=lambda source: source.__name__)
def test_any_iterable_of_strings_is_accepted(source):
    assert list(TextColumn.from_strings(source(["a", "bé"]))) == ["a", "bé"]


def test_a_column_is_taken_as_it_is():
    column = TextColumn.from_strings(["a"])

    assert TextColumn.from_strings(column) is column


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (["a", None, None], r"`texts` must hold one string per node, got NoneType \(None\) at position 1 and 1 more"),
        (["a", float("nan")], r"got float \(nan\) at position 1 and 0 more .* empty string for a missing text"),
        ([b"a"], "got bytes"),
        ([1, "a"], r"got int \(1\) at position 0"),
        ("a single text", "`texts` must be a sequence of strings, one per node, got a single str"),
        (b"bytes", "got a single bytes"),
        (3, "got a single int"),
    ],
)
def test_what_is_not_a_list_of_strings_is_refused(texts, sentence):
    with pytest.raises(GraphError, match=sentence):
        TextColumn.from_strings(texts)


def test_the_argument_is_named():
    with pytest.raises(GraphError, match="`titles` must hold"):
        TextColumn.from_strings([None], argument="titles")


def test_pickle_and_copy_keep_the_texts():
    column = TextColumn.from_strings(["é", "\ud800", ""])

    assert pickle.loads(pickle.dumps(column)) == column
    assert copy.deepcopy(column) == column


def test_a_pickle_is_two_arrays_and_not_a_string_per_text():
    column = TextColumn.from_strings(["word"] * 10_000)

    # 4 bytes of text and 8 of offset each, and a constant
    assert len(pickle.dumps(column, protocol=5)) < 10_000 * 12 + 1_000


def test_read_only_and_memory_mapped_bytes_can_be_read(tmp_path):
    column = TextColumn.from_strings(["é", "", "猫", "abc"])
    np.save(tmp_path / "data.npy", column.data)
    data, offsets = np.load(tmp_path / "data.npy", mmap_mode="r"), column.offsets.copy()
    offsets.setflags(write=False)
    mapped = TextColumn(data, offsets)

    assert list(mapped) == ["é", "", "猫", "abc"]
    assert mapped[2] == "猫"
    assert list(mapped.take(np.array([3, 0]))) == ["abc", "é"]
    assert mapped.n_chars.tolist() == [1, 0, 1, 3]


def test_repr_counts():
    assert repr(TextColumn.from_strings(["é", "a"])) == "TextColumn(2 texts, 3 bytes)"
