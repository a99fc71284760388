"""Several processes that train one network together, on top of torch.distributed.

Every process holds the graph and the same weights. Each works on its share of a step's nodes; gradients are summed, so
that all take the step that one process would take on all of these nodes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from skellagnn.exceptions import InvalidParameterError

__all__ = ["ProcessGroup"]


class ProcessGroup:
    """The default process group of torch.distributed.

    Raises
    ------
    InvalidParameterError
        If none has been initialized.
    """

    def __init__(self) -> None:
        from torch import distributed

        if not (distributed.is_available() and distributed.is_initialized()):
            raise InvalidParameterError(
                "`data_parallel` must be False where this process is in no process group, got True. Start the script "
                "with torchrun, and call torch.distributed.init_process_group() before fit."
            )
        self._distributed: Any = distributed
        self.rank = int(distributed.get_rank())
        self.size = int(distributed.get_world_size())

    def share(self, nodes: NDArray[Any]) -> NDArray[Any]:
        """Return this process's part of an array that all processes have."""
        return nodes[self.rank :: self.size]

    def add_gradients(self, network: nn.Module) -> None:
        """Replace every gradient by its sum over the processes."""
        parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        gradients = [
            torch.zeros_like(parameter) if parameter.grad is None else parameter.grad for parameter in parameters
        ]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        self._distributed.all_reduce(flat)
        parts = torch.split(flat, [gradient.numel() for gradient in gradients])
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad = part.view_as(parameter).clone()

    def add(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum over the processes."""
        total = self._tensor(values)
        self._distributed.all_reduce(total)
        return np.asarray(total.cpu().numpy())

    def first(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what the first process has."""
        sent = self._tensor(values)
        self._distributed.broadcast(sent, src=0)
        return np.asarray(sent.cpu().numpy())

    def _tensor(self, values: NDArray[np.float64]) -> torch.Tensor:
        on_gpu = self._distributed.get_backend() == "nccl"
        return torch.tensor(values, device="cuda" if on_gpu else "cpu")
