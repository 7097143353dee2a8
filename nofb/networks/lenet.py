"""LeNet-5: two convolutions with pooling, and three dense layers (LeCun et al. 1998)."""

from __future__ import annotations

from typing import Any

from nofb.datasets import Dataset
from nofb.layers import Conv2D, Dense, Flatten, MaxPool2D
from nofb.network import Network
from nofb.networks.layout import image_shape

SMALL = 20  # pixels: smaller images get 3 x 3 filters, so that the second convolution fits


def lenet(data: Dataset, activation: str = "tanh", **network: Any) -> Network:
    """Return LeNet-5 with max-pooling; for small images its filters are 3 x 3.

    Parameters
    ----------
    data
        With images (n, channels, height, width).
    activation
        Of all layers but the last.
    network
        Further arguments of `nofb.Network`: loss, seed, dtype.

    Examples
    --------
    >>> from nofb.datasets import load
    >>> [layer.n_out for layer in lenet(load("fashion_small").as_images()).weighted]
    [6, 16, 120, 84, 10]
    """
    channels, height, width = image_shape(data)
    size, second = (3, 1) if min(height, width) < SMALL else (5, 0)  # of filters, and padding
    rows, columns = (_after(side, size, second) for side in (height, width))
    layers = [
        Conv2D(channels, 6, size, padding=size // 2, activation=activation), MaxPool2D(2),
        Conv2D(6, 16, size, padding=second, activation=activation), MaxPool2D(2), Flatten(),
        Dense(16 * rows * columns, 120, activation), Dense(120, 84, activation),
        Dense(84, data.n_outputs),
    ]  # fmt: skip
    return Network(layers, input_shape=(channels, height, width), **network)


def _after(side: int, size: int, padding: int) -> int:
    """Return how many pixels of a side are left after both convolutions and poolings."""
    return (side // 2 + 2 * padding - size + 1) // 2
