"""The embedded graph: what is installed, read as it stands, and the answers that were recorded for it."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
import warnings
from collections import Counter

import networkx as nx
import numpy as np
import pytest

from skellagnn.datasets import _api_reference as module
from skellagnn.datasets import edge_homophily, load_api_reference
from skellagnn.datasets._api_reference import _answers_path
from skellagnn.enhancers import ReplayEnhancer
from skellagnn.prompts import parse_choices

# Names and references change a little with every release; elsewhere the bounds are looser.
RECORDED_WITH = {"numpy": "2.4", "scipy": "1.17", "sklearn": "1.9"}


@pytest.fixture(scope="module")
def data():
    return load_api_reference()


@pytest.fixture(scope="module")
def names(data):
    return list(data.graph.node_names)


@pytest.fixture(scope="module")
def records():
    with gzip.open(_answers_path(), "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def neighbors(data, names, name):
    row = names.index(name)
    adjacency = data.graph.adjacency
    return {names[i] for i in adjacency.indices[adjacency.indptr[row] : adjacency.indptr[row + 1]]}


# -- the graph ---------------------------------------------------------------------------------------------------


def test_sizes_are_about_what_the_documentation_says(data):
    assert 2500 < data.graph.n_nodes < 4000
    assert 2500 < data.graph.n_edges < 5000
    assert not data.graph.is_directed
    assert 0.7 < edge_homophily(data.graph, data.target) < 1
    assert 20 <= len(data.target_names) <= 40
    assert data.versions.keys() == {"numpy", "scipy", "sklearn"}
    assert data.versions["numpy"] == np.__version__
    assert np.__version__ in data.DESCR


def test_the_label_is_the_subpackage(data, names):
    counts = Counter(".".join(name.split(".")[:2]) if name.count(".") > 1 else name.split(".")[0] for name in names)

    for name, label in zip(names, data.target, strict=True):
        subpackage = ".".join(name.split(".")[:2]) if name.count(".") > 1 else name.split(".")[0]
        assert (data.target_names[label] if label >= 0 else None) == (subpackage if counts[subpackage] >= 20 else None)
    assert np.bincount(data.target[data.target >= 0]).min() >= 20


def test_a_text_is_a_docstring_without_the_sections_that_would_give_things_away(data, names):
    text = data.graph.texts[names.index("numpy.linalg.cholesky")]

    assert text.startswith("Cholesky decomposition.")
    assert "Parameters\n" in text
    assert not [text for text in data.graph.texts if not text]
    assert "See Also" in np.linalg.cholesky.__doc__
    assert ">>>" in np.linalg.cholesky.__doc__
    assert "See Also" not in text
    assert ">>>" not in text


def test_sections_can_be_kept(data):
    kept = load_api_reference(drop_sections=())

    assert kept.graph.texts.n_chars.sum() > 1.2 * data.graph.texts.n_chars.sum()
    assert kept.graph.node_names == data.graph.node_names
    np.testing.assert_array_equal(kept.graph.adjacency.indices, data.graph.adjacency.indices)


def test_an_edge_is_a_reference(data, names):
    assert "scipy.linalg.cholesky" in neighbors(data, names, "numpy.linalg.cholesky")
    assert "numpy.concatenate" in neighbors(data, names, "numpy.stack")
    assert "numpy.ma.concatenate" not in neighbors(data, names, "numpy.stack")
    assert "numpy.ma.concatenate" not in neighbors(data, names, "numpy.hstack")
    assert "scipy.special.jv" in neighbors(data, names, "scipy.special.j0")


def test_the_name_of_a_node_is_what_the_object_calls_itself(names):
    for name, alias in [
        ("numpy.concatenate", "numpy.concat"),
        ("numpy.absolute", "numpy.abs"),
        ("numpy.arccosh", "numpy.acosh"),
        ("scipy.special.jv", "scipy.special.jn"),
        ("numpy.linalg.norm", "numpy.linalg.linalg.norm"),
    ]:
        assert name in names
        assert alias not in names


def test_titles_are_the_last_part_of_the_name(data, names):
    assert list(data.graph.titles) == [name.rsplit(".", 1)[-1] for name in names]


def test_x_and_y_are_the_labeled_nodes(data):
    X, y = load_api_reference(return_X_y=True)

    assert list(X) == np.flatnonzero(data.target >= 0).tolist()
    np.testing.assert_array_equal(y, data.target[data.target >= 0])
    assert X.n_nodes == data.graph.n_nodes


def test_rarer_classes_can_be_labeled_too(data):
    more = load_api_reference(min_class_size=5)

    assert len(more.target_names) > len(data.target_names)
    assert (more.target >= 0).sum() > (data.target >= 0).sum()
    assert np.bincount(more.target[more.target >= 0]).min() >= 5


def test_loading_leaves_the_warning_filters_alone():
    before = list(warnings.filters)
    load_api_reference()

    assert warnings.filters == before


def test_a_fresh_process_that_imported_other_things_has_the_same_graph(data):
    code = (
        "import sys, hashlib\n"
        "from skellagnn.datasets import load_api_reference\n"
        "graph = load_api_reference().graph\n"
        "assert 'torch' not in sys.modules and 'pytest' not in sys.modules\n"
        "print(graph.n_nodes, hashlib.sha256(graph.node_names.data.tobytes()).hexdigest())\n"
        "print(hashlib.sha256(graph.adjacency.indices.tobytes() + graph.texts.data.tobytes()).hexdigest())\n"
    )
    graph = data.graph
    expected = [
        str(graph.n_nodes),
        hashlib.sha256(graph.node_names.data.tobytes()).hexdigest(),
        hashlib.sha256(graph.adjacency.indices.tobytes() + graph.texts.data.tobytes()).hexdigest(),
    ]
    code = "from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer\n" + code
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == expected


# -- reading docstrings ------------------------------------------------------------------------------------------

DOCSTRING = """Summary line.

