"""Training on several processes: two real ones, started by torchrun, against one.

This file is also the script that torchrun starts: ``python -m torch.distributed.run ... test_distributed.py FOLDER``.
"""

from __future__ import annotations

import itertools
import os
import pickle
import re
import subprocess
import sys
import warnings
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from skellagnn import (
    PAPER_SETTINGS,
    Budget,
    CallableEnhancer,
    ELLaGNNClassifier,
    ReplayEnhancer,
    TextGraph,
    config_context,
)
from skellagnn.datasets import make_text_graph
from skellagnn.exceptions import AnswerWarning, InvalidParameterError, SkellagnnError
from skellagnn.gnn._distributed import ALONE, ProcessGroup
from skellagnn.gnn._losses import Consistency, LabelLoss, SoftLabelLoss
from skellagnn.gnn._steps import StepMaker, TrainingSettings
from skellagnn.gnn._targets import LabeledNodes, SoftLabels
from skellagnn.gnn._training import term_values
from skellagnn.gnn._views import NodeFeatures
from skellagnn.gnn.backbones import BACKBONES, build_backbone
from skellagnn.supervision import one_hot

N_RANKS = 2
N_LABELED = 80
# harder than the default, so that an accuracy says something
DATA = make_text_graph(n_nodes=160, informativeness=0.3, homophily=0.7, random_state=0)
TRAIN, REST = np.arange(N_LABELED), np.arange(N_LABELED, 160)
ANSWERS = ReplayEnhancer(DATA.answers)


def classifier(enhancer=None, **params):
    common = {"encoder": "tfidf", "hidden_channels": 16, "max_iter": 10, "dropout": 0.0, "random_state": 0}
    asking = {} if enhancer is None else {"prompts": "keywords+topic", "class_names": DATA.target_names}
    return ELLaGNNClassifier(enhancer, **{**common, **asking, "store": None, **params})


def paper(enhancer=None, **params):
    return classifier(enhancer, **{**PAPER_SETTINGS, "early_stopping": False, "batch_size": None, **params})


class WithMemory(nn.Module):
    """A network of one's own that normalizes over the rows that it sees, and remembers them."""

    def __init__(self, in_channels, hidden_channels, out_channels, n_layers, dropout):
        super().__init__()
        self.norm = nn.BatchNorm1d(in_channels)
        self.linear = nn.Linear(in_channels, out_channels)

    def forward(self, x, edge_index):
        return self.linear(self.norm(x))


# What the processes together make as one does, up to rounding. Few epochs: once the input of a unit's ReLU comes near
# zero, rounding decides on which side it falls, in one process as well.
SAME_AS_ONE = {
    "whole": lambda: paper(),
    "batches": lambda: paper(batch_size=16, sample_size=None, max_iter=10),
    "last batch of one label": lambda: paper(batch_size=79, sample_size=None, max_iter=10),
    "batches of one label": lambda: paper(batch_size=1, sample_size=None, max_iter=1),
    "views": lambda: paper(ANSWERS),
    "teacher": lambda: paper(ANSWERS, teacher="auto", answer_weight=1.0),
    "validation": lambda: paper(early_stopping=0.3, n_iter_no_change=4, max_iter=60),
    "gcn": lambda: paper(backbone="gcn", batch_size=16, sample_size=None, max_iter=5),
}
# What they draw apart from each other: dropped entries, neighbors, running means.
SAME_IN_ALL = {
    "recipe": lambda: classifier(ANSWERS, dropout=0.5, max_iter=50),
    "dropout": lambda: paper(dropout=0.5),
    "sampled": lambda: paper(n_neighbors=None, sample_size=2, batch_size=16, max_iter=10),
    "unseeded": lambda: paper(random_state=None),
    "own network": lambda: paper(backbone=WithMemory),
}


# -- what each process runs --------------------------------------------------------------------------------------


def result_of(clf):
    state = {name: tensor.numpy() for name, tensor in clf.network_.state_dict().items()}
    usage = clf.llm_usage_.total
    return {
        "state": state,
        "probabilities": clf.predict_proba(DATA.graph),
        "history": clf.history_,
        "accuracy": clf.score(DATA.graph[REST], DATA.target[REST]),
        "reliability": clf.reliability_,
        "asked": usage.asked,
        "active": clf.queried_nodes_,
    }


def fitted(clf, target=DATA.target):
    return clf.fit(DATA.graph[TRAIN], target[TRAIN])


def together(clf, target=DATA.target, nodes=TRAIN):
    with config_context(data_parallel=True):
        return clf.fit(DATA.graph[nodes], target[nodes])


class Asked:
    """An LLM that counts, and may fail."""

    def __init__(self, fails=False):
        self.fails = fails
        self.n_calls = 0

    def __call__(self, prompt):
        self.n_calls += 1
        if self.fails:
            raise ConnectionError("no route to the model")
        return f"topic_{len(prompt) % 3}"


