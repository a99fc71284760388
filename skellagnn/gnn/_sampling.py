"""The rows that a few targets need, layer by layer: exact receptive fields and sampled ones.

Everything is numpy on CSR: whole batches at a time, no loop over nodes or edges, no compiled extra.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["HopFinder", "Hops", "sample_rows"]


@dataclass(frozen=True)
class Hops:
    """What is needed to compute the output of some targets.

    Parameters
    ----------
    nodes : ndarray of int64 of shape (n_in,)
        Nodes whose rows the first layer reads. The targets come first, in the order in which they were given.
    matrices : list of csr_array
        One per layer, first layer first. Layer i maps rows of shape (n_in_i, .) to (n_out_i, .), with ``n_in_i+1 =
        n_out_i``: the nodes that a layer makes are the first ones of those that it reads.
    """

    nodes: NDArray[np.int64]
    matrices: list[sparse.csr_array]


class HopFinder:
    """Finds receptive fields in one graph.

    Parameters
    ----------
    matrix : csr_array of shape (n_nodes, n_nodes)
        Edges in a form of :func:`skellagnn.gnn._sparse.edge_matrix`.
    sample_size : int or None, default=None
        Neighbors that a node hears from in a layer at most, drawn anew each time; None takes all.
    preferences : ndarray of shape (n_edges,), default=None
        Neighbors are drawn in proportion to these (entry by entry of the matrix). None: uniformly.

    Notes
    -----
    Not for use by several threads at once. Memory O(n_nodes), time of a search O(edges into the rows it finds).
    """

    def __init__(
        self,
        matrix: sparse.csr_array,
        sample_size: int | None = None,
        preferences: NDArray[np.float32] | None = None,
    ) -> None:
        self.matrix = matrix
        self.sample_size = sample_size
        self.preferences = preferences
        self.largest_degree = int(np.diff(matrix.indptr).max(initial=0))
        self._position = np.full(matrix.shape[0], -1, dtype=np.int32)

    def find(self, targets: NDArray[np.int64], n_hops: int, rng: np.random.Generator | None = None) -> Hops:
        """Return the hops that lead to some targets.

        Parameters
        ----------
        targets : ndarray of int64 of shape (n_targets,)
            Without repeats.
        n_hops : int
            Number of layers.
        rng : numpy.random.Generator, default=None
            Needed where neighbors are sampled.
        """
        position = self._position
        nodes = targets
        position[nodes] = np.arange(len(nodes), dtype=np.int32)
        matrices = []
        try:
            for _ in range(n_hops):
                block = self._rows(nodes, rng)
                found = block.indices
                new = np.unique(found[position[found] < 0])
                position[new] = np.arange(len(nodes), len(nodes) + len(new), dtype=np.int32)
                nodes = np.concatenate([nodes, new])
                shape = (block.shape[0], len(nodes))
                matrices.append(sparse.csr_array((block.data, position[found], block.indptr), shape=shape))
        finally:
            position[nodes] = -1
        return Hops(nodes.astype(np.int64, copy=False), matrices[::-1])

    def _rows(self, nodes: NDArray[np.int64], rng: np.random.Generator | None) -> sparse.csr_array:
        if self.sample_size is None or self.largest_degree <= self.sample_size:
            return self.matrix[nodes]
        if rng is None:
            raise ValueError("sampling needs a random generator")
        return sample_rows(self.matrix, nodes, self.sample_size, rng, self.preferences)


def sample_rows(
    matrix: sparse.csr_array,
    nodes: NDArray[np.int64],
    sample_size: int,
    rng: np.random.Generator,
    preferences: NDArray[np.float32] | None = None,
) -> sparse.csr_array:
    """Cut out rows of a matrix, with a sample of their entries.

    Parameters
    ----------
    matrix : csr_array of shape (n_nodes, n_nodes)
    nodes : ndarray of int64 of shape (n_rows,)
    sample_size : int
        Entries kept of a row at most, without replacement. An entry on the diagonal is always kept, beside these.
    rng : numpy.random.Generator
    preferences : ndarray of shape (n_edges,), default=None
        Draw in proportion to these instead of uniformly.

    Returns
    -------
    rows : csr_array of shape (n_rows, n_nodes)
        What is kept off the diagonal is scaled up so that it has the sum of all that was there: for a mean over the
        neighbors, the mean over the sample.

    Notes
    -----
    O(entries of these rows), by sorting one random key per entry; keys are exponential, divided by the preference
    (Efraimidis and Spirakis, 2006), so that the smallest ones are a weighted sample without replacement.
    """
    starts = matrix.indptr[nodes].astype(np.int64)
    degrees = matrix.indptr[nodes + 1].astype(np.int64) - starts
    receivers = np.repeat(np.arange(len(nodes)), degrees)
    offsets = np.concatenate([[0], np.cumsum(degrees)])
    entries = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], degrees)
    columns, data = matrix.indices[entries], matrix.data[entries]
    loops = columns == nodes[receivers]
    keys = rng.standard_exponential(len(entries))
    if preferences is not None:
        keys /= np.maximum(preferences[entries], 1e-12)
    keys[loops] = -1.0
    order = np.lexsort((keys, receivers))
    rank = np.arange(len(entries)) - np.repeat(offsets[:-1], degrees)
    n_loops = np.bincount(receivers[loops], minlength=len(nodes))
    kept = order[rank < np.repeat(np.minimum(degrees, sample_size + n_loops), degrees)]
    kept.sort()  # rows stay in the order of their columns
    away = np.where(loops, 0, data)
    total = np.bincount(receivers, weights=away, minlength=len(nodes))
    left = np.bincount(receivers[kept], weights=away[kept], minlength=len(nodes))
    scale = (total / np.where(left == 0, 1, left)).astype(np.float32)
    values = np.where(loops[kept], data[kept], data[kept] * scale[receivers[kept]])
    indptr = np.concatenate([[0], np.cumsum(np.bincount(receivers[kept], minlength=len(nodes)))])
    return sparse.csr_array((values.astype(np.float32), columns[kept], indptr), shape=(len(nodes), matrix.shape[1]))
