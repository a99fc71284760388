"""How do time and memory grow with a graph, up to the size of ogbn-products (2.4 million nodes, 62 million edges)?

    python benchmarks/scale.py [--sizes 10000 100000 1000000 2400000] [--steps build,pagerank,...] [--memory]

Graphs are generated: 26 undirected edges a node, degrees skewed, 100 features, 47 classes that neighbors and features
tell of. Each size runs in a process of its own, which may use --gib of memory and --minutes of time; a step that does
not get by with that is reported as failed, and so are those that would come after it. Prints a table of seconds and of
peak resident memory by step, the exponent of seconds in edges (least squares on logarithms), and the same as one line
of JSON. ``--memory`` measures what building takes in bytes an edge for several kinds of input instead.

Peak memory is all that the process has: Python, the libraries, and what the steps before have left.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

SIZES = [10_000, 100_000, 1_000_000, 2_400_000]
STEPS = ["build", "pagerank", "degree", "clustering", "rank", "fit", "predict"]
MEANING = {
    "build": "TextGraph.from_edges",
    "pagerank": "select 1 % of the nodes by PageRank",
    "degree": "select 1 % of the nodes by degree",
    "clustering": "select 1 % of the nodes by clustering",
    "rank": "rank_neighbors, K = 10",
    "fit": "fit, one epoch (ranks for itself)",
    "predict": "predict all nodes (ranks for itself)",
}
EDGES_PER_NODE, N_FEATURES, N_CLASSES, LABELED_SHARE = 26, 100, 47, 0.08
HOMOPHILY = 0.8  # share of edges that stay within a class, beside those that do so by chance
SKEW = 0.5  # a node of popularity rank r is drawn with probability ~ r ** -SKEW for one end of an edge
BLOCK = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of nodes")
    parser.add_argument("--steps", default=",".join(STEPS), help="which of " + ", ".join(STEPS))
    parser.add_argument("--gib", type=float, default=16.0, help="memory that a size may use")
    parser.add_argument("--minutes", type=float, default=30.0, help="time that a size may use")
    parser.add_argument("--memory", action="store_true", help="measure what building takes for kinds of input")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    steps = [step for step in arguments.steps.split(",") if step]
    if unknown := set(steps) - set(STEPS):
        parser.error(f"--steps must be among {', '.join(STEPS)}, got {', '.join(sorted(unknown))}")
    if arguments.child:
        run_steps(arguments.child, steps, arguments.gib)
    elif arguments.memory:
        measure_memory()
    else:
        measure_sizes(arguments.sizes, steps, arguments.gib, arguments.minutes)


# -- the graph ---------------------------------------------------------------------------------------------------


def make_edges(n_nodes: int, seed: int = 0) -> np.ndarray:
    """Return int32 edges of shape (n_edges, 2); node i is of class i % N_CLASSES.

    One end of an edge is any node, the other a popular one, mostly of the same class. As classes take turns in the
    order of popularity, a node of the same class is found next to where the draw fell.
    """
    rng = np.random.default_rng(seed)
    edges = np.empty((EDGES_PER_NODE * n_nodes, 2), dtype=np.int32)
    for start in range(0, len(edges), BLOCK):
        block = edges[start : start + BLOCK]
        source = rng.integers(n_nodes, size=len(block))
        # inverse of the distribution function of ranks, (r / n) ** (1 - SKEW)
        popular = (n_nodes * rng.random(len(block)) ** (1 / (1 - SKEW))).astype(np.int64)
        same = popular - popular % N_CLASSES + source % N_CLASSES
        within = (rng.random(len(block)) < HOMOPHILY) & (same < n_nodes)
        block[:, 0], block[:, 1] = source, np.where(within, same, popular)
    return edges


def shuffle_nodes(edges: np.ndarray, n_nodes: int, seed: int = 1) -> np.ndarray:
    """Renumber nodes at random, in place, and return the classes: real numbers tell nothing of degree or class."""
    number = np.random.default_rng(seed).permutation(n_nodes).astype(np.int32)
    for start in range(0, len(edges), BLOCK):
        edges[start : start + BLOCK] = number[edges[start : start + BLOCK]]
    classes = np.empty(n_nodes, dtype=np.int64)
    classes[number] = np.arange(n_nodes) % N_CLASSES
    return classes


def make_features(classes: np.ndarray, seed: int = 2) -> np.ndarray:
    """Return float32 rows: the center of a class, and twice as much noise in each column as centers differ in."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(scale=0.5, size=(N_CLASSES, N_FEATURES)).astype(np.float32)
    features = np.empty((len(classes), N_FEATURES), dtype=np.float32)
    for start in range(0, len(features), BLOCK // 16):
        block = features[start : start + BLOCK // 16]
        rng.standard_normal(dtype=np.float32, out=block)
        block += centers[classes[start : start + len(block)]]
    return features


# -- one size, in a process of its own ---------------------------------------------------------------------------


def run_steps(n_nodes: int, steps: list[str], gib: float) -> None:
    """Run the steps and print each as a line of JSON when it is done, so that a killed process has said something."""
    # data of the process, in place of the machine's memory: one that wants too much gets an error and not the others
    limit = int(gib * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    from skellagnn import PAPER_SETTINGS, ELLaGNNClassifier, TextGraph
    from skellagnn.neighborhood import rank_neighbors
    from skellagnn.selection import select_active_nodes

    edges = make_edges(n_nodes)
    classes = shuffle_nodes(edges, n_nodes)
    features = make_features(classes)
    say(step="input", mib=peak_mib(), input_mib=(edges.nbytes + features.nbytes) / 2**20)
    labeled = np.sort(np.random.default_rng(3).permutation(n_nodes)[: int(LABELED_SHARE * n_nodes)])
    state: dict[str, Any] = {}

    def build() -> dict[str, Any]:
        nonlocal edges
        state["graph"] = graph = TextGraph.from_edges(edges, features=features)
        edges = np.empty((0, 2))  # as a user would: nothing needs them any more
        degrees = np.diff(graph.adjacency.indptr)
        return {
            "n_edges": graph.n_edges,
            "largest_degree": int(degrees.max()),
            "median_degree": int(np.median(degrees)),
        }

    def select(name: str) -> Callable[[], dict[str, Any]]:
        return lambda: {"selected": len(select_active_nodes(state["graph"], features, name, 0.01))}

    def rank() -> dict[str, Any]:
        return {"kept": rank_neighbors(state["graph"].adjacency, features, 10).nnz}

    def fit() -> dict[str, Any]:
        state["clf"] = clf = ELLaGNNClassifier(
            enhancer=None,
            encoder=None,
            hidden_channels=128,
            max_iter=1,
            early_stopping=False,
            random_state=0,
            **PAPER_SETTINGS,
        )
        clf.fit(state["graph"][labeled], classes[labeled])
        return {"batch_size": clf.batch_size_}

    def predict() -> dict[str, Any]:
        predicted = state["clf"].predict(state["graph"])
        unseen = np.ones(n_nodes, dtype=bool)
        unseen[labeled] = False
        return {"accuracy": float((predicted == classes)[unseen].mean()), "chance": 1 / N_CLASSES}

    work = {"build": build, "rank": rank, "fit": fit, "predict": predict}
    work |= {name: select(name) for name in ("pagerank", "degree", "clustering")}
    for step in steps:
        reset_peak()
        started = time.perf_counter()
        try:
            outcome = work[step]()
        except (MemoryError, RuntimeError, KeyError) as error:  # torch says in a RuntimeError that memory is short
            say(step=step, failed=f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}", mib=peak_mib())
            if step == "build":
                return
        else:
            say(step=step, seconds=time.perf_counter() - started, mib=peak_mib(), **outcome)


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def reset_peak() -> None:
    """Let the high-water mark of resident memory start anew, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        print("peak memory is that since the start of the process", file=sys.stderr)


def peak_mib() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        return (
            float(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


# -- all sizes ---------------------------------------------------------------------------------------------------


def measure_sizes(sizes: list[int], steps: list[str], gib: float, minutes: float) -> None:
    results = {size: measure_size(size, steps, gib, minutes) for size in sizes}
    exponents = {step: exponent(results, [step]) for step in steps} | {"total": exponent(results, steps)}
    print_table(results, steps, exponents)
    machine = {
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "scikit-learn", "torch")},
    }
    line = {"benchmark": "scale", "command": " ".join(["python", *sys.argv]), "machine": machine}
    print(json.dumps({**line, "results": results, "exponents": exponents}))


def measure_size(n_nodes: int, steps: list[str], gib: float, minutes: float) -> dict[str, dict[str, Any]]:
    command = [sys.executable, __file__, "--child", str(n_nodes), "--steps", ",".join(steps), "--gib", str(gib)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    stop = threading.Timer(60 * minutes, child.kill)
    stop.start()
    result: dict[str, dict[str, Any]] = {}
    assert child.stdout is not None
    for text in child.stdout:
        line = json.loads(text)
        print(f"{n_nodes} nodes: {text.strip()}", file=sys.stderr)
        result[line.pop("step")] = line
    code = child.wait()
    late = not stop.is_alive()
    stop.cancel()
    why = f"more than {minutes:g} minutes" if late else f"ended with code {code}"
    for step in steps:
        result.setdefault(step, {"failed": why if code else "not reached"})
    return result


def exponent(results: dict[int, dict[str, Any]], steps: list[str]) -> float | None:
    """Slope of log seconds over log edges, over those sizes where all of the steps went through."""
    points = [
        (result["build"]["n_edges"], sum(result[step]["seconds"] for step in steps))
        for result in results.values()
        if all("seconds" in result[step] for step in {*steps, "build"} if step in result) and "build" in result
    ]
    if len(points) < 2:
        return None
    x, y = np.log(np.array(points)).T
    return float(np.polyfit(x, y, 1)[0])


def print_table(results: dict[int, dict[str, Any]], steps: list[str], exponents: dict[str, float | None]) -> None:
    n_edges = {size: result["build"].get("n_edges", 0) for size, result in results.items()}
    print("| step | " + " | ".join(f"{size:,} nodes, {n_edges[size]:,} edges" for size in results) + " | exponent |")
    print("|---|" + "---:|" * (len(results) + 1))
    for step in steps:
        cells = [cell(result[step]) for result in results.values()]
        print(f"| {MEANING[step]} | " + " | ".join(cells) + f" | {shown(exponents[step])} |")
    totals = []
    for result in results.values():
        done = [result[step] for step in steps if "seconds" in result[step]]
        peak = max((result[step]["mib"] for step in steps if "mib" in result[step]), default=0.0)
        all_done = "" if len(done) == len(steps) else f" ({len(done)} of {len(steps)} steps)"
        totals.append(f"{sum(each['seconds'] for each in done):.1f} s, {peak / 1024:.2f} GiB{all_done}")
    print("| all | " + " | ".join(totals) + f" | {shown(exponents['total'])} |")
    for size, result in results.items():
        for step in steps:
            if "failed" in result[step]:
                print(f"\n{size:,} nodes, {step}: {result[step]['failed']}")
        if "accuracy" in result.get("predict", {}):
            print(f"\n{size:,} nodes: accuracy {result['predict']['accuracy']:.3f}, chance {1 / N_CLASSES:.3f}")


def cell(step: dict[str, Any]) -> str:
    return "failed" if "failed" in step else f"{step['seconds']:.2f} s, {step['mib'] / 1024:.2f} GiB"


def shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


# -- what building takes -----------------------------------------------------------------------------------------


def measure_memory(n_nodes: int = 100_000) -> None:
    """Print what numpy has allocated at the peak of each call beyond its input, in bytes an edge."""
    from skellagnn import TextGraph

    edges = make_edges(n_nodes)
    shuffle_nodes(edges, n_nodes)
    half = edges[: len(edges) // 2]
    weights = np.random.default_rng(0).random(len(edges), dtype=np.float32)
    cases: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
        "undirected, int64": (edges.astype(np.int64), {}),
        "undirected, int32": (edges, {}),
        "undirected, each listed in both directions, int32": (np.concatenate([half, half[:, ::-1]]), {}),
        "undirected, weighted, int32": (edges, {"weights": weights}),
        "directed, int64": (edges.astype(np.int64), {"directed": True}),
        "directed, int32": (edges, {"directed": True}),
        "directed, weighted, int32": (edges, {"directed": True, "weights": weights}),
    }
    print("| input | bytes of it an edge | at the peak | that stay | peak / input |")
    print("|---|---:|---:|---:|---:|")
    results = {}
    for name, (given, options) in cases.items():
        tracemalloc.start()
        graph = TextGraph.from_edges(given, n_nodes=n_nodes, **options)
        peak = tracemalloc.get_traced_memory()[1] / len(given)
        tracemalloc.stop()
        matrix = graph.adjacency
        stay = (matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes) / len(given)
        size = (given.nbytes + sum(each.nbytes for each in options.values() if isinstance(each, np.ndarray))) / len(
            given
        )
        results[name] = {"input": size, "peak": peak, "stay": stay}
        print(f"| {name} | {size:.0f} | {peak:.1f} | {stay:.1f} | {peak / size:.2f} |")
    print(json.dumps({"benchmark": "scale", "command": " ".join(["python", *sys.argv]), "bytes_an_edge": results}))


if __name__ == "__main__":
    main()
