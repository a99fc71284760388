"""One exact look-up for every kind of part."""

from __future__ import annotations

import pytest

from skellagnn.base.resolve import resolve, suggest
from skellagnn.exceptions import InvalidParameterError

TABLE = {"sage": 1, "gcn": 2, "gcn2": 3, "Appnp": 4}


@pytest.mark.parametrize("name", TABLE)
def test_a_name_of_the_table_is_looked_up_exactly(name):
    assert resolve(name, TABLE, parameter="backbone") == TABLE[name]


def test_an_unknown_name_says_parameter_choices_value_and_the_closest_one():
    with pytest.raises(InvalidParameterError) as caught:
        resolve("sgae", TABLE, parameter="backbone", or_else="or a factory")

    assert str(caught.value) == (
        "`backbone` must be one of 'sage', 'gcn', 'gcn2', 'Appnp' or a factory, got 'sgae'. Did you mean 'sage'?"
    )


@pytest.mark.parametrize("name", ["SAGE", " sage", "sage ", "sag", "GCN2", "appnp", ""])
def test_nothing_but_the_very_name_is_found(name):
    with pytest.raises(InvalidParameterError, match=r"`part` must be one of 'sage', .*, got "):
        resolve(name, TABLE, parameter="part")


def test_a_part_that_is_false_is_found_too():
    assert resolve("none", {"none": None}, parameter="part") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("APPNP", " Did you mean 'Appnp'?"),  # the table's own spelling, whatever the case
        ("gcn-2", " Did you mean 'gcn2'?"),
        ("transformer", ""),
        ("", ""),
    ],
)
def test_the_suggestion_is_the_closest_name_or_nothing(name, expected):
    assert suggest(name, TABLE) == expected


def test_a_suggestion_from_no_choices_is_nothing():
    assert suggest("sage", []) == ""
