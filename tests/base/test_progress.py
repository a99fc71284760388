"""Progress bars go to the standard error stream, and only on request."""

from __future__ import annotations

import pytest

from skellagnn.base.progress import progress_bar


@pytest.mark.parametrize("verbose", [0, -1, False])
def test_without_verbose_nothing_is_written(verbose, capsys):
    with progress_bar(verbose, 3, "asking", "answer") as advance:
        advance(1, "note")
        advance(2, "")

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("verbose", [1, True, 10])
def test_with_verbose_the_bar_shows_what_how_far_and_the_last_note(verbose, capsys):
    with progress_bar(verbose, 4, "asking the LLM", "answer") as advance:
        advance(1, "loss 0.5")
        advance(3, "loss 0.25")

    out, err = capsys.readouterr()
    last = err.rstrip().splitlines()[-1].split("\r")[-1]
    assert out == ""
    assert last.startswith("asking the LLM: 100%")
    assert "4/4" in last
    assert "answer" in last
    assert last.endswith("loss 0.25]")


def test_an_empty_note_leaves_the_last_one(capsys):
    with progress_bar(1, 2, "training", "epoch") as advance:
        advance(1, "loss 0.5")
        advance(1, "")

    assert capsys.readouterr().err.rstrip().endswith("loss 0.5]")


def test_an_error_inside_closes_the_bar_and_comes_through(capsys):
    def fail_halfway():
        with progress_bar(1, 2, "training", "epoch") as advance:
            advance(1, "")
            raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        fail_halfway()

    assert "1/2" in capsys.readouterr().err.split("\r")[-1]
