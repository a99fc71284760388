"""Token ids to answers: batches through a local model."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from skellagnn.exceptions import EnhancerError, InvalidParameterError
from skellagnn.llm.enhancers._base import Answer
from skellagnn.llm.enhancers._encoding import Row
from skellagnn.llm.enhancers._local_model import LocalModel
from skellagnn.llm.enhancers._thinking import strip_thinking


class Generation:
    """A local model with the settings that it decodes with.

    Parameters
    ----------
    loaded : LocalModel
    settings : mapping
        Arguments of ``generate``, and ``seed`` for sampling.
    """

    def __init__(self, loaded: LocalModel, settings: Mapping[str, Any]) -> None:
        self.loaded = loaded
        self.settings = {key: value for key, value in settings.items() if key != "seed"}
        self.seed = int(settings.get("seed", 0))
        sampling = bool(self.settings.get("do_sample", False))
        config = copy.deepcopy(loaded.recommended if sampling else loaded.model.generation_config)
        self.arguments: dict[str, Any] = config.update(**self.settings)  # what is no field of a configuration
        if config.stop_strings is not None:
            self.arguments["tokenizer"] = loaded.tokenizer
        end = config.eos_token_id if config.eos_token_id is not None else loaded.tokenizer.eos_token_id
        self.ends = {int(token) for token in (end if isinstance(end, (list, tuple)) else [end]) if token is not None}
        paddings = (loaded.tokenizer.pad_token_id, config.pad_token_id, *sorted(self.ends), 0)
        config.pad_token_id = next(token for token in paddings if token is not None)
        config.max_length = None
        self.config = config

    def answer(self, rows: list[Row]) -> list[Answer]:
        """Answer rows of one limit.

        Raises
        ------
        InvalidParameterError
            If ``generate`` of the model refuses the settings.
        EnhancerError
            If a single row does not fit the memory of the GPU.
        """
        start = time.monotonic()
        outputs = self._generate(rows)
        seconds = (time.monotonic() - start) / len(rows)
        return [self._read(row, ids, seconds) for row, ids in zip(rows, outputs, strict=True)]

    def _generate(self, rows: list[Row]) -> list[list[int]]:
        """Return the new token ids of each row, without padding."""
        import torch

        model, is_seq2seq = self.loaded.model, self.loaded.is_seq2seq
        self.config.max_new_tokens = rows[0].limit
        width = max(1, *(len(row.ids) for row in rows))
        ids = torch.full((len(rows), width), self.config.pad_token_id, dtype=torch.long)  # (rows, longest prompt)
        mask = torch.zeros_like(ids)
        for i, row in enumerate(rows):
            # a causal model writes on at the right end; an encoder counts its positions from the left
            place = slice(len(row.ids)) if is_seq2seq else slice(width - len(row.ids), width)
            ids[i, place] = torch.tensor(row.ids, dtype=torch.long)
            mask[i, place] = 1
            if not row.ids:  # an empty prompt: something must be looked at
                mask[i, 0 if is_seq2seq else -1] = 1
        inputs = {"input_ids": ids.to(model.device), "attention_mask": mask.to(model.device)}
        try:
            with self.loaded.lock, torch.inference_mode(), self._own_randomness():
                output = model.generate(**inputs, generation_config=self.config, **self.arguments)
        except torch.cuda.OutOfMemoryError as error:
            if len(rows) == 1:
                raise EnhancerError(
                    f"`model` must fit the memory of {model.device} together with a prompt, got one of {width} tokens: "
                    f"{error}. Lower `context_window`, quantize with `model_kwargs`, or use a smaller model."
                ) from error
        except (TypeError, ValueError) as error:
            if not self.settings:
                raise  # not the user's doing
            raise InvalidParameterError(
                f"`generation_kwargs` must hold arguments that `generate` of the model accepts, got {self.settings!r}: "
                f"{error}"
            ) from error
        else:
            new = output[:, 1:] if is_seq2seq else output[:, width:]  # a decoder begins with its start token
            return [self._without_padding(row) for row in new.tolist()]
        # out of memory: halves give the same answers
        middle = (len(rows) + 1) // 2
        return self._generate(rows[:middle]) + self._generate(rows[middle:])

    @contextmanager
    def _own_randomness(self) -> Iterator[None]:
        """Let sampling draw from the seed, and leave the global random state as it was."""
        import torch

        if not self.config.do_sample:
            yield
            return
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(self.seed)
            yield

    def _without_padding(self, ids: list[int]) -> list[int]:
        """Cut after the first token that ends an answer, or the padding after one that ended otherwise."""
        for i, token in enumerate(ids):
            if token in self.ends:
                return ids[: i + 1]
        while ids and ids[-1] == self.config.pad_token_id:
            ids = ids[:-1]
        return ids

    def _read(self, row: Row, ids: list[int], seconds: float) -> Answer:
        """Decode, without special tokens and thinking."""
        tokenizer = self.loaded.tokenizer
        # special tokens too mark thinking, so look before they are dropped
        marked = row.opened + tokenizer.decode(ids, skip_special_tokens=False)
        answer = strip_thinking(marked)
        if answer == marked:
            answer = tokenizer.decode(ids, skip_special_tokens=True)
        else:
            for token in tokenizer.all_special_tokens:
                answer = answer.replace(token, "")
        ended = bool(ids) and ids[-1] in self.ends
        finish = "length" if len(ids) >= row.limit and not ended else "stop"
        if finish == "length" and not answer.strip() and marked.strip():
            finish = "thinking"
        return Answer(
            answer.strip(),
            finish_reason=finish,
            tokens_in=len(row.ids),
            tokens_out=len(ids),
            seconds=seconds,
        )
