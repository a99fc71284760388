"""Is what a pilot foresees what the whole budget brings?

    python benchmarks/pilot.py DATA [--data cora wikispeedia] [--labels 2 5 20 60/20/20]
        [--llms strong gpt-3.5-turbo random] [--seeds 5] [--nodes 50]

On the splits and answers of ``few_labels.py``, whose results (``few_labels.jsonl``) say what the answers did bring:
accuracy with them minus that without, split by split. The pilot sees the training labels and the answers of 50 nodes.
Prints a Markdown table: how often each verdict fell, the gain that was foreseen and the one that was measured, in
points, and how often the measured one lies in the interval of 90 %.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import few_labels
import numpy as np

from skellagnn import pilot

VERDICTS = ("pay", "unclear", "do not pay")


def measured(lines: list[dict[str, Any]], case: dict[str, Any]) -> float | None:
    """Return what the answers brought to a split, in points; None if ``few_labels.py`` has not run it."""
    accuracy = {few_labels.key(line): 100 * line["accuracy"] for line in lines}
    asked = accuracy.get(few_labels.key({**case, "arm": "with answers"}))
    alone = accuracy.get(few_labels.key({**case, "arm": "no answers", "llm": "strong"}))
    return None if asked is None or alone is None else asked - alone


def run_pilot(folder: Path, memory: Path, case: dict[str, Any], n_nodes: int) -> Any:
    data, graph = few_labels.load(folder, memory)
    train, _ = few_labels.split(data, case["n_labels"], case["seed"])
    labels = np.full(graph.n_nodes, -1)
    labels[train] = data.target[train]
    clf = few_labels.estimator(folder, {**case, "arm": "with answers"}, memory)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of answers that cannot be read, where that is the experiment
        return pilot(clf, graph, labels, n_nodes=n_nodes)


def row(name: str, n_labels: int | str, llm: str, found: list[Any], gains: list[float | None]) -> str:
    """Return a row of the table: one configuration over its splits."""
    verdicts = Counter(one.verdict for one in found)
    foreseen = 100 * np.array([one.gain for one in found])
    known = [(low, gain, high) for (low, _, high), gain in zip(foreseen, gains, strict=True) if gain is not None]
    inside = sum(low <= gain <= high for low, gain, high in known)
    actual = f"{np.mean([gain for _, gain, _ in known]):+.1f}" if known else ""
    counts = ", ".join(f"{verdict} {verdicts[verdict]}" for verdict in VERDICTS if verdicts[verdict])
    low, middle, high = foreseen.mean(axis=0)
    gain = f"{middle:+.1f} ({low:+.1f} to {high:+.1f})"
    within = f"{inside} of {len(known)}" if known else ""
    return f"| {name} | {n_labels} | {llm} | {counts} | {gain} | {actual} | {within} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DATA")
    parser.add_argument("--data", nargs="+", choices=list(few_labels.RATIO), default=list(few_labels.RATIO))
    parser.add_argument("--labels", nargs="+", default=["2", "5", "20", "60/20/20"], help="a class, or a split")
    parser.add_argument("--llms", nargs="+", choices=few_labels.LLMS, default=["strong", "gpt-3.5-turbo", "random"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--nodes", type=int, default=50, help="that a pilot asks about")
    parser.add_argument("--memory", type=Path, default=few_labels.MEMORY, help="keeps encoded texts")
    options = parser.parse_args()
    lines = few_labels.read_results(few_labels.RESULTS)
    print("| data | labels a class | LLM | verdicts | foreseen gain | measured gain | inside |")
    print("|---|---|---|---|---|---|---|")
    for name in options.data:
        folder = options.folder / name
        for n_labels in (int(text) if text.isdecimal() else text for text in options.labels):
            for llm in options.llms:
                if llm == "gpt-3.5-turbo" and not (folder / "llm_zeroshot_glbench.jsonl.gz").exists():
                    continue
                case = {"data": name, "n_labels": n_labels, "llm": llm, "selection": few_labels.DEFAULT}
                found, gains = [], []
                for seed in range(options.seeds):
                    case |= {"seed": seed, "class_weight": None}
                    found.append(run_pilot(folder, options.memory, case, options.nodes))
                    gains.append(measured(lines, case))
                print(row(name, n_labels, llm, found, gains), flush=True)


if __name__ == "__main__":
    main()
