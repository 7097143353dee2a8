"""Dropout: in training, random units are set to zero, so that units do not depend on each other.

This is *inverted* dropout: the other units are scaled up, so evaluation needs no scaling.
"""

import numpy as np

from nofb import checks, seeds
from nofb.layers.base import Record, WeightlessLayer
from nofb.types import Array, Shape


class Dropout(WeightlessLayer):
    """Set each unit to 0 with probability `rate`, and multiply the others by 1 / (1 - rate).

    Signals in the backward pass get the same mask. The network seeds it, unless `seed` is given.

    Parameters
    ----------
    rate
        The probability of 0, at least 0 and less than 1.
    seed
        Seeds the masks; `None` lets the network seed them.

    Attributes
    ----------
    rng
        The random generator of the masks; set it to draw the same masks again.

    Raises
    ------
    TypeError, ValueError
        If `rate` is not a number in that range.

    Examples
    --------
    >>> dropout = Dropout(0.5, seed=0)
    >>> dropout.infer_shapes((4,))
    >>> record = Record(2, np.float32)
    >>> dropout.open(record, np.ones((2, 4), np.float32))
    >>> record.train = True
    >>> dropout.prepare(record)
    >>> dropout.forward(record)
    >>> sorted(set(record.h.ravel().tolist()))
    [0.0, 2.0]
    """

    keeps_shape = True

    def __init__(self, rate: float, seed: int | None = None) -> None:
        self.rate = checks.number("rate", rate, least=0, below=1)
        self.seed = None if seed is None else checks.whole("seed", seed, least=0)
        self.rng = seeds.generator(0 if self.seed is None else self.seed, "dropout")

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept any shape."""
        self.set_shapes(shape_in, shape_in)

    def seed_masks(self, rng: np.random.Generator) -> None:
        if self.seed is None:
            self.rng = rng

    def prepare(self, record: Record) -> None:
        """Draw the mask of this batch, in training only."""
        mask = self.mask(record)
        if record.train:
            self.rng.random(out=mask, dtype=mask.dtype)
            np.greater_equal(mask, self.rate, out=mask)
            mask /= 1 - self.rate
        else:
            mask[:] = 1

    def prepare_like(self, record: Record, first: Record) -> None:
        self.mask(record)[...] = self.mask(first)

    def mask(self, record: Record) -> Array:
        """Return the factor of each unit in this batch."""
        return record.array("mask", self.shape_in)

    def forward(self, record: Record) -> None:
        np.multiply(record.h_below, self.mask(record), out=record.h)

    def back(self, record: Record, signal: Array) -> Array:
        return record.signal(self, signal, self.shape_out) * self.mask(record)

    def transport(self, record: Record, signal: Array) -> Array:
        return signal

    def relay(self, record: Record, signal: Array) -> Array:
        # A teaching signal was already masked in the backward pass.
        return record.signal(self, signal, self.shape_in)

    def __repr__(self) -> str:
        return f"Dropout({self.rate})"
