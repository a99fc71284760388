"""Long fuzzing runs on request only."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config, items):
    if "fuzz" in config.getoption("-m"):
        return
    for item in items:
        if item.get_closest_marker("fuzz"):
            item.add_marker(pytest.mark.skip(reason="long; run with `pytest -m fuzz`"))
