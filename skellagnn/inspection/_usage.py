"""What was planned, and what was spent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skellagnn.exceptions import InvalidParameterError
from skellagnn.inspection._drawing import COLORS, DARK, GRAY, get_axes, legend_below
from skellagnn.llm.asking import LLMUsage
from skellagnn.llm.plan import Plan

_PARTS = {"stored": "in the store already", "answered": "answered", "failed": "no answer", "left": "left: budget spent"}


class UsageDisplay:
    """Questions by prompt, planned and asked, and below them tokens or money: the plan's upper estimate and the bill.

    Parameters
    ----------
    usage : LLMUsage
        What was asked, such as ``clf.llm_usage_`` or what ``plan.execute()`` returns.
    plan : Plan, default=None
        What was to be asked.

    Attributes
    ----------
    prompts : list of str
    planned : ndarray of int of shape (n_prompts,)
        Distinct questions of the plan; of the usage, if there is no plan.
    questions : dict of str to ndarray of int of shape (n_prompts,)
        What became of them: ``"stored"`` already, ``"answered"``, ``"failed"``, ``"left"`` since the budget was spent.
    bad : ndarray of int of shape (n_prompts,)
        Answers that could not be used.
    spent : dict of str to tuple of float
        What was planned at most, NaN without a plan, and what was spent: of ``"tokens in"``, ``"tokens out"`` and,
        where the plan has prices, ``"money"``.
    ax_ : ndarray of matplotlib Axes of shape (2,)
        After ``plot``.
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from skellagnn import ELLaGNNClassifier, ReplayEnhancer
    >>> from skellagnn.datasets import make_text_graph
    >>> from skellagnn.inspection import UsageDisplay
    >>> data = make_text_graph(60, random_state=0)
    >>> clf = ELLaGNNClassifier(
    ...     ReplayEnhancer(data.answers), class_names=data.target_names, encoder="tfidf", max_iter=5, random_state=0
    ... )
    >>> plan = clf.plan(data.graph, data.target)
    >>> display = UsageDisplay.from_estimator(clf.fit(data.graph, data.target), plan)
    >>> display.planned, display.questions["answered"]
    (array([6]), array([6]))
    """

    def __init__(self, usage: LLMUsage, plan: Plan | None = None) -> None:
        if not isinstance(usage, LLMUsage) or not isinstance(plan, (Plan, type(None))):
            raise InvalidParameterError(
                f"`usage` must be an LLMUsage and `plan` a Plan or None, got {type(usage).__name__} and "
                f"{type(plan).__name__}. Pass clf.llm_usage_ and clf.plan(X, y)."
            )
        planned = {} if plan is None else plan.questions
        self.prompts = list(dict.fromkeys([*planned, *usage.prompts]))
        parts = [usage.prompts.get(name) for name in self.prompts]

        def count(read: Any) -> NDArray[np.int64]:
            return np.array([0 if part is None else read(part) for part in parts], dtype=np.int64)

        self.questions = {
            "stored": count(lambda part: part.found),
            "answered": count(lambda part: part.asked - part.failed),
            "failed": count(lambda part: part.failed),
            "left": count(lambda part: part.left),
        }
        self.bad = count(lambda part: sum(part.bad.values()))
        asked = count(lambda part: part.questions)
        self.planned = asked if plan is None else np.array([planned.get(name, 0) for name in self.prompts], dtype=int)
        total = usage.total
        nothing = float("nan")
        self.spent: dict[str, tuple[float, float]] = {
            "tokens in": (nothing if plan is None else plan.tokens_in, total.tokens_in),
            "tokens out": (nothing if plan is None else plan.max_tokens_out, total.tokens_out),
        }
        if usage.cost is not None:
            priced = plan is not None and plan.budget.prices is not None
            self.spent["money"] = (plan.cost() if plan is not None and priced else nothing, usage.cost)

    @classmethod
    def from_estimator(cls, clf: Any, plan: Plan | None = None) -> UsageDisplay:
        """Compare ``llm_usage_`` of a fitted model with a plan.

        Parameters
        ----------
        clf : ELLaGNNClassifier
            Fitted.
        plan : Plan, default=None
            ``clf.plan(X, y)``, made before the fit: afterwards all answers are in the store, and nothing is new.

        Returns
        -------
        display : UsageDisplay

        Raises
        ------
        NotFittedError, InvalidParameterError
            Before ``fit``; if ``plan`` is none.
        """
        check_is_fitted(clf)
        return cls(clf.llm_usage_, plan)

    def plot(self, ax: Any = None) -> UsageDisplay:
        """Draw it.

        Parameters
        ----------
        ax : array of two matplotlib Axes, default=None
            None: a new figure.

        Returns
        -------
        self : UsageDisplay

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        """
        self.figure_, self.ax_ = get_axes(ax, 2, 3.6 + 0.4 * len(self.prompts))
        questions, spent = self.ax_
        places = np.arange(len(self.prompts))
        questions.barh(places, self.planned, 0.75, facecolor="none", edgecolor=DARK, label="planned")
        start = np.zeros(len(self.prompts), dtype=np.int64)
        colors = (COLORS[4], COLORS[0], COLORS[5], GRAY)
        for color, (part, label) in zip(colors, _PARTS.items(), strict=True):
            counts = self.questions[part]
            if counts.any():
                questions.barh(places, counts, 0.5, left=start, color=color, label=label)
            start = start + counts
        for place, name, n_bad in zip(places, self.prompts, self.bad, strict=True):
            if n_bad:
                questions.annotate(f" {n_bad} of {name!r} unusable", (0, place), va="center", fontsize="small")
        questions.set_yticks(places, self.prompts)
        questions.invert_yaxis()
        questions.set_xlabel("distinct questions")
        legend_below(questions, 2)
        for row, (planned, used) in enumerate(self.spent.values()):
            # each is its own unit: shares of the plan, or of itself without one
            whole = max(np.nan_to_num(planned), used, 1e-300)
            spent.barh(row, np.nan_to_num(planned) / whole, 0.75, facecolor="none", edgecolor=DARK)
            spent.barh(row, used / whole, 0.5, color=COLORS[0])
            told = f"{used:,.4g}" + ("" if np.isnan(planned) else f" of at most {planned:,.4g}")
            spent.annotate(told, (1.02, row), va="center", fontsize="small", annotation_clip=False)
        spent.set_yticks(range(len(self.spent)), list(self.spent))
        spent.invert_yaxis()
        spent.set_xlim(0, 1.9)
        spent.set_xticks([])
        spent.spines[["top", "right", "bottom"]].set_visible(False)
        return self
