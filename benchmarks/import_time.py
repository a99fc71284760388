"""What does ``import skellagnn`` cost beyond numpy and scikit-learn? Medians over fresh processes.

python benchmarks/import_time.py [--repeats 7]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

STATEMENTS = {
    "numpy, sklearn": "import numpy, sklearn.base",
    "numpy, sklearn, skellagnn": "import numpy, sklearn.base, skellagnn",
    "skellagnn.TextGraph": "import numpy, sklearn.base, skellagnn; skellagnn.TextGraph",
    "skellagnn.ELLaGNNClassifier": "import numpy, sklearn.base, skellagnn; skellagnn.ELLaGNNClassifier",
}
HEAVY = ["torch", "torch_geometric", "transformers", "sentence_transformers", "openai", "sqlalchemy"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    seconds: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(repeats):  # in turn, so that a busy moment of the machine meets all of them
        for name, statement in STATEMENTS.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True)
            seconds[name].append(time.perf_counter() - started)
    base = statistics.median(seconds["numpy, sklearn"])
    rows = {name: statistics.median(values) - base for name, values in seconds.items()}
    loaded = {name: _loaded(statement) for name, statement in STATEMENTS.items()}
    print(f"{'import':30s} {'seconds beyond':>15s}   heavy packages loaded")
    for name, value in rows.items():
        print(f"{name:30s} {value:15.3f}   {', '.join(loaded[name]) or '-'}")
    print(json.dumps({"benchmark": "import_time", "seconds_beyond": rows, "base_seconds": base, "loaded": loaded}))


def _loaded(statement: str) -> list[str]:
    code = f"{statement}\nimport sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()


if __name__ == "__main__":
    main()
