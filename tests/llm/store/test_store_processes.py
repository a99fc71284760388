"""Several processes on one store, and what a kill -9 costs: nothing but the questions in flight."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from skellagnn.llm.store import QuestionKey, ResponseStore

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="workers die by SIGKILL, which Windows lacks")

QUESTIONS = 120
BATCH = 6
AGAIN = 99  # the worker that asks everything in the end
KEYS = [QuestionKey(f"prompt{i % 2}:0a", f"{i:06x}") for i in range(QUESTIONS)]
EXPECTED = {key: f"answer to {key.prompt_key} {key.digest}" for key in KEYS}


def run_fleet(url: str, folder: Path, seeds: list[int], *, kill: bool) -> list[list[int]]:
    """Return the exit codes of each round: those of four workers, then that of the one that asks everything again."""
    job = {"url": url, "folder": str(folder), "seeds": seeds, "kill": kill, "workers": 4, "lease": 3.0}
    job |= {"questions": QUESTIONS, "batch_size": BATCH, "seconds": 0.005}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("fleet.py")), json.dumps(job)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    exits: list[list[int]] = json.loads(done.stdout)
    assert {code for codes in exits for code in codes[1:]} == {0}, done.stderr
    return exits


class Log:
    """Who asked what, and who was told that it is stored."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.lines = [line.split() for line in (folder / f"log{seed}").read_text().splitlines()]

    def asked(self, *workers: int) -> Counter[str]:
        return Counter(digest for what, number, digest in self.lines if what == "ask" and int(number) in workers)

    def kept(self, worker: int) -> set[str]:
        return {digest for what, number, digest in self.lines if what == "kept" and int(number) == worker}


def test_each_question_is_asked_once_by_all_of_them_together(url: str, tmp_path: Path) -> None:
    assert run_fleet(url, tmp_path, [0], kill=False) == [[0, 0, 0, 0, 0]]
    log = Log(tmp_path, 0)
    assert log.asked(0, 1, 2, 3) == Counter(key.digest for key in KEYS)
    assert sum(bool(log.asked(worker)) for worker in range(4)) > 1  # they did share it; one may start when all is done
    assert not log.asked(AGAIN)
    store = ResponseStore(url)
    assert store.get_many("model0", KEYS) == EXPECTED
    store.close()


def check_kills(url: str, folder: Path, seeds: list[int]) -> None:
    exits = run_fleet(url, folder, seeds, kill=True)
    store = ResponseStore(url)
    for seed, codes in zip(seeds, exits, strict=True):
        log = Log(folder, seed)
        assert codes[0] in (-9, 0)  # 0: it was done before the kill
        in_flight = log.asked(0).keys() - log.kept(0)
        assert len(in_flight) <= BATCH
        asked = log.asked(0, 1, 2, 3, AGAIN)
        assert asked.keys() == {key.digest for key in KEYS}
        assert {digest for digest, count in asked.items() if count > 1} <= in_flight
        assert max(asked.values()) <= 2
        assert store.get_many(f"model{seed}", KEYS) == EXPECTED
    assert -9 in [codes[0] for codes in exits]
    store.close()


def test_a_kill_costs_only_what_was_in_flight(url: str, tmp_path: Path) -> None:
    check_kills(url, tmp_path, [1])


@pytest.mark.slow
def test_ten_kills_cost_only_what_was_in_flight(url: str, tmp_path: Path) -> None:
    check_kills(url, tmp_path, list(range(10, 20)))
