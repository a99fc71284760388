"""What each constant of the recipe is good for: the teacher's accuracy without it, or with another value.

    python benchmarks/ablation.py DATA [--data cora wikispeedia] [--seeds 3]

Random labels, not those of the published splits. The LLM is asked about a tenth of the nodes (a twentieth of
Wikispeedia), half of them where the labels are least sure and half at random; the teacher learns from labels and
answers, and is scored on all nodes without a label. All that is weighed goes into it, and it takes seconds where a fit
takes minutes. The columns are labels a class and the LLM of ``few_labels.py``: the strong one, and
one that guesses. Prints a Markdown table: accuracy with the defaults, and paired differences to it by line.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import few_labels
import numpy as np
from propagation import draw

from skellagnn import distillation
from skellagnn.distillation import PropagationTeacher, propagate
from skellagnn.gnn._targets import LabeledNodes
from skellagnn.prompts import parse_choices
from skellagnn.supervision import Answers, Evidence, _evidence, _from_labels, _reliability

COLUMNS = ((0, "strong"), (2, "strong"), (20, "strong"), (5, "random"))
# What is changed: constants of a module, or parameters of the teacher.
LINES: dict[str, tuple[Any, dict[str, Any]]] = {
    "no self-training": (None, {"n_rounds": 0}),
    "two rounds of it": (None, {"n_rounds": 2}),
    "ten rounds of it": (None, {"n_rounds": 10}),
    "C = 1": (None, {"C": 1.0}),
    "C = 20": (None, {"C": 20.0}),
    "two steps of propagation": (distillation, {"N_STEPS": 2}),
    "eight": (distillation, {"N_STEPS": 8}),
    "neighbors compared in 2 components": (distillation, {"N_COMPARED": 2}),
    "in 32": (distillation, {"N_COMPARED": 32}),
    "unstated confidence 0.6": (_reliability, {"UNSTATED_CONFIDENCE": 0.6}),
    "unstated confidence 0.9": (_reliability, {"UNSTATED_CONFIDENCE": 0.9}),
    "confidence never corrected": (_reliability, {"SHIFTS": np.zeros(1)}),
    "shift of variance 0.5": (_reliability, {"SHIFT_VARIANCE": 0.5}),
    "of variance 8": (_reliability, {"SHIFT_VARIANCE": 8.0}),
    "errors taken as independent": (_reliability, {"SHARED": 0.0}),
    "as all shared": (_reliability, {"SHARED": 1.0}),
    "three folds": (_from_labels, {"N_FOLDS": 3}),
    "temperature left free": (_from_labels, {"LOG_TEMPERATURE_VARIANCE": 100.0}),
    "temperature 1": (_from_labels, {"LOG_TEMPERATURE_VARIANCE": 1e-4}),
    "believed up to 1": (_reliability, {"EXTREMES": (0.001, 0.999)}),
    "guesses are kept": (_evidence, {"LEAST_RELIABILITY": 0.0}),
}


@contextmanager
def changed(line: tuple[Any, dict[str, Any]]) -> Iterator[Any]:
    """Change what a line says; give a maker of teachers."""
    module, values = line
    if module is None:
        yield partial(PropagationTeacher, **values)
    else:
        with patch.multiple(module, **values):
            yield PropagationTeacher


def read_answers(data: Any, folder: Path, llm: str, nodes: Any) -> Answers:
    """Return what an LLM answered about some nodes."""
    names, recorded = list(data.target_names), {str(line["id"]): line for line in few_labels.recording(folder, llm)}
    choices, confidence = np.full((len(nodes), 2), -1), np.full(len(nodes), np.nan)
    for row, node in enumerate(nodes):
        line = recorded.get(data.graph.name_of(node), {"response": ""})
        found = parse_choices(line["response"], names)[:2]
        choices[row, : len(found)] = found
        if line.get("confidence") is not None:
            confidence[row] = line["confidence"]
    return Answers(np.asarray(nodes), (choices,), (confidence,))


def score(folder: Path, loaded: Any, n_labels: int, llm: str, seed: int, make_teacher: Any) -> float:
    """Return the teacher's accuracy on the nodes without a label, in percent."""
    data, graph = loaded
    target = data.target
    features = propagate(graph.adjacency, graph.features)
    train, test = draw(target, n_labels, 1000 + seed)
    labeled = LabeledNodes(train, target[train], np.ones(len(train), dtype=np.float32))
    evidence = Evidence(labeled, target.max() + 1, features, graph.adjacency)
    can_be_asked = np.setdiff1d(np.flatnonzero(few_labels.answered_nodes(folder)), train)
    order = np.random.default_rng(seed).permutation(can_be_asked)
    n_asked = int(few_labels.RATIO[folder.name] * graph.n_nodes)
    unsure = order[np.argsort(evidence.from_labels.margins[order], kind="stable")][: n_asked // 2]
    asked = np.concatenate([unsure, np.setdiff1d(order, unsure, assume_unique=True)[: n_asked - len(unsure)]])
    answers = read_answers(data, folder, llm, asked)
    soft = evidence.supervise(answers, make_teacher()).supervision.soft
    assert soft is not None
    predicted = np.full(graph.n_nodes, -1)
    predicted[soft.nodes] = soft.probabilities.argmax(axis=1)
    return float(100 * (predicted[test] == target[test]).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DATA")
    parser.add_argument("--data", nargs="+", choices=list(few_labels.RATIO), default=list(few_labels.RATIO))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--memory", type=Path, default=few_labels.MEMORY, help="keeps encoded texts")
    options = parser.parse_args()
    for name in options.data:
        folder = options.folder / name
        loaded = few_labels.load(folder, options.memory)
        print(f"\n### {name}\n\n| changed | " + " | ".join(f"{n} labels, {llm}" for n, llm in COLUMNS) + " |")
        print("|---" * (1 + len(COLUMNS)) + "|", flush=True)
        default: dict[Any, float] = {}
        for what, line in {"nothing": (None, {}), **LINES}.items():
            cells = []
            for column in COLUMNS:
                with changed(line) as make_teacher:
                    scores = [score(folder, loaded, *column, seed, make_teacher) for seed in range(options.seeds)]
                if what == "nothing":
                    default |= {(column, seed): value for seed, value in enumerate(scores)}
                    cells.append(f"{np.mean(scores):.1f}")
                    continue
                gains = [value - default[column, seed] for seed, value in enumerate(scores)]
                cells.append(f"{np.mean(gains):+.1f} ± {np.std(gains, ddof=1) / np.sqrt(len(gains)):.1f}")
            print(f"| {what} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
