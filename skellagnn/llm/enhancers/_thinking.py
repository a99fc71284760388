"""Cutting the thinking of reasoning models out of their answers."""

from __future__ import annotations

import re

from skellagnn.llm.enhancers._base import ANSWER_DETAILS, Answer

_THOUGHT = (
    r"think|thinking|thoughts?|reason|reasoning|rationale|reflect|reflection|scratchpad|monologue|contemplation"
    r"|contemplator|ponder|pondering|chain[-_]of[-_]thought|cot|\u601d\u8003(?:\u8fc7\u7a0b|\u904e\u7a0b)?|denken|nachdenken"
    r"|r\u00e9flexion|raisonnement|razonamiento|pensamiento"
)
# Names that may hold an answer as well: cut only where something is left.
_EITHER = r"planning|deliberation|analysis(?:_[a-z_]{1,16})?|internal"
_NAME = rf"(?:[a-z0-9_:-]{{0,12}}(?:{_THOUGHT})(?:[-_:][a-z0-9]{{1,12}}|[0-9]{{1,3}})?|(?P<either>{_EITHER}))"
_LEFT = r"(?:\\?[<\uff1c\u3008\u27e8\u00ab\u3010]|&(?:amp;)?lt;|&#60;|\\u003c)"
_RIGHT = r"(?:\\?[>\uff1e\u3009\u27e9\u00bb\u3011]|&(?:amp;)?gt;|&#62;|\\u003e)"
_TAG = re.compile(
    r"<\|?(?P<end4b>start|begin|end)_(?:think|thinking|thought)\|?>|<\|?(?:think|thinking|thought)_(?P<end4c>start|begin|end)\|?>|"
    # as a tag of XML, also with escaped, full-width or other brackets, with blanks and attributes, in bold type
    rf"(?P<bold>\*\*|__)?{_LEFT}\s?(?P<closing>[/\uff0f]\s?)?{_NAME}"
    rf"(?:\s[^<>\uff1c\uff1e\u3009\u27e9\n]{{0,80}}|\s)?{_RIGHT}(?(bold)(?P=bold))"
    r"|\u25c1\s?(?P<closing2>/\s?)?think(?:ing)?\s?\u25b7"
    r"|(?-i:\[(?P<closing3>/)?THINK(?:ING)?\])|\{\{?(?P<closing9>/)?think(?:ing)?\}\}?"
    r"|<\|(?P<end4>begin|end|start)_?(?:of_)?_?(?:thought|thinking|think)\|>"
    r"|<[|\uff5c](?P<closing5>/)?(?:think|thinking|thought|reasoning)[|\uff5c]>"
    r"|(?P<open6><\|channel>thought\b)|(?P<close6><channel\|>)"
    r"|<unused94>(?:thought\b)?|(?P<close7><unused95>)"
    r"|<details\s+type=[\"']reasoning[\"'][^<>]{0,200}>"
    r"|<details[^<>]{0,200}>\s*<summary>[^\w<]{0,8}(?:Thought|Thinking|Reasoning)\b[^<>]{0,80}</summary>|(?P<close8></details>)",
    re.IGNORECASE,
)
# A block before the answer, whatever its name: what stands in it is not what was asked for, unless nothing follows.
_LEADING = re.compile(
    r"\s*(?:<(?P<name>[^\W\d][\w:.-]{0,40})(?:\s[^<>\n]{0,80})?>.*?</(?P=name)\s*>"
    r"|<\|?(?:begin|start)_?(?:of_)?(?P<mark>\w{1,40})\|?>.*?<\|?end_?(?:of_)?(?P=mark)\|?>"
    r"|<\|(?P<part>\w{1,40})_prefix\|>.*?<\|(?P=part)_suffix\|>"
    r"|<\|(?P<role>\w{0,20}think\w{0,20})\|>.*?<\|(?:/|end_)(?P=role)\|>"
    r"|<\|im_start\|>\s*think\w{0,5}\n.*?<\|im_end\|>"
    r"|(?P<bracket>[\[(])(?P<word>think|thinking|thoughts?|reasoning)[\])].*?[\[(]/(?P=word)[\])]"
    r"|```[ \t]*(?:think|thinking|thoughts?|reasoning)[ \t]*\n.*?\n[ \t]*```"
    r"|\W{0,8}(?:Thought|Reasoned) for [\w ]{1,20}\n.*?\n[ \t]*-{3,}[ \t]*(?=\n))\s*",
    re.IGNORECASE | re.DOTALL,
)
# Names of such a block that are those of an answer, or of its layout.
_ANSWER_BLOCK = re.compile(
    r"(?:final_?)?(?:answers?|response|output|result|reply|summary|keywords?|keyword_?list|background|topic|class(?:es)?"
    r"|label|category|choices?|first(?:_choice)?|title|abstract|text|document|paper|content|body|html|head|div|span|p|b"
    r"|i|u|em|strong|code|pre|h[1-6]|ul|ol|li|table|tr|td|th|blockquote|a|details|section|article|json|xml)",
    re.IGNORECASE,
)
# What a chat template left before the answer.
_ROLE = re.compile(
    r"\s*<\|(?:im_start|start_header_id|start)\|>\s*(?:\w{1,20}(?=\n|<\|end))?(?:<\|end_header_id\|>)?\s*"
)
_OPEN_AT_END = 60
# What a terminal shows around thinking.
_TERMINAL = re.compile(r"\s*[*_]{0,3}Thinking(?:\.\.\.|\u2026)[*_]{0,3}\s*\n", re.IGNORECASE)
_TERMINAL_END = re.compile(
    r"^[ \t*_]*(?:\.\.\.|\u2026)?\s?done thinking(?:\.{1,3})?[ \t*_]*$", re.IGNORECASE | re.MULTILINE
)
# The format with named channels: what stands before the channel "final" is thinking.
_FINAL = "<|channel|>final"
_OTHER_CHANNEL = re.compile(r"\s*(?:<\|start\|>assistant)?<\|channel\|>")
# The same format where a server took the marks away and left the words.
_BARE_CHANNELS = re.compile(
    r"\s*(?:assistant)?analysis(?=[A-Z\W])(?:(?!assistantfinal).){1,200000}?assistantfinal", re.DOTALL
)
# Marks of an answer, where thinking has marks of its own.
_ANSWER_MARKS = re.compile(
    r"<\|(?:begin_of_solution|end_of_solution|START_RESPONSE|END_RESPONSE|begin_of_answer|end_of_answer)\|>"
)
_CHANNEL_END = re.compile(r"<\|(?:return|end|call)\|>")


