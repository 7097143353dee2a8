"""Figures of a comparison or a sweep, live figures and sliders for notebooks, with matplotlib.

`FIGURES` maps the name of each figure's file to the function that draws it from a comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nofb.plots.accuracy_against_angle import accuracy_against_angle
from nofb.plots.accuracy_and_angle import accuracy_and_angle
from nofb.plots.alignment import alignment
from nofb.plots.attention_maps import attention_maps
from nofb.plots.class_map import class_map
from nofb.plots.confusion import confusion
from nofb.plots.each_rule import each_rule
from nofb.plots.filters import filters
from nofb.plots.heat_map import heat_map
from nofb.plots.learning_curves import learning_curves
from nofb.plots.live import LivePlot
from nofb.plots.notebook import in_notebook
from nofb.plots.paths import paths
from nofb.plots.picture import Picture
from nofb.plots.samples import samples
from nofb.plots.slider import Sliders, slider
from nofb.plots.style import use
from nofb.plots.units import units

if TYPE_CHECKING:
    from nofb.runs.compare import Comparison

FIGURES: dict[str, Callable[[Comparison, str], Picture]] = {
    "learning_curves": learning_curves,
    "each_rule": each_rule,
    "alignment": alignment,
    "accuracy_against_angle": accuracy_against_angle,
}

__all__ = [
    "FIGURES",
    "LivePlot",
    "Picture",
    "Sliders",
    "accuracy_against_angle",
    "accuracy_and_angle",
    "alignment",
    "attention_maps",
    "class_map",
    "confusion",
    "each_rule",
    "filters",
    "heat_map",
    "in_notebook",
    "learning_curves",
    "paths",
    "samples",
    "slider",
    "units",
    "use",
]


def __dir__() -> list[str]:
    return sorted(__all__)
