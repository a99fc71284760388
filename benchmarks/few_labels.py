"""Accuracy against labels a class, from none to twenty, with no validation labels.

    python benchmarks/few_labels.py DATA [--data cora wikispeedia] [--seeds 10]
        [--experiments arms llms selections imbalanced splits]
    python benchmarks/few_labels.py report

DATA is a folder of data folders (see ``skellagnn.datasets.load_folder``), with recorded answers. Each fit is a line of
``--results``, written when it is done: a run goes on where an earlier one ended. ``report`` prints the tables of
``docs/results/few_labels.md`` and draws its figure.

Arms: logistic regression on the same embeddings; the plain network; the estimator without an LLM; with its answers
(10 % of the nodes, 5 % of Wikispeedia); and answers given as further labels instead. All parameters are the defaults.
Further experiments: LLMs that know less; other selections; twenty labels in two classes and two in the others, with and
without ``class_weight="balanced"``; the 60/20/20 splits and the public split of Cora.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from paper_parts.recordings import constant_answers, random_answers, read_recording, topic_line

from skellagnn import PAPER_SETTINGS, Budget, ELLaGNNClassifier, ReplayEnhancer, encode_graph
from skellagnn.datasets import load_folder
from skellagnn.prompts import parse_choices

RESULTS = Path(__file__).with_name("few_labels.jsonl")
MEMORY = Path.home() / ".cache" / "skellagnn-benchmarks"
FIGURE = Path(__file__).parents[1] / "docs" / "_static" / "few_labels.svg"
LABELS = (0, 1, 2, 3, 5, 10, 20)
RATIO = {"cora": 0.1, "wikispeedia": 0.05}
ARMS = ("logistic regression", "plain network", "no answers", "with answers", "answers as labels")
# What an arm is compared with, split by split.
BASELINE = {"with answers": "no answers", "no answers": "plain network"}
LLMS = (
    "strong",
    "no confidence",
    "gpt-3.5-turbo",
    "always right",
    "random",
    "constant",
    "two classes swapped",
    "unread",
)
# Files of the strong LLM's answers; the second one says how sure it is.
STRONG = {
    "cora": ("llm_answers.jsonl.gz", "llm_answers_topic_rest.jsonl.gz"),
    "wikispeedia": ("llm_answers.jsonl.gz", "llm_answers_topic_more.jsonl.gz"),
}
# Answers of 400 that an LLM gave in words of its own, as if class names had been abbreviations.
UNREAD = 275 / 400
DEFAULT = "clue"
SELECTIONS = (
    "clue in one round",
    "clustering",
    "pagerank",
    "random",
    "margin",
    "margin_random",
    "neighbors",
    "centers",
)
UNEVEN = "20 in two classes, 2 in the others"
SPLITS = {"cora": ("60/20/20", "public"), "wikispeedia": ("60/20/20",)}


@lru_cache
def load(folder: Path, memory: Path) -> tuple[Any, Any]:
    """Return a data set, and its graph encoded as the estimator does by default."""
    data = load_folder(folder)
    return data, encode_graph(data.graph, "minilm+tfidf", memory=str(memory))


@lru_cache
def recording(folder: Path, llm: str) -> list[dict[str, Any]]:
    """Return the answers of an LLM to the prompt "topic"."""
    data = load_folder(folder)
    nodes, names, target = list(data.graph.node_names), list(data.target_names), data.target
    strong = [
        line for file in STRONG[folder.name] for line in read_recording(folder / file) if line["prompt"] == "topic"
    ]
    if llm == "strong":
        return strong
    if llm == "no confidence":
        return [{key: value for key, value in line.items() if key != "confidence"} for line in strong]
    answered = [str(line["id"]) for line in strong]
    if llm == "random":
        return random_answers(answered, names)
    if llm == "constant":
        return constant_answers(answered, names[int(np.bincount(target[target >= 0]).argmax())])
    if llm == "always right":
        labels = zip(nodes, target, strict=True)
        return [topic_line(node, [names[label]]) for node, label in labels if label >= 0]
    if llm == "two classes swapped":
        first, second = (names[i] for i in np.argsort(-np.bincount(target[target >= 0]), kind="stable")[:2])
        swap = {first: second, second: first}
        chosen = ((line["id"], parse_choices(line["response"], names)) for line in strong)
        return [topic_line(node, [swap.get(names[i], names[i]) for i in found]) for node, found in chosen if found]
    if llm == "unread":
        rng = np.random.default_rng(0)
        lost = set(rng.permutation(answered)[: round(UNREAD * len(answered))].tolist())
        return [
            {
                **topic_line(line["id"], [names[0]]),
                "response": "It is hard to say." if str(line["id"]) in lost else names[0],
            }
            for line in strong
        ]
    lines = read_recording(folder / "llm_zeroshot_glbench.jsonl.gz")
    return [topic_line(line["id"], [line["response"]]) for line in lines if line["model"] == llm]


def split(data: Any, n_labels: int | str, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first nodes of each class of a published split, or all of a larger one, and its test nodes."""
    if n_labels in ("60/20/20", "public"):
        found = data.splits["planetoid_public" if n_labels == "public" else f"random_60_20_20_seed{seed}"]
        return found["train"], found["test"]
    found = data.splits[f"fewshot_20perclass_seed{seed}"]
    train, labels = found["train"], data.target[found["train"]]
    classes = np.unique(labels)
    many = np.random.default_rng(seed).permutation(classes)[:2]
    counts = {label: n_labels if isinstance(n_labels, int) else 20 if label in many else 2 for label in classes}
    few = [train[labels == label][:count] for label, count in counts.items()]
    return np.sort(np.concatenate(few)), found["test"]


