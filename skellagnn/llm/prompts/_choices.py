"""Which classes an answer chooses, first choice first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from skellagnn.llm.prompts._names import Mention, is_word_character, name_finder, normal_form


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

    Examples
    --------
    >>> read_choices("None of these.", ["Neural_Networks", "Theory"])
    Choices(classes=[], none=True)
    """
    if not class_names:
        return Choices([], False)
    names = tuple(class_names)
    text = normal_form(answer)
    listed = _from_json(text, names)
    text = _without_tags(text, names) if listed is None else listed
    classes = _Reading(text, names).choices()
    return Choices(classes, not classes and bool(_NONE.search(text.casefold())))


# -- the words that tell a choice --------------------------------------------------------------------------------------

# Words that may stand between "first", "second", "answer" and the like and the name that they belong to.
_FILL = (
    r"(?:(?:best |most )?(?:choice|option|pick|guess|place|position|rank|possibility|candidate|alternative"
    r"|answer|class"
    r"|category|label|topic|suggestion|bet|match|fit|home)s?|would|could|might|may|must|should|be|is|are|was"
    r"|seems?|comes?"
    r"|goes|to|as|with|for|by|in|of|i|i'd|i'll|we|say|choose|name|pick|put|take|go|the|a|an|my|our|this|that|it|it's"
    r"|its|text|perhaps|possibly|maybe|probably|likely|most|best|plausible|only|then|here|one|also|definitely|clearly"
    r"|certainly|still|very|number|wahl|choix|opci[oó]n|выбор|scelta|ist|w[äa]re|est|serait|es|ser[ií]a|è|"
    r"therefore|thus|hence|so|called|named|und|and)"
)
_SECOND = (
    r"(?:\b(?:(?:second(?:ly|ary)?|2nd|third|3rd|zweit\w*|deuxi[eè]me|segund[ao]|втор(?:ой|ое|ым|ая)"
    r"|second[ao]|tweede"
    r"|(?:choice|option|rank|top|no\.?|number)[\s_#]*[23])(?!-(?!best|choice)\w)"
    r"(?!\s(?:order|generation|world|language|half|hand|year|century|level|stage|layer|moment)s?\b)"
    r"|runner[\s-]?up|back[\s-]?up|fall[\s-]?back|failing (?:that|which|this)|alternative(?:ly)?|alternate"
    r"|otherwise|else"
    r"|if not (?:that|this|so)?|next(?: best| likely)?|(?:an)?other (?:choice|option|candidate|possibility)"
    r"|plan b|less likely|followed by|sonst|sinon|si no|ansonsten)\b"
    r"|第二(?:选择|選択|候補|个)?|其次|备选|次に|次点|두\s?번째|차선)"
)
_FIRST = (
    r"(?:\b(?:first|1st|primary|premier|primer[oa]?|prim[ao]|erste\w*|перв\w+|(?:choice|option|rank|top)[\s_#]*1)\b"
    r"(?!\s(?:glance|sight|look|thought|impression))|第一(?:选择|選択|候補)?|首选)"
)
_LINK = rf"(?:[\W_]+{_FILL}\b)*"


def _anchored(cue: str) -> re.Pattern[str]:
    return re.compile(rf"{cue}{_LINK}[\W_]*\Z")


