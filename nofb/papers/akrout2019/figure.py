"""Akrout et al. 2019, reproduced: loss, accuracy and two angles, with the authors' curves.

A curve that leaves the authors' dotted one shows where the reproduction differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from nofb.papers.akrout2019.logs import Curves
from nofb.plots.curves import deviation, extent, logarithmic, percent
from nofb.plots.picture import Picture
from nofb.plots.style import DOTS, Theme, full_name, look, using
from nofb.types import Array

PANELS = {
    "loss": "Training loss, mean over the epoch",
    "test_accuracy": "Test accuracy",
    "weight_angle": "Output layer's feedback matrix to Wᵀ",
    "delta_angle": "Hidden layer's teaching signal to backprop's",
}


def akrout2019(
    runs: Mapping[str, Sequence[Curves]],
    logs: Mapping[str, Curves] | None = None,
) -> Picture:
    """Draw the four measures of the authors' logs over epochs.

    Parameters
    ----------
    runs
        For each rule, the curves of its seeds: "loss", "test_accuracy", and in degrees
        "weight_angle" and "delta_angle"; measures that a rule does not have are left out.
    logs
        For each rule, the authors' curves, if there are any.

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure` of four panels over epochs on a logarithmic scale. Lines are
        means over seeds; bands are one standard deviation to either side, for the loss from the
        lowest to the highest seed. Dotted lines are the authors' logs.
    """
    logs = logs or {}
    with using("light") as colours:
        picture = Picture(10.4, 7.6, colours)
        for axes, measure in zip(picture.subplots(2, 2).flat, PANELS, strict=True):
            for rule, seeds in runs.items():
                _draw(axes, rule, measure, seeds, logs.get(rule, {}), colours)
            _finish(axes, measure)
        _legend(picture, list(runs), bool(logs), colours)
    return picture


def _draw(
    axes: Axes, rule: str, measure: str, runs: Sequence[Curves], log: Curves, theme: Theme
) -> None:
    """Draw one rule's mean over seeds, its spread, and the authors' curve for the same epochs."""
    colour = look(rule, theme).colour
    values = np.array([run[measure] for run in runs if measure in run])
    if not values.size:
        return
    epochs = np.arange(1, values.shape[1] + 1)
    axes.plot(epochs, values.mean(axis=0), color=colour, linewidth=1.6, label=rule, zorder=3)
    if len(values) > 1:
        low, high = extent(values) if measure == "loss" else deviation(values)
        axes.fill_between(epochs, low, high, color=colour, alpha=0.2, linewidth=0)
    if measure in log:
        authors: Array = np.asarray(log[measure])[: len(epochs)]
        axes.plot(
            epochs[: len(authors)], authors, color=colour, linewidth=2.4, linestyle=DOTS,
            alpha=0.8, label=f"_{rule}, the authors'",
        )  # fmt: skip


def _finish(axes: Axes, measure: str) -> None:
    """Set the title and the scales of a panel."""
    axes.set_title(PANELS[measure])
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("epoch (logarithmic scale)")
    if measure == "loss":
        logarithmic(axes)
        axes.set_ylabel("loss per sample (logarithmic scale)")
    elif measure == "test_accuracy":
        percent(axes)
    else:
        axes.yaxis.set_major_formatter("{x:g}°")
        axes.set_ylim(bottom=0)


def _legend(picture: Picture, rules: Sequence[str], authors: bool, theme: Theme) -> None:
    """Draw the legend: colours for rules, dotted lines for the authors."""
    handles = [Line2D([], [], color=look(rule, theme).colour, lw=1.6) for rule in rules]
    labels = [full_name(rule) for rule in rules]
    if authors:
        handles.append(Line2D([], [], color=theme.faint, lw=2.4, linestyle=DOTS))
        labels.append("dotted: the authors' log")
    picture.legend(handles, labels, loc="outside lower center", ncols=3)
