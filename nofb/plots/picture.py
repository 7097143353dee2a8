"""A figure that is made without pyplot, so drawing one changes no global state.

A notebook displays it, and it can be saved as a PNG or SVG file.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from nofb import checks
from nofb.plots.paper import at_width
from nofb.plots.style import THEMES, Theme, settings

DPI = 160  # about twice the resolution of a page
FORMS = ("png", "svg", "pdf")
WIDTHS = {"column": 3.4, "full": 7.0}  # inches, in a paper with two columns


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


def sentence(text: str, theme: Theme) -> Picture:
    """Return a figure with a sentence on why there is nothing to draw."""
    picture = Picture(9.6, 1.2, theme)
    picture.text(0.5, 0.5, text, ha="center", va="center")
    return picture
