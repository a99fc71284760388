"""LLMAugmenter asks what the classifier asks, and hands it over: graphs, columns, soft labels."""

import pickle
import zlib

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from torch.nn import functional as F
from torch_geometric.nn import SAGEConv

from skellagnn import ELLaGNNClassifier, LLMAugmenter, NodeSplit, ReplayEnhancer, TextGraph, plan_search
from skellagnn.base.vectors import unit_vectors
from skellagnn.datasets import make_text_graph
from skellagnn.distillation import propagate
from skellagnn.exceptions import EnhancerError, GraphError, InvalidParameterError, LabelError


@pytest.fixture(scope="module")
def data():
    return make_text_graph(n_nodes=120, homophily=0.8, informativeness=0.5, random_state=0)


def make(data, **params):
    params = {"class_names": data.target_names, "encoder": "tfidf", "random_state": 0, **params}
    return LLMAugmenter(params.pop("enhancer", ReplayEnhancer(data.answers)), **params)


def say(question):
    return f"a note on number {zlib.crc32(question.encode())}"


# -- the same as the classifier ------------------------------------------------------------------------------------


@pytest.mark.parametrize("prompts", ["topic", "keywords", "keywords+topic"])
@pytest.mark.parametrize("selection", ["clustering", "margin", "centers"])
def test_it_asks_and_reads_what_the_classifier_does(data, prompts, selection):
    params = {"prompts": prompts, "selection": selection}
    augmenter = make(data, **params).fit(data.graph[:60], data.target[:60])
    clf = ELLaGNNClassifier(**augmenter._as_classifier().get_params(deep=False)).set_params(max_iter=1)
    clf.fit(data.graph[:60], data.target[:60])

    np.testing.assert_array_equal(augmenter.queried_nodes_, clf.queried_nodes_)
    assert augmenter.answers_ == clf.answers_
    assert augmenter.llm_usage_.total.questions == clf.llm_usage_.total.questions > 0
    assert augmenter.reliability_ == pytest.approx(clf.reliability_) if "topic" in prompts else clf.reliability_ is None
    assert augmenter.n_features_in_ == clf.n_features_in_


def test_its_plan_is_that_of_the_classifier(data):
    augmenter = make(data, prompts="keywords+topic")

    plan = augmenter.plan(data.graph)

    assert plan.questions == {"keywords": 12, "topic": 12}
    np.testing.assert_array_equal(plan.active_nodes, augmenter.fit(data.graph).queried_nodes_)


def test_it_asks_once_and_transform_asks_nothing(data, counting_enhancer):
    enhancer = counting_enhancer(say)
    augmenter = make(data, enhancer=enhancer, prompts="keywords", store=None)

    augmenter.fit(data.graph)
    asked = len(enhancer.asked)
    augmenter.transform(data.graph[:5])
    augmenter.transform(data.graph.subgraph(range(7)))

    assert asked == len(enhancer.asked) == 12


# -- features --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view_weight", [0.0, 0.25, 1.0])
def test_answers_are_mixed_into_the_rows_of_queried_nodes_alone(data, view_weight):
    plain = make(data, enhancer=None).fit_transform(data.graph)
    augmenter = make(data, prompts="keywords", view_weight=view_weight)
    found = augmenter.fit_transform(data.graph)

    queried = augmenter.queried_nodes_
    others = np.setdiff1d(np.arange(120), queried)
    np.testing.assert_array_equal(found.features[others], plain.features[others])
    answers = [next(said.answer for said in augmenter.answers_ if said.node == node) for node in queried]
    views = unit_vectors(augmenter.encoder_.transform(answers))
    expected = unit_vectors(view_weight * views + (1 - view_weight) * plain.features[queried])
    np.testing.assert_allclose(found.features[queried], expected, atol=1e-6)


def test_answers_that_name_classes_count_as_far_as_they_are_reliable(data):
    augmenter = make(data, view_weight=1.0)
    plain = make(data, enhancer=None).fit_transform(data.graph)

    found = augmenter.fit_transform(data.graph, data.target)

    node = augmenter.queried_nodes_[0]
    view = unit_vectors(augmenter.encoder_.transform([augmenter.answers_[0].answer]))[0]
    trust = augmenter.reliability_
    assert 0 < trust < 1
    expected = unit_vectors((trust * view + (1 - trust) * plain.features[node])[None])[0]
    np.testing.assert_allclose(found.features[node], expected, atol=1e-6)


def test_what_comes_out_is_the_same_view_of_the_same_graph(data):
    augmenter = make(data).fit(data.graph)
    view = data.graph[[5, 3, 5]].inductive()

    found = augmenter.transform(view)

    assert list(found) == [5, 3, 5]
    assert found.is_inductive
    assert found.adjacency is data.graph.adjacency
    assert found.texts is data.graph.texts
    np.testing.assert_array_equal(found.features, augmenter.transform(data.graph).features)


