"""A model behind HTTP: real requests to a real server on the loopback interface."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from skellagnn import ELLaGNNClassifier, TextGraph, encode_graph, serving
from skellagnn.datasets import make_text_graph
from skellagnn.exceptions import GraphError, InvalidParameterError, MissingDependencyError

pytest.importorskip("fastapi")
uvicorn = pytest.importorskip("uvicorn")

N_NODES = 120


class Server:
    """Uvicorn in a thread, with an app."""

    def __init__(self, app):
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]})
        self._thread.start()

    def stop(self):
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()

    def ask(self, path, body=None, **headers):
        """Return status and parsed body."""
        return ask(self.port, path, body, **headers)


def ask(port, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        if body is None:
            connection.request("GET", path, headers=headers)
        else:
            content = body if isinstance(body, (bytes, str)) else json.dumps(body)
            connection.request("POST", path, content, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def named_data():
    data = make_text_graph(n_nodes=N_NODES, random_state=0)
    graph = TextGraph(data.graph.adjacency, data.graph.texts, node_names=[f"n{i}" for i in range(N_NODES)])
    return graph, np.array(data.target_names)[data.target]


@pytest.fixture(scope="module")
def fitted():
    graph, y = named_data()
    clf = ELLaGNNClassifier(encoder="tfidf", max_iter=10, hidden_channels=16, n_neighbors=4, random_state=0)
    return clf.fit(graph[:60], y[:60]), graph


@pytest.fixture(scope="module")
def server(fitted):
    running = Server(serving.create_app(*fitted))
    yield running
    running.stop()


def rows(answer):
    return np.array([prediction["probabilities"] for prediction in answer["predictions"]])


# -- the same values as without a server ----------------------------------------------------------------------------


def test_health_and_what_the_model_is(server, fitted):
    clf, graph = fitted

    assert server.ask("/health") == (200, {"status": "ok"})
    status, about = server.ask("/model")

    assert status == 200
    assert about["classes"] == clf.classes_.tolist()
    assert (about["n_nodes"], about["n_edges"], about["n_features"]) == (N_NODES, graph.n_edges, clf.n_features_in_)
    assert about["reads_texts"] is True
    assert about["limits"]["nodes"] == serving.MOST_NODES


def test_known_nodes_are_predicted_as_by_the_classifier(server, fitted):
    clf, graph = fitted
    nodes = [7, 118, 0, 7]

    status, answer = server.ask("/predict", {"nodes": [f"n{node}" for node in nodes]})

    assert status == 200
    assert [prediction["label"] for prediction in answer["predictions"]] == clf.predict(graph[nodes]).tolist()
    assert [prediction["node"] for prediction in answer["predictions"]] == ["n7", "n118", "n0", "n7"]
    np.testing.assert_allclose(rows(answer), clf.predict_proba(graph[nodes]), atol=1e-5)


NEW = ["the first of the new ones, on topic_0", "another one", ""]
LINKS = [["a", "n3"], ["a", "n100"], ["n7", "b"], ["a", "b"]]


@pytest.mark.parametrize("backbone", ["sage", "gcn", "gat", "appnp", "jknet", "sgc", "mlp", "own"])
def test_new_nodes_are_predicted_as_on_the_grown_graph(backbone, fitted):
    clf, graph = fitted
    if backbone != "sage":
        parameters = {"backbone": with_pyg if backbone == "own" else backbone, "max_iter": 3}
        y = clf.predict(graph)
        clf = ELLaGNNClassifier(**{**clf.get_params(deep=False), **parameters}).fit(graph[:60], y[:60])
    server = Server(serving.create_app(clf, graph))
    texts = [graph.texts[1], graph.texts[50], ""]
    body = {"nodes": [{"name": name, "text": text} for name, text in zip("abc", texts, strict=True)], "links": LINKS}

    status, answer = server.ask("/predict/new", body)
    server.stop()

    encoded = encode_graph(graph, clf.encoder_)
    grown = encoded.add_nodes(LINKS, texts, clf.encoder_.transform(texts), node_names=list("abc"))
    assert status == 200
    assert [prediction["node"] for prediction in answer["predictions"]] == ["a", "b", "c"]
    np.testing.assert_allclose(rows(answer), clf.predict_proba(grown[-3:]), atol=1e-5)
    assert np.ptp(rows(answer), axis=0).max() > 1e-3


def with_pyg(in_channels, hidden_channels, out_channels, n_layers, dropout):
    from torch_geometric.nn import GraphSAGE

    return GraphSAGE(in_channels, hidden_channels, n_layers, out_channels)


def test_features_stand_for_texts(server, fitted):
    clf, graph = fitted
    text = graph.texts[1]
    vector = clf.encoder_.transform([text])[0].tolist()

    by_text, by_features = (
        server.ask("/predict/new", {"nodes": [{"name": "x", **given}], "links": [["x", "n5"]]})
        for given in ({"text": text}, {"features": vector})
    )

    assert by_text[0] == by_features[0] == 200
    np.testing.assert_allclose(rows(by_text[1]), rows(by_features[1]), atol=1e-6)


def test_a_request_changes_nothing_for_the_next(server):
    body = {"nodes": [{"name": "x", "text": "cats"}], "links": [["x", "n5"]]}
    before = server.ask("/predict", {"nodes": ["n5"]})

    assert server.ask("/predict/new", body) == server.ask("/predict/new", body)

    assert server.ask("/predict", {"nodes": ["n5"]}) == before
    assert server.ask("/predict", {"nodes": ["x"]})[0] == 404


def test_old_texts_are_encoded_once(fitted):
    clf, graph = fitted
    seen = []

    class Counting:
        def encode(self, texts, **options):
            seen.append(list(texts))
            return clf.encoder_.transform(list(texts))

    counting = ELLaGNNClassifier(encoder=Counting(), max_iter=2, random_state=0).fit(
        graph[:40], clf.predict(graph[:40])
    )
    server = Server(serving.create_app(counting, graph))
    seen.clear()

    server.ask("/predict", {"nodes": ["n5"]})
    server.ask("/predict/new", {"nodes": [{"name": "x", "text": "only this"}], "links": [["x", "n5"]]})
    server.stop()

    assert seen == [["only this"]]


def test_a_graph_without_names_is_asked_by_number_and_labels_may_be_numbers():
    data = make_text_graph(n_nodes=60, random_state=0)
    clf = ELLaGNNClassifier(encoder="tfidf", max_iter=3, random_state=0).fit(data.graph, data.target)
    server = Server(serving.create_app(clf, data.graph[:3]))  # what is in view does not matter

    status, answer = server.ask("/predict", {"nodes": ["59", "0"]})
    unknown = [server.ask("/predict", {"nodes": [name]})[0] for name in ("60", "-1", "007", "1.0", "\u0661", "9" * 30)]
    grown = server.ask("/predict/new", {"nodes": [{"name": "x", "text": "cats"}], "links": [["x", "59"]]})
    server.stop()

    assert status == 200
    assert [prediction["label"] for prediction in answer["predictions"]] == clf.predict(data.graph[[59, 0]]).tolist()
    assert unknown == [404] * 6
    assert grown[0] == 200


# -- hostile ---------------------------------------------------------------------------------------------------------


GOOD = {"nodes": [{"name": "x", "text": "cats"}], "links": [["x", "n5"]]}


def changed(**changes):
    return {**GOOD, **changes}


def node(**changes):
    return changed(nodes=[{"name": "x", "text": "cats", **changes}])


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("/predict", b"", 422, "`body` must be"),
        ("/predict", b"{", 422, "`"),
        ("/predict", b"\xff\xfe", 422, "`body` must be"),
        ("/predict", b"[" * 100_000, 400, ""),
        ("/predict", "null", 422, "`body` must be"),
        ("/predict", {}, 422, "`nodes` must be"),
        ("/predict", {"nodes": []}, 422, "`nodes` must be"),
        ("/predict", {"nodes": "n1"}, 422, "`nodes` must be"),
        ("/predict", {"nodes": [1]}, 422, "`nodes.0` must be"),
        ("/predict", {"nodes": [""]}, 422, "`nodes.0` must be"),
        ("/predict", {"nodes": ["n" * 2000]}, 422, "`nodes.0` must be"),
        ("/predict", {"nodes": ["n1"], "more": 1}, 422, "`more` must be"),
        ("/predict", {"nodes": ["n1"] * 257}, 422, "`nodes` must be"),
        (
            "/predict",
            {"nodes": ["n1", "nobody", "none"]},
            404,
            "`nodes` must name nodes of the graph, got 'nobody' and 1",
        ),
        ("/predict", {"nodes": ["\ud800"]}, 422, ""),
        ("/predict/new", changed(nodes=[]), 422, "`nodes` must be"),
        ("/predict/new", node(name="n5"), 422, "`nodes` must have names that are new and unique, got 'n5'"),
        ("/predict/new", changed(nodes=GOOD["nodes"] * 2), 422, "new and unique, got 'x'"),
        ("/predict/new", node(text=None), 422, "either `text` of every node, or `features` of every node"),
        ("/predict/new", node(features=[1.0]), 422, "either `text` of every node, or `features` of every node"),
        ("/predict/new", node(text=3), 422, "`nodes.0.text` must be"),
        ("/predict/new", node(text="c" * 20_001), 422, "`nodes.0.text` must be"),
        ("/predict/new", node(text=None, features=[1.0]), 422, "must have .* features, as in training, got 1"),
        ("/predict/new", node(text=None, features=[]), 422, "must have .* features, as in training, got 0"),
        ("/predict/new", node(text=None, features=["1"]), 422, "`nodes.0.features.0` must be"),
        ("/predict/new", node(text=None, features=[1.0] * 10_000), 422, "`nodes.0.features` must be"),
        ("/predict/new", changed(links=[["x"]]), 422, "`links.0` must be"),
        ("/predict/new", changed(links=[["x", "n1", "n2"]]), 422, "`links.0` must be"),
        ("/predict/new", changed(links=[["n1", "n2"]]), 422, "`links` must each have a new node at one end, got 'n1'"),
        ("/predict/new", changed(links=[["x", "y"]]), 404, "`nodes` must name nodes of the graph, got 'y'"),
        ("/predict/new", changed(links=[["x", "n1"]] * 4097), 422, "`links` must be"),
        ("/nowhere", {}, 404, "Not Found"),
        ("/health", {}, 405, "Method Not Allowed"),
    ],
)
def test_what_is_malformed_is_refused_in_a_sentence(path, body, status, sentence, server):
    found, answer = server.ask(path, body)

    assert found == status
    assert list(answer) == ["error"]
    import re

    assert re.search(sentence, answer["error"]), answer
    assert "Traceback" not in answer["error"]
    assert len(answer["error"]) < 600
    assert server.ask("/predict/new", GOOD)[0] == 200


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_features_that_are_no_numbers_are_refused(number, server):
    body = f'{{"nodes": [{{"name": "x", "features": [{number}]}}], "links": []}}'

    status, answer = server.ask("/predict/new", body)

    assert status == 422
    assert "`nodes.0.features.0` must be" in answer["error"]


def test_numbers_that_overflow_are_an_error_of_the_request(server, fitted):
    clf, _ = fitted

    status, answer = server.ask(
        "/predict/new", {"nodes": [{"name": "x", "features": [1e300] * clf.n_features_in_}], "links": []}
    )

    assert status == 422
    assert "`features` must" in answer["error"]


def test_a_new_node_without_links_and_links_to_itself_and_twice(server):
    assert server.ask("/predict/new", changed(links=[]))[0] == 200
    assert server.ask("/predict/new", changed(links=[["x", "x"], ["x", "n1"], ["n1", "x"], ["x", "n1"]]))[0] == 200


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_that_is_too_large_is_turned_away(chunked, server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    block = b" " * (1 << 20)
    blocks = (block for _ in range(9))
    try:
        connection.request("POST", "/predict", blocks if chunked else block * 9, encode_chunked=chunked)
        answer = connection.getresponse()
        found = answer.status, json.loads(answer.read())
    except (BrokenPipeError, ConnectionResetError):  # it may close before all was sent
        found = 413, {"error": "closed"}
    finally:
        connection.close()

    assert found[0] == 413
    assert server.ask("/health")[0] == 200


def test_a_sender_that_goes_away_harms_nobody(server):
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port)) as sender:
            sender.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")

    assert server.ask("/predict/new", GOOD)[0] == 200


def test_many_at_once_get_what_each_asked_for_or_are_told_to_wait(server, fitted):
    clf, graph = fitted
    expected = clf.predict_proba(graph)
    alone = rows(server.ask("/predict/new", GOOD)[1])

    def one(i):
        if i % 4 == 0:
            return i, server.ask("/predict/new", GOOD)
        return i, server.ask("/predict", {"nodes": [f"n{i % N_NODES}"]})

    with ThreadPoolExecutor(100) as pool:
        found = list(pool.map(one, range(400)))

    for i, (status, answer) in found:
        assert status in (200, 503)
        if status == 503:
            assert answer == {"error": "Too many requests are under way. Try again in a second."}
        else:
            np.testing.assert_allclose(rows(answer), alone if i % 4 == 0 else expected[[i % N_NODES]], atol=1e-5)
    assert sum(status == 200 for _, (status, _) in found) >= serving.MOST_REQUESTS
    assert server.ask("/predict", {"nodes": ["n1"]})[0] == 200


def test_beyond_its_number_requests_wait_outside_and_health_still_answers(fitted, monkeypatch):
    monkeypatch.setattr(serving, "MOST_REQUESTS", 1)
    app = serving.create_app(*fitted)
    release, entered = threading.Event(), threading.Event()

    @app.get("/slow")
    def slow():
        entered.set()
        release.wait(30)
        return {}

    server = Server(app)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(server.ask, "/slow")
        assert entered.wait(30)
        busy, health = server.ask("/predict", {"nodes": ["n1"]}), server.ask("/health")
        release.set()
        assert running.result()[0] == 200
    after = server.ask("/predict", {"nodes": ["n1"]})[0]
    server.stop()

    assert (busy[0], health[0], after) == (503, 200, 200)


def test_a_fault_of_ours_says_nothing_of_what_is_inside(fitted, monkeypatch):
    app = serving.create_app(*fitted)

    @app.get("/fault")
    def fault():
        raise RuntimeError("secret-of-the-inside")

    server = Server(app)
    found = server.ask("/fault")
    server.stop()

    assert found == (500, {"error": "The request could not be answered because of a fault here."})


# -- making one ------------------------------------------------------------------------------------------------------


def test_what_does_not_fit_together_is_an_error_at_once(fitted):
    clf, graph = fitted
    with pytest.raises(InvalidParameterError, match="`path` must be"):
        serving.create_app("nowhere", graph)
    with pytest.raises(InvalidParameterError, match="got ELLaGNNClassifier and list"):
        serving.create_app(clf, [1])
    with pytest.raises(InvalidParameterError, match=r"must have .* features, as in training, got 3"):
        serving.create_app(clf, graph.with_features(np.zeros((N_NODES, 3))))
    on_features = ELLaGNNClassifier(encoder=None, max_iter=2).fit(
        graph.with_features(np.eye(N_NODES)), clf.predict(graph)
    )
    with pytest.raises(GraphError, match="must have features for a model without an encoder"):
        serving.create_app(on_features, graph)


def test_a_model_of_features_refuses_texts(fitted):
    clf, graph = fitted
    rng = np.random.default_rng(0)
    featured = graph.with_features(rng.normal(size=(N_NODES, 5)))
    on_features = ELLaGNNClassifier(encoder=None, max_iter=2, random_state=0).fit(featured, clf.predict(graph))
    server = Server(serving.create_app(on_features, featured))

    refused = server.ask("/predict/new", GOOD)
    given = server.ask("/predict/new", changed(nodes=[{"name": "x", "features": [1, 2.5, 0, 0, -1]}]))
    server.stop()

    assert refused[0] == 422
    assert "`nodes` must come with features, got texts" in refused[1]["error"]
    grown = featured.without_texts().add_nodes([("x", "n5")], features=[[1, 2.5, 0, 0, -1]], node_names=["x"])
    np.testing.assert_allclose(rows(given[1]), on_features.predict_proba(grown[-1:]), atol=1e-5)


def test_without_fastapi_it_says_what_to_install(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "fastapi", None)

    with pytest.raises(MissingDependencyError, match=r"pip install 'skellagnn\[serve\]'"):
        serving.create_app(*fitted)


def test_the_command_serves_saved_files_and_ends_in_peace(fitted, tmp_path):
    clf, graph = fitted
    clf.save(tmp_path / "model")
    graph.save(tmp_path / "graph")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "skellagnn.serving", str(tmp_path / "model"), str(tmp_path / "graph")]
    process = subprocess.Popen([*command, "--port", str(port)], stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(600):
            try:
                assert ask(port, "/health")[0] == 200
                break
            except OSError:
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.1)
        status, answer = ask(port, "/predict", {"nodes": ["n7"]})
        card = ask(port, "/model")[1]["card"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert status == 200
    np.testing.assert_allclose(rows(answer), clf.predict_proba(graph[[7]]), atol=1e-5)
    assert card == (tmp_path / "model" / "README.md").read_text()
    assert process.returncode in (0, -signal.SIGTERM)


def test_the_command_says_in_one_line_what_is_wrong(tmp_path, capsys):
    assert serving.main([str(tmp_path / "no model"), str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: `path` must be")
    assert said.count("\n") == 1
    assert os.sep in said
