"""Names beside points, placed so that they cover no other name, point or line.

For each name, places around its point are tried, near ones first; the first free one is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from nofb.plots.style import Theme
from nofb.types import Array

DIRECTIONS = ((1, 0), (0, 1), (0, -1), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1))
GAPS = (2, 8, 16, 26, 38, 52, 70, 90)  # points of type between a marker's edge and its name
MARKER = 6  # from the middle of a marker to its edge, in points
FAR = 8  # from this gap on, a thin line connects name and point
LINE = 10  # from one name to the next at the ends of lines, in points


def place_labels(
    axes: Axes,
    points: Mapping[str, tuple[float, float]],
    levels: Iterable[float],
    dots: Array,
    theme: Theme,
) -> None:
    """Write each name beside its point.

    Parameters
    ----------
    axes
        The axes with the points; their position and limits must be final.
    points
        For each name, the position of its point, in data coordinates.
    levels
        The heights of horizontal lines that no name may cover.
    dots
        Small points (number, 2) in data coordinates that no name may cover.
    theme
        The neutral colours.
    """
    scale, frame = axes.figure.dpi / 72, axes.get_window_extent()
    pixels = {name: axes.transData.transform(point) for name, point in points.items()}
    taken = [_box(middle, np.full(2, 2.0 * MARKER * scale)) for middle in pixels.values()]
    taken += [_box(dot, np.full(2, 4.0 * scale)) for dot in axes.transData.transform(dots)]
    taken += [_strip(axes, height, frame) for height in levels]
    for name, middle in pixels.items():
        label = axes.annotate(
            name, points[name], (0, 0), textcoords="offset points", ha="center", va="center",
            fontsize=9, fontweight="bold", in_layout=False,
        )  # fmt: skip
        size = np.array(label.get_window_extent().size)
        gap, shift = _free_place(middle, size, scale, taken, frame)
        taken.append(_box(middle + shift, size))
        label.set_position(tuple(shift / scale))
        if gap >= FAR:
            _lead(axes, points[name], shift / scale, theme)


def _free_place(
    middle: Array, size: Array, scale: float, taken: Iterable[Bbox], frame: Bbox
) -> tuple[float, Array]:
    """Return the gap and the shift in pixels of the first free place, or else the nearest one."""
    places = [
        (gap, np.array(way) * ((MARKER + gap) * scale + size / 2))
        for gap in GAPS
        for way in DIRECTIONS
    ]
    for gap, shift in places:
        box = _box(middle + shift, size)
        inside = frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1)
        if inside and not any(box.overlaps(other) for other in taken):
            return gap, shift
    return places[0]


def _box(middle: Array, size: Array) -> Bbox:
    return Bbox([middle - size / 2, middle + size / 2])


def _strip(axes: Axes, height: float, frame: Bbox) -> Bbox:
    """Return the box of a horizontal line."""
    y = axes.transData.transform((0, height))[1]
    return Bbox([[frame.x0, y - 2], [frame.x1, y + 2]])


def _lead(axes: Axes, point: tuple[float, float], shift: Array, theme: Theme) -> None:
    """Draw a thin line from a point to its name."""
    arrow = {"arrowstyle": "-", "color": theme.faint, "lw": 0.7, "shrinkA": 6, "shrinkB": MARKER}
    axes.annotate(
        "", point, tuple(shift), textcoords="offset points", in_layout=False, arrowprops=arrow
    )


def label_ends(axes: Axes, ends: Mapping[str, tuple[float, float, str]]) -> None:
    """Write each name to the right of the end of its line, without overlap.

    Parameters
    ----------
    axes
        The axes; their limits and scales must be final.
    ends
        For each name, the data coordinates of the end of its line, and its colour.
    """
    transform, scale = axes.transData.transform, axes.figure.dpi / 72
    points = {name: float(transform(end[:2])[1]) / scale for name, end in ends.items()}
    upward = sorted(points, key=points.__getitem__)
    heights = _apart([points[name] for name in upward], LINE)
    floor = axes.get_window_extent().y0 / scale
    for place, (name, height) in enumerate(zip(upward, heights, strict=True)):
        x, y, colour = ends[name]
        shift = max(height, floor + LINE * place) - points[name]  # the next panel is below
        axes.annotate(
            name, (x, y), (5, shift), textcoords="offset points", va="center", fontsize=8,
            color=colour, fontweight="bold",
        )  # fmt: skip


def _apart(heights: list[float], least: float) -> list[float]:
    """Return ascending heights, moved so that neighbours have at least this distance.

    Each group of heights that are too close is spread around its middle.

    Examples
    --------
    >>> _apart([0.0, 1.0, 20.0], 5.0)
    [-2.0, 3.0, 20.0]
    """
    groups: list[tuple[float, int]] = []  # the middle of each group, and its size
    for height in heights:
        middle, count = height, 1
        while groups and middle - groups[-1][0] < least * (count + groups[-1][1]) / 2:
            below, fewer = groups.pop()
            middle, count = (middle * count + below * fewer) / (count + fewer), count + fewer
        groups.append((middle, count))
    return [
        middle + least * (place - (count - 1) / 2)
        for middle, count in groups
        for place in range(count)
    ]
