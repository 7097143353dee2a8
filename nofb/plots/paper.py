"""A figure at the width of a paper's column: small text, wrapped titles, stacked panels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import fill
from typing import cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.legend import Legend
from matplotlib.text import Text

from nofb import checks

TEXT = 8.0  # points, instead of those of a screen
SCREEN = 10.0
NARROW = 2.0  # inches: panels that would be narrower are put below each other
FLAT = 0.62  # of the width of a panel: its height, if panels are below each other
GLYPH = 0.58  # of the size of text: the mean width of a letter
HANDLE = 5.0  # letters: the sample of a line in a legend


@contextmanager
def at_width(picture: Figure, width: float) -> Iterator[None]:
    """Within this context, a figure has another width, in inches; afterwards it is as before.

    Raises
    ------
    TypeError, ValueError
        If the width is not a number greater than 0.
    """
    width = checks.number("width", width, above=0)
    picture.draw_without_rendering()  # computes the size of panels and text
    before, tall = (float(side) for side in picture.get_size_inches())
    legends = list(picture.legends)
    kept = [(text, text.get_text(), float(text.get_fontsize())) for text in _texts(picture)]
    panels = _in_a_row(picture)
    stacked = len(panels) > 1 and width / len(panels) < NARROW
    height = tall * max(width / before, TEXT / SCREEN)
    if stacked:
        height = _stack(picture, [*panels], width)
    elif images := _images(picture):
        height = (tall - images) * TEXT / SCREEN + images * width / before
    for text, _, points in kept:
        text.set_fontsize(points * TEXT / SCREEN)
    picture.set_size_inches(width, height)
    _wrap(picture, width, 1 if stacked else _columns(picture))
    for legend in legends:
        _renew(picture, legend, width)
    _lay_out_again(picture)
    try:
        yield
    finally:
        for each in list(picture.legends):
            each.remove()
        picture.legends.extend(legends)
        for text, words, points in kept:
            text.set_text(words)
            text.set_fontsize(points)
        for axes, spec in panels.items():
            axes.set_subplotspec(spec)
        picture.set_size_inches(before, tall)
        _lay_out_again(picture)


def _texts(picture: Figure) -> list[Text]:
    return cast(list[Text], picture.findobj(Text))


def _in_a_row(picture: Figure) -> dict[Axes, SubplotSpec]:
    """Return the panels with their places, if they are one row and nothing else is drawn."""
    places = {axes: axes.get_subplotspec() for axes in picture.axes}
    found = {axes: spec for axes, spec in places.items() if spec is not None}
    grids = {id(spec.get_gridspec()): spec.get_gridspec() for spec in found.values()}
    one_row = len(grids) == 1 and next(iter(grids.values())).nrows == 1
    return found if one_row and len(found) == len(places) else {}


def _images(picture: Figure) -> float:
    """Return the height of all panels, in inches, if each is an image and its shape is fixed."""
    if not picture.axes or any(axes.get_aspect() == "auto" for axes in picture.axes):
        return 0.0
    specs = [axes.get_subplotspec() for axes in picture.axes]
    rows = max((spec.get_gridspec().nrows for spec in specs if spec is not None), default=1)
    return rows * max(axes.get_position().height for axes in picture.axes) * picture.get_figheight()


def _columns(picture: Figure) -> int:
    specs = [axes.get_subplotspec() for axes in picture.axes]
    return max((spec.get_gridspec().ncols for spec in specs if spec is not None), default=1)


def _stack(picture: Figure, panels: list[Axes], width: float) -> float:
    """Put panels below each other, and return the height of the figure."""
    panel = max(axes.get_position().height for axes in panels) * picture.get_figheight()
    rest = (picture.get_figheight() - panel) * TEXT / SCREEN  # titles, labels, legends
    grid = picture.add_gridspec(len(panels), 1)
    for row, axes in enumerate(panels):
        axes.set_subplotspec(grid[row, 0])
    each = 5.5 * TEXT / 72  # the title and the labels of a panel
    return len(panels) * (FLAT * width + each) + max(0.0, rest - each)


def _wrap(picture: Figure, width: float, columns: int) -> None:
    """Break titles and labels that are longer than their panels."""
    letters = int(0.85 * width / columns * 72 / (TEXT * GLYPH))
    for axes in picture.axes:
        for text in (axes.title, axes.xaxis.label):
            text.set_text(fill(text.get_text(), letters))
        text = axes.yaxis.label
        tall = int(axes.get_position().height * picture.get_figheight() * 72 / (TEXT * GLYPH))
        text.set_text("\n".join(fill(line, max(8, tall)) for line in text.get_text().split("\n")))


def _renew(picture: Figure, legend: Legend, width: float) -> None:
    """Replace a legend of the figure by one that is not wider than the figure."""
    letters = int(width * 72 / (TEXT * GLYPH))
    labels = [fill(text.get_text(), int(letters - HANDLE - 2)) for text in legend.get_texts()]
    longest = max((len(label) for label in labels), default=0) + HANDLE
    title = fill(legend.get_title().get_text(), letters) or None
    handles = [handle for handle in legend.legend_handles if handle is not None]
    legend.remove()
    picture.legend(
        handles, labels, fontsize=TEXT, title_fontsize=TEXT, handlelength=3.2, title=title,
        loc="outside lower center", ncols=2 if 2 * longest < letters else 1,
    )  # fmt: skip


def _lay_out_again(picture: Figure) -> None:
    picture.set_layout_engine("constrained")
    if hasattr(picture, "settled"):
        picture.settled = False
