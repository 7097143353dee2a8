"""The base classes of layers: a layer computes an array from arrays, and can send a signal back.

A layer with weights gives a rule three linear maps: forward, back through a given matrix, and the
weight product. So a rule does not depend on the kind of layer. All other layers are wiring: they
have no weights to transport.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import prod
from typing import Any, ClassVar, Protocol

import numpy as np

from nofb import activations, checks, initialisers
from nofb.initialisers import Initialiser
from nofb.kernels.dense import add_bias
from nofb.layers.owned_arrays import Pattern, owned
from nofb.types import Array, FloatType, Shape

OWNED = ("W", "b", "B", "D")  # the arrays of a layer with weights


class Record:
    """The results of one layer for one batch: named arrays, with a row for each sample.

    Parameters
    ----------
    samples
        N, the number of rows.
    dtype
        The network's floating-point type.
    whole
        A record of a larger batch whose memory this one shares.
    first
        The index of the first sample of this record in the larger batch.

    Attributes
    ----------
    h_below
        The input of the layer (N, ...); with several sources, the first input.
    received
        The inputs from all sources.
    a
        The pre-activation (N, ...), for a layer with weights.
    h
        The output of the layer (N, ...).
    train
        Whether this is a training pass.
    """

    h_below: Array
    received: tuple[Array, ...]
    a: Array
    h: Array

    def __init__(
        self, samples: int, dtype: FloatType, whole: Record | None = None, first: int = 0
    ) -> None:
        self.samples = samples
        self.dtype = dtype
        self._dtype = np.dtype(dtype)
        self.whole = whole
        self.rows = slice(first, first + samples)
        self.arrays: dict[str, Array] = {}
        self.train = False

    def array(
        self, name: str, shape: Shape, dtype: FloatType | type[np.int32] | None = None
    ) -> Array:
        """Return the array called `name`, (N, *shape), allocated at the first call."""
        if name not in self.arrays:
            buffer = (
                self.whole.array(name, shape, dtype)[self.rows]
                if self.whole is not None
                else np.zeros((self.samples, *shape), dtype or self.dtype)
            )
            self.arrays.setdefault(name, buffer)  # two threads at once get the same array
        return self.arrays[name]

    def signal(self, layer: Layer, signal: Array, shape: Shape) -> Array:
        """Return a signal in the form for kernels: C-contiguous, writable, of the network's type.

        Every signal that enters a layer passes this check.

        Parameters
        ----------
        layer
            The layer that it enters, for errors.
        signal
            Floating-point numbers (N, *shape), in any memory layout.
        shape
            The shape for one sample.

        Raises
        ------
        TypeError
            If the signal is not an array of floating-point numbers.
        ValueError
            If it has another shape.
        """
        return self._checked(layer, signal, (self.samples, *shape))

    def shaped(self, signal: Array, layer: Layer) -> Array:
        """Return a signal on a layer's output (also given as rows) in the output's shape."""
        shape = layer.shape_out
        if len(shape) > 1 and isinstance(signal, np.ndarray) and signal.ndim == 2:
            rows = (self.samples, prod(shape)), (self.samples * prod(shape[:-1]), shape[-1])
            signal = signal.reshape(self.samples, *shape) if signal.shape in rows else signal
        return self.signal(layer, signal, shape)

    def as_rows(self, layer: WeightedLayer, signal: Array) -> Array:
        """Return a signal on the input of W, checked: rows of n_in numbers."""
        return self._checked(layer, signal, (self.samples * prod(layer.shape_out[:-1]), layer.n_in))

    def _checked(self, layer: Layer, signal: Array, shape: Shape) -> Array:
        is_array = isinstance(signal, np.ndarray)
        fits = is_array and signal.shape == shape
        if fits and signal.dtype == self._dtype and signal.flags.carray:
            return signal
        if not is_array or not np.issubdtype(signal.dtype, np.floating):
            held = getattr(signal, "dtype", type(signal).__name__)
            raise TypeError(
                f"the signal for {layer!r} must be an array of floating-point numbers, but is "
                f"{held}: use .astype(net.dtype)"
            )
        if not fits:
            raise ValueError(
                f"the signal for {layer!r} has shape {signal.shape}, but needs {shape}"
            )
        return np.require(signal, self.dtype, ("C", "W"))


class Wiring(Protocol):
    """The graph to which a layer is added, see `nofb.graph`."""

    def add(self, layer: Layer, *sources: Layer | None) -> Layer:
        """Connect a layer to its sources (`None` is the input), and return it."""


class Layer(ABC):
    """One step of the network, from (N, *shape_in) to (N, *shape_out).

    Attributes
    ----------
    shape_in, shape_out
        The shapes of one sample before and after; known once the network has inferred its shapes.
    frozen
        Whether its parameters stay unchanged, whatever updates a rule computes. No signal is sent
        to a frozen layer itself, only to learning layers below it.
    SIZES
        The attributes that cannot be changed, because kernels rely on them.
    weighted
        Whether it is a `WeightedLayer`; faster than a test of its class.
    by_sample
        Whether each sample can be computed without the others of its batch.
    keeps_shape
        Whether its output always has the shape of its input.
    takes
        What its input is if it is the first layer: "numbers" or "tokens".
    makes_tokens
        Whether it turns other samples into tokens.
    channels_in
        The number of channels that its maps must have; `None` if it takes any number, or no maps.
    """

    SIZES: ClassVar[tuple[str, ...]] = ("shape_in", "shape_out")
    weighted: ClassVar[bool] = False
    by_sample: ClassVar[bool] = True
    keeps_shape: ClassVar[bool] = False
    takes: ClassVar[str] = "numbers"
    makes_tokens: ClassVar[bool] = False
    channels_in: int | None = None

    shape_in: Shape = ()
    shape_out: Shape = ()
    frozen: bool = False
    sends: bool = False

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "frozen":
            value = checks.switch(f"frozen of {self!r}", value)
        held = vars(self).get(name) if name in self.SIZES else None
        if not held:
            super().__setattr__(name, value)
        elif not np.array_equal(held, value):
            raise ValueError(
                f"{name} of {self!r} is {held} and stays so, but was set to {value!r}: "
                "build a new layer, and a new network of it"
            )

    def wire(self, graph: Wiring, at: Layer | None) -> Layer:
        """Add the layer to a graph, above `at`, and return the layer that is then on top."""
        return graph.add(self, at)

    def draw(self, rng: np.random.Generator, dtype: FloatType) -> None:  # noqa: B027
        """Draw the arrays that learn, if there are any."""

    def seed_masks(self, rng: np.random.Generator) -> None:  # noqa: B027
        """Set the random generator of a layer that draws masks."""

    def parameters(self) -> dict[str, Array]:
        """Return the arrays that learn, by name."""
        return {}

    @property
    @abstractmethod
    def learns(self) -> bool:
        """Whether the layer has parameters."""

    @property
    def is_taught(self) -> bool:
        """Whether the layer has parameters that are not frozen."""
        return self.learns and not self.frozen

    def state(self) -> dict[str, Array]:
        """Return other arrays that are saved, such as running averages, by name."""
        return {}

    @abstractmethod
    def infer_shapes(self, shape_in: Shape) -> None:
        """Compute `shape_out` and call `set_shapes`, or refuse the shape of one sample.

        A layer with several sources takes one shape for each source.
        """

    def set_shapes(self, shape_in: Shape, shape_out: Shape) -> None:
        """Set both shapes. Only `infer_shapes` calls it; later images may have another size."""
        vars(self).update(shape_in=shape_in, shape_out=shape_out)

    def open(self, record: Record, *received: Array) -> None:
        """Store the inputs of the layer, and allocate a buffer for its output."""
        record.h_below, record.received = received[0], received
        record.h = record.array("h", self.shape_out)

    def prepare(self, record: Record) -> None:  # noqa: B027
        """Draw the random numbers of a pass, for the whole batch, before threads divide it."""

    def prepare_like(self, record: Record, first: Record) -> None:  # noqa: B027
        """Use the random numbers of an earlier pass of the same samples."""

    @abstractmethod
    def forward(self, record: Record) -> None:
        """Compute `record.h` (N, *shape_out) from the input."""

    def remember(self, record: Record) -> None:  # noqa: B027
        """Update running averages after a training step; a forward pass itself changes no array."""


class WeightlessLayer(Layer):
    """A layer without a weight matrix: every rule passes it in the same way."""

    @abstractmethod
    def back(self, record: Record, signal: Array) -> Array | tuple[Array, ...]:
        """Return the signal on the input (or on each input), given the signal on the output."""

    @abstractmethod
    def relay(self, record: Record, signal: Array) -> Array:
        """Return the signal on the output, given a teaching signal on the input (or on each)."""

    def learn(self, record: Record, signal: Array, samples: int) -> dict[str, Array]:
        """Return the update of each parameter, given the signal on the output (N, ...).

        Like every update it is a mean: the sum over the batch, divided by `samples`.
        """
        return {}

    def transport(self, record: Record, signal: Array) -> Array | tuple[Array, ...] | None:
        """Return what `back` computes for any batch, or `None` if it depends on the batch.

        Slopes and masks are left out. It serves to compare a feedback matrix with the matrix that
        backprop uses.
        """
        return None

    @property
    def learns(self) -> bool:
        return type(self).learn is not WeightlessLayer.learn


class WeightedLayer(Layer):
    """A layer with weights: for a rule, three linear maps and an activation.

    The layer owns its arrays: an array that is assigned to W, b, B or D is checked and copied. So
    each array has one owner, the right shape and the network's type. Changes in place
    (`layer.W[:] = ...`) need no copy.

    Attributes
    ----------
    W, b
        Forward weights (n_in, n_out) and biases (n_out,), or `b = None`.
    B
        Feedback matrix (n_out, n_in), used where backprop uses Wᵀ; `None` if there is none.
    D
        Direct feedback matrix (n_outputs of the network, units of this layer), or `None`.
    inverse
        The inverse that sends a target down, in target propagation; otherwise `None`. Its W is the
        B or D of this layer.
    rule_state
        One small object in which the attached rule keeps its state for this layer, or `None`.
    dtype
        The network's floating-point type.
    activation
        The function that is applied to a = h_below W + b.
    work
        The number of multiply-adds in each of the three maps, for one sample.
    sends
        Whether there is a layer below that learns, and is not frozen.
    """

    SIZES = (*Layer.SIZES, "n_in", "n_out")
    weighted = True

    W: Array
    b: Array | None
    B: Any = None  # an array or None: kernels take no None
    D: Any = None
    inverse: WeightedLayer | None = None
    rule_state: Any = None
    dtype: FloatType = np.float32
    work: int

    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: str | None,
        init: str | Initialiser,
        bias: bool,
        bias_init: str | Initialiser = "zeros",
    ) -> None:
        self.n_in, self.n_out = n_in, n_out
        self.activation = activations.get(activation)
        self.init = initialisers.get(init)
        self.bias, self.bias_init = bias, initialisers.get(bias_init, "bias_init")

    @property
    def feedback_shape(self) -> tuple[int, int]:
        """The shape of `B`, that of Wᵀ: (n_out, n_in)."""
        return self.n_out, self.n_in

    def draw(self, rng: np.random.Generator, dtype: FloatType) -> None:
        """Draw W and b with the layer's initialisers."""
        self.dtype = dtype
        self.W = self.init(rng, self.n_in, self.n_out)
        self.b = self.bias_init(rng, self.n_in, self.n_out)[0] if self.bias else None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in OWNED:
            if hasattr(self, name) and value is getattr(self, name):
                return  # W *= 2 assigns W to itself
            value = self._owned(name, value)
            inverse = self.inverse
            if value is not None and inverse and inverse.W is getattr(self, name, None):
                inverse.W[...] = value  # both names share one array
                return
        super().__setattr__(name, value)

    def _owned(self, name: str, given: Any) -> Array | None:
        """Return a copy of an array that is assigned to the layer, or refuse it."""
        if given is None and (name in ("B", "D") or (name == "b" and not self.bias)):
            return None
        if name == "b" and not self.bias:
            raise ValueError(f"{self!r} was made with bias=False, so that it takes no b")
        shapes: dict[str, Pattern] = {
            "W": (self.n_in, self.n_out),
            "b": (self.n_out,),
            "B": self.feedback_shape,
            "D": (None, None),  # set by the network: (outputs, units of this layer)
        }
        hint = "draw it with layer.feedback_shape, which is Wᵀ's, or " if name == "B" else ""
        return owned(name, self, given, shapes[name], self.dtype, hint)

    @property
    def learns(self) -> bool:
        return True

    def parameters(self) -> dict[str, Array]:
        return {"W": self.W} if self.b is None else {"W": self.W, "b": self.b}

    def open(self, record: Record, *received: Array) -> None:
        super().open(record, *received)
        record.a = record.array("a", self.shape_out)

    def forward(self, record: Record) -> None:
        """Write a = h_below W + b and h = f(a) into the record."""
        self.affine(record)  # a_l = h_{l-1} W_l + b_l
        self.activation.f(record.a, record.h)  # h_l = f(a_l)

    def affine_rows(self, rows: Array, a: Array) -> None:
        """Write rows W + b (N, n_out) into a, for any rows (N, n_in)."""
        np.dot(rows, self.W, out=a)  # NumPy's product, into existing memory
        if self.b is not None:
            add_bias(a, self.b)

    @abstractmethod
    def affine(self, record: Record) -> None:
        """Forward: a = h_below W + b, from `record.h_below` into `record.a`."""

    @abstractmethod
    def scatter(self, record: Record, rows: Array) -> Array:
        """Convert a signal on the input of W to one on h_below (N, *shape_in)."""

    @abstractmethod
    def gather(self, record: Record, h_below: Array) -> Array:
        """Return an array that is shaped like h_below as rows for W."""

    @property
    def signal_size(self) -> int:
        """The number of inputs of W in one sample, over all its rows."""
        return prod(self.shape_out[:-1]) * self.n_in

    @abstractmethod
    def received(self, record: Record) -> Array:
        """Return the input of W, as rows of n_in numbers."""

    def weight_product(
        self, record: Record, delta: Array, dW: Array, units: slice = slice(None)
    ) -> None:
        """Write ΔW = h_belowᵀ δ into dW, for some of the units below and δ as rows of n_out."""
        np.matmul(self.received(record)[:, units].T, delta, out=dW[units])
