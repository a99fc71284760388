"""Bad answers: what an LLM says when it does not answer."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Sequence

from skellagnn.llm.prompts import Question, parse_choices

__all__ = ["BAD_ANSWERS", "diagnose"]

# What can be wrong with an answer, in the order in which it is looked for.
BAD_ANSWERS = {
    "thinking": "the token limit ended it while it was thinking: raise `max_tokens`, or turn thinking off",
    "empty": "nothing but white space",
    "wordless": "no word in any script",
    "cut": "ended by the token limit or a content filter",
    "refusal": "the LLM declines to answer",
    "echo": "repeats the instruction",
    "no_class": "names none of the classes that it was to choose from",
}

# Only what an answer opens with: a text about refusals may well contain these words further on.
_REFUSAL = re.compile(
    r"\W*(?:(?:i(?:'|\u2019)?m|i am|we(?:'|\u2019)?re|we are) (?:very |so )?(?:sorry|unable|afraid|not able)"
    r"|sorry\b[,.!]? (?:but )?(?:i|we) "
    r"|i (?:cannot|can(?:'|\u2019)?t|can not|won(?:'|\u2019)?t|will not|must decline|am not able"
    r"|do not have access|don(?:'|\u2019)?t have access)\b"
    r"|as an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|(?:unfortunately|apologies|my apologies)[,.!]? (?:but )?(?:i|we) "
    r"(?:cannot|can(?:'|\u2019)?t|am unable|do not|don(?:'|\u2019)?t))",
    re.IGNORECASE,
)
# An instruction of fewer characters may appear in an answer by chance.
_SHORTEST_ECHO = 30


def diagnose(question: Question, answer: str, class_names: Sequence[str] | None = None) -> str | None:
    """Say what is wrong with an answer.

    Parameters
    ----------
    question : Question
    answer : str or Answer
        An :class:`~skellagnn.enhancers.Answer` also says whether something ended it before its end.
    class_names : sequence of str, default=None
        What a class-naming prompt lists.

    Returns
    -------
    reason : str or None
        A key of ``BAD_ANSWERS``, None for an answer that can be used.

    Examples
    --------
    >>> from skellagnn.prompts import BUILTIN_PROMPTS, Question
    >>> question = Question(BUILTIN_PROMPTS["keywords"], {"text": "On cats"})
    >>> diagnose(question, "I'm sorry, but I cannot help with that."), diagnose(question, "cats, pets")
    ('refusal', None)
    """
    text = answer.strip()
    if not text:
        return "thinking" if getattr(answer, "finish_reason", None) == "thinking" else "empty"
    names_class = question.prompt.names_classes and bool(parse_choices(text, class_names or ()))
    if not names_class and not _has_word(text):  # a class may be called "B" or "7"
        return "wordless"
    # half a sentence may name the class that it is about to rule out
    if not getattr(answer, "is_complete", True):
        return "cut"
    if _REFUSAL.match(text):
        return "refusal"
    if _repeats_instruction(question, text):
        return "echo"
    if question.prompt.names_classes and not names_class:
        return "no_class"
    return None


def _has_word(text: str) -> bool:
    """Whether two letters stand together, vowel signs and accents included, or one of a script without capitals."""
    run = 0
    for character in text:
        category = unicodedata.category(character)
        run = run + 1 if category[0] in "LM" else 0
        if run >= 2 or category == "Lo":
            return True
    return False


def _repeats_instruction(question: Question, answer: str) -> bool:
    """Whether a literal part of the template stands in the answer, up to white space and case."""
    literals = (literal for literal, *_ in string.Formatter().parse(question.prompt.template))
    normalized = " ".join(answer.split()).casefold()
    return any(
        len(instruction) >= _SHORTEST_ECHO and instruction in normalized
        for instruction in (" ".join(literal.split()).casefold() for literal in literals)
    )
