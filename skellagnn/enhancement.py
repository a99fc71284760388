"""Asking the LLM, through the store and under a budget: the only caller of ``Enhancer.complete``."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.answers import BAD_ANSWERS, diagnose
from skellagnn.enhancers import Enhancer
from skellagnn.exceptions import AnswerWarning, EnhancerError, GraphError, InvalidParameterError
from skellagnn.graph import TextGraph
from skellagnn.progress import progress_bar
from skellagnn.prompts import PromptCatalog, Question, parse_choices

if TYPE_CHECKING:
    from skellagnn.store import QuestionKey, ResponseStore

__all__ = [
    "Budget",
    "Enhancement",
    "LLMUsage",
    "PromptUsage",
    "QuestionTable",
    "build_questions",
    "enhance",
    "estimate_tokens",
]

# Neighbors shown by a structure-aware prompt, at most.
MAX_NEIGHBOR_TITLES = 10
# Questions handed to an enhancer at a time, unless it says what it likes (`chunk_size`).
BATCH = 64
# English prose in the tokenizers of current LLMs; used where an enhancer reports no tokens.
CHARS_PER_TOKEN = 4.0
# A second try at a question is stored under its own key, so that it, too, is paid for once.
_SECOND_TRY = ":second"


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has, at four characters a token."""
    return int(np.ceil(len(text) / CHARS_PER_TOKEN))


# -- what was spent ---------------------------------------------------------------------------------------------


@dataclass
class PromptUsage:
    """What one prompt cost.

    Attributes
    ----------
    questions : int
        Distinct questions (equal texts ask once).
    found : int
        Of these, answered already in the store.
    asked : int
        Put to the enhancer in this fit.
    failed : int
        Of the asked ones, not answered.
    left : int
        Neither found nor asked: the budget was spent.
    second_tries : int
        Asked again because the first answer was bad; not part of ``asked``.
    bad : dict of str to int
        Answers that could not be used, by reason (:data:`skellagnn.answers.BAD_ANSWERS`).
    tokens_in, tokens_out : int
        Of what was asked in this fit; estimated at four characters a token where the enhancer does not report them.
    seconds : float
        As far as the enhancer reports them.
    """

    questions: int = 0
    found: int = 0
    asked: int = 0
    failed: int = 0
    left: int = 0
    second_tries: int = 0
    bad: dict[str, int] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0


