"""How fast is training, against PyTorch Geometric and scikit-network on the same graphs?

    python benchmarks/training.py [--quick] [--settings cora large large-half] [--backbones sage gcn gat gin]
                                  [--data FOLDER] [--rounds 5] [--dropout 0.5] [--no-memory]
                                  [--device cuda]

Time of an epoch and of a whole fit, peak memory (Linux), accuracy on the unlabeled nodes; the estimator with the
paper's settings and no enhancer. All is trained on given features, with the same widths, labels, edges, dropout, step
size and decay. ``--data`` puts a real graph in the place of the generated one in the setting cora. Prints a Markdown
table and then the same as one line of JSON. On a GPU scikit-network is left out, and the memory is that of
the GPU. scikit-network comes with ``pip install -e '.[bench]'``.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from contenders import BACKBONES, CSR, EDGE_INDEX, OURS, SCIKIT_NETWORK, Recipe, Schedule, ScikitNetwork, make_contender
from generated import LabeledGraph, Size, generate, read
from measuring import Goal, PeakMemory, Ratio, in_turns, report, times_faster

PACKAGES = ("skellagnn", "torch", "torch-geometric", "scikit-network", "scikit-learn", "scipy", "numpy")
MEMORY_EPOCHS = 3
HEADER = (
    "setting",
    "backbone",
    "by",
    "ms/epoch",
    "we are x faster",
    "goal",
    "fit [s]",
    "peak [MB]",
    "accuracy",
    "epochs",
)


@dataclass(frozen=True)
class Setting:
    """A graph, how many labels of it are shown, and how an epoch is timed on it."""

    size: Size
    hidden_channels: int
    labels: int | float  # of each class, or a share of all nodes
    schedule: Schedule
    peers: tuple[str, ...] = (EDGE_INDEX, CSR)
    # of gat, whose epochs take several times as long
    gat_schedule: Schedule | None = None

    def schedule_of(self, backbone: str) -> Schedule:
        return self.gat_schedule if backbone == "gat" and self.gat_schedule else self.schedule

    def contenders(self, backbone: str) -> list[str]:
        return [
            OURS,
            *(peer for peer in self.peers if peer != SCIKIT_NETWORK or backbone in ScikitNetwork.LAYERS),
        ]


CORA = Setting(Size(2_708, 5_278, 7, 384), 256, 20, Schedule(5, 75, 75, fresh=True), (EDGE_INDEX, CSR, SCIKIT_NETWORK))
LARGE = Setting(
    Size(100_000, 1_000_000, 10, 128),
    128,
    20,
    Schedule(1, 2, 10, fresh=False),
    gat_schedule=Schedule(1, 1, 1, fresh=False),
)
SETTINGS = {
    "cora": CORA,
    "large": LARGE,
    "large-half": replace(LARGE, labels=0.5),
    # seconds for all of it: whether the script works
    "tiny": replace(CORA, size=Size(60, 120, 3, 16), hidden_channels=8, labels=5, schedule=Schedule(1, 20, 20, True)),
}
SMALL = {"sage", "gcn"}


def goal_of(setting: str, recipe: Recipe, peer: str) -> Goal | None:
    """What is to be reached, on a CPU."""
    if setting == "tiny" or recipe.device != "cpu":
        return None
    if peer == SCIKIT_NETWORK:
        return Goal(1)
    if recipe.backbone not in SMALL:
        return Goal(1)
    if setting == "cora":
        return Goal(3) if peer == EDGE_INDEX else None
    return Goal(5) if peer == EDGE_INDEX else Goal(1.5)


@dataclass(frozen=True)
class Result:
    """A line of the table."""

    setting: str
    backbone: str
    contender: str
    seconds_an_epoch: list[float]
    ratio: Ratio | None
    goal: float | None
    fit_seconds: list[float]
    peak_megabytes: float | None
    accuracy: list[float]
    n_epochs: int

    def cells(self) -> tuple[str, ...]:
        goal = "" if self.goal is None or self.ratio is None else Goal(self.goal).verdict(self.ratio)
        accuracy = f"{100 * statistics.mean(self.accuracy):.1f}"
        if len(self.accuracy) > 1:
            accuracy += f" ± {100 * statistics.stdev(self.accuracy):.1f}"
        return (
            self.setting,
            self.backbone,
            self.contender,
            f"{1000 * statistics.median(self.seconds_an_epoch):.3g}",
            "" if self.ratio is None else str(self.ratio),
            goal,
            f"{statistics.median(self.fit_seconds):.3g}",
            "" if self.peak_megabytes is None else f"{self.peak_megabytes:.0f}",
            accuracy,
            str(self.n_epochs),
        )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds, sage and gcn, without large-half")
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS))
    parser.add_argument("--backbones", nargs="+", choices=BACKBONES)
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="a graph for the setting cora: load_folder reads it"
    )
    parser.add_argument("--rounds", type=int, help="paired measurements (default: 5, 3 with --quick)")
    parser.add_argument("--dropout", type=float, default=0.5, help="of the inputs of both layers (default: 0.5)")
    parser.add_argument("--no-memory", action="store_true", help="leave out peak memory, a process for each line")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    # torch says once each that CSR tensors are in beta and unchecked
    warnings.filterwarnings("ignore", message="Sparse (CSR tensor support|invariant checks)")
    if options.memory_of:
        print(peak_memory(**json.loads(options.memory_of)))
        return

    settings = options.settings or (["cora", "large"] if options.quick else ["cora", "large", "large-half"])
    backbones = options.backbones or (sorted(SMALL, reverse=True) if options.quick else BACKBONES)
    n_rounds = options.rounds or (3 if options.quick else 5)
    with_memory = not options.no_memory
    if with_memory and options.device == "cpu" and not Path("/proc/self/clear_refs").exists():
        print("Peak memory is left out: it is read from /proc, which this system lacks.", file=sys.stderr)
        with_memory = False
    if options.device == "cpu" and find_spec("sknetwork") is None:
        print("scikit-network is left out: it is not installed (pip install -e '.[bench]').", file=sys.stderr)

    results: list[Result] = []
    for name in settings:
        setting = SETTINGS[name]
        real = options.data if name == "cora" else None
        graph = read(real, setting.labels) if real else generate(setting.size, setting.labels)
        for backbone in backbones:
            print(f"{name}, {backbone} ...", file=sys.stderr, flush=True)
            recipe = Recipe(backbone, setting.hidden_channels, options.dropout, options.device)
            results += measure(name, graph, recipe, n_rounds, with_memory=with_memory)
    report(
        "training",
        HEADER,
        [result.cells() for result in results],
        results,
        packages=PACKAGES,
        settings={
            "rounds": n_rounds,
            "dropout": options.dropout,
            "data": str(options.data) if options.data else "generated",
            "threads": _n_threads(),
            "device": _name_of(options.device),
        },
    )


def measure(name: str, graph: LabeledGraph, recipe: Recipe, n_rounds: int, *, with_memory: bool) -> list[Result]:
    """Measure all contenders on one graph with one backbone."""
    setting, backbone = SETTINGS[name], recipe.backbone
    schedule = setting.schedule_of(backbone)
    contenders = [
        contender
        for contender in setting.contenders(backbone)
        if contender != SCIKIT_NETWORK or (recipe.device == "cpu" and find_spec("sknetwork") is not None)
    ]
    n_epochs = schedule.total(n_rounds)
    running: dict[str, Any] = {}
    seconds_of_fit: dict[str, list[float]] = {contender: [] for contender in contenders}
    accuracy: dict[str, list[float]] = {contender: [] for contender in contenders}

    def finish(contender: str) -> None:
        seconds, score = running.pop(contender).finish(n_epochs)
        seconds_of_fit[contender].append(seconds)
        accuracy[contender].append(score)

    def run(contender: str, i: int) -> float:
        if contender not in running:
            running[contender] = make_contender(contender, graph, recipe, seed=i)
        seconds = running[contender].seconds_an_epoch(schedule)
        if schedule.fresh:
            finish(contender)
        gc.collect()
        return seconds

    for contender in contenders:
        warm_up(contender, recipe)
    seconds = in_turns({each: lambda i, each=each: run(each, i) for each in contenders}, n_rounds)
    for contender in list(running):
        finish(contender)
    memory = dict.fromkeys(contenders)
    if with_memory:
        memory |= measure_memory(graph, recipe, contenders)
    results = []
    for contender in contenders:
        goal = None if contender == OURS else goal_of(name, recipe, contender)
        results.append(
            Result(
                name,
                backbone,
                contender,
                seconds[contender],
                None if contender == OURS else times_faster(seconds[OURS], seconds[contender]),
                None if goal is None else goal.at_least,
                seconds_of_fit[contender],
                memory[contender],
                accuracy[contender],
                n_epochs,
            )
        )
    return results


def warm_up(contender: str, recipe: Recipe) -> None:
    """Train on a handful of nodes: what is imported or allocated in a first fit belongs to no later one."""
    handful = generate(Size(30, 60, 2, 8), 5)
    schedule = Schedule(1, 1, 1, fresh=True)
    make_contender(contender, handful, recipe, seed=0).finish(schedule.total(1))


def measure_memory(graph: LabeledGraph, recipe: Recipe, contenders: Sequence[str]) -> dict[str, float]:
    """Train each contender in a process of its own; return peaks in MB, beyond modules and graph."""
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.npz"
        graph.save(path)
        for contender in contenders:
            task = {
                "contender": contender,
                "path": str(path),
                "backbone": recipe.backbone,
                "hidden_channels": recipe.hidden_channels,
                "dropout": recipe.dropout,
                "device": recipe.device,
            }
            command = [sys.executable, __file__, "--memory-of", json.dumps(task)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            peaks[contender] = float(done.stdout)
    return peaks


def peak_memory(contender: str, path: str, **recipe: Any) -> float:
    """Do the work of :func:`measure_memory` in the child process."""
    graph = LabeledGraph.load(Path(path))
    warm_up(contender, Recipe(**recipe))
    gc.collect()
    if recipe["device"] != "cpu":
        import torch

        torch.cuda.reset_peak_memory_stats()
        make_contender(contender, graph, Recipe(**recipe), seed=0).finish(MEMORY_EPOCHS)
        return torch.cuda.max_memory_allocated() / 2**20
    peak = PeakMemory()
    make_contender(contender, graph, Recipe(**recipe), seed=0).finish(MEMORY_EPOCHS)
    return peak.megabytes()


def _n_threads() -> int:
    import torch

    return torch.get_num_threads()


def _name_of(device: str) -> str:
    import torch

    return device if device == "cpu" else torch.cuda.get_device_name(device)


if __name__ == "__main__":
    main()
