"""Each rule in a panel of its own, with the curves of all others in grey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from nofb.plots.curves import draw_rule, epoch_axis, level, logarithmic, percent, score
from nofb.plots.given import Given, as_comparison
from nofb.plots.picture import Picture, sentence
from nofb.plots.style import Theme, literal, using
from nofb.rules import RULES

if TYPE_CHECKING:
    from nofb.runs.compare import Comparison

ACROSS = 4
WIDE, TALL = 2.5, 1.9  # of a panel, in inches


def each_rule(given: Given, theme: str | None = None) -> Picture:
    """Draw the test accuracy of each rule over epochs, in a panel of its own.

    Parameters
    ----------
    given
        A comparison; or runs of `nofb.fit`, in a list or by their names.
    theme
        "light" or "dark"; by default that of `nofb.plots.use`.

    Returns
    -------
    Picture
        Small panels with the same axes. In each, one rule has its colour, the mean over seeds with
        a band of one standard deviation, and the means of all others are grey. A regression has
        test losses, with bands from the lowest to the highest seed.

    Raises
    ------
    TypeError, ValueError
        If these are no runs or have different lengths, or the theme is unknown.
    """
    comparison = as_comparison(given)
    measure, loss = score(comparison), comparison.classes is None
    finished = [rule for rule in comparison.rules if comparison.of(rule)]
    with using(theme) as colours:
        if not finished:
            return sentence("No run was completed, so there are no curves.", colours)
        across = min(ACROSS, len(finished))
        down = -(-len(finished) // across)
        picture = Picture(max(4.0, WIDE * across), TALL * down + 0.3, colours)
        grid = picture.subplots(down, across, sharex=True, sharey=True, squeeze=False)
        for rule, axes in zip(finished, grid.ravel(), strict=False):
            _others(axes, comparison, measure, rule, colours)
            values = comparison.curves(rule, measure, start=True)
            draw_rule(axes, rule, values, colours, positive=loss)
            axes.set_title(_title(comparison, rule), fontsize=9)
            epoch_axis(axes, comparison.settings.epochs)
            axes.set_xlabel("")
            if comparison.classes is not None:
                level(axes, 1 / comparison.classes, "", colours)
        for axes in grid.ravel()[len(finished) :]:
            axes.remove()
        if loss:
            logarithmic(grid[0, 0])
        else:
            grid[0, 0].set_ylim(0, 1.02)
            percent(grid[0, 0])
        picture.supxlabel("epoch (0: before training)", fontsize=10)
        picture.supylabel(measure.replace("_", " "), fontsize=10)
    return picture


def _others(axes: Axes, comparison: Comparison, measure: str, rule: str, theme: Theme) -> None:
    """Draw the means of all other rules in grey."""
    for other in comparison.rules:
        values = comparison.curves(other, measure, start=True)
        if other != rule and np.isfinite(values).any():
            mean = values.mean(axis=0)
            grey: dict[str, Any] = {"color": theme.faint, "lw": 0.6, "alpha": 0.5}
            axes.plot(range(len(mean)), mean, label=f"_{other}", **grey)


def _title(comparison: Comparison, rule: str) -> str:
    """Return the name of a rule, and its final score."""
    mean = float(comparison.final(rule, score(comparison))[0])
    ends = f"{mean:.3g}" if comparison.classes is None else f"{100 * mean:.1f} %"
    title = getattr(RULES.get(rule), "title", "")
    short = title if len(title) <= 26 else f"{title[:25]}…"
    return literal(f"{rule}, {ends}\n{short}".rstrip())
