"""The loop that looks up, claims, asks, commits and waits."""

from __future__ import annotations

import itertools
import os
import platform
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from skellagnn.enhancers import Answer
from skellagnn.exceptions import EnhancerError, InvalidParameterError, StoreError
from skellagnn.llm.store import QuestionKey, ResponseStore, _engines, _owners, ask_through
from skellagnn.llm.store._schema import CLAIMS

KEYS = [QuestionKey("keywords:0a", f"{i:08x}") for i in range(100)]


class Llm:
    """Counts what it is asked, and answers with the digest in capitals."""

    def __init__(self) -> None:
        self.batches: list[list[QuestionKey]] = []

    @property
    def calls(self) -> list[QuestionKey]:
        return [key for batch in self.batches for key in batch]

    def __call__(self, keys: list[QuestionKey]) -> Iterable[tuple[QuestionKey, str | None]]:
        self.batches.append(keys)
        return [(key, answer_to(key)) for key in keys]


def answer_to(key: QuestionKey) -> str:
    return f"answer {key.digest}"


def claims(store: ResponseStore) -> set[QuestionKey]:
    """What is claimed now, by anybody."""
    return set(KEYS) - store.claim("m", KEYS, "a look") - store.get_many("m", KEYS).keys()


class TestCounts:
    def test_each_is_asked_once(self, store: ResponseStore) -> None:
        llm = Llm()
        first = ask_through(store, "m", KEYS, llm, batch_size=8)
        assert first.answers == {key: answer_to(key) for key in KEYS}
        assert (first.found, first.asked, first.failed, first.left) == (0, 100, 0, 0)
        assert llm.calls == KEYS
        assert max(map(len, llm.batches)) == 8
        again = ask_through(store, "m", KEYS, llm)
        assert again.answers == first.answers
        assert (again.found, again.asked) == (100, 0)
        assert len(llm.calls) == 100

    def test_only_what_is_missing_is_asked(self, store: ResponseStore) -> None:
        store.put_many("m", dict.fromkeys(KEYS[::2], "there"))
        llm = Llm()
        outcome = ask_through(store, "m", KEYS, llm)
        assert llm.calls == KEYS[1::2]
        assert (outcome.found, outcome.asked) == (50, 50)
        assert outcome.answers[KEYS[0]] == "there"
        assert list(outcome.answers) == KEYS

    def test_equal_keys_are_one(self, store: ResponseStore) -> None:
        llm = Llm()
        outcome = ask_through(store, "m", [KEYS[3], KEYS[1], KEYS[3]], llm)
        assert llm.calls == [KEYS[3], KEYS[1]]
        assert (outcome.found, outcome.asked, list(outcome.answers)) == (0, 2, [KEYS[3], KEYS[1]])

    def test_nothing_to_ask(self, store: ResponseStore) -> None:
        llm = Llm()
        outcome = ask_through(store, "m", [], llm)
        assert (outcome.answers, outcome.found, outcome.asked, llm.batches) == ({}, 0, 0, [])

    def test_what_is_returned_is_what_is_stored(self, store: ResponseStore) -> None:
        answer = Answer("a\0b", tokens_in=3, seconds=0.5)
        outcome = ask_through(store, "m", KEYS[:1], lambda keys: [(keys[0], answer)])
        stored = store.get_many("m", KEYS[:1])
        assert outcome.answers == stored == {KEYS[0]: "a\ufffdb"}
        assert vars(outcome.answers[KEYS[0]]) == vars(stored[KEYS[0]])


