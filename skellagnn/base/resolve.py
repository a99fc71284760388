"""Parts that plug in: by a name, which is looked up exactly, or a user's own, which must take the arguments given."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from skellagnn.exceptions import InvalidParameterError

__all__ = ["accepts", "resolve", "suggest"]

Part = TypeVar("Part")


def resolve(name: str, table: Mapping[str, Part], *, parameter: str, or_else: str = "") -> Part:
    """Look ``name`` up in ``table``; no fuzzy matching, only a fuzzy suggestion.

    Parameters
    ----------
    name : str
        The shorthand a user wrote.
    table : mapping of str to object
        The parts that ship, by name.
    parameter : str
        Name of the parameter, for the error.
    or_else : str, default=""
        What else the parameter accepts, for the error ("or a callable").

    Returns
    -------
    part : object
        ``table[name]``.

    Raises
    ------
    InvalidParameterError
        If the name is not in the table. The message lists all names and the closest one.
    """
    if name in table:
        return table[name]
    choices = ", ".join(repr(choice) for choice in table)
    raise InvalidParameterError(
        f"`{parameter}` must be one of {choices}{' ' + or_else if or_else else ''}, got {name!r}.{suggest(name, table)}"
    )


def suggest(name: str, choices: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the closest of ``choices``, or nothing if none is close."""
    lowered = {choice.lower(): choice for choice in choices}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    return f" Did you mean {lowered[close[0]]!r}?" if close else ""


def accepts(function: Callable[..., Any], n_arguments: int) -> bool:
    """Whether a function can be called with that many arguments by position; if it does not say, yes."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # some that are written in C
        return True
    try:
        signature.bind(*[None] * n_arguments)
    except TypeError:
        return False
    return True
