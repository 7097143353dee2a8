"""Images of a data set with their classes, and with the class that a network gives them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nofb import checks
from nofb.datasets import Dataset
from nofb.network import Network
from nofb.plots.picture import Picture
from nofb.plots.style import OKABE_ITO, literal, using
from nofb.types import Array

EACH = 1.05  # inches
ACROSS = 8


def samples(
    data: Dataset,
    rows: int | Sequence[int] | Array = 16,
    net: Network | None = None,
    theme: str | None = None,
) -> Picture:
    """Draw test images with their true class and, of a network, the class that it gives them.

    Parameters
    ----------
    data
        A data set of images.
    rows
        Which test samples, such as those of `nofb.diagnosis.most_confused`; or how many, from the
        first one on.
    net
        A network, whose wrong classes are written in colour.
    theme
        "light" or "dark"; by default that of `nofb.plots.use`.

    Raises
    ------
    ValueError
        If the data set has no images or no such rows, or does not fit the network.

    Examples
    --------
    >>> import nofb
    >>> data = nofb.datasets.load("fashion_small")
    >>> [axes.get_title() for axes in samples(data, 3).axes]
    ['dress', 'shirt', 'sneaker']
    """
    if not isinstance(rows, Sequence | np.ndarray):
        rows = range(min(checks.whole("rows", rows), len(data.y_test)))
    chosen = np.asarray(rows, np.intp)
    if chosen.size == 0 or chosen.min() < 0 or chosen.max() >= len(data.y_test):
        raise ValueError(f"rows must be 1 or more numbers from 0 to {len(data.y_test) - 1}")
    images = data.as_images().x_test[chosen]
    true = data.y_test[chosen]
    given = None if net is None else net.predict(data.x_test[chosen])
    down = -(-len(chosen) // ACROSS)
    with using(theme) as colours:
        across = min(ACROSS, len(chosen))
        lines = 1 if net is None else 2
        picture = Picture(EACH * across * 1.15, (EACH + 0.2 * lines) * down, colours)
        grid = picture.subplots(down, across, squeeze=False).ravel()
        for axes in grid[len(chosen) :]:
            axes.remove()
        for place, axes in enumerate(grid[: len(chosen)]):
            pixels = images[place].transpose(1, 2, 0)
            axes.imshow(_in_unit_range(pixels), cmap="gray_r")
            axes.set(xticks=[], yticks=[])
            axes.grid(visible=False)
            axes.spines[:].set_visible(True)
            title, wrong = _title(data, true[place], None if given is None else given[place])
            colour = OKABE_ITO["vermillion"] if wrong else colours.ink
            axes.set_title(title, fontsize=9, color=colour)
    return picture


def _title(data: Dataset, true: object, given: object | None) -> tuple[str, bool]:
    """Return the words above an image, and whether the class is wrong."""
    names = data.class_names
    if names is None:
        return "", False
    name = literal(names[int(true)])  # type: ignore[call-overload]
    if given is None:
        return name, False
    other = literal(names[int(given)])  # type: ignore[call-overload]
    return (name, False) if true == given else (f"{name},\ngiven {other}", True)


def _in_unit_range(pixels: Array) -> Array:
    low, high = min(0.0, float(pixels.min())), max(1.0, float(pixels.max()))
    scaled = (pixels - low) / (high - low)
    return scaled[..., 0] if scaled.shape[-1] == 1 else scaled
