"""Rows of names and values, as text and as HTML."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from skellagnn.base.showing import columns, html_table, printable, rows_as_text, shorten


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext é", "plain\n\ttext é"),
        ("\x1b[31mred\x1b[0m", "?[31mred?[0m"),
        ("a\r\nb\rc", "a\nb?c"),
        ("half \ud800", "half ?"),
        ("\u202egnp.exe\u2066", "?gnp.exe?"),
        ("\x00\x7f\x9b", "???"),
        (7, "7"),
    ],
)
def test_nothing_moves_the_cursor_or_turns_the_writing(text, shown):
    assert printable(text) == shown


def test_a_line_is_cut():
    assert shorten("a  b\nc", 10) == "a b c"
    assert shorten("abcdefghij", 8) == "abcde..."
    assert shorten("abcd efghij", 8) == "abcd..."


def test_names_stand_above_each_other():
    assert rows_as_text("Title", [("a", "1"), ("long name", "\x07")]) == "Title\na          1\nlong name  ?"
    assert rows_as_text("Title", []) == "Title"


def test_numbers_stand_to_the_right():
    assert columns(("what", "n"), [("a", "1"), ("longer", "1,000")]) == "what        n\na           1\nlonger  1,000"


def test_html_is_escaped_and_well_formed():
    page = html_table("<b>", [("<script>", "a & b", '"')], ("", "x", "y"))

    table = ElementTree.fromstring(page)
    assert table.find("caption/b").text == "<b>"
    assert [cell.text for cell in table.find("tbody/tr")] == ["<script>", "a & b", '"']
    assert [cell.text for cell in table.find("thead/tr")] == [None, "x", "y"]
    assert "<thead" not in html_table("t", [])
