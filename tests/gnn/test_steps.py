"""Steps of training: every label once an epoch, samples without repeats, and rows that mean the nodes they should."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from skellagnn import TextGraph
from skellagnn.gnn._sparse import edges_for
from skellagnn.gnn._steps import StepMaker, TrainingSettings
from skellagnn.gnn._targets import LabeledNodes, SoftLabels
from skellagnn.gnn._training import seeded
from skellagnn.gnn._views import NodeFeatures
from skellagnn.gnn.backbones import BACKBONES, build_backbone
from skellagnn.neighborhood import cosine_of_edges

N_NODES, N_FEATURES = 50, 4
GRAPH = TextGraph.from_edges(np.random.default_rng(0).integers(N_NODES, size=(90, 2)), n_nodes=N_NODES)
RAW = np.random.default_rng(1).normal(size=(N_NODES, N_FEATURES)).astype(np.float32)
FEATURES = NodeFeatures.without_views(RAW)
# in no order, so that a mix-up of positions and nodes shows; the label of node i is i % 3, its weight i + 1
NODES = np.random.default_rng(2).permutation(N_NODES)[:23]
LABELED = LabeledNodes(NODES, NODES % 3, (NODES + 1).astype(np.float32))
SOFT_NODES = np.random.default_rng(3).permutation(N_NODES)[:30]
SOFT = SoftLabels(
    SOFT_NODES,
    np.stack([SOFT_NODES / 50, 1 - SOFT_NODES / 50, np.zeros(30)], axis=1).astype(np.float32),
    (SOFT_NODES / 10).astype(np.float32),
)
SETTINGS = TrainingSettings(
    learning_rate_init=0.05,
    weight_decay=5e-4,
    max_iter=12,
    n_iter_no_change=50,
    view_probability=0.5,
    consistency=0.0,
    drop_node=0.0,
    soft_label_weight=0.0,
)


def build(name="sage"):
    with seeded(0):
        return build_backbone(name, N_FEATURES, 5, 3, 2, 0.0).eval()


def make(settings=SETTINGS, *, name="sage", soft=None, seed=0, group=None, **changes):
    settings = replace(settings, **changes)
    return StepMaker(
        build(name), GRAPH.adjacency, FEATURES, LABELED, soft, settings, seed=seed, device="cpu", group=group
    )


def take(maker, n_steps):
    stream = maker.stream()
    try:
        return [next(stream) for _ in range(n_steps)]
    finally:
        stream.close()


def nodes_of(step):
    """Nodes whose rows a step reads, told by these rows: its targets come first."""
    own = step.inputs.x[0] if isinstance(step.inputs.x, tuple) else step.inputs.x
    rows = own if step.inputs.rows is None else own[step.inputs.rows]
    return np.array([np.flatnonzero((row.numpy() == RAW).all(axis=1))[0] for row in rows])


# -- labels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 4, 22, 23, 24, 1000, None])
def test_an_epoch_of_batches_covers_each_label_once(batch_size):
    maker = make(batch_size=batch_size)
    size = min(batch_size or 23, 23)
    assert maker.batch_size == size
    assert maker.n_steps == -(-23 // size)

    for epoch in np.array_split(np.array(take(maker, 2 * maker.n_steps), dtype=object), 2):
        listed = []
        for step in epoch:
            nodes = nodes_of(step)[step.label_rows.numpy()]
            assert step.labels.tolist() == (nodes % 3).tolist()
            assert 0 < len(nodes) <= size
            # the mean over the steps of an epoch weighs each label as a step on all of them does
            expected = (nodes + 1) / (NODES + 1).sum() * maker.n_steps
            np.testing.assert_allclose(step.label_weights.numpy(), expected, rtol=1e-5)
            listed += nodes.tolist()
        assert sorted(listed) == sorted(NODES.tolist())


def test_epochs_have_another_order_each_and_seeds_too():
    def orders(seed):
        maker = make(batch_size=5, seed=seed)
        steps = take(maker, 2 * maker.n_steps)
        return [np.concatenate([nodes_of(step)[step.label_rows] for step in steps[i : i + 5]]).tolist() for i in (0, 5)]

    first, second = orders(0)
    assert first != second
    assert orders(0) == [first, second]
    assert orders(1) != [first, second]


# -- nodes without label -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_unlabeled", [1, 7, 29, 30, 1000, None])
@pytest.mark.parametrize("batch_size", [5, None])
def test_soft_targets_are_drawn_without_repeats_and_keep_what_belongs_to_them(batch_size, n_unlabeled):
    maker = make(soft=SOFT, soft_label_weight=1.0, n_unlabeled=n_unlabeled, batch_size=batch_size)
    size = min(n_unlabeled or 30, 30)

    for step in take(maker, 6):
        nodes = nodes_of(step)[step.soft_rows.numpy()]
        assert len(set(nodes.tolist())) == len(nodes) == size
        assert set(nodes.tolist()) <= set(SOFT_NODES.tolist())
        np.testing.assert_allclose(step.soft_targets[:, 0].numpy(), nodes / 50, rtol=1e-5)
        np.testing.assert_allclose(step.soft_weights.numpy(), nodes / 10 / size, rtol=1e-5)
        # labels are where they belong, also for nodes that have both
        assert step.labels.tolist() == (nodes_of(step)[step.label_rows.numpy()] % 3).tolist()
        assert step.agreeing is None


@pytest.mark.parametrize("n_unlabeled", [1, 7, 49, 50, None])
def test_agreeing_nodes_are_drawn_without_repeats(n_unlabeled):
    maker = make(consistency=1.0, n_unlabeled=n_unlabeled, batch_size=5)

    for step in take(maker, 4):
        nodes = nodes_of(step)[step.agreeing.numpy()]
        assert len(set(nodes.tolist())) == len(nodes) == (n_unlabeled or 50)
        assert step.agreeing_weight == 1
        assert step.soft_rows is None


def test_draws_reach_every_node_in_time():
    steps = take(make(consistency=1.0, n_unlabeled=5), 60)

    counts = np.bincount(np.concatenate([nodes_of(step)[step.agreeing.numpy()] for step in steps]), minlength=N_NODES)

    assert counts.min() > 0
    assert counts.sum() == 300


@pytest.mark.parametrize("soft", [None, SOFT, SoftLabels(np.empty(0, dtype=np.int64), np.empty((0, 3)), np.empty(0))])
def test_what_has_no_weight_is_not_asked_for(soft):
    step = take(make(soft=soft, soft_label_weight=0.0 if soft is SOFT else 1.0), 1)[0]

    assert step.soft_rows is step.soft_targets is step.soft_weights is step.agreeing is None
    # the output is made for the labels alone
    assert step.inputs.rows is None
    with torch.no_grad():
        assert len(build()(step.inputs.x, step.inputs.edges)) == 23
    assert sorted(nodes_of(step)[:23].tolist()) == sorted(NODES.tolist())


# -- what is read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [None, 4])
@pytest.mark.parametrize("name", BACKBONES)
def test_rows_of_a_step_are_rows_of_the_whole_graph(name, batch_size):
    network = build(name)
    with torch.no_grad():
        expected = network(torch.tensor(RAW), edges_for(network, GRAPH.adjacency)).numpy()
        maker = make(
            name=name, batch_size=batch_size, sample_size=None, soft=SOFT, soft_label_weight=1.0, n_unlabeled=6
        )
        labels = {tuple(np.round(expected[node], 4).tolist()): node % 3 for node in range(N_NODES)}
        for step in take(maker, 3):
            scores = network(step.inputs.x, step.inputs.edges)
            scores = (scores if step.inputs.rows is None else scores[step.inputs.rows]).numpy()
            distance = np.abs(scores[:, None] - expected).max(axis=2)
            assert distance.min(axis=1).max() < 1e-5
            assert (distance.argmin(axis=1)[step.label_rows.numpy()] % 3).tolist() == step.labels.tolist()
    assert len(labels) == N_NODES  # no two nodes look alike


def counted(maker, monkeypatch):
    reads = []
    read = maker.reader.read
    monkeypatch.setattr(
        maker.reader, "read", lambda *arguments: reads.append(threading.get_ident()) or read(*arguments)
    )
    return reads


@pytest.mark.parametrize(
    ("changes", "static"),
    [
        ({}, True),
        ({"batch_size": 1000, "sample_size": None}, True),
        ({"consistency": 1.0, "n_unlabeled": 1000}, True),
        ({"n_unlabeled": 3}, True),  # nobody asks for nodes without label
        ({"sample_size": 1}, True),  # looked at in batches only
        ({"batch_size": 22, "sample_size": None}, False),
        ({"batch_size": 1000, "sample_size": 1}, False),
        ({"consistency": 1.0, "n_unlabeled": 3}, False),
    ],
)
def test_steps_that_are_the_same_in_every_epoch_are_read_once(changes, static, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    maker = make(**changes)
    reads = counted(maker, monkeypatch)

    steps = take(maker, 10)

    assert maker.static is static
    if static:
        assert reads == [threading.get_ident()]
        assert all(step is steps[0] for step in steps)
    else:
        assert 10 <= len(reads) <= 11  # one ahead
        assert set(reads) != {threading.get_ident()}
        assert len({id(step) for step in steps}) == 10


def test_with_one_thread_no_other_prepares_the_same_steps(monkeypatch):
    threads, seen = [], []
    for n_threads in (1, 2):
        monkeypatch.setattr(torch, "get_num_threads", lambda n_threads=n_threads: n_threads)
        maker = make(batch_size=5, sample_size=1)
        reads = counted(maker, monkeypatch)
        seen.append([nodes_of(step).tolist() for step in take(maker, 7)])
        threads.append(set(reads) == {threading.get_ident()})

    assert threads == [True, False]
    assert seen[0] == seen[1]


def test_a_batch_hears_from_samples_by_similarity_on_request():
    maker = make(batch_size=5, sample_size=1, sampling="similarity", name="appnp")

    receivers, senders = np.repeat(np.arange(N_NODES), np.diff(GRAPH.adjacency.indptr)), GRAPH.adjacency.indices
    finder = maker.reader.finder
    away = finder.matrix.tocoo()
    off_diagonal = away.row != away.col
    np.testing.assert_array_equal(away.col[off_diagonal], senders)
    np.testing.assert_allclose(
        finder.preferences[off_diagonal], (1 + cosine_of_edges(receivers, senders, RAW)) / 2, rtol=1e-5, atol=1e-6
    )
    assert finder.sample_size == 1
    assert make(batch_size=5, sample_size=1).reader.finder.preferences is None
    assert make(batch_size=None, sample_size=1).reader.finder.sample_size is None


# -- shared with other processes ---------------------------------------------------------------------------------


class Part:
    """What a process group does with arrays, without processes."""

    def __init__(self, rank, size=3):
        self.rank, self.size = rank, size

    def share(self, nodes):
        return nodes[self.rank :: self.size]


@pytest.mark.parametrize("batch_size", [1, 5, None])
def test_parts_of_processes_add_up_to_the_step_of_one(batch_size):
    options = {"soft": SOFT, "soft_label_weight": 1.0, "consistency": 1.0, "n_unlabeled": 7, "batch_size": batch_size}
    alone = take(make(**options), 4)
    parts = [take(make(group=Part(rank), **options), 4) for rank in range(3)]

    def weighed(step, rows, weights):
        pairs = zip(nodes_of(step)[getattr(step, rows).numpy()].tolist(), getattr(step, weights).tolist(), strict=True)
        return dict(pairs)

    for place, step in enumerate(alone):
        for rows, weights in (("label_rows", "label_weights"), ("soft_rows", "soft_weights")):
            together = [weighed(part[place], rows, weights) for part in parts]
            joined = {node: weight for part in together for node, weight in part.items()}
            assert joined == pytest.approx(weighed(step, rows, weights))
            assert sum(map(len, together)) == len(joined)
        assert sum(part[place].agreeing_weight for part in parts) == pytest.approx(1)
        whole = step.label_weights.sum().item()
        assert sum(part[place].label_weights.sum().item() for part in parts) == pytest.approx(whole)
