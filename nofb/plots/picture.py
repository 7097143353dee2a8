"""A figure that is made without pyplot, so drawing one changes no global state.

A notebook displays it, and it can be saved as a PNG or SVG file.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nofb import checks
from nofb.plots.on_page import both_themes, image
from nofb.plots.paper import at_width
from nofb.plots.style import PageTheme, Theme, default_theme, settings

DPI = 160  # about twice the resolution of a page
MANY = 400  # markers of one line: as shapes, they would make a notebook megabytes larger
FORMS = ("png", "svg", "pdf")
WIDTHS = {"column": 3.4, "full": 7.0}  # inches, in a paper with two columns


class Picture(Figure):
    """A matplotlib figure that a notebook shows without pyplot.

    Parameters
    ----------
    width, height
        In inches.
    theme
        Its neutral colours; by default those of `nofb.plots.use`.
    """

    def __init__(self, width: float, height: float, theme: Theme | None = None) -> None:
        super().__init__(figsize=(width, height), layout="constrained")
        self.theme, self.settled = theme or default_theme(), False

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        width, height = (round(100 * inches) for inches in self.get_size_inches())
        return self.to_bytes("png"), {"width": width, "height": height}

    def _repr_html_(self) -> str | None:
        return self.to_html() if isinstance(self.theme, PageTheme) else None

    def to_html(self) -> str:
        """Return the figure for a notebook; if its theme is not stated, in that of the notebook."""
        with _dots_as_pixels(self):
            drawing = self.to_bytes("svg").decode()
        width = round(100 * self.get_size_inches()[0])
        follows = isinstance(self.theme, PageTheme)
        return both_themes(drawing, width) if follows else image(drawing, width)

    def infer_shapes(self) -> None:
        """Compute the layout once: this takes most of the time of drawing."""
        if not self.settled:
            self.draw_without_rendering()
            self.set_layout_engine("none")
            self.settled = True

    def save(self, path: str | os.PathLike[str], width: str | float | None = None) -> None:
        """Write the figure as PNG, SVG or PDF, by the ending of the path.

        Parameters
        ----------
        path
            The file; an existing one is replaced.
        width
            "column" or "full", the widths of a paper with two columns (3.4 and 7 inches), or
            inches; as it is drawn if left out. Text is then 8 points high, whatever the width, and
            panels that would be too narrow are put below each other.

        Raises
        ------
        ValueError
            If the path has another ending, or the width is not one of these.
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> picture = Picture(9.6, 3.5)
        >>> axes = picture.subplots()
        >>> with TemporaryDirectory() as folder:
        ...     picture.save(f"{folder}/angles.pdf", width="column")
        >>> picture.get_size_inches().tolist()
        [9.6, 3.5]
        """
        path = Path(path)
        form = path.suffix.lower().removeprefix(".")
        if form not in FORMS:
            raise ValueError(f"path is {str(path)!r}, but must end in one of: .png, .svg, .pdf")
        if isinstance(width, str):
            checks.choice("width", width, WIDTHS)
        if width is None:
            path.write_bytes(self.to_bytes(form))
            return
        inches = WIDTHS[width] if isinstance(width, str) else width
        with mpl.rc_context(settings(self.theme)), at_width(self, inches):
            path.write_bytes(self.to_bytes(form))

    def to_bytes(self, form: str) -> bytes:
        """Return the figure as a file; `form` is "png", "svg" or "pdf"."""
        nothing: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        metadata = {"svg": nothing, "pdf": {"CreationDate": None}}.get(form, {"Software": None})
        buffer = io.BytesIO()
        with mpl.rc_context(settings(self.theme)):
            self.infer_shapes()
            self.savefig(buffer, format=form, dpi=DPI, metadata=metadata)
        return buffer.getvalue()


@contextmanager
def _dots_as_pixels(picture: Picture) -> Iterator[None]:
    """Within this context, an SVG file contains lines with many markers as an image."""
    lines = [line for axes in picture.axes for line in axes.lines if _has_many_markers(line)]
    for line in lines:
        line.set_rasterized(True)
    try:
        yield
    finally:
        for line in lines:
            line.set_rasterized(False)


def _has_many_markers(line: Line2D) -> bool:
    marked = line.get_marker() not in (None, "", "None", " ") and line.get_markevery() is None
    return marked and len(np.asarray(line.get_xdata())) > MANY


def sentence(text: str, theme: Theme) -> Picture:
    """Return a figure with a sentence on why there is nothing to draw."""
    picture = Picture(9.6, 1.2, theme)
    picture.text(0.5, 0.5, text, ha="center", va="center")
    return picture
