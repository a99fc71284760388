"""Writing and reading the folder of a model."""

from __future__ import annotations

import hashlib
import json
import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.base.arrays import as_array
from skellagnn.base.files import check_path, check_size, write_aside, writing
from skellagnn.distillation import PropagationTeacher
from skellagnn.encoders import EncoderUnion
from skellagnn.encoders._resolve import ENCODERS
from skellagnn.encoders._state import encoder_from_state, encoder_state
from skellagnn.exceptions import InvalidParameterError, SkellagnnError, SkellagnnWarning
from skellagnn.gnn._network_state import network_arrays, network_from_arrays
from skellagnn.gnn._training import History
from skellagnn.llm.asking import LLMUsage, PromptUsage
from skellagnn.llm.enhancers import DetachedEnhancer
from skellagnn.llm.prompts import Prompt, PromptCatalog
from skellagnn.model_file._card import write_card

_FORMAT = 1
_CONFIG, _ARRAYS, _CARD = "config.json", "model.safetensors", "README.md"
# Far more than names of classes and columns, prompts and a history of epochs take.
_LARGEST_CONFIG = 1 << 24
# The business of the machine that fits or predicts, or nothing that JSON has a word for: at their defaults once read.
_LOCAL = ("enhancer", "encoder", "store", "budget", "memory", "device", "verbose")
# The network was built with these, whatever `set_params` has made of them since.
_BUILT_WITH = ("backbone", "hidden_channels", "n_layers", "dropout")


# -- write ----------------------------------------------------------------------------------------------------------


