"""What a fit is, which fits a run needs, and the file that keeps their results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# A fit without enhancer never reads these, so that it is the same fit whatever they are.
ASKING = frozenset({"augmentation_ratio", "prompts", "selection", "view_probability", "answer_weight"})
# Nor does a fit depend on these; the seed is a part of the key of its own.
UNREAD = frozenset({"memory", "device", "verbose", "store", "class_names", "random_state"})

Record = dict[str, Any]


@dataclass(frozen=True)
class Fit:
    """One fit: what its result is found under.

    Parameters
    ----------
    data : str
        Name of the data set.
    split : str
        Kind of split, a key of ``fitting.SPLITS``.
    seed : int
        Number of the split, and ``random_state``.
    kind : str
        What is done, a key of ``fitting.KINDS``.
    params : mapping
        Parameters of the estimator, all of them JSON; names stand for enhancers, prompts and selections.
    """

    data: str
    split: str
    seed: int
    kind: str
    params: Mapping[str, Any]

    def arguments(self) -> dict[str, Any]:
        """Return the parameters that this fit reads."""
        asks = self.params.get("enhancer") is not None
        return {name: value for name, value in self.params.items() if asks or name not in ASKING}

    def key(self, defaults: Mapping[str, Any]) -> str:
        """Return a digest of the fit with all its parameters: equal fits are one, a changed default is another."""
        everything = Fit(self.data, self.split, self.seed, self.kind, {**defaults, **self.params}).arguments()
        params = {name: value for name, value in everything.items() if name not in UNREAD}
        identity = json.dumps([self.data, self.split, self.seed, self.kind, params], sort_keys=True)
        return hashlib.sha256(identity.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Arm:
    """A row of a table: parameters, and the arms that it is compared with.

    Parameters
    ----------
    name : str
    params : mapping
        Parameters of the estimator.
    versus : mapping of str to str
        Heading of a column -> name of the arm of the same table that is subtracted there.
    kind : str
    n_seeds : int or None
        Fewer seeds than the table has; None for all.
    """

    name: str
    params: Mapping[str, Any]
    versus: Mapping[str, str] = field(default_factory=dict)
    kind: str = "transductive"
    n_seeds: int | None = None


@dataclass(frozen=True)
class Table:
    """Arms on one data set and kind of split."""

    experiment: str
    title: str
    data: str
    split: str
    arms: tuple[Arm, ...]
    n_seeds: int

    def __post_init__(self) -> None:
        names = [arm.name for arm in self.arms]
        if len(set(names)) != len(names):
            raise ValueError(f"two arms of {self.title!r} have the same name: {names}")
        unknown = {other for arm in self.arms for other in arm.versus.values()} - set(names)
        if unknown:
            raise ValueError(f"arms of {self.title!r} are compared with arms that are not there: {sorted(unknown)}")

    def fits(self, arm: Arm) -> list[Fit]:
        n_seeds = self.n_seeds if arm.n_seeds is None else min(arm.n_seeds, self.n_seeds)
        return [Fit(self.data, self.split, seed, arm.kind, arm.params) for seed in range(n_seeds)]

    def to_line(self, defaults: Mapping[str, Any]) -> Record:
        """Return what the report needs to know about the table: which results belong to which arm."""
        return {
            "table": {
                "experiment": self.experiment,
                "title": self.title,
                "data": self.data,
                "split": self.split,
                "arms": [
                    {
                        "name": arm.name,
                        "kind": arm.kind,
                        "versus": dict(arm.versus),
                        "keys": {str(fit.seed): fit.key(defaults) for fit in self.fits(arm)},
                    }
                    for arm in self.arms
                ],
            }
        }


def distinct_fits(tables: Iterable[Table], defaults: Mapping[str, Any]) -> dict[str, Fit]:
    """Return the fits of some tables by key, each once, in the order in which they are first needed."""
    found: dict[str, Fit] = {}
    for table in tables:
        for arm in table.arms:
            for fit in table.fits(arm):
                found.setdefault(fit.key(defaults), fit)
    return found


def users_of_fits(tables: Iterable[Table], defaults: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """Return who needs each fit: key -> [experiment, title of the table, name of the arm]."""
    users: dict[str, list[list[str]]] = {}
    for table in tables:
        for arm in table.arms:
            for fit in table.fits(arm):
                users.setdefault(fit.key(defaults), []).append([table.experiment, table.title, arm.name])
    return users


def read_lines(path: Path) -> list[Record]:
    """Read a results file; a last line that a killed run left unfinished is not one.

    Raises
    ------
    ValueError
        If any other line is no JSON object.
    """
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError("no JSON object")
        except ValueError as error:
            if number == len(lines):  # not even its line end was written
                break
            raise ValueError(f"line {number} of {path} is damaged ({error}); take it out") from error
        found.append(record)
    return found


def mend(path: Path) -> None:
    """Make a results file end with a whole line, so that the next one can be appended."""
    if not path.exists():
        return
    content = path.read_bytes()
    kept, end, rest = content.rpartition(b"\n")
    if not rest:
        return
    try:
        whole = isinstance(json.loads(rest), dict)
    except ValueError:
        whole = False
    path.write_bytes(content + b"\n" if whole else kept + end)


def append(path: Path, record: Mapping[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def results_of(lines: Iterable[Record]) -> dict[str, Record]:
    """Return the finished fits by key; one that failed is not finished."""
    return {line["key"]: line for line in lines if "key" in line and "error" not in line}


def tables_of(lines: Iterable[Record]) -> list[Record]:
    """Return the tables that the latest run with each of them asked for."""
    latest: dict[tuple[str, str], Record] = {}
    for line in lines:
        if "table" in line:
            table = line["table"]
            latest[table["experiment"], table["title"]] = table
    return list(latest.values())
