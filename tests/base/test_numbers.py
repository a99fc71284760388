"""Switches and seeds. Numbers are tried in tests/test_validation.py."""

from __future__ import annotations

import numpy as np
import pytest

from skellagnn.base.numbers import check_bool, check_seed
from skellagnn.exceptions import InvalidParameterError


@pytest.mark.parametrize("value", [True, False, np.True_])
def test_a_switch(value):
    assert check_bool("x", value) is bool(value)


@pytest.mark.parametrize("value", ["no", "", 0, 1, None, [True], np.array([True, False])])
def test_what_is_no_switch(value):
    with pytest.raises(InvalidParameterError, match="`x` must be True or False, got"):
        check_bool("x", value)


@pytest.mark.parametrize("value", [None, 0, 2**32 - 1, np.int64(3)])
def test_a_seed(value):
    assert check_seed("x", value) == value


@pytest.mark.parametrize("value", [True, np.True_, -1, 2**32, 1.0, "1", np.random, np.random.default_rng(0), [1, 2]])
def test_what_is_no_seed(value):
    with pytest.raises(InvalidParameterError, match=r"`x` must be an int from 0 to 2\*\*32 - 1, a numpy.random"):
        check_seed("x", value)
