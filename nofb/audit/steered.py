"""A small steered transformer that an audit can tamper with.

Its weights, biases and feedback are random, and none is what it is at the start: P is not the
identity, so that no two arrays can be mistaken for each other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from nofb.audit.stage import Batch, Scene
from nofb.audit.units import Units
from nofb.layers import ClassToken, Dense, FirstToken, LayerNorm, Positions, WeightedLayer
from nofb.layers.block import Part
from nofb.network import Network
from nofb.networks.transformer_block import transformer_blocks
from nofb.transfer import Toast, make
from nofb.types import Array

BLOCKS, UNITS, HEADS = 3, 6, 2
PATCHES, FEATURES, OUTPUTS, SAMPLES = 4, 7, 3, 8
METHODS = ("toast", "toast_lite")


def build(method: str = "toast", seed: int = 0) -> Toast:
    """Return a model whose layers with weights can be tampered with; its outputs are linear."""
    model = make(method, backbone(seed), OUTPUTS, seed, loss="squared_error", train_p=True)
    rng = np.random.default_rng(seed + 1)
    for node in model.added:
        for array in node.parameters().values():
            array += rng.normal(0, 0.3, array.shape)
    for layer in model.weighted:
        tamper_with(layer)
    model.head = replace(model.head, unit=cast(Units, model.last).switchable(model.head.unit))
    return cast(Toast, model)


def tamper_with(layer: WeightedLayer) -> None:
    """Make a dense layer one whose output can be held constant."""
    layer.__class__ = Units
    units = cast(Units, layer)
    units.activation = replace(units.activation, f=units.switchable(units.activation.f))


def backbone(seed: int) -> Network:
    """Return a transformer that might have been trained: no bias is 0, and no γ 1."""
    layers: list[Part] = [
        Dense(FEATURES, UNITS), ClassToken(UNITS), Positions(PATCHES + 1, UNITS),
        *transformer_blocks(BLOCKS, UNITS, HEADS), LayerNorm(UNITS), FirstToken(),
        Dense(UNITS, OUTPUTS),
    ]  # fmt: skip
    net = Network(layers, seed=seed, dtype=np.float64, input_shape=(PATCHES, FEATURES))
    rng = np.random.default_rng(seed + 2)
    for node in net.nodes:
        for array in node.parameters().values():
            array += rng.normal(0, 0.2, array.shape)
    return net


def draw_batch(seed: int) -> Batch:
    """Return random samples and one-hot targets."""
    rng = np.random.default_rng(seed)
    y = np.eye(OUTPUTS)[rng.integers(OUTPUTS, size=SAMPLES)]
    return rng.normal(size=(SAMPLES, PATCHES, FEATURES)), y


def scene(method: str) -> Scene:
    """Return where trials of rules on a steered transformer take place."""
    return Scene(lambda seed: build(method, seed), draw_batch)


def z_of(ready: Array) -> Array:
    """Return the part of what the first layers take that is z (N, T, d)."""
    return ready[..., UNITS:]
