"""The weights of a layer as pictures, before and after training."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from nofb import checks
from nofb.layers import Conv2D, Layer
from nofb.network import Network
from nofb.plots.picture import Picture
from nofb.plots.style import fading, using
from nofb.types import Array

EACH = 0.75  # inches
ACROSS = 12


def filters(
    net: Network,
    layer: int = 0,
    before: Network | None = None,
    image_shape: tuple[int, int, int] | None = None,
    count: int = 24,
    theme: str | None = None,
) -> Picture:
    """Draw the incoming weights of each unit of a layer as a picture.

    Parameters
    ----------
    net
        A network.
    layer
        The layer with weights, counted from 0; of a convolution its filters are drawn.
    before
        A copy of the network before training, `copy.deepcopy(net)`, whose weights are drawn above
        those of `net`, with the same colours for the same numbers.
    image_shape
        (channels, height, width) of the images that a `Dense` layer takes as rows, such as
        `data.image_shape`.
    count
        How many units, the first ones.
    theme
        "light" or "dark"; by default that of `nofb.plots.use`.

    Returns
    -------
    Picture
        Positive weights are blue and negative ones vermillion; the filters of three colours are
        drawn in these colours, where grey is 0.

    Raises
    ------
    TypeError, ValueError
        If there is no such layer, or its weights are not pictures of one or three channels.

    Examples
    --------
    >>> from nofb import Dense
    >>> net = Network([Dense(64, 10)])
    >>> len(filters(net, image_shape=(1, 8, 8), count=4).axes)
    4
    """
    number, count = checks.whole("layer", layer, least=0), checks.whole("count", count)
    nets = [net] if before is None else [before, net]
    shown = [_pictures(each, number, image_shape)[:count] for each in nets]
    if shown[0].shape != shown[-1].shape:
        raise ValueError(f"before has weights of shape {shown[0].shape}, but net {shown[1].shape}")
    largest = max(float(np.abs(each).max()) for each in shown) or 1.0
    down = -(-len(shown[0]) // ACROSS)
    with using(theme) as colours:
        across = min(ACROSS, len(shown[0]))
        tall = len(shown) * (EACH * down + 0.35 * (len(shown) > 1))
        picture = Picture(max(3.0, EACH * across), tall, colours)
        groups = picture.subfigures(len(shown), 1, squeeze=False).ravel()
        titles = ["before training", "after training"] if len(shown) > 1 else [""]
        for group, title, images in zip(groups, titles, shown, strict=True):
            group.suptitle(title, fontsize=10)
            grid = group.subplots(down, across, squeeze=False).ravel()
            for place, axes in enumerate(grid):
                if place >= len(images):
                    axes.remove()
                    continue
                _draw(axes, images[place] / largest)
    return picture


def _pictures(net: Network, number: int, image_shape: tuple[int, int, int] | None) -> Array:
    """Return the weights into each unit (units, channels, height, width)."""
    if number >= len(net.weighted):
        raise ValueError(f"layer is {number}, but the network has {len(net.weighted)} with weights")
    layer: Layer = net.weighted[number]
    if isinstance(layer, Conv2D):
        found = layer.filters
    elif image_shape is None or int(np.prod(image_shape)) != net.weighted[number].n_in:
        raise ValueError(
            f"layer {number} has {net.weighted[number].n_in} inputs: give image_shape=(channels, "
            f"height, width), such as data.image_shape, but it is {image_shape}"
        )
    else:
        found = net.weighted[number].W.T.reshape(-1, *image_shape)
    if found.shape[1] not in (1, 3):
        raise ValueError(
            f"layer {number} takes {found.shape[1]} channels, but only weights of 1 or 3 channels "
            "are pictures"
        )
    return found


def _draw(axes: Axes, weights: Array) -> None:
    """Draw the weights of one unit, in [-1, 1], (channels, height, width)."""
    pixels = weights[0] if len(weights) == 1 else (1 + weights.transpose(1, 2, 0)) / 2
    axes.imshow(pixels, cmap=fading("blue", "vermillion"), vmin=-1, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)
