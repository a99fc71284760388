"""A language model on this machine as an enhancer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sklearn.base import BaseEstimator

from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.enhancers._addresses import check_no_secret
from skellagnn.llm.enhancers._base import Answer
from skellagnn.llm.enhancers._encoding import Encoder, Row
from skellagnn.llm.enhancers._generation import Generation
from skellagnn.llm.enhancers._local_model import (
    check_model,
    encode_prompts,
    folder_digest,
    load_model,
    load_tokenizer,
    model_folder,
)
from skellagnn.llm.enhancers._naming import (
    answer_limit,
    describe_settings,
    require_mapping,
    require_number,
    require_prompts,
    require_text,
)

_NO_THINKING = {"enable_thinking": False}
_OWN_GENERATION = {
    "max_new_tokens": "That is the parameter `max_new_tokens`.",
    "max_length": "Set the parameter `max_new_tokens`.",
    "num_return_sequences": "One answer a prompt is used.",
    "return_dict_in_generate": "The answers are read from the plain result.",
    "generation_config": "Pass its fields one by one.",
}
_OWN_LOADING = {
    "dtype": "That is the parameter `dtype`.",
    "torch_dtype": "That is the parameter `dtype`.",
    "revision": "That is the parameter `revision`.",
    "trust_remote_code": "That is a parameter of its own.",
}


class TransformersEnhancer(BaseEstimator):  # type: ignore[misc]
    """Ask a causal or sequence-to-sequence model of ``transformers`` on this machine.

    Parameters
    ----------
    model : str
        Name on the Hugging Face hub, or a folder. A folder is never completed from the network.
    revision : str, default=None
        Branch, tag or commit of a name; None is its main branch. Name a commit to repeat a run years later.
    max_new_tokens : int, default=None
        Longest answer in tokens. By default ``max_answer_tokens`` of each prompt. A model that thinks before it
        answers spends the same tokens on thinking.
    batch_size : int, default=8
        Prompts that are answered together.
    dtype : str, default="auto"
        ``"auto"`` (as the weights were saved), ``"float32"``, ``"bfloat16"``, ``"float16"``.
    device : str, default="auto"
        ``"auto"`` (a GPU where there is one), ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
    system_prompt : str, default=None
        Put before each prompt: as the system message where the chat template has one, else as a first paragraph.
    generation_kwargs : dict, default=None
        Further arguments of ``generate``, such as ``{"repetition_penalty": 1.1}``. Decoding is greedy unless
        ``"do_sample"`` is set here; sampling starts from ``"seed"`` (0 unless set here too) for each batch and leaves
        the global random state alone.
    model_kwargs : dict, default=None
        Further arguments of ``from_pretrained``, such as ``quantization_config``, ``device_map`` or
        ``attn_implementation``.
    chat_template_kwargs : dict, default=None
        Arguments of the chat template. By default ``{"enable_thinking": False}``, which templates without such a
        switch ignore: within the few tokens of an answer a thinking model would not get to it.
    context_window : int, default=None
        Longest prompt and answer together, in tokens. By default what the model's configuration says.
    trust_remote_code : bool, default=False
        Whether code that comes with a model may run.
    model_name : str, default=None
        What answers are stored under, if not the default.

    Notes
    -----
    Prompts are sorted by length and answered in batches of like limits, with padding on the left for causal models.
    One that is longer than the context window has its text shortened, never its instruction, and is counted in a
    warning. What stands in a node's text is data: control tokens of the model in it are broken up (``<|im_start|>``
    becomes ``< |im_start|>``), and each encoded prompt is checked to hold no more of them than its instruction does.
    Parts in which a model thinks are cut off its answers.

    Weights are kept once per process, not on the instance, the last two models at most;
    :func:`~skellagnn.enhancers.unload_models` frees them.

    A folder is named by a digest of what is in it, so that the same model in another place finds its answers, and
    another model in the same place does not.

    Examples
    --------
    >>> from skellagnn.enhancers import TransformersEnhancer
    >>> TransformersEnhancer("Qwen/Qwen3-0.6B", max_new_tokens=64).name
    'hf:Qwen/Qwen3-0.6B@main[dtype="auto",max_new_tokens=64]'
    """

    def __init__(
        self,
        model: str,
        *,
        revision: str | None = None,
        max_new_tokens: int | None = None,
        batch_size: int = 8,
        dtype: str = "auto",
        device: str = "auto",
        system_prompt: str | None = None,
        generation_kwargs: dict[str, Any] | None = None,
        model_kwargs: dict[str, Any] | None = None,
        chat_template_kwargs: dict[str, Any] | None = None,
        context_window: int | None = None,
        trust_remote_code: bool = False,
        model_name: str | None = None,
    ) -> None:
        self.model = model
        self.revision = revision
        self.max_new_tokens = max_new_tokens
        self.batch_size = batch_size
        self.dtype = dtype
        self.device = device
        self.system_prompt = system_prompt
        self.generation_kwargs = generation_kwargs
        self.chat_template_kwargs = chat_template_kwargs
        self.context_window = context_window
        self.trust_remote_code = trust_remote_code
        self.model_name = model_name
        self.model_kwargs = model_kwargs

    model_kwargs: dict[str, Any] | None = None  # for a traceback with local variables, if the check refuses it

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "model_kwargs":  # a token would show in repr, get_params and pickles
            check_no_secret(name, value, "the environment variable HF_TOKEN")
        super().__setattr__(name, value)

    @property
    def name(self) -> str:
        """Model, revision, and the settings that change an answer."""
        if self.model_name is not None:
            return self.model_name
        require_text(self.model, "model")
        folder = model_folder(self.model)
        if folder is None:
            source = f"{self.model}@{self.revision or 'main'}"
        else:
            source = f"{folder.name}@{folder_digest(folder)}"
        settings = {
            "max_new_tokens": self.max_new_tokens,
            "dtype": self.dtype,
            "system_prompt": self.system_prompt,
            "generation_kwargs": self.generation_kwargs or None,
            "model_kwargs": self.model_kwargs or None,
            "chat_template_kwargs": self.chat_template_kwargs,
            "context_window": self.context_window,
            "trust_remote_code": self.trust_remote_code or None,
        }
        return f"hf:{source}{describe_settings(settings)}"

    @property
    def chunk_size(self) -> int:
        """How many prompts to pass at a time: enough for batches of like lengths."""
        return 64 * self.batch_size

    def check(self) -> None:
        """Find out what is wrong before anything is asked; loads no weights.

        Raises
        ------
        InvalidParameterError, EnhancerError
            If a parameter is wrong, or there is no such model.
        """
        self._check()
        check_model(self.model, self.revision, self.trust_remote_code)

    def complete(self, prompts: Sequence[str]) -> list[Answer | None]:
        """Answer each prompt; see :meth:`complete_iter`, which hands answers over batch by batch."""
        prompts = require_prompts(prompts)
        answers: list[Answer | None] = [None] * len(prompts)
        for position, answer in self.complete_iter(prompts):
            answers[position] = answer
        return answers

    def complete_iter(self, prompts: Sequence[str]) -> Iterator[tuple[int, Answer | None]]:
        """Answer each prompt, in the order in which the batches are done: long prompts first.

        Parameters
        ----------
        prompts : sequence of str

        Yields
        ------
        position, answer : int, Answer
            Each position once. ``seconds`` of an answer is its share of the time that its batch took.

        Raises
        ------
        InvalidParameterError
            If a parameter is wrong.
        EnhancerError
            If the model cannot be loaded, or an instruction alone is longer than the context window.

        Warns
        -----
        AnswerWarning
            If texts were shortened to fit the context window; counts them.
        """
        questions = require_prompts(prompts)
        settings = self._check()
        if not questions:
            return iter(())
        loaded = load_model(
            self.model,
            revision=self.revision,
            dtype=self.dtype,
            device=_device(self.device),
            model_kwargs=self.model_kwargs or {},
            trust_remote_code=self.trust_remote_code,
        )
        encoder = Encoder(
            loaded,
            system_prompt=self.system_prompt,
            template_kwargs=self._template_kwargs,
            context_window=self.context_window,
            model=self.model,
        )
        rows = encoder.rows(questions, self.max_new_tokens)
        return self._answer(Generation(loaded, settings), rows)

    def count_tokens(self, prompts: Sequence[str]) -> list[int] | None:
        """Count the tokens of prompts with the model's own tokenizer, chat template included; loads no weights.

        Parameters
        ----------
        prompts : sequence of str

        Returns
        -------
        counts : list of int, or None
            None if the tokenizer is not on this machine: planning downloads nothing.
        """
        tokenizer = load_tokenizer(self.model, self.revision, self.trust_remote_code)
        if tokenizer is None:
            return None
        encoded = encode_prompts(tokenizer, map(str, prompts), self.system_prompt, self._template_kwargs)
        return [len(ids) for _, ids in encoded]

    def longest_answers(self, prompts: Sequence[str]) -> list[int]:
        """Return how many tokens each answer may have: ``max_new_tokens``, else what its prompt allows."""
        return [answer_limit(prompt, self.max_new_tokens) for prompt in prompts]

    @property
    def _template_kwargs(self) -> dict[str, Any]:
        return _NO_THINKING if self.chat_template_kwargs is None else self.chat_template_kwargs

    def _answer(self, generation: Generation, rows: list[Row]) -> Iterator[tuple[int, Answer | None]]:
        rows = sorted(rows, key=lambda row: (-row.limit, -len(row.ids), row.position))
        start = 0
        while start < len(rows):
            # a batch shares its limit; the longest come first, so that memory runs out early or not at all
            batch = [row for row in rows[start : start + self.batch_size] if row.limit == rows[start].limit]
            start += len(batch)
            for row, answer in zip(batch, generation.answer(batch), strict=True):
                yield row.position, answer

    def _check(self) -> dict[str, Any]:
        require_text(self.model, "model")
        require_text(self.model_name, "model_name", optional=True)
        require_text(self.system_prompt, "system_prompt", optional=True)
        require_number(self.max_new_tokens, "max_new_tokens", least=1, optional=True)
        require_number(self.batch_size, "batch_size", least=1)
        require_number(self.context_window, "context_window", least=2, optional=True)
        require_mapping(self.chat_template_kwargs, "chat_template_kwargs")
        require_mapping(self.model_kwargs, "model_kwargs", taken=_OWN_LOADING)
        if not isinstance(self.dtype, str):
            raise InvalidParameterError(
                f"`dtype` must be 'auto' or the name of a torch dtype such as 'bfloat16', got {self.dtype!r}."
            )
        return require_mapping(self.generation_kwargs, "generation_kwargs", taken=_OWN_GENERATION)


def _device(device: str) -> str:
    import torch

    if device != "auto":
        try:
            torch.device(device)
        except (RuntimeError, TypeError) as error:
            raise InvalidParameterError(
                f"`device` must be 'auto' or the name of a torch device such as 'cuda:0', got {device!r}: {error}."
            ) from error
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
