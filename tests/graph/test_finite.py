"""Features of float16, and features that are memory-mapped: kept as they are, everywhere."""

from __future__ import annotations

import copy
import mmap
import pickle
import warnings

import joblib
import numpy as np
import pytest

from skellagnn import TextGraph
from skellagnn.exceptions import GraphError
from skellagnn.graph import _finite
from skellagnn.graph._finite import count_not_finite

ROWS = np.array([[0.5, 1], [-2, 0.1], [65504, 3], [0, 0]], dtype=np.float16)


def make(features, targets=None):
    graph = TextGraph.from_edges([(0, 1), (1, 2)], ["a", "b", "c", "d"], features)
    return graph if targets is None else graph[targets]


def mapped(path, features=ROWS, mode="r"):
    np.save(path, features)
    return np.load(path, mmap_mode=mode)


def test_half_precision_is_shared_and_not_converted():
    features = make(ROWS).features

    assert features.dtype == np.float16
    assert np.shares_memory(features, ROWS)


@pytest.mark.parametrize("dtype", [np.float64, np.int32, ">f2", ">f4", np.uint8, bool])
def test_other_numbers_still_become_float32(dtype):
    features = np.array([[1, 0], [0, 1], [1, 1], [0, 0]], dtype=dtype)
    features = make(features).features

    assert features.dtype == np.float32
    assert features.dtype.isnative
    np.testing.assert_array_equal(features, features.astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_a_memory_map_is_kept(tmp_path, dtype, mode):
    features = mapped(tmp_path / "features.npy", ROWS.astype(dtype), mode)
    features = make(features).features

    assert isinstance(features, np.memmap)
    assert features.dtype == dtype
    assert np.shares_memory(features, features)
    np.testing.assert_array_equal(features, ROWS)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("block", [1, 8, 1 << 20])
def test_vectors_that_are_not_finite_are_counted_over_all_blocks(tmp_path, monkeypatch, wrong, dtype, block):
    monkeypatch.setattr(_finite, "_BLOCK_BYTES", block)
    features = ROWS.astype(dtype)
    features[0] = wrong
    features[3, 1] = wrong

    for given in (features, mapped(tmp_path / "features.npy", features)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(GraphError, match="must be finite, got NaN or infinite values in 2 of 4 rows"):
                make(given)
    assert count_not_finite(given[1:3]) == 0


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_no_vectors_and_no_columns_are_finite(shape):
    assert count_not_finite(np.empty(shape, dtype=np.float16)) == 0


def test_what_was_written_to_a_copying_map_is_not_given_back(tmp_path):
    features = mapped(tmp_path / "features.npy", mode="c")
    features[1] = 7
    features.setflags(write=False)

    np.testing.assert_array_equal(make(features).features[1], [7, 7])
    np.testing.assert_array_equal(make(features[:, ::-1]).features[1], [7, 7])
    np.testing.assert_array_equal(make(np.asarray(features)).features[1], [7, 7])


@pytest.mark.parametrize(
    "view",
    [lambda features: features, lambda features: features[:, :1], np.asarray, lambda features: features[::2][:1]],
)
def test_what_was_written_to_a_shared_map_is_still_there(tmp_path, view):
    features = mapped(tmp_path / "features.npy", mode="r+")
    features[:] = 7

    assert count_not_finite(view(features)) == 0
    np.testing.assert_array_equal(features, np.full((4, 2), 7))
    features.flush()
    np.testing.assert_array_equal(np.load(tmp_path / "features.npy"), np.full((4, 2), 7))


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="pages cannot be given back here")
@pytest.mark.parametrize(
    ("mode", "view", "expected"),
    [
        ("r", np.asarray, True),
        ("r", lambda features: features[1:, ::2], True),
        ("r+", lambda features: features, True),
        ("c", lambda features: features, False),
        ("c", np.asarray, False),
        ("r", lambda features: features.copy(), False),
        ("r", lambda features: features[[0, 1]], False),
    ],
)
def test_pages_are_given_back_of_maps_that_lose_nothing_by_it(tmp_path, mode, view, expected):
    features = mapped(tmp_path / "features.npy", mode=mode)

    assert (_finite._shared_mapping(view(features)) is not None) == expected


# -- what a graph does with them ---------------------------------------------------------------------------------


@pytest.fixture(params=["array", "map"])
def graph(request, tmp_path):
    return make(ROWS if request.param == "array" else mapped(tmp_path / "features.npy"), [2, 0])


@pytest.mark.parametrize(("name", "mmap_mode"), [("graph.npz", None), ("graph", None), ("graph", "r")])
def test_save_and_load(graph, tmp_path, name, mmap_mode):
    graph.save(tmp_path / name)
    again = TextGraph.load(tmp_path / name, mmap_mode=mmap_mode)

    assert again.features.dtype == np.float16
    np.testing.assert_array_equal(again.features, ROWS)
    assert list(again) == [2, 0]
    again.save(tmp_path / name)
    np.testing.assert_array_equal(TextGraph.load(tmp_path / name).features, ROWS)


def test_subgraph_view_and_other_features(graph):
    cut = graph.subgraph([3, 1])

    assert cut.features.dtype == np.float16
    np.testing.assert_array_equal(cut.features, ROWS[[3, 1]])
    assert not isinstance(cut.features, np.memmap)
    assert graph[[1]].features is graph.features
    np.testing.assert_array_equal(graph.with_features(graph.features[:, :1]).features, ROWS[:, :1])


def test_to_and_from_pyg(graph):
    data = graph.to_pyg()

    assert str(data.x.dtype) == "torch.float16"
    np.testing.assert_array_equal(data.x.numpy(), ROWS)
    np.testing.assert_array_equal(TextGraph.from_pyg(data).features, ROWS)


def test_what_a_graph_says_of_them(graph):
    assert repr(graph) == "TextGraph(n_nodes=4, n_edges=2, undirected, texts, n_features=2, 2 targets in view)"
    assert "2 columns, float16" in graph._repr_html_()
    assert "2 columns, float32" in make(ROWS.astype(np.float32))._repr_html_()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda graph: pickle.loads(pickle.dumps(graph))])
def test_copies_and_pickles(graph, copied):
    again = copied(graph)

    assert again.features.dtype == np.float16
    np.testing.assert_array_equal(again.features, ROWS)
    np.testing.assert_array_equal(make(again.features).features, ROWS)


def _backing_file(graph):
    base = graph.features
    while not isinstance(base, np.memmap):
        base = base.base
    return str(base.filename), graph.features.dtype.name, graph.features.tolist()


def test_workers_open_the_same_file(tmp_path):
    graph = make(mapped(tmp_path / "features.npy"))

    (seen,) = joblib.Parallel(n_jobs=2)([joblib.delayed(_backing_file)(graph)])

    assert seen == (str(tmp_path / "features.npy"), "float16", ROWS.tolist())
