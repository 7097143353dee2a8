"""The alignment of each feedback path with backprop's: angles for each layer and epoch.

A signal at 90° is noise for the layer; below 90° small steps lower the loss; 0° is backprop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from nofb.diagnosis.chance import chance_band
from nofb.plots.curves import draw_rule, epoch_axis
from nofb.plots.given import Given, as_comparison
from nofb.plots.learning_curves import DEVIATION
from nofb.plots.legend import add_legend, seeds_and
from nofb.plots.picture import Picture, sentence
from nofb.plots.style import Theme, using
from nofb.types import Array

if TYPE_CHECKING:
    from nofb.runs.compare import Comparison

SIGNAL, MATRIX = "delta_angle_end_to_end", "weight_angle"
NO_HIDDEN = "There is no hidden layer, so no teaching signal travels back."


def alignment(given: Given, theme: str | None = None) -> Picture:
    """Draw the angles between a rule's teaching signals and backprop's.

    Parameters
    ----------
    given
        A comparison; or runs of `nofb.fit`, in a list or by their names.
    theme
        "light" or "dark"; by default that of `nofb.plots.use`.

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure` with a column for each hidden layer. Top: the teaching signal
        against backprop's. Bottom: the feedback matrix that ends at the layer against Wᵀ. The
        shaded band has 95 % of the angles of random feedback, see `nofb.diagnosis.chance`.

    Raises
    ------
    TypeError, ValueError
        If these are no runs or have different lengths, or the theme is unknown.
    """
    comparison = as_comparison(given)
    check_angles(comparison)
    units = comparison.units
    hidden = units[:-1]
    with using(theme) as colours:
        if not hidden:
            return sentence(NO_HIDDEN, colours)
        picture = Picture(max(9.6, 3.2 * len(hidden)), 7.8, colours)
        grid = picture.subplots(2, len(hidden), sharex=True, sharey=True, squeeze=False)
        for layer, (top, bottom) in enumerate(grid.T):
            top.set_title(f"Hidden layer {layer + 1} ({hidden[layer]} units)")
            _panel(top, _signals(comparison, layer), signal_band(comparison, layer), colours)
            entries = min(comparison.weights[layer + 1], hidden[layer] * units[-1])  # of B or D
            _panel(bottom, _matrices(comparison, layer), chance_band(entries), colours)
            epoch_axis(bottom, comparison.settings.epochs)
        grid[0, 0].set_ylabel("angle between the teaching signal\nand backprop's")
        grid[1, 0].set_ylabel("angle between the feedback matrix\nand the Wᵀ that it replaces")
        _limit(grid)
        add_legend(picture, comparison, colours, seeds_and(comparison, DEVIATION), chance=True)
    return picture


def matrix_into(angles: Array, layer: int) -> Array:
    """Return the angles of the matrices that end at a hidden layer, out of those of all layers.

    A matrix B belongs to the layer where it starts, one above; a direct D to the layer where it
    ends. Only with B does the output layer have one.

    Examples
    --------
    >>> backward, direct = np.array([[[np.nan, 50.0, 40.0]]]), np.array([[[80.0, 70.0, np.nan]]])
    >>> matrix_into(backward, 0), matrix_into(direct, 0)
    (array([[50.]]), array([[80.]]))
    """
    kept_above = np.isfinite(angles[..., -1]).any()
    return angles[..., layer + 1 if kept_above else layer]


def check_angles(comparison: Comparison) -> None:
    """Refuse runs that did not measure the angles of their signals."""
    for result in comparison.results:
        if result.history.epochs and SIGNAL not in list(result.history):
            raise ValueError(
                f"the run of {result.rule} has no angles to draw: do not give fit probe=0"
            )


def signal_band(comparison: Comparison, layer: int) -> tuple[float, float]:
    """Return the angles of a hidden layer's teaching signal with random feedback."""
    return chance_band(comparison.units[layer], comparison.directions)


def _signals(comparison: Comparison, layer: int) -> dict[str, Array]:
    return {rule: values[..., layer] for rule, values in _curves(comparison, SIGNAL).items()}


def _matrices(comparison: Comparison, layer: int) -> dict[str, Array]:
    curves = _curves(comparison, MATRIX)
    return {rule: matrix_into(values, layer) for rule, values in curves.items()}


def _curves(comparison: Comparison, measure: str) -> dict[str, Array]:
    """Return (seeds, epochs, layers) for each rule with a completed run."""
    finished = [rule for rule in comparison.rules if comparison.of(rule)]
    return {rule: comparison.curves(rule, measure, start=True) for rule in finished}


def _panel(axes: Axes, curves: dict[str, Array], band: tuple[float, float], theme: Theme) -> None:
    """Draw the rules that have this angle, over the band of chance."""
    axes.axhspan(*band, color=theme.band, linewidth=0, zorder=0)
    axes.axhline(90, color=theme.faint, linestyle="--", linewidth=1, label="_90°", zorder=2)
    for rule, angles in curves.items():
        draw_rule(axes, rule, angles, theme)
    axes.yaxis.set_major_formatter("{x:g}°")


def _limit(grid: Array) -> None:
    """Set the axis from 0° to the largest angle."""
    lines = [line for axes in grid.flat for line in axes.lines]
    highest = max(float(np.nanmax(line.get_ydata())) for line in lines)
    top = min(180.0, max(100.0, highest + 5))
    grid[0, 0].set_ylim(-3, top)
    grid[0, 0].set_yticks(range(0, int(top) + 1, 30))