def strip_thinking(text: str) -> str:
    """Return an answer without the thinking that a reasoning model wrote before it.

    Parameters
    ----------
    text : str
        What the model said.

    Returns
    -------
    answer : str
        The answer, without surrounding blanks where something was cut; ``""`` if the thinking never came to an end
        (the token limit cut it). A text without thinking comes back as it is.

    Notes
    -----
    Cut are: blocks between tags such as ``<think>`` and ``</think>``, in any case and with any of the usual brackets;
    any block in tags before the answer, unless its name is that of an answer; all up to a closing tag whose opening one
    stood in the chat template; all after an opening tag that begins the text and is never closed; "Thinking..." up to
    "...done thinking."; and the channels before ``final`` in the format that has channels. Tags in quotes, and tags
    that the answer merely mentions, stay.

    Examples
    --------
    >>> from skellagnn.enhancers import strip_thinking
    >>> strip_thinking("<think>Pets? Animals.</think>\\n\\nkeywords: cat, dog")
    'keywords: cat, dog'
    """
    answer = _ANSWER_MARKS.sub("", text.lstrip("\ufeff"))
    answer = _without_leading(_without_blocks(_final_channel(_without_terminal(answer))))
    if answer != text and (role := _ROLE.match(answer)):
        answer = answer[role.end() :]
    return text if answer == text else answer.strip()


def without_thinking(answer: str) -> str:
    """Return an answer, with what it says of itself, without thinking; one that was nothing else says so.

    Parameters
    ----------
    answer : str or Answer
        As an enhancer gave it, or a store kept it.
    """
    text = strip_thinking(answer)
    if text == answer:
        return answer
    known = {name: getattr(answer, name, None) for name in ANSWER_DETAILS}
    return Answer(text, **(known if text else known | {"finish_reason": "thinking"}))


