"""What the tests of the back ends share: tiny models of the test's own, and a server that misbehaves on order."""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from skellagnn.enhancers import close_clients
from skellagnn.llm.enhancers import _limits
from skellagnn.prompts import Prompt, Question

KEY = "sk-test-0123456789-SECRET"
SENTENCES = [
    "Graph neural networks pass messages between the nodes of a graph.",
    "The cat sat on the mat, and the dog sat on the cat.",
    "What is this text about? Keywords: graphs, learning, theory.",
    "Summarize the following text in two sentences. Text: Answer: system user assistant",
]
CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_tokenizer(*, chat_template=None, normalizer=None, special=("<|im_start|>",), extra=()):
    """Train a byte-level BPE on a few sentences."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=360,
        special_tokens=["<pad>", "<|im_end|>", *special],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(SENTENCES, trainer)
    if normalizer is not None:
        backend.normalizer = normalizer
        special = [AddedToken(token, normalized=True, special=True) for token in special]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", eos_token="<|im_end|>", clean_up_tokenization_spaces=False
    )
    tokenizer.add_special_tokens({"additional_special_tokens": list(special)})
    tokenizer.add_tokens(list(extra))
    tokenizer.chat_template = chat_template
    return tokenizer


def make_causal(folder, tokenizer, *, window=192, seed=0, **settings):
    """Save a random Llama of a few thousand weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=window,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        initializer_range=0.5,  # so that the most likely token is so by far, and batching cannot turn it
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    for name, value in settings.items():
        setattr(model.generation_config, name, value)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def make_seq2seq(folder, tokenizer):
    """Save a random T5."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=16,
        d_ff=48,
        num_layers=2,
        num_heads=2,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
        initializer_factor=20.0,  # a random model of the usual scale says its start token for ever
    )
    with torch.random.fork_rng():
        torch.manual_seed(2)
        model = T5ForConditionalGeneration(config)
    model.save_pretrained(folder)
    tokenizer.model_max_length = 96
    tokenizer.save_pretrained(folder)
    return str(folder)


def make_bart(folder, tokenizer):
    """Save a random Bart, whose encoder counts positions from the left."""
    import torch
    from transformers import BartConfig, BartForConditionalGeneration

    config = BartConfig(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=48,
        decoder_ffn_dim=48,
        max_position_embeddings=192,
        init_std=1.0,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,
        forced_eos_token_id=None,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BartForConditionalGeneration(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Folders of tiny models: ``chat`` and ``plain`` are causal, ``seq2seq`` and ``positions`` are not."""
    root = tmp_path_factory.mktemp("models")
    return {
        "chat": make_causal(root / "chat", make_tokenizer(chat_template=CHAT_TEMPLATE, extra=["<tool_call>"])),
        "plain": make_causal(root / "plain", make_tokenizer(), seed=3),
        "seq2seq": make_seq2seq(root / "seq2seq", make_tokenizer()),
        "positions": make_bart(root / "positions", make_tokenizer()),
    }


@pytest.fixture(scope="session")
def builders():
    """Return the functions that make other tiny models."""
    return {"tokenizer": make_tokenizer, "causal": make_causal, "chat_template": CHAT_TEMPLATE}


@pytest.fixture
def ask():
    """Return a function that makes Questions."""

    def make(text, *, template="Keywords of this text: {text} Keywords:", limit=6, name="keywords", **values):
        return Question(Prompt(name, template, max_answer_tokens=limit), {"text": text, **values}, ("node",))

    return make


