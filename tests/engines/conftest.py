"""What the tests of Dask and Ray share: LLM servers on loopback, one of which may die, and a search."""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from sklearn.model_selection import GridSearchCV

from skellagnn import ELLaGNNClassifier, OpenAIEnhancer, ResponseStore
from skellagnn.datasets import make_text_graph

POSTGRES = "SKELLAGNN_TEST_POSTGRES"
# Workers that are processes of an engine inherit this when they start, and nothing later.
WORKERS_ENVIRONMENT = {"NO_PROXY": "127.0.0.1,localhost", "OMP_NUM_THREADS": "1"}


class LLMServer(ThreadingHTTPServer):
    """A chat server that may die: after ``dies_after`` answers it hangs up on everybody."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, dies_after=None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"
        self.dies_after = dies_after
        self.answered = []
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def stop(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = body["messages"][-1]["content"]
        with self.server.lock:
            if self.server.dies_after is not None and len(self.server.answered) >= self.server.dies_after:
                self.close_connection = True  # without a reply
                return
            self.server.answered.append(text)
        # decided by the question alone, whichever server is asked
        number = zlib.crc32(text.encode())  # the same words for many texts would be no answer
        content = f"topic_{len(text) % 2}, failing that topic_{1 - len(text) % 2}. Number {number}."
        reply = {
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
            "usage": {"prompt_tokens": 50, "completion_tokens": 8},
        }
        data = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def start_server():
    """Return a function that starts servers."""
    started = []

    def start(**settings):
        started.append(LLMServer(**settings))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    """A store that the workers can reach; their password for PostgreSQL is in PGPASSWORD."""
    if request.param == "sqlite":
        opened = ResponseStore(tmp_path / "answers.sqlite")
    else:
        if POSTGRES not in os.environ:
            pytest.skip(f"{POSTGRES} names no PostgreSQL database: export {POSTGRES}=$(bash .ci/postgres.sh)")
        opened = ResponseStore(os.environ[POSTGRES])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def workers_environment():
    """Set what the workers of a cluster inherit."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in WORKERS_ENVIRONMENT.items():
            patch.setenv(name, value)
        if POSTGRES in os.environ:
            import sqlalchemy as sa

            patch.setenv("PGPASSWORD", sa.make_url(os.environ[POSTGRES]).password or "")
        yield


@pytest.fixture
def problem():
    """60 nodes, half of them labeled, and what a search over them finds in one process of one thread."""
    return make_text_graph(n_nodes=60, n_classes=2, labeled_fraction=0.5, random_state=0)


@pytest.fixture
def one_thread():
    """Compute here as the workers do, so that results are the same to the last bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def make_search(problem, store):
    """Return a function from a server to a search of 4 candidates and 2 folds over what is asked there."""

    def make(url, model_name, **params):
        clf = ELLaGNNClassifier(
            OpenAIEnhancer("m", base_url=url, api_key_env=None, model_name=model_name, max_retries=0),
            class_names=problem.target_names,
            selection="clustering",
            encoder="tfidf",
            hidden_channels=8,
            max_iter=4,
            teacher=None,
            early_stopping=False,
            random_state=0,
            store=store,
        ).set_params(**params)
        grid = {"augmentation_ratio": [0.1, 0.3], "prompts": ["topic", "keywords+topic"]}
        return GridSearchCV(clf, grid, cv=2)

    return make


@pytest.fixture
def each_once():
    """Return a function that says whether the servers together answered so many questions, none of them twice."""

    def check(servers, n_questions):
        answered = Counter(text for server in servers for text in server.answered)
        return len(answered) == n_questions and set(answered.values()) <= {1}

    return check
