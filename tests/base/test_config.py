"""Settings hold inside their block, in the thread that entered it, and nowhere else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from skellagnn import config_context
from skellagnn.base.config import Config, get_config
from skellagnn.exceptions import InvalidParameterError


def test_settings_hold_inside_the_block_and_what_is_not_named_stays():
    assert get_config() == Config(compile=False, data_parallel=False, precision="float32")
    with config_context(compile=True):
        assert get_config() == Config(compile=True)
        with config_context(data_parallel=np.True_):
            assert get_config() == Config(compile=True, data_parallel=True)
            with config_context(compile=False):
                assert get_config() == Config(data_parallel=True)
        with config_context(precision="bfloat16"):
            assert get_config() == Config(compile=True, precision="bfloat16")
        assert get_config() == Config(compile=True)
    assert get_config() == Config()


def test_an_error_ends_the_block_too():
    with pytest.raises(KeyError), config_context(compile=True):
        raise KeyError
    assert get_config() == Config()


def test_another_thread_has_its_own():
    with config_context(compile=True), ThreadPoolExecutor(1) as pool:
        assert pool.submit(get_config).result() == Config()


@pytest.mark.parametrize("setting", ["compile", "data_parallel"])
@pytest.mark.parametrize("value", ["yes", 1])
def test_a_setting_is_true_or_false(setting, value):
    with (
        pytest.raises(InvalidParameterError, match=f"`{setting}` must be True or False, got {value!r}. Pass"),
        config_context(**{setting: value}),
    ):
        pass
    assert get_config() == Config()


@pytest.mark.parametrize("value", ["float16", True])
def test_a_precision_is_one_of_two(value):
    with (
        pytest.raises(InvalidParameterError, match=f"`precision` must be 'float32' or 'bfloat16', got {value!r}"),
        config_context(precision=value),
    ):
        pass
    assert get_config() == Config()
