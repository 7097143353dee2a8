"""Reduces many tokens to one for a classifier: the first token, or the mean of all."""

import numpy as np

from nofb.layers.base import Record, WeightlessLayer
from nofb.types import Array, Shape


class FirstToken(WeightlessLayer):
    """Keep the first token, such as a `ClassToken`: (N, tokens, units) becomes (N, units).

    Examples
    --------
    >>> first = FirstToken()
    >>> first.infer_shapes((50, 16))
    >>> first.shape_out
    (16,)
    """

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept any tokens."""
        refuse_no_tokens(self, shape_in)
        self.set_shapes(shape_in, shape_in[1:])

    def forward(self, record: Record) -> None:
        record.h[...] = record.h_below[:, 0]

    def back(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_out)
        below = np.zeros((len(signal), *self.shape_in), signal.dtype)
        below[:, 0] = signal
        return below

    transport = back

    def relay(self, record: Record, signal: Array) -> Array:
        return record.signal(self, signal, self.shape_in)[:, 0].copy()

    def __repr__(self) -> str:
        return "FirstToken()"


class MeanToken(WeightlessLayer):
    """Keep the mean of all tokens: (N, tokens, units) becomes (N, units).

    Examples
    --------
    >>> mean = MeanToken()
    >>> mean.infer_shapes((50, 16))
    >>> mean.shape_out
    (16,)
    """

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept any tokens."""
        refuse_no_tokens(self, shape_in)
        self.set_shapes(shape_in, shape_in[1:])

    def forward(self, record: Record) -> None:
        record.h_below.mean(1, out=record.h)

    def back(self, record: Record, signal: Array) -> Array:
        part = record.signal(self, signal, self.shape_out) / record.dtype(self.shape_in[0])
        return np.repeat(part[:, None], self.shape_in[0], axis=1)

    transport = back

    def relay(self, record: Record, signal: Array) -> Array:
        return record.signal(self, signal, self.shape_in).mean(1)

    def __repr__(self) -> str:
        return "MeanToken()"


def refuse_no_tokens(layer: WeightlessLayer, shape_in: Shape) -> None:
    """Refuse a sample that is not a sequence of tokens."""
    if len(shape_in) != 2:
        raise ValueError(f"{layer!r} takes tokens (tokens, units), but receives {shape_in}")
