"""Axes, colors and the missing package."""

import sys

import numpy as np
import pytest

from skellagnn.exceptions import InvalidParameterError, MissingDependencyError
from skellagnn.inspection import CostCurveDisplay, TrainingDisplay
from skellagnn.inspection._drawing import COLORS, GRAY, class_colors, shortened


def test_without_matplotlib_the_data_are_there_and_drawing_says_what_to_install(monkeypatch):
    display = CostCurveDisplay([1, 2], [0.5, 0.6])
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    assert display.scores.tolist() == [[0.5, 0.6]]
    with pytest.raises(MissingDependencyError, match=r"pip install 'skellagnn\[plot\]'"):
        display.plot()


def test_axes_that_are_given_are_drawn_on(canvas):
    figure, axes = canvas.subplots(2)

    display = TrainingDisplay({"loss": [2.0, 1.0]}, [0.5, 0.7], 0.6, 2).plot(axes)

    assert display.figure_ is figure
    assert list(display.ax_) == list(axes)
    assert [line.get_ydata().tolist() for line in axes[0].lines[:1]] == [[2.0, 1.0]]


@pytest.mark.parametrize("given", ["axes", 3, [None, None]])
def test_what_is_no_axes_is_an_error(given):
    with pytest.raises(InvalidParameterError, match="`ax` must be a matplotlib Axes, got"):
        CostCurveDisplay([1, 2], [0.5, 0.6]).plot(given)


def test_as_many_axes_as_panels(canvas):
    with pytest.raises(InvalidParameterError, match="`ax` must be an array of 2 matplotlib Axes"):
        TrainingDisplay({"loss": [2.0, 1.0]}, [0.5, 0.7]).plot(canvas.subplots()[1])


def test_the_most_frequent_classes_have_colors_of_their_own():
    indices = np.repeat(np.arange(9), [1, 9, 8, 7, 6, 5, 4, 3, 2])

    colors, own = class_colors(indices, 9)

    assert own == [1, 2, 3, 4, 5, 6, 7]
    assert colors == [GRAY, *COLORS, GRAY]


def test_long_names_are_shortened():
    assert shortened("short") == "short"
    assert shortened("a" * 30, 10) == "a" * 9 + "…"
