"""Layers that methods of transfer share: they select, remove and insert tokens and units.

None of them has weights.
"""

import numpy as np

from nofb import checks
from nofb.layers import Record
from nofb.layers.base import WeightlessLayer
from nofb.types import Array, Shape


class TakeUnits(WeightlessLayer):
    """Keep some units of the input: (..., units) becomes (..., stop - start).

    Parameters
    ----------
    start, stop
        The first unit that is kept, and the one after the last.

    Raises
    ------
    TypeError, ValueError
        If they are not whole numbers, or there is no unit between them.

    Examples
    --------
    >>> take = TakeUnits(2, 5)
    >>> take.infer_shapes((9, 6))
    >>> take.shape_out
    (9, 3)
    """

    SIZES = (*WeightlessLayer.SIZES, "start", "stop")

    def __init__(self, start: int, stop: int) -> None:
        self.start = checks.whole("start", start, least=0)
        self.stop = checks.whole("stop", stop, least=start + 1)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept any shape with enough units in its last axis."""
        if not shape_in or shape_in[-1] < self.stop:
            raise ValueError(f"{self!r} takes {self.stop} units or more, but receives {shape_in}")
        self.set_shapes(shape_in, (*shape_in[:-1], self.stop - self.start))

    def forward(self, record: Record) -> None:
        record.h[...] = record.h_below[..., self.start : self.stop]

    def back(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_out)
        below = np.zeros((len(signal), *self.shape_in), signal.dtype)
        below[..., self.start : self.stop] = signal
        return below

    transport = back

    def relay(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_in)
        return np.ascontiguousarray(signal[..., self.start : self.stop])

    def __repr__(self) -> str:
        return f"TakeUnits({self.start}, {self.stop})"


class LeaveOut(WeightlessLayer):
    """Leave some tokens out: (N, tokens, units) becomes (N, tokens - count, units).

    Parameters
    ----------
    at
        The number of tokens before them, which are kept.
    count
        The number of tokens that are left out.

    Examples
    --------
    >>> leave_out = LeaveOut(1, 3)
    >>> leave_out.infer_shapes((9, 6))
    >>> leave_out.shape_out
    (6, 6)
    """

    SIZES = (*WeightlessLayer.SIZES, "at", "count")

    def __init__(self, at: int, count: int) -> None:
        self.at, self.count = checks.whole("at", at, least=0), checks.whole("count", count)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept tokens, if some of them are kept."""
        if len(shape_in) != 2 or shape_in[0] < max(self.at + self.count, self.count + 1):
            raise ValueError(f"{self!r} takes more tokens than it leaves out, but has {shape_in}")
        self.set_shapes(shape_in, (shape_in[0] - self.count, shape_in[1]))

    def forward(self, record: Record) -> None:
        self._keep(record.h_below, record.h)

    def back(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_out)
        below = np.zeros((len(signal), *self.shape_in), signal.dtype)
        below[:, : self.at] = signal[:, : self.at]
        below[:, self.at + self.count :] = signal[:, self.at :]
        return below

    transport = back

    def relay(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_in)
        relayed = np.empty((len(signal), *self.shape_out), signal.dtype)
        self._keep(signal, relayed)
        return relayed

    def _keep(self, tokens: Array, kept: Array) -> None:
        kept[:, : self.at] = tokens[:, : self.at]
        kept[:, self.at :] = tokens[:, self.at + self.count :]

    def __repr__(self) -> str:
        return f"LeaveOut({self.at}, {self.count})"


class Insert(WeightlessLayer):
    """Insert the tokens of a second source between those of the first: (T + p, units).

    Parameters
    ----------
    at
        The number of tokens of the first source before them.

    Examples
    --------
    >>> insert = Insert(1)
    >>> insert.infer_shapes((9, 6), (4, 6))
    >>> insert.shape_out
    (13, 6)
    """

    SIZES = (*WeightlessLayer.SIZES, "at")

    def __init__(self, at: int) -> None:
        self.at = checks.whole("at", at, least=0)

    def infer_shapes(self, shape_in: Shape, *others: Shape) -> None:
        """Accept tokens of two sources with the same number of units."""
        ((count, units),) = others
        if len(shape_in) != 2 or units != shape_in[1] or shape_in[0] < self.at:
            raise ValueError(f"{self!r} takes tokens of {units} units, but receives {shape_in}")
        self.set_shapes(shape_in, (shape_in[0] + count, units))

    def forward(self, record: Record) -> None:
        first, second = record.received
        self._join(first, second, record.h)

    def back(self, record: Record, signal: Array) -> tuple[Array, Array]:
        """Return the signals on the first source's tokens, and on the second's."""
        signal = record.signal(self, signal, self.shape_out)
        end = self.at + self.shape_out[0] - self.shape_in[0]
        first = np.concatenate([signal[:, : self.at], signal[:, end:]], axis=1)
        return first, np.ascontiguousarray(signal[:, self.at : end])

    transport = back

    def relay(self, record: Record, signal: Array, *others: Array) -> Array:
        relayed = np.empty((len(signal), *self.shape_out), signal.dtype)
        (second,) = others
        self._join(record.signal(self, signal, self.shape_in), second, relayed)
        return relayed

    def _join(self, first: Array, second: Array, joined: Array) -> None:
        end = self.at + second.shape[1]
        joined[:, : self.at], joined[:, end:] = first[:, : self.at], first[:, self.at :]
        joined[:, self.at : end] = second

    def __repr__(self) -> str:
        return f"Insert({self.at})"


class Factor(WeightlessLayer):
    """h = c h_below, with one number c that does not learn.

    Parameters
    ----------
    c
        The number.

    Examples
    --------
    >>> factor = Factor(0.25)
    >>> factor.infer_shapes((9, 6))
    >>> factor.shape_out
    (9, 6)
    """

    keeps_shape = True

    def __init__(self, c: float) -> None:
        self.c = checks.number("c", c)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept any shape."""
        self.set_shapes(shape_in, shape_in)

    def forward(self, record: Record) -> None:
        np.multiply(record.h_below, record.dtype(self.c), out=record.h)

    def back(self, record: Record, signal: Array) -> Array:
        return record.signal(self, signal, self.shape_out) * record.dtype(self.c)

    relay = transport = back

    def __repr__(self) -> str:
        return f"Factor({self.c:g})"
