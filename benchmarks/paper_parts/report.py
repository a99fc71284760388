"""Markdown tables out of a results file, and the pages that they stand on."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from paper_parts.experiments import EXPERIMENTS, PLAIN, SAME, WITHOUT
from paper_parts.records import Record, results_of, tables_of
from paper_parts.statistics import Difference, mean_of, median_of, paired_difference, std_of

FIGURE = "gradients.svg"  # beside the pages
SUMMARY = """# The paper's claims, put to the test

**plain** is the network alone: no teacher, no answers. **recipe** is the estimator with its defaults and the answers
for a tenth of the nodes. Both are accuracies in percent, mean over the seeds; a seed is a split and a `random_state`.
**gain by training** is what the same training with `enhancer=None` gains over the plain network, **gain by answers**
what the recipe gains over that, **gain by the paper's method** what views and enhanced queries alone gain over plain. A
gain is a paired difference, seed by seed, ± its standard error; less than two of these is no finding.
"""

Rows = dict[str, dict[int, Record]]


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the first column is text, the others are numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def number(value: float | None, digits: int = 2) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def signed(difference: Difference | None, n_seeds: int) -> str:
    """Write a difference with its standard error, and from how many pairs where not all seeds are pairs."""
    if difference is None:
        return ""
    text = f"{difference.mean:+.2f}"
    if not math.isnan(difference.error):
        text += f" ± {difference.error:.2f}"
    return text if difference.n_pairs == n_seeds else f"{text} (n={difference.n_pairs})"


def rows_of(table: Record, results: Mapping[str, Record]) -> Rows:
    """Return the results of each arm by seed."""
    return {
        arm["name"]: {int(seed): results[key] for seed, key in arm["keys"].items() if key in results}
        for arm in table["arms"]
    }


def values(rows: Mapping[int, Record], name: str) -> dict[int, float]:
    return {seed: record[name] for seed, record in rows.items() if record.get(name) is not None}


# -- kinds of tables --------------------------------------------------------------------------------------------


def accuracy_table(table: Record, results: Mapping[str, Record]) -> str:
    """Each arm: accuracy, its spread, accuracy on nodes not asked, paired differences, number of seeds."""
    rows = rows_of(table, results)
    columns = list(dict.fromkeys(column for arm in table["arms"] for column in arm["versus"]))
    informed = any("answers_right" in record for found in rows.values() for record in found.values())
    header = ["arm", "accuracy", "std", "not asked", *columns, *(["answers right"] if informed else []), "seeds"]
    lines = []
    for arm in table["arms"]:
        found = rows[arm["name"]]
        scores = values(found, "accuracy")
        line = [arm["name"], number(mean_of(scores.values())), number(std_of(scores.values()))]
        line.append(number(mean_of(values(found, "accuracy_not_asked").values())) if _asks(found) else "")
        line += _differences(arm, columns, rows)
        if informed:
            line.append(number(mean_of(values(found, "answers_right").values()), 0))
        lines.append([*line, str(len(scores))])
    return markdown_table(header, lines)


def _differences(arm: Record, columns: Sequence[str], rows: Rows) -> list[str]:
    scores = values(rows[arm["name"]], "accuracy")
    others = (arm["versus"].get(column) for column in columns)
    return [
        "" if other is None else signed(paired_difference(scores, values(rows[other], "accuracy")), len(scores))
        for other in others
    ]


def _asks(rows: Mapping[int, Record]) -> bool:
    return any(record.get("questions") for record in rows.values())


def views_table(table: Record, results: Mapping[str, Record]) -> str:
    """Views in prediction.

    The same models, predicting from the raw feature vectors (*without LLM*) and from vectors where every queried node
    shows the mean of its views (*views in place*): difference over all test nodes, then over the queried ones among
    them. On a graph never seen no test node was queried; only neighbors show views.
    """
    rows = rows_of(table, results)
    header = [
        "arm",
        "without LLM",
        "views in place",
        "difference",
        "asked: without",
        "asked: views",
        "asked: difference",
    ]
    lines = []
    for arm in table["arms"]:
        found = rows[arm["name"]]
        line = [arm["name"]]
        for suffix in ("", "_asked"):
            raw, views = values(found, f"accuracy{suffix}"), values(found, f"accuracy{suffix}_views")
            if views:
                raw = {seed: score for seed, score in raw.items() if seed in views}
                line += [number(mean_of(raw.values())), number(mean_of(views.values()))]
                line.append(signed(paired_difference(views, raw), len(views)))
            else:
                line += ["", "", ""]
        if any(line[1:]):
            lines.append(line)
    return markdown_table(header, lines)


def edges_table(table: Record, results: Mapping[str, Record]) -> str:
    header = ["neighbors", "edges", "homophily, raw query", "homophily, enhanced query"]
    header += ["raw, at asked nodes", "enhanced, at asked nodes"]
    lines = []
    for name, found in rows_of(table, results).items():
        record = next(iter(found.values()), {})
        cells = (f"homophily{at}_{query}" for at in ("", "_asked") for query in ("raw", "enhanced"))
        lines.append([name, str(record.get("edges_raw", "")), *(number(record.get(cell), 3) for cell in cells)])
    return markdown_table(header, lines)


def gradients_table(table: Record, results: Mapping[str, Record]) -> str:
    """Norm of the gradient of the first, middle and last layer, mean over epochs and seeds, and the accuracy."""
    columns = list(dict.fromkeys(column for arm in table["arms"] for column in arm["versus"]))
    header = ["arm", "first layer", "middle layer", "last layer", "first / last", "accuracy", *columns, "seeds"]
    lines = []
    rows = rows_of(table, results)
    for arm in table["arms"]:
        found = rows[arm["name"]]
        scores = values(found, "accuracy")
        norms = [record["gradients"] for record in found.values()]
        first, middle, last = (
            mean_of(mean_of(layers[place(len(layers))]) for layers in norms)
            for place in (lambda n: 0, lambda n: n // 2, lambda n: n - 1)
        )
        cells = [f"{norm:.2e}" if norms else "" for norm in (first, middle, last)]
        cells.append(number(first / last, 3) if norms and last else "")
        cells += [number(mean_of(scores.values())), *_differences(arm, columns, rows), str(len(scores))]
        lines.append([arm["name"], *cells])
    return markdown_table(header, lines)


def cost_table(table: Record, results: Mapping[str, Record]) -> str:
    """What it costs.

    A question is one prompt about one node, equal texts count once; tokens are estimated at four characters each.
    Seconds are those of `fit` on one core, median over seeds. *times plain* compares them with the plain network, which
    may stop earlier; *an epoch, times plain* does so for each epoch of the network that is kept. *gain* is the
    difference to the same training without answers, the last column what 100 questions brought of it.
    """
    rows = rows_of(table, results)
    header = ["arm", "questions", "tokens in", "tokens out", "epochs", "seconds", "times plain"]
    header += ["an epoch, times plain", "gain", "gain per 100 questions"]

    def seconds_of(found: Mapping[int, Record]) -> tuple[float, float]:
        seconds, epochs = values(found, "cpu_seconds"), values(found, "n_iter")
        return median_of(seconds.values()), median_of(seconds[seed] / epochs[seed] for seed in seconds)

    plain, plain_epoch = seconds_of(rows.get("plain", {}))
    lines = []
    for arm in table["arms"]:
        found = rows[arm["name"]]
        seconds, epoch = seconds_of(found)
        asked = {name: mean_of(values(found, name).values()) for name in ("questions", "tokens_in", "tokens_out")}
        line = [arm["name"], *(number(asked[name], 0) for name in asked)]
        line += [number(mean_of(values(found, "n_iter").values()), 0), number(seconds, 1)]
        line += [number(seconds / plain, 1), number(epoch / plain_epoch, 1)] if plain else ["", ""]
        other = arm["versus"].get(WITHOUT)
        gain = None
        if other is not None and asked["questions"] > 0:
            gain = paired_difference(values(found, "accuracy"), values(rows[other], "accuracy"))
        line.append(signed(gain, len(found)))
        line.append("" if gain is None else f"{100 * gain.mean / asked['questions']:+.3f}")
        lines.append(line)
    return markdown_table(header, lines)


# -- the verdict ------------------------------------------------------------------------------------------------


def verdict_table(tables: Iterable[Record], results: Mapping[str, Record]) -> str:
    """Every setting in one row: plain network, recipe, what training, answers and the paper's method gain.

    Parameters
    ----------
    tables : iterable of dict
        Those with a plain arm, an arm of the same training without answers and one of the recipe at 10 %, by prefix.
    results : mapping
        Finished fits by key.
    """
    header = ["setting", PLAIN, "recipe", "gain by training", "gain by answers", "gain by the paper's method"]
    lines, seen = [], set()
    for table in tables:
        rows = rows_of(table, results)
        keys = {arm["name"]: tuple(arm["keys"].values()) for arm in table["arms"]}
        for prefix in (name.removesuffix(PLAIN) for name in rows if name.endswith(PLAIN)):
            names = [prefix + name for name in (PLAIN, SAME, "recipe, 10 %", "the paper, 10 %")]
            plain, same, recipe, paper = (values(rows.get(name, {}), "accuracy") for name in names)
            if not plain or not recipe or keys[names[2]] in seen:
                continue
            seen.add(keys[names[2]])
            gains = [(same, plain), (recipe, same), (paper, plain)]
            cells = [number(mean_of(scores.values())) for scores in (plain, recipe)]
            cells += [signed(paired_difference(*pair), len(plain)) for pair in gains]
            lines.append([f"{table['title']}, {prefix}".rstrip(" :,"), *cells])
    return markdown_table(header, lines)


def llms_table(tables: Sequence[Record], results: Mapping[str, Record]) -> str:
    """Every LLM in one row: how often it is right, and what its answers gain, on each data set."""
    places = [table["title"].partition(",")[0] for table in tables]
    header = ["LLM", *(f"{place}, {column}" for place in places for column in ("answers right", "gain by answers"))]
    found = [rows_of(table, results) for table in tables]
    lines = []
    for name in dict.fromkeys(arm["name"] for table in tables for arm in table["arms"]):
        cells = []
        for rows in found:
            scores, base = (values(rows.get(arm, {}), "accuracy") for arm in (name, SAME))
            right = values(rows.get(name, {}), "answers_right")
            cells += [number(mean_of(right.values()), 0), signed(paired_difference(scores, base), len(scores))]
            cells[-1] = cells[-1] if right else ""
        if any(cells):
            lines.append([name, *cells])
    return markdown_table(header, lines)


def render_verdict(lines: Sequence[Record]) -> dict[str, str]:
    """Return the tables of the summary by heading: all settings in short, all LLMs in short, facts of the run."""
    results = results_of(lines)
    tables = tables_of(lines)

    def chosen(*experiments: str) -> list[Record]:
        return [table for name in experiments for table in tables if table["experiment"] == name]

    good_and_bad = [table for table in chosen("defaults") if "weak and strong" in table["title"]]
    return {
        "The estimator as it comes": verdict_table(
            [table for table in chosen("defaults") if table not in good_and_bad], results
        ),
        "Sentence-BERT alone": verdict_table(chosen("splits", "backbones", "inference"), results),
        "LLMs good and bad": llms_table(good_and_bad, results),
        "Encoders": verdict_table(chosen("encoders"), results),
        "The run": run_facts(lines),
    }


# -- the pages --------------------------------------------------------------------------------------------------

Renderer = Callable[[Record, Mapping[str, Record]], str]
_BY_KIND: dict[str, Renderer] = {"edges": edges_table, "gradients": gradients_table}


def render_tables(lines: Sequence[Record]) -> dict[str, str]:
    """Return the Markdown of every experiment in a results file, and of its costs and views, by name.

    A table without any result is left out; an arm never is.
    """
    results = results_of(lines)
    found: dict[str, list[str]] = {}

    def add(name: str, title: str, text: str) -> None:
        found.setdefault(name, []).append(f"**{title}**\n\n{text}")

    for table in tables_of(lines):
        if not any(rows_of(table, results).values()):
            continue
        render = _BY_KIND.get(table["arms"][0]["kind"], accuracy_table)
        add(table["experiment"], table["title"], render(table, results))
        if table["experiment"] == "inference":
            add("views", table["title"], views_table(table, results))
        # not of the fits that are given texts: learning TF-IDF from them is a part of the first ones' seconds only
        if table["experiment"] == "ratio":
            add("cost", table["title"], cost_table(table, results))
    return {name: "\n\n".join(parts) for name, parts in found.items()}


def introduction(name: str) -> str:
    """Return the heading of an experiment and how to read its tables: what the docstring of its function says."""
    function = {**EXPERIMENTS, "views": views_table, "cost": cost_table}[name]
    heading, _, text = inspect.cleandoc(function.__doc__ or name).partition("\n")
    return f"# {heading.rstrip('.')}\n{text}\n"


def write_pages(lines: Sequence[Record], folder: Path) -> None:
    """Write the summary and a page of each experiment, with all its tables, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = (f"## {heading}\n\n{text}\n" for heading, text in render_verdict(lines).items())
    (folder / "summary.md").write_text("\n".join([SUMMARY, *parts]), encoding="utf-8")
    for name, text in render_tables(lines).items():
        figure = f"\n![norms of the gradients over training]({FIGURE})\n" if name == "gradients" else ""
        (folder / f"{name}.md").write_text(f"{introduction(name)}\n{text}\n{figure}", encoding="utf-8")