Parameters
----------
x : int

See Also
--------
first : A description,
    that goes on, with names
second, third.fourth
fifth: no blank before the colon
:func:`sixth`, :py:meth:`~seventh.eighth`, ninth()
:ref:`a-section`
:ref:`section`
`tenth`

Notes
-----
See Also is mentioned here.
"""


def test_sections_are_split_at_their_titles():
    sections = list(module._split_sections(DOCSTRING))

    assert [title for title, _ in sections] == ["", "Parameters", "See Also", "Notes"]
    assert sections[0] == ("", "Summary line.")
    assert sections[3] == ("Notes", "See Also is mentioned here.")
    assert module._join_sections(sections, ("see also", "NOTES")) == "Summary line.\n\nParameters\nx : int"


def test_see_also_names_are_read_in_every_spelling():
    body = dict(module._split_sections(DOCSTRING))["See Also"]

    assert list(module._see_also_names(body)) == [
        "first", "second", "third.fourth", "fifth", "sixth", "seventh.eighth", "ninth", "tenth",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reference", "source", "expected"),
    [
        ("b", "p.sub.a", "p.sub.b"),  # the innermost module first
        ("b", "p.a", "p.b"),
        ("b", "p.other.a", "p.b"),  # then outwards
        ("sub.b", "p.a", "p.sub.b"),
        ("p.sub.b", "q.a", "p.sub.b"),  # or by its full name
        ("alias", "p.a", "p.b"),  # aliases lead to the node
        ("b", "q.a", None),  # never into another package
        ("p.sub", "p.a", None),
        ("b.method", "p.a", None),
    ],
)
def test_references_are_resolved_from_the_inside_out(reference, source, expected):
    node_of = {"p.b": "p.b", "p.sub.b": "p.sub.b", "p.alias": "p.b", "p.a": "p.a"}

    assert module._resolve_reference(reference, source, node_of) == expected


@pytest.mark.parametrize(
    ("qualified", "own_name", "expected"),
    [
        (["p.x", "p.sub.x"], "x", "p.x"),
        (["p.sub.x", "p.y"], "x", "p.y"),
        (["p.abs", "p.absolute"], "absolute", "p.absolute"),
        (["q.x", "p.x"], "x", "p.x"),
        (["p.b", "p.a"], "", "p.a"),
    ],
)
def test_a_node_is_named_by_the_shortest_and_most_proper_name(qualified, own_name, expected):
    assert module._node_name(qualified, own_name) == expected


# -- the recorded answers ----------------------------------------------------------------------------------------


def test_the_answers_are_where_the_bunch_says(data):
    assert data.answers_path == _answers_path()
    assert data.answers_path.is_file()
    assert ReplayEnhancer(data.answers_path).recorded_prompts == {"keywords", "background", "topic"}


def test_each_recorded_node_has_three_answers(records):
    prompts = Counter(record["node"] for record in records)

    assert len(records) == 1248
    assert len(prompts) == 416
    assert set(prompts.values()) == {3}
    assert len({(record["node"], record["prompt"]) for record in records}) == len(records)
    assert all(record.keys() == {"node", "prompt", "response"} for record in records)
    assert all(len(record["response"]) > 20 for record in records)


def test_the_recorded_nodes_exist(records, names):
    recorded = {record["node"] for record in records}

    assert len(recorded & set(names)) >= 300


def test_the_tenth_of_highest_pagerank_is_recorded(records, data, names):
    coo = data.graph.adjacency.tocoo()
    links = nx.Graph()
    links.add_nodes_from(range(len(names)))
    links.add_edges_from(zip(coo.row.tolist(), coo.col.tolist(), strict=True))
    rank = nx.pagerank(links)
    highest = sorted(rank, key=lambda node: (-rank[node], node))[: round(0.1 * len(names))]
    recorded = {record["node"] for record in records}
    missing = [names[node] for node in highest if names[node] not in recorded]

    same = all(data.versions[package].startswith(version + ".") for package, version in RECORDED_WITH.items())
    assert len(missing) <= (0 if same else 0.1 * len(highest)), missing


def test_the_topic_answers_name_one_or_two_classes_and_mostly_the_right_one(records, data, names):
    position = {name: i for i, name in enumerate(names)}
    right, seen = [], Counter()
    for record in records:
        if record["prompt"] != "topic" or record["node"] not in position:
            continue
        choices = parse_choices(record["response"], data.target_names)
        assert 1 <= len(choices) <= 2, record
        label = data.target[position[record["node"]]]
        if label >= 0:
            right.append(choices[0] == label)
            seen[label] += 1

    assert np.mean(right) == pytest.approx(0.987, abs=0.02)
    assert len(right) >= 300
    assert len(seen) >= 25  # spread over the classes
