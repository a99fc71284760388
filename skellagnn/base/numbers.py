"""Parameters that are numbers, switches or seeds."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from skellagnn.exceptions import InvalidParameterError


def check_int(name: str, value: Any, *, at_least: int) -> int:
    """Return ``value`` if it is an int of at least ``at_least``."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral) or value < at_least:
        raise InvalidParameterError(f"`{name}` must be an int of at least {at_least}, got {value!r}.")
    return int(value)


def check_real(
    name: str, value: Any, *, low: float, high: float = np.inf, open_low: bool = False, open_high: bool = False
) -> float:
    """Return ``value`` if it is a finite number in the interval."""
    good = not isinstance(value, (bool, np.bool_)) and isinstance(value, numbers.Real)
    good = good and _is_finite(value)
    good = good and (low < value if open_low else low <= value) and (value < high if open_high else value <= high)
    if not good:
        interval = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high or np.isinf(high) else ']'}"
        raise InvalidParameterError(f"`{name}` must be a number in {interval}, got {value!r}.")
    return float(value)


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an int beyond the largest float
        return False


def check_bool(name: str, value: Any) -> bool:
    """Return ``value`` if it is True or False: "no" and 0 are refused, since every string is true."""
    if not isinstance(value, (bool, np.bool_)):
        raise InvalidParameterError(f"`{name}` must be True or False, got {value!r:.80}. Pass one of them.")
    return bool(value)


def check_seed(name: str, value: Any) -> int | np.random.RandomState | None:
    """Return ``value`` if scikit-learn's ``check_random_state`` takes it; True and False are no seeds."""
    is_int = isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_))
    if value is None or isinstance(value, np.random.RandomState):
        return value
    if not is_int or not 0 <= value < 2**32:
        raise InvalidParameterError(
            f"`{name}` must be an int from 0 to 2**32 - 1, a numpy.random.RandomState or None, got {value!r:.80}. Pass "
            "an int for the same result each time."
        )
    return int(value)


def draw_seeds(random_state: Any) -> tuple[int, int]:
    """Draw the seed of weights, dropout and views, and that of the validation split."""
    from sklearn.utils import check_random_state

    seed, split_seed = check_random_state(random_state).randint(2**31 - 1, size=2).tolist()
    return seed, split_seed


def fixed_seed(random_state: Any) -> int:
    """Return a seed that no draw changes: the int, or 0 where none is given."""
    return int(random_state) if isinstance(random_state, numbers.Integral) else 0
