"""What training is given, made from what the user gave: parts, rows, validation, network, answers.

Each function takes the estimator for its parameters, which it reads and does not write.
"""

from __future__ import annotations

import hashlib
import logging
import numbers
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from skellagnn.base.resources import available_memory, scratch_array
from skellagnn.base.vectors import are_unit_rows, unit_rows
from skellagnn.distillation import N_UNLABELED
from skellagnn.encoders import encode_texts, fit_encoder, resolve_encoder
from skellagnn.encoders._resolve import is_fittable, is_fitted
from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.gnn._distributed import ALONE, ProcessGroup
from skellagnn.gnn._inference import check_output
from skellagnn.gnn._sparse import edges_for
from skellagnn.gnn._targets import LabeledNodes
from skellagnn.gnn._torch_state import seeded
from skellagnn.gnn._views import NodeFeatures
from skellagnn.gnn.backbones import build_backbone
from skellagnn.graph import TextColumn, TextGraph
from skellagnn.llm.asking import LLMUsage, build_questions, enhance
from skellagnn.llm.enhancers import DetachedEnhancer, resolve_enhancer
from skellagnn.llm.prompts import PromptCatalog
from skellagnn.llm.store import resolve_store
from skellagnn.parameters import check_budget
from skellagnn.selection import select_active_nodes
from skellagnn.validation import ClassNames, Labels, as_graph, check_labels, split_validation

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "augment",
    "build_network",
    "check_width",
    "choose_batch_size",
    "hold_out",
    "raw_rows",
    "ready_encoder",
    "resolve_parts",
    "select",
]

logger = logging.getLogger(__name__)

# `batch_size="auto"` takes batches of this size where the whole graph does not fit into that share of the free memory.
BATCH_SIZE = 1024
FULL_GRAPH_SHARE = 0.5
# A row whose length differs from 1 by less is of unit length: its type is no more precise.
UNIT = {np.dtype(np.float16): 1e-3, np.dtype(np.float32): 1e-6}
# What `encoder="auto"` stands for. Words beside Sentence-BERT's rows gain on all data sets tried, see docs/paper.md. A
# graph that has features most likely has them from Sentence-BERT alone, which makes the same rows for every graph.
AUTO_ENCODER = "minilm+tfidf"
FEATURES_ENCODER = "minilm"
# Texts whose rows tell whether an encoder made the features, and the mean cosine similarity that is the same: rounding,
# which differs with the number of threads, turns the last components of a decomposition.
N_COMPARED = 16
SAME_ROWS = 0.9
# Below this, rows are of another space: unrelated ones are near 0, those of one encoder for the first words of a text
# and for all of it are above 0.2.
OTHER_SPACE = 0.1
# The encoder by name that learned last in this process: the fits of a search all learn from the texts of one graph.
_LEARNED: dict[tuple[str, bytes], Any] = {}
# `early_stopping="auto"` holds out no fewer labels than this: the standard error of an accuracy is then 5 points.
MIN_HELD_OUT = 50


def resolve_parts(estimator: Any, graph: TextGraph, names: ClassNames | None) -> tuple[Any, Any]:
    """Return enhancer and encoder, and find what is wrong with them before anything is encoded or paid."""
    enhancer = resolve_enhancer(estimator.enhancer)
    if isinstance(enhancer, DetachedEnhancer):
        enhancer.complete([])
    check_budget(estimator)
    if estimator.on_bad_answer not in ("raw", "retry", "raise"):
        raise InvalidParameterError(
            f"`on_bad_answer` must be 'raw', 'retry' or 'raise', got {estimator.on_bad_answer!r}."
        )
    if enhancer is not None:
        resolve_store(estimator.store, enhancer)
        if estimator.encoder is None:
            raise InvalidParameterError(
                "`encoder` must be given where there is an enhancer: its answers are texts, which become rows "
                "of the same kind as the features. Got encoder=None. Name the encoder that the features came from, "
                "or set enhancer=None."
            )
        # no node yet: checks prompts, class names and texts
        catalog = PromptCatalog.from_parameter(estimator.prompts)
        build_questions(graph, np.empty(0, dtype=np.int64), catalog, None if names is None else names.names)
    return enhancer, ready_encoder(estimator.encoder, graph, answers=enhancer is not None)


