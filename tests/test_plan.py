"""What a fit would ask, counted by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest

from skellagnn import TextGraph
from skellagnn.enhancement import build_questions, enhance
from skellagnn.plan import make_plan
from skellagnn.prompts import Prompt, PromptCatalog

SHORT = Prompt("short", "{text}", max_answer_tokens=10)
LONG = Prompt("long", "Tell me of: {text}", max_answer_tokens=100)
CATALOG = PromptCatalog.from_parameter([SHORT, LONG])
GRAPH = TextGraph.from_edges([(0, 1), (1, 2)], texts=["aaaa", "bbbbbbbb", "aaaa", "<i>c</i>"], n_nodes=4)


def plan_of(*active, graph=GRAPH, catalog=CATALOG):
    nodes = np.array(active, dtype=np.int64)
    return make_plan(graph, nodes, catalog, build_questions(graph, nodes, catalog, ["A", "B"]))


def test_questions_tokens_and_limits_by_hand():
    plan = plan_of(2, 1, 0)

    # "aaaa" (twice, asked once) and "bbbbbbbb", short: 4 + 8 characters, long: 12 + 4 + 12 + 8
    assert plan.questions == {"short": 2, "long": 2}
    assert plan.n_questions == 4
    assert plan.tokens_in == round((4 + 8 + 16 + 20) / 4)
    assert plan.max_tokens_out == 2 * 10 + 2 * 100
    assert plan.n_nodes == 4
    assert plan.active_nodes.tolist() == [2, 1, 0]
    assert plan.active_names == ("2", "1", "0")


def test_the_plan_counts_what_is_asked(counting_enhancer):
    catalog = PromptCatalog.from_parameter("all")
    enhancer = counting_enhancer()

    plan = plan_of(0, 1, 2, 3, catalog=catalog)
    enhance(GRAPH, np.arange(4), enhancer, catalog, ["A", "B"])

    assert plan.n_questions == len(enhancer.asked)
    assert plan.questions == {name: [q.prompt.name for q in enhancer.asked].count(name) for name in catalog.names}
    assert plan.tokens_in == round(sum(map(len, enhancer.asked)) / 4)


def test_examples_are_the_first_question_of_each_prompt_at_most_three():
    assert plan_of(1, 0).examples == ("bbbbbbbb", "Tell me of: bbbbbbbb")
    all_prompts = PromptCatalog.from_parameter("all")
    examples = plan_of(1, 0, catalog=all_prompts).examples
    assert len(examples) == 3
    assert examples == tuple(prompt.render({"text": "bbbbbbbb"}) for prompt in all_prompts[:3])


def test_money_is_price_times_millions_of_tokens():
    plan = plan_of(0, 1)

    assert plan.cost(2.0, 0.0) == pytest.approx(plan.tokens_in * 2e-6)
    assert plan.cost(0.0, 8.0) == pytest.approx(220 * 8e-6)
    assert plan.cost(2.0, 8.0) == pytest.approx(plan.cost(2.0, 0.0) + plan.cost(0.0, 8.0))
    assert plan.cost(0, 0) == 0


def test_the_plan_of_nothing():
    plan = plan_of()

    assert plan.questions == {"short": 0, "long": 0}
    assert (plan.n_questions, plan.tokens_in, plan.max_tokens_out, plan.examples) == (0, 0, 0, ())
    assert "0 of 4 (0.0 %)" in repr(plan)
    assert re.search(r"first of them +none", repr(plan))


def test_the_plan_of_an_empty_graph_can_be_shown():
    empty = TextGraph.from_edges([], texts=[], n_nodes=0)

    assert "0 of 0 (0.0 %)" in repr(plan_of(graph=empty))


def test_the_text_says_the_numbers_in_a_table():
    assert repr(plan_of(2, 1, 0)).splitlines() == [
        "Plan",
        "nodes asked about   3 of 4 (75.0 %)",
        "first of them       2, 1, 0",
        "distinct questions  4",
        "  short             2",
        "  long              2",
        "tokens in           about 12 (4 characters a token)",
        "tokens out          at most 220",
        "example 1:",
        "  | aaaa",
        "example 2:",
        "  | Tell me of: aaaa",
    ]


def test_more_than_five_names_are_cut_and_thousands_are_grouped():
    graph = TextGraph.from_edges([], texts=[f"text {i}" for i in range(1200)])

    shown = repr(plan_of(*range(1200), graph=graph))

    assert "1,200 of 1,200 (100.0 %)" in shown
    assert "0, 1, 2, 3, 4, ...\n" in shown
    assert re.search(r"distinct questions +2,400", shown)


def test_long_examples_are_shortened_in_the_text_only():
    graph = TextGraph.from_edges([], texts=["x" * 300 + "y" * 300 + "z" * 100])
    plan = plan_of(0, graph=graph, catalog=PromptCatalog.from_parameter(SHORT))

    assert "x" * 300 + " [...] " + "z" * 100 in repr(plan)
    assert "y" not in repr(plan).partition("example 1")[2]
    assert len(plan.examples[0]) == 700
    assert "y" * 300 in plan._repr_html_()


def test_html_escapes_what_stands_in_texts_and_names():
    graph = TextGraph.from_edges([], texts=["<script>alert(1)</script> & {text}"], node_names=["<b>"])

    html = plan_of(0, graph=graph)._repr_html_()

    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {text}" in html
    assert "&lt;b&gt;" in html
    assert html.count("<details>") == html.count("</details>") == 2
    assert ">1 of 1 (100.0 %)<" in html


def test_half_a_character_can_be_printed_and_saved():
    plan = plan_of(0, graph=TextGraph.from_edges([], texts=["half \ud83d"], node_names=["name \ude00"]))

    assert "half ?" in repr(plan).encode("utf-8").decode()
    assert "name ?" in plan._repr_html_().encode("utf-8").decode()
    assert plan.examples[0] == "half \ud83d"
