"""scikit-learn's fit callbacks, where it has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

try:  # scikit-learn >= 1.9; without it set_callbacks is simply not there
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # pragma: no cover

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in where scikit-learn has no callbacks."""

    _Method = TypeVar("_Method", bound=Callable[..., Any])

    def with_callbacks(method: _Method) -> _Method:
        """Return the method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "with_callbacks"]
