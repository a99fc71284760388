"""Asking many questions at once, and handing the answers over as they arrive.

Looked at: concurrent.futures, which starts all that is submitted, whether or not anybody takes the outcomes, and whose
threads keep the interpreter from ending after Ctrl-C.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

from skellagnn.base.interrupts import holding_interrupts

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
        After the calls in flight have ended and their outcomes were yielded, wherever Ctrl-C came: here, or in the
        consumer, who may be about to keep one. At a second Ctrl-C after all that had arrived by then was yielded.
    """
    crew = _Crew(ask, count, max_concurrency)
    try:
        with holding_interrupts(crew.interrupt):
            crew.start()  # not before: Ctrl-C while threads start would leave answers that nobody takes
            while crew.is_working:
                try:
                    yield from crew.outcomes()
                except KeyboardInterrupt:  # a second one, or the first where it cannot be held back
                    crew.leaving = crew.interrupted
                    crew.interrupt()
    finally:
        crew.halt()
    if crew.interrupted:
        raise KeyboardInterrupt
    if crew.failure is not None:
        raise crew.failure


class _Crew(Generic[Outcome]):
    """Threads that ask one question after the other, and what they bring."""

    def __init__(self, ask: Callable[[int, threading.Event], Outcome | None], count: int, max_concurrency: int) -> None:
        self.failure: BaseException | None = None
        self.interrupted = False
        self.leaving = False  # nothing is waited for any more
        self._ask = ask
        self._todo = iter(range(count))
        self._todo_lock = threading.Lock()
        self._stop = threading.Event()
        self._n_threads = min(count, max_concurrency)
        self._n_working = 0
        self._room = threading.Semaphore(2 * self._n_threads)
        # None of a thread that ends
        self._arrived: queue.SimpleQueue[tuple[int, Outcome | None, BaseException | None] | None] = queue.SimpleQueue()

    def start(self) -> None:
        """Start the threads."""
        # daemons: after Ctrl-C the interpreter must not wait for replies that nobody will read
        for number in range(self._n_threads):
            self._n_working += 1
            threading.Thread(target=self._work, name=f"skellagnn-ask-{number}", daemon=True).start()

    @property
    def is_working(self) -> bool:
        return self._n_working > 0 and not (self.leaving and self._arrived.empty())

    def outcomes(self) -> Generator[tuple[int, Outcome], None, None]:
        """Yield what arrives, until all threads have ended; of a crew that is left, what has arrived."""
        while self.is_working:
            if self.interrupted and not self._stop.is_set():
                self.halt()
                _LOGGER.warning("Waiting for the answers in flight, which are paid for; Ctrl-C again leaves them.")
            try:
                arrived = self._arrived.get(timeout=_POLL)
            except queue.Empty:
                continue
            if arrived is None:
                self._n_working -= 1
                continue
            position, outcome, error = arrived
            if error is not None:
                self.failure = self.failure or error
                self.halt()
            elif outcome is not None:
                yield position, outcome
            self._room.release()

    def interrupt(self) -> None:
        """Take note of Ctrl-C, also in the middle of anything else."""
        self.interrupted = True

    def halt(self) -> None:
        """Let nobody begin another question."""
        self._stop.set()
        self._room.release(
            max(1, 2 * self._n_threads)
        )  # whoever waits for room now finds that there is nothing left to do

    def _work(self) -> None:
        while True:
            self._room.acquire()
            with self._todo_lock:
                position = next(self._todo, -1)
            if position < 0 or self._stop.is_set():
                self._arrived.put(None)
                return
            try:
                self._arrived.put((position, self._ask(position, self._stop), None))
            except BaseException as error:  # whatever it was, the consumer must hear of it or it would wait for ever
                self._stop.set()  # here, so that no thread begins another one before the consumer hears
                self._arrived.put((position, None, error))
