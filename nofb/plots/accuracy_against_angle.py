"""Does alignment help? Final test accuracy against the angle of the first hidden layer.

Each rule is a point, so a reader can see which rules learn in spite of a large angle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from nofb.plots.alignment import NO_HIDDEN, SIGNAL, check_angles, signal_band
from nofb.plots.curves import close_up, final_scores, percent, score
from nofb.plots.given import Given, as_comparison
from nofb.plots.labels import place_labels
from nofb.plots.legend import add_legend
from nofb.plots.picture import Picture, sentence
from nofb.plots.style import Theme, literal, look, using
from nofb.rules import CONTROLS
from nofb.types import Array

if TYPE_CHECKING:
    from nofb.runs.compare import Comparison

ACROSS = "angle between the first hidden layer's teaching signal\nand backprop's, at the end"


def accuracy_against_angle(given: Given, theme: str | None = None) -> Picture:
    """Draw the accuracy of each rule against its alignment with backprop, after training.

    Parameters
    ----------
    given
        A comparison; or runs of `nofb.fit`, in a list or by their names.
    theme
        "light" or "dark"; by default that of `nofb.plots.use`.

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure` with one small point for each seed and a large one for their
        mean: across, the angle between the first hidden layer's teaching signal and backprop's;
        up, test accuracy (for a regression, test loss). The controls are lines. If some rules end
        far below the others, a second panel shows the others in detail.

    Raises
    ------
    TypeError, ValueError
        If these are no runs or have different lengths, or the theme is unknown.
    """
    comparison = as_comparison(given)
    check_angles(comparison)
    with using(theme) as colours:
        if len(comparison.units) < 2:
            return sentence(NO_HIDDEN, colours)
        closer = _closer(comparison)
        height = max(6.0, 0.27 * len(comparison.rules))  # space for the names
        picture = Picture(11.4 if closer else 9.6, height, colours)
        panels = list(picture.subplots(1, 2 if closer else 1, squeeze=False)[0])
        for axes in panels:
            means = _panel(axes, comparison, colours)
        if closer:
            panels[0].set_title("All rules")
            panels[1].set_title("The same, closer up")
            panels[1].set_ylim(closer)
        up = "test loss per sample" if comparison.classes is None else "test accuracy"
        panels[0].set_ylabel(f"{up} at the end")
        add_legend(picture, comparison, colours, _title(comparison), chance=True)
        _name(picture, panels, means, comparison, colours)
    return picture


def final_points(comparison: Comparison, rule: str) -> Array:
    """Return (angle, score) at the end of each finished run that has an angle."""
    if not comparison.of(rule):
        return np.empty((0, 2))
    angle = comparison.curves(rule, SIGNAL)[:, -1, 0]
    points = np.column_stack([angle, comparison.curves(rule, score(comparison))[:, -1]])
    return points[np.isfinite(points).all(axis=1)]


def _title(comparison: Comparison) -> str:
    """Return the legend's title; it names rules with seeds that have no angle."""
    if len(comparison.seeds) < 2:
        return "one seed"
    few = []
    for rule in comparison.rules:
        with_angle, seeds = len(final_points(comparison, rule)), len(comparison.of(rule))
        if rule not in CONTROLS and with_angle < seeds:
            few.append(f"{literal(rule)} in {with_angle} of {seeds} seeds")
    angles = f"; with an angle: {', '.join(few)}" if few else ""
    return f"small: one seed; large: their mean{angles}"


def _closer(comparison: Comparison) -> tuple[float, float] | None:
    """Return the limits of the detail panel, if it leaves out some rule."""
    scores = final_scores(comparison)
    if (
        comparison.classes is None
        or not scores
        or min(scores.values()) >= close_up(scores, 0.02)[0]
    ):
        return None
    return close_up(scores, 0.02)


def _panel(axes: Axes, comparison: Comparison, theme: Theme) -> dict[str, tuple[float, float]]:
    """Draw the controls as lines and the other rules as points; return the points' means."""
    _describe(axes, comparison, theme)
    for rule, height in final_scores(comparison).items():
        if rule in CONTROLS:
            style = look(rule, theme)
            axes.axhline(height, color=style.colour, ls=style.line, lw=1.6, label=rule)
    points = {rule: final_points(comparison, rule) for rule in comparison.rules}
    right = max([105.0, *(rows[:, 0].max() + 5 for rows in points.values() if rows.size)])
    axes.set_xlim(0, right)
    axes.set_xticks(range(0, int(right) - 14, 15))
    heights = final_scores(comparison)
    return {
        rule: _points(axes, rule, rows, heights[rule], theme)
        for rule, rows in points.items()
        if rule not in CONTROLS and rows.size
    }


def _name(
    picture: Picture,
    panels: list[Axes],
    means: dict[str, tuple[float, float]],
    comparison: Comparison,
    theme: Theme,
) -> None:
    """Write each rule's name once, in the detail panel if this shows its point."""
    levels = [height for rule, height in final_scores(comparison).items() if rule in CONTROLS]
    low = panels[-1].get_ylim()[0]
    near = {rule: point for rule, point in means.items() if point[1] >= low}
    far = {rule: point for rule, point in means.items() if rule not in near}
    dots = np.concatenate([final_points(comparison, rule) for rule in means] or [np.empty((0, 2))])
    picture.infer_shapes()
    place_labels(panels[-1], near, levels, dots, theme)
    place_labels(panels[0], far, levels, dots, theme)


def _points(axes: Axes, rule: str, rows: Array, height: float, theme: Theme) -> tuple[float, float]:
    """Draw small points for the seeds and a large one for the mean of all; return the mean."""
    style = look(rule, theme)
    drawn: dict[str, Any] = {"ls": "", "marker": style.marker, "color": style.colour}
    axes.plot(*rows.T, **drawn, label="_seeds", ms=4, alpha=0.5, mew=0)
    angle = rows[:, 0].mean()
    axes.plot(angle, height, **drawn, label=rule, ms=9, mec=theme.paper)
    return float(angle), float(height)


def _describe(axes: Axes, comparison: Comparison, theme: Theme) -> None:
    """Draw the references: 90° and the band of chance."""
    axes.axvspan(*signal_band(comparison, 0), color=theme.band, linewidth=0, zorder=0)
    axes.axvline(90, color=theme.faint, linestyle="--", linewidth=1, label="_90°")
    axes.set_xlabel(ACROSS)
    axes.xaxis.set_major_formatter("{x:g}°")
    if comparison.classes is not None:
        percent(axes)