def test_a_queried_node_is_known_by_name_and_text_in_other_graphs(data):
    augmenter = make(data, prompts="keywords").fit(data.graph)
    whole = augmenter.transform(data.graph).features
    first = int(augmenter.queried_nodes_[0])
    kept = np.array([first, (first + 1) % 120, 7])

    np.testing.assert_array_equal(augmenter.transform(data.graph.subgraph(kept)).features, whole[kept])
    renamed = TextGraph(data.graph.adjacency, list(data.graph.texts), node_names=[f"n{i}" for i in range(120)])
    plain = make(data, enhancer=None).fit_transform(data.graph).features
    np.testing.assert_array_equal(augmenter.transform(renamed).features, plain)  # nobody asked about these
    assert np.abs(whole - plain).max() > 0.1


def test_features_that_a_graph_brings_are_mixed_with_answers(data):
    encoder = make(data).fit(data.graph).encoder_
    brings = data.graph.with_features(7 * encoder.transform(list(data.graph.texts)))
    asks = {
        "prompts": "keywords",
        "encoder": encoder,
        "selection": "pagerank",
    }  # rounding may move nodes between clusters
    of_texts = make(data, **asks).fit_transform(data.graph)

    found = make(data, **asks).fit_transform(brings)

    np.testing.assert_allclose(found.features, of_texts.features, atol=1e-5)


def test_columns_are_own_and_propagated_rows_of_the_nodes_in_view(data):
    augmenter = make(data, output="features").fit(data.graph)
    rows = clone(augmenter).set_params(output="graph").fit_transform(data.graph).features

    found = augmenter.transform(data.graph[[9, 4]])

    np.testing.assert_allclose(found, propagate(data.graph.adjacency, rows)[[9, 4]], atol=1e-6)
    assert found.dtype == np.float32
    width = augmenter.n_features_in_
    names = augmenter.get_feature_names_out()
    assert list(names[[0, width - 1, width, -1]]) == ["own0", f"own{width - 1}", "near0", f"near{width - 1}"]
    table = augmenter.set_output(transform="pandas").transform(data.graph[[9, 4]])
    assert list(table.columns) == list(names)
    np.testing.assert_array_equal(table.to_numpy(), found)


def test_a_graph_is_a_graph_whatever_output_is_set(data):
    from sklearn import config_context

    augmenter = make(data)
    with config_context(transform_output="pandas"):
        assert isinstance(augmenter.fit(data.graph).transform(data.graph), TextGraph)
    assert not hasattr(augmenter, "get_feature_names_out")


# -- soft labels ----------------------------------------------------------------------------------------------------


def test_soft_labels_say_what_the_answers_say(data):
    augmenter = make(data).fit(data.graph)

    soft = augmenter.soft_labels_

    assert soft.shape == (120, 3)
    assert list(augmenter.classes_) == list(data.target_names)  # nobody gave labels: the names are the classes
    asked = augmenter.queried_nodes_
    assert set(np.flatnonzero(soft.sum(axis=1))) <= set(asked.tolist())
    told = {said.node: said.classes[0] for said in augmenter.answers_ if said.classes}
    assert told
    for node, name in told.items():
        assert augmenter.classes_[soft[node].argmax()] == name
        assert 0 < soft[node].sum() < 1
    assert soft[list(told)].sum(axis=1).mean() == pytest.approx(augmenter.reliability_, abs=1e-6)


def test_labeled_nodes_have_no_soft_labels(data):
    augmenter = make(data, augmentation_ratio=0.5).fit(data.graph, np.where(np.arange(120) < 60, data.target, -1))

    soft = augmenter.soft_labels_.sum(axis=1)

    assert (soft[:60] == 0).all()
    assert (soft[60:] > 0).sum() > 20
    assert (augmenter.queried_nodes_ < 60).sum() > 5


def test_prompts_that_name_no_class_make_no_soft_labels_and_read_no_labels(data):
    augmenter = make(data, prompts="keywords", class_names=None).fit(data.graph, np.linspace(0, 1, 120))

    assert augmenter.soft_labels_ is None
    assert augmenter.classes_ is None
    assert augmenter.reliability_ is None


# -- in the tools of others -------------------------------------------------------------------------------------------


def test_before_the_classifier_in_a_pipeline(data):
    pipeline = make_pipeline(
        make(data, prompts="keywords+topic"), ELLaGNNClassifier(max_iter=30, hidden_channels=16, random_state=0)
    )

    assert cross_val_score(pipeline, data.graph, data.target, cv=3).mean() > 0.6
    search = GridSearchCV(pipeline, {"llmaugmenter__augmentation_ratio": [0.1, 0.3]}, cv=NodeSplit(2))
    assert search.fit(data.graph, data.target).best_score_ > 0.5
    assert len(search.best_estimator_[0].queried_nodes_) in (12, 36)


