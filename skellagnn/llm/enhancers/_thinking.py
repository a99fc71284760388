"""Cutting the thinking of reasoning models out of their answers."""

from __future__ import annotations

import re

_WORD = (
    r"(?:[a-z_:]{0,12}(?:think|thinking|thoughts?|reason|reasoning|reflect|reflection|scratchpad|monologue|planning|deliberation)(?:_[a-z]{1,12})?"
    r"|analysis(?:_[a-z_]{1,16})?|chain_of_thought|cot|internal)"
)
_TAG = re.compile(
    r"<\|?(?:think|thinking|thought)_(?P<end4b>start|begin|end)\|?>|"
    # as a tag of XML, also with escaped, full-width or other brackets, with blanks and attributes
    rf"(?:[<\uff1c\u3008\u27e8]|&lt;|&#60;)\s?(?P<closing>[/\uff0f]\s?)?{_WORD}"
    r"(?:\s[^<>\uff1c\uff1e\u3009\u27e9\n]{0,80}|\s)?(?:[>\uff1e\u3009\u27e9]|&gt;|&#62;)"
    r"|\u25c1\s?(?P<closing2>/\s?)?think(?:ing)?\s?\u25b7"
    r"|(?-i:\[(?P<closing3>/)?THINK(?:ING)?\])|\{(?P<closing9>/)?think(?:ing)?\}"
    r"|<\|(?P<end4>begin|end|start)_?(?:of_)?_?(?:thought|thinking|think)\|>"
    r"|<[|\uff5c](?P<closing5>/)?(?:think|thinking|thought|reasoning)[|\uff5c]>"
    r"|(?P<open6><\|channel>thought\b)|(?P<close6><channel\|>)"
    r"|<unused94>(?:thought\b)?|(?P<close7><unused95>)"
    r"|<details\s+type=[\"']reasoning[\"'][^<>]{0,200}>"
    r"|<details[^<>]{0,200}>\s*<summary>\s*(?:Thought|Thinking|Reasoning)\b[^<>]{0,80}</summary>|(?P<close8></details>)",
    re.IGNORECASE,
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
_BARE_CHANNELS = re.compile(r"\s*analysis(?=[A-Z\W])(?:(?!assistantfinal).){1,200000}?assistantfinal", re.DOTALL)
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
    all up to a closing tag whose opening one stood in the chat template; all after an opening tag that begins the text
    and is never closed; "Thinking..." up to "...done thinking."; and the channels before ``final`` in the format that
    has channels. A tag in back quotes, and an opening tag that the answer merely mentions further on, stay.

    Examples
    --------
    >>> from skellagnn.enhancers import strip_thinking
    >>> strip_thinking("<think>Pets? Animals.</think>\\n\\nkeywords: cat, dog")
    'keywords: cat, dog'
    """
    answer = _without_blocks(_final_channel(_without_terminal(_ANSWER_MARKS.sub("", text))))
    return text if answer == text else answer.strip()


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


def _without_blocks(text: str) -> str:
    """Cut what stands between tags, in one pass."""
    kept: list[str] = []
    position = 0  # all before it is kept or cut
    opened: int | None = None
    details = False
    for tag in _TAG.finditer(text):
        if text[tag.start() - 1 : tag.start()] == "`" and text[tag.end() : tag.end() + 1] == "`":
            continue  # quoted
        is_details = tag.group().lower().startswith(("<details", "</details"))
        if is_details and _closes(tag) and not details:
            continue  # the end of some other details
        if not _closes(tag):
            if opened is None:
                opened, details = tag.start(), is_details
            continue
        if opened is None:
            kept.clear()  # the chat template had opened it
        else:
            kept.append(text[position:opened])
        position, opened, details = tag.end(), None, False
    if opened is not None and not "".join(kept).strip() and not text[position:opened].strip():
        return ""
    kept.append(text[position:])
    return "".join(kept)


def _closes(tag: re.Match[str]) -> bool:
    groups = tag.groupdict()
    end = groups["end4"] or groups["end4b"]
    if end is not None:
        return bool(end.lower() == "end")
    return any(value is not None for name, value in groups.items() if name.startswith("clos"))
