"""Small backbones with weights that are none of their first values, and models on them."""

import numpy as np

from nofb import (
    Attention,
    ClassToken,
    Dense,
    Embedding,
    FirstToken,
    LayerNorm,
    Network,
    Patches,
    Positions,
    Residual,
    transfer,
)
from nofb.layers import WeightedLayer
from nofb.networks.minilm import Sizes, text_encoder

D, OUTPUTS = 6, 3
SIZES = Sizes(vocabulary=7, places=6, units=D, heads=2, blocks=2)


def norm_first(causal=False):
    return [
        Residual([LayerNorm(D), Attention(D, 2, causal)]),
        Residual([LayerNorm(D), Dense(D, 8, "gelu"), Dense(8, D)]),
    ]


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
    "text": (  # padded, and the norms stand above the sums
        lambda: text_encoder(4, SIZES),
        (5,),
    ),
}  # fmt: skip
NAMES = list(LAYERS)


def backbone(name="vision", dtype=np.float64, seed=0):
    """Return a network that might have been trained: no bias is 0, and no gamma 1."""
    layers, shape = LAYERS[name]
    net = Network(layers(), seed=seed, dtype=dtype, input_shape=shape)
    rng = np.random.default_rng(seed + 1)
    for node in net.nodes:
        for array in node.parameters().values():
            array += rng.normal(0, 0.2, array.shape)
    return net


def model(method, name="vision", dtype=np.float64, seed=0, shaken=True, **options):
    """Return a model; `shaken` moves what it adds away from its start, zeros included."""
    made = transfer.make(method, backbone(name, dtype), OUTPUTS, seed, **options)
    return shake(made, seed) if shaken else made


def shake(made, seed=0):
    rng = np.random.default_rng(seed + 2)
    for node in made.added:
        for array in node.parameters().values():
            array += rng.normal(0, 0.4, array.shape)
    return made


def batch(net, samples=4, seed=3):
    """Return samples and labels for a model."""
    rng = np.random.default_rng(seed)
    if net.reads_tokens:
        x = rng.integers(0, net.backbone.net.weighted[0].n_in, (samples, *net.input_shape))
        if net.backbone.present is not None:
            x = np.maximum(x, 1)
            x[::2, 3:] = 0  # padding
    else:
        x = rng.normal(size=(samples, *net.input_shape))
    rows = (samples,) if net.rows_per_sample == 1 else (samples, net.rows_per_sample)
    return x, rng.integers(0, net.n_outputs, rows)


def weights(net):
    """Return copies of all parameters of a network, in order."""
    return [array.copy() for node in net.nodes for array in node.parameters().values()]


def dense(layers):
    return [layer for layer in layers if isinstance(layer, WeightedLayer)]
