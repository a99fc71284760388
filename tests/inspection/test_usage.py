"""Planned against spent."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skellagnn import ELLaGNNClassifier
from skellagnn.exceptions import InvalidParameterError
from skellagnn.inspection import UsageDisplay
from skellagnn.llm.asking import LLMUsage, PromptUsage


def test_what_became_of_the_questions(fitted):
    display = UsageDisplay.from_estimator(fitted.clf, fitted.plan)

    assert display.prompts == ["topic_confidence"]
    assert display.planned.tolist() == [20]
    assert {part: counts.tolist() for part, counts in display.questions.items()} == {
        "stored": [0],
        "answered": [15],
        "failed": [0],
        "left": [5],
    }
    usage = fitted.clf.llm_usage_
    assert display.spent["tokens in"] == (fitted.plan.tokens_in, usage.total.tokens_in)
    assert display.spent["tokens out"] == (fitted.plan.max_tokens_out, usage.total.tokens_out)
    assert display.spent["money"] == (fitted.plan.cost(), usage.cost)


def test_without_a_plan_what_was_asked_is_the_plan():
    usage = LLMUsage("m", {"topic": PromptUsage(questions=9, found=2, asked=6, failed=1, left=1, bad={"empty": 2})})

    display = UsageDisplay(usage)

    assert display.planned.tolist() == [9]
    assert [counts.tolist() for counts in display.questions.values()] == [[2], [5], [1], [1]]
    assert display.bad.tolist() == [2]
    assert np.isnan(display.spent["tokens in"][0])
    assert "money" not in display.spent


def test_bars_add_up(fitted):
    display = UsageDisplay.from_estimator(fitted.clf, fitted.plan).plot()

    widths = [bar.get_width() for bar in display.ax_[0].patches]
    assert widths == [20, 15, 5]
    told = [text.get_text() for text in display.ax_[1].texts]
    assert told[0] == f"{fitted.clf.llm_usage_.total.tokens_in:,.4g} of at most {fitted.plan.tokens_in:,.4g}"


def test_a_model_without_an_llm_asked_nothing(fitted):
    clf = ELLaGNNClassifier(encoder="tfidf", max_iter=2).fit(fitted.graph[fitted.train], fitted.y[fitted.train])

    display = UsageDisplay.from_estimator(clf).plot()

    assert display.prompts == []
    assert display.spent == {"tokens in": (pytest.approx(float("nan"), nan_ok=True), 0)} | {
        "tokens out": (pytest.approx(float("nan"), nan_ok=True), 0)
    }


def test_what_is_no_usage():
    with pytest.raises(NotFittedError):
        UsageDisplay.from_estimator(ELLaGNNClassifier())
    with pytest.raises(InvalidParameterError, match="`plan` a Plan or None, got LLMUsage and dict"):
        UsageDisplay(LLMUsage(), {})
