"""Graphs on disk."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from skellagnn import TextGraph
from skellagnn.exceptions import GraphError, InvalidParameterError

GRAPHS = {
    "everything": TextGraph.from_edges(
        [(0, 1), (1, 2), (3, 1)],
        ["a cat", "", "猫 \ud800 😀", "line\nend"],
        np.arange(8.0).reshape(4, 2),
        titles=["A", "B", "", "Ż"],
        node_names=["x", "y", "z", "ñ"],
        weights=[1, 2, 0.5],
        directed=True,
    )[[3, 1, 1]],
    "edges only": TextGraph.from_edges([(0, 1)], n_nodes=3),
    "empty texts": TextGraph.from_edges([(0, 1)], texts=["", ""]),
    "no edges": TextGraph.from_edges([], texts=["a", "b"]),
    "no nodes": TextGraph.from_edges([], n_nodes=0),
    "nothing in view": TextGraph.from_edges([(0, 1)], texts=["a", "b"])[[]],
}


def assert_same(graph, other):
    np.testing.assert_array_equal(graph.adjacency.toarray(), other.adjacency.toarray())
    assert list(graph) == list(other)
    for name in ("texts", "titles", "node_names"):
        assert getattr(graph, name) == getattr(other, name)
    assert (graph.features is None) == (other.features is None)
    if graph.features is not None:
        np.testing.assert_array_equal(graph.features, other.features)
    assert repr(graph) == repr(other)


@pytest.mark.parametrize("name", ["graph.npz", "folder", "folder/in/folder"])
@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS.keys())
def test_what_is_saved_is_loaded(graph, name, tmp_path):
    graph.save(tmp_path / name)

    assert_same(TextGraph.load(tmp_path / name), graph)
    assert_same(TextGraph.load(str(tmp_path / name)), graph)


@pytest.mark.parametrize("mmap_mode", ["r", "c"])
@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS.keys())
def test_a_folder_can_be_memory_mapped(graph, mmap_mode, tmp_path):
    graph.save(tmp_path / "graph")
    mapped = TextGraph.load(tmp_path / "graph", mmap_mode=mmap_mode)

    assert_same(mapped, graph)
    assert_same(mapped.subgraph(np.unique(mapped.targets)), graph.subgraph(np.unique(graph.targets)))


def test_a_memory_mapped_graph_is_read_from_the_file_and_not_written_to_it(tmp_path):
    GRAPHS["everything"].save(tmp_path / "graph")

    read_only = TextGraph.load(tmp_path / "graph", mmap_mode="r")
    assert isinstance(read_only.features.base, np.memmap)
    assert isinstance(read_only.texts.data.base, np.memmap)
    assert not read_only.features.flags.writeable

    copied = TextGraph.load(tmp_path / "graph", mmap_mode="c")
    copied.features[0, 0] = 99
    assert TextGraph.load(tmp_path / "graph").features[0, 0] == 0


def test_a_memory_mapped_graph_can_be_saved_over_itself(tmp_path):
    graph = GRAPHS["everything"]
    graph.save(tmp_path / "graph")
    mapped = TextGraph.load(tmp_path / "graph", mmap_mode="r")

    mapped[[0]].save(tmp_path / "graph")

    assert_same(mapped, graph)
    assert_same(TextGraph.load(tmp_path / "graph"), graph[[0]].subgraph([0, 1, 2, 3])[[3]])


@pytest.mark.parametrize("name", ["graph.npz", "folder"])
def test_saving_replaces_what_was_there(name, tmp_path):
    GRAPHS["everything"].save(tmp_path / name)
    GRAPHS["edges only"].save(tmp_path / name)

    assert_same(TextGraph.load(tmp_path / name), GRAPHS["edges only"])
    assert not [path for path in tmp_path.rglob("*") if "features" in path.name or "partial" in path.name]


def test_no_member_of_a_file_needs_pickle(tmp_path):
    GRAPHS["everything"].save(tmp_path / "graph.npz")
    GRAPHS["everything"].save(tmp_path / "folder")

    with np.load(tmp_path / "graph.npz", allow_pickle=False) as archive:
        members = {name: archive[name] for name in archive.files}
    files = {path.stem: np.load(path, allow_pickle=False) for path in (tmp_path / "folder").iterdir()}
    assert members.keys() == files.keys()
    assert {"header", "indptr", "indices", "weights", "targets", "features", "texts_data"} <= members.keys()
    for name, array in members.items():
        assert array.dtype.kind in "iuf", name
        np.testing.assert_array_equal(array, files[name])
    assert json.loads(members["header"].tobytes())["format"] == 1


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    GRAPHS["edges only"].save(tmp_path / "graph.npz")

    def fail(file, **arrays):
        file.write(b"half of it")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="no space left"):
        GRAPHS["everything"].save(tmp_path / "graph.npz")

    assert [path.name for path in tmp_path.iterdir()] == ["graph.npz"]
    assert_same(TextGraph.load(tmp_path / "graph.npz"), GRAPHS["edges only"])


def test_a_folder_whose_writing_was_interrupted_is_no_graph(tmp_path, monkeypatch):
    GRAPHS["edges only"].save(tmp_path / "graph")

    def fail(file, array, **options):
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "save", fail)
    with pytest.raises(OSError, match="no space left"):
        GRAPHS["everything"].save(tmp_path / "graph")
    monkeypatch.undo()

    with pytest.raises(GraphError, match=r"where there is none .or one whose writing was interrupted"):
        TextGraph.load(tmp_path / "graph")


# -- what cannot be loaded ---------------------------------------------------------------------------------------


def repack(path, **changes):
    """Write the members of a file again, some of them changed (None: left out)."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files} | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def header(**changes):
    names = ["indices", "indptr", "targets", "weights"]
    text = json.dumps({"format": 1, "n_nodes": 3, "arrays": names} | changes)
    return np.frombuffer(text.encode(), dtype=np.uint8)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"header": None}, "something else or damaged"),
        ({"header": np.frombuffer(b"{not json", dtype=np.uint8)}, "something else or damaged"),
        ({"header": np.frombuffer(b"\xff\xfe", dtype=np.uint8)}, "something else or damaged"),
        ({"header": np.frombuffer(b"[]", dtype=np.uint8)}, "something else or damaged"),
        ({"header": np.frombuffer(b"{}", dtype=np.uint8)}, "something else or damaged"),
        ({"header": header(format="one")}, "something else or damaged"),
        ({"header": header(n_nodes=7)}, "must hold a whole graph|damaged"),
        ({"header": header(arrays=["indptr", "../secret"])}, "unknown arrays"),
        ({"header": header(format=2)}, "is of format 2, this version reads up to 1. Upgrade skellagnn"),
        ({"weights": None}, "something else or damaged .*weights"),
        ({"weights": np.ones(5, dtype=np.float32)}, "damaged|valid CSR"),
        ({"indices": np.array([9, 0], dtype=np.int32)}, "valid CSR matrix|damaged"),
        ({"indptr": np.array([0, 2, 1, 2], dtype=np.int32)}, "valid CSR matrix|damaged"),
        ({"targets": np.array([7])}, "must hold a whole graph, got .*`targets` must be node ids from 0 to 2"),
        ({"weights": np.array([1, None], dtype=object)}, "something else or damaged .*allow_pickle"),
    ],
)
def test_a_damaged_file_is_refused(changes, sentence, tmp_path):
    path = tmp_path / "graph.npz"
    GRAPHS["edges only"].save(path)
    assert json.loads(np.load(path)["header"].tobytes()) == json.loads(header().tobytes())

    repack(path, **changes)

    with pytest.raises(GraphError, match=sentence):
        TextGraph.load(path)


