"""Dense layers that an audit can tamper with: their outputs can be held constant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from nofb.layers import Dense
from nofb.layers.base import Record
from nofb.types import Array


class Units(Dense):
    """A dense layer whose output can be held constant for any input.

    A rule that observes how the units respond then learns nothing about the weights. A rule that
    reads W still does.

    Examples
    --------
    >>> units = Units(4, 3, "tanh")
    >>> units.constant = True
    >>> zeros, ones = (units.activation(a) for a in (np.zeros((2, 3)), np.ones((2, 3))))
    >>> bool((zeros == ones).all())
    True
    """

    constant = False

    def __init__(self, n_in: int, n_out: int, activation: str | None = None) -> None:
        super().__init__(n_in, n_out, activation)
        self.activation = replace(self.activation, f=self.switchable(self.activation.f))

    def switchable(self, f: Callable[[Array, Array], object]) -> Callable[[Array, Array], None]:
        """Return f; it gives constants while the output is held."""

        def response(a: Array, h: Array) -> None:
            fill_constant(h) if self.constant else f(a, h)

        return response

    def affine(self, record: Record) -> None:
        if self.constant:
            fill_constant(record.a)
        else:
            super().affine(record)


def fill_constant(response: Array) -> None:
    """Fill an array with numbers that only depend on its size."""
    response[...] = np.random.default_rng(response.size).uniform(0.2, 0.8, response.shape)


@contextmanager
def held_constant(units: Iterable[Units], held: bool = True) -> Iterator[None]:
    """Hold the outputs of some layers constant, or do not, within this context."""
    before = [(layer, layer.constant) for layer in units]
    for layer, _ in before:
        layer.constant = held
    try:
        yield
    finally:
        for layer, constant in before:
            layer.constant = constant
