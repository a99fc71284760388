"""Running one fit, in a process of its own: from names to an estimator, from an estimator to a record."""

from __future__ import annotations

import hashlib
import json
import platform
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import skellagnn
from paper_parts.recordings import EXTRA_PROMPTS, ZERO_SHOT, make_recording, write_recording
from paper_parts.records import Fit, Record
from skellagnn import ELLaGNNClassifier, ReplayEnhancer, TextGraph, encode_graph
from skellagnn.base.vectors import unit_vectors
from skellagnn.datasets import edge_homophily, load_folder
from skellagnn.distillation import PropagationTeacher
from skellagnn.encoders._encode import encode_texts
from skellagnn.encoders._resolve import resolve_encoder
from skellagnn.gnn._views import NodeFeatures
from skellagnn.llm.answers import diagnose
from skellagnn.llm.asking import build_questions
from skellagnn.neighborhood import rank_neighbors
from skellagnn.prompts import PromptCatalog, parse_choices
from skellagnn.selection import pagerank, select_active_nodes

# What encodes the texts unless a fit says otherwise: Sentence-BERT alone, as in the paper.
ENCODER = "minilm"
# Recordings that lack some nodes: what they have no answer for keeps its raw row, and is counted.
INCOMPLETE = frozenset({*ZERO_SHOT, "unerring"})

Parts = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Place:
    """Where the data lie, and what is kept of them from run to run."""

    data: Path
    memory: Path


# -- data -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def load_data(place: Place, name: str) -> Any:
    """Load a data set with its encoded texts, once a process."""
    data = load_folder(place.data / name)
    data.graph = encode_graph(data.graph, ENCODER, memory=str(place.memory))
    _encoded_mark(place, name).touch()
    return data


def is_encoded(place: Place, name: str) -> bool:
    return _encoded_mark(place, name).exists()


def _encoded_mark(place: Place, name: str) -> Path:
    return place.memory / f"encoded-{name}"


def default_parameters() -> dict[str, Any]:
    """Return the estimator's defaults, with the encoder of this program."""
    return {**ELLaGNNClassifier().get_params(), "encoder": ENCODER}


def recording_path(place: Place, data_name: str, name: str) -> Path:
    """Return the file of a recording, written when it is first asked for."""
    path = place.memory / "recordings" / f"{data_name}-{name}.jsonl"
    if not path.exists():
        data = load_data(place, data_name)
        nodes = list(data.graph.node_names)
        lines = make_recording(name, place.data / data_name, nodes, data.target, data.target_names)
        write_recording(lines, path)
    return path


