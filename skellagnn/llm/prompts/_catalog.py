"""Which prompts are meant: names, "all", or objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skellagnn.base.resolve import resolve
from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.prompts._builtin import BUILTIN_PROMPTS, DIVERSE
from skellagnn.llm.prompts._prompt import Prompt


class PromptCatalog(tuple[Prompt, ...]):
    """The prompts of one fit, in order, each name once."""

    @classmethod
    def from_parameter(cls, prompts: Any) -> PromptCatalog:
        """Resolve the ``prompts`` parameter of an estimator.

        Parameters
        ----------
        prompts : "all", str, Prompt, or sequence of str and Prompt
            ``"all"`` is the diverse catalog of six (not ``topic_confidence`` and ``contested``, which ask again what
            ``topic`` asks), also as one entry of a list; several names may also stand in one string, separated by
            ``+`` (``"keywords+topic"``), which reads well in the table of a grid search.

        Returns
        -------
        catalog : PromptCatalog

        Raises
        ------
        InvalidParameterError
            If a name is unknown, a name stands for two different templates, or nothing is left.
        """
        if isinstance(prompts, str):
            prompts = prompts.split("+")
        elif isinstance(prompts, Prompt):
            prompts = [prompts]
        if not isinstance(prompts, Sequence) or len(prompts) == 0:
            raise InvalidParameterError(
                "`prompts` must be 'all', a prompt name, a Prompt, or a non-empty list of these, got "
                f"{prompts!r}. For a fit without LLM set enhancer=None."
            )
        found: dict[str, Prompt] = {}
        for item in prompts:
            if not isinstance(item, (str, Prompt)):
                raise InvalidParameterError(
                    f"`prompts` must hold names and Prompt objects, got {type(item).__name__} ({item!r})."
                )
            for prompt in _meant_by(item):
                if found.setdefault(prompt.name, prompt) != prompt:
                    raise InvalidParameterError(
                        f"`prompts` must give each name one prompt, got two different ones named {prompt.name!r}. "
                        "Rename one."
                    )
        return cls(found.values())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(prompt.name for prompt in self)

    @property
    def needs_class_names(self) -> bool:
        return any(prompt.names_classes for prompt in self)

    def __repr__(self) -> str:
        return f"PromptCatalog({', '.join(self.names)})"


def _meant_by(item: str | Prompt) -> tuple[Prompt, ...]:
    if isinstance(item, Prompt):
        return (item,)
    name = item.strip()
    if name == "all":
        return DIVERSE
    return (resolve(name, BUILTIN_PROMPTS, parameter="prompts", or_else="or 'all', or a Prompt"),)
