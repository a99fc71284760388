"""Answers that are none in any language: what programs, servers, filters and templates print in place of one."""

from __future__ import annotations

import re
import unicodedata

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
    r"|content exists risk|service (?:is )?(?:temporarily )?unavailable|too many requests|segmentation fault"
    r"|rate limit (?:exceeded|reached))"
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
_HEAD = 400  # characters in which an answer shows that it is none
_REPEATS = 8  # words
_LABEL = re.compile(r"[\W_]*(?:[^\W\d_]+[ -]?){1,3}[*_ ]{0,4}[:\uff1a](?!\S*//)")
_KEY = re.compile(r"\"\w+\"\s*:")


def is_empty(answer: str) -> bool:
    """Whether an answer has no word, only a label or a word for nothing, or the form of what a program prints."""
    if not has_word(answer) or _OF_PROGRAMS.match(answer[:_HEAD]):
        return True
    label = _LABEL.match(answer[:60])
    rest = answer[label.end() :] if label else _KEY.sub("", answer) if answer.startswith("{") else answer
    if len(answer) >= 300:
        return False
    return not has_word(rest) or any(_NOTHING.fullmatch(part) for part in (answer, rest))


def judge_stranger(answer: str, *, may_repeat: bool) -> str | None:
    """Say what is wrong with an answer that has no word of the text: more than with one that may be about it."""
    letters = answer.casefold()[:2000]
    words = re.findall(r"\w+", letters)
    if len(letters) > _REPEATS and len(set(letters)) == 1:
        return "hollow"
    head = answer[:_HEAD]
    if len(words) >= _REPEATS and 4 * len(set(words)) < len(words) and not may_repeat:
        return "hollow"
    if _PLACEHOLDER.fullmatch(head) or _PERHAPS_OF_PROGRAMS.match(head):
        return "hollow"
    return "refusal" if _OF_MODELS.match(head) or _OF_HELPLINES.search(head) else None


def has_word(text: str) -> bool:
    """Whether two letters stand together, vowel signs and accents included, or one of a script without capitals."""
    run = 0
    for character in text:
        category = unicodedata.category(character)
        run = run + 1 if category[0] in "LM" else 0
        if run >= 2 or category == "Lo":
            return True
    return False
