"""Searches and augmentation on a real, local Ray of two processes."""

from __future__ import annotations

import secrets
import uuid

import joblib
import numpy as np
import pytest

from skellagnn import ELLaGNNClassifier, OpenAIEnhancer, plan_search
from skellagnn.exceptions import EnhancerError
from skellagnn.graph import share_graph

ray = pytest.importorskip("ray")


@pytest.fixture(scope="module")
def cluster(workers_environment):
    from joblib.pool import PicklingPool

    bases = PicklingPool.__bases__  # Ray's joblib backend puts its own class there, for good
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))  # else it writes one into the user's home
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=100 * 2**20,
            _node_ip_address="127.0.0.1",
        )
        yield
        ray.shutdown()
    PicklingPool.__bases__ = bases


# one store is enough here: each search starts its workers anew, which takes seconds
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_planned_search_asks_nothing_and_finds_the_same(
    cluster, start_server, make_search, problem, one_thread, each_once, tmp_path
):
    from ray.util.joblib import register_ray

    server = start_server()
    labeled = problem.target >= 0
    X, y = share_graph(problem.graph[labeled], tmp_path / "graph"), problem.target[labeled]
    search = make_search(server.url, str(uuid.uuid4()))
    plan_search(search, X, y).execute(verbose=0)
    assert each_once([server], 36)
    search.fit(problem.graph[labeled], y)
    here, best = search.cv_results_["mean_test_score"], search.best_params_

    register_ray()
    with joblib.parallel_config("ray", n_jobs=2):
        search.fit(X, y)

    assert len(server.answered) == 36
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], here)
    assert search.best_params_ == best


# Ray Data sets deprecated options of its own to their defaults when it makes a data set.
@pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context")
def test_a_plan_is_mapped_over_servers_of_which_one_dies(cluster, start_server, problem, store, each_once):
    servers = [start_server(), start_server(dies_after=5), start_server()]
    model = str(uuid.uuid4())

    def ask(batch):
        results = []
        for piece, url in zip(batch["piece"], batch["url"], strict=True):
            enhancer = OpenAIEnhancer("m", base_url=url, api_key_env=None, model_name=model, max_retries=0)
            try:
                results.append(f"{piece.execute(enhancer=enhancer, verbose=0).total.asked} asked")
            except EnhancerError as error:
                results.append(str(error))
        return {"result": results}

    def run(pieces, urls):
        rows = [{"piece": piece, "url": url} for piece, url in zip(pieces, urls, strict=True)]
        data = ray.data.from_items(rows, override_num_blocks=len(rows))
        return sorted(row["result"] for row in data.map_batches(ask, batch_size=1).take_all())

    clf = ELLaGNNClassifier(
        OpenAIEnhancer("m", base_url=servers[0].url, api_key_env=None, model_name=model),
        augmentation_ratio=1.0,
        prompts=["keywords", "summary"],
        selection="degree",
        store=store,
    )
    urls = [server.url for server in servers]

    results = run(clf.plan(problem.graph).split(3), urls)

    # a piece that gets answers between failures goes on without those that failed; most times it ends by an error
    assert results.count("40 asked") >= 2
    rest = clf.plan(problem.graph)
    assert rest.n_new == 40 - 5  # what the dead one had answered is kept

    assert run(rest.split(2), [urls[0], urls[2]]) == ["17 asked", "18 asked"]
    assert clf.plan(problem.graph).n_new == 0
    assert each_once(servers, 120)