_PRE_SECOND = _anchored(_SECOND)
_PRE_THEN = re.compile(rf"(?:\A|[,;.\n(\u2014-])\s*(?:and |or |und )?(?:then|dann|puis|luego){_LINK}[\W_]*\Z")
_NUMBER_1 = re.compile(r"(?:^|[\s(\[|#])(?:1|a|i)\s?[.):|\]][\s*_\"'`(\[]*\Z")
_NUMBER_2 = re.compile(r"(?:^|[\s(\[|#])(?:[2-9]|\d\d)\s?[.):|\]][\s*_\"'`(\[]*\Z")
_PRE_FINAL = re.compile(
    r"\b(?:final|corrected|overall)[\s_](?:\w+[\s_])?(?:answer|choice|verdict|decision|class|label)\b"
    rf"{_LINK}[\W_]*\Z"
)
_NOUN = (
    r"(?:answer|choice|prediction|predicted[\s_](?:class|label|category)|classification|verdict|conclusion|decision"
    r"|result|output|pick|winner|favou?rite|antwort|r[ée]ponse|respuesta|risposta|ответ|答案|回答|类别)"
)
_PRE_HARD = re.compile(
    rf"(?:{_FIRST}{_LINK}[\W_]*\Z|\b{_NOUN}(?:\s?[:=]|\s(?:is|would be|must be|ist|est|es)\b){_LINK}[\W_]*\Z"
    rf"|\b(?:class|category|label|topic|subject|(?:most )?likely|most probable)\s?[:=][\W_]*\Z"
    rf"|(?:答案|回答|类别|首选|最可能\w{{0,6}})(?:是|为|:)?[\W_]*\Z)"
)
_PRE_SOFT = re.compile(
    r"\b(?:most likely|most probabl[ey]|likeliest|most plausibl[ey]|best (?:match|fit|guess|answer|option)"
    r"|i(?:'d|'ll| would| will| should)? (?:\w+ )?(?:choose|pick|select|go (?:with|for)|opt for|vote for"
    r"|settle (?:on|for)"
    r"|favou?r|prefer|conclude)|belongs (?:\w+ )?to|falls (?:\w+ )?(?:under|into)|classif(?:y|ied) \w* ?as"
    r"|(?:class|category|label|topic|subject) is)\b"
    rf"{_LINK}[\W_]*\Z"
)
_PUT = re.compile(r"\b(?:put|place|rank)\W*\Z")
_HEDGE = re.compile(r"\b(?:could|might|may|also|alternative\w*|another|second|else|otherwise|if)\b")
_AFTER = (
    r"[\W_]*(?:(?:which|that|this|so|it|and|i|is|was|are|seems?|would|could|might|may|be|being|as|my|our|the"
    r"|a|an|comes?"
    r"|ranks?|takes?|in|for|stands?|fits?|named|considered|looks?|follows|remains?)\W+)*(?:[\w'-]+\W+){0,3}?"
)
_POST_SECOND = re.compile(
    rf"{_AFTER}(?:second|2nd|secondary|secondly|third|3rd|runner[\s-]?up|back[\s-]?up|fall[\s-]?back"
    rf"|alternatives?|less likely"
    r"|next|(?:the|an?)?other (?:choice|option)|reserve|substitute|after (?:that|it))\b"
    r"(?!-(?!best|choice)\w)(?!\s(?:order|generation|world|language|half|hand)s?\b)"
)
_POST_FIRST = re.compile(
    rf"{_AFTER}(?:first(?!-\w)(?! (?:glance|sight|look|order))|1st|primary choice|(?:most|more) (?:likely"
    rf"|probable|plausible"
    r"|fitting|appropriate|suitable)|likeliest|likelier|best|better|closest|closer|ahead|stronger|strongest"
    r"|(?:my|the) (?:choice|answer|pick)|i (?:would )?(?:choose|prefer|pick))\b"
)
# What ends the reach of a "not".
_CLAUSE = re.compile(
    r"[;:.!?\n,(\u2014]|\s-\s|\b(?:but|however|although|though|yet|because|since|so|therefore|hence|instead"
    r"|rather(?! than)"
    r"|sondern|mais|sino|ma|но|а|while|whereas|then)\b"
)
_NO_DOUBT = re.compile(
    r"\b(?:without (?:\w+ )?(?:doubt|question|hesitation|reservation)|no (?:\w+ )?(?:doubt|question"
    r"|hesitation)|undoubtedly"
    r"|doubtless|not surprisingly|not (?:only|just|merely|simply|least)|none other than"
    r"|nothing (?:\w+ )?(?:but|other than"
    r"|except)|(?:cannot|can't|can not|couldn't|could not|hardly|hard"
    r"|difficult)\b[^.;,]{0,30}?\b(?:(?:anything|something|else"
    r"|other|otherwise) )+(?:but|other than|than|except)|if (?:it (?:is|were) )?not)\b"
)
_NOT = re.compile(
    r"\b(?:not|never|cannot|neither|nor|hardly|i doubt|exclude[sd]?|excluding|rul(?:e|es|ed|ing) out|nicht"
    r"|kein\w*|weder|ne|ni|non(?=-\Z)|не|\w+n't)\b(?:[\W_]+\w+){0,8}?[\W_]*\Z|(?:不是|并非|而非)\W*\Z"
)
_NOT_CLOSE = re.compile(
    r"\b(?:by no means|nothing to do with|as opposed to|opposed to|rather than|instead of|unlike|other than"
    r"|except(?: for)?"
    r"|apart from|no (?:relation|connection|link|reference|mention|trace|hint|sign)s? (?:to|of|with)|no|non"
    r"|anti|far from|statt"
    r"|plut[oô]t que|en lugar de)(?:\W+(?:the|a|an|class|category|for|it|of))*[\s*_\"'`(\[]*\Z|\bnot\s?:\W*\Z"
)
_NOT_AFTER = re.compile(
    r"[ \t*_\"'`)\]]{0,4}(?:class |category )?(?:(?:is|was|can|could|does|do|did|would|should|may|might"
    r"|seems?|looks?|has|have|are|be"
    r"|been|being|clearly|therefore|also|definitely|certainly) )*(?:not(?! only| just| merely| un\w+| im\w+)"
    r"|\w+n't|cannot"
    r"|(?:ruled|left) out|excluded|unlikely|wrong|incorrect|inapplicable|rejected|out of the question|out(?=\s*[.;,])"
    r"|less than likely)\b(?! be (?:excluded|ruled out|dismissed|discounted))|[ \t]*[-:=\u2014]\s*(?:no"
    r"|nope)\b(?=\s*(?:[.,;\n]|\Z))"
    r"|\s*,? but (?:i )?(?:have )?(?:rejected|ruled|discarded|dismissed|excluded)\b|\W*\?\W*(?:no|nope"
    r"|not)\b|(?:ではなく|不是|は違)"
)
_RANKED = re.compile(
    r"\b(?:likely|likeliest|probable|plausible|best|top|first|two|2|my|ranked|fitting|suitable|chosen"
    r"|selected|predicted|relevant|matching)\b"
)
_LISTED = (
    r"(?:classes|categories|labels|options|choices|candidates|topics|list)\b(?:\s(?:are|were|is|above|given"
    r"|listed|provided"
    r"|here|below|includes?|including|namely|like|such as|you|gave|offered|in|the|your|question|prompt"
    r"|to choose from))*"
    r"[\W_]*\Z"
)
_OPTIONS = re.compile(
    r"\b(?:given|listed|following|possible|available|allowed|provided|candidate|these|those|all|the|of"
    r"|one of|any of|between"
    rf"|among(?:st)?|our|your|existing|target|\d+)[\s_]+(?:\w+[\s_]+)?{_LISTED}"
)
_PLAIN_OPTIONS = re.compile(rf"\b{_LISTED}")
_WHETHER = re.compile(
    r"\bno (?:\w+ ){0,2}(?:class|category|label|option|topic)(?:\W+(?:among|of|in|from|the|given|list))*\W*\Z|"
    r"\b(?:whether|none of|neither of|(?:does not|doesn't|do not|don't|cannot|can't)\b[^.;]{0,20}\bany of"
    r"|(?:say|tell|decide|know|determine|sure|judge) if)\b(?:(?!\b(?:but|however|yet)\b)[^.;!?])*\Z"
)
_UNDECIDED = re.compile(r"\b(?:between|either|torn|among(?:st)?)(?:\W+(?:the|a|class|classes|category|of))*\W*\Z")
_REQUEST = re.compile(
    r"\b(?:please|kindly|could you|can you|would you)\b.{0,40}\b(?:provide|share|send|paste|supply|give|post"
    r"|upload|tell"
    r"|specify|include|enter|clarify|confirm|let me know)\b|\b(?:i|we)(?:'ll"
    r"| will)? need (?:\w+ ){0,3}(?:text|abstract"
    r"|article|content|document|information|context)\b|\bso (?:that )?(?:i|we) (?:can|could"
    r"|may) (?:then )?(?:say|tell|decide|classify|determine|judge|help|assign|choose)\b"
)
_QUESTION = re.compile(r"\W*(?:is|are|does|do|which|what|would|should|could|can|shall|or)\b")
_CONCESSION = re.compile(
    r"(?:\A|[.;,!?\n(]\s*|\bbut\s+|\band\s+)(?:although|though|even (?:if|though)|while|whilst|whereas"
    r"|despite|in spite of"
    r"|at first)\b[^.;,!?\n]*\Z|\b(?:at first (?:glance|sight)[\w ,']*|(?:first|initially) (?:thought|"
    r"considered|looked|seems?)[\w ']*|superficially[\w ']*)\W*\Z"
)
_MENTIONED = re.compile(r"\b(?:mention(?:s|ed|ing)?|cites?|refers? to|talks? (?:of|about))\W*\Z")
_NONE = re.compile(
    r"\bnone (?:\w+ ){0,2}(?:of|fits?|appl|match|suit|seems?|is)|\A\W*none\b(?! other)|[:=]\W{0,8}none\b"
    r"|\bn/a\b|\bnot applicable\b"
    r"|\b(?:no|not any|not one) (?:\w+ )?(?:suitable |fitting |matching )?(?:class|category|label|option|topic)\w*\b"
    r"|(?:\bnot|n't|\bcannot)\b[^.;]{0,40}\bany (?:of|class|categor|label)|\bneither (?:of|one|class"
    r"|category|fits?|applies)"
    r"|\bno(?:thing| match| fit)\b[^.;,]{0,20}\b(?:fits?|match|list|appl)|\A\W*neither\b"
    r"|\boutside (?:of )?(?:all|the) "
    r"|\bnot (?:in|on|part of|among) (?:the|this|your|my) (?:\w+ )?(?:list|options|classes)|(?:\bnot"
    r"|n't) (?:listed|in the list)\b"
    r"|\bfits? none\b|\A\W*no fit\b"
    r"|\b(?:keine (?:davon|dieser|der|von|passt)|keine\w* (?:klasse|kategorie)|aucune?\b|ningun[oa]\b"
    r"|nessun[oa]\b|nenhum\w*"
    r"|geen van|ни один|ни одна|ни одному|ни к одно\w+)"
    r"|(?:以上|都)\w{0,3}(?:都)?不(?:是|属于|符合)|没有合适|どれにも|該当なし"
    r"|どれでもない|해당 없음"
)
_CONNECTOR = re.compile(
    r"[\s*_\"'`\[\](){}|.\u2022>#-]*(?:,|;|/|\||\n|\bor\b|\band\b|\bnor\b|&|\bund\b|\boder\b|\bou\b|\bet\b"
    r"|\by\b|\bo\b|、|或|\bfrom\b|\bto\b|[\s*_\"'`\[\](){}.\u2022>#\d-])*"
)
_SAME_LIST = re.compile(r"(?:[\s*_\"'`\[\](){}|.\u2022>#\d,;/&\u2014-]|\band\b|\bor\b|、|\b[a-h]\b(?=[.)]))*\Z")
_OR = re.compile(r"\b(?:or|nor|from|and|und|oder|ou|et)\b|/|&|或")
_OPENING = "*_`\"'([{<|#>\u2022~=+"
_STANDS_WHERE_A_CHOICE_DOES = re.compile(
    r"(?:[:=>]|\b(?:is|be|as|say|choose|pick|select|guess|likely|probably|perhaps|maybe|possibly|definitely|clearly"
    r"|certainly|obviously|surely|then|else|class|category|label|topic|answer|choice|option|alternatively"
    r"|second|first|with"
    r"|for|called|to|suggests?|it's|under|into|say|prefer|just|simply))(?:\s(?:the|a|an))?[\s*_`\"'(\[{]*\Z"
)
# Names that are also words which stand in every text count only where nothing else can be meant.
_FUNCTION_WORDS = frozenset(
    [
        "a",
        "i",
        "it",
        "us",
        "is",
        "in",
        "as",
        "or",
        "and",
        "at",
        "be",
        "by",
        "do",
        "he",
        "if",
        "me",
        "my",
        "no",
        "of",
        "on",
        "so",
        "to",
        "up",
        "we",
        "an",
        "am",
        "are",
        "all",
        "can",
        "for",
        "has",
        "his",
        "how",
        "its",
        "may",
        "not",
        "now",
        "one",
        "our",
        "out",
        "see",
        "the",
        "too",
        "two",
        "use",
        "was",
        "who",
        "why",
        "you",
        "any",
        "this",
        "that",
    ]
)
_STANDS_ALONE_AFTER = re.compile(
    r"\s*\Z|\s*[,;:.!?()\]}/|>*\"'`\n\u2014-]|\s+\d|\s+(?:or|and|then|with|because|since|given|over|rather"
    r"|first|second)\b"
)
_SIGN_AFTER = re.compile(r"\s*\Z|\s*[,;:.!?)\]}/|>*\"'`\n\u2014]")
_VERB_AFTER = re.compile(r"\s+(?:is|as|seems|would|fits|appears)\b")
# Around a name this much is looked at, so that reading takes linear time.
_WINDOW = 160


