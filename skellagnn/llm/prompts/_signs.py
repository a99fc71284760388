"""Signs, tables and scores in an answer, and what they say of the names beside them."""

from __future__ import annotations

import re

from skellagnn.llm.prompts._names import name_finder

# -- signs, written as words -------------------------------------------------------------------------------------------

_YES = "\u2705\u2713\u2714\u2611\U0001f44d\U0001f7e2\U0001f448\u2190\u2b05\u25c4\u25c0"
_NO = "\u274c\u2717\u2718\u2716\u2612\u2610\u2b1c\u25a1\U0001f44e\U0001f534"
_MARK = re.compile(
    rf"(?P<yes>[{_YES}]|\[[xX\u2713\u2714]\]|<--?(?=\s|\Z)|^[ \t]*(?:\u2192|\U0001f449))|(?P<no>[{_NO}]|\[ ?\])", re.M
)
_MEDALS = {"\U0001f947": "first choice", "\U0001f948": "second choice", "\U0001f949": "third choice"}
_MEDAL = re.compile("[\U0001f947-\U0001f949]")
_ORDINALS = dict(zip("123一二三", "一二三" * 2, strict=True))
_RANK_WORD = re.compile(
    r"(?:제\s?)?([123])\s?(?:순위|지망)|第\s?([123一二三])\s?(?:选择|選擇|選択|候補|候选|候選|志望|位|顺位|順位)"
    r"|(?<![\d.])([123])\s?(?:位|番目)(?=\s?[:は])"
)
_TABLE = re.compile(
    r"^[ \t]*\|(.+)\|[ \t]*\n[ \t]*\|[ \t:|-]+\|[ \t]*\n((?:[ \t]*\|.+\|[ \t]*(?:\n|\Z))+)", re.MULTILINE
)
_OBJECT = re.compile(r"\{[^{}]{3,2000}\}")
_PAIR = re.compile(r"\"([^\"\n]{1,120})\"\s*:\s*(\"[^\"\n]{0,60}\"|[\w.%]{1,12})")


# The answer as those who do sums give it; tokens of a chat around a whole answer; a label that ends as a question does.
_BOXED = re.compile(r"\$*\\(?:boxed|fbox)\s*\{(?:\\(?:text\w*|math\w+)\s*\{)?([^{}]{1,120})\}?\}\$*")
_TOKENS_AROUND = re.compile(r"\s*<s>((?:(?!</?s>).)*)(?:</s>)?\s*|((?:(?!</?s>).)*)</s>\s*", re.DOTALL)
_ASKED_LABEL = re.compile(r"(?i)\b((?:first|second|best|1st|2nd)[ \w]{0,20}|class|category|label|answer)\?(?=\s+\w)")
# What numbers a name in a list, and the number or letter that stands for one behind the list.
_COUNT = re.compile(r"(?:^|(?<=[\s(\[]))(\d{1,2}|[A-Za-z])[.):\]]\)?[ \t*_\"'`]*\Z")
_COUNTED = re.compile(
    r"(?P<head>(?:\A|[:=(\n,]|\b(?:is|be|answer|choice|option|class|category|label|best|number|no\.|pick|choose|then|and|or))"
    r"[ \t*_]*)[(\[\"*']{0,2}(?P<count>\d{1,2}|[A-Z])[)\]\"*']{0,2}"
    r"(?=\s*(?:[.,;:](?!\d)|\n|\Z|\)|(?:is|then|and|or)\b))"
)
_SURENESS = re.compile(r"(?i)\b(?:confidence|certainty|probability|score|rating)\b[^\n]*")


def signs_in_words(text: str, names: tuple[str, ...]) -> str:
    """Write signs as words: ticks and crosses, medals, ranks with digits, headed columns, levels in JSON, boxes.

    Parameters
    ----------
    text : str
        In normal form.
    names : tuple of str

    Returns
    -------
    text : str
    """
    joined = "\n".join(names)
    if ("<s>" in text or "</s>" in text) and (whole := _TOKENS_AROUND.fullmatch(text)):
        text = whole[1] or whole[2] or ""
    text = _BOXED.sub(r"\nFinal answer: \1\n", text)
    text = _ASKED_LABEL.sub(lambda m: m[0] if m[0] in joined else f"{m[1]}:", text)
    text = _with_names_for_numbers(text, names)
    text = _RANK_WORD.sub(lambda m: m[0] if m[0] in joined else f"第{_ORDINALS[m[1] or m[2] or m[3]]}选择", text)
    if "|" in text:
        text = _TABLE.sub(_headed, text)
    if "{" in text:
        text = _OBJECT.sub(lambda m: _levels_of_object(m[0], names), text)
    if _MEDAL.search(text) and not _MEDAL.search(joined):
        text = _with_medals(text, names)
    if _MARK.search(text) and not _MARK.search(joined):
        text = _with_marks(text, names)
    return text


