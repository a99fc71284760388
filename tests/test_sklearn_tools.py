"""scikit-learn's tools over nodes: each one that works with a graph view, as a table."""

import numpy as np
import pandas as pd
import pytest
from sklearn import set_config
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes HalvingGridSearchCV importable
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    ShuffleSplit,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    train_test_split,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.utils import resample, shuffle

from skellagnn import ELLaGNNClassifier, NodeSplit, ReplayEnhancer, TextGraph, encode_graph
from skellagnn.datasets import make_text_graph
from skellagnn.exceptions import LabelError

GOOD = 0.6  # chance is 1/2


@pytest.fixture(scope="module")
def problem():
    data = make_text_graph(n_nodes=90, n_classes=2, homophily=0.8, informativeness=0.5, random_state=0)
    return encode_graph(data.graph, "tfidf"), data.target


@pytest.fixture(scope="module")
def texts():
    return make_text_graph(n_nodes=90, n_classes=2, homophily=0.8, informativeness=0.5, random_state=0)


def quick(**params):
    params = {"encoder": None, "hidden_channels": 8, "max_iter": 15, "random_state": 0, **params}
    return ELLaGNNClassifier(**params)


def test_train_test_split_gives_views(problem):
    X, y = problem
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    assert isinstance(X_train, TextGraph)
    assert X_train.n_nodes == 90
    assert len(X_train) + len(X_test) == 90
    assert quick().fit(X_train, y_train).score(X_test, y_test) > GOOD


@pytest.mark.parametrize("splitter", [KFold(3), StratifiedKFold(3), ShuffleSplit(3, random_state=0)])
def test_splitters(problem, splitter):
    X, y = problem
    assert cross_val_score(quick(), X, y, cv=splitter).mean() > GOOD


@pytest.mark.parametrize(
    "splitter",
    [
        NodeSplit(3),
        NodeSplit(3, random_state=0),
        NodeSplit(ShuffleSplit(4, test_size=0.3, random_state=0)),
        NodeSplit(2, time=range(90)),
    ],
    ids=["folds", "shuffled", "draws", "time"],
)
@pytest.mark.parametrize("cut", [False, True], ids=["transductive", "inductive"])
def test_splitters_of_partly_labeled_nodes(splitter, cut):
    data = make_text_graph(n_nodes=90, n_classes=2, homophily=0.9, informativeness=0.9, random_state=0)
    X = encode_graph(data.graph.inductive() if cut else data.graph, "tfidf")
    y = np.where(np.arange(90) % 3 == 1, -1, data.target)
    assert cross_val_score(quick(), X, y, cv=splitter).mean() > GOOD
    search = GridSearchCV(quick(), {"hidden_channels": [4, 8]}, cv=splitter).fit(X, y)
    assert search.best_score_ > GOOD
    with pytest.raises(ValueError, match="-1"):  # scikit-learn's own test on unlabeled nodes
        cross_val_score(quick(), X, y, cv=StratifiedKFold(3), error_score="raise")


def test_halving_search_over_partly_labeled_nodes(problem):
    X, y = problem
    y = np.where(np.arange(90) % 3 == 1, -1, y)
    cv = NodeSplit(2, random_state=0)
    search = HalvingGridSearchCV(quick(), {"hidden_channels": [4, 8]}, cv=cv, random_state=0, return_train_score=False)
    assert search.fit(X, y).best_score_ > GOOD


def test_shuffle_and_resample(problem):
    X, y = problem
    shuffled_X, shuffled_y = shuffle(X, y, random_state=0)
    np.testing.assert_array_equal(y[shuffled_X.targets], shuffled_y)
    drawn_X, drawn_y = resample(X, y, random_state=0)
    assert len(np.unique(drawn_X.targets)) < len(drawn_X)
    assert quick().fit(drawn_X, drawn_y).score(X, y) > GOOD


def test_cross_validation_functions(problem):
    X, y = problem
    result = cross_validate(quick(), X, y, cv=3, return_estimator=True, scoring=["accuracy", "roc_auc"])
    assert result["test_accuracy"].mean() > GOOD
    predicted = cross_val_predict(quick(), X, y, cv=3)
    np.testing.assert_allclose((predicted == y).mean(), cross_val_score(quick(), X, y, cv=3).mean(), atol=0.02)
    assert cross_val_predict(quick(), X, y, cv=3, method="predict_proba").shape == (90, 2)


