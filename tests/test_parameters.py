"""Parameters that are wrong show before anything else happens: a table of those that need neither graph nor labels."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from skellagnn import ELLaGNNClassifier
from skellagnn.distillation import PropagationTeacher
from skellagnn.exceptions import InvalidParameterError
from skellagnn.parameters import PAPER_SETTINGS, check_parameters, shared_parameters

DEFAULTS = ELLaGNNClassifier().get_params(deep=False)


class Short(PropagationTeacher):
    """Of a form that scikit-learn's classifiers have."""

    def fit(self, X, y):
        return self


class Teacher(PropagationTeacher):
    pass


class Weightless:
    def fit(self): ...
    def predict_proba(self): ...
    def get_params(self): ...


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("selection", "page_rank", r"`selection` must be one of .* got 'page_rank'\. Did you mean 'pagerank'\?"),
        ("selection", 3, "`selection` must be one of .* or a callable, got 3"),
        ("augmentation_ratio", 7.5, r"`augmentation_ratio` as a float must be in \[0, 1\], .* got 7\.5"),
        ("augmentation_ratio", -0.1, r"`augmentation_ratio` as a float must be in \[0, 1\], .* got -0\.1"),
        ("augmentation_ratio", -2, "`augmentation_ratio` must be an int of at least 0, got -2"),
        ("augmentation_ratio", "all", "`augmentation_ratio` must be a float .* or an int .* got 'all'"),
        ("augmentation_ratio", True, "`augmentation_ratio` must be a float .* or an int .* got True"),
        ("augmentation_ratio", np.nan, "`augmentation_ratio` must be a float .* got nan"),
        ("n_neighbors", 0, "`n_neighbors` must be .* got 0"),
        ("n_neighbors", "auto", "`n_neighbors` must be .* got 'auto'"),
        ("sample_size", 2.0, r"`sample_size` must be .* got 2\.0"),
        ("n_layers", 0, "`n_layers` must be .* got 0"),
        ("hidden_channels", -1, "`hidden_channels` must be .* got -1"),
        ("max_iter", True, "`max_iter` must be .* got True"),
        ("n_iter_no_change", None, "`n_iter_no_change` must be .* got None"),
        ("dropout", 1.0, r"`dropout` must be .*\[0, 1\).* got 1\.0"),
        ("view_probability", 1.1, r"`view_probability` must be .*\[0, 1\].* got 1\.1"),
        ("learning_rate_init", 0, "`learning_rate_init` must be .* got 0"),
        ("weight_decay", np.inf, "`weight_decay` must be .* got inf"),
        ("answer_weight", -0.5, r"`answer_weight` must be .* got -0\.5"),
        ("answer_weight", 1e300, r"`answer_weight` must be a number in \[0, 1e\+06\], got 1e\+300"),
        ("weight_decay", 1e308, r"`weight_decay` must be a number in \[0, 1e\+06\], got 1e\+308"),
        ("answer_weight", "auto", "`answer_weight` must be .* got 'auto'"),
        ("batch_size", 0, "`batch_size` must be .* got 0"),
        ("batch_size", "full", "`batch_size` must be a positive int, None for the whole graph, or 'auto', got 'full'"),
        ("early_stopping", "yes", r"`early_stopping` must be True, False, 'auto' or a fraction .* got 'yes'"),
        ("early_stopping", None, r"`early_stopping` must be True, False, 'auto' or a fraction .* got None"),
        ("early_stopping", 1.0, r"`early_stopping` must be .*\(0, 1\).* got 1\.0"),
        ("teacher", "propagation", "`teacher` must be 'auto', a PropagationTeacher, .* or None, got 'propagation'"),
        ("teacher", PropagationTeacher, "`teacher` must be 'auto', a PropagationTeacher, .* got <class"),
        ("teacher", Weightless(), "`teacher` must be 'auto', .* estimator with `weight`, .* got <.*Weightless"),
        ("teacher", 2.0, r"`teacher` must be 'auto', .* got 2\.0"),
        ("teacher", Short(), r"`teacher` must be 'auto', .*`fit\(features, known, adjacency\)`"),
        ("teacher", PropagationTeacher(weight=-1.0), r"`teacher\.weight` must be .* got -1\.0"),
        ("teacher", PropagationTeacher(weight=1e300), r"`teacher\.weight` must be .* got 1e\+300"),
        ("teacher", PropagationTeacher(weight=None), r"`teacher\.weight` must be .* got None"),
    ],
)
def test_what_is_wrong_is_said_by_name(name, value, sentence):
    with pytest.raises(InvalidParameterError, match=sentence):
        check_parameters(DEFAULTS | {name: value})


@pytest.mark.parametrize(
    "right",
    [
        {},
        PAPER_SETTINGS,
        {"selection": lambda graph, features, rng: np.arange(graph.n_nodes)},
        {"selection": "margin_random"},
        {"augmentation_ratio": 0},
        {"augmentation_ratio": 0.0},
        {"augmentation_ratio": 1.0},
        {"augmentation_ratio": np.int64(10**6)},  # whether there are so many nodes is seen later
        {"augmentation_ratio": 1e-6},
        {"n_neighbors": None, "sample_size": None, "batch_size": None},
        {"n_neighbors": np.int32(3), "batch_size": 1, "dropout": 0, "weight_decay": 0, "answer_weight": 0},
        {"view_probability": 1, "answer_weight": 3.5},
        {"early_stopping": True},
        {"early_stopping": np.False_},
        {"early_stopping": 0.2},
        {"teacher": PropagationTeacher(weight=0)},
        {"teacher": Teacher(n_rounds=0)},
    ],
)
def test_what_is_right_passes_whatever_the_graph(right):
    check_parameters(DEFAULTS | dict(right))


def test_there_are_thirty_parameters():
    # a new one has to be worth more than one of these
    assert len(DEFAULTS) == 30


def test_the_first_of_several_is_named():
    with pytest.raises(InvalidParameterError, match="`n_layers`"):
        check_parameters(DEFAULTS | {"max_iter": 0, "n_layers": 0})


def test_the_settings_of_the_paper_are_parameters_that_cannot_be_changed():
    assert dict(PAPER_SETTINGS) == {"teacher": None, "answer_weight": 0.0}
    assert PAPER_SETTINGS.keys() <= inspect.signature(ELLaGNNClassifier).parameters.keys()
    with pytest.raises(TypeError):
        PAPER_SETTINGS["teacher"] = "auto"


def test_processes_share_what_decides_the_model_and_not_where_things_are():
    parameters = DEFAULTS | {"random_state": 3, "store": "a", "memory": "b", "device": "cpu", "verbose": 1}
    shared = shared_parameters(parameters)

    assert shared == shared_parameters(DEFAULTS)
    assert shared["enhancer"] is True
    assert shared != shared_parameters(DEFAULTS | {"hidden_channels": 3})
    assert shared != shared_parameters(DEFAULTS | {"enhancer": object()})
