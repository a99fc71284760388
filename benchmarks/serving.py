"""How fast is the service, against a bare FastAPI service of PyTorch Geometric's that does the same forward pass?

    python benchmarks/serving.py [--nodes 20000] [--requests 500] [--threads 8]

Both predict one new node with given features and five links to a graph of random edges: two layers of GraphSAGE, all
neighbors. The bare service appends the node and runs PyG's model on the whole graph, which is what one writes first;
a second one runs it on PyG's ``k_hop_subgraph``. Both run under uvicorn, each in a process of its own, and are asked by
threads on keep-alive connections. Prints a Markdown table: requests a second, milliseconds at the 50th and 99th
percentile, and the ratio to ours.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np

from skellagnn import ELLaGNNClassifier, TextGraph

N_FEATURES, N_CLASSES, HIDDEN, DEGREE, N_LINKS = 384, 7, 128, 10, 5

OURS = """
import sys, uvicorn
from skellagnn.serving import create_app
uvicorn.run(create_app(sys.argv[1] + "/model", sys.argv[1] + "/graph"), port=int(sys.argv[2]), log_level="error")
"""
BARE = """
import sys, torch, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from torch_geometric.nn import GraphSAGE
from torch_geometric.utils import k_hop_subgraph
x, edges = torch.load(sys.argv[1] + "/tensors.pt")
model = GraphSAGE(x.shape[1], HIDDEN, 2, N_CLASSES).eval()
app = FastAPI()
class New(BaseModel):
    features: list[float]
    links: list[int]
@app.get("/health")
def health():
    return {}
@app.post("/predict")
def predict(new: New):
    n = len(x)
    links = torch.tensor(new.links)
    here = torch.full_like(links, n)
    wide = torch.cat([edges, torch.stack([torch.cat([links, here]), torch.cat([here, links])])], dim=1)
    rows = torch.cat([x, torch.tensor([new.features])])
    where = n
    if sys.argv[3] == "subgraph":
        nodes, wide, at, _ = k_hop_subgraph(n, 2, wide, relabel_nodes=True, num_nodes=n + 1)
        rows, where = rows[nodes], int(at)
    with torch.no_grad():
        return {"probabilities": model(rows, wide)[where].softmax(0).tolist()}
uvicorn.run(app, port=int(sys.argv[2]), log_level="error")
""".replace("HIDDEN", str(HIDDEN)).replace("N_CLASSES", str(N_CLASSES))


def main(argv: list[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--threads", type=int, default=8)
    options = parser.parse_args(argv)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), options.nodes, rng)
        print("| service | requests/s | ms, median | ms, p99 | times ours |\n|---|---|---|---|---|")
        rates: list[float] = []
        for name, code, extra in (
            ("skellagnn", OURS, ""),
            ("PyG, whole graph", BARE, "whole"),
            ("PyG, k_hop_subgraph", BARE, "subgraph"),
        ):
            bodies = [request_of(rng, options.nodes, ours=code is OURS) for _ in range(options.requests)]
            path = "/predict/new" if code is OURS else "/predict"
            rate, median, last = measure(code, folder, extra, path, bodies, options.threads)
            rates.append(rate)
            print(f"| {name} | {rate:.0f} | {median:.1f} | {last:.1f} | {rate / rates[0]:.2f} |")


def prepare(folder: Path, n_nodes: int, rng: np.random.Generator) -> None:
    """Write the same graph for both; what the models have learned does not matter for time."""
    import torch

    edges = rng.integers(n_nodes, size=(n_nodes * DEGREE // 2, 2))
    rows = rng.normal(size=(n_nodes, N_FEATURES)).astype(np.float32)
    graph = TextGraph.from_edges(edges, features=rows, n_nodes=n_nodes)
    clf = ELLaGNNClassifier(
        encoder=None, n_neighbors=None, hidden_channels=HIDDEN, max_iter=1, teacher=None, random_state=0
    )
    labels = np.arange(min(n_nodes, 200)) % N_CLASSES
    clf.fit(graph[: len(labels)], labels).save(folder / "model")
    graph.save(folder / "graph")
    both_ways = np.concatenate([edges, edges[:, ::-1]]).T
    torch.save((torch.from_numpy(rows), torch.from_numpy(np.ascontiguousarray(both_ways))), folder / "tensors.pt")


def request_of(rng: np.random.Generator, n_nodes: int, *, ours: bool) -> bytes:
    features, links = rng.normal(size=N_FEATURES).tolist(), rng.integers(n_nodes, size=N_LINKS).tolist()
    if ours:
        node = {"name": "new", "features": features}
        return json.dumps({"nodes": [node], "links": [["new", str(link)] for link in links]}).encode()
    return json.dumps({"features": features, "links": links}).encode()


def measure(
    code: str, folder: str, extra: str, path: str, bodies: list[bytes], n_threads: int
) -> tuple[float, float, float]:
    """Return requests a second and milliseconds at two percentiles."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", code, folder, str(port), extra])
    try:
        wait_for(port)
        shares = [bodies[i::n_threads] for i in range(n_threads)]
        ask(port, path, bodies[: 2 * n_threads])  # warm
        started = time.perf_counter()
        with ThreadPoolExecutor(n_threads) as pool:
            seconds = np.concatenate(list(pool.map(lambda share: ask(port, path, share), shares)))
        rate = len(bodies) / (time.perf_counter() - started)
        return rate, *(1000 * np.percentile(seconds, [50, 99])).tolist()
    finally:
        process.terminate()
        process.wait()


def ask(port: int, path: str, bodies: list[bytes]) -> list[float]:
    """Ask one after the other on one connection."""
    seconds = []
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        for body in bodies:
            started = time.perf_counter()
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            seconds.append(time.perf_counter() - started)
            assert answer.status == 200, answer.status
    return seconds


def wait_for(port: int) -> None:
    for _ in range(600):
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
                connection.request("GET", "/health")
                connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the service did not start")


if __name__ == "__main__":
    main()
