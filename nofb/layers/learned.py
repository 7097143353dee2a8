"""Layers with parameters but no W: nothing that they learn has to be transported."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from nofb.layers.base import WeightlessLayer
from nofb.layers.owned_arrays import owned
from nofb.types import Array, FloatType, Shape


class LearnedLayer(WeightlessLayer):
    """A layer whose parameters learn from local products: its signal and what it received.

    It owns its arrays, as a layer with weights does: what is assigned to one of them is checked and
    copied.

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
        """Make its arrays as they are before learning."""

    def parameters(self) -> dict[str, Array]:
        """Return what learns, by name."""
        return {name: getattr(self, name) for name in self.LEARNED}

    def state(self) -> dict[str, Array]:
        """Return what is kept besides the parameters, by name."""
        return {name: getattr(self, name) for name in self.KEPT}

    def __setattr__(self, name: str, value: Any) -> None:
        if name in (*self.LEARNED, *self.KEPT):
            if value is vars(self).get(name, self):
                return  # gamma *= 2 assigns gamma to itself
            value = owned(name, self, value, self.array_shape, self.dtype)
        super().__setattr__(name, value)