@dataclass
class _Claim:
    """A name in an answer, and what the words around it say of it."""

    mention: Mention
    strong: bool  # spelled as in the list, or where a choice stands
    order: float = 3.0  # 0 final answer, 1 first choice, 2 likely, 3 just named, 4 conceded
    second: bool = False
    first: bool = False
    dropped: bool = False
    negated: bool = False
    option: bool = False
    taken: int = 0  # so much of what follows is said of this name


class _Reading:
    """The claims of one answer.

    Parameters
    ----------
    text : str
        In normal form.
    names : tuple of str
    """

    def __init__(self, text: str, names: tuple[str, ...]) -> None:
        finder = name_finder(names)
        self.text = text
        self.small = text.casefold() if len(text.casefold()) == len(text) else text.lower()
        if len(self.small) != len(text):  # a letter that is two in the other case
            self.small = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
        self.shouts = text.isupper() and len(re.findall(r"[^\W\d_]{3,}", text)) > 2
        self.names = finder.names
        self.n_names = len(names)
        mentions = self._without_markers(finder.find(text))
        self.mentions = [m for m in mentions if self._is_meant(m)]
        self.claims = [_Claim(m, self._is_strong(m)) for m in self.mentions]
        for place in range(len(self.claims)):
            self._judge(place)
        self._drop_repeated_list()

    # -- which names count ------------------------------------------------------------------------------------------

    def _without_markers(self, mentions: list[Mention]) -> list[Mention]:
        """Leave out numbers and letters that count the entries of a list, where they are names too."""
        kept = []
        counters = _counters(self.text)
        for place, mention in enumerate(mentions):
            if mention.start in counters:
                continue
            following = mentions[place + 1] if place + 1 < len(mentions) else None
            gap = self.text[mention.end : following.start] if following else ""
            before = self._before(mention, 12)
            short = mention.end - mention.start <= 2
            marks = re.fullmatch(r"\s?[.):|]\)?[ *_\"'`(\[]*", gap) and re.search(
                r"(?:\A|[\n(,;|]|(?:choice|option|rank)[\s_#]*)[ *#]*\Z", before
            )
            if not (short and following and marks):
                kept.append(mention)
        return kept

    def _slice(self, mention: Mention) -> str:
        return self.text[mention.start : mention.end]

    def _before(self, mention: Mention, size: int = _WINDOW) -> str:
        return self.small[max(0, mention.start - size) : mention.start]

    def _after(self, mention: Mention, size: int = _WINDOW) -> str:
        return self.small[mention.end : mention.end + size]

    def _opens_line(self, mention: Mention) -> bool:
        line = self._before(mention, 40).rsplit("\n", 1)[-1]
        if mention.start > 40 and "\n" not in self._before(mention, 40):
            return False
        return not re.sub(r"\A\W*(?:\d{1,2}|[a-h])\s?[.):]", "", line).strip(" \t-\u2014." + _OPENING)

    def _is_meant(self, mention: Mention) -> bool:
        """Whether a name that is also an ordinary word, a letter or a number is meant as a name."""
        name, said = self.names[mention.name].strip(), self._slice(mention)
        after = self._after(mention, 24)
        alone = bool(_STANDS_ALONE_AFTER.match(after)) and not re.match(r"'\w", after)
        if said.isdigit():
            before = self._before(mention, 30)
            return not re.match(r"\s?(?:%|/\s?10|percent|per cent|out of)", after) and not re.search(
                r"\b(?:confidence|certainty|probability|score)\b\W*(?:(?:is|of|level|score)\W*)*\Z", before
            )
        acronym = name.isupper() and len(name) <= 4
        before = self._before(mention, 40)
        place = self._opens_line(mention) or bool(_STANDS_WHERE_A_CHOICE_DOES.search(before)) or before.endswith(", ")
        if said.casefold() in _FUNCTION_WORDS:
            if acronym and said == name and not self.shouts:
                if len(name) > 1:
                    return True
                if name == "A":
                    return alone or bool(_VERB_AFTER.match(after)) or not self._opens_sentence(mention)
                return alone
            return alone and place
        if acronym and said != name:
            return place and alone
        return True

    def _opens_sentence(self, mention: Mention) -> bool:
        return not self._before(mention, 12).rstrip(" \n\"'*_").strip() or bool(
            re.search(r"[.!?:]\W*\Z", self._before(mention, 12))
        )

    def _is_strong(self, mention: Mention) -> bool:
        name, said = self.names[mention.name].strip(), self._slice(mention)
        before, after = self._before(mention, 40), self._after(mention, 3)
        hyphenated = re.search(r"\w-\Z", before) or re.match(r"-(?!second|first)\w", after)
        alone = (_SIGN_AFTER if mention.inflected else _STANDS_ALONE_AFTER).match(self._after(mention, 24))
        if self._opens_line(mention) and alone:
            return True
        if hyphenated:
            return False
        if re.search(r"[*`\"'([{_]\Z", before) and re.match(r"[*`\"')\]}_]", after):
            return True
        if not mention.inflected and (
            not any(map(str.isupper, name)) or said == name or (said[:1].isupper() and not _is_short_acronym(name))
        ):
            return True
        return bool(_STANDS_WHERE_A_CHOICE_DOES.search(before)) and bool(
            _STANDS_ALONE_AFTER.match(self._after(mention, 24))
            or re.match(r"\s+(?:is|as|seems)\b", self._after(mention, 12))
        )

    # -- what is said of them ---------------------------------------------------------------------------------------

    def _gap(self, place: int) -> str:
        """What stands between a name and the one before it."""
        start = self.mentions[place].start
        begin = self.mentions[place - 1].end if place else 0
        return self.small[max(begin, start - _WINDOW) : start]

    def _judge(self, place: int) -> None:
        claim, mention = self.claims[place], self.mentions[place]
        gap = self._gap(place)
        previous = self.claims[place - 1] if place else None
        connected = previous is not None and bool(_CONNECTOR.fullmatch(gap))
        following = self.mentions[place + 1].start if place + 1 < len(self.mentions) else len(self.text)
        post = self.small[mention.end : min(following, mention.end + _WINDOW)]
        claim.negated = self._is_negated(place, gap, connected) or bool(_NOT_AFTER.match(post))
        self._judge_options(claim, place, gap, connected)
        self._judge_order(claim, place, gap, post)
        claim.dropped = claim.negated or claim.option
        # "neural networks / theory": the second is written as the first is
        if connected and previous is not None and previous.strong and not claim.strong and not mention.inflected:
            claim.strong = self._slice(previous.mention).islower() and self._slice(mention).islower()

    def _is_negated(self, place: int, gap: str, connected: bool) -> bool:
        plain = _NO_DOUBT.sub(" ", gap).replace("anything but", "other than")
        if _NOT_CLOSE.search(plain):
            return True
        if re.fullmatch(r"\W*than\W*", gap) and re.search(
            r"\brather\b[^.;,]*\Z", self._before(self.mentions[place], 60)
        ):
            return True
        clause = plain
        breaks = list(_CLAUSE.finditer(plain))
        if breaks:
            clause = plain[breaks[-1].end() :]
        if _NOT.search(clause):
            return True
        if not connected or not self.claims[place - 1].negated or _NOT_AFTER.match(gap):
            return False
        if _OR.search(gap):
            return True
        # "not A, B or C": the "or" comes further on
        for later in range(place + 1, min(place + 12, len(self.mentions))):
            link = self._gap(later)
            if not _CONNECTOR.fullmatch(link):
                return False
            if _OR.search(link):
                return True
        return False

    def _judge_options(self, claim: _Claim, place: int, gap: str, connected: bool) -> None:
        previous = self.claims[place - 1] if place else None
        if connected and previous is not None and (previous.option or previous.order == 3.5):
            claim.option, claim.order = previous.option, previous.order
            return
        sentence = re.split(r"[.!?;](?=\s)|\n\n", gap)[-1]
        whole = re.split(r"[.!?](?=\s)|\n", self._before(claim.mention, 300))[-1]
        asked = re.match(r"[^.!?\n]*\?", self._after(claim.mention))
        if (
            _WHETHER.search(sentence)
            or (_OPTIONS.search(sentence) and not _RANKED.search(sentence) and self._begins_list(place))
            or _REQUEST.search(whole)
            or (asked and _QUESTION.match(whole) and not _opens(whole))
        ):
            claim.option = True
        elif _UNDECIDED.search(sentence) or asked:
            claim.order = 3.5

    def _begins_list(self, place: int) -> bool:
        """Whether other names follow as in a list, or a bracket or colon stands before."""
        if re.search(r"[:(\[][\s*_\"'`-]*\Z", self._before(self.mentions[place], 12)):
            return True
        return place + 1 < len(self.mentions) and bool(_CONNECTOR.fullmatch(self._gap(place + 1)))

    def _judge_order(self, claim: _Claim, place: int, gap: str, post: str) -> None:
        mention = claim.mention
        if place:
            gap = gap[
                max(0, self.claims[place - 1].taken - max(0, mention.start - self.mentions[place - 1].end - len(gap))) :
            ]
        pre = re.split(r"(?<!\b\d)[.!?;](?=\s)", gap)[-1]
        near = gap[-60:]
        said = self._own(post, has_next=place + 1 < len(self.mentions))
        cue = re.search(_SECOND, pre)
        both = cue and re.search(r"\b(?:first|1st)\b[^.;]{0,12}\b(?:and|&|/)\W*\Z", pre[: cue.start()])
        after_second, after_first = _POST_SECOND.match(said), _POST_FIRST.match(said)
        if _PRE_FINAL.search(pre):
            claim.order, claim.first = 0.0, True
        elif (_PRE_SECOND.search(pre) or _PRE_THEN.search(near) or self._is_counted_second(near, mention)) and not both:
            claim.second = True
        elif after_second and not (after_first and re.search(r"\b(?:first|1st)\b", after_second.group())):
            claim.second, claim.taken = True, after_second.end()
        elif _PRE_HARD.search(pre) or _NUMBER_1.search(near):
            claim.order, claim.first = 1.0, True
        elif after_first and not re.match(r"[^,]*\b(?:would|could|might)\b(?! be (?:my |the )?first)", said):
            claim.taken = after_first.end()
            again = any(other.mention.name == mention.name for other in self.claims[:place])
            # "A; as second B or C, C first" tells the order of B and C
            if (
                not (again and after_first.group().endswith(("first", "ahead")))
                or _PRE_SOFT.search(pre)
                or _PUT.search(pre)
            ):
                claim.order, claim.first = min(claim.order, 2.0), True
        elif _PRE_SOFT.search(pre) and not _HEDGE.search(pre):
            claim.order, claim.first = min(claim.order, 2.0), True
        elif _CONCESSION.search(gap) or (
            _MENTIONED.search(gap) and re.search(r"\b(?:but|yet|however|still|though)\b", self._after(mention))
        ):
            claim.order = 4.0
        elif not self._before(mention, 40).strip(" \n" + _OPENING) and re.match(
            r"\W*(?:\Z|[.;:,\n\u2014(]|\s-\s|then\b|or\b|and\b)", post
        ):
            claim.order = 1.5 if claim.order == 3.0 else claim.order

    def _is_counted_second(self, near: str, mention: Mention) -> bool:
        """Whether a number from 2 on stands before a name, in a list that has a first entry."""
        return (
            bool(_NUMBER_2.search(near))
            and not re.search(r"[:=]\s*\d+\s?[.):]\W*\Z", near)
            and bool(re.search(r"(?:\b1|\b[aAiI])\s?[.):|\]]", self._before(mention, 600)[:-2]))
        )

    def _own(self, post: str, *, has_next: bool) -> str:
        """Return what belongs to a name of the words after it: up to the next sign, or to the "and" before a name."""
        match = re.match(
            r"\s*\([^()]*\)|[ \t]*(?:,\s*(?:which|that|this|my|so that|so this"
            r"|so it)\b)?[^,;.\n(]*",
            post,
        )
        said = match.group() if match else ""
        if has_next and not said.lstrip().startswith("(") and not post[len(said) :].strip():
            parts = re.split(r"\b(?:and|but|while|with|then|or)\b", said)
            return parts[0] if len(parts) > 1 else ""
        return said

    def _drop_repeated_list(self) -> None:
        """Drop a list of all classes that only repeats the question: another choice comes after it."""
        start = 0
        alive = [place for place, claim in enumerate(self.claims) if not claim.dropped]
        last = alive[-1] if alive else -1
        last_choice = next((place for place in reversed(alive) if self._is_choice(self.claims[place])), -1)
        while start < len(self.claims):
            end = start + 1
            seen = {self.claims[start].mention.name}
            while end < len(self.claims) and _SAME_LIST.fullmatch(self._gap(end)) and not self._separates(end):
                if self.claims[end].mention.name in seen:  # a list holds each once
                    break
                seen.add(self.claims[end].mention.name)
                end += 1
            run = self.claims[start:end]
            names = {claim.mention.name for claim in run}
            if len(run) > 1 and len(names) == self.n_names and run[0].order != 3.5 and last_choice >= end:
                for claim in run:
                    claim.dropped = True
            elif len(run) > 1:
                intro = re.split(r"[.!?](?=\s)|\n\n", self._gap(start))[-1]
                plain = _PLAIN_OPTIONS.search(intro) and not _RANKED.search(intro)
                if plain and (last >= end or (len(names) == self.n_names and self.n_names > 2)):
                    for claim in run:
                        claim.dropped = claim.option = True
            start = end

    def _separates(self, place: int) -> bool:
        """Whether a sentence ends between two names that else look like entries of one list."""
        gap = self._gap(place)
        if re.match(r"[^(\[]*[)\]]", gap) and not re.search(r"[(\[]", gap):
            return True
        return bool(re.search(r"[.!?]\s|\n\s*\n", re.sub(r"\b\d+\.\s", "", gap))) and not re.search(r"\d\.", gap)

    def _is_choice(self, claim: _Claim) -> bool:
        if claim.first or claim.second:
            return True
        before, after = self._before(claim.mention, 40), self._after(claim.mention, 4)
        return bool(re.search(r"(?:[.!?:]\s|\n|\u2014|->|[)\]],?\s)\W*\Z", before)) and bool(
            re.match(r"[*\"'`)]*(?:[.!;,\n]|\s*\Z)", after)
        )

    # -- what is chosen ---------------------------------------------------------------------------------------------

    def choices(self) -> list[int]:
        """Return the chosen classes, first choice first."""
        alive = [claim for claim in self.claims if not claim.dropped]
        # conceded at first, and ruled out then
        ruled_out = {claim.mention.name for claim in self.claims if claim.negated}
        alive = [claim for claim in alive if claim.order < 4 or claim.mention.name not in ruled_out]
        strong = [claim for claim in alive if claim.strong]
        chosen = self._in_order(strong) or self._in_order(alive)
        if not chosen:
            return []
        first = min((claim for claim in alive if claim.mention.name == chosen[0]), key=lambda c: c.mention.start)
        return [] if self._first_is_unreadable(first, alive) else chosen

    def _in_order(self, claims: list[_Claim]) -> list[int]:
        second = next((claim for claim in claims if claim.second), None)
        firsts = [
            claim
            for claim in claims
            if not claim.second and (second is None or claim.first or claim.mention.start < second.mention.start)
        ]
        if not firsts:
            return []
        first = min(firsts, key=lambda claim: (claim.order, claim.mention.start))
        rest = [claim for claim in claims if claim.mention.name != first.mention.name]
        ordered = [first, *([] if second is None else [second])]
        if second is not None and second.mention.name == first.mention.name:
            ordered = [first]
        ordered += sorted(rest, key=lambda claim: (claim.order == 4.0, claim.mention.start))
        return list(dict.fromkeys(claim.mention.name for claim in ordered))

    def _first_is_unreadable(self, first: _Claim, alive: list[_Claim]) -> bool:
        """Whether the answer gives a first choice that is none of the names."""
        if first.first:
            return False
        head = self.small[: first.mention.start]
        head = head[-2000:]
        cue = re.search(r"\b(?:second|2nd)[\s_-](?:choice|option|pick|guess|candidate|place)\b|\brunner-?up\b", head)
        if (
            cue
            and not re.search(r"\b(?:first|1st)\b[^.;]{0,20}\Z", head[: cue.start()])
            and not re.search(rf"{_FIRST}", head[cue.end() :])
        ):
            return True
        for label in re.finditer(
            r"(?:\bfirst[\s_-](?:choice|option|pick)|\b(?:final )?answer|\bmost likely(?: class"
            r"| category)?)\s?[:=][\s*_\"'`]*"
            r"([^\n.;]{2,60})",
            self.small[:4000],
        ):
            value = range(label.start(1), label.end(1))
            inside = [c for c in self.claims if value.start <= c.mention.start < value.stop]
            if not inside and is_word_character(label.group(1)[0]):
                return True
        return False


