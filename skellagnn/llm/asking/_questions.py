"""Which questions are asked: every prompt filled in for every active node, equal ones once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.graph import TextGraph
from skellagnn.llm.prompts import PromptCatalog, Question, list_candidates
from skellagnn.llm.prompts._names import normal_form

# Neighbors shown by a structure-aware prompt, at most.
MAX_NEIGHBOR_TITLES = 10


@dataclass(frozen=True)
class QuestionTable:
    """Distinct questions, and who asks which.

    Parameters
    ----------
    questions : list of Question
        Each once, in the order of the nodes and then of the prompts.
    index : ndarray of int of shape (n_active, n_prompts)
        Position in ``questions`` of the question that an active node asks with a prompt.
    """

    questions: list[Question]
    index: NDArray[np.int64]


def build_questions(
    graph: TextGraph, active: NDArray[np.int64], catalog: PromptCatalog, class_names: Sequence[str] | None
) -> QuestionTable:
    """Fill every prompt in for every active node; equal questions of several nodes become one.

    Raises
    ------
    InvalidParameterError
        If a prompt names classes and there are no class names, or two that answers cannot tell apart.
    GraphError
        If the graph has no texts.
    """
    if graph.texts is None:
        raise GraphError(
            "An enhancer needs a graph with texts, got one without. Build the graph with `texts`, or set enhancer=None."
        )
    if catalog.needs_class_names and not class_names:
        asking = ", ".join(repr(prompt.name) for prompt in catalog if prompt.names_classes)
        raise InvalidParameterError(
            f"`class_names` must be given for the prompt {asking}, which lists them, got {class_names!r} and no "
            "labels that are names. Pass class_names=['name of class 0', ...], or labels that are names (as `y`, also "
            "to plan), or leave that prompt out of `prompts`."
        )
    choices = tuple(name.replace("_", " ") for name in class_names or ())
    if catalog.needs_class_names:
        _check_names_differ(choices)
    shared = {"class_names": ", ".join(choices), "candidates": list_candidates(class_names or ())}
    needed = frozenset[str]().union(*(prompt.fields for prompt in catalog))
    position: dict[tuple[str, str], int] = {}
    filled: list[tuple[int, dict[str, str]]] = []
    asking_nodes: list[list[str]] = []
    index = np.empty((len(active), len(catalog)), dtype=np.int64)
    for row, node in enumerate(active.tolist()):
        values = {**shared, "text": graph.texts[node]}
        if "title" in needed:
            values["title"] = graph.title_of(node)
        if "neighbor_titles" in needed:
            values["neighbor_titles"] = _neighbor_titles(graph, node)
        for column, prompt in enumerate(catalog):
            key = (prompt.key, Question(prompt, values).digest)
            if key not in position:
                position[key] = len(filled)
                filled.append((column, values))
                asking_nodes.append([])
            index[row, column] = position[key]
            asking_nodes[position[key]].append(graph.name_of(node))
    questions = [
        Question(catalog[column], values, tuple(nodes), choices if catalog[column].names_classes else ())
        for (column, values), nodes in zip(filled, asking_nodes, strict=True)
    ]
    return QuestionTable(questions, index)


def _neighbor_titles(graph: TextGraph, node: int) -> str:
    """Titles of the best connected neighbors, one a line."""
    adjacency = graph.adjacency
    span = slice(adjacency.indptr[node], adjacency.indptr[node + 1])
    neighbors, weights = adjacency.indices[span], adjacency.data[span]
    degrees = adjacency.indptr[neighbors + 1] - adjacency.indptr[neighbors]
    best = neighbors[np.lexsort((neighbors, -degrees, -weights))][:MAX_NEIGHBOR_TITLES]
    titles = [graph.title_of(int(neighbor)) for neighbor in best]
    return "\n".join(f"- {title}" for title in titles if title) or "(none)"


def _check_names_differ(names: Sequence[str]) -> None:
    known: dict[str, str] = {}
    for name in names:
        other = known.setdefault(" ".join(normal_form(name).casefold().replace("-", " ").split()), name)
        if other is not name:
            raise InvalidParameterError(
                "`class_names` must differ in more than case, blanks, hyphens and underscores where a prompt lists "
                f"them, got {other!r} and {name!r}: an answer would name both. Rename one."
            )
