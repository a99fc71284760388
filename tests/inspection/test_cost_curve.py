"""Scores and costs of a search, and of plain numbers."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from skellagnn import Budget, ELLaGNNClassifier, ReplayEnhancer
from skellagnn.datasets import make_text_graph
from skellagnn.exceptions import InvalidParameterError
from skellagnn.inspection import CostCurveDisplay


@pytest.fixture(scope="module")
def problem():
    data = make_text_graph(60, n_classes=2, random_state=0)
    clf = ELLaGNNClassifier(
        ReplayEnhancer(data.answers),
        selection="clustering",
        class_names=data.target_names,
        encoder="tfidf",
        hidden_channels=8,
        max_iter=3,
        random_state=0,
    )
    return clf, data.graph, data.target


def search(problem, grid, **parameters):
    clf, X, y = problem
    return GridSearchCV(clf, grid, cv=3, **parameters).fit(X, y)


def test_a_line_for_each_setting_of_the_other_parameters(problem):
    found = search(problem, {"augmentation_ratio": [0.2, 0.1], "prompts": ["topic", "keywords+topic"]})

    display = CostCurveDisplay.from_cv_results(found, "augmentation_ratio", X=problem[1], y=problem[2])

    assert display.values == [0.1, 0.2]
    assert display.lines == ["prompts=topic", "prompts=keywords+topic"]
    results = found.cv_results_
    for number, candidate in enumerate(results["params"]):
        place = (
            display.lines.index(f"prompts={candidate['prompts']}"),
            display.values.index(candidate["augmentation_ratio"]),
        )
        folds = [results[f"split{fold}_test_score"][number] for fold in range(3)]
        assert display.scores[place] == pytest.approx(np.mean(folds))
        assert display.errors[place] == pytest.approx(np.std(folds, ddof=1) / np.sqrt(3))
    assert display.cost.tolist() == [[6, 12], [12, 24]]


@pytest.mark.filterwarnings("ignore::skellagnn.exceptions.AnswerWarning")  # the budget was spent
def test_budgets_stand_for_their_limit_and_bound_the_cost(problem):
    budgets = [Budget(4, prices=(1e6, 0)), Budget(max_calls=2, prices=(1e6, 0))]
    found = search(problem, {"budget": budgets, "augmentation_ratio": [10]}, refit=False)

    with_calls = CostCurveDisplay.from_cv_results(found, "budget", X=problem[1], y=problem[2])
    with_money = CostCurveDisplay.from_cv_results(found, "budget", X=problem[1], y=problem[2], prices=(1e6, 0))

    assert with_calls.values == [2, 4]
    assert with_calls.cost.tolist() == [[2, 4]]
    clf, X, y = problem
    two = clf.set_params(augmentation_ratio=10).plan(X, y).split(1, Budget(2))[0]
    assert with_money.cost[0, 0] == two.tokens_in


@pytest.mark.filterwarnings("ignore::skellagnn.exceptions.AnswerWarning")
def test_budgets_without_a_number_are_names(problem):
    found = search(problem, {"budget": [Budget(), Budget(3)]}, refit=False)

    display = CostCurveDisplay.from_cv_results(found).plot()

    assert display.values == ["no limit", 3]
    assert display.cost is None
    assert display.cost_ax_ is None
    assert [tick.get_text() for tick in display.ax_.get_xticklabels()] == ["no limit", "3"]


def test_one_fold_has_no_error(problem):
    clf, X, y = problem
    found = GridSearchCV(clf, {"augmentation_ratio": [0, 2]}, cv=[(np.arange(40), np.arange(40, 60))]).fit(X, y)

    display = CostCurveDisplay.from_cv_results(found)

    assert np.isnan(display.errors).all()
    assert display.plot().ax_.get_xlabel() == "augmentation_ratio"


def test_a_search_with_several_metrics(problem):
    found = search(problem, {"augmentation_ratio": [1, 2]}, scoring=["accuracy", "f1_macro"], refit="accuracy")

    display = CostCurveDisplay.from_cv_results(found, metric="f1_macro")

    assert display.scores[0].tolist() == found.cv_results_["mean_test_f1_macro"].tolist()
    with pytest.raises(InvalidParameterError, match=r"`metric` one of 'accuracy', 'f1_macro', got .* and 'score'"):
        CostCurveDisplay.from_cv_results(found)


def test_plain_numbers_are_drawn_as_they_are():
    display = CostCurveDisplay([0, 1, 5], [0.5, 0.6, 0.8], [0.1, 0.1, 0.2], [0, 10, 50], score_name="f1").plot()

    ((_, line),) = [(0, line) for line in display.ax_.lines if len(line.get_xdata()) == 3][:1]
    assert line.get_xydata().tolist() == [[0, 0.5], [1, 0.6], [5, 0.8]]
    assert display.cost_ax_.lines[0].get_ydata().tolist() == [0, 10, 50]
    assert display.ax_.get_ylabel() == "f1"
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["f1", "cost"]


def test_lines_that_cost_differently_have_costs_of_their_own():
    display = CostCurveDisplay([1, 2], [[0.1, 0.2], [0.3, np.nan]], cost=[[1, 2], [2, 4]], lines=["a", "b"]).plot()

    assert [line.get_ydata().tolist() for line in display.cost_ax_.lines] == [[1, 2], [2, 4]]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"scores": [[1, 2, 3]]}, r"`scores` must have a row for each of `lines` \(1\) .* shape \(1, 3\)"),
        ({"scores": [1, 2], "errors": [1]}, r"`errors` must have the shape of `scores`, \(1, 2\), got \(1, 1\)"),
        ({"scores": [1, 2], "cost": [[1, 2], [1, 2]]}, "`cost` must have the shape of `scores`"),
        ({"scores": [1, 2], "lines": ["a", "b"]}, "a row for each of `lines`"),
    ],
)
def test_shapes_that_do_not_fit(parameters, message):
    with pytest.raises(InvalidParameterError, match=message):
        CostCurveDisplay([1, 2], **parameters)


def test_searches_that_cannot_be_read(problem):
    with pytest.raises(NotFittedError):
        CostCurveDisplay.from_cv_results(GridSearchCV(problem[0], {"augmentation_ratio": [1]}))
    found = search(problem, {"augmentation_ratio": [1, 2], "prompts": ["topic"]})
    with pytest.raises(InvalidParameterError, match=r"searched over, 'augmentation_ratio', 'prompts'.*got None"):
        CostCurveDisplay.from_cv_results(found)
    other = GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2).fit(np.eye(8), [0, 1] * 4)
    with pytest.raises(InvalidParameterError, match="`X` must be None for a search over LogisticRegression"):
        CostCurveDisplay.from_cv_results(other, X=np.eye(8), y=[0, 1] * 4)
