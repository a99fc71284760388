"""What a graph says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.base.showing import html_table

if TYPE_CHECKING:
    from skellagnn.graph._text_graph import TextGraph


def text_repr(graph: TextGraph) -> str:
    """Return one line: sizes, kind of edges, what the nodes carry, targets in view."""
    parts = [f"n_nodes={graph.n_nodes}", f"n_edges={graph.n_edges}", "directed" if graph.is_directed else "undirected"]
    if graph.is_weighted:
        parts.append("weighted")
    if graph.texts is not None:
        parts.append("texts")
    if graph.features is not None:
        parts.append(f"n_features={graph.features.shape[1]}")
    if not np.array_equal(graph.targets, np.arange(graph.n_nodes)):
        parts.append(f"{len(graph)} targets in view")
    if graph.is_inductive:
        parts.append("inductive")
    return f"{type(graph).__name__}({', '.join(parts)})"


def html_repr(graph: TextGraph) -> str:
    """Return a table: counts, degrees, text lengths, missing texts, one example."""
    degrees = np.diff(graph.adjacency.indptr)
    rows = [
        ("nodes", f"{graph.n_nodes:,}"),
        ("edges", f"{graph.n_edges:,} {'directed' if graph.is_directed else 'undirected'}"
                  f"{', weighted' if graph.is_weighted else ''}"),
        ("targets in view", f"{len(graph):,}{', inductive' if graph.is_inductive else ''}"),
        ("neighbors per node", _spread(degrees)),
        ("isolated nodes", f"{int((degrees == 0).sum()):,}"),
    ]  # fmt: skip
    if graph.texts is not None:
        lengths = graph.texts.n_chars
        rows += [
            ("text length (characters)", _spread(lengths)),
            ("missing texts", f"{int((lengths == 0).sum()):,}"),
        ]
        if graph.n_nodes:
            text = graph.texts[0]
            rows.append(("first text", text if len(text) <= 120 else text[:117] + "..."))
    features = graph.features
    rows.append(("features", "none" if features is None else f"{features.shape[1]:,} columns, {features.dtype}"))
    return html_table(type(graph).__name__, rows)


def _spread(values: NDArray[np.integer[Any]]) -> str:
    if len(values) == 0:
        return "-"
    low, median, high = np.percentile(values, [0, 50, 100])
    return f"min {low:,.0f}, median {median:,.0f}, mean {values.mean():,.1f}, max {high:,.0f}"
