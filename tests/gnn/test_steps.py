"""Steps of training: every label once an epoch, samples without repeats, and rows that mean the nodes they should."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from skellagnn import TextGraph
from skellagnn.gnn._distributed import ALONE, ProcessGroup
from skellagnn.gnn._losses import Consistency, LabelLoss, SoftLabelLoss
from skellagnn.gnn._sparse import edges_for
from skellagnn.gnn._steps import StepMaker, TrainingSettings
from skellagnn.gnn._targets import LabeledNodes, SoftLabels
from skellagnn.gnn._torch_state import seeded
from skellagnn.gnn._views import NodeFeatures
from skellagnn.gnn.backbones import BACKBONES, build_backbone
from skellagnn.supervision import one_hot

N_NODES, N_FEATURES = 50, 4
GRAPH = TextGraph.from_edges(np.random.default_rng(0).integers(N_NODES, size=(90, 2)), n_nodes=N_NODES)
RAW = np.random.default_rng(1).normal(size=(N_NODES, N_FEATURES)).astype(np.float32)
FEATURES = NodeFeatures.without_views(RAW)
# in no order, so that a mix-up of positions and nodes shows; the label of node i is i % 3, its weight i + 1
NODES = np.random.default_rng(2).permutation(N_NODES)[:23]
LABELED = one_hot(LabeledNodes(NODES, NODES % 3, (NODES + 1).astype(np.float32)), 3)
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
)


def build(name="sage"):
    with seeded(0):
        return build_backbone(name, N_FEATURES, 5, 3, 2, 0.0).eval()


def make(settings=SETTINGS, *, name="sage", soft=None, consistency=False, seed=0, group=ALONE, **changes):
    settings = replace(settings, **changes)
    terms = [LabelLoss(LABELED, settings.batch_size)]
    terms += [] if soft is None else [SoftLabelLoss(soft, 1.0)]
    terms += [Consistency(1.0)] if consistency else []
    return StepMaker(build(name), GRAPH.adjacency, FEATURES, terms, settings, seed=seed, device="cpu", group=group)


def take(maker, n_steps):
    stream = maker.stream()
    try:
        return [next(stream) for _ in range(n_steps)]
    finally:
        stream.close()


def nodes_of(step):
    """Nodes whose rows a step reads, told by these rows: its targets come first."""
    own = step.inputs.x[0] if isinstance(step.inputs.x, tuple) else step.inputs.x
    rows = own if step.inputs.places is None else own[step.inputs.places]
    return np.array([np.flatnonzero((row.numpy() == RAW).all(axis=1))[0] for row in rows])


# -- labels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 4, 22, 23, 24, 1000, None])
def test_an_epoch_of_batches_covers_each_label_once(batch_size):
    maker = make(batch_size=batch_size)
    size = min(batch_size or 23, 23)
    n_steps = maker.terms[0].n_steps
    assert n_steps == -(-23 // size)

    for epoch in np.array_split(np.array(take(maker, 2 * n_steps), dtype=object), 2):
        listed = []
        for step in epoch:
            (places, (labels, weights), _), *_ = step.looks
            nodes = nodes_of(step)[places.numpy()]
            assert labels.tolist() == np.eye(3)[nodes % 3].tolist()
            assert 0 < len(nodes) <= size
            # the mean over the steps of an epoch weighs each label as a step on all of them does
            expected = (nodes + 1) / (NODES + 1).sum() * n_steps
            np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-5)
            listed += nodes.tolist()
        assert sorted(listed) == sorted(NODES.tolist())


def test_epochs_have_another_order_each_and_seeds_too():
    def orders(seed):
        maker = make(batch_size=5, seed=seed)
        steps = take(maker, 10)
        return [
            np.concatenate([nodes_of(step)[step.looks[0].places] for step in steps[i : i + 5]]).tolist() for i in (0, 5)
        ]

    first, second = orders(0)
    assert first != second
    assert orders(0) == [first, second]
    assert orders(1) != [first, second]


# -- nodes without label -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_unlabeled", [1, 7, 29, 30, 1000, None])
@pytest.mark.parametrize("batch_size", [5, None])
def test_soft_targets_are_drawn_without_repeats_and_keep_what_belongs_to_them(batch_size, n_unlabeled):
    maker = make(soft=SOFT, n_unlabeled=n_unlabeled, batch_size=batch_size)
    size = min(n_unlabeled or 30, 30)

    for step in take(maker, 6):
        (label_places, (labels, _), _), (places, (targets, reliability), n) = step.looks
        nodes = nodes_of(step)[places.numpy()]
        assert len(set(nodes.tolist())) == len(nodes) == n == size
        assert set(nodes.tolist()) <= set(SOFT_NODES.tolist())
        np.testing.assert_allclose(targets[:, 0].numpy(), nodes / 50, rtol=1e-5)
        np.testing.assert_allclose(reliability.numpy(), nodes / 10, rtol=1e-5)
        # labels are where they belong, also for nodes that have both
        assert labels.tolist() == np.eye(3)[nodes_of(step)[label_places.numpy()] % 3].tolist()


@pytest.mark.parametrize("n_unlabeled", [1, 7, 49, 50, None])
def test_agreeing_nodes_are_drawn_without_repeats(n_unlabeled):
    maker = make(consistency=True, n_unlabeled=n_unlabeled, batch_size=5)

    for step in take(maker, 4):
        places, targets, n = step.looks[1]
        nodes = nodes_of(step)[places.numpy()]
        assert len(set(nodes.tolist())) == len(nodes) == n == (n_unlabeled or 50)
        assert targets == ()


def test_draws_reach_every_node_in_time():
    steps = take(make(consistency=True, n_unlabeled=5), 60)

    counts = np.bincount(
        np.concatenate([nodes_of(step)[step.looks[1].places.numpy()] for step in steps]), minlength=N_NODES
    )

    assert counts.min() > 0
    assert counts.sum() == 300


def test_the_output_is_made_for_the_nodes_of_the_terms_alone():
    step = take(make(), 1)[0]

    assert step.inputs.places is None
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
        maker = make(name=name, batch_size=batch_size, sample_size=None, soft=SOFT, n_unlabeled=6)
        labels = {tuple(np.round(expected[node], 4).tolist()): node % 3 for node in range(N_NODES)}
        for step in take(maker, 3):
            places, (found, _), _ = step.looks[0]
            scores = step.inputs.scores(network).numpy()
            distance = np.abs(scores[:, None] - expected).max(axis=2)
            assert distance.min(axis=1).max() < 1e-5
            assert (distance.argmin(axis=1)[places.numpy()] % 3).tolist() == found.argmax(dim=1).tolist()
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
        ({"consistency": True, "n_unlabeled": 1000}, True),
        ({"n_unlabeled": 3}, True),  # nobody asks for nodes without label
        ({"sample_size": 1}, True),  # looked at in batches only
        ({"batch_size": 22, "sample_size": None}, False),
        ({"batch_size": 1000, "sample_size": 1}, False),
        ({"consistency": True, "n_unlabeled": 3}, False),
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


def test_samples_are_for_batches():
    assert make(batch_size=5, sample_size=1).reader.sampler.sample_size == 1
    assert make(batch_size=None, sample_size=1).reader.sampler.sample_size is None


# -- shared with other processes ---------------------------------------------------------------------------------


class Part(ProcessGroup):
    """What a process group does with arrays, without processes."""

    def __init__(self, rank, size=3):
        self.rank, self.size = rank, size

    def share(self, nodes):
        return nodes[self.rank :: self.size]


@pytest.mark.parametrize("batch_size", [1, 5, None])
def test_parts_of_processes_add_up_to_the_step_of_one(batch_size):
    options = {"soft": SOFT, "consistency": True, "n_unlabeled": 7, "batch_size": batch_size}
    alone = take(make(**options), 4)
    parts = [take(make(group=Part(rank), **options), 4) for rank in range(3)]

    def known(step, term):
        """What the term knows of each node."""
        places, targets, _ = step.looks[term]
        rows = zip(*(target.tolist() for target in targets), strict=True) if targets else [()] * len(places)
        return dict(zip(nodes_of(step)[places.numpy()].tolist(), rows, strict=True))

    for place, step in enumerate(alone):
        for term in range(3):
            together = [known(part[place], term) for part in parts]
            joined = {node: facts for part in together for node, facts in part.items()}
            assert joined == known(step, term)
            assert sum(map(len, together)) == len(joined)
            assert {part[place].looks[term].n for part in parts} == {step.looks[term].n} == {len(joined)}
