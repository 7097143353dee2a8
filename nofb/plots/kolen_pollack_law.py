"""Kolen-Pollack on digits: what W and Bᵀ do not share, and their angle, on the lines of the law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from nofb.plots.labels import label_ends
from nofb.plots.picture import Picture
from nofb.plots.style import HUES, OKABE_ITO, using

Record = Mapping[str, Any]
LOWEST = 1e-3  # of the gap; below it single precision has the word
EVERY = 4  # epochs between two points


def kolen_pollack_law(records: Sequence[Record], theme: str = "light") -> Picture:
    """Draw how W and Bᵀ approach each other for every decay, measured and predicted.

    Parameters
    ----------
    records
        Of `nofb.experiments.kolen_pollack_law`: each with "task" and "result".
    theme
        "light" or "dark".

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure` with the length of the output layer's W - Bᵀ over steps, and
        the angle of each feedback matrix. Lines are the law, points are measured.
    """
    with using(theme) as colours:
        picture = Picture(11.6, 4.4, colours)
        layers = len(records[0]["result"]["gap"][0])
        gap, *angles = picture.subplots(1, 1 + layers)
        _panel(gap, records, "gap", layers - 1)
        gap.set_yscale("log")
        gap.set_ylim(LOWEST, 1.5)
        gap.set_title("‖W - Bᵀ‖ over its start, output layer")
        gap.set_ylabel("share that is left (logarithmic)")
        for layer, axes in enumerate(angles):
            _panel(axes, records, "angle", layer)
            axes.yaxis.set_major_formatter("{x:g}°")
            axes.set_ylim(0, 95)
            axes.set_yticks(range(0, 91, 15))
            name = "output layer" if layer == layers - 1 else f"hidden layer {layer + 2}"
            axes.set_title(f"angle of W and Bᵀ, {name}")
    return picture


def _panel(axes: Axes, records: Sequence[Record], measure: str, layer: int) -> None:
    """Draw one measure of one layer for every decay, and name the decay where its line ends."""
    ends = {}
    for record, hue in zip(records, HUES, strict=False):
        result, colour = record["result"], OKABE_ITO[hue]
        name = f"λ = {record['task']['decay']:g}"
        measured = np.array(result[measure])[:, layer]
        predicted = np.array(result[f"predicted_{measure}"])[:, layer]
        steps = result["steps"] * np.arange(len(measured))
        axes.plot(steps, predicted, color=colour, linewidth=1.4, label=name)
        axes.plot(
            steps[::EVERY], measured[::EVERY], "o", color=colour, markersize=4,
            label=f"_{name}, measured",
        )  # fmt: skip
        last = steps.size - 1 if measure == "angle" else np.flatnonzero(predicted >= LOWEST)[-1]
        ends[name] = (steps[last], predicted[last], colour)
    axes.set_xlabel("step")
    axes.set_xlim(0, steps[-1] * 1.02)
    label_ends(axes, ends)
