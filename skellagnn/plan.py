"""Plan: what a fit would ask, before anything is asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from skellagnn.enhancement import QuestionTable
from skellagnn.graph import TextGraph
from skellagnn.prompts import PromptCatalog

__all__ = ["Plan", "make_plan"]

# English prose in the tokenizers of current LLMs; says "about" wherever it is shown.
CHARS_PER_TOKEN = 4.0
N_EXAMPLES = 3


@dataclass(frozen=True)
class Plan:
    """What a fit would ask the LLM.

    Attributes
    ----------
    n_nodes : int
        Nodes of the graph.
    active_nodes : ndarray of int of shape (n_active,)
        Nodes to be asked about, best first.
    active_names : tuple of str
        Their names.
    questions : dict of str to int
        Distinct questions, by prompt.
    tokens_in : int
        Estimated prompt tokens, at four characters a token.
    max_tokens_out : int
        Upper limit of answer tokens: every answer as long as its prompt allows.
    examples : tuple of str
        The first questions, as they would be sent.
    """

    n_nodes: int
    active_nodes: NDArray[np.int64]
    active_names: tuple[str, ...]
    questions: dict[str, int]
    tokens_in: int
    max_tokens_out: int
    examples: tuple[str, ...]

    @property
    def n_questions(self) -> int:
        """Number of distinct questions: what an LLM would be asked if no answer were known."""
        return sum(self.questions.values())

    def cost(self, price_in: float, price_out: float) -> float:
        """Return an upper estimate of the money.

        Parameters
        ----------
        price_in, price_out : float
            Price of a million prompt tokens and of a million answer tokens.

        Returns
        -------
        cost : float
            In the currency of the prices.
        """
        return (self.tokens_in * price_in + self.max_tokens_out * price_out) / 1e6

    def _rows(self) -> list[tuple[str, str]]:
        share = 100 * len(self.active_nodes) / max(self.n_nodes, 1)
        shown = ", ".join(self.active_names[:5]) + (", ..." if len(self.active_names) > 5 else "")
        return [
            ("nodes asked about", f"{len(self.active_nodes):,} of {self.n_nodes:,} ({share:.1f} %)"),
            ("first of them", _printable(shown) or "none"),
            ("distinct questions", f"{self.n_questions:,}"),
            *((f"  {name}", f"{count:,}") for name, count in self.questions.items()),
            ("tokens in", f"about {self.tokens_in:,} (4 characters a token)"),
            ("tokens out", f"at most {self.max_tokens_out:,}"),
        ]

    def __repr__(self) -> str:
        width = max(len(name) for name, _ in self._rows())
        lines = [f"{name.ljust(width)}  {value}" for name, value in self._rows()]
        for number, example in enumerate(map(_printable, self.examples), start=1):
            shortened = example if len(example) <= 400 else f"{example[:300]} [...] {example[-100:]}"
            lines += [f"example {number}:", *(f"  | {line}" for line in shortened.splitlines())]
        return "Plan\n" + "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(value)}</td></tr>"
            for name, value in self._rows()
        )
        examples = "".join(
            f"<details><summary>example {number}</summary><pre>{escape(example)}</pre></details>"
            for number, example in enumerate(map(_printable, self.examples), start=1)
        )
        return f"<b>Plan</b><table><tbody>{rows}</tbody></table>{examples}"


def _printable(text: str) -> str:
    # what is printed or saved as a notebook is written as UTF-8, which has no lone surrogates
    return text.encode("utf-8", "replace").decode("utf-8")


def make_plan(graph: TextGraph, active: NDArray[np.int64], catalog: PromptCatalog, table: QuestionTable) -> Plan:
    """Count what a table of questions would cost.

    Returns
    -------
    plan : Plan
    """
    counts = Counter(question.prompt.name for question in table.questions)
    first_of_each_prompt = {question.prompt.name: str(question) for question in reversed(table.questions)}
    return Plan(
        n_nodes=graph.n_nodes,
        active_nodes=active,
        active_names=tuple(graph.name_of(int(node)) for node in active),
        questions={prompt.name: counts[prompt.name] for prompt in catalog},
        tokens_in=round(sum(len(question) for question in table.questions) / CHARS_PER_TOKEN),
        max_tokens_out=sum(question.prompt.max_answer_tokens for question in table.questions),
        examples=tuple(first_of_each_prompt[name] for name in catalog.names if counts[name])[:N_EXAMPLES],
    )