class FaultServer(ThreadingHTTPServer):
    """A chat server that answers every question in its own way, unless told to fail.

    ``script`` is worked off request by request: a status, ``(status, headers)``, ``(status, headers, body)``, or a
    word (see ``_Handler.fail``). ``on_chat(body)`` may return any of these, or None for an answer.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = []
        self.on_chat = lambda body: None
        self.requests = []  # (time, method, path, headers, body)
        self.lock = threading.Lock()
        self.in_flight = self.most_in_flight = 0
        self.released = threading.Event()  # ends replies that are slow on purpose
        self.files = {}
        self.batches = {}
        self.batch_status = lambda batch: "completed"
        self.batch_lines = lambda lines: lines  # what becomes of the lines of results
        self.write_line = json.dumps  # and how each is written
        self.gone = set()  # files that are not there any more
        self.error_file = None  # what jobs name beside their results
        self.listed = True  # whether it tells which jobs there are
        self.refuse_batches = False
        self.failure = "line 1 names no model"  # why a job failed
        self.lose_batch_reply = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    @property
    def chats(self):
        return [body for _, _, path, _, body in self.requests if path == "/v1/chat/completions"]

    def texts(self):
        return [body["messages"][-1]["content"] for body in self.chats]

    def handle_error(self, request, client_address):
        pass  # a client that hangs up is what some of the tests are about


def answer_to(text):
    """Return what the server answers; a test can know it beforehand."""
    return "answer " + hashlib.sha256(text.encode()).hexdigest()[:10]


def completion(body):
    text = body["messages"][-1]["content"]
    seasoned = answer_to(json.dumps([body["messages"], body.get("temperature"), body.get("seed"), body.get("top_k")]))
    content = seasoned if len(body["messages"]) > 1 or "top_k" in body or "seed" in body else answer_to(text)
    return {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
        "usage": {"prompt_tokens": len(text.split()), "completion_tokens": 2, "total_tokens": len(text.split()) + 2},
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # header and body are two small packets, and the second would wait for 40 ms

    def log_message(self, *args):
        pass

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/chat/completions":
            body = json.loads(data)
            self.note(body)
            self.chat(body)
        elif self.path == "/v1/files":
            self.note(None)
            lines = re.search(rb"\r\n\r\n(\{.*\})\n\r\n--", data, re.DOTALL)[1]
            name = f"file-{len(self.server.files)}"
            self.server.files[name] = lines
            self.send(200, self.file(name))
        else:
            body = json.loads(data)
            self.note(body)
            if self.server.refuse_batches:
                self.send(400, {"error": {"message": "no batches today"}})
                return
            name = f"batch_{len(self.server.batches)}"
            self.server.batches[name] = body["input_file_id"]
            if self.server.lose_batch_reply:
                self.server.lose_batch_reply -= 1
                self.close_connection = True
                return
            self.send(200, self.batch(name, "validating"))

    def do_GET(self):
        self.note(None)
        address = urlsplit(self.path)
        parts = address.path.strip("/").split("/")
        if parts[1] == "files" and parts[2] in self.server.files.keys() - self.server.gone:
            self.send(200, self.server.files[parts[2]])
        elif parts[1] == "batches" and len(parts) == 2 and self.server.listed:
            query = parse_qs(address.query)
            names = list(reversed(self.server.batches))
            names = names[names.index(query["after"][0]) + 1 :] if "after" in query else names
            limit = int(query["limit"][0])
            listed = [self.batch(name, "in_progress") for name in names[:limit]]
            self.send(200, {"object": "list", "data": listed, "has_more": len(names) > limit})
        elif parts[1] == "batches" and parts[-1] in self.server.batches:
            self.send(200, self.batch(parts[2], self.server.batch_status(parts[2])))
        else:
            self.send(404, {"error": {"message": "no such thing", "code": "not_found"}})

    def chat(self, body):
        server = self.server
        with server.lock:
            server.in_flight += 1
            server.most_in_flight = max(server.most_in_flight, server.in_flight)
            order = server.script.pop(0) if server.script else None
        try:
            order = server.on_chat(body) if order is None else order
            if order is None:
                self.send(200, completion(body))
            elif isinstance(order, str):
                self.fail(order, body)
            else:
                status, headers, reply = (*order, {}, None)[:3] if isinstance(order, tuple) else (order, {}, None)
                self.send(status, reply or {"error": {"message": f"made to fail with {status}"}}, headers)
        finally:
            with server.lock:
                server.in_flight -= 1

    def fail(self, how, body):
        data = json.dumps(completion(body)).encode()
        if how == "drop":  # the connection ends without a reply
            self.close_connection = True
        elif how == "truncated":  # a proper reply whose JSON stops in the middle
            self.send(200, data[: len(data) // 2])
        elif how == "cut":  # the connection ends in the middle of a reply
            self.send(200, data[: len(data) // 2], {"Content-Length": str(len(data))})
            self.close_connection = True
        elif how == "slow":
            self.server.released.wait(30)
            self.close_connection = True
        elif how == "empty choice":
            self.send(200, {**completion(body), "choices": []})
        else:
            raise AssertionError(how)

    def file(self, name):
        return {"id": name, "object": "file", "bytes": 1, "created_at": 1, "filename": "f", "purpose": "batch"}

    def batch(self, name, status):
        batch = {
            "id": name,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "created_at": 1,
            "input_file_id": self.server.batches[name],
            "status": status,
        }
        if status in ("completed", "expired", "cancelled"):
            results = []
            for line in self.server.files[self.server.batches[name]].splitlines():
                request = json.loads(line)
                response = {"status_code": 200, "body": completion(request["body"])}
                results.append({"custom_id": request["custom_id"], "response": response, "error": None})
            lines = self.server.batch_lines(results[::-1])  # servers do not keep the order
            output = f"{name}-output"
            self.server.files[output] = "".join(self.server.write_line(line) + "\n" for line in lines).encode()
            batch["output_file_id"] = output
            batch["error_file_id"] = self.server.error_file
        if status == "failed":
            batch["errors"] = {"object": "list", "data": [{"code": "bad", "message": self.server.failure}]}
        return batch

    def note(self, body):
        with self.server.lock:
            self.server.requests.append((time.monotonic(), self.command, self.path, self.headers, body))

    def send(self, status, reply, headers=None):
        data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        fields = {"Content-Type": "application/json", "Content-Length": str(len(data)), **(headers or {})}
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def server(monkeypatch):
    """Run a FaultServer on loopback, with the key in the environment and quick retries."""
    pytest.importorskip("openai")
    monkeypatch.setenv("SKELLAGNN_TEST_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setattr(_limits, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(_limits, "PATIENCE", 0.0)
    monkeypatch.setattr(_limits, "_LIMITS", {})  # nothing is known yet of a server that may have another's port
    running = FaultServer()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield running
    running.released.set()
    close_clients()
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def key():
    return KEY


@pytest.fixture
def expected():
    return answer_to


@pytest.fixture
def no_network(monkeypatch):
    """Make every attempt to reach another machine an error."""
    import socket

    def refuse(self, address, *args):
        raise AssertionError(f"tried to reach {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *args, **kwargs: refuse(None, host))


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("SKELLAGNN_HOME", str(tmp_path / "home"))
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    # parallel tokenizers complain about every process that a later test forks
    if "TOKENIZERS_PARALLELISM" not in os.environ:
        monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