_COUNTER = re.compile(r"^[ \t>*-]*(\d{1,2}|[a-hA-H])[.)]\s+\S", re.MULTILINE)


def _counters(text: str) -> set[int]:
    """Places of the numbers or letters that count the lines of a list: 1, 2, ... or a, b, ..."""
    found = list(_COUNTER.finditer(text))
    said = [match.group(1).lower() for match in found]
    counts = len(said) > 1 and (said == [str(i + 1) for i in range(len(said))] or said == list("abcdefgh"[: len(said)]))
    return {match.start(1) for match in found} if counts else set()


def _opens(sentence: str) -> bool:
    """Whether nothing but a name may stand before: "Theory?"."""
    return not sentence.strip()


def _is_short_acronym(name: str) -> bool:
    return name.isupper() and len(name) <= 4


# -- JSON and tags -------------------------------------------------------------------------------------------------

_TAG = re.compile(r"</?([A-Za-z][\w-]{0,30})(?:\s[^<>]{0,80})?/?>")
_INLINE = frozenset({"b", "i", "em", "strong", "u", "span", "code", "mark", "a", "sub", "sup"})


def _without_tags(text: str, names: tuple[str, ...]) -> str:
    """Write tags as what they mean: emphasis, a new line, or a label (``<first_choice>``)."""
    if "<" not in text or any("<" in name for name in names):
        return text

    closed = {name.lower() for name in re.findall(r"</([A-Za-z][\w-]{0,30})>", text)} | {"br", "hr", "li", "p"}

    def plain(tag: re.Match[str]) -> str:
        name = tag.group(1).lower()
        if name in _INLINE:
            return "*"
        if name not in closed:
            return tag.group()  # no tag, but a word in angle brackets
        return "\n" if tag.group().startswith("</") or len(name) < 4 else f"\n{name.replace('_', ' ')}: "

    return _TAG.sub(plain, text)


