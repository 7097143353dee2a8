"""Dense layers and activations in sequence, as one map from rows to rows."""

from __future__ import annotations

from nofb.activations import Activation
from nofb.layers.dense import Dense
from nofb.types import Array

Part = Activation | Dense


class Chain:
    """y = f_n(... f_1(x)); without parts y = x.

    Parameters
    ----------
    parts
        f_1, ..., f_n: dense layers, inverses, and functions of `nofb.activations`.

    Examples
    --------
    >>> import numpy as np
    >>> from nofb.activations import ACTIVATIONS
    >>> from nofb.layers import Inverse
    >>> Chain(ACTIVATIONS["relu"], Inverse(np.array([[2.0]])))(np.array([[-1.0], [3.0]])).tolist()
    [[0.0], [6.0]]
    """

    def __init__(self, *parts: Part) -> None:
        self.parts = parts

    def __call__(self, x: Array) -> Array:
        """Return y (N, n_to) for x (N, n_from)."""
        for part in self.parts:
            x = part(x)
        return x

    def times_jacobian(self, v: Array, x: Array, y: Array) -> Array:
        """Return v J (N, n_to), the first-order change of y if x changes by v (N, n_from)."""
        for part, x_part, y_part in self._steps(x, y):
            v = part.times_jacobian(v, x_part, y_part)
        return v

    def times_jacobian_transposed(self, v: Array, x: Array, y: Array) -> Array:
        """Return v Jᵀ (N, n_from), the gradient for x, if v is the gradient for y."""
        for part, x_part, y_part in reversed(self._steps(x, y)):
            v = part.times_jacobian_transposed(v, x_part, y_part)
        return v

    def _steps(self, x: Array, y: Array) -> list[tuple[Part, Array, Array]]:
        """Return every part with its input and its output."""
        states = [x]
        for part in self.parts[:-1]:
            states.append(part(states[-1]))
        states.append(y)
        return list(zip(self.parts, states[:-1], states[1:], strict=False))
