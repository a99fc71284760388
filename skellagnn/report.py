"""What ``python -m skellagnn`` found, as bars in a terminal and as a page of HTML that needs nothing else.

The page holds its styles and its chart, no script, and asks no server for anything: its own policy forbids both.
Whatever comes from data or from an LLM is escaped. The chart is drawn in percent of the width, so that letters keep
their size on a phone; a picture by matplotlib would need it, and would not.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.base.files import check_path, try_writing, write_aside, writing
from skellagnn.base.showing import html_table, printable, shorten
from skellagnn.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from skellagnn.graph import TextGraph
    from skellagnn.llm.plan import Plan

__all__ = ["Findings", "accuracy_bars", "check_report_path", "standard_error", "write_report"]

# Columns of a bar in a terminal.
BAR = 40
# Nodes that each list shows at most, and characters of a text or an answer.
N_LISTED = 100
N_CHARS = 1500

STYLE = """
:root { color-scheme: light dark; --back: #ffffff; --ink: #1d1d1f; --faint: #6b6b70; --line: #d8d8dc; --mark: #0072b2;
  --bad: #b3470a; --box: #f6f6f8; }
@media (prefers-color-scheme: dark) { :root { --back: #17181b; --ink: #e8e8ea; --faint: #a0a0a8; --line: #3a3b40;
  --mark: #56b4e9; --bad: #f0955a; --box: #202126; } }
* { box-sizing: border-box; }
body { background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 60rem; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
p { margin: .5rem 0; } .faint { color: var(--faint); } .bad { color: var(--bad); } .verdict { font-size: 1.1rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
caption b { display: none; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .6rem .25rem 0; overflow-wrap: normal; }
td.text { min-width: 12rem; overflow-wrap: anywhere; }
.arm { margin: .6rem 0 0; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; }
svg { display: block; overflow: visible; } svg * { vector-effect: non-scaling-stroke; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0; padding: .3rem .7rem; }
summary { cursor: pointer; } summary span { display: block; font-size: .85rem; }
pre { background: var(--box); border-radius: .3rem; padding: .5rem; margin: .4rem 0;
  white-space: pre-wrap; font-size: .85rem; }
"""


@dataclass
class Findings:
    """All that a report tells.

    Parameters
    ----------
    graph : TextGraph
    about : str
        Where the graph is from.
    y : ndarray of int of shape (n_nodes,)
        Labels, -1 where unknown.
    class_names : list of str
    how : str
        How arms were compared, in words.
    arms : dict of str to dict
        ``scores`` of each arm, in the same splits, and ``answers`` that it was taught by.
    baseline : str
        The arm that differences are taken from.
    model : ELLaGNNClassifier
        Fitted, the one whose mistakes are shown.
    test : ndarray of int
        Nodes that it has not seen the label of.
    plan : Plan or None
    search : list of (str, float)
        Candidates of the search, and their scores.
    command : str
        What was run.
    """

    graph: TextGraph
    about: str
    y: NDArray[np.int64]
    class_names: Sequence[str]
    how: str = ""
    arms: dict[str, dict[str, Any]] = field(default_factory=dict)
    baseline: str = ""
    model: Any = None
    test: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    plan: Plan | None = None
    search: list[tuple[str, float]] = field(default_factory=list)
    command: str = ""


def standard_error(scores: Sequence[float]) -> float | None:
    """Return the standard error of a mean; None of a single score."""
    return None if len(scores) < 2 else float(np.std(scores, ddof=1) / np.sqrt(len(scores)))


def _estimate(scores: Sequence[float], sign: str = "") -> str:
    error = standard_error(scores)
    return f"{np.mean(scores):{sign}.3f}" + ("" if error is None else f" ± {error:.3f}")


def accuracy_bars(arms: dict[str, dict[str, Any]]) -> list[str]:
    """Return a line for each arm: its name, a bar from 0 to 1, mean and standard error."""
    width = max(map(len, arms), default=0)
    lines = []
    for name, arm in arms.items():
        mean = float(np.mean(arm["scores"]))
        bar = "#" * round(BAR * mean)
        lines.append(f"{name.ljust(width)} |{bar.ljust(BAR)}| {_estimate(arm['scores']).replace('±', '+-')}")
    return lines


def check_report_path(path: str | os.PathLike[str]) -> Path:
    """Return where a report is to go, before minutes of work.

    Raises
    ------
    InvalidParameterError
        If nothing can be written there.
    """
    file = check_path("--report", path, short=True)
    try:
        try_writing(file)
    except OSError as error:
        raise InvalidParameterError(
            f"`--report` must be the name of a file in a folder that can be written, got {str(file)!r:.300} "
            f"({error.strerror}). Name one, such as report.html."
        ) from error
    return file


def write_report(path: str | os.PathLike[str], found: Findings) -> Path:
    """Write the page.

    Parameters
    ----------
    path : path-like
        A file; what is there is replaced.
    found : Findings

    Returns
    -------
    file : Path
    """
    file = check_report_path(path)
    page = _page(found).encode("utf-8", "replace")
    with writing("--report", file):
        write_aside(file, lambda opened: opened.write(page))
    return file


# -- the page ---------------------------------------------------------------------------------------------------------


def _page(found: Findings) -> str:
    sections = [
        ("Accuracy", _accuracy(found)),
        ("Graph", _graph(found)),
        ("What a fit would ask", "" if found.plan is None else f"<div class='wide'>{found.plan._repr_html_()}</div>"),
        ("What was asked", _cost(found)),
        ("Search", _search(found)),
        ("Nodes that were asked about", _asked(found)),
        ("Mistakes of the model", _model_mistakes(found)),
        ("Mistakes of the LLM", _llm_mistakes(found)),
        ("How this was made", _made(found)),
    ]
    body = "".join(f"<h2>{_text(title)}</h2>{content}" for title, content in sections if content)
    return (
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>"
        # nothing is fetched, and nothing is run, whatever a text holds
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>skellagnn report</title><style>{STYLE}</style></head><body>"
        f"<h1>What the LLM's answers brought</h1><p class='verdict'>{_text(_verdict(found))}</p>{body}</body></html>\n"
    )


def _text(value: object) -> str:
    return escape(printable(value))


def _cut(text: object) -> str:
    shown = printable(text)
    return shown if len(shown) <= N_CHARS else shown[: N_CHARS - 3] + "..."


def _taught(found: Findings) -> str | None:
    """Return the arm that was taught by answers."""
    return next((name for name, arm in found.arms.items() if arm["answers"]), None)


def _verdict(found: Findings) -> str:
    taught = _taught(found)
    if taught is None:
        return "No LLM was asked: there are no recorded answers."
    if taught == found.baseline or found.baseline not in found.arms:
        mean = _estimate(found.arms[taught]["scores"])
        return f"Without any label, {found.arms[taught]['answers']} answers reach an accuracy of {mean}."
    difference = np.array(found.arms[taught]["scores"]) - np.array(found.arms[found.baseline]["scores"])
    error = standard_error(difference.tolist())
    told = f"{100 * difference.mean():+.1f} points" + ("" if error is None else f" ± {100 * error:.1f}")
    if error is None:
        return f"Answers changed the accuracy by {told} in one split, which says little."
    if abs(difference.mean()) <= 2 * error:
        return f"No effect of the answers is shown: {told} against the same training without them."
    word = "helped" if difference.mean() > 0 else "did harm"
    return f"Answers {word}: {told} against the same training without them."


def _accuracy(found: Findings) -> str:
    if not found.arms:
        return ""
    scores = np.concatenate([arm["scores"] for arm in found.arms.values()])
    low, high = np.floor(scores.min() * 20 - 0.5) / 20, np.ceil(scores.max() * 20 + 0.5) / 20
    low, high = max(float(low), 0.0), min(float(high), 1.0)
    chart = "".join(_arm(name, arm, low, high) for name, arm in found.arms.items())
    base = found.arms.get(found.baseline)
    rows = []
    for name, arm in found.arms.items():
        differs = "" if base is None or arm is base else _estimate(np.subtract(arm["scores"], base["scores"]), "+")
        rows.append((name, _estimate(arm["scores"]), differs, f"{arm['answers']:,}"))
    table = html_table("", rows, ("", "accuracy", f"against: {found.baseline}" if base is not None else "", "answers"))
    return (
        f"<p>{_text(found.how)}</p>{chart}"
        f"<div class='arm faint'><span>{low:.2f}</span><span>accuracy</span><span>{high:.2f}</span></div>"
        "<p class='faint'>Filled: the mean, with one standard error to each side. Hollow: single splits. The axis does "
        f"not begin at 0.</p><div class='wide'>{table}</div>"
    )


def _arm(name: str, arm: dict[str, Any], low: float, high: float) -> str:
    """Draw the mean of an arm with its standard error, and its splits, on a line from low to high."""

    def at(score: float) -> str:
        return f"{100 * min(max((score - low) / max(high - low, 1e-9), 0.0), 1.0):.2f}%"

    mean, error = float(np.mean(arm["scores"])), standard_error(arm["scores"])
    splits = "".join(
        f"<circle cx='{at(score)}' cy='12' r='3.5' fill='none' stroke='var(--faint)'/>" for score in arm["scores"]
    )
    spread = ""
    if error is not None:
        spread = (
            f"<line x1='{at(mean - error)}' x2='{at(mean + error)}' y1='12' y2='12' stroke='var(--mark)' "
            "stroke-width='4'/>"
        )
    told = _estimate(arm["scores"])
    return (
        f"<div class='arm'><span>{_text(name)}</span><b>{told}</b></div>"
        f"<svg width='100%' height='24' role='img' aria-label='{_text(name)}: {told}'>"
        "<line x1='0' x2='100%' y1='12' y2='12' stroke='var(--line)'/>"
        f"{splits}{spread}<circle cx='{at(mean)}' cy='12' r='6' fill='var(--mark)'/></svg>"
    )


def _graph(found: Findings) -> str:
    counts = np.bincount(found.y[found.y >= 0], minlength=len(found.class_names))
    classes = [(name, f"{count:,}") for name, count in zip(found.class_names, counts, strict=True)]
    return (
        f"<p>{_text(found.about)}</p><div class='wide'>{found.graph._repr_html_()}</div>"
        f"<h3>Labels</h3><div class='wide'>{html_table('', classes, ('class', 'nodes'))}</div>"
    )


def _cost(found: Findings) -> str:
    if found.model is None or found.model.llm_usage_.model is None:
        return ""
    model = found.model
    reliable = ""
    if model.reliability_ is not None:
        reliable = (
            "<p>An answer that names a class is right, as far as labels and texts tell, with a probability of "
            f"{model.reliability_:.2f}.</p>"
        )
    return (
        "<p>By the model below, in its fit. Answers were recorded before: this run paid nothing, and tokens are "
        f"estimated.</p><div class='wide'>{model.llm_usage_._repr_html_()}</div>{reliable}"
    )


def _search(found: Findings) -> str:
    if not found.search:
        return ""
    best = max(score for _, score in found.search)
    rows = [(name, f"{score:.3f}", "chosen" if score == best else "") for name, score in found.search]
    return f"<div class='wide'>{html_table('', rows, ('asked', 'accuracy in folds', ''))}</div>"


def _class_of(found: Findings, label: Any) -> str:
    known = isinstance(label, (int, np.integer)) and 0 <= label < len(found.class_names)
    return str(found.class_names[label]) if known else ("unknown" if label == -1 else str(label))


def _first_choices(found: Findings) -> dict[int, str]:
    """Return the class that answers name first, by node."""
    choices: dict[int, str] = {}
    for answer in getattr(found.model, "answers_", []):
        if answer.classes:
            choices.setdefault(answer.node, answer.classes[0])
    return choices


def _asked(found: Findings) -> str:
    if found.model is None or not len(found.model.queried_nodes_):
        return ""
    by_node: dict[int, list[Any]] = {}
    for answer in found.model.answers_:
        by_node.setdefault(answer.node, []).append(answer)
    choices, parts = _first_choices(found), []
    nodes = found.model.queried_nodes_.tolist()
    for node in nodes[:N_LISTED]:
        label, choice = _class_of(found, found.y[node]), choices.get(node)
        wrong = choice is not None and found.y[node] >= 0 and choice != label
        told = "names no class" if choice is None else f"says {choice}"
        mark = f"<span class='{'bad' if wrong else 'faint'}'>label: {_text(label)}; {_text(shorten(told, 80))}</span>"
        said = by_node.get(node, [])
        answers = "".join(_block(one.prompt, "(no answer)" if one.answer is None else one.answer) for one in said)
        text = "" if found.graph.texts is None else _block("text", found.graph.texts[node])
        parts.append(f"<details><summary>{_text(_title(found, node))} {mark}</summary>{text}{answers}</details>")
    more = len(nodes) - N_LISTED
    return "".join(parts) + (f"<p class='faint'>And {more:,} more.</p>" if more > 0 else "")


def _block(name: str, content: str) -> str:
    return f"<div class='faint'>{_text(name)}</div><pre>{_text(_cut(content))}</pre>"


def _title(found: Findings, node: int) -> str:
    name, title = found.graph.name_of(node), found.graph.title_of(node, 80)
    return name if title in ("", name) else f"{name}: {title}"


def _model_mistakes(found: Findings) -> str:
    if found.model is None or not len(found.test):
        return ""
    probabilities = found.model.predict_proba(found.graph._with(targets=found.test))
    predicted = found.model.classes_[probabilities.argmax(axis=1)]
    sure = probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != found.y[found.test])
    wrong = wrong[np.argsort(-sure[wrong], kind="stable")]
    rows = [
        (
            _title(found, int(found.test[place])),
            _class_of(found, found.y[found.test[place]]),
            _class_of(found, predicted[place]),
            f"{sure[place]:.2f}",
        )
        for place in wrong[:N_LISTED].tolist()
    ]
    told = f"{len(wrong):,} of {len(found.test):,} unseen nodes are predicted wrong"
    shown = f"; the {N_LISTED} that it is surest of" if len(wrong) > N_LISTED else "; the surest first"
    return f"<p>{told}{shown if rows else ''}.</p>{_nodes_table(rows, ('node', 'label', 'predicted', 'sure'))}"


def _nodes_table(rows: Sequence[tuple[str, ...]], header: tuple[str, ...]) -> str:
    return f"<div class='wide'>{html_table('', rows, header)}</div>" if rows else ""


def _llm_mistakes(found: Findings) -> str:
    choices = {node: said for node, said in _first_choices(found).items() if found.y[node] >= 0}
    if not choices:
        return ""
    nodes = np.array(sorted(choices), dtype=np.int64)
    predicted = found.model.predict(found.graph._with(targets=nodes))
    rows, both = [], np.zeros((2, 2), dtype=np.int64)
    for node, says in zip(nodes.tolist(), predicted, strict=True):
        label = _class_of(found, found.y[node])
        llm, model = choices[node] == label, says == found.y[node]
        both[int(llm), int(model)] += 1
        if not llm:
            rows.append((_title(found, node), label, choices[node], _class_of(found, says)))
    agree = html_table(
        "",
        [
            ("LLM right", f"{both[1, 1]:,}", f"{both[1, 0]:,}"),
            ("LLM wrong", f"{both[0, 1]:,}", f"{both[0, 0]:,}"),
        ],
        ("", "model right", "model wrong"),
    )
    shown = f" The first {N_LISTED}:" if len(rows) > N_LISTED else ""
    return (
        f"<p>Its first choice is wrong for {len(rows):,} of {len(nodes):,} labeled nodes.</p>"
        f"<div class='wide'>{agree}</div><p>{shown}</p>"
        f"{_nodes_table(rows[:N_LISTED], ('node', 'label', 'LLM', 'model'))}"
    )


def _made(found: Findings) -> str:
    rows = [
        ("command", found.command),
        ("model", shorten(repr(found.model).splitlines()[0], 600) if found.model is not None else ""),
        ("versions", f"skellagnn {version('skellagnn')}, torch {version('torch')}, Python {platform.python_version()}"),
    ]
    return html_table("", [(name, value) for name, value in rows if value])
