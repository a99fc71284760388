"""The names in an answer, and what the words around each say of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from skellagnn.llm.prompts import _cues as cues
from skellagnn.llm.prompts import _rulings as rulings
from skellagnn.llm.prompts import _scopes as scopes
from skellagnn.llm.prompts._names import Mention, name_finder


@dataclass
class Claim:
    """A name in an answer, and what the words around it say of it."""

    mention: Mention
    strong: bool  # spelled as in the list, or where a choice stands
    order: float = 3.0  # 0 final answer, 1 first choice, 2 likely, 3 just named, 4 conceded
    second: bool = False
    first: bool = False
    dropped: bool = False
    negated: bool = False
    option: bool = False
    confirmed: bool = False  # a "yes", a tick
    unless: bool = False  # "if it is not this"
    counted: bool = False  # a number or letter of a list stands before it, nothing more
    label: str = ""  # "yes" or "no" as a label before a list
    ruled: int = 0  # so much of what follows rules it out
    taken: int = 0  # so much of what follows is said of this name
    rank: int = 0  # among names that all have a number


class Claims:
    """The claims of one answer, each judged by what stands beside its name.

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
        words = [m for m in self.mentions if not self._is_of_phrase(m)]
        self.mentions = words or self.mentions
        self.claims = [Claim(m, self._is_strong(m)) for m in self.mentions]
        for place in range(len(self.claims)):
            self._judge(place)

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
        if scopes.is_self(self._before(mention, 60), after):
            return False
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

    def _is_of_phrase(self, mention: Mention) -> bool:
        return self._slice(mention).islower() and scopes.is_phrase(self._before(mention, 60), self._after(mention, 24))

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
        claim.negated = self._is_negated(place, gap, connected) or self._is_negated_after(claim, post, following)
        claim.negated = self._corrected_negation(place, gap, claim.negated)
        self._judge_options(claim, place, gap, connected)
        self._judge_order(claim, place, gap, post)
        claim.dropped = (claim.negated and not claim.second) or claim.option  # "rather than B, which is second"
        # what is called the second choice, and several words that are called the first, are there by no chance
        several = " " in self.names[mention.name].strip()
        claim.strong = claim.strong or claim.second or (claim.first and several)
        # "neural networks / theory": the second is written as the first is
        if connected and previous is not None and previous.strong and not claim.strong and not mention.inflected:
            claim.strong = self._slice(previous.mention).islower() and self._slice(mention).islower()

    def _is_negated_after(self, claim: Claim, post: str, following: int) -> bool:
        last = following == len(self.text)
        tail = self._after(claim.mention)
        answer = rulings.answer_behind(tail) if "?" in post else ""
        if answer:
            claim.confirmed = answer == "yes"
            return answer == "no"
        if rulings.is_kept(post):
            return False
        if cues.NOT_AFTER.match(post) and (last or post.strip() != "not"):
            return True
        reach = rulings.ruled_out_after(post)
        # "B and A is excluded": what is ruled out before the "and" is not what follows
        claim.ruled = reach
        return reach > 0

    def _corrected_negation(self, place: int, gap: str, negated: bool) -> bool:
        """Whether a name is ruled out, once conditions and double negations are seen."""
        claim = self.claims[place]
        head = self._sentence_before(place)
        tail = self._after(claim.mention, 80)
        but = rulings.all_but(head, tail)
        if but is not None:
            claim.confirmed = but
            return not but
        if scopes.if_not(gap, tail):
            claim.unless = True
            return False
        if rulings.not_ruled_out_before(gap):
            return False
        label = rulings.label_before(gap)
        if label and rulings.is_labeled(self.small):
            claim.confirmed, claim.label = label == "yes", label
            return label == "no"
        return negated

    def _sentence_before(self, place: int) -> str:
        return re.split(r"[.;!?\n]", self._gap(place))[-1]

    def _is_negated(self, place: int, gap: str, connected: bool) -> bool:
        if place and self.claims[place - 1].ruled:
            gap = gap[self.claims[place - 1].ruled :]
        if rulings.ruled_out_before(re.split(r"[.;!?\n,]", gap)[-1]):
            return True
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

    def _judge_options(self, claim: Claim, place: int, gap: str, connected: bool) -> None:
        previous = self.claims[place - 1] if place else None
        if connected and previous is not None and (previous.option or previous.order == 3.5):
            claim.option, claim.order = previous.option, previous.order
            return
        sentence = scopes.after_none_clause(re.split(r"[.!?;](?=\s)|\n\n", gap)[-1])
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

    def _judge_order(self, claim: Claim, place: int, gap: str, post: str) -> None:
        mention = claim.mention
        if place:
            gap = gap[
                max(0, self.claims[place - 1].taken - max(0, mention.start - self.mentions[place - 1].end - len(gap))) :
            ]
        pre = re.split(r"(?<!\b\d)[.!?;](?=\s)", gap)[-1]
        near = gap[-60:]
        said = self._own(post, has_next=place + 1 < len(self.mentions))
        if place and cues.CORRECTION.search(gap) and not cues.POST_SECOND.match(said) and not claim.label:
            claim.order, claim.first = 0.0, True
            for corrected in self.claims[:place]:
                corrected.dropped = corrected.dropped or not corrected.second
            return
        if claim.unless:
            claim.order, claim.first = min(claim.order, 2.5), True
            return
        if claim.confirmed or (not claim.negated and rulings.says_yes(post)):
            claim.order, claim.first, claim.option = min(claim.order, 1.0), True, False
            return
        if place and scopes.reconsiders(gap) and not claim.negated and not scopes.is_hedged_choice(gap[-40:] + said):
            claim.order, claim.first = 0.0, True
            for corrected in self.claims[:place]:
                corrected.dropped = corrected.dropped or not corrected.second
            return
        cue = re.search(cues.SECOND, pre)
        both = cue and re.search(r"\b(?:first|1st)\b[^.;]{0,12}\b(?:and|&|/)\W*\Z", pre[: cue.start()])
        after_second, after_first = cues.POST_SECOND.match(said), cues.POST_FIRST.match(said)
        if cues.PRE_FINAL.search(pre):
            claim.order, claim.first = 0.0, True
        elif (cues.PRE_SECOND.search(pre) or cues.PRE_THEN.search(near)) and not both:
            claim.second = True
            claim.rank = int(bool(re.search(r"\b(?:third|3rd)\b|第三", near)))
        elif self._is_counted_second(near, mention) and not both:
            claim.second = claim.counted = True
        elif after_second and not (after_first and re.search(r"\b(?:first|1st)\b", after_second.group())):
            claim.second, claim.taken = True, after_second.end()
        elif cues.PRE_HARD.search(pre) or cues.NUMBER_1.search(near):
            claim.order, claim.first, claim.counted = 1.0, True, not cues.PRE_HARD.search(pre)
        elif after_first and not re.match(r"[^,]*\b(?:would|could|might)\b(?! be (?:my |the )?first)", said):
            claim.taken = after_first.end()
            again = any(other.mention.name == mention.name for other in self.claims[:place])
            # "A; as second B or C, C first" tells the order of B and C
            if not (again and after_first.group().endswith(("first", "ahead"))) or cues.PRE_SOFT.search(pre):
                claim.order, claim.first = min(claim.order, 2.0), True
        elif place and scopes.concludes(gap) and not rulings.JOIN.fullmatch(gap) and not scopes.is_hedged_choice(said):
            claim.order, claim.first = min(claim.order, 1.2), True
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

    def _answers_concession(self, place: int, gap: str) -> bool:
        """Whether a "though" sets a name against one that was conceded before it."""
        return place > 0 and self.claims[place - 1].order == 4.0 and bool(re.match(r"[^.!?\n]*\bthough\b", gap))

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
        said = re.split(r"\band (?:as |for )?(?:the |my |a )?(?:second|2nd|runner|next|alternative)\b", said)[0]
        if has_next and said.rstrip(" *_\"'`").endswith(":") and not post[len(said) :].strip("( "):
            return ""  # what the next one is called
        if has_next and "(" not in said and not post[len(said) :].strip():
            parts = re.split(r"\b(?:and|but|while|with|then|or)\b", said)
            return parts[0] if len(parts) > 1 else ""
        return said


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
