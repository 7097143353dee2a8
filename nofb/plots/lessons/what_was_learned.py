"""What networks have learned: maps of classes, filters, and accuracies over a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nofb.datasets import Dataset
from nofb.network import Network
from nofb.plots.class_map import class_map
from nofb.plots.curves import percent
from nofb.plots.lessons.parts import COLOURS, degrees
from nofb.plots.picture import Picture
from nofb.plots.style import look, using
from nofb.plots.transfer import colour
from nofb.types import Array


def class_maps(nets: Mapping[str, Network], data: Dataset) -> Picture:
    """Draw the class that each network gives to every point of the plane, and its accuracy.

    Parameters
    ----------
    nets
        Networks for two features, by the name of their rule.
    data
        Its test samples are the points.

    Examples
    --------
    >>> import nofb
    >>> data = nofb.datasets.toys.xor(n=40)
    >>> picture = class_maps({"bp": nofb.Network([nofb.Dense(2, 2)])}, data)
    >>> picture.axes[0].get_title().endswith("of the test points")
    True
    """
    with using() as theme:
        picture = Picture(2.75 * len(nets), 3.2, theme)
        grid = picture.subplots(1, len(nets), squeeze=False)[0]
        for axes, (name, net) in zip(grid, nets.items(), strict=True):
            class_map(axes, net, data, theme)
            right = net.accuracy(data.x_test, data.y_test)
            axes.set_title(f"{name}: {right:.0%} of the test points")
    return picture


def filters_and_feedback(pairs: Mapping[str, tuple[Array, Array]], maps: int = 8) -> Picture:
    """Draw filters of a convolution, and below them what B sends back for the same maps.

    Parameters
    ----------
    pairs
        For each rule W and Bᵀ, as filters (height, width, maps).
    maps
        How many are drawn.
    """
    rows = [(f"{name}: {letter}", matrix) for name, pair in pairs.items()
            for letter, matrix in zip(("W", "Bᵀ"), pair, strict=True)]  # fmt: skip
    with using() as theme:
        picture = Picture(9.6, 1.15 * len(rows), theme)
        grid = picture.subplots(len(rows), maps, squeeze=False)
        for line, (title, matrix) in zip(grid, rows, strict=True):
            limit = abs(matrix[:, :, :maps]).max()
            for axes, image in zip(line, np.moveaxis(matrix, 2, 0), strict=False):
                axes.imshow(image, cmap="RdBu", vmin=-limit, vmax=limit)
                axes.set(xticks=[], yticks=[])
            line[0].set_ylabel(title, rotation=0, ha="right", va="center")
    return picture


def strengths(x: Sequence[float], accuracy: Sequence[float], attention: Array) -> Picture:
    """Draw accuracy, and attention to an object, over the strength of a top-down signal.

    Parameters
    ----------
    x
        The strengths.
    accuracy
        For each strength.
    attention
        The fraction of the class token's attention on the object (strengths, blocks).
    """
    with using() as theme:
        picture = Picture(9.6, 3.4, theme)
        left, right = picture.subplots(1, 2)
        left.plot(x, accuracy, "o-", color=colour("toast", theme))
        left.set(title="names the garment", xlabel="strength of td", ylim=(0, 1))
        for block, (each, hue) in enumerate(zip(np.transpose(attention), COLOURS, strict=False), 1):
            right.plot(x, each, "o-", color=hue, label=f"block {block}")
        right.set(title="class token's attention on it", xlabel="strength of td", ylim=(0, 0.7))
        right.legend(ncols=2)
        percent(left)
        percent(right)
    return picture


def seeds(found: Mapping[str, Array], controls: Mapping[str, float], across: str) -> Picture:
    """Draw the accuracy and the angle of every seed with their means, for each setting.

    Parameters
    ----------
    found
        For each setting, the accuracy in per cent and the angle of each seed (seeds, 2).
    controls
        The mean accuracy of each of some rules, in per cent, drawn as a line.
    across
        What the settings are.
    """
    with using() as theme:
        picture = Picture(10, 3.6, theme)
        accuracy, angles = panels = picture.subplots(1, 2)
        for column, axes in enumerate(panels):
            for place, each in enumerate(found.values()):
                values = each[:, column]
                axes.plot(np.full(len(each), place), values, "o", color=COLOURS[0], alpha=0.4)
                axes.plot(place, values.mean(), "_", color=COLOURS[0], markersize=26)
            axes.set_xticks(range(len(found)), found)
            axes.set_xlabel(across)
        for name, level in controls.items():
            style = look(name, theme)
            accuracy.axhline(level, color=style.colour, ls=style.line, lw=1, label=name)
        accuracy.set_title("test accuracy, %: each seed and the mean")
        if controls:
            accuracy.legend(loc="center right")
        degrees(angles, 95, theme)
        angles.set_title("angle between the top B and Wᵀ")
    return picture
