"""Ctrl-C at any moment: what was sent to a server is waited for and kept, commits included."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from skellagnn import ResponseStore
from skellagnn.llm.store import QuestionKey
from tests.llm.enhancers.conftest import server as server
from tests.llm.interrupted import questions

QUESTIONS = 24
pytestmark = pytest.mark.skipif(os.name == "nt", reason="no SIGINT for one process")


def interrupt(server, path, n_sent, delay):
    """Send Ctrl-C so long after a number of questions arrived; return the exit status."""
    script = Path(__file__).with_name("interrupted.py")
    command = [sys.executable, str(script), server.url, str(path), str(QUESTIONS)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        while len(server.chats) < n_sent and child.poll() is None:
            time.sleep(0.001)
        time.sleep(delay)
        child.send_signal(signal.SIGINT)
        status = child.wait(60)
        # it may have been done, or be about to end
        assert status in (0, 130, -signal.SIGINT), child.stderr.read()
        return status


@pytest.mark.parametrize("n_sent", [1, 5, 12, 23, QUESTIONS])
def test_ctrl_c_at_any_moment_loses_nothing_that_was_sent(server, tmp_path, n_sent):
    rng = random.Random(n_sent)
    server.on_chat = lambda body: time.sleep(0.02)
    path = tmp_path / "answers.sqlite"

    status = interrupt(server, path, n_sent, 0.08 * rng.random())

    store = ResponseStore(path)
    n_kept = len(store.get_many(store.stats()[0].model, map(QuestionKey.of, questions(QUESTIONS))))
    store.close()
    assert n_kept == len(server.chats) >= n_sent
    assert status == 130 or n_kept == QUESTIONS


@pytest.mark.slow
def test_ctrl_c_at_many_moments(server, tmp_path):
    server.on_chat = lambda body: time.sleep(0.02)
    rng = random.Random(0)
    for number in range(20):
        server.requests.clear()
        path = tmp_path / f"answers{number}.sqlite"
        interrupt(server, path, rng.randint(1, QUESTIONS), 0.2 * rng.random())
        store = ResponseStore(path)
        assert sum(row.answers for row in store.stats()) == len(server.chats)
        store.close()
