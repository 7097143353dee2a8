"""Flatten: the maps of a sample as one row of numbers."""

from math import prod

from nofb.layers.base import Record, WeightlessLayer
from nofb.types import Array, Shape


class Flatten(WeightlessLayer):
    """Turn maps (N, height, width, channels) into rows (N, height · width · channels).

    Examples
    --------
    >>> flatten = Flatten()
    >>> flatten.infer_shapes((5, 4, 3))
    >>> flatten.shape_out
    (60,)
    """

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept any shape."""
        self.set_shapes(shape_in, (prod(shape_in),))

    def open(self, record: Record, *received: Array) -> None:
        record.received, (h_below,) = received, received
        record.h_below = h_below
        record.h = h_below.reshape(len(h_below), *self.shape_out)  # a view, as rows

    def forward(self, record: Record) -> None:
        """Do nothing: `h` is a view of the input."""

    def back(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_out)
        return signal.reshape(len(signal), *self.shape_in)

    transport = back

    def relay(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_in)
        return signal.reshape(len(signal), *self.shape_out)

    def __repr__(self) -> str:
        return "Flatten()"
