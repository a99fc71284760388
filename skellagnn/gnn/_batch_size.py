"""How many labeled nodes a step of training takes."""

from __future__ import annotations

import logging

import numpy as np
from scipy import sparse
from torch import nn

from skellagnn.base.resources import available_memory
from skellagnn.gnn._distributed import ProcessGroup
from skellagnn.gnn._layered import LayeredNetwork

__all__ = ["choose_batch_size"]

logger = logging.getLogger("skellagnn")

# Batches are of this size where the whole graph does not fit into that part of the free memory.
BATCH_SIZE = 1024
FULL_GRAPH_PART = 0.5


def choose_batch_size(
    network: nn.Module,
    adjacency: sparse.csr_array,
    n_targets: int,
    n_features: int,
    hidden_channels: int,
    n_layers: int,
    n_neighbors: int | None,
    group: ProcessGroup,
) -> int | None:
    """Return 1024, or None for the whole graph at once if that fits into half of the free memory.

    Parameters
    ----------
    network : nn.Module
    adjacency : csr_array of shape (n_nodes, n_nodes)
    n_targets : int
        Nodes that a step on all labels looks at.
    n_features, hidden_channels, n_layers : int
    n_neighbors : int or None
        What the ranking leaves of the neighbors of a node, at most.
    group : ProcessGroup

    Notes
    -----
    Estimates what a step on all labels holds at once: for each node of its receptive field, the features and their
    mean over the neighbors, before and after dropout, and five arrays for each layer.
    """
    n_nodes = adjacency.shape[0]
    n_read, n_hidden = float(n_nodes), n_layers  # a network of one's own is given the whole graph
    if isinstance(network, LayeredNetwork):
        degrees = np.diff(adjacency.indptr)
        if n_neighbors is not None:
            degrees = np.minimum(degrees, min(n_neighbors, n_nodes))
        reach = network.n_propagations - int(network.gathers)  # the first aggregation may be made beforehand
        n_read = min(n_nodes, n_targets * (1 + float(degrees.mean() if n_nodes else 0)) ** max(0, reach))
        n_hidden = network.n_propagations
    columns = 7 * n_features + 5 * n_hidden * hidden_channels
    size = 4 * columns * n_read  # bytes of float32
    fits = size <= FULL_GRAPH_PART * available_memory() / group.n_local
    fits = not group.any(not fits)  # one process that is short of memory decides for all
    how = "the whole graph at once" if fits else f"batches of {BATCH_SIZE}"
    logger.debug("batch_size='auto' chose %s: %.1f GB for all labels", how, 1e-9 * size)
    return None if fits else BATCH_SIZE