class TestFailures:
    def test_none_is_a_failure_that_is_tried_again_next_time(self, store: ResponseStore) -> None:
        asked: Counter[QuestionKey] = Counter()

        def ask(keys: list[QuestionKey]) -> Iterator[tuple[QuestionKey, str | None]]:
            asked.update(keys)
            yield from ((key, None if key in KEYS[:7] else answer_to(key)) for key in keys)

        outcome = ask_through(store, "m", KEYS, ask, batch_size=5)
        assert (outcome.found, outcome.asked, outcome.failed, outcome.left) == (0, 100, 7, 0)
        assert outcome.failed_keys == set(KEYS[:7])
        assert set(outcome.answers) == set(KEYS[7:])
        assert set(asked.values()) == {1}
        assert claims(store) == set()

    def test_what_ask_passes_over_is_left(self, store: ResponseStore) -> None:
        outcome = ask_through(store, "m", KEYS[:6], lambda keys: [(key, "x") for key in keys[:2]], batch_size=3)
        assert set(outcome.answers) == {KEYS[0], KEYS[1], KEYS[3], KEYS[4]}
        assert outcome.left_keys == {KEYS[2], KEYS[5]}
        assert (outcome.found, outcome.asked, outcome.failed) == (0, 4, 0)
        assert claims(store) == set()

    def test_the_first_of_two_answers_counts(self, store: ResponseStore) -> None:
        outcome = ask_through(store, "m", KEYS[:1], lambda keys: [(keys[0], "one"), (keys[0], "two")])
        assert outcome.answers == store.get_many("m", KEYS[:1]) == {KEYS[0]: "one"}

    def test_an_answer_to_another_question(self, store: ResponseStore) -> None:
        with pytest.raises(EnhancerError, match=r"`ask` must yield .* for keys that it was asked for"):
            ask_through(store, "m", KEYS[:2], lambda keys: [(keys[0], "x"), (KEYS[50], "y")])
        assert store.get_many("m", KEYS) == {KEYS[0]: "x"}

    def test_an_answer_that_is_no_text(self, store: ResponseStore) -> None:
        with pytest.raises(InvalidParameterError, match="`answers` must be strings"):
            ask_through(store, "m", KEYS[:2], lambda keys: [(keys[0], "x"), (keys[1], 7)])  # type: ignore[list-item]
        assert store.get_many("m", KEYS) == {KEYS[0]: "x"}


