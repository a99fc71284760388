"""Confusion on the nodes that the LLM was asked about, and on the others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import ConfusionMatrixDisplay

from skellagnn.base.arrays import as_array
from skellagnn.base.numbers import check_int
from skellagnn.exceptions import InvalidParameterError
from skellagnn.inspection._drawing import get_axes, shortened
from skellagnn.inspection._fitted import class_labels, fitted_graph, known_labels


class QueriedConfusionDisplay:
    """Confusion matrices side by side: nodes that the LLM was asked about, and all others.

    Parameters
    ----------
    queried, others : ndarray of int of shape (n_classes, n_classes)
        Counts; rows are true classes, columns predicted ones.
    class_names : list of str of length n_classes

    Attributes
    ----------
    queried, others, class_names
        As given.
    ax_ : ndarray of matplotlib Axes of shape (2,)
        After ``plot``.
    figure_ : matplotlib Figure

    See Also
    --------
    sklearn.metrics.ConfusionMatrixDisplay : One matrix. It draws these, and reads graph views, too.

    Examples
    --------
    >>> from skellagnn.inspection import QueriedConfusionDisplay
    >>> display = QueriedConfusionDisplay.from_predictions(
    ...     ["cat", "dog", "dog"], ["cat", "dog", "cat"], queried=[True, True, False]
    ... )
    >>> display.queried.tolist(), display.others.tolist()
    ([[1, 0], [0, 1]], [[0, 0], [1, 0]])
    """

    def __init__(self, queried: NDArray[np.int64], others: NDArray[np.int64], class_names: list[str]) -> None:
        self.queried, self.others, self.class_names = queried, others, class_names

    @classmethod
    def from_predictions(cls, y_true: ArrayLike, y_pred: ArrayLike, queried: ArrayLike) -> QueriedConfusionDisplay:
        """Count predictions.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_samples,)
        queried : array-like of bool of shape (n_samples,)
            Whether the LLM was asked about the sample.

        Returns
        -------
        display : QueriedConfusionDisplay

        Raises
        ------
        InvalidParameterError
            If these are not of one length, or ``queried`` is no mask.
        """
        true = as_array("y_true", y_true, error=InvalidParameterError)
        predicted = as_array("y_pred", y_pred, error=InvalidParameterError)
        asked = as_array("queried", queried, error=InvalidParameterError)
        if not true.shape == predicted.shape == asked.shape or true.ndim != 1 or asked.dtype != bool:
            raise InvalidParameterError(
                "`y_true`, `y_pred` and the mask `queried` must be one-dimensional and of one length, got shapes "
                f"{true.shape}, {predicted.shape} and {asked.shape} ({asked.dtype}). Of node numbers, "
                "np.isin(graph.targets, clf.queried_nodes_) makes the mask."
            )
        classes = np.unique(np.concatenate([true, predicted]))
        return cls(*_counted(true, predicted, asked, classes), [str(label) for label in classes.tolist()])

    @classmethod
    def from_estimator(cls, clf: Any, X: Any, y: Any) -> QueriedConfusionDisplay:
        """Predict labeled nodes, best ones that were not in training, and count.

        Parameters
        ----------
        clf : ELLaGNNClassifier
            Fitted.
        X : TextGraph
            View of the graph that it was fitted on.
        y : array-like of shape (n_targets,)
            Labels; targets with -1 are left out.

        Returns
        -------
        display : QueriedConfusionDisplay

        Raises
        ------
        NotFittedError, GraphError, LabelError
            If the model is not fitted, or X or y are not as described.
        """
        graph = fitted_graph(clf, X)
        targets, labels = known_labels(clf, graph, y)
        predicted = clf.predict_proba(targets).argmax(axis=1)
        asked = np.isin(targets.targets, clf.queried_nodes_)
        return cls(*_counted(labels, predicted, asked, np.arange(len(clf.classes_))), class_labels(clf))

    def plot(self, ax: Any = None, *, max_classes: int = 6) -> QueriedConfusionDisplay:
        """Draw it: in each row the shares of the predictions.

        Parameters
        ----------
        ax : array of two matplotlib Axes, default=None
            None: a new figure.
        max_classes : int, default=6
            Of more classes, those with the most errors are shown, and the rest is one.

        Returns
        -------
        self : QueriedConfusionDisplay

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        InvalidParameterError
            If ``max_classes`` is less than 2.
        """
        joined, names = self._join_rare(check_int("max_classes", max_classes, at_least=2))
        n_classes = len(names)
        self.figure_, self.ax_ = get_axes(ax, 2, 2.9 + 0.17 * n_classes, in_a_row=True)
        for axes, counts, title in zip(self.ax_, joined, ("asked about", "not asked about"), strict=True):
            rows = counts.sum(axis=1, keepdims=True)
            shares = np.divide(counts, rows, out=np.zeros(counts.shape), where=rows > 0)
            drawn = ConfusionMatrixDisplay(shares, display_labels=[shortened(name, 14) for name in names])
            drawn.plot(ax=axes, cmap="Blues", colorbar=False, im_kw={"vmin": 0, "vmax": 1}, text_kw={"fontsize": 8})
            for (row, column), text in np.ndenumerate(drawn.text_):
                count = counts[row, column]
                text.set_text("" if not count else f"{100 * shares[row, column]:.0f}")
            axes.set_title(f"{title}\n{np.trace(counts)} of {counts.sum()} right", fontsize="medium")
            axes.set_xticks(range(n_classes), drawn.display_labels, rotation=60, ha="right", rotation_mode="anchor")
            axes.tick_params(labelsize=8)
            axes.set(xlabel="predicted", ylabel="")
        self.ax_[0].set_ylabel("true class, % of its row")
        self.ax_[1].set_yticklabels([])
        return self

    def _join_rare(self, max_classes: int) -> tuple[list[NDArray[np.int64]], list[str]]:
        """Return both matrices and the names with all but the most confused classes as one."""
        matrices = [self.queried, self.others]
        n_classes = len(self.class_names)
        if n_classes <= max_classes:
            return matrices, self.class_names
        total = self.queried + self.others
        errors = total.sum(axis=0) + total.sum(axis=1) - 2 * np.diag(total)
        kept = np.sort(np.argsort(-errors, kind="stable")[: max_classes - 1])
        place = np.full(n_classes, len(kept))
        place[kept] = np.arange(len(kept))
        member = np.eye(len(kept) + 1, dtype=np.int64)[place]
        names = [self.class_names[index] for index in kept] + [f"{n_classes - len(kept)} others"]
        return [member.T @ matrix @ member for matrix in matrices], names


def _counted(
    true: NDArray[Any], predicted: NDArray[Any], asked: NDArray[np.bool_], classes: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    position = {label: index for index, label in enumerate(classes.tolist())}
    rows, columns = (np.array([position[label] for label in y.tolist()], dtype=int) for y in (true, predicted))
    both = []
    for part in (asked, ~asked):
        counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
        np.add.at(counts, (rows[part], columns[part]), 1)
        both.append(counts)
    return both[0], both[1]
