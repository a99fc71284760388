"""Losses and validation scores of a training run."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skellagnn.inspection._drawing import COLORS, DARK, GRAY, get_axes, legend_below


class TrainingDisplay:
    """Losses by epoch and, with early stopping, the accuracy on the validation nodes beside that of the teacher.

    Parameters
    ----------
    losses : dict of str to list of float
        A list for each term, with an entry for each epoch.
    validation_score : list of float
        Empty without early stopping.
    teacher_score : float or None
        Accuracy of the teacher on the same nodes.
    best_iter : int
        Epoch, counted from 1, whose weights were kept.

    Attributes
    ----------
    losses, validation_score, teacher_score, best_iter
        As given.
    ax_ : ndarray of matplotlib Axes of shape (1,) or (2,)
        After ``plot``.
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from skellagnn import ELLaGNNClassifier
    >>> from skellagnn.datasets import make_text_graph
    >>> from skellagnn.inspection import TrainingDisplay
    >>> data = make_text_graph(60, random_state=0)
    >>> clf = ELLaGNNClassifier(encoder="tfidf", max_iter=5, early_stopping=0.2, random_state=0)
    >>> display = TrainingDisplay.from_estimator(clf.fit(data.graph, data.target))
    >>> list(display.losses)
    ['loss', 'label_loss', 'soft_label_loss']
    """

    def __init__(
        self,
        losses: dict[str, list[float]],
        validation_score: list[float],
        teacher_score: float | None = None,
        best_iter: int = 0,
    ) -> None:
        self.losses, self.validation_score = losses, validation_score
        self.teacher_score, self.best_iter = teacher_score, best_iter

    @classmethod
    def from_estimator(cls, clf: Any) -> TrainingDisplay:
        """Read ``history_`` of a fitted model.

        Parameters
        ----------
        clf : ELLaGNNClassifier
            Fitted; a loaded one has its history, too.

        Returns
        -------
        display : TrainingDisplay
            Losses without those that were switched off.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        check_is_fitted(clf)
        history = clf.history_
        losses = {
            name: list(values)
            for name, values in vars(history).items()
            if name.endswith("loss") and name != "validation_loss" and np.any(values)
        }
        teacher = history.teacher_score[0] if history.teacher_score else None
        return cls(losses, list(history.validation_score), teacher, history.best_iter)

    def plot(self, ax: Any = None) -> TrainingDisplay:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            One; or two with early stopping, the second for scores. None: a new figure.

        Returns
        -------
        self : TrainingDisplay

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        """
        n_axes = 2 if self.validation_score else 1
        self.figure_, self.ax_ = get_axes(ax, n_axes, 1.0 + 2.5 * n_axes)
        for number, (name, values) in enumerate(self.losses.items()):
            style: dict[str, Any] = {"color": DARK} if name == "loss" else {"color": COLORS[number % len(COLORS)]}
            label = "whole loss" if name == "loss" else name.replace("_loss", "").replace("_", " ") + "s, unweighted"
            self.ax_[0].plot(range(1, len(values) + 1), values, label=label, **style)
        self.ax_[0].set_ylabel("loss")
        if self.validation_score:
            scores = self.ax_[1]
            scores.plot(range(1, len(self.validation_score) + 1), self.validation_score, color=COLORS[0], label="model")
            if self.teacher_score is not None:
                scores.axhline(self.teacher_score, color=COLORS[1], linestyle="--", label="its teacher")
            scores.set_ylabel("validation accuracy")
        for one in self.ax_:
            if self.best_iter:
                one.axvline(self.best_iter, color=GRAY, linestyle=":", label=f"epoch kept: {self.best_iter}")
            one.set_xlabel("epoch")
            legend_below(one, 2)
        return self
