"""Reduces many tokens to one for a classifier: the first token, or the mean of all."""

import numpy as np

from nofb.layers.base import Layer, Record, WeightlessLayer, Wiring
from nofb.layers.present import present_layer, refuse_other_present
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

    Parameters
    ----------
    present
        A layer of the same network that gives (N, tokens, 1), such as `Present`: the mean is over
        tokens for which it is above 1/2, and 0 if there is none. `None` for the mean of all.

    Examples
    --------
    >>> mean = MeanToken()
    >>> mean.infer_shapes((50, 16))
    >>> mean.shape_out
    (16,)
    """

    def __init__(self, present: Layer | None = None) -> None:
        self.present = present_layer(present)

    def wire(self, graph: Wiring, at: Layer | None) -> Layer:
        return graph.add(self, at, *([] if self.present is None else [self.present]))

    def infer_shapes(self, shape_in: Shape, *others: Shape) -> None:
        """Accept any tokens, and one number for each."""
        refuse_no_tokens(self, shape_in)
        refuse_other_present(self, shape_in[0], *others)
        self.set_shapes(shape_in, shape_in[1:])

    def forward(self, record: Record) -> None:
        np.matmul(self._parts(record), record.h_below, out=record.h[:, None])

    def back(self, record: Record, signal: Array) -> tuple[Array, ...]:
        signal = record.signal(self, signal, self.shape_out)
        below = self._parts(record).swapaxes(1, 2) * signal[:, None]
        return below, *map(np.zeros_like, record.received[1:])

    def transport(self, record: Record, signal: Array) -> tuple[Array, ...] | None:
        return self.back(record, signal) if self.present is None else None

    def relay(self, record: Record, signal: Array, *others: Array) -> Array:
        signal = record.signal(self, signal, self.shape_in)
        return np.matmul(self._parts(record), signal)[:, 0]

    def _parts(self, record: Record) -> Array:
        """Return how much each token counts (N, 1, tokens); those of a sample sum to 1."""
        tokens = self.shape_in[0]
        if self.present is None:
            return np.full((record.samples, 1, tokens), 1 / tokens, record.dtype)
        present = (record.received[1] > 0.5).reshape(-1, 1, tokens).astype(record.dtype)
        return present / np.maximum(present.sum(2, keepdims=True), record.dtype(1))

    def __repr__(self) -> str:
        return "MeanToken()" if self.present is None else f"MeanToken({self.present!r})"


def refuse_no_tokens(layer: WeightlessLayer, shape_in: Shape) -> None:
    """Refuse a sample that is not a sequence of tokens."""
    if len(shape_in) != 2:
        raise ValueError(f"{layer!r} takes tokens (tokens, units), but receives {shape_in}")
