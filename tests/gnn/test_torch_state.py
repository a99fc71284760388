"""What a fit borrows of torch is given back, and a fit is the same whatever the caller set."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from skellagnn import ELLaGNNClassifier, encode_graph
from skellagnn.datasets import make_text_graph
from skellagnn.encoders import TfidfEncoder
from skellagnn.gnn._torch_state import seeded


def test_seeded_blocks_draw_the_same_whatever_came_before():
    draws = []
    for _ in range(2):
        torch.rand(1)
        with seeded(5):
            draws.append(torch.rand(3))
    with seeded(6):
        draws.append(torch.rand(3))

    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_seeded_blocks_of_several_threads_do_not_mix():
    def draw():
        with seeded(5):
            first = torch.rand(3)
            time.sleep(0.01)  # another thread would draw now
            return torch.cat([first, torch.rand(3)]).tolist()

    before = torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        drawn = [future.result() for future in [pool.submit(draw) for _ in range(8)]]

    assert drawn == [draw()] * 8
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only a forked process inherits a lock; Windows starts anew")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_waits_for_no_thread_that_it_does_not_have():
    inside, done = threading.Event(), threading.Event()

    def hold():
        with seeded(0):
            inside.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(60)
    child = os.fork()
    if child == 0:  # pragma: no cover
        signal.alarm(30)
        with seeded(1):
            os._exit(7)
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 7


def test_seeded_restores_the_state_after_an_error():
    def fail():
        with seeded(5):
            torch.rand(1)
            raise ValueError("inside")

    before = torch.random.get_rng_state()
    with pytest.raises(ValueError, match="inside"):
        fail()

    assert torch.equal(torch.random.get_rng_state(), before)


# -- what notebooks begin with -----------------------------------------------------------------------------------


@contextmanager
def double_by_default():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        assert torch.get_default_dtype() == torch.float64
        torch.set_default_dtype(torch.float32)


@contextmanager
def without_gradients():
    torch.set_grad_enabled(False)
    try:
        yield
    finally:
        assert not torch.is_grad_enabled()
        torch.set_grad_enabled(True)


@contextmanager
def elsewhere_by_default():
    torch.set_default_device("meta")
    try:
        yield
    finally:
        torch.set_default_device(None)


@pytest.fixture(scope="module")
def encoded():
    data = make_text_graph(n_nodes=120, random_state=0)
    return encode_graph(data.graph, TfidfEncoder(n_components=8)), data.target


def half_precise():
    return torch.autocast("cpu", torch.bfloat16)


@pytest.mark.parametrize(
    "surroundings",
    [double_by_default, elsewhere_by_default, without_gradients, torch.inference_mode, half_precise],
)
@pytest.mark.parametrize("batch_size", [None, 16])
def test_a_fit_is_the_same_whatever_the_caller_set(encoded, surroundings, batch_size):
    graph, target = encoded

    def probabilities():
        clf = ELLaGNNClassifier(encoder=None, batch_size=batch_size, max_iter=3, random_state=0)
        return clf.fit(graph[:60], target[:60]).predict_proba(graph)

    expected = probabilities()
    with surroundings():
        found = probabilities()

    np.testing.assert_array_equal(found, expected)
