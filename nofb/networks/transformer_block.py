"""A block of a transformer: attention and two dense layers, each added to its input.

The normalisation comes first in each branch (Xiong et al. 2020), or after each sum, as in the first
transformers (Vaswani et al. 2017) and in BERT (Devlin et al. 2019).
"""

from nofb.layers import Attention, Block, Dense, Layer, LayerNorm, Residual

EPSILON = 1e-12  # of BERT's layer normalisation


def transformer_block(units: int, heads: int, causal: bool = False) -> list[Residual]:
    """Return attention and two dense layers, each with normalised input and added to its input."""
    return [
        Residual([LayerNorm(units), Attention(units, heads, causal)]),
        Residual([LayerNorm(units), Dense(units, 4 * units, "gelu"), Dense(4 * units, units)]),
    ]


def transformer_blocks(count: int, units: int, heads: int, causal: bool = False) -> list[Residual]:
    """Return the layers of a number of blocks, one above the other."""
    return [part for _ in range(count) for part in transformer_block(units, heads, causal)]


def post_norm_block(units: int, heads: int, present: Layer | None = None) -> list[Layer | Block]:
    """Return attention and two dense layers, each added to its input and then normalised."""
    return [
        Residual([Attention(units, heads, present=present)]),
        LayerNorm(units, EPSILON),
        Residual([Dense(units, 4 * units, "exact_gelu"), Dense(4 * units, units)]),
        LayerNorm(units, EPSILON),
    ]


def post_norm_blocks(
    count: int, units: int, heads: int, present: Layer | None = None
) -> list[Layer | Block]:
    """Return the layers of a number of blocks, one above the other."""
    return [part for _ in range(count) for part in post_norm_block(units, heads, present)]
