"""The class that a network predicts at every point of a plane."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from nofb.datasets import Dataset
from nofb.network import Network
from nofb.plots.style import HUES, OKABE_ITO, Theme

POINTS = 200  # along each side
PALE = 0.3  # the fraction of colour in the area of a class; the rest is background


def class_map(axes: Axes, net: Network, data: Dataset, theme: Theme) -> None:
    """Colour the plane by the class that the network predicts, and draw the test points.

    Parameters
    ----------
    axes
        Where to draw.
    net
        A network with two inputs.
    data
        Samples with two features, of at most six classes.
    theme
        The neutral colours.

    Raises
    ------
    ValueError
        If the samples do not have two features, or there are more classes than colours.
    """
    if data.x_test.shape[1:] != (2,):
        raise ValueError(f"data has samples of shape {data.x_test.shape[1:]}, but must have (2,)")
    if data.n_classes is None or data.n_classes > len(HUES):
        raise ValueError(f"data has {data.n_classes} classes, but must have 1 to {len(HUES)}")
    edge = 1.1 * float(np.abs(data.x_test).max())
    side = np.linspace(-edge, edge, POINTS)
    plane = np.stack(np.meshgrid(side, side), axis=-1)  # (rows, columns, 2)
    named = net.predict(plane.reshape(-1, 2)).reshape(POINTS, POINTS)
    colours = np.array([to_rgb(OKABE_ITO[hue]) for hue in HUES])
    paper = np.array(to_rgb(theme.paper))
    image = PALE * colours[named] + (1 - PALE) * paper
    axes.imshow(image, origin="lower", extent=(-edge, edge, -edge, edge))
    across, up = data.x_test.T
    axes.scatter(across, up, s=10, c=colours[data.y_test], edgecolors=theme.paper, lw=0.4)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