_KEY_FIRST = re.compile(
    r"(?:.*(?:first|primary|1st|best|top|most.?likely|answer|prediction|predicted|final).*|(?:choice|class"
    r"|label|category|topic"
    r"|option)[\s_-]*1?|(?:class|category|label)[\s_-]?name|name|value|result|output|1)"
)
_KEY_SECOND = re.compile(
    r".*(?:second|2nd|alternative|runner|backup|fallback|next|third|3rd).*|(?:choice|class|label|category"
    r"|rank|option)[\s_-]*[23]"
    r"|[23]"
)
_KEY_SKIPPED = re.compile(
    r".*(?:reason|explan|rational|justif|thought|thinking|analysis|confidence|probab|score|percent|certain"
    r"|reject|exclud|ruled|"
    r"not|unlikely|text|title|comment|note|evidence|summary|keyword|rank|position|index|order|available"
    r"|candidate|given|question|prompt).*|options"
    r"|class_?names|all_?classes|categories|classes|labels"
)
_KEY_LIST = re.compile(r".*(?:choices|ranking|ranked|predictions|answers|top).*|classes|labels|categories")
_KEY_SCORE = re.compile(r".*(?:confidence|probab|score|percent|certain|likelihood|weight).*")


def _from_json(text: str, names: tuple[str, ...]) -> str | None:
    """Return the choices of an answer that is JSON, or holds some, as plain text; None if it does not."""
    value = _json_of(text)
    if value is None:
        return None
    items = list(_items(value, names))
    if not items:
        return None
    items.sort(key=lambda item: item[0])
    first_read = items[0][0] == 0
    lines = [
        f"{'First choice' if place == 0 and first_read else 'Second choice'}: {' '.join(item.split()) or 'none'}"
        for place, (_, item) in enumerate(items)
    ]
    return "\n".join(lines)


