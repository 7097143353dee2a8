"""A sum: it joins the branches of a network."""

from functools import reduce

import numpy as np

from nofb.layers.base import Record, WeightlessLayer
from nofb.types import Array, Shape


class Sum(WeightlessLayer):
    """h is the sum of the outputs of all sources; a signal goes back to each of them unchanged.

    Raises
    ------
    ValueError
        If the sources differ in shape.

    Examples
    --------
    >>> total = Sum()
    >>> total.infer_shapes((5, 8), (5, 8))
    >>> total.shape_out
    (5, 8)
    """

    keeps_shape = True

    def infer_shapes(self, shape_in: Shape, *others: Shape) -> None:
        """Accept any number of sources of one shape."""
        if others and {shape_in} != set(others):
            listed = " and ".join(map(str, (shape_in, *others)))
            raise ValueError(
                f"{self!r} adds branches of one shape, but receives {listed}: let each branch of a "
                "residual block end in the same shape, or give the shortcut a layer of its own"
            )
        self.set_shapes(shape_in, shape_in)

    def forward(self, record: Record) -> None:
        first, *others = record.received
        np.copyto(record.h, first)
        for each in others:
            record.h += each

    def back(self, record: Record, signal: Array) -> tuple[Array, ...]:
        """Return the signal once for each source, as the same array."""
        return (record.signal(self, signal, self.shape_out),) * len(record.received)

    def transport(self, record: Record, signal: Array) -> Array:
        return signal

    def relay(self, record: Record, signal: Array, *others: Array) -> Array:
        signals = [record.signal(self, each, self.shape_in) for each in (signal, *others)]
        return reduce(np.add, signals)

    def __repr__(self) -> str:
        return "Sum()"
