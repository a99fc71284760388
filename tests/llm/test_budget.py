"""A budget: its parameters, and limits that fits, processes and restarts share through a store."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from skellagnn import Budget, TextGraph
from skellagnn.enhancers import Answer
from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.asking import Spent, build_questions, enhance, resolve_budget
from skellagnn.llm.plan import Plan, PlanPart, merge_plans
from skellagnn.llm.store import ResponseStore
from skellagnn.prompts import Prompt, PromptCatalog

BRIEF = PromptCatalog.from_parameter(Prompt("brief", "{text}", max_answer_tokens=6))
GRAPH = TextGraph.from_edges([(0, 1)], texts=[f"text number {i:04d}" for i in range(20)], n_nodes=20)  # 4 tokens each


@pytest.fixture
def store(tmp_path):
    store = ResponseStore(tmp_path / "answers.sqlite")
    yield store
    store.close()


def ask(enhancer, nodes, budget, store, **settings):
    table = build_questions(GRAPH, np.array(nodes), BRIEF, None)
    return enhance(enhancer, table, store=store, budget=budget, warn=False, **settings).usage.total


# -- the parameter -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "sentence"),
    [
        (Budget(-1), r"`max_calls` of a Budget must be None or an int of 0 or more, got -1\. Leave it out"),
        (Budget(1.5), "`max_calls` of a Budget"),
        (Budget(True), "`max_calls` of a Budget"),
        (Budget(float("nan")), "`max_calls` of a Budget"),
        (Budget(max_tokens="many"), "`max_tokens` of a Budget .* got 'many'"),
        (Budget(max_cost=-0.1, prices=(1, 1)), "`max_cost` of a Budget must be None or a number"),
        (Budget(max_cost=float("inf"), prices=(1, 1)), "`max_cost` of a Budget must be None or a number"),
        (Budget(max_cost=1.0), r"`prices` of a Budget must be given with a `max_cost`, got None and max_cost=1\.0"),
        (Budget(prices=0.5), "`prices` of a Budget must be two numbers .* got 0.5"),
        (Budget(prices=(1, -1)), "`prices` of a Budget"),
        (Budget(prices=(1, 2, 3)), "`prices` of a Budget"),
        (Budget(prices=(1, float("nan"))), "`prices` of a Budget"),
        (Budget(shared_as=""), "`shared_as` of a Budget must be None or a name"),
        (Budget(shared_as=3), "`shared_as` of a Budget"),
        (500, r"`budget` must be None or a skellagnn\.Budget, got 500\. Write Budget\(max_calls=500\)"),
        (Budget, "`budget` must be None or a skellagnn.Budget"),
    ],
)
def test_what_is_no_budget_is_refused(budget, sentence):
    with pytest.raises(InvalidParameterError, match=sentence):
        resolve_budget(budget)


def test_numbers_of_numpy_are_numbers():
    budget = Budget(np.int64(3), np.int32(9), np.float32(0.5), prices=[np.float64(1), 2])
    assert resolve_budget(budget) is budget
    assert resolve_budget(None).limits == {}


def test_a_grid_reaches_the_limits_and_nothing_spent_is_in_a_copy(counting_enhancer):
    budget = Budget(2, prices=(1.0, 1.0))
    assert ask(counting_enhancer(), range(5), budget, None).asked == 2
    for copy in (budget, clone(budget), pickle.loads(pickle.dumps(budget))):
        assert copy.get_params() == Budget(2, prices=(1.0, 1.0)).get_params()
        assert vars(copy).keys() == {"max_calls", "max_tokens", "max_cost", "prices", "n_rounds", "shared_as"}
        assert ask(counting_enhancer(), range(5), copy, None).asked == 2
    asked = [
        ask(counting_enhancer(), range(5), clone(budget).set_params(**params), None).asked
        for params in ParameterGrid({"max_calls": [0, 4]})
    ]
    assert asked == [0, 4]


# -- shared ------------------------------------------------------------------------------------------------------


def test_fits_share_a_budget_through_the_store(store, counting_enhancer):
    asked = [
        ask(counting_enhancer(lambda question: "fine words"), nodes, Budget(7, shared_as="search"), store).asked
        for nodes in (range(3), range(2, 6), range(5, 20), range(20))
    ]
    assert asked == [3, 3, 1, 0]  # two of the second fit's and one of the third's are in the store
    assert ask(counting_enhancer(), range(20), Budget(2, shared_as="another"), store).asked == 2
    store.close()
    again = ResponseStore(store.url)
    assert ask(counting_enhancer(), range(20), Budget(7, shared_as="search"), again).asked == 0
    assert ask(counting_enhancer(), range(20), Budget(8, shared_as="search"), again).asked == 1
    again.close()


@pytest.mark.parametrize(
    ("limits", "asked"),
    [({"max_tokens": 30}, 3), ({"max_cost": 21e-6, "prices": (1.0, 2.0)}, 1), ({"max_tokens": 9}, 0), ({}, 20)],
)
def test_a_question_counts_as_the_longest_answer_until_it_is_answered(limits, asked, store, counting_enhancer):
    enhancer = counting_enhancer(lambda question: Answer("a fine answer", tokens_in=4, tokens_out=4))
    usage = ask(enhancer, range(20), Budget(**limits, shared_as="s"), store)
    assert usage.asked == asked
    assert store.get_state("budget:s") == {"spent": [asked, 4 * asked, 4 * asked], "reserved": {}}


def test_what_is_not_asked_is_given_back(store, counting_enhancer):
    def fail(question):
        if "0002" in question:
            raise RuntimeError("down")
        return "fine words"

    enhancer = counting_enhancer(fail)
    enhancer.complete_iter = lambda questions: ((i, fail(question)) for i, question in enumerate(questions))
    with pytest.raises(RuntimeError, match="down"):
        ask(enhancer, range(5), Budget(5, shared_as="s"), store)
    assert store.get_state("budget:s") == {"spent": [2, 8, 6], "reserved": {}}
    assert ask(counting_enhancer(), range(20), Budget(5, shared_as="s"), store).asked == 3


def test_second_tries_count(store, counting_enhancer):
    usage = ask(
        counting_enhancer(lambda question: ""), range(3), Budget(5, shared_as="s"), store, on_bad_answer="retry"
    )
    assert (usage.asked, usage.second_tries) == (3, 2)


def test_a_shared_budget_needs_a_store(counting_enhancer):
    with pytest.raises(InvalidParameterError, match=r"`store` must be given for a Budget with shared_as='s', .* got N"):
        ask(counting_enhancer(), [0], Budget(5, shared_as="s"), None)


def test_what_a_killed_process_reserved_counts_until_it_is_asked_again(store, counting_enhancer):
    script = (
        "import os, sys\n"
        "from tests.llm.test_budget import *\n"
        "class Killed:\n"
        "    name = 'counting'\n"
        "    def complete_iter(self, questions):\n"
        "        yield 0, 'fine words'\n"
        "        os._exit(9)\n"
        "ask(Killed(), range(4), Budget(6, shared_as='s'), ResponseStore(sys.argv[1], lease=0.2))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(store.url)], check=False)
    assert done.returncode == 9
    reserved = store.get_state("budget:s")["reserved"]
    assert len(reserved) in (3, 4)
    other = counting_enhancer()
    assert ask(other, range(10, 20), Budget(6, shared_as="s"), store).asked == 2
    # those that it had asked take no room of their own
    assert ask(counting_enhancer(), range(4), Budget(6, shared_as="s"), store).asked in (3, 4)
    assert store.get_state("budget:s")["spent"][0] == 6


def test_processes_together_keep_a_budget(store):
    script = (
        "import sys\n"
        "from tests.llm.test_budget import *\n"
        "from skellagnn import CallableEnhancer\n"
        "first, path = int(sys.argv[1]), sys.argv[2]\n"
        "enhancer = CallableEnhancer(lambda question: 'some ' + question, model_name=f'm{first}')\n"
        "enhancer.chunk_size = 2\n"
        "print(ask(enhancer, range(20), Budget(25, shared_as='s'), ResponseStore(path)).asked)\n"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", script, str(first), str(store.url)], stdout=subprocess.PIPE)
        for first in range(3)
    ]
    asked = [int(worker.communicate()[0]) for worker in workers]
    assert sum(asked) == 25
    assert store.get_state("budget:s")["spent"][0] == 25


# -- plans -------------------------------------------------------------------------------------------------------


def plan_of(nodes, budget, enhancer, store):
    questions = build_questions(GRAPH, np.array(nodes), BRIEF, None).questions
    names = tuple(map(str, nodes))
    return Plan(20, np.array(nodes), names, (PlanPart.of(enhancer, store, None, questions),), budget)


def test_the_plan_of_a_search_has_the_shared_budget_once(store, counting_enhancer):
    enhancer = counting_enhancer(lambda question: "fine words")
    plans = [plan_of(range(20), Budget(6, shared_as="s"), enhancer, store)] * 2
    merged = merge_plans(plans, n_fits=9)
    assert (merged.budget.limits, merged.budget.shared_as) == ({"max_calls": 6}, "s")
    assert "max_calls=6, shared as 's'" in repr(merged)
    pieces = merged.split(3)
    assert [piece.n_new for piece in pieces] == [2, 2, 2]
    assert pieces[0].execute(verbose=0).total.asked == 2
    assert [piece.n_new for piece in plans[0].split(3)] == [2, 1, 1]
    assert Spent(*store.get_state("budget:s")["spent"]).calls == 2
