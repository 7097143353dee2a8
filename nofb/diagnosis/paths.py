"""The feedback matrices of signals, and the matrices that backprop has instead of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nofb.layers.base import Layer, Record, WeightedLayer, WeightlessLayer
from nofb.network import Network
from nofb.types import Array

PerLayer = Mapping[WeightedLayer, Array]


def feedback_path(net: Network) -> PerLayer:
    """Return the feedback matrix of each layer that has one, B or D."""
    matrices = {layer: layer.B if layer.D is None else layer.D for layer in net.weighted}
    return {layer: matrix for layer, matrix in matrices.items() if matrix is not None}


def transport_path(net: Network) -> PerLayer:
    """Return what backprop has instead of each feedback matrix.

    For B_l this is W_lᵀ. For D_l it is the product of all Wᵀ above layer l, computed by sending the
    error of each output down separately. Below a layer without a fixed matrix, such as max-pooling
    or attention, there is none. If every token has outputs, all tokens have the same product.
    """
    path = {layer: layer.W.T for layer in net.weighted if layer.D is None}
    if len(path) == len(net.weighted):
        return path
    rows, tokens = net.n_outputs, net.rows_per_sample
    alone = np.repeat(np.eye(rows, dtype=net.dtype), tokens, axis=0)
    arrived: dict[Layer, Array | None] = {net.last: alone}
    for layer in reversed(net.nodes):
        signal: Array | tuple[Array, ...] | None = arrived.get(layer)
        record = Record(rows, net.dtype)
        if isinstance(layer, WeightedLayer):
            if layer.D is not None and (shown := arrived.get(net.shown(layer))) is not None:
                path[layer] = shown.reshape(rows, tokens, -1)[:, 0]
            if not layer.sends:
                continue
            if isinstance(signal, np.ndarray):
                signal = layer.scatter(record, signal.reshape(-1, layer.n_out) @ layer.W.T)
        elif isinstance(layer, WeightlessLayer) and isinstance(signal, np.ndarray):
            signal = layer.transport(record, signal)
        sources = net.sources[layer]
        signals = signal if isinstance(signal, tuple) else (signal,) * len(sources)
        for source, each in zip(sources, signals, strict=True):
            if source is not None:
                arrived[source] = _sum(arrived, source, each)
    return path


def _sum(arrived: Mapping[Layer, Array | None], layer: Layer, signal: Array | None) -> Array | None:
    """Return the sum of what has arrived and one more signal, `None` if one of them is missing."""
    there = arrived.get(layer, signal)
    if signal is None or there is None:
        return None
    return signal if layer not in arrived else there + signal