def write_model(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted classifier; see ``ELLaGNNClassifier.save``."""
    folder = check_path("path", path)
    config, arrays = _describe(model)
    if config["left_out"]:
        warnings.warn(
            f"`{'`, `'.join(config['left_out'])}` of the model are objects that no file can hold safely. What is "
            "loaded predicts the same; to fit it again, give it these: load(path, "
            f"{', '.join(f'{name}=...' for name in config['left_out'])}).",
            SkellagnnWarning,
            stacklevel=3,
        )
    card = write_card(model, config, _changed(model, config))
    from safetensors.numpy import save

    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    config["arrays"] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    text = json.dumps(config, indent=1, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")
    with writing("path", folder):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not _is_ours(folder):
            raise InvalidParameterError(
                f"`path` must be a new or empty folder, or one with a model of this package, got {str(folder)!r}, "
                "which holds something else. Name another one."
            )
        (folder / _CONFIG).unlink(missing_ok=True)  # without it, a folder that is being overwritten is no model
        write_aside(folder / _ARRAYS, lambda file: file.write(content))
        write_aside(folder / _CARD, lambda file: file.write(card.encode("utf-8", "replace")))
        write_aside(folder / _CONFIG, lambda file: file.write(text))


def _is_ours(folder: Path) -> bool:
    """Whether a folder holds a model, or what an interrupted writing left of one."""
    if (folder / _CONFIG).is_file():
        try:
            return "skellagnn" in _parse(_bytes_of(folder / _CONFIG, _LARGEST_CONFIG))
        except Exception:  # whatever else is called so
            return False
    names = {file.name.split(".partial")[0] for file in folder.iterdir()}
    return all(name.startswith((_ARRAYS, _CONFIG)) for name in names)


def _describe(model: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return a fitted model as JSON and arrays."""
    built: dict[str, Any] = model._built_with
    encoder, arrays = encoder_state(model.encoder_)
    arrays |= {f"network.{name}": array for name, array in network_arrays(model.network_).items()}
    arrays["queried_nodes"] = model.queried_nodes_
    given = {}
    if not isinstance(built["backbone"], str):
        given["backbone"] = _name_of(built["backbone"])
    if _holds_given(encoder):
        given["encoder"] = _encoder_in_short(model.encoder_)
    parameters, left_out = _plain_parameters(model.get_params(deep=False) | built)
    named = isinstance(model.encoder, str) and not _holds_given(encoder)
    config = {
        "skellagnn": version("skellagnn"),
        "format": _FORMAT,
        "class": type(model).__name__,
        "classes": _plain_classes(model.classes_),
        "n_features_in": int(model.n_features_in_),
        "feature_names_in": _names_of_columns(model),
        "scale_rows": bool(model._scale_features),
        "n_neighbors": _plain(model._n_neighbors),
        "parameters": parameters,
        "encoder_name": model.encoder if named else None,
        "encoder": encoder,
        "given": given,
        "left_out": left_out,
        "fit": {
            "n_iter": int(model.n_iter_),
            "best_iter": int(model.best_iter_),
            "batch_size": _plain(model.batch_size_),
            "reliability": None if model.reliability_ is None else float(model.reliability_),
            "history": {name: _plain_history(values) for name, values in vars(model.history_).items()},
            "usage": model.llm_usage_.to_dict(),
            "enhancer": None if model.enhancer is None else model.llm_usage_.model or type(model.enhancer).__name__,
            "data": model._trained_on,
        },
    }
    return config, arrays


def _plain_classes(classes: NDArray[Any]) -> dict[str, Any]:
    strings = classes.dtype.kind == "O" and all(isinstance(label, str) for label in classes)
    if classes.dtype.kind not in "biufU" and not strings:
        raise InvalidParameterError(
            f"`y` of a model that is saved must have been numbers or strings, got classes of dtype {classes.dtype}, "
            f"such as {classes[0]!r:.80}. Fit with their names: y.astype(str)."
        )
    return {"dtype": "O" if strings else classes.dtype.str, "values": classes.tolist()}


def _names_of_columns(model: Any) -> list[str] | None:
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def _plain_parameters(parameters: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what JSON can hold, and what it cannot, in words."""
    plain: dict[str, Any] = {}
    left_out = {}
    for name, value in parameters.items():
        if name in _LOCAL or (name == "backbone" and not isinstance(value, str)):
            continue
        try:
            plain[name] = _PACK.get(name, _plain)(value)
        except (TypeError, ValueError):
            left_out[name] = _name_of(value)
    return plain, left_out


def _plain(value: Any) -> Any:
    """Return a value as JSON has it.

    Raises
    ------
    TypeError
        If JSON has no such value.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and np.isfinite(value):
        return value
    raise TypeError(f"{type(value).__name__} is not for JSON")


def _plain_history(values: Any) -> Any:
    if not isinstance(values, list):
        return int(values)
    return [float(value) if np.isfinite(value) else None for value in values]


def _plain_prompts(prompts: Any) -> Any:
    if isinstance(prompts, str):
        return prompts
    listed = [prompts] if isinstance(prompts, Prompt) else list(prompts)
    return [
        {"name": one.name, "template": one.template, "max_answer_tokens": one.max_answer_tokens}
        if isinstance(one, Prompt)
        else _plain(one)
        for one in listed
    ]


def _prompts(plain: Any) -> Any:
    return plain if isinstance(plain, str) else [one if isinstance(one, str) else Prompt(**one) for one in plain]


def _pairs(value: Any) -> Any:
    """Return a dict as pairs, since keys of JSON are strings; a list or a column as a list."""
    if isinstance(value, Mapping):
        return {"pairs": [[_plain(key), _plain(entry)] for key, entry in value.items()]}
    if isinstance(value, np.ndarray) or hasattr(value, "iloc"):
        value = as_array("class_names", value).tolist()
    return _plain(value)


def _from_pairs(plain: Any) -> Any:
    return dict(plain["pairs"]) if isinstance(plain, dict) else plain


def _plain_teacher(teacher: Any) -> Any:
    if type(teacher) is not PropagationTeacher:
        return _plain(teacher)
    return {name: _plain(value) for name, value in teacher.get_params().items()}


def _teacher(plain: Any) -> Any:
    return PropagationTeacher(**plain) if isinstance(plain, dict) else plain


_PACK = {"prompts": _plain_prompts, "class_names": _pairs, "class_weight": _pairs, "teacher": _plain_teacher}
_UNPACK = {"prompts": _prompts, "class_names": _from_pairs, "class_weight": _from_pairs, "teacher": _teacher}


def _holds_given(encoder: dict[str, Any] | None) -> bool:
    if encoder is None:
        return False
    parts = [part for _, part in encoder.get("parts", ())] or [encoder.get("of")]
    return encoder["kind"] == "given" or any(map(_holds_given, parts))


def _encoder_in_short(encoder: Any) -> str:
    if isinstance(encoder, EncoderUnion):
        return " + ".join(_encoder_in_short(part) for _, part in encoder.transformer_list)
    model = getattr(encoder, "model", None)
    return (
        f"{_name_of(encoder)}({model!r})" if isinstance(model, str) and not os.path.isdir(model) else _name_of(encoder)
    )


def _name_of(value: Any) -> str:
    """Name a class or function; a repr may show what is not to be shown, such as a key."""
    return str(getattr(value, "__qualname__", None) or type(value).__name__)


def _changed(model: Any, config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that are not the defaults, as they are written."""
    defaults = type(model)().get_params(deep=False)
    changed: dict[str, Any] = {
        name: value
        for name, value in config["parameters"].items()
        if name not in ("prompts", "class_names") and value != _quietly(name, defaults[name])
    }
    return {**changed, **config["given"]}


def _quietly(name: str, value: Any) -> Any:
    try:
        return _PACK.get(name, _plain)(value)
    except (TypeError, ValueError):
        return None


# -- read -----------------------------------------------------------------------------------------------------------


def read_model(cls: type[Any], path: str | os.PathLike[str], parameters: Mapping[str, Any]) -> Any:
    """Read a classifier that :func:`write_model` wrote; see ``ELLaGNNClassifier.load``."""
    folder = check_path("path", path, short=True)
    if not (folder / _CONFIG).is_file() or not (folder / _ARRAYS).is_file():
        raise InvalidParameterError(
            f"`path` must be a folder with a model that `save` wrote, got {str(folder)!r}, which has no {_CONFIG} "
            f"or no {_ARRAYS} (its writing may have been interrupted). Check the path, or save the model again."
        )
    try:
        config = _parse(_bytes_of(folder / _CONFIG, _LARGEST_CONFIG))
        if config["format"] > _FORMAT:
            raise InvalidParameterError(
                f"it is of format {config['format']}, this version reads up to {_FORMAT}. Upgrade skellagnn."
            )
        arrays = _arrays(folder / _ARRAYS, config["arrays"])
        missing = sorted(config["given"].keys() - parameters.keys())
        if missing:
            raise InvalidParameterError(
                f"`{missing[0]}` must be given, since it is an object that no file can hold safely: "
                f"{config['given'][missing[0]]!s:.200}. Pass the one of the fit: load(path, {missing[0]}=...)."
            )
        return _build(cls, config, arrays, parameters)
    except SkellagnnError as error:
        raise InvalidParameterError(f"`path` must hold a whole model, got {str(folder)!r}: {error}") from error
    except Exception as error:  # json, safetensors, torch, and whatever a description that is none leads to
        raise InvalidParameterError(
            f"`path` must hold a model that `save` wrote, got {str(folder)!r}, which is something else or damaged "
            f"({type(error).__name__}: {error!s:.200}). Save the model again."
        ) from error


def _bytes_of(path: Path, most: int) -> bytes:
    """Read a file that must not be larger than that, whatever it says of its size."""
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise InvalidParameterError(f"{path.name} must have at most {most:,} bytes, got more. Do not trust it.")
    return content


def _parse(content: bytes) -> dict[str, Any]:
    config = json.loads(content.decode("utf-8", "surrogatepass"))
    if not isinstance(config, dict):
        raise TypeError(f"{_CONFIG} is no object")
    return config


def _arrays(path: Path, said: dict[str, Any]) -> dict[str, NDArray[Any]]:
    from safetensors.numpy import load

    # what is read, and what is made of it
    check_size("path", path, 2 * path.stat().st_size, advice="Load it where there is more.")
    content = _bytes_of(path, _count(said["bytes"]))
    if hashlib.sha256(content).hexdigest() != said["sha256"]:
        raise InvalidParameterError(f"{_ARRAYS} is not what was written: its checksum differs. Save the model again.")
    return {name: np.array(array) for name, array in load(content).items()}


def _build(cls: type[Any], config: dict[str, Any], arrays: dict[str, NDArray[Any]], given: Mapping[str, Any]) -> Any:
    known = set(cls._get_param_names())
    saved = config["parameters"]
    strange = sorted((given.keys() | saved.keys()) - known)
    if strange:
        raise InvalidParameterError(f"it has no parameter {strange[0]!r}. Parameters are {', '.join(sorted(known))}.")
    values = {name: _UNPACK.get(name, _plain)(value) for name, value in saved.items() if name not in _LOCAL}
    encoder = encoder_from_state(
        config["encoder"], arrays, given.get("encoder") if "encoder" in config["given"] else None
    )
    name = config["encoder_name"]
    if name is not None and not set(name.split("+")) <= {"auto", *ENCODERS}:
        raise ValueError(f"no encoder is called {name!r:.80}")  # a name of the hub would be fetched in a fit
    values["encoder"] = encoder if name is None else name
    fit = config["fit"]
    values["enhancer"] = None if fit["enhancer"] is None else DetachedEnhancer(str(fit["enhancer"]))
    model = cls(**{**values, **given})
    PromptCatalog.from_parameter(model.prompts)
    classes, n_features = _classes(config["classes"]), _count(config["n_features_in"])
    built = {name: model.get_params(deep=False)[name] if name in given else values[name] for name in _BUILT_WITH}
    sizes = [_count(built[name]) for name in ("hidden_channels", "n_layers")]
    weights = {name[8:]: array for name, array in arrays.items() if name.startswith("network.")}
    if not all(np.isfinite(array).all() for array in weights.values()):
        raise InvalidParameterError("`backbone` must have finite weights, got NaN or infinite ones. Do not use it.")
    network = network_from_arrays(
        built["backbone"], n_features, sizes[0], len(classes), sizes[1], float(built["dropout"]), weights
    )
    queried = arrays["queried_nodes"]
    if queried.dtype != np.int64 or queried.ndim != 1:
        raise ValueError(f"queried nodes are {queried.dtype} of {queried.ndim} dimensions")
    neighbors = config["n_neighbors"]
    names = config["feature_names_in"]
    state = {
        "classes_": classes,
        "n_features_in_": n_features,
        "encoder_": encoder,
        "network_": network,
        "queried_nodes_": queried,
        "llm_usage_": _usage(fit["usage"]),
        "reliability_": None if fit["reliability"] is None else float(fit["reliability"]),
        "batch_size_": None if fit["batch_size"] is None else _count(fit["batch_size"]),
        "history_": _history(fit["history"]),
        "n_iter_": _count(fit["n_iter"]),
        "best_iter_": int(fit["best_iter"]),
        "_scale_features": bool(config["scale_rows"]),
        "_n_neighbors": None if neighbors is None else _count(neighbors),
        "_built_with": built,
        "_trained_on": {str(key): _plain(value) for key, value in fit["data"].items()},
    }
    if names is not None:
        state["feature_names_in_"] = np.array([str(name) for name in names], dtype=object)
    for attribute, value in state.items():
        setattr(model, attribute, value)
    return model


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < 2**40:
        raise ValueError(f"{value!r:.40} is no count")
    return value


def _classes(described: dict[str, Any]) -> NDArray[Any]:
    kind, values = np.dtype(described["dtype"]), described["values"]
    if kind.kind not in "biufUO" or not isinstance(values, list) or len(values) < 2:
        raise ValueError(f"no classes of dtype {kind}")
    if kind.kind in "UO" and not all(isinstance(value, str) for value in values):
        raise ValueError("classes are not all strings")
    classes = np.array(values, dtype=None if kind.kind == "U" else kind)
    if classes.ndim != 1 or classes.tolist() != values or not np.array_equal(np.unique(classes), classes):
        raise ValueError("classes are not different, or not in order")
    return classes


def _usage(described: dict[str, Any]) -> LLMUsage:
    names = {field.name for field in fields(PromptUsage)}
    prompts = {}
    for prompt, counts in described["prompts"].items():
        if not counts.keys() <= names:
            raise ValueError(f"no usage is called {sorted(counts.keys() - names)[0]!r:.80}")
        prompts[prompt] = PromptUsage(**counts)
    cost, model = described["cost"], described["model"]
    return LLMUsage(None if model is None else str(model), prompts, None if cost is None else float(cost))


def _history(described: dict[str, Any]) -> History:
    history = History()
    for name, value in described.items():
        if not re.fullmatch(r"[a-z][a-z_]{0,60}", name) or isinstance(value, list) == (name == "best_iter"):
            raise ValueError(f"no history is called {name!r:.80}")
        if isinstance(value, list):
            setattr(history, name, [float("nan" if entry is None else entry) for entry in value])
        else:
            history.best_iter = int(value)
    return history
