"""The cost of a prediction, in multiply-adds: of the backbone alone, and with a method."""

from __future__ import annotations

from collections.abc import Iterable

from nofb.layers import Attend, Layer, WeightedLayer
from nofb.network import Network
from nofb.transfer.model import Transferred


def forward_cost(model: Transferred) -> float:
    """Return the multiply-adds of a prediction, as a multiple of those of the backbone alone.

    The parts of pass 1 that the method needs are included, and so are the products of tokens in
    attention.

    Parameters
    ----------
    model
        A model from `nofb.transfer.make`.

    Examples
    --------
    >>> from nofb import datasets, networks, transfer
    >>> net = networks.make("vision_transformer", datasets.load("digits"), patch=4, blocks=2)
    >>> [round(forward_cost(transfer.make(name, net, 10)), 1) for name in ("linear", "toast")]
    [1.0, 2.2]
    """
    net, kept = model.backbone.net, model.kept()
    alone = multiply_adds(needed(net, [model.backbone.top]))
    return (multiply_adds(needed(net, kept)) + multiply_adds(model.nodes)) / alone


def needed(net: Network, layers: Iterable[Layer]) -> set[Layer]:
    """Return the layers that are needed to compute some layers of a network, with these layers."""
    found: set[Layer] = set()
    left = list(layers)
    while left:
        layer = left.pop()
        if layer not in found:
            found.add(layer)
            left += [source for source in net.sources[layer] if source is not None]
    return found


def multiply_adds(layers: Iterable[Layer]) -> int:
    """Return the multiply-adds of some layers for one sample: matrices, and attention."""
    return sum(_multiply_adds(layer) for layer in layers)


def _multiply_adds(layer: Layer) -> int:
    if isinstance(layer, WeightedLayer):
        return layer.work
    if isinstance(layer, Attend):
        tokens, units = layer.shape_out
        return 2 * tokens * tokens * units  # Q Kᵀ, and the weighted sum of V
    return 0
