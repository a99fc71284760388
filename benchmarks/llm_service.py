"""How close to the ideal are many questions to a server, and what does the response store add?

    python benchmarks/llm_service.py [--questions 400] [--concurrency 32] [--latency 0.05] [--rows 1000000]

A server of the benchmark's own, in another process on loopback, answers each question after a fixed time. With enough
connections the ideal is questions / concurrency * latency; sockets alone show what the machine allows. Then the rows
a second that a store of a million rows reads and writes (``benchmarks/store.py`` says more of it). Prints a table and
then the same as one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from store import measure  # the script beside this one

from skellagnn.enhancers import Answer, OpenAIEnhancer, close_clients
from skellagnn.llm.store import QuestionKey, ResponseStore, ask_through
from skellagnn.prompts import Prompt, Question

PROMPT = Prompt("keywords", "List five keywords that tell what the following text is about.\n\nText:\n{text}")
WORDS = "graph neural networks pass messages between the nodes of a graph and language models read their texts "
REPLY = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "benchmark",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {
                    "role": "assistant",
                    "content": "graphs, neural networks, messages, nodes, language models",
                },
            }
        ],
        "usage": {"prompt_tokens": 240, "completion_tokens": 14, "total_tokens": 254},
    }
).encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--concurrency", type=int, default=32, help="requests in flight (default: 32)")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds that the server takes (default: 0.05)")
    parser.add_argument("--repeats", type=int, default=7, help="measurements, of which the median counts (default: 7)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the store; 0 leaves that part out")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(arguments.latency))
        return

    ideal = arguments.questions / arguments.concurrency * arguments.latency
    questions = [Question(PROMPT, {"text": f"{i}: {WORDS * 8}"}, (f"node {i}",)) for i in range(arguments.questions)]
    bare, direct, stored = [], [], []
    with server(arguments.latency) as url, tempfile.TemporaryDirectory() as folder:
        enhancer = OpenAIEnhancer(
            "benchmark", base_url=url, api_key_env=None, max_concurrency=arguments.concurrency, max_retries=0
        )
        enhancer.complete(questions[: arguments.concurrency])  # imports the client and opens the connections
        for i in range(arguments.repeats):  # in turns, so that all see the same machine
            bare.append(seconds(lambda: ask_barely(url, questions, arguments.concurrency)))
            direct.append(seconds(lambda: enhancer.complete(questions)))
            store = ResponseStore(Path(folder) / f"{i}.sqlite")
            store.stats()  # creates the file
            stored.append(seconds(lambda store=store: ask(store, enhancer, questions)))
            store.close()
        close_clients()
    results = {
        "ideal [s]": ideal,
        "sockets alone / ideal": statistics.median(bare) / ideal,
        "enhancer [s]": statistics.median(direct),
        "enhancer / ideal": statistics.median(direct) / ideal,
        "enhancer / ideal, best": min(direct) / ideal,
        "enhancer / ideal, worst": max(direct) / ideal,
        "through the store [s]": statistics.median(stored),
        "through the store / enhancer": statistics.median(b / a for a, b in zip(direct, stored, strict=True)),
    }
    if arguments.rows:
        with tempfile.TemporaryDirectory() as folder:
            measured = measure(ResponseStore(Path(folder) / "store.sqlite"), arguments.rows)
        results |= {f"store: {name}": value for name, value in measured.items() if "[rows/s]" in name}
    settings = {name: getattr(arguments, name) for name in ("questions", "concurrency", "latency", "repeats", "rows")}
    print("  ".join(f"{name}: {value}" for name, value in settings.items()))
    for name, value in results.items():
        print(f"{name:<60}{value:>12,.3f}")
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    print(json.dumps({"benchmark": "llm_service", **settings, "machine": machine, "results": results}))


def ask_barely(url: str, questions: list[Question], concurrency: int) -> None:
    """Ask with nothing but threads and sockets: what this machine and this server allow at best."""
    address = urlsplit(url)
    todo = iter(questions)
    lock = threading.Lock()

    def work() -> None:
        connection = http.client.HTTPConnection(address.hostname, address.port)
        while True:
            with lock:
                question = next(todo, None)
            if question is None:
                return connection.close()
            body = json.dumps({"model": "benchmark", "messages": [{"role": "user", "content": question}]})
            connection.request("POST", address.path + "/chat/completions", body)
            json.loads(connection.getresponse().read())

    threads = [threading.Thread(target=work) for _ in range(concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def ask(store: ResponseStore, enhancer: OpenAIEnhancer, questions: list[Question]) -> None:
    """Ask as a fit does: each answer is claimed, asked for and committed."""
    by_key = {QuestionKey(question.prompt.key, question.digest): question for question in questions}

    def ask_batch(keys: list[QuestionKey]) -> Iterator[tuple[QuestionKey, Answer | None]]:
        for position, answer in enhancer.complete_iter([by_key[key] for key in keys]):
            yield keys[position], answer

    outcome = ask_through(store, enhancer.name, by_key, ask_batch, batch_size=enhancer.chunk_size)
    if outcome.asked != len(questions) or outcome.failed:
        raise SystemExit(f"not all questions were answered: {outcome}")


@contextmanager
def server(latency: float) -> Iterator[str]:
    command = [sys.executable, __file__, "--serve", "--latency", str(latency)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


async def serve(latency: float) -> None:
    """Answer every request after ``latency`` seconds; print the port first."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                await reader.readexactly(int(lengths[0].split(b":")[1]))
                await asyncio.sleep(latency)
                header = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(REPLY)}\r\n\r\n"
                writer.write(header.encode() + REPLY)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=256)
    print(listening.sockets[0].getsockname()[1], flush=True)
    async with listening:
        await listening.serve_forever()


def seconds(work: object) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
