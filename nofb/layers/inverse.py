"""Maps between the units of two layers, up and down: a matrix, a bias and an activation.

Rules that send targets need to send any array up through a layer, not only what it received, and
down through its learned inverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nofb.activations import Activation
from nofb.kernels import products
from nofb.layers.owned_arrays import owned
from nofb.types import Array


class Map:
    """y = s(x M + b), or, with the activation first, y = s(x) M + b.

    Parameters
    ----------
    matrix, bias
        M (n_from, n_to), and b (n_to,) or `None`.
    activation
        s, applied to every unit.
    activation_first
        Whether it stands before the matrix.

    Examples
    --------
    >>> from nofb.activations import ACTIVATIONS
    >>> relu = ACTIVATIONS["relu"]
    >>> M, x = np.array([[1.0, -1.0]]), np.array([[-2.0], [3.0]])
    >>> Map(M, None, relu)(x).tolist()
    [[0.0, 2.0], [3.0, 0.0]]
    >>> Map(M, None, relu, activation_first=True)(x).tolist()
    [[0.0, 0.0], [3.0, -3.0]]
    """

    def __init__(
        self,
        matrix: Array,
        bias: Array | None,
        activation: Activation,
        activation_first: bool = False,
    ) -> None:
        self.matrix, self.bias = matrix, bias
        self.activation, self.activation_first = activation, activation_first

    def __call__(self, x: Array) -> Array:
        """Return y (N, n_to) for x (N, n_from)."""
        y = np.empty((len(x), self.matrix.shape[1]), self.matrix.dtype)
        products.affine(self.sent(x), self.matrix, self.bias, y)
        if not self.activation_first:
            self.activation.f(y, y)
        return y

    def sent(self, x: Array) -> Array:
        """Return what the matrix is multiplied with: x, or s(x)."""
        return self.activation(x) if self.activation_first else x

    def times_slope(self, signal: Array, y: Array) -> Array:
        """Return a signal on y, brought back to the matrix's product."""
        if not self.activation_first:
            return self.activation.times_slope(signal, y)
        return signal

    def slope_below(self, x: Array) -> Array:
        """Return s'(x) where the activation comes first, and 1 where it does not."""
        return self.activation.slope(x) if self.activation_first else np.ones_like(x)

    def times_jacobian(self, v: Array, x: Array, y: Array) -> Array:
        """Return v J, where the row v (N, n_from) is a small change of x: how y = f(x) changes."""
        if self.activation_first:
            return (v * self.activation.slope(x)) @ self.matrix
        return self.times_slope(v @ self.matrix, y)

    def times_jacobian_transposed(self, v: Array, x: Array, y: Array) -> Array:
        """Return v Jᵀ, where v (N, n_to) is a gradient with respect to y: the one at x."""
        if self.activation_first:
            return (v @ self.matrix.T) * self.activation.slope(x)
        return self.times_slope(v.copy(), y) @ self.matrix.T


class Use(NamedTuple):
    """One use of an inverse in a loss.

    Attributes
    ----------
    z
        What was inverted (N, n_out).
    guess
        g(z) (N, n_in).
    slope
        The gradient of each sample's loss with respect to the guess (N, n_in).
    """

    z: Array
    guess: Array
    slope: Array


class Inverse(Map):
    """g(z) = s(z B + c): what a layer received, guessed from what it gave.

    Attributes
    ----------
    B, c
        Its feedback matrix (n_out, n_in) and its bias (n_in,): other names for `matrix` and `bias`.
        The matrix is one array with the layer's B or D. What is assigned is checked, and its values
        are copied into the array that is there.
    """

    bias: Array

    def __init__(
        self, matrix: Array, activation: Activation, activation_first: bool = False
    ) -> None:
        matrix = np.require(matrix, requirements=("C", "W"))
        c = np.zeros(matrix.shape[1], matrix.dtype)
        super().__init__(matrix, c, activation, activation_first)

    @property
    def B(self) -> Array:  # noqa: N802
        return self.matrix

    @B.setter
    def B(self, given: Array) -> None:  # noqa: N802
        self._fill("B", self.matrix, given)

    @property
    def c(self) -> Array:
        return self.bias

    @c.setter
    def c(self, given: Array) -> None:
        self._fill("c", self.bias, given)

    def _fill(self, name: str, array: Array, given: Array) -> None:
        """Fill one of the two arrays in place."""
        array[...] = owned(name, self, given, array.shape, array.dtype.type)

    def gradient(self, uses: Sequence[Use]) -> tuple[Array, Array]:
        """Return dB and dc, the mean gradients of a loss, from its slope wherever g was used."""
        z = np.concatenate([self.sent(use.z) for use in uses])  # (N · uses, n_out)
        slopes = (self.times_slope(use.slope.copy(), use.guess) for use in uses)
        delta, dc = np.concatenate([*slopes]), np.empty_like(self.c)
        products.mean(delta, len(uses[0].z), delta, dc)  # dc = mean of δ
        return z.T @ delta, dc  # dB = zᵀ δ / N

    def __repr__(self) -> str:
        sizes = " -> ".join(map(str, self.matrix.shape))
        return f"Inverse({sizes}, activation={self.activation.name!r})"
