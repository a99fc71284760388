"""Graphs on disk."""

from __future__ import annotations

import json
import zipfile
import zlib

import numpy as np
import pytest

from skellagnn import TextGraph
from skellagnn.base import files
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
        if name != "header":
            np.testing.assert_array_equal(array, files[name])
    headers = [json.loads(header.tobytes()) for header in (members["header"], files["header"])]
    assert headers[0]["format"] == headers[1]["format"] == 1
    crc = {name: zlib.crc32((tmp_path / "folder" / f"{name}.npy").read_bytes()) for name in files if name != "header"}
    assert (headers[0]["arrays"], headers[1]["arrays"]) == (dict.fromkeys(crc), crc)


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    GRAPHS["edges only"].save(tmp_path / "graph.npz")

    def fail(file, **arrays):
        file.write(b"half of it")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(InvalidParameterError, match=r"`path` must be a place that can be written, got .*no space left"):
        GRAPHS["everything"].save(tmp_path / "graph.npz")

    assert [path.name for path in tmp_path.iterdir()] == ["graph.npz"]
    assert_same(TextGraph.load(tmp_path / "graph.npz"), GRAPHS["edges only"])


def test_a_folder_whose_writing_was_interrupted_is_no_graph(tmp_path, monkeypatch):
    GRAPHS["edges only"].save(tmp_path / "graph")

    def fail(file, array, **options):
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "save", fail)
    with pytest.raises(InvalidParameterError, match=r"`path` must be a place that can be written, got .*no space left"):
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
    names = dict.fromkeys(["indices", "indptr", "targets", "weights"])
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


# -- what somebody changed ------------------------------------------------------------------------------------------


