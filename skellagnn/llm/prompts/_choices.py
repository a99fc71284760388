"""Which classes an answer chooses, first choice first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from skellagnn.llm.prompts import _cues as cues
from skellagnn.llm.prompts._markup import from_json, without_tags
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
    text = cues.BROKEN_EMPHASIS.sub(r"\2", cues.marks_in_words(normal_form(answer)))
    listed = from_json(text, names)
    text = without_tags(text, names) if listed is None else listed
    reading = _Reading(text, names)
    classes = reading.choices()
    return Choices(classes, not classes and (reading.rules_all_out or bool(cues.NONE.search(text.casefold()))))


# -- the words that tell a choice --------------------------------------------------------------------------------------


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
    rank: int = 0  # among names that all have a number


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
        self._believe_bare_names()
        self._refer_back()
        self._drop_repeated_list()
        self._rank_by_numbers()

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

    def _before(self, mention: Mention, size: int = cues.WINDOW) -> str:
        return self.small[max(0, mention.start - size) : mention.start]

    def _after(self, mention: Mention, size: int = cues.WINDOW) -> str:
        return self.small[mention.end : mention.end + size]

    def _opens_line(self, mention: Mention) -> bool:
        line = self._before(mention, 40).rsplit("\n", 1)[-1]
        if mention.start > 40 and "\n" not in self._before(mention, 40):
            return False
        return not re.sub(r"\A\W*(?:\d{1,2}|[a-h])\s?[.):]", "", line).strip(" \t-\u2014." + cues.OPENING)

    def _is_meant(self, mention: Mention) -> bool:
        """Whether a name that is also an ordinary word, a letter or a number is meant as a name."""
        name, said = self.names[mention.name].strip(), self._slice(mention)
        after = self._after(mention, 24)
        alone = bool(cues.STANDS_ALONE_AFTER.match(after)) and not re.match(r"'\w", after)
        if said.isdigit():
            before = self._before(mention, 30)
            return not re.match(r"\s?(?:%|/\s?10|percent|per cent|out of)", after) and not re.search(
                r"\b(?:confidence|certainty|probability|score)\b\W*(?:(?:is|of|level|score)\W*)*\Z", before
            )
        acronym = name.isupper() and len(name) <= 4
        before = self._before(mention, 40)
        place = (
            self._opens_line(mention) or bool(cues.STANDS_WHERE_A_CHOICE_DOES.search(before)) or before.endswith(", ")
        )
        if said.casefold() in cues.FUNCTION_WORDS:
            if acronym and said == name and not self.shouts:
                if len(name) > 1:
                    return True
                if name == "A":
                    return alone or bool(cues.VERB_AFTER.match(after)) or not self._opens_sentence(mention)
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
        alone = cues.STANDS_ALONE_AFTER.match(self._after(mention, 24))
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
        return bool(cues.STANDS_WHERE_A_CHOICE_DOES.search(before)) and bool(
            cues.STANDS_ALONE_AFTER.match(self._after(mention, 24))
            or re.match(r"\s+(?:is|as|seems)\b", self._after(mention, 12))
        )

    # -- what is said of them ---------------------------------------------------------------------------------------

    def _gap(self, place: int) -> str:
        """What stands between a name and the one before it."""
        start = self.mentions[place].start
        begin = self.mentions[place - 1].end if place else 0
        return self.small[max(begin, start - cues.WINDOW) : start]

    def _judge(self, place: int) -> None:
        claim, mention = self.claims[place], self.mentions[place]
        gap = self._gap(place)
        previous = self.claims[place - 1] if place else None
        connected = previous is not None and bool(cues.CONNECTOR.fullmatch(gap))
        following = self.mentions[place + 1].start if place + 1 < len(self.mentions) else len(self.text)
        post = self.small[mention.end : min(following, mention.end + cues.WINDOW)]
        claim.negated = self._is_negated(place, gap, connected) or (
            bool(cues.NOT_AFTER.match(post)) and (place + 1 == len(self.mentions) or post.strip() != "not")
        )
        self._judge_options(claim, place, gap, connected)
        self._judge_order(claim, place, gap, post)
        claim.dropped = (claim.negated and not claim.second) or claim.option  # "rather than B, which is second"
        # what is called the second choice, and several words that are called the first, are there by no chance
        several = " " in self.names[mention.name].strip()
        claim.strong = claim.strong or claim.second or (claim.first and several)
        # "neural networks / theory": the second is written as the first is
        if connected and previous is not None and previous.strong and not claim.strong and not mention.inflected:
            claim.strong = self._slice(previous.mention).islower() and self._slice(mention).islower()

    def _is_negated(self, place: int, gap: str, connected: bool) -> bool:
        plain = cues.NO_DOUBT.sub(" ", gap).replace("anything but", "other than")
        if cues.NOT_CLOSE.search(plain):
            return True
        if re.fullmatch(r"\W*than\W*", gap) and re.search(
            r"\brather\b[^.;,]*\Z", self._before(self.mentions[place], 60)
        ):
            return True
        clause = plain
        breaks = list(cues.CLAUSE.finditer(plain))
        if breaks:
            clause = plain[breaks[-1].end() :]
        if cues.NOT.search(clause):
            return True
        if not place or not self.claims[place - 1].negated or cues.NOT_AFTER.match(gap):
            return False
        if cues.NOR.fullmatch(gap):
            return True
        if not connected:
            return False
        if cues.OR.search(gap):
            return True
        # "not A, B or C": the "or" comes further on
        for later in range(place + 1, min(place + 12, len(self.mentions))):
            link = self._gap(later)
            if not cues.CONNECTOR.fullmatch(link):
                return False
            if cues.OR.search(link):
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
            cues.WHETHER.search(cues.NO_DOUBT.sub(" ", sentence))
            or cues.REQUEST.search(whole)
            or (asked and cues.QUESTION.match(whole) and not _opens(whole))
        ):
            claim.option = True
        elif cues.UNDECIDED.search(sentence) or asked:
            claim.order = 3.5

    def _judge_order(self, claim: _Claim, place: int, gap: str, post: str) -> None:
        mention = claim.mention
        if place:
            gap = gap[
                max(0, self.claims[place - 1].taken - max(0, mention.start - self.mentions[place - 1].end - len(gap))) :
            ]
        pre = re.split(r"(?<!\b\d)[.!?;](?=\s)", gap)[-1]
        near = gap[-60:]
        said = self._own(post, has_next=place + 1 < len(self.mentions))
        if place and cues.CORRECTION.search(gap) and not cues.POST_SECOND.match(said):
            claim.order, claim.first = 0.0, True
            for corrected in self.claims[:place]:
                corrected.dropped = corrected.dropped or not corrected.second
            return
        cue = re.search(cues.SECOND, pre)
        both = cue and re.search(r"\b(?:first|1st)\b[^.;]{0,12}\b(?:and|&|/)\W*\Z", pre[: cue.start()])
        after_second, after_first = cues.POST_SECOND.match(said), cues.POST_FIRST.match(said)
        if cues.PRE_FINAL.search(pre):
            claim.order, claim.first = 0.0, True
        elif (
            cues.PRE_SECOND.search(pre) or cues.PRE_THEN.search(near) or self._is_counted_second(near, mention)
        ) and not both:
            claim.second = True
        elif after_second and not (after_first and re.search(r"\b(?:first|1st)\b", after_second.group())):
            claim.second, claim.taken = True, after_second.end()
        elif cues.PRE_HARD.search(pre) or cues.NUMBER_1.search(near):
            claim.order, claim.first = 1.0, True
        elif after_first and not re.match(r"[^,]*\b(?:would|could|might)\b(?! be (?:my |the )?first)", said):
            claim.taken = after_first.end()
            again = any(other.mention.name == mention.name for other in self.claims[:place])
            # "A; as second B or C, C first" tells the order of B and C
            if not (again and after_first.group().endswith(("first", "ahead"))) or cues.PRE_SOFT.search(pre):
                claim.order, claim.first = min(claim.order, 2.0), True
        elif cues.PRE_SOFT.search(pre):
            claim.order, claim.first = min(claim.order, 2.0), True
        elif (cues.CONCESSION.search(gap) and not self._answers_concession(place, gap)) or (
            cues.MENTIONED.search(gap) and re.search(r"\b(?:but|yet|however|still|though)\b", self._after(mention))
        ):
            claim.order = 4.0
        elif not self._before(mention, 40).strip(" \n" + cues.OPENING) and re.match(
            r"\W*(?:\Z|[.;:,\n\u2014(]|\s-\s|then\b|or\b|and\b)", post
        ):
            claim.order = 1.5 if claim.order == 3.0 else claim.order

    def _believe_bare_names(self) -> None:
        """Believe in each name of an answer that is nothing but names: "Home & Kitchen; beauty"."""
        ends = [claim.mention.end for claim in self.claims]
        gaps = [self._gap(place) for place in range(len(self.claims))]
        if ends and all(map(cues.CONNECTOR.fullmatch, [*gaps, self.small[ends[-1] : ends[-1] + cues.WINDOW]])):
            for claim in self.claims:
                claim.strong = True

    def _answers_concession(self, place: int, gap: str) -> bool:
        """Whether a "though" sets a name against one that was conceded before it."""
        return place > 0 and self.claims[place - 1].order == 4.0 and bool(re.match(r"[^.!?\n]*\bthough\b", gap))

    def _refer_back(self) -> None:
        """Let "the former" and "the latter" stand for the two names before them."""
        for reference in cues.LATTER.finditer(self.small):
            two = [claim for claim in self.claims if claim.mention.end <= reference.start()][-2:]
            if len(two) == 2:
                two["latter" in reference.group()].order = 0.0

    def _is_counted_second(self, near: str, mention: Mention) -> bool:
        """Whether a number from 2 on stands before a name, in a list that has a first entry."""
        return (
            bool(cues.NUMBER_2.search(near))
            and not re.search(r"[:=]\s*\d+\s?[.):]\W*\Z", near)
            and bool(re.search(r"(?:\b1|\b[aAiI])\s?[.):|\]]", self._before(mention, 600)[:-2]))
        )

    def _own(self, post: str, *, has_next: bool) -> str:
        """Return what belongs to a name of the words after it: up to the next sign, or to the "and" before a name."""
        match = re.match(
            r"[\s*_\"'`]*\([^()]*\)|[ \t]*(?:,\s*(?:which|that|this|my|so that|so this"
            r"|so it)\b)?[^,;.\n(]*",
            post,
        )
        said = match.group() if match else ""
        if has_next and said.rstrip(" *_\"'`").endswith(":") and not post[len(said) :].strip("( "):
            return ""  # what the next one is called
        if has_next and "(" not in said and not post[len(said) :].strip():
            parts = re.split(r"\b(?:and|but|while|with|then|or)\b", said)
            return parts[0] if len(parts) > 1 else ""
        return said

    def _rank_by_numbers(self) -> None:
        """Order names by what stands behind each of them: a share, "high" or "low", or a rank in brackets."""
        claims = [claim for claim in self.claims if not claim.dropped]
        if len({claim.mention.name for claim in claims}) < 2 or any(claim.first or claim.second for claim in claims):
            return
        for value_of in (_share_behind, _rank_behind):
            values = [value_of(self._after(claim.mention, 40)) for claim in claims]
            known = [value for value in values if value is not None]
            if len(known) == len(values) and (value_of is _share_behind or sorted(known) == sorted(set(known))):
                for claim, value in zip(claims, known, strict=True):
                    claim.order, claim.rank = 2.0, sum(other > value for other in known)

    def _drop_repeated_list(self) -> None:
        """Drop a list of all classes that only repeats the question: another choice comes after it."""
        start = 0
        alive = [place for place, claim in enumerate(self.claims) if not claim.dropped]
        last = alive[-1] if alive else -1
        last_choice = next((place for place in reversed(alive) if self._is_choice(self.claims[place])), -1)
        while start < len(self.claims):
            end = start + 1
            seen = {self.claims[start].mention.name}
            while end < len(self.claims) and cues.SAME_LIST.fullmatch(self._gap(end)) and not self._separates(end):
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
                plain = cues.PLAIN_OPTIONS.search(intro) and not cues.RANKED.search(intro)
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

    @property
    def rules_all_out(self) -> bool:
        """Whether the answer says of every class that it is not the one."""
        ruled_out = {claim.mention.name for claim in self.claims if claim.negated}
        return len(ruled_out) == self.n_names and not cues.CANNOT_TELL.search(self.small)

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
        first = min(firsts, key=lambda claim: (claim.order, claim.rank, claim.mention.start))
        rest = [claim for claim in claims if claim.mention.name != first.mention.name]
        ordered = [first, *([] if second is None else [second])]
        if second is not None and second.mention.name == first.mention.name:
            ordered = [first]
        ordered += sorted(rest, key=lambda claim: (claim.order == 4.0, claim.rank, claim.mention.start))
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
            and not re.search(rf"{cues.FIRST}", head[cue.end() :])
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


_SHARE = re.compile(
    r"[\s|:=(\[*_~\u2014-]{0,12}(?:(?:about|ca\.?)\s)?(?:(\d{1,3}(?:[.,]\d+)?)\s?(%|percent|/\s?(?:100|10|5)\b)|([01]?[.]\d+|[01]\b(?=\s?\|)))"
)
_RANK = re.compile(r"[ *_]{0,4}\(#?([1-9])\)")
_LEVEL = re.compile(
    r"[ *_]{0,4}(?:[:|(\u2014=]|\s-)[\s*_]{0,4}(?:very )?(high|medium|moderate|low|likely|possible"
    r"|probable)\b(?! choice)"
)
_LEVELS = {"high": 0.9, "likely": 0.8, "probable": 0.7, "medium": 0.5, "moderate": 0.5, "possible": 0.3, "low": 0.1}


def _share_behind(text: str) -> float | None:
    """Return the share or the level that directly follows a name."""
    share = _SHARE.match(text)
    if share:
        number = float((share[1] or share[3]).replace(",", "."))
        return number if share[3] else number / float((share[2] or "").strip("/ ") if "/" in share[2] else 100)
    level = _LEVEL.match(text)
    return _LEVELS[level[1]] if level else None


def _rank_behind(text: str) -> float | None:
    """Return the rank in brackets that directly follows a name, negative: the first is the highest."""
    rank = _RANK.match(text)
    return -float(rank[1]) if rank else None


def _opens(sentence: str) -> bool:
    """Whether nothing but a name may stand before: "Theory?"."""
    return not sentence.strip()


def _is_short_acronym(name: str) -> bool:
    return name.isupper() and len(name) <= 4
