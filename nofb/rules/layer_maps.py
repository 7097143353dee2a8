"""What the equations of targets work with: layers as maps between states, and their inverses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nofb.layers import Activation, Chain, Dense, Inverse, WeightedLayer
from nofb.network import Network
from nofb.noise import add_noise
from nofb.optimizers import Optimizer
from nofb.rules.base import Rule
from nofb.types import Array


class Use(NamedTuple):
    """One use of an inverse in its loss: z, g(z), and the slope of each sample's loss at g(z)."""

    z: Array
    g_z: Array
    slope: Array


Loss = tuple[float, list[Use]]  # a mean over the samples, and every use of the inverse in it


class LayerMaps(NamedTuple):
    """A layer as targets meet it: its map between two states, and the states of a batch.

    Attributes
    ----------
    layer
        The layer.
    between
        The activations between the state below and what the layer receives; mostly none.
    f
        Its map, from the state below to its own.
    h_below, h
        The states at both ends (N, n_{l-1}) and (N, n_l).
    """

    layer: WeightedLayer
    between: Chain
    f: Chain
    h_below: Array
    h: Array

    @property
    def g(self) -> Inverse:
        """Its inverse."""
        return inverse_of(self.layer)

    @property
    def received(self) -> Array:
        """What W is multiplied with (N, n_{l-1})."""
        return self.between(self.h_below)

    @property
    def slope_below(self) -> Array:
        """How `received` follows the state below, unit by unit (N, n_{l-1}); mostly 1."""
        ones = np.ones_like(self.h_below)
        return self.between.times_jacobian(ones, self.h_below, self.received)


class Noise(NamedTuple):
    """Gaussian noise; calling it adds it to an array."""

    rng: np.random.Generator
    width: float

    def __call__(self, h: Array) -> Array:
        return add_noise(self.rng, self.width, h)


class InverseUpdate(NamedTuple):
    """What an inverse learns from one batch: its loss, and the mean gradients of B and c."""

    loss: float
    dB: Array
    dc: Array


@dataclass
class InverseTraining:
    """What the inverse of a layer learns with: noise of its own, and an optimizer of its own."""

    rng: np.random.Generator
    optimizer: Optimizer


def inverse_of(layer: WeightedLayer) -> Inverse:
    """Return the inverse of a layer, or say that there is none."""
    if not isinstance(layer.inverse, Inverse):
        raise ValueError(f"{layer!r} has no inverse: attach the rule to the network first")
    return layer.inverse


def above(net: Network, layer: WeightedLayer) -> Chain:
    """Return the activations that are layers of their own, directly above a layer."""
    return Chain(*(each.activation for each in net.riders(layer) if isinstance(each, Activation)))


def between(net: Network, layer: WeightedLayer) -> Chain:
    """Return the activations between the state of the layer below and what this one receives."""
    return Chain() if layer is net.weighted[0] else above(net, net.below(layer))


def check_dense(rule: Rule, net: Network) -> None:
    """Refuse a network in which other layers stand above the first one with weights."""
    first = net.layers.index(net.weighted[0])
    for layer in net.layers[first:]:
        if not isinstance(layer, Dense | Activation):
            raise ValueError(
                f"{rule.name} sends targets through Dense and Activation layers only, but the "
                f"network has {layer!r} above its first layer with weights"
            )
