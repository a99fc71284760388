"""Prompts to the token ids that a local model reads: chat template, control tokens, context window."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from skellagnn.exceptions import AnswerWarning, EnhancerError, InvalidParameterError
from skellagnn.llm.enhancers._local_model import LocalModel, encode_prompts, has_chat_template
from skellagnn.llm.enhancers._naming import answer_limit
from skellagnn.llm.enhancers._shortening import shortened
from skellagnn.llm.enhancers._thinking import opened_thinking
from skellagnn.llm.prompts import Question


@dataclass(frozen=True)
class Row:
    """One prompt, ready for the model."""

    position: int
    ids: list[int]
    limit: int  # tokens that the answer may have
    opened: str  # the tag with which the chat template opens a thinking part, "" where it does not


class Encoder:
    """Encodes prompts for one model.

    Parameters
    ----------
    loaded : LocalModel
    system_prompt : str or None
    template_kwargs : mapping
        Arguments of the chat template.
    context_window : int or None
        The user's own bound, below the model's.
    model : str
        Its name, for messages.
    """

    def __init__(
        self,
        loaded: LocalModel,
        *,
        system_prompt: str | None,
        template_kwargs: Mapping[str, object],
        context_window: int | None,
        model: str,
    ) -> None:
        self.loaded = loaded
        self.system_prompt = system_prompt
        self.template_kwargs = template_kwargs
        self.window = min((n for n in (context_window, loaded.window) if n is not None), default=None)
        self.model = model
        self._n_control: dict[str | None, int] = {}

    def rows(self, questions: list[str], max_new_tokens: int | None) -> list[Row]:
        """Encode prompts so that they fit the window and hold no control tokens but the template's.

        Warns
        -----
        AnswerWarning
            If texts were shortened; counts them.
        """
        disarmed = [self.loaded.disarm(question) for question in questions]
        rows, n_shortened = [], 0
        for position, (question, (ids, opened)) in enumerate(zip(disarmed, self.encode_all(disarmed), strict=True)):
            if self._has_foreign_control(question, ids):
                question = self.loaded.disarm(question, thoroughly=True)
                ids, opened = self.encode(question)
                if self._has_foreign_control(question, ids):
                    raise EnhancerError(
                        f"`model` must have a tokenizer that can read a text as plain text, got {self.model!r}, which "
                        f"reads control tokens in prompt {position}: {str(question)[:200]!r}. Take them out of it."
                    )
            limit = answer_limit(question, max_new_tokens)
            room = self._room(limit)
            if room is not None and len(ids) > room:
                ids, opened = self._shortened(question, room)
                n_shortened += 1
            rows.append(Row(position, ids, limit, opened))
        if n_shortened:
            warnings.warn(
                f"{n_shortened} of {len(questions)} prompts were longer than the context window of {self.model!r} "
                f"({self.window} tokens) has room for. Their texts were shortened, their instructions were not.",
                AnswerWarning,
                stacklevel=4,
            )
        return rows

    def encode(self, question: str) -> tuple[list[int], str]:
        """Return the token ids of a prompt, and the thinking tag that its template leaves open."""
        return self.encode_all([question])[0]

    def encode_all(self, questions: list[str]) -> list[tuple[list[int], str]]:
        """Encode several prompts."""
        tokenizer = self.loaded.tokenizer
        encoded = encode_prompts(tokenizer, map(str, questions), self.system_prompt, self.template_kwargs)
        return [(ids, opened_thinking(text) if has_chat_template(tokenizer) else "") for text, ids in encoded]

    def _has_foreign_control(self, question: str, ids: list[int]) -> bool:
        """Say whether a prompt has other control tokens than the same one with nothing filled in."""
        key = question.prompt.key if isinstance(question, Question) else None
        if key not in self._n_control:
            blank = ""
            if isinstance(question, Question):
                blank = Question(question.prompt, dict.fromkeys(question.values, ""))
            self._n_control[key] = self.loaded.n_control(self.encode(blank)[0])
        return self.loaded.n_control(ids) != self._n_control[key]

    def _room(self, limit: int) -> int | None:
        """Return how many tokens a prompt may have, None for any number."""
        if self.window is None or self.loaded.is_seq2seq:  # encoder and decoder count apart
            return self.window
        if limit >= self.window:
            raise InvalidParameterError(
                f"`max_new_tokens` must leave room for the prompt in the context window of {self.model!r} "
                f"({self.window} tokens), got {limit} (that parameter, or `max_answer_tokens` of the prompt). Lower it."
            )
        return self.window - limit

    def _shortened(self, question: str, room: int) -> tuple[list[int], str]:
        """Encode a question with as much of its text as there is room for."""
        if not isinstance(question, Question):
            raise EnhancerError(
                f"`prompts` must fit the context window of {self.model!r} where they are plain strings, which do not "
                f"tell text from instruction, got one of {len(self.encode(question)[0])} tokens for {room}. Shorten "
                "it, or pass a Question."
            )
        cut = shortened(question, lambda question: len(self.encode(question)[0]) <= room)
        if cut is not None:
            return self.encode(cut)
        raise EnhancerError(
            f"`prompts` must leave room for a text in the context window of {self.model!r}, got prompt "
            f"{question.prompt.name!r}, whose instruction alone has more tokens than the {room} that there are. "
            "Shorten its template, or name fewer classes."
        )
