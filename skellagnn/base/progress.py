"""Progress bars, on request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(verbose: int, total: int, description: str, unit: str) -> Iterator[Callable[[int, str], None]]:
    """Show a bar on the standard error stream while the block runs.

    Parameters
    ----------
    verbose : int
        0 shows nothing.
    total : int
        Number of steps.
    description, unit : str

    Yields
    ------
    advance : callable(n_steps, note) -> None
        ``note`` is shown behind the bar.
    """
    if verbose <= 0:
        yield lambda n_steps, note: None
        return
    from tqdm.auto import tqdm

    with tqdm(total=total, desc=description, unit=unit) as bar:

        def advance(n_steps: int, note: str) -> None:
            if note:
                bar.set_postfix_str(note, refresh=False)
            bar.update(n_steps)

        yield advance
