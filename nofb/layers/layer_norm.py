"""Layer normalisation: each sample (or each token) is normalised over its own units.

Ba, Kiros & Hinton 2016. It does not depend on other samples, so training and evaluation are the
same.
"""

import numpy as np

from nofb import checks
from nofb.kernels import normalise
from nofb.layers.base import Record
from nofb.layers.batch_norm import refuse_other_units
from nofb.layers.learned import LearnedLayer
from nofb.types import Array, FloatType, Shape


class LayerNorm(LearnedLayer):
    """h = γ z + β, where z is h_below with mean 0 and variance 1 over the units of each sample.

    With tokens (tokens, units) each token is normalised separately, and with maps each pixel.

    Parameters
    ----------
    units
        The number of units, the length of the last axis.
    epsilon
        Added to the variance, which avoids a division by zero if all units are equal.

    Attributes
    ----------
    gamma, beta
        γ and β (units,), which learn.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.

    Examples
    --------
    >>> norm = LayerNorm(8)
    >>> norm.infer_shapes((5, 8))
    >>> norm.shape_out
    (5, 8)
    """

    LEARNED = ("gamma", "beta")
    keeps_shape = True
    SIZES = (*LearnedLayer.SIZES, "units")

    gamma: Array
    beta: Array

    def __init__(self, units: int, epsilon: float = 1e-5) -> None:
        self.units = checks.whole("units", units)
        self.epsilon = checks.number("epsilon", epsilon, above=0)

    @property
    def array_shape(self) -> Shape:
        return (self.units,)

    def draw(self, rng: np.random.Generator, dtype: FloatType) -> None:
        """Set γ = 1 and β = 0."""
        self.dtype = dtype
        self.gamma, self.beta = np.ones(self.units), np.zeros(self.units)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept any shape whose last axis is `units`."""
        refuse_other_units(self, self.units, shape_in)
        self.set_shapes(shape_in, shape_in)

    def forward(self, record: Record) -> None:
        x, h = self._rows(record.h_below), self._rows(record.h)  # (N · tokens, units)
        mean, r = self._moments(record)
        normalise.layer_norm(x, self.gamma, self.beta, self.epsilon, h, mean, r)

    def back(self, record: Record, signal: Array) -> Array:
        return self._project(record, record.signal(self, signal, self.shape_out), self.gamma)

    def relay(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_in)
        return self._project(record, signal, np.ones_like(self.gamma)) * self.gamma

    def learn(self, record: Record, signal: Array, samples: int) -> dict[str, Array]:
        """Return Δγ = Σ s ∘ z / N and Δβ = Σ s / N, for a signal s on the output."""
        rows = self._rows(record.signal(self, signal, self.shape_out))
        x = self._rows(record.h_below)
        total, along_z = normalise.layer_norm_sums(rows, x, *self._moments(record))
        return {"gamma": along_z / self.dtype(samples), "beta": total / self.dtype(samples)}

    def _project(self, record: Record, signal: Array, gamma: Array) -> Array:
        """Convert a signal on γ z to one on h_below."""
        x, rows = self._rows(record.h_below), self._rows(signal)
        mean, r = self._moments(record)
        return normalise.layer_norm_back(rows, x, mean, r, gamma).reshape(signal.shape)

    def _moments(self, record: Record) -> tuple[Array, Array]:
        """Return the mean and r = 1 / √(σ² + ε) of each row (N · tokens,)."""
        shape = self.shape_in[:-1]
        return record.array("mean", shape).reshape(-1), record.array("r", shape).reshape(-1)

    def _rows(self, x: Array) -> Array:
        return x.reshape(-1, self.units)

    def __repr__(self) -> str:
        return f"LayerNorm({self.units})"