class FailsInOne(WithMemory):
    """Fails in the second process, after a few steps, or ends it."""

    def __init__(self, *args, dies=False):
        super().__init__(*args)
        self.dies = dies
        self.n_passes = 0

    def forward(self, x, edge_index):
        self.n_passes += 1
        if torch.distributed.get_rank() == 1 and self.n_passes > 4:
            if self.dies:
                os._exit(3)
            raise MemoryError("only here")
        return super().forward(x, edge_index)


def error_of(function):
    try:
        function()
    except Exception as error:
        return type(error).__name__, str(error), type(error.__cause__).__name__
    return None


def run_in_each(folder):
    """Make all fits and errors in turn; an error leaves the group fit for use."""
    rank = torch.distributed.get_rank()
    found = {}
    for name, make in {**SAME_AS_ONE, **SAME_IN_ALL}.items():
        clf = together(make())
        found[name] = result_of(clf)
        if name in ("recipe", "whole"):
            (folder / f"{name}{rank}.model").write_bytes(pickle.dumps(clf))
    counter = Asked()
    enhancer = CallableEnhancer(counter, model_name="counting")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AnswerWarning)  # 5 of 32 are asked
        clf = together(paper(enhancer, max_iter=1, budget=Budget(max_calls=5)))
    found["budget"] = {**result_of(clf), "calls": counter.n_calls}
    broken = CallableEnhancer(Asked(fails=True), model_name="broken")
    other = np.where(DATA.target == rank, (DATA.target + 1) % 3, DATA.target)
    found["errors"] = {
        "diverges": error_of(lambda: together(paper(learning_rate_init=1e30))),
        "fails in one": error_of(lambda: together(paper(backbone=FailsInOne))),
        "LLM": error_of(lambda: together(paper(broken))),
        "labels": error_of(lambda: together(paper(), other)),
        "parameters": error_of(lambda: together(paper(max_iter=3 + rank))),
        "shares of the nodes": error_of(lambda: together(paper(), nodes=TRAIN[rank::N_RANKS])),
    }
    found["afterwards"] = result_of(together(paper()))
    (folder / f"{rank}.found").write_bytes(pickle.dumps(found))


def run_page():
    """Run the script of the documentation, but stay in the group that it joins.

    One torchrun is good for one group: a second would find the addresses of the first.
    """
    page = (Path(__file__).parents[2] / "docs/how_to/several_processes.md").read_text(encoding="utf-8")
    (script,) = (block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "data_parallel" in block)
    script, leave, rest = script.partition("torch.distributed.destroy_process_group()")
    assert (bool(leave), rest) == (True, "\n")
    exec(compile(script, "several_processes.md", "exec"), {})


def run_one_that_dies(folder):
    child = os.fork()
    torch.distributed.init_process_group(
        "gloo", init_method=(folder / "meeting").as_uri(), rank=int(child == 0), world_size=2
    )
    error = error_of(lambda: together(paper(backbone=partial(FailsInOne, dies=True))))
    assert child, "the second process came to the end"
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    (folder / "error").write_text("\n".join(error), encoding="utf-8")
    # without a farewell to the default group, whose other process is gone
    os._exit(0)


def main(folder):
    torch.set_num_threads(1)
    os.environ["SKELLAGNN_HOME"] = str(folder / f"home{os.environ.get('RANK', '')}")
    if sys.argv[2:] == ["dies"]:
        run_one_that_dies(folder)
    run_page()
    run_in_each(folder)
    torch.distributed.destroy_process_group()


# -- two against one ---------------------------------------------------------------------------------------------

# Loopback alone; warnings are errors there, too.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", "PYTHONWARNINGS": "error"}


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    """What each process found."""
    folder = tmp_path_factory.mktemp("ranks")
    command = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={N_RANKS}", __file__, str(folder)]
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, **ENVIRONMENT},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    models = {path.name: path.read_bytes() for path in (*folder.glob("*.model"), folder / "model.pickle")}
    return [pickle.loads((folder / f"{rank}.found").read_bytes()) for rank in range(N_RANKS)], models


@pytest.mark.parametrize("name", [*SAME_AS_ONE, *SAME_IN_ALL])
def test_all_processes_end_with_the_same_weights(ranks, name):
    first, second = (found[name] for found in ranks[0])

    assert first["state"].keys() == second["state"].keys()
    for key, values in first["state"].items():
        assert np.isfinite(values).all()
        np.testing.assert_array_equal(values, second["state"][key])
    assert first["history"] == second["history"]
    assert first["reliability"] == second["reliability"]
    np.testing.assert_array_equal(first["active"], second["active"])
    np.testing.assert_array_equal(first["probabilities"], second["probabilities"])


