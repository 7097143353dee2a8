"""A vision transformer: an image is a row of patches (Dosovitskiy et al., arXiv 2010.11929)."""

from __future__ import annotations

from typing import Any

from nofb import checks
from nofb.datasets import Dataset
from nofb.layers import (
    Attention,
    Block,
    ClassToken,
    Dense,
    FirstToken,
    Layer,
    LayerNorm,
    Patches,
    Positions,
    Residual,
)  # fmt: skip
from nofb.network import Network
from nofb.networks.layout import image_shape


def vision_transformer(
    data: Dataset,
    patch: int = 4,
    units: int = 64,
    heads: int = 4,
    blocks: int = 4,
    **network: Any,
) -> Network:
    """Return a transformer that names the class of an image by its class token.

    Parameters
    ----------
    data
        With images (n, channels, height, width).
    patch
        The side of a square patch, in pixels; it must divide both sides of the images.
    units
        Of every token.
    heads
        Of every attention.
    blocks
        How many blocks of attention and dense layers there are.
    network
        Further arguments of `nofb.Network`: loss, seed, dtype.

    Examples
    --------
    >>> from nofb.datasets import load
    >>> net = vision_transformer(load("digits").as_images(), patch=2, units=16, blocks=1)
    >>> net.layers[2]
    Positions(17, 16)
    """
    channels, height, width = shape = image_shape(data)
    tokens = (height // checks.whole("patch", patch)) * (width // patch)
    layers: list[Layer | Block] = [
        Patches(patch, units, channels), ClassToken(units), Positions(tokens + 1, units)
    ]  # fmt: skip
    for _ in range(checks.whole("blocks", blocks)):
        layers += transformer_block(units, heads)
    return Network(
        [*layers, LayerNorm(units), FirstToken(), Dense(units, data.n_outputs)],
        input_shape=shape, **network,
    )  # fmt: skip


def transformer_block(units: int, heads: int, causal: bool = False) -> list[Residual]:
    """Return attention and two dense layers, each normalised first and added to what comes in."""
    return [
        Residual([LayerNorm(units), Attention(units, heads, causal)]),
        Residual([LayerNorm(units), Dense(units, 4 * units, "gelu"), Dense(4 * units, units)]),
    ]
