"""Means, and paired differences with their standard errors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from statistics import fmean, median, stdev
from typing import NamedTuple

Scores = Mapping[int, float]


class Difference(NamedTuple):
    """A paired difference: its mean, its standard error (nan from one pair), the number of pairs."""

    mean: float
    error: float
    n_pairs: int


def paired_difference(scores: Scores, others: Scores) -> Difference | None:
    """Compare two arms on the seeds that both have; None if there are none.

    Parameters
    ----------
    scores, others : mapping of int to float
        Score by seed.
    """
    pairs = [scores[seed] - others[seed] for seed in sorted(scores.keys() & others.keys())]
    if not pairs:
        return None
    error = stdev(pairs) / math.sqrt(len(pairs)) if len(pairs) > 1 else math.nan
    return Difference(fmean(pairs), error, len(pairs))


def mean_of(values: Iterable[float]) -> float:
    found = list(values)
    return fmean(found) if found else math.nan


def std_of(values: Iterable[float]) -> float:
    found = list(values)
    return stdev(found) if len(found) > 1 else math.nan


def median_of(values: Iterable[float]) -> float:
    found = list(values)
    return median(found) if found else math.nan
