"""The weights of a network as arrays with names, for a file, and an outline of its layers."""

from __future__ import annotations

import os
from collections.abc import Mapping

from nofb import archive
from nofb.graph import Graph
from nofb.layers.base import Layer, WeightedLayer
from nofb.types import Array


def weights(net: Graph) -> dict[str, Array]:
    """Return the arrays that a forward pass needs, by their names in a file."""
    places = {layer: f"layers/{index}" for index, layer in enumerate(net.nodes)}
    places |= {layer: f"weighted/{index}" for index, layer in enumerate(net.weighted)}
    return {
        f"{place}/{name}": array
        for layer, place in places.items()
        for name, array in (layer.parameters() | layer.state()).items()
    }


def fill(net: Graph, arrays: Mapping[str, Array], path: str | os.PathLike[str]) -> None:
    """Fill the weights of a network from the arrays of a file, or leave all of them as they are.

    Raises
    ------
    ValueError
        If an array is missing, or does not fit.
    """
    own = weights(net)
    for name, array in archive.fitted(path, arrays, own).items():
        own[name][...] = array


def outline(net: Graph) -> dict[str, str]:
    """Return a description of each layer and the loss, equal if weights can be exchanged."""
    layers = {f"layer {index}": _outline(layer) for index, layer in enumerate(net.nodes)}
    return {**layers, "loss": net.head.name}


def _outline(layer: Layer) -> str:
    known = type(layer).__repr__ is not object.__repr__
    text = repr(layer) if known else type(layer).__qualname__
    if isinstance(layer, WeightedLayer):
        bias = "no b" if layer.b is None else f"b {layer.b.shape}"
        return f"{text} with W {layer.W.shape}, {bias}"
    arrays = (layer.parameters() | layer.state()).items()
    return ", ".join([text, *(f"{name} {array.shape}" for name, array in arrays)])
