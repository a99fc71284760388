"""The training loop, recomputed by hand, and what it promises about seeds, views, weights and stopping."""

from __future__ import annotations

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch_geometric.nn import SAGEConv

from skellagnn import TextGraph, config_context, encode_graph
from skellagnn.datasets import make_text_graph
from skellagnn.encoders import TfidfEncoder
from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn._early_stopping import ValidationGraph
from skellagnn.gnn._inference import predict_logits
from skellagnn.gnn._losses import Consistency, LossTerm
from skellagnn.gnn._steps import TrainingSettings
from skellagnn.gnn._targets import LabeledNodes, SoftLabels, Supervision
from skellagnn.gnn._torch_state import seeded
from skellagnn.gnn._training import History, train
from skellagnn.gnn._views import NodeFeatures
from skellagnn.gnn.backbones import BACKBONES, build_backbone
from skellagnn.supervision import one_hot

N_NODES, N_FEATURES = 20, 4
GRAPH = TextGraph.from_edges(np.random.default_rng(0).integers(N_NODES, size=(40, 2)), n_nodes=N_NODES)
CLASSES = np.arange(N_NODES) % 2
RAW = (np.random.default_rng(1).normal(size=(N_NODES, N_FEATURES)) + CLASSES[:, None]).astype(np.float32)
SETTINGS = TrainingSettings(
    learning_rate_init=0.05,
    weight_decay=5e-4,
    max_iter=12,
    n_iter_no_change=50,
)


def hold_out(nodes, weights=None, labels=None):
    nodes = np.asarray(nodes, dtype=np.int64)
    labels = CLASSES[nodes] if labels is None else np.asarray(labels)
    weights = np.ones(len(nodes)) if weights is None else np.asarray(weights)
    return LabeledNodes(nodes, labels.astype(np.int64), weights.astype(np.float32))


def supervise(nodes, weights=None):
    return one_hot(hold_out(nodes, weights), 2)


def soften(nodes, targets, weights=None):
    weights = np.ones(len(nodes)) if weights is None else weights
    return SoftLabels(
        np.asarray(nodes, dtype=np.int64), np.asarray(targets, dtype=np.float32), np.asarray(weights, dtype=np.float32)
    )


LABELED, HELD_OUT = supervise(range(8)), hold_out(range(8, 16))
SOFT = soften([16, 17, 18], [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]], [1.0, 0.5, 1.0])
BARE = NodeFeatures.without_views(RAW)


def with_views(views=None, answered=None):
    active = np.array([3, 16, 9, 1])
    views = np.stack([RAW[active] + 1, RAW[active] - 1], axis=1) if views is None else views
    answered = np.ones(views.shape[:2], dtype=bool) if answered is None else answered
    return NodeFeatures(RAW, active, views.astype(np.float32), answered, 0.5)


def build(name="mlp", dropout=0.0, n_layers=2, seed=0):
    with seeded(seed):
        return build_backbone(name, N_FEATURES, 8, 2, n_layers, dropout)


def fit(
    network=None,
    settings=SETTINGS,
    *,
    features=BARE,
    labeled=LABELED,
    held_out=None,
    soft=None,
    soft_weight=0.5,
    consistency=0.0,
    seed=7,
    **options,
):
    """Train on GRAPH; return the network and its history."""
    network = build() if network is None else network
    validation = None if held_out is None else ValidationGraph(GRAPH.adjacency, RAW, held_out)
    supervision = Supervision(labeled, soft, soft_weight, (Consistency(consistency),))
    history = train(network, GRAPH.adjacency, features, supervision, validation, settings, seed=seed, **options)
    return network, history


def weights_of(network):
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def assert_same_weights(one, other):
    one, other = (part if isinstance(part, dict) else weights_of(part) for part in (one, other))
    assert all(torch.equal(one[name], other[name]) for name in one)


# -- by hand -----------------------------------------------------------------------------------------------------


