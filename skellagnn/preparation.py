"""What training is given, made from what the user gave: parts, rows, validation, network, answers.

Each function takes the estimator for its parameters, which it reads and does not write.
"""

from __future__ import annotations

import logging
import numbers
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from skellagnn.base.resources import available_memory
from skellagnn.base.vectors import unit_rows
from skellagnn.distillation import N_UNLABELED
from skellagnn.encoders import encode_texts
from skellagnn.encoders._features import check_same_space, check_same_width, raw_features, ready_encoder
from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn._distributed import ProcessGroup
from skellagnn.gnn._inference import check_output
from skellagnn.gnn._sparse import edges_for
from skellagnn.gnn._targets import LabeledNodes
from skellagnn.gnn._training import seeded
from skellagnn.gnn._views import NodeFeatures
from skellagnn.gnn.backbones import build_backbone
from skellagnn.graph import TextGraph
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


def raw_rows(
    estimator: Any, graph: TextGraph, encoder: Any, *, scale: bool, n_features: int | None = None
) -> NDArray[Any]:
    """Step 2: raw rows. Called by fit and predict alike; knows no enhancer."""
    return raw_features(graph, encoder, memory=estimator.memory, scale=scale, n_features=n_features)


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
    group: ProcessGroup | None = None,
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
    hops = getattr(network, "n_hops", None)
    reached = n_targets * (1 + float(degrees.mean() if len(degrees) else 0)) ** max(1, (hops or 1) - 1)
    n_rows = adjacency.shape[0] if hops is None else min(adjacency.shape[0], reached)
    n_passes = 2 if agree else 1
    n_layers = estimator.n_layers if hops is None else hops
    columns = 4 * n_features + n_passes * (3 * n_features + 5 * n_layers * estimator.hidden_channels)
    memory = available_memory() / (1 if group is None else group.n_local)
    fits = 4 * columns * n_rows <= FULL_GRAPH_SHARE * memory
    if group is not None:  # one that is short of memory decides for all
        fits = not group.any(not fits)
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
    group: ProcessGroup | None = None,
) -> tuple[NodeFeatures, list[NDArray[np.int64]], LLMUsage]:
    """Step 4: answers, their views, and the classes that they name."""
    if len(active) == 0:
        return NodeFeatures.without_views(raw), [], LLMUsage()
    if graph.features is not None and graph.texts is not None:  # before anything is paid
        check_same_space(encoder, graph, raw, estimator.memory)
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
    enhancement = ask() if group is None else group.first(ask)

    def encode(answers: Any) -> NDArray[np.float32]:
        rows = encode_texts(encoder, answers, memory=estimator.memory)
        check_same_width(rows.shape[1], raw)
        return unit_rows(rows)

    features = NodeFeatures.from_answers(raw, active, enhancement.answers, enhancement.table.index, encode)
    choices = [
        _to_classes(enhancement.choices(position, names.names), names)
        for position, prompt in enumerate(catalog)
        if prompt.names_classes and names is not None
    ]
    return features, choices, enhancement.usage


def check_width(rows: NDArray[np.float32], n_features: int, argument: str) -> None:
    if rows.shape[1] != n_features:
        raise InvalidParameterError(
            f"`{argument}` must have rows of {n_features} columns, as in training, got {rows.shape[1]}. Use the "
            "encoder or the features that the model was fitted with."
        )


def _to_classes(choices: NDArray[np.int64], names: ClassNames) -> NDArray[np.int64]:
    """Map positions in the list of names to class indices; a class that this fit does not know is no choice."""
    return np.where(choices >= 0, names.class_index[choices], -1)
