"""An inverse: a dense layer that maps the output of a layer back to its input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nofb.activations import ACTIVATIONS, Activation
from nofb.kernels.dense import weight_update
from nofb.layers.chain import Chain
from nofb.layers.dense import Dense
from nofb.layers.owned_arrays import owned
from nofb.types import Array

OTHER_NAMES = {"B": "W", "c": "b"}


class Use(NamedTuple):
    """One use of an inverse in a loss: z, g(z), and the gradient of each sample's loss at g(z)."""

    z: Array
    g_z: Array
    gradient: Array


class Inverse(Dense):
    """g(z) = s(z B + c), or s(r(z) B + c) if activations come before the matrix.

    Parameters
    ----------
    matrix
        B (n_out, n_in), the same array as the B or the D of a layer.
    activation
        s, a function of `nofb.activations`; `None` for the identity.
    before
        r, activations that are applied to z first; none by default.

    Attributes
    ----------
    B, c
        Its matrix (n_out, n_in) and its bias (n_in,), the W and the b of a dense layer. An assigned
        array is checked, and its values are copied into the existing array.

    Examples
    --------
    >>> inverse = Inverse(np.array([[1.0, 2.0]]), ACTIVATIONS["relu"])
    >>> inverse
    Inverse(1 -> 2, activation='relu')
    >>> inverse.c = [0.0, -5.0]
    >>> inverse(np.array([[2.0], [3.0]])).tolist()
    [[2.0, 0.0], [3.0, 1.0]]
    """

    def __init__(
        self, matrix: Array, activation: Activation | None = None, before: Chain | None = None
    ) -> None:
        matrix = np.require(matrix, requirements=("C", "W"))
        super().__init__(*matrix.shape)
        c = np.zeros(matrix.shape[1], matrix.dtype)
        vars(self).update(W=matrix, b=c, dtype=matrix.dtype.type)  # no copy: it is the layer's
        self.activation = ACTIVATIONS["identity"] if activation is None else activation
        self.before = Chain() if before is None else before

    @property
    def B(self) -> Array:  # noqa: N802
        return self.W

    @property
    def c(self) -> Array:
        return vars(self)["b"]

    def __setattr__(self, name: str, value: Any) -> None:
        array = vars(self).get(OTHER_NAMES.get(name, name))
        if isinstance(array, np.ndarray):  # fill it: the layer owns it too
            array[...] = owned(name, self, value, array.shape, array.dtype.type)
        else:
            super().__setattr__(name, value)

    def __call__(self, x: Array) -> Array:
        return super().__call__(self.before(x))

    def times_jacobian(self, v: Array, x: Array, y: Array) -> Array:
        sent = self.before(x)
        return super().times_jacobian(self.before.times_jacobian(v, x, sent), sent, y)

    def times_jacobian_transposed(self, v: Array, x: Array, y: Array) -> Array:
        sent = self.before(x)
        below = super().times_jacobian_transposed(v, sent, y)
        return self.before.times_jacobian_transposed(below, x, sent)

    def gradient(self, uses: Sequence[Use]) -> tuple[Array, Array]:
        """Return dB and dc, the mean gradients of a loss, summed over all uses of the inverse."""
        z = np.concatenate([self.before(use.z) for use in uses])  # (N · uses, n_out)
        signal = np.concatenate(
            [self.times_slope(use.gradient, self.before(use.z), use.g_z) for use in uses]
        )
        dB, dc = np.empty_like(self.B), np.empty_like(self.c)
        weight_update(z, signal, len(uses[0].z), dB, dc)  # zᵀ signal / N
        return dB, dc

    def __repr__(self) -> str:
        names = ", ".join(repr(part.name) for part in self.before.parts)  # type: ignore[union-attr]
        before = f", before={names}" if names else ""
        sizes = f"{self.n_in} -> {self.n_out}"
        return f"Inverse({sizes}, activation={self.activation.name!r}{before})"
