"""Files that were damaged or written by somebody else: an error of this package, or the graph that was meant."""

from __future__ import annotations

import gzip
import json
import shutil
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skellagnn import TextGraph
from skellagnn.datasets import load_folder, save_folder
from skellagnn.exceptions import SkellagnnError

EXAMPLES = [60, pytest.param(5_000, marks=pytest.mark.fuzz)]

GRAPH = TextGraph.from_edges(
    [(0, 1), (1, 2), (3, 1)],
    ["a cat", "", "猫 \ud800 😀", "line\nend"],
    np.arange(8.0).reshape(4, 2),
    titles=["A", "B", "", "Ż"],
    node_names=["x", "y", "z", "ñ"],
    weights=[1, 2, 0.5],
    directed=True,
)[[3, 1, 1]]


def bounded(n_examples):
    """The same examples in every short run."""
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(
        max_examples=n_examples,
        derandomize=n_examples < 1000,
        deadline=None,
        database=None,
        suppress_health_check=checks,
    )


def names_one_of(error, *words):
    assert any(word in str(error) for word in words), error


def state(graph):
    """All that a graph holds."""
    parts = [graph.adjacency.toarray().tolist(), graph.targets.tolist(), graph.features.tolist()]
    return [*parts, list(graph.texts), list(graph.titles), list(graph.node_names)]


@st.composite
def damage(draw, content):
    """Flip bits, overwrite, cut, double or insert."""
    damaged = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(len(damaged) - 1, 0)))
        how = draw(st.sampled_from(["flip", "flip", "overwrite", "cut", "insert", "repeat"]))
        if how == "flip" and damaged:
            damaged[place] ^= 1 << draw(st.integers(0, 7))
        elif how == "overwrite":
            new = draw(st.binary(min_size=1, max_size=8))
            damaged[place : place + len(new)] = new
        elif how == "cut":
            del damaged[place : place + draw(st.integers(1, 1 + len(damaged) // 2))]
        elif how == "insert":
            damaged[place:place] = draw(st.binary(min_size=1, max_size=8))
        else:
            damaged[place:place] = damaged[place : place + 16]
    return bytes(damaged)


@pytest.mark.parametrize("n_examples", EXAMPLES)
@pytest.mark.parametrize("name", ["graph.npz", "folder"])
def test_a_damaged_graph_is_refused_or_unchanged(name, n_examples, tmp_path):
    path = tmp_path / name
    GRAPH.save(path)
    files = [path] if path.is_file() else sorted(path.iterdir())
    contents = {file: file.read_bytes() for file in files}
    expected = state(GRAPH)

    @bounded(n_examples)
    @given(st.data())
    def check(data):
        file = data.draw(st.sampled_from(files))
        file.write_bytes(data.draw(damage(contents[file])))
        try:
            assert state(TextGraph.load(path)) == expected
        except SkellagnnError as error:
            names_one_of(error, "`path` must")
        finally:
            file.write_bytes(contents[file])

    check()


@pytest.mark.parametrize("n_examples", EXAMPLES)
def test_a_damaged_folder_of_plain_files_is_refused_or_a_graph(n_examples, tmp_path):
    folder = tmp_path / "whole"
    labels = {"target": [0, 1, -1, 1], "target_names": ["p", "q"], "splits": {"s": {"train": [0], "test": [1, 3]}}}
    save_folder(GRAPH, folder, **labels)
    for path in list(folder.iterdir()):  # what is compressed would only be found to be damaged
        if path.suffix == ".gz":
            (folder / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
            path.unlink()
    with zipfile.ZipFile(tmp_path / "edges.npz", "w") as archive, archive.open("undirected.npy", "w") as file:
        np.save(file, np.array([["x", "y"], ["z", "y"]]))
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    contents["edges.npz"] = (tmp_path / "edges.npz").read_bytes()

    @bounded(n_examples)
    @given(st.data())
    def check(data):
        name = data.draw(st.sampled_from(sorted(contents)))
        shutil.rmtree(folder)
        folder.mkdir()
        for other, content in contents.items():
            if other != "edges.npz" or name == other:
                (folder / other).write_bytes(data.draw(damage(content)) if other == name else content)
        try:
            found = load_folder(folder)
        except SkellagnnError:
            return
        n_nodes = found.graph.n_nodes
        assert n_nodes == len(found.target) == len(found.graph.texts or range(n_nodes))
        assert set(found.target.tolist()) <= set(range(-1, len(found.target_names)))
        assert found.graph.features is None or np.isfinite(found.graph.features).all()

    check()


ODD = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(["a", "b", "", " ", 0, 1, -1]))
ODD_JSON = ODD | st.lists(ODD, max_size=3) | st.dictionaries(st.sampled_from("st"), ODD | st.lists(ODD, max_size=3))
RECORD = st.fixed_dictionaries(
    {"id": st.sampled_from(["a", "b", 0, 1]) | ODD_JSON},
    optional=dict.fromkeys(("text", "title", "label", "label_name"), ODD_JSON),
)


@pytest.mark.parametrize("n_examples", EXAMPLES)
def test_records_of_any_kind_are_refused_or_a_graph(n_examples, tmp_path):
    ends = st.sampled_from(["a", "b", "0", "1", "", "nan", '"', "a\nb", "1.0"])

    @bounded(n_examples)
    @given(st.lists(RECORD, max_size=4), st.lists(st.tuples(ends, ends), max_size=3), ODD_JSON, ODD_JSON)
    def check(records, edges, splits, classes):
        (tmp_path / "nodes.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
        (tmp_path / "edges.csv").write_text("src,dst\n" + "".join(f"{a},{b}\n" for a, b in edges), encoding="utf-8")
        (tmp_path / "splits.json").write_text(json.dumps({"s": splits}), encoding="utf-8")
        (tmp_path / "meta.json").write_text(json.dumps({"classes": classes}), encoding="utf-8")
        try:
            found = load_folder(tmp_path)
        except SkellagnnError:
            return
        assert list(found.graph.node_names) == [str(record["id"]) for record in records]
        assert all(name.strip() for name in found.graph.node_names)

    check()
