"""A causal language model: at every token it predicts the next one."""

from __future__ import annotations

from dataclasses import dataclass

from nofb import settings
from nofb.datasets import Dataset
from nofb.layers import Block, Dense, Embedding, Layer, LayerNorm, Positions
from nofb.networks.builder import Builder
from nofb.networks.transformer_block import transformer_blocks


@dataclass(kw_only=True)
class LanguageModel(Builder):
    """A transformer in which every token attends only to itself and earlier ones.

    Parameters
    ----------
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
    >>> net = LanguageModel(units=16, blocks=1).build(load("text"))
    >>> net.layers[1]
    Positions(64, 16)
    """

    takes_images = False

    units: int = settings.whole(64)
    heads: int = settings.whole(4)
    blocks: int = settings.whole(2)

    def prepared(self, data: Dataset) -> Dataset:
        """Return a data set of tokens unchanged, and refuse any other.

        Raises
        ------
        ValueError
            If the samples are not tokens.
        """
        if data.x_train.dtype.kind not in "iu":
            raise ValueError(
                f"language_model takes sequences of tokens, but the data set {data.name!r} has "
                f"samples of {data.x_train.dtype}: nofb.datasets.load('text') has tokens"
            )
        return data

    def layers(self, data: Dataset) -> list[Layer | Block]:
        units, tokens, vocabulary = self.units, data.x_train.shape[1], data.n_outputs
        return [
            Embedding(vocabulary, units), Positions(tokens, units),
            *transformer_blocks(self.blocks, units, self.heads, causal=True),
            LayerNorm(units), Dense(units, vocabulary),
        ]  # fmt: skip
