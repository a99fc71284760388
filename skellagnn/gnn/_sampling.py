"""The nodes that the output of a few targets depends on, layer by layer: exact receptive fields and sampled ones.

Everything is numpy on CSR: whole batches at a time, no loop over nodes or edges, no compiled extra.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["NeighborSampler", "SampledSubgraph", "sample_neighbors"]


@dataclass(frozen=True)
class SampledSubgraph:
    """What is needed to compute the output of some targets.

    Parameters
    ----------
    nodes : ndarray of int64 of shape (n_in,)
        Nodes whose vectors the first layer reads. The targets come first, in the order in which they were given.
    matrices : list of csr_array
        One per layer, first layer first. Layer i maps vectors of shape (n_in_i, .) to (n_out_i, .), with ``n_in_i+1 =
        n_out_i``: the nodes that a layer makes are the first ones of those that it reads.
    """

    nodes: NDArray[np.int64]
    matrices: list[sparse.csr_array]


class NeighborSampler:
    """Finds receptive fields in one graph, whole or thinned out (as GraphSAGE does: Hamilton et al., 2017).

    Parameters
    ----------
    matrix : csr_array of shape (n_nodes, n_nodes)
        Edges in a form of :func:`skellagnn.gnn._sparse.edge_matrix`.
    sample_size : int or None, default=None
        Neighbors that a node gets messages from in a layer at most, drawn uniformly and anew each time; None takes all.

    Attributes
    ----------
    leaves_out : bool
        Whether a node has more neighbors than that.

    Notes
    -----
    Not for use by several threads at once. Memory O(n_nodes), time of a call O(edges into the nodes it finds).
    """

    def __init__(self, matrix: sparse.csr_array, sample_size: int | None = None) -> None:
        self.matrix = matrix
        self.sample_size = sample_size
        self.leaves_out = sample_size is not None and sample_size < int(np.diff(matrix.indptr).max(initial=0))
        self._position = np.full(matrix.shape[0], -1, dtype=np.int32)

    def sample(
        self, targets: NDArray[np.int64], n_layers: int, rng: np.random.Generator | None = None
    ) -> SampledSubgraph:
        """Return the receptive field of some targets.

        Parameters
        ----------
        targets : ndarray of int64 of shape (n_targets,)
            Without repeats.
        n_layers : int
        rng : numpy.random.Generator, default=None
            Needed where neighbors are sampled.
        """
        position = self._position
        nodes = targets
        position[nodes] = np.arange(len(nodes), dtype=np.int32)
        matrices = []
        try:
            for _ in range(n_layers):
                block = self._edges_into(nodes, rng)
                found = block.indices
                new = np.unique(found[position[found] < 0])
                position[new] = np.arange(len(nodes), len(nodes) + len(new), dtype=np.int32)
                nodes = np.concatenate([nodes, new])
                shape = (block.shape[0], len(nodes))
                matrices.append(sparse.csr_array((block.data, position[found], block.indptr), shape=shape))
        finally:
            position[nodes] = -1
        return SampledSubgraph(nodes.astype(np.int64, copy=False), matrices[::-1])

    def _edges_into(self, nodes: NDArray[np.int64], rng: np.random.Generator | None) -> sparse.csr_array:
        if self.sample_size is None or not self.leaves_out:
            return self.matrix[nodes]
        if rng is None:
            raise ValueError("sampling needs a random generator")
        return sample_neighbors(self.matrix, nodes, self.sample_size, rng)


def sample_neighbors(
    matrix: sparse.csr_array, nodes: NDArray[np.int64], sample_size: int, rng: np.random.Generator
) -> sparse.csr_array:
    """Cut out some nodes' rows of a matrix, with a sample of their entries.

    Parameters
    ----------
    matrix : csr_array of shape (n_nodes, n_nodes)
    nodes : ndarray of int64 of shape (n_out,)
    sample_size : int
        Entries kept of a row at most, without replacement. An entry on the diagonal is always kept, beside these.
    rng : numpy.random.Generator

    Returns
    -------
    sampled : csr_array of shape (n_out, n_nodes)
        What is kept off the diagonal is scaled up so that it has the sum of all that was there: for a mean over the
        neighbors, the mean over the sample.

    Notes
    -----
    O(entries of these rows), by sorting one random key per entry: the smallest keys are a uniform sample without
    replacement.
    """
    starts = matrix.indptr[nodes].astype(np.int64)
    degrees = matrix.indptr[nodes + 1].astype(np.int64) - starts
    row = np.repeat(np.arange(len(nodes)), degrees)
    offsets = np.concatenate([[0], np.cumsum(degrees)])
    entries = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], degrees)
    columns, data = matrix.indices[entries], matrix.data[entries]
    loops = columns == nodes[row]
    keys = rng.standard_exponential(len(entries))
    keys[loops] = -1.0
    order = np.lexsort((keys, row))
    rank = np.arange(len(entries)) - np.repeat(offsets[:-1], degrees)
    n_loops = np.bincount(row[loops], minlength=len(nodes))
    kept = order[rank < np.repeat(np.minimum(degrees, sample_size + n_loops), degrees)]
    kept.sort()  # rows stay in the order of their columns
    # w_ij, j sampled, times sum_j w_ij / sum of those sampled, both off the diagonal
    away = np.where(loops, 0, data)
    total = np.bincount(row, weights=away, minlength=len(nodes))
    left = np.bincount(row[kept], weights=away[kept], minlength=len(nodes))
    scale = (total / np.where(left == 0, 1, left)).astype(np.float32)
    values = np.where(loops[kept], data[kept], data[kept] * scale[row[kept]])
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[kept], minlength=len(nodes)))])
    return sparse.csr_array((values.astype(np.float32), columns[kept], indptr), shape=(len(nodes), matrix.shape[1]))
