"""Angles at every hidden layer of a deep network: one matrix, one step back, and the whole way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator

from nofb.plots.labels import label_ends
from nofb.plots.picture import Picture
from nofb.plots.style import full_name, using
from nofb.types import Array

Result = Mapping[str, Any]
ROWS = {
    "weight_angle": "feedback matrix\nagainst Wᵀ",
    "delta_angle_local": "signal against Wᵀ's,\none step back",
    "delta_angle_end_to_end": "signal against backprop's,\nthe whole way",
}
SHADES = ("#86B7DA", "#4F93C4", "#1F6AA8", "#08306B")  # lightness alone tells them apart


def deep_alignment(runs: Mapping[str, Sequence[Result]], theme: str = "light") -> Picture:
    """Draw the angles of each hidden layer over epochs, a column for each rule.

    Parameters
    ----------
    runs
        For each rule, the results of its seeds, as `nofb.experiments.deep_alignment` gives them.
        Backprop, all of whose angles are 0, may be left out.
    theme
        "light" or "dark".

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure` of three rows: the feedback matrix that ends at the layer, the
        teaching signal given the same signal from above, and the signal end to end. Lines are means
        over seeds, bands go from the lowest to the highest seed. Columns have scales of their own.
    """
    with using(theme) as colours:
        picture = Picture(11.0, 8.4, colours)
        grid = picture.subplots(len(ROWS), len(runs), sharex=True, sharey="col", squeeze=False)
        for column, (rule, seeds) in zip(grid.T, runs.items(), strict=True):
            accuracy = np.mean([run["test_accuracy"][-1] for run in seeds])
            column[0].set_title(f"{full_name(rule)}\n{100 * accuracy:.1f}% of test digits")
            angles = [np.array([run[measure] for run in seeds], float) for measure in ROWS]
            highest = float(np.ceil(np.max(angles) / 30) * 30)
            for axes, values in zip(column, angles, strict=True):
                _panel(axes, values, min(highest, 90.0))
            column[-1].set_xlabel("epoch (0: before training)")
        for axes, name in zip(grid[:, 0], ROWS.values(), strict=True):
            axes.set_ylabel(name)
    return picture


def _panel(axes: Axes, angles: Array, top: float) -> None:
    """Draw the angles (seeds, epochs, layers) and name each layer where its line ends."""
    epochs, ends = np.arange(angles.shape[1]), {}
    for layer, colour in zip(range(angles.shape[2]), SHADES, strict=False):
        values, name = angles[:, :, layer], f"layer {layer + 1}"
        mean = values.mean(axis=0)
        axes.fill_between(epochs, values.min(0), values.max(0), color=colour, alpha=0.25, lw=0)
        axes.plot(epochs, mean, color=colour, linewidth=1.8, label=name)
        ends[name] = (float(epochs[-1]), mean[-1], colour)
    axes.set_ylim(-0.02 * top, 1.08 * top)
    axes.yaxis.set_major_locator(MultipleLocator(top / 3))
    axes.yaxis.set_major_formatter("{x:g}°")
    axes.set_xlim(0, epochs[-1] * 1.02)
    label_ends(axes, ends)
