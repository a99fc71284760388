"""How fast is prediction: in a fresh process, and against PyTorch Geometric on the same graph?

    python benchmarks/prediction.py [--quick] [--settings cora large] [--backbones sage gcn gat gin] [--rounds 7]

``predict_proba`` on a graph with features, all nodes or three of them, all neighbors or the ten most similar, against
the forward pass and softmax of PyTorch Geometric's model. Our calls also check the graph, scale rows and rank
neighbors. In a fresh process everything counts: starting Python, imports, reading model and graph, the prediction.
Prints a Markdown table and then the same as one line of JSON.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contenders import BACKBONES, CSR, EDGE_INDEX, OURS, Loop, Ours, Recipe
from generated import LabeledGraph, Size, generate
from measuring import Goal, Ratio, in_turns, report, times_faster

from skellagnn import ELLaGNNClassifier
from skellagnn.datasets import make_text_graph

PACKAGES = ("skellagnn", "torch", "torch-geometric", "scikit-learn", "scipy", "numpy")
HEADER = ("setting", "backbone", "by", "ms/call", "nodes/s", f"x faster than {EDGE_INDEX}", "goal")
ALL = f"{OURS}, all nodes"
TEN = f"{OURS}, all nodes, K=10"
FEW = f"{OURS}, three nodes"
FRESH_SECONDS = 6.0

LOAD_OURS = """
import sys
import joblib
from skellagnn import TextGraph
classifier = joblib.load(sys.argv[1])
classifier.predict_proba(TextGraph.load(sys.argv[2]))
"""
# Reads what PyTorch Geometric's users keep: the model as a pickle, features and edges as tensors.
LOAD_PYG = """
import sys
import torch
import torch_geometric.nn
model = torch.load(sys.argv[1], weights_only=False).eval()
x, edges = torch.load(sys.argv[2])
with torch.no_grad():
    model(x, edges).softmax(dim=1)
