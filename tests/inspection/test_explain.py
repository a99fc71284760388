"""Explanations: what is left out, and what the model says then."""

from __future__ import annotations

import pickle
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from skellagnn import ELLaGNNClassifier, ReplayEnhancer, TextGraph, encode_graph
from skellagnn.datasets import make_text_graph
from skellagnn.encoders import TfidfEncoder
from skellagnn.encoders._tfidf import word_spans
from skellagnn.exceptions import GraphError, InvalidParameterError, MissingDependencyError
from skellagnn.inspection import explain

DATA = make_text_graph(n_nodes=90, informativeness=0.6, random_state=0)


@pytest.fixture(scope="module")
def model():
    return ELLaGNNClassifier(encoder="tfidf", max_iter=30, early_stopping=False, random_state=0).fit(
        DATA.graph[:45], DATA.target[:45]
    )


@pytest.fixture(scope="module")
def asked():
    """A model that was taught by answers, and what its fit got."""
    clf = ELLaGNNClassifier(
        ReplayEnhancer(DATA.answers),
        prompts="keywords+topic",
        class_names=DATA.target_names,
        encoder="tfidf",
        max_iter=20,
        early_stopping=False,
        random_state=0,
        store=None,
    )
    training = DATA.graph[:9], DATA.target[:9]
    return clf.fit(*training), training


def crowded(clf, graph=DATA.graph):
    """The node with the most neighbors."""
    return int(np.diff(graph.adjacency.indptr).argmax())


def test_it_says_what_the_model_says(model):
    why = explain(model, DATA.graph[:3], 50)  # whatever is in view

    expected = model.predict_proba(DATA.graph)[50]
    assert why.predicted == model.classes_[expected.argmax()]
    assert why.label == why.predicted
    np.testing.assert_allclose(list(why.probabilities.values()), expected, atol=1e-5)
    assert why.probability == pytest.approx(expected.max(), abs=1e-5)
    assert (why.node, why.name, why.n_fits) == (50, "50", 0)


def test_a_link_is_left_out_as_if_it_had_never_been_there(model):
    node = crowded(model)
    why = explain(model, DATA.graph, node)
    at = list(model.classes_).index(why.label)

    assert 0 < len(why.neighbors) <= 10
    for record in why.neighbors:
        edges = np.column_stack(DATA.graph.adjacency.nonzero())
        pair = {node, record["node"]}
        kept = [edge for edge in edges.tolist() if set(edge) != pair]
        without = TextGraph.from_edges(kept, DATA.graph.texts, n_nodes=90)
        expected = model.predict_proba(without)[node]
        assert record["probability"] == pytest.approx(expected[at], abs=1e-5)
        assert record["push"] == pytest.approx(why.probability - expected[at], abs=1e-5)
        assert record["predicted"] == model.classes_[expected.argmax()]
    pushes = [abs(record["push"]) for record in why.neighbors]
    assert pushes == sorted(pushes, reverse=True)
    assert pushes[0] > 1e-3
    isolated = [edge for edge in np.column_stack(DATA.graph.adjacency.nonzero()).tolist() if node not in edge]
    alone = model.predict_proba(TextGraph.from_edges(isolated, DATA.graph.texts, n_nodes=90))[node]
    assert why.totals[0]["probability"] == pytest.approx(alone[at], abs=1e-5)


def test_in_a_directed_graph_the_way_back_stays():
    clf = ELLaGNNClassifier(encoder="tfidf", max_iter=5, early_stopping=False, random_state=0)
    texts = [f"{word} {word}s {number}" for number, word in enumerate(["cat", "dog", "cow", "rock"] * 3)]
    edges = [(1, 0), (0, 1), (2, 1), (3, 2), (4, 0), (5, 4)]
    graph = TextGraph.from_edges(edges, texts, directed=True)
    clf.fit(graph, np.arange(12) % 2)

    why = explain(clf, graph, 0)

    assert sorted(record["node"] for record in why.neighbors) == [1, 4]
    of_one = next(record for record in why.neighbors if record["node"] == 1)
    without = TextGraph.from_edges([edge for edge in edges if edge != (1, 0)], texts, directed=True)
    expected = clf.predict_proba(without)[0].max()
    assert of_one["probability"] == pytest.approx(expected, abs=1e-6)


