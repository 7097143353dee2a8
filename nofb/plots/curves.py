"""Parts of several figures: a rule's mean over seeds with its spread, levels, detail panels.

If a rule does not have a measure, such as a matrix angle, it is NaN and its line is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from nofb.plots.style import Theme, literal, look
from nofb.rules import RULES
from nofb.types import Array

if TYPE_CHECKING:
    from nofb.runs.compare import Comparison

STRAGGLES = 0.12  # a rule this far below the median accuracy is left out of detail panels


def deviation(values: Array) -> tuple[Array, Array]:
    """Return the mean over seeds minus and plus one standard deviation (n - 1), for each epoch."""
    mean, spread = values.mean(axis=0), values.std(axis=0, ddof=1)
    return mean - spread, mean + spread


def extent(values: Array) -> tuple[Array, Array]:
    """Return the lowest and the highest seed, for each epoch.

    This is the band on a logarithmic scale, because the mean minus a deviation may be negative.
    """
    return values.min(axis=0), values.max(axis=0)


def draw_rule(
    axes: Axes, rule: str, values: Array, theme: Theme, first: int = 0, positive: bool = False
) -> None:
    """Draw the mean over seeds as a line, and their spread as a band.

    Parameters
    ----------
    axes
        Where to draw.
    rule
        A short name.
    values
        One row for each seed, one column for each epoch; nothing is drawn for empty or NaN values.
    theme
        The neutral colours.
    first
        The epoch of the first column.
    positive
        Whether the scale is logarithmic, so that the band is `extent` instead of `deviation`.
    """
    if not np.isfinite(values).any():
        return
    style, mean = look(rule, theme), values.mean(axis=0)
    epochs = np.arange(first, first + len(mean))
    every = max(1, len(mean) // 4)
    offset = list(RULES).index(rule) % every if rule in RULES else 0  # markers must not overlap
    axes.plot(
        epochs,
        mean,
        color=style.colour,
        linestyle=style.line,
        linewidth=style.width,
        marker=style.marker or ("o" if len(mean) == 1 else None),
        markevery=(offset, every),
        label=literal(rule),
    )
    if len(values) > 1:
        low, high = extent(values) if positive else deviation(values)
        axes.fill_between(epochs, low, high, color=style.colour, alpha=0.15, linewidth=0)


def epoch_axis(axes: Axes, epochs: int) -> None:
    """Count whole epochs on the horizontal axis, from 0, before training."""
    axes.set_xlim(-0.02 * epochs, epochs * 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("epoch (0: before training)")


def logarithmic(axes: Axes) -> None:
    """Set a logarithmic scale, with limits from the lines, not from their bands."""
    values = [height for line in axes.lines for height in np.asarray(line.get_ydata())]
    values = [height for height in values if height > 0]
    if values:
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_ylim(min(values) / 1.5, max(values) * 1.5)
        factor = max(values) / min(values)
        steps = range(1, 10) if factor < 5 else (1, 2, 5) if factor < 100 else (1,)
        axes.yaxis.set_major_locator(LogLocator(subs=steps))


def percent(axes: Axes) -> None:
    """Show fractions as percentages on the vertical axis, with decimals only if necessary."""
    axes.yaxis.set_major_formatter(lambda share, position: f"{100 * share:.4g}%")


def level(axes: Axes, height: float, text: str, theme: Theme) -> None:
    """Mark a level with a dashed line, and write its name below it."""
    axes.axhline(height, color=theme.faint, linestyle="--", linewidth=1, label=f"_{text}", zorder=2)
    axes.annotate(
        text,
        (1, height),
        xycoords=("axes fraction", "data"),
        xytext=(-2, -3),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=9,
        color=theme.faint,
    )


def score(comparison: Comparison) -> str:
    """Return the measure of performance: test accuracy, or test loss without classes."""
    return "test_loss" if comparison.classes is None else "test_accuracy"


def final_scores(comparison: Comparison) -> dict[str, float]:
    """Return the mean score at the end for each rule with a finished run."""
    finished = [rule for rule in comparison.rules if comparison.of(rule)]
    return {rule: float(comparison.final(rule, score(comparison))[0]) for rule in finished}


def close_up(scores: dict[str, float], margin: float) -> tuple[float, float]:
    """Return the limits of a detail panel for the final accuracies of most rules.

    Examples
    --------
    >>> low, high = close_up({"bp": 0.98, "fa": 0.95, "sdfa": 0.3}, margin=0.06)
    >>> round(low, 2), round(high, 2)
    (0.89, 1.0)
    """
    values = np.array(list(scores.values()))
    low = float(values[values >= np.median(values) - STRAGGLES].min()) - margin
    return max(0.0, low), min(1.005, float(values.max()) + margin / 3)