"""


@dataclass(frozen=True)
class Setting:
    """A graph, and how often it is predicted in a round."""

    size: Size
    hidden_channels: int
    n_calls: int
    goal: float | None


SETTINGS = {
    "cora": Setting(Size(2_708, 5_278, 7, 384), 256, 10, 1),
    "large": Setting(Size(100_000, 1_000_000, 10, 128), 128, 1, 3),
    # seconds for all of it: whether the script works
    "tiny": Setting(Size(60, 120, 3, 16), 8, 2, None),
}


@dataclass(frozen=True)
class Result:
    """A line of the table; a call of ``n_nodes`` predictions."""

    setting: str
    backbone: str
    contender: str
    seconds: list[float]
    n_nodes: int
    ratio: Ratio | None = None
    goal: float | None = None  # times faster
    at_most: float | None = None  # seconds

    def cells(self) -> tuple[str, ...]:
        seconds = statistics.median(self.seconds)
        goal = ""
        if self.goal is not None and self.ratio is not None:
            goal = Goal(self.goal).verdict(self.ratio)
        elif self.at_most is not None:
            goal = f"< {self.at_most:g} s: {'met' if seconds < self.at_most else 'not met'}"
        return (
            self.setting,
            self.backbone,
            self.contender,
            f"{1000 * seconds:,.4g}",
            f"{self.n_nodes / seconds:,.0f}",
            "" if self.ratio is None else str(self.ratio),
            goal,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds, sage and gcn")
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS), default=["cora", "large"])
    parser.add_argument("--backbones", nargs="+", choices=BACKBONES)
    parser.add_argument("--rounds", type=int, help="paired measurements (default: 7, 3 with --quick)")
    parser.add_argument("--no-fresh", action="store_true", help="leave out the fresh processes")
    options = parser.parse_args(arguments)
    # torch says once each that CSR tensors are in beta and unchecked
    warnings.filterwarnings("ignore", message="Sparse (CSR tensor support|invariant checks)")
    backbones = options.backbones or (["sage", "gcn"] if options.quick else BACKBONES)
    n_rounds = options.rounds or (3 if options.quick else 7)

    results: list[Result] = []
    for name in options.settings:
        setting = SETTINGS[name]
        graph = generate(setting.size, 20)
        for backbone in backbones:
            print(f"{name}, {backbone} ...", file=sys.stderr, flush=True)
            results += measure(name, graph, Recipe(backbone, setting.hidden_channels), n_rounds)
        if not options.no_fresh:
            print(f"{name}, in fresh processes ...", file=sys.stderr, flush=True)
            for backbone in [each for each in ("sage", "gat") if each in backbones]:
                results += measure_fresh(name, graph, Recipe(backbone, setting.hidden_channels), n_rounds)
    if not options.no_fresh:
        results += measure_fresh_texts(n_rounds, SETTINGS[options.settings[0]].size.n_nodes)
    report(
        "prediction",
        HEADER,
        [result.cells() for result in results],
        results,
        packages=PACKAGES,
        settings={"rounds": n_rounds, "threads": _n_threads()},
    )


def measure(name: str, graph: LabeledGraph, recipe: Recipe, n_rounds: int) -> list[Result]:
    """Measure calls in this process, after one that does not count."""
    setting = SETTINGS[name]
    text_graph = graph.text_graph()
    few = text_graph[[1, 2, 3]]
    fitted, fitted_ten = fit(graph, recipe, n_neighbors=None), fit(graph, recipe, n_neighbors=10)
    loops = {EDGE_INDEX: Loop(graph, recipe, 0, csr=False), CSR: Loop(graph, recipe, 0, csr=True)}
    calls: dict[str, Callable[[], Any]] = {
        ALL: lambda: fitted.predict_proba(text_graph),
        TEN: lambda: fitted_ten.predict_proba(text_graph),
        FEW: lambda: fitted.predict_proba(few),
        EDGE_INDEX: loops[EDGE_INDEX].probabilities,
        CSR: loops[CSR].probabilities,
    }
    for call in calls.values():
        call()

    def seconds_a_call(call: Callable[[], Any]) -> float:
        started = time.perf_counter()
        for _ in range(setting.n_calls):
            call()
        return (time.perf_counter() - started) / setting.n_calls

    turns = {each: lambda _, call=call: seconds_a_call(call) for each, call in calls.items()}
    seconds = in_turns(turns, n_rounds)
    n_nodes = dict.fromkeys(calls, len(graph.classes)) | {FEW: len(few)}
    return [
        Result(
            name,
            recipe.backbone,
            each,
            seconds[each],
            n_nodes[each],
            None if each == EDGE_INDEX else times_faster(seconds[each], seconds[EDGE_INDEX]),
            setting.goal if each == ALL else None,
        )
        for each in calls
    ]


def fit(graph: LabeledGraph, recipe: Recipe, *, n_neighbors: int | None) -> ELLaGNNClassifier:
    """Train for an epoch: how good the weights are does not matter here."""
    classifier = Ours(graph, recipe, seed=0).estimator(1).set_params(n_neighbors=n_neighbors)
    return classifier.fit(graph.text_graph()[graph.labeled], graph.classes[graph.labeled])


def measure_fresh(name: str, graph: LabeledGraph, recipe: Recipe, n_rounds: int) -> list[Result]:
    """Measure whole processes: ours and PyTorch Geometric's."""
    import joblib
    import torch

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        joblib.dump(fit(graph, recipe, n_neighbors=None), place / "ours.joblib")
        graph.text_graph().save(place / "graph")
        loop = Loop(graph, recipe, 0, csr=False)
        torch.save(loop.model, place / "pyg.pt")
        torch.save((loop.x, loop.edges), place / "tensors.pt")
        commands = {
            OURS: (LOAD_OURS, place / "ours.joblib", place / "graph"),
            EDGE_INDEX: (LOAD_PYG, place / "pyg.pt", place / "tensors.pt"),
        }
        seconds = in_turns(
            {each: lambda _, command=command: seconds_of(*command) for each, command in commands.items()}, n_rounds
        )
    n_nodes = len(graph.classes)
    ratio = times_faster(seconds[OURS], seconds[EDGE_INDEX])
    return [
        Result(name, recipe.backbone, f"{OURS}, fresh process", seconds[OURS], n_nodes, ratio, at_most=FRESH_SECONDS),
        Result(name, recipe.backbone, f"{EDGE_INDEX}, fresh process", seconds[EDGE_INDEX], n_nodes),
    ]


def measure_fresh_texts(n_rounds: int, n_nodes: int) -> list[Result]:
    """Measure whole processes where the model reads texts with the TF-IDF encoder that it carries."""
    import joblib

    data = make_text_graph(n_nodes, random_state=0)
    classifier = ELLaGNNClassifier(encoder="tfidf", early_stopping=False, max_iter=1, teacher=None, random_state=0)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        joblib.dump(classifier.fit(data.graph, data.target), place / "ours.joblib")
        data.graph.save(place / "graph")
        seconds = [seconds_of(LOAD_OURS, place / "ours.joblib", place / "graph") for _ in range(n_rounds)]
    return [
        Result("texts, TF-IDF", "sage", f"{OURS}, fresh process", seconds, n_nodes, at_most=FRESH_SECONDS),
    ]


def seconds_of(code: str, *paths: Path) -> float:
    """Return the wall time of a Python process."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, *map(str, paths)], check=True)
    return time.perf_counter() - started


def _n_threads() -> int:
    import torch

    return torch.get_num_threads()


if __name__ == "__main__":
    main()
