"""A dense layer: every unit is connected to every unit below, for each token separately."""

from math import prod

import numpy as np

from nofb import arguments, checks
from nofb.initialisers import Initialiser
from nofb.layers.base import Record, WeightedLayer
from nofb.types import Array, Shape


@arguments.explained(n_out="give both sizes, as in Dense(784, 32, activation='relu')")
class Dense(WeightedLayer):
    """h = f(h_below W + b).

    Parameters
    ----------
    n_in, n_out
        The number of units below, and of units of this layer.
    activation
        A name in `nofb.activations.ACTIVATIONS`. The last layer of a network has none: its
        output unit is part of the loss.
    init
        How W is drawn: a name in `nofb.initialisers.INITIALISERS`, or a function.
    bias
        Whether the layer has biases b.
    bias_init
        How b is drawn: as one row of W would be by this initialiser. The default is 0;
        "uniform_fan_in", on ±1/√n_in, is that of PyTorch's layers and of code that uses them.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive whole number, or a name is not known.

    Examples
    --------
    >>> from nofb import Network
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)], loss="cross_entropy", seed=0)
    >>> [layer.W.shape for layer in net.weighted]
    [(4, 3), (3, 2)]

    A layer can be called on any rows, and stores nothing:

    >>> hidden = net.weighted[0]
    >>> hidden(np.ones((7, 4), np.float32)).shape
    (7, 3)
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: str | None = None,
        init: str | Initialiser = "xavier",
        bias: bool = True,
        bias_init: str | Initialiser = "zeros",
    ) -> None:
        n_in, n_out = checks.whole("n_in", n_in), checks.whole("n_out", n_out)
        super().__init__(n_in, n_out, activation, init, bias, bias_init)
        self.shape_in, self.shape_out = (n_in,), (n_out,)
        self.work = n_in * n_out

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept (n_in,) or (tokens, n_in), and refuse anything else."""
        if len(shape_in) not in (1, 2) or shape_in[-1] != self.n_in:
            tokens = len(shape_in) == 2 and prod(shape_in) != self.n_in
            hint = "; put Flatten() before it" if len(shape_in) > 1 and not tokens else ""
            raise ValueError(
                f"{self!r} takes samples of shape ({self.n_in},), but receives {shape_in}{hint}"
            )
        self.set_shapes(shape_in, (*shape_in[:-1], self.n_out))
        self.work = prod(shape_in) * self.n_out

    def __call__(self, x: Array) -> Array:
        """Return f(x W + b), a new array.

        Parameters
        ----------
        x
            Floating-point numbers (N, n_in), any number of rows.

        Returns
        -------
        Array
            (N, n_out), of the network's type. A last layer returns the pre-activation, since its
            output unit belongs to the loss.

        Raises
        ------
        TypeError
            If x is not an array of floating-point numbers.
        ValueError
            If x has another shape, or the layer has no weights yet.
        """
        x = self._rows(x)
        h = np.empty((len(x), self.n_out), self.dtype)
        self.affine_rows(x, h)  # x W + b  (N, n_out)
        self.activation.f(h, h)  # f(x W + b)  (N, n_out)
        return h

    def _rows(self, x: Array) -> Array:
        """Return rows in the form for kernels, checked."""
        if "W" not in vars(self):
            raise ValueError(f"{self!r} has no weights yet: a Network of it draws them")
        is_array = isinstance(x, np.ndarray)
        fits = is_array and x.ndim == 2 and x.shape[1] == self.n_in
        if fits and x.dtype is self.W.dtype and x.flags.carray:
            return x
        if not (is_array and np.issubdtype(x.dtype, np.floating)):
            held = getattr(x, "dtype", type(x).__name__)
            raise TypeError(
                f"x for {self!r} must be an array of floating-point numbers, but is {held}: "
                "give np.asarray(x, float)"
            )
        if not fits:
            raise ValueError(f"x for {self!r} has shape {x.shape}, but needs (N, {self.n_in})")
        return np.require(x, self.dtype, ("C", "W"))

    def times_jacobian(self, v: Array, x: Array, y: Array) -> Array:
        """Return v J (N, n_out), the first-order change of y = f(x W + b) if x changes by v."""
        return self.times_slope(v @ self.W, x, y)  # (v W) ∘ f'

    def times_jacobian_transposed(self, v: Array, x: Array, y: Array) -> Array:
        """Return v Jᵀ (N, n_in), the gradient for x, if v (N, n_out) is the gradient for y."""
        return self.times_slope(v, x, y) @ self.W.T  # (v ∘ f') Wᵀ

    def times_slope(self, signal: Array, x: Array, y: Array) -> Array:
        """Return signal ∘ f'(a), given x and y = f(x W + b)."""
        a = y  # any array will do, if y determines the slope
        if self.activation.needs_a:
            a = np.empty_like(y)
            self.affine_rows(x, a)
        return self.activation.times_jacobian(signal, a, y)

    def affine(self, record: Record) -> None:
        a = record.a if record.a.ndim == 2 else record.a.reshape(-1, self.n_out)
        self.affine_rows(self.received(record), a)

    def scatter(self, record: Record, rows: Array) -> Array:
        if len(self.shape_in) == 1:
            return record.signal(self, rows, self.shape_in)
        return record.as_rows(self, rows).reshape(record.samples, *self.shape_in)

    def gather(self, record: Record, h_below: Array) -> Array:
        return record.signal(self, h_below, self.shape_in).reshape(-1, self.n_in)  # (rows, n_in)

    def received(self, record: Record) -> Array:
        x = record.h_below
        return x if x.ndim == 2 else x.reshape(-1, self.n_in)  # (rows, n_in)

    def __repr__(self) -> str:
        return f"Dense({self.n_in}, {self.n_out}, activation={self.activation.name!r})"
