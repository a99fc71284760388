"""What all pictures share: axes, colors, legends. matplotlib is loaded in here, and only when something is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.exceptions import InvalidParameterError, MissingDependencyError

# Of Okabe and Ito: told apart by color-blind readers, too. Black and gray are left for what is no class.
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c6d31")
GRAY, DARK = "#9a9a9a", "#222222"
# Inches: on a phone of 390 pixels, letters of 10 points are still 10 pixels high.
WIDTH = 5.2


def pyplot() -> Any:
    """Return ``matplotlib.pyplot``.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise MissingDependencyError(
            "Drawing needs the package 'matplotlib', which is not installed: pip install 'skellagnn[plot]'. The data "
            "of the picture are attributes of the display."
        ) from error
    return pyplot


def get_axes(ax: Any, n_axes: int, height: float, *, in_a_row: bool = False) -> tuple[Any, NDArray[Any]]:
    """Return a figure and as many axes, new ones unless some were given.

    Raises
    ------
    InvalidParameterError
        If ``ax`` is not as many.
    MissingDependencyError
        If matplotlib is not installed.
    """
    if ax is None:
        shape = (1, n_axes) if in_a_row else (n_axes, 1)
        figure, axes = pyplot().subplots(*shape, figsize=(WIDTH, height), layout="constrained", squeeze=False)
        return figure, axes.ravel()
    axes = np.asarray(ax, dtype=object).ravel()
    if len(axes) != n_axes or not all(hasattr(one, "get_subplotspec") for one in axes):
        wanted = "a matplotlib Axes" if n_axes == 1 else f"an array of {n_axes} matplotlib Axes"
        raise InvalidParameterError(f"`ax` must be {wanted}, got {ax!r:.80}. Pass that, or None for a new figure.")
    return axes[0].figure, axes


def legend_below(ax: Any, n_columns: int = 2, handles: Any = None) -> None:
    """Put the legend below the axes, where it hides nothing."""
    from matplotlib.transforms import offset_copy

    handles = ax.get_legend_handles_labels()[0] if handles is None else handles
    if handles:
        below = -6 - (16 if len(ax.get_xticks()) else 0) - (16 if ax.get_xlabel() else 0)  # points
        ax.legend(
            handles=handles,
            loc="upper center",
            bbox_to_anchor=(0.5, 0),
            bbox_transform=offset_copy(ax.transAxes, ax.figure, y=below, units="points"),
            ncols=n_columns,
            frameon=False,
            fontsize="small",
            borderaxespad=0,
        )


def shortened(name: Any, length: int = 18) -> str:
    """Return a name that fits beside an axis."""
    text = str(name)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def class_colors(indices: NDArray[np.int64], n_classes: int) -> tuple[list[str], list[int]]:
    """Return a color for each class, and the classes that have one of their own: the most frequent ones."""
    order = np.argsort(-np.bincount(indices[indices >= 0], minlength=n_classes), kind="stable")[: len(COLORS)]
    own = sorted(order.tolist())
    colors = [GRAY] * n_classes
    for color, index in zip(COLORS, own, strict=False):
        colors[index] = color
    return colors, own
