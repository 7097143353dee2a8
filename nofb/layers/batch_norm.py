"""Batch normalisation: each unit is normalised over the samples of the batch.

Ioffe & Szegedy 2015. In training, the output for a sample depends on the other samples, so a batch
is never divided among threads. In evaluation, running averages are used instead.
"""

from math import prod
from typing import Any, ClassVar

import numpy as np

from nofb import checks
from nofb.kernels import normalise
from nofb.layers.base import Record
from nofb.layers.learned import LearnedLayer
from nofb.types import Array, FloatType, Shape


class BatchNorm(LearnedLayer):
    """h = γ z + β, where z is h_below with mean 0 and variance 1 for each unit.

    Mean and variance are those of the batch in training, and running averages otherwise. In maps
    (height, width, channels) each channel is one unit, over all pixels of the batch. Tokens
    (tokens, units) are treated in the same way.

    Parameters
    ----------
    units
        How many units, or channels.
    momentum
        The weight of the new batch in the running averages, above 0 and below 1.
    epsilon
        Added to the variance, which avoids a division by zero for a constant unit.

    Attributes
    ----------
    gamma, beta
        γ and β (units,), which learn.
    running_mean, running_variance
        The running averages (units,), of the unbiased variance. Training updates them also in a
        frozen layer: `frozen` keeps only γ and β.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range. A training batch with only one value for each
        unit is refused: its variance is 0.

    Examples
    --------
    >>> norm = BatchNorm(3)
    >>> norm.infer_shapes((5, 4, 3))
    >>> norm.shape_out
    (5, 4, 3)
    """

    LEARNED = ("gamma", "beta")
    KEPT = ("running_mean", "running_variance")
    keeps_shape = True
    SIZES = (*LearnedLayer.SIZES, "units")
    by_sample: ClassVar[bool] = False

    gamma: Array
    beta: Array
    running_mean: Array
    running_variance: Array

    def __init__(self, units: int, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        self.units = checks.whole("units", units)
        self.momentum = checks.number("momentum", momentum, above=0, below=1)
        self.epsilon = checks.number("epsilon", epsilon, above=0)

    @property
    def array_shape(self) -> Shape:
        return (self.units,)

    def draw(self, rng: np.random.Generator, dtype: FloatType) -> None:
        """Set γ = 1 and β = 0, and the running averages to mean 0 and variance 1."""
        self.dtype = dtype
        self.gamma, self.beta = np.ones(self.units), np.zeros(self.units)
        self.running_mean, self.running_variance = np.zeros(self.units), np.ones(self.units)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "running_variance" and np.min(value) < 0:
            raise ValueError(
                f"running_variance of {self!r} holds {np.min(value)}, but must not be negative"
            )
        super().__setattr__(name, value)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept any shape whose last axis is `units`."""
        refuse_other_units(self, self.units, shape_in)
        self.set_shapes(shape_in, shape_in)

    def forward(self, record: Record) -> None:
        x = self._rows(record.h_below)  # (N · pixels, units)
        if record.train:
            self._refuse_one(len(x))
            mean, variance = normalise.column_moments(x)
        else:
            mean, variance = self.running_mean.copy(), self.running_variance
        r = 1 / np.sqrt(variance + self.dtype(self.epsilon))
        record.arrays.update(mean=mean, variance=variance, r=r)
        normalise.batch_norm(x, mean, r, self.gamma, self.beta, self._rows(record.h))

    def back(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_out)
        mean, r = record.arrays["mean"], record.arrays["r"]
        if not record.train:
            return signal * (self.gamma * r)  # μ and r are constants
        x, rows = self._rows(record.h_below), self._rows(signal)
        return normalise.batch_norm_back(rows, x, mean, r, self.gamma).reshape(signal.shape)

    relay = back  # the Jacobian is symmetric

    def learn(self, record: Record, signal: Array, samples: int) -> dict[str, Array]:
        """Return Δγ = Σ s ∘ z / N and Δβ = Σ s / N, for a signal s on the output."""
        rows = self._rows(record.signal(self, signal, self.shape_out))
        x, mean, r = self._rows(record.h_below), record.arrays["mean"], record.arrays["r"]
        total, along_z = normalise.batch_norm_sums(rows, x, mean, r)
        return {"gamma": along_z / self.dtype(samples), "beta": total / self.dtype(samples)}

    def remember(self, record: Record) -> None:
        """Update the running averages with the batch of a training step."""
        rows = record.samples * prod(self.shape_in[:-1])
        unbiased = record.arrays["variance"] * (rows / (rows - 1))
        self.running_mean += self.momentum * (record.arrays["mean"] - self.running_mean)
        self.running_variance += self.momentum * (unbiased - self.running_variance)

    def _rows(self, x: Array) -> Array:
        return x.reshape(-1, self.units)

    def _refuse_one(self, rows: int) -> None:
        if rows == 1:
            raise ValueError(
                f"{self!r} receives a batch of one sample with one value for each unit, whose "
                "variance is 0: train with a batch size of at least 2 that leaves no single sample"
            )

    def __repr__(self) -> str:
        return f"BatchNorm({self.units})"


def refuse_other_units(layer: LearnedLayer, units: int, shape_in: Shape) -> None:
    """Refuse a sample whose last axis is not what a layer normalises."""
    if not shape_in or shape_in[-1] != units:
        raise ValueError(
            f"{layer!r} takes samples whose last axis is {units}, but receives {shape_in}"
        )
