"""A picture with a slider for each parameter, to see the effect of the parameter.

Without a notebook, or without ipywidgets, the picture for the middle values is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from nofb import checks
from nofb.plots.notebook import in_notebook
from nofb.plots.picture import Picture

NO_WIDGETS = "For sliders: pip install ipywidgets, then start the notebook's kernel again."


class Sliders:
    """The object that a notebook displays: ipywidgets if they work, otherwise the first picture.

    Parameters
    ----------
    widget
        The sliders with their picture.
    picture
        The picture on a page without a kernel.
    """

    def __init__(self, widget: Any, picture: Picture) -> None:
        self.widget, self.picture = widget, picture

    def _repr_mimebundle_(self, **wanted: Any) -> Any:
        return self.widget._repr_mimebundle_(**wanted)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return self.picture._repr_png_()


def slider(draw: Callable[..., Picture], /, **values: Sequence[Any]) -> Picture | Sliders:
    """Show sliders for values, and draw the picture for the chosen ones.

    Parameters
    ----------
    draw
        A function that takes one value for each name, as keywords, and returns a picture. Each
        choice is drawn once and then kept.
    values
        For each name, the values of its slider; it starts in the middle.

    Returns
    -------
    Sliders or Picture
        As the last line of a cell it is displayed. Outside a notebook, and without ipywidgets, it
        is the picture for the middle values.

    Raises
    ------
    TypeError, ValueError
        If the values of a name are not a list, or the list is empty.

    Examples
    --------
    >>> from nofb.plots import Picture
    >>> def line(slope):
    ...     picture = Picture(3, 2)
    ...     picture.subplots().plot([0, slope])
    ...     return picture
    >>> picture = slider(line, slope=[1, 2, 3])
    >>> picture.axes[0].lines[0].get_ydata().tolist()
    [0, 2]
    """
    choices = {name: checks.listed(name, each) for name, each in values.items()}
    middle = {name: each[len(each) // 2] for name, each in choices.items()}
    picture = draw(**middle)
    if not in_notebook():
        return picture
    try:
        widgets = import_module("ipywidgets")
    except ImportError:
        print(NO_WIDGETS)
        return picture
    return Sliders(_panel(widgets, draw, choices, picture), picture)


def _panel(
    widgets: Any,
    draw: Callable[..., Picture],
    choices: dict[str, tuple[Any, ...]],
    picture: Picture,
) -> Any:
    """Return a box of sliders over an image that follows them."""
    first = picture.to_html()
    room = "calc(100% - 4px)"  # minus the margins, or a scroll bar appears
    image = widgets.HTML(value=first, layout={"max_width": room})
    margin = f"{max(map(len, choices)) + 1}ch"  # so that all sliders are aligned
    sliders = {name: _one(widgets, name, each, margin) for name, each in choices.items()}
    kept = {tuple(one.index for one in sliders.values()): first}

    def follow(change: object) -> None:
        place = tuple(one.index for one in sliders.values())
        if place not in kept:
            chosen = {name: one.value for name, one in sliders.items()}
            kept[place] = draw(**chosen).to_html()
        image.value = kept[place]

    for each in sliders.values():
        each.observe(follow, names="value")
    return widgets.VBox([*sliders.values(), image])


def _one(widgets: Any, name: str, values: tuple[Any, ...], margin: str) -> Any:
    labels = [f"{value:g}" if isinstance(value, int | float) else str(value) for value in values]
    return widgets.SelectionSlider(
        options=list(zip(labels, values, strict=True)),
        value=values[len(values) // 2],
        description=name,
        style={"description_width": margin},
        layout={"width": "420px"},
    )