def test_a_word_is_left_out_of_the_text_and_the_text_encoded_again(model):
    node = 50
    why = explain(model, DATA.graph, node)
    at = list(model.classes_).index(why.label)
    text = DATA.graph.texts[node]
    words = text.split()

    assert {record["word"] for record in why.words} == set(words)
    for record in why.words[:4]:
        rest = " ".join(word for word in words if word != record["word"])
        texts = list(DATA.graph.texts)
        texts[node] = rest
        edges = np.column_stack(DATA.graph.adjacency.nonzero())
        expected = model.predict_proba(TextGraph.from_edges(edges, texts, n_nodes=90))[node]
        assert record["probability"] == pytest.approx(expected[at], abs=1e-5)
        assert len(record["spans"]) == words.count(record["word"])
        assert all(text[start:end] == record["word"] for start, end in record["spans"])
    assert why.words[0]["push"] != 0
    assert why.n_encodings == 1 + len(why.words)
    n_totals = 2
    assert why.n_predictions == 2 + len(why.neighbors) + len(why.words) + n_totals


def test_another_class_is_explained_if_it_is_asked_for(model):
    why = explain(model, DATA.graph, 50, label=int(model.classes_[2]))

    assert why.label == model.classes_[2]
    assert why.probability == pytest.approx(model.predict_proba(DATA.graph)[50, 2], abs=1e-5)


def test_a_node_may_be_named_and_the_graph_be_new(model):
    new = make_text_graph(n_nodes=30, random_state=7).graph
    named = TextGraph(new.adjacency, new.texts, node_names=[f"paper {i}" for i in range(30)])

    why = explain(model, named, "paper 12")

    assert (why.node, why.name) == (12, "paper 12")
    assert why.probability == pytest.approx(model.predict_proba(named)[12].max(), abs=1e-5)
    assert all(named.name_of(record["node"]) == record["name"] for record in why.neighbors)


def test_no_more_is_left_out_than_was_allowed(model):
    node = crowded(model)

    why = explain(model, DATA.graph, node, max_neighbors=2, max_words=3)

    assert len(why.neighbors) == 2
    assert len(why.words) == 3
    text = DATA.graph.texts[node]
    spans = [record["spans"][0] for record in sorted(why.words, key=lambda record: record["spans"])]
    assert (spans[0][0], spans[-1][1]) == (0, len(text))  # runs of words cover the text
    assert any("the 2 most similar" in note for note in why.notes)
    none = explain(model, DATA.graph, node, max_neighbors=0, max_words=0)
    assert (none.neighbors, none.words) == ([], [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The cat's fur, 2 cats!", ["The", "cat", "s", "fur", "2", "cats"]),
        ("数据挖掘法 graph", ["数据", "挖掘", "法", "graph"]),
        ("  ", []),
        ("किताब", ["किताब"]),
    ],
)
def test_words_of_every_script_have_places(text, words):
    assert [text[start:end] for start, end in word_spans(text)] == words


# -- what is not there ------------------------------------------------------------------------------------------------


def test_features_have_no_words():
    features = np.random.default_rng(0).normal(size=(90, 6)).astype(np.float32)
    graph = TextGraph(DATA.graph.adjacency, features=features)
    clf = ELLaGNNClassifier(max_iter=5, random_state=0, early_stopping=False).fit(graph, DATA.target)

    why = explain(clf, graph, 4)

    assert why.words == []
    assert "No words: the graph has no texts." in why.notes
    assert why.neighbors
    # texts beside features that no encoder made
    both = TextGraph(DATA.graph.adjacency, DATA.graph.texts, features=features)
    clf = ELLaGNNClassifier(encoder="tfidf", max_iter=5, random_state=0, early_stopping=False).fit(both, DATA.target)
    assert explain(clf, both, 4).notes == [
        "No words: the model has no encoder of the features that it reads. One that was loaded may get it again from "
        "set_params(encoder=...)."
    ]


