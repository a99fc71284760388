"""A shared graph: what it pickles as, what opens it, and what is said when that is no longer possible."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from skellagnn import TextGraph
from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.graph import share_graph


@pytest.fixture
def whole(graph):
    return graph.with_features(np.random.default_rng(0).normal(size=(24, 3)))


@pytest.fixture
def shared(whole, tmp_path):
    return share_graph(whole[[5, 3, 8]], tmp_path / "shared")


def is_mapped(array):
    while array is not None and not isinstance(array, np.memmap):
        array = getattr(array, "base", None)
    return array is not None


def test_it_is_the_same_view_of_the_same_graph_but_mapped(whole, shared):
    np.testing.assert_array_equal(shared.targets, [5, 3, 8])
    np.testing.assert_array_equal(shared.adjacency.toarray(), whole.adjacency.toarray())
    np.testing.assert_array_equal(shared.features, whole.features)
    assert list(shared.texts) == list(whole.texts)
    for array in (shared.features, shared.adjacency.indices, shared.adjacency.data, shared.texts.data):
        assert is_mapped(array)
        assert not array.flags.writeable


def test_a_pickle_holds_the_path_and_the_targets_alone(shared):
    data = pickle.dumps(shared)
    assert b"shared" in data  # the path
    assert len(data) < 300
    few = pickle.dumps(shared[np.zeros(1000, dtype=int)])
    assert len(data) + 8000 < len(few) < len(data) + 8400


def test_unpickled_views_share_memory(shared):
    view = pickle.loads(pickle.dumps(shared[[2, 0]]))
    assert list(view) == [8, 5]
    assert list(pickle.loads(pickle.dumps(shared))) == [5, 3, 8]
    assert np.shares_memory(view.features, shared.features)
    train, _ = train_test_split(shared, random_state=0)
    assert len(pickle.dumps(train)) < 600


def test_inductive_views_are_shared_and_stay_inductive(whole, shared, tmp_path):
    view = pickle.loads(pickle.dumps(shared.inductive()[[2, 0]]))
    assert list(view) == [8, 5]
    assert view.is_inductive
    assert np.shares_memory(view.features, shared.features)
    assert len(pickle.dumps(shared.inductive())) < 310
    assert not pickle.loads(pickle.dumps(shared)).is_inductive
    again = share_graph(whole.inductive(), tmp_path / "again")
    assert again.is_inductive
    assert pickle.loads(pickle.dumps(again)).is_inductive


def test_another_process_opens_it(shared, tmp_path):
    (tmp_path / "view.pickle").write_bytes(pickle.dumps(shared[1:]))
    code = (
        "import json, pickle, sys\nview = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print(json.dumps([view.targets.tolist(), view.features.sum(axis=0).tolist(), view.texts[7]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "view.pickle")], capture_output=True, text=True, check=True
    )
    targets, sums, text = json.loads(done.stdout)
    assert targets == [3, 8]
    np.testing.assert_allclose(sums, shared.features.sum(axis=0), rtol=1e-6)
    assert text == shared.texts[7]


@pytest.mark.parametrize(
    "change", [lambda graph: graph.without_texts(), lambda graph: graph.with_features(None), TextGraph.subgraph]
)
def test_what_is_no_longer_the_graph_in_the_folder_pickles_whole(shared, change):
    changed = change(shared)
    again = pickle.loads(pickle.dumps(changed))
    assert type(changed) is type(again) is TextGraph
    assert again.n_nodes == changed.n_nodes
    assert (again.texts is None, again.features is None) == (changed.texts is None, changed.features is None)
    np.testing.assert_array_equal(again.adjacency.toarray(), changed.adjacency.toarray())
    assert isinstance(shared[[0]], type(shared))  # and the shared one stays what it is


def test_a_folder_that_is_gone_and_one_that_is_another_graph_by_now_are_refused(whole, shared, tmp_path):
    data = pickle.dumps(shared)
    newer = share_graph(whole, tmp_path / "shared")
    with pytest.raises(GraphError, match=r"`folder` .* got '.*shared', where another one was written since\. Call"):
        pickle.loads(data)
    data = pickle.dumps(newer)
    assert list(pickle.loads(data)) == list(range(24))
    code = "import pickle, sys\npickle.load(open(sys.argv[1], 'rb'))"
    (tmp_path / "data").write_bytes(data)
    (tmp_path / "shared" / "header.npy").unlink()
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "data")], capture_output=True, text=True)
    assert "GraphError: `folder` of a shared graph must be there wherever the graph is used" in done.stderr


@pytest.mark.parametrize("folder", [None, 3, b"x", "a\0b", "graph.npz", "file/graph"])
def test_what_is_no_folder_is_refused(whole, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(InvalidParameterError, match="`folder` must be"):
        share_graph(whole, folder)


def test_what_is_no_graph_is_refused(tmp_path):
    with pytest.raises(GraphError, match="`graph` must be a TextGraph, got list"):
        share_graph([1, 2], tmp_path)
