"""Warnings that point to the user's line, however deep in the package they are found."""

from __future__ import annotations

import sys
import warnings

__all__ = ["warn_caller"]

# The package, and what may call it for a user: a search, its workers.
_INNER = ("skellagnn", "sklearn", "joblib")


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn at the first line outside of this package, scikit-learn and joblib.

    Looked at: ``skip_file_prefixes`` of :func:`warnings.warn`, which Python has from 3.12 on.
    """
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in _INNER:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
