"""Bad answers: what an LLM says when it does not answer, and answers that could not be read."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence

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

# What programs and templates print where there is nothing.
_NOTHING = re.compile(
    r"\W*(?:null|none|nil|nan|n/?a|undefined|empty|not applicable|not available|unknown|placeholder"
    r"|\{+text\}+|assistant|user|error(?:\W*\d+|[.!:])|todo\b.{0,40}|tbd|redacted|\[?object object\]?"
    r"|(?:loading|processing|thinking|generating|summari[sz]ing|analy[sz]ing|please wait)\W*(?:\.\.\.|\u2026)"
    r"|(?:\d{3}\W+)?(?:bad request|unauthorized|forbidden|not found|too many requests|payment required|gateway timeout)"
    r"|(?:cuda )?out of memory|access denied"
    r"|[\[<(](?:insert |your |the |no )?(?:\w+ ){0,2}(?:text|summary|answer|response|keywords?|topic|background)"
    r"(?: here)?[\])>]"
    r"|(?:```)?(?:json)?\s*\{\s*(?:\"\w+\"\s*:\s*(?:\"\s*\"|null|\[\s*\]|\"(?:none|null|n/a)\"))?\s*\})\W*",
    re.IGNORECASE,
)
# What servers, proxies and programs print in place of an answer, by its form or its words.
_OF_PROGRAMS = re.compile(
    r"\W*(?:<(?:!doctype|html|head|\?xml)\b|traceback \(most recent|\{\W*\"?(?:error|detail)\"?\s*:)"
    r"|.{0,60}\b(?:upstream connect error|no healthy upstream|disconnect/reset|data_inspection_failed"
    r"|maximum context length is \d|incorrect api key|access denied \||reduce the length of the messages)",
    re.IGNORECASE | re.DOTALL,
)
_PERHAPS_OF_PROGRAMS = re.compile(
    r"\W*(?:(?:[a-z_]+\.)*[a-z_]*(?:error|exception)\b\W*:|\{\W*\"?message\"?\s*:"
    r"|(?:http\S* |status:? |error code:? )?[45]\d\d\b\W+[a-z ]{4,40}\W*\Z)"
    r"|.{0,60}\b(?:cuda out of memory|something went wrong|an error (?:has )?occurred|internal server error"
    r"|bad gateway|gateway time-?out|(?:request|operation|connection) (?:refused|reset by peer|failed|timed out)"
    r"|content exists risk|service (?:is )?(?:temporarily )?unavailable|too many requests|segmentation fault)"
    r"(?=\W*\Z|[.!\n<])",
    re.IGNORECASE | re.DOTALL,
)
_OF_MODELS = re.compile(
    r"(?i)\W*(?:hi|hello)?\W*i(?:'m| am) (?:[\w-]+,? ){0,4}(?:an? )?(?:[\w-]+ ){0,2}"
    r"(?:language model|ai assistant|ai model|chatbot)\b"
)
_OF_HELPLINES = re.compile(
    r"(?i)\b(?:lifeline|crisis (?:text )?line|suicide (?:prevention|hotline)|helpline|988|116 ?123)\b"
)
_PLACEHOLDER = re.compile(
    r"\W*(?:test(?:ing)?|foo(?:bar)?|hello(?:,? world)?|\{\w+\}|lorem ipsum.{0,200}"
    r"|(?:your|the|insert) (?:\w+ ){1,2}(?:goes )?here"
    r"|(?:this|here) is (?:a |an |the |your )?(?:mock|test|dummy|sample|example|placeholder|simulated|fake)\b.{0,60}"
    r"|[\[<({](?:your |the |insert |a |one |two )?(?:\w+ ){0,3}(?:goes here|here|sentences?|placeholder)[\])>}]"
    r"|(?:(?:keyword|phrase|topic|word|item|key phrase|sentence)[ _]?\d\W*){2,})\W*",
    re.IGNORECASE,
)
_REPEATS = 8  # words
_HEAD = 400  # characters in which an answer shows that it is none
_TOKENS = re.compile(r"<\|[^<>|]{0,40}\|>|</?(?:s|pad|eos|bos|unk|think|summary|answer)>|\[/?INST\]", re.IGNORECASE)
_LABEL = re.compile(r"[\W_]*(?:[^\W\d_]+[ -]?){1,3}[*_ ]{0,4}[:\uff1a](?!\S*//)")
_KEY = re.compile(r"\"\w+\"\s*:")
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
    if not chooses and not _has_word(text):  # a class may be called "B" or "7"
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
    if not _has_word(plain) or _is_nothing(plain) or _OF_PROGRAMS.match(plain[:_HEAD]):
        return "hollow"
    shared = _n_shared(question, plain)
    reason = None if _YES.fullmatch(plain) else judge(plain, shared >= 2)
    if reason is None and shared == 0:
        reason = _judge_stranger(plain, names_classes)
    if reason is not None:
        return reason
    return "no_class" if names_classes else None


def _is_nothing(text: str) -> bool:
    label = _LABEL.match(text[:60])
    if len(text) < 300 and (
        not _has_word(text[label.end() :]) if label else text[0] == "{" and not _has_word(_KEY.sub("", text))
    ):
        return True
    return len(text) < 300 and any(_NOTHING.fullmatch(part) for part in (text, text[label.end() :] if label else text))


# Words that both a text and a refusal may have.
_OF_NO_TEXT = frozenset(("text", "texts", "provide", "provided", "that", "this", "with", "have", "your", "there"))


def _judge_stranger(answer: str, names_classes: bool) -> str | None:
    """Say what is wrong with an answer that has no word of the text: more than with one that may be about it."""
    words = re.findall(r"\w+", answer.casefold()[:2000])
    head = answer[:_HEAD]
    if len(words) >= _REPEATS and 4 * len(set(words)) < len(words) and not names_classes:
        return "hollow"
    if _PLACEHOLDER.fullmatch(head) or _PERHAPS_OF_PROGRAMS.match(head):
        return "hollow"
    return "refusal" if _OF_MODELS.match(head) or _OF_HELPLINES.search(head) else None


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