def test_an_epoch_without_consistency_by_hand():
    network, twin = build(), build()

    _, history = fit(network, replace(SETTINGS, max_iter=1), soft=SOFT)

    log_p = F.log_softmax(twin(torch.tensor(RAW), None), dim=1)
    label_loss = -log_p[torch.arange(8), torch.tensor(CLASSES[:8])].mean()
    cross = -(torch.tensor(SOFT.probabilities) * log_p[16:19]).sum(dim=1)
    soft_label_loss = (torch.tensor([1.0, 0.5, 1.0]) * cross).sum() / 3  # over the nodes, not over their weights
    optimizer = torch.optim.Adam(twin.parameters(), lr=0.05, weight_decay=5e-4)
    (label_loss + 0.5 * soft_label_loss).backward()
    optimizer.step()
    assert history.label_loss == pytest.approx([label_loss.item()])
    assert history.soft_label_loss == pytest.approx([soft_label_loss.item()])
    assert history.consistency_loss == [0]
    assert history.loss == pytest.approx([label_loss.item() + 0.5 * soft_label_loss.item()])
    for name, value in twin.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], value)


def test_an_epoch_with_consistency_by_hand():
    network, twin = build(dropout=0.5), build(dropout=0.5)

    # ten percent of 20 epochs are ramp: half of the consistency in the first one
    _, history = fit(network, replace(SETTINGS, max_iter=20), soft=SOFT, consistency=3.0, on_epoch=lambda *_: True)

    with seeded(7):  # two passes, which differ by what is dropped
        log_p = [F.log_softmax(twin.train()(torch.tensor(RAW), None), dim=1) for _ in range(2)]
    label_loss = sum(-p[torch.arange(8), torch.tensor(CLASSES[:8])].mean() for p in log_p) / 2
    weights = torch.tensor([1.0, 0.5, 1.0]) / 3
    soft_label_loss = (
        sum((weights * -(torch.tensor(SOFT.probabilities) * p[16:19]).sum(dim=1)).sum() for p in log_p) / 2
    )
    p = torch.stack(log_p).exp()
    sharp = p.mean(dim=0).square()
    sharp = (sharp / sharp.sum(dim=1, keepdim=True)).detach()
    consistency_loss = (p - sharp).square().sum(dim=2).mean()
    loss = label_loss + 0.5 * soft_label_loss + 3.0 * 0.5 * consistency_loss
    optimizer = torch.optim.Adam(twin.parameters(), lr=0.05, weight_decay=5e-4)
    loss.backward()
    optimizer.step()
    assert history.consistency_loss == pytest.approx([consistency_loss.item()])
    assert history.label_loss == pytest.approx([label_loss.item()])
    assert history.soft_label_loss == pytest.approx([soft_label_loss.item()])
    assert history.loss == pytest.approx([loss.item()])
    for name, value in twin.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], value)


def test_the_ramp_ends_after_a_tenth_of_the_epochs():
    _, history = fit(build(dropout=0.5), replace(SETTINGS, max_iter=40), consistency=2.0)

    weight = (np.array(history.loss) - history.label_loss) / history.consistency_loss
    np.testing.assert_allclose(weight[:6], [0.5, 1.0, 1.5, 2.0, 2.0, 2.0], rtol=1e-3)


@pytest.mark.parametrize(("consistency", "n_passes"), [(0.0, 1), (0.5, 2)])
def test_a_second_pass_belongs_to_the_consistency(consistency, n_passes):
    class Watch(nn.Linear):
        def forward(self, x, edges):
            seen.append(self.training)
            return super().forward(x)

    seen = []
    fit(Watch(N_FEATURES, 2), replace(SETTINGS, max_iter=10), consistency=consistency, held_out=HELD_OUT)

    assert seen == [*[True] * n_passes, False] * 10


def test_training_learns():
    network, history = fit(build("sage"), replace(SETTINGS, max_iter=60))

    assert history.label_loss[-1] < 0.5 * history.label_loss[0]
    assert (predict_logits(network, GRAPH.adjacency, RAW).argmax(axis=1) == CLASSES)[:8].all()
    assert not network.training


def test_weight_decay_shrinks_the_weights():
    sizes = [
        sum(
            float(p.detach().square().sum())
            for p in fit(settings=replace(SETTINGS, weight_decay=decay, max_iter=50))[0].parameters()
        )
        for decay in (0.0, 0.1, 1.0)
    ]

    assert sizes[0] > sizes[1] > sizes[2]


# -- batches -----------------------------------------------------------------------------------------------------

BATCHES = replace(SETTINGS, batch_size=3, sample_size=None)