def few(data: Any, train: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return the first n training nodes of each class."""
    labels = data.target[train]
    return np.sort(np.concatenate([train[labels == label][:n] for label in np.unique(labels)]))


def _parts(split: Any) -> Parts:
    return split["train"], split["val"], split["test"]


def _five_labels(data: Any, seed: int) -> Parts:
    train, validation, test = _parts(data.splits[f"fewshot_20perclass_seed{seed}"])
    return few(data, train, 5), validation, test


SPLITS: dict[str, Callable[[Any, int], Parts]] = {
    "20 a class": lambda data, seed: _parts(data.splits[f"fewshot_20perclass_seed{seed}"]),
    "60/20/20": lambda data, seed: _parts(data.splits[f"random_60_20_20_seed{seed}"]),
    "public": lambda data, seed: _parts(data.splits["planetoid_public"]),
    "5 a class": _five_labels,
}


# -- selections -------------------------------------------------------------------------------------------------


class AmongRecorded:
    """PageRank, or chance, among the nodes that a recording has answers for."""

    def __init__(self, names: frozenset[str], *, at_random: bool = False) -> None:
        self.names = names
        self.at_random = at_random

    def __call__(self, graph: TextGraph, features: NDArray[np.float32], rng: np.random.Generator) -> NDArray[Any]:
        recorded = np.array([graph.name_of(node) in self.names for node in range(graph.n_nodes)])
        scores = rng.random(graph.n_nodes) if self.at_random else pagerank(graph)
        return np.where(recorded, scores, -np.inf)


class UniformSample:
    """A uniform sample of all nodes, where answers are known for the top of a ranking and for some others.

    The others were drawn at random. So a sample takes as many of the top as a shuffle of all nodes brings up, and of
    the others those that have answers, for as long as there are any. A smaller sample begins a larger one.
    """

    def __init__(self, top: frozenset[str], others: frozenset[str]) -> None:
        self.top = top
        self.others = others

    def __call__(self, graph: TextGraph, features: NDArray[np.float32], rng: np.random.Generator) -> NDArray[Any]:
        names = [graph.name_of(node) for node in range(graph.n_nodes)]
        pool = iter(rng.permutation([node for node in range(graph.n_nodes) if names[node] in self.others]).tolist())
        scores = np.full(graph.n_nodes, -np.inf)
        for place, node in enumerate(rng.permutation(graph.n_nodes).tolist()):
            drawn = node if names[node] in self.top else next(pool, None)
            if drawn is None:
                break
            scores[drawn] = -place
        return scores


def selection_of(place: Place, data_name: str, recording: str, selection: str) -> Any:
    """Resolve the names that the estimator does not know."""
    if selection in ("recorded", "recorded at random"):
        names = ReplayEnhancer(recording_path(place, data_name, recording)).recorded_nodes
        return AmongRecorded(names, at_random=selection == "recorded at random")
    if selection == "uniform":
        plan = json.loads((place.data / data_name / "llm_answers_plan.json").read_text())
        return UniformSample(frozenset(map(str, plan["pagerank_top"])), frozenset(map(str, plan["random"])))
    return selection


# -- estimators -------------------------------------------------------------------------------------------------


class GradientRecorder:
    """A factory of a built-in backbone whose weights write down the norms of their gradients."""

    def __init__(self, backbone: str) -> None:
        self.backbone = backbone

    def __call__(self, in_channels: int, hidden_channels: int, out_channels: int, n_layers: int, dropout: float) -> Any:
        from skellagnn.gnn.backbones import build_backbone

        network = build_backbone(self.backbone, in_channels, hidden_channels, out_channels, n_layers, dropout)
        squares: dict[str, list[float]] = {}
        for name, weights in network.named_parameters():
            if weights.ndim == 2:
                seen = squares.setdefault(name, [])
                weights.register_hook(  # type: ignore[no-untyped-call]
                    lambda gradient, seen=seen: seen.append(float(gradient.square().sum()))
                )
        network.squared_gradients = squares  # type: ignore[assignment]
        return network


def gradient_norms(squares: dict[str, list[float]]) -> list[list[float]]:
    """Return the norm of the gradient of each layer's weights, shape (n_layers, n_epochs), from squares by name."""
    layers: dict[int, Any] = {}
    for name, values in squares.items():
        layer = next(int(part) for part in name.split(".") if part.isdigit())
        layers[layer] = layers.get(layer, 0) + np.array(values)
    return [np.sqrt(layers[layer]).tolist() for layer in sorted(layers)]


def prompts_of(names: str) -> list[Any]:
    return [EXTRA_PROMPTS.get(name, name) for name in names.split("+")]


def estimator_of(place: Place, fit: Fit) -> ELLaGNNClassifier:
    """Return the estimator of a fit: names become enhancers, prompts and selections."""
    params = {"encoder": ENCODER, **fit.arguments(), "memory": str(place.memory), "random_state": fit.seed}
    params["class_names"] = load_data(place, fit.data).target_names
    recording = params.get("enhancer")
    if recording is not None:
        missing = "skip" if recording in INCOMPLETE else "raise"
        params["enhancer"] = ReplayEnhancer(recording_path(place, fit.data, recording), on_missing=missing)
        params["prompts"] = prompts_of(params["prompts"])
        if "selection" in params:
            params["selection"] = selection_of(place, fit.data, recording, params["selection"])
    if fit.kind == "gradients":
        params["backbone"] = GradientRecorder(params.get("backbone", ELLaGNNClassifier().backbone))
    nested = {name: params.pop(name) for name in list(params) if "__" in name}
    if any(name.startswith("teacher__") for name in nested):
        params.setdefault("teacher", PropagationTeacher())  # what "auto" stands for, with parameters to set
    return ELLaGNNClassifier(**params).set_params(**nested)


def stored_views(
    graph: TextGraph, clf: ELLaGNNClassifier, encoder: Any, active: NDArray[np.int64]
) -> tuple[NodeFeatures, Any]:
    """Return the rows and views of a graph, and the first class that each answer to "topic" names (-1: none).

    The estimator forgets the views after training; this makes them anew from the recording.
    """
    catalog = PromptCatalog.from_parameter(clf.prompts)
    table = build_questions(graph, active, catalog, clf.class_names)
    found = clf.enhancer.complete(table.questions)
    answers = [
        answer if answer is not None and diagnose(question, answer, clf.class_names) is None else None
        for question, answer in zip(table.questions, found, strict=True)
    ]
    raw = unit_vectors(np.asarray(graph.features))

    def encode(texts: Any) -> NDArray[np.float32]:
        return encode_texts(encoder, texts, memory=clf.memory)

    features = NodeFeatures.from_answers(raw, active, answers, table.index, encode)
    named = np.full(len(active), -1)
    for column, prompt in enumerate(catalog):
        if prompt.names_classes:
            for row, question in enumerate(table.index[:, column].tolist()):
                answer = answers[question]
                choices = [] if answer is None else parse_choices(answer, clf.class_names)
                if choices:  # an answer may say that no class fits
                    named[row] = choices[0]
            break
    return features, named


def with_views(graph: TextGraph, features: NodeFeatures) -> TextGraph:
    """Return the graph with the mean of its views in the place of each active node's row."""
    rows = features.raw.copy()
    nodes, views = features.queries()
    rows[nodes] = views
    return graph.with_features(rows)


# -- kinds of fits ----------------------------------------------------------------------------------------------


def _train(place: Place, fit: Fit, *, inductive: bool = False, texts: bool = False) -> tuple[ELLaGNNClassifier, Record]:
    data = load_data(place, fit.data)
    graph, y = data.graph.with_features(None) if texts else data.graph, data.target
    train, validation, test = SPLITS[fit.split](data, fit.seed)
    clf = estimator_of(place, fit)
    kept = np.setdiff1d(np.arange(graph.n_nodes), test) if inductive else np.arange(graph.n_nodes)
    seen = graph.subgraph(kept) if inductive else graph
    position = np.full(graph.n_nodes, -1)
    position[kept] = np.arange(len(kept))
    wall, cpu = time.perf_counter(), time.process_time()
    clf.fit(seen[position[train]], y[train], X_val=seen[position[validation]], y_val=y[validation])
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    active = kept[clf.queried_nodes_]
    right = clf.predict(graph[test]) == y[test]
    asked = np.isin(test, active)
    usage = clf.llm_usage_.total
    record: Record = {
        "accuracy": _percent(right),
        "accuracy_not_asked": _percent(right[~asked]),
        "validation": 100 * clf.score(seen[position[validation]], y[validation]),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "n_iter": clf.n_iter_,
        "best_iter": clf.best_iter_,
        "n_active": len(active),
        "questions": usage.questions,
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "unanswered": usage.failed,
        "bad_answers": usage.bad,
    }
    if len(active):
        if texts:
            graph = encode_graph(graph, clf.encoder_, memory=clf.memory)
        features, named = stored_views(graph, clf, clf.encoder_, active)
        known = y[active] >= 0
        right_with = clf.predict(with_views(graph, features)[test]) == y[test]
        record |= {
            "answers_right": _percent(named[known] == y[active][known]) if (named >= 0).any() else None,
            "trust": clf.reliability_,
            "accuracy_views": _percent(right_with),
            "accuracy_asked": _percent(right[asked]),
            "accuracy_asked_views": _percent(right_with[asked]),
        }
    return clf, record


def _percent(right: NDArray[Any]) -> float | None:
    return 100 * float(right.mean()) if len(right) else None


def _transductive(place: Place, fit: Fit) -> Record:
    return _train(place, fit)[1]


def _inductive(place: Place, fit: Fit) -> Record:
    return _train(place, fit, inductive=True)[1]


def _texts(place: Place, fit: Fit) -> Record:
    """Give the estimator texts, and leave it to its encoder what becomes of them."""
    return _train(place, fit, texts=True)[1]


def _gradients(place: Place, fit: Fit) -> Record:
    clf, record = _train(place, fit)
    squares: Any = clf.network_.squared_gradients
    return {**record, "gradients": gradient_norms(squares)}


def _edges(place: Place, fit: Fit) -> Record:
    """Look at the edges that are kept; nothing is trained."""
    data = load_data(place, fit.data)
    graph = data.graph
    clf = estimator_of(place, fit)
    raw = unit_vectors(graph.features)
    active = select_active_nodes(graph, raw, clf.selection, clf.augmentation_ratio, seed=fit.seed)
    queries = stored_views(graph, clf, resolve_encoder(clf.encoder), active)[0].queries()
    rankings = {
        "raw": rank_neighbors(graph.adjacency, raw, clf.n_neighbors),
        "enhanced": rank_neighbors(graph.adjacency, raw, clf.n_neighbors, queries),
    }
    record: Record = {}
    for name, kept in rankings.items():
        record[f"edges_{name}"] = int(kept.nnz)
        record[f"homophily_{name}"] = edge_homophily(TextGraph(kept), data.target)
        asked = np.zeros(graph.n_nodes, dtype=bool)
        asked[queries[0]] = True
        receivers = np.repeat(np.arange(graph.n_nodes), np.diff(kept.indptr))
        own = kept.copy()
        own.data = np.where(asked[receivers], own.data, 0)
        own.eliminate_zeros()
        record[f"homophily_asked_{name}"] = edge_homophily(TextGraph(own), data.target)
    return record


KINDS: dict[str, Callable[[Place, Fit], Record]] = {
    "transductive": _transductive,
    "inductive": _inductive,
    "texts": _texts,
    "gradients": _gradients,
    "edges": _edges,
}


def run_fit(place: Place, key: str, fit: Fit) -> Record:
    """Run a fit and return its record; one that fails says why, and is tried again by the next run."""
    import torch

    torch.set_num_threads(1)
    record: Record = {
        "key": key,
        "kind": fit.kind,
        "data": fit.data,
        "split": fit.split,
        "seed": fit.seed,
        "params": dict(fit.params),
    }
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            record |= KINDS[fit.kind](place, fit)
        except Exception as error:  # one arm that fails must not end a run of hours
            record |= {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
    said = sorted({str(warning.message)[:300] for warning in caught if warning.category is UserWarning})
    if said:
        record["warnings"] = said[:3]
    return record


def versions() -> Record:
    """Return what results may depend on besides their parameters."""
    return {
        **{name: version(name) for name in ("skellagnn", "torch", "numpy", "scikit-learn")},
        "python": platform.python_version(),
        "code": code_digest(Path(str(skellagnn.__file__)).parent),
    }


def code_digest(folder: Path) -> str:
    """Return a digest of the source files of a package."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
