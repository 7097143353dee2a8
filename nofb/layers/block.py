"""A block: several layers that stand in a network's list as one."""

from __future__ import annotations

from abc import ABC, abstractmethod

from nofb.layers.base import Layer, Wiring


class Block(ABC):
    """Layers that a network puts together; the block itself computes nothing."""

    @abstractmethod
    def wire(self, graph: Wiring, at: Layer | None) -> Layer:
        """Add the block's layers to a graph, above `at`, and return the highest one."""


Part = Layer | Block
