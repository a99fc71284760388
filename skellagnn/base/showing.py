"""What an object shows of itself: rows of names and values, in a terminal and in a notebook."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["columns", "html_table", "printable", "rows_as_text", "shorten"]

Rows = Iterable[Sequence[str]]

# All but line ends and tabs: they move the cursor, colour what follows, or turn the direction of writing.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LEFT = "text-align:left;vertical-align:top"


def printable(text: object) -> str:
    """Return a text of anybody's as a terminal or a page may show it: with "?" for what would not be shown as text."""
    # what is printed or saved as a notebook is written as UTF-8, which has no lone surrogates
    return _CONTROLS.sub("?", str(text).replace("\r\n", "\n").encode("utf-8", "replace").decode("utf-8"))


def shorten(text: object, n_chars: int) -> str:
    """Return a text on one line, printable, cut at so many characters."""
    line = " ".join(printable(text).split())
    return line if len(line) <= n_chars else line[: max(n_chars - 3, 0)].rstrip() + "..."


def rows_as_text(title: str, rows: Rows) -> str:
    """Return a title, and below it each row's name and value in two columns."""
    rows = [(name, printable(value)) for name, value in rows]
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join([title, *(f"{name.ljust(width)}  {value}" for name, value in rows)])


def columns(header: Sequence[str], rows: Rows) -> str:
    """Return a table in columns: the first to the left, the others, which are numbers, to the right."""
    table = [header, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    lines = []
    for row in table:
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *rest]).rstrip())
    return "\n".join(lines)


def html_table(title: str, rows: Rows, header: Sequence[str] = ()) -> str:
    """Return an HTML table, everything in it escaped. The first cell of a row is its name.

    It takes the colours of the page around it, light or dark, and holds no script.
    """
    head = "".join(f"<th style='{_LEFT}'>{_cell(cell)}</th>" for cell in header)
    body = "".join(
        f"<tr><th style='{_LEFT}'>{_cell(name)}</th>"
        + "".join(f"<td style='{_LEFT}'>{_cell(value)}</td>" for value in values)
        + "</tr>"
        for name, *values in rows
    )
    return (
        f"<table><caption style='text-align:left'><b>{_cell(title)}</b></caption>"
        + (f"<thead><tr>{head}</tr></thead>" if head else "")
        + f"<tbody>{body}</tbody></table>"
    )


def _cell(value: object) -> str:
    return escape(printable(value))
