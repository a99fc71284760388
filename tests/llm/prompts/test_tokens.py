from __future__ import annotations

import pytest

from skellagnn.prompts import estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("猫" * 8, 8), ("abcd猫", 2), ("naïve", 2)]
)
def test_four_characters_of_ascii_are_a_token_and_each_other_one_is(text, tokens):
    assert estimate_tokens(text) == tokens
