"""The claims of one answer, weighed against each other: which class comes first, and which are none after all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skellagnn.llm.prompts import _cues as cues
from skellagnn.llm.prompts import _rulings as rulings
from skellagnn.llm.prompts import _scopes as scopes
from skellagnn.llm.prompts import _signs as signs
from skellagnn.llm.prompts._claims import Claim, Claims
from skellagnn.llm.prompts._names import is_word_character


class Reading(Claims):
    """The claims of one answer, weighed against each other."""

    def __init__(self, text: str, names: tuple[str, ...]) -> None:
        super().__init__(text, names)
        self._believe_bare_names()
        self._share_negations()
        self._weigh_clauses()
        self._compare()
        self._prefer_last_line()
        self._refer_back()
        self._drop_reasoned_away()
        self._drop_options()
        self._drop_repeated_list()
        self._rank_by_numbers()

    def _runs(self) -> Iterator[list[int]]:
        """Yield the places of names that only "and", "or" and commas part."""
        run: list[int] = []
        for place in range(len(self.claims)):
            if run and not rulings.JOIN.fullmatch(self._gap(place)):
                yield run
                run = []
            run.append(place)
        if run:
            yield run

    def _share_negations(self) -> None:
        """Let a negation reach all names of a list: "A and B don't fit", "No: A, B", "excluding A and B"."""
        for run in self._runs():
            claims = [self.claims[place] for place in run]
            gaps = [self._gap(place) for place in run]
            tail = self._after(claims[-1].mention)
            head = gaps[0]
            every = any(map(rulings.is_and, gaps[1:])) or rulings.goes_on(tail)
            reached: list[Claim] = []
            if claims[0].label or scopes.is_none_of(head):
                reached = claims if claims[0].label != "yes" else []
            elif claims[0].negated and every and not claims[0].ruled:
                # "excluding A and B, C": up to the last "and"
                last = max((i for i, joint in enumerate(gaps) if i and rulings.is_and(joint)), default=0)
                reached = claims if rulings.goes_on(tail) else claims[: last + 1]
            elif (
                len(run) > 1
                and claims[-1].negated
                and not claims[0].negated
                and every
                and rulings.is_subject(head)
                and not (rulings.is_singular(tail) and re.search(r"\band\b|\bund\b|\bet\b|\by\b", gaps[-1]))
                and (claims[-1].ruled or cues.NOT_AFTER.match(tail))
            ):
                reached = claims
            for claim in reached:
                claim.negated, claim.dropped = True, not claim.second
            if claims[0].unless:
                for claim in claims:
                    claim.unless, claim.negated, claim.dropped = True, False, claim.option

    def _weigh_clauses(self) -> None:
        """Order names by their clauses: what is conceded, what a condition puts first, what a "but" turns to."""
        for place, claim in enumerate(self.claims):
            gap = self._gap(place)
            previous = self.claims[place - 1] if place else None
            if claim.unless or claim.dropped or claim.second:
                continue
            if previous is not None and not claim.negated:
                if previous.negated and (rulings.too_after(self._after(claim.mention, 20)) or rulings.too_before(gap)):
                    claim.negated = claim.dropped = True
                    continue
                if previous.unless and not re.search(r"[.;!?\n]", gap):
                    claim.second, claim.first, claim.strong = True, False, True
                    continue
                if not previous.dropped and scopes.if_that_fails(gap):
                    claim.second, claim.first, claim.strong, claim.order = True, False, True, 3.0
                    continue
            tail = self._after(claim.mention, 60)
            if (
                claim.order > 1
                and not claim.confirmed
                and scopes.is_conceded(gap, tail)
                and not self._answers_concession(place, gap)
            ):
                claim.order, claim.first = 4.0, False
            elif not claim.first and rulings.weak_after(tail):
                claim.order = 4.0
            if previous is not None:
                self._turn(place, gap)

    def _turn(self, place: int, gap: str) -> None:
        """Put the name after a "but" before those that the clause before it only admits."""
        turn = scopes.turns(re.split(r"[.!?\n](?=\s)", gap)[-1]) if not re.search(r"[!?]\s|\n\n", gap) else None
        claim = self.claims[place]
        if turn is None or claim.negated:
            return
        following = self.mentions[place + 1].start if place + 1 < len(self.mentions) else len(self.text)
        said = re.split(r"[.;!?\n]", self.small[claim.mention.end : min(following, claim.mention.end + 60)])[0]
        sentence = re.split(r"[.!?\n](?=\s)", gap)[-1]
        after_turn = sentence[turn.end() :]
        if scopes.is_hedged_choice(after_turn + " " + said):
            return
        begin = place - 1
        while begin > max(0, place - 8) and not re.search(r"[.!?\n](?=\s)", self._gap(begin)):
            begin -= 1
        before = re.split(r"[.!?\n](?=\s)", self._gap(begin))[-1]
        clause = before + " " + sentence[: turn.start()]
        conceded = self.claims[begin:place]
        if any(other.order <= 1.0 for other in conceded):
            return
        if scopes.is_hedged(clause) or scopes.asserts(after_turn, said):
            for other in conceded:
                if not other.second:
                    other.order, other.first = 4.0, False
            claim.order, claim.first = min(claim.order, 2.0), True

    def _compare(self) -> None:
        """Order two names of which one is said to come after the other: "A is second only to B"."""
        for place in range(1, len(self.claims)):
            behind, ahead = self.claims[place - 1], self.claims[place]
            gap = self._gap(place)
            if scopes.stands_second_to(self._gap(place - 1)) and scopes.is_behind(gap, opens=True):
                behind, ahead = ahead, behind
            elif not scopes.is_behind(gap, opens=False) or behind.negated or ahead.negated:
                continue
            behind.second, behind.first, behind.order, behind.dropped = True, False, 3.0, False
            ahead.second, ahead.first, ahead.order, ahead.dropped = False, True, min(ahead.order, 1.0), False

    def _prefer_last_line(self) -> None:
        """Prefer a name that stands alone at the end, on its line, to those of the prose before it."""
        alone = [place for place in range(len(self.claims)) if self._fills_line(place)]
        if not alone or self.claims[alone[0]].order < 2.0:
            return
        place = alone[-1]
        while place - 1 in alone and self._is_listed_with(place):
            place -= 1
        earlier = [c for c in self.claims[:place] if not c.dropped]
        claim = self.claims[place]
        if place - 1 in alone or any(c.order <= 1.0 for c in earlier) or not earlier:
            return
        if not claim.second and not claim.dropped:
            claim.order, claim.first, claim.strong = 0.9, True, True

    def _drop_reasoned_away(self) -> None:
        """Drop names that a list of all gives only to say what is missing, where the choice comes after it."""
        chosen = [place for place, claim in enumerate(self.claims) if claim.order <= 1.2 and claim.first]
        for claim in self.claims[: chosen[-1] if chosen else 0]:
            if claim.order >= 1.5 and not claim.second and scopes.is_reasoned_away(self._after(claim.mention, 40)):
                claim.negated = claim.dropped = True

    def _is_listed_with(self, place: int) -> bool:
        """Whether nothing but the marks of a list parts a name from the one before it."""
        return bool(cues.SAME_LIST.fullmatch(self._gap(place)))

    def _fills_line(self, place: int) -> bool:
        """Whether a line is nothing but a name, or a name and then the second choice."""
        mention = self.claims[place].mention
        rest = self._after(mention, 80).split("\n", 1)[0]
        return self._opens_line(mention) and bool(
            re.fullmatch(r"[\s*_\"'`)\].!#>]*", rest)
            or re.match(
                r"[*_\"'`)\].]*\s*[;,.(\u2014-]\s*(?:my )?(?:the )?(?:second|2nd|runner|alternativ|fall|next|then)",
                rest,
            )
        )

    def _drop_options(self) -> None:
        """Drop names that an answer only offers or repeats where it refuses to choose, or asks for the text."""
        asked, refused = scopes.requests(self.small), scopes.refuses(self.small)
        if not asked and not refused:
            return
        for run in self._runs():
            claims = [self.claims[place] for place in run]
            start, end = claims[0].mention.start, claims[-1].mention.end
            if asked and start > asked.start() and not re.search(r"[.;!?\n]", self.small[asked.start() : start]):
                for claim in claims:
                    claim.option = claim.dropped = True
                continue
            offered = refused is not None and scopes.offers(self._gap(run[0]))
            if any(c.first or c.second or (self._is_choice(c) and not offered) for c in claims):
                continue
            if asked and (start > asked.start() or not re.search(r"[.!?\n]", self.small[end : asked.start()])):
                option = not scopes.turns_to_answer(self.small[asked.end() : start])
            elif refused and start >= refused.start():
                between = self.small[max(refused.end(), start - 300) : start]
                option = not scopes.turns_to_answer(between) and (len(run) > 1 or offered)
            elif refused and not re.search(r"[.!?\n]", self.small[end : refused.start()]):
                option = scopes.is_undecided(self._after(claims[-1].mention, 10)) or (len(run) > 1 and offered)
            else:
                continue
            for claim in claims:
                claim.option, claim.dropped = claim.option or option, claim.dropped or option

    def _believe_bare_names(self) -> None:
        """Believe in each name of an answer that is nothing but names: "Home & Kitchen; beauty"."""
        ends = [claim.mention.end for claim in self.claims]
        gaps = [self._gap(place) for place in range(len(self.claims))]
        if ends and all(map(cues.CONNECTOR.fullmatch, [*gaps, self.small[ends[-1] : ends[-1] + cues.WINDOW]])):
            for claim in self.claims:
                claim.strong = True

    def _refer_back(self) -> None:
        """Let "the former" and "the latter" stand for the two names before them."""
        for start, former, chosen in scopes.references(self.small):
            before = [claim for claim in self.claims if claim.mention.end <= start and not claim.dropped]
            two = before[-2:]
            if len(two) < 2 or start - two[0].mention.end > 2 * cues.WINDOW:
                continue
            meant, other = two if former else two[::-1]
            if not chosen:
                meant, other = other, meant
            if chosen or len({claim.mention.name for claim in before}) == 2:
                meant.order, meant.first, meant.second = 0.0, True, False
                other.order, other.first = max(other.order, 3.0), False
            else:
                other.second = True

    def _rank_by_numbers(self) -> None:
        """Order names by what stands beside each of them: a share, "high" or "low", stars, or a rank in brackets."""
        claims = [claim for claim in self.claims if not claim.dropped]
        names = {claim.mention.name for claim in claims}
        if len(names) < 2 or any((claim.first or claim.second) and not claim.counted for claim in claims):
            return
        behind = [(claim, self._after(claim.mention, 40)) for claim in claims]
        before = [(claim, self._gap(place)) for place, claim in enumerate(self.claims) if not claim.dropped]
        for value_of, texts in (
            (signs.score_behind, behind),
            (signs.score_before, before),
            (signs.rank_behind, behind),
            (signs.number_behind, behind),
        ):
            known = {id(c): value for c, text in texts if (value := value_of(text)) is not None}
            if {c.mention.name for c in claims if id(c) in known} != names:
                continue
            values = sorted(known.values())
            if value_of is signs.rank_behind and values != sorted(set(values)):
                continue
            if value_of is signs.number_behind and values == list(range(1, len(values) + 1)):
                continue  # they count the names
            for claim in claims:
                value = known.get(id(claim))
                if value is None:
                    continue
                claim.second = False
                claim.order, claim.rank = 2.0, sum(other > value for other in values)
                claim.dropped = value == 0 and values[-1] > 0
            return

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
            whole = len(run) == len(self.claims) == self.n_names > 3 and not self._before(run[0].mention).strip(" *-\n")
            if whole and [claim.mention.name for claim in run] == list(range(self.n_names)):
                for claim in run:  # nobody ranks so many just as they are listed
                    claim.dropped = claim.option = True
            elif len(run) > 1 and len(names) == self.n_names and run[0].order != 3.5 and last_choice >= end:
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

    def _is_choice(self, claim: Claim) -> bool:
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

    def _in_order(self, claims: list[Claim]) -> list[int]:
        second = min((claim for claim in claims if claim.second), key=lambda claim: claim.rank, default=None)
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

    def _first_is_unreadable(self, first: Claim, alive: list[Claim]) -> bool:
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
