"""How long the propagated half of a teacher's features should be, beside a node's own.

    python benchmarks/propagation.py DATA [--data cora wikispeedia] [--labels 1 2 5 20] [--seeds 5]

DATA is a folder of data folders (see ``skellagnn.datasets.load_folder``). The teacher alone, on random labels; no LLM.
Prints its accuracy on the other nodes with the length that ``skellagnn.distillation.propagate`` chooses, with fixed
ones, and that of logistic regression on the embeddings.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from skellagnn import encode_graph
from skellagnn.datasets import load_folder
from skellagnn.distillation import PropagationTeacher, propagate
from skellagnn.gnn._targets import LabeledNodes
from skellagnn.supervision import one_hot

LENGTHS = (0.0, 0.25, 0.5, 1.0)


def with_length(features: NDArray[Any], length: float) -> NDArray[Any]:
    """Return propagated features whose second half has this length where there are neighbors."""
    half = features.shape[1] // 2
    chosen = np.linalg.norm(features[:, half:], axis=1).max()
    changed = features.copy()
    changed[:, half:] *= length / chosen
    return changed


def draw(target: NDArray[np.int64], n_labels: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return so many random nodes of each class, and all other labeled ones."""
    rng = np.random.default_rng([n_labels, seed])
    train = [rng.permutation(np.flatnonzero(target == label))[:n_labels] for label in range(target.max() + 1)]
    nodes = np.sort(np.concatenate(train))
    return nodes, np.setdiff1d(np.flatnonzero(target >= 0), nodes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", nargs="+", default=["cora", "wikispeedia"])
    parser.add_argument("--labels", nargs="+", type=int, default=[1, 2, 5, 20])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--memory", type=Path, default=Path.home() / ".cache" / "skellagnn-benchmarks")
    options = parser.parse_args()
    print("| data | labels a class | logistic regression | chosen | " + " | ".join(map(str, LENGTHS)) + " |")
    print("|---" * (4 + len(LENGTHS)) + "|")
    for name in options.data:
        data = load_folder(options.folder / name)
        own = encode_graph(data.graph, "minilm+tfidf", memory=str(options.memory)).features
        features = propagate(data.graph.adjacency, own)
        length = float(np.linalg.norm(features[:, own.shape[1] :], axis=1).max())
        for n_labels in options.labels:
            rows = []
            for seed in range(options.seeds):
                train, test = draw(data.target, n_labels, seed)
                labels = data.target[train]
                known = one_hot(LabeledNodes(train, labels, np.ones(len(train), np.float32)), data.target.max() + 1)
                regression = LogisticRegression(C=10.0, max_iter=1000).fit(own[train], labels)
                row = [np.mean(regression.predict(own[test]) == data.target[test])]
                for each in (length, *LENGTHS):
                    inputs = with_length(features, each)
                    said = PropagationTeacher().fit(inputs, known).predict_proba(inputs)[test].argmax(axis=1)
                    row.append(np.mean(said == data.target[test]))
                rows.append(row)
            cells = [f"{100 * value:.1f}" for value in np.mean(rows, axis=0)]
            cells[1] += f" ({length:.2f})"
            print(f"| {name} | {n_labels} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