@pytest.mark.parametrize("consistency", [0.0, 1.0])
@pytest.mark.parametrize("name", BACKBONES)
def test_one_batch_of_all_labels_is_the_whole_graph(name, consistency):
    options = {"features": with_views(), "held_out": HELD_OUT, "soft": SOFT, "consistency": consistency}

    whole, history = fit(build(name), **options)
    batched, same = fit(build(name), replace(SETTINGS, batch_size=8, sample_size=None), **options)

    for one, other in zip(vars(history).values(), vars(same).values(), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-5)
    logits = [predict_logits(network, GRAPH.adjacency, RAW) for network in (whole, batched)]
    np.testing.assert_allclose(logits[1], logits[0], rtol=1e-3, atol=1e-3)  # twelve steps of Adam later


@pytest.mark.parametrize("name", BACKBONES)
def test_the_first_batch_has_the_loss_of_the_whole_graph_on_its_labels(name):
    """A step of three labels alone, on the whole graph and in a batch."""
    few = supervise([5, 2, 9], weights=[1, 2, 3])
    one_epoch = replace(SETTINGS, max_iter=1)

    whole = fit(build(name), one_epoch, labeled=few)[1]
    batch = fit(build(name), replace(one_epoch, batch_size=1000, sample_size=None), labeled=few)[1]
    sampled = fit(build(name), replace(one_epoch, batch_size=1000, sample_size=1), labeled=few)[1]

    assert batch.label_loss == pytest.approx(whole.label_loss, rel=1e-5)
    # a sample is another neighborhood, except for who hears from nobody
    assert (abs(sampled.label_loss[0] - whole.label_loss[0]) > 1e-4) is (name != "mlp")


def test_an_epoch_of_batches_is_as_many_steps_on_their_means():
    """Without learning, the mean loss of an epoch is the mean over its batches; with it, batches step more often."""
    still = replace(BATCHES, learning_rate_init=1e-12, weight_decay=0.0, max_iter=1, batch_size=4)
    whole = fit(build("sage"), replace(still, batch_size=None))[1]
    assert fit(build("sage"), still)[1].loss == pytest.approx(whole.loss, rel=1e-5)  # two batches of four labels

    learning = replace(SETTINGS, learning_rate_init=0.01, max_iter=5)
    losses = [
        fit(build("sage"), replace(learning, batch_size=size, sample_size=None))[1].loss[-1] for size in (None, 2, 1)
    ]
    assert losses[0] > losses[1] > losses[2]


@pytest.fixture(scope="module")
def text_graph():
    data = make_text_graph(n_nodes=300, n_classes=3, homophily=0.8, informativeness=0.5, random_state=0)
    return encode_graph(data.graph, TfidfEncoder(n_components=16)), data.target


@pytest.mark.parametrize("name", BACKBONES)
def test_batches_learn(text_graph, name):
    graph, target = text_graph
    labeled = LabeledNodes(np.arange(100), target[:100], np.ones(100, dtype=np.float32))
    with seeded(0):
        network = build_backbone(name, 16, 16, 3, 2, 0.3)
    settings = replace(SETTINGS, batch_size=16, sample_size=3, max_iter=10, learning_rate_init=0.02)

    features = NodeFeatures.without_views(graph.features)
    history = train(network, graph.adjacency, features, Supervision(one_hot(labeled, 3)), None, settings, seed=0)

    assert history.n_iter == len(history.loss) == 10
    assert history.loss[-1] < history.loss[0]
    predicted = predict_logits(network, graph.adjacency, graph.features).argmax(axis=1)
    assert (predicted == target)[100:].mean() > 0.6  # chance is 1/3


@pytest.mark.parametrize("name", BACKBONES)
def test_the_same_seed_gives_the_same_batches_to_the_bit(name):
    """Batches are made in another thread."""
    sampled = replace(SETTINGS, batch_size=3, sample_size=1, n_unlabeled=5, max_iter=6)
    options = {"features": with_views(), "soft": SOFT, "held_out": HELD_OUT, "consistency": 1.0}

    one, same, other = (fit(build(name, dropout=0.5), sampled, seed=seed, **options) for seed in (1, 1, 2))

    assert one[1] == same[1]
    assert_same_weights(one[0], same[0])
    assert one[1].loss != other[1].loss


