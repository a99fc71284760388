"""Ask through a store: what is there is looked up, what is missing is asked once, by one worker."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from skellagnn.base.interrupts import holding_interrupts
from skellagnn.exceptions import EnhancerError, InvalidParameterError, StoreError
from skellagnn.llm.enhancers import Answer
from skellagnn.llm.store._answers import as_answer
from skellagnn.llm.store._keys import QuestionKey, check_name
from skellagnn.llm.store._owners import is_dead, started_at, this_machine
from skellagnn.llm.store._store import ResponseStore

_LOGGER = logging.getLogger("skellagnn")

# A claim that runs for so many leases more was made before somebody set the clock back.
_MOST_LEASES = 10

# Answers that arrive one by one are committed together if they are closer than this, in seconds.
_GATHER_SECONDS = 0.05
_FIRST_POLL_SECONDS = 0.02
# How many keys are tried at a time, at most, where others have claimed many of them.
_MAX_WINDOW = 2000


@dataclass(frozen=True)
class AskOutcome:
    """What came of :func:`ask_through`.

    Attributes
    ----------
    answers : dict of QuestionKey to Answer
        All that is answered now, in the order of the keys passed.
    asked_keys : frozenset of QuestionKey
        What this call asked and got a reply to, failures included.
    failed_keys : frozenset of QuestionKey
        What this call asked and got None for.
    left_keys : frozenset of QuestionKey
        What is neither answered nor failed: the call was stopped before, or ``ask`` passed over it.
    found, asked, failed, left : int
        How many: found in the store (or answered by others meanwhile), asked, failed, left. The first, second and
        last add up to the distinct keys.
    """

    answers: dict[QuestionKey, Answer]
    asked_keys: frozenset[QuestionKey] = field(repr=False)
    failed_keys: frozenset[QuestionKey] = field(repr=False)
    left_keys: frozenset[QuestionKey] = field(repr=False)

    @property
    def asked(self) -> int:
        return len(self.asked_keys)

    @property
    def failed(self) -> int:
        return len(self.failed_keys)

    @property
    def left(self) -> int:
        return len(self.left_keys)

    @property
    def found(self) -> int:
        return len(self.answers) + self.failed - self.asked


def ask_through(
    store: ResponseStore,
    model: str,
    keys: Iterable[QuestionKey],
    ask: Callable[[list[QuestionKey]], Iterable[tuple[QuestionKey, str | Answer | None]]],
    *,
    batch_size: int = 32,
    poll: float = 2.0,
    on_answers: Callable[[Mapping[QuestionKey, Answer | None]], object] | None = None,
    on_found: Callable[[Mapping[QuestionKey, Answer]], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> AskOutcome:
    """Get answers from the store, and ask what is missing so that nobody asks it twice.

    Batches are claimed, asked and committed one after the other; a thread commits answers as they arrive and renews
    the claims while a batch runs long. What others have claimed is waited for: until they answer it, or until their
    claims end and it can be asked here.

    Parameters
    ----------
    store : ResponseStore
    model : str
        The enhancer's ``name``.
    keys : iterable of QuestionKey
        What is wanted. Asked in this order, each once.
    ask : callable(list of QuestionKey) -> iterable of (QuestionKey, str, Answer or None)
        Gets at most ``batch_size`` keys. A generator that yields each answer when it arrives loses the least when
        something breaks. None means failed: not stored, and not asked again in this call. A key that it passes
        over is left.
    batch_size : int, default=32
        How many questions are claimed and passed to ``ask`` at a time.
    poll : float, default=2.0
        The longest pause between two looks at what others have claimed, in seconds. The first pauses are shorter.
    on_answers : callable(dict of QuestionKey to Answer or None), default=None
        Called in this thread with what was asked, after it was committed; None is a failure.
    on_found : callable(dict of QuestionKey to Answer), default=None
        Called in this thread with what was found in the store.
    should_stop : callable() -> bool, default=None
        Asked before each batch and each pause; True ends the call and leaves the rest.

    Returns
    -------
    outcome : AskOutcome

    Raises
    ------
    StoreError
        If an answer that arrived cannot be stored. Its ``unsaved`` holds such answers.
    BaseException
        Whatever ``ask`` or a callback raises, KeyboardInterrupt included, with its own traceback: after all that
        arrived was stored and the other claims were released.

    Examples
    --------
    >>> import tempfile
    >>> from skellagnn.llm.store import QuestionKey, ResponseStore, ask_through
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = ResponseStore(folder.name + "/answers.sqlite")
    >>> keys = [QuestionKey("keywords:0a1b", digest) for digest in ("9f86", "d081")]
    >>> first = ask_through(store, "my-model", keys, lambda batch: [(key, key.digest.upper()) for key in batch])
    >>> again = ask_through(store, "my-model", keys, lambda batch: [])
    >>> first.asked, again.asked, again.found, again.answers[keys[0]]
    (2, 0, 2, '9F86')
    >>> store.close()
    >>> folder.cleanup()
    """
    check_name(model, "model")
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise InvalidParameterError(f"`batch_size` must be a positive int, got {batch_size!r}. Try 32.")
    if isinstance(poll, bool) or not isinstance(poll, (int, float)) or not poll > 0:
        raise InvalidParameterError(f"`poll` must be a positive number of seconds, got {poll!r}. Try 2.0.")
    wanted = list(dict.fromkeys(keys))
    queue = _Queue(store, model, wanted, on_found)
    with _Worker(store, model, on_answers) as worker:
        pause = first_pause = min(_FIRST_POLL_SECONDS, poll)
        while not queue.is_done and not (should_stop is not None and should_stop()):
            if batch := queue.next_batch(worker, batch_size):
                worker.ask(batch, ask)
                pause = first_pause
            elif queue.only_waits:
                if worker.free_dead(queue.busy):
                    queue.try_again()
                    continue
                time.sleep(pause)
                pause = min(2 * pause, poll)
            if queue.only_waits:
                queue.look_again()
    answers = {**queue.answers, **worker.answers}
    return AskOutcome(
        {key: answers[key] for key in wanted if key in answers},
        frozenset(worker.answers.keys() | worker.failed),
        frozenset(worker.failed),
        frozenset(key for key in wanted if key not in answers and key not in worker.failed),
    )


class _Queue:
    """What one call still wants: to be asked here, as far as anybody knows, or claimed by others when last tried."""

    def __init__(
        self,
        store: ResponseStore,
        model: str,
        wanted: Iterable[QuestionKey],
        on_found: Callable[[Mapping[QuestionKey, Answer]], object] | None,
    ) -> None:
        self.store = store
        self.model = model
        self.on_found = on_found
        self.answers: dict[QuestionKey, Answer] = {}  # found in the store
        self.busy: list[QuestionKey] = []
        self._free = deque(self._look_up(wanted))

    @property
    def is_done(self) -> bool:
        return not self._free and not self.busy

    @property
    def only_waits(self) -> bool:
        return not self._free

    def next_batch(self, worker: _Worker, size: int) -> list[QuestionKey]:
        """Claim the next questions to ask; none where others have claimed all of them."""
        batch: list[QuestionKey] = []
        width = size
        while self._free and 2 * len(batch) <= size:  # half a batch now is better than a whole one later
            window = [self._free.popleft() for _ in range(min(width, len(self._free)))]
            width = min(2 * width, max(_MAX_WINDOW, size))
            mine = worker.claim(window, size - len(batch))
            batch += [key for key in window if key in mine]
            others = [key for key in window if key not in mine]
            if len(batch) == size:
                self._free.extendleft(reversed(others))
            elif others:
                self.busy.extend(self._look_up(others))
        return batch

    def look_again(self) -> None:
        """Take up what others had claimed and have not answered."""
        self.busy = self._look_up(self.busy)
        self.try_again()

    def try_again(self) -> None:
        self._free.extend(self.busy)
        self.busy = []

    def _look_up(self, missing: Iterable[QuestionKey]) -> list[QuestionKey]:
        missing = list(missing)
        found = self.store.get_many(self.model, missing)
        self.answers.update(found)
        if found and self.on_found is not None:
            self.on_found(found)
        return [key for key in missing if key not in found]


class _Worker:
    """The claims of one call, and the thread that keeps them and commits what arrives."""

    def __init__(self, store: ResponseStore, model: str, on_answers: Callable[[Any], object] | None) -> None:
        self.store = store
        self.model = model
        self.on_answers = on_answers
        self.owner = f"{this_machine()}:{os.getpid()}:{started_at(os.getpid())}:{uuid.uuid4().hex}"
        self._said = False
        self.answers: dict[QuestionKey, Answer] = {}  # committed
        self.failed: set[QuestionKey] = set()
        self._held: set[QuestionKey] = set()
        self._arrived: dict[QuestionKey, Answer] = {}  # not yet committed
        self._news: dict[QuestionKey, Answer | None] = {}  # not yet told to on_answers
        self._trouble: StoreError | None = None
        # Held while committing, so that a commit is over when another one looks at its outcome; never while asking.
        self._committing = threading.Lock()
        self._changing = threading.Lock()  # guards the dicts and sets, for moments
        self._awake = threading.Event()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        with holding_interrupts():  # one that comes now, or comes again, would lose what arrived
            self._end(error)

    def _end(self, error: BaseException | None) -> None:
        """Keep what arrived and release the rest, whatever ended the call."""
        self._over.set()
        self._awake.set()
        if self._thread is not None:
            self._thread.join()
        failure = error if isinstance(error, StoreError) and error.unsaved else None
        try:
            if failure is None:
                self._commit()
        except StoreError as another:
            failure = another
        self._release()
        if failure is not None:
            raise StoreError(
                f"{failure} In this call {len(self.answers)} answers were stored before; {len(failure.unsaved)} more "
                "arrived and are in the attribute `unsaved` of this error.",
                failure.unsaved,
            ) from (failure if error is None or error is failure else error)
        if self.answers and error is not None and hasattr(error, "add_note"):  # Python 3.11
            error.add_note(
                f"The {len(self.answers)} answers that arrived in this call are kept in the response store "
                f"{self.store.location}; running the same again asks only for the rest."
            )

    def claim(self, keys: list[QuestionKey], limit: int) -> set[QuestionKey]:
        with self._changing:
            self._held.update(keys)  # before, so that an interrupt in between leaves no claim behind
        mine = self.store.claim(self.model, keys, self.owner, limit)
        with self._changing:
            self._held.difference_update(set(keys).difference(mine))
        if self._thread is None and mine:
            self._thread = threading.Thread(target=self._keep, name="skellagnn-store", daemon=True)
            self._thread.start()
        return mine

    def free_dead(self, keys: list[QuestionKey]) -> bool:
        """Drop the claims of processes that are dead or whose clock was another; say once what else is waited for."""
        claims = self.store.claims(self.model, keys)
        dead: dict[str, list[QuestionKey]] = {}
        for key, (owner, seconds) in claims.items():
            if is_dead(owner) or seconds > _MOST_LEASES * float(self.store.lease):
                dead.setdefault(owner, []).append(key)
        for owner, theirs in dead.items():
            self.store.release(self.model, theirs, owner)
        if dead:
            return True
        if claims and not self._said:
            self._said = True
            owners = sorted({":".join(owner.split(":")[:2]) for owner, _ in claims.values()})
            _LOGGER.warning(
                "Waiting for %d answers that %s asks for in the store %s: until they are there, or for %.0f s at most "
                "if it has stopped.",
                len(claims),
                " and ".join(owners[:3]),
                self.store.location,
                max(seconds for _, seconds in claims.values()),
            )
        return False

    def ask(self, batch: list[QuestionKey], ask: Callable[[list[QuestionKey]], Iterable[tuple[Any, Any]]]) -> None:
        open_keys = set(batch)
        replies = ask(list(batch))
        try:
            for key, reply in replies:
                if key not in open_keys:
                    if key in batch:
                        continue  # said twice: the first counts, as in the store
                    raise EnhancerError(
                        f"`ask` must yield (key, answer) for keys that it was asked for, got one for {key!r:.200}. Ask "
                        "again for the rest: what arrived before is kept."
                    )
                open_keys.remove(key)
                self._take(key, reply)
                self._report()
        finally:
            close = getattr(replies, "close", None)
            if callable(close):
                close()
        self._commit()
        self._report()
        self._release()

    def _take(self, key: QuestionKey, reply: Any) -> None:
        answer = None if reply is None else as_answer(reply, key)
        with self._changing:
            if answer is None:
                self.failed.add(key)
                self._news[key] = None
            else:
                self._arrived[key] = answer
        self._awake.set()
        if self._trouble is not None:  # nothing more is paid for what cannot be kept
            self._commit()  # raises what the thread met, unless it has passed
            self._trouble = None

    def _report(self) -> None:
        if self.on_answers is None:
            return
        with self._changing:
            news, self._news = self._news, {}
        if news:
            self.on_answers(news)

    def _commit(self) -> None:
        with self._committing:
            with self._changing:
                arrived = dict(self._arrived)
            if not arrived:
                return
            try:
                n_new = self.store.put_many(self.model, arrived, self.owner)
                if n_new < len(arrived):  # our lease ran out and another one was faster: the first answer is the answer
                    arrived.update(self.store.get_many(self.model, arrived))
            except StoreError as error:
                raise StoreError(str(error), arrived) from error
            with self._changing:
                self.answers.update(arrived)
                self._news.update(arrived)
                self._held.difference_update(arrived)
                for key in arrived:
                    del self._arrived[key]

    def _release(self) -> None:
        with self._changing:
            held, self._held = self._held, set()
        try:
            if held:
                self.store.release(self.model, held, self.owner)
        except StoreError as error:
            _LOGGER.warning("%d claims could not be released and end with their lease: %s", len(held), error)

    def _keep(self) -> None:
        """Run in the thread: commit what arrives and renew what is held, until the call is over."""
        beat = float(self.store.lease) / 3
        due = time.monotonic() + beat
        while not self._over.is_set():
            self._awake.wait(max(0.0, due - time.monotonic()))
            self._over.wait(min(_GATHER_SECONDS, beat / 10))  # what comes in close together is one commit
            self._awake.clear()
            if time.monotonic() >= due:
                due = time.monotonic() + beat
                self._renew()
            if self._trouble is None:
                try:
                    self._commit()
                except StoreError as error:
                    self._trouble = error

    def _renew(self) -> None:
        with self._changing:
            held = set(self._held)
        try:
            self.store.renew(self.model, held, self.owner)
        except StoreError as error:
            _LOGGER.warning("%d claims could not be renewed: %s", len(held), error)
