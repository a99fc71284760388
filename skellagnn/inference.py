"""Exact, LLM-free logits: all that prediction needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from skellagnn.backbones import edges_for
from skellagnn.exceptions import InvalidParameterError

__all__ = ["check_output", "compute_logits", "predict_logits"]


def predict_logits(
    network: nn.Module,
    adjacency: sparse.csr_array,
    raw: NDArray[np.float32],
    device: torch.device | str = "cpu",
) -> NDArray[np.float32]:
    """Run the network on raw rows, no dropout, all nodes at once.

    Parameters
    ----------
    network : nn.Module
    adjacency : csr_array of shape (n_nodes, n_nodes)
        Ranked edges.
    raw : ndarray of float32 of shape (n_nodes, n_features)
    device : torch.device or str

    Returns
    -------
    logits : ndarray of float32 of shape (n_nodes, n_classes)
    """
    return compute_logits(network, edges_for(network, adjacency, device), raw, device)


def compute_logits(
    network: nn.Module, edges: Any, raw: NDArray[np.float32], device: torch.device | str = "cpu"
) -> NDArray[np.float32]:
    """Do as :func:`predict_logits` on edges that :func:`skellagnn.backbones.edges_for` has prepared."""
    home = next((parameter.device for parameter in network.parameters()), torch.device(device))
    was_training = network.training
    network.to(device).eval()
    try:
        with torch.no_grad():
            logits = network(to_tensor(raw, device), edges)
    finally:
        # as it was found: `to` moves a module in place, and a fitted one is kept (and pickled) on the CPU
        network.to(home).train(was_training)
    return np.asarray(logits.cpu().numpy())


def to_tensor(rows: NDArray[Any], device: torch.device | str) -> Tensor:
    """Copy rows into a tensor: what comes in may be a read-only memory map, which torch cannot share."""
    return torch.tensor(rows, device=device)


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
            f"{backbone!r}. Let its last layer have out_channels columns."
        )
