"""What a failed request says: the server's words in every form of body, whom they concern, how long it asks to wait.

The official client tells the status and hands the body over; the words of other providers, and waits that stand in
other places than ``Retry-After``, it leaves unread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any

# Where bodies keep their message and their code, the most telling first.
_MESSAGES = ("message", "msg", "detail", "error_description", "error_message", "error", "errors", "title", "reason")
_CODES = ("code", "type", "error_code", "error_type", "status")
_NO_CODES = ("error", "invalid_request_error")  # say nothing
_DEEPEST = 8  # levels of a body that are looked into
# Characters that are looked at, of a page or of a message: what the patterns here cost grows with the square of them.
_PAGE, _MESSAGE = 20_000, 2_000

_ABOUT_QUESTION = re.compile(
    r"content[ _-]?(?:filter|policy|exists|moderat|management)|inspection|inappropriate|moderation|flagged|prohibited"
    r"|safety|sensitive|policy[ _]violation|jailbreak|invalid_prompt|harmful"
    r"|context[ _]?(?:length|size|window)|maximum (?:model|input|prompt) length|input token|prompt is too long"
    r"|too many (?:input )?tokens|string_above_max_length|request(?: entity)? too large|payload too large"
    r"|must be reduced|(?:reduce|shorten|truncate) (?:the |your )?(?:\w+ )?(?:length|size|prompt|input|text|messages?)"
    r"|please shorten|request alone|(?:tokens|characters) per (?:single )?request|请(?:缩短|减少)|请求过长|過長|过长"
    r"|responsible ?ai|violat\w+ (?:our|the|these|terms) |guardrail|disallowed|nsfw|unsafe"
    r"|敏感|违规|违反|不合规|长度超|(?:token|length) limit exceeded"
    r"|exceeds? (?:the )?(?:token|length|context|input) limit|sequence length"
    r"|sequence too long|message you submitted was too long|n_ctx"
    r"|(?:input|prompt|text|message|query|request|content)s?(?: \w+)? (?:is|are) too (?:long|large)|prompt token"
    r"|(?:input|prompt|content|message)s?(?: \w+)? exceeds? |range of input length|inputs? tokens \+ max_new_tokens"
    r"|at most \d+ (?:characters|tokens) *\Z|payload size",
    re.IGNORECASE,
)
_ABOUT_LENGTH = re.compile(
    r"length|size|window|long|large|token|reduce|shorten|exceed|characters|alone|per |长|缩短|减少|過長|n_ctx", re.I
)
# What speaks of the settings and would befall each question.
_ABOUT_SETTINGS = re.compile(r"max_(?:completion_|new_)?tokens\W+.{0,40}(?:too large|less than|at most|exceed)", re.I)
_OF_A_DAY = re.compile(
    r"per[ _-]?day|perday|daily|\b[rt]pd\b|per[ _-]?(?:week|month)|weekly|monthly|free-models-per-day"
    r"|for (?:the |to)(?:day|week|month)|24[ -]?h(?:ours?)?\b|/ ?(?:day|week|month)\b|今日|每日|每天",
    re.IGNORECASE,
)
_OF_MONEY = re.compile(
    r"insufficient[ _](?:quota|balance|credit|fund|user_quota)|billing|credits?\b|balance|payment|prepaid|out of funds"
    r"|exceeded your current quota|quota[ _]exceeded|arrearage|spend(?:ing)? (?:limit|cap)|key limit exceeded"
    r"|usage limit|exceeded ?budget|over budget|budget has been exceeded|free tier\b.{0,40}\b(?:exhausted|used up)"
    r"|freetieronly|欠费|欠費|余额|餘額",
    re.IGNORECASE,
)
# Of money under status 400, which else is about the question.
_BUDGET = re.compile(
    r"exceeded ?budget|over budget|budget has been exceeded|insufficient[ _](?:quota|balance|credit|fund)|arrearage"
    r"|balance is too low",
    re.IGNORECASE,
)
_NUMBER = r"\d+(?:\.\d+)?"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_AMOUNT = re.compile(
    rf"({_NUMBER})\s*(milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])", re.I
)
# "try again in 1m2.5s", "Please retry after 20 seconds", "wait for 3 s before": a number without a unit is seconds
_WAIT_IN_WORDS = re.compile(
    rf"(?:again|retry|retrying|wait(?:ing)?|resets?|available|back ?off|cool ?down"
    rf"|another request)\b[^.\d]{{0,40}}?(?<![\d-])(?!\d{{4}}-|\d{{1,2}} [A-Z][a-z]{{2}} \d{{4}})"
    rf"((?:{_NUMBER}\s*(?:[a-z]*s(?:ec\w*)?|m\w*|h\w*|days?)?(?![a-z])\s*(?:and\s+)?)+)(?!\s*(?:times|tokens|re|att))",
    re.IGNORECASE,
)
_WAIT_FIELDS = re.compile(
    r"(?:(?:quota_?)?(?:retry|resets?)_?-?(?:delay|after|in)|seconds_until_reset|wait|wait_?time|estimated_?time)(?:_?-?(ms|milliseconds|seconds"
    r"|secs?))?",
    re.IGNORECASE,
)
# "Please wait a minute"; "20秒后重试"; "resets at 2026-10-21T07:28:40Z"
_A_UNIT = re.compile(
    r"\b(?:wait|again in|retry in|retry after) (?:for )?(?:an?|one) (second|minute|hour)\b", re.IGNORECASE
)
_WAIT_IN_TONGUES = re.compile(
    r"\b(?:in(?= \d+ sek)|dans|dentro de|tra|fra|через) (\d+) (?:sek|sec|seg|сек)\w*", re.IGNORECASE
)
_WAIT_IN_CHINESE = re.compile(rf"({_NUMBER})\s*(毫秒|秒|分钟|分鐘|小时|小時)(?:钟|鐘)?(?:之?后|之?後|再)")
_CHINESE_UNITS = {"毫": 0.001, "秒": 1.0, "分": 60.0, "小": 3600.0}
_WAIT_UNTIL = re.compile(
    r"\b(?:resets?|retry|again|available|until)\b[^.\d]{0,30}(\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)"
)


def words_of(body: Any, otherwise: str = "") -> tuple[str, str]:
    """Return the code and the message of an error's body.

    Parameters
    ----------
    body : object
        What JSON or text came: an object or a list in any nesting, plain text, HTML.
    otherwise : str, default=""
        The message where the body has none.

    Returns
    -------
    code, message : str
        The code is ``""`` where there is none beside a number.
    """
    if isinstance(body, str) and body.lstrip()[:1] in ("{", "["):
        with suppress(ValueError, RecursionError):
            body = json.loads(body)
    messages = list(dict.fromkeys(filter(None, (text.strip() for text in _messages(body, _DEEPEST)))))
    return next(_codes(body, _DEEPEST), "")[:_MESSAGE], ("; ".join(messages[:4]) or otherwise)[:_MESSAGE]


def _messages(body: Any, depth: int) -> Iterator[str]:
    if depth == 0 or body is None:
        return
    if isinstance(body, str):
        yield _plain(body)
    elif isinstance(body, list):
        for item in body[:3]:
            yield from _messages(item, depth - 1)
    elif isinstance(body, Mapping):
        found = False
        for name in _MESSAGES:
            for message in _messages(body.get(name), depth - 1):
                found = True
                # a list of wrong fields says which one beside what is wrong with it
                loc = body.get("loc") if name == "msg" else None
                yield f"{'.'.join(map(str, loc))}: {message}" if isinstance(loc, list) else message
            if found:
                break
        # a router says "Provider returned error", and what the provider said beside it
        metadata = body.get("metadata")
        if isinstance(metadata, Mapping):
            for name in ("raw", "reasons"):
                yield from _messages(metadata.get(name), depth - 1)
        if not found and body:
            yield _as_text(body)
    else:
        yield str(body)


def _as_text(body: Any) -> str:
    try:
        return json.dumps(body, default=str) if isinstance(body, (list, Mapping)) else ""
    except (ValueError, TypeError, RecursionError):
        return ""


def _plain(text: str) -> str:
    """Return the words of a text that may be HTML, such as the page of a proxy."""
    text = text[:_PAGE]
    if re.search(r"<(?:!doctype|\?xml|html|body|h\d|title|p)\b", text, re.IGNORECASE):
        text = re.sub(r"(?is)<(script|style)\b.*?</\1>|<!--.*?-->", " ", text)
        text = unescape(re.sub(r"<[^<>]*>", " ", text))
    return " ".join(text.split())


def _codes(body: Any, depth: int) -> Iterator[str]:
    if depth == 0:
        return
    if isinstance(body, list):
        for item in body[:3]:
            yield from _codes(item, depth - 1)
    elif isinstance(body, Mapping):
        for name in _CODES:
            value = body.get(name)
            if isinstance(value, str) and re.search("[A-Za-z]", value) and value not in _NO_CODES:
                yield value
        for name in ("error", "errors", "detail", "message"):
            if isinstance(body.get(name), (Mapping, list)):
                yield from _codes(body[name], depth - 1)


def concerns_question(status: int, code: str, message: str) -> bool:
    """Say whether a refusal is known to concern the one question: its length, or what is in it."""
    if status == 413 or _asks_for_more_than_all(message):
        return True
    if status in (401, 402, 404) or _ABOUT_SETTINGS.search(message):
        return False
    return _ABOUT_QUESTION.search(f"{code} {message}") is not None


def _asks_for_more_than_all(message: str) -> bool:
    """Whether one question needs more than a limit is, so that no wait helps: "Limit: 10000, Requested: 12000"."""
    limit, requested = (re.search(rf"(?i)\b{word}\w*\W{{0,3}}(\d[\d,]*)", message) for word in ("limit", "requested"))
    return limit is not None and requested is not None and _whole(requested[1]) > _whole(limit[1])


def _whole(number: str) -> int:
    return int(number.replace(",", "")[:15])


def kind_of(status: int, code: str, message: str) -> str:
    """Return the kind of a refusal, as ``llm_usage_`` counts it."""
    if concerns_question(status, code, message):
        match = _ABOUT_QUESTION.search(f"{code} {message}")
        return "too long" if match is None or _ABOUT_LENGTH.search(match.group()) else "content refused"
    return "rate limit" if status == 429 else f"HTTP {status}"


def used_up(status: int, code: str, message: str, body: Any = None) -> str | None:
    """Return which allowance is used up for longer than one may wait: ``"a day"``, ``"money"``, or None."""
    if status not in (402, 403, 429) and not (status == 400 and _BUDGET.search(f"{code} {message}")):
        return None
    words = f"{code} {message} {_as_text(body)[:_PAGE]}"
    if _OF_A_DAY.search(words):
        return "a day"
    if status == 402 or code == "insufficient_quota":
        return "money"
    minute = re.search(r"per[ _-]?minute|perminute|\b[rt]pm\b", words, re.IGNORECASE)
    return "money" if _OF_MONEY.search(words) and not minute and _wait_in(message, body) is None else None


def advised_wait(
    headers: Mapping[str, str], message: str = "", body: Any = None, *, now: datetime | None = None
) -> float | None:
    """Return the seconds that a server asks to wait, None where it does not say.

    Read are ``Retry-After`` (seconds, milliseconds, a date), the message ("try again in 35.8s"), fields of the body
    (``retryDelay``), and last ``x-ratelimit-reset-...``: of what is used up, where that is told. The longest of the
    first three counts. Points in time are compared with the server's ``Date``: its clock may not be ours.
    """
    now = now or _date_of(headers) or datetime.now(timezone.utc)
    said = sorted(
        (field[1] is None, seconds)  # the exact one first
        for name, value in headers.items()
        if (field := re.fullmatch(r"(?i)(?:[\w-]+-)?retry-after(?:-(ms)|-seconds?)?", name))
        and (seconds := seconds_in(value, unit=0.001 if field[1] else 1.0, now=now)) is not None
    )
    after = said[0][1] if said else None
    hints = [hint for hint in (after, _wait_in(message, body, now)) if hint is not None]
    if not hints:
        hints = list(_resets(headers, now))
    return max(hints, default=None)


def _date_of(headers: Mapping[str, str]) -> datetime | None:
    said = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        date = parsedate_to_datetime(said)
    except ValueError:
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=timezone.utc)


def _wait_in(message: str, body: Any, now: datetime | None = None) -> float | None:
    hints = [*_wait_fields(body, _DEEPEST, now)]
    message = re.sub(r"(?<=\d),(?=\d{3}\b)", "", message)
    hints += [_unit(match[1].lower()) for match in _A_UNIT.finditer(message)]
    hints += [float(match[1]) for match in _WAIT_IN_TONGUES.finditer(message)]
    hints += [float(match[1]) * _CHINESE_UNITS[match[2][0]] for match in _WAIT_IN_CHINESE.finditer(message)]
    for match in _WAIT_UNTIL.finditer(message):
        if (until := seconds_in(match[1], now=now)) is not None:
            hints.append(until)
    for match in _WAIT_IN_WORDS.finditer(message):
        seconds = seconds_in(match[1].strip())
        if seconds is not None:
            hints.append(seconds)
    return max(hints, default=None)


def _wait_fields(body: Any, depth: int, now: datetime | None = None) -> Iterator[float]:
    if depth == 0:
        return
    if isinstance(body, list):
        for item in body[:20]:
            yield from _wait_fields(item, depth - 1, now)
    elif isinstance(body, Mapping):
        for name, value in body.items():
            field = _WAIT_FIELDS.fullmatch(str(name))
            if field and isinstance(value, Mapping):  # a duration as an object
                value = value.get("seconds")
            if field and isinstance(value, (str, int, float)):
                is_small = (field[1] or "").lower().startswith("m")
                seconds = seconds_in(str(value), unit=0.001 if is_small else 1.0, now=now)
                if seconds is not None:
                    yield seconds
            elif str(name).lower() == "headers" and isinstance(value, Mapping):  # those of whom a router asked
                headers = {str(key): str(said) for key, said in value.items()}
                yield from _resets(headers, now or datetime.now(timezone.utc))
            else:
                yield from _wait_fields(value, depth - 1, now)


def _resets(headers: Mapping[str, str], now: datetime) -> Iterator[float]:
    every: list[float] = []
    spent: list[float] = []
    for name, value in headers.items():
        if re.fullmatch(r"(?i)(?:x-)?rate-?limit", name):  # all in one: "limit=100, remaining=0, reset=12"
            reset = re.search(r"(?:\breset|;\s*t)=(\d+)", value)
            if reset:
                (spent if re.search(r"(?:\bremaining|;\s*r)=0\b", value) else every).append(float(reset[1]))
            continue
        match = re.fullmatch(r"(?i)(.*rate-?limit-?)(?:reset(.*)|(.*)-reset)", name)
        if match is None:
            continue
        rest = match[2] or ""
        other = f"{match[1]}remaining{rest}" if match[3] is None else f"{match[1]}{match[3]}-remaining"
        seconds = seconds_in(value, now=now)
        if seconds is not None:
            every.append(seconds)
            if re.match(r"\s*0+(\.0*)?\s*$", headers.get(other, "")):
                spent.append(seconds)
    # several allowances without a word on which is used up: the shortest may be enough
    yield from spent or sorted(every)[:1]


def seconds_in(value: str, *, unit: float = 1.0, now: datetime | None = None) -> float | None:
    """Read a length of time ("7", "36s", "6m0s", "120ms"), a date or a time since 1970; None if it is none of these."""
    value = value[:100].strip()
    now = now or datetime.now(timezone.utc)
    try:
        number = float(value)
    except ValueError:
        pass
    else:
        if number != number or number in (float("inf"), float("-inf")):
            return None
        if number > 1e11:  # milliseconds since 1970
            number /= 1000.0
        return max(0.0, number - now.timestamp()) if number > 1e9 else max(0.0, number * unit)
    amounts = _AMOUNT.findall(value)
    if amounts:
        return sum(float(number) * _unit(name.lower()) for number, name in amounts)
    clock = re.fullmatch(r"(\d{1,2}):(\d\d):(\d\d)", value)
    if clock:
        return 3600.0 * int(clock[1]) + 60.0 * int(clock[2]) + int(clock[3])
    leading = re.match(rf"({_NUMBER})\s*(?:$|;)|({_NUMBER})\s+(?![a-z])", value)
    if leading:
        return float(leading[1] or leading[2]) * unit
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        try:
            date = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    return max(0.0, (date - now).total_seconds())


def _unit(name: str) -> float:
    return _UNITS["ms" if name.startswith(("ms", "milli")) else name[0]]
