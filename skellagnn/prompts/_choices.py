"""Reading class names out of an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache


def parse_choices(answer: str, class_names: Sequence[str]) -> list[int]:
    """Find the classes that an answer names, in the order in which it first names them.

    Parameters
    ----------
    answer : str
        Free text, such as "Most likely Neural Networks; failing that, Theory."
    class_names : sequence of str
        Names as they stood in the prompt.

    Returns
    -------
    choices : list of int
        Indices into ``class_names``, each once; empty if the answer names none.

    Notes
    -----
    Blanks, hyphens and underscores are the same. Where one name contains another, the longest one at a place counts
    ("numpy.linalg" is not "numpy"). A name must stand alone, not inside a word; letters of scripts that are written
    without blanks (Chinese, Japanese, Thai, ...) do not make a word of what stands next to them.

    Names are looked for in the spelling of the list; only an answer without any is read again ignoring case, because
    many class names are ordinary words ("science", "people") and acronyms such as "IT" look like others, so that
    those are never read ignoring case.

    Examples
    --------
    >>> parse_choices("Theory, perhaps; or Neural-Networks.", ["Neural_Networks", "Theory"])
    [1, 0]
    """
    if not class_names:
        return []
    exact, ignoring_case = _patterns(tuple(class_names))
    return _find(exact, answer) or _find(ignoring_case, answer)


_Reader = tuple[list[int], re.Pattern[str]]

# A letter or digit, but none of Thai and Lao, Burmese, Khmer, kana, Han: those scripts have no blanks between words.
_LETTER = r"[^\W_\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"


@lru_cache(maxsize=64)
def _patterns(class_names: tuple[str, ...]) -> tuple[_Reader, _Reader]:
    everything = list(range(len(class_names)))
    words = [i for i in everything if not (class_names[i].isupper() and len(class_names[i]) <= 4)]
    return _compile(class_names, everything, 0), _compile(class_names, words, re.IGNORECASE)


def _compile(class_names: tuple[str, ...], indices: list[int], flags: int) -> _Reader:
    order = sorted(indices, key=lambda i: -len(class_names[i]))
    names = "|".join(f"({_pattern_of(class_names[i])})" for i in order)
    # "numpy" followed by ".linalg" is a longer name, "numpy" followed by a full stop is not; "model" in "linear_model"
    # is part of a word, in "_model_" it is emphasized
    before, after = rf"(?<!{_LETTER})(?<!{_LETTER}_)(?<!\.)", rf"(?!_*{_LETTER}|\.\w)"
    return order, re.compile(rf"{before}(?:{names}){after}", flags)


def _pattern_of(name: str) -> str:
    parts = [re.escape(part) for part in re.split(r"[\s_-]+", name) if part]
    return r"[\s_-]+".join(parts) or re.escape(name)  # a name of nothing but hyphens is itself


def _find(reader: _Reader, answer: str) -> list[int]:
    order, pattern = reader
    if not order:
        return []
    named = (order[(match.lastindex or 1) - 1] for match in pattern.finditer(answer))
    return list(dict.fromkeys(named))
