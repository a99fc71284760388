"""The page and the bars that `python -m skellagnn` ends with."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from skellagnn import ELLaGNNClassifier, ReplayEnhancer, TextGraph
from skellagnn.exceptions import InvalidParameterError
from skellagnn.report import Findings, accuracy_bars, check_report_path, standard_error, write_report

BAD = "<script>alert('x')</script><img src=//evil.example> \x1b[2J"
NAMES = ["pets", "stones"]
BASE = "same training, no LLM"


def arm(*scores, answers=0):
    return {"scores": list(scores), "answers": answers}


ARMS = {
    "same training, no LLM": arm(0.80, 0.82, 0.84),
    "with answers": arm(0.90, 0.91, 0.95, answers=6),
}


@pytest.fixture(scope="module")
def found():
    texts = [f"{BAD} {['cat fur paw', 'rock sand salt'][i % 2]} {i}" for i in range(40)]
    graph = TextGraph.from_edges([(i, i + 2) for i in range(38)], texts)
    graph = TextGraph(graph.adjacency, texts, titles=[BAD] * 40, node_names=[f"{BAD}{i}" for i in range(40)])
    y = np.arange(40) % 2
    asked = [20, 21, 22]
    answers = [
        {"node": f"{BAD}{node}", "prompt": "topic", "response": f"{NAMES[node % 2 if node != 22 else 1]} {BAD}"}
        for node in asked
    ]
    clf = ELLaGNNClassifier(
        ReplayEnhancer(answers),
        augmentation_ratio=3,
        candidates=asked,
        class_names=NAMES,
        encoder="tfidf",
        max_iter=10,
        early_stopping=False,
        random_state=0,
    ).fit(graph[:10], y[:10])
    wrong = y.copy()
    wrong[30] = 1 - wrong[30]  # the model is right, and the label is not what it says
    plan = clf.plan(graph[:10], y[:10])
    return Findings(
        graph,
        BAD,
        wrong,
        NAMES,
        BAD,
        ARMS,
        "same training, no LLM",
        clf,
        np.arange(24, 40),
        plan,
        [("5% topic", 0.5)],
        BAD,
    )


class Reader(HTMLParser):
    """Collects tags, attributes and text, and that each tag is closed where it was opened."""

    VOID = ("meta", "br")

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_runs_nothing_and_fetches_nothing(found, tmp_path):
    page = write_report(tmp_path / "report.html", found).read_text(encoding="utf-8")

    reader = Reader(page)
    assert not {"script", "img", "link", "iframe", "object", "image"} & set(reader.tags)
    assert not {"src", "href", "srcset", "xlink:href", "data"} & {name for name, _ in reader.attributes}
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    policy = [value for name, value in reader.attributes if name == "content" and "default-src" in (value or "")]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert "url(" not in page
    assert "@import" not in page
    assert "\x1b" not in page
    assert "".join(reader.text).count("<script>alert('x')</script>") > 10  # shown


def test_the_page_has_all_its_parts(found, tmp_path):
    page = write_report(tmp_path / "report.html", found).read_text(encoding="utf-8")
    text = "".join(Reader(page).text)

    headings = re.findall("<h2>(.*?)</h2>", page)
    assert headings == [
        "Accuracy",
        "Graph",
        "What a fit would ask",
        "What was asked",
        "Search",
        "Nodes that were asked about",
        "Mistakes of the model",
        "Mistakes of the LLM",
        "How this was made",
    ]
    assert "Answers helped: +10.0 points ± 0.6 against the same training without them." in text
    assert "0.820 ± 0.012" in text
    assert "+0.100 ± 0.006" in text
    assert "1 of 16 unseen nodes are predicted wrong" in text
    assert "Its first choice is wrong for 1 of 3 labeled nodes." in text
    assert text.count("label: pets; says stones") == 1
    assert page.count("class='bad'") == 1
    assert f"{found.model.llm_usage_.total.tokens_in:,}" in text


def test_a_dot_stands_where_its_score_is(found, tmp_path):
    page = write_report(tmp_path / "report.html", found).read_text(encoding="utf-8")

    low, high = (
        float(value) for value in re.search(r"<span>([\d.]+)</span><span>accuracy</span><span>([\d.]+)", page).groups()
    )
    means = [float(at) for at in re.findall(r"cx='([\d.]+)%' cy='12' r='6'", page)]
    assert [round(low + at / 100 * (high - low), 3) for at in means] == [0.82, 0.92]
    (x1, x2), *_ = re.findall(r"x1='([\d.]+)%' x2='([\d.]+)%' y1", page)
    error = standard_error([0.80, 0.82, 0.84])
    assert (float(x2) - float(x1)) / 100 * (high - low) == pytest.approx(2 * error, abs=1e-4)
    assert low < 0.8
    assert high > 0.95


@pytest.mark.parametrize(
    ("arms", "verdict"),
    [
        (
            {BASE: arm(0.8, 0.9), "llm": arm(0.81, 0.89, answers=1)},
            "No effect of the answers is shown",
        ),
        (
            {BASE: arm(0.8, 0.9), "llm": arm(0.7, 0.8, answers=1)},
            "Answers did harm: -10.0 points ± 0.0",
        ),
        ({BASE: arm(0.8), "llm": arm(0.9, answers=1)}, "by +10.0 points in one split"),
        ({"llm": arm(0.9, 0.9, answers=7)}, "Without any label, 7 answers reach an accuracy of 0.900 ± 0.000."),
        ({BASE: arm(0.8)}, "No LLM was asked"),
    ],
)
def test_the_verdict_claims_no_more_than_was_shown(tmp_path, arms, verdict):
    graph = TextGraph.from_edges([(0, 1)], ["a", "b"])
    found = Findings(graph, "", np.array([0, 1]), NAMES, arms=arms, baseline="same training, no LLM")

    page = write_report(tmp_path / "report.html", found).read_text(encoding="utf-8")

    assert verdict in "".join(Reader(page).text)
    assert "nan" not in page


def test_long_lists_and_texts_are_cut(found, tmp_path, monkeypatch):
    from skellagnn import report

    monkeypatch.setattr(report, "N_LISTED", 2)
    monkeypatch.setattr(report, "N_CHARS", 50)
    page = write_report(tmp_path / "report.html", found).read_text(encoding="utf-8")

    assert "And 1 more." in page
    assert max(len(text) for text in re.findall("<pre>(.*?)</pre>", page)) < 200


def test_bars_begin_at_nothing_and_end_at_one():
    lines = accuracy_bars({"a": arm(0.5, 0.5), "longer": arm(1.0)})

    assert lines == [
        "a      |" + "#" * 20 + " " * 20 + "| 0.500 +- 0.000",
        "longer |" + "#" * 40 + "| 1.000",
    ]
    assert accuracy_bars({}) == []


def test_a_place_that_cannot_be_written_is_found_before(tmp_path):
    for place in (tmp_path, tmp_path / "none" / "r.html", ""):
        with pytest.raises(InvalidParameterError, match="`--report` must be the name of a file"):
            check_report_path(place)
    (tmp_path / "r.html").write_text("old", encoding="utf-8")
    for place in (tmp_path / "r.html" / "x.html", "x" * 5000, tmp_path / ("x" * 250), "a/" * 5000 + "r.html"):
        with pytest.raises(InvalidParameterError, match="`--report` must be the name of a file"):
            check_report_path(place)
    check_report_path(tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]