def test_a_network_of_ones_own_learns_in_batches_of_a_cut_out_graph():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = SAGEConv(N_FEATURES, 8), SAGEConv(8, 2)

        def forward(self, x, edge_index):
            sizes.append((self.training, len(x)))
            return self.second(self.first(x, edge_index).relu(), edge_index)

    sizes = []
    with seeded(0):
        network = Own()

    many = hold_out(range(8, 20))  # more than validation looks at in one batch
    _, history = fit(network, replace(BATCHES, batch_size=1, max_iter=20), held_out=many)

    assert history.label_loss[-1] < 0.5 * history.label_loss[0]
    assert min(size for training, size in sizes if training) < N_NODES
    # validation sees the whole graph, once an epoch
    assert [size for training, size in sizes if not training] == [N_NODES] * 20


@pytest.mark.parametrize("name", BACKBONES)
def test_validation_in_batches_is_validation_at_once(name):
    everyone = hold_out([*range(8, 20), 9, 9], weights=np.arange(1, 15))
    still = replace(SETTINGS, learning_rate_init=1e-12, max_iter=1)

    at_once = fit(build(name), still, held_out=everyone)[1]
    in_batches = fit(build(name), replace(still, batch_size=1), held_out=everyone)[1]  # eight nodes at a time

    assert in_batches.validation_score == pytest.approx(at_once.validation_score)
    assert in_batches.validation_loss == pytest.approx(at_once.validation_loss, rel=1e-5)


@pytest.mark.parametrize("stop", [True, False])
def test_no_thread_is_left_behind(stop):
    def on_epoch(epoch, history):
        if not stop:
            raise KeyboardInterrupt
        return True

    if stop:
        fit(settings=BATCHES, on_epoch=on_epoch)
    else:
        with pytest.raises(KeyboardInterrupt):
            fit(settings=BATCHES, on_epoch=on_epoch)

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("skellagnn")]


# -- precision ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "batch_size"), [("sage", 3), *((name, None) for name in BACKBONES)])
def test_half_precision_trains_to_about_the_same_loss(name, batch_size):
    full = replace(SETTINGS, max_iter=30, learning_rate_init=0.02, batch_size=batch_size, sample_size=None)

    _, history = fit(build(name), full, features=with_views(), held_out=HELD_OUT)
    with config_context(precision="bfloat16"):
        half, rounded = fit(build(name), full, features=with_views(), held_out=HELD_OUT)

    assert rounded.loss[0] == pytest.approx(history.loss[0], rel=0.02)
    assert history.loss[-1] < 0.9 * history.loss[0]
    assert np.mean(rounded.loss[-10:]) == pytest.approx(np.mean(history.loss[-10:]), abs=0.1 * history.loss[0])
    assert rounded.loss != history.loss
    # weights and what prediction makes of them stay in single precision
    assert {parameter.dtype for parameter in half.parameters()} == {torch.float32}
    assert predict_logits(half, GRAPH.adjacency, RAW).dtype == np.float32


# -- early stopping ----------------------------------------------------------------------------------------------


def follow(network, kept):
    def on_epoch(epoch, history):
        assert epoch == history.n_iter == len(kept) + 1
        kept.append(weights_of(network))
        return False

    return on_epoch


@pytest.mark.parametrize("patience", [1, 3, 1000])
def test_the_best_epoch_is_kept_and_patience_is_what_it_says(patience):
    network, kept = build(), []
    noisy = replace(SETTINGS, max_iter=60, n_iter_no_change=patience, learning_rate_init=0.3)

    _, history = fit(network, noisy, held_out=HELD_OUT, on_epoch=follow(network, kept))

    quality = list(zip(history.validation_score, [-loss for loss in history.validation_loss], strict=True))
    assert history.best_iter == quality.index(max(quality)) + 1
    assert_same_weights(network, kept[history.best_iter - 1])
    assert history.n_iter == len(kept) == min(60, history.best_iter + patience)
    if patience == 1000:
        assert history.best_iter < 60


def test_ties_in_accuracy_go_to_the_lower_cross_entropy():
    one = hold_out([9])

    _, history = fit(settings=replace(SETTINGS, max_iter=30), held_out=one)

    right = [i for i, score in enumerate(history.validation_score) if score == 1]
    assert len(right) > 5
    assert history.best_iter - 1 == min(right, key=lambda i: history.validation_loss[i])


