"""The activation functions, one per line: f(a), and its slope f'(a), the derivative.

`f(a, h)` writes f(a) into h. `times_slope(signal, h)` returns a teaching signal times f'(a). If h
alone does not determine the slope, the call is `times_slope(signal, h, a)`. The functions are
NumPy's where NumPy is fastest (as it is for tanh, by far).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nofb import checks
from nofb.kernels import slopes
from nofb.types import Array


def _logistic(a: Array, h: Array) -> None:
    """1 / (1 + exp(-a)), written as (1 + tanh(a / 2)) / 2, which cannot overflow."""
    np.multiply(a, 0.5, out=h)
    np.tanh(h, out=h)
    h *= 0.5
    h += 0.5


def _gelu(a: Array, h: Array) -> None:
    """a (1 + tanh(√(2/π) (a + 0.044715 a³))) / 2, the tanh form of Hendrycks & Gimpel 2016."""
    u = slopes.gelu_angle(a)
    slopes.gelu(a, np.tanh(u, out=u), h)


def _exact_gelu(a: Array, h: Array) -> None:
    """a Φ(a), with the normal distribution Φ."""
    (slopes.exact_gelu_single if a.dtype == np.float32 else slopes.exact_gelu)(a, h)


def _times_exact_gelu_slope(signal: Array, h: Array, a: Array) -> Array:
    """signal (Φ(a) + a φ(a)), with φ(a) = exp(-a² / 2) / √(2π)."""
    bell = a * a
    bell *= -0.5
    return slopes.times_exact_gelu_slope(signal, h, a, np.exp(bell, out=bell))


def _no_slope(signal: Array, h: Array) -> Array:
    """f'(a) = 1."""
    return signal.copy()


@dataclass(frozen=True)
class Activation:
    """A function f applied to every unit, with its slope f'.

    Parameters
    ----------
    name
        Its name in `ACTIVATIONS`.
    f
        `f(a, h)` writes f(a) into h. Both have the same shape, and may be the same array.
    times_slope
        `times_slope(signal, h)` returns signal ∘ f'(a), a new array, given h = f(a).
    needs_a
        Whether `times_slope` takes a as its third argument: two values of a can have the same h
        and different slopes. `times_jacobian` takes a and h for every activation.

    Examples
    --------
    >>> ACTIVATIONS["relu"](np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    >>> ACTIVATIONS["relu"].slope(np.array([-1.0, 2.0])).tolist()
    [0.0, 1.0]
    """

    name: str
    f: Callable[[Array, Array], object]
    times_slope: Callable[..., Array]
    needs_a: bool = False

    def __call__(self, a: Array) -> Array:
        """Return f(a), an array shaped like `a`."""
        a = np.asarray(a, order="C")  # a kernel would write into a copy of any other layout
        h = np.empty_like(a)
        self.f(a, h)
        return h

    def slope(self, a: Array) -> Array:
        """Return f'(a), an array shaped like `a`."""
        a = np.asarray(a, order="C")
        return self.times_jacobian(np.ones_like(a), a, self(a))

    def times_jacobian(self, v: Array, a: Array, h: Array) -> Array:
        """Return v ∘ f'(a), given h = f(a), as a new array."""
        v = np.ascontiguousarray(v)
        return self.times_slope(v, h, a) if self.needs_a else self.times_slope(v, h)

    times_jacobian_transposed = times_jacobian  # the Jacobian is diagonal

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Pickle and copy an activation of the table by its name: kernels cannot be pickled."""
        known = ACTIVATIONS.get(self.name) is self
        return (get, (self.name,)) if known else super().__reduce__()


# fmt: off
ACTIVATIONS = {activation.name: activation for activation in [
    #          name          f(a)                                  f'(a)
    Activation("identity",   lambda a, h: np.copyto(h, a),         _no_slope),
    Activation("tanh",       lambda a, h: np.tanh(a, out=h),       slopes.times_tanh_slope),
    Activation("logistic",   _logistic,                            slopes.times_logistic_slope),
    Activation("relu",       lambda a, h: np.maximum(a, 0, out=h), slopes.times_relu_slope),
    Activation("leaky_relu", slopes.leaky_relu,                    slopes.times_leaky_relu_slope),
    Activation("gelu",       _gelu,                                slopes.times_gelu_slope, True),
    Activation("exact_gelu", _exact_gelu,                          _times_exact_gelu_slope, True),
]}
# fmt: on


def get(name: str | None) -> Activation:
    """Return the activation called `name`; `None` means the identity."""
    name = "identity" if name is None else name
    if name == "softmax":
        raise ValueError(
            "activation is 'softmax', which no layer has: the loss \"cross_entropy\" brings the "
            "softmax of the outputs, so leave out the activation of the last layer"
        )
    checks.choice("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]
