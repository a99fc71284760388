"""Score and cost against a parameter, such as how many nodes are asked about."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from skellagnn.base.arrays import as_numbers
from skellagnn.exceptions import InvalidParameterError
from skellagnn.inspection._drawing import COLORS, GRAY, get_axes, legend_below
from skellagnn.llm.asking import Budget


class CostCurveDisplay:
    """Scores with error bars against a parameter, and on a second axis what they cost.

    The constructor takes plain numbers: scores against labels, against a budget, against anything.

    Parameters
    ----------
    values : sequence of length n_values
        Of the parameter: numbers, or names.
    scores : array-like of shape (n_values,) or (n_lines, n_values)
        NaN where there is none.
    errors : array-like of the shape of ``scores``, default=None
        Half the length of each error bar.
    cost : array-like of the shape of ``scores``, default=None
    lines : list of str of length n_lines, default=None
        Their names in the legend.
    value_name, score_name, cost_name : str
        On the axes.

    Attributes
    ----------
    values : list of length n_values
    scores, errors, cost : ndarray of shape (n_lines, n_values)
        ``errors`` and ``cost`` are None where they were not given.
    lines : list of str of length n_lines
    ax_, cost_ax_ : matplotlib Axes
        After ``plot``; ``cost_ax_`` is None without a cost.
    figure_ : matplotlib Figure

    Raises
    ------
    InvalidParameterError
        If shapes do not fit together.

    Examples
    --------
    >>> from skellagnn.inspection import CostCurveDisplay
    >>> display = CostCurveDisplay([0, 50, 100], [0.71, 0.78, 0.79], [0.01, 0.01, 0.02], [0, 50, 100])
    >>> display.scores
    array([[0.71, 0.78, 0.79]])
    """

    def __init__(
        self,
        values: Any,
        scores: ArrayLike,
        errors: ArrayLike | None = None,
        cost: ArrayLike | None = None,
        *,
        lines: list[str] | None = None,
        value_name: str = "nodes asked about",
        score_name: str = "accuracy",
        cost_name: str = "calls of the LLM",
    ) -> None:
        self.values = list(values)
        self.scores = np.atleast_2d(as_numbers("scores", scores, error=InvalidParameterError).astype(np.float64))
        self.errors = self._like_scores("errors", errors)
        self.cost = self._like_scores("cost", cost)
        self.lines = [""] * len(self.scores) if lines is None else [str(line) for line in lines]
        self.value_name, self.score_name, self.cost_name = value_name, score_name, cost_name
        if self.scores.shape != (len(self.lines), len(self.values)):
            raise InvalidParameterError(
                f"`scores` must have a row for each of `lines` ({len(self.lines)}) and a column for each of `values` "
                f"({len(self.values)}), got shape {self.scores.shape}. Give each its own."
            )

    def _like_scores(self, name: str, given: ArrayLike | None) -> NDArray[np.float64] | None:
        if given is None:
            return None
        numbers_given = np.atleast_2d(as_numbers(name, given, error=InvalidParameterError).astype(np.float64))
        if numbers_given.shape != self.scores.shape:
            raise InvalidParameterError(
                f"`{name}` must have the shape of `scores`, {self.scores.shape}, got {numbers_given.shape}. Give each "
                "score one, NaN where there is none."
            )
        return numbers_given

    @classmethod
    def from_cv_results(
        cls,
        search: Any,
        param_name: str | None = None,
        *,
        X: Any = None,
        y: Any = None,
        prices: tuple[float, float] | None = None,
        metric: str = "score",
    ) -> CostCurveDisplay:
        """Read a fitted search of scikit-learn: a line for each setting of its other parameters.

        Parameters
        ----------
        search : GridSearchCV or another fitted search
            Over parameters of an :class:`~skellagnn.ELLaGNNClassifier`.
        param_name : str, default=None
            Parameter on the axis, such as ``"augmentation_ratio"`` or ``"budget"`` (with one limit each). None: the
            only one that was searched.
        X, y : default=None
            What the search was fitted on, to have the cost of each candidate planned (nothing is asked): that of one
            fit which finds nothing in a store.
        prices : pair of float, default=None
            Of a million tokens in and out: the cost is money, at most, in place of calls.
        metric : str, default="score"
            Which one of a search with several.

        Returns
        -------
        display : CostCurveDisplay
            Errors are standard errors over the folds. Folds share training nodes, so that they are a little too small.

        Raises
        ------
        NotFittedError, InvalidParameterError
            If the search is not fitted, or no parameter or metric is called so.
        """
        check_is_fitted(search)
        results = search.cv_results_
        candidates = results["params"]
        searched = list(dict.fromkeys(name for candidate in candidates for name in candidate))
        if param_name is None and len(searched) == 1:
            param_name = searched[0]
        if param_name not in searched or f"mean_test_{metric}" not in results:
            metrics = [name.removeprefix("mean_test_") for name in results if name.startswith("mean_test_")]
            raise InvalidParameterError(
                f"`param_name` must be one of the parameters searched over, {', '.join(map(repr, searched))}, and "
                f"`metric` one of {', '.join(map(repr, metrics))}, got {param_name!r} and {metric!r}. Name one of each."
            )
        numbered = [_number(candidate.get(param_name)) for candidate in candidates]
        values = list(dict.fromkeys(numbered))
        if all(_is_finite(value) for value in values):
            values.sort()
        others = [
            ", ".join(f"{name}={_number(candidate[name])}" for name in candidate if name != param_name)
            for candidate in candidates
        ]
        lines = list(dict.fromkeys(others))
        shape = (len(lines), len(values))
        scores, errors, cost = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
        for number, candidate in enumerate(candidates):
            place = lines.index(others[number]), values.index(numbered[number])
            scores[place] = results[f"mean_test_{metric}"][number]
            folds = np.array([results[f"split{fold}_test_{metric}"][number] for fold in range(search.n_splits_)])
            errors[place] = folds.std(ddof=1) / np.sqrt(len(folds)) if len(folds) > 1 else np.nan
            if X is not None:
                cost[place] = _planned_cost(search.estimator, candidate, X, y, prices)
        return cls(
            values,
            scores,
            errors,
            None if X is None else cost,
            lines=lines,
            value_name=str(param_name),
            score_name=metric if metric != "score" else "accuracy" if search.scoring is None else "score",
            cost_name="calls of the LLM in a fit" if prices is None else "money for a fit, at most",
        )

    def plot(self, ax: Any = None) -> CostCurveDisplay:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None: a new figure.

        Returns
        -------
        self : CostCurveDisplay

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        """
        self.figure_, (self.ax_,) = get_axes(ax, 1, 3.9)
        numeric = all(_is_finite(value) for value in self.values)
        positions = np.array(self.values, dtype=float) if numeric else np.arange(len(self.values))
        self.cost_ax_ = None
        handles = []
        if self.cost is not None:
            self.cost_ax_ = self.ax_.twinx()
            # lines that cost the same are one
            alike = all(np.array_equal(row, self.cost[0], equal_nan=True) for row in self.cost)
            for number, row in enumerate(self.cost[:1] if alike else self.cost):
                color = GRAY if alike else COLORS[number % len(COLORS)]
                handles += self.cost_ax_.plot(
                    positions, row, ":s", color=color, markersize=3.5, label="cost" if alike or number == 0 else None
                )
            self.cost_ax_.set_ylabel(self.cost_name, color="#666666")
            self.cost_ax_.set_ylim(bottom=0)
            self.ax_.set_zorder(self.cost_ax_.get_zorder() + 1)  # scores in front of costs
            self.ax_.patch.set_visible(False)
        bars = []
        for number, (line, row) in enumerate(zip(self.lines, self.scores, strict=True)):
            known = ~np.isnan(row)
            bars.append(
                self.ax_.errorbar(
                    positions[known],
                    row[known],
                    None if self.errors is None else np.nan_to_num(self.errors[number][known]),
                    marker="o",
                    capsize=3,
                    color=COLORS[number % len(COLORS)],
                    label=line or self.score_name,
                )
            )
        if numeric:
            self.ax_.locator_params(axis="x", nbins=6)
        else:
            self.ax_.set_xticks(positions, [str(value) for value in self.values])
        self.ax_.set_xlabel(self.value_name)
        self.ax_.set_ylabel(self.score_name)
        legend_below(self.ax_, 1 if len(self.lines) > 1 else 2, [*bars, *handles[:1]])
        return self


def _number(value: Any) -> Any:
    """Return what stands on the axis: of a budget with one limit, that limit."""
    if isinstance(value, Budget):
        limits = list(value.limits.values())
        return limits[0] if len(limits) == 1 else "no limit" if not limits else str(value)
    return value if isinstance(value, (str, numbers.Real)) else str(value)


def _is_finite(value: Any) -> bool:
    return isinstance(value, numbers.Real) and bool(np.isfinite(float(value)))


def _planned_cost(
    estimator: Any, candidate: dict[str, Any], X: Any, y: Any, prices: tuple[float, float] | None
) -> float:
    clf = clone(estimator).set_params(**candidate)
    if not hasattr(clf, "plan"):
        raise InvalidParameterError(
            f"`X` must be None for a search over {type(estimator).__name__}, which plans no cost. Leave it out, or "
            "pass the cost yourself: CostCurveDisplay(values, scores, errors, cost)."
        )
    pieces = clf.set_params(store=None).plan(X, y).split(1)  # what the budget allows, stored or not
    return float(sum(piece.n_new if prices is None else piece.cost(prices) for piece in pieces))