@pytest.mark.parametrize(
    "offsets",
    [[0, 1], [0, 3, 2], [1, 1, 2], [0, 1, 3], [0.0, 1.0, 2.0]],
    ids=["short", "falls", "starts", "ends", "float"],
)
def test_texts_that_do_not_fit_their_offsets_are_refused(offsets, tmp_path):
    path = tmp_path / "graph.npz"
    GRAPHS["no edges"].save(path)

    repack(path, texts_offsets=np.array(offsets))

    with pytest.raises(GraphError, match="texts do not fit their offsets"):
        TextGraph.load(path)


def test_a_file_that_was_cut_off_is_refused(tmp_path):
    path = tmp_path / "graph.npz"
    GRAPHS["everything"].save(path)
    whole = path.read_bytes()

    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(GraphError, match="something else or damaged"):
            TextGraph.load(path)


def test_a_flipped_byte_is_noticed(tmp_path):
    path = tmp_path / "graph.npz"
    TextGraph.from_edges([], texts=["some long text " * 50]).save(path)
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("texts_data.npy").header_offset
    content = bytearray(path.read_bytes())
    content[start + 60 : start + 80] = bytes(20)
    path.write_bytes(content)

    with pytest.raises(GraphError, match="something else or damaged"):
        TextGraph.load(path)


@pytest.mark.parametrize("name", ["other.npy", "other.npz", "other.txt"])
def test_other_files_are_refused(name, tmp_path):
    path = tmp_path / name
    if name == "other.npy":
        np.save(path, np.arange(3))
    elif name == "other.npz":
        np.savez(path, x=np.arange(3))
    else:
        path.write_text("hello")

    with pytest.raises(GraphError, match=r"written by TextGraph.save, got .*, which is something else or damaged"):
        TextGraph.load(path)


@pytest.mark.parametrize("name", ["missing.npz", "missing", "."])
def test_a_missing_graph_is_named(name, tmp_path):
    with pytest.raises(GraphError, match="where there is none"):
        TextGraph.load(tmp_path / name)


def test_a_folder_that_lost_a_file_is_refused(tmp_path):
    GRAPHS["everything"].save(tmp_path / "graph")
    (tmp_path / "graph" / "features.npy").unlink()

    with pytest.raises(GraphError, match=r"features\.npy is missing"):
        TextGraph.load(tmp_path / "graph")


def test_a_folder_of_a_newer_format_is_refused(tmp_path):
    GRAPHS["edges only"].save(tmp_path / "graph")
    np.save(tmp_path / "graph" / "header.npy", header(format=7))

    with pytest.raises(GraphError, match="is of format 7"):
        TextGraph.load(tmp_path / "graph")


@pytest.mark.parametrize(
    ("name", "mmap_mode", "sentence"),
    [
        ("folder", "r+", r"`mmap_mode` must be None, 'r' or 'c', got 'r\+'"),
        ("folder", "w+", r"got 'w\+'. A graph is never written to"),
        ("graph.npz", "r", "`mmap_mode` must be None for a compressed file, got 'r' .* folder to memory-map it"),
    ],
)
def test_memory_maps_that_make_no_sense_are_refused(name, mmap_mode, sentence, tmp_path):
    GRAPHS["edges only"].save(tmp_path / name)

    with pytest.raises(InvalidParameterError, match=sentence):
        TextGraph.load(tmp_path / name, mmap_mode=mmap_mode)