def test_without_validation_all_epochs_are_run_and_the_last_one_is_kept():
    network, kept = build(), []

    _, history = fit(network, replace(SETTINGS, n_iter_no_change=1), on_epoch=follow(network, kept))

    assert history.n_iter == history.best_iter == 12
    assert history.validation_score == history.validation_loss == []
    assert_same_weights(network, kept[-1])


def test_validation_scores_are_weighted_accuracy_and_cross_entropy_on_raw_rows():
    network, scores = build(dropout=0.5), []
    weights = np.array([1, 2, 0.5, 0, 3, 1, 1, 1], dtype=np.float32)

    def on_epoch(epoch, history):
        logits = predict_logits(network, GRAPH.adjacency, RAW)[8:16].astype(np.float64)
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        right = log_p.argmax(axis=1) == CLASSES[8:16]
        nll = -log_p[np.arange(8), CLASSES[8:16]]
        scores.append((weights @ right / weights.sum(), weights @ nll / weights.sum()))
        return False

    _, history = fit(network, features=with_views(), held_out=hold_out(range(8, 16), weights), on_epoch=on_epoch)

    np.testing.assert_allclose(history.validation_score, [score for score, _ in scores], rtol=1e-5)
    np.testing.assert_allclose(history.validation_loss, [loss for _, loss in scores], rtol=1e-5)


def test_validation_may_be_on_another_graph():
    other = TextGraph.from_edges([(0, 1), (1, 2), (0, 2)], n_nodes=4)
    other_raw = np.random.default_rng(5).normal(size=(4, N_FEATURES)).astype(np.float32)
    labeled = LabeledNodes(np.array([1, 3]), np.array([1, 0]), np.ones(2, dtype=np.float32))
    network = build("sage")
    validation = ValidationGraph(other.adjacency, other_raw, labeled)

    history = train(network, GRAPH.adjacency, BARE, Supervision(LABELED), validation, SETTINGS, seed=0)

    logits = predict_logits(network, other.adjacency, other_raw)[[1, 3]]
    loss = F.cross_entropy(torch.tensor(logits), torch.tensor([1, 0])).item()
    assert history.validation_loss[history.best_iter - 1] == pytest.approx(loss, rel=1e-4)
    assert history.validation_score[history.best_iter - 1] == (logits.argmax(axis=1) == [1, 0]).mean()


def test_validation_labels_do_not_enter_the_weights():
    wrong = hold_out(range(8, 16), labels=1 - CLASSES[8:16])
    paths = []
    for held_out in (HELD_OUT, wrong, None):
        network, kept = build(), []
        fit(network, held_out=held_out, on_epoch=follow(network, kept))
        paths.append(kept)

    for epoch in range(12):
        assert_same_weights(paths[0][epoch], paths[1][epoch])
        assert_same_weights(paths[0][epoch], paths[2][epoch])


def test_on_epoch_stops():
    epochs = []

    def on_epoch(epoch, history):
        epochs.append((epoch, history.loss[-1]))
        return epoch == 4

    network, history = fit(on_epoch=on_epoch, held_out=HELD_OUT)

    assert [epoch for epoch, _ in epochs] == [1, 2, 3, 4]
    assert history.loss == [loss for _, loss in epochs]
    assert history.best_iter <= 4
    assert not network.training


def test_an_error_in_on_epoch_comes_through_and_the_state_is_restored():
    def on_epoch(epoch, history):
        raise KeyboardInterrupt

    before = torch.random.get_rng_state()
    with pytest.raises(KeyboardInterrupt):
        fit(on_epoch=on_epoch)

    assert torch.equal(torch.random.get_rng_state(), before)


# -- seeds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BACKBONES)
def test_the_same_seed_gives_the_same_to_the_bit(name):
    one, other = (fit(build(name, dropout=0.5), features=with_views(), soft=SOFT, held_out=HELD_OUT) for _ in range(2))

    assert one[1] == other[1]
    assert_same_weights(one[0], other[0])


def test_another_seed_gives_another_training():
    assert fit(build(dropout=0.5), seed=1)[1].loss != fit(build(dropout=0.5), seed=2)[1].loss


def test_what_torch_would_draw_next_is_left_alone():
    with torch.random.fork_rng():
        torch.manual_seed(123)
        expected = torch.rand(3)
        torch.manual_seed(123)
        fit(build(dropout=0.5))
        assert torch.equal(torch.rand(3), expected)


