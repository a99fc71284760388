"""Asking many questions at once, and handing the answers over as they arrive.

Looked at: concurrent.futures, which starts all that is submitted, whether or not anybody takes the outcomes, and whose
threads keep the interpreter from ending after Ctrl-C.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

Outcome = TypeVar("Outcome")

_LOGGER = logging.getLogger("skellagnn")

_POLL = 0.5  # seconds; a wait without end cannot be interrupted by Ctrl-C on every system


def gather(
    ask: Callable[[int, threading.Event], Outcome | None], count: int, max_concurrency: int
) -> Generator[tuple[int, Outcome], None, None]:
    """Call ``ask(position, stop)`` for 0 .. count - 1 from several threads; yield outcomes in order of arrival.

    Parameters
    ----------
    ask : callable(int, Event) -> object or None
        None says that it gave up because ``stop`` was set.
    count : int
    max_concurrency : int
        Calls in flight.

    Yields
    ------
    position, outcome
        At most ``2 * max_concurrency`` calls are in flight or arrived but not taken: a consumer that stops early has
        paid for no more than that.

    Raises
    ------
    Exception
        The first one that ``ask`` raises, after the calls in flight have ended and their outcomes were yielded.
    KeyboardInterrupt
        After the calls in flight have ended and their outcomes were yielded; at a second Ctrl-C after all that had
        arrived by then was yielded.
    """
    n_threads = min(count, max_concurrency)
    todo = iter(range(count))
    todo_lock = threading.Lock()
    stop = threading.Event()
    room = threading.Semaphore(2 * n_threads)
    arrived: queue.SimpleQueue[tuple[int, Outcome | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            room.acquire()
            with todo_lock:
                position = next(todo, -1)
            if position < 0 or stop.is_set():
                arrived.put((-1, None, None))
                return
            try:
                arrived.put((position, ask(position, stop), None))
            except BaseException as error:  # whatever it was, the consumer must hear of it or it would wait for ever
                stop.set()  # here, so that no thread begins another one before the consumer hears
                arrived.put((position, None, error))

    def halt() -> None:
        stop.set()
        room.release(2 * n_threads)  # whoever waits for room now finds that there is nothing left to do

    # daemons: after Ctrl-C the interpreter must not wait for replies that nobody will read
    for number in range(n_threads):
        threading.Thread(target=work, name=f"skellagnn-ask-{number}", daemon=True).start()
    failure: BaseException | None = None
    n_working = n_threads
    leaving = False

    def outcomes() -> Generator[tuple[int, Outcome], None, None]:
        nonlocal failure, n_working
        while n_working:
            try:
                position, outcome, error = arrived.get(block=not leaving, timeout=_POLL)
            except queue.Empty:
                if leaving:
                    return
                continue
            if error is not None:
                failure = failure or error
                halt()
            elif position < 0:
                n_working -= 1
            elif outcome is not None:
                yield position, outcome
            room.release()

    try:
        while True:
            try:
                yield from outcomes()
                break
            except KeyboardInterrupt as interrupt:  # raised anywhere in between: all of it is covered
                leaving = isinstance(failure, KeyboardInterrupt)
                failure = interrupt
                halt()
                if not leaving:
                    _LOGGER.warning("Waiting for the answers in flight, which are paid for; Ctrl-C again leaves them.")
    finally:
        halt()
    if failure is not None:
        raise failure