def ready_encoder(parameter: Any, graph: TextGraph, *, answers: bool) -> Any:
    """Return the encoder that the parameter stands for, fitted if it learns from texts.

    One that is fitted already is taken as it is where the graph has features: it is what they were made with. One that
    learns here must make the same rows of the graph's texts as there are, or ``answers``, and later other graphs'
    texts, would get rows of another space, of the same width. Where it does not, it is an error if there are answers
    to encode; without any it is None: nobody can say what such texts would be worth.
    """
    if isinstance(parameter, str) and parameter == "auto":
        parameter = AUTO_ENCODER if graph.features is None else FEATURES_ENCODER
    encoder = resolve_encoder(parameter)
    if encoder is None or graph.texts is None or not is_fittable(encoder):
        return encoder
    if graph.features is not None and is_fitted(encoder):
        return encoder
    fitted = (
        _learned(parameter, encoder, graph.texts) if isinstance(parameter, str) else fit_encoder(encoder, graph.texts)
    )
    if graph.features is not None and not _rows_of_some(fitted, graph)[1] > SAME_ROWS:
        if not answers:
            return None
        raise InvalidParameterError(
            "`encoder` must be the one that the graph's features came from, got one that learns from the texts of this "
            "graph and makes other rows of them: features of a part of a graph were learned from all of it. Pass the "
            "fitted encoder to both encode_graph and the classifier (in a search within "
            "sklearn.frozen.FrozenEstimator), or leave the features away: graph.with_features(None)."
        )
    return fitted


def _rows_of_some(encoder: Any, graph: TextGraph, memory: Any = None) -> tuple[NDArray[np.float32], float]:
    """Return what the encoder makes of some nodes' texts, and how similar it is to their features.

    That is the mean cosine similarity where neither is zero: 1 if the features came from this encoder, or if there is
    nothing to compare; NaN if they are of another width.
    """
    assert graph.texts is not None
    assert graph.features is not None
    few = np.linspace(0, graph.n_nodes - 1, N_COMPARED, dtype=np.int64)
    texts, given = [graph.texts[node] for node in few], unit_rows(graph.features[few])
    rows = encode_texts(encoder, texts, memory=memory, n_features=_width_if_blank(texts, given.shape[1]))
    if rows.shape != given.shape:
        return rows, float("nan")
    known = rows.any(axis=1) & given.any(axis=1)
    return rows, float((unit_rows(rows) * given).sum(axis=1)[known].mean()) if known.any() else 1.0


def _width_if_blank(texts: Sequence[str], n_features: int | None) -> int | None:
    """Return what only texts that are all blank need to be told: how wide their zero rows are."""
    return None if any(text.strip() for text in texts) else n_features


def _learned(name: str, encoder: Any, texts: TextColumn) -> Any:
    """Return the encoder of that name, fitted: the one that was fitted last, if its texts were the same."""
    digest = hashlib.blake2b(np.ascontiguousarray(texts.data).data)
    digest.update(np.ascontiguousarray(texts.offsets).data)
    key = (name, digest.digest())
    fitted = _LEARNED.get(key)
    if fitted is None:
        fitted = fit_encoder(encoder, texts)
        _LEARNED.clear()  # one: it may hold a large vocabulary
        _LEARNED[key] = fitted
    return fitted


def raw_rows(
    estimator: Any, graph: TextGraph, encoder: Any, *, scale: bool, n_features: int | None = None
) -> NDArray[Any]:
    """Step 2: raw rows. Called by fit and predict alike; knows no enhancer.

    Features of float16 stay so, and what does not fit into memory lies on disk; who reads rows converts them.
    ``n_features`` is the width of the rows of texts that are all blank, where it is known.
    """
    if graph.features is not None:
        rows = graph.features
    elif graph.texts is None:
        raise GraphError(
            "`X` must have texts or features, got a graph with neither. Pass texts=... or features=... when you "
            "build it."
        )
    elif encoder is None:
        raise InvalidParameterError(
            "`encoder` must be given for a graph that has texts and no features, got None. Use encoder='minilm', "
            "or give the graph features. A model that was fitted on features which its encoder did not make predicts "
            "on such features only; one that was saved without its SentenceTransformer takes it from "
            "set_params(encoder=...)."
        )
    else:
        blank = _width_if_blank(graph.texts, n_features)
        rows = encode_texts(encoder, graph.texts, memory=estimator.memory, n_features=blank)
    if not scale or are_unit_rows(rows, UNIT[rows.dtype]):
        return rows
    return unit_rows(rows, out=scratch_array(rows.shape, rows.dtype))


