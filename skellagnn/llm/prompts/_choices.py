"""Which classes an answer chooses, first choice first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from skellagnn.llm.prompts import _cues as cues
from skellagnn.llm.prompts import _scopes as scopes
from skellagnn.llm.prompts import _signs as signs
from skellagnn.llm.prompts._markup import from_json, without_tags
from skellagnn.llm.prompts._names import check_answer, check_listed, normal_form, with_spelling
from skellagnn.llm.prompts._weighing import Reading

# Characters of a long answer that are read, from its beginning and from its end: thousands of words name no choice.
_READ = 10_000


class Choices(NamedTuple):
    """What an answer chooses.

    Attributes
    ----------
    classes : list of int
        Indices into the class names, first choice first, each once; empty if no class was chosen.
    none : bool
        Whether the answer says that none of the classes fits. Without classes and without this it could not be read.
    """

    classes: list[int]
    none: bool


def parse_choices(answer: str, class_names: Sequence[str]) -> list[int]:
    """Read which classes an answer chooses, the first choice first.

    Parameters
    ----------
    answer : str
        Free text, such as "Most likely Neural Networks; failing that, Theory.", a list, Markdown or JSON.
    class_names : sequence of str
        Names as they stood in the prompt.

    Returns
    -------
    choices : list of int
        Indices into ``class_names``, each once; empty if the answer chooses none, or its first choice cannot be read.

    Raises
    ------
    InvalidParameterError
        If ``answer`` is no text, or ``class_names`` no list of texts.

    Notes
    -----
    Names and answer are compared in one normal form: Unicode NFKC, entities and escapes resolved, without regard to
    case, blanks, hyphens, underscores, singular and plural. The longest name at a place counts ("numpy.linalg" is not
    "numpy"), and it must stand alone, not inside a word. The order is that of the text, unless it says otherwise
    ("second choice: A; first choice: B", "Answer: B"). No choices are: what is ruled out ("not A but B"), what the
    answer only repeats from the question (a list of all classes, "whether it is A or B"), and, beside names that are
    spelled as in the list or stand where a choice stands, ordinary words of running text ("in theory").

    An answer whose first choice cannot be read ("Sociology; second choice: A") is empty: the second choice is never
    taken for the first.

    Examples
    --------
    >>> parse_choices("Theory, perhaps; or Neural-Networks.", ["Neural_Networks", "Theory"])
    [1, 0]
    """
    return read_choices(answer, class_names).classes


def read_choices(answer: str, class_names: Sequence[str]) -> Choices:
    """Read which classes an answer chooses, and whether it says that none fits.

    Parameters
    ----------
    answer : str
    class_names : sequence of str

    Returns
    -------
    choices : Choices

    Raises
    ------
    InvalidParameterError
        If ``answer`` is no text, or ``class_names`` no list of texts.

    Examples
    --------
    >>> read_choices("None of these.", ["Neural_Networks", "Theory"])
    Choices(classes=[], none=True)
    """
    answer, names = check_answer(answer), check_listed(class_names)
    if not names:
        return Choices([], False)
    if len(answer) > 2 * _READ:  # a choice stands at the beginning or at the end
        answer = f"{answer[:_READ]}\n\n{answer[-_READ:]}"
    text = cues.marks_in_words(signs.signs_in_words(normal_form(answer), names))
    text = cues.BROKEN_EMPHASIS.sub(r"\2", text)
    listed = from_json(text, names)
    text = without_tags(text, names) if listed is None else listed
    reading = Reading(text, names)
    classes = reading.choices()
    small = text.casefold()
    none = not classes and (reading.rules_all_out or bool(cues.NONE.search(small)) or scopes.says_none(small))
    if not classes and not none and (corrected := with_spelling(text, names)) != text:
        classes = Reading(corrected, names).choices()
    return Choices(classes, none)
