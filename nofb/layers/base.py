"""What a layer is: it takes an array and gives an array, and can send a signal the other way.

A layer with weights offers a rule three linear maps (forward, back through a given matrix, and the
weight product), so that a rule never asks which kind of layer it has.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from nofb import activations, initialisers
from nofb.initialisers import Initialiser
from nofb.kernels import products
from nofb.layers.inverse import Inverse
from nofb.types import Array, FloatType, Shape


class Record:
    """What one layer leaves behind for one batch: named arrays, a row for each sample.

    Parameters
    ----------
    samples
        N, the number of rows.
    dtype
        The network's floating-point type.
    whole
        A record of a larger batch whose memory this one shares.
    first
        Where this one's samples begin among those of the larger batch.

    Attributes
    ----------
    h_below
        What the layer received (N, ...).
    a
        The pre-activation (N, ...), for a layer with weights.
    h
        What the layer gave (N, ...).
    """

    h_below: Array
    a: Array
    h: Array

    def __init__(
        self, samples: int, dtype: FloatType, whole: Record | None = None, first: int = 0
    ) -> None:
        self.samples = samples
        self.dtype = dtype
        self.whole = whole
        self.rows = slice(first, first + samples)
        self.arrays: dict[str, Array] = {}

    def array(
        self, name: str, shape: Shape, dtype: FloatType | type[np.int32] | None = None
    ) -> Array:
        """Return the array called `name`, (N, *shape): made at the first call, then used again."""
        if name not in self.arrays:
            room = (
                self.whole.array(name, shape, dtype)[self.rows]
                if self.whole is not None
                else np.zeros((self.samples, *shape), dtype or self.dtype)
            )
            self.arrays.setdefault(name, room)  # of two threads that come at once, one is first
        return self.arrays[name]


class Layer(ABC):
    """One step of the stack, from (N, *shape_in) to (N, *shape_out).

    Attributes
    ----------
    shape_in, shape_out
        The shapes of one sample before and after; known once the network has `settle`d.
    """

    shape_in: Shape = ()
    shape_out: Shape = ()

    @abstractmethod
    def settle(self, shape_in: Shape) -> None:
        """Take note of the shape of one sample and work out `shape_out`, or refuse the shape."""

    def open(self, record: Record, h_below: Array) -> None:
        """Take note of what the layer receives, and make room for what it will give."""
        record.h_below = h_below
        record.h = record.array("h", self.shape_out)

    @abstractmethod
    def forward(self, record: Record) -> None:
        """Work out `record.h` (N, *shape_out) from `record.h_below` (N, *shape_in)."""


class WeightlessLayer(Layer):
    """A layer without weights: it only routes or masks, and rules pass through it."""

    @abstractmethod
    def back(self, record: Record, signal: Array) -> Array:
        """Return the signal on the layer's input, given the one on its output. May reuse it."""

    @abstractmethod
    def relay(self, record: Record, signal: Array) -> Array:
        """Return the signal on the layer's output, given a teaching signal on its input."""


class WeightedLayer(Layer):
    """A layer with weights, seen by a rule as three linear maps and an activation.

    Attributes
    ----------
    W, b
        Forward weights (n_in, n_out) and biases (n_out,), or `b = None`.
    B
        Feedback matrix (n_out, n_in), standing where backprop has Wᵀ; `None` if there is none.
    D
        Direct feedback matrix (n_outputs of the network, units of this layer), or `None`.
    inverse
        What a target travels down through, where a rule sends targets; otherwise `None`.
    activation
        The function that is applied to a = h_below W + b.
    work
        How many multiply-adds each of the three maps takes, for one sample.
    """

    W: Array
    b: Array | None
    B: Array | None = None
    D: Array | None = None
    inverse: Inverse | None = None
    work: int

    def __init__(
        self, n_in: int, n_out: int, activation: str | None, init: str | Initialiser, bias: bool
    ) -> None:
        self.n_in, self.n_out = n_in, n_out
        self.activation = activations.get(activation)
        self.init = initialisers.get(init)
        self.bias = bias

    @property
    def feedback_shape(self) -> tuple[int, int]:
        """The shape of `B`, that of Wᵀ: (n_out, n_in)."""
        return self.n_out, self.n_in

    def draw_weights(self, rng: np.random.Generator, dtype: FloatType) -> None:
        """Draw W with the layer's initialiser and set b to zero."""
        self.W = np.ascontiguousarray(self.init(rng, self.n_in, self.n_out), dtype)
        self.b = np.zeros(self.n_out, dtype) if self.bias else None

    def open(self, record: Record, h_below: Array) -> None:
        super().open(record, h_below)
        record.a = record.array("a", self.shape_out)

    def forward(self, record: Record) -> None:
        """Write a = h_below W + b and h = f(a) into the record."""
        self.affine(record)  # a_l = h_{l-1} W_l + b_l
        self.activation.f(record.a, record.h)  # h_l = f(a_l)

    @abstractmethod
    def affine(self, record: Record) -> None:
        """Forward: a = h_below W + b, from `record.h_below` into `record.a`."""

    @abstractmethod
    def back(self, record: Record, delta: Array, B: Array) -> Array:
        """Back through a given matrix: delta B, a signal on h_below (N, *shape_in)."""

    @abstractmethod
    def received(self, record: Record) -> Array:
        """Return what W was multiplied with, as rows of n_in numbers."""

    def mean_delta(self, record: Record, delta: Array, db: Array | None) -> Array:
        """Return delta / N, as rows of n_out numbers, and write their sum into db."""
        mean_delta = record.array("mean_delta", self.shape_out).reshape(-1, self.n_out)
        rows = np.ascontiguousarray(delta).reshape(-1, self.n_out)
        products.mean(rows, record.samples, mean_delta, db)
        return mean_delta

    @abstractmethod
    def relay(self, record: Record, signal: Array, R: Array) -> Array:
        """Forward through a given matrix (n_in, n_out): signal R, shaped like a (N, *shape_out)."""
