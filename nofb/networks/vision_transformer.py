"""A vision transformer: an image is a row of patches (Dosovitskiy et al., arXiv 2010.11929)."""

from __future__ import annotations

from dataclasses import dataclass

from nofb import settings
from nofb.datasets import Dataset
from nofb.layers import Block, ClassToken, Dense, FirstToken, Layer, LayerNorm, Patches, Positions
from nofb.networks.builder import Builder
from nofb.networks.transformer_block import transformer_blocks


@dataclass(kw_only=True)
class VisionTransformer(Builder):
    """A transformer that predicts the class of an image from its class token.

    Parameters
    ----------
    patch
        The side of a square patch, in pixels; it must divide both sides of the images.
    units
        The units of every token.
    heads
        The heads of every attention layer.
    blocks
        The number of blocks of attention and dense layers.
    loss, dtype
        As for every `Builder`.

    Examples
    --------
    >>> from nofb.datasets import load
    >>> net = VisionTransformer(patch=2, units=16, blocks=1).build(load("digits"))
    >>> net.layers[2]
    Positions(17, 16)
    """

    patch: int = settings.whole(4)
    units: int = settings.whole(64)
    heads: int = settings.whole(4)
    blocks: int = settings.whole(4)

    def layers(self, data: Dataset) -> list[Layer | Block]:
        units, (channels, height, width) = self.units, data.x_train.shape[1:]
        tokens = (height // self.patch) * (width // self.patch)
        return [
            Patches(self.patch, units, channels), ClassToken(units), Positions(tokens + 1, units),
            *transformer_blocks(self.blocks, units, self.heads),
            LayerNorm(units), FirstToken(), Dense(units, data.n_outputs),
        ]  # fmt: skip