def opened_thinking(prompt: str) -> str:
    """Return the opening tag with which a rendered chat template ends, ``""`` where it opens no thinking."""
    end = prompt[-2 * _OPEN_AT_END :].rstrip()
    tags = list(_TAG.finditer(end))
    return tags[-1].group() if tags and tags[-1].end() == len(end) and not _closes(tags[-1]) else ""


def _without_terminal(text: str) -> str:
    start = _TERMINAL.match(text)
    if start is None:
        return text
    end = _TERMINAL_END.search(text, start.end())
    return text[end.end() :] if end else text


def _final_channel(text: str) -> str:
    if "<|channel|>" not in text:
        bare = _BARE_CHANNELS.match(text) if "assistantfinal" in text else None
        return text[bare.end() :] if bare else text
    final = text.rfind(_FINAL)
    begin = text.find("<|message|>", final) if final >= 0 else -1
    if begin < 0 or "<" in text[final + len(_FINAL) : begin]:
        return "" if _OTHER_CHANNEL.match(text) else text
    answer = text[begin + len("<|message|>") :]
    end = _CHANNEL_END.search(answer)
    return answer[: end.start()] if end else answer


def _without_leading(text: str) -> str:
    """Cut blocks before the answer."""
    while (block := _LEADING.match(text)) and text[block.end() :].strip():
        if block["name"] and _ANSWER_BLOCK.fullmatch(block["name"]):
            break
        text = text[block.end() :]
    return text


def _without_blocks(text: str) -> str:
    """Cut what stands between tags, in one pass."""
    kept: list[str] = []
    position = 0  # all before it is kept or cut
    opened: re.Match[str] | None = None
    mentioned = False  # an opening tag in quotes or in the middle of a sentence, whose closing one is to come
    inside = ""  # what stands in a block whose name an answer may have as well
    for tag in _TAG.finditer(text):
        if _is_quoted(text, tag):
            continue
        if _closes(tag):
            if tag["close8"] and (opened is None or not opened.group().lower().startswith("<details")):
                continue  # the end of some other details
            if mentioned or (opened is None and text[tag.end() : tag.end() + 1] in tuple(".,;:)?!") and tag.start()):
                mentioned = False
                continue
            if opened is None:
                kept.clear()  # the chat template had opened it
            else:
                kept.append(text[position : opened.start()])
                inside = text[opened.end() : tag.start()] if opened["either"] else ""
            position, opened = tag.end(), None
        elif opened is None:
            mentioned = _is_mentioned(text, tag)
            opened = None if mentioned else tag
    if opened is not None and not "".join(kept).strip() and not text[position : opened.start()].strip():
        return ""
    kept.append(text[position:])
    answer = "".join(kept)
    return answer if answer.strip() or not inside.strip() else inside


def _is_quoted(text: str, tag: re.Match[str]) -> bool:
    before, after = text[tag.start() - 1 : tag.start()], text[tag.end() : tag.end() + 1]
    return bool(before and after) and before + after in ("``", '""', "''", "()", "\u201c\u201d", "\u2018\u2019")


def _is_mentioned(text: str, tag: re.Match[str]) -> bool:
    """Whether an opening tag stands in a sentence about tags, behind a back quote or alone, or in code behind one."""
    before = text[: tag.start()]
    if before.count("```") % 2 and before.split("```", 1)[0].strip():
        return True
    line = text[max(text.rfind("\n", 0, tag.start()), tag.start() - 200) + 1 : tag.start()]
    return line.endswith("`") or (line.strip() != "" and line.endswith(" ") and text[tag.end() : tag.end() + 1] == " ")


def _closes(tag: re.Match[str]) -> bool:
    groups = tag.groupdict()
    end = groups["end4"] or groups["end4b"] or groups["end4c"]
    if end is not None:
        return bool(end.lower() == "end")
    return any(value is not None for name, value in groups.items() if name.startswith("clos"))