def _with_names_for_numbers(text: str, names: tuple[str, ...]) -> str:
    """Write names for the numbers or letters under which the answer lists them first, where it then says no name."""
    if any(len(name.strip()) < 3 for name in names):
        return text  # that may be numbers and letters themselves
    listed: dict[str, str] = {}
    end = 0
    for mention in name_finder(names).find(text):
        count = _COUNT.search(text[max(0, mention.start - 12) : mention.start])
        if count is None or count[1] in listed:
            return text
        listed[count[1]] = names[mention.name]
        end = mention.end
    rest = _SURENESS.sub("", text[end:])
    first = next((match for match in _COUNTED.finditer(rest) if match["count"] in listed), None)
    # "in sections 2 and 3": of names, the first does not come after an "and"
    if len(listed) < min(3, len(names)) or first is None or re.match(r",|then|and|or", first["head"]):
        return text
    return _COUNTED.sub(lambda m: m["head"] + listed.get(m["count"], m["count"]), rest)


def _headed(table: re.Match[str]) -> str:
    """Write the rows of a table whose columns are called first and second choice as lines with these labels."""
    heads = [cell.strip(" *_") for cell in table[1].split("|")]
    ranks = next((k for k, head in enumerate(heads) if re.fullmatch(r"(?i)rank|place|position|#|no\.?", head)), None)
    if ranks is not None:
        cells = [row.strip().strip("|").split("|") for row in table[2].strip().split("\n")]
        placed = [(row[ranks].strip(" *_#."), row) for row in cells if len(row) == len(heads)]
        if all(place.isdigit() for place, _ in placed) and len({place for place, _ in placed}) == len(placed) > 1:
            rows = [row for _, row in sorted(placed, key=lambda item: int(item[0]))]
            return "\n".join(" ".join(cell for k, cell in enumerate(row) if k != ranks).strip() for row in rows)
    if not any(re.match(r"(?i)(?:first|1st|primary|best|top)\b", head) for head in heads) or len(heads) < 2:
        return table[0]
    rows = [row.strip().strip("|").split("|") for row in table[2].strip().split("\n")]
    return "\n".join(
        f"{head}: {cell.strip()}" for row in rows for head, cell in zip(heads, row, strict=False) if cell.strip()
    )


def _levels_of_object(json: str, names: tuple[str, ...]) -> str:
    """Write an object of names and levels as lines; what else it may be is left as it is."""
    pairs = [(key, value.strip('"')) for key, value in _PAIR.findall(json)]
    finder = name_finder(names)
    if len(pairs) < 2 or all(re.fullmatch(r"[\d.]+%?|true|false", value) for _, value in pairs):
        return json
    for key, value in pairs:
        found = finder.find(key)
        if len(found) != 1 or found[0].end - found[0].start != len(key) or score_behind(f": {value.lower()}") is None:
            return json
    return "\n" + "\n".join(f"{key}: {value}" for key, value in pairs) + "\n"


def _with_medals(text: str, names: tuple[str, ...]) -> str:
    mentions = name_finder(names).find(text)
    first = _MEDAL.search(text)
    leads = first is not None and (not mentions or first.start() < mentions[0].start)
    return _MEDAL.sub(lambda m: f" {_MEDALS[m[0]]}: " if leads else f" ({_MEDALS[m[0]]}) ", text)


def _with_marks(text: str, names: tuple[str, ...]) -> str:
    """Write ticks and crosses, before or behind names, as "yes" and "no" behind them."""
    mentions = name_finder(names).find(text)
    said: dict[int, str] = {}  # by the end of a name
    cut: list[tuple[int, int]] = []
    place = 0
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        here = []
        while place < len(mentions) and mentions[place].start < end:
            here.append(mentions[place])
            place += 1
        marks = list(_MARK.finditer(text, start, end))
        start = end + 1
        if not here or not marks:
            continue
        leads = marks[0].start() < here[0].start
        for i, mark in enumerate(marks):
            if leads:
                upto = marks[i + 1].start() if i + 1 < len(marks) else end
                meant = [m for m in here if mark.end() <= m.start < upto]
                meant = meant if mark["no"] else meant[:1]
            else:
                since = marks[i - 1].end() if i else 0
                meant = [m for m in here if since <= m.start and m.end <= mark.start()][-1:]
            if meant:
                cut.append(mark.span())
            for mention in meant:
                said.setdefault(mention.end, "no" if mark["no"] else "yes")
    pieces, at = [], 0
    for position, upto, words in sorted([(s, e, "") for s, e in cut] + [(e, e, f": {w}; ") for e, w in said.items()]):
        pieces += [text[at:position], words]
        at = max(at, upto)
    return "".join([*pieces, text[at:]])


# -- scores before and behind names ------------------------------------------------------------------------------------

