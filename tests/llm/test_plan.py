"""What a fit or a search would ask: counted by hand, and asked on request."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    StratifiedKFold,
)
from sklearn.pipeline import Pipeline

from skellagnn import Budget, CallableEnhancer, ELLaGNNClassifier, OpenAIEnhancer, TextGraph
from skellagnn.datasets import make_text_graph
from skellagnn.enhancers import Answer
from skellagnn.exceptions import AnswerWarning, InvalidParameterError
from skellagnn.llm.asking import build_questions, enhance
from skellagnn.llm.plan import Plan, PlanPart, merge_plans, plan_search
from skellagnn.llm.store import ResponseStore
from skellagnn.prompts import Prompt, PromptCatalog

SHORT = Prompt("short", "{text}", max_answer_tokens=10)
LONG = Prompt("long", "Tell me of: {text}", max_answer_tokens=100)
CATALOG = PromptCatalog.from_parameter([SHORT, LONG])
GRAPH = TextGraph.from_edges([(0, 1), (1, 2)], texts=["aaaa", "bbbbbbbb", "aaaa", "<i>c</i>"], n_nodes=4)


@pytest.fixture
def store(tmp_path):
    store = ResponseStore(tmp_path / "answers.sqlite")
    yield store
    store.close()


def plan_of(
    *active, graph=GRAPH, catalog=CATALOG, enhancer=None, store=None, prices=None, n_fits=1, retry=False, **limits
):
    nodes = np.array(active, dtype=np.int64)
    table = build_questions(graph, nodes, catalog, ["A", "B"])
    part = PlanPart.of(enhancer, store, ("A", "B"), table.questions, asks_again=retry)
    names = tuple(graph.name_of(node) for node in active)
    return Plan(graph.n_nodes, nodes, names, (part,), Budget(**limits, prices=prices), n_fits)


# -- counting ----------------------------------------------------------------------------------------------------


def test_questions_tokens_and_limits_by_hand():
    plan = plan_of(2, 1, 0)

    # "aaaa" (twice, asked once) and "bbbbbbbb": 1 + 2 tokens short, 4 + 5 tokens long
    assert plan.questions == {"short": 2, "long": 2}
    assert (plan.n_questions, plan.n_stored, plan.n_new) == (4, 0, 4)
    assert plan.tokens_in == 1 + 2 + 4 + 5
    assert plan.tokens_are_estimated
    assert plan.max_tokens_out == 2 * 10 + 2 * 100


def test_the_plan_counts_what_is_asked(counting_enhancer):
    catalog = PromptCatalog.from_parameter("all")
    enhancer = counting_enhancer(lambda question: "B, I would say")

    plan = plan_of(0, 1, 2, 3, catalog=catalog)
    usage = enhance(enhancer, build_questions(GRAPH, np.arange(4), catalog, ["A", "B"]), ["A", "B"]).usage

    assert plan.n_questions == len(enhancer.asked)
    assert plan.questions == {name: part.asked for name, part in usage.prompts.items()}
    assert plan.tokens_in == usage.total.tokens_in


def test_planning_asks_nothing(counting_enhancer, store):
    enhancer = counting_enhancer()

    plan = plan_of(0, 1, enhancer=enhancer, store=store)
    repr(plan), plan._repr_html_(), plan.cost((1.0, 1.0)), plan.minutes(60)

    assert enhancer.asked == []


def test_an_enhancer_that_knows_its_tokens_counts_them(counting_enhancer):
    enhancer = counting_enhancer()
    enhancer.count_tokens = lambda questions: [10 * len(question) for question in questions]

    plan = plan_of(0, 1, enhancer=enhancer)

    assert plan.tokens_in == 10 * (4 + 16 + 8 + 20)
    assert not plan.tokens_are_estimated
    assert re.search(r"tokens in +480\n", repr(plan))


def test_examples_are_the_first_question_of_each_prompt_at_most_three():
    assert plan_of(1, 0).examples == ("bbbbbbbb", "Tell me of: bbbbbbbb")
    all_prompts = PromptCatalog.from_parameter("all")
    examples = plan_of(1, 0, catalog=all_prompts).examples
    assert examples == tuple(prompt.render({"text": "bbbbbbbb"}) for prompt in all_prompts[:3])


def test_the_plan_of_nothing():
    plan = plan_of()

    assert plan.questions == {}
    assert (plan.n_questions, plan.tokens_in, plan.max_tokens_out, plan.examples) == (0, 0, 0, ())
    assert plan.cost((1, 1)) == 0
    assert plan.minutes(10) == 0
    assert "0 of 4 (0.0 %)" in repr(plan)
    assert re.search(r"first of them +none", repr(plan))


def test_the_plan_of_an_empty_graph_can_be_shown():
    empty = TextGraph.from_edges([], texts=[], n_nodes=0)

    assert "0 of 0 (0.0 %)" in repr(plan_of(graph=empty))


# -- money and time ----------------------------------------------------------------------------------------------


def test_money_is_price_times_millions_of_tokens():
    plan = plan_of(0, 1, prices=(2.0, 8.0))

    assert plan.cost((2.0, 0.0)) == pytest.approx(12 * 2e-6)
    assert plan.cost((0.0, 8.0)) == pytest.approx(220 * 8e-6)
    assert plan.cost() == pytest.approx(12 * 2e-6 + 220 * 8e-6)
    assert re.search(r"cost +at most 0\.001784$", repr(plan).partition("\nexample")[0])


def test_without_prices_there_is_no_cost():
    with pytest.raises(
        InvalidParameterError, match=r"`prices` must be given to know the cost, got None\. .* plan\.cost\(\("
    ):
        plan_of(0).cost()
    assert "cost" not in repr(plan_of(0))


def test_minutes_at_a_given_rate():
    assert plan_of(0, 1).minutes(8) == pytest.approx(0.5)


def test_minutes_need_a_rate_or_a_sample():
    with pytest.raises(InvalidParameterError, match=r"`answers_per_minute` must be given, or `sample` .* got neither"):
        plan_of(0).minutes()


@pytest.mark.parametrize("rate", [0, -1, float("nan"), "fast"])
def test_minutes_need_a_positive_rate(rate):
    with pytest.raises(InvalidParameterError, match=r"`answers_per_minute` must be a number in \(0, inf\), got "):
        plan_of(0).minutes(rate)


def test_a_budget_that_allows_nothing_measures_no_rate(counting_enhancer, store):
    plan = plan_of(0, enhancer=counting_enhancer(), store=store, max_tokens=1)

    with pytest.raises(InvalidParameterError, match=r"`sample` must ask a question .* allows none \(max_tokens=1\)"):
        plan.minutes(sample=2)


def test_minutes_measured_on_a_sample_keep_its_answers(counting_enhancer, store):
    enhancer = counting_enhancer()
    plan = plan_of(0, 1, 3, enhancer=enhancer, store=store)

    minutes = plan.minutes(sample=2)

    assert minutes > 0
    assert len(enhancer.asked) == 2
    assert plan_of(0, 1, 3, enhancer=enhancer, store=store).n_stored == 2


# -- the store and asking ----------------------------------------------------------------------------------------


def test_what_is_stored_is_not_new(counting_enhancer, store):
    enhancer = counting_enhancer()
    plan_of(1, enhancer=enhancer, store=store).execute(verbose=0)

    plan = plan_of(0, 1, enhancer=enhancer, store=store)

    assert (plan.n_questions, plan.n_stored, plan.n_new) == (4, 2, 2)
    assert plan.tokens_in == 1 + 4
    assert plan.max_tokens_out == 110
    assert plan.questions == {"short": 2, "long": 2}
    assert plan_of(0, 1, enhancer=counting_enhancer(name="another"), store=store).n_stored == 0


def test_executing_asks_the_new_questions_once(counting_enhancer, store):
    enhancer = counting_enhancer()
    plan = plan_of(0, 1, 2, enhancer=enhancer, store=store)

    usage = plan.execute(verbose=0)
    again = plan.execute(verbose=0)

    assert sorted(enhancer.asked) == ["Tell me of: aaaa", "Tell me of: bbbbbbbb", "aaaa", "bbbbbbbb"]
    assert (usage.total.asked, usage.total.found) == (4, 0)
    assert (again.total.asked, again.total.found) == (0, 4)
    assert plan_of(0, 1, 2, enhancer=enhancer, store=store).n_new == 0


def test_executing_a_part_of_it(counting_enhancer, store):
    enhancer = counting_enhancer()

    usage = plan_of(0, 1, enhancer=enhancer, store=store).execute(budget=Budget(3), verbose=0)

    assert len(enhancer.asked) == 3
    assert (usage.total.asked, usage.total.left) == (3, 1)


@pytest.mark.parametrize(
    ("limits", "n_asked"),
    # in order 1 + 10, 4 + 100, 2 + 10, 5 + 100 tokens if answers are as long as they may be; they are of one token
    [({"max_calls": 3}, 3), ({"max_calls": 0}, 0), ({"max_tokens": 110}, 3), ({"max_cost": 110e-6}, 3), ({}, 4)],
)
def test_executing_keeps_the_budget_of_the_plan_or_the_one_given(counting_enhancer, store, limits, n_asked):
    def short(prompts):
        return [Answer("fine", tokens_in=len(prompt) // 4, tokens_out=1) for prompt in prompts]

    planned, given = (counting_enhancer(lambda question: short([question])[0], name) for name in ("planned", "given"))
    planned.chunk_size = given.chunk_size = 1
    plan = plan_of(0, 1, enhancer=planned, store=store, prices=(1.0, 1.0), **limits)

    if n_asked < 4:
        with pytest.warns(AnswerWarning, match=f"{4 - n_asked} not asked, since the budget was spent"):
            usage = plan.execute(verbose=0)
    else:
        usage = plan.execute(verbose=0)
    other = plan_of(0, 1, enhancer=given, store=store, prices=(1.0, 1.0), max_calls=1)
    rest = other.execute(budget=Budget(**limits, prices=(1.0, 1.0)), verbose=0)  # no warning: the limit was asked for

    assert usage.total.asked == len(planned.asked) == n_asked
    assert rest.total.asked == len(given.asked) == n_asked
    assert plan_of(0, 1, enhancer=planned, store=store).n_stored == n_asked


def test_the_plan_of_an_estimator_has_its_budget(counting_enhancer, store):
    enhancer = counting_enhancer(lambda question: "some words")
    clf = ELLaGNNClassifier(
        enhancer,
        augmentation_ratio=4,
        prompts=[SHORT, LONG],
        selection="degree",
        store=store,
        budget=Budget(max_calls=2, max_cost=0.5, prices=(1.0, 1.0)),
    )

    plan = clf.plan(TWELVE)
    with pytest.warns(AnswerWarning, match="6 not asked"):
        plan.execute(verbose=0)

    assert (plan.n_new, len(enhancer.asked)) == (8, 2)
    assert re.search(r"budget +max_calls=2, max_cost=0\.5\n", repr(plan))
    pieces = clf.set_params(budget__max_calls=3).plan(TWELVE).split(3)
    assert sum(piece.n_new for piece in pieces) == sum(piece.execute(verbose=0).total.asked for piece in pieces) == 3


# -- second tries ------------------------------------------------------------------------------------------------


def test_retries_count_in_tokens_and_money():
    plan = plan_of(0, 1, retry=True, prices=(1.0, 1.0))

    assert (plan.n_new, plan.max_second_tries) == (4, 4)
    assert (plan.tokens_in, plan.max_tokens_out) == (2 * 12, 2 * 220)
    assert plan.cost() == pytest.approx(2 * (12 + 220) * 1e-6)
    assert re.search(r"second tries +at most 4\ntokens in +at most about 24 ", repr(plan))


def test_what_a_fit_with_retries_spends_is_within_the_plan(counting_enhancer, store):
    enhancer = counting_enhancer(lambda question: Answer("", tokens_in=len(question) // 4, tokens_out=100))
    plan = plan_of(
        1, catalog=PromptCatalog.from_parameter(LONG), enhancer=enhancer, store=store, retry=True, prices=(1, 1)
    )

    with pytest.warns(AnswerWarning, match="1 empty"):
        usage = plan.execute(verbose=0)

    assert enhancer.asked == ["Tell me of: bbbbbbbb"] * 2
    assert (usage.total.asked, usage.total.second_tries) == (1, 1)
    assert usage.cost == plan.cost() == pytest.approx(2 * (5 + 100) * 1e-6)
    # both tries are stored: nothing is left to ask
    again = plan_of(1, catalog=PromptCatalog.from_parameter(LONG), enhancer=enhancer, store=store, retry=True)
    assert (again.n_new, again.max_second_tries, again.tokens_in, again.split(2)) == (0, 0, 0, [])


def test_stored_bad_answers_are_planned_to_be_asked_again(counting_enhancer, store):
    enhancer = counting_enhancer(lambda question: "" if question == "aaaa" else "some words")
    with pytest.warns(AnswerWarning):
        plan_of(0, 1, enhancer=enhancer, store=store).execute(verbose=0)

    plan = plan_of(0, 1, enhancer=enhancer, store=store, retry=True)
    assert (plan.n_new, plan.max_second_tries, plan.tokens_in, plan.max_tokens_out) == (0, 1, 1, 10)
    enhancer.batches.clear()
    (piece,) = plan.split(3)
    assert (piece.n_new, piece.max_second_tries) == (0, 1)
    with pytest.warns(AnswerWarning):
        piece.execute(verbose=0)
    assert enhancer.asked == ["aaaa"]


def test_pieces_with_retries_keep_a_budget(counting_enhancer, store):
    plan = plan_of(0, 1, enhancer=counting_enhancer(lambda question: ""), store=store, retry=True)

    pieces = plan.split(2, Budget(max_calls=5))

    assert sum(piece.n_new for piece in pieces) == 2
    with pytest.warns(AnswerWarning):
        usages = [piece.execute(verbose=0).total for piece in pieces]
    assert sum(usage.asked + usage.second_tries for usage in usages) == 4


def test_executing_counts_money_where_there_are_prices(counting_enhancer, store):
    enhancer = counting_enhancer(lambda question: Answer("fine", tokens_in=1000, tokens_out=10))

    usage = plan_of(0, 1, enhancer=enhancer, store=store, prices=(1.0, 10.0)).execute(verbose=0)

    assert usage.cost == pytest.approx(4 * (1000 + 100) / 1e6)


def test_executing_shows_progress_and_says_what_failed(counting_enhancer, store, capsys):
    enhancer = counting_enhancer(lambda question: None)

    with pytest.warns(AnswerWarning, match="Of 2 questions to 'counting', these brought nothing: 2 not answered"):
        plan_of(0, enhancer=enhancer, store=store).execute()

    assert "2 failed" in capsys.readouterr().err


def test_executing_needs_an_enhancer_and_a_store(counting_enhancer, store):
    with pytest.raises(InvalidParameterError, match="`enhancer` must be given to execute a plan, got None"):
        plan_of(0, store=store).execute()
    enhancer = counting_enhancer()
    with pytest.raises(
        InvalidParameterError, match=r"`store` must be given to execute a plan, or its answers would be lost"
    ):
        plan_of(0, enhancer=enhancer).execute()
    assert enhancer.asked == []


# -- the picture -------------------------------------------------------------------------------------------------


def test_the_text_says_the_numbers_in_a_table():
    assert repr(plan_of(2, 1, 0)).splitlines() == [
        "Plan",
        "LLM                 none: what it would be asked",
        "nodes asked about   3 of 4 (75.0 %)",
        "first of them       2, 1, 0",
        "distinct questions  4",
        "  short             2",
        "  long              2",
        "stored              0",
        "new                 4",
        "tokens in           about 12 (4 characters a token)",
        "tokens out          at most 220",
        "example 1:",
        "  | aaaa",
        "example 2:",
        "  | Tell me of: aaaa",
    ]


def test_more_than_five_names_are_cut_and_thousands_are_grouped(store):
    graph = TextGraph.from_edges([], texts=[f"text {i}" for i in range(1200)])

    shown = repr(plan_of(*range(1200), graph=graph, store=store, n_fits=21))

    assert "1,200 of 1,200 (100.0 %)" in shown
    assert "0, 1, 2, 3, 4, ...\n" in shown
    assert "2,400, shared by 21 fits\n" in shown


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


# -- several plans -----------------------------------------------------------------------------------------------


def test_merged_plans_count_each_question_once(counting_enhancer, store):
    enhancer = counting_enhancer()
    plan_of(1, enhancer=enhancer, store=store).execute(verbose=0)
    small, large = (plan_of(*nodes, enhancer=enhancer, store=store) for nodes in [(1,), (1, 0, 3)])

    merged = merge_plans([small, large, small], n_fits=16)

    assert merged.active_nodes.tolist() == [1, 0, 3]
    assert merged.active_names == ("1", "0", "3")
    assert (merged.n_questions, merged.n_stored, merged.n_fits) == (6, 2, 16)
    assert len(merged.parts) == 1


def test_merged_plans_of_two_models_ask_both(counting_enhancer, store):
    one, other = counting_enhancer(name="one"), counting_enhancer(name="other")

    merged = merge_plans([plan_of(0, enhancer=one, store=store), plan_of(0, enhancer=other, store=store)], n_fits=2)
    usage = merged.execute(verbose=0)

    assert merged.n_questions == 4
    assert one.asked == other.asked == ["aaaa", "Tell me of: aaaa"]
    assert usage.model == "one + other"
    assert usage.total.asked == 4


def test_a_search_may_spend_what_its_fits_may(counting_enhancer, store):
    def plan(**limits):
        return plan_of(0, 1, enhancer=counting_enhancer(lambda question: "some words"), store=store, **limits)

    merged = merge_plans([plan(max_calls=1, max_tokens=7), plan(max_calls=0)], n_fits=3)

    assert merged.budget.limits == {"max_calls": 3}
    with pytest.warns(AnswerWarning, match="1 not asked"):
        assert merged.execute(verbose=0).total.asked == 3


class Asker(BaseEstimator):
    """Plans like the classifier, without the rest of it."""

    def __init__(self, enhancer=None, ratio=0.5, prompts="short", store=None):
        self.enhancer = enhancer
        self.ratio = ratio
        self.prompts = prompts
        self.store = store

    def fit(self, X, y):
        return self

    def plan(self, X, y):
        prompts = [prompt for prompt in CATALOG if prompt.name in self.prompts]
        nodes = range(round(self.ratio * X.n_nodes))
        catalog = PromptCatalog.from_parameter(prompts)
        return plan_of(*nodes, graph=X, catalog=catalog, enhancer=self.enhancer, store=self.store)


class Table(BaseEstimator):
    """An enhancer that `clone` can copy."""

    name = "table"

    def complete(self, prompts):
        return [prompt.upper() for prompt in prompts]


TWELVE = TextGraph.from_edges([], texts=[f"text {i}" for i in range(12)])
Y = np.arange(12) % 2


def test_a_search_is_planned_as_the_union_of_its_candidates():
    grid = {"ratio": [0.25, 0.5], "prompts": ["short", "short+long"]}
    search = GridSearchCV(Asker(Table()), grid, cv=3)

    plan = plan_search(search, TWELVE, Y)

    assert plan.active_nodes.tolist() == [0, 1, 2, 3, 4, 5]
    assert plan.questions == {"short": 6, "long": 6}
    assert plan.n_fits == 4 * 3 + 1


def test_without_a_store_every_fit_asks_anew():
    enhancer = CallableEnhancer(count_calls, model_name="counts")
    clf = ELLaGNNClassifier(
        enhancer,
        prompts="keywords",
        selection="clustering",
        encoder="tfidf",
        teacher=None,
        max_iter=1,
        store=None,
        budget=Budget(prices=(1.0, 2.0)),
    )
    data = make_text_graph(n_nodes=40, random_state=0)
    search = GridSearchCV(clf, {"augmentation_ratio": [2, 4]}, cv=2)

    plan = plan_search(search, data.graph, data.target)
    CALLS.clear()
    search.set_params(scoring=prefer_more_answers).fit(data.graph, data.target)

    assert (plan.n_questions, plan.n_fits) == (4, 5)
    assert plan.n_new == len(CALLS) == 2 * 2 + 2 * 4 + 4
    once = clf.set_params(augmentation_ratio=2).plan(data.graph), clf.set_params(augmentation_ratio=4).plan(data.graph)
    assert plan.cost() == pytest.approx(2 * once[0].cost() + 3 * once[1].cost())
    assert "distinct questions  4; without a store 5 fits ask anew\n" in repr(plan)


CALLS = []


def count_calls(prompt):
    CALLS.append(prompt)
    return "some words"


CALLABLE = CallableEnhancer(count_calls, model_name="counts")


def prefer_more_answers(estimator, X, y):
    return estimator.llm_usage_.total.asked


def test_executing_into_another_store_asks_each_question_once(counting_enhancer, store):
    enhancer = counting_enhancer(lambda question: "some words")
    plan = merge_plans([plan_of(0, enhancer=enhancer), plan_of(0, 1, enhancer=enhancer)], n_fits=2)

    assert (plan.n_questions, plan.n_new, sum(piece.n_new for piece in plan.split(2))) == (4, 6, 4)
    assert plan.execute(store=store, verbose=0).total.asked == len(enhancer.asked) == 4


def test_recordings_cost_nothing_and_are_shared():
    enhancer = Table()
    enhancer.is_recording = True

    plan = merge_plans([plan_of(0, enhancer=enhancer), plan_of(0, 1, enhancer=enhancer)], n_fits=2)

    assert plan.n_new == 4
    assert "4, shared by 2 fits\n" in repr(plan)


def test_a_halving_search_without_a_store_cannot_be_planned():
    search = HalvingGridSearchCV(Asker(Table()), {"ratio": [0.25, 0.5]}, cv=2)

    with pytest.raises(InvalidParameterError, match="`store` must be given to plan a halving search, got None"):
        plan_search(search, TWELVE, Y)


RARE = np.array(["math"] * 7 + ["pets"] * 4 + ["rare"])


@pytest.mark.parametrize(
    ("cv", "reason"),
    [
        (StratifiedKFold(2), "a training fold lacks one, got None and no 'rare' in fold 1"),
        (KFold(3), "a training fold lacks one, got None and no 'rare' in fold 2"),
        (GroupKFold(2), r"folds cannot be made here \(The 'groups' parameter should not be None"),
    ],
)
@pytest.mark.filterwarnings("ignore:The least populated class")
def test_folds_that_lack_a_class_that_labels_name_are_refused(store, cv, reason):
    clf = ELLaGNNClassifier(CALLABLE, prompts="topic", selection="degree", store=store)
    search = GridSearchCV(clf, {"augmentation_ratio": [3]}, cv=cv)

    with pytest.raises(InvalidParameterError, match=f"`class_names` must be given to plan a search .* {reason}"):
        plan_search(search, TWELVE, RARE)

    # names that every fit lists, prompts that list none, and folds with every class
    named = clone(search).set_params(estimator__class_names=["math", "pets", "rare"])
    assert plan_search(named, TWELVE, RARE).n_new == 3
    assert plan_search(clone(search).set_params(estimator__prompts="keywords"), TWELVE, RARE).n_new == 3
    assert plan_search(clone(search).set_params(cv=3), TWELVE, np.array(["math", "pets"] * 6)).n_new == 3


def test_samples_of_a_halving_search_may_lack_a_class(store):
    clf = ELLaGNNClassifier(CALLABLE, prompts="topic", selection="degree", store=store)

    with pytest.raises(InvalidParameterError, match="rounds fit samples that may lack some of them"):
        plan_search(HalvingGridSearchCV(clf, {"augmentation_ratio": [3]}, cv=2), TWELVE, np.array(["a", "b"] * 6))


def test_without_an_enhancer_the_plan_says_what_one_would_be_asked():
    plan = ELLaGNNClassifier(
        prompts="keywords", augmentation_ratio=3, selection="degree", budget=Budget(prices=(1.0, 1.0))
    ).plan(TWELVE)

    assert (plan.n_new, plan.cost() > 0) == (3, True)
    assert re.search(r"LLM +none: what it would be asked\n", repr(plan))


@pytest.mark.parametrize(("refit", "n_fits"), [(True, 9), (False, 8), ("accuracy", 9)])
def test_the_refit_is_a_fit_too(refit, n_fits):
    search = GridSearchCV(Asker(Table()), {"ratio": [0.25, 0.5]}, cv=4, refit=refit)

    assert plan_search(search, TWELVE, Y).n_fits == n_fits


def test_candidates_without_an_enhancer_ask_nothing():
    search = GridSearchCV(Asker(), {"enhancer": [None, Table()], "ratio": [0.25]}, cv=2)
    assert plan_search(search, TWELVE, Y).n_questions == 3

    nobody = plan_search(GridSearchCV(Asker(), {"ratio": [0.25]}, cv=2), TWELVE, Y)
    assert (nobody.n_questions, nobody.n_nodes, nobody.n_fits) == (0, 12, 3)
    assert "distinct questions  0" in repr(nobody)


def test_the_last_step_of_a_pipeline_is_planned():
    search = GridSearchCV(Pipeline([("skip", "passthrough"), ("ask", Asker(Table()))]), {"ask__ratio": [0.25]}, cv=2)

    assert plan_search(search, TWELVE, Y).n_questions == 3


def test_a_randomized_search_is_planned_with_its_own_draws():
    search = RandomizedSearchCV(Asker(Table()), {"ratio": [0.1, 0.25, 0.5, 1.0]}, n_iter=2, cv=2, random_state=3)
    search_again = RandomizedSearchCV(Asker(Table()), {"ratio": [0.1, 0.25, 0.5, 1.0]}, n_iter=2, cv=2, random_state=3)

    plan = plan_search(search, TWELVE, Y)

    search_again.set_params(scoring=lambda estimator, X, y: 0.0, error_score="raise").fit(np.arange(12)[:, None], Y)
    drawn = max(params["ratio"] for params in search_again.cv_results_["params"])
    assert plan.n_questions == round(drawn * 12)
    assert plan.n_fits == 5


def test_a_randomized_search_without_a_seed_cannot_be_planned():
    search = RandomizedSearchCV(Asker(Table()), {"ratio": [0.1, 0.5]}, n_iter=2)

    with pytest.raises(
        InvalidParameterError, match=r"`search` must have an int as random_state to be planned, got None"
    ):
        plan_search(search, TWELVE, Y)


@pytest.mark.parametrize(
    ("search", "sentence"),
    [
        (Asker(Table()), "`search` must be a GridSearchCV, RandomizedSearchCV or halving search, got Asker"),
        (GridSearchCV(Table(), {}), "`search` must be over an ELLaGNNClassifier, got Table, which asks nothing"),
    ],
)
def test_what_is_no_search_over_a_classifier_is_refused(search, sentence):
    with pytest.raises(InvalidParameterError, match=sentence):
        plan_search(search, TWELVE, Y)


# -- pieces ------------------------------------------------------------------------------------------------------


def test_pieces_share_the_new_questions_out(counting_enhancer, store):
    enhancer = counting_enhancer(lambda question: "some words")
    plan_of(1, enhancer=enhancer, store=store).execute(verbose=0)
    plan = plan_of(3, 1, 0, enhancer=enhancer, store=store)

    pieces = plan.split(3)

    assert [[str(question) for part in piece.parts for question in part.new] for piece in pieces] == [
        ["<i>c</i>", "Tell me of: aaaa"],
        ["Tell me of: <i>c</i>"],
        ["aaaa"],
    ]
    assert [piece.active_names for piece in pieces] == [("3", "0"), ("3",), ("0",)]
    assert [piece.active_nodes.tolist() for piece in pieces] == [[3, 0], [3], [0]]
    assert sum(piece.tokens_in for piece in pieces) == plan.tokens_in
    assert "2 of 4 (50.0 %)" in repr(pieces[0])


def test_there_are_no_empty_pieces(counting_enhancer, store):
    enhancer = counting_enhancer(lambda question: "some words")
    plan = plan_of(1, enhancer=enhancer, store=store)
    assert len(plan.split(9)) == 2
    plan.execute(verbose=0)
    assert plan_of(1, enhancer=enhancer, store=store).split(9) == []


def test_pieces_ask_each_question_once_and_a_fit_finds_them(counting_enhancer, store):
    enhancer = counting_enhancer(lambda question: "some words")
    plan = plan_of(0, 1, 3, enhancer=enhancer, store=store)

    usages = [piece.execute(verbose=0) for piece in plan.split(4)]

    assert sum(usage.total.asked for usage in usages) == plan.n_new == 6
    assert sorted(enhancer.asked) == sorted(str(question) for question in plan.parts[0].questions)
    assert plan_of(0, 1, 3, enhancer=enhancer, store=store).n_new == 0


@pytest.mark.parametrize(
    ("limits", "prices", "n_questions"),
    [
        ({"max_calls": 3}, None, 3),
        ({"max_calls": 0}, None, 0),
        # in order 1 + 10, 4 + 100, 2 + 10, 5 + 100
        ({"max_tokens": 114}, None, 1),
        ({"max_tokens": 115}, None, 2),
        ({"max_tokens": 127}, None, 3),
        ({"max_cost": 120e-6}, (0.0, 1.0), 3),
        ({"max_cost": 119e-6}, (0.0, 1.0), 2),
        ({"max_cost": 1.0, "max_calls": 1}, (0.0, 1.0), 1),
    ],
)
def test_the_pieces_together_keep_a_budget(limits, prices, n_questions):
    plan = plan_of(0, 1, prices=prices)
    pieces = plan.split(2, Budget(**limits, prices=prices))
    assert sum(piece.n_new for piece in pieces) == n_questions
    first = {str(question) for question in plan.parts[0].questions[:n_questions]}
    assert {str(question) for piece in pieces for question in piece.parts[0].questions} == first


def test_a_plan_expects_the_longest_answers_of_its_enhancer():
    enhancer = OpenAIEnhancer("m", base_url="http://localhost:1/v1", max_tokens=4096, system_prompt="x" * 40)
    plan = plan_of(2, 1, 0, enhancer=enhancer, prices=(0.0, 1.0))

    assert plan.max_tokens_out == 4 * 4096
    assert plan.tokens_in == 1 + 2 + 4 + 5 + 4 * 10
    assert plan.cost() == pytest.approx(4 * 4096e-6)
    assert sum(piece.n_new for piece in plan.split(2, Budget(max_cost=2.5 * 4096e-6, prices=(0.0, 1.0)))) == 2


def test_the_budget_runs_on_over_the_enhancers_of_a_plan(counting_enhancer, store):
    plans = [
        plan_of(0, 1, enhancer=counting_enhancer(lambda question: "some words", name), store=store)
        for name in ("one", "two")
    ]
    plan = merge_plans(plans, n_fits=2)

    pieces = plan.split(3, Budget(max_calls=6))

    assert [[part.enhancer.name for part in piece.parts] for piece in pieces] == [
        ["one"],
        ["one", "two"],
        ["one", "two"],
    ]
    assert [piece.n_new for piece in pieces] == [2, 2, 2]
    assert sum(piece.execute(verbose=0).total.asked for piece in pieces) == 6


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n_pieces": 0}, "`n_pieces` must be a positive int, got 0"),
        ({"n_pieces": True}, "`n_pieces` must be a positive int, got True"),
        ({"n_pieces": 2.0}, "`n_pieces` must be a positive int, got 2.0"),
        ({"n_pieces": 2, "budget": Budget(-1)}, "`max_calls` of a Budget must be None or an int of 0 or more, got -1"),
    ],
)
def test_wrong_pieces_are_refused(arguments, sentence):
    with pytest.raises(InvalidParameterError, match=sentence):
        plan_of(0, 1).split(**arguments)


def test_a_piece_is_executed_by_an_enhancer_of_the_same_name(counting_enhancer, store):
    planned, other, wrong = (
        counting_enhancer(lambda question: "some words"),
        counting_enhancer(lambda question: "some words"),
        counting_enhancer(name="another model"),
    )
    (piece,) = plan_of(0, enhancer=planned, store=store).split(1)

    assert piece.execute(enhancer=other, verbose=0).total.asked == 2
    assert (len(planned.asked), len(other.asked)) == (0, 2)
    with pytest.raises(
        InvalidParameterError, match=r"`enhancer` must answer under a name that was planned for, 'counting', got 'ano"
    ):
        piece.execute(enhancer=wrong, verbose=0)
    assert wrong.asked == []


def test_answers_of_pieces_with_stores_of_their_own_meet_later(counting_enhancer, store, tmp_path):
    enhancer = counting_enhancer(lambda question: "some words")
    plan = plan_of(0, 1, 3, enhancer=enhancer, store=store)

    for number, piece in enumerate(plan.split(3)):
        own = ResponseStore(tmp_path / f"{number}.sqlite")
        piece.execute(store=own, verbose=0)
        own.export(tmp_path / f"{number}.jsonl")
        own.close()
    assert plan_of(0, 1, 3, enhancer=enhancer, store=store).n_new == 6
    assert sum(store.merge(path) for path in tmp_path.glob("*.jsonl")) == 6

    assert plan_of(0, 1, 3, enhancer=enhancer, store=store).n_new == 0
    assert len(enhancer.asked) == 6


def test_a_pickled_plan_holds_no_password_and_no_key(monkeypatch):
    monkeypatch.setenv("SOME_KEY", "sk-0123456789-secret")
    store = ResponseStore("postgresql+psycopg://anna:pass-word-1@127.0.0.1:1/answers", lease=7.0)
    enhancer = OpenAIEnhancer("m", base_url="http://127.0.0.1:1/v1", api_key_env="SOME_KEY")
    questions = build_questions(GRAPH, np.array([0, 1]), CATALOG, ["A"]).questions
    part = PlanPart(enhancer, store, ("A",), tuple(questions))
    plan = Plan(4, np.array([0, 1]), ("0", "1"), (part,))

    for each in [plan, *plan.split(2)]:
        data = pickle.dumps(each)
        assert b"pass-word-1" not in data
        assert b"sk-0123456789" not in data
        again = pickle.loads(data)
        assert again.parts[0].questions == each.parts[0].questions
        assert {question.prompt for question in again.parts[0].questions} <= {SHORT, LONG}
        assert again.parts[0].store.url == "postgresql+psycopg://anna@127.0.0.1:1/answers"
        assert again.parts[0].store.lease == 7.0
        assert again.parts[0].enhancer.get_params() == enhancer.get_params()
    assert "pass-word-1" in plan.parts[0].store.url  # this process keeps its own
