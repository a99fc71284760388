"""On a GPU: the numbers of a CPU, within tolerance, wherever ``device`` is read. Skipped where there is none."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from torch_geometric.nn import GraphSAGE

from skellagnn import PAPER_SETTINGS, ELLaGNNClassifier, ReplayEnhancer, config_context, encode_graph
from skellagnn.datasets import make_text_graph
from skellagnn.encoders import TfidfEncoder
from skellagnn.gnn._inference import predict_logits
from skellagnn.gnn._sparse import edges_for
from skellagnn.gnn._torch_state import seeded
from skellagnn.gnn.backbones import BACKBONES, build_backbone, dropout

pytestmark = pytest.mark.usefixtures("gpu")

DATA = make_text_graph(n_nodes=160, random_state=0)
GRAPH = encode_graph(DATA.graph, TfidfEncoder())
TRAIN, REST = np.arange(80), np.arange(80, 160)


def pyg_sage(in_channels, hidden_channels, out_channels, n_layers, dropout):
    return GraphSAGE(in_channels, hidden_channels, n_layers, out_channels, dropout)


def fitted(device, graph=GRAPH, **params):
    params = {"encoder": None, "hidden_channels": 16, "max_iter": 10, "dropout": 0.0, "random_state": 0, **params}
    return ELLaGNNClassifier(device=device, **params).fit(graph[TRAIN], DATA.target[TRAIN])


def asking(device, **params):
    params = {"prompts": "keywords+topic", "augmentation_ratio": 0.2, "class_names": DATA.target_names, **params}
    return fitted(device, DATA.graph, enhancer=ReplayEnhancer(DATA.answers), encoder="tfidf", **params)


def assert_same_model(one, other, graph=GRAPH):
    np.testing.assert_allclose(one.history_.loss, other.history_.loss, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(one.predict_proba(graph), other.predict_proba(graph), atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", [name for name in BACKBONES if name != "mlp"])
def test_products_and_their_gradients_are_those_of_a_cpu(name, dtype):
    found = []
    for device in ("cpu", "cuda"):
        network = build_backbone(name, GRAPH.features.shape[1], 16, 3, 2, 0.0).eval().to(device)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / 4)
        x = torch.tensor(GRAPH.features, device=device, requires_grad=True)
        edges = edges_for(network, GRAPH.adjacency, device)
        with torch.autocast(device, torch.bfloat16, enabled=dtype == torch.bfloat16):
            scores = network(x, edges)
        scores.float().square().sum().backward()
        gradients = [parameter.grad for parameter in network.parameters()]
        found.append([tensor.float().detach().cpu().numpy() for tensor in (scores, x.grad, *gradients)])

    for ours, expected in zip(*reversed(found), strict=True):
        error = np.abs(ours - expected).max()
        assert error <= (1e-5 if dtype == torch.float32 else 0.15) * max(1, np.abs(expected).max())


@pytest.mark.parametrize("batch_size", [None, 16])
@pytest.mark.parametrize("backbone", [*BACKBONES, pyg_sage])
def test_a_fit_is_that_of_a_cpu(backbone, batch_size):
    params = {"backbone": backbone, "batch_size": batch_size, "sample_size": None, **PAPER_SETTINGS}

    on_cpu, on_gpu = fitted("cpu", **params), fitted("cuda", **params)

    assert_same_model(on_gpu, on_cpu)


@pytest.mark.parametrize("teacher", [None, "auto"])
def test_views_answers_and_a_teacher_are_those_of_a_cpu(teacher):
    on_cpu, on_gpu = (asking(device, teacher=teacher) for device in ("cpu", "cuda"))

    assert_same_model(on_gpu, on_cpu, DATA.graph)
    assert on_gpu.reliability_ == on_cpu.reliability_  # found before the training, on the CPU


@pytest.mark.parametrize("backbone", BACKBONES)
def test_with_dropout_it_learns_as_well(backbone):
    params = {"backbone": backbone, "dropout": 0.5, "max_iter": 60}

    on_cpu, on_gpu = (fitted(device, **params).score(GRAPH[REST], DATA.target[REST]) for device in ("cpu", "cuda"))

    assert on_gpu > 0.6  # chance is 1/3
    assert on_gpu == pytest.approx(on_cpu, abs=0.1)


@pytest.mark.parametrize("batch_size", [None, 16])
def test_half_precision_is_about_the_same_model(batch_size):
    full = fitted("cuda", batch_size=batch_size, max_iter=60)
    with config_context(precision="bfloat16"):
        half = fitted("cuda", batch_size=batch_size, max_iter=60)

    assert half.history_.loss != full.history_.loss
    assert half.history_.loss[0] == pytest.approx(full.history_.loss[0], rel=0.03)
    scores = [clf.score(GRAPH[REST], DATA.target[REST]) for clf in (half, full)]
    assert scores[0] == pytest.approx(scores[1], abs=0.1)
    assert {parameter.dtype for parameter in half.network_.parameters()} == {torch.float32}


@pytest.mark.slow
# torch's compiler warns about torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("batch_size", [None, 16])
def test_a_compiled_network_is_the_same_model(batch_size):
    params = {"batch_size": batch_size, **PAPER_SETTINGS}

    with config_context(compile=True):
        compiled = fitted("cuda", **params)

    assert_same_model(compiled, fitted("cuda", **params))


@pytest.mark.parametrize("backbone", [*BACKBONES, pyg_sage])
def test_prediction_is_that_of_a_cpu_and_leaves_the_network_there(backbone):
    network = fitted("cpu", backbone=backbone, max_iter=2, **PAPER_SETTINGS).network_

    for targets in (None, REST[:7]):
        on_cpu, on_gpu = (
            predict_logits(network, GRAPH.adjacency, GRAPH.features, device, targets=targets)
            for device in ("cpu", "cuda")
        )
        np.testing.assert_allclose(on_gpu, on_cpu, atol=1e-4)
        assert {parameter.device.type for parameter in network.parameters()} == {"cpu"}


def test_a_fitted_model_lives_on_the_cpu():
    # so that a machine without a GPU can unpickle it
    clf = fitted("auto")
    torch.cuda.reset_peak_memory_stats()
    held = torch.cuda.memory_allocated()

    assert {parameter.device.type for parameter in clf.network_.parameters()} == {"cpu"}
    assert b"cuda" not in pickle.dumps(clf.network_)
    clf.predict(GRAPH)
    assert torch.cuda.max_memory_allocated() > held  # "auto" took the GPU


def test_the_callers_random_numbers_stay_as_they_were():
    torch.cuda.manual_seed(7)
    expected = torch.rand(3, device="cuda")
    torch.cuda.manual_seed(7)

    fitted("cuda", dropout=0.5, max_iter=2)

    assert torch.equal(torch.rand(3, device="cuda"), expected)


def test_the_seed_decides_what_is_dropped():
    x = torch.tensor(GRAPH.features, device="cuda")
    drawn = []
    for seed in (0, 0, 1):
        with seeded(seed, "cuda"):
            drawn.append(dropout(x, 0.5, training=True))

    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    # a whole fit: sums on a GPU are rounded in an order that changes
    losses = [fitted("cuda", dropout=0.5, max_iter=3).history_.loss for _ in range(2)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-3)


def test_dropout_keeps_the_mean():
    x = torch.ones(1000, 100, device="cuda")

    dropped = dropout(x, 0.3, training=True)

    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    assert (dropped == 0).float().mean().item() == pytest.approx(0.3, abs=0.02)
