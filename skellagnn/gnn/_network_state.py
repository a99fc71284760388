"""A network as plain arrays, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn._torch_state import seeded
from skellagnn.gnn._trainer import build_network
from skellagnn.gnn.backbones import build_backbone

__all__ = ["network_arrays", "network_from_arrays"]

# What a network that somebody else describes may ask a factory for; the arrays bound everything else.
WIDEST, DEEPEST = 1 << 20, 1 << 10


def network_arrays(network: nn.Module) -> dict[str, NDArray[Any]]:
    """Return parameters and buffers by name; they share memory with a network on the CPU.

    Raises
    ------
    InvalidParameterError
        If one is no tensor of a type that numpy has.
    """
    arrays = {}
    for name, tensor in network.state_dict().items():
        try:
            arrays[name] = tensor.detach().cpu().numpy()
        except (AttributeError, TypeError) as error:
            kind = getattr(tensor, "dtype", type(tensor).__name__)
            raise InvalidParameterError(
                f"`backbone` must build a network of tensors that numpy has a type for, got {kind} as {name!r}. Keep "
                "its parameters in float32, and no other state in it."
            ) from error
    return arrays


def network_from_arrays(
    backbone: str | Callable[..., Any],
    in_channels: int,
    hidden_channels: int,
    out_channels: int,
    n_layers: int,
    dropout: float,
    arrays: Mapping[str, NDArray[Any]],
) -> nn.Module:
    """Build a network and give it parameters and buffers, on the CPU.

    Parameters
    ----------
    backbone, in_channels, hidden_channels, out_channels, n_layers, dropout
        As of :func:`~skellagnn.gnn.backbones.build_backbone`; nothing is allocated that the arrays do not have.
    arrays : mapping of str to ndarray
        All parameters and buffers; copied.

    Returns
    -------
    network : nn.Module
        In evaluation mode, with gradients as the backbone has them.

    Raises
    ------
    InvalidParameterError
        If the arrays are not those of such a network.
    """
    cpu, named = torch.device("cpu"), isinstance(backbone, str)
    largest = max((max(array.shape, default=0) for array in arrays.values()), default=0)
    deepest = max(len(arrays), DEEPEST)  # "sgc" has fewer arrays than propagations
    if max(in_channels, out_channels) > largest or hidden_channels > WIDEST or n_layers > deepest:
        raise InvalidParameterError(
            f"`backbone` must have the size of its weights, got {in_channels} input, {hidden_channels} hidden and "
            f"{out_channels} output channels in {n_layers} layers for {len(arrays)} arrays of at most {largest} rows."
        )
    sizes = (in_channels, hidden_channels, out_channels, n_layers, dropout)
    if named:
        with seeded(0), torch.device("meta"):  # shapes without memory: they are compared before anything is allocated
            network = build_backbone(backbone, *sizes)
    else:
        network = build_network(backbone, *sizes, seed=0, device=cpu)
    wanted = {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in network.state_dict().items()}
    given = {name: torch.tensor(np.asarray(array)) for name, array in arrays.items()}
    found = {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in given.items()}
    if found != wanted:
        odd = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        raise InvalidParameterError(
            f"`backbone` must be the one that the weights belong to, got {backbone!r:.100}, which wants "
            f"{wanted.get(odd[0], 'nothing')} as {odd[0]!r} where {found.get(odd[0], 'nothing')} is, and differs in "
            f"{len(odd) - 1} more."
        )
    network.load_state_dict(given, assign=named)
    return network.eval()
