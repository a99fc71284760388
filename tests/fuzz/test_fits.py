"""Fits on small random graphs with random labels and parameters: a model that predicts, or an error of this package."""

from __future__ import annotations

import pickle
import warnings
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skellagnn import CallableEnhancer, ELLaGNNClassifier, TextGraph
from skellagnn.exceptions import SkellagnnError, SkellagnnWarning
from skellagnn.gnn.backbones import BACKBONES

EXAMPLES = [30, pytest.param(1_500, marks=pytest.mark.fuzz)]
WORDS = ["cat", "dog", "rock", "ore", "", " ", "猫", "the", "Ä\u0308", "x" * 300, "1", "none"]
NAMES = ["pets", "stones", "news"]
ANSWERS = ["pets", "stones; second choice: pets", "none of these", "", "I cannot help.", "news (90 %)", "pets stones"]


@st.composite
def graphs(draw):
    n_nodes = draw(st.sampled_from([6, 9, 7, 4, 8, 5, 3, 2, 1]))
    ends = st.integers(0, n_nodes - 1)
    edges = draw(st.lists(st.tuples(ends, ends), max_size=14))
    has = draw(st.sampled_from([("texts",), ("texts",), ("features",), ("texts", "features")]))
    texts = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
    number = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 1e-30, 1e30]), st.floats(-3, 3, width=32))
    row = st.lists(number, min_size=3, max_size=3)
    return TextGraph.from_edges(
        edges,
        texts=draw(st.lists(texts, min_size=n_nodes, max_size=n_nodes)) if "texts" in has else None,
        features=draw(st.lists(row, min_size=n_nodes, max_size=n_nodes)) if "features" in has else None,
        weights=draw(st.lists(st.sampled_from([0.1, 1, 1e6]), min_size=len(edges), max_size=len(edges))),
        directed=draw(st.booleans()),
        node_names=draw(st.sampled_from([None, [f"n{i}" for i in range(n_nodes)]])),
        n_nodes=n_nodes,
    )


PARAMETERS = {
    "augmentation_ratio": st.sampled_from([0.1, 0, 0.0, 0.5, 1.0, 1, 3]),
    "prompts": st.sampled_from(["topic", "keywords", "keywords+topic", "topic_confidence", "all", "contested"]),
    "selection": st.sampled_from(
        ["clue", "clustering", "margin", "margin_random", "neighbors", "centers", "pagerank", "random", "degree"]
    ),
    "candidates": st.sampled_from([None, [0]]),
    "class_names": st.sampled_from([None, NAMES, NAMES[:2], dict(enumerate(NAMES))]),
    "encoder": st.sampled_from(["tfidf", "auto"]),
    "n_neighbors": st.sampled_from([None, 1, 10]),
    "backbone": st.sampled_from(list(BACKBONES)),
    "n_layers": st.integers(1, 3),
    "hidden_channels": st.sampled_from([1, 2, 9]),
    "dropout": st.sampled_from([0.0, 0.5, 0.99]),
    "view_probability": st.sampled_from([0.0, 0.5, 1.0]),
    "teacher": st.sampled_from(["auto", None]),
    "answer_weight": st.sampled_from([0.0, 1.0, 1e6]),
    "learning_rate_init": st.sampled_from([1e-6, 0.01, 10.0]),
    "weight_decay": st.sampled_from([0.0, 1.0]),
    "batch_size": st.sampled_from(["auto", None, 1, 1000]),
    "sample_size": st.sampled_from([None, 1, 10]),
    "max_iter": st.integers(1, 3),
    "early_stopping": st.sampled_from(["auto", True, False, 0.5]),
    "n_iter_no_change": st.sampled_from([1, 100]),
    "class_weight": st.sampled_from([None, "balanced"]),
    "on_bad_answer": st.sampled_from(["raw", "retry", "raise"]),
    "random_state": st.integers(0, 5),
}
LABELS = st.one_of(
    st.sampled_from([[0, 1], [0, 1, -1], [2, 0, 1], NAMES, [True, False], [1, -1, -1, 0]]),
    st.lists(st.sampled_from([-1, 0, 1, 2]), min_size=2, max_size=9),
    st.sampled_from([[-1], None]),
)


@pytest.mark.parametrize("n_examples", EXAMPLES)
def test_a_fit_gives_a_model_that_predicts_or_an_error_of_ours(n_examples):
    said = Counter()

    @settings(
        max_examples=n_examples,
        derandomize=n_examples < 1000,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        graphs(),
        LABELS,
        st.just([]) | st.lists(st.integers(0, 8), max_size=9, unique=True),
        st.fixed_dictionaries({}, optional=PARAMETERS),
        st.sampled_from([None, *ANSWERS]),
    )
    def check(graph, labels, view, parameters, answer):
        # a warning of somebody else is a fault: nothing in a fit is to overflow or to divide by zero
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", SkellagnnWarning)
            check_one(graph, labels, view, parameters, answer)

    def check_one(graph, labels, view, parameters, answer):
        asks = answer is not None and graph.texts is not None
        enhancer = CallableEnhancer(lambda prompt: answer, model_name="fuzz") if asks else None
        usual = {
            "encoder": None if graph.texts is None else "tfidf",
            "class_names": NAMES if labels is None or not isinstance(labels[0], str) else None,
            "max_iter": 2,
            "hidden_channels": 4,
        }
        clf = ELLaGNNClassifier(enhancer, **{**usual, **parameters}, store=None)
        X = graph[sorted({position % graph.n_nodes for position in view})] if view else graph
        y = None if labels is None else np.array(labels)[np.arange(len(X)) % len(labels)]
        refused = None
        try:
            clf.fit(X, y)
        except SkellagnnError as error:
            said[str(error)[:60]] += 1
            refused = error
        if refused is not None:
            assert not hasattr(clf, "network_"), "a fit that fails leaves no half of a model"
            return
        said["fitted"] += 1
        probabilities = clf.predict_proba(graph)
        assert probabilities.shape == (graph.n_nodes, len(clf.classes_))
        assert np.isfinite(probabilities).all()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
        assert np.isin(clf.predict(graph), clf.classes_).all()
        if y is not None and y.dtype.kind not in "U":
            assert -1 not in clf.classes_
        assert len(clf.queried_nodes_) <= graph.n_nodes
        # the part of it that a view looks at, and the way through a file, change nothing
        if len(X):
            np.testing.assert_allclose(clf.predict_proba(X), probabilities[X.targets], atol=1e-4)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(graph), probabilities)
        if "random_state" in parameters:
            again = clf.fit(X, y).predict_proba(graph)
            np.testing.assert_array_equal(again, probabilities)

    check()
    assert said["fitted"] > n_examples / 5, said
