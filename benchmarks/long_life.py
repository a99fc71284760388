"""Does a process that fits for days stay as it was: memory, threads, files; in threads, in forks, after interruptions?

    python benchmarks/long_life.py [--fits 200] [--nodes 300]

* **fits**: the same fit again and again, with an enhancer and a store, each model predicted with and thrown away.
  Memory (resident set), threads, open files and child processes are counted after a tenth of the fits and at the end.
* **threads**: as many fits in eight threads at once; each model must be the one that a fit alone makes, bit by bit.
* **forks**: processes forked while fits run, each of which fits and predicts; the same model, within a minute each.
* **interrupted**: fits that a KeyboardInterrupt ends at a random moment; the estimator must be unfitted or as it was, a
  fit after it the same as ever, and nothing left behind.

Prints a line for each, and ends with status 1 if one of them fails.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil

from skellagnn import CallableEnhancer, ELLaGNNClassifier, ResponseStore
from skellagnn.datasets import make_text_graph

GROWTH_MIB = 20.0  # of a process that has fitted a tenth of the times; an allocator does not give all back
PROCESS = psutil.Process()


class Job:
    """The same fit, whoever runs it."""

    def __init__(self, n_nodes: int, folder: Path) -> None:
        self.data = make_text_graph(n_nodes=n_nodes, random_state=0)
        self.store = ResponseStore(folder / "answers.sqlite")

    def make(self) -> ELLaGNNClassifier:
        """Return an estimator that is not fitted."""
        names = self.data.target_names
        return ELLaGNNClassifier(
            CallableEnhancer(lambda prompt: names[len(prompt) % len(names)], model_name="toy"),
            prompts="topic",
            class_names=names,
            encoder="tfidf",
            hidden_channels=16,
            max_iter=10,
            store=self.store,
            random_state=0,
        )

    def fit(self, clf: ELLaGNNClassifier | None = None) -> np.ndarray:
        """Fit on half of the nodes, and return the probabilities of all."""
        half = len(self.data.target) // 2
        clf = self.make() if clf is None else clf
        return clf.fit(self.data.graph[:half], self.data.target[:half]).predict_proba(self.data.graph)


def main(argv: list[str] | None = None) -> int:
    """Run all parts; return 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fits", type=int, default=200)
    parser.add_argument("--nodes", type=int, default=300)
    options = parser.parse_args(argv)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        job = Job(options.nodes, Path(folder))
        expected = job.fit()
        for part in (fits, threads, forks, interrupted):
            started = time.perf_counter()
            problem, figures = part(job, expected, options.fits)
            failed += bool(problem)
            print(f"{part.__name__}: {problem or 'ok'}; {figures}; {time.perf_counter() - started:.0f} s", flush=True)
        job.store.close()
    return int(failed > 0)


def footprint() -> dict[str, float]:
    """What a process holds, after everything that nobody needs is gone."""
    gc.collect()
    return {
        "MiB": PROCESS.memory_info().rss / 2**20,
        "threads": PROCESS.num_threads(),
        "files": PROCESS.num_fds() if hasattr(PROCESS, "num_fds") else 0,
        "children": len(PROCESS.children()),
    }


def compare(before: dict[str, float], after: dict[str, float]) -> tuple[str, str]:
    """Return what has grown, and both as text."""
    grown = [name for name in ("threads", "files", "children") if after[name] > before[name]]
    if after["MiB"] > before["MiB"] + GROWTH_MIB:
        grown.append("memory")
    figures = ", ".join(f"{name} {before[name]:.0f} -> {after[name]:.0f}" for name in before)
    return (f"grew: {', '.join(grown)}" if grown else ""), figures


def fits(job: Job, expected: np.ndarray, n_fits: int) -> tuple[str, str]:
    """The same fit again and again."""
    for _ in range(max(1, n_fits // 10)):
        job.fit()
    before = footprint()
    same = all(np.array_equal(job.fit(), expected) for _ in range(n_fits - n_fits // 10))
    problem, figures = compare(before, footprint())
    return problem or ("" if same else "a fit made another model"), f"{n_fits} fits, {figures}"


def threads(job: Job, expected: np.ndarray, n_fits: int) -> tuple[str, str]:
    """Fits in eight threads; predictions of one model in all of them."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: job.fit(), range(8)))
        before = footprint()
        found = list(pool.map(lambda _: job.fit(), range(max(8, n_fits // 4))))
        clf = job.make()
        job.fit(clf)
        shared = list(pool.map(lambda _: clf.predict_proba(job.data.graph), range(200)))
        problem, figures = compare(before, footprint())
    if not all(np.array_equal(one, expected) for one in found):
        problem = "a fit beside others made another model"
    if not all(np.array_equal(one, expected) for one in shared):
        problem = "a prediction beside others was another"
    return problem, f"{len(found)} fits and {len(shared)} predictions in 8 threads, {figures}"


def forks(job: Job, expected: np.ndarray, n_fits: int) -> tuple[str, str]:
    """Children that are forked while another thread fits."""
    if not hasattr(os, "fork"):
        return "", "no fork here"
    stop = threading.Event()

    def keep_fitting() -> None:
        while not stop.is_set():
            job.fit()

    background = threading.Thread(target=keep_fitting)
    background.start()
    bad, n_children = 0, max(2, n_fits // 20)
    for _ in range(n_children):
        child = os.fork()
        if child == 0:
            try:
                # a connection to a database does not survive a fork; the package opens another by itself
                os._exit(0 if np.array_equal(job.fit(), expected) else 1)
            except BaseException:
                os._exit(2)
        bad += wait(child, 60) != 0
    stop.set()
    background.join()
    problem = f"{bad} of {n_children} children hung, failed or made another model" if bad else ""
    return problem, f"{n_children} children"


def wait(child: int, seconds: float) -> int:
    """Return the exit status of a child, or end it and return -1."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def interrupted(job: Job, expected: np.ndarray, n_fits: int) -> tuple[str, str]:
    """Fits that end at a random moment."""
    rng = np.random.default_rng(0)
    started = time.perf_counter()
    job.fit()
    seconds = time.perf_counter() - started
    before = footprint()
    ended, odd = 0, 0
    for i in range(n_fits):
        clf = job.make()
        was_fitted = i % 2 == 1
        if was_fitted:
            job.fit(clf)
        try:
            with Interruption(rng.uniform(0, seconds)):
                job.fit(clf)
        except KeyboardInterrupt:
            ended += 1
            is_fitted = hasattr(clf, "network_")
            odd += is_fitted != hasattr(clf, "history_") or is_fitted < was_fitted
            odd += is_fitted and not np.array_equal(clf.predict_proba(job.data.graph), expected)
        if i % 10 == 0 and not np.array_equal(job.fit(), expected):
            odd += 1
    problem, figures = compare(before, footprint())
    if odd:
        problem = f"{odd} interrupted fits left something else behind"
    return problem, f"{ended} of {n_fits} fits interrupted, {figures}"


class Interruption:
    """Send this process what Ctrl-C sends after so many seconds, unless the block has ended."""

    def __init__(self, seconds: float) -> None:
        self.over = False
        self.lock = threading.Lock()
        self.timer = threading.Timer(seconds, self.strike)

    def strike(self) -> None:
        with self.lock:
            if not self.over:
                signal.raise_signal(signal.SIGINT)

    def __enter__(self) -> None:
        self.timer.start()

    def __exit__(self, *raised: object) -> None:
        self.timer.cancel()
        with self.lock:
            self.over = True
        self.timer.join()


if __name__ == "__main__":
    sys.exit(main())
