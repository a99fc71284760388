"""How often the LLM and the model are right, by how sure they say they are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skellagnn.base.arrays import as_array, as_numbers
from skellagnn.base.numbers import check_int
from skellagnn.exceptions import InvalidParameterError
from skellagnn.inspection._drawing import COLORS, DARK, get_axes, legend_below
from skellagnn.inspection._fitted import first_choices, fitted_graph, known_labels


class Bands(NamedTuple):
    """Counts by band of confidence.

    Attributes
    ----------
    n : ndarray of int of shape (n_bands,)
        Predictions or answers in each.
    n_right : ndarray of int of shape (n_bands,)
        Of these, the right ones.
    confidence : ndarray of shape (n_bands,)
        Their mean confidence; NaN in an empty band.
    """

    n: NDArray[np.int64]
    n_right: NDArray[np.int64]
    confidence: NDArray[np.float64]

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Share of right ones, shape (n_bands,); NaN in an empty band."""
        return np.asarray(np.divide(self.n_right, self.n, out=np.full(len(self.n), np.nan), where=self.n > 0))


class ReliabilityDisplay:
    """Accuracy against confidence, in bands, with the counts of the bands below: of the model, of the LLM, of both.

    Points on the diagonal are as sure as they are right; points below it are too sure.

    Parameters
    ----------
    bands : dict of str to Bands
        By name of who is judged.
    edges : ndarray of shape (n_bands + 1,)
        Of the bands, from 0 to 1.

    Attributes
    ----------
    bands, edges
        As given.
    ax_ : ndarray of matplotlib Axes of shape (2,)
        Accuracies and counts, after ``plot``.
    figure_ : matplotlib Figure

    See Also
    --------
    sklearn.calibration.CalibrationDisplay : The same for the probability of one of two classes.

    Examples
    --------
    >>> from skellagnn.inspection import ReliabilityDisplay
    >>> display = ReliabilityDisplay.from_predictions(
    ...     ["a", "b", "b", "a"], ["a", "b", "a", "a"], [0.9, 0.8, 0.6, 0.7], n_bands=2
    ... )
    >>> display.bands["predictions"].n, display.bands["predictions"].n_right
    (array([0, 4]), array([0, 3]))
    """

    def __init__(self, bands: dict[str, Bands], edges: NDArray[np.float64]) -> None:
        self.bands, self.edges = bands, edges

    @classmethod
    def from_predictions(
        cls, y_true: ArrayLike, y_pred: ArrayLike, confidence: ArrayLike, *, n_bands: int = 5, name: str = "predictions"
    ) -> ReliabilityDisplay:
        """Count what anybody said: a model, an LLM, a person.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_samples,)
        confidence : array-like of shape (n_samples,)
            Of ``y_pred``, in [0, 1].
        n_bands : int, default=5
            Of equal width.
        name : str, default="predictions"

        Returns
        -------
        display : ReliabilityDisplay

        Raises
        ------
        InvalidParameterError
            If there are not as many of each, a confidence is not in [0, 1] or ``n_bands`` is no positive int.
        """
        edges = np.linspace(0, 1, check_int("n_bands", n_bands, at_least=1) + 1)
        true = as_array("y_true", y_true, error=InvalidParameterError)
        predicted = as_array("y_pred", y_pred, error=InvalidParameterError)
        sure = as_numbers("confidence", confidence, error=InvalidParameterError)
        if not true.shape == predicted.shape == sure.shape or true.ndim != 1:
            raise InvalidParameterError(
                "`y_true`, `y_pred` and `confidence` must be one-dimensional and of one length, got shapes "
                f"{true.shape}, {predicted.shape} and {sure.shape}. Pass one of each for each sample."
            )
        return cls({name: _count(true == predicted, sure, edges)}, edges)

    @classmethod
    def from_estimator(cls, clf: Any, X: Any, y: Any, *, n_bands: int = 5) -> ReliabilityDisplay:
        """Judge a fitted model and the LLM that it asked by labels, best by ones that were not in training.

        Parameters
        ----------
        clf : ELLaGNNClassifier
            Fitted.
        X : TextGraph
            View of the graph that it was fitted on, on labeled nodes.
        y : array-like of shape (n_targets,)
            Their labels; targets with -1 are left out.
        n_bands : int, default=5

        Returns
        -------
        display : ReliabilityDisplay
            With ``bands["model"]`` for all labeled targets and, where an answer names a class, ``bands["LLM"]`` for
            those that were asked about. An answer without a confidence has that which the fit found: ``reliability_``.

        Raises
        ------
        NotFittedError, GraphError, LabelError, InvalidParameterError
            If the model is not fitted, or X, y or ``n_bands`` are not as described.
        """
        edges = np.linspace(0, 1, check_int("n_bands", n_bands, at_least=1) + 1)
        graph = fitted_graph(clf, X)
        targets, labels = known_labels(clf, graph, y)
        probabilities = clf.predict_proba(targets)
        bands = {"model": _count(probabilities.argmax(axis=1) == labels, probabilities.max(axis=1), edges)}
        nodes, choices, confidence = first_choices(clf) if hasattr(clf, "answers_") else (np.empty(0, dtype=int),) * 3
        label_of = np.full(graph.n_nodes, -1)
        label_of[targets.targets] = labels
        checked = label_of[nodes] >= 0
        if checked.any():
            sure = np.where(np.isnan(confidence), clf.reliability_, confidence)[checked]
            bands["LLM"] = _count((choices == label_of[nodes])[checked], sure, edges)
        return cls(bands, edges)

    def plot(self, ax: Any = None) -> ReliabilityDisplay:
        """Draw it.

        Parameters
        ----------
        ax : array of two matplotlib Axes, default=None
            None: a new figure.

        Returns
        -------
        self : ReliabilityDisplay

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        """
        self.figure_, self.ax_ = get_axes(ax, 2, 5.6)
        accuracies, counts = self.ax_
        accuracies.plot([0, 1], [0, 1], ":", color=DARK, label="as sure as right")
        width = (self.edges[1] - self.edges[0]) / (len(self.bands) + 1)
        for number, (name, band) in enumerate(self.bands.items()):
            some = band.n > 0
            accuracy, n = band.accuracy[some], band.n[some]
            # of the Wilson interval, which is one for a share of 0 or 1, too
            center = (accuracy + 2 / n) / (1 + 4 / n)
            half = 2 / (1 + 4 / n) * np.sqrt(accuracy * (1 - accuracy) / n + 1 / n**2)
            errors = np.clip([accuracy - (center - half), center + half - accuracy], 0, None)
            color = COLORS[number % len(COLORS)]
            accuracies.errorbar(band.confidence[some], accuracy, errors, marker="o", capsize=3, color=color, label=name)
            place = (self.edges[:-1] + self.edges[1:]) / 2 + (number - (len(self.bands) - 1) / 2) * width
            bars = counts.bar(place, band.n, width * 0.95, color=color, label=name)
            counts.bar_label(bars, [str(count) if count else "" for count in band.n], fontsize="small", padding=1)
        accuracies.set(ylabel="share of right ones", xlim=(0, 1), ylim=(0, 1.03))
        counts.set(xlabel="confidence", ylabel="how many", xlim=(0, 1), xticks=self.edges)
        counts.margins(y=0.15)
        legend_below(accuracies, 1 + len(self.bands))
        return self


def _count(right: NDArray[np.bool_], confidence: NDArray[Any], edges: NDArray[np.float64]) -> Bands:
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise InvalidParameterError(
            f"`confidence` must be in [0, 1], got values from {confidence.min()} to {confidence.max()}. Pass "
            "probabilities."
        )
    n_bands = len(edges) - 1
    band = np.clip(np.digitize(confidence, edges) - 1, 0, n_bands - 1)
    n = np.bincount(band, minlength=n_bands)
    total = np.bincount(band, weights=confidence, minlength=n_bands)
    mean = np.divide(total, n, out=np.full(n_bands, np.nan), where=n > 0)
    return Bands(n, np.bincount(band[right], minlength=n_bands), mean)
