"""A network as maps between the states of its dense layers, as target propagation needs it.

The state of a layer is its activation h; the state of the last one is its pre-activation a. A
separate `Activation` layer belongs to the map from one state to the next.
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
    """One layer: its map between two states, and both states for a batch.

    Attributes
    ----------
    layer
        The layer.
    between
        The activations between the state below and the input of the layer; usually none.
    f
        The map of the layer, from the state below to its own state.
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
        """The input of the layer, which W multiplies (N, n_{l-1})."""
        return self.between(self.h_below)

    def times_slope(self, signal: Array) -> Array:
        """Return signal ∘ f'(a), for a signal on the layer's activation (N, n_l)."""
        return self.layer.times_slope(signal, self.received, self.h)

    @property
    def slope_below(self) -> Array:
        """The derivative of `received` by the state below, per unit (N, n_{l-1}); usually 1."""
        ones = np.ones_like(self.h_below)
        return self.between.times_jacobian(ones, self.h_below, self.received)


def layer_maps(
    net: Network, states: Sequence[Array], unit: Sequence[activations.Activation] = ()
) -> list[LayerMaps]:
    """Return the maps of a network of dense layers, first to last.

    Parameters
    ----------
    net
        The network.
    states
        The input of the first layer, and the state of every layer.
    unit
        The output unit, if the last state is the output.
    """
    found = []
    for layer, h_below, h in zip(dense_layers(net), states[:-1], states[1:], strict=True):
        between = Chain() if layer is net.weighted[0] else above(net, net.below(layer))
        top = unit if layer is net.weighted[-1] else ()
        found.append(LayerMaps(layer, between, Chain(*between.parts, layer, *top), h_below, h))
    return found


def above(net: Network, layer: WeightedLayer) -> Chain:
    """Return the separate `Activation` layers directly above a layer."""
    layers = net.weightless_above(layer)
    return Chain(*(each.activation for each in layers if isinstance(each, Activation)))


def inverse_map(
    net: Network, matrix: Array, upper: WeightedLayer, lower: WeightedLayer, activation: str | None
) -> Inverse:
    """Return an inverse with this matrix, from the state of a layer to that of a lower one.

    Parameters
    ----------
    activation
        Its name; `None` means that of the lower layer. In a network with separate `Activation`
        layers, the activation comes before the matrix, and `None` means those directly above the
        upper layer.
    """
    given = None if activation is None else activations.ACTIVATIONS[activation]
    if net.weightless_above(lower):  # its activation is a separate layer
        return Inverse(matrix, before=Chain(given) if given else above(net, upper))  # as f = s(h) W
    return Inverse(matrix, given or activations.ACTIVATIONS[lower.activation.name])


def dense_layers(net: Network, who: str = "") -> list[Dense]:
    """Return the layers with weights, or raise if other layers follow the first of them.

    Raises
    ------
    ValueError
        If there is anything but dense layers and activations; the error names `who`.
    """
    first = net.nodes.index(net.weighted[0])
    for layer in net.nodes[first:]:
        if not isinstance(layer, Dense | Activation):
            raise ValueError(
                f"{who} sends targets through Dense and Activation layers only, but from its "
                f"first weights up the network has {layer!r}"
            )
    return [layer for layer in net.nodes[first:] if isinstance(layer, Dense)]
