"""What a fit borrows of torch's global state, and gives back: generators, default type, gradient mode."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

__all__ = ["lent_back", "plain_torch", "seeded"]

# Dropout draws from generators that all threads of a process share.
_GENERATORS = threading.RLock()


def _forget_lock() -> None:
    global _GENERATORS
    _GENERATORS = threading.RLock()


if hasattr(os, "register_at_fork"):  # a forked process has none of the threads that might hold it
    os.register_at_fork(after_in_child=_forget_lock)


@contextmanager
def plain_torch() -> Iterator[None]:
    """Make new weights single-precise and follow gradients in the block, whatever the caller set for the rest.

    Notebooks often start with ``torch.set_default_dtype``, ``torch.set_default_device`` or
    ``torch.set_grad_enabled(False)``, or hold all in ``torch.autocast``.
    """
    before = torch.get_default_dtype()
    if before != torch.float32:  # it is that of all threads: left alone where it is right
        torch.set_default_dtype(torch.float32)
    try:
        with ExitStack() as stack:
            stack.enter_context(torch.inference_mode(False))
            stack.enter_context(torch.enable_grad())
            stack.enter_context(torch.device("cpu"))  # what goes elsewhere is sent there
            for kind in ("cpu", "cuda"):
                if torch.is_autocast_enabled(kind):  # its cache of weights would outlive a step
                    stack.enter_context(torch.autocast(kind, enabled=False, cache_enabled=False))
            yield
    finally:
        if before != torch.float32:
            torch.set_default_dtype(before)


@contextmanager
def seeded(seed: int, device: torch.device | str = "cpu") -> Iterator[None]:
    """Seed torch inside the block only: what the caller's generators would draw next is left as it was.

    Blocks of several threads, as of a search whose workers are threads, wait for each other.
    """
    device = torch.device(device)
    on_gpu = device.type == "cuda"
    with _GENERATORS, torch.random.fork_rng([device] if on_gpu else []), plain_torch():
        # not torch.manual_seed, which would also seed every GPU of the caller
        torch.default_generator.manual_seed(seed)
        if on_gpu:  # pragma: no cover
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


@contextmanager
def lent_back(device: torch.device | str) -> Iterator[None]:
    """Let other threads train meanwhile, and the caller's code draw: neither moves the training's generators."""
    on_gpu = torch.device(device).type == "cuda"
    lock, state = _GENERATORS, torch.get_rng_state()
    gpu_state = torch.cuda.get_rng_state(device) if on_gpu else None
    lock.release()
    try:
        yield
    finally:
        lock.acquire()
        torch.set_rng_state(state)
        if gpu_state is not None:  # pragma: no cover
            torch.cuda.set_rng_state(gpu_state, device)
