"""The card of a model: what a reader wants to know before using it."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from typing import Any

from skellagnn.llm.prompts import PromptCatalog


def write_card(model: Any, config: dict[str, Any], changed: dict[str, Any]) -> str:
    """Return what a reader wants to know before using a model; ``changed`` are the settings that are no defaults."""
    fit, data = config["fit"], config["fit"]["data"]
    names = [_quoted(label) for label in config["classes"]["values"]]
    shown = ", ".join(names[:50]) + (f" and {len(names) - 50} more" if len(names) > 50 else "")
    edges = f", {data['n_edges']:,} directed edges" if data.get("n_edges") is not None else ""
    cut = ", the others cut off in training" if data.get("inductive") else ""
    lines = [
        "---",
        "library_name: skellagnn",
        "tags: [text-attributed-graph, node-classification, graph-neural-network]",
        "---",
        "",
        "# " + config["class"],
        "",
        "A classifier of the nodes of a text-attributed graph. Prediction asks no LLM.",
        "",
        "```python",
        "from skellagnn import ELLaGNNClassifier",
        "",
        "clf = ELLaGNNClassifier.load(FOLDER" + "".join(f", {name}=..." for name in config["given"]) + ")",
        "clf.predict(graph)",
        "```",
        "",
        "## Data",
        "",
        f"- trained on {data['n_nodes']:,} nodes{edges}; {data['n_in_view']:,} nodes in view{cut}",
        f"- rows of {config['n_features_in']} numbers, from {_encoder_in_words(config)}",
        f"- {len(names)} classes: {shown}",
        "",
        "## Settings that are not the defaults",
        "",
        *([f"- `{name}`: {_quoted(value)}" for name, value in sorted(changed.items())] or ["None."]),
        "",
        "## What an LLM was asked",
        "",
        *_asked(model, fit),
        "",
        "## Scores",
        "",
        _scores(model),
        "",
        "## Versions",
        "",
        ", ".join(
            [f"Python {platform.python_version()}"]
            + [f"{name} {version(name)}" for name in ("skellagnn", "torch", "scikit-learn", "numpy")]
        )
        + f"; file format {config['format']}.",
        "",
    ]
    return "\n".join(lines)


def _scores(model: Any) -> str:
    history = model.history_.validation_score
    if not history:
        return f"No labels were held out in {model.n_iter_} epochs of training. Write down here what you measured."
    best = max(model.best_iter_, 1)
    score = f"{history[best - 1]:.4f}"
    return f"Validation accuracy {score} in epoch {best} of {model.n_iter_}, on labels held out in training."


def _quoted(value: Any) -> str:
    """Return a value on one line, in which no character means anything to a renderer."""
    shown = json.dumps(value, ensure_ascii=False)
    return f"`{shown[:200]}`" if "`" not in shown else f"`` {shown[:200]} ``"


def _encoder_in_words(config: dict[str, Any]) -> str:
    described = config["encoder"]
    if described is None:
        return "features that the graph brings"
    if config["encoder_name"] is not None:
        return f"the encoder {_quoted(config['encoder_name'])}, or features of a graph that has some"
    return f"an encoder of the kind {_quoted(described['kind'])}, or features of a graph that has some"


def _asked(model: Any, fit: dict[str, Any]) -> list[str]:
    usage = model.llm_usage_
    if fit["enhancer"] is None or not usage.prompts:
        return ["Nothing."]
    lines = [f"{_quoted(fit['enhancer'])} about {len(model.queried_nodes_)} nodes:", ""]
    templates = {prompt.name: prompt.template for prompt in PromptCatalog.from_parameter(model.prompts)}
    for name, counts in usage.prompts.items():
        bad = sum(counts.bad.values())
        lines.append(
            f"- `{name}`: {counts.questions} distinct questions, {counts.failed} without an answer, {counts.left} left "
            f"unasked, {bad} answers that could not be used"
        )
        if name in templates:
            lines += ["", *(f"      {line}" for line in templates[name].splitlines()), ""]
    if model.reliability_ is not None:
        lines.append(
            f"- answers that name a class are right with a probability of {model.reliability_:.2f} (estimated)"
        )
    return lines
