"""What holds for a process and the moment rather than for a model: how to run, not what to learn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skellagnn.exceptions import InvalidParameterError

__all__ = ["Config", "config_context", "get_config"]


@dataclass(frozen=True)
class Config:
    """Settings of :func:`config_context`."""

    compile: bool = False
    data_parallel: bool = False
    precision: str = "float32"


_USUAL = Config()
_CONFIG: ContextVar[Config] = ContextVar("skellagnn", default=_USUAL)


def get_config() -> Config:
    """Return the settings that hold here."""
    return _CONFIG.get()


@contextmanager
def config_context(
    *, compile: bool | None = None, data_parallel: bool | None = None, precision: str | None = None
) -> Iterator[None]:
    """Run the fits of the block in another way, in the style of :func:`sklearn.config_context`.

    Parameters
    ----------
    compile : bool, default=None
        Train with ``torch.compile``: slower to start, needs a C++ compiler on a CPU; worth a try on a GPU.
    data_parallel : bool, default=None
        Share each step's nodes with the other processes of torch.distributed's default process group, all of which
        call ``fit`` with the same graph, labels and parameters. The first one alone asks the LLM, and its
        ``random_state`` counts.

    precision : {"float32", "bfloat16"}, default=None
        ``"bfloat16"`` multiplies in half precision where torch holds that to be safe (automatic mixed precision).

    Raises
    ------
    InvalidParameterError
        If a setting is none of these.

    Notes
    -----
    Outside of any block: False, False, float32. None leaves a setting as it is. Holds for the thread that enters the
    block: the workers of a search with ``n_jobs`` do not see it.

    Examples
    --------
    >>> import skellagnn
    >>> with skellagnn.config_context(compile=True):
    ...     pass  # clf.fit(graph[labeled], y[labeled])
    """
    changed: dict[str, Any] = {}
    if precision is not None:
        if precision not in ("float32", "bfloat16"):
            raise InvalidParameterError(
                f"`precision` must be 'float32' or 'bfloat16', got {precision!r}. Pass precision='bfloat16'."
            )
        changed["precision"] = precision
    for name, value in (("compile", compile), ("data_parallel", data_parallel)):
        if value is None:
            continue
        if not isinstance(value, (bool, np.bool_)):
            raise InvalidParameterError(f"`{name}` must be True or False, got {value!r}. Pass {name}=True.")
        changed[name] = bool(value)
    token = _CONFIG.set(replace(_CONFIG.get(), **changed))
    try:
        yield
    finally:
        _CONFIG.reset(token)