def run_facts(lines: Sequence[Record]) -> str:
    """Say what was run with which versions, what failed, and whether the results are of one piece of code."""
    results = results_of(lines)
    wanted = {key for table in tables_of(lines) for arm in table["arms"] for key in arm["keys"].values()}
    used = [record for key, record in results.items() if key in wanted]
    failed = {line["key"] for line in lines if "error" in line} & (wanted - results.keys())
    facts = [("fits", f"{len(used)} of {len(wanted)}"), ("fits that failed", str(len(failed)))]
    facts.append(("hours of one core", number(sum(record.get("cpu_seconds") or 0 for record in used) / 3600, 1)))
    for name in ("skellagnn", "torch", "numpy", "scikit-learn", "python", "code"):
        different = sorted({str(record["versions"][name]) for record in used if name in record.get("versions", {})})
        facts.append(("digest of the package's code" if name == "code" else name, ", ".join(different)))
    return markdown_table(["of the run", ""], facts)


def gradient_series(lines: Sequence[Record]) -> dict[str, list[list[float]]]:
    """Return the norms of each arm that recorded them, mean over seeds, shape (n_layers, n_epochs) by name."""
    results = results_of(lines)
    series: dict[str, list[list[float]]] = {}
    for table in tables_of(lines):
        for arm in table["arms"]:
            if arm["kind"] != "gradients":
                continue
            runs: list[Any] = [results[key]["gradients"] for key in arm["keys"].values() if key in results]
            if not runs:
                continue
            n_epochs = min(len(layer) for run in runs for layer in run)
            series[arm["name"]] = [
                [mean_of(run[layer][epoch] for run in runs) for epoch in range(n_epochs)]
                for layer in range(len(runs[0]))
            ]
    return series
