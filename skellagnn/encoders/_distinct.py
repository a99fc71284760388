"""The distinct texts of a column, and who has them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from skellagnn.graph import TextColumn

KEY_BYTES = 16  # of the digest that stands for a text
# An encoder is handed no more than this at a time. Both bound the memory of a chunk and what a killed run loses; half a
# megabyte of text is half a minute of Sentence-BERT on two cores, and still dozens of its batches.
CHUNK_TEXTS = 2048
CHUNK_BYTES = 1 << 19
_AT_ONCE = 8192  # texts whose digests are Python objects at the same time


@dataclass(frozen=True)
class DistinctTexts:
    """The texts of a column that differ and are not blank, by digest: no set of strings is ever held.

    ``numpy.unique`` and ``pandas.factorize`` want all strings at once. O(n_texts log n_texts); 40 bytes a text.
    """

    column: TextColumn
    keys: NDArray[np.uint64]  # (n_distinct, 2), digests, sorted: text d has the d-th, in every process
    owners: NDArray[np.int64]  # (n_said,), positions that are not blank, those of one distinct text together
    starts: NDArray[np.int64]  # (n_distinct + 1,), text d stands at owners[starts[d]:starts[d + 1]]
    digest: str  # of the column: equal only for the same texts in the same order (blank ones are all alike)

    @classmethod
    def of(cls, column: TextColumn) -> DistinctTexts:
        """Find the distinct texts of a column."""
        digests, said = _digests(column)
        whole = hashlib.blake2b(digests.data, digest_size=KEY_BYTES)
        whole.update(said.data)
        owners = np.flatnonzero(said)
        digests = digests[owners]
        order = np.lexsort((digests[:, 1], digests[:, 0]))
        is_first = np.ones(len(order), dtype=bool)
        is_first[1:] = (np.diff(digests[order], axis=0) != 0).any(axis=1)
        starts = np.append(np.flatnonzero(is_first), len(owners))
        return cls(column, digests[order[is_first]], owners[order], starts, whole.hexdigest())

    def __len__(self) -> int:
        return len(self.keys)

    def texts(self, ids: NDArray[np.int64]) -> list[str]:
        """Return some of the distinct texts."""
        return [self.column[position] for position in self.owners[self.starts[ids]].tolist()]

    def positions(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return all positions that hold one of some texts, and for each which of ``ids`` it holds."""
        counts = self.starts[ids + 1] - self.starts[ids]
        which = np.repeat(np.arange(len(ids)), counts)
        nth = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.owners[self.starts[ids][which] + nth], which

    def chunks(self) -> Iterator[NDArray[np.int64]]:
        """Yield all texts in chunks, the longest first.

        Texts of one length meet in one batch, so that nothing is padded in vain; what is too long for the memory of a
        machine shows at once and not after hours. The order is a function of the texts alone.
        """
        n_bytes = self.column.n_bytes[self.owners[self.starts[:-1]]]
        ids = np.argsort(-n_bytes, kind="stable")
        ends = np.cumsum(n_bytes[ids])
        start = 0
        while start < len(ids):
            before = ends[start - 1] if start else 0
            stop = int(np.searchsorted(ends, before + CHUNK_BYTES, side="right"))
            stop = max(start + 1, min(stop, start + CHUNK_TEXTS))
            yield ids[start:stop]
            start = stop


def text_key(text: str) -> bytes:
    """Return the digest that stands for a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def _digests(column: TextColumn) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return the digest of each text, zero for blank ones, and which are not blank."""
    digests = np.zeros((len(column), KEY_BYTES), dtype=np.uint8)
    said = np.zeros(len(column), dtype=bool)
    data = np.ascontiguousarray(column.data).data
    for start in range(0, len(column), _AT_ONCE):
        offsets = column.offsets[start : start + _AT_ONCE + 1].tolist()
        raws = [data[begin:end] for begin, end in pairwise(offsets)]
        spoken = [bool(str(raw, "utf-8", "surrogatepass").strip()) for raw in raws]
        said[start : start + len(raws)] = spoken
        found = [hashlib.blake2b(raws[k], digest_size=KEY_BYTES).digest() for k in np.flatnonzero(spoken)]
        digests[start : start + len(raws)][spoken] = np.frombuffer(b"".join(found), np.uint8).reshape(-1, KEY_BYTES)
    return digests.view("<u8"), said
