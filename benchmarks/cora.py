"""Does the LLM pay? E-LLaGNN against the same training without answers, ten 20-per-class splits.

    python benchmarks/cora.py FOLDER [--backbone sage] [--seeds 10] [--ratio 0.1]

FOLDER is read by ``skellagnn.datasets.load_folder`` and holds ``splits.json.gz`` with ``fewshot_20perclass_seed0`` ...
and ``llm_answers.jsonl.gz``. Every arm predicts without LLM; the 500 validation nodes of a split decide the epoch. All
arms use the estimator's defaults but for what their name says.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from skellagnn import ELLaGNNClassifier, ReplayEnhancer, TextGraph, encode_graph
from skellagnn.datasets import load_folder

BASELINE = "same training, no answers"


class AmongNodes:
    """Random selection among some nodes, those that answers were recorded for without looking at the graph."""

    def __init__(self, nodes: np.ndarray) -> None:
        self.nodes = nodes

    def __call__(self, graph: TextGraph, features: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        scores = np.zeros(graph.n_nodes)
        scores[self.nodes] = 1 + rng.random(len(self.nodes))
        return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--backbone", default="sage")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--ratio", type=float, default=0.1)
    parser.add_argument("--memory", help="folder that keeps encoded texts from run to run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(options, options.memory or folder)


def run(options: argparse.Namespace, memory: str) -> None:
    data = load_folder(options.folder)
    graph = encode_graph(data.graph, "minilm", memory=memory)
    recorded = json.loads((options.folder / "llm_answers_plan.json").read_text())
    names = {name: node for node, name in enumerate(graph.node_names)}
    drawn = np.array([names[str(node)] for node in recorded["random"]])
    common: dict[str, Any] = {"backbone": options.backbone, "class_names": data.target_names, "memory": memory}
    asked = {
        "enhancer": ReplayEnhancer(data.answers_path),
        "augmentation_ratio": options.ratio,
        "prompts": "keywords+background+topic",
        **common,
    }
    percent = f"{100 * options.ratio:g} %"
    arms = {
        f"plain {options.backbone}": {**common, "consistency": 0},
        BASELINE: common,
        f"E-LLaGNN, {percent} by PageRank": asked,
        f"E-LLaGNN, {percent} at random": {**asked, "selection": AmongNodes(drawn)},
        f"views alone (the paper), {percent}": {**asked, "consistency": 0, "answer_weight": 0},
        f"E-LLaGNN without consistency, {percent}": {**asked, "consistency": 0},
    }
    scores: dict[str, list[float]] = {name: [] for name in arms}
    unasked: dict[str, list[float]] = {name: [] for name in arms}
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    for seed in range(options.seeds):
        split = data.splits[f"fewshot_20perclass_seed{seed}"]
        train, validation, test = (split[part] for part in ("train", "val", "test"))
        for name, params in arms.items():
            clf = ELLaGNNClassifier(random_state=seed, **params)
            started = time.perf_counter()
            y = data.target
            clf.fit(graph[train], y[train], X_val=graph[validation], y_val=y[validation])
            seconds[name].append(time.perf_counter() - started)
            scores[name].append(100 * clf.score(graph[test], y[test]))
            others = np.setdiff1d(test, clf.active_nodes_)
            unasked[name].append(100 * clf.score(graph[others], y[others]))
    report(options, data, scores, unasked, seconds)


def report(
    options: argparse.Namespace,
    data: Any,
    scores: dict[str, list[float]],
    unasked: dict[str, list[float]],
    seconds: dict[str, list[float]],
) -> None:
    print(f"{data.meta.get('name', options.folder.name)}: {data.graph}, {options.seeds} splits of 20 labels a class")
    print(f"{'':42s} {'accuracy':>8s} {'std':>5s} {'not asked':>9s} {'difference':>10s} {'se':>5s} {'s a fit':>8s}")
    rows = {}
    for name, values in scores.items():
        difference = np.array(values) - np.array(scores[BASELINE])
        rows[name] = {
            "accuracy": float(np.mean(values)),
            "std": float(np.std(values, ddof=1)),
            "not_asked": float(np.mean(unasked[name])),
            "difference": float(difference.mean()),
            "standard_error": float(difference.std(ddof=1) / np.sqrt(len(difference))),
            "seconds": float(np.median(seconds[name])),
        }
        row = rows[name]
        print(
            f"{name:42s} {row['accuracy']:8.2f} {row['std']:5.2f} {row['not_asked']:9.2f} {row['difference']:+10.2f} "
            f"{row['standard_error']:5.2f} {row['seconds']:8.2f}"
        )
    print("difference: paired, against the same training without answers; not asked: test nodes that the LLM never saw")
    print(json.dumps({"benchmark": "cora", "folder": options.folder.name, "backbone": options.backbone, "rows": rows}))


if __name__ == "__main__":
    main()