def hold_out(
    estimator: Any,
    graph: TextGraph,
    raw: NDArray[np.float32],
    labels: Labels,
    X_val: Any,
    y_val: Any,
    seed: int,
    encoder: Any,
    scale: bool,
    columns: Any,
) -> tuple[LabeledNodes, tuple[TextGraph, NDArray[np.float32], LabeledNodes] | None]:
    """Return the training labels and, with early stopping, the graph, rows and labels to validate on.

    ``columns`` is an estimator that remembers the columns of X.
    """
    if (X_val is None) != (y_val is None):
        raise InvalidParameterError("`X_val` and `y_val` must be given together, got only one of them.")
    if X_val is not None:
        if not estimator.early_stopping:
            raise InvalidParameterError(
                "`X_val` must be left out with early_stopping=False, which looks at no validation nodes; got one."
            )
        val_graph = as_graph(columns, X_val, reset=False)
        val_labels = check_labels(val_graph, y_val, classes=labels.classes, argument="y_val").labeled
        # a view shares the arrays of its graph
        if val_graph.adjacency is graph.adjacency and val_graph.features is graph.features:
            return labels.labeled, (graph, raw, val_labels)
        val_raw = raw_rows(estimator, val_graph, encoder, scale=scale, n_features=raw.shape[1])
        check_width(val_raw, raw.shape[1], "X_val")
        return labels.labeled, (val_graph, val_raw, val_labels)
    n_held_out = estimator.validation_fraction * len(labels.labeled.nodes)
    if not estimator.early_stopping or (estimator.early_stopping == "auto" and n_held_out < MIN_HELD_OUT):
        return labels.labeled, None
    labeled, held_out = split_validation(labels.labeled, estimator.validation_fraction, len(labels.classes), seed)
    return labeled, (graph, raw, held_out)


def build_network(
    estimator: Any, graph: TextGraph, raw: NDArray[np.float32], n_classes: int, seed: int, device: torch.device
) -> nn.Module:
    """Build the network, and find out whether it fits before anything is paid."""
    with seeded(seed, device):
        network = build_backbone(
            estimator.backbone,
            raw.shape[1],
            estimator.hidden_channels,
            n_classes,
            estimator.n_layers,
            estimator.dropout,
        ).to(device)
        # one pass over two nodes that hear from each other: a wrong module shows before the LLM is paid
        pair = TextGraph.from_edges([(0, 1)]).adjacency
        rows = torch.zeros((2, raw.shape[1]), device=device)
        with torch.no_grad():
            output = network.eval()(rows, edges_for(network, pair, device))
        check_output(output, 2, n_classes, estimator.backbone)
    return network


def choose_batch_size(
    estimator: Any,
    network: nn.Module,
    adjacency: sparse.csr_array,
    n_labeled: int,
    n_features: int,
    group: ProcessGroup = ALONE,
) -> int | None:
    """Return the number of labeled nodes of a step; None for the whole graph at once.

    Notes
    -----
    ``"auto"`` estimates what a step on all labels holds at once: for each node of their receptive field (bounded by
    what the ranking leaves of the neighbors), its row and its neighbors' mean, before and after dropout, and of each
    layer five arrays for each pass.
    """
    if estimator.batch_size != "auto":
        return None if estimator.batch_size is None else int(estimator.batch_size)
    degrees = np.diff(adjacency.indptr)
    if estimator.n_neighbors is not None:
        degrees = np.minimum(degrees, estimator.n_neighbors)
    agree = estimator.consistency > 0 and estimator.distillation == 0
    n_targets = adjacency.shape[0] if agree else n_labeled + (N_UNLABELED if estimator.distillation > 0 else 0)
    hops = getattr(network, "n_propagations", None)
    reached = n_targets * (1 + float(degrees.mean() if len(degrees) else 0)) ** max(1, (hops or 1) - 1)
    n_rows = adjacency.shape[0] if hops is None else min(adjacency.shape[0], reached)
    n_passes = 2 if agree else 1
    n_layers = estimator.n_layers if hops is None else hops
    columns = 4 * n_features + n_passes * (3 * n_features + 5 * n_layers * estimator.hidden_channels)
    memory = available_memory() / group.n_local
    fits = 4 * columns * n_rows <= FULL_GRAPH_SHARE * memory
    fits = not group.any(not fits)  # one that is short of memory decides for all
    if estimator.verbose:
        how = "the whole graph at once" if fits else f"batches of {BATCH_SIZE}"
        logger.info("batch_size='auto' chose %s: %.1f GB for all labels", how, 4e-9 * columns * n_rows)
    return None if fits else BATCH_SIZE


