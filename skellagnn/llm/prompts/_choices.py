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
    Blanks, hyphens of any kind and underscores are the same, also those that Markdown escapes (``\\_``). Where one name
    contains another, the longest one at a place counts ("numpy.linalg" is not "numpy"). A name must stand alone, not
    inside a word; letters of scripts that are written without blanks (Chinese, Japanese, Thai, ...) do not make a word
    of what stands next to them. A dot between a letter and a small letter makes one word of both ("my.numpy"), but a
    number and its dot ("1.Theory") or a full stop before a capital ("Theory.Second") do not.

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
_NO_DIGIT = rf"(?!\d){_LETTER}"
# The capitals of Latin, Greek and Cyrillic: `re` has no class of them.
_CAPITAL = r"[A-Z\u00c0-\u00d6\u00d8-\u00de\u0391-\u03a9\u0400-\u042f]"
# What may stand between the words of a name. LLMs write typographic hyphens, and Markdown escapes some characters.
_BLANKS = r"(?:[\s_\-\u2010-\u2015\u2212]|\\[_\-])+"

# "my" before "_numpy" (or "\_numpy") is a part of the word, in "_numpy_" the name is emphasized. What stands before a
# dot is a part of it where it has a letter ("my.numpy", "v2.numpy"), and no number in a list ("1.Theory").
# The "5" of "4.5" is no class.
_BEFORE = rf"(?<!{_LETTER})(?<!{_LETTER}_)(?<!{_LETTER}\\_)(?<!\d\.(?=\d))" + "".join(
    rf"(?<!{_NO_DIGIT}{digits}\.)"
    for digits in ("", r"\d", r"\d\d", r"\d\d\d")  # `re` looks back by fixed lengths
)
# "numpy" before ".linalg" is a part of a longer name, as "ASP" before ".NET", before a full stop it is not, even if no
# blank follows.
_AFTER = rf"(?!(?:\\?_)*{_LETTER}|\.(?!{_CAPITAL}(?!{_CAPITAL}))(?:{_LETTER}|_))"


@lru_cache(maxsize=64)
def _patterns(class_names: tuple[str, ...]) -> tuple[_Reader, _Reader]:
    everything = list(range(len(class_names)))
    words = [i for i in everything if not (class_names[i].isupper() and len(class_names[i]) <= 4)]
    return _compile(class_names, everything, "(?:"), _compile(class_names, words, "(?i:")


def _compile(class_names: tuple[str, ...], indices: list[int], group: str) -> _Reader:
    order = sorted(indices, key=lambda i: -len(class_names[i]))
    names = "|".join(f"({_pattern_of(class_names[i])})" for i in order)
    # case is ignored in the names only: whether a capital follows a full stop matters in both
    return order, re.compile(rf"{_BEFORE}{group}{names}){_AFTER}")


def _pattern_of(name: str) -> str:
    parts = [re.escape(part) for part in re.split(_BLANKS, name) if part]
    return _BLANKS.join(parts) or re.escape(name)  # a name of nothing but hyphens is itself


def _find(reader: _Reader, answer: str) -> list[int]:
    order, pattern = reader
    if not order:
        return []
    named = (order[(match.lastindex or 1) - 1] for match in pattern.finditer(answer))
    return list(dict.fromkeys(named))
