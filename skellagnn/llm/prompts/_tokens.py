"""How many tokens a text has, about."""

from __future__ import annotations

from math import ceil

# English prose in the tokenizers of current LLMs; used where an enhancer reports no tokens.
CHARS_PER_TOKEN = 4.0


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has: one for four characters of ASCII, one for each other character.

    Tokenizers make less than one of a letter with an accent, of Greek or of Cyrillic, and about one of a Chinese
    character: where that matters, a limit is rather kept than passed.
    """
    n_ascii = len(text) if text.isascii() else sum(map(str.isascii, text))
    return ceil(n_ascii / CHARS_PER_TOKEN) + len(text) - n_ascii