def _json_of(text: str) -> Any:
    if "{" not in text and "[" not in text:
        return None
    stripped = re.sub(r"\A```\w*", "", text.strip()).removesuffix("```")
    decoder = json.JSONDecoder()
    for attempt, opening in enumerate(re.finditer(r"[{\[]", stripped)):
        if attempt == 8:
            break
        try:
            value, end = decoder.raw_decode(stripped, opening.start())
        except (ValueError, RecursionError):
            continue
        if not isinstance(value, (dict, list)) or not value:
            continue
        whole = not stripped[: opening.start()].strip() and not stripped[end:].strip()
        if whole or isinstance(value, dict) or any(isinstance(item, (str, dict)) for item in value):
            return value
    return None


def _items(value: Any, names: tuple[str, ...], rank: int = 0, depth: int = 0) -> Iterator[tuple[int, str]]:
    """Yield (0 for first choices, then 1, 2, ..., and the text) of what JSON holds."""
    if depth > 4:
        return
    if value is None:
        yield rank, "none"
    elif isinstance(value, str) or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        yield rank, str(value)
    elif isinstance(value, list):
        if value and all(isinstance(item, dict) and isinstance(item.get("rank"), int) for item in value):
            value = sorted(value, key=lambda item: int(item["rank"]))
        scored = [(_score(item), item) for item in value]
        if value and all(score is not None for score, _ in scored):
            value = [item for _, item in sorted(scored, key=lambda pair: -(pair[0] or 0.0))]
        for place, item in enumerate(value):
            yield from _items(item, names, rank + place, depth + 1)
    elif isinstance(value, dict):
        yield from _items_of_dict(value, names, rank, depth)