def test_the_plan_of_a_search_knows_it(data, counting_enhancer, tmp_path):
    enhancer = counting_enhancer(say)
    augmenter = make(data, enhancer=enhancer, prompts="keywords", store=tmp_path / "answers.db", output="features")
    search = GridSearchCV(
        make_pipeline(augmenter, LogisticRegression()), {"llmaugmenter__augmentation_ratio": [0.1, 0.2]}, cv=2
    )

    plan = plan_search(search, data.graph, data.target)

    assert (plan.n_new, plan.n_fits) == (24, 5)
    assert plan.execute(verbose=0).total.asked == 24
    usage = search.fit(data.graph, data.target).best_estimator_[0].llm_usage_.total
    assert usage.asked == 0
    assert usage.found in (12, 24)


@pytest.mark.parametrize("model", [LogisticRegression(C=10), HistGradientBoostingClassifier(max_iter=20)])
@pytest.mark.parametrize("cut", [False, True])
def test_columns_for_models_of_tables(data, model, cut):
    pipeline = make_pipeline(make(data, output="features", prompts="keywords+topic"), model)
    graph = data.graph.inductive() if cut else data.graph

    assert cross_val_score(pipeline, graph, data.target, cv=NodeSplit(3, random_state=0)).mean() > 0.5


def test_hidden_vectors_of_the_classifier_are_columns(data):
    clf = ELLaGNNClassifier(encoder="tfidf", max_iter=40, hidden_channels=16, random_state=0)
    pipeline = make_pipeline(clf, LogisticRegression()).fit(data.graph[:60], data.target[:60])

    assert pipeline.score(data.graph[60:], data.target[60:]) > 0.6
    hidden = pipeline[0].transform(data.graph[[3, 1]])
    assert hidden.shape == (2, 16)
    np.testing.assert_allclose(hidden, pipeline[0].transform(data.graph)[[3, 1]], atol=1e-5)
    table = pipeline[0].set_output(transform="pandas").transform(data.graph[[3, 1]])
    assert list(table.columns) == [f"ellagnnclassifier{i}" for i in range(16)]
    with pytest.raises(NotFittedError):
        clone(clf).transform(data.graph)


def test_a_training_loop_of_pyg_gets_features_and_soft_labels(data):
    labeled = np.arange(120) < 30
    augmenter = make(data, augmentation_ratio=0.3).fit(data.graph[labeled], data.target[labeled])
    graph = augmenter.transform(data.graph)[labeled].to_pyg(data.target[labeled])
    soft = torch.tensor(augmenter.soft_labels_)
    torch.manual_seed(0)
    convolution = SAGEConv(graph.num_features, 3)
    optimizer = torch.optim.Adam(convolution.parameters(), lr=0.02, weight_decay=5e-3)
    for _ in range(50):
        optimizer.zero_grad()
        log_p = convolution(graph.x, graph.edge_index).log_softmax(dim=1)
        loss = F.nll_loss(log_p[graph.target_mask], graph.y[graph.target_mask]) - (soft * log_p).sum() / soft.sum()
        loss.backward()
        optimizer.step()

    predicted = convolution(graph.x, graph.edge_index).argmax(dim=1).numpy()
    assert (predicted == data.target)[~labeled].mean() > 0.43  # chance is 1/3, give or take 0.05


# -- files, and what is wrong ------------------------------------------------------------------------------------------


def test_a_pickle_holds_no_enhancer_and_no_text(data, counting_enhancer):
    augmenter = make(data, enhancer=counting_enhancer(say), prompts="keywords", store=None).fit(data.graph)

    blob = pickle.dumps(augmenter)
    loaded = pickle.loads(blob)

    assert data.graph.texts[int(augmenter.queried_nodes_[0])].encode() not in blob
    np.testing.assert_array_equal(loaded.transform(data.graph).features, augmenter.transform(data.graph).features)
    assert not hasattr(loaded, "answers_")
    with pytest.raises(EnhancerError, match=r"set_params\(enhancer"):
        loaded.fit(data.graph)
    assert isinstance(clone(augmenter).enhancer, counting_enhancer)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"view_weight": 1.5}, InvalidParameterError, r"`view_weight` must be a number in \[0, 1\]"),
        ({"output": "table"}, InvalidParameterError, "`output` must be 'graph' or 'features', got 'table'"),
        ({"augmentation_ratio": "a"}, InvalidParameterError, "`augmentation_ratio`"),
        ({"class_names": None}, LabelError, "`y` must be given"),
        ({"encoder": None}, InvalidParameterError, "`encoder` must be given"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_asked(data, counting_enhancer, params, error, message):
    enhancer = counting_enhancer(say)
    with pytest.raises(error, match=message):
        make(data, enhancer=enhancer, **params).fit(data.graph)
    assert enhancer.asked == []


def test_it_takes_graphs(data):
    with pytest.raises(GraphError, match=r"`X` must be a TextGraph, got numpy\.ndarray"):
        make(data).fit(np.zeros((3, 2)))
    with pytest.raises(NotFittedError):
        make(data).transform(data.graph)
    augmenter = make(data).fit(data.graph)
    with pytest.raises(InvalidParameterError, match=r"must have .* features"):
        augmenter.transform(data.graph.with_features(np.ones((120, 3))))
