"""What a fitted classifier shows of itself."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import sklearn
from sklearn.model_selection import GridSearchCV

from skellagnn import Budget, CallableEnhancer, ELLaGNNClassifier, TextGraph
from skellagnn.validation import stand_in

WORDS = ["cat fur paw", "rock sand salt"]
GRAPH = TextGraph.from_edges([(i, i + 2) for i in range(28)], [f"{WORDS[i % 2]} {i}" for i in range(30)])
BAD = "<script>alert('x')</script>"


def ask(prompt):
    return "stones" if "rock" in prompt else "pets"


def model(**parameters):
    clf = ELLaGNNClassifier(encoder="tfidf", max_iter=4, early_stopping=False, random_state=0)
    return clf.set_params(**parameters)


def test_before_a_fit_it_is_scikit_learns():
    clf = model()

    assert repr(clf) == "ELLaGNNClassifier(early_stopping=False, encoder='tfidf', max_iter=4, random_state=0)"
    assert "<b>Fitted</b>" not in clf._repr_html_()


def test_after_a_fit_a_person_reads_what_it_is():
    clf = model(
        enhancer=CallableEnhancer(ask, model_name="toy"),
        store=None,
        augmentation_ratio=3,
        budget=Budget(prices=(1.0, 1.0)),
    )
    clf.fit(GRAPH[:10], np.array(["pets", "stones"] * 5))

    first, *lines = repr(clf).splitlines()
    assert first.startswith("ELLaGNNClassifier(augmentation_ratio=3, budget=Budget(")
    rows = {line[:11].strip(): line[11:].strip() for line in lines}
    assert rows["classes"] == "2: pets, stones"
    assert rows["trained on"] == f"30 nodes, 10 in view, {clf.n_features_in_} features"
    assert rows["training"] == "4 epochs, of which the weights of epoch 4 were kept"
    assert rows["LLM"] == "toy"
    assert rows["asked about"] == "3 nodes, 3 questions"
    assert rows["reliability"] == f"answers are right with probability {clf.reliability_:.2f} (estimated)"
    usage = clf.llm_usage_
    assert rows["spent"] == (
        f"3 calls, {usage.total.tokens_in} tokens in, {usage.total.tokens_out} out, cost {usage.cost:,.4g}"
    )
    page = clf._repr_html_()
    assert page.count("<b>Fitted</b>") == 1
    assert rows["spent"] in page
    bundle = clf._repr_mimebundle_()
    assert bundle["text/plain"] == repr(clf)
    assert bundle["text/html"].count("<b>Fitted</b>") == 1


def test_validation_and_no_llm_are_said():
    clf = model(early_stopping=0.3).fit(GRAPH, np.array(["pets", "stones"] * 15))

    shown = repr(clf)
    assert f"validation  accuracy {clf.history_.validation_score[clf.best_iter_ - 1]:.3f}" in shown
    assert "LLM         none" in shown
    assert "reliability" not in shown


def test_what_is_hostile_is_escaped():
    clf = model(enhancer=CallableEnhancer(ask, model_name=BAD), store=None, class_names=["pets", "stones"])
    clf.fit(GRAPH, np.arange(30) % 2)
    other = model().fit(GRAPH, np.array([BAD + "\x1b[2J", "b"] * 15))

    for page in (clf._fitted_html(), other._fitted_html()):
        assert "<script" not in page
        assert "&lt;script&gt;" in page
    assert "\x1b" not in repr(other)


def test_scikit_learns_settings_and_nesting_are_kept():
    clf = model().fit(GRAPH, np.arange(30) % 2)

    with sklearn.config_context(display="text"):
        assert not hasattr(clf, "_repr_html_")
        assert set(clf._repr_mimebundle_()) == {"text/plain"}
    nested = repr(GridSearchCV(clf, {"max_iter": [1]}))
    assert "trained on" not in nested
    assert "max_iter=4" in nested


def test_of_a_loaded_and_of_a_half_made_model():
    clf = model().fit(GRAPH, np.arange(30) % 2)

    assert repr(pickle.loads(pickle.dumps(clf))) == repr(clf)
    half = stand_in(clf)
    del half.__dict__["history_"]
    assert repr(half) == repr(model())


@pytest.mark.parametrize("n_classes", [10, 12])
def test_many_classes_are_cut(n_classes):
    clf = model().fit(GRAPH, np.arange(30) % n_classes)

    assert ("..." in repr(clf).splitlines()[1]) == (n_classes > 10)