def _items_of_dict(value: dict[str, Any], names: tuple[str, ...], rank: int, depth: int) -> Iterator[tuple[int, str]]:
    finder = name_finder(names)
    as_names = {key: finder.find(normal_form(key)) for key in value}
    numbers = {
        key: item for key, item in value.items() if isinstance(item, (int, float)) and not isinstance(item, bool)
    }
    if numbers and all(as_names[key] for key in numbers) and len(numbers) == len(value):
        for place, key in enumerate(sorted(numbers, key=lambda key: -numbers[key])):
            yield rank + place, key
        return
    found = False
    for key, item in value.items():
        small = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()
        if _KEY_SECOND.fullmatch(small) and not _KEY_SCORE.fullmatch(small):
            found = True
            yield from _items(item, names, rank + 1, depth + 1)
        elif isinstance(item, (list, dict)) and _KEY_LIST.fullmatch(small) and not _has_answer(value, key):
            found = True
            yield from _items(item, names, rank, depth + 1)
        elif _KEY_SKIPPED.fullmatch(small):
            continue
        elif _KEY_FIRST.fullmatch(small) or isinstance(item, (dict, list)):
            found = True
            yield from _items(item, names, rank, depth + 1)
    if not found:
        texts = [
            item for key, item in value.items() if isinstance(item, str) and not _KEY_SKIPPED.fullmatch(key.lower())
        ]
        for place, item in enumerate(texts):
            yield rank + place, item


def _has_answer(value: dict[str, Any], but: str) -> bool:
    return any(
        key != but
        and isinstance(item, str)
        and _KEY_FIRST.fullmatch(key.lower())
        and not _KEY_SKIPPED.fullmatch(key.lower())
        for key, item in value.items()
    )


def _score(item: Any) -> float | None:
    if not isinstance(item, dict):
        return None
    scores = [v for k, v in item.items() if _KEY_SCORE.fullmatch(k.lower()) and isinstance(v, (int, float))]
    return float(scores[0]) if scores else None
