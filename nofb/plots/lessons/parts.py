"""Parts of the figures of several lessons: axes in degrees, and the colours of curves."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.axes import Axes

from nofb.plots.style import HUES, OKABE_ITO, Theme, look
from nofb.rules import RULES

COLOURS = [OKABE_ITO[hue] for hue in HUES]


def degrees(axes: Axes, top: float, theme: Theme) -> None:
    """Show degrees from 0 to `top` on the vertical axis, with a line at 90°."""
    axes.axhline(90, color=theme.faint, linestyle="--", linewidth=1, label="_90°")
    axes.set(ylim=(-0.03 * top, top), yticks=range(0, int(top) + 1, 30))
    axes.yaxis.set_major_formatter("{x:g}°")


def colours_of(names: Iterable[str], theme: Theme) -> dict[str, str]:
    """Return a colour for each name: that of the rule, or else one that no other name has.

    Examples
    --------
    >>> from nofb.plots.style import THEMES
    >>> colours_of(["fa", "λ = 0.1"], THEMES["light"])
    {'fa': '#0072B2', 'λ = 0.1': '#D55E00'}
    """
    names, found = list(names), dict[str, str]()
    for name in names:
        if name in RULES and look(name, theme).colour not in found.values():
            found[name] = look(name, theme).colour
    free = iter([colour for colour in COLOURS if colour not in found.values()] + COLOURS)
    return {name: found.get(name) or next(free) for name in names}
