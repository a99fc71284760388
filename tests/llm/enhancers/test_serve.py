"""A real OpenAI-compatible server, ``transformers serve``, with a tiny model of the test's own."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from pathlib import Path

import pytest

from skellagnn.enhancers import OpenAIEnhancer, TransformersEnhancer, close_clients
from skellagnn.exceptions import EnhancerError
from skellagnn.prompts import Question

START_SECONDS = 120


@pytest.fixture(scope="module")
def served(tiny, tmp_path_factory):
    """Start the server; give its address and the model's folder."""
    pytest.importorskip("openai")
    command = Path(sysconfig.get_path("scripts")) / "transformers"
    missing = [name for name in ("fastapi", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing or not command.exists():
        pytest.skip(f"`transformers serve` is not installed (lacking {', '.join(missing) or command.name})")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("serve") / "log.txt"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    arguments = ["serve", tiny["chat"], "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(command), *arguments], stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while True:
                assert process.poll() is None, f"the server ended: {log.read_text()[-2000:]}"
                assert time.monotonic() < deadline, f"the server did not come up: {log.read_text()[-2000:]}"
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                        break
                except OSError:
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/v1", tiny["chat"]
        finally:
            close_clients()
            process.terminate()
            process.wait(30)


@pytest.fixture
def enhancer(served, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    url, model = served
    return OpenAIEnhancer(model, base_url=url, api_key_env=None, timeout=60.0, max_concurrency=2)


def test_a_real_server_says_what_the_model_says_here(served, enhancer, ask):
    questions = [ask("cats and dogs"), ask("a graph", limit=3), ask("")]
    answers = enhancer.complete(questions)
    here = TransformersEnhancer(served[1]).complete(questions)
    assert answers == here
    assert [answer.tokens_in for answer in answers] == [answer.tokens_in for answer in here]
    assert [answer.finish_reason for answer in answers] == ["length"] * 3
    assert [answer.tokens_out for answer in answers] == [6, 3, 6]


def test_a_real_server_hears_the_system_prompt(served, enhancer, ask):
    enhancer.set_params(system_prompt="Be brief.")
    here = TransformersEnhancer(served[1], system_prompt="Be brief.").complete([ask("cats")])
    assert enhancer.complete([ask("cats")]) == here
    assert here[0].tokens_in > TransformersEnhancer(served[1]).complete([ask("cats")])[0].tokens_in


def test_a_real_server_refuses_a_model_that_it_does_not_have(enhancer, ask):
    enhancer.set_params(model="no-such-model", max_retries=0)
    with pytest.raises(EnhancerError, match="failed for `model` 'no-such-model': HTTP"):
        enhancer.complete([ask("cats")])


def test_a_real_server_is_asked_for_a_class(enhancer, ask):
    """It takes a schema or takes no notice of it: either way the answers are those of the model, and none is lost."""
    names = ("cats", "dogs")
    template = "Is it {class_names}? {text}"
    questions = [ask(text, template=template, class_names="cats, dogs", limit=8) for text in ("a", "b")]
    questions = [Question(question.prompt, question.values, (), names) for question in questions]
    answers = enhancer.complete(questions)
    without = enhancer.set_params(structured=False).complete(questions)
    assert answers == without or all(answer.startswith(names) for answer in answers)
