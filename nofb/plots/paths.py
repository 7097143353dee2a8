"""The paths of signals: the layers in a row, the forward path above, the feedback path below."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes

from nofb.plots.style import Theme

Arrow = tuple[int, int, str]  # from this layer, to that layer, through this matrix
Place = tuple[float, float]
BOX = 15  # from the middle of a layer to its edge, in points
SIDE = 0.09  # from the middle of a layer to the end of an arrow


def paths(
    axes: Axes, layers: Sequence[str], arrows: Sequence[Arrow], colour: str, theme: Theme
) -> None:
    """Draw layers as boxes, the forward path between them, and the arrows of a feedback path.

    Parameters
    ----------
    axes
        Where to draw.
    layers
        Their names, the first layer first.
    arrows
        Triples (start, end, matrix); layers are counted from 0.
    colour
        The colour of the feedback path.
    theme
        The neutral colours.
    """
    deepest = max((abs(end - start) for start, end, _ in arrows), default=0)
    for below, above in pairwise(range(len(layers))):
        _arrow(axes, (below, 0), (above, 0), theme.faint, 1.0, BOX)
    for start, end, matrix in arrows:
        _detour(axes, start, end, matrix, colour, theme)
    for place, name in enumerate(layers):
        axes.plot(
            place, 0, "s", ms=2 * BOX, mfc=theme.paper, mec=theme.faint, mew=1.2, zorder=3
        )  # fmt: skip
        axes.text(place, 0, name, ha="center", va="center", zorder=4)
    axes.set(xlim=(-0.3, len(layers) - 0.7), ylim=(-deepest - 0.3, 0.6))
    axes.axis("off")


def _detour(axes: Axes, start: int, end: int, matrix: str, colour: str, theme: Theme) -> None:
    """Draw an arrow that starts below a layer and ends below another one.

    A longer arrow is lower, and a long one ends in the middle of the layer.
    """
    span, way = abs(end - start), 1 if end > start else -1
    out = start + way * SIDE * (2 - span)
    back = end - way * SIDE * (span == 1)
    axes.plot([out, out, back], [0, -span, -span], color=colour, lw=2, zorder=1)
    _arrow(axes, (back, -span), (back, 0), colour, 2.0, 0)
    axes.text(
        (out + back) / 2, -span, matrix, color=colour, ha="center", va="center",
        bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 2},
    )  # fmt: skip


def _arrow(axes: Axes, tail: Place, head: Place, colour: str, width: float, gap: float) -> None:
    """Draw a straight arrow to the edge of a layer."""
    axes.annotate(
        "", head, tail, zorder=1,
        arrowprops={
            "arrowstyle": "-|>", "color": colour, "lw": width, "shrinkA": gap, "shrinkB": BOX,
        },
    )  # fmt: skip
