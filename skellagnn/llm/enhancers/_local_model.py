"""A language model on this machine: loading it once, and what its tokenizer reads as control tokens."""

from __future__ import annotations

import copy
import hashlib
import os
import re
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from skellagnn.exceptions import EnhancerError
from skellagnn.llm.enhancers._naming import describe_settings
from skellagnn.llm.prompts import Question

_MOST_LOADED = 2  # models kept in memory by one process; the one not used for longest goes
_WHOLE_FILE = 16 * 1024 * 1024  # bytes up to which a file counts as a whole in the digest of a folder
_SAMPLES, _SAMPLE_BYTES = 512, 4096  # how much of a larger one does
_NO_LIMIT = 10**9  # tokenizers without a known limit carry a huge number
# What models recommend for sampling. Kept in a greedy configuration, each would be complained about.
_SAMPLING = ("temperature", "top_p", "top_k", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff", "top_h")
# What a chat template writes around a message without registering it as a token: [INST], <<SYS>> ...
_MARKUP = re.compile(r"<[^<>\s]{1,40}>|\[/?[A-Z_]{2,24}\]")


@dataclass
class LocalModel:
    """Weights and tokenizer, as they are kept for this process."""

    tokenizer: Any
    model: Any
    is_seq2seq: bool
    window: int | None  # tokens of prompt and answer together; of the prompt alone for a seq2seq model
    recommended: Any  # generation configuration that came with the model; the model itself has a greedy one
    control_tokens: dict[int, str]  # id -> token, of those that a text must not produce
    control_pattern: re.Pattern[str]
    lock: threading.Lock = field(default_factory=threading.Lock)  # one generation at a time

    def disarm(self, question: str, *, thoroughly: bool = False) -> str:
        """Break the control tokens in what was filled into a prompt, so that they are read as plain text.

        The wording of a :class:`~skellagnn.prompts.Prompt` is the user's own and stays; a plain string is all data.
        Thoroughly means without any character that a control token begins or ends with: for tokenizers that rewrite
        a text before they look for tokens in it.
        """
        break_up = self._blank_out if thoroughly else self._break_up
        if not isinstance(question, Question):
            return break_up(question)
        values = {name: break_up(value) for name, value in question.values.items()}
        return question if values == question.values else Question(question.prompt, values, question.node_names)

    def _break_up(self, text: str) -> str:
        for _ in range(8):  # a blank may complete another token, where tokens have blanks in them; not eight times
            broken = self.control_pattern.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)
            if broken == text:
                break
            text = broken
        return text

    def _blank_out(self, text: str) -> str:
        edges = {edge for token in self.control_tokens.values() for edge in (token[0], token[-1])}
        plain = unicodedata.normalize("NFKC", text)
        return plain.translate({ord(edge): " " for edge in edges})

    def n_control(self, ids: Iterable[int]) -> int:
        """Count the control tokens in an encoded prompt."""
        return sum(token in self.control_tokens for token in ids)


# By everything that decides what is loaded. Ordered by last use.
_MODELS: OrderedDict[tuple[str, ...], LocalModel] = OrderedDict()
_MODELS_LOCK = threading.Lock()


def load_model(
    model: str,
    *,
    revision: str | None,
    dtype: str,
    device: str,
    model_kwargs: Mapping[str, Any],
    trust_remote_code: bool,
) -> LocalModel:
    """Return a model, loaded once per process, device and settings.

    Raises
    ------
    EnhancerError
        If it cannot be loaded; quotes why.
    """
    folder = model_folder(model)
    source = f"{folder}#{folder_digest(folder)}" if folder is not None else model
    key = (source, str(revision), dtype, device, describe_settings(model_kwargs), str(trust_remote_code))
    with _MODELS_LOCK:
        if key not in _MODELS:
            while len(_MODELS) >= _MOST_LOADED:
                _MODELS.popitem(last=False)
            shared: dict[str, Any] = {"revision": revision} if revision is not None else {}
            # a folder is complete or broken; looking elsewhere for what it lacks would hide that
            shared |= {"trust_remote_code": trust_remote_code, "local_files_only": folder is not None}
            _MODELS[key] = _load(str(folder) if folder is not None else model, shared, dtype, device, model_kwargs)
        _MODELS.move_to_end(key)
        return _MODELS[key]


