"""A fitted model whose LLM says how sure it is, and a canvas without a window."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from skellagnn import Budget, CallableEnhancer, ELLaGNNClassifier
from skellagnn.datasets import make_text_graph

N = 90


@pytest.fixture(autouse=True)
def canvas():
    """Draw into memory, and throw every figure away afterwards."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


@pytest.fixture(scope="session")
def fitted() -> SimpleNamespace:
    """``clf``, its ``plan``, ``graph``, all labels ``y``, the targets ``train`` and ``test``."""
    data = make_text_graph(N, informativeness=0.3, answer_accuracy=0.8, random_state=0)
    says = {data.graph.texts[int(a["node"])]: a["response"] for a in data.answers if a["prompt"] == "topic"}

    def ask(prompt: str) -> str:
        text, response = next((text, response) for text, response in says.items() if text in prompt)
        first = response.split()[2].rstrip(".,")
        return f"{first}; second choice: topic_0; confidence: {60 + len(text) % 40} %"

    train = np.arange(0, N, 3)
    clf = ELLaGNNClassifier(
        CallableEnhancer(ask, model_name="sure"),
        augmentation_ratio=20,
        prompts="topic_confidence",
        selection="clustering",
        class_names=data.target_names,
        encoder="tfidf",
        early_stopping=0.3,
        max_iter=12,
        store=None,
        budget=Budget(max_calls=15, prices=(1.0, 2.0)),
        random_state=0,
    )
    graph, y = data.graph, data.target
    plan = clf.plan(graph[train], y[train])
    with pytest.warns(UserWarning, match="budget"):
        clf.fit(graph[train], y[train])
    return SimpleNamespace(clf=clf, plan=plan, graph=graph, y=y, train=train, test=np.setdiff1d(np.arange(N), train))
