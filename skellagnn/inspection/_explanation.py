"""What :func:`~skellagnn.inspection.explain` returns: records, and how they are shown."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from skellagnn.base.showing import columns, html_table, printable, shorten
from skellagnn.inspection._drawing import COLORS, GRAY, get_axes

__all__ = ["Explanation", "Record", "strongest_first"]

# Rows of each part that a repr and a picture show.
N_SHOWN = 10
# What pushes towards the class, and away from it.
TOWARDS, AWAY = COLORS[0], COLORS[5]
HEADER = ("push", "p without", "says then")

Record = dict[str, Any]


def strongest_first(records: list[Record], key: str = "push") -> list[Record]:
    """Return records in the order of how much they push, either way."""
    return sorted(records, key=lambda record: -abs(record[key]))


class Explanation:
    """What a prediction hangs on: made by :func:`explain`.

    Records are dicts, those that push most first. ``push`` is how much the probability of the explained class falls
    where something is left out: above 0 it speaks for the class, below 0 against it. ``probability`` and ``predicted``
    are what the model then says: the probability of the explained class, and the most probable one.

    Attributes
    ----------
    node : int
        Number of the node in the graph.
    name, title : str
    label : object
        The explained class.
    predicted : object
        The class that the model predicts.
    probability : float
        Of the explained class.
    probabilities : dict of class to float
    totals : list of dict
        What is left without all links of the node, without its whole text, and without all answers: ``what``,
        ``push``, ``probability``, ``predicted``. One of many that say the same may push little.
    neighbors : list of dict
        ``node``, ``name``, ``title``, ``push``, ``probability``, ``predicted``, each without the link to it.
    words : list of dict
        ``word``, ``spans`` (where it stands in the text, as (start, end)), ``push``, ``probability``, ``predicted``.
    answers : list of dict
        ``node``, ``name``, ``answer``, ``said`` (the name of the class), ``push``, ``probability``, ``predicted``; the
        last two are those of a teacher, or of another fit: see :func:`explain`.
    notes : list of str
        What is not explained, and why.
    n_predictions, n_encodings, n_fits : int
        What all this took: predictions, texts encoded beside those of the graph, teachers or models fitted.
    """

    def __init__(self, **parts: Any) -> None:
        self.__dict__.update(parts)

    node: int
    name: str
    title: str
    text: str | None
    label: Any
    predicted: Any
    probability: float
    probabilities: dict[Any, float]
    totals: list[Record]
    neighbors: list[Record]
    words: list[Record]
    answers: list[Record]
    notes: list[str]
    n_predictions: int
    n_encodings: int
    n_fits: int

    def to_frame(self) -> Any:
        """Return all records as a table.

        Returns
        -------
        table : pandas.DataFrame
            ``part`` ("all", "neighbor", "word" or "answer"), ``what`` (a neighbor's name, a word, the name of the node
            that was asked about), ``push``, ``probability``, ``predicted``.
        """
        import pandas

        keys = ("push", "probability", "predicted")
        rows = [(part, what, *(record[key] for key in keys)) for part, what, record in self._records()]
        return pandas.DataFrame(rows, columns=["part", "what", *keys])

    def _records(self) -> list[tuple[str, str, Record]]:
        return [
            *(("all", record["what"], record) for record in self.totals),
            *(("neighbor", record["name"], record) for record in self.neighbors),
            *(("word", record["word"], record) for record in self.words),
            *(("answer", record["name"], record) for record in self.answers),
        ]

    def _title(self) -> str:
        says = "" if self.predicted == self.label else f" (it says {shorten(self.predicted, 40)})"
        named = "" if self.title in ("", self.name) else f", {shorten(self.title, 60)}"
        return f"{shorten(self.label, 40)} with {self.probability:.3f}{says}: node {shorten(self.name, 40)}{named}"

    def _tables(self) -> list[tuple[str, list[tuple[str, ...]]]]:
        """Return title and rows of each part that is not empty."""

        def cells(what: str, record: Record) -> tuple[str, ...]:
            return what, f"{record['push']:+.3f}", f"{record['probability']:.3f}", shorten(record["predicted"], 24)

        parts = (
            ("Without", [cells(record["what"], record) for record in self.totals]),
            ("Without the link to", [cells(_named(record), record) for record in self.neighbors[:N_SHOWN]]),
            ("Without the word", [cells(shorten(record["word"], 40), record) for record in self.words[:N_SHOWN]]),
            ("Without the answer about", [cells(_said(record), record) for record in self.answers[:N_SHOWN]]),
        )
        return [(title, rows) for title, rows in parts if rows]

    def _cost(self) -> str:
        fits = f", {self.n_fits} fits" if self.n_fits else ""
        return f"{self.n_predictions} predictions, {self.n_encodings} texts encoded{fits}"

    def __repr__(self) -> str:
        lines = [self._title()]
        for title, rows in self._tables():
            lines += ["", columns((title, *HEADER), rows)]
        return "\n".join([*lines, "", *self.notes, self._cost()])

    def _repr_html_(self) -> str:
        tables = "".join(html_table(title, rows, ("", *HEADER)) for title, rows in self._tables())
        notes = "".join(f"<div>{escape(printable(line))}</div>" for line in (*self.notes, self._cost()))
        return f"<div><b>{escape(printable(self._title()))}</b>{self._marked_text()}{tables}{notes}</div>"

    def _marked_text(self) -> str:
        """Return the text with a background behind each word: blue pushes towards the class, orange away from it."""
        if not self.words or self.text is None:
            return ""
        strongest = max(abs(record["push"]) for record in self.words) or 1.0
        spans = sorted((*span, record["push"] / strongest) for record in self.words for span in record["spans"])
        parts, end = [], 0
        for start, stop, push in spans:
            parts.append(escape(printable(self.text[end:start])))
            rgb = "0,114,178" if push > 0 else "213,94,0"
            color = f"rgba({rgb},{min(abs(push), 1.0) * 0.6:.2f})"
            parts.append(f"<span style='background:{color}'>{escape(printable(self.text[start:stop]))}</span>")
            end = stop
        parts.append(escape(printable(self.text[end:])))
        return f"<p style='white-space:pre-wrap;max-width:60em'>{''.join(parts)}</p>"

    def plot(self, ax: Any = None) -> Any:
        """Draw the strongest pushes of each part as bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        ax : matplotlib Axes

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        """
        bars = [(shorten(record["what"], 30), record["push"]) for record in self.totals]
        bars += [("link: " + shorten(_named(record), 30), record["push"]) for record in self.neighbors[:N_SHOWN]]
        bars += [("word: " + shorten(record["word"], 30), record["push"]) for record in self.words[:N_SHOWN]]
        bars += [("answer: " + shorten(_said(record), 30), record["push"]) for record in self.answers[:N_SHOWN]]
        _, (ax,) = get_axes(ax, 1, 1.2 + 0.24 * max(len(bars), 1))
        places = np.arange(len(bars))
        pushes = [push for _, push in bars]
        ax.barh(places, pushes, color=[TOWARDS if push > 0 else AWAY for push in pushes])
        # parse_math: a text with dollar signs is no formula
        ax.set_yticks(places, [name for name, _ in bars], parse_math=False)
        ax.invert_yaxis()
        ax.axvline(0, color=GRAY, linewidth=0.8)
        ax.set_xlabel("push: fall without it")
        title = f"{shorten(self.label, 20)} with {self.probability:.3f}: node {shorten(self.name, 20)}"
        ax.set_title(title, parse_math=False, fontsize="medium")
        return ax


def _named(record: Record) -> str:
    """Return a node's name, and its title where it is another."""
    name, title = shorten(record["name"], 24), shorten(record.get("title", ""), 50)
    return name if title in ("", name) else f"{name}: {title}"


def _said(record: Record) -> str:
    return f"{shorten(record['name'], 24)}: {shorten(record['said'], 24)}"
