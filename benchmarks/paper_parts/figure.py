"""The figure of the gradients."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

# An SVG holds every point of every line.
_POINTS = 50


def thin(norms: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return centers and means of at most 50 stretches of epochs, counted from 1."""
    step = -(-len(norms) // _POINTS) or 1
    stretches = [norms[start : start + step] for start in range(0, len(norms), step)]
    centers = [1 + step * i + (len(stretch) - 1) / 2 for i, stretch in enumerate(stretches)]
    return centers, [sum(stretch) / len(stretch) for stretch in stretches]


def draw_gradients(series: Mapping[str, Sequence[Sequence[float]]], path: Path) -> None:
    """Draw the norm of the first, middle and last layer's gradient over training: a panel an arm, one row a network.

    Parameters
    ----------
    series : mapping of str to sequence of shape (n_layers, n_epochs)
        Named ``"network: arm"``.
    path : Path
        An SVG file.
    """
    import matplotlib

    matplotlib.use("Agg")
    # names of parts and dates would differ from run to run
    matplotlib.rcParams.update({"svg.hashsalt": "gradients", "svg.fonttype": "none"})
    from matplotlib import pyplot

    networks = list(dict.fromkeys(name.rpartition(": ")[0] for name in series))
    arms = list(dict.fromkeys(name.rpartition(": ")[2] for name in series))
    figure, axes = pyplot.subplots(
        len(networks),
        len(arms),
        figsize=(3.2 * len(arms) + 0.8, 2.3 * len(networks) + 0.4),
        sharex=True,
        sharey="row",
        squeeze=False,
        layout="constrained",
    )
    for row, network in enumerate(networks):
        for column, arm in enumerate(arms):
            panel = axes[row][column]
            layers = series.get(f"{network}: {arm}", [])
            shown = {"first layer": 0, "middle layer": len(layers) // 2, "last layer": len(layers) - 1}
            for name, depth in shown.items() if layers else ():
                panel.plot(*thin(layers[depth]), linewidth=1, label=name)
            panel.set_yscale("log")
            panel.minorticks_off()
            panel.set_title(f"{network}: {arm}", fontsize=8)
            panel.tick_params(labelsize=7)
        axes[row][0].set_ylabel("norm of the gradient", fontsize=8)
    for panel in axes[-1]:
        panel.set_xlabel("epoch", fontsize=8)
    axes[0][0].legend(fontsize=7, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    # matplotlib writes millionths of a point; without blanks at line ends, which editors take away
    text = re.sub(r"(\d+\.\d)\d+", r"\1", drawn.getvalue())
    path.write_text(re.sub(r" +$", "", text, flags=re.MULTILINE), encoding="utf-8")