def answered_nodes(folder: Path) -> NDArray[np.bool_]:
    """Mark the nodes that the strong LLM answered about: nobody else can be asked."""
    answered = {str(line["id"]) for line in recording(folder, "strong")}
    return np.array([name in answered for name in load_folder(folder).graph.node_names])


def score(folder: Path, memory: Path, case: dict[str, Any]) -> dict[str, Any]:
    """Run one fit; return its accuracy on the test nodes and what it took."""
    data, graph = load(folder, memory)
    train, test = split(data, case["n_labels"], case["seed"])
    y = data.target[train]
    start = time.perf_counter()
    if case["arm"] == "logistic regression":
        from sklearn.linear_model import LogisticRegression

        clf = LogisticRegression(C=10.0, max_iter=1000, class_weight=case["class_weight"])
        clf.fit(graph.features[train], y)
        predicted, more = clf.predict(graph.features[test]), {}
    else:
        clf = estimator(folder, case, memory)
        labels = np.full(graph.n_nodes, -1)
        labels[train] = y
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of answers that cannot be read, where that is the experiment
            if case["arm"] == "answers as labels":
                fit_answers_as_labels(
                    clf, estimator(folder, {**case, "arm": "with answers"}, memory), folder, case, graph, labels
                )
            else:
                clf.fit(graph, labels)
        predicted = clf.predict(graph[test])
        more = {"reliability": clf.reliability_, "asked": len(clf.queried_nodes_)}
    hit = predicted == data.target[test]
    balanced = float(np.mean([hit[data.target[test] == label].mean() for label in np.unique(data.target[test])]))
    return {
        **case,
        "accuracy": float(hit.mean()),
        "balanced": balanced,
        "seconds": round(time.perf_counter() - start, 2),
        **more,
    }


def estimator(folder: Path, case: dict[str, Any], memory: Path) -> ELLaGNNClassifier:
    params: dict[str, Any] = {"random_state": case["seed"], "store": None, "encoder": "minilm+tfidf"}
    params |= {"class_weight": case["class_weight"], "memory": str(memory)}
    if case["arm"] == "plain network":
        return ELLaGNNClassifier(**params, **PAPER_SETTINGS)
    if case["arm"] != "with answers":
        return ELLaGNNClassifier(**params)
    return ELLaGNNClassifier(
        ReplayEnhancer(recording(folder, case["llm"]), on_missing="skip"),
        augmentation_ratio=RATIO[folder.name],
        class_names=list(load_folder(folder).target_names),
        selection=case["selection"].removesuffix(" in one round"),
        budget=Budget(n_rounds=1) if case["selection"].endswith(" in one round") else None,
        candidates=answered_nodes(folder),
        **params,
    )


def fit_answers_as_labels(
    clf: Any, asking: Any, folder: Path, case: dict[str, Any], graph: Any, labels: NDArray[np.int64]
) -> None:
    """Fit on the labels and on the first choices of the nodes that ``asking`` would ask about in one round."""
    names = list(asking.class_names)
    chosen = {str(line["id"]): parse_choices(line["response"], names)[:1] for line in recording(folder, case["llm"])}
    for node in asking.plan(graph, labels).active_nodes:
        found = chosen.get(graph.name_of(node), [])
        if found and labels[node] < 0:
            labels[node] = found[0]
    clf.fit(graph, labels)


def cases(data: str, experiments: list[str], n_seeds: int) -> list[dict[str, Any]]:
    """Return every fit, the first seed of all of them first."""
    found: list[dict[str, Any]] = []
    for seed in range(n_seeds):
        for n_labels in LABELS:
            base = {"n_labels": n_labels, "seed": seed, "llm": "strong", "selection": DEFAULT, "class_weight": None}
            if "arms" in experiments:
                silent = () if n_labels else ARMS[:3]  # no labels, no answers: nothing to learn from
                found += [{**base, "arm": arm} for arm in ARMS if arm not in silent]
            if "llms" in experiments and n_labels in (0, 2, 5, 20):
                found += [{**base, "arm": "with answers", "llm": llm} for llm in LLMS]
            if "selections" in experiments and n_labels in (0, 5, 20):
                found += [{**base, "arm": "with answers", "selection": selection} for selection in SELECTIONS]
        if "imbalanced" in experiments:
            uneven = {**base, "n_labels": UNEVEN}
            found += [{**uneven, "arm": arm, "class_weight": w} for arm in ARMS[:4] for w in (None, "balanced")]
        if "splits" in experiments:
            for name in SPLITS[data]:
                found += [{**base, "n_labels": name, "arm": arm} for arm in ARMS[:4]]
    unique = {json.dumps(case, sort_keys=True): case for case in found}
    return list(unique.values())


