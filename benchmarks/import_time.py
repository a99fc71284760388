"""What do ``import skellagnn`` and a first fit cost, beyond numpy and scikit-learn? Medians over fresh processes.

    python benchmarks/import_time.py [--repeats 7]

Prints a Markdown table and then the same as one line of JSON.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from measuring import report

BASE = "numpy, sklearn"
FIRST_FIT = """
from skellagnn.datasets import make_text_graph
data = make_text_graph(n_nodes=60, random_state=0)
skellagnn.ELLaGNNClassifier(encoder="tfidf", random_state=0).fit(data.graph, data.target)
"""
STATEMENTS = {
    BASE: "import numpy, sklearn.base",
    "numpy, sklearn, skellagnn": "import numpy, sklearn.base, skellagnn",
    "skellagnn.TextGraph": "import numpy, sklearn.base, skellagnn; skellagnn.TextGraph",
    "skellagnn.ELLaGNNClassifier": "import numpy, sklearn.base, skellagnn; skellagnn.ELLaGNNClassifier",
    "a first fit, 60 nodes": "import numpy, sklearn.base, skellagnn" + FIRST_FIT,
}
HEAVY = ["torch", "torch_geometric", "transformers", "sentence_transformers", "openai", "sqlalchemy"]
PACKAGES = ("skellagnn", "torch", "torch-geometric", "scikit-learn", "scipy", "numpy")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args(arguments).repeats
    seconds: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    loaded: dict[str, list[str]] = {}
    for _ in range(repeats):  # in turn, so that a busy moment of the machine meets all of them
        for name, statement in STATEMENTS.items():
            started = time.perf_counter()
            loaded[name] = _run(statement)
            seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    beyond = {name: value - medians[BASE] for name, value in medians.items()}
    rows = [
        (name, f"{medians[name]:.3f}", f"{beyond[name]:.3f}", ", ".join(loaded[name]) or "-") for name in STATEMENTS
    ]
    report(
        "import_time",
        ("import", "seconds in all", "seconds beyond", "heavy packages loaded"),
        rows,
        {"seconds": seconds, "seconds_beyond": beyond, "base_seconds": medians[BASE], "loaded": loaded},
        packages=PACKAGES,
        settings={"repeats": repeats},
    )


def _run(statement: str) -> list[str]:
    """Run a statement in a fresh process; return the heavy packages that are loaded after it."""
    code = f"{statement}\nimport sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()


if __name__ == "__main__":
    main()
