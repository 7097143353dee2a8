"""A causal language model: at every token it says which one comes next."""

from __future__ import annotations

from typing import Any

from nofb import checks
from nofb.datasets import Dataset
from nofb.layers import Block, Dense, Embedding, Layer, LayerNorm, Positions
from nofb.network import Network
from nofb.networks.layout import sequence_length
from nofb.networks.vision_transformer import transformer_block


def language_model(
    data: Dataset, units: int = 64, heads: int = 4, blocks: int = 2, **network: Any
) -> Network:
    """Return a transformer in which every token sees itself and earlier ones only.

    Parameters
    ----------
    data
        With tokens x (n, tokens), and y the next one of each.
    units
        Of every token.
    heads
        Of every attention.
    blocks
        How many blocks of attention and dense layers there are.
    network
        Further arguments of `nofb.Network`: loss, seed, dtype.
    """
    tokens, vocabulary = sequence_length(data), data.n_outputs
    layers: list[Layer | Block] = [Embedding(vocabulary, units), Positions(tokens, units)]
    for _ in range(checks.whole("blocks", blocks)):
        layers += transformer_block(units, heads, causal=True)
    return Network(
        [*layers, LayerNorm(units), Dense(units, vocabulary)], input_shape=(tokens,), **network
    )