def losses(on_epoch=None, seed=3):
    with seeded(0):
        network = build_backbone("sage", N_FEATURES, 4, 2, 2, 0.5)
    settings = replace(SETTINGS, max_iter=3)
    return train(
        network, GRAPH.adjacency, BARE, Supervision(LABELED), None, settings, seed=seed, on_epoch=on_epoch
    ).loss


def test_a_callback_may_draw_and_train_in_another_thread():
    """It would wait for itself if the training kept the generators meanwhile; and what it draws moves nothing."""
    found = []

    def on_epoch(epoch, history):
        torch.rand(5)
        with ThreadPoolExecutor(1) as pool:
            found.append(pool.submit(losses, seed=4).result(timeout=60))
        return False

    assert losses(on_epoch) == losses()
    assert found == [losses(seed=4)] * 3 != [losses()] * 3


# -- views -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("consistency", [0.0, 1.0])
def test_views_equal_to_the_raw_features_are_no_views_to_the_bit(consistency):
    active = with_views().active
    echo = with_views(np.repeat(RAW[active][:, None], 3, axis=1))

    for name in ("sage", "mlp"):
        plain, echoed = (
            fit(build(name, dropout=0.5), features=features, held_out=HELD_OUT, consistency=consistency)
            for features in (BARE, echo)
        )
        assert echoed[1] == plain[1]
        assert_same_weights(echoed[0], plain[0])


def test_views_that_nobody_answered_are_no_views():
    nobody = with_views(answered=np.zeros((4, 2), dtype=bool))

    assert fit(features=nobody)[1] == fit()[1]


def test_view_probability_zero_is_no_views():
    assert fit(features=with_views().shown(0.0))[1] == fit()[1]


def test_other_views_are_another_training():
    assert fit(features=with_views())[1].loss != fit()[1].loss


def test_the_seed_draws_the_views():
    # no dropout, no dropped nodes: nothing else is drawn
    first, same, other = (fit(settings=SETTINGS, features=with_views(), seed=seed)[1].loss for seed in (1, 1, 2))

    assert first == same != other
    assert fit(settings=SETTINGS, seed=1)[1] == fit(settings=SETTINGS, seed=2)[1]


def test_active_nodes_show_their_views_in_training_and_raw_rows_in_validation():
    class Watch(nn.Linear):
        def forward(self, x, edges):
            seen.append((self.training, x.detach().clone()))
            return super().forward(x)

    seen = []
    features = with_views().shown(1.0)
    fit(Watch(N_FEATURES, 2), replace(SETTINGS, max_iter=20), features=features, held_out=HELD_OUT)

    raw, others = torch.tensor(RAW), np.setdiff1d(np.arange(N_NODES), features.active)
    shown = set()
    for training, x in seen:
        assert torch.equal(x[others], raw[others])
        if training:
            signs = (x - raw)[torch.tensor(features.active)].mean(dim=1).round().tolist()
            assert set(signs) <= {1.0, -1.0}
            shown |= set(enumerate(signs))
        else:
            assert torch.equal(x, raw)
    assert len(shown) == 8  # every view of every active node was shown at some time


# -- weights of labels -------------------------------------------------------------------------------------------


def test_only_relative_weights_count():
    one, other = fit(labeled=supervise(range(8))), fit(labeled=supervise(range(8), np.full(8, 4.0)))

    assert one[1] == other[1]


def test_weight_two_equals_being_listed_twice():
    weighted = fit(labeled=supervise([0, 1, 2], [1, 2, 1]), held_out=HELD_OUT)[1]
    listed = fit(labeled=supervise([0, 1, 1, 2]), held_out=HELD_OUT)[1]

    np.testing.assert_allclose(weighted.loss, listed.loss, rtol=1e-4)
    np.testing.assert_allclose(weighted.validation_loss, listed.validation_loss, rtol=1e-4)
    assert weighted.loss != fit(labeled=supervise([0, 1, 2]))[1].loss


def test_weight_zero_equals_being_left_out():
    weighted = fit(labeled=supervise([0, 1, 2, 3], [1, 1, 0, 1]))[1]
    left_out = fit(labeled=supervise([0, 1, 3]))[1]

    np.testing.assert_allclose(weighted.loss, left_out.loss, rtol=1e-5)


