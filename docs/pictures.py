"""Draw the pictures of the documentation from what its pages say: ``python docs/pictures.py [--quick-start]``.

Charts of the tables between ``<!-- table: name -->`` and ``<!-- end -->``, which benchmarks print, go to ``_static``.
With ``--quick-start`` the code of that page is run, which takes minutes, and its picture is kept. The chart of few
labels is drawn by ``python benchmarks/few_labels.py report``.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "_static"
COLORS = {"PyG, edge_index": "#2563eb", "PyG, CSR": "#16a34a", "scikit-network": "#9333ea"}


def marked(page: str, name: str) -> str:
    """Return what stands on a page between the marks of a table."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.search(rf"<!-- table: {name} -->\n(.*?)<!-- end -->", text, re.DOTALL).group(1)  # type: ignore[union-attr]


def rows_of(table: str) -> list[dict[str, str]]:
    """Return the rows of a Markdown table by its header."""
    lines = [line for line in table.splitlines() if line.startswith("|")]
    header, _, *cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(header, row, strict=True)) for row in cells]


def ratios_of(rows: list[dict[str, str]], column: str) -> dict[tuple[str, str], dict[str, tuple[float, ...]]]:
    """Return (median, low, high) by setting and backbone, and by contender.

    >>> row = {"setting": "cora", "backbone": "gat", "by": "PyG, CSR", "x": "5.16 (4.01-5.33)"}
    >>> ratios_of([row, {**row, "by": "skellagnn", "x": ""}], "x")
    {('cora', 'gat'): {'PyG, CSR': (5.16, 4.01, 5.33)}}
    """
    found: dict[tuple[str, str], dict[str, tuple[float, ...]]] = {}
    for row in rows:
        ratio = re.fullmatch(r"([\d.]+) \(([\d.]+)-([\d.]+)\)", row[column])
        if ratio:
            by = found.setdefault((row["setting"], row["backbone"]), {})
            by[row["by"]] = tuple(map(float, ratio.groups()))
    return found


def draw_ratios(table: str, ax: Any) -> None:
    """Dots: how many times faster this package is; lines: from the slowest to the fastest round."""
    found = {key: by for key, by in ratios_of(rows_of(table), "we are x faster").items() if by}
    for place, by in enumerate(found.values()):
        for name, (median, low, high) in by.items():
            at = place + 0.22 * (list(COLORS).index(name) - 1)
            ax.plot([low, high], [at, at], color=COLORS[name], lw=2)
            ax.plot(median, at, "o", color=COLORS[name], ms=5, label=name)
    handles, names = ax.get_legend_handles_labels()
    shown = dict(zip(names, handles, strict=True))
    ax.legend(shown.values(), shown, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, fontsize="small")
    ax.axvline(1, color="black", lw=1)
    ax.set(xscale="log", xlabel="times faster than the other (left of the line: slower)")
    ax.set(yticks=range(len(found)), yticklabels=[", ".join(key) for key in found])
    ax.set_xticks([1, 10, 100], ["1", "10", "100"])
    ax.invert_yaxis()


def draw_prediction(table: str, ax: Any) -> None:
    """Milliseconds of a call on all nodes, beside PyTorch Geometric's."""
    rows = [row for row in rows_of(table) if row["by"] in ("skellagnn, all nodes", *COLORS)]
    places = list(dict.fromkeys((row["setting"], row["backbone"]) for row in rows))
    colors = {"skellagnn, all nodes": "#ea580c", **COLORS}
    for row in rows:
        by = [name for name in colors if any(row["by"] == name for row in rows)].index(row["by"])
        at = places.index((row["setting"], row["backbone"])) + 0.26 * (by - 1)
        ax.barh(at, float(row["ms/call"].replace(",", "")), 0.24, color=colors[row["by"]], label=row["by"])
    handles, names = ax.get_legend_handles_labels()
    shown = dict(zip(names, handles, strict=True))
    ax.legend(shown.values(), shown, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, fontsize="small")
    ax.set(xscale="log", xlabel="milliseconds a call", yticks=range(len(places)))
    ax.set_yticklabels([", ".join(place) for place in places])
    ax.invert_yaxis()


def draw_scale(table: str, ax: Any) -> None:
    """Seconds of each step against edges, both on a log scale."""
    for row in rows_of(table):
        sizes = [name for name in row if name.endswith("edges")]
        edges = [int(name.split("nodes, ")[1].split()[0].replace(",", "")) for name in sizes]
        seconds = [float(row[name].split(" s")[0]) for name in sizes]
        ax.plot(edges, [max(value, 0.005) for value in seconds], "o-", ms=3, label=row["step"])
    ax.set(xscale="log", yscale="log", xlabel="undirected edges", ylabel="seconds")
    ax.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))


# picture -> page, table, how it is drawn, size in inches
CHARTS: dict[str, tuple[str, str, Callable[[str, Any], None], tuple[float, float]]] = {
    "training.svg": ("performance/training.md", "training", draw_ratios, (6, 4.2)),
    "training_gpu.svg": ("performance/training.md", "gpu", draw_ratios, (6, 3.2)),
    "prediction.svg": ("performance/prediction.md", "prediction", draw_prediction, (6, 3.6)),
    "scale.svg": ("performance/scale.md", "scale", draw_scale, (7, 3.4)),
}


def digest(table: str) -> str:
    """Return what a chart holds of the table that it was drawn from, so that an old one is found out."""
    return hashlib.sha256(table.encode()).hexdigest()[:16]


def draw_charts() -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "skellagnn"
    from matplotlib import pyplot as plt

    for name, (page, table, draw, size) in CHARTS.items():
        figure, ax = plt.subplots(figsize=size, layout="constrained")
        text = marked(page, table)
        draw(text, ax)
        figure.savefig(PICTURES / name, metadata={"Date": None, "Description": digest(text)})
        plt.close(figure)


def run_quick_start() -> None:
    import matplotlib

    matplotlib.use("svg")
    text = (DOCS / "quickstart.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        exec("\n".join(re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)), {"__name__": "docs"})
        shutil.copy(os.path.join(folder, "quickstart.svg"), PICTURES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick-start", action="store_true", help="run the quick start and keep its picture")
    if parser.parse_args().quick_start:
        run_quick_start()
    draw_charts()


if __name__ == "__main__":
    main()
