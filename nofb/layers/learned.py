"""Layers with parameters but no W, which need no weight transport."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from nofb.layers.base import WeightlessLayer
from nofb.layers.owned_arrays import owned
from nofb.types import Array, FloatType, Shape


class LearnedLayer(WeightlessLayer):
    """A layer whose parameters learn from local products of its signal and its input.

    Like a layer with weights it owns its arrays: an array that is assigned is checked and copied.

    Attributes
    ----------
    LEARNED
        The names of the parameters.
    KEPT
        The names of the other arrays that are saved with the network.
    dtype
        The network's floating-point type.
    """

    LEARNED: ClassVar[tuple[str, ...]]
    KEPT: ClassVar[tuple[str, ...]] = ()

    dtype: FloatType = np.float32

    @property
    @abstractmethod
    def array_shape(self) -> Shape:
        """The shape of each of its arrays."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, dtype: FloatType) -> None:
        """Create its arrays with their values before learning."""

    def parameters(self) -> dict[str, Array]:
        """Return the arrays that learn, by name."""
        return {name: getattr(self, name) for name in self.LEARNED}

    def state(self) -> dict[str, Array]:
        """Return the arrays that are saved besides the parameters, by name."""
        return {name: getattr(self, name) for name in self.KEPT}

    def __setattr__(self, name: str, value: Any) -> None:
        if name in (*self.LEARNED, *self.KEPT):
            if value is vars(self).get(name, self):
                return  # gamma *= 2 assigns gamma to itself
            value = owned(name, self, value, self.array_shape, self.dtype)
        super().__setattr__(name, value)
