"""Texts as two numpy arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from skellagnn.exceptions import GraphError

# Bytes of text worked on at a time: temporaries hold an int64 for each of them.
_BLOCK = 1 << 20


class TextColumn(Sequence[str]):
    """An immutable sequence of strings, stored as UTF-8 bytes and offsets.

    A list of a million strings is pickled once per task that joblib sends to a worker; two numpy arrays are
    memory-mapped once. Items are decoded when they are read.

    Parameters
    ----------
    data : ndarray of uint8 of shape (n_bytes,)
        All texts, UTF-8, one after the other.
    offsets : ndarray of int64 of shape (n_texts + 1,)
        Text i is ``data[offsets[i]:offsets[i + 1]]``. Starts at 0, never falls, ends at ``n_bytes``.

    Raises
    ------
    GraphError
        If they are no such arrays; that every text is whole UTF-8 is looked at where a file is read.

    Notes
    -----
    pyarrow's string arrays were looked at: the same layout, but 2**31 bytes or another type beyond them, no lone
    surrogates, and a dependency of 50 MB.

    A lone surrogate (half of a character, as bad decoding leaves it in a str) is kept, in the three bytes that Python
    calls ``surrogatepass``.

    Examples
    --------
    >>> from skellagnn.graph import TextColumn
    >>> column = TextColumn.from_strings(["on cats", "", "о кошках"])
    >>> column[2], column.n_chars.tolist()
    ('о кошках', [7, 0, 8])
    >>> list(column[:2])
    ['on cats', '']
    """

    __slots__ = ("data", "offsets")

    def __init__(self, data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        kinds = [(getattr(part, "dtype", np.dtype(object)).kind, getattr(part, "ndim", 0)) for part in (data, offsets)]
        if kinds[0] != ("u", 1) or kinds[1] not in (("i", 1), ("u", 1)) or not len(offsets) or offsets[-1] > len(data):
            raise GraphError(
                "`data` and `offsets` must be arrays of bytes and of where texts begin, got "
                f"{type(data).__name__} and {type(offsets).__name__} that are not. Use TextColumn.from_strings."
            )
        self.data = data
        self.offsets = offsets

    @classmethod
    def from_strings(cls, texts: Iterable[Any], *, argument: str = "texts") -> TextColumn:
        """Pack strings.

        Raises
        ------
        GraphError
            If an item is not a string (None and NaN included: a missing text is the empty string), or they come as a
            set or a mapping.
        """
        if isinstance(texts, TextColumn):
            return texts
        if hasattr(texts, "to_pylist"):  # of pyarrow, whose entries are objects of its own
            texts = texts.to_pylist()
        if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable) or getattr(texts, "ndim", 1) != 1:
            raise GraphError(
                f"`{argument}` must be a sequence of strings, one per node, got a single "
                f"{type(texts).__name__}. "
                "Pass a list with one entry per node."
            )
        if isinstance(texts, (set, frozenset, Mapping)):
            raise GraphError(
                f"`{argument}` must be in the order of the nodes, got a {type(texts).__name__}: its order is not "
                "that of the nodes. Pass a list."
            )
        items = list(texts)
        wrong = [i for i, item in enumerate(items) if not isinstance(item, str)]
        if wrong:
            raise GraphError(
                f"`{argument}` must hold one string per node, got {type(items[wrong[0]]).__name__} "
                f"({items[wrong[0]]!r:.80}) at position {wrong[0]} and {len(wrong) - 1} more that are not strings. "
                "Write the empty string for a missing text."
            )
        encoded = [item.encode("utf-8", "surrogatepass") for item in items]
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(item) for item in encoded], out=offsets[1:])
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)

    @classmethod
    def from_numbers(cls, numbers: NDArray[np.int64]) -> TextColumn:
        """Write integers as decimal numbers."""
        digits = numbers.astype(np.bytes_)  # padded with zero bytes
        table = digits.view(np.uint8).reshape(len(numbers), digits.itemsize)
        offsets = np.zeros(len(numbers) + 1, dtype=np.int64)
        np.cumsum(np.count_nonzero(table, axis=1), out=offsets[1:])
        return cls(table[table != 0], offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> TextColumn: ...
    def __getitem__(self, index: int | slice) -> str | TextColumn:
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        position = range(len(self))[index]  # negative indices, and IndexError beyond the end
        raw = self.data[self.offsets[position] : self.offsets[position + 1]]
        return raw.tobytes().decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        data, offsets = self.data.data, self.offsets.tolist()
        for start, end in pairwise(offsets):
            yield str(data[start:end], "utf-8", "surrogatepass")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TextColumn):
            return np.array_equal(self.offsets, other.offsets) and np.array_equal(self.data, other.data)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def take(self, indices: NDArray[Any]) -> TextColumn:
        """Return the texts at ``indices`` (integers, negative ones counted from the end, or a mask), in that order."""
        indices = np.arange(len(self))[indices]
        starts, lengths = self.offsets[indices], self.n_bytes[indices]
        offsets = np.zeros(len(indices) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        data = np.empty(offsets[-1], dtype=np.uint8)
        for first, last in _blocks(offsets):
            # position of every byte of the result in `data`, without a loop over texts
            begin, end = offsets[first], offsets[last]
            source = np.repeat(starts[first:last] - offsets[first:last], lengths[first:last]) + np.arange(begin, end)
            np.take(self.data, source, out=data[begin:end], mode="clip")
        return TextColumn(data, offsets)

    @property
    def n_bytes(self) -> NDArray[np.int64]:
        """ndarray of shape (n_texts,): length of each text in UTF-8 bytes."""
        return np.diff(self.offsets)

    @property
    def n_chars(self) -> NDArray[np.int64]:
        """ndarray of shape (n_texts,): length of each text in characters."""
        counts = np.zeros(len(self), dtype=np.int64)
        for first, last in _blocks(self.offsets):
            begin, end = self.offsets[first], self.offsets[last]
            filled = first + np.flatnonzero(np.diff(self.offsets[first : last + 1]))
            if len(filled):
                # in UTF-8 every character has exactly one byte that is not of the form 10xxxxxx
                begins = (self.data[begin:end] & 0xC0) != 0x80
                counts[filled] = np.add.reduceat(begins, self.offsets[filled] - begin, dtype=np.int64)
        return counts

    def __repr__(self) -> str:
        return f"TextColumn({len(self)} texts, {len(self.data)} bytes)"


def _blocks(offsets: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Cut texts into runs of at most ``_BLOCK`` bytes and ``_BLOCK`` texts; a longer text is a run of its own."""
    first, n_texts = 0, len(offsets) - 1
    while first < n_texts:
        fitting = int(np.searchsorted(offsets, offsets[first] + _BLOCK, side="right")) - 1
        last = min(max(fitting, first + 1), first + _BLOCK, n_texts)
        yield first, last
        first = last