_STARS = re.compile(r"[\s:(|\u2014-]{0,6}([\u2605\u2b50\u2b50\u25cf]+)([\u2606\u25cb]*)")
_POINTS = re.compile(
    r"[\s:=(|\u2014-]{0,6}(\d{1,3}(?:\.\d+)?) ?(?:(?:out of|of|/) ?(\d{1,3}) ?)?(?:stars?|points?|pts|votes?|marks)\b"
)
_SHARE = re.compile(
    r"[\s|:=(\[*_~\u2014-]{0,12}(?:(?:about|ca\.?)\s)?(?:(\d{1,3}(?:[.,]\d+)?)\s?(%|percent|/\s?(?:100|10|5)\b)"
    r"|([01]?[.]\d+|[01]\b(?=\s?\|)))"
)
_NUMBER = re.compile(
    r"[\s*_\"'`]{0,4}(?:[:=|\u2014]|\s-\s)[\s*_]{0,4}(?:(?:score|rating|points|grade)\s?(?:of|is|:"
    r"|=)?\s*)?(\d{1,3})(?=\s*(?:[,;|)\n]|\.(?!\d)|\Z))"
)
_RANK = re.compile(r"[ *_]{0,4}\(#?([1-9])\)")
_LEVELS = {
    **dict.fromkeys(("yes", "perfect", "full", "ja", "oui", "sí"), 1.0),
    **dict.fromkeys(("excellent", "strong", "strongest", "high", "highest", "hoch", "stark", "forte?", "élevée?"), 0.9),
    **dict.fromkeys(("alt[oa]", "fuerte", "высок\\w+", "高い?", "强", "強い?", "높음", "강함", "clear", "great"), 0.9),
    **dict.fromkeys(("good", "likely", "gut", "bonne?", "buen[oa]?"), 0.8),
    **dict.fromkeys(("probable", "plausible", "wahrscheinlich"), 0.7),
    **dict.fromkeys(("medium", "moderate", "fair", "mittel", "moyenne?", "medi[oa]", "средн\\w+", "中", "중간"), 0.5),
    **dict.fromkeys(("possible", "partial", "some", "limited", "möglich", "posible"), 0.3),
    **dict.fromkeys(("low", "lowest", "weak", "weakest", "poor", "slight", "minor", "bad", "minimal", "gering"), 0.1),
    **dict.fromkeys(
        ("niedrig", "schwach", "faible", "baj[oa]", "débil", "низк\\w+", "слаб\\w+", "低い?", "弱い?"), 0.1
    ),
    **dict.fromkeys(("낮음", "약함", "unlikely", "unwahrscheinlich", "improbable"), 0.1),
    **dict.fromkeys(("none", "no", "zero", "nil", "kein\\w*", "aucune?", "nein"), 0.0),
}
_LEVEL_WORD = r"(?:(?:very|quite|rather|fairly|only|extremely|an?|sehr|très|muy) )*(" + "|".join(_LEVELS) + r")\b"
_LEVEL = re.compile(rf"[ *_]{{0,4}}(?:[:|(\u2014=]|\s-)[\s*_]{{0,4}}{_LEVEL_WORD}(?! (?:choice|second|\w+ second))")
_SHARE_BEFORE = re.compile(
    r"(\d{1,3}(?:\.\d+)?) ?(?:%|percent)[\s*_\"'`:)\]-]*(?:\b(?:sure|certain|confident|likely|chance|probability"
    r"|confidence|likelihood|for|of|in|it|it's|is|that|on)\b[\s*_\"'`:]*)*\Z"
)
_LEVEL_BEFORE = re.compile(
    rf"(?:\A|[\n.;,|(])\s*[*_]{{0,2}}{_LEVEL_WORD}(?: (?:match|fit|confidence|probability|relevance|likelihood))?"
    r"[\s*_]*:[\s*_\"'`]*\Z"
)


def score_behind(text: str) -> float | None:
    """Return the share, the stars or the level that directly follows a name."""
    stars = _STARS.match(text)
    if stars:
        return len(stars[1]) / (len(stars[1] + stars[2]) if stars[2] else 5)
    points = _POINTS.match(text)
    if points:
        return float(points[1]) / float(points[2] or 100)
    share = _SHARE.match(text)
    if share:
        number = float((share[1] or share[3]).replace(",", "."))
        return number if share[3] else number / float((share[2] or "").strip("/ ") if "/" in share[2] else 100)
    level = _LEVEL.match(text)
    return _level(level[1]) if level else None


def score_before(text: str) -> float | None:
    """Return the share or the level that stands directly before a name."""
    share = _SHARE_BEFORE.search(text)
    if share:
        return float(share[1]) / 100
    level = _LEVEL_BEFORE.search(text)
    return _level(level[1]) if level else None


def number_behind(text: str) -> float | None:
    """Return the whole number that follows a name and a colon: points."""
    number = _NUMBER.match(text)
    return float(number[1]) if number else None


def rank_behind(text: str) -> float | None:
    """Return the rank in brackets that directly follows a name, negative: the first is the highest."""
    rank = _RANK.match(text)
    return -float(rank[1]) if rank else None


def _level(word: str) -> float:
    return next(value for pattern, value in _LEVELS.items() if re.fullmatch(pattern, word))
