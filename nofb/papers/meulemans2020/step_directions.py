"""The directions of steps: each rule between the gradient and Gauss-Newton, for each layer.

A point near the left edge is a gradient step. A point near the bottom is a step to the targets of
damped Gauss-Newton. A point far from both edges is another direction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from nofb.plots.labels import place_labels
from nofb.plots.picture import Picture
from nofb.plots.style import Theme, look, using
from nofb.types import Array

Path = tuple[Array, Array]


def step_directions(paths: Mapping[str, Path]) -> Picture:
    """Draw the directions of each rule's steps in training, a panel for each hidden layer.

    Parameters
    ----------
    paths
        For each rule its angles to the gradient and to Gauss-Newton, in degrees, each (epochs with
        the start, hidden layers).

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`. Lines start before training; markers are at its end.

    Examples
    --------
    >>> turning = np.array([[80.0], [40.0]])
    >>> picture = step_directions({"dtp": (turning, turning + 5)})
    >>> [axes.get_title() for axes in picture.axes]
    ['hidden layer 1']
    """
    layers = next(iter(paths.values()))[0].shape[1]
    width = -(-layers // 2) if layers > 3 else layers
    with using("light") as colours:
        picture = Picture(1.2 + 4.4 * width, 0.6 + 4.2 * -(-layers // width), colours)
        grid = picture.subplots(-(-layers // width), width, sharex=True, sharey=True, squeeze=False)
        panels = list(grid.flat)[:layers]
        for axes in grid.flat[layers:]:
            axes.set_visible(False)
        for layer, axes in enumerate(panels):
            axes.set_title(f"hidden layer {layer + 1}")
            for rule, path in paths.items():
                _draw(axes, rule, path[0][:, layer], path[1][:, layer], colours)
        _finish(picture, grid)
        picture.infer_shapes()
        for layer, axes in enumerate(panels):
            ends = {rule: (path[0][-1, layer], path[1][-1, layer]) for rule, path in paths.items()}
            place_labels(axes, ends, (), np.empty((0, 2)), colours)
    return picture


def _draw(axes: Axes, rule: str, across: Array, up: Array, theme: Theme) -> None:
    """Draw the path of one rule in one layer, and its end."""
    style = look(rule, theme)
    axes.plot(across, up, color=style.colour, lw=0.9, alpha=0.45, label=f"_{rule}, the way")
    drawn: dict[str, Any] = {"color": style.colour, "marker": style.marker or "o", "ls": ""}
    axes.plot(across[-1:], up[-1:], **drawn, ms=8, mec=theme.paper, label=rule, zorder=3)


def _finish(picture: Picture, grid: Array) -> None:
    """Set the same scale for all panels, from 0 to more than 90 degrees."""
    for axes in grid.flat:
        axes.set_xlim(-4, 97)
        axes.set_ylim(-4, 97)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks(range(0, 91, 30))
            axis.set_major_formatter("{x:g}°")
    picture.supxlabel("angle of the weight step to the gradient", fontsize=10)
    picture.supylabel("to the step of damped Gauss-Newton targets", fontsize=10)
