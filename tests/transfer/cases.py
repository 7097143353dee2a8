"""Small backbones in which no array has its initial value, and models on them."""

import numpy as np

from nofb import (
    Attention,
    ClassToken,
    Dense,
    Embedding,
    FirstToken,
    LayerNorm,
    MeanToken,
    Network,
    Patches,
    Positions,
    Present,
    Residual,
    transfer,
)
from nofb.layers import WeightedLayer

D, OUTPUTS = 6, 3


def norm_first(causal=False):
    return [
        Residual([LayerNorm(D), Attention(D, 2, causal)]),
        Residual([LayerNorm(D), Dense(D, 8, "gelu"), Dense(8, D)]),
    ]


def norm_last(present=None):
    return [
        Residual([Attention(D, 2, present=present)]),
        LayerNorm(D),
        Residual([Dense(D, 8, "gelu"), Dense(8, D)]),
        LayerNorm(D),
    ]


def padded():
    """Return an encoder of text in which the token 0 is padding."""
    present = Present()
    return [
        Embedding(7, D), present, Positions(9, D), LayerNorm(D), *norm_last(present),
        *norm_last(present), MeanToken(present), Dense(D, 4),
    ]  # fmt: skip


LAYERS = {
    "vision": (
        lambda: [
            Patches(2, D, 1), ClassToken(D), Positions(7, D), *norm_first(), *norm_first(),
            *norm_first(), LayerNorm(D), FirstToken(), Dense(D, 4),
        ],
        (1, 4, 6),
    ),
    "language": (
        lambda: [
            Embedding(OUTPUTS, D), Positions(5, D), *norm_first(True), *norm_first(True),
            LayerNorm(D), Dense(D, OUTPUTS),
        ],
        (5,),
    ),
    "norms last": (
        lambda: [
            Embedding(7, D), Positions(5, D), LayerNorm(D), *norm_last(), *norm_last(),
            MeanToken(), Dense(D, 4),
        ],
        (5,),
    ),
    "padded text": (padded, (5,)),
}  # fmt: skip
NAMES = list(LAYERS)


def backbone(name="vision", dtype=np.float64, seed=0):
    """Return a network like a trained one: no bias is 0, and no gamma 1."""
    layers, shape = LAYERS[name]
    net = Network(layers(), seed=seed, dtype=dtype, input_shape=shape)
    rng = np.random.default_rng(seed + 1)
    for node in net.nodes:
        for array in node.parameters().values():
            array += rng.normal(0, 0.2, array.shape)
    return net


def model(method, name="vision", dtype=np.float64, seed=0, shaken=True, **options):
    """Return a model; `shaken` changes all arrays that it adds, so that none is zero."""
    made = transfer.make(method, backbone(name, dtype), OUTPUTS, seed, **options)
    return shake(made, seed) if shaken else made


def shake(made, seed=0):
    rng = np.random.default_rng(seed + 2)
    for node in made.added:
        for array in node.parameters().values():
            array += rng.normal(0, 0.4, array.shape)
    return made


def batch(net, samples=4, seed=3):
    """Return samples and labels."""
    rng = np.random.default_rng(seed)
    if net.reads_tokens:
        first = net.backbone.net.weighted[0] if hasattr(net, "backbone") else net.weighted[0]
        x = rng.integers(0, first.n_in, (samples, *net.input_shape))
    else:
        x = rng.normal(size=(samples, *net.input_shape))
    rows = (samples,) if net.rows_per_sample == 1 else (samples, net.rows_per_sample)
    return x, rng.integers(0, net.n_outputs, rows)


def weights(net):
    """Return copies of all parameters of a network, in order."""
    return [array.copy() for node in net.nodes for array in node.parameters().values()]


def dense(layers):
    return [layer for layer in layers if isinstance(layer, WeightedLayer)]