# -- soft targets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [0, 1])
def test_soft_targets_pull_predictions(wanted):
    nodes = [16, 17, 18, 19]
    soft = soften(nodes, np.eye(2)[[wanted] * 4])
    long = replace(SETTINGS, max_iter=80)

    pulled = predict_logits(fit(settings=long, soft=soft, soft_weight=20.0)[0], GRAPH.adjacency, RAW)
    free = predict_logits(fit(settings=long)[0], GRAPH.adjacency, RAW)

    assert (pulled[nodes].argmax(axis=1) == wanted).all()
    margin = (pulled - free)[:, wanted] - (pulled - free)[:, 1 - wanted]
    assert margin[nodes].min() > 1


def test_an_answer_beside_labels_has_its_probabilities_and_its_weight():
    network = build()
    # half of the weight of a label, and no class for sure
    answered = soften([0, 3, 17], [[1, 0], [0, 1], [0.3, 0.7]], [1, 1, 0.5])

    history = fit(build(), replace(SETTINGS, max_iter=1), labeled=answered)[1]

    log_p = F.log_softmax(network(torch.tensor(RAW[[0, 3, 17]]), None), dim=1)
    expected = -(log_p[0, 0] + log_p[1, 1] + 0.5 * (0.3 * log_p[2, 0] + 0.7 * log_p[2, 1])) / 2.5
    assert history.label_loss == pytest.approx([expected.item()])


@pytest.mark.parametrize("soft", [SOFT, soften([], np.empty((0, 2)))])
def test_soft_target_weight_zero_and_no_targets_are_no_answers(soft):
    history = fit(soft=soft, soft_weight=0.0 if len(soft.nodes) else 0.5)[1]

    assert history == fit()[1]
    assert history.soft_label_loss == [0] * 12


def test_a_target_of_reliability_zero_has_no_effect():
    with_one = fit(soft=soften([16, 17], [[1, 0], [0, 1]], [1, 0]), settings=SETTINGS)[1]
    with_other = fit(soft=soften([16, 17], [[1, 0], [1, 0]], [1, 0]), settings=SETTINGS)[1]

    assert with_one == with_other


# -- input arrays ------------------------------------------------------------------------------------------------


def test_arrays_of_a_worker_are_read_only_and_stay_as_they_are():
    features = with_views()
    parts = [features, LABELED, HELD_OUT, SOFT]
    frozen = copy.deepcopy(parts)
    for part in frozen:
        for value in vars(part).values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
    frozen_features, labeled, held_out, soft = frozen

    history = fit(build("sage"), features=frozen_features, labeled=labeled, held_out=held_out, soft=soft)[1]

    assert history == fit(build("sage"), features=features, held_out=HELD_OUT, soft=SOFT)[1]
    for part, original in zip(frozen, parts, strict=True):
        for name, array in vars(part).items():
            np.testing.assert_array_equal(array, vars(original)[name])


def test_writeable_arrays_are_not_written_to():
    features = with_views()
    kept = copy.deepcopy(features)

    fit(features=features, soft=SOFT, held_out=HELD_OUT)

    for name, array in vars(kept).items():
        np.testing.assert_array_equal(vars(features)[name], array)


# -- divergence --------------------------------------------------------------------------------------------------

TOO_FAST = r"`learning_rate_init` must be small enough .*, got {}.* and a loss of (nan|inf) in epoch \d+\."


def test_a_training_that_diverges_says_so():
    with pytest.raises(InvalidParameterError, match=TOO_FAST.format(r"1e\+30")):
        fit(settings=replace(SETTINGS, learning_rate_init=1e30))


@pytest.mark.parametrize("batch_size", [None, 8])
@pytest.mark.parametrize("held_out", [None, HELD_OUT])
def test_so_does_one_whose_last_step_diverges(held_out, batch_size):
    """The loss of that step is that of the weights before it, and is fine."""
    only = replace(SETTINGS, learning_rate_init=1e20, max_iter=1, batch_size=batch_size)

    with pytest.raises(InvalidParameterError, match=TOO_FAST.format(r"1e\+20")):
        fit(build("sage", n_layers=3), only, held_out=held_out)


