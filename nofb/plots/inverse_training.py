"""Iterated targets while a network learns: its test error, and how its inverses contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from nofb.experiments.inverse_training import FORMS
from nofb.plots.picture import Picture
from nofb.plots.style import OKABE_ITO, Theme, using
from nofb.types import Array

Record = Mapping[str, Any]
GROUPS = {  # a hue for what learns, a line for how
    "1 iteration": ("ink", "-"),
    "3 iterations": ("vermillion", "-"),
    "3, damped by 0.3": ("orange", "--"),
    "3, 5 inverse steps a batch": ("orange", ":"),
    "3, layer-wise normalisation": ("reddish purple", "-"),
    "1, layer-wise normalisation": ("reddish purple", "--"),
    "1, difference reconstruction": ("blue", "--"),
    "2, difference reconstruction, damped by 0.5": ("blue", "-"),
    "Gauss-Newton, c = 0.001": ("bluish green", ":"),
    "Gauss-Newton, c = 0.1": ("bluish green", "-"),
    "Gauss-Newton, c = 10": ("bluish green", "--"),
}
PANELS = {
    "lipschitz": "Lipschitz constant of g ∘ f - id,\nmean of hidden layers 2 to 5",
    "null_space_share": "share of t - h that the output\ndoes not notice, mean of hidden layers",
    "gauss_newton_angle": "angle of the weight step to Gauss-\nNewton's, mean of hidden layers",
}


def inverse_training(records: Sequence[Record], theme: str = "light") -> Picture:
    """Draw how every form of iteration learns.

    Parameters
    ----------
    records
        Of `nofb.experiments.inverse_training`: each with "task" and "result".
    theme
        "light" or "dark".

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure`: the test error over epochs, and each of `PANELS`; means over
        seeds.
    """
    forms = by_form(records)
    with using(theme) as colours:
        picture = Picture(12.6, 8.8, colours)
        grid = picture.subplots(2, 2)
        _panel(grid[0, 0], forms, "test_error", colours)
        grid[0, 0].set_yscale("log")
        grid[0, 0].set_yticks([2, 3, 5, 10, 20], ["2 %", "3 %", "5 %", "10 %", "20 %"])
        grid[0, 0].minorticks_off()
        grid[0, 0].set_title("test error (logarithmic)")
        for axes, (measure, title) in zip(grid.flat[1:], PANELS.items(), strict=True):
            _panel(axes, forms, measure, colours)
            axes.set_title(title)
        for axes in grid[1]:
            axes.set_xlabel("epoch")
        grid[0, 1].axhline(1, color=colours.faint, linewidth=1)
        grid[1, 1].yaxis.set_major_formatter("{x:g}°")
        picture.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return picture


def by_form(records: Sequence[Record]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the results of each form's seeds, in the order of `FORMS`."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        found.setdefault(record["task"]["form"], []).append(record["result"])
    return {form: found[form] for form in FORMS if form in found}


def hidden_mean(results: Sequence[Mapping[str, Any]], measure: str) -> Array | None:
    """Return the mean over seeds and hidden layers for every epoch, or `None` without one.

    A Lipschitz constant belongs to the inverse of a layer, from the second to the last hidden one.
    """
    if measure not in results[0]:
        return None
    values = np.array([result[measure] for result in results], float)[:, :, :-1]
    if np.isnan(values).all():
        return None
    return np.asarray(np.nanmean(values, axis=(0, 2)))


def _panel(axes: Axes, forms: Mapping[str, Any], measure: str, theme: Theme) -> None:
    for form, results in forms.items():
        hue, line = GROUPS[form]
        colour = OKABE_ITO.get(hue, theme.ink)
        if measure == "test_error":
            values: Array | None = np.mean([result[measure] for result in results], axis=0)
        else:
            values = hidden_mean(results, measure)
        if values is not None:
            epochs = np.arange(1, len(values) + 1)
            axes.plot(epochs, values, color=colour, linestyle=line, linewidth=1.8, label=form)
