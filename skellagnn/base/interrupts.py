"""Ctrl-C at a good moment: what must not be torn apart comes to its end first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["holding_interrupts"]


@contextmanager
def holding_interrupts(on_first: Callable[[], object] | None = None) -> Iterator[None]:
    """Hold the first Ctrl-C back until the block is over; the second one is raised at once.

    Nothing is held back in other threads than the main one, which gets no signals, nor where somebody else handles
    Ctrl-C: a notebook's kernel, a server, or such a block around this one.

    Parameters
    ----------
    on_first : callable, default=None
        Called when the first one comes, at any point of the block: it is to set a flag and take no lock.

    Raises
    ------
    KeyboardInterrupt
        At the end of a block that ended without an error, if Ctrl-C came meanwhile.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    came = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal came
        if came:
            signal.default_int_handler(number, frame)
        came = True
        if on_first is not None:
            on_first()

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt
