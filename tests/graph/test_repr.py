"""What a graph says of itself."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from skellagnn import TextGraph


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (TextGraph.from_edges([(0, 1)]), "TextGraph(n_nodes=2, n_edges=1, undirected)"),
        (TextGraph.from_edges([(0, 1)], ["a", "b"]), "TextGraph(n_nodes=2, n_edges=1, undirected, texts)"),
        (
            TextGraph.from_edges([(0, 1), (1, 2)], weights=[1, 2], directed=True, features=np.zeros((3, 5))),
            "TextGraph(n_nodes=3, n_edges=2, directed, weighted, n_features=5)",
        ),
        (TextGraph.from_edges([(0, 1)])[[1]], "TextGraph(n_nodes=2, n_edges=1, undirected, 1 targets in view)"),
        (TextGraph.from_edges([(0, 1)])[[1, 0]], "TextGraph(n_nodes=2, n_edges=1, undirected, 2 targets in view)"),
        (TextGraph.from_edges([(0, 1)])[[0, 1]], "TextGraph(n_nodes=2, n_edges=1, undirected)"),
        (TextGraph.from_edges([], n_nodes=0), "TextGraph(n_nodes=0, n_edges=0, undirected)"),
    ],
)
def test_the_text_form_is_one_line(graph, expected):
    assert repr(graph) == expected
    assert str(graph) == expected


def test_a_subclass_says_its_own_name():
    class PaperGraph(TextGraph):
        pass

    graph = PaperGraph.from_edges([(0, 1)])

    assert repr(graph[[0]]).startswith("PaperGraph(")
    assert "<b>PaperGraph</b>" in graph._repr_html_()


def rows_of(graph):
    table = ElementTree.fromstring(graph._repr_html_())  # also: it is well-formed
    return {row.find("th").text: row.find("td").text for row in table.iter("tr")}


def test_the_html_form_counts():
    graph = TextGraph.from_edges([(0, 1), (0, 2), (0, 3)], ["four", "", "été!", "x" * 12])[[0, 3]]

    assert rows_of(graph) == {
        "nodes": "4",
        "edges": "3 undirected",
        "targets in view": "2",
        "neighbors per node": "min 1, median 1, mean 1.5, max 3",
        "isolated nodes": "0",
        "text length (characters)": "min 0, median 4, mean 5.0, max 12",
        "missing texts": "1",
        "first text": "four",
        "features": "none",
    }


def test_the_html_form_of_features_weights_and_direction():
    rows = rows_of(TextGraph.from_edges([(0, 1)], weights=[3], directed=True, features=np.zeros((3, 1500))))

    assert rows["edges"] == "1 directed, weighted"
    assert rows["features"] == "1,500 columns, float32"
    assert rows["isolated nodes"] == "2"
    assert "first text" not in rows


@pytest.mark.parametrize("graph", [TextGraph.from_edges([], n_nodes=0), TextGraph.from_edges([], texts=[])])
def test_the_html_form_of_nothing(graph):
    assert rows_of(graph)["nodes"] == "0"
    assert rows_of(graph)["neighbors per node"] == "-"


def test_html_in_a_text_is_shown_and_not_run():
    text = "<script>alert('x')</script> & \"quoted\" </td></table>"
    graph = TextGraph.from_edges([], texts=[text])

    assert "<script>" not in graph._repr_html_()
    assert rows_of(graph)["first text"] == text


def test_a_long_text_is_cut():
    shown = rows_of(TextGraph.from_edges([], texts=["é" * 500]))["first text"]

    assert shown == "é" * 117 + "..."


def test_a_lone_surrogate_can_be_written_to_a_notebook():
    page = TextGraph.from_edges([], texts=["half \ud800 a character"])._repr_html_()

    assert "half ? a character" in page.encode("utf-8").decode()