def test_every_flipped_bit_of_a_folder_is_noticed_or_harmless(tmp_path):
    graph = GRAPHS["everything"]
    graph.save(tmp_path)
    rng = np.random.default_rng(0)
    n_refused = 0
    for path in sorted(tmp_path.iterdir()):
        whole = path.read_bytes()
        for bit in rng.choice(8 * len(whole), size=40, replace=False).tolist():
            damaged = bytearray(whole)
            damaged[bit // 8] ^= 1 << bit % 8
            path.write_bytes(damaged)
            try:
                assert_same(TextGraph.load(tmp_path), graph)  # a blank of the header's padding
            except GraphError:
                n_refused += 1
        path.write_bytes(whole)
    assert n_refused > 350


def forge(folder, name, array):
    """Write an array into a saved folder, under a checksum that fits."""
    np.save(folder / f"{name}.npy", array)
    known = json.loads(np.load(folder / "header.npy").tobytes())
    known["arrays"][name] = zlib.crc32((folder / f"{name}.npy").read_bytes())
    np.save(folder / "header.npy", np.frombuffer(json.dumps(known).encode(), dtype=np.uint8))


@pytest.mark.parametrize(
    ("name", "array", "sentence"),
    [
        ("node_names_data", np.frombuffer(b"aaaa", dtype=np.uint8), "two nodes have the same name"),
        ("texts_data", np.frombuffer(b"\xff\xfe\xfd", dtype=np.uint8), "UnicodeDecodeError"),
        ("texts_data", np.frombuffer("a€".encode()[1:] + b"a", dtype=np.uint8)[[0, 1, 2]], "damaged"),
        ("texts_offsets", np.array([0, 2, 2, 3]), "texts do not fit their offsets"),
        ("targets", np.array([9]), "`targets` must be node ids"),
    ],
)
def test_a_forged_array_is_refused(name, array, sentence, tmp_path):
    TextGraph.from_edges([(0, 1)], ["a", "", "b", "c"], node_names=list("wxyz")).save(tmp_path)
    for file in ("texts_data", "node_names_data"):
        assert len(np.load(tmp_path / f"{file}.npy")) in (3, 4)

    forge(tmp_path, name, array)

    for mmap_mode in (None, "r"):
        with pytest.raises(GraphError, match=sentence):
            TextGraph.load(tmp_path, mmap_mode=mmap_mode)


def test_a_text_that_begins_within_a_character_is_refused(tmp_path):
    TextGraph.from_edges([], ["é", "b"]).save(tmp_path)
    forge(tmp_path, "texts_offsets", np.array([0, 1, 3]))

    with pytest.raises(GraphError, match="texts are cut within a character"):
        TextGraph.load(tmp_path)


HEADER = b"{'descr': '<i8', 'fortran_order': False, 'shape': (%s,), }"


@pytest.mark.parametrize("shape", [b"9" * 18, b"9" * 5000, b"(" * 500, b"-3", b"1L", b"'a'", b"{}", b"\xff", b"1e5"])
@pytest.mark.parametrize("version", [b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x09"])
def test_a_damaged_header_of_numpy_is_refused(shape, version, tmp_path):
    TextGraph.from_edges([(0, 1)]).save(tmp_path)
    text = HEADER % shape
    size = len(text).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    (tmp_path / "header.npy").write_bytes(b"\x93NUMPY" + version + size + text)

    with pytest.raises(GraphError, match="something else or damaged"):
        TextGraph.load(tmp_path)


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"format": ' + b"9" * 5000, b'{"format": 1, "n_nodes": 1e999}'])
def test_odd_json_in_a_header_is_refused(text, tmp_path):
    TextGraph.from_edges([(0, 1)]).save(tmp_path)
    np.save(tmp_path / "header.npy", np.frombuffer(text, dtype=np.uint8))

    with pytest.raises(GraphError, match="something else or damaged"):
        TextGraph.load(tmp_path)


@pytest.mark.parametrize("name", ["graph.npz", "folder"])
def test_what_would_not_fit_into_memory_is_not_read(name, tmp_path, monkeypatch):
    TextGraph.from_edges([], texts=["a" * 100_000]).save(tmp_path / name)
    monkeypatch.setattr(files, "available_memory", lambda: 150_000)

    with pytest.raises(GraphError, match=r"fits into half of the free memory \(75,000 bytes\), got .* 1\d\d,\d\d\d"):
        TextGraph.load(tmp_path / name)
    if name == "folder":
        assert TextGraph.load(tmp_path / name, mmap_mode="r").n_nodes == 1


@pytest.mark.parametrize("name", ["graph.npz", "folder"])
def test_planted_links_are_not_followed(name, tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    place = tmp_path / name
    if name == "folder":
        place.mkdir()
    monkeypatch.setattr(files.secrets, "token_hex", lambda n_bytes: "0" * 2 * n_bytes)
    target = place / "indptr.npy" if name == "folder" else place
    target.symlink_to(victim)
    GRAPHS["edges only"].save(place)  # a link under the name itself is replaced

    assert victim.read_text() == "mine"
    assert_same(TextGraph.load(place), GRAPHS["edges only"])

    (target.parent / f"{target.name}.00000000.partial").symlink_to(victim)  # even one that guessed the name
    with pytest.raises(InvalidParameterError, match=r"`path` must be a place that can be written, .*FileExistsError"):
        GRAPHS["edges only"].save(place)
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("path", [None, 3, b"graph", "", " ", "a\0b", ["graph"], True])
def test_what_is_no_path_is_refused(path):
    for use in (GRAPHS["edges only"].save, TextGraph.load):
        with pytest.raises(InvalidParameterError, match="`path` must be the name of a file or folder"):
            use(path)


@pytest.mark.parametrize("name", ["file/graph.npz", "file/folder", "missing/graph.npz", "a" * 300, "a" * 300 + ".npz"])
def test_a_place_that_cannot_be_written_is_refused(name, tmp_path):
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(InvalidParameterError, match="`path` must be a place that can be written"):
        GRAPHS["edges only"].save(tmp_path / name)
    with pytest.raises(GraphError, match="`path` must be"):
        TextGraph.load(tmp_path / name)


def test_a_folder_in_the_place_of_a_file(tmp_path):
    (tmp_path / "graph.npz").mkdir()

    with pytest.raises(InvalidParameterError, match="`path` must be a place that can be written"):
        GRAPHS["edges only"].save(tmp_path / "graph.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["graph.npz"]
