"""A block of a transformer, with the normalisation first (Xiong et al. 2020)."""

from nofb.layers import Attention, Dense, LayerNorm, Residual


def transformer_block(units: int, heads: int, causal: bool = False) -> list[Residual]:
    """Return attention and two dense layers, each normalised first and added to what comes in."""
    return [
        Residual([LayerNorm(units), Attention(units, heads, causal)]),
        Residual([LayerNorm(units), Dense(units, 4 * units, "gelu"), Dense(4 * units, units)]),
    ]


def transformer_blocks(count: int, units: int, heads: int, causal: bool = False) -> list[Residual]:
    """Return the layers of so many blocks, one above the other."""
    return [part for _ in range(count) for part in transformer_block(units, heads, causal)]
