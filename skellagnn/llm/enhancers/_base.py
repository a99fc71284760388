"""The contract of an enhancer."""

from __future__ import annotations

import numbers
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from skellagnn.exceptions import InvalidParameterError

Number = TypeVar("Number", int, float)


@runtime_checkable
class Enhancer(Protocol):
    """Something that answers prompts: an LLM server, a local model, a table of recorded answers.

    A class with these two members is an enhancer; nothing is inherited or registered. Derive it from
    :class:`sklearn.base.BaseEstimator` to search over its parameters (``enhancer__temperature``) and to be cloned
    without copying what it has loaded.

    Notes
    -----
    Seven further members are optional. Where they are missing, nothing but comfort is lost.

    ``complete_iter(prompts) -> iterator of (position, answer)``
        Hands each answer over when it arrives, in any order, each position once. The caller stores each at once, so
        that an error, a crash or Ctrl-C midway loses nothing that was paid for. ``complete`` is then two lines on
        top of it.
    ``check()``
        Raises an error of this package if it cannot be asked, for want of a key, a package or a server. ``fit`` calls
        it before it encodes anything; it is to be cheap and to ask nothing.
    ``chunk_size``
        How many prompts the back end likes to get in one call, an int: a server with many connections is kept busy
        only by many prompts.
    ``count_tokens(prompts) -> list of int or None``
        Counts prompt tokens exactly, for plans and limits; None if it cannot here.
    ``estimate_tokens(prompts) -> list of int``
        Says about how many tokens each request has with all that is sent along, where they cannot be counted. By
        default four ASCII characters of the prompt are a token, and each other character is one.
    ``longest_answers(prompts) -> list of int``
        How many tokens each answer may have, for plans and limits; by default what the prompt allows.
    ``is_recording``
        True for a table of answers that cost nothing: ``store="auto"`` does not store them a second time.

    Examples
    --------
    A complete back end:

    >>> from sklearn.base import BaseEstimator
    >>> class Reverser(BaseEstimator):
    ...     def __init__(self, n_words=3):
    ...         self.n_words = n_words
    ...
    ...     @property
    ...     def name(self):
    ...         return f"reverser[n_words={self.n_words}]"
    ...
    ...     def complete(self, prompts):
    ...         return [" ".join(prompt.split()[::-1][: self.n_words]) for prompt in prompts]
    >>> Reverser(2).complete(["a cat sat"])
    ['sat cat']
    """

    @property
    def name(self) -> str:
        """Identify model, revision and every setting that changes an answer: answers are stored under it."""
        ...

    def complete(self, prompts: Sequence[str]) -> Sequence[str | None]:
        """Answer each prompt.

        Parameters
        ----------
        prompts : sequence of str
            What the package passes are :class:`~skellagnn.prompts.Question` objects: strings that also know their
            prompt, their field values and the names of the nodes that ask.

        Returns
        -------
        answers : sequence of str or None, of the same length and order
            An :class:`Answer` may say more than a plain string. None for a question that could not be answered now:
            its node keeps its own vector, the question is counted as failed, and it is asked again next time. So does
            an empty answer of 0 tokens: a model that is still being loaded says so.
        """
        ...


class Answer(str):
    """An answer that says what it cost and how sure it is. A plain string is an answer too.

    Attributes
    ----------
    finish_reason : str or None
        ``"stop"``, ``"length"`` (cut by the token limit), or what the back end calls it.
    tokens_in, tokens_out : int or None
        Tokens of the prompt and of the answer.
    seconds : float or None
        Time that the answer took.
    confidence : float or None
        How probable the LLM itself takes its answer to be, from 0 to 1.
    snapshot : str or None
        The model that answered, by the name that the server gives it: names such as ``"gpt-4o"`` move to newer ones.

    Raises
    ------
    InvalidParameterError
        If ``text`` is no string, ``confidence`` no number from 0 to 1, one of the other numbers none of 0 or more, or
        ``finish_reason`` or ``snapshot`` no text.
    """

    finish_reason: str | None
    tokens_in: int | None
    tokens_out: int | None
    seconds: float | None
    confidence: float | None
    snapshot: str | None

    def __new__(
        cls,
        text: str,
        *,
        finish_reason: str | None = None,
        tokens_in: int | None = None,
        tokens_out: int | None = None,
        seconds: float | None = None,
        confidence: float | None = None,
        snapshot: str | None = None,
    ) -> Answer:
        if confidence is not None and not (isinstance(confidence, numbers.Real) and 0 <= confidence <= 1):
            raise InvalidParameterError(
                f"`confidence` of an answer must be None or a number from 0 to 1, got {confidence!r:.200}. Divide "
                "percent by 100, and leave it out where it is not known."
            )
        if not isinstance(text, str):
            raise InvalidParameterError(
                f"`text` of an answer must be a str, got {text!r:.80}. Give None in place of an answer where there is "
                "none."
            )
        for name, said in (("finish_reason", finish_reason), ("snapshot", snapshot)):
            if said is not None and not isinstance(said, (str, Enum)):
                raise InvalidParameterError(
                    f"`{name}` of an answer must be None or a str, got {said!r:.80}. Leave it out where it is not "
                    "known."
                )
        answer = super().__new__(cls, text)
        answer.finish_reason = finish_reason
        answer.tokens_in = _amount("tokens_in", tokens_in, int)
        answer.tokens_out = _amount("tokens_out", tokens_out, int)
        answer.seconds = _amount("seconds", seconds, float)
        answer.confidence = None if confidence is None else float(confidence)
        answer.snapshot = snapshot
        return answer

    @property
    def is_complete(self) -> bool:
        """Whether the answer came to its end: by a known good ``finish_reason``, or none."""
        return not self.finish_reason or plain_reason(self.finish_reason) in _GOOD_ENDS

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_answer, (str(self), {name: getattr(self, name) for name in ANSWER_DETAILS})


@dataclass(frozen=True)
class Unanswered:
    """What an enhancer may yield in place of None: why there is no answer, in full and in two or three words."""

    reason: str
    kind: str


def plain_reason(reason: object) -> str:
    """Write a finish reason as all back ends would: ``"FINISH_REASON_MAX_TOKENS"`` and ``"maxTokens"`` alike."""
    return re.sub(r"[\W_]", "", str(reason).lower()).removeprefix("finishreason")


# What back ends call the end of a whole answer. All else (a limit, a filter, a name that is not known) cut it short.
_GOOD_ENDS = frozenset(
    {"stop", "eos", "eostoken", "end", "endturn", "endofturn", "stopsequence", "stoptoken", "complete", "endoftext"}
    | {"stopstr", "normal", "completed", "finish", "finished", "done", "success", "empty", "refusal", "eot"}
    | {"eosfound", "stopstringfound", "eostokenfound"}
)

# What an answer may say beside its text, and of which type it is. A response store has a column for each.
ANSWER_DETAILS: dict[str, type[str] | type[int] | type[float]] = {
    "finish_reason": str,
    "tokens_in": int,
    "tokens_out": int,
    "seconds": float,
    "confidence": float,
    "snapshot": str,
}


def _amount(name: str, value: Any, kind: Callable[[Any], Number]) -> Number | None:
    """Return a number that an answer says of itself, as a plain number."""
    if value is None:
        return None
    is_number = isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))
    if not is_number or not 0 <= value < 2**63:  # no database has more
        raise InvalidParameterError(
            f"`{name}` of an answer must be None or a number of 0 or more, got {value!r:.80}. Leave it out where it is "
            "not known."
        )
    return kind(value)


def _rebuild_answer(text: str, details: dict[str, Any]) -> Answer:
    return Answer(text, **details)