def load_tokenizer(model: str, revision: str | None, trust_remote_code: bool) -> Any | None:
    """Return the tokenizer of a model if it is on this machine, else None."""
    from transformers import AutoTokenizer

    folder = model_folder(model)
    try:
        return AutoTokenizer.from_pretrained(
            model if folder is None else str(folder),
            revision=revision,
            trust_remote_code=trust_remote_code,
            local_files_only=True,
        )
    except (OSError, ValueError):  # not in the local cache
        return None


def unload_models() -> None:
    """Free the memory of all language models that this process has loaded."""
    with _MODELS_LOCK:
        _MODELS.clear()


def _load(source: str, shared: dict[str, Any], dtype: str, device: str, model_kwargs: Mapping[str, Any]) -> LocalModel:
    import transformers

    release = tuple(int(part) for part in transformers.__version__.split(".")[:2])
    arguments = {"dtype" if release >= (4, 56) else "torch_dtype": dtype, **shared, **model_kwargs}
    try:
        config = transformers.AutoConfig.from_pretrained(source, **shared)
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, **shared)
        is_seq2seq = bool(getattr(config, "is_encoder_decoder", False))
        family = transformers.AutoModelForSeq2SeqLM if is_seq2seq else transformers.AutoModelForCausalLM
        model = family.from_pretrained(source, **arguments)
        placed = "device_map" in model_kwargs or getattr(model, "hf_quantizer", None) is not None
        if not placed:  # quantized and spread models are where their loader has put them
            model = model.to(device)
        tokens = _control_tokens(tokenizer)
        markup = set(tokens.values()) | _template_markup(tokenizer)
    except Exception as error:  # the loaders raise of everything; what they say is passed on
        raise _not_loaded(source, error) from error
    model.eval()
    recommended = copy.deepcopy(model.generation_config)
    model.generation_config.do_sample = False
    for name in _SAMPLING:
        if getattr(model.generation_config, name, None) is not None:
            setattr(model.generation_config, name, None)
    longest_first = sorted(markup, key=lambda token: (-len(token), token))
    # the last resort matches nowhere: a tokenizer without any control token
    pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)", re.IGNORECASE)
    return LocalModel(tokenizer, model, is_seq2seq, _window(config, tokenizer), recommended, tokens, pattern)


def _not_loaded(source: str, error: Exception) -> EnhancerError:
    return EnhancerError(
        f"`model` must name a causal or sequence-to-sequence model that can be loaded, got {source!r}: "
        f"{type(error).__name__}: {str(error)[:500]}. Check the name, `revision` and `model_kwargs`, or download "
        "the model before and give its folder."
    )


def check_model(model: str, revision: str | None, trust_remote_code: bool) -> None:
    """Raise an EnhancerError if there is no such model, neither here nor on the hub; reads its configuration at most.

    Parameters
    ----------
    model : str
    revision : str or None
    trust_remote_code : bool
    """
    from huggingface_hub import try_to_load_from_cache

    folder = model_folder(model)
    try:
        known = folder is not None and (folder / "config.json").is_file()
        if known or (
            folder is None and isinstance(try_to_load_from_cache(model, "config.json", revision=revision), str)
        ):
            return
        from transformers import AutoConfig

        AutoConfig.from_pretrained(
            model if folder is None else str(folder), revision=revision, trust_remote_code=trust_remote_code
        )
    except Exception as error:  # of the hub, of the network, of a name that cannot be one
        raise _not_loaded(model, error) from error


