"""Several processes that ask overlapping questions through one store; one of them may be killed on the way.

Run by test_store_processes.py: ``python fleet.py '{"url": ..., "folder": ..., "seeds": [...], ...}'``. In each round
(one a seed, and each with a model name of its own) each worker appends a line to a log before it asks (``ask WORKER
DIGEST``) and when it is told that an answer is stored (``kept WORKER DIGEST``). Afterwards one more worker asks all of
it again. The workers are forked, so that they start together and what they import is imported once.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from skellagnn.llm.store import QuestionKey, ResponseStore, ask_through

AGAIN = 99  # number of the worker that asks everything in the end


def all_keys(n_questions: int) -> list[QuestionKey]:
    return [QuestionKey(f"prompt{i % 2}:0a", f"{i:06x}") for i in range(n_questions)]


def answer_to(key: QuestionKey) -> str:
    return f"answer to {key.prompt_key} {key.digest}"


def log_of(job: dict[str, Any], seed: int) -> str:
    return os.path.join(job["folder"], f"log{seed}")


def work(number: int, job: dict[str, Any], seed: int) -> None:
    rng = random.Random(f"{seed} {number}")
    log = os.open(log_of(job, seed), os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(what: str, key: QuestionKey) -> None:
        os.write(log, f"{what} {number} {key.digest}\n".encode())

    def ask(keys: list[QuestionKey]) -> Iterator[tuple[QuestionKey, str]]:
        for key in keys:
            write("ask", key)
            time.sleep(job["seconds"] * 2 * rng.random())
            yield key, answer_to(key)

    def kept(news: Any) -> None:
        for key in news:
            write("kept", key)

    keys = all_keys(job["questions"])
    if number != AGAIN:  # overlapping parts, which only together are everything
        start = number * len(keys) // (2 * job["workers"])
        keys = keys[start : start + len(keys) * (job["workers"] + 1) // (2 * job["workers"])]
        rng.shuffle(keys)
    store = ResponseStore(job["url"], lease=job["lease"])
    model = f"model{seed}"
    outcome = ask_through(store, model, keys, ask, batch_size=job["batch_size"], poll=0.1, on_answers=kept)
    if outcome.answers != {key: answer_to(key) for key in keys}:
        raise SystemExit(f"worker {number} lacks answers")


def forked(target: Callable[..., None], *arguments: Any) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        target(*arguments)
        status = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def wait_for(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run_round(job: dict[str, Any], seed: int) -> list[int]:
    ready, go = os.pipe()

    def wait_and_work(number: int) -> None:
        os.close(go)
        os.read(ready, 1)  # returns when the parent closes its end
        work(number, job, seed)

    children = [forked(wait_and_work, number) for number in range(job["workers"])]
    os.close(go)
    os.close(ready)
    if job["kill"]:
        rng = random.Random(seed)
        # a random moment, counted in questions asked so that a slow machine does not shift it
        wait_for_lines(log_of(job, seed), rng.randrange(job["questions"]))
        time.sleep(rng.random() * 0.02)
        os.kill(children[0], signal.SIGKILL)
    exits = [wait_for(child) for child in children]
    return [*exits, wait_for(forked(work, AGAIN, job, seed))]


def wait_for_lines(path: str, n_asked: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if os.path.exists(path):
            with open(path) as log:
                if log.read().count("ask ") >= n_asked:
                    return
        time.sleep(0.001)


def main() -> None:
    job = json.loads(sys.argv[1])
    # this process opens no store itself: it is only forked from
    sys.stdout.write(json.dumps([run_round(job, seed) for seed in job["seeds"]]))


if __name__ == "__main__":
    main()
