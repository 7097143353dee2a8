"""LeNet-5: two convolutions with pooling, and three dense layers (LeCun et al. 1998)."""

from __future__ import annotations

from dataclasses import dataclass

from nofb import settings
from nofb.activations import ACTIVATIONS
from nofb.datasets import Dataset
from nofb.layers import Conv2D, Dense, Flatten, Layer, MaxPool2D
from nofb.networks.builder import Builder

SMALL = 20  # pixels: smaller images get 3 x 3 filters, so that the second convolution fits


@dataclass(kw_only=True)
class LeNet(Builder):
    """LeNet-5 with max-pooling; for small images its filters are 3 x 3.

    Parameters
    ----------
    activation
        The activation of all layers but the last.
    loss, dtype
        As for every `Builder`.

    Examples
    --------
    >>> from nofb.datasets import load
    >>> [layer.n_out for layer in LeNet().build(load("fashion_small")).weighted]
    [6, 16, 120, 84, 10]
    """

    activation: str = settings.choice("tanh", ACTIVATIONS)

    def layers(self, data: Dataset) -> list[Layer]:
        f, (channels, height, width) = self.activation, data.x_train.shape[1:]
        size, padding = (3, 1) if min(height, width) < SMALL else (5, 0)
        rows, columns = (_left(side, size, padding) for side in (height, width))
        return [
            Conv2D(channels, 6, size, padding=size // 2, activation=f), MaxPool2D(2),
            Conv2D(6, 16, size, padding=padding, activation=f), MaxPool2D(2), Flatten(),
            Dense(16 * rows * columns, 120, f), Dense(120, 84, f), Dense(84, data.n_outputs),
        ]  # fmt: skip


def _left(side: int, size: int, padding: int) -> int:
    """Return the side of the maps after both convolutions and poolings, in pixels."""
    return (side // 2 + 2 * padding - size + 1) // 2
