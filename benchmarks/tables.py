"""What are an LLM's answers worth to models of tables? Accuracy on test nodes, beside the classifier.

    python benchmarks/tables.py [--data FOLDER] [--labels 5] [--splits 5] [--encoder tfidf]

Each arm sees the same labels, a few a class, and the same answers. ``LLMAugmenter`` makes the columns: a node's own row
and the mean over its neighborhood, with the answers mixed in, or without. "soft labels" adds the queried nodes to the
training rows, each class with the weight that the answers give it. LightGBM is an arm where it is installed. Prints a
Markdown table and then the same as one line of JSON.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from measuring import report
from numpy.typing import NDArray
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from skellagnn import ELLaGNNClassifier, LLMAugmenter, ReplayEnhancer, encode_graph
from skellagnn.datasets import load_api_reference, load_folder, make_text_graph
from skellagnn.encoders import fit_encoder

HEADER = ("model", "features of the texts", "with answers", "with answers and soft labels")
PACKAGES = ("skellagnn", "torch", "scikit-learn", "lightgbm", "scipy", "numpy")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="FOLDER", help="a folder with recorded answers; by default the bundled data")
    parser.add_argument("--tiny", action="store_true", help="a made-up graph of 120 nodes, to try the script")
    parser.add_argument("--labels", type=int, default=5, help="labels a class (default: %(default)s)")
    parser.add_argument("--splits", type=int, default=5, help="draws of these labels (default: %(default)s)")
    parser.add_argument("--encoder", default="minilm+tfidf", help="default: %(default)s")
    parser.add_argument("--ratio", type=float, default=0.1, help="nodes asked about (default: %(default)s)")
    options = parser.parse_args(arguments)
    data, answers = _load(options)
    encoder = FrozenEstimator(fit_encoder(options.encoder, data.graph.texts))
    graph, y = encode_graph(data.graph, encoder), np.asarray(data.target)
    params = {"encoder": encoder, "class_names": list(data.target_names), "random_state": 0}
    asked = {"prompts": "topic", "augmentation_ratio": options.ratio, "selection": "clustering"}
    found: dict[tuple[str, str], list[float]] = {}
    for split in range(options.splits):
        train, test = _draw(y, options.labels, split)
        augmenters = {HEADER[1]: LLMAugmenter(**params), HEADER[2]: LLMAugmenter(answers, **asked, **params)}
        for kind, augmenter in augmenters.items():
            augmenter.set_params(output="features").fit(graph[train], y[train])
            columns = augmenter.transform(graph)
            for name, model in _models().items():
                accuracy = (model().fit(columns[train], y[train]).predict(columns[test]) == y[test]).mean()
                found.setdefault((name, kind), []).append(float(accuracy))
                if augmenter.soft_labels_ is not None:
                    rows, classes, weights = _with_soft_labels(train, y, augmenter)
                    fitted = model().fit(columns[rows], classes, sample_weight=weights)
                    accuracy = (fitted.predict(columns[test]) == y[test]).mean()
                    found.setdefault((name, HEADER[3]), []).append(float(accuracy))
        for kind, enhancer in ((HEADER[1], {}), (HEADER[3], {"enhancer": answers, **asked})):
            clf = ELLaGNNClassifier(**enhancer, **params).fit(graph[train], y[train])
            found.setdefault(("ELLaGNNClassifier", kind), []).append(float(clf.score(graph[test], y[test])))
    names = list(dict.fromkeys(name for name, _ in found))
    rows = [(name, *(_cell(found.get((name, kind))) for kind in HEADER[1:])) for name in names]
    results = [{"model": name, "features": kind, "accuracy": values} for (name, kind), values in found.items()]
    report("tables", HEADER, rows, results, packages=PACKAGES, settings=vars(options))


def _load(options: argparse.Namespace) -> tuple[Any, ReplayEnhancer]:
    if options.tiny:
        data = make_text_graph(n_nodes=120, random_state=0)
        return data, ReplayEnhancer(data.answers)
    data = load_api_reference() if options.data is None else load_folder(options.data)
    return data, ReplayEnhancer(str(data.answers_path), on_missing="skip")


def _models() -> dict[str, Callable[[], Any]]:
    models: dict[str, Callable[[], Any]] = {"logistic regression": lambda: LogisticRegression(C=10, max_iter=1000)}
    if importlib.util.find_spec("lightgbm") is not None:
        from lightgbm import LGBMClassifier

        # its defaults ask for 20 nodes a leaf, more than there are labels
        models["LightGBM"] = lambda: LGBMClassifier(
            n_estimators=100, min_child_samples=2, random_state=0, n_jobs=1, verbose=-1
        )
    return models


def _draw(y: NDArray[np.int64], n_labels: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw so many labels of each class; all other labeled nodes are tested."""
    rng = np.random.default_rng(seed)
    classes = np.unique(y[y >= 0])
    train = np.concatenate([rng.choice(np.flatnonzero(y == label), n_labels, replace=False) for label in classes])
    return train, np.setdiff1d(np.flatnonzero(y >= 0), train)


def _with_soft_labels(
    train: NDArray[np.int64], y: NDArray[np.int64], augmenter: LLMAugmenter
) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[np.float64]]:
    """Return rows, classes and weights: a queried node stands there once for each class that its answers leave."""
    soft = augmenter.soft_labels_
    nodes, classes = np.nonzero(soft > 0.01)
    return (
        np.concatenate([train, nodes]),
        np.concatenate([y[train], augmenter.classes_[classes]]),
        np.concatenate([np.ones(len(train)), soft[nodes, classes]]),
    )


def _cell(values: list[float] | None) -> str:
    if values is None:
        return ""
    error = np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return f"{100 * np.mean(values):.1f} ± {100 * error:.1f}"


if __name__ == "__main__":
    main()
