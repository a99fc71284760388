"""Answers of LLMs as files that a ReplayEnhancer reads: recorded ones, and those of LLMs made up, bad and perfect."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skellagnn import Prompt
from skellagnn.prompts import parse_choices

# Prompts that the recordings of others answer; the wording of theirs is not known, so tokens in are an estimate.
EXTRA_PROMPTS = {
    "concise": Prompt("concise", "Say in one sentence what the following text is about.\n\n{text}"),
    "six_words": Prompt("six_words", "Summarize the following text in six words.\n\n{text}", max_answer_tokens=16),
}
ZERO_SHOT = ("gpt-4o", "gpt-3.5-turbo", "deepseek-chat", "llama3-70b")

Line = dict[str, Any]


def read_recording(path: Path) -> Iterator[Line]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def name_classes(names: list[str]) -> str:
    """Return an answer to the prompt "topic" that names these classes, best first."""
    return f"Most likely {names[0]}" + "".join(f"; failing that, {name}" for name in names[1:]) + "."


def random_answers(nodes: Iterable[str], class_names: list[str], seed: int = 0) -> list[Line]:
    """Return the answers of an LLM that names two classes at random, whatever it is asked about."""
    rng = np.random.default_rng(seed)
    draws = ((node, rng.permutation(len(class_names))[:2]) for node in nodes)
    return [topic_line(node, [class_names[choice] for choice in drawn]) for node, drawn in draws]


def constant_answers(nodes: Iterable[str], class_name: str) -> list[Line]:
    """Return the answers of an LLM that always names the same class."""
    return [topic_line(node, [class_name]) for node in nodes]


def topic_line(node: Any, names: list[str]) -> Line:
    return {"id": node, "prompt": "topic", "response": name_classes(names)}


def swap_classes(text: str, first: str, second: str) -> str:
    """Put each of two class names where the other one stood, however their words are joined."""

    def pattern(name: str) -> str:
        return r"[\s_-]+".join(map(re.escape, re.split(r"[\s_-]+", name)))

    both = re.compile(rf"\b(?:({pattern(first)})|({pattern(second)}))\b", re.IGNORECASE)
    return both.sub(lambda match: second if match.group(1) else first, text)


def make_recording(
    name: str, folder: Path, nodes: list[str], target: NDArray[Any], class_names: list[str]
) -> list[Line]:
    """Return the lines of a recording.

    Parameters
    ----------
    name : str
        ``"strong"``: keywords, background and topic. ``"full"``: GPT-3.5's ranked classes as topic, Llama's sentence
        and the six words, of all nodes. One of ``ZERO_SHOT``: topic. ``"random"``, ``"constant"``, ``"swapped"``, and
        ``"right"``, which names the true class: what no LLM can surpass. ``"unerring"`` is the strong one without its
        topics whose first class is wrong: what no judgment of its answers can surpass that drops or keeps them.
    folder : Path
        Of the data set.
    nodes : list of str
    target : ndarray of int of shape (n_nodes,)
        The LLM that is always right names these, and no class of a node without label; the unerring one says nothing
        of that node's class. The others only count classes: the constant one names the largest, the swapped one
        confuses the two largest.
    class_names : list of str
    """
    sizes = np.bincount(target[target >= 0], minlength=len(class_names))
    largest = [class_names[label] for label in np.argsort(-sizes, kind="stable")[:2]]
    if name == "strong":
        return list(read_recording(folder / "llm_answers.jsonl.gz"))
    if name == "full":
        ranked = read_recording(folder / "llm_tape_gpt35_ranked_pred.jsonl.gz")
        lines = [topic_line(line["id"], [class_names[i] for i in line["ranked"]]) for line in ranked if line["ranked"]]
        for prompt, file in (("concise", "llm_concise_id_llama31_8b"), ("six_words", "llm_short_summary_6w")):
            lines += [{**line, "prompt": prompt} for line in read_recording(folder / f"{file}.jsonl.gz")]
        return lines
    if name in ZERO_SHOT:
        lines = list(read_recording(folder / "llm_zeroshot_glbench.jsonl.gz"))
        return [
            {"id": line["id"], "prompt": "topic", "response": line["response"]}
            for line in lines
            if line["model"] == name
        ]
    if name == "random":
        return random_answers(nodes, class_names)
    if name == "constant":
        return constant_answers(nodes, largest[0])
    if name == "right":
        labels = zip(nodes, target, strict=True)
        return [topic_line(node, [class_names[label] if label >= 0 else "none of them"]) for node, label in labels]
    if name == "swapped":
        lines = list(read_recording(folder / "llm_answers.jsonl.gz"))
        return [
            {**line, "response": swap_classes(line["response"], *largest)} if line["prompt"] == "topic" else line
            for line in lines
        ]
    if name == "unerring":
        label_of = dict(zip(nodes, target, strict=True))

        def is_wrong(line: Line) -> bool:
            return parse_choices(line["response"], class_names)[:1] != [label_of[str(line["id"])]]

        lines = list(read_recording(folder / "llm_answers.jsonl.gz"))
        return [line for line in lines if line["prompt"] != "topic" or not is_wrong(line)]
    raise ValueError(f"no recording is called {name!r}")


def write_recording(lines: list[Line], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    partial.replace(path)
