"""A block: several layers that are one entry in a network's list."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from nofb.layers.base import Layer, Wiring


class Block(ABC):
    """Several layers as one entry in a network's list; the block itself computes nothing."""

    @abstractmethod
    def wire(self, graph: Wiring, at: Layer | None) -> Layer:
        """Add the block's layers to a graph, above `at`, and return the highest one."""


Part = Layer | Block


def listed(name: str, layers: Sequence[Part]) -> list[Part]:
    """Return a list of layers and blocks, or raise if it holds anything else."""
    if isinstance(layers, Layer | Block):
        raise TypeError(f"{name} must be a list of layers, but is {layers!r}: put it in []")
    if not isinstance(layers, Iterable):
        raise TypeError(f"{name} must be a list of layers, but is {layers!r}")
    found = list(layers)
    for layer in found:
        if not isinstance(layer, Layer | Block):
            raise TypeError(f"{name} must hold nofb layers, but holds {layer!r}")
    return found
