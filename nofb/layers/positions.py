"""Positions: a learned vector for each place in a sequence, added to the token at this place.

Attention treats tokens as a set; without positions it would not depend on their order.
"""

import numpy as np

from nofb import checks, initialisers
from nofb.initialisers import Initialiser
from nofb.layers.base import Record
from nofb.layers.learned import LearnedLayer
from nofb.types import Array, FloatType, Shape


class Positions(LearnedLayer):
    """h = h_below + P, the same P for every sample.

    Parameters
    ----------
    tokens
        The number of places. A sequence may be shorter; it then uses the first ones.
    units
        The number of units of a token.
    init
        How P (tokens, units) is drawn: a name in `nofb.initialisers.INITIALISERS`, or a function.

    Attributes
    ----------
    positions
        P (tokens, units), which learns.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive whole number, or a name is not known.

    Examples
    --------
    >>> layer = Positions(50, 16)
    >>> layer.infer_shapes((40, 16))
    >>> layer.shape_out
    (40, 16)
    """

    LEARNED = ("positions",)
    keeps_shape = True
    SIZES = (*LearnedLayer.SIZES, "tokens", "units")

    positions: Array

    def __init__(self, tokens: int, units: int, init: str | Initialiser = "xavier") -> None:
        self.tokens, self.units = checks.whole("tokens", tokens), checks.whole("units", units)
        self.init = initialisers.get(init)

    @property
    def array_shape(self) -> Shape:
        return self.tokens, self.units

    def draw(self, rng: np.random.Generator, dtype: FloatType) -> None:
        """Draw P with the layer's initialiser."""
        self.dtype = dtype
        self.positions = self.init(rng, self.tokens, self.units)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept sequences that are not longer than the positions."""
        if len(shape_in) != 2 or shape_in[1] != self.units:
            raise ValueError(
                f"{self!r} takes tokens of {self.units} units, but receives samples of shape "
                f"{shape_in}"
            )
        if shape_in[0] > self.tokens:
            raise ValueError(
                f"{self!r} has {self.tokens} positions, but receives a sequence of {shape_in[0]} "
                "tokens: make more positions, or give shorter sequences"
            )
        self.set_shapes(shape_in, shape_in)

    def forward(self, record: Record) -> None:
        np.add(record.h_below, self.positions[: self.shape_in[0]], out=record.h)

    def back(self, record: Record, signal: Array) -> Array:
        return record.signal(self, signal, self.shape_out)

    relay = transport = back

    def learn(self, record: Record, signal: Array, samples: int) -> dict[str, Array]:
        """Return ΔP = Σ s / N, for a signal s on the output; unused places get 0."""
        signal = record.signal(self, signal, self.shape_out)
        update = np.zeros_like(self.positions)
        update[: self.shape_in[0]] = signal.sum(0) / self.dtype(samples)
        return {"positions": update}

    def __repr__(self) -> str:
        return f"Positions({self.tokens}, {self.units})"
