"""Bad answers: what an LLM says when it does not answer, and answers that could not be read."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence

from skellagnn.llm.answers._empty import has_word, is_empty, judge_stranger
from skellagnn.llm.answers._reading import judge
from skellagnn.llm.prompts import Question, read_choices

__all__ = ["BAD_ANSWERS", "diagnose", "find_repeated", "unread_warning"]

# What can be wrong with an answer, in the order in which it is looked for.
BAD_ANSWERS = {
    "thinking": "the token limit ended it while it was thinking: raise `max_tokens`, or turn thinking off",
    "empty": "nothing but white space",
    "wordless": "no word in any script",
    "hollow": "only an opening such as 'Here is the summary:', or a word for nothing",
    "cut": "ended by the token limit or a content filter",
    "refusal": "the LLM declines to answer, or asks for the text",
    "echo": "repeats the instruction",
    "no_class": "names none of the classes that it was to choose from",
    "repeated": "the same words for many different texts",
}

_TOKENS = re.compile(r"<\|[^<>|]{0,40}\|>|</?(?:s|pad|eos|bos|unk|think|summary|answer)>|\[/?INST\]", re.IGNORECASE)
# These may answer a prompt of one's own.
_YES = re.compile(r"\W*(?:yes|no|great|absolutely|alright|certainly)\W*", re.IGNORECASE)
_NO_TEXT = re.compile(
    r"\b(?:no|without (?:the|any)) (?:\w+ )?(?:text|abstract|article|document|content)s? (?:\w+ )?"
    r"(?:provided|given|supplied|included)\b|\bplease (?:provide|share|send)\b",
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
        A key of ``BAD_ANSWERS``, None for an answer that can be used. Where a prompt names classes, "none of these" is
        such an answer: see :func:`~skellagnn.prompts.read_choices`.

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
    if getattr(answer, "finish_reason", None) == "refusal":  # the server says so
        return "refusal"
    names_classes = question.prompt.names_classes
    choices = read_choices(text, class_names or ()) if names_classes else None
    chooses = choices is not None and (bool(choices.classes) or choices.none)
    if not chooses and not has_word(text):  # a class may be called "B" or "7"
        return "wordless"
    # half a sentence may name the class that it is about to rule out
    if not getattr(answer, "is_complete", True):
        return "cut"
    if _repeats_instruction(question, text):
        return "echo"
    plain = text.replace("\u2019", "'")
    if chooses and not (choices is not None and choices.none and _NO_TEXT.search(plain)):
        return None  # "I cannot be certain, but A is the most likely" chooses
    plain = _TOKENS.sub(" ", plain).strip()
    if is_empty(plain):
        return "hollow"
    shared = _n_shared(question, plain)
    reason = None if _YES.fullmatch(plain) else judge(plain, shared >= 2)
    if reason is None and shared == 0:
        reason = judge_stranger(plain, may_repeat=names_classes)
    if reason is not None:
        return reason
    return "no_class" if names_classes else None


# Words that both a text and a refusal may have.
_OF_NO_TEXT = frozenset(("text", "texts", "provide", "provided", "that", "this", "with", "have", "your", "there"))


def _n_shared(question: Question, answer: str) -> int:
    """How many words an answer has of the text, of those that an answer about something else has not."""
    asked = " ".join(value for field, value in question.values.items() if field not in ("class_names", "candidates"))
    return len((_content(answer[:600]) & _content(asked[:20_000])) - _OF_NO_TEXT)


def _content(text: str) -> set[str]:
    text = unicodedata.normalize("NFC", text).casefold()
    return {
        piece
        for word in re.findall(r"[^\W\d_]{2,}", text)
        for piece in ([word] if word < "\u2e80" and len(word) > 3 else [word[i : i + 3] for i in range(len(word) - 2)])
        if piece > "\u2e80" or len(piece) > 3
    }


def _repeats_instruction(question: Question, answer: str) -> bool:
    """Whether a literal part of the template stands in the answer, up to white space and case."""
    literals = (literal for literal, *_ in string.Formatter().parse(question.prompt.template))
    normalized = " ".join(answer.split()).casefold()
    return any(
        len(instruction) >= _SHORTEST_ECHO and instruction in normalized
        for instruction in (" ".join(literal.split()).casefold() for literal in literals)
    )


# -- all answers to one prompt -----------------------------------------------------------------------------------------

# So many different texts do not get the same words by chance.
MANY_TEXTS = 5
# Beyond this share of unread answers, what was read comes from a biased remainder.
MOST_UNREAD = 0.2
# Fewer answers say nothing of the class names.
FEW = 2
# Answers with these faults name something, though no class: one letter, or a name in other words.
_NAMING = ("no_class", "wordless")
_SHOWN = 100  # characters of an example
_SHORTEST = 3  # words that are left without quotes and brackets
_ASIDE = re.compile(
    r"[\"\u201c\u201e\u00ab\u300c][^\"\u201c\u201d\u00bb\u300d]{0,300}[\"\u201c\u201d\u00bb\u300d]"
    r"|(?<!\w)'[^'\n]{0,300}'(?!\w)|[(\[][^()\[\]]{0,100}[)\]]"
)


def find_repeated(questions: Sequence[Question], answers: Sequence[str | None]) -> list[int]:
    """Find answers that say the same to many different texts, which no language hides.

    Parameters
    ----------
    questions : sequence of Question
        Different questions of one prompt or of several.
    answers : sequence of str or None, of the same length

    Returns
    -------
    positions : list of int
        Of the answers to prompts that name no classes whose words, up to case and white space, are those of at least
        ``MANY_TEXTS`` answers to the same prompt; what stands in quotes or brackets, such as a title, may differ
        where no other word is one of the text. Answers that choose a class may well be equal.

    Examples
    --------
    >>> from skellagnn.prompts import BUILTIN_PROMPTS, Question
    >>> questions = [Question(BUILTIN_PROMPTS["summary"], {"text": f"text {i}"}) for i in range(6)]
    >>> find_repeated(questions, ["Ei voi auttaa.", "On cats."] + ["Ei voi auttaa."] * 4)
    [0, 2, 3, 4, 5]
    """
    places: dict[tuple[str, str], list[int]] = {}
    for position, (question, answer) in enumerate(zip(questions, answers, strict=True)):
        if answer is not None and not question.prompt.names_classes:
            for said in _said(question, answer):
                places.setdefault((question.prompt.key, said), []).append(position)
    return sorted(
        {
            position
            for same in places.values()
            if len({questions[position].digest for position in same}) >= MANY_TEXTS
            for position in same
        }
    )


def _said(question: Question, answer: str) -> set[str]:
    """The words of an answer, and those without quotes and brackets if they are none of the text."""
    text = unicodedata.normalize("NFKC", answer).casefold()
    rest = re.findall(r"\w+", _ASIDE.sub(" ", text))
    said = {" ".join(re.findall(r"\w+", text))}
    asked = unicodedata.normalize("NFKC", " ".join(question.values.values())).casefold()
    own = {word for word in rest if len(word) > 3 or word > "\u2e80"}.intersection(re.findall(r"\w+", asked))
    if len(rest) >= _SHORTEST and not own:
        said.add(" ".join(rest))
    return said


def unread_warning(
    questions: Sequence[Question], answers: Sequence[str | None], class_names: Sequence[str]
) -> str | None:
    """Return what to say where many answers to class-naming prompts name no class.

    Parameters
    ----------
    questions : sequence of Question
    answers : sequence of str or None, of the same length
        As they came; None, and answers to prompts that name no classes, do not count.
    class_names : sequence of str

    Returns
    -------
    warning : str or None
        With two of the answers that name other classes, and how many say nothing for which reason; None where the
        share of both is at most ``MOST_UNREAD``, or a single answer was given.

    Examples
    --------
    >>> from skellagnn.prompts import BUILTIN_PROMPTS, Question
    >>> questions = [Question(BUILTIN_PROMPTS["topic"], {"text": t, "class_names": "IR, DB"}) for t in "abc"]
    >>> unread_warning(questions, ["Information retrieval.", "DB", "None of these."], ["IR", "DB"])
    "1 of 3 answers name none of the classes 'IR', 'DB', for instance 'Information retrieval.'. The others ..."
    """
    given = [
        (question, answer)
        for question, answer in zip(questions, answers, strict=True)
        if answer is not None and question.prompt.names_classes
    ]
    unread = [(question, answer) for question, answer in given if read_choices(answer, class_names) == ([], False)]
    if len(given) < FEW or len(unread) <= MOST_UNREAD * len(given):
        return None
    reasons = [diagnose(question, answer, class_names) or "no_class" for question, answer in unread]
    named = [answer for (_, answer), reason in zip(unread, reasons, strict=True) if reason in _NAMING]
    silent = Counter(reason for reason in reasons if reason not in _NAMING)
    names = ", ".join(map(repr, class_names[:12])) + (", ..." if len(class_names) > 12 else "")
    told = f"{len(unread)} of {len(given)} answers name none of the classes {names}"
    if silent:
        told += f": {', '.join(f'{count} {reason}' for reason, count in silent.most_common())}"
    examples = list(dict.fromkeys(" ".join(answer.split()) for answer in named))[:2]  # two different ones say more
    if examples:
        shown = " and ".join(repr(said if len(said) <= _SHOWN else f"{said[:_SHOWN]}...") for said in examples)
        told += (f", {len(named)} no_class" if silent else "") + f", for instance {shown}"
    told += ". The others may be a biased remainder." if len(unread) < len(given) else "."
    if 2 * len(named) >= len(unread):
        return f"{told} Pass class_names=[...] with the names as the LLM writes them, in the order of the classes."
    return f"{told} The class names are not the reason: look at the answers, change the prompt, or take another LLM."