@dataclass
class LLMUsage:
    """What a fit asked the LLM.

    Attributes
    ----------
    model : str or None
        Name of the enhancer; None if there was none.
    prompts : dict of str to PromptUsage
    cost : float or None
        Money spent in this fit, None if no prices were given.
    """

    model: str | None = None
    prompts: dict[str, PromptUsage] = field(default_factory=dict)
    cost: float | None = None

    @property
    def total(self) -> PromptUsage:
        """Sum over the prompts."""
        total = PromptUsage()
        for usage in self.prompts.values():
            for name in ("questions", "found", "asked", "failed", "left", "second_tries", "tokens_in", "tokens_out"):
                setattr(total, name, getattr(total, name) + getattr(usage, name))
            total.seconds += usage.seconds
            for reason, count in usage.bad.items():
                total.bad[reason] = total.bad.get(reason, 0) + count
        return total

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts and numbers, for JSON."""
        return asdict(self)


@dataclass
class Budget:
    """Limits of one fit, and what is spent of them.

    Parameters
    ----------
    max_calls : int or None
        Questions put to the enhancer.
    max_tokens : int or None
        Tokens in and out together.
    max_cost : float or None
        Money; needs ``prices``.
    prices : tuple of float or None
        Price of a million prompt tokens and of a million answer tokens.
    """

    max_calls: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    prices: tuple[float, float] | None = None
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """Return the money for some tokens; 0 without prices."""
        price_in, price_out = self.prices or (0.0, 0.0)
        return (tokens_in * price_in + tokens_out * price_out) / 1e6

    def affordable(self, questions: Sequence[Question]) -> int:
        """Return how many of the questions, from the first on, fit even if every answer is as long as it may be."""
        tokens_in, tokens_out = self.tokens_in, self.tokens_out
        for number, question in enumerate(questions):
            tokens_in += estimate_tokens(question)
            tokens_out += question.prompt.max_answer_tokens
            if (
                (self.max_calls is not None and self.calls + number + 1 > self.max_calls)
                or (self.max_tokens is not None and tokens_in + tokens_out > self.max_tokens)
                or (self.max_cost is not None and self.cost(tokens_in, tokens_out) > self.max_cost)
            ):
                return number
        return len(questions)

    def spend(self, question: Question, answer: str | None, usage: PromptUsage) -> None:
        """Count one question that was put to the enhancer."""
        tokens_in, tokens_out = getattr(answer, "tokens_in", None), getattr(answer, "tokens_out", None)
        tokens_in = estimate_tokens(question) if tokens_in is None else tokens_in
        tokens_out = estimate_tokens(answer or "") if tokens_out is None else tokens_out
        self.calls += 1
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out
        usage.tokens_in += tokens_in
        usage.tokens_out += tokens_out
        usage.seconds += getattr(answer, "seconds", None) or 0.0


# -- questions --------------------------------------------------------------------------------------------------


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
    degrees = adjacency.indptr[neighbors + 1] - adjacency.indptr[neighbors]
    best = neighbors[np.lexsort((neighbors, -degrees, -weights))][:MAX_NEIGHBOR_TITLES]
    titles = [graph.title_of(int(neighbor)) for neighbor in best]
    return "\n".join(f"- {title}" for title in titles if title) or "(none)"


# -- answers ----------------------------------------------------------------------------------------------------


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


def enhance(
    enhancer: Enhancer,
    table: QuestionTable,
    class_names: Sequence[str] | None = None,
    *,
    store: ResponseStore | None = None,
    budget: Budget | None = None,
    on_bad_answer: str = "raw",
    verbose: int = 0,
    warn: bool = True,
) -> Enhancement:
    """Get an answer to every question: from the store, else from the LLM.

    Parameters
    ----------
    enhancer : Enhancer
    table : QuestionTable
    class_names : sequence of str, default=None
        What class-naming prompts list.
    store : ResponseStore, default=None
        Where answers are looked up and kept; None asks everything anew and keeps nothing.
    budget : Budget, default=None
        Limits; what does not fit is left unasked.
    on_bad_answer : {"raw", "retry", "raise"}, default="raw"
        What becomes of an answer that says nothing: its node keeps its raw row; it is asked once more first; or all
        answers are kept in the store and an error is raised.
    verbose : int, default=0
        Above 0 a progress bar is shown.
    warn : bool, default=True
        False leaves the warning out, where stopping early is what was asked for.

    Returns
    -------
    enhancement : Enhancement

    Warns
    -----
    AnswerWarning
        Once, if answers could not be used, questions failed, or the budget left some unasked; with all counts.

    Raises
    ------
    EnhancerError
        If the enhancer breaks its contract, or with ``on_bad_answer="raise"`` if there are bad answers.
    """
    if on_bad_answer not in ("raw", "retry", "raise"):
        raise InvalidParameterError(f"`on_bad_answer` must be 'raw', 'retry' or 'raise', got {on_bad_answer!r}.")
    asking = _Asking(enhancer, table.questions, store, budget or Budget(), verbose)
    answers = asking.run("asking the LLM")
    reasons = {
        position: reason
        for position, answer in enumerate(answers)
        if answer is not None and (reason := diagnose(table.questions[position], answer, class_names))
    }
    if reasons and on_bad_answer == "retry":
        second = asking.run("asking again", sorted(reasons), second_try=True)
        for position, answer in zip(sorted(reasons), second, strict=True):
            if answer is not None and not diagnose(table.questions[position], answer, class_names):
                answers[position] = answer
                del reasons[position]
    for position, reason in reasons.items():
        answers[position] = None
        bad = asking.usage_of(position).bad
        bad[reason] = bad.get(reason, 0) + 1
    usage = LLMUsage(enhancer.name, asking.usage, asking.budget.cost(asking.budget.tokens_in, asking.budget.tokens_out))
    if asking.budget.prices is None:
        usage.cost = None
    _report(usage, on_bad_answer, warn)
    return Enhancement(table, answers, usage)


def _report(usage: LLMUsage, on_bad_answer: str, warn: bool) -> None:
    total = usage.total
    parts = [f"{count} {reason} ({BAD_ANSWERS[reason]})" for reason, count in sorted(total.bad.items())]
    if parts and on_bad_answer == "raise":
        raise EnhancerError(
            f"{sum(total.bad.values())} of {total.questions} answers of {usage.model!r} cannot be used: "
            f"{', '.join(parts)}. They are kept in the store, if there is one. Set on_bad_answer='raw' to go on "
            "without them, or 'retry'."
        )
    if total.failed:
        parts.append(f"{total.failed} not answered")
    if total.left:
        parts.append(f"{total.left} not asked, since the budget was spent")
    if parts and warn:
        warnings.warn(
            f"Of {total.questions} questions to {usage.model!r}, these brought nothing: {', '.join(parts)}. Their "
            "nodes keep their raw rows.",
            AnswerWarning,
            stacklevel=4,
        )


class _Asking:
    """Puts questions to an enhancer in chunks, through a store if there is one."""

    def __init__(
        self,
        enhancer: Enhancer,
        questions: list[Question],
        store: ResponseStore | None,
        budget: Budget,
        verbose: int,
    ) -> None:
        self.enhancer = enhancer
        self.questions = questions
        self.store = store
        self.budget = budget
        self.verbose = verbose
        self.usage: dict[str, PromptUsage] = {}
        for question in questions:
            self.usage.setdefault(question.prompt.name, PromptUsage()).questions += 1

    def usage_of(self, position: int) -> PromptUsage:
        return self.usage[self.questions[position].prompt.name]

    def run(
        self, description: str, positions: Sequence[int] | None = None, *, second_try: bool = False
    ) -> list[str | None]:
        """Return one answer or None per position."""
        wanted = range(len(self.questions)) if positions is None else positions
        with progress_bar(self.verbose, len(wanted), description, "answer") as advance:
            if self.store is None:
                answers = self._run_directly(wanted, second_try, advance)
            else:
                answers = self._run_through_store(wanted, second_try, advance)
        return [answers.get(position) for position in wanted]

    def _run_directly(self, wanted: Sequence[int], second_try: bool, advance: Any) -> dict[int, str | None]:
        answers: dict[int, str | None] = {}
        size = getattr(self.enhancer, "chunk_size", BATCH)
        for start in range(0, len(wanted), size):
            answers.update(self._ask(list(wanted[start : start + size]), second_try, advance))
        self._count_left(set(wanted) - set(answers), second_try)
        return answers

    def _run_through_store(self, wanted: Sequence[int], second_try: bool, advance: Any) -> dict[int, str | None]:
        from skellagnn.store import QuestionKey, ask_through

        position_of: dict[QuestionKey, int] = {}
        for position in wanted:
            question = self.questions[position]
            suffix = _SECOND_TRY if second_try else ""
            position_of[QuestionKey(question.prompt.key + suffix, question.digest)] = position
        keys = list(position_of)

        def ask(batch: list[QuestionKey]) -> Iterator[tuple[QuestionKey, str | None]]:
            key_of = {position_of[key]: key for key in batch}
            for position, answer in self._ask([position_of[key] for key in batch], second_try, advance):
                yield key_of[position], answer

        def on_found(found: Any) -> None:
            for key in found:
                if not second_try:
                    self.usage_of(position_of[key]).found += 1
            advance(len(found), "")

        assert self.store is not None
        outcome = ask_through(
            self.store,
            self.enhancer.name,
            keys,
            ask,
            batch_size=getattr(self.enhancer, "chunk_size", BATCH),
            on_found=on_found,
        )
        self._count_left({position_of[key] for key in outcome.left_keys}, second_try)
        return {position_of[key]: answer for key, answer in outcome.answers.items()}

    def _count_left(self, left: Iterable[int], second_try: bool) -> None:
        if not second_try:
            for position in left:
                self.usage_of(position).left += 1

    def _ask(self, positions: list[int], second_try: bool, advance: Any) -> Iterator[tuple[int, str | None]]:
        """Ask what the budget allows; yields each answer as it arrives."""
        batch = [self.questions[position] for position in positions]
        allowed = self.budget.affordable(batch)
        for place, answer in _complete(self.enhancer, batch[:allowed]):
            usage = self.usage_of(positions[place])
            self.budget.spend(batch[place], answer, usage)
            if second_try:
                usage.second_tries += 1
            else:
                usage.asked += 1
                usage.failed += answer is None
            total_tokens = self.budget.tokens_in + self.budget.tokens_out
            advance(1, f"{total_tokens:,} tokens, {sum(usage.failed for usage in self.usage.values())} failed")
            yield positions[place], answer


def _complete(enhancer: Enhancer, batch: list[Question]) -> Iterator[tuple[int, str | None]]:
    """Ask one chunk and hold the enhancer to its contract."""
    if not batch:
        return
    name = type(enhancer).__name__
    if hasattr(enhancer, "complete_iter"):
        seen: set[int] = set()
        for place, answer in enhancer.complete_iter(list(batch)):
            if place in seen or not 0 <= place < len(batch):
                raise EnhancerError(
                    f"{name}.complete_iter must yield each position from 0 to {len(batch) - 1} once, got {place!r}."
                )
            seen.add(place)
            yield place, _check_answer(name, answer)
        if len(seen) != len(batch):
            raise EnhancerError(f"{name}.complete_iter must answer {len(batch)} prompts, got {len(seen)} answers.")
        return
    answers = enhancer.complete(list(batch))  # a list of its own: sorting it by length must not mix answers up
    # a table or a set has a length, but not the order of the prompts
    is_list = hasattr(answers, "__len__") and not isinstance(answers, (str, bytes, Mapping, Set))
    if not is_list or len(answers) != len(batch):
        got = len(answers) if is_list else type(answers).__name__
        raise EnhancerError(
            f"{name}.complete must return a list of one answer per prompt ({len(batch)}), got {got}. Return them in "
            "the order of the prompts, None for one that was not answered."
        )
    for place, answer in enumerate(answers):
        yield place, _check_answer(name, answer)


def _check_answer(name: str, answer: Any) -> str | None:
    if answer is not None and not isinstance(answer, str):
        raise EnhancerError(
            f"{name} must answer with strings, or None for a question without an answer, got {type(answer).__name__} "
            f"({answer!r:.80})."
        )
    return answer
