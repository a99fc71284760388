"""Questions in several threads: nothing that was begun is lost."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from skellagnn.llm.enhancers._pool import gather

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no SIGINT for one process")


@pytest.mark.parametrize("n_started", [1, 2, 3])
def test_ctrl_c_while_threads_start_loses_no_answer(monkeypatch, n_started):
    asked, started = [], []
    start = threading.Thread.start

    def start_and_interrupt(self):
        start(self)
        started.append(self)
        if len(started) == n_started:
            signal.raise_signal(signal.SIGINT)

    def ask(position, stop):
        asked.append(position)
        return position

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what is started in the background
    monkeypatch.setattr(threading.Thread, "start", start_and_interrupt)
    taken = []
    try:
        with pytest.raises(KeyboardInterrupt):
            taken.extend(gather(ask, 100, 3))
    finally:
        signal.signal(signal.SIGINT, before)

    assert sorted(taken) == [(position, position) for position in sorted(asked)]
    assert len(asked) < 100