def run(options: argparse.Namespace) -> None:
    done = {key(line) for line in read_results(options.results)}
    for name in options.data:
        folder = options.folder / name
        for case in cases(name, options.experiments, options.seeds):
            case = {"data": name, **case}
            if case["llm"] == "gpt-3.5-turbo" and not (folder / "llm_zeroshot_glbench.jsonl.gz").exists():
                continue
            if key(case) in done:
                continue
            line = score(folder, options.memory, case)
            with options.results.open("a", encoding="utf-8") as results:
                results.write(json.dumps(line) + "\n")
            print(
                f"{name}, labels {case['n_labels']}, {case['arm']}, {case['llm']}, {case['selection']}, "
                f"seed {case['seed']}: {line['accuracy']:.4f} in {line['seconds']} s",
                flush=True,
            )


def key(line: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(line[name] for name in ("data", "n_labels", "arm", "llm", "selection", "class_weight", "seed"))


def read_results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


# -- report -------------------------------------------------------------------------------------------------------


def report(path: Path, figure: Path | None) -> str:
    """Return the tables as Markdown: mean, deviation and number of splits; paired differences to `BASELINE`."""
    lines = read_results(path)
    accuracy = {key(line): 100 * line["accuracy"] for line in lines}
    parts = []
    for data in dict.fromkeys(line["data"] for line in lines):
        own = [line for line in lines if line["data"] == data]
        columns = [n for n in (*LABELS, *SPLITS[data], UNEVEN) if any(line["n_labels"] == n for line in own)]
        rows = dict.fromkeys((line["arm"], line["llm"], line["selection"], line["class_weight"]) for line in own)
        parts += [
            f"### {data}\n",
            "| labels a class | " + " | ".join(map(str, columns)) + " |",
            "|---" * (len(columns) + 1) + "|",
        ]
        for arm, llm, selection, weight in rows:
            cells = [_cell(accuracy, data, n, arm, llm, selection, weight) for n in columns]
            changed = [llm] if llm != "strong" else []
            changed += [f"nodes by {selection}"] if selection != DEFAULT else []
            changed += [weight] if weight else []
            what = f"{arm}: {', '.join(changed)}" if changed else arm
            parts.append(f"| {what} | " + " | ".join(cells) + " |")
        parts.append("")
    if figure is not None and lines:
        draw(accuracy, figure)
    return "\n".join(parts)


def _cell(
    accuracy: dict[Any, float], data: str, n: int | str, arm: str, llm: str, selection: str, weight: str | None
) -> str:
    seeds = sorted({seed for d, m, *_, seed in accuracy if (d, m) == (data, n)})
    values = {seed: accuracy.get((data, n, arm, llm, selection, weight, seed)) for seed in seeds}
    found = [value for value in values.values() if value is not None]
    if not found:
        return ""
    cell = f"{np.mean(found):.1f} (sd {np.std(found):.1f}; {len(found)})"
    if other := BASELINE.get(arm):
        base = {seed: accuracy.get((data, n, other, "strong", DEFAULT, weight, seed)) for seed in seeds}
        gains = [values[s] - base[s] for s in seeds if values[s] is not None and base[s] is not None]  # type: ignore[operator]
        if len(gains) > 1:
            cell += f", {np.mean(gains):+.2f} ± {np.std(gains, ddof=1) / np.sqrt(len(gains)):.2f}"
    return cell


def draw(accuracy: dict[Any, float], path: Path) -> None:
    """Draw accuracy against labels a class, with the standard error over the splits."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "few labels"
    from matplotlib import pyplot as plt

    names = list(dict.fromkeys(data for data, *_ in accuracy))
    figure, axes = plt.subplots(1, len(names), figsize=(4.5 * len(names), 3.4), squeeze=False)
    for data, ax in zip(names, axes[0], strict=True):
        for arm in ARMS:
            points = {
                n: [
                    value
                    for (d, m, a, llm, how, weight, _), value in accuracy.items()
                    if (d, m, a, llm, how, weight) == (data, n, arm, "strong", DEFAULT, None)
                ]
                for n in LABELS
            }
            at = [n for n in LABELS if points[n]]
            errors = [np.std(points[n]) / np.sqrt(len(points[n])) for n in at]
            ax.errorbar(
                [LABELS.index(n) for n in at], [np.mean(points[n]) for n in at], errors, marker="o", ms=3, label=arm
            )
        ax.set(
            title=data, xlabel="labels a class", ylabel="accuracy (%)", xticks=range(len(LABELS)), xticklabels=LABELS
        )
    axes[0][0].legend(fontsize="small")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of data folders, or the word report")
    parser.add_argument("--data", nargs="+", default=["cora", "wikispeedia"])
    parser.add_argument("--experiments", nargs="+", default=["arms", "llms", "selections"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--memory", type=Path, default=MEMORY, help="keeps encoded texts")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    if str(options.folder) != "report":
        run(options)
    print(report(options.results, FIGURE if str(options.folder) == "report" else None))


if __name__ == "__main__":
    main()
