"""A small network with its numbers: units as circles, weights as lines, forward or backward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes

from nofb.plots.style import OKABE_ITO, Theme
from nofb.types import Array

Place = tuple[float, float]
RADIUS = 17  # of a unit, in points
SIGNS = {1: OKABE_ITO["blue"], -1: OKABE_ITO["vermillion"]}


def units(
    axes: Axes,
    layers: Mapping[str, Array],
    weights: Sequence[Array],
    theme: Theme,
    back: bool = False,
) -> None:
    """Draw the numbers at the units of each layer, and the weights on the lines between them.

    Positive weights are blue and negative ones vermillion; a wider line is a larger weight. A
    weight of zero is a thin line.

    Parameters
    ----------
    axes
        Where to draw.
    layers
        For each layer, the first one first, its name and one number for each unit.
    weights
        The matrix (n_in, n_out) between each layer and the next.
    theme
        The neutral colours.
    back
        Whether the arrows point backward, from the output down.

    Raises
    ------
    ValueError
        If a matrix does not fit the layers beside it.
    """
    names, values = list(layers), [np.asarray(each) for each in layers.values()]
    sizes = list(pairwise(len(each) for each in values))
    if [W.shape for W in weights] != sizes:
        shapes = [W.shape for W in weights]
        raise ValueError(f"weights have the shapes {shapes}, but between the layers are {sizes}")
    places = [_column(number, len(each)) for number, each in enumerate(values)]
    for W, (below, above) in zip(weights, pairwise(places), strict=True):
        for (i, j), weight in np.ndenumerate(W):
            _line(axes, below[i], above[j], float(weight), theme, back)
    for name, column, numbers in zip(names, places, values, strict=True):
        axes.text(column[0][0], 1.75, name, ha="center", va="bottom")
        for place, number in zip(column, numbers, strict=True):
            _unit(axes, place, float(number), theme)
    axes.set(xlim=(-0.3, len(values) - 0.7), ylim=(-1.5, 2.1))
    axes.axis("off")


def _column(number: int, size: int) -> list[Place]:
    """Return the positions of the units of a layer, the first one on top."""
    return [(float(number), (size - 1) / 2 - i) for i in range(size)]


def _unit(axes: Axes, place: Place, number: float, theme: Theme) -> None:
    axes.plot(
        *place, "o", ms=2 * RADIUS, mfc=theme.paper, mec=theme.faint, mew=1.2, zorder=3
    )  # fmt: skip
    axes.text(*place, _short(number), ha="center", va="center", zorder=4, fontsize=11)


def _line(axes: Axes, below: Place, above: Place, weight: float, theme: Theme, back: bool) -> None:
    colour = SIGNS.get(int(np.sign(weight)), theme.faint)
    ends = (below, above) if back else (above, below)  # the arrowhead is at the first one
    axes.annotate(
        "", *ends, zorder=1,
        arrowprops={
            "arrowstyle": "-|>", "color": colour, "lw": 0.6 + min(abs(weight), 4.0),
            "shrinkA": RADIUS, "shrinkB": RADIUS,
        },
    )  # fmt: skip
    x, y = (low + 0.24 * (high - low) for low, high in zip(below, above, strict=True))
    axes.text(
        x, y, _short(weight), ha="center", va="center", color=colour, fontsize=9, zorder=2,
        bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _short(number: float) -> str:
    """Return a number with two decimals at most.

    Examples
    --------
    >>> _short(1.0), _short(-0.0), _short(0.0875)
    ('1', '0', '0.09')
    """
    return f"{round(number, 2) + 0.0:g}"
