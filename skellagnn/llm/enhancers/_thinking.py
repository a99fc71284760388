"""Cutting the thinking of reasoning models out of their answers."""

from __future__ import annotations

import re

_OPEN = r"<(?:think|thinking|thought|reasoning|seed:think)>|\[THINK\]|<\|begin_of_thought\|>|<\|channel>thought\b"
_CLOSE = r"</(?:think|thinking|thought|reasoning|seed:think)>|\[/THINK\]|<\|end_of_thought\|>|<channel\|>"
_BLOCK = re.compile(rf"(?:{_OPEN}).*?(?:{_CLOSE})", re.DOTALL)
_UP_TO_CLOSE = re.compile(rf"\A.*(?:{_CLOSE})", re.DOTALL)
_UNCLOSED = re.compile(rf"\A\s*(?:{_OPEN}).*", re.DOTALL)
_OPEN_AT_END = re.compile(rf"(?:{_OPEN})\s*\Z")
# The format with named channels: what stands before the channel "final" is thinking.
_UP_TO_FINAL = re.compile(r"\A.*<\|channel\|>final[^<]*<\|message\|>", re.DOTALL)
_OTHER_CHANNEL = re.compile(r"\A\s*(?:<\|start\|>assistant)?<\|channel\|>.*", re.DOTALL)
_CHANNEL_END = re.compile(r"<\|(?:return|end|call)\|>.*", re.DOTALL)


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
    Cut are: blocks between tags such as ``<think>`` and ``</think>``; all up to a closing tag whose opening one stood
    in the chat template; all after an opening tag that begins the text and is never closed; and the channels before
    ``final`` in the format that has channels. An opening tag that the answer merely mentions further on stays.

    Examples
    --------
    >>> from skellagnn.enhancers import strip_thinking
    >>> strip_thinking("<think>Pets? Animals.</think>\\n\\nkeywords: cat, dog")
    'keywords: cat, dog'
    """
    if "<" not in text and "[" not in text:
        return text
    answer = text
    if "<|channel|>" in answer:
        final = _UP_TO_FINAL.sub("", answer)
        answer = _CHANNEL_END.sub("", final) if final != answer else _OTHER_CHANNEL.sub("", answer)
    answer = _UNCLOSED.sub("", _UP_TO_CLOSE.sub("", _BLOCK.sub("", answer)))
    return text if answer == text else answer.strip()


def opened_thinking(prompt: str) -> str:
    """Return the opening tag with which a rendered chat template ends, ``""`` where it opens no thinking."""
    match = _OPEN_AT_END.search(prompt)
    return match.group().strip() if match else ""
