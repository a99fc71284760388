"""The gallery: every script runs, without a warning, and draws a picture that is not cut."""

import ast
import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "docs/examples").glob("plot_*.py"))
# These take more than five seconds on one core.
LONG = {
    "plot_did_the_llm_help",
    "plot_few_and_many_labels",
    "plot_how_many_nodes",
    "plot_no_labels_at_all",
    "plot_scikit_learn_displays",
    "plot_when_the_llm_is_wrong",
    "plot_words_beside_embeddings",
}


def test_there_are_a_dozen():
    assert len(EXAMPLES) >= 12
    assert {path.stem for path in EXAMPLES} >= LONG


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_script_begins_with_a_heading_and_ends_with_a_picture(path):
    text = path.read_text(encoding="utf-8")
    heading = ast.get_docstring(ast.parse(text)).splitlines()

    assert heading[1] == "=" * len(heading[0])
    assert "\n# %%\n" in text
    assert text.endswith("plt.show()\n")


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.gallery] if path.stem in LONG else []) for path in EXAMPLES],
    ids=lambda path: path.stem,
)
def test_a_script_runs_and_draws(path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    monkeypatch.setattr(pyplot, "show", lambda: None)
    pyplot.close("all")
    try:
        runpy.run_path(str(path))
        assert pyplot.get_fignums()
        for number in pyplot.get_fignums():
            assert cut_texts(pyplot.figure(number)) == []
    finally:
        pyplot.close("all")


def cut_texts(figure):
    """Return the texts that reach beyond the edges of a figure."""
    from matplotlib.text import Text

    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    cut = []
    for text in figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible() and artist.get_text()):
        box = text.get_window_extent()
        inside = box.x0 >= -2 and box.y0 >= -2 and box.x1 <= width + 2 and box.y1 <= height + 2
        # ticks beyond the limits of an axis have texts that are not drawn
        if not inside and text in drawn_texts(figure):
            cut.append(text.get_text())
    return cut


def drawn_texts(figure):
    """Return the texts of a figure without the labels of ticks beyond the limits of their axis."""
    from matplotlib.text import Text

    beyond = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not low <= tick.get_loc() <= high or not axes.axison:
                    beyond.update({tick.label1, tick.label2})
    return set(figure.findobj(Text)) - beyond
