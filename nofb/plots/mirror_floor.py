"""A mirror's noise floor over its rate and over its samples: points on the lines of theory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from nofb.experiments.mirror_floor import FORMS, SAMPLE, SHARE
from nofb.plots.labels import label_ends
from nofb.plots.picture import Picture
from nofb.plots.style import OKABE_ITO, Theme, using

Record = Mapping[str, Any]
HUES = {
    "linear": "blue",
    "relu": "bluish green",
    "renormalised": "reddish purple",
    "raw": "vermillion",
}
TICKS = (2, 5, 10, 20, 45, 90)


def mirror_floor(records: Sequence[Record], theme: str = "light") -> Picture:
    """Draw the angle that mirroring leaves, measured and predicted.

    Parameters
    ----------
    records
        Of `nofb.experiments.mirror_floor`: each with "task" and "result".
    theme
        "light" or "dark".

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure` with two panels: over the share of B that is new at every step,
        and over the number of noise vectors. Lines are theory, points are measured.
    """
    with using(theme) as colours:
        picture = Picture(10.4, 4.6, colours)
        left, right = picture.subplots(1, 2, sharey=True)
        at_rate = [record for record in records if record["task"]["samples"] == SAMPLE]
        at_size = [record for record in records if record["task"]["share"] == SHARE]
        _panel(left, at_rate, "share", colours)
        _panel(right, at_size, "samples", colours)
        left.set_title(f"M = {SAMPLE} noise vectors a step")
        left.set_xlabel("share of B that is new at each step, λ with decay (logarithmic)")
        left.set_ylabel("angle between B and Wᵀ that is left\n(logarithmic; points are measured)")
        right.set_title(f"a share of {SHARE:g} is new at each step")
        right.set_xlabel("M, noise vectors a step (logarithmic)")
    return picture


def _panel(axes: Axes, records: Sequence[Record], quantity: str, theme: Theme) -> None:
    """Draw every form of the mirror over one quantity, and name it where its line ends."""
    points: dict[str, list[tuple[float, float, float]]] = {}
    for record in records:
        task, result = record["task"], record["result"]
        point = task[quantity], result["predicted"], result["measured"]
        points.setdefault(task["form"], []).append(point)
    ends = {}
    for name, found in points.items():
        colour = OKABE_ITO[HUES[name]]
        x, predicted, measured = zip(*sorted(found), strict=True)
        axes.plot(x, predicted, color=colour, linewidth=1.4, label=name)
        axes.plot(x, measured, "o", color=colour, label=f"_{name}, measured")
        ends[FORMS[name].title] = (x[-1], predicted[-1], colour)
    axes.set_xscale("log")
    axes.set_yscale("log")
    ticks = sorted({record["task"][quantity] for record in records})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks(TICKS, [f"{degrees}°" for degrees in TICKS])
    axes.minorticks_off()
    axes.set_ylim(1.5, 100)
    label_ends(axes, ends)
