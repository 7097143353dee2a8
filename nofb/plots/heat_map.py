"""Which setting is best for each rule? A sweep as coloured squares with their numbers.

The columns are the values of the first setting that varies. If it is the only one, rules are the
rows of one panel. If there are more, every rule has a panel, whose rows are all combinations of the
other settings.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from nofb.plots.curves import STRAGGLES
from nofb.plots.picture import Picture
from nofb.plots.style import WHITE, Theme, literal, using
from nofb.text import word

if TYPE_CHECKING:
    from nofb.runs.outcomes import Outcome, Outcomes
    from nofb.runs.plan import Cell, Plan

Rows = dict[str, dict[str, "Cell"]]  # by the name of the row, then of the column

MAP = "cividis"  # its lightness increases evenly, and it suits colour-blind readers
FAR = 3.0  # a loss of this many medians is off the scale
BRIGHT = 0.5  # from this lightness on, letters are dark
WIDE, TALL = 1.0, 0.55  # of a square, in inches
SHAPE = 1.4  # of a figure, roughly: width / height
BAR = 0.2  # inches, the width of the colour bar
LETTER = 0.085  # inches, the width of a letter


def heat_map(sweep: Outcomes, measure: str | None = None, theme: str | None = None) -> Picture:
    """Draw the result of each combination of rule and settings.

    Parameters
    ----------
    sweep
        The runs.
    measure
        The measure to show; by default validation accuracy, without a validation split test
        accuracy.
    theme
        "light" or "dark"; by default that of `nofb.plots.use`.

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`. A square has the mean over seeds, and below it their standard
        deviation, or the number of completed runs if some are not; it is hatched if there is none.
        Frames mark the best setting of each rule, if it was chosen on held-out samples.

    Raises
    ------
    ValueError
        If the theme is unknown, or the runs do not have this measure.
    """
    measure = sweep.judged_by(measure)
    with using(theme) as colours:
        panels = arrange(sweep.plan)
        shades = Shades([sweep.outcome(cell, measure).mean for cell in sweep.plan.cells], measure)
        picture, places = _figure(panels, colours)
        best = sweep.best(measure)
        for axes, (title, rows) in zip(places, panels.items(), strict=False):
            _describe(axes, title, rows, sweep.plan)
            for y, row in enumerate(rows.values()):
                for x, cell in enumerate(row.values()):
                    _square(axes, (x, y), sweep.outcome(cell, measure), shades, colours)
                    if cell in best:
                        _box(axes, (x + 0.03, y + 0.03), 0.94, ec=colours.ink, fill=False, lw=2.2)
        shades.add_bar(picture, places)
        letters = int(picture.get_size_inches()[0] / LETTER)
        heading = textwrap.fill(_heading(sweep, measure, bool(best)), letters)
        picture.suptitle(heading, fontsize=10)
    return picture


class Shades:
    """How a mean becomes a colour, the same in every panel.

    Parameters
    ----------
    means
        All means; NaN if no run was completed.
    measure
        A small loss is good. Cells far away from the others get the worst colour, so that the
        colours of the others differ.
    """

    def __init__(self, means: list[float], measure: str) -> None:
        values = np.array([mean for mean in means if np.isfinite(mean)])
        self.is_accuracy, self.values = measure.endswith("accuracy"), values
        self.map = mpl.colormaps[MAP if self.is_accuracy else f"{MAP}_r"]
        middle = np.median(values) if values.size else np.nan
        near = values[values >= middle - STRAGGLES if self.is_accuracy else values <= FAR * middle]
        low, high = (near.min(), near.max()) if near.size else (0.0, 1.0)
        least = (
            0.005 if self.is_accuracy else 0.05 * high
        )  # smaller differences have the same colour
        self.norm = Normalize(max(0.0, low - least), high + least)

    def of(self, mean: float) -> tuple[Any, str]:
        """Return the colour of a square, and of the letters on it."""
        red, green, blue, _ = colour = self.map(self.norm(mean))
        bright = 0.299 * red + 0.587 * green + 0.114 * blue > BRIGHT
        return colour, "#000000" if bright else WHITE

    def words(self, number: float) -> str:
        """Return a mean or a deviation as text for a square."""
        return f"{100 * number:.1f}" if self.is_accuracy else f"{number:.3g}"

    def add_bar(self, picture: Picture, places: list[Axes]) -> None:
        """Draw the colour bar beside the panels."""
        if not self.values.size:
            return
        below, above = self.values.min() < self.norm.vmin, self.values.max() > self.norm.vmax
        bar = picture.colorbar(
            ScalarMappable(self.norm, self.map),
            ax=places,
            extend="min" if below else "max" if above else "neither",
            format=lambda mean, position: f"{self.words(mean)}{'%' * self.is_accuracy}",
            aspect=picture.get_size_inches()[1] / BAR,
        )
        bar.outline.set_visible(False)


def arrange(plan: Plan) -> dict[str, Rows]:
    """Return the cells by panel, row and column, each with its label in the figure."""
    panels: dict[str, Rows] = {}
    first, *others = [axis for axis in plan.axes if axis in plan.grid] or [""]
    for cell in plan.cells:
        own = [
            f"{axis.partition('.')[2]} {word(value)}"
            for axis, value in cell.varied.items()
            if axis not in plan.grid
        ]
        learner = ", ".join([cell.run.rule, *own])
        row = ", ".join(word(cell.varied[axis]) for axis in others)
        panel = panels.setdefault(learner if others else "", {})
        column = word(cell.varied[first]) if first else ""
        panel.setdefault(row if others else learner, {})[column] = cell
    return panels


def _figure(panels: dict[str, Rows], theme: Theme) -> tuple[Picture, list[Axes]]:
    """Return a figure with a place for each panel; some places may stay empty."""
    rows = next(iter(panels.values()))
    names = max(len(name) for rows in panels.values() for name in rows)
    width = 0.7 + LETTER * names + WIDE * len(next(iter(rows.values())))
    height = 0.9 + TALL * len(rows)
    across = round(np.sqrt(SHAPE * len(panels) * height / width))
    across = min(max(1, across), len(panels))
    down = -(-len(panels) // across)
    picture = Picture(max(5.5, across * width + 1.2), down * height + 0.6, theme)
    places = list(picture.subplots(down, across, squeeze=False).flat)
    for axes in places[len(panels) :]:
        axes.set_axis_off()
    return picture, places


def _describe(axes: Axes, title: str, rows: Rows, plan: Plan) -> None:
    """Name the rows and columns of a panel."""
    columns = [literal(column) for column in next(iter(rows.values()))]
    first, *others = [axis for axis in plan.axes if axis in plan.grid] or [""]
    axes.set(xlim=(0, len(columns)), ylim=(len(rows), 0), title=literal(title))
    axes.set(xlabel=first, ylabel=", ".join(others))
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns)
    axes.set_yticks(np.arange(len(rows)) + 0.5, [literal(row) for row in rows])
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _square(
    axes: Axes, corner: tuple[float, float], outcome: Outcome, shades: Shades, theme: Theme
) -> None:
    """Draw one cell: its colour, its mean, and the spread or the number of runs."""
    runs, total = len(outcome.values), len(outcome.values) + outcome.diverged + outcome.failed
    if not np.isfinite(outcome.mean):
        _box(axes, corner, 1.0, fc=theme.band, ec=theme.paper, hatch="////", lw=1.5)
        why = "failed" if outcome.failed == total else "diverged" if outcome.diverged else "–"
        _write(axes, corner, why, theme.ink)
        return
    colour, ink = shades.of(outcome.mean)
    _box(axes, corner, 1.0, fc=colour, ec=theme.paper, lw=1.5)
    spread = f"\n± {shades.words(outcome.spread)}" if runs > 1 else ""
    sure = spread if runs == total else f"\n{runs} of {total} runs"
    _write(axes, corner, shades.words(outcome.mean) + sure, ink)


def _box(axes: Axes, corner: tuple[float, float], side: float, **looks: Any) -> None:
    axes.add_patch(Rectangle(corner, side, side, **looks))


def _write(axes: Axes, corner: tuple[float, float], text: str, colour: str) -> None:
    x, y = corner
    axes.text(x + 0.5, y + 0.5, text, color=colour, ha="center", va="center", fontsize=9)


def _heading(sweep: Outcomes, measure: str, framed: bool) -> str:
    """Write the title, with the meaning of the numbers."""
    seeds = len(sweep.plan.seeds)
    unit = " in %" if measure.endswith("accuracy") else ""
    over = f"mean ± standard deviation over {seeds} seeds" if seeds > 1 else "one seed"
    heading = f"{measure.replace('_', ' ').capitalize()}{unit} at the end, {over}."
    if framed:
        heading += " Framed: the best of each rule."
    if measure.startswith("test"):
        heading += " These are test samples: do not choose settings by them."
    return heading
