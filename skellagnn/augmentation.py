"""On-demand augmentation: nodes are chosen, an LLM is asked, its answers become views and class choices."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skellagnn.base.vectors import unit_vectors
from skellagnn.encoders._encode import encode_texts
from skellagnn.encoders._features import check_same_space, ready_encoder
from skellagnn.exceptions import InvalidParameterError, SkellagnnError
from skellagnn.gnn._distributed import ALONE, ProcessGroup
from skellagnn.gnn._views import NodeFeatures
from skellagnn.graph import TextGraph
from skellagnn.llm.asking import Budget, Enhancement, LLMUsage, Spending, build_questions, enhance, resolve_budget
from skellagnn.llm.enhancers import DetachedEnhancer, resolve_enhancer
from skellagnn.llm.plan import PlanPart
from skellagnn.llm.prompts import PromptCatalog
from skellagnn.llm.store import QuestionKey, resolve_store
from skellagnn.selection import Selector
from skellagnn.supervision import Answers, Evidence
from skellagnn.validation import ClassNames

__all__ = ["AnsweredQuestion", "Augmentation", "Augmenter"]

# Nodes whose answers are looked for in the store at a time.
_CHUNK = 5000


class AnsweredQuestion(NamedTuple):
    """What the LLM said to one prompt about one node. ``pandas.DataFrame(clf.answers_)`` is a table of these.

    Attributes
    ----------
    node : int
        Node id of the training graph.
    name : str
        Name of the node.
    prompt : str
        Name of the prompt.
    answer : str or None
        None if it was not asked, or there is nothing to use in what came.
    classes : tuple of str
        Names of the classes that were read from it, first choice first.
    confidence : float or None
        How sure the LLM says it is of its first choice, from 0 to 1.
    """

    node: int
    name: str
    prompt: str
    answer: str | None
    classes: tuple[str, ...]
    confidence: float | None


@dataclass(frozen=True)
class Augmentation:
    """What the LLM added to a graph.

    Parameters
    ----------
    features : NodeFeatures
        Feature vectors of all nodes, with views of the queried ones: their encoded answers.
    answers : Answers
        The classes that the answers name.
    usage : LLMUsage
        What was asked, and what it cost.
    said : tuple of AnsweredQuestion
        Every answer, node by node.
    """

    features: NodeFeatures
    answers: Answers
    usage: LLMUsage = field(default_factory=LLMUsage)
    said: tuple[AnsweredQuestion, ...] = ()


class Augmenter:
    """Asks an LLM about nodes of a graph, through the store and within a budget.

    Parameters
    ----------
    enhancer : Enhancer, str or None
        None asks nothing.
    prompts : "all", str, Prompt, or list of these
    names : ClassNames or None
        What class-naming prompts list, and the class that each name stands for.
    store : "auto", ResponseStore, str, path or None
    budget : Budget or None
    on_bad_answer : {"raw", "retry", "raise"}
    verbose : int

    Raises
    ------
    InvalidParameterError
        If one of these is not as described. Nothing is asked, opened or created.
    """

    def __init__(
        self,
        enhancer: Any,
        prompts: Any,
        names: ClassNames | None,
        *,
        store: Any = "auto",
        budget: Budget | None = None,
        on_bad_answer: str = "raw",
        verbose: int = 0,
    ) -> None:
        if not isinstance(on_bad_answer, str) or on_bad_answer not in ("raw", "retry", "raise"):
            raise InvalidParameterError(f"`on_bad_answer` must be 'raw', 'retry' or 'raise', got {on_bad_answer!r}.")
        self.enhancer = resolve_enhancer(enhancer)
        self.catalog = PromptCatalog.from_parameter(prompts)
        self.names = names
        self.listed = None if names is None else names.names
        self.store = resolve_store(store, self.enhancer)
        self.budget = resolve_budget(budget)
        self.on_bad_answer = on_bad_answer
        self.verbose = verbose

    def check(self, graph: TextGraph, encoder: Any) -> Any:
        """Find what is wrong before anything is encoded or paid; return the encoder, fitted if it learns from texts.

        Parameters
        ----------
        graph : TextGraph
        encoder : str, Encoder, transformer or None
            As the estimator's parameter.

        Raises
        ------
        InvalidParameterError, GraphError
            If there is no encoder for the answers, a prompt lists classes that have no names, or the graph has no
            texts.
        """
        if self.enhancer is not None:
            if isinstance(self.enhancer, DetachedEnhancer):
                self.enhancer.complete([])  # says why it cannot be asked
            if encoder is None:
                raise InvalidParameterError(
                    "`encoder` must be given where there is an enhancer: its answers are texts, which become feature "
                    "vectors of the same kind as the features. Got encoder=None. Name the encoder that the features "
                    "came from, or set enhancer=None."
                )
            build_questions(graph, np.empty(0, dtype=np.int64), self.catalog, self.listed)
        return ready_encoder(encoder, graph, answers=self.enhancer is not None)

    def check_enhancer(self, graph: TextGraph, selector: Selector) -> None:
        """Let the enhancer say what it lacks to be asked, such as a key, before anything is encoded.

        Parameters
        ----------
        graph : TextGraph
        selector : Selector
            Knows how many nodes will be asked about.

        Raises
        ------
        SkellagnnError
            What the enhancer's ``check()`` raises, if it has one: unless so many nodes have all their answers in the
            store that it may not be needed.
        """
        if self.enhancer is None:
            return  # and any ratio is as good
        n_nodes = selector.count(graph)
        check = getattr(self.enhancer, "check", None)
        if check is None or n_nodes == 0 or self.budget.max_calls == 0:
            return
        try:
            check()
        except SkellagnnError:
            if not self._may_be_stored(graph, n_nodes):
                raise

    def _may_be_stored(self, graph: TextGraph, n_nodes: int) -> bool:
        """Whether at least so many nodes have all their answers in the store, whichever will be chosen."""
        n_stored = 0
        for start in range(0, graph.n_nodes if self.store is not None else 0, _CHUNK):
            nodes = np.arange(start, min(start + _CHUNK, graph.n_nodes))
            table = build_questions(graph, nodes, self.catalog, self.listed)
            keys = [QuestionKey.of(question) for question in table.questions]
            assert self.store is not None
            assert self.enhancer is not None
            found = self.store.get_many(self.enhancer.name, keys)
            n_stored += int(np.array([key in found for key in keys])[table.index].all(axis=1).sum())
            if n_stored >= n_nodes:
                return True
        return False

    def augment(
        self,
        graph: TextGraph,
        embeddings: NDArray[Any],
        encoder: Any,
        selector: Selector,
        evidence: Evidence,
        *,
        memory: Any = None,
        group: ProcessGroup = ALONE,
    ) -> Augmentation:
        """Choose nodes, ask about them, encode the answers, and read the classes that they name.

        Parameters
        ----------
        graph : TextGraph
        embeddings : ndarray of shape (n_nodes, n_features)
        encoder : Encoder
            The one that ``embeddings`` came from.
        selector : Selector
            Chooses the nodes; those of later rounds by what was said so far.
        evidence : Evidence
            What labels say.
        memory : str, joblib.Memory or None
        group : ProcessGroup, default=ALONE
            The first process alone chooses and asks: nothing is paid twice, and the limits hold for all together.

        Returns
        -------
        augmentation : Augmentation
        """
        if self.enhancer is None:
            return Augmentation(NodeFeatures.without_views(embeddings), Answers(np.empty(0, dtype=np.int64)))
        nodes = group.compute_once(partial(selector.choose, graph, embeddings, evidence))
        if len(nodes) == 0:
            return Augmentation(NodeFeatures.without_views(embeddings), Answers(nodes))
        if graph.features is not None and graph.texts is not None:  # before anything is paid
            check_same_space(encoder, graph, embeddings, memory)
        spending = Spending(self.budget, self.store)
        first, *sizes = self.round_sizes(selector, len(nodes))
        nodes = nodes[:first]
        said = group.compute_once(partial(self._ask, graph, nodes, spending))
        for size in sizes:
            so_far = self._read(nodes, said, self._named(said))
            more = group.compute_once(partial(selector.choose, graph, embeddings, evidence, so_far, size))
            said = said.followed_by(group.compute_once(partial(self._ask, graph, more, spending)))
            nodes = np.concatenate([nodes, more])
        group.compute_once(partial(said.warn, self.listed))

        def encode(texts: Any) -> NDArray[np.float32]:
            return unit_vectors(encode_texts(encoder, texts, memory=memory))

        features = NodeFeatures.from_answers(embeddings, nodes, said.answers, said.table.index, encode)
        named = self._named(said)
        return Augmentation(features, self._read(nodes, said, named), said.usage, self._tell(graph, nodes, said, named))

    def ask(self, graph: TextGraph, nodes: NDArray[np.int64]) -> tuple[Answers, LLMUsage]:
        """Ask about some nodes and read the classes that the answers name; nothing is encoded."""
        said = self._ask(graph, nodes, Spending(self.budget, self.store))
        said.warn(self.listed)
        return self._read(nodes, said, self._named(said)), said.usage

    def plan(self, graph: TextGraph, nodes: NDArray[np.int64], n_certain: int | None = None) -> PlanPart:
        """Return what :meth:`augment` would ask about some nodes, of which the first are certain; asks nothing."""
        table = build_questions(graph, nodes, self.catalog, self.listed)
        n_questions = 0 if n_certain == 0 else 1 + int(table.index[:n_certain].max(initial=-1))
        retries = self.on_bad_answer == "retry"
        return PlanPart.of(
            self.enhancer, self.store, self.listed, table.questions, asks_again=retries, n_certain=n_questions
        )

    def round_sizes(self, selector: Selector, n_nodes: int) -> list[int]:
        """Return of how many nodes each round asks: even parts of what the limit of calls allows, the rest last.

        One round, if answers would change nothing in the selection.
        """
        n_rounds = self.budget.n_rounds if "labels" in selector.reads else 1
        calls = self.budget.max_calls
        n_paid = n_nodes if calls is None else min(n_nodes, calls // max(len(self.catalog), 1))
        sizes = [len(part) for part in np.array_split(np.arange(n_paid), min(n_rounds, n_paid + 1))]
        sizes[-1] += n_nodes - n_paid
        return [size for size in sizes if size > 0] or [0]

    def _ask(self, graph: TextGraph, nodes: NDArray[np.int64], spending: Spending) -> Enhancement:
        table = build_questions(graph, nodes, self.catalog, self.listed)
        assert self.enhancer is not None
        return enhance(
            self.enhancer,
            table,
            self.listed,
            store=self.store,
            budget=spending,
            on_bad_answer=self.on_bad_answer,
            verbose=self.verbose,
            warn=False,  # but once for all rounds
        )

    def _named(self, said: Enhancement) -> dict[int, NDArray[np.int64]]:
        """Return the names that answers name, as positions in the list: a table for each class-naming prompt."""
        naming = (position for position, prompt in enumerate(self.catalog) if prompt.names_classes)
        return {position: said.choices(position, self.listed or ()) for position in naming}

    def _read(self, nodes: NDArray[np.int64], said: Enhancement, named: dict[int, NDArray[np.int64]]) -> Answers:
        """Return classes in the place of names; a class that this fit does not know is no choice."""
        if self.names is None:
            return Answers(nodes)
        choices = tuple(np.where(table >= 0, self.names.class_index[table], table) for table in named.values())
        return Answers(nodes, choices, tuple(said.confidences[said.table.index[:, position]] for position in named))

    def _tell(
        self, graph: TextGraph, nodes: NDArray[np.int64], said: Enhancement, named: dict[int, NDArray[np.int64]]
    ) -> tuple[AnsweredQuestion, ...]:
        listed, told = self.listed or (), []
        for position, prompt in enumerate(self.catalog):
            choices = named.get(position, np.empty((len(nodes), 0), dtype=np.int64))
            for place, node in enumerate(nodes.tolist()):
                question = said.table.index[place, position]
                answer, confidence = said.answers[question], said.confidences[question]
                told.append(
                    AnsweredQuestion(
                        node,
                        graph.name_of(node),
                        prompt.name,
                        None if answer is None else str(answer),
                        tuple(listed[choice] for choice in choices[place] if choice >= 0),
                        None if np.isnan(confidence) else float(confidence),
                    )
                )
        return tuple(told)
