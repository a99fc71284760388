"""Answers in JSON or with tags, written as plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from skellagnn.llm.prompts._names import name_finder, normal_form

_TAG = re.compile(r"</?([A-Za-z][\w-]{0,30})(?:\s[^<>]{0,80})?/?>")
_INLINE = frozenset({"b", "i", "em", "strong", "u", "span", "code", "mark", "a", "sub", "sup"})


def without_tags(text: str, names: tuple[str, ...]) -> str:
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
    r"(?:.*(?:first|primary|1st|best|top|most.?likely|answer|prediction|predicted|final).*|(?:choice|class|label"
    r"|category|topic|option)[\s_-]*1?|(?:class|category|label)[\s_-]?name|name|value|result|output|1)"
)
_KEY_SECOND = re.compile(
    r"(?:an)?other(?:[\s_-]*(?:choice|class|label|category|topic|option|candidate))?s?|.*(?:second|2nd|alternative|runner|backup|fallback|next|third|3rd).*|(?:choice|class|label|category|rank"
    r"|option)[\s_-]*[23]|[23]"
)
_KEY_SKIPPED = re.compile(
    r".*(?:reason|explan|rational|justif|thought|thinking|analysis|confidence|prob(?!able)|score|percent|certain|reject"
    r"|exclud|ruled|"
    r"not|unlikely|least|worst|text|title|comment|note|evidence|summary|keyword|rank|position|index|order|available|candidate"
    r"|given|question|prompt).*|options|class_?names|all_?classes|categories|classes|labels"
)
_KEY_LIST = re.compile(r".*(?:choices|ranking|ranked|predictions|answers|top).*|classes|labels|categories")
_KEY_SCORE = re.compile(r".*(?:confidence|prob(?!able)|score|percent|certain|likelihood|weight).*|p")


def from_json(text: str, names: tuple[str, ...]) -> str | None:
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
    numbers = {key: number for key, item in value.items() if (number := _number(item)) is not None}
    if numbers and all(as_names[key] for key in numbers) and len(numbers) == len(value):
        for place, key in enumerate(sorted(numbers, key=lambda key: -numbers[key])):
            if numbers[key]:  # what has nothing, or is false, is not chosen
                yield rank + place, key
        if not any(numbers.values()):
            yield rank, "none"
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
        if not texts:  # {"probabilities": {...}}: what is left aside beside a choice is all that there is
            for item in value.values():
                if isinstance(item, (dict, list)):
                    yield from _items(item, names, rank, depth + 1)


def _number(item: Any) -> float | None:
    """Return a number, also one that is written as a text: "70 %"."""
    if isinstance(item, (bool, int, float)):
        return float(item)
    match = re.fullmatch(r"\s*(\d{1,3}(?:[.,]\d+)?)\s*(?:%|percent)?\s*", item) if isinstance(item, str) else None
    return float(match[1].replace(",", ".")) if match else None


def _has_answer(value: dict[str, Any], but: str) -> bool:
    return any(
        key != but
        and isinstance(item, str)
        and _KEY_FIRST.fullmatch(key.lower())
        and not _KEY_SKIPPED.fullmatch(key.lower())
        for key, item in value.items()
    )


def _score(item: Any) -> float | None:
    if isinstance(item, list):  # ["Theory", 0.3]
        return _number(item[1]) if len(item) == 2 and isinstance(item[0], str) else None
    if not isinstance(item, dict):
        return None
    scores = [_number(v) for k, v in item.items() if _KEY_SCORE.fullmatch(k.lower())]
    return scores[0] if scores else None