def _window(config: Any, tokenizer: Any) -> int | None:
    inner = config.get_text_config() if callable(getattr(config, "get_text_config", None)) else config
    positions = getattr(inner, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions < 1:  # relative positions: only the tokenizer knows a limit
        positions = getattr(tokenizer, "model_max_length", None)
    return positions if isinstance(positions, int) and 0 < positions < _NO_LIMIT else None


def _control_tokens(tokenizer: Any) -> dict[int, str]:
    """Find the tokens that steer a model: special ones, and added ones that look like markup (``<tool_call>``).

    Added tokens that are ordinary text (runs of blanks, words) are none. The token for unknown characters comes out of
    ordinary text as well and proves nothing.
    """
    found: dict[int, str] = {}
    for number, token in tokenizer.added_tokens_decoder.items():
        text = str(token)
        if number != tokenizer.unk_token_id and _looks_like_control(text):
            found[int(number)] = text
    for text in tokenizer.all_special_tokens:
        number = tokenizer.convert_tokens_to_ids(text)
        if isinstance(number, int) and number != tokenizer.unk_token_id and _looks_like_control(text):
            found[number] = text
    return found


def _looks_like_control(text: str) -> bool:
    first, last = text[:1], text[-1:]
    return len(text) > 2 and not (first.isalnum() or first.isspace() or last.isalnum() or last.isspace())


def _template_markup(tokenizer: Any) -> set[str]:
    if not has_chat_template(tokenizer):
        return set()
    return set(_MARKUP.findall(render_chat(tokenizer, "x", "x", {})))


def has_chat_template(tokenizer: Any) -> bool:
    return bool(getattr(tokenizer, "chat_template", None))


def render_chat(tokenizer: Any, text: str, system_prompt: str | None, template_kwargs: Mapping[str, Any]) -> str:
    """Write a message, and a system prompt if there is one, the way the model was trained on.

    Templates that know no system role, refuse it or pass over it, get the system prompt at the head of the message;
    those that want a message in parts get it so.
    """
    from jinja2.exceptions import TemplateError

    forms: list[list[tuple[str, str]]] = [[("user", text)]]
    if system_prompt is not None:
        forms = [[("system", system_prompt), ("user", text)], [("user", f"{system_prompt}\n\n{text}")]]
    refusal: TemplateError | None = None
    rendered: list[str] = []
    for in_parts in (False, True):
        for form in forms:
            messages = [
                {"role": role, "content": [{"type": "text", "text": said}] if in_parts else said} for role, said in form
            ]
            try:
                written = tokenizer.apply_chat_template(
                    messages, tokenize=False, add_generation_prompt=True, **template_kwargs
                )
            except TemplateError as error:
                refusal = error
                continue
            rendered.append(str(written))
            if all(said.strip() in rendered[-1] for _, said in form):
                return rendered[-1]
    if not rendered and refusal is not None:
        raise refusal
    return rendered[0]  # one that rewrites what is said


def encode_prompts(
    tokenizer: Any, texts: Iterable[str], system_prompt: str | None, template_kwargs: Mapping[str, Any]
) -> list[tuple[str, list[int]]]:
    """Return each prompt as it is written for the model, and its token ids; tokenizers work on several at a time."""
    is_chat = has_chat_template(tokenizer)
    written = []
    for text in texts:
        text = text.encode("utf-8", "replace").decode()  # tokenizers refuse lone surrogates
        if is_chat:
            text = render_chat(tokenizer, text, system_prompt, template_kwargs)
        elif system_prompt is not None:
            text = f"{system_prompt}\n\n{text}"
        written.append(text)
    # a chat template writes the tokens that begin a text itself
    encoded = tokenizer(written, add_special_tokens=not is_chat, verbose=False)["input_ids"] if written else []
    return [(text, list(ids)) for text, ids in zip(written, encoded, strict=True)]


def model_folder(model: str) -> Path | None:
    """Return the folder that ``model`` means, None if it is a name.

    Raises
    ------
    EnhancerError
        If it is written like a folder and there is none.
    """
    path = Path(os.path.expanduser(model))
    if path.is_dir():
        return path.resolve()
    if model.startswith(("/", "./", "../", "~", ".\\", "..\\")) or path.is_absolute():
        raise EnhancerError(
            f"`model` must be a name or an existing folder, got {model!r}, where there is no folder. Correct the path."
        )
    return None


def folder_digest(folder: Path) -> str:
    """Return 16 hexadecimal digits that identify the model in a folder, wherever the folder stands.

    Small files count as a whole, large ones (weights) by their length and by samples spread over them, which takes
    milliseconds and tells any two trainings apart.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    stamps = tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    return _digest_files(stamps)


@lru_cache(maxsize=64)
def _digest_files(stamps: tuple[tuple[str, int, int], ...]) -> str:
    sha = hashlib.sha256()
    for name, size, _ in stamps:
        if os.path.basename(name).lower().startswith(("readme", "license")):
            continue  # says nothing about answers
        sha.update(f"{os.path.basename(name)}:{size}\n".encode())
        with open(name, "rb") as file:
            if size <= _WHOLE_FILE:
                sha.update(file.read())
                continue
            for i in range(_SAMPLES):
                file.seek(i * (size - _SAMPLE_BYTES) // (_SAMPLES - 1))
                sha.update(file.read(_SAMPLE_BYTES))
    return sha.hexdigest()[:16]
