"""Figures of a comparison, and a live one for notebooks; each is a plain matplotlib `Figure`.

`FIGURES` maps the name of each figure's file to the function that draws it.
"""

from collections.abc import Callable

from nofb.experiments.compare import Comparison
from nofb.plots.accuracy_against_angle import accuracy_against_angle
from nofb.plots.alignment import alignment
from nofb.plots.learning_curves import learning_curves
from nofb.plots.live import LivePlot
from nofb.plots.picture import Picture

FIGURES: dict[str, Callable[[Comparison, str], Picture]] = {
    "learning_curves": learning_curves,
    "alignment": alignment,
    "accuracy_against_angle": accuracy_against_angle,
}

__all__ = [
    "FIGURES",
    "LivePlot",
    "Picture",
    "accuracy_against_angle",
    "alignment",
    "learning_curves",
]
