"""Active-node selection: which nodes the LLM sees.

A selection is a function ``(graph, features, rng) -> scores``; the nodes with the highest scores are asked first, so
that a larger ratio pays only for the difference. Those that read labels get class ``probabilities``, or the ``labeled``
nodes, too; the others look at neither labels nor targets, so that every fold of a cross-validation asks about the same
nodes.
"""

from skellagnn.selection._choose import count_active_nodes, select_active_nodes
from skellagnn.selection._outward import centers, neighbors
from skellagnn.selection._selections import (
    READS,
    SELECTIONS,
    Selection,
    built_in_name,
    clue,
    clustering,
    degree,
    low_degree,
    margin,
    margin_random,
    pagerank,
    random,
    short_text,
    text_length,
)
from skellagnn.selection._selector import Selector

__all__ = [
    "READS",
    "SELECTIONS",
    "Selection",
    "Selector",
    "centers",
    "clue",
    "clustering",
    "count_active_nodes",
    "degree",
    "low_degree",
    "margin",
    "margin_random",
    "built_in_name",
    "neighbors",
    "pagerank",
    "random",
    "select_active_nodes",
    "short_text",
    "text_length",
]
