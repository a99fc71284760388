"""How sure an answer says it is."""

from __future__ import annotations

import re

from skellagnn.llm.prompts._names import check_answer, normal_form

# Not within a word or another number; scripts without blanks have no word before it.
_NUMBER = r"(?<![\d.,/-])(?<![^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3])(\d{1,3}(?:[.,]\d{1,4})?|[.]\d{1,4})"
_PERCENT = (
    r"(?:[%\u066a]|(?:percent|per cent|pct|prozent|pour cent|por ciento|por cento|per cento|procent)\b|процент\w*"
    r"|パーセント|퍼센트)"
)
_TO = r"(?:-|\u2014|to|and|or|bis|à|y|et|e|und)"
# Two numbers with one sign or both, one number, or so many out of so many.
_VALUE = re.compile(
    rf"{_NUMBER}\s*({_PERCENT})?\s*{_TO}\s*(\d{{1,3}}(?:[.,]\d{{1,4}})?|[.]\d{{1,4}})(?![\d/]|[.,]\d)\s*({_PERCENT})?"
    rf"|{_NUMBER}\s*(?:\+\s*)?({_PERCENT})"
    rf"|{_NUMBER}\s*(?:/|\(?out of|\(?of|in|von|sur)\s*(100|10|5|1)\b(?!\s*(?:%|[.,]\d))"
    rf"|{_NUMBER}(?![\d/\w]|[.,]\d)"
)
_LABEL = re.compile(
    r"\b(?:conf|confiden(?:ce|t)(?:_\w+)?|certain(?:ty)?|probability|likelihood|sure(?:ness)?|score|sicherheit"
    r"|wahrscheinlichkeit|confiance"
    r"|confianza|probabilit[éà]|probabilidad|fiducia|уверенность|вероятность|gewissheit|certitude|certeza|seguridad)\b"
    r"|置信度|可信度|把握|可能性|信心|概率|確信度|自信度|확신도"
)
# What may stand between the label and its number.
_LINK = re.compile(
    r"(?:[\s*_\"'`:=(~<>\u2248]|\b(?:is|of|level|score|in|my|the|first|choice|percent|about|around"
    r"|approximately|roughly|nearly"
    r"|almost|over|above|at|least|high|medium|low|very|moderate|moderately|fairly|quite|between|from|by|i|am"
    r"|would|say|that"
    r"|this|are|and|for|be|ca|etwa|environ|del?|à|zu)\b|[,(%)]|[约約大为為是在有])*"
)
_SECOND = re.compile(r"\b(?:second|2nd|runner-?up|alternative)\b[^;.\n]*\([^()]*\Z")
_DENIED = re.compile(r"\b(?:not|isn't|never|less than|n't)\s(?:\w+\s)?\Z")


def parse_confidence(answer: str) -> float | None:
    """Read how sure an answer says it is of its first choice.

    Parameters
    ----------
    answer : str
        Such as "Theory; second choice: Rule Learning; confidence: 85 %".

    Returns
    -------
    confidence : float or None
        In [0, 1]; the middle of a range; None if the answer gives no number.

    Raises
    ------
    InvalidParameterError
        If ``answer`` is no text.

    Notes
    -----
    A number that stands by a word such as "confidence" counts first, then the first percentage, "85/100" or "8 out of
    10", then a lone decimal in [0, 1], or an answer that is nothing but a number. A percentage in brackets behind a
    second choice is not that of the first. A number above 1 is one of 100.

    Examples
    --------
    >>> parse_confidence("Theory (80-90 %)"), parse_confidence("0.7"), parse_confidence("confidence: high")
    (0.85, 0.7, None)
    """
    text = re.sub(
        r"(?<=[a-z])\s*\((?:from )?(?:0|1)(?:\s*%)?\s*(?:-|to)\s*(?:1|5|10|100)(?:\s*%)?\)",
        "",
        normal_form(check_answer(answer)).casefold(),
    )
    text = re.sub(r"百分之\s*(\d+(?:\.\d+)?)", r"\1%", text)
    labelled = _labelled(text)
    if labelled is not None:
        return labelled
    decimal = None
    for match in _VALUE.finditer(text):
        value, is_marked = _value_of(match)
        if value is None or _SECOND.search(text[max(0, match.start() - 80) : match.start()]):
            continue
        if is_marked:
            if not _DENIED.search(text[max(0, match.start() - 20) : match.start()]):
                return value
        elif decimal is None and re.match(r"[01]?[.,]\d", match.group()) and _stands_by_itself(text, match):
            decimal = value
    if decimal is None and re.fullmatch(rf"\W*{_NUMBER}\W*", text):
        alone = _VALUE.search(text)
        return _value_of(alone)[0] if alone else None
    return decimal


def _labelled(text: str) -> float | None:
    """Return the number that stands by a word such as "confidence", behind it or, as in "85 % sure", before it."""
    for label in _LABEL.finditer(text):
        link = _LINK.match(text, label.end(), label.end() + 60)
        at = link.end() if link else label.end()
        match = _VALUE.match(text, at)
        if match and not _DENIED.search(text[max(0, at - 20) : at]):
            value, is_marked = _value_of(match)
            if value is not None and (is_marked or _stands_by_itself(text, match)):
                return value
    return None


def _stands_by_itself(text: str, match: re.Match[str]) -> bool:
    return not re.match(
        r"\s*[a-z]*\d|\s*(?:classes|nodes|papers|years?|st|nd|rd|th)\b", text[match.end() : match.end() + 12]
    )


def _value_of(match: re.Match[str]) -> tuple[float | None, bool]:
    """Return what a number means in [0, 1], and whether a sign says that it is a share."""
    low, low_sign, high, high_sign, percent, sign, part, whole, plain = match.groups()
    if low is not None:
        is_percent = bool(low_sign or high_sign)
        values = [_scaled(low, is_percent), _scaled(high, is_percent)]
        if None in values:
            return None, is_percent
        return round((values[0] + values[1]) / 2, 6), is_percent  # type: ignore[operator]
    if percent is not None:
        return _scaled(percent, True), bool(sign)
    if part is not None:
        value = float(part.replace(",", ".")) / float(whole)
        return (value if value <= 1 else None), True
    return _scaled(plain, False), False


def _scaled(number: str, is_percent: bool) -> float | None:
    value = float(number.replace(",", "."))
    if is_percent or value > 1:
        value /= 100
    return round(value, 6) if value <= 1 else None
