"""A whole search costs one pass over the distinct questions: exactly, across processes, on both databases."""

import os
import uuid
import zlib

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier

from skellagnn import CallableEnhancer, ELLaGNNClassifier, ResponseStore
from skellagnn.datasets import make_text_graph

POSTGRES = "SKELLAGNN_TEST_POSTGRES"


class FileCounter:
    """Appends a line to a file for each call, so that calls of all processes are seen."""

    def __init__(self, path):
        self.path = path

    def __call__(self, prompt):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(repr(str(prompt)) + "\n")
        return f"words of number {zlib.crc32(prompt.encode())}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    if request.param == "sqlite":
        return ResponseStore(tmp_path / "answers.sqlite")
    url = os.environ.get(POSTGRES)
    if url is None:
        pytest.skip(f"{POSTGRES} names no PostgreSQL database: export {POSTGRES}=$(bash .ci/postgres.sh)")
    return ResponseStore(url)


def test_grid_search_asks_every_question_once(store, tmp_path):
    data = make_text_graph(n_nodes=80, n_classes=2, random_state=0)
    calls = tmp_path / "calls"
    # a name of its own: the PostgreSQL database outlives the test
    enhancer = CallableEnhancer(FileCounter(str(calls)), model_name=f"counter-{uuid.uuid4()}")
    params = {"encoder": "tfidf", "hidden_channels": 4, "max_iter": 3, "random_state": 0}
    clf = ELLaGNNClassifier(enhancer, selection="clustering", store=store, **params)
    grid = {"augmentation_ratio": [0.1, 0.25], "prompts": ["keywords", "keywords+summary"]}
    with joblib.parallel_config("loky", n_jobs=2):
        search = GridSearchCV(clf, grid, cv=5, n_jobs=2).fit(data.graph, data.target)
        asked = calls.read_text(encoding="utf-8").splitlines()
        assert len(asked) == len(set(asked)) == 2 * 20  # two prompts, a quarter of 80 nodes
        GridSearchCV(clf, grid, cv=5, n_jobs=2).fit(data.graph, data.target)
    assert len(calls.read_text(encoding="utf-8").splitlines()) == 40
    assert search.best_estimator_.llm_usage_.total.asked == 0  # the refit found everything
    store.prune(model=enhancer.name)
    store.close()


def test_several_labels_a_node_ask_once_for_all_of_them(tmp_path):
    data = make_text_graph(n_nodes=80, n_classes=3, random_state=0)
    labels = np.stack([data.target == 0, data.target > 0, np.arange(80) % 2 == 0], axis=1).astype(int)
    calls = tmp_path / "calls"
    clf = ELLaGNNClassifier(
        CallableEnhancer(FileCounter(str(calls)), model_name="counter"),
        prompts="keywords+summary",
        selection="clustering",
        store=ResponseStore(tmp_path / "answers.sqlite"),
        encoder="tfidf",
        max_iter=20,
        random_state=0,
    )

    many = MultiOutputClassifier(clf).fit(data.graph, labels)

    asked = calls.read_text(encoding="utf-8").splitlines()
    assert len(asked) == len(set(asked)) == 2 * 8
    assert [fitted.llm_usage_.total.asked for fitted in many.estimators_] == [16, 0, 0]
    alone = clone(clf).fit(data.graph, labels[:, 1])
    predicted = many.predict(data.graph)
    assert predicted.shape == labels.shape
    np.testing.assert_array_equal(predicted[:, 1], alone.predict(data.graph))
    probabilities = many.predict_proba(data.graph)
    np.testing.assert_allclose(probabilities[1], alone.predict_proba(data.graph))
    assert (predicted[:, 0] == labels[:, 0]).mean() > 0.8
