"""Texts as two numpy arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from skellagnn.exceptions import GraphError


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

    Notes
    -----
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
        self.data = data
        self.offsets = offsets

    @classmethod
    def from_strings(cls, texts: Iterable[Any], *, argument: str = "texts") -> TextColumn:
        """Pack strings.

        Raises
        ------
        GraphError
            If an item is not a string (None and NaN included: a missing text is the empty string).
        """
        if isinstance(texts, TextColumn):
            return texts
        if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
            raise GraphError(
                f"`{argument}` must be a sequence of strings, one per node, got a single {type(texts).__name__}. "
                "Pass a list with one entry per node."
            )
        items = list(texts)
        wrong = [i for i, item in enumerate(items) if not isinstance(item, str)]
        if wrong:
            raise GraphError(
                f"`{argument}` must hold one string per node, got {type(items[wrong[0]]).__name__} "
                f"({items[wrong[0]]!r}) at position {wrong[0]} and {len(wrong) - 1} more that are not strings. "
                "Write the empty string for a missing text."
            )
        encoded = [item.encode("utf-8", "surrogatepass") for item in items]
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(item) for item in encoded], out=offsets[1:])
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)

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
        # position of every byte of the result in `data`, without a loop over texts
        source = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        return TextColumn(self.data[source], offsets)

    @property
    def n_bytes(self) -> NDArray[np.int64]:
        """ndarray of shape (n_texts,): length of each text in UTF-8 bytes."""
        return np.diff(self.offsets)

    @property
    def n_chars(self) -> NDArray[np.int64]:
        """ndarray of shape (n_texts,): length of each text in characters."""
        counts = np.zeros(len(self), dtype=np.int64)
        filled = np.flatnonzero(self.n_bytes)
        if len(filled):
            # in UTF-8 every character has exactly one byte that is not of the form 10xxxxxx
            begins = (self.data & 0xC0) != 0x80
            counts[filled] = np.add.reduceat(begins, self.offsets[filled], dtype=np.int64)
        return counts

    def __repr__(self) -> str:
        return f"TextColumn({len(self)} texts, {len(self.data)} bytes)"
