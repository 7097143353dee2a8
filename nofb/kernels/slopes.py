"""A teaching signal times the slope of the activation it passes: δ = signal ∘ f'(a).

Each slope is written in terms of h = f(a), which the forward pass has already worked out; a
saturated unit (h near ±1 for tanh) lets nothing through, and that is all a slope does. Leaky ReLU
itself stands here too: NumPy has no function for it.
"""

import numpy as np

from nofb.kernels.jit import kernel
from nofb.types import Array

LEAK = 0.01  # what leaky ReLU lets through below zero


@kernel
def times_tanh_slope(signal: Array, h: Array) -> Array:
    """f'(a) = 1 - tanh²(a)."""
    one = h.dtype.type(1)
    return signal * (one - h * h)


@kernel
def times_logistic_slope(signal: Array, h: Array) -> Array:
    """f'(a) = h (1 - h)."""
    one = h.dtype.type(1)
    return signal * (h * (one - h))


@kernel
def times_relu_slope(signal: Array, h: Array) -> Array:
    """f'(a) = 1 where a > 0, and 0 elsewhere, at a = 0 too."""
    delta = np.empty_like(signal)
    flat, signal, h = delta.reshape(-1), signal.reshape(-1), h.reshape(-1)
    for i in range(h.size):  # delta = signal * (h > 0)
        flat[i] = signal[i] if h[i] > 0 else h.dtype.type(0)
    return delta


@kernel
def leaky_relu(a: Array, h: Array) -> None:
    """f(a) = a where a > 0, and LEAK a elsewhere; h may be a."""
    a, h = a.reshape(-1), h.reshape(-1)
    leak = a.dtype.type(LEAK)
    for i in range(a.size):  # h = max(a, LEAK * a)
        h[i] = a[i] if a[i] > 0 else a[i] * leak


@kernel
def times_leaky_relu_slope(signal: Array, h: Array) -> Array:
    """f'(a) = 1 where a > 0, and LEAK elsewhere."""
    leak = h.dtype.type(LEAK)
    delta = np.empty_like(signal)
    flat, signal, h = delta.reshape(-1), signal.reshape(-1), h.reshape(-1)
    for i in range(h.size):  # delta = signal * where(h > 0, 1, LEAK)
        flat[i] = signal[i] if h[i] > 0 else signal[i] * leak
    return delta