def select(estimator: Any, graph: TextGraph, raw: NDArray[np.float32]) -> NDArray[np.int64]:
    """Step 3: a function of graph, rows and parameters alone, so that all folds ask about the same nodes."""
    seed = int(estimator.random_state) if isinstance(estimator.random_state, numbers.Integral) else 0
    return select_active_nodes(graph, raw, estimator.selection, estimator.augmentation_ratio, seed=seed)


def augment(
    estimator: Any,
    graph: TextGraph,
    raw: NDArray[np.float32],
    active: NDArray[np.int64],
    enhancer: Any,
    encoder: Any,
    names: ClassNames | None,
    group: ProcessGroup = ALONE,
) -> tuple[NodeFeatures, list[NDArray[np.int64]], LLMUsage]:
    """Step 4: answers, their views, and the classes that they name."""
    if len(active) == 0:
        return NodeFeatures.without_views(raw), [], LLMUsage()
    if graph.features is not None and graph.texts is not None:  # before anything is paid
        check_answer_rows(encoder, graph, raw, estimator.memory)
    catalog = PromptCatalog.from_parameter(estimator.prompts)
    listed = None if names is None else names.names
    table = build_questions(graph, active, catalog, listed)
    ask = partial(
        enhance,
        enhancer,
        table,
        listed,
        store=resolve_store(estimator.store, enhancer),
        budget=check_budget(estimator),
        on_bad_answer=estimator.on_bad_answer,
        verbose=estimator.verbose,
    )
    # one process asks: nothing is paid twice, and the limits hold for all together
    enhancement = group.first(ask)

    def encode(answers: Any) -> NDArray[np.float32]:
        rows = encode_texts(encoder, answers, memory=estimator.memory)
        check_answer_width(rows.shape[1], raw)
        return unit_rows(rows)

    features = NodeFeatures.from_answers(raw, active, enhancement.answers, enhancement.table.index, encode)
    choices = [
        _to_classes(enhancement.choices(position, names.names), names)
        for position, prompt in enumerate(catalog)
        if prompt.names_classes and names is not None
    ]
    return features, choices, enhancement.usage


def check_answer_rows(encoder: Any, graph: TextGraph, raw: NDArray[np.float32], memory: Any) -> None:
    """Find out whether answers would become rows of the features' space, from what the encoder makes of some texts."""
    rows, similarity = _rows_of_some(encoder, graph, memory)
    check_answer_width(rows.shape[1], raw)
    if similarity < OTHER_SPACE:
        raise InvalidParameterError(
            "`encoder` must be the one that the graph's features came from, got one whose rows of the same texts have "
            f"nothing in common with them (mean cosine similarity {similarity:.2f}), although both have {raw.shape[1]} "
            "columns. Pass that encoder, or leave the features away: graph.with_features(None)."
        )


def check_answer_width(width: int, raw: NDArray[np.float32]) -> None:
    if width != raw.shape[1]:
        raise InvalidParameterError(
            f"`encoder` must be the one that the graph's features came from: it makes rows of {width} columns, the "
            f"features have {raw.shape[1]}. Pass that encoder (fitted, if it learns from texts), or leave the features "
            "away: graph.with_features(None)."
        )


def check_width(rows: NDArray[np.float32], n_features: int, argument: str) -> None:
    if rows.shape[1] != n_features:
        raise InvalidParameterError(
            f"`{argument}` must have rows of {n_features} columns, as in training, got {rows.shape[1]}. Use the "
            "encoder or the features that the model was fitted with."
        )


def _to_classes(choices: NDArray[np.int64], names: ClassNames) -> NDArray[np.int64]:
    """Map positions in the list of names to class indices; a class that this fit does not know is no choice."""
    return np.where(choices >= 0, names.class_index[choices], -1)
