"""Parameters that are wrong show before anything else happens, with or without an LLM."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from skellagnn import ELLaGNNClassifier
from skellagnn.exceptions import InvalidParameterError
from skellagnn.parameters import check_settings, resolve_device
from skellagnn.prompts import Prompt


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"selection": "page_rank"}, r"`selection` must be one of .* got 'page_rank'\. Did you mean 'pagerank'\?"),
        ({"selection": 3}, "`selection` must be one of .* or a callable, got 3"),
        ({"prompts": "nope"}, "`prompts` must be one of .* got 'nope'"),
        ({"prompts": []}, "`prompts` must be 'all', a prompt name, .* non-empty list"),
        ({"augmentation_ratio": 7.5}, r"`augmentation_ratio` as a float must be in \[0, 1\], .* got 7\.5"),
        ({"augmentation_ratio": -0.1}, r"`augmentation_ratio` as a float must be in \[0, 1\], .* got -0\.1"),
        ({"augmentation_ratio": -2}, "`augmentation_ratio` must be an int of at least 0, got -2"),
        ({"augmentation_ratio": "all"}, "`augmentation_ratio` must be a float .* or an int .* got 'all'"),
        ({"augmentation_ratio": True}, "`augmentation_ratio` must be a float .* or an int .* got True"),
        ({"augmentation_ratio": np.nan}, "`augmentation_ratio` must be a float .* got nan"),
        ({"store": 3}, r"`store` must be 'auto', a ResponseStore, .* got int \(3\)"),
    ],
)
def test_what_is_asked_is_checked_without_an_enhancer(wrong, sentence):
    with pytest.raises(InvalidParameterError, match=sentence):
        check_settings(ELLaGNNClassifier(**wrong))


@pytest.mark.parametrize(
    "right",
    [
        {},
        {"selection": lambda graph, features, rng: np.arange(graph.n_nodes)},
        {"prompts": ["keywords", Prompt("mine", "About {text}")]},
        {"augmentation_ratio": 0},
        {"augmentation_ratio": 0.0},
        {"augmentation_ratio": 1.0},
        {"augmentation_ratio": np.int64(10**6)},
        {"augmentation_ratio": 1e-6},
        {"store": None},
    ],
)
def test_what_can_be_asked_passes_whatever_the_graph(right):
    check_settings(ELLaGNNClassifier(**right))


def test_checking_a_store_creates_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("SKELLAGNN_HOME", str(tmp_path / "home"))
    for store in ("auto", tmp_path / "answers.sqlite", str(tmp_path / "more.sqlite")):
        check_settings(ELLaGNNClassifier(store=store))

    assert list(tmp_path.iterdir()) == []


# -- device ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu"), "meta"])
def test_devices_that_are_there(device):
    assert resolve_device(device) == torch.device(device)


def test_auto_takes_what_is_there():
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("device", ["gpu", "cuda:one", None, 1.5])
def test_what_is_no_name_of_a_device(device):
    with pytest.raises(InvalidParameterError, match="`device` must be 'auto' or a torch device such as 'cpu'"):
        resolve_device(device)


@pytest.mark.parametrize("device", ["cuda:99", "xla", "hpu"])
def test_devices_that_are_not_there(device):
    with pytest.raises(
        InvalidParameterError,
        match=rf"`device` must be one that this machine has .*, got '{device}' \(.+\)\. Use device='auto' or",
    ):
        resolve_device(device)
