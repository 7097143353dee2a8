"""Two arrays that should be equal, or at least related: a dot for each pair of entries."""

from __future__ import annotations

from collections.abc import Mapping

from nofb.plots.lessons.parts import colours_of
from nofb.plots.picture import Picture
from nofb.plots.style import using
from nofb.types import Array


def clouds(pairs: Mapping[str, tuple[Array, Array]], across: str, up: str) -> Picture:
    """Draw each pair of arrays in a panel, with all entries of the one over those of the other.

    Parameters
    ----------
    pairs
        For each title, two arrays of one shape. A title that begins with a rule's short name has
        the colour of the rule.
    across, up
        What the arrays are.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.array([[1.0, -2], [3, 4]])
    >>> picture = clouds({"bp: 0°": (W, W), "negative": (W, -W)}, "weight in W", "in B")
    >>> [axes.get_title() for axes in picture.axes]
    ['bp: 0°', 'negative']
    """
    limit = 1.05 * max(abs(x).max() for x, _ in pairs.values())
    with using() as theme:
        colours = colours_of([title.partition(":")[0] for title in pairs], theme).values()
        picture = Picture(2.75 * len(pairs), 3.2, theme)
        grid = picture.subplots(1, len(pairs), sharey=True, squeeze=False)[0]
        for axes, colour, (title, (x, y)) in zip(grid, colours, pairs.items(), strict=True):
            axes.axhline(0, color=theme.faint, lw=0.6)
            axes.axvline(0, color=theme.faint, lw=0.6)
            axes.axline((0, 0), slope=1, color=theme.faint, lw=0.6, ls="--")
            axes.plot(x.ravel(), y.ravel(), ".", color=colour, ms=2.5)
            axes.set(title=title, xlabel=across, aspect="equal")
            axes.set(xlim=(-limit, limit), ylim=(-limit, limit))
            axes.locator_params(nbins=5)
        grid[0].set_ylabel(up)
    return picture
