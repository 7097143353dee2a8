"""A residual network for small images (He et al. 2016, arXiv 1512.03385, section 4.2)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from nofb import checks
from nofb.datasets import Dataset
from nofb.layers import Activation, AvgPool2D, BatchNorm, Block, Conv2D, Dense, Layer, Residual
from nofb.network import Network
from nofb.networks.layout import image_shape

WIDTHS = 16, 32, 64  # maps in each of three stages


def resnet(data: Dataset, blocks: int = 1, **network: Any) -> Network:
    """Return a network of 6 · blocks + 2 layers: ResNet-8, 14, 20 for 1, 2, 3 blocks a stage.

    Where the maps grow in number and shrink in size, the shortcut is a 1 x 1 convolution; the
    layers are counted without these.

    Parameters
    ----------
    data
        With images (n, channels, height, width).
    blocks
        Residual blocks in each of the three stages.
    network
        Further arguments of `nofb.Network`: loss, seed, dtype.

    Examples
    --------
    >>> from nofb.datasets import load
    >>> len(resnet(load("digits").as_images(), blocks=2).weighted)  # 14 and two shortcuts
    16
    """
    blocks = checks.whole("blocks", blocks)
    channels, *_ = shape = image_shape(data)
    layers: list[Layer | Block] = [*convolution(channels, WIDTHS[0]), Activation("relu")]
    for below, width in pairwise((WIDTHS[0], *WIDTHS)):
        stage = [(below, width)] + [(width, width)] * (blocks - 1)
        layers += [residual(*each) for each in stage]
    return Network(
        [*layers, AvgPool2D(), Dense(WIDTHS[-1], data.n_outputs)], input_shape=shape, **network
    )


def residual(below: int, width: int) -> Residual:
    """Return two 3 x 3 convolutions beside a shortcut; with more maps they halve the size."""
    stride = 1 if width == below else 2
    branch = [
        *convolution(below, width, stride=stride), Activation("relu"), *convolution(width, width)
    ]  # fmt: skip
    shortcut = None if width == below else convolution(below, width, size=1, stride=stride)
    return Residual(branch, shortcut, activation="relu")


def convolution(below: int, width: int, size: int = 3, stride: int = 1) -> list[Layer]:
    """Return a convolution whose maps are normalised."""
    conv = Conv2D(below, width, size, stride, padding=size // 2, init="he", bias=False)
    return [conv, BatchNorm(width)]