def test_shuffled_labels_of_named_rows_are_refused(problem):
    graph, y = problem
    labels = pd.Series(y, index=[f"n{i}" for i in range(len(y))])
    named = TextGraph(graph.adjacency, features=graph.features, node_names=labels.index)
    table = pd.DataFrame(graph.features, index=labels.index)

    assert cross_val_score(quick(), named, labels, cv=2).min() > GOOD
    with pytest.raises(LabelError, match="holds names of other nodes"):
        cross_val_score(quick(), named, labels[::-1], cv=2, error_score="raise")
    with pytest.raises(LabelError, match="holds the same names in another order"):
        quick().fit(table, labels[::-1])


def test_curves(problem):
    X, y = problem
    _, _, test = learning_curve(quick(), X, y, cv=3, train_sizes=[0.3, 1.0])
    assert test[-1].mean() > GOOD
    _, test = validation_curve(quick(), X, y, param_name="hidden_channels", param_range=[4, 8], cv=3)
    assert test.shape == (2, 3)
    score, permuted, _ = permutation_test_score(quick(), X, y, cv=3, n_permutations=3, random_state=0)
    assert score > permuted.mean()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search_over_ratio_and_prompts(texts, n_jobs):
    clf = quick(
        enhancer=ReplayEnhancer(texts.answers), encoder="tfidf", class_names=texts.target_names, prompts="topic"
    )
    grid = {"augmentation_ratio": [0.1, 0.3], "prompts": ["keywords", ("keywords", "topic")]}
    search = GridSearchCV(clf, grid, cv=2, n_jobs=n_jobs).fit(texts.graph, texts.target)
    assert len(search.cv_results_["params"]) == 4
    assert not any(np.isnan(search.cv_results_["mean_test_score"]))
    assert search.best_estimator_.llm_usage_.total.questions > 0
    assert search.best_score_ > GOOD


@pytest.mark.parametrize(
    "search",
    [
        lambda clf: HalvingGridSearchCV(clf, {"hidden_channels": [4, 8]}, cv=2, random_state=0),
        lambda clf: RandomizedSearchCV(clf, {"hidden_channels": [4, 8]}, n_iter=2, cv=2, random_state=0),
        lambda clf: CalibratedClassifierCV(clf, cv=2),
        lambda clf: TunedThresholdClassifierCV(clf, cv=2),
        lambda clf: OneVsRestClassifier(clf),
        lambda clf: VotingClassifier([("a", clf), ("b", clone(clf).set_params(backbone="gcn"))], voting="soft"),
        lambda clf: StackingClassifier([("a", clf)], LogisticRegression(), cv=2),
        lambda clf: make_pipeline("passthrough", clf),
        lambda clf: Pipeline([("clf", clf)]),
    ],
    ids=["halving", "randomized", "calibrated", "threshold", "ovr", "voting", "stacking", "passthrough", "pipeline"],
)
def test_meta_estimators(problem, search):
    X, y = problem
    assert search(quick()).fit(X, y).score(X, y) > GOOD


def test_metadata_routing(problem):
    X, y = problem
    set_config(enable_metadata_routing=True)
    try:
        clf = quick().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(clf, {"hidden_channels": [4, 8]}, cv=2).fit(X, y, sample_weight=np.ones(90))
    finally:
        set_config(enable_metadata_routing=False)
    assert search.best_score_ > GOOD


def test_sample_weight_as_fit_parameter_is_sliced(problem):
    X, y = problem
    search = GridSearchCV(quick(), {"hidden_channels": [4, 8]}, cv=2).fit(X, y, sample_weight=np.ones(90))
    assert search.best_score_ > GOOD


@pytest.mark.parametrize(
    "tool",
    [
        lambda clf: BaggingClassifier(clf, n_estimators=2),
        lambda clf: AdaBoostClassifier(clf, n_estimators=2),
        lambda clf: SelfTrainingClassifier(clf),
        lambda clf: OutputCodeClassifier(clf),
        lambda clf: OneVsOneClassifier(clf),
        lambda clf: make_pipeline(StandardScaler(), clf),
    ],
    ids=["bagging", "boosting", "self-training", "output codes", "ovo", "scaler"],
)
def test_tools_that_want_an_array_say_so(problem, tool):
    """They would train on node numbers; they must not do so in silence."""
    X, y = problem
    with pytest.raises((TypeError, ValueError)):
        tool(quick()).fit(X, y).predict(X)
