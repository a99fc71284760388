"""Searches and augmentation on a real Dask cluster of two processes."""

from __future__ import annotations

import uuid

import joblib
import numpy as np
import pytest

from skellagnn import ELLaGNNClassifier, OpenAIEnhancer, TextGraph, plan_search
from skellagnn.exceptions import EnhancerError
from skellagnn.graph import share_graph

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def client(workers_environment):
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def count_pickles(monkeypatch):
    """Return a list that grows by one item whenever this process pickles a graph whole."""
    pickled = []

    def reduce_ex(self, protocol):
        if type(self) is TextGraph:
            pickled.append(self)
        return object.__reduce_ex__(self, protocol)

    monkeypatch.setattr(TextGraph, "__reduce_ex__", reduce_ex)
    return pickled


@pytest.mark.parametrize("how", ["scattered", "shared"])
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # the next test takes both
def test_a_planned_search_asks_nothing_sends_the_graph_once_and_finds_the_same(
    client, start_server, make_search, problem, count_pickles, one_thread, each_once, how, tmp_path
):
    server = start_server()
    labeled = problem.target >= 0
    X, y = problem.graph[labeled], problem.target[labeled]
    search = make_search(server.url, str(uuid.uuid4()))
    plan_search(search, X, y).execute(verbose=0)
    n_questions = 2 * 18  # two prompts, 0.3 of 60 nodes
    assert each_once([server], n_questions)
    search.fit(X, y)
    here, best = search.cv_results_["mean_test_score"], search.best_params_
    count_pickles.clear()

    if how == "shared":
        X = share_graph(X, tmp_path / "graph")
    with joblib.parallel_config("dask", scatter=[X] if how == "scattered" else None):
        search.fit(X, y)

    assert len(server.answered) == n_questions
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], here)
    assert search.best_params_ == best
    # 8 fits on 2 workers: scattering pickles it once, and once more for each worker at most
    assert len(count_pickles) <= (3 if how == "scattered" else 0)


def test_workers_that_ask_share_claims(client, start_server, make_search, problem, each_once):
    server = start_server()
    X = problem.graph
    search = make_search(server.url, str(uuid.uuid4()))
    with joblib.parallel_config("dask", scatter=[X]):
        search.fit(X, problem.true_target)
    assert each_once([server], 36)
    assert search.best_estimator_.llm_usage_.total.asked == 0


def test_a_plan_is_mapped_over_servers_of_which_one_dies(client, start_server, problem, store, each_once):
    servers = [start_server(), start_server(dies_after=5), start_server()]
    model = str(uuid.uuid4())

    def ask(piece, url):
        enhancer = OpenAIEnhancer("m", base_url=url, api_key_env=None, model_name=model, max_retries=0)
        try:
            return piece.execute(enhancer=enhancer, verbose=0).total.asked
        except EnhancerError as error:
            return str(error)

    clf = ELLaGNNClassifier(
        OpenAIEnhancer("m", base_url=servers[0].url, api_key_env=None, model_name=model),
        augmentation_ratio=1.0,
        prompts=["keywords", "summary"],
        selection="degree",
        store=store,
    )
    plan = clf.plan(problem.graph)
    assert plan.n_new == 120

    urls = [server.url for server in servers]
    pieces = plan.split(6)
    results = client.gather(client.map(ask, pieces, urls * 2, pure=False))

    # a piece that gets answers between failures goes on without those that failed; one that gets none ends by an error
    of_the_dead = results[1::3]
    assert any("failed for `model` 'm'" in str(result) for result in of_the_dead)
    assert [results[i] for i in (0, 2, 3, 5)] == [20] * 4
    rest = clf.plan(problem.graph)
    assert len(servers[1].answered) == 5
    assert rest.n_new == 2 * 20 - 5  # what the dead one had answered is kept

    del urls[1]
    results = client.gather(client.map(ask, rest.split(2), urls, pure=False))

    assert sorted(results) == [17, 18]
    assert clf.plan(problem.graph).n_new == 0
    assert each_once(servers, 120)
