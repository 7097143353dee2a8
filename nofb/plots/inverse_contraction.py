"""The error of an iterated inverse over iterations, beside the bound of its Lipschitz constant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from nofb.plots.labels import label_ends
from nofb.plots.picture import Picture
from nofb.plots.style import HUES, OKABE_ITO, using

Record = Mapping[str, Any]
LOWEST = 1e-6


def inverse_contraction(records: Sequence[Record], theme: str = "light") -> Picture:
    """Draw ‖h^(k) - h*‖ over iterations, measured and bounded by Lip^k.

    Parameters
    ----------
    records
        Of `nofb.experiments.inverse_contraction`: each with "task" and "result".
    theme
        "light" or "dark".

    Returns
    -------
    Picture
        A `matplotlib.figure.Figure` with two panels: linear layers, whose error is the bound, and
        tanh layers with learned inverses, whose error stays below it. Points are measured.
    """
    with using(theme) as colours:
        picture = Picture(10.4, 4.4, colours)
        left, right = picture.subplots(1, 2, sharey=True)
        linear = [record for record in records if "constant" in record["task"]]
        learned = [record for record in records if "lessons" in record["task"]]
        _panel(left, linear, lambda record: f"Lip {record['task']['constant']:g}")
        _panel(right, learned, lambda record: f"{record['task']['lessons']} lessons: "
               f"Lip {record['result']['constant']:.2f}")  # fmt: skip
        left.set_title("a linear layer, its inverse wrong by a rotation")
        left.set_ylabel("‖h - h*‖ over its start (logarithmic)\nlines: Lipᵏ; points: measured")
        right.set_title("a tanh layer, its inverse learned from noise")
    return picture


def _panel(axes: Axes, records: Sequence[Record], name: Any) -> None:
    ends = {}
    for record, hue in zip(records, HUES, strict=False):
        colour, errors = OKABE_ITO[hue], np.array(record["result"]["error"])
        k = np.arange(len(errors))
        bound = record["result"]["constant"] ** k
        seen = bound >= LOWEST
        axes.plot(k[seen], bound[seen], color=colour, linewidth=1.4, label=name(record))
        axes.plot(k[seen], errors[seen], "o", color=colour, label=f"_{name(record)}, measured")
        ends[name(record)] = (float(k[seen][-1]), float(bound[seen][-1]), colour)
    axes.set_yscale("log")
    axes.set_ylim(LOWEST, 10)
    axes.set_xlabel("k, iterations")
    label_ends(axes, ends)
