"""When the next request may start, and whether the server or a question fails; ``_failures`` reads what servers say.

Looked at: tenacity and the client's own retries, which wait for one request and not for all that ask the same server;
pyrate-limiter and aiolimiter, which save up bursts and cannot correct an estimate by what the server counted.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

FIRST_WAIT = 0.5  # seconds before the first retry; doubled for each further one
LONGEST_WAIT = 30.0  # seconds that the doubling stops at
LONGEST_ADVISED_WAIT = 300.0  # seconds: a server that asks for more is not waited for but reported
PATIENCE = 90.0  # seconds that a limit a minute is waited for, however few retries that takes
SAID_WAIT = 5.0  # seconds from which a wait is said aloud
RECENT = 600.0  # seconds for which a success says that the server works

_JITTER = random.SystemRandom()  # nobody's seed is touched, and processes that failed together retry apart


class RateLimit:
    """A token bucket that holds no reserve: what is spent at once is paid off at a constant rate.

    A request starts as soon as all earlier ones are paid off. So the first starts at once, and over any period the
    sum stays within the rate but for the last request. No burst is saved up while idle, because a server counts
    within windows of its own.

    Parameters
    ----------
    per_minute : float
        What may be spent in a minute: requests, or tokens.
    clock : callable, default=time.monotonic
        Tells the time in seconds.
    """

    def __init__(self, per_minute: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60.0
        self._clock = clock
        self._free_at = clock()
        self._lock = threading.Lock()

    def reserve(self, amount: float) -> float:
        """Spend ``amount``; return the seconds to wait before using it."""
        with self._lock:
            now = self._clock()
            start = max(now, self._free_at)
            self._free_at = start + amount / self._per_second
            return start - now

    def correct(self, amount: float) -> None:
        """Spend ``amount`` more than was reserved (less if negative), once the true cost is known."""
        with self._lock:
            self._free_at += amount / self._per_second


class Pause:
    """A time before which nobody asks, set by whoever was told to wait."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = clock()
        self._lock = threading.Lock()

    def extend(self, seconds: float) -> None:
        with self._lock:
            self._until = max(self._until, self._clock() + seconds)

    def remaining(self) -> float:
        with self._lock:
            return max(0.0, self._until - self._clock())


class Blame:
    """Tells a question that the server cannot answer from a server that cannot answer.

    One question that fails, retries included, while the server works must not end everything; a server that died must,
    or each question would be tried in vain. A success clears the server of all failures before it.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_success = float("-inf")
        self._bad: set[str] = set()  # failed while others succeeded
        self._suspect: str | None = None  # failed, and nothing has succeeded since
        self._lock = threading.Lock()

    @property
    def has_succeeded(self) -> bool:
        """Whether the server has answered anything to this process."""
        return self._last_success > float("-inf")

    def succeeded(self, question: str) -> None:
        with self._lock:
            self._last_success = self._clock()
            if self._suspect is not None:
                self._bad.add(self._suspect)
                self._suspect = None
            self._bad.discard(question)

    def falls_on(self, question: str, since: float) -> bool:
        """Say whether a question that failed for good, first sent at ``since``, does so by itself."""
        with self._lock:
            if self._last_success > since:
                self._bad.add(question)
            if question in self._bad:  # no news about the server: it failed when the server worked, too
                return True
            # Nothing succeeded meanwhile, maybe because nothing else is asked: the next question decides. If that one
            # fails as well, the server is to blame.
            if since - self._last_success < RECENT and self._suspect in (None, question):
                self._suspect = question
                return True
            return False


class Limits:
    """All that is known of one server and model. One object a process, however many enhancers and threads share it."""

    def __init__(self, requests_per_minute: float | None, tokens_per_minute: float | None) -> None:
        self.requests = None if requests_per_minute is None else RateLimit(requests_per_minute)
        self.tokens = None if tokens_per_minute is None else RateLimit(tokens_per_minute)
        self.pause = Pause()
        self.blame = Blame()
        self._lock = threading.Lock()
        self._told_until = float("-inf")
        self.trial = threading.Lock()
        self.has_tried = False
        self.refused: set[str] = set()  # optional parts of a request that this server does not take

    def announce(self, seconds: float) -> bool:
        """Say whether a wait is to be told: a long one, and once for all that wait for the same."""
        with self._lock:
            now = time.monotonic()
            if seconds < SAID_WAIT or now < self._told_until:
                return False
            self._told_until = now + seconds
            return True

    def wait(self, tokens: float, stop: threading.Event) -> bool:
        """Wait until a request with that many tokens may start; False if ``stop`` was set meanwhile."""
        seconds = 0.0 if self.requests is None else self.requests.reserve(1)
        if self.tokens is not None:
            seconds = max(seconds, self.tokens.reserve(tokens))
        if seconds and stop.wait(seconds):
            return False
        while seconds := self.pause.remaining():  # another thread may extend the pause while this one waits
            if stop.wait(seconds):
                return False
        return not stop.is_set()

    def correct(self, reserved: float, used: float | None) -> None:
        """Replace the tokens that were reserved by those that the server counted, where it did."""
        if self.tokens is not None and used is not None:
            self.tokens.correct(used - reserved)


_LIMITS: dict[tuple[str, str, float | None, float | None], Limits] = {}
_LIMITS_LOCK = threading.Lock()


def shared_limits(url: str, model: str, requests_per_minute: float | None, tokens_per_minute: float | None) -> Limits:
    """Return this process's limits for a model of a server, so that clones and threads share one allowance."""
    key = (url, model, requests_per_minute, tokens_per_minute)
    with _LIMITS_LOCK:
        if key not in _LIMITS:
            _LIMITS[key] = Limits(requests_per_minute, tokens_per_minute)
        return _LIMITS[key]


def backoff(attempt: int) -> float:
    """Return the seconds to wait after failed attempt 0, 1, ...: exponential, between half and all of it."""
    # the exponent is bounded as well: a float overflows long before anybody's max_retries
    return min(FIRST_WAIT * 2.0 ** min(attempt, 32), LONGEST_WAIT) * _JITTER.uniform(0.5, 1.0)


def with_jitter(seconds: float) -> float:
    """Return a little more than a wait that many were told, so that they do not all come back in one moment."""
    return seconds + FIRST_WAIT * _JITTER.uniform(0.0, 0.5)