class TestInterruption:
    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, EnhancerError, ZeroDivisionError])
    def test_what_arrived_is_kept_and_the_rest_released(self, store: ResponseStore, kind: type[BaseException]) -> None:
        closed = []

        def ask(keys: list[QuestionKey]) -> Iterator[tuple[QuestionKey, str]]:
            try:
                for key in keys:
                    if key == KEYS[23]:
                        raise kind("out of the server")
                    yield key, answer_to(key)
            finally:
                closed.append(True)

        with pytest.raises(kind, match="out of the server") as caught:
            ask_through(store, "m", KEYS, ask, batch_size=10)
        assert store.get_many("m", KEYS) == {key: answer_to(key) for key in KEYS[:23]}
        assert claims(store) == set()
        assert len(closed) == 3
        # the traceback still leads to the line that raised
        assert "raise kind(" in "".join(traceback.format_exception(caught.value))
        if hasattr(caught.value, "__notes__"):
            assert "The 23 answers that arrived in this call are kept" in caught.value.__notes__[0]
        llm = Llm()
        store.release("m", KEYS, "a look")
        assert ask_through(store, "m", KEYS, llm).found == 23
        assert llm.calls == KEYS[23:]

    def test_without_luck_of_the_thread(self, store: ResponseStore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("skellagnn.llm.store._asking._Worker._keep", lambda worker: None)

        def ask(keys: list[QuestionKey]) -> Iterator[tuple[QuestionKey, str]]:
            yield keys[0], "x"
            yield keys[1], "y"
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ask_through(store, "m", KEYS, ask)
        assert store.get_many("m", KEYS) == {KEYS[0]: "x", KEYS[1]: "y"}
        assert claims(store) == set()

    def test_a_callback_that_raises_loses_nothing(self, store: ResponseStore) -> None:
        def on_answers(news: object) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ask_through(store, "m", KEYS, Llm(), batch_size=10, on_answers=on_answers)
        kept = store.get_many("m", KEYS)
        assert kept
        assert claims(store) == set()

    def test_a_generator_is_closed_when_the_loop_breaks(self, store: ResponseStore) -> None:
        closed = []

        def ask(keys: list[QuestionKey]) -> Iterator[tuple[QuestionKey, object]]:
            try:
                yield keys[0], "x"
                yield keys[1], 7
            finally:
                closed.append(threading.current_thread())

        with pytest.raises(InvalidParameterError) as caught:
            ask_through(store, "m", KEYS[:2], ask)  # type: ignore[arg-type]
        assert caught.value.__traceback__ is not None  # which holds the generator: nobody else has closed it
        assert closed == [threading.current_thread()]

    def test_answers_are_committed_while_the_batch_still_runs(self, store: ResponseStore) -> None:
        seen: list[dict[QuestionKey, Answer]] = []

        def ask(keys: list[QuestionKey]) -> Iterator[tuple[QuestionKey, str]]:
            yield keys[0], "x"
            deadline = time.monotonic() + 20
            while not seen and time.monotonic() < deadline:
                time.sleep(0.01)
                if found := store.get_many("m", keys):
                    seen.append(found)
            yield keys[1], "y"

        ask_through(store, "m", KEYS[:2], ask)
        assert seen == [{KEYS[0]: "x"}]

    def test_should_stop_is_heard_between_batches(self, store: ResponseStore) -> None:
        llm = Llm()
        outcome = ask_through(store, "m", KEYS, llm, batch_size=10, should_stop=lambda: len(llm.calls) >= 30)
        assert (outcome.asked, outcome.left, len(outcome.answers)) == (30, 70, 30)
        assert llm.calls == KEYS[:30]
        assert claims(store) == set()

    def test_should_stop_is_heard_while_waiting(self, store: ResponseStore) -> None:
        store.claim("m", KEYS[:5], "somebody")
        looks = iter([False] * 4 + [True])
        outcome = ask_through(store, "m", KEYS[:5], Llm(), poll=0.01, should_stop=lambda: next(looks))
        assert outcome.left_keys == set(KEYS[:5])


def after(n_looks: int, event: Callable[[], object]) -> Callable[[], bool]:
    """Return a should_stop that never stops, but lets something happen at its n-th call."""
    looks = itertools.count(1)

    def should_stop() -> bool:
        if next(looks) == n_looks:
            event()
        return False

    return should_stop


class TestOthers:
    def test_what_others_answer_is_waited_for(self, store: ResponseStore, caplog: pytest.LogCaptureFixture) -> None:
        store.claim("m", KEYS[:40], "somebody")
        answers = dict.fromkeys(KEYS[:40], "by somebody")
        event = after(12, lambda: store.put_many("m", answers, "somebody"))
        llm, found = Llm(), {}
        with caplog.at_level("INFO", "skellagnn"):
            outcome = ask_through(
                store, "m", KEYS, llm, batch_size=10, poll=0.05, on_found=found.update, should_stop=event
            )
        assert llm.calls == KEYS[40:]
        assert {key: outcome.answers[key] for key in KEYS[:40]} == answers == found
        assert (outcome.found, outcome.asked, outcome.left) == (40, 60, 0)
        assert caplog.text.count("Waiting for 40 answers that somebody asks for in the store") == 1

    def test_what_others_release_is_asked(self, store: ResponseStore) -> None:
        store.claim("m", KEYS[:5], "somebody")
        event = after(4, lambda: store.release("m", KEYS[:5], "somebody"))
        llm = Llm()
        assert ask_through(store, "m", KEYS[:5], llm, poll=0.05, should_stop=event).asked == 5
        assert llm.batches == [KEYS[:5]]

    def test_a_dead_worker_is_waited_for_no_longer_than_its_lease(self, store: ResponseStore) -> None:
        store.claim("m", KEYS[:5], "dead")
        event = after(4, lambda: ResponseStore(store.url, lease=0.1).renew("m", KEYS[:5], "dead"))  # ends soon
        llm = Llm()
        outcome = ask_through(store, "m", KEYS[:8], llm, poll=0.05, should_stop=event)
        assert (outcome.asked, outcome.found) == (8, 0)
        assert llm.batches == [KEYS[5:8], KEYS[:5]]

    def test_the_claims_of_a_long_batch_are_renewed(self, url: str) -> None:
        store = ResponseStore(url, lease=1.5)
        ends = sa.select(CLAIMS.c.expires)
        seen: list[float] = []

        def ask(keys: list[QuestionKey]) -> Iterable[tuple[QuestionKey, str]]:
            deadline = time.monotonic() + 20
            while len(seen) < 3 and time.monotonic() < deadline:
                time.sleep(0.05)
                now = min(_engines.run(url, lambda connection: connection.execute(ends).scalars().all(), writes=False))
                if not seen or now != seen[-1]:
                    seen.append(now)
            return [(key, "x") for key in keys]

        assert ask_through(store, "m", KEYS[:3], ask).asked == 3
        assert len(seen) == 3
        assert seen[0] < seen[1] < seen[2]
        store.close()

    def test_when_another_was_faster_its_answer_counts(self, store: ResponseStore) -> None:
        def ask(keys: list[QuestionKey]) -> Iterable[tuple[QuestionKey, str]]:
            store.put_many("m", {keys[0]: "theirs"})
            return [(key, "ours") for key in keys]

        outcome = ask_through(store, "m", KEYS[:2], ask)
        assert outcome.answers == store.get_many("m", KEYS) == {KEYS[0]: "theirs", KEYS[1]: "ours"}

    def test_eight_threads_ask_each_question_once(self, store: ResponseStore) -> None:
        asked: list[QuestionKey] = []
        outcomes = []
        start = threading.Barrier(8)

        def ask(keys: list[QuestionKey]) -> Iterator[tuple[QuestionKey, str]]:
            for key in keys:
                asked.append(key)
                time.sleep(0.001)
                yield key, answer_to(key)

        def work(number: int) -> None:
            mine = KEYS[5 * number :] + KEYS[: 5 * number]
            start.wait()
            outcomes.append(ask_through(store, "m", mine, ask, batch_size=4, poll=0.05))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(asked) == KEYS
        assert [outcome.answers for outcome in outcomes] == [{key: answer_to(key) for key in KEYS}] * 8
        assert sum(outcome.asked for outcome in outcomes) == 100
        assert all(outcome.found + outcome.asked == 100 for outcome in outcomes)


class TestCallbacks:
    def test_every_answer_and_failure_is_told_once_after_it_was_stored(self, store: ResponseStore) -> None:
        told: Counter[QuestionKey] = Counter()
        stored: list[bool] = []

        def on_answers(news: dict[QuestionKey, Answer | None]) -> None:
            told.update(news.keys())
            answered = {key: answer for key, answer in news.items() if answer is not None}
            stored.append(store.get_many("m", answered) == answered)

        def ask(keys: list[QuestionKey]) -> Iterator[tuple[QuestionKey, str | None]]:
            for key in keys:
                time.sleep(0.002)
                yield key, None if key == KEYS[0] else "x"

        ask_through(store, "m", KEYS, ask, batch_size=25, on_answers=on_answers)  # type: ignore[arg-type]
        assert told == Counter(KEYS)
        assert all(stored)

    def test_arguments_are_checked_before_anything_is_asked(self, store: ResponseStore) -> None:
        for arguments, message in (({"batch_size": 0}, "`batch_size` must"), ({"poll": 0}, "`poll` must")):
            with pytest.raises(InvalidParameterError, match=message):
                ask_through(store, "m", KEYS, Llm(), **arguments)  # type: ignore[arg-type]
        with pytest.raises(InvalidParameterError, match="`model` must be a string"):
            ask_through(store, "", KEYS, Llm())


class TestFullDisk:
    @pytest.fixture
    def small(self, tmp_path: Path) -> Iterator[ResponseStore]:
        store = ResponseStore(tmp_path / "store.sqlite")
        store.stats()
        engine = _engines._open(_engines.locate(store.url)).engine

        @sa.event.listens_for(engine, "checkout")
        def little_room(connection: sqlite3.Connection, *_: object) -> None:
            connection.execute("PRAGMA max_page_count = 40").close()

        yield store
        store.close()

    @pytest.mark.parametrize("streams", [True, False])
    def test_what_could_not_be_stored_comes_with_the_error(self, small: ResponseStore, streams: bool) -> None:
        arrived: dict[QuestionKey, str] = {}

        def ask(keys: list[QuestionKey]) -> Iterator[tuple[QuestionKey, str]]:
            for key in keys:
                if streams:
                    time.sleep(0.01)
                arrived[key] = answer_to(key) * 200
                yield key, arrived[key]

        with pytest.raises(StoreError, match="has no more room") as caught:
            ask_through(small, "m", KEYS, ask if streams else lambda keys: list(ask(keys)), batch_size=20)
        small.close()  # and with it the limit
        kept = small.get_many("m", KEYS)
        unsaved = caught.value.unsaved
        assert kept
        assert unsaved
        assert kept | unsaved == arrived
        assert f"In this call {len(kept)} answers were stored before; {len(unsaved)} more arrived" in str(caught.value)
        assert len(arrived) < 100  # it does not go on paying
        assert claims(small) == set()
        llm = Llm()
        small.release("m", KEYS, "a look")
        ask_through(small, "m", KEYS, llm)
        assert set(llm.calls) == set(KEYS) - kept.keys()


class TestDead:
    """Claims that nobody will ever answer: of a process that is gone, and from a clock that was set back."""

    @staticmethod
    def owner(pid: int, started: str | None = None) -> str:
        machine = _owners.this_machine()
        return f"{machine}:{pid}:{_owners.started_at(pid) if started is None else started}:0a"

    def test_a_dead_process_of_this_machine_is_found_at_once(self, store: ResponseStore) -> None:
        gone = subprocess.Popen([sys.executable, "-c", ""])
        dead = self.owner(gone.pid)
        gone.wait()
        reused = self.owner(os.getpid(), started="12345")
        store.claim("m", KEYS[:5], dead)
        store.claim("m", KEYS[5:8], reused)
        start = time.monotonic()
        assert ask_through(store, "m", KEYS[:9], Llm()).asked == 9
        assert time.monotonic() - start < 60  # the lease ends after 120

    def test_a_zombie_is_dead(self) -> None:
        zombie = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
        owner = self.owner(zombie.pid)
        assert not _owners.is_dead(owner)
        zombie.kill()
        deadline = time.monotonic() + 30
        while not _owners.is_dead(owner) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert _owners.is_dead(owner)
        zombie.communicate()

    @pytest.mark.parametrize("owner", ["elsewhere:1:2:3", "somebody", "", "a:b:c:d", f"{platform.node()}/1:1:1:1"])
    def test_of_others_nothing_is_known(self, owner: str) -> None:
        assert not _owners.is_dead(owner)

    def test_this_process_is_alive(self) -> None:
        assert not _owners.is_dead(self.owner(os.getpid()))

    def test_a_claim_from_a_clock_that_was_set_back_holds_nobody_up(self, store: ResponseStore) -> None:
        ResponseStore(store.url, lease=86_400.0).claim("m", KEYS[:5], "elsewhere:1:2:3")
        start = time.monotonic()
        assert ask_through(store, "m", KEYS[:6], Llm()).asked == 6
        assert time.monotonic() - start < 60

    def test_what_is_waited_for_is_said_once(self, store: ResponseStore, caplog: pytest.LogCaptureFixture) -> None:
        store.claim("m", KEYS[:5], self.owner(os.getpid()))
        event = after(9, lambda: store.release("m", KEYS[:5], self.owner(os.getpid())))
        ask_through(store, "m", KEYS[:5], Llm(), poll=0.03, should_stop=event)
        (record,) = [record for record in caplog.records if record.name == "skellagnn"]
        assert record.levelname == "WARNING"
        assert "Waiting for 5 answers that" in record.getMessage()
        assert "for 120 s at most if it has stopped" in record.getMessage()
