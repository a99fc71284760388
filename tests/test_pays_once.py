"""A whole search costs one pass over the distinct questions: exactly, across processes, on both databases."""

import os
import uuid
import zlib

import joblib
import pytest
from sklearn.model_selection import GridSearchCV

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
