"""Reading the opening of an answer as a row of codes, one a word, in whose order refusals look alike in all tongues."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

from skellagnn.llm.answers._refusal_words import WORDS

# So much of an answer is read: a text about refusals may well contain their words further on.
_OPENING = 400
# Tongues without blanks between words: words are looked up from each character on, longest first.
_UNSPACED = {"zh": r"[\u3007\u3400-\u9fff]", "ja": r"[\u3005-\u30ff\u3400-\u9fff]", "th": r"[\u0e01-\u0e5b]"}
_WORD = re.compile(
    r"[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff]+|[\u0e01-\u0e5b]+|[^\W_](?:[^\W_\u3005-\u30ff\u3400-\u9fff\u0e01-\u0e5b]|[\u0300-\u036f\u0900-\u0963\u0970-\u0dff])*'?"
    r"|(?P<mark>[.!?:\n\u3002\u061f\u0964\uff01\uff1f\uff1a]|[,;()\u2013\u2014\u3001\u060c\uff0c\uff1b]|\s-+\s)"
)
_MARKS = {
    **dict.fromkeys(".!\n\u3002\u0964\uff01", "."),
    **dict.fromkeys("?\u061f\uff1f", "?"),
    ":": ":",
    "\uff1a": ":",
}
_SHORT_FORMS = (
    (re.compile(r"\b(?:can't|cant)\b"), "cannot"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"\b(?:do|does|did) not\b"), "not"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"'(?:s|re|ll|ve|d)\b"), ""),
    (re.compile("'"), "' "),
)
_SIGNS = re.compile(
    r"<\|[^<>|]{0,40}\|>|</?(?:s|pad|eos|bos|unk|end|inst)>|\[/?inst\]|[*_#`~\"\u201c\u201d\u00ab\u00bb]", re.I
)


def normalize(text: str) -> str:
    """Small letters without accents, Markdown, quotes and tokens of a chat; signs of other scripts stay."""
    text = unicodedata.normalize("NFKD", text[: 4 * _OPENING].replace("\u2019", "'")).casefold().replace("\u0131", "i")
    text = re.sub("[\u0300-\u036f\u064b-\u0652]", "", text)  # letters of scripts other than Latin need their marks
    return unicodedata.normalize("NFC", _SIGNS.sub(" ", text))[:_OPENING]


@cache
def _tables() -> tuple[dict[str, dict[str, str]], dict[str, dict[str, list[tuple[list[str], str]]]]]:
    """Single words by tongue, and phrases by tongue and first word, the longest first."""
    singles: dict[str, dict[str, str]] = {}
    phrases: dict[str, dict[str, list[tuple[list[str], str]]]] = {}
    for tongue, lines in WORDS.items():
        single, phrase = singles.setdefault(tongue, {}), phrases.setdefault(tongue, {})
        for group in re.split(r"[|\n]", lines.strip()):
            code, *entries = group.split()
            for entry in entries:
                words = [normalize(word.replace("*", "\0")).replace("\0", "*") for word in re.split("[_-]", entry)]
                if len(words) > 1 and tongue not in _UNSPACED:
                    phrase.setdefault(words[0], []).append((words, code))
                else:
                    single.setdefault("".join(words), code)
        for found in phrase.values():
            found.sort(key=lambda item: -len(item[0]))
    return singles, phrases


@lru_cache(maxsize=1 << 14)
def _of_word(word: str) -> dict[str, str]:
    """The code of a word in each tongue that knows it."""
    found = {}
    for tongue, single in _tables()[0].items():
        if tongue in _UNSPACED:
            continue
        code = single.get(word)
        if code is None and tongue == "tr":
            code = next((single["*" + word[k:]] for k in range(1, len(word)) if "*" + word[k:] in single), None)
        if code is None:
            code = next(
                (single[word[:k] + "*"] for k in range(min(len(word), 24), 0, -1) if word[:k] + "*" in single), None
            )
        if code is not None:
            found[tongue] = code
    return found


@lru_cache(maxsize=1 << 14)
def _tongues_of(word: str) -> frozenset[str]:
    starts = (tongue for tongue, phrases in _tables()[1].items() if word in phrases)
    return frozenset(_of_word(word)).union(starts)


def read_codes(text: str) -> list[str]:
    """Return the opening as codes, ``x`` for a word that no assistant needs, in the tongues that know most of it.

    Clauses end in ``.``, ``?``, ``:`` or ``,``.
    """
    for pattern, instead in _SHORT_FORMS:
        text = pattern.sub(instead, text)
    tokens = [(match.group(), match.group("mark")) for match in _WORD.finditer(text)]
    words = [word for word, mark in tokens if not mark]
    counts: dict[str, int] = {}
    for word in words:
        for tongue in _tongues_of(word):
            counts[tongue] = counts.get(tongue, 0) + 1
    for tongue, script in _UNSPACED.items():
        n = len(re.findall(script, text))
        if n:
            counts[tongue] = n if tongue != "ja" else n - 1 + 2 * len(re.findall(r"[\u3040-\u30ff]", text))
    best = sorted(counts, key=lambda tongue: -counts[tongue])[:3]
    return [_tagged(tokens, tongue) for tongue in best]


def _tagged(tokens: list[tuple[str, str | None]], tongue: str) -> str:
    singles, phrases = _tables()
    single, phrase = singles[tongue], phrases[tongue]
    codes, i = [], 0
    while i < len(tokens):
        word, mark = tokens[i]
        i += 1
        if mark:
            codes.append("?" if tongue == "el" and mark == ";" else _MARKS.get(mark, ","))
        elif tongue in _UNSPACED and re.match(_UNSPACED[tongue], word):
            codes.extend(_unspaced(word, single))
        elif word[0].isdigit():
            continue
        else:
            for expected, code in phrase.get(word, ()):
                following = [token for token, _ in tokens[i - 1 : i - 1 + len(expected)]]
                if following == expected:
                    codes.append(code)
                    i += len(expected) - 1
                    break
            else:
                codes.append(single.get(word, "x") if tongue in _UNSPACED else _of_word(word).get(tongue, "x"))
    return "".join(codes)


def _unspaced(run: str, single: dict[str, str]) -> Iterator[str]:
    i, unknown = 0, 0
    while i < len(run):
        for size in range(min(10, len(run) - i), 0, -1):
            code = single.get(run[i : i + size])
            if code is not None:
                yield "x" * ((unknown + 1) // 2) + code
                unknown = 0
                i += size
                break
        else:
            unknown += 1
            i += 1
    yield "x" * ((unknown + 1) // 2)


# -- what the codes say ------------------------------------------------------------------------------------------------

WEAK, PLAIN, STRONG = 1, 2, 3
_CLAUSE = re.compile(r"([^.?:,]*)([.?:,]|\Z)")
_LABEL = re.compile(r"[LTsSAHdaOGMQV]{1,5}")
_AS_AN_AI = re.compile(r"\A[OWdsN,.]{0,5}(?:a?Bx?[TMd]?A|A+B)(?!x)[^.?]{0,4}(?:a[^.?]{0,8}[NC]|[NC]|c[^.?]{0,6}N)")


def judge(text: str, is_shared: bool) -> str | None:
    """Say whether an answer is a ``"refusal"``, ``"hollow"`` or, as far as can be seen, neither (None).

    Parameters
    ----------
    text : str
    is_shared : bool
        Whether the answer has words of what was asked about: only a plain refusal is one then.
    """
    for codes in read_codes(normalize(text)):
        known = codes.replace("f", "")
        whole = "x" not in codes and len(text) < _OPENING
        lists = "," in codes and not re.search(r"[.?:aYPWCR]", known)  # keywords
        if whole and not lists and not is_shared and _says_nothing(known, codes):
            return "hollow"
        if not lists and _strength(known) > (PLAIN if is_shared else 0):
            return "refusal"
    return None


def _says_nothing(known: str, codes: str) -> bool:
    """Whether all words are those of a template, of a server, or of one who is about to answer."""
    bare = re.sub(r"[.?:,]", "", re.sub(r"\A[LTsSAQ]{1,3}:(?=.)", "", known))
    if "X" in bare and len(re.sub(r"[.?:,]", "", codes)) > 1:
        return True
    if re.fullmatch(r"[NE](?:L|M|s|G)[Gcs]{0,2}|V+d?L.?|[HL]L?", bare) and (bare != "L" or ":" in known[-2:]):
        return True
    # an instruction, to it or by it, and what it would do
    asks = re.search("[NCEFWRK?]", known) is not None
    if not asks and re.match(r"[PO]*[Ss]d*[LT]|V+d*L|YA|VY?Q+\Z|a[SsVGTL]*[SsV][SsVGTL]*[LT]", bare):
        return True
    return bool(re.search(r"[OH]", bare)) and not re.search(r"[NCEFPWRK?]", known)


def _strength(known: str) -> int:
    """How surely the first sentences refuse, 0 for not at all."""
    clauses = [match.groups() for match in _CLAUSE.finditer(known) if match.group()]
    while clauses and (not clauses[0][0] or (clauses[0][1] == ":" and _LABEL.fullmatch(clauses[0][0]))):
        del clauses[0]
    if _AS_AN_AI.match("".join(clause + end for clause, end in clauses)):
        return STRONG
    surest, passed, sorry, starts = 0, 0, False, True
    for place, (clause, end) in enumerate(clauses):
        rest = "".join(later + mark for later, mark in clauses[place + 1 :])
        sorry = sorry or "W" in clause
        strength = _sign(clause, end, sorry)
        if strength < STRONG:
            after = re.split(r"[.?]", rest)[0] if end in ":," else ""
            aside = end == "," and after.count("x") > 1 and not sorry and not re.search("Y|P.*T|T.*P", clause + after)
            if "r" in clause + after or (end == ":" and rest.count("x") > 1) or aside:
                strength = 0  # of a title, of what somebody else says, or before what the text says
        if strength == WEAK and "x" in rest:
            strength = 0
        if passed <= (4 * starts + 1 if strength == STRONG else starts):
            surest = max(surest, strength)
        passed += clause.count("x")
        starts = end in ".?"
        if passed > 5 or (end == ":" and re.search("[xr]", clause)):
            break
    # nothing but an apology; "I'm sorry, Dave."
    alone = (
        sorry
        and re.search(r"[a.,]", known)
        and "r" not in known
        and ("x" not in known or re.match(r"a?W,x\W*\Z", known))
    )
    return max(surest, PLAIN if alone else 0)


# What a clause must hold to be an assistant's, the sum of its signs: how surely it is one, how many unknown words it
# may have, a pattern for its codes ("+" joins patterns that must all be found, in any order).
_CANNOT = "C|N.*c|c.*N"
_SERVE = r"[CNc][^x]{0,4}S|S[^x]{0,4}[CNc]"
_DO = r"[CNc][^x]{0,4}[sV]|[sV][^x]{0,4}[CNc]"
_RULES = [
    # it cannot do what assistants are asked for, cannot do this, or is an AI that cannot
    (STRONG, 0, f"{_CANNOT} + S|a.*s|s.*a|A"),
    (STRONG, 6, f"{_CANNOT} + {_SERVE} + a"),
    (STRONG, 1, f"{_CANNOT} + {_SERVE}"),
    (STRONG, 2, f"{_CANNOT} + A + a"),
    (PLAIN, 0, f"{_CANNOT} + [sVQTYG]|W"),
    (PLAIN, 2, f"{_CANNOT} + W + [QY]"),
    (PLAIN, 3, f"{_CANNOT} + {_DO} + W|[sV][dYQT]+(?!x)"),
    (PLAIN, 0, "A + N"),
    (WEAK, 0, f"{_CANNOT} + ..|[.]"),
    # it asks for the text, or for what to do
    (STRONG, 1, r"P|\A(?:!W)?V + [Vs] + T"),
    (STRONG, 9, "PVT[^x]{0,3}[aYS]"),
    (PLAIN, 1, r"P|\A(?:!W)?V + [Vs] + M"),
    (PLAIN, 0, "P + V"),
    (PLAIN, 2, "a + R[^x]{0,3}T"),
    (PLAIN, 0, "R + [TMV]"),
    (PLAIN, 0, "V + T + S"),
    (PLAIN, 1, "[?] + S + [acT]"),
    (PLAIN, 0, "[?] + [aYPR] + [STQVLMsR]"),
    (PLAIN, 2, r"[?] + \A[fO]*PV + [aY]"),
    (PLAIN, 0, "[?] + d + L"),
    (PLAIN, 1, r"[?] + \Ad[fM]*Y[fd]*K"),
    (PLAIN, 0, r"\A(?:!W)?d+T[?]"),
    # there is no text, or too little
    (PLAIN, 1, "[NE] + T + [Ya] + [GVS]"),
    (PLAIN, 0, "N + S|T|Y.*[GV]|a.*G.*d|a.*d.*G|d.*a.*G"),
    (PLAIN, 0, "E + [TMSs]"),
    # it does not understand, a filter stopped it, or it just says no
    (PLAIN, 1, "N + K + Q"),
    (PLAIN, 4, "F.*F + [QL]|T.*F.*F"),
    (WEAK, 0, "N + K|a.*s|s.*a"),
    (WEAK, 0, "[QTLds].*F|F.*F.*F"),
]


@cache
def _rules() -> list[tuple[int, int, list[re.Pattern[str]]]]:
    return [(sure, unknown, [re.compile(sign) for sign in signs.split(" + ")]) for sure, unknown, signs in _RULES]


def _sign(clause: str, end: str, sorry: bool) -> int:
    """How surely a clause is an assistant's that declines or asks for the text."""
    unknown = clause.count("x")
    codes = ("!W" if sorry and "W" not in clause else "") + clause + end
    fit = (sure for sure, limit, signs in _rules() if unknown <= limit and all(sign.search(codes) for sign in signs))
    return max(fit, default=0)
