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


class FitCallbacks:
    """The callbacks of one fit, called as scikit-learn does: at its begin, after each epoch, at its end."""

    def __init__(self, estimator: Any, X: Any, y: Any, *, n_epochs: int) -> None:
        self.given = {"estimator": estimator, "X": X, "y": y}
        begin = getattr(estimator, "_init_callback_context", None)
        self.context = None if begin is None else begin(max_subtasks=n_epochs)
        if self.context is not None:
            self.context.call_on_fit_task_begin(**self.given)

    def after_epoch(self, fitted: Callable[[], dict[str, Any]], *_: Any) -> bool:
        """Tell the callbacks; ``fitted`` makes the attributes of the model as it is. Return whether one says stop."""
        if self.context is None:
            return False
        task = self.context.subcontext(task_name="epoch")
        task.call_on_fit_task_begin(**self.given)
        return bool(task.call_on_fit_task_end(**self.given, reconstruction_attributes=fitted))

    def end(self) -> None:
        """Tell the callbacks that the fit is done."""
        if self.context is not None:
            self.context.call_on_fit_task_end(**self.given, reconstruction_attributes={})


__all__ = ["CallbackSupportMixin", "FitCallbacks", "with_callbacks"]
