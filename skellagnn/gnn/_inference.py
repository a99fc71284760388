"""Exact, LLM-free logits: all that prediction needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from skellagnn.base.resources import available_memory, scratch_array
from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn._layered import Gathered, LayeredNetwork
from skellagnn.gnn._sampling import NeighborSampler
from skellagnn.gnn._sparse import aggregate, edge_form_of, edge_matrix, edges_for, make_edges
from skellagnn.gnn._torch_state import plain_torch

__all__ = ["check_output", "check_rows", "predict_logits", "to_tensor"]

# A block of nodes may take this fraction of the free memory, with six arrays as wide as the widest layer beside it.
BLOCK_FRACTION = 0.1
BLOCK_ARRAYS = 6
SMALLEST_BLOCK = 1 << 15


def predict_logits(
    network: nn.Module,
    adjacency: sparse.csr_array,
    raw: NDArray[Any],
    device: torch.device | str = "cpu",
    *,
    targets: NDArray[np.int64] | None = None,
) -> NDArray[np.float32]:
    """Run the network on raw feature vectors, no dropout, all neighbors.

    Parameters
    ----------
    network : nn.Module
    adjacency : csr_array of shape (n_nodes, n_nodes)
        Ranked edges.
    raw : ndarray of float32 or float16 of shape (n_nodes, n_features)
    device : torch.device or str
    targets : ndarray of int64 of shape (n_targets,), default=None
        Nodes whose logits are wanted, repeats allowed; by default all.

    Returns
    -------
    logits : ndarray of float32 of shape (n_targets, n_classes)

    Raises
    ------
    InvalidParameterError
        If they stand for no probabilities: NaN, or none of a node's scores below infinity; or are not a row per node.

    Notes
    -----
    Built-in networks are run layer by layer, as many nodes at a time as a tenth of the free memory allows, and only for
    nodes in the receptive field of the targets: exact, with memory for the vectors of two layers. A network of one's
    own sees the whole graph at once.
    """
    home = next((parameter.device for parameter in network.parameters()), torch.device(device))
    was_training = network.training
    network.to(device).eval()
    try:
        with plain_torch(), torch.no_grad():
            if isinstance(network, LayeredNetwork):
                logits = _by_layers(network, adjacency, raw, device, targets)
            else:
                output = network(to_tensor(raw, device), edges_for(network, adjacency, device))
                everywhere = check_rows(output, len(raw)).cpu().numpy()
                logits = np.asarray(everywhere if targets is None else everywhere[targets])
    finally:
        # as it was found: `to` moves a module in place, and a fitted one is kept (and pickled) on the CPU
        network.to(home).train(was_training)
    # a network may give single classes a score of -inf; a softmax needs one score that is a number
    n_bad = int((~np.isfinite(logits.max(axis=1))).sum())
    if n_bad:
        raise InvalidParameterError(
            "`X` must have features and edge weights of which the network makes finite class scores, got NaN or "
            f"infinite ones for {n_bad} of {len(logits)} nodes. Make weights and features smaller, or fit with a "
            "smaller `learning_rate_init`."
        )
    return logits


def _by_layers(
    network: LayeredNetwork,
    adjacency: sparse.csr_array,
    raw: NDArray[Any],
    device: torch.device | str,
    targets: NDArray[np.int64] | None,
) -> NDArray[np.float32]:
    form = edge_form_of(network)
    matrix = edge_matrix(form, adjacency)
    n_nodes = matrix.shape[0]
    everything = np.arange(n_nodes)
    if targets is not None and np.array_equal(targets, everything):
        targets = None
    wanted = everything if targets is None else np.unique(targets)
    needed = _receptive_fields(network, matrix, wanted)
    size = _block_size(network, raw)

    def blocks(nodes: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        return [nodes[start : start + size] for start in range(0, max(len(nodes), 1), size)]

    # propagation 0 multiplies on its narrower side where all nodes fit into one block; in blocks, each would transform
    # its neighbors anew, and their mean comes first
    first = int(network.gathers and not (network.narrows and len(needed[0]) <= size))
    present = needed[first]
    parts = []
    for nodes in blocks(present):
        own = _features_of(nodes, raw, device)
        if first:
            gathered = torch.from_numpy(aggregate(_cut(matrix, nodes), raw)).to(device)
            parts.append(network.propagate_gathered(Gathered(own, gathered)))
        else:
            parts.append(network.encode(own))
    made = _stack(parts)
    initial_nodes, initial = present, made
    sampler = NeighborSampler(matrix)
    for i in range(first, network.n_propagations):
        parts = []
        for nodes in blocks(needed[i + 1]):
            field = None if len(nodes) == n_nodes else sampler.sample(nodes, 1)
            edges = make_edges(form, matrix if field is None else field.matrices[0], device)
            read = nodes if field is None else field.nodes
            x = _vectors_of(read, made, present, device)
            start = x if network.gathers else _vectors_of(read, initial, initial_nodes, device)
            parts.append(network.propagate(i, x, start, edges))
        present, made = needed[i + 1], _stack(parts)
    scores = _stack([network.decode(_vectors_of(nodes, made, present, device)) for nodes in blocks(present)])
    return scores if targets is None else scores[np.searchsorted(wanted, targets)]


def _receptive_fields(
    network: LayeredNetwork, matrix: sparse.csr_array, wanted: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Return the nodes whose vectors propagation 0, 1, ... reads, and in the end those that are wanted; sorted each."""
    fields = [wanted]
    for _ in range(network.n_propagations):
        fields.append(_with_sources(matrix, fields[-1], matrix.shape[0]))
    return fields[::-1]