def test_features_of_the_same_encoder_have_words():
    encoder = TfidfEncoder().fit(list(DATA.graph.texts))
    graph = encode_graph(DATA.graph, encoder)
    clf = ELLaGNNClassifier(encoder=encoder, max_iter=20, random_state=0, early_stopping=False)
    clf.fit(graph, DATA.target)

    why = explain(clf, graph, 4)

    assert len(why.words) == len(set(DATA.graph.texts[4].split()))
    other = TextGraph(DATA.graph.adjacency, DATA.graph.texts, features=graph.features[::-1].copy())
    assert explain(clf, other, 4).notes == [
        "No words: the network reads features that the model's encoder does not make of the texts."
    ]


def test_a_network_without_edges_an_isolated_node_and_an_array():
    clf = ELLaGNNClassifier(backbone="mlp", encoder="tfidf", max_iter=5, random_state=0, early_stopping=False)
    clf.fit(DATA.graph, DATA.target)
    why = explain(clf, DATA.graph, 4)
    assert why.notes == ["No neighbors: this network looks at no links."]
    assert why.words
    X = np.random.default_rng(0).normal(size=(30, 4))
    clf = ELLaGNNClassifier(max_iter=5, random_state=0, early_stopping=False).fit(X, np.arange(30) % 2)
    why = explain(clf, X, 4)
    assert why.probability == pytest.approx(clf.predict_proba(X)[4].max(), abs=1e-6)
    assert why.notes == ["No neighbors: no link leads to this node.", "No words: the graph has no texts."]


def test_a_backbone_of_ones_own():
    from torch import nn

    class Mean(nn.Module):
        def __init__(self, in_channels, out_channels):
            super().__init__()
            self.linear = nn.Linear(in_channels, out_channels)

        def forward(self, x, edge_index):
            source, target = edge_index
            return self.linear(x + x.new_zeros(x.shape).index_add(0, target, x[source]))

    clf = ELLaGNNClassifier(
        backbone=lambda a, h, b, n, p: Mean(a, b), encoder="tfidf", max_iter=5, random_state=0, early_stopping=False
    ).fit(DATA.graph, DATA.target)

    why = explain(clf, DATA.graph, 4)

    assert why.probability == pytest.approx(clf.predict_proba(DATA.graph)[4].max(), abs=1e-6)
    assert any(record["push"] for record in why.neighbors)


def test_a_loaded_model_explains_by_all_but_answers(asked, tmp_path):
    clf, training = asked
    clf.save(tmp_path / "model")

    for loaded in (ELLaGNNClassifier.load(tmp_path / "model"), pickle.loads(pickle.dumps(clf))):
        why = explain(loaded, DATA.graph, 50, training=training)
        assert why.words
        assert why.neighbors
        assert why.answers == []
        assert any("has left them behind" in note for note in why.notes)


# -- answers ----------------------------------------------------------------------------------------------------------


def test_answers_are_left_out_of_the_teacher(asked):
    clf, training = asked

    why = explain(clf, DATA.graph, 50, training=training, max_answers=100)

    labeled = set(range(9))
    assert {record["node"] for record in why.answers} == set(clf.queried_nodes_.tolist()) - labeled
    by_node = {record["node"]: record for record in why.answers}
    said = {answer.node: answer for answer in clf.answers_ if answer.classes}
    for node, record in by_node.items():
        assert record["said"] == said[node].classes[0]
        assert record["answer"] == said[node].answer
    assert why.n_fits == 2 + len(why.answers)
    assert max(abs(record["push"]) for record in why.answers) > 1e-4
    assert [total["what"] for total in why.totals][-1] == f"all {len(why.answers)} answers"


