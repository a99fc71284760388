"""Prompt (a template with checked fields) and Question (a prompt filled in for a node)."""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skellagnn.base.resolve import suggest
from skellagnn.exceptions import InvalidParameterError

# What a template may ask for, and what each field is.
FIELDS = {
    "text": "the node's own text",
    "title": "the node's title, or the beginning of its text",
    "class_names": "the names of the classes, separated by commas",
    "candidates": "the classes in question, one a line, with descriptions where there are some",
    "neighbor_titles": "the titles of the node's neighbors, one a line",
}


@dataclass(frozen=True)
class Prompt:
    """One way to ask an LLM about a node.

    Parameters
    ----------
    name : str
        Short name, by which users, plans and stores know it. Letters, digits, ``_`` and ``-``.
    template : str
        Text with fields in braces: ``{text}``, ``{title}``, ``{class_names}``, ``{candidates}``,
        ``{neighbor_titles}``. A literal brace is doubled. What is filled in is data: braces in a node's text stay as
        they are.
    max_answer_tokens : int, default=128
        Upper limit for the length of an answer, in tokens of the LLM.

    Attributes
    ----------
    fields : frozenset of str
        Fields that the template uses.
    key : str
        Name and digest of template and answer limit. Answers are stored under it, so that a changed prompt never gets
        the answers to the old one.
    names_classes : bool
        Whether answers name classes, and so can serve as soft targets.

    Raises
    ------
    InvalidParameterError
        If the template uses an unknown field, no field of the node itself, or anything beyond plain ``{field}``.

    Examples
    --------
    >>> from skellagnn import Prompt
    >>> Prompt("methods", "Which methods does this text mention?\\n\\n{text}").fields
    frozenset({'text'})
    """

    name: str
    template: str
    max_answer_tokens: int = 128
    fields: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name or not set(self.name) <= _NAME_CHARACTERS:
            raise InvalidParameterError(
                f"`name` of a prompt must be letters, digits, '_' and '-', got {self.name!r}. Rename the prompt."
            )
        limit = self.max_answer_tokens
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise InvalidParameterError(
                f"`max_answer_tokens` of prompt {self.name!r} must be a positive int, got {limit!r}."
            )
        object.__setattr__(self, "fields", _check_template(self.name, self.template))

    @property
    def key(self) -> str:
        # the limit changes answers as the wording does: one that was cut must not be found for a longer limit
        identity = f"{self.max_answer_tokens}\0{self.template}"
        return f"{self.name}:{hashlib.sha256(identity.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"

    @property
    def names_classes(self) -> bool:
        return not self.fields.isdisjoint(("class_names", "candidates"))

    def render(self, values: Mapping[str, str]) -> str:
        """Fill the template; ``values`` must have every field of it."""
        # one pass: braces inside a value are never looked at again
        return self.template.format_map({name: values[name] for name in self.fields})


_NAME_CHARACTERS = set(string.ascii_letters + string.digits + "_-")


def _check_template(name: str, template: str) -> frozenset[str]:
    if not isinstance(template, str):
        raise InvalidParameterError(f"`template` of prompt {name!r} must be a str, got {type(template).__name__}.")
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise InvalidParameterError(
            f"`template` of prompt {name!r} has an unbalanced brace: {error}. Double the braces that are meant "
            "literally: {{ and }}."
        ) from error
    used: set[str] = set()
    for _, field_name, format_spec, conversion in parts:
        if field_name is None:
            continue
        if field_name not in FIELDS or format_spec or conversion:
            shown = field_name + (f"!{conversion}" if conversion else "") + (f":{format_spec}" if format_spec else "")
            raise InvalidParameterError(
                f"`template` of prompt {name!r} must use only the fields "
                f"{', '.join('{' + known + '}' for known in FIELDS)}, got {{{shown}}}.{suggest(field_name, FIELDS)}"
            )
        used.add(field_name)
    if not used & {"text", "title", "neighbor_titles"}:
        raise InvalidParameterError(
            f"`template` of prompt {name!r} must show something of the node, {{text}} or {{title}}, got none of them: "
            "every node would be asked the same."
        )
    return frozenset(used)


class Question(str):
    """A prompt filled in for a node: the string to send, and what it was made from.

    An enhancer may treat it as the plain string that it is. One that has to shorten a long text, or that looks
    recorded answers up, finds the parts here.

    Attributes
    ----------
    prompt : Prompt
    values : dict of str to str
        What was filled in, by field.
    node_names : tuple of str
        Names of all nodes that ask this very question; equal texts ask once. Not part of :attr:`digest`.
    choices : tuple of str
        Class names as the question shows them, one by one. Not part of :attr:`digest`.
    """

    prompt: Prompt
    values: dict[str, str]
    node_names: tuple[str, ...]
    choices: tuple[str, ...]

    def __new__(
        cls,
        prompt: Prompt,
        values: Mapping[str, str],
        node_names: tuple[str, ...] = (),
        choices: tuple[str, ...] = (),
    ) -> Question:
        question = super().__new__(cls, prompt.render(values))
        question.prompt = prompt
        question.values = {name: values[name] for name in sorted(prompt.fields)}
        question.node_names = node_names
        question.choices = choices
        return question

    def __reduce__(self) -> tuple[Any, ...]:
        return Question, (self.prompt, self.values, self.node_names, self.choices)

    @property
    def digest(self) -> str:
        """SHA-256 over the field values. Together with the prompt's key it identifies the question."""
        canonical = json.dumps(self.values, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()