@contextmanager
def one_thread():
    """As in each process: sums of several threads differ in their last digits, and a teacher's rounds amplify them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("name", SAME_AS_ONE)
def test_they_find_what_one_process_finds(ranks, name):
    with one_thread():
        one, found = result_of(fitted(SAME_AS_ONE[name]())), ranks[0][0][name]

    for key, values in one["state"].items():
        np.testing.assert_allclose(found["state"][key], values, atol=1e-4)
    np.testing.assert_allclose(found["probabilities"], one["probabilities"], atol=1e-4)
    np.testing.assert_allclose(found["history"].loss, one["history"].loss, atol=1e-4)
    assert found["history"].best_iter == one["history"].best_iter
    assert found["accuracy"] == one["accuracy"]


def test_weights_were_trained(ranks):
    """Else equal weights would say nothing."""
    untrained = result_of(fitted(paper(max_iter=1, learning_rate_init=1e-9)))
    found = ranks[0][0]["whole"]

    assert max(np.abs(found["state"][key] - values).max() for key, values in untrained["state"].items()) > 0.05


def test_stopping_and_choosing_happen_together(ranks):
    first, second = (found["validation"]["history"] for found in ranks[0])

    assert first.n_iter == second.n_iter < 60
    assert first.best_iter == second.best_iter == first.n_iter - 4


def test_the_whole_recipe_is_as_accurate_as_in_one_process(ranks):
    """It drops entries, so that what several processes find is what one finds with another seed."""
    ones = [result_of(fitted(SAME_IN_ALL["recipe"]().set_params(random_state=seed))) for seed in range(4)]
    found = ranks[0][0]["recipe"]

    accuracies = [one["accuracy"] for one in ones]
    assert min(accuracies) > 0.5  # of three classes
    assert min(accuracies) - 0.05 <= found["accuracy"] <= max(accuracies) + 0.05
    # found before the training, with the seed of the first one
    assert found["reliability"] == pytest.approx(ones[0]["reliability"], abs=1e-4)
    assert found["asked"] == ones[0]["asked"]


def test_each_process_drops_entries_of_its_own(ranks):
    """With the same masks in all, the loss of dropout in one process would be the loss in several."""
    one, found = result_of(fitted(SAME_IN_ALL["dropout"]())), ranks[0][0]["dropout"]

    assert found["history"].loss != one["history"].loss


def test_one_process_asks_within_the_limits_of_all(ranks):
    first, second = (found["budget"] for found in ranks[0])

    assert (first["calls"], second["calls"]) == (5, 0)
    assert first["asked"] == second["asked"] == 5


def test_the_script_of_the_documentation_leaves_a_model(ranks):
    page = make_text_graph(n_nodes=120, labeled_fraction=0.5, random_state=0)
    model = pickle.loads(ranks[1]["model.pickle"])

    assert model.score(page.graph[page.target >= 0], page.target[page.target >= 0]) > 0.8


def test_a_model_predicts_without_a_group(ranks):
    assert not torch.distributed.is_initialized()
    for name in ("recipe0", "recipe1", "whole1"):
        model = pickle.loads(ranks[1][f"{name}.model"])

        expected = ranks[0][0][name[:-1]]["probabilities"]
        np.testing.assert_allclose(model.predict_proba(DATA.graph), expected, atol=1e-5)


# -- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("name", ["labels", "parameters", "shares of the nodes"])
def test_other_input_in_one_process_is_an_error_in_all(ranks, name, rank):
    kind, message, _ = ranks[0][rank]["errors"][name]

    assert kind == "InvalidParameterError"
    assert message.startswith("`X`, `y` and the parameters must be the same in all 2 processes")
    assert "others than in the first process in 1." in message


@pytest.mark.parametrize("rank", [0, 1])
def test_a_loss_that_is_no_number_ends_all(ranks, rank):
    kind, message, _ = ranks[0][rank]["errors"]["diverges"]

    assert kind == "InvalidParameterError"
    assert message.startswith("`learning_rate_init` must be small enough")


@pytest.mark.parametrize(("name", "rank", "error"), [("fails in one", 1, MemoryError), ("LLM", 0, ConnectionError)])
def test_an_error_in_one_process_ends_the_others(ranks, name, rank, error):
    own, other = ranks[0][rank]["errors"][name], ranks[0][1 - rank]["errors"][name]

    assert own[0] == error.__name__
    assert (other[0], other[2]) == ("SkellagnnError", "RuntimeError")
    assert f"another one failed or ended while process {1 - rank} was waiting" in other[1]


def test_the_next_fit_after_errors_is_as_good_as_the_first(ranks):
    for found in ranks[0]:
        for key, values in found["whole"]["state"].items():
            np.testing.assert_array_equal(found["afterwards"]["state"][key], values)


def test_a_process_that_dies_ends_the_others(tmp_path):
    """Without torchrun, which would end them itself; forked, so that what they import is imported once."""
    done = subprocess.run(
        [sys.executable, __file__, str(tmp_path), "dies"],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    kind, message, cause = (tmp_path / "error").read_text(encoding="utf-8").splitlines()
    assert (kind, cause) == ("SkellagnnError", "RuntimeError")
    assert message.startswith("All 2 processes of `data_parallel` must come to the end of fit, but another one failed")


def test_without_a_group_the_error_says_what_to_call():
    with pytest.raises(
        InvalidParameterError, match=r"`data_parallel` must be False .*init_process_group\(\) before fit"
    ):
        together(paper())
    assert issubclass(InvalidParameterError, SkellagnnError)


def test_alone_everything_is_ones_own():
    network = nn.Linear(2, 2)
    network(torch.ones(2)).sum().backward()
    gradient, state = network.weight.grad.clone(), {name: value.clone() for name, value in network.state_dict().items()}

    with ProcessGroup.joined(False) as group:
        assert (group.rank, group.size, group.n_local) == (0, 1, 1)
        assert group.share(np.arange(3)).tolist() == group.add(np.arange(3.0)).tolist() == [0, 1, 2]
        assert (group.any(True), group.any(False), group.compute_once(lambda: "asked")) == (True, False, "asked")
        group.add_gradients(network)
        group.share_state(network)
        group.check_same([np.arange(3)], "the rest")

    assert torch.equal(network.weight.grad, gradient)
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())


# -- shares of a step, without processes -------------------------------------------------------------------------

N_NODES = 30
GRAPH = TextGraph.from_edges(np.random.default_rng(0).integers(N_NODES, size=(90, 2)), n_nodes=N_NODES)
RAW = np.random.default_rng(1).normal(size=(N_NODES, 4)).astype(np.float32)
LABELED = one_hot(LabeledNodes(np.arange(10), np.arange(10) % 2, np.linspace(1, 2, 10, dtype=np.float32)), 2)
SETTINGS = TrainingSettings(
    learning_rate_init=0.05,
    weight_decay=0.0,
    max_iter=5,
    n_iter_no_change=50,
    batch_size=4,
    sample_size=2,
    n_unlabeled=7,
)
SOFT = SoftLabels(np.arange(12, 30), np.full((18, 2), 0.5, dtype=np.float32), np.ones(18, dtype=np.float32))


class OneOf(ProcessGroup):
    """What steps ask of a group, for one of many processes."""

    def __init__(self, rank, size):
        self.rank, self.size = rank, size

    def share(self, nodes):
        return nodes[self.rank :: self.size]


def steps_of(network, group, settings=SETTINGS, n_steps=9):
    features = NodeFeatures.without_views(RAW)
    terms = [LabelLoss(LABELED, settings.batch_size), SoftLabelLoss(SOFT, 1.0), Consistency(1.0)]
    maker = StepMaker(network, GRAPH.adjacency, features, terms, settings, seed=0, device="cpu", group=group)
    stream = maker.stream()
    steps = list(itertools.islice(stream, n_steps))
    stream.close()
    return steps, features, terms


@pytest.mark.parametrize("settings", [SETTINGS, replace(SETTINGS, batch_size=None)], ids=["batches", "whole"])
def test_shares_add_up_to_the_step_of_one_process(settings):
    """Also where each process draws other neighbors than the others, and how many."""
    torch.manual_seed(0)
    network = build_backbone("sage", 4, 8, 2, 2, 0.0)
    one = steps_of(network, ALONE, settings)[0]
    parts = [steps_of(network, OneOf(rank, 3), settings)[0] for rank in range(3)]

    for whole, *shares in zip(one, *parts, strict=True):
        for term, look in enumerate(whole.looks):
            looks = [share.looks[term] for share in shares]
            assert sum(len(own.places) for own in looks) == len(look.places)
            assert {own.n for own in looks} == {look.n}
            for every, *parts_of_it in zip(look.targets, *(own.targets for own in looks), strict=True):
                joined = torch.cat(parts_of_it).double()
                torch.testing.assert_close(joined.sort(dim=0).values, every.double().sort(dim=0).values)


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("settings", [SETTINGS, replace(SETTINGS, batch_size=None)], ids=["batches", "whole"])
def test_an_empty_share_has_a_loss_of_zero(backbone, settings):
    network = build_backbone(backbone, 4, 8, 2, 2, 0.0)
    steps, features, terms = steps_of(network, OneOf(19, 20), settings, n_steps=1)

    parts = term_values(network, steps[0], terms, features, np.random.default_rng(0), settings)
    sum(parts).backward()

    assert [float(part.detach()) for part in parts] == [0, 0, 0]
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    assert all((gradient == 0).all() for gradient in gradients)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