def test_an_answer_about_the_node_itself_speaks_for_what_it_says(asked):
    clf, training = asked
    said = {answer.node: answer.classes[0] for answer in clf.answers_ if answer.classes and answer.node >= 9}
    node, name = next(iter(said.items()))
    label = DATA.target_names.index(name)

    why = explain(clf, DATA.graph, node, label=label, training=training)

    own = next(record for record in why.answers if record["node"] == node)
    assert own["push"] > 1e-3


@pytest.mark.parametrize("early_stopping", [False, 0.3])
def test_a_teacher_of_the_fit_is_made_anew_as_it_was(asked, monkeypatch, early_stopping):
    """With all answers it learns from what the fit's own teacher learned from."""
    from skellagnn.distillation import PropagationTeacher

    clf, training = asked
    learned = []

    def fit(self, features, known, adjacency=None, *, _fit=PropagationTeacher.fit):
        if self.n_rounds == 5:  # not those of the reference
            learned.append((features, known))
        return _fit(self, features, known, adjacency)

    monkeypatch.setattr(PropagationTeacher, "fit", fit)
    clf = ELLaGNNClassifier(**{**clf.get_params(deep=False), "early_stopping": early_stopping}).fit(*training)
    features, known = learned[-1]  # earlier ones chose the nodes of a later round
    learned.clear()
    explain(clf, DATA.graph, 50, training=training, max_answers=1)

    again, known_again = learned[0]
    np.testing.assert_allclose(again, features, atol=1e-6)
    np.testing.assert_array_equal(known_again.nodes, known.nodes)
    np.testing.assert_allclose(known_again.probabilities, known.probabilities, atol=1e-6)
    np.testing.assert_allclose(known_again.weights, known.weights, atol=1e-6)


def test_answers_are_left_out_of_fits(asked):
    clf, training = asked

    why = explain(clf, DATA.graph, 50, training=training, refit=True, max_answers=1)

    assert why.n_fits == 3
    (record,) = why.answers
    total = why.totals[-1]
    # all answers: the same fit again
    assert record["probability"] + record["push"] == pytest.approx(why.probability, abs=1e-4)
    # none: the fit without an LLM
    alone = ELLaGNNClassifier(**{**clf.get_params(deep=False), "enhancer": None}).fit(*training)
    at = list(clf.classes_).index(why.label)
    assert total["probability"] == pytest.approx(alone.predict_proba(DATA.graph)[50, at], abs=1e-4)


def test_answers_on_a_new_graph_and_without_a_teacher(asked):
    clf, training = asked
    new = make_text_graph(n_nodes=30, random_state=7).graph

    why = explain(clf, new, 12, training=training, max_answers=2)

    assert len(why.answers) == 2
    bare = ELLaGNNClassifier(**{**clf.get_params(deep=False), "teacher": None}).fit(*training)
    assert len(explain(bare, DATA.graph, 50, training=training, max_answers=2).answers) == 2


