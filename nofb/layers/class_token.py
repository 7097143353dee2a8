"""A class token: one more token before the others, which has no place in the input.

By attention it collects information for the classifier (Dosovitskiy et al. 2021). `FirstToken`
then keeps it alone.
"""

import numpy as np

from nofb import checks, initialisers
from nofb.initialisers import Initialiser
from nofb.layers.base import Record
from nofb.layers.learned import LearnedLayer
from nofb.types import Array, FloatType, Shape


class ClassToken(LearnedLayer):
    """Prepend one learned token: (N, tokens, units) becomes (N, 1 + tokens, units).

    Parameters
    ----------
    units
        How many units a token has.
    init
        How the token is drawn: a name in `nofb.initialisers.INITIALISERS`, or a function.

    Attributes
    ----------
    token
        The token (units,), which learns.

    Raises
    ------
    TypeError, ValueError
        If `units` is not a positive whole number, or the name is not known.

    Examples
    --------
    >>> layer = ClassToken(16)
    >>> layer.infer_shapes((49, 16))
    >>> layer.shape_out
    (50, 16)
    """

    LEARNED = ("token",)
    SIZES = (*LearnedLayer.SIZES, "units")

    token: Array

    def __init__(self, units: int, init: str | Initialiser = "xavier") -> None:
        self.units = checks.whole("units", units)
        self.init = initialisers.get(init)

    @property
    def array_shape(self) -> Shape:
        return (self.units,)

    def draw(self, rng: np.random.Generator, dtype: FloatType) -> None:
        """Draw the token with the layer's initialiser."""
        self.dtype = dtype
        self.token = self.init(rng, 1, self.units)[0]

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept any number of tokens of `units` units."""
        if len(shape_in) != 2 or shape_in[1] != self.units:
            raise ValueError(
                f"{self!r} takes tokens of {self.units} units, but receives samples of shape "
                f"{shape_in}"
            )
        self.set_shapes(shape_in, (1 + shape_in[0], self.units))

    def forward(self, record: Record) -> None:
        record.h[:, 0] = self.token
        record.h[:, 1:] = record.h_below

    def back(self, record: Record, signal: Array) -> Array:
        return record.signal(self, signal, self.shape_out)[:, 1:].copy()

    transport = back

    def relay(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_in)
        relayed = np.zeros((len(signal), *self.shape_out), signal.dtype)
        relayed[:, 1:] = signal
        return relayed

    def learn(self, record: Record, signal: Array, samples: int) -> dict[str, Array]:
        """Return the mean of the signal on the class token."""
        signal = record.signal(self, signal, self.shape_out)
        return {"token": signal[:, 0].sum(0) / self.dtype(samples)}

    def __repr__(self) -> str:
        return f"ClassToken({self.units})"
