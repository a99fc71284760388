"""Graphs in a folder of plain files: read, write, and say what is wrong with one."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from skellagnn import TextGraph
from skellagnn.base import files
from skellagnn.datasets import load_folder, make_text_graph, save_folder
from skellagnn.enhancers import ReplayEnhancer
from skellagnn.exceptions import GraphError, InvalidParameterError, LabelError

NODES = [
    {"id": 0, "title": "Cats", "text": "on cats", "label": 1, "label_name": "pets", "dup_group": 0},
    {"id": 1, "title": "Graphs", "text": "on graphs", "label": 0, "label_name": "maths"},
    {"id": 2, "title": "", "text": "猫について", "label": -1, "label_name": None},
]


def write(folder, nodes=NODES, edges="src,dst\n0,1\n1,2\n", **files):
    """Make a folder; files by name with __ for the dot, strings as they are, other things as JSON."""
    folder.mkdir(exist_ok=True)
    lines = nodes if nodes is None or isinstance(nodes, str) else "".join(json.dumps(node) + "\n" for node in nodes)
    files = {"nodes__jsonl": lines, "edges__csv": edges, **files}
    for name, content in files.items():
        if content is not None:
            text = content if isinstance(content, str) else json.dumps(content)
            (folder / name.replace("__", ".")).write_bytes(text.encode("utf-8", "surrogatepass"))
    return folder


def dense(data):
    return data.graph.adjacency.toarray()


PATH = [[0, 1, 0], [1, 0, 1], [0, 1, 0]]  # 0 - 1 - 2


# -- reading -----------------------------------------------------------------------------------------------------


def test_a_small_folder(tmp_path):
    data = load_folder(write(tmp_path / "pets"))

    np.testing.assert_array_equal(dense(data), PATH)
    assert list(data.graph.texts) == ["on cats", "on graphs", "猫について"]
    assert list(data.graph.titles) == ["Cats", "Graphs", ""]
    assert list(data.graph.node_names) == ["0", "1", "2"]
    assert data.target.tolist() == [1, 0, -1]
    assert data.target_names == ["maths", "pets"]
    assert data.splits == {}
    assert data.meta == {}
    assert data.answers_path is None
    assert data.DESCR == "pets: 3 nodes, 2 edges, 2 nodes labeled with 2 classes."


def test_compressed_files_are_read_alike(tmp_path):
    plain = write(tmp_path / "plain", splits__json={"s": {"train": [1], "test": [2, 0]}})
    packed = tmp_path / "packed"
    packed.mkdir()
    for path in plain.iterdir():
        (packed / (path.name + ".gz")).write_bytes(gzip.compress(path.read_bytes()))

    one, other = load_folder(plain), load_folder(str(packed))

    np.testing.assert_array_equal(dense(one), dense(other))
    assert list(one.graph.texts) == list(other.graph.texts)
    assert one.target.tolist() == other.target.tolist()
    assert {part: ids.tolist() for part, ids in other.splits["s"].items()} == {"train": [1], "test": [2, 0]}


def test_ids_of_any_kind_become_names_and_edges_and_splits_follow_them(tmp_path):
    nodes = [{"id": "b,1", "text": "x"}, {"id": 30, "text": "y"}, {"id": "é\n", "text": "z"}]
    folder = write(
        tmp_path / "g", nodes, 'source,target\n"b,1",30\n30,"é\n"\n', splits__json={"s": {"train": ["é\n", 30]}}
    )

    data = load_folder(folder)

    np.testing.assert_array_equal(dense(data), PATH)
    assert list(data.graph.node_names) == ["b,1", "30", "é\n"]
    assert data.splits["s"]["train"].tolist() == [2, 1]


def test_an_archive_of_edges_holds_ids_too(tmp_path):
    folder = write(tmp_path / "g", [{"id": 30}, {"id": 10}, {"id": 20}], None)
    np.savez(folder / "edges.npz", undirected=np.array([[10, 30], [10, 20]]))

    np.testing.assert_array_equal(dense(load_folder(folder)), PATH)


@pytest.mark.parametrize(
    ("arrays", "directed", "expected"),
    [
        ({"undirected": [[0, 1]]}, False, [[0, 1], [1, 0]]),
        ({"undirected": [[0, 1]], "directed": [[1, 0]]}, True, [[0, 1], [0, 0]]),
        ({"undirected": [[0, 1]], "directed": [[1, 0]]}, False, [[0, 1], [1, 0]]),
        ({"directed": [[1, 0]]}, False, [[0, 1], [1, 0]]),
        ({"undirected": [[0, 1]], "undirected_weights": [2.5]}, False, [[0, 2.5], [2.5, 0]]),
        ({"directed": [[0, 1], [1, 0]], "directed_weights": [2, 3]}, True, [[0, 3], [2, 0]]),
        ({"undirected": np.empty((0, 2), dtype=int)}, False, [[0, 0], [0, 0]]),
    ],
)
def test_directions_and_weights_of_an_archive(arrays, directed, expected, tmp_path):
    folder = write(tmp_path / "g", NODES[:2], None)
    np.savez(folder / "edges.npz", **arrays)

    np.testing.assert_array_equal(dense(load_folder(folder, directed=directed)), expected)


@pytest.mark.parametrize(
    ("table", "directed", "expected"),
    [
        ("src,dst\n1,0\n", True, [[0, 1], [0, 0]]),
        ("src,dst,weight\r\n0,1,0.5\r\n", False, [[0, 0.5], [0.5, 0]]),
        (" source , target \n\n0,1\n\n", False, [[0, 1], [1, 0]]),
        ("src,dst", False, [[0, 0], [0, 0]]),
    ],
)
def test_directions_and_weights_of_a_table(table, directed, expected, tmp_path):
    data = load_folder(write(tmp_path / "g", NODES[:2], table), directed=directed)

    np.testing.assert_array_equal(dense(data), expected)


@pytest.mark.parametrize(
    "nodes",
    [
        [{"id": i, "title": "", "text": "", "label": 0, "label_name": "a"} for i in range(3)],
        [{"id": i} for i in range(3)],
    ],
)
def test_a_folder_without_texts_is_a_graph_without_texts(nodes, tmp_path):
    data = load_folder(write(tmp_path / "g", nodes))

    assert data.graph.texts is None
    assert data.graph.titles is None
    assert data.graph.n_edges == 2


def test_a_missing_text_is_an_empty_one(tmp_path):
    data = load_folder(write(tmp_path / "g", [{"id": 0, "text": "a"}, {"id": 1, "text": None}, {"id": 2}]))

    assert list(data.graph.texts) == ["a", "", ""]


def test_features_are_read(tmp_path):
    folder = write(tmp_path / "g")
    np.save(folder / "features.npy", np.eye(3))

    np.testing.assert_array_equal(load_folder(folder).graph.features, np.eye(3))


def test_answers_are_found_and_can_be_replayed(tmp_path):
    folder = write(tmp_path / "g", llm_answers__jsonl={"id": 0, "prompt": "keywords", "response": "cats"})

    data = load_folder(folder)

    assert data.answers_path == folder / "llm_answers.jsonl"
    assert ReplayEnhancer(data.answers_path).recorded_nodes == {"0"}


def test_texts_with_line_separators_and_surrogates_stay_whole(tmp_path):
    texts = ["a\u2028b\x85c\x0bd", "lone \ud800", "tab\t and \\n"]
    nodes = "".join(json.dumps({"id": i, "text": text}, ensure_ascii=False) + "\n" for i, text in enumerate(texts))

    assert list(load_folder(write(tmp_path / "g", "\ufeff" + nodes + "\n\n")).graph.texts) == texts


# -- labels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "classes", "target", "names"),
    [
        ([(1, "b"), (0, "a"), (-1, None)], None, [1, 0, -1], ["a", "b"]),
        ([(1, None), (0, None), (-1, None)], ["x", "y"], [1, 0, -1], ["x", "y"]),
        ([(1, "y"), (1, "y"), (None, None)], ["x", "y", "z"], [1, 1, -1], ["x", "y", "z"]),
        ([(None, "pets"), (None, "maths"), (None, "")], None, [1, 0, -1], ["maths", "pets"]),
        ([(None, "y"), (0, None), (-1, "y")], ["x", "y"], [1, 0, -1], ["x", "y"]),
        ([(0, "a"), (1, "b"), (0, None)], None, [0, 1, 0], ["a", "b"]),
        ([(-1, None)] * 3, None, [-1] * 3, []),
        ([(-1, None)] * 3, ["x", "y"], [-1] * 3, ["x", "y"]),
    ],
)
def test_labels_by_number_and_by_name(labels, classes, target, names, tmp_path):
    nodes = [{"id": i, "label": label, "label_name": name} for i, (label, name) in enumerate(labels)]
    data = load_folder(write(tmp_path / "g", nodes, meta__json=None if classes is None else {"classes": classes}))

    assert data.target.tolist() == target
    assert data.target_names == names


@pytest.mark.parametrize(
    ("labels", "classes", "sentence"),
    [
        ([(0, None)], None, "Every label must have a name, got 0 of node '0' without one"),
        ([(0, "a"), (1, None)], None, "got 1 of node '1' without one among .'a'.. Add it to `classes` of meta.json"),
        ([(2, None)], ["x", "y"], "got 2 of node '0' without one among .'x', 'y'."),
        ([(None, "z")], ["x", "y"], "got 'z' of node '0' without one"),
        ([(0, "a"), (0, "b")], None, "one name, got label 0 named 'b' at node '1' and 'a' elsewhere"),
        ([(0, "y")], ["x", "y"], "one name, got label 0 named 'y' at node '0' and 'x' elsewhere"),
        ([(0, "a"), (2, "c")], None, "numbered from 0 without gaps, each with a name of its own, got {0: 'a', 2: 'c'}"),
        ([(0, "a"), (1, "a")], None, "each with a name of its own"),
        ([(0, None)], "x", "`classes` of meta.json must be a list of names"),
    ],
)
def test_labels_without_one_name_each_are_refused(labels, classes, sentence, tmp_path):
    nodes = [{"id": i, "label": label, "label_name": name} for i, (label, name) in enumerate(labels)]
    folder = write(tmp_path / "g", nodes, "src,dst\n", meta__json=None if classes is None else {"classes": classes})

    with pytest.raises(LabelError, match=sentence):
        load_folder(folder)


# -- bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"nodes": None}, r"`path` must hold nodes\.jsonl\.gz or nodes\.jsonl, got .*\['edges\.csv'\]"),
        ({"edges": None}, r"`path` must hold edges\.npz or edges\.csv\.gz or edges\.csv, got"),
        ({"nodes": '{"id": 0}\n{"id": 1\n'}, r"Every line must be a JSON object, got .* at line 2 of nodes\.jsonl"),
        ({"nodes": '{"id": 0}\n\n[1]\n'}, r"got '\[1\]' at line 3 of nodes\.jsonl"),
        ({"nodes": '{"text": "a"}\n'}, "with an `id`, an int or a string, got .* at line 1"),
        ({"nodes": '{"id": 1.5}\n'}, "with an `id`, an int or a string"),
        ({"nodes": '{"id": 7}\n{"id": "7"}\n'}, "`id` must be unique, got '7' at line 2 of .* and line 1"),
        ({"nodes": '{"id": 0, "text": 5}\n'}, "`text` must be a string, got 5 at line 1"),
        ({"nodes": '{"id": 0, "title": ["a"]}\n'}, r"`title` must be a string, got \['a'\] at line 1"),
        (
            {"nodes": '{"id": 0, "label": "pets"}\n'},
            "`label` must be an int from 0, -1 for unlabeled, got 'pets' at line 1",
        ),
        ({"nodes": '{"id": 0, "label": true}\n'}, "`label` must be an int from 0, -1 for unlabeled, got True"),
        ({"nodes": '{"id": 0, "label": -2}\n'}, "`label` must be an int from 0, -1 for unlabeled, got -2"),
        ({"edges": "src,dst\n0,1\n1,9\n8,8\n"}, r"Every edge must name ids of nodes, got '9' at line 3 .* and 1 more"),
        ({"edges": "src,dst\n0\n"}, r"Every line must have 2 fields, got \['0'\] at line 2 of edges\.csv"),
        ({"edges": "0,1\n1,2\n"}, r"The first line of edges\.csv must be `src,dst` .*, got '0,1'. Add the header"),
        ({"edges": ""}, r"The first line of edges\.csv must be"),
        ({"edges": "src,dst,weight\n0,1,far\n"}, "`weight` must be a number, got 'far' at line 2"),
        (
            {"edges": "src,dst,weight\n0,1,-1\n"},
            "`weights` must be finite and not negative",
        ),
        ({"splits__json": "{"}, r"splits\.json must be JSON, got"),
        ({"splits__json": [1]}, r"splits\.json must be a JSON object, got list"),
        ({"splits__json": {"s": [0, 1]}}, "Split 's' must map parts to lists of ids"),
        ({"splits__json": {"s": {"train": [0, 5, 6]}}}, "must name ids of nodes, got 5 in 'train' and 1 more"),
        ({"meta__json": '"x"'}, r"meta\.json must be a JSON object, got str"),
        ({"features__npy": "not an array"}, r"features\.npy must be an array written by numpy\.save"),
        ({"nodes": '{"id": ""}\n{"id": 1}\n', "edges": "src,dst\n,1\n"}, "with an `id`, an int or a string, got"),
        ({"nodes": '{"id": null}\n'}, "with an `id`, an int or a string, got"),
        ({"nodes": "[" * 100_000}, "nested too deep at line 1"),
        ({"nodes": '{"id": ' + "7" * 5000 + "}"}, "Every line must be a JSON object, got Exceeds the limit"),
        ({"nodes": '{"id": 0, "label": 1' + "0" * 30 + ', "label_name": "a"}'}, "`label` must be an int from 0"),
        ({"edges": "src,dst\n0,\n"}, "got '' at line 2"),
        ({"edges": "src,dst\n" + "x" * 140_000 + ",0\n"}, "must be a table of ids, got field larger than field limit"),
        ({"edges": 'src,dst\n"0,1\n' + "1,0\n" * 40_000}, "often a quote is not closed"),
        ({"splits__json": {"s": {"train": [None]}}}, "must name ids of nodes, got None"),
        ({"splits__json": {"s": {"train": [[0]]}}}, r"must name ids of nodes, got \[0\]"),
        ({"splits__json": "[" * 100_000}, r"splits\.json must be JSON, got objects or lists that are nested too deep"),
        ({"meta__json": '{"n": ' + "7" * 5000 + "}"}, r"meta\.json must be JSON, got Exceeds the limit"),
        ({"features__npy": "\x93NUMPY\x01\x00 {'descr'"}, r"features\.npy must be an array written by numpy\.save"),
        ({"edges__npz": "not an archive"}, r"edges\.npz must be an archive of numpy arrays"),
    ],
)
def test_a_folder_with_something_wrong_is_refused(files, sentence, tmp_path):
    folder = write(tmp_path / "g", **files)

    with pytest.raises(GraphError, match=sentence):
        load_folder(folder)


@pytest.mark.parametrize(
    ("arrays", "directed", "sentence"),
    [
        (
            {"undirected": [[0, 1]]},
            True,
            r"edges\.npz must hold directed, got \['undirected'\]. Read it with directed=False",
        ),
        ({"links": [[0, 1]]}, False, r"edges\.npz must hold undirected or directed, got \['links'\]"),
        (
            {"undirected": [[0, 1, 2]]},
            False,
            r"`undirected` in edges\.npz must have shape \(n_edges, 2\), got \(1, 3\)",
        ),
        ({"undirected": [[0, 1], [1, 9]]}, False, "got 9 at row 1 of `undirected` in edges.npz and 0 more"),
        ({"undirected": [[0, -1]]}, False, "got -1 at row 0"),
        (
            {"undirected": [[0, 1]], "undirected_weights": [1, 2]},
            False,
            r"`weights` must have one entry per edge \(1\)",
        ),
    ],
)
def test_an_archive_with_something_wrong_is_refused(arrays, directed, sentence, tmp_path):
    folder = write(tmp_path / "g", edges=None)
    np.savez(folder / "edges.npz", **arrays)

    with pytest.raises(GraphError, match=sentence):
        load_folder(folder, directed=directed)


@pytest.mark.parametrize("path", ["missing", "nodes.jsonl"])
def test_a_path_that_is_no_folder_is_refused(path, tmp_path):
    write(tmp_path / ".")

    with pytest.raises(GraphError, match=r"`path` must be a folder with nodes\.jsonl and edges"):
        load_folder(tmp_path / path)


@pytest.mark.parametrize(
    "content",
    [b"not gzip", gzip.compress(b'{"id": 0}\n')[:-4], gzip.compress(b"\xff\xfe")],
    ids=["plain", "cut off", "binary"],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(content, tmp_path):
    folder = write(tmp_path / "g", nodes=None)
    (folder / "nodes.jsonl.gz").write_bytes(content)

    with pytest.raises(GraphError, match=r"nodes\.jsonl\.gz must be UTF-8 text, compressed by gzip, got"):
        load_folder(folder)


# -- writing and reading back ------------------------------------------------------------------------------------


def everything(**changes):
    options = {
        "texts": ["on cats", "", "猫 \ud800 \u2028 😀", 'a "quoted", line\n'],
        "titles": ["A", "", "Ż", "\udfff"],
        "node_names": ["x,y", 'q"', "new\nline", "30"],
        "features": np.arange(8.0).reshape(4, 2) / 3,
        "weights": [0.1, 2, 3],
    }
    return TextGraph.from_edges([(0, 1), (2, 1), (3, 0)], **{**options, **changes}, n_nodes=4)


ROUND_TRIPS = {
    "everything": everything(),
    "directed": everything(directed=True),
    "numbered": everything(node_names=None),
    "numbered and directed": everything(node_names=None, directed=True, weights=None),
    "names that are their positions": everything(node_names=["0", "1", "2", "3"]),
    "integers in another order": everything(node_names=[3, 2, 1, 0]),
    "surrogates in names": everything(node_names=["\ud800", "\udc00", "a", "b"]),
    "no weights": everything(weights=None),
    "no texts": everything(texts=None, titles=None, features=None),
    "no edges": TextGraph.from_edges([], texts=["a", "b", "c", "d"]),
}


@pytest.mark.parametrize("graph", ROUND_TRIPS.values(), ids=ROUND_TRIPS.keys())
def test_what_is_saved_is_loaded(graph, tmp_path):
    splits = {"first": {"train": np.array([3, 0]), "val": [], "test": [1]}, "second": {"train": [2]}}
    save_folder(graph[[2]], tmp_path / "new" / "g", [1, -1, 0, 1], ["cats", "dogs"], splits)

    data = load_folder(tmp_path / "new" / "g", directed=graph.is_directed)

    np.testing.assert_array_equal(dense(data), graph.adjacency.toarray())
    assert [data.graph.name_of(i) for i in range(4)] == [graph.name_of(i) for i in range(4)]
    assert data.graph.texts == graph.texts
    assert data.graph.titles == graph.titles
    if graph.features is None:
        assert data.graph.features is None
    else:
        np.testing.assert_array_equal(data.graph.features, graph.features)
    assert data.target.tolist() == [1, -1, 0, 1]
    assert data.target_names == ["cats", "dogs"]
    assert {name: {part: ids.tolist() for part, ids in parts.items()} for name, parts in data.splits.items()} == {
        "first": {"train": [3, 0], "val": [], "test": [1]},
        "second": {"train": [2]},
    }
    assert list(data.graph) == [0, 1, 2, 3]


def test_saving_twice_writes_the_same_bytes(tmp_path):
    data = make_text_graph(30, random_state=0)
    for name in ("one", "two"):
        save_folder(data.graph, tmp_path / name / "g", data.target, data.target_names, {"s": {"train": [1]}})

    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name / "g").iterdir() if path.suffix != ".npz"}
        for name in ("one", "two")
    )
    assert one == two
    assert one.keys() == {"nodes.jsonl.gz", "splits.json.gz", "meta.json"}


def test_the_meta_data_counts(tmp_path):
    graph = TextGraph.from_edges([(0, 1), (1, 2), (2, 3)], texts=["a"] * 4)
    save_folder(graph, tmp_path / "pets", [0, 0, 1, -1], ["cats", "dogs", "birds"])

    assert json.loads((tmp_path / "pets" / "meta.json").read_text()) == {
        "name": "pets",
        "nodes": 4,
        "undirected_edges": 3,
        "labeled": 3,
        "classes": ["cats", "dogs", "birds"],
        "class_counts": [2, 1, 0],
        "edge_homophily": 0.5,
    }


def test_saving_replaces_the_graph_and_leaves_the_answers(tmp_path):
    folder = write(tmp_path / "g", splits__json={"s": {}}, llm_answers__jsonl={"node": "0"})
    np.save(folder / "features.npy", np.eye(3))

    save_folder(TextGraph.from_edges([(0, 1)], texts=["new", "graph"]), folder)
    data = load_folder(folder)

    assert list(data.graph.texts) == ["new", "graph"]
    assert data.graph.features is None
    assert data.splits == {}
    assert data.target.tolist() == [-1, -1]
    assert data.answers_path is not None


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"target": [0]}, LabelError, r"`target` must be one int per node \(2\), .* got dtype int64 and shape \(1,\)"),
        ({"target": ["a", "b"]}, LabelError, "got dtype <U1.*LabelEncoder"),
        ({"target": [0, 1], "target_names": ["a"]}, LabelError, "got labels from 0 to 1 and 1 names. Give every label"),
        ({"target": [0, 1]}, LabelError, "and 0 names"),
        ({"target": [-2, 0], "target_names": ["a"]}, LabelError, "got labels from -2 to 0"),
        ({"target_names": ["a", "a"]}, LabelError, "`target_names` must be different"),
        (
            {"splits": {"s": {"train": [2]}}},
            GraphError,
            r"`splits\['s'\]\['train'\]` must be node ids from 0 to 1, got 2",
        ),
        (
            {"splits": {"s": {"train": [True, False]}}},
            GraphError,
            "must be positions of nodes, got a mask",
        ),
    ],
)
def test_what_does_not_fit_the_graph_is_refused_and_nothing_is_written(arguments, error, sentence, tmp_path):
    with pytest.raises(error, match=sentence):
        save_folder(TextGraph.from_edges([(0, 1)], texts=["a", "b"]), tmp_path / "g", **arguments)

    assert not (tmp_path / "g").exists()


@pytest.mark.parametrize("names", [["a\r", "b\r", "c\r"], ["a\rb", "\ry", "x"], ["a,b", 'say "c"', "d\ne"]])
def test_edges_of_oddly_named_nodes_come_back(tmp_path, names):
    graph = TextGraph.from_edges([(0, 1), (2, 1)], texts=["1", "2", "3"], node_names=names, directed=True)
    save_folder(graph, tmp_path / "g")
    again = load_folder(tmp_path / "g", directed=True).graph

    assert list(again.node_names) == names
    assert (again.adjacency != graph.adjacency).nnz == 0


@pytest.mark.parametrize("path", [None, 3, b"graph", "", "a\0b", ["graph"]])
def test_what_is_no_path_is_refused(path):
    for use in (load_folder, lambda path: save_folder(TextGraph.from_edges([(0, 1)]), path)):
        with pytest.raises(InvalidParameterError, match="`path` must be the name of a file or folder"):
            use(path)


@pytest.mark.parametrize("name", ["file/g", "a" * 300])
def test_a_place_that_cannot_be_used_is_refused(name, tmp_path):
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(InvalidParameterError, match="`path` must be a place that can be written"):
        save_folder(TextGraph.from_edges([(0, 1)]), tmp_path / name)
    with pytest.raises(GraphError, match="`path` must be a"):
        load_folder(tmp_path / name)


@pytest.mark.parametrize("directed", ["no", 0, None])
def test_directed_is_true_or_false(directed, tmp_path):
    with pytest.raises(InvalidParameterError, match="`directed` must be True or False"):
        load_folder(write(tmp_path / "g"), directed=directed)


@pytest.mark.parametrize("name", ["nodes.jsonl.gz", "edges.npz", "features.npy"])
def test_what_would_not_fit_into_memory_is_not_read(name, tmp_path, monkeypatch):
    save_folder(TextGraph.from_edges([(0, 1)] * 3, features=np.zeros((2, 50_000))), tmp_path)
    if name == "nodes.jsonl.gz":
        (tmp_path / name).write_bytes(gzip.compress(b'{"id": 0}' + b" " * 10**6))
    elif name == "edges.npz":
        np.savez_compressed(tmp_path / name, undirected=np.zeros((10**6, 2), dtype=np.int8))
    monkeypatch.setattr(files, "available_memory", lambda: 500_000)

    with pytest.raises(GraphError, match=rf"half of the free memory \(250,000 bytes\), got '.*{name}'"):
        load_folder(tmp_path)


def test_planted_links_are_not_followed(tmp_path, monkeypatch):
    victim, folder = tmp_path / "victim", tmp_path / "g"
    victim.write_text("mine")
    folder.mkdir()
    for name in ("nodes.jsonl.gz", "edges.npz", "meta.json"):
        (folder / name).symlink_to(victim)

    save_folder(TextGraph.from_edges([(0, 1)]), folder)

    assert victim.read_text() == "mine"
    assert load_folder(folder).graph.n_edges == 1
    assert not [path for path in folder.iterdir() if path.is_symlink() or "partial" in path.name]


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"graph": [1, 2]}, GraphError, "`graph` must be a TextGraph, got list"),
        ({"splits": [1]}, GraphError, "`splits` must be a dict of dicts"),
        ({"splits": {"s": [1]}}, GraphError, "`splits` must be a dict of dicts"),
        ({"splits": {"s": {"p": {0, 1}}}}, GraphError, r"`splits\['s'\]\['p'\]` must be a list or an array, got set"),
        ({"target": [0, 1], "target_names": 3}, LabelError, "`target_names` must be a list of names, got int"),
        ({"target": [0, 1], "target_names": "ab"}, LabelError, "`target_names` must be a list of names, got str"),
        ({"target": np.ma.array([0, 1], mask=[0, 1])}, LabelError, "`target` must not hide entries"),
        ({"target": pd.Series([0, 1], index=[1, 0])}, LabelError, "`target` must be in the order of the nodes"),
    ],
)
def test_arguments_that_cannot_be_written(arguments, error, sentence, tmp_path):
    with pytest.raises(error, match=sentence):
        save_folder(**{"graph": TextGraph.from_edges([(0, 1)]), "path": tmp_path / "g", **arguments})
    assert not (tmp_path / "g").exists()
