"""A figure that is made without pyplot, so drawing one changes no global state.

A notebook displays it, and it can be saved as a PNG or SVG file.
"""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from nofb.plots.style import THEMES, Theme, settings

DPI = 160  # about twice the resolution of a page


class Picture(Figure):
    """A matplotlib figure that a notebook shows without pyplot.

    Parameters
    ----------
    width, height
        In inches.
    theme
        Its neutral colours.
    """

    def __init__(self, width: float, height: float, theme: Theme = THEMES["light"]) -> None:
        super().__init__(figsize=(width, height), layout="constrained")
        self.theme, self.settled = theme, False

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        width, height = (round(100 * inches) for inches in self.get_size_inches())
        return self.to_bytes("png"), {"width": width, "height": height}

    def infer_shapes(self) -> None:
        """Compute the layout once: this takes most of the time of drawing."""
        if not self.settled:
            self.draw_without_rendering()
            self.set_layout_engine("none")
            self.settled = True

    def to_bytes(self, form: str) -> bytes:
        """Return the figure as a file; `form` is "png" or "svg"."""
        nothing: dict[str, Any] = {"Date": None, "Creator": None, "Format": None, "Type": None}
        metadata = nothing if form == "svg" else {"Software": None}
        buffer = io.BytesIO()
        with mpl.rc_context(settings(self.theme)):
            self.infer_shapes()
            self.savefig(buffer, format=form, dpi=DPI, metadata=metadata)
        return buffer.getvalue()


def sentence(text: str, theme: Theme) -> Picture:
    """Return a figure with a sentence on why there is nothing to draw."""
    picture = Picture(9.6, 1.2, theme)
    picture.text(0.5, 0.5, text, ha="center", va="center")
    return picture
