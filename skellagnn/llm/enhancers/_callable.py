"""Any function or table as an enhancer."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sklearn.base import BaseEstimator

from skellagnn.base.interrupts import holding_interrupts
from skellagnn.exceptions import InvalidParameterError, MissingAnswerError
from skellagnn.llm.enhancers._naming import require_prompts, require_text


class CallableEnhancer(BaseEstimator):  # type: ignore[misc]
    """Answer with a function of one prompt, or from a table.

    Parameters
    ----------
    function : callable(str) -> str or None, or mapping of str to str
        A function is called with one prompt (a :class:`~skellagnn.prompts.Question`) at a time; None says that it
        has no answer now. A mapping is looked up by the whole prompt.
    model_name : str, default=None
        What answers are stored under. By default the qualified name of the function, or a digest of the table. Give
        one to anything whose name does not say what it answers: a lambda, a closure, a method of an object, a
        callable object. A function that was changed needs another name too, or its old answers are found again.

    Raises
    ------
    InvalidParameterError
        When first used, if ``function`` is neither, or has no telling name of its own, or ``model_name`` is no name.

    Examples
    --------
    >>> from skellagnn.enhancers import CallableEnhancer
    >>> CallableEnhancer(str.upper, model_name="shout").complete(["a cat"])
    ['A CAT']
    """

    def __init__(
        self, function: Callable[[str], str | None] | Mapping[str, str], *, model_name: str | None = None
    ) -> None:
        self.function = function
        self.model_name = model_name

    @property
    def is_recording(self) -> bool:
        """Whether this is a table, which ``store="auto"`` does not store again."""
        return isinstance(self.function, Mapping)

    @property
    def name(self) -> str:
        """``model_name``, else ``callable:`` and the function, or ``table:`` and a digest."""
        if self.model_name is not None:
            return self.model_name
        self._check()
        if isinstance(self.function, Mapping):
            rows = sorted((repr(prompt), repr(answer)) for prompt, answer in self.function.items())
            return f"table:{hashlib.sha256(repr(rows).encode()).hexdigest()[:16]}"
        qualified = getattr(self.function, "__qualname__", "")
        owner = getattr(self.function, "__self__", None)
        has_state = owner is not None and not inspect.ismodule(owner) and not inspect.isclass(owner)
        if not qualified or "<lambda>" in qualified or has_state or getattr(self.function, "__closure__", None):
            raise InvalidParameterError(
                "`model_name` of a CallableEnhancer must be given where the function has no name that tells what it "
                f"answers (a lambda, a closure, a method or an object), got {self.function!r}. Answers are stored "
                "under it: CallableEnhancer(function, model_name='mine-v1')."
            )
        return "callable:" + ".".join(filter(None, [getattr(self.function, "__module__", None), qualified]))

    def check(self) -> None:
        """Raise what asking would raise because of a parameter."""
        self._check()
        _ = self.name

    def complete(self, prompts: Sequence[str]) -> list[str | None]:
        """Answer each prompt.

        Raises
        ------
        MissingAnswerError
            If the table lacks a prompt; the message counts them.
        """
        return [answer for _, answer in self.complete_iter(prompts)]

    def complete_iter(self, prompts: Sequence[str]) -> Iterator[tuple[int, str | None]]:
        """Answer one prompt after the other; what a function raises is passed on at the prompt that it raised it for.

        Ctrl-C waits for the answer in flight, which may be paid for; a second one does not.

        Yields
        ------
        position, answer : int, str or None
        """
        self._check()
        prompts = require_prompts(prompts)
        if not isinstance(self.function, Mapping):
            return _call(self.function, prompts)
        table: Mapping[Any, str] = self.function
        missing = [prompt for prompt in prompts if prompt not in table]
        if missing:
            raise MissingAnswerError(
                f"`function` of a CallableEnhancer must have an answer to each prompt where it is a table, got none to "
                f"{len(missing)} of {len(prompts)} prompts, the first being {str(missing[0])[:80]!r}. Add them, or ask "
                "about fewer nodes or prompts."
            )
        return ((position, table[prompt]) for position, prompt in enumerate(prompts))

    def _check(self) -> None:
        require_text(self.model_name, "model_name", optional=True)
        if not callable(self.function) and not isinstance(self.function, Mapping):
            raise InvalidParameterError(
                "`function` of a CallableEnhancer must be a function of one prompt or a dict from prompts to answers, "
                f"got {type(self.function).__name__}. Recorded answers are read by ReplayEnhancer(source)."
            )


def _call(function: Callable[[str], str | None], prompts: Sequence[str]) -> Iterator[tuple[int, str | None]]:
    for position, prompt in enumerate(prompts):
        with holding_interrupts():  # until whoever asked has it
            yield position, function(prompt)
