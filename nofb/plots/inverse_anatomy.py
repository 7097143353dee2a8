"""Targets of a trained network over iterations: their direction, their length, and what is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from nofb.experiments.inverse_anatomy import ITERATIONS
from nofb.plots.labels import label_ends
from nofb.plots.picture import Picture
from nofb.plots.style import using

Record = Mapping[str, Any]
ROWS = {
    "gauss_newton_angle": "angle to the\nGauss-Newton change",
    "null_space_share": "share that the output\ndoes not notice",
    "length": "length over that of the\nGauss-Newton change (log.)",
}
SHADES = ("#9CC4E0", "#69A5CF", "#3A84B8", "#1B629A", "#08306B")  # lightness tells layers apart


def inverse_anatomy(records: Sequence[Record], theme: str = "light") -> Picture:
    """Draw what becomes of t - h in each hidden layer as its inverses are iterated.

    Parameters
    ----------
    records
        Of `nofb.experiments.inverse_anatomy`: each with "task" and "result".
    theme
        "light" or "dark".

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`: a column for each way for inverses to learn, three rows. The
        crosses at the right are exact local inverses.
    """
    with using(theme) as colours:
        picture = Picture(5.2 * len(records), 8.4, colours)
        grid = picture.subplots(len(ROWS), len(records), sharex=True, sharey="row", squeeze=False)
        for column, record in zip(grid.T, records, strict=True):
            accuracy = 100 * record["result"]["test_accuracy"]
            column[0].set_title(
                f"inverses learn by {record['task']['inverses']}\n{accuracy:.1f} % of test digits"
            )
            for axes, measure in zip(column, ROWS, strict=True):
                _panel(axes, record["result"], measure)
            column[-1].set_xlabel("iterations; ×: exact local inverses")
        for axes, name in zip(grid[:, 0], ROWS.values(), strict=True):
            axes.set_ylabel(name)
    return picture


def _panel(axes: Axes, result: Mapping[str, Any], measure: str) -> None:
    values, exact = np.array(result["iterated"][measure]), result["exact"][measure]
    ends = {}
    for layer, colour in zip(range(values.shape[1]), SHADES, strict=False):
        name = f"layer {layer + 1}"
        axes.plot(ITERATIONS, values[:, layer], "o-", color=colour, markersize=3, label=name)
        axes.plot([12], [exact[layer]], "x", color=colour, label=f"_{name}, exact")
        ends[name] = (12.2, exact[layer], colour)
    axes.set_xticks([1, 2, 3, 5, 7, 10, 12], ["1", "2", "3", "5", "7", "10", "∞"])
    axes.set_xlim(0.5, 12.4)
    if measure == "length":
        axes.set_yscale("log")
    elif measure == "null_space_share":
        axes.set_ylim(-0.02, 1.05)
    else:
        axes.set_ylim(0, 95)
        axes.set_yticks(range(0, 91, 15))
        axes.yaxis.set_major_formatter("{x:g}°")
    label_ends(axes, ends)
