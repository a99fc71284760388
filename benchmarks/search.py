"""How much faster is a grid search with two workers, and is there a copy of the graph for each task?

    python benchmarks/search.py [DATA] [--pairs 5] [--max-iter 10] [--nodes 2700] [--arms ...]

12 candidates (how many nodes are asked about, which prompts, dropout) times 5 folds and a refit, on the graph in the
folder DATA (as ``load_folder`` reads it, with recorded answers), else on a made-up one of ``--nodes`` nodes. Texts and
answers are encoded beforehand, answers are recorded: what is measured is training. Each arm is a fresh process that
first runs a search of two fits, so that workers have started and imported what they need; Ray starts new workers for
each search all the same, and that is part of its time. In each pair all arms run one after the other, in an order that
turns; a ratio is taken within a pair, and the table shows medians.

Arms: ``one-1`` and ``one-2`` are one process of one and of two threads; ``loky``, ``dask`` and ``ray`` have two workers
of one thread each. ``apart`` is what the machine allows: two processes that know nothing of each other do the search at
the same time, and half of the slower one's time counts. Dask gets the graph by ``scatter``, loky and Ray by
``share_graph``; ``dask-plain`` and ``ray-plain`` get it as it is. All keep freed memory in the process, by settings of
glibc's malloc; ``one-1-glibc`` and ``ray-glibc`` do without them. Dask looks at its workers less often than by its
defaults, which ``dask-defaults`` keeps. "graph sent" is what the process that searches
pickles of it, per fit. Memory is the unique set size of a worker (for ``one-*`` and ``apart`` that of the process),
before the search and at its highest, sampled every second: a copy of the graph for each task would add the size of the
graph 61 times.

Prints a Markdown table and the same as one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import psutil
from sklearn.model_selection import GridSearchCV

from skellagnn import ELLaGNNClassifier, ReplayEnhancer, TextGraph, encode_graph
from skellagnn.datasets import load_folder, make_text_graph
from skellagnn.graph import share_graph

ARMS = ("one-1", "one-2", "loky", "dask", "ray")
EXTRA_ARMS = ("apart", "one-1-glibc", "ray-glibc", "dask-defaults", "dask-plain", "ray-plain")
RATIOS, PROMPTS, DROPOUTS = [0.05, 0.1, 0.2], ["topic", "keywords+topic"], [0.3, 0.5]
GRID = {"augmentation_ratio": RATIOS, "prompts": PROMPTS, "dropout": DROPOUTS}
FOLDS = 5
N_FITS = len(RATIOS) * len(PROMPTS) * len(DROPOUTS) * FOLDS + 1
MB = 2**20
# glibc's malloc otherwise gives memory of tensors back to the system after each step and asks for it in the next; and
# where a process has many threads, as Ray's workers have, it keeps a heap for each of them
KEEP_FREED_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
}
# By default a worker of Dask looks at itself: a stack every 10 ms, its event loop every 20, memory every 100, the
# machine every 500. With one core for each worker the training waits meanwhile. And the nanny sets a
# MALLOC_TRIM_THRESHOLD_ of 64 kB, with which freed memory goes back to the system at once.
DASK = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1, "MKL_NUM_THREADS": 1},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="folder of a graph with recorded answers")
    parser.add_argument("--pairs", type=int, default=5, help="how often each arm runs (default: 5)")
    parser.add_argument("--max-iter", type=int, default=10, help="epochs of a training (default: 10)")
    parser.add_argument("--nodes", type=int, default=2700, help="size of the made-up graph (default: 2700)")
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=[*ARMS, *EXTRA_ARMS])
    parser.add_argument("--arm", help=argparse.SUPPRESS)  # one measurement, in a process of its own
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.arm:
        print(json.dumps(measure(options.arm, options.folder, options.max_iter)))
        return
    if "one-1" not in options.arms:
        parser.error("--arms must hold one-1: the others are compared with it")
    with tempfile.TemporaryDirectory() as folder:
        graph = prepare(options, Path(folder))
        runs: dict[str, list[dict[str, Any]]] = {arm: [] for arm in options.arms}
        for pair in range(options.pairs):
            turn = pair % len(options.arms)
            for arm in options.arms[turn:] + options.arms[:turn]:
                runs[arm].append(run_arm(arm, folder, options.max_iter))
                print(f"pair {pair + 1}, {arm}: {runs[arm][-1]['seconds']:.1f} s", file=sys.stderr)
    report(options, graph, runs)


def prepare(options: argparse.Namespace, folder: Path) -> TextGraph:
    """Encode texts and answers, and write down what the arms need."""
    data = make_text_graph(options.nodes, 7, random_state=0) if options.data is None else load_folder(options.data)
    if options.data is None:
        answers = folder / "answers.jsonl"
        answers.write_text("\n".join(map(json.dumps, data.answers)), encoding="utf-8")
    else:
        answers = data.answers_path
        if answers is None:
            raise SystemExit(f"{options.data} has no recorded answers: it needs llm_answers.jsonl or .jsonl.gz.")
    graph = encode_graph(data.graph, "minilm", memory=str(folder / "memory"))
    graph = graph[data.target >= 0]
    graph.save(folder / "graph")
    np.save(folder / "target.npy", data.target[graph.targets])
    settings = {"answers": str(Path(answers).resolve()), "class_names": list(data.target_names)}
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    largest = {"augmentation_ratio": max(RATIOS), "prompts": PROMPTS[-1]}
    make_classifier(folder, 1).set_params(**largest).fit(graph, data.target[graph.targets])  # encodes the answers
    return graph


def make_classifier(folder: Path, max_iter: int) -> ELLaGNNClassifier:
    settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    return ELLaGNNClassifier(
        ReplayEnhancer(settings["answers"], on_missing="skip"),
        class_names=settings["class_names"],
        encoder="minilm",
        memory=str(folder / "memory"),
        max_iter=max_iter,
        early_stopping=False,
        device="cpu",
        random_state=0,
    )


def run_arm(arm: str, folder: str, max_iter: int) -> dict[str, Any]:
    if arm != "apart":
        return in_own_process(arm, folder, max_iter)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: in_own_process("one-1", folder, max_iter), range(2)))
    slower = max(both, key=lambda run: run["seconds"])
    return {**slower, "seconds": slower["seconds"] / 2}


def in_own_process(arm: str, folder: str, max_iter: int) -> dict[str, Any]:
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "2" if arm == "one-2" else "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "HF_HUB_OFFLINE": "1",
        "PYTHONWARNINGS": "ignore",
        **({} if arm.endswith("-glibc") else KEEP_FREED_MEMORY),
    }
    command = [sys.executable, __file__, "--arm", arm, "--folder", folder, "--max-iter", str(max_iter)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(arm: str, folder: Path, max_iter: int) -> dict[str, Any]:
    """Run one search in this process and the workers of one engine."""
    X: TextGraph = TextGraph.load(folder / "graph")
    y = np.load(folder / "target.npy")
    clf = make_classifier(folder, max_iter)
    shared_folder = folder / f"shared-{arm}"
    if arm in ("loky", "ray", "ray-glibc"):
        X = share_graph(X, shared_folder)
    sent = count_bytes_sent()
    with engine(arm) as config:
        if arm in ("dask", "dask-defaults"):
            config["scatter"] = [X]
        n_jobs = None if arm.startswith("one") else 2
        with joblib.parallel_config(**config):
            start = time.perf_counter()
            tiny = make_classifier(folder, 1).set_params(augmentation_ratio=RATIOS[0], prompts=PROMPTS[0])
            GridSearchCV(tiny, {"dropout": [0.5]}, cv=2, refit=True, n_jobs=n_jobs).fit(X, y)
            started = time.perf_counter() - start
            sent.clear()
            with watch_memory(arm) as memory:
                start = time.perf_counter()
                search = GridSearchCV(clf, GRID, cv=FOLDS, n_jobs=n_jobs).fit(X, y)
                taken = time.perf_counter() - start
    shutil.rmtree(shared_folder, ignore_errors=True)
    return {
        "seconds": taken,
        "first_search_seconds": started,
        "best_params": search.best_params_,
        "scores": search.cv_results_["mean_test_score"].tolist(),
        "graph_bytes_sent_per_fit": 0.0 if n_jobs is None else sum(sent) / N_FITS,
        **memory,
    }


@contextmanager
def engine(arm: str) -> Iterator[dict[str, Any]]:
    """Start what an arm runs on; yields the arguments of joblib.parallel_config."""
    if arm.startswith("one"):
        yield {"backend": "sequential"}
    elif arm == "loky":
        yield {"backend": "loky", "inner_max_num_threads": 1}
    elif arm.startswith("dask"):
        import dask
        from distributed import Client, LocalCluster

        with (
            dask.config.set({} if arm == "dask-defaults" else DASK),
            LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster,
            Client(cluster),
        ):
            yield {"backend": "dask"}
    else:
        import ray
        from ray.util.joblib import register_ray

        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
        register_ray()
        yield {"backend": "ray"}
        ray.shutdown()


def count_bytes_sent() -> list[int]:
    """Return a list that gets the size of a graph whenever this process pickles one."""
    sizes: list[int] = []
    counting = threading.local()

    def wrap(kind: type) -> None:
        original = kind.__reduce_ex__

        def reduce_ex(self: Any, protocol: Any) -> Any:
            if not getattr(counting, "busy", False):
                counting.busy = True  # the pickle below calls this, too
                try:
                    sizes.append(len(pickle.dumps(self, 5)))
                finally:
                    counting.busy = False
            return original(self, protocol)

        kind.__reduce_ex__ = reduce_ex  # type: ignore[method-assign, assignment]

    wrap(TextGraph)  # a shared graph inherits it
    return sizes


@contextmanager
def watch_memory(arm: str) -> Iterator[dict[str, float]]:
    """Sample the unique set size of the workers every second; fills the dict at the end."""
    result: dict[str, float] = {}
    over = threading.Event()
    first: dict[int, int] = {}
    most: dict[int, int] = {}

    def sample() -> None:
        for process in workers(arm):
            try:
                size = process.memory_full_info().uss
            except psutil.Error:  # ended since it was listed
                continue
            first.setdefault(process.pid, size)
            most[process.pid] = max(size, most.get(process.pid, 0))

    def run() -> None:
        while not over.wait(1.0):
            sample()

    sample()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield result
    finally:
        over.set()
        thread.join()
        sample()
        busy = sorted(most, key=lambda pid: most[pid])[-2 if not arm.startswith("one") else -1 :]
        result["uss_before_mb"] = statistics.mean(first[pid] for pid in busy) / MB
        result["uss_most_mb"] = statistics.mean(most[pid] for pid in busy) / MB


def workers(arm: str) -> list[psutil.Process]:
    """List the processes that train."""
    me = psutil.Process()
    if arm.startswith("one"):
        return [me]
    mark = {"loky": "loky", "dask": "spawn_main", "ray": "ray::"}[arm.split("-")[0]]
    found = []
    for process in me.children(recursive=True):
        try:
            line = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if mark in line and "resource_tracker" not in line and "ray::IDLE" not in line:
            found.append(process)
    return found


def report(options: argparse.Namespace, graph: TextGraph, runs: dict[str, list[dict[str, Any]]]) -> None:
    """Print the table and the line of JSON."""
    size = len(pickle.dumps(graph, 5))
    base = runs["one-1"]
    results: dict[str, Any] = {}
    for arm, found in runs.items():
        ratios = [one["seconds"] / run["seconds"] for one, run in zip(base, found, strict=True)]
        apart = max(np.abs(np.subtract(run["scores"], base[0]["scores"])).max() for run in found)
        results[arm] = {
            "seconds": statistics.median(run["seconds"] for run in found),
            "times_as_fast_as_one_1": statistics.median(ratios),
            "slowest_pair": min(ratios),
            "fastest_pair": max(ratios),
            "first_search_seconds": statistics.median(run["first_search_seconds"] for run in found),
            "same_best_params": all(run["best_params"] == base[0]["best_params"] for run in found),
            "largest_difference_of_scores": float(apart),
            **{
                name: statistics.median(run[name] for run in found)
                for name in ("graph_bytes_sent_per_fit", "uss_before_mb", "uss_most_mb")
            },
        }
        if "one-2" in runs:
            pairs = zip(runs["one-2"], found, strict=True)
            results[arm]["times_as_fast_as_one_2"] = statistics.median(a["seconds"] / b["seconds"] for a, b in pairs)
    print(
        f"{graph!r}, {size / MB:.1f} MB when pickled; {N_FITS} fits of {options.max_iter} epochs, "
        f"{options.pairs} pairs\n"
    )
    columns = [
        "s",
        "times as fast as one-1",
        "(pairs)",
        "as one-2",
        "first search, s",
        "best_params_",
        "scores differ by",
    ]
    columns += ["graph sent, kB a fit", "worker before, MB", "worker at most, MB"]
    print("| arm | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    for arm, row in results.items():
        cells = [
            f"{row['seconds']:.1f}",
            f"{row['times_as_fast_as_one_1']:.2f}",
            f"{row['slowest_pair']:.2f} to {row['fastest_pair']:.2f}",
            f"{row['times_as_fast_as_one_2']:.2f}" if "times_as_fast_as_one_2" in row else "-",
            f"{row['first_search_seconds']:.1f}",
            "same" if row["same_best_params"] else "others",
            f"{row['largest_difference_of_scores']:.4f}",
            f"{row['graph_bytes_sent_per_fit'] / 1e3:,.1f}",
            f"{row['uss_before_mb']:.0f}",
            f"{row['uss_most_mb']:.0f}",
        ]
        print(f"| {arm} | " + " | ".join(cells) + " |")
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    from importlib.metadata import version

    versions = {name: version(name) for name in ("scikit-learn", "joblib", "torch", "dask", "ray")}
    settings = {"data": options.data and options.data.name, "pairs": options.pairs, "max_iter": options.max_iter}
    print(
        json.dumps(
            {
                "benchmark": "search",
                "command": " ".join(sys.argv),
                **settings,
                "nodes": graph.n_nodes,
                "graph_bytes": size,
                "machine": machine,
                "versions": versions,
                "results": results,
            }
        )
    )


if __name__ == "__main__":
    main()