def test_what_is_missing_for_answers_is_said(asked, model):
    clf, training = asked

    assert explain(model, DATA.graph, 50, training=training).answers == []
    assert "training=(X, y)" in explain(clf, DATA.graph, 50).notes[-1]
    for some in (clf, model):
        with pytest.raises(InvalidParameterError, match="`training` must be a tuple"):
            explain(some, DATA.graph, 50, training=DATA.graph)
    with pytest.raises(InvalidParameterError, match="`training` must be what fit got"):
        explain(clf, DATA.graph, 50, training=(DATA.graph.subgraph(np.arange(80)[::-1])[:9], DATA.target[:9]))


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"node": 90}, GraphError, "`node` must be a number from 0 to 89"),
        ({"node": "nobody"}, GraphError, "`node` must be those of nodes, got 'nobody'"),
        ({"node": -1}, InvalidParameterError, "`node` must be an int of at least 0"),
        ({"node": 1.5}, InvalidParameterError, "`node` must be an int of at least 0"),
        ({"node": 1, "label": [0, 1]}, InvalidParameterError, "`label` must be one of the model's classes"),
        ({"node": 1, "label": (0,)}, InvalidParameterError, "`label` must be one of the model's classes"),
        ({"node": 1, "label": 7}, InvalidParameterError, r"`label` must be one of the model's classes, 0, 1, 2, got 7"),
        ({"node": 1, "max_words": -1}, InvalidParameterError, "`max_words` must be an int of at least 0"),
        ({"node": 1, "refit": 1}, InvalidParameterError, "`refit` must be True or False"),
        ({"node": 1, "graph": "texts"}, GraphError, "`graph` must be a TextGraph"),
    ],
)
def test_mistakes_are_named(model, arguments, error, message):
    with pytest.raises(error, match=message):
        explain(model, **{"graph": DATA.graph, **arguments})


def test_a_model_is_needed(model):
    with pytest.raises(NotFittedError):
        explain(ELLaGNNClassifier(), DATA.graph, 1)
    search = GridSearchCV(model, {"max_iter": [1]}, cv=2).fit(DATA.graph, DATA.target)
    with pytest.raises(InvalidParameterError, match=r"got GridSearchCV\. Pass its best_estimator_\."):
        explain(search, DATA.graph, 1)


# -- shown ------------------------------------------------------------------------------------------------------------


def test_the_text_form_shows_each_part(asked):
    clf, training = asked
    shown = repr(explain(clf, DATA.graph, 50, training=training))

    for heading in ("Without ", "Without the link to", "Without the word", "Without the answer about"):
        assert heading in shown
    assert "predictions, " in shown.splitlines()[-1]


def test_the_table_has_a_row_for_each_record(asked):
    clf, training = asked
    why = explain(clf, DATA.graph, 50, training=training)
    table = why.to_frame()

    assert table["part"].value_counts().to_dict() == {
        "all": 3,
        "neighbor": len(why.neighbors),
        "word": len(why.words),
        "answer": len(why.answers),
    }
    assert table["push"].tolist()[3] == why.neighbors[0]["push"]


def test_what_is_hostile_is_shown_and_not_run():
    bad = "<script>alert('x')</script> \x1b[31m & \ud800 rock"
    texts = [f"{bad} {word} {i}" for i, word in enumerate(["cat", "rock"] * 8)]
    graph = TextGraph.from_edges([(i, i + 2) for i in range(14)], texts, titles=[bad] * 16)
    graph = TextGraph(graph.adjacency, texts, titles=[bad] * 16, node_names=[f"{bad}{i}" for i in range(16)])
    clf = ELLaGNNClassifier(encoder="tfidf", max_iter=5, random_state=0, early_stopping=False)
    clf.fit(graph, np.array([bad, "other"] * 8))

    why = explain(clf, graph, 3)
    page = why._repr_html_()

    assert "<script" not in page
    assert "<script>" in "".join(ElementTree.fromstring(page).itertext())  # well-formed, and shown
    assert "\x1b" not in page + repr(why)
    (page + repr(why)).encode("utf-8")


def test_the_picture_draws_what_was_found(model):
    pytest.importorskip("matplotlib").use("agg")
    why = explain(model, DATA.graph, 50)

    ax = why.plot()

    widths = [bar.get_width() for bar in ax.patches]
    shown = [*why.totals, *why.neighbors[:10], *why.words[:10]]
    np.testing.assert_allclose(widths, [record["push"] for record in shown])
    assert why.plot(ax) is ax
    ax.figure.canvas.draw()
    from matplotlib import pyplot

    pyplot.close("all")


def test_without_matplotlib_the_error_says_what_to_install(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'skellagnn\[plot\]'"):
        explain(model, DATA.graph, 50).plot()
