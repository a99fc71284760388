"""Rates, pauses and waits, on a clock of the test's own."""

from __future__ import annotations

import threading

import pytest

from skellagnn.llm.enhancers import _limits
from skellagnn.llm.enhancers._limits import (
    Blame,
    Limits,
    Pause,
    RateLimit,
    backoff,
    shared_limits,
    with_jitter,
)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_requests_are_spread_evenly_over_a_minute(clock):
    limit = RateLimit(120, clock=clock)
    assert [limit.reserve(1) for _ in range(4)] == [0.0, 0.5, 1.0, 1.5]


def test_no_minute_has_more_than_the_limit(clock):
    limit = RateLimit(30, clock=clock)
    starts = []
    for gap in [0.0, 0.0, 50.0, 0.0, 0.1, 0.0, 300.0] + [0.0] * 60:
        clock.now += gap
        starts.append(clock.now + limit.reserve(1))
    most = max(sum(start <= other < start + 60 for other in starts) for start in starts)
    assert most == 30


def test_idle_time_saves_up_no_burst(clock):
    limit = RateLimit(60, clock=clock)
    limit.reserve(1)
    clock.now += 1000
    assert [limit.reserve(1), limit.reserve(1)] == [0.0, 1.0]


def test_a_costly_request_delays_the_next_and_corrections_count(clock):
    limit = RateLimit(6000, clock=clock)  # 100 a second
    assert limit.reserve(500) == 0.0
    limit.correct(-300)  # it took 200
    assert limit.reserve(1) == pytest.approx(2.0)
    limit.correct(100)
    assert limit.reserve(1) == pytest.approx(3.01)


def test_a_pause_holds_for_whoever_asks_and_only_grows(clock):
    pause = Pause(clock=clock)
    assert pause.remaining() == 0.0
    pause.extend(5)
    pause.extend(2)
    assert pause.remaining() == 5.0
    clock.now += 6
    assert pause.remaining() == 0.0


def test_whoever_stops_waits_no_longer():
    limits = Limits(1, None)
    stop = threading.Event()
    assert limits.wait(0, stop) is True
    stop.set()
    assert limits.wait(0, stop) is False  # its turn would come in a minute


def test_tokens_are_given_back_only_where_they_were_counted(clock):
    limits = Limits(None, 6000)
    limits.tokens = RateLimit(6000, clock=clock)
    limits.wait(1000, threading.Event())
    limits.correct(1000, None)
    assert limits.tokens.reserve(0) == pytest.approx(10.0)
    limits.correct(1000, 100)
    assert limits.tokens.reserve(0) == pytest.approx(1.0)


def test_a_question_is_to_blame_that_fails_while_others_succeed(clock):
    blame = Blame(clock=clock)
    assert not blame.falls_on("a", since=100.0)  # nothing has ever succeeded
    clock.now = 105.0
    blame.succeeded("b")
    assert blame.falls_on("a", since=100.0)
    assert blame.falls_on("c", since=100.0)
    clock.now = 10_000.0
    assert blame.falls_on("a", since=clock.now)  # it failed when the server worked
    assert not blame.falls_on("d", since=clock.now)


def test_one_question_may_fail_after_the_last_success_and_the_second_says_that_the_server_does(clock):
    blame = Blame(clock=clock)
    blame.succeeded("b")
    since = clock.now + _limits.RECENT - 1
    clock.now += 2 * _limits.RECENT  # it was tried for long
    assert blame.falls_on("a", since=since)
    assert blame.falls_on("a", since=since)
    assert not blame.falls_on("c", since=since)
    blame.succeeded("b")  # so it was the question
    clock.now += 2 * _limits.RECENT
    assert blame.falls_on("a", since=clock.now)
    assert not blame.falls_on("c", since=clock.now)
    blame.succeeded("a")  # it was not, after all
    clock.now += 2 * _limits.RECENT
    assert not blame.falls_on("a", since=clock.now)


def test_clones_share_an_allowance_and_other_models_do_not():
    first = shared_limits("http://a", "m", 10, None)
    assert shared_limits("http://a", "m", 10, None) is first
    assert shared_limits("http://a", "other", 10, None) is not first


def test_waits_double_up_to_a_bound_with_jitter():
    for attempt, most in enumerate([0.5, 1, 2, 4, 8, 16, 30, 30]):
        waits = [backoff(attempt) for _ in range(50)]
        assert all(most / 2 <= wait <= most for wait in waits)
        assert len(set(waits)) > 1
    assert backoff(10**9) <= _limits.LONGEST_WAIT


def test_what_many_were_told_is_waited_for_and_a_little_longer():
    waits = [with_jitter(3.0) for _ in range(50)]
    assert all(3.0 <= wait <= 3.0 + _limits.FIRST_WAIT for wait in waits)
    assert len(set(waits)) > 1
