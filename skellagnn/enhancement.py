"""Asking the LLM: the only caller of ``Enhancer.complete``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.enhancers import Enhancer
from skellagnn.exceptions import EnhancerError, GraphError, InvalidParameterError
from skellagnn.graph import TextGraph
from skellagnn.progress import progress_bar
from skellagnn.prompts import PromptCatalog, Question, parse_choices

__all__ = ["Enhancement", "LLMUsage", "PromptUsage", "QuestionTable", "build_questions", "enhance"]

# Neighbors shown by a structure-aware prompt, at most.
MAX_NEIGHBOR_TITLES = 10
# Questions handed to an enhancer at a time: large enough for any batch or concurrency of a back end.
BATCH = 256


@dataclass
class PromptUsage:
    """What one prompt cost.

    Attributes
    ----------
    questions : int
        Distinct questions (equal texts ask once).
    asked : int
        Of these, put to the enhancer in this fit.
    failed : int
        Of the asked ones, not answered.
    unusable : int
        Answered, but with nothing in it, or (class-naming prompts) naming no class.
    tokens_in, tokens_out : int
        As far as the enhancer reports them.
    """

    questions: int = 0
    asked: int = 0
    failed: int = 0
    unusable: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass
class LLMUsage:
    """What a fit asked the LLM.

    Attributes
    ----------
    model : str or None
        Name of the enhancer; None if there was none.
    prompts : dict of str to PromptUsage
    """

    model: str | None = None
    prompts: dict[str, PromptUsage] = field(default_factory=dict)

    @property
    def total(self) -> PromptUsage:
        """Sum over the prompts."""
        names = PromptUsage.__dataclass_fields__
        return PromptUsage(**{name: sum(getattr(usage, name) for usage in self.prompts.values()) for name in names})

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts and numbers, for JSON."""
        return asdict(self)


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


@dataclass(frozen=True)
class Enhancement:
    """What came back.

    Parameters
    ----------
    table : QuestionTable
    answers : list of str or None
        One per question; None where there is nothing to use.
    usage : LLMUsage
    """

    table: QuestionTable
    answers: list[str | None]
    usage: LLMUsage

    def choices(self, prompt_position: int, class_names: Sequence[str], n_choices: int = 2) -> NDArray[np.int64]:
        """Read the classes that answers to one prompt name: shape (n_active, n_choices), -1 for none."""
        chosen = np.full((len(self.table.index), n_choices), -1, dtype=np.int64)
        for row, position in enumerate(self.table.index[:, prompt_position]):
            answer = self.answers[position]
            if answer is not None:
                found = parse_choices(answer, class_names)[:n_choices]
                chosen[row, : len(found)] = found
        return chosen


def build_questions(
    graph: TextGraph, active: NDArray[np.int64], catalog: PromptCatalog, class_names: Sequence[str] | None
) -> QuestionTable:
    """Fill every prompt in for every active node; equal questions of several nodes become one.

    Raises
    ------
    InvalidParameterError
        If a prompt names classes and there are no class names.
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
            f"`class_names` must be given for the prompt {asking}, which lists them, got {class_names!r} and labels "
            "that are no names. Pass class_names=['name of class 0', ...], fit on labels that are names, or leave that "
            "prompt out of `prompts`."
        )
    shared = {"class_names": ", ".join(name.replace("_", " ") for name in class_names or ())}
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
        Question(catalog[column], values, tuple(nodes))
        for (column, values), nodes in zip(filled, asking_nodes, strict=True)
    ]
    return QuestionTable(questions, index)


def _neighbor_titles(graph: TextGraph, node: int) -> str:
    """Titles of the best connected neighbors, one a line."""
    adjacency = graph.adjacency
    span = slice(adjacency.indptr[node], adjacency.indptr[node + 1])
    neighbors, weights = adjacency.indices[span], adjacency.data[span]
    degrees = np.diff(adjacency.indptr)[neighbors]
    best = neighbors[np.lexsort((neighbors, -degrees, -weights))][:MAX_NEIGHBOR_TITLES]
    titles = [graph.title_of(int(neighbor)) for neighbor in best]
    return "\n".join(f"- {title}" for title in titles if title) or "(none)"


def enhance(
    graph: TextGraph,
    active: NDArray[np.int64],
    enhancer: Enhancer,
    catalog: PromptCatalog,
    class_names: Sequence[str] | None,
    *,
    verbose: int = 0,
) -> Enhancement:
    """Ask the LLM every prompt about every active node.

    Parameters
    ----------
    graph : TextGraph
    active : ndarray of int64 of shape (n_active,)
    enhancer : Enhancer
    catalog : PromptCatalog
    class_names : sequence of str or None
    verbose : int, default=0
        Above 0 a progress bar is shown.

    Returns
    -------
    enhancement : Enhancement

    Raises
    ------
    EnhancerError
        If the enhancer breaks its contract: another number of answers, or something else than strings and None.
    """
    table = build_questions(graph, active, catalog, class_names)
    usage = LLMUsage(enhancer.name, {prompt.name: PromptUsage() for prompt in catalog})
    for question in table.questions:
        usage.prompts[question.prompt.name].questions += 1
    answers: list[str | None] = []
    with progress_bar(verbose, len(table.questions), "asking the LLM", "answer") as advance:
        for start in range(0, len(table.questions), BATCH):
            batch = table.questions[start : start + BATCH]
            for question, answer in zip(batch, _complete(enhancer, batch), strict=True):
                answers.append(_account(question, answer, usage.prompts[question.prompt.name], class_names))
            advance(len(batch), "")
    return Enhancement(table, answers, usage)


def _complete(enhancer: Enhancer, batch: list[Question]) -> list[str | None]:
    answers = enhancer.complete(batch)
    # a table or a set has a length, but not the order of the prompts
    is_list = hasattr(answers, "__len__") and not isinstance(answers, (str, bytes, Mapping, Set))
    if not is_list or len(answers) != len(batch):
        got = len(answers) if is_list else type(answers).__name__
        raise EnhancerError(
            f"{type(enhancer).__name__}.complete must return a list of one answer per prompt ({len(batch)}), got {got}."
            " Return them in the order of the prompts, None for one that was not answered."
        )
    wrong = next((answer for answer in answers if answer is not None and not isinstance(answer, str)), None)
    if wrong is not None:
        raise EnhancerError(
            f"{type(enhancer).__name__}.complete must return strings, or None for a question without an answer, got "
            f"{type(wrong).__name__} ({wrong!r:.80})."
        )
    return list(answers)


def _account(
    question: Question, answer: str | None, usage: PromptUsage, class_names: Sequence[str] | None
) -> str | None:
    """Count an answer; return it if there is something in it."""
    usage.asked += 1
    usage.tokens_in += getattr(answer, "tokens_in", None) or 0
    usage.tokens_out += getattr(answer, "tokens_out", None) or 0
    if answer is None:
        usage.failed += 1
        return None
    if not answer.strip():
        usage.unusable += 1
        return None
    if question.prompt.names_classes and not parse_choices(answer, class_names or ()):
        usage.unusable += 1  # its words are still a view
    return answer
