"""A residual network for small images (He et al. 2016, arXiv 1512.03385, section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from nofb import settings
from nofb.datasets import Dataset
from nofb.layers import Activation, AvgPool2D, BatchNorm, Block, Conv2D, Dense, Layer, Residual
from nofb.networks.builder import Builder

WIDTHS = 16, 32, 64  # maps in each of three stages


@dataclass(kw_only=True)
class ResNet(Builder):
    """A network of 6 · blocks + 2 layers: ResNet-8, 14, 20 for 1, 2, 3 blocks a stage.

    If the number of maps grows and their size shrinks, the shortcut is a 1 x 1 convolution. The
    number of layers is without these.

    Parameters
    ----------
    blocks
        Residual blocks in each of the three stages.
    loss, dtype
        As for every `Builder`.

    Examples
    --------
    >>> from nofb.datasets import load
    >>> len(ResNet(blocks=2).build(load("digits")).weighted)  # 14 and two shortcuts
    16
    """

    blocks: int = settings.whole(1)

    def layers(self, data: Dataset) -> list[Layer | Block]:
        first = convolution(data.x_train.shape[1], WIDTHS[0])
        layers: list[Layer | Block] = [*first, Activation("relu")]
        for below, width in pairwise((WIDTHS[0], *WIDTHS)):
            stage = [(below, width)] + [(width, width)] * (self.blocks - 1)
            layers += [residual(*each) for each in stage]
        return [*layers, AvgPool2D(), Dense(WIDTHS[-1], data.n_outputs)]


def residual(below: int, width: int) -> Residual:
    """Return two 3 x 3 convolutions beside a shortcut; with more maps they halve the size."""
    stride = 1 if width == below else 2
    lower, upper = convolution(below, width, stride=stride), convolution(width, width)
    shortcut = None if width == below else convolution(below, width, size=1, stride=stride)
    return Residual([*lower, Activation("relu"), *upper], shortcut, activation="relu")


def convolution(below: int, width: int, size: int = 3, stride: int = 1) -> list[Layer]:
    """Return a convolution whose maps are normalised."""
    conv = Conv2D(below, width, size, stride, padding=size // 2, init="he", bias=False)
    return [conv, BatchNorm(width)]
