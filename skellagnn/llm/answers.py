"""Bad answers: what an LLM says when it does not answer, and answers that could not be read."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from skellagnn.llm.prompts import Question, read_choices

__all__ = ["BAD_ANSWERS", "UnreadAnswers", "diagnose", "find_repeated", "find_unread"]

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

_CANNOT = (
    r"(?:cannot|can't|can not|couldn't|could not|won't|will not|am unable|am not able|unable|am not allowed"
    r"|am not permitted"
    r"|do not have (?:access|the|any|enough)|don't have (?:access|the|any|enough)|have no access"
    r"|must (?:\w+ )?(?:decline|refuse)"
    r"|have to (?:\w+ )?(?:decline|refuse)|(?:respectfully |politely )?(?:decline|refuse)\b|would rather not"
    r"|would prefer not"
    r"|do not see|don't see|did not receive|didn't receive|have not received|haven't received|see no\b"
    r"|am afraid|am sorry"
    r"|apologi[sz]e|regret|need (?:the|more|a|some|you to)\b|am just an ai|am only an ai|was not (?:given|provided)"
    r"|wasn't (?:given|provided))"
)
_I = r"(?:i'm|i am|we're|we are|i|we|i'd|i've|i'll)"
_TEXT = r"(?:text|abstract|article|document|passage|content|input|paper|paragraph|message|attachment|file|title)s?"
# Only what an answer opens with: a text about refusals may well contain these words further on.
_REFUSAL = re.compile(
    r"\W*(?:(?:hello|hi|thank you|thanks|hmm|well|oh|note|ok(?:ay)?|apologies|my apologies|unfortunately"
    r"|regrettably|sadly"
    r"|sorry|so sorry|i'm sorry|i am sorry|i'm afraid|i apologi[sz]e)\b[\w ]{0,30}[,.!:;]*\s+(?:but |that "
    r"|however,? )?)?"
    r"(?:"
    rf"(?:i'm|i am|we're|we are) (?:very |so |truly |really )?(?:sorry|unable|afraid|not able|not allowed)\b"
    rf"|{_I} (?:\w+ )?{_CANNOT}"
    r"|sorry\b[,.!]? (?:but )?(?:i|we|no|there)\b"
    r"|as an? (?:ai|a\.i\.|artificial intelligence|(?:large )?language model|chatbot|(?:virtual "
    r"|ai )?assistant|llm)\b"
    r"(?! (?:paper|article|approach|study|work|system|method|survey|based|for\b|that\b|book|company|course"
    r"|researcher|module|model paper))"
    rf"|(?:no|there (?:is|was) no) (?:\w+ )?{_TEXT} (?:\w+ )?(?:(?:was|is|were|has been|have been)\b"
    rf"|provided|given|supplied"
    r"|to (?:summari[sz]e|analy[sz]e|classify|work))"
    rf"|(?:the|your) (?:\w+ )?{_TEXT} (?:(?:seems?|appears?) to be|is|was|were) (?:not (?:provided|given"
    rf"|included|there)|missing|empty|blank"
    r"|incomplete)\b"
    rf"|(?:it (?:seems|looks|appears)(?: like| that| as if)*|you) (?:\w+ ){{0,3}}(?:no {_TEXT}|(?:have "
    rf"|has )?(?:not|n't|forg\w+|didn't|haven't|did not)"
    rf"\b[\w ]{{0,25}}{_TEXT})"
    rf"|(?:please|kindly|could you|can you|would you)(?: please| kindly)? (?:provide|share|send|paste|supply"
    rf"|upload|include|enter|give|clarify|specify)\b"
    rf"|(?:this|that|the|your) (?:request|content|question|prompt|topic|{_TEXT})[\w ]{{0,30}} (?:violates"
    rf"|goes against|cannot be|can't be (?:processed|answered|summari[sz]ed)"
    r"|is (?:inappropriate|against|not something i))"
    r"|(?:the )?request (?:denied|refused|blocked|rejected)|content (?:blocked|filtered|exists risk)"
    r"|not able to (?:comply|assist|help|answer)"
    r"|unable to (?:comply|assist|help|answer|process|provide|summari[sz]e|classify|determine)"
    r"|cannot (?:comply|assist|help|answer|process|provide|summari[sz]e|classify|determine)\b"
    r"|(?:i )?(?:respectfully|politely) (?:decline|refuse)|without (?:the|more|a|any"
    r"|further) (?:\w+ )?(?:text|context|information|abstract)[\w ,]{0,30}\b(?:cannot|can't|unable|impossible)"
    r")",
    re.IGNORECASE,
)
_OTHER_TONGUES = re.compile(
    r"\W*(?:(?:es tut mir leid|tut mir leid|leider (?:kann|ist|habe|darf|wurde)|ich (?:kann|darf"
    r"|habe) (?:\w+ ){0,4}(?:nicht|kein\w*)|als (?:ki|k\u00fcnstliche|sprachmodell)\b"
    r"|entschuldigung|bitte (?:geben|stellen|senden|f\u00fcgen|teilen)"
    r"|je suis d\u00e9sol\u00e9e?|d\u00e9sol\u00e9e?\b|je ne (?:peux|suis|dispose|vois)|en tant qu(?:e "
    r"|')(?:ia|mod\u00e8le|intelligence|assistant)|veuillez (?:fournir|me)|malheureusement,? je"
    r"|lo siento|lo lamento|no puedo\b|no me es posible|como (?:modelo|una? ia|ia|asistente)\b"
    r"|por favor,? (?:proporcion|comparte|env)|desafortunadamente,? no|lamentablemente"
    r"|mi dispiace|non posso\b|non sono in grado|in quanto (?:ia|modello)|come (?:modello|ia"
    r"|intelligenza artificiale)\b|purtroppo non"
    r"|desculpe|sinto muito|lamento\b|n\u00e3o posso|n\u00e3o consigo|infelizmente|como (?:um )?modelo de linguagem"
    r"|het spijt me|sorry, ik|helaas kan|ik kan (?:\w+ ){0,3}niet|als (?:ai|taalmodel)\b"
    r"|jag kan (?:\w+ ){0,2}inte|tyv\u00e4rr|jeg kan (?:\w+ ){0,2}ikke|beklager|desv\u00e6rre"
    r"|przykro mi|przepraszam|niestety|nie mog\u0119|jako model j\u0119zykowy|omlouv\u00e1m se|bohu\u017eel"
    r"|nemohu|sajn\u00e1lom|nem tudok"
    r"|\u043a \u0441\u043e\u0436\u0430\u043b\u0435\u043d\u0438\u044e"
    r"|\u0438\u0437\u0432\u0438\u043d\u0438\u0442\u0435|\u043f\u0440\u043e\u0441\u0442\u0438\u0442\u0435"
    r"|\u044f \u043d\u0435 (?:\u043c\u043e\u0433\u0443|\u0438\u043c\u0435\u044e|\u0432\u0438\u0436\u0443)"
    r"|\u043a\u0430\u043a (?:\u0438\u0438"
    r"|\u044f\u0437\u044b\u043a\u043e\u0432\u0430\u044f \u043c\u043e\u0434\u0435\u043b\u044c"
    r"|\u0438\u0441\u043a\u0443\u0441\u0441\u0442\u0432\u0435\u043d\u043d\u044b\u0439)"
    r"|\u043d\u0430 \u0436\u0430\u043b\u044c|\u043f\u0435\u0440\u0435\u043f\u0440\u043e\u0448\u0443\u044e"
    r"|\u00fczg\u00fcn\u00fcm|maalesef|maaf\b|saya tidak (?:bisa|dapat)|xin l\u1ed7i|r\u1ea5t ti\u1ebfc"
    r"|t\u00f4i kh\u00f4ng th\u1ec3)\b"
    r"|(?:\u975e\u5e38)?(?:\u5f88)?(?:\u62b1\u6b49|\u5bf9\u4e0d\u8d77|\u5c0d\u4e0d\u8d77)|(?:\u6211"
    r"|\u4f5c\u4e3a(?:\u4e00\u4e2a)?(?:ai|\u4eba\u5de5\u667a\u80fd|\u8bed\u8a00\u6a21\u578b"
    r"|\u8a9e\u8a00\u6a21\u578b))(?:\u65e0\u6cd5|\u4e0d\u80fd|\u7121\u6cd5|\u62d2\u7edd"
    r"|[^\u3002]{0,12}(?:\u65e0\u6cd5|\u4e0d\u80fd|\u7121\u6cd5))|\u8bf7\u63d0\u4f9b|\u8acb\u63d0\u4f9b"
    r"|\u65e0\u6cd5(?:\u56de\u7b54|\u63d0\u4f9b)|\u5f88\u9057\u61be"
    r"|\u7533\u3057\u8a33|\u3054\u3081\u3093\u306a\u3055\u3044|\u3059\u307f\u307e\u305b\u3093"
    r"|\u6b8b\u5ff5\u3067\u3059\u304c|\u8a00\u8a9e\u30e2\u30c7\u30eb\u3068\u3057\u3066"
    r"|\uc8c4\uc1a1|\ubbf8\uc548|\uc548\ud0c0\uae5d\uac8c\ub3c4|\uc720\uac10\uc2a4\ub7fd"
    r"|\uc800\ub294 [^.]{0,20}\uc218 \uc5c6"
    r"|\u0639\u0630\u0631\u0627|\u0622\u0633\u0641|\u0623\u0639\u062a\u0630\u0631"
    r"|\u0644\u0627 \u0623\u0633\u062a\u0637\u064a\u0639|\u0644\u0627 \u064a\u0645\u0643\u0646\u0646\u064a"
    r"|\u05de\u05e6\u05d8\u05e2\u05e8|\u05d0\u05e0\u05d9 \u05dc\u05d0 \u05d9\u05db\u05d5\u05dc"
    r"|\u092e\u0941\u091d\u0947 \u0916\u0947\u0926|\u0915\u094d\u0937\u092e\u093e \u0915\u0930\u0947\u0902"
    r"|\u092e\u093e\u092b\u093c? \u0915\u0930|\u0e02\u0e2d\u0e42\u0e17\u0e29|\u0e02\u0e2d\u0e2d\u0e20\u0e31\u0e22)",
    re.IGNORECASE,
)
_NO_TEXT = re.compile(
    rf"\b(?:no|without (?:the|any)) (?:\w+ )?{_TEXT} (?:\w+ )?(?:provided|given|supplied|included)\b"
    r"|\bplease (?:provide|share|send)\b",
    re.IGNORECASE,
)
# "Sure, here is the summary:" and nothing behind it; what programs print for nothing.
_OPENING_ALONE = re.compile(
    r"\W*(?:(?:sure|certainly|of course|okay|ok|absolutely|yes|great|no problem|understood|got it|alright"
    r"|gladly|happy to help|"
    r"i'd be happy to help|i can help with that|i will|i'll)\b[\w ']{0,40}[,.!:]*\s*)*"
    r"(?:(?:here(?:'s| is| are)|below (?:is|are)|this is|the following (?:is|are)|let me|i(?:'ll| will| have"
    r"|'ve))\b[^.:!\n]{0,90}[:.!\u2026]*"
    r"|(?:the )?(?:summary|answer|keywords|keyword list|background|topic|rewritten(?: text)?|response|output"
    r"|result|text)\s*:)?\W*",
    re.IGNORECASE,
)
_ITS_NAME = re.compile(
    r"\b(?:summar|answer|keyword|text|version|response|list|background|topic|request|help)", re.IGNORECASE
)
_YES = re.compile(
    r"\W*(?:yes|ok|okay|great|absolutely|alright|certainly)\W*", re.IGNORECASE
)  # may answer a prompt of one's own
_STARTS_SO = re.compile(
    r"\W*(?:sure|certainly|of course|ok|okay|absolutely|yes|great|no problem|understood|got it|alright"
    r"|gladly|here|below|the following"
    r"|(?:the )?(?:summary|answer|keywords|keyword list|background|topic|rewritten|response|output|result|text)\s*:)",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"\W*(?:null|none|nil|nan|n/?a|undefined|empty|no (?:answer|response|output|content|data|summary|keywords)|error"
    r"|(?:internal )?server error|todo|tbd|string|\[?object object\]?|<(?:no|empty) \w+>)\W*",
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
    if _NOTHING.fullmatch(plain) or _is_opening_alone(plain):
        return "hollow"
    if _REFUSAL.match(plain) or _OTHER_TONGUES.match(plain):
        return "refusal"
    return "no_class" if names_classes else None


def _is_opening_alone(text: str) -> bool:
    if not _STARTS_SO.match(text) or not _OPENING_ALONE.fullmatch(text) or _YES.fullmatch(text):
        return False
    return text.rstrip("*_ \n")[-1] in ":\u2026" or bool(_ITS_NAME.search(text)) or len(text) < 16


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
_SHOWN_CHARACTERS = 100


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
        ``MANY_TEXTS`` answers to the same prompt. Answers that choose a class may well be equal.

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
            said = " ".join(re.findall(r"\w+", answer.casefold()))
            places.setdefault((question.prompt.key, said), []).append(position)
    return sorted(
        position
        for same in places.values()
        if len({questions[position].digest for position in same}) >= MANY_TEXTS
        for position in same
    )


@dataclass(frozen=True)
class UnreadAnswers:
    """How many answers to a class-naming prompt name no class.

    Parameters
    ----------
    n_answers, n_unread : int
        Answers given, and those among them from which neither a class nor "none of these" could be read.
    examples : tuple of str
        The beginnings of two of the unread answers.
    """

    n_answers: int
    n_unread: int
    examples: tuple[str, ...]

    @property
    def share(self) -> float:
        """Unread answers among those given, 0 where none was given."""
        return self.n_unread / self.n_answers if self.n_answers else 0.0

    def warning(self, class_names: Sequence[str]) -> str | None:
        """Return the sentences that tell of it, or None where the share is at most ``MOST_UNREAD``.

        Parameters
        ----------
        class_names : sequence of str
        """
        if self.share <= MOST_UNREAD:
            return None
        shown = " and ".join(repr(example) for example in self.examples)
        names = ", ".join(repr(name) for name in class_names[:12]) + (", ..." if len(class_names) > 12 else "")
        return (
            f"{self.n_unread} of {self.n_answers} answers name none of the classes {names}, for instance {shown}. The "
            "others are a biased remainder and are trusted less. Pass class_names=[...] with the names as the LLM "
            "writes them, in the order of the classes."
        )


def find_unread(
    questions: Sequence[Question], answers: Sequence[str | None], class_names: Sequence[str]
) -> UnreadAnswers:
    """Count the answers to class-naming prompts from which no class could be read.

    Parameters
    ----------
    questions : sequence of Question
    answers : sequence of str or None, of the same length
        As they came; None, and answers to prompts that name no classes, do not count.
    class_names : sequence of str

    Returns
    -------
    unread : UnreadAnswers

    Examples
    --------
    >>> from skellagnn.prompts import BUILTIN_PROMPTS, Question
    >>> questions = [Question(BUILTIN_PROMPTS["topic"], {"text": t, "class_names": "IR, DB"}) for t in "abc"]
    >>> unread = find_unread(questions, ["Information retrieval.", "DB", "None of these."], ["IR", "DB"])
    >>> unread.n_answers, unread.n_unread, unread.examples
    (3, 1, ('Information retrieval.',))
    """
    given = [
        answer
        for question, answer in zip(questions, answers, strict=True)
        if answer is not None and question.prompt.names_classes
    ]
    unread: list[str] = []
    for answer in given:
        choices = read_choices(answer, class_names)
        if not choices.classes and not choices.none:
            unread.append(" ".join(answer.split()))
    # two different ones say more
    examples = list(dict.fromkeys(answer for answer in unread if answer))[:2]
    shortened = tuple(
        answer if len(answer) <= _SHOWN_CHARACTERS else f"{answer[:_SHOWN_CHARACTERS]}..." for answer in examples
    )
    return UnreadAnswers(len(given), len(unread), shortened)
