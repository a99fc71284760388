"""Small things that many tests share. Keep it small: what one file needs belongs into that file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from skellagnn import TextGraph

# Tensors here are tiny, and servers and workers that tests start share the cores: several threads would mostly wait for
# each other. Read by torch when it is loaded, in this process and in those that it starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")


class CountingEnhancer:
    """Answers with a function of the question, and keeps what it was asked, call by call."""

    def __init__(self, function: Callable[[str], str | None] = str.upper, name: str = "counting") -> None:
        self.function = function
        self.name = name
        self.batches: list[list[str]] = []

    @property
    def asked(self) -> list[str]:
        return [question for batch in self.batches for question in batch]

    def complete(self, prompts: Sequence[str]) -> list[str | None]:
        self.batches.append(list(prompts))
        return [self.function(prompt) for prompt in prompts]


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory, monkeypatch):
    """Keep every test away from the user's own store, and from what other tests stored."""
    monkeypatch.setenv("SKELLAGNN_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def gpu() -> str:
    """A device that is not the CPU."""
    import torch

    if not torch.cuda.is_available():
        pytest.skip("needs a GPU that torch can use")
    return "cuda"


@pytest.fixture
def counting_enhancer() -> type[CountingEnhancer]:
    """The class: ``counting_enhancer(function)`` makes one."""
    return CountingEnhancer


@pytest.fixture
def labels() -> np.ndarray:
    """Classes of the nodes of ``graph``."""
    return np.arange(24) % 2


@pytest.fixture
def graph(labels: np.ndarray) -> TextGraph:
    """24 nodes of two classes; four of five edges join one class; every text is different; node 23 is isolated."""
    rng = np.random.default_rng(0)
    edges = []
    while len(edges) < 40:
        source, target = rng.integers(23, size=2).tolist()
        if source != target and (labels[source] == labels[target] or rng.random() < 0.2):
            edges.append((source, target))
    words = [["cat", "dog", "fur", "paw"], ["rock", "sand", "salt", "iron"]]
    texts = [
        f"Note {node}\nabout " + " ".join(rng.choice(words[label], size=3).tolist())
        for node, label in enumerate(labels.tolist())
    ]
    return TextGraph.from_edges(edges, texts=texts)
