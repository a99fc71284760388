"""What stands in for an enhancer in a loaded model."""

from __future__ import annotations

from collections.abc import Sequence

from sklearn.base import BaseEstimator

from skellagnn.exceptions import EnhancerError


class DetachedEnhancer(BaseEstimator):  # type: ignore[misc]
    """Takes the place of the enhancer in a pickled or saved model: knows its name, answers nothing.

    Prediction needs no enhancer. To fit again, give the model one: ``clf.set_params(enhancer=...)``.

    Parameters
    ----------
    model_name : str
        Name of the enhancer that the model was fitted with.
    """

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    @property
    def name(self) -> str:
        return self.model_name

    def complete(self, prompts: Sequence[str]) -> list[str | None]:
        """Refuse.

        Raises
        ------
        EnhancerError
            Always.
        """
        raise EnhancerError(
            f"`enhancer` must be a real one to fit, got the stand-in for {self.model_name!r} of a model that was "
            "loaded. Give it one: clf.set_params(enhancer=...), or enhancer=None for a fit without LLM."
        )