class Mine(nn.Module):
    """A network of one's own: what comes out of a linear layer goes through a function."""

    def __init__(self, change):
        super().__init__()
        self.linear, self.change = nn.Linear(RAW.shape[1], 2), change

    def forward(self, x, edge_index):
        return self.change(self.linear(x))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda scores: scores / 0 * 0,
            "`backbone` must make finite class scores .* a loss of nan before the first step",
        ),
        (lambda scores: scores[:5], "`backbone` must build .* a row of scores for each of .* nodes, got 5 rows"),
    ],
)
def test_a_network_that_is_wrong_from_the_start_is_named(change, sentence):
    with pytest.raises(InvalidParameterError, match=sentence):
        fit(Mine(change))


# -- history -----------------------------------------------------------------------------------------------------


def test_a_new_history_is_empty():
    assert (History().n_iter, History().best_iter, History(["mine"]).mine) == (0, 0, [])
    with pytest.raises(AttributeError):
        _ = History().mine


def test_a_history_is_copied_pickled_and_compared_by_what_happened():
    history = fit(soft=SOFT, held_out=HELD_OUT)[1]

    assert copy.deepcopy(history) == pickle.loads(pickle.dumps(history)) == history
    assert len(history.soft_label_loss) == history.n_iter == 12
    assert history != fit(held_out=HELD_OUT)[1]


def test_a_term_of_ones_own_is_trained_with_and_recorded():
    class Confidence(LossTerm):
        """Mean entropy of the nodes without label."""

        name = "entropy"

        def nodes(self, n_nodes):
            return np.arange(8, n_nodes)

        def targets(self, positions):
            return (positions,)

        def value(self, passes, targets, n_looked_at):
            looked_at.append((targets[0].tolist(), n_looked_at))
            return -(passes[0].exp() * passes[0]).sum() / n_looked_at

    looked_at = []
    network, history = build(), []
    for weight in (0.0, 3.0):
        network = build()
        supervision = Supervision(LABELED, regularizers=(Confidence(weight), Consistency(0.0)))
        settings = replace(SETTINGS, n_unlabeled=5)
        history.append(train(network, GRAPH.adjacency, BARE, supervision, None, settings, seed=0))

    assert history[0].entropy == history[1].consistency_loss == [0] * 12
    np.testing.assert_allclose(history[1].loss, np.array(history[1].label_loss) + 3 * np.array(history[1].entropy))
    assert history[1].entropy[-1] < 0.8 * history[1].entropy[0]
    assert {(len(positions), n) for positions, n in looked_at} == {(5, 5)}
    assert {position for positions, _ in looked_at for position in positions} == set(range(12))


# -- the table of epochs ---------------------------------------------------------------------------------------------


def test_a_history_is_a_table_of_epochs():
    history = History(["label_loss"])
    history.loss, history.label_loss = [3.0, 2.0, 1.0], [1.5, 1.0, 0.5]
    history.validation_score, history.validation_loss, history.best_iter = [0.5, 0.75, 0.7], [1.0, 0.8, 0.9], 2

    table = history.to_frame()

    assert list(table.columns) == ["epoch", "loss", "label_loss", "validation_score", "validation_loss", "kept"]
    assert table.loc[table["kept"], ["epoch", "validation_score"]].to_numpy().tolist() == [[2, 0.75]]
    assert table["epoch"].tolist() == [1, 2, 3]
    assert table["loss"].tolist() == [3.0, 2.0, 1.0]
    history.validation_score, history.validation_loss = [], []
    assert list(history.to_frame().columns) == ["epoch", "loss", "label_loss", "kept"]
    assert len(History().to_frame()) == 0


def test_a_history_shows_its_first_kept_and_last_epoch():
    history = History(["label_loss"])
    history.loss, history.label_loss = [3.0, 2.0, 1.0], [0.0, 0.0, 0.0]
    history.validation_score, history.best_iter = [0.5, 0.75, 0.7], 2

    assert repr(history).splitlines() == [
        "History of 3 epochs",
        "                  epoch 1  epoch 2 (kept)  epoch 3",
        "loss                3.000           2.000    1.000",
        "validation score    0.500           0.750    0.700",
    ]
    assert "epoch 2 (kept)" in history._repr_html_()
    assert repr(History()) == "History of 0 epochs"
    assert "History of 0 epochs" in History()._repr_html_()