def _block_size(network: LayeredNetwork, raw: NDArray[Any]) -> int:
    """Return the number of nodes that fit into the memory of a block."""
    if len(raw) <= SMALLEST_BLOCK:  # finding out what memory is free takes a tenth of the time of a small prediction
        return SMALLEST_BLOCK
    width = max([raw.shape[1], *(parameter.shape[0] for parameter in network.parameters())])
    return max(SMALLEST_BLOCK, int(BLOCK_FRACTION * available_memory() / (4 * width * BLOCK_ARRAYS)))


def _features_of(nodes: NDArray[np.int64], raw: NDArray[Any], device: torch.device | str) -> Tensor:
    """Return feature vectors at increasing places without repeats."""
    found = raw if len(nodes) == len(raw) else raw[nodes]
    if found.dtype == np.float32 and found.flags.writeable and torch.device(device).type == "cpu":
        return torch.from_numpy(found)  # nothing that ships writes into its input
    return to_tensor(found, device)


def _with_sources(matrix: sparse.csr_array, nodes: NDArray[np.int64], n_nodes: int) -> NDArray[np.int64]:
    """Return the nodes and the sources of all edges into them, sorted."""
    if len(nodes) == n_nodes:
        return nodes
    mark = np.zeros(n_nodes, dtype=bool)
    mark[nodes] = True
    mark[matrix[nodes].indices] = True
    return np.flatnonzero(mark)


def _cut(matrix: sparse.csr_array, nodes: NDArray[np.int64]) -> sparse.csr_array:
    return matrix if len(nodes) == matrix.shape[0] else matrix[nodes]


def _vectors_of(
    nodes: NDArray[np.int64], made: NDArray[np.float32], present: NDArray[np.int64], device: torch.device | str
) -> Tensor:
    """Return the vectors of some nodes out of those that were made, of the nodes present, which are sorted."""
    if len(nodes) == len(present) and bool((nodes == present).all()):
        return torch.from_numpy(made).to(device)
    return torch.from_numpy(made[np.searchsorted(present, nodes)]).to(device)


def _stack(parts: list[Tensor]) -> NDArray[np.float32]:
    arrays = [part.cpu().numpy() for part in parts]
    if len(arrays) == 1:
        return np.asarray(arrays[0])
    stacked = scratch_array((sum(map(len, arrays)), arrays[0].shape[1]), np.float32)
    np.concatenate(arrays, out=stacked)
    return stacked


def to_tensor(vectors: NDArray[Any], device: torch.device | str) -> Tensor:
    """Copy into a tensor of float32: what comes in may be a read-only memory map, which torch cannot share."""
    return torch.tensor(vectors, dtype=torch.float32, device=device)


def check_rows(output: Tensor, n_nodes: int) -> Tensor:
    """Return what a network of one's own returned for a graph, if that is a row for each node.

    Raises
    ------
    InvalidParameterError
        If it is not.
    """
    if len(output) != n_nodes:
        raise InvalidParameterError(
            "`backbone` must build a module whose forward(x, edge_index) returns a row of scores for each of "
            f"{n_nodes} nodes, got {len(output)} rows. Return them for all nodes, in the order of x."
        )
    return output


def check_output(logits: Any, n_nodes: int, n_classes: int, backbone: Any) -> None:
    """Check what a network returned once, before it is trained.

    Raises
    ------
    InvalidParameterError
        If it is no tensor of shape (n_nodes, n_classes).
    """
    shape = tuple(logits.shape) if isinstance(logits, Tensor) else None
    if shape != (n_nodes, n_classes):
        raise InvalidParameterError(
            f"`backbone` must build a module whose forward(x, edge_index) returns a tensor of shape (n_nodes, "
            f"out_channels) = ({n_nodes}, {n_classes}), got {type(logits).__name__ if shape is None else shape} from "
            f"{backbone!r}. It is called as backbone(in_channels, hidden_channels, out_channels, n_layers, dropout); "
            "PyG's models take the number of layers third."
        )
