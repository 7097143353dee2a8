"""A network as maps between the states of its dense layers, which is how targets meet it.

The state of a layer is its activation h, and of the last one its pre-activation a. Where an
activation is a layer of its own it belongs to the map from one state to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nofb import activations
from nofb.layers import Activation, Chain, Dense, Inverse, WeightedLayer
from nofb.network import Network
from nofb.types import Array


class LayerMaps(NamedTuple):
    """One layer: its map between two states, and what a batch made of them.

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

    layer: Dense
    between: Chain
    f: Chain
    h_below: Array
    h: Array

    @property
    def g(self) -> Inverse:
        """Its inverse."""
        if not isinstance(self.layer.inverse, Inverse):
            raise ValueError(f"{self.layer!r} has no inverse: attach the rule to the network first")
        return self.layer.inverse

    @property
    def received(self) -> Array:
        """What W is multiplied with (N, n_{l-1})."""
        return self.between(self.h_below)

    def times_slope(self, signal: Array) -> Array:
        """Return signal ∘ f'(a), for a signal on the layer's activation (N, n_l)."""
        return self.layer.times_slope(signal, self.received, self.h)

    @property
    def slope_below(self) -> Array:
        """How `received` follows the state below, unit by unit (N, n_{l-1}); mostly 1."""
        ones = np.ones_like(self.h_below)
        return self.between.times_jacobian(ones, self.h_below, self.received)


def layer_maps(
    net: Network, states: Sequence[Array], unit: Sequence[activations.Activation] = ()
) -> list[LayerMaps]:
    """Return every layer of a network of dense layers, from the input side up.

    Parameters
    ----------
    net
        The network.
    states
        What the first layer received, and the state of every layer.
    unit
        What stands above the last layer, if its state is the output.
    """
    found = []
    for layer, h_below, h in zip(dense_layers(net), states[:-1], states[1:], strict=True):
        between = Chain() if layer is net.weighted[0] else above(net, net.below(layer))
        top = unit if layer is net.weighted[-1] else ()
        found.append(LayerMaps(layer, between, Chain(*between.parts, layer, *top), h_below, h))
    return found


def above(net: Network, layer: WeightedLayer) -> Chain:
    """Return the activations that are layers of their own, directly above a layer."""
    layers = net.weightless_above(layer)
    return Chain(*(each.activation for each in layers if isinstance(each, Activation)))


def inverse_map(
    net: Network, matrix: Array, upper: WeightedLayer, lower: WeightedLayer, activation: str | None
) -> Inverse:
    """Return an inverse with this matrix, from the state of one layer to that of a lower one.

    Parameters
    ----------
    activation
        Its name; `None` for that of the lower layer. Where activations are layers of their own, it
        stands before the matrix, and `None` is for those between the state of the upper layer and
        what it leads to.
    """
    given = None if activation is None else activations.ACTIVATIONS[activation]
    if net.weightless_above(lower):  # its activation is a layer of its own
        return Inverse(matrix, before=Chain(given) if given else above(net, upper))  # as f = s(h) W
    return Inverse(matrix, given or activations.ACTIVATIONS[lower.activation.name])


def dense_layers(net: Network, who: str = "") -> list[Dense]:
    """Return the layers with weights, or say what else stands from the first of them up.

    Raises
    ------
    ValueError
        If there is anything but dense layers and activations; `who` is named, since it needs them.
    """
    first = net.nodes.index(net.weighted[0])
    for layer in net.nodes[first:]:
        if not isinstance(layer, Dense | Activation):
            raise ValueError(
                f"{who} sends targets through Dense and Activation layers only, but from its "
                f"first weights up the network has {layer!r}"
            )
    return [layer for layer in net.nodes[first:] if isinstance(layer, Dense)]
