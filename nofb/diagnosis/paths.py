"""The matrices that signals travel through, and those that backprop has instead of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nofb.layers import Flatten, MaxPool2D, WeightedLayer
from nofb.layers.base import Record
from nofb.network import Network
from nofb.types import Array

PerLayer = Mapping[WeightedLayer, Array]


def feedback_path(net: Network) -> PerLayer:
    """Return the feedback matrix of each layer that has one, B or D."""
    matrices = {layer: layer.B if layer.D is None else layer.D for layer in net.weighted}
    return {layer: matrix for layer, matrix in matrices.items() if matrix is not None}


def transport_path(net: Network) -> PerLayer:
    """Return what backprop has instead of each feedback matrix.

    For B_l this is W_lᵀ. For D_l it is the product of all Wᵀ above layer l, found by sending each
    output's error down alone; max-pooling in between has no matrix, so there is none below it.
    """
    path = {layer: layer.W.T for layer in net.weighted if layer.D is None}
    signal = np.eye(net.n_outputs, dtype=net.dtype)
    for layer in net.weighted[:0:-1]:
        below = net.below(layer)
        if len(path) == len(net.weighted):
            break  # no direct feedback is left below
        rows = signal.reshape(-1, layer.n_out) @ layer.W.T
        signal = layer.scatter(Record(net.n_outputs, net.dtype), rows)
        if below.D is not None:
            path[below] = signal.reshape(net.n_outputs, -1)
        for each in reversed(net.weightless_above(below)):
            if isinstance(each, MaxPool2D):
                return path
            if isinstance(each, Flatten):
                signal = signal.reshape(net.n_outputs, *each.shape_in)
    return path
