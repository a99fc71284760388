"""What the benchmarks of speed share: paired rounds, peak memory, and how results are printed."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ratio:
    """How many times faster: median, smallest and largest of the rounds' ratios."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


@dataclass(frozen=True)
class Goal:
    """What is to be reached: at least so many times faster."""

    at_least: float

    def verdict(self, ratio: Ratio) -> str:
        """Return "3x: met" or "3x: not met"; the median decides."""
        return f"{self.at_least:g}x: {'met' if ratio.median >= self.at_least else 'not met'}"


def in_turns(contenders: Mapping[str, Callable[[int], float]], n_rounds: int) -> dict[str, list[float]]:
    """Measure all contenders in each round, every other round in the opposite order.

    A busy moment of the machine then meets all of them, and none always comes first.
    """
    measured: dict[str, list[float]] = {name: [] for name in contenders}
    for i in range(n_rounds):
        names = list(contenders)
        for name in names if i % 2 == 0 else reversed(names):
            measured[name].append(contenders[name](i))
    return measured


def times_faster(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Compare seconds round by round."""
    ratios = [slow / fast for fast, slow in zip(ours, theirs, strict=True)]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


class PeakMemory:
    """The most memory that this process has held since it was made, beyond what it held then. Linux only.

    ``ru_maxrss`` would not do: a child process begins with that of its parent, and it never falls.
    """

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts again from here
        self._before = _status("VmRSS")

    def megabytes(self) -> float:
        """Return the peak in MB, 1e6 bytes."""
        return max(0.0, _status("VmHWM") - self._before) / 1e6


def _status(field: str) -> float:
    """Return a field of this process's status in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{field}:"):
            return 1024 * float(line.split()[1])
    raise SystemExit(f"/proc/self/status has no {field}: peak memory cannot be measured here.")


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns line up; all but the first are aligned to the right."""
    widths = [max(3, *(len(row[i]) for row in [header, *rows])) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = [("-" * width if i == 0 else "-" * (width - 1) + ":") for i, width in enumerate(widths)]
    return "\n".join([line(header), line(rule), *map(line, rows)])


def report(
    benchmark: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    results: Any,
    *,
    packages: Sequence[str],
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Print the table, then everything as one line of JSON."""
    print(markdown(header, rows), flush=True)
    print()
    line = {
        "benchmark": benchmark,
        "command": " ".join(["python", *sys.argv]),
        "settings": dict(settings or {}),
        "machine": machine(),
        "versions": versions(packages),
        "results": results,
    }
    print(json.dumps(line, default=asdict), flush=True)


def machine() -> dict[str, Any]:
    """Say what the numbers were measured on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "system": platform.system(),
    }


def versions(packages: Sequence[str]) -> dict[str, str | None]:
    """Return the installed versions; None where a package is missing."""
    found: dict[str, str | None] = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
