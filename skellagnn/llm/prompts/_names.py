"""Where a text names classes: one normal form for names and answers, and the longest name at each place."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from skellagnn.exceptions import InvalidParameterError

# Soft hyphens, blanks of no width, marks of direction, variants of emoji: nobody sees them. Trademark signs would
# become letters of the word before them.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
    "\u2122\u00ae\u00a9\u2120]"
)
_SAME = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\u2043\ufe58\ufe63\uff0d", "-"),
        "\u2015": "\u2014",
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'),
        **{chr(0x2460 + i): f" {i + 1}. " for i in range(20)},  # circled numbers
        "\u20e3": ".",  # the frame of a key around a number
    }
)
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~&\"'$])")


def check_answer(answer: Any) -> str:
    """Return what is to be read if it is a text."""
    if not isinstance(answer, str):
        raise InvalidParameterError(
            f"`answer` must be a str, what an LLM said, got {answer!r:.80}. Leave out what was not answered."
        )
    return answer


def check_listed(class_names: Any) -> tuple[str, ...]:
    """Return names in the order in which a prompt lists them."""
    # a single name would be read letter by letter
    is_list = isinstance(class_names, Iterable) and not isinstance(class_names, (str, bytes, Set, Mapping))
    names = tuple(class_names) if is_list and getattr(class_names, "ndim", 1) == 1 else (None,)
    if not all(isinstance(name, str) for name in names):
        raise InvalidParameterError(
            f"`class_names` must be a list of strings, got {class_names!r:.80}. Pass the names as the prompt listed "
            "them."
        )
    return names


def normal_form(text: str) -> str:
    """Write a text in the one form in which names are compared, up to case, blanks, hyphens and underscores.

    Entities of HTML and escapes of Markdown are resolved, compatible characters become one (NFKC: full-width letters,
    ligatures, composed accents), typographic hyphens and quotes become those of ASCII, and characters that nobody
    sees go. Applying it twice changes nothing.
    """
    for _ in range(8):  # "&amp;amp;" and the like; no text is escaped eight times over
        before = text
        text = html.unescape(re.sub("&(?:amp;)+", "&", text)) if "&" in text else text
        text = _UNSEEN.sub("", text.translate(_SAME))
        text = unicodedata.normalize("NFKC", text)
        text = _ESCAPED.sub(r"\1", text) if "\\" in text else text
        if text == before:
            break
    return text


# Thai and Lao, Burmese, Khmer, kana, Han: written without blanks between words, so each character is a word here.
_BLANKLESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Korean words begin at a blank, and end in particles that are no part of a name.
_KOREAN = "\uac00-\ud7a3"
_HYPHENS = "\u2014-"


@lru_cache(maxsize=1)
def _token_pattern() -> re.Pattern[str]:
    # `re` has no class of the marks that Indic and other scripts write their vowels with
    marks = "".join(
        chr(code)
        for code in range(0x300, 0x1F000)
        if not 0x3400 <= code <= 0xD7FF and unicodedata.category(chr(code))[0] == "M"
    )
    single = _BLANKLESS + _KOREAN
    return re.compile(rf"(?:(?![{single}])(?:[^\W_]|[{re.escape(marks)}]))+|[^\s_{_HYPHENS}]")


def is_word_character(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


_BLANKLESS_CHARACTER = re.compile(f"[{_BLANKLESS}]")
_KOREAN_CHARACTER = re.compile(f"[{_KOREAN}]")
_FEW = {"men": "man", "women": "woman", "children": "child", "mice": "mouse", "analyses": "analysis"}


def _singular(word: str) -> str:
    """Return an English word without the ending of its plural; the same for singular and plural is enough."""
    if word in _FEW:
        return _FEW[word]
    if len(word) < 4 or word[-1] != "s" or word.endswith(("ss", "us", "is")) or word == "news":
        return word
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if word[-2] == "y" and word[-3] not in "aeiou":  # no English plural
        return word
    return word[:-2] if word.endswith(("sses", "xes", "zzes", "ches", "shes")) else word[:-1]


@dataclass
class Mention:
    """A place where a text names a class.

    Parameters
    ----------
    name : int
        Index of the class.
    start, end : int
        Place in the normal form of the text.
    inflected : bool
        Whether plural stands for singular or the reverse.
    """

    name: int
    start: int
    end: int
    inflected: bool


class NameFinder:
    """Finds the names of classes in a text that is in normal form.

    Parameters
    ----------
    class_names : tuple of str
    """

    def __init__(self, class_names: tuple[str, ...]) -> None:
        self.names = [normal_form(name) for name in class_names]
        self.hyphens: dict[str, int] = {}  # a name that is nothing but a hyphen
        self._exact: dict[str, Any] = {}
        self._singular: dict[str, Any] = {}
        keys: list[set[tuple[str, ...]]] = []
        for position, name in enumerate(self.names):
            tokens = list(_token_pattern().finditer(name))
            words = tuple(_folded(token.group()) for token in tokens)
            if not words:
                if name.strip():
                    self.hyphens[name.strip()[0].replace("\u2014", "-")] = position
                keys.append(set())
                continue
            _insert(self._exact, words, position)
            _insert(self._singular, tuple(map(_singular, words)), position)
            keys.append(_spellings(name, tokens, words))
        exact = {tuple(_folded(token.group()) for token in _token_pattern().finditer(name)) for name in self.names}
        for position, spellings in enumerate(keys):
            for words in spellings - exact:
                if sum(words in other for other in keys) == 1:  # what two names could mean names neither
                    _insert(self._singular, tuple(map(_singular, words)), position)

    def find(self, text: str) -> list[Mention]:
        """Return the names in a text, the longest at each place, none inside another word."""
        tokens = [(_folded(token.group()), token.start(), token.end()) for token in _token_pattern().finditer(text)]
        found = list(self._find_hyphens(text)) if self.hyphens else []
        i = 0
        while i < len(tokens):
            mention, following = self._longest(text, tokens, i)
            if mention is not None:
                found.append(mention)
            i = following
        return sorted(found, key=lambda mention: mention.start)

    def _longest(self, text: str, tokens: list[tuple[str, int, int]], i: int) -> tuple[Mention | None, int]:
        start = tokens[i][1]
        ends = [
            (j, trie_is_singular, names)
            for trie_is_singular, trie in enumerate((self._exact, self._singular))
            for j, names in _walk(trie, text, tokens, i, bool(trie_is_singular))
        ]
        # the longest; of two as long the one that is spelled so
        for j, inflected, names in sorted(ends, key=lambda end: (-end[0], end[1])):
            end = tokens[j - 1][2]
            if not stands_alone(text, start, end):
                continue
            if len(names) > 1:
                spelled = " ".join(text[start:end].split())
                names = [name for name in names if " ".join(self.names[name].split()) == spelled]
            if len(names) == 1:
                return Mention(names[0], start, end, bool(inflected)), j
        return None, i + 1

    def _find_hyphens(self, text: str) -> Iterator[Mention]:
        for match in re.finditer(rf"(?<!\S)[{_HYPHENS}](?!\S)", text):
            position = self.hyphens.get(match.group().replace("\u2014", "-"))
            if position is not None:
                yield Mention(position, match.start(), match.end(), False)


@lru_cache(maxsize=64)
def name_finder(class_names: tuple[str, ...]) -> NameFinder:
    """Return the finder of these names, made once."""
    return NameFinder(class_names)


def _folded(token: str) -> str:
    if token == "&":
        return "and"
    # the Turkish letters, with and without a dot, have one capital each in which others write both
    folded = token.casefold().replace("i\u0307", "i").replace("\u0131", "i")
    return unicodedata.normalize("NFKC", folded)


_LONGEST_CODE = 6  # characters of a name that stands for the words in brackets behind it
_IN_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae"})
_ROMAN = dict(zip("12345", ("i", "ii", "iii", "iv", "v"), strict=True))
_ROMAN |= {roman: number for number, roman in _ROMAN.items()}


def _spellings(name: str, tokens: list[re.Match[str]], words: tuple[str, ...]) -> set[tuple[str, ...]]:
    """Return other ways to write a name: "Ecommerce" for "E-Commerce", without the comma of "Food, Drink"."""
    others = set()
    joined: list[str] = []
    for place, word in enumerate(words):
        hyphenated = place > 0 and re.fullmatch(r"-", name[tokens[place - 1].end() : tokens[place].start()])
        if hyphenated:
            joined[-1] += word
        else:
            joined.append(word)
    others.add(tuple(joined))
    plain = tuple(word for word in words if word not in tuple(".,:;/'\"()!?"))
    if len(plain) > 1:
        others.add(plain)
    # "Type2" for "Type 2", and the reverse
    glued = re.sub(r"(?<=[a-z]) (?=\d+(?: |\Z))", "", " ".join(words))
    others |= {tuple(glued.split()), tuple(re.sub(r"(?<=[a-z])(?=\d+(?: |\Z))", " ", glued).split())}
    if len(words) > 1:  # "Type II" for "Type 2", and the reverse
        others.add(tuple(_ROMAN.get(word, word) for word in words))
    if words[-1] == ")" and "(" in words[1:-2]:  # "cs.LG", or "Machine Learning", for "cs.LG (Machine Learning)"
        cut = words.index("(")
        others.add(words[:cut])
        if len("".join(words[:cut])) <= _LONGEST_CODE:
            others.add(words[cut + 1 : -1])
    if words[1:2] == ("/",) and len(words) == 3 and len(plain) == 2:
        others |= {("".join(plain),), (plain[0], "and", plain[1])}
    if len(words) > 1 and len("".join(words)) > 5 and all(map(str.isalpha, words)):
        others.add(("".join(words),))  # "NeuralNetworks"
    # "Sante" for "Santé": capitals often go without accents
    others.add(tuple(re.sub("(?<=[a-z])[\u0300-\u036f]+", "", unicodedata.normalize("NFD", w)) for w in words))
    others.add(tuple(word.translate(_IN_TWO_LETTERS) for word in words))
    others.add(tuple(" ".join(words).replace(" ' s", "s").split()))  # "Mens" for "Men's"
    if len(words) > 1 and max(map(len, words)) <= 5 and all(map(str.isalnum, words)):
        dotted = (*words[:-1], ".", words[-1])  # "cs.LG" for "cs lg", also where it is "arxiv cs lg"
        others |= {dotted, dotted[words[0] == "arxiv" :]}
    # a name of punctuation alone leaves nothing: no spelling of it
    return {other for other in others - {words} if other and all(other)}


_END = ""


def _insert(trie: dict[str, Any], words: Sequence[str], position: int) -> None:
    for word in words:
        trie = trie.setdefault(word, {})
    names = trie.setdefault(_END, [])
    if position not in names:
        names.append(position)


def _walk(
    trie: dict[str, Any], text: str, tokens: list[tuple[str, int, int]], i: int, singular: bool
) -> Iterator[tuple[int, list[int]]]:
    """Yield each end of a name that begins at token i: the position after its last token, and the names."""
    states = [(trie, i)]
    while states:
        node, j = states.pop()
        if _END in node:
            yield j, node[_END]
        if j == len(tokens):
            continue
        word, k = tokens[j][0], j + 1
        if word == "," and j > i and _END not in node:  # "Diabetes Mellitus, Type 1"
            states.append((node, k))
        while True:
            following = node.get(_singular(word) if singular else word)
            if following is not None:
                states.append((following, k))
            # a hyphen may part one word: "E-mail", or a word at the end of a line
            if k < len(tokens) and k - j < 4 and re.fullmatch(r"-\n?", text[tokens[k - 1][2] : tokens[k][1]]):
                word, k = word + tokens[k][0], k + 1
            else:
                break


_SHORTEST_MISSPELLED = 5  # letters of a word that is still known with one letter wrong


def with_spelling(text: str, class_names: tuple[str, ...]) -> str:
    """Correct long words that are a letter away from exactly one word of the names: "Reinforcment Learning"."""
    words = {
        word.casefold()
        for name in class_names
        for word in re.findall(r"[^\W\d_]+", normal_form(name))
        if len(word) >= _SHORTEST_MISSPELLED
    }

    def correct(match: re.Match[str]) -> str:
        word = match.group().casefold()
        near = [] if word in words else [known for known in words if _is_one_letter_away(word, known)]
        return near[0] if len(near) == 1 else match.group()

    return re.sub(rf"[^\W\d_]{{{_SHORTEST_MISSPELLED - 1},}}", correct, text) if words else text


def _is_one_letter_away(word: str, known: str) -> bool:
    """Whether inside a word a letter is missing, too many or wrong, or two are in the wrong order."""
    if abs(len(word) - len(known)) > 1 or word[0] != known[0] or word[-1] != known[-1]:
        return False
    at = next((i for i, (a, b) in enumerate(zip(word, known, strict=False)) if a != b), min(len(word), len(known)))
    if len(word) != len(known):
        return word[at:] == known[at + 1 :] or word[at + 1 :] == known[at:]
    swapped = word[at : at + 2] == known[at : at + 2][::-1] and word[at + 2 :] == known[at + 2 :]
    return swapped or (len(word) > _SHORTEST_MISSPELLED + 2 and word[at + 1 :] == known[at + 1 :])


_OPENS_SENTENCE = re.compile(r"(?:second|first|my|the|it|i|as|because|since|reason|then|alternative)\b")


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether what stands from start to end is a name by itself, and no part of a longer word, number or name."""
    first, last = text[start], text[end - 1]
    before, after = text[start - 1 : start], text[end : end + 1]
    if before:
        if _KOREAN_CHARACTER.match(first) and _KOREAN_CHARACTER.match(before):
            return False
        if not is_word_character(first) and is_word_character(before) and not _BLANKLESS_CHARACTER.match(before):
            return False
        if before == "_":
            stem = text[max(0, start - 4) : start].rstrip("_")[-1:]
            if stem and is_word_character(stem):
                return False
        if before == "." and not _may_follow_dot(text, start):
            return False
    if not after:
        return True
    if _KOREAN_CHARACTER.match(last) and end - start == 1 and _KOREAN_CHARACTER.match(after):
        return False
    if not is_word_character(last):
        return not is_word_character(after) or bool(_BLANKLESS_CHARACTER.match(after))
    if (
        (after == "#" and text[end + 1 : end + 2] != "#")
        or text[end : end + 2] == "++"
        or (last.isdigit() and text[end : end + 2].strip()[:1] == "%")
    ):
        return False
    if after == "_":
        rest = text[end : end + 4].lstrip("_")[:1]
        return not rest or not is_word_character(rest)
    if after == "." and end + 1 < len(text):
        following = text[end + 1]
        if following == "_":
            return False
        if is_word_character(following) and unicodedata.category(following) != "Lo":
            if not following.isupper():
                return not following.isdigit() and bool(_OPENS_SENTENCE.match(text, end + 1))
            return not text[end + 2 : end + 3].isupper()
    return True


def _may_follow_dot(text: str, start: int) -> bool:
    """Whether the dot before a name ends a sentence or a number of a list, and is no part of the name."""
    word = re.search(r"[\w]*\Z", text[max(0, start - 25) : start - 1])
    stem = word.group() if word else ""
    if not stem:
        return True
    if stem.isdigit():
        return not text[start].isdigit()
    if unicodedata.category(stem[-1]) == "Lo":
        return True
    return text[start].isupper() and not text[start + 1 : start + 2].isupper()
