"""Several processes that train one network together, on top of torch.distributed.

Every process holds the graph and the same weights. Each works on its share of a step's nodes; gradients are summed, so
that all take the step that one process would take on all of these nodes.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skellagnn.exceptions import InvalidParameterError, SkellagnnError

__all__ = ["ALONE", "ProcessGroup"]

T = TypeVar("T")

# The others wait while the first process asks the LLM. One that fails or ends is noticed at once, by its closed
# connections; a machine that vanishes without closing them is for torchrun to notice.
PATIENCE = timedelta(days=30)


class ProcessGroup:
    """The processes of a fit: here a single one, which shares with nobody. Several: :meth:`joined`.

    Attributes
    ----------
    rank : int
        Of this process, counted from 0.
    size : int
        Number of processes.
    n_local : int
        How many of them share this machine's memory.
    """

    rank, size, n_local = 0, 1, 1

    @classmethod
    @contextmanager
    def joined(cls, wanted: bool) -> Iterator[ProcessGroup]:
        """Join the processes inside the block; an error in one of them ends the block in all.

        Parameters
        ----------
        wanted : bool
            False: this process stays alone.

        Raises
        ------
        InvalidParameterError
            If this process is in no process group.
        SkellagnnError
            If another process left the block by an error, or ended.
        """
        if not wanted:
            yield ALONE
            return
        group = _SeveralProcesses()
        try:
            yield group
        finally:
            group.leave()

    def share(self, nodes: NDArray[Any]) -> NDArray[Any]:
        """Return this process's part of an array that all processes have."""
        return nodes

    def add(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum over the processes."""
        return values

    def any(self, value: bool) -> bool:
        """Whether it is true in any process."""
        return bool(self.add(np.array([float(value)]))[0] > 0)

    def compute_once(self, function: Callable[[], T]) -> T:
        """Call a function in the first process only, and return its result in all."""
        return function()

    def add_gradients(self, network: nn.Module) -> None:
        """Replace every gradient by its sum over the processes."""

    def share_state(self, network: nn.Module) -> None:
        """Give all processes the weights and buffers of the first one: running means, say, are each process's own."""

    def check_same(self, arrays: list[NDArray[Any]], rest: Any) -> None:
        """Check that arrays, and what else prints alike, are the same in all processes."""


ALONE = ProcessGroup()


class _SeveralProcesses(ProcessGroup):
    """The processes of torch.distributed's default group, joined once more for one fit.

    What is exchanged is small, so it always goes through gloo and the CPU, whatever the backend of the default group.
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
        # torchrun says so
        self.n_local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        # of its own, so that it can be closed: then the others do not wait for a process that failed
        self._handle: Any = distributed.new_group(backend="gloo", timeout=PATIENCE)

    def leave(self) -> None:
        self._distributed.destroy_process_group(self._handle)
        self._handle = None

    def share(self, nodes: NDArray[Any]) -> NDArray[Any]:
        return nodes[self.rank :: self.size]

    def add(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        total = torch.tensor(values)
        self._exchange(self._distributed.all_reduce, total)
        return np.asarray(total.numpy())

    def compute_once(self, function: Callable[[], T]) -> T:
        result = [function() if self.rank == 0 else None]
        self._exchange(self._distributed.broadcast_object_list, result, src=0)
        return result[0]  # type: ignore[return-value]

    def add_gradients(self, network: nn.Module) -> None:
        parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        gradients = [
            torch.zeros_like(parameter) if parameter.grad is None else parameter.grad for parameter in parameters
        ]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients]).cpu()
        self._exchange(self._distributed.all_reduce, flat)
        parts = torch.split(flat, [gradient.numel() for gradient in gradients])
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad = part.view_as(parameter).to(parameter.device, copy=True)

    def share_state(self, network: nn.Module) -> None:
        for tensor in network.state_dict().values():
            sent = tensor.detach().cpu()
            self._exchange(self._distributed.broadcast, sent, src=0)
            tensor.copy_(sent)

    def check_same(self, arrays: list[NDArray[Any]], rest: Any) -> None:
        own = zlib.crc32(repr(rest).encode())
        for array in arrays:
            own = zlib.crc32(np.ascontiguousarray(array).data, own)
        first = self.compute_once(lambda: own)
        n_others = int(self.add(np.array([float(own != first)]))[0])
        if n_others:
            raise InvalidParameterError(
                f"`X`, `y` and the parameters must be the same in all {self.size} processes of `data_parallel`, got "
                f"others than in the first process in {n_others}. Give every process the whole graph and all labels: "
                "each takes its share of the nodes by itself."
            )

    def _exchange(self, function: Callable[..., Any], sent: Tensor | list[Any], **options: Any) -> None:
        try:
            function(sent, group=self._handle, **options)
        except RuntimeError as error:
            raise SkellagnnError(
                f"All {self.size} processes of `data_parallel` must come to the end of fit, but another one failed or "
                f"ended while process {self.rank} was waiting. Look for the error of that process."
            ) from error
