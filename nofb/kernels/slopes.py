"""A teaching signal times the slope of the activation it passes: `signal *= f'(a)`.

Each slope is written in terms of h = f(a), which the forward pass has already worked out; a
saturated unit (h near ±1 for tanh) lets nothing through, and that is all a slope does. Leaky ReLU
itself stands here too: NumPy has no function for it.
"""

from nofb.kernels.jit import kernel
from nofb.types import Array

LEAK = 0.01  # what leaky ReLU lets through below zero


@kernel
def times_tanh_slope(signal: Array, h: Array) -> None:
    """f'(a) = 1 - tanh²(a)."""
    signal, h = signal.reshape(-1), h.reshape(-1)
    one = h.dtype.type(1)
    for i in range(h.size):  # signal *= 1 - h * h
        signal[i] *= one - h[i] * h[i]


@kernel
def times_logistic_slope(signal: Array, h: Array) -> None:
    """f'(a) = h (1 - h)."""
    signal, h = signal.reshape(-1), h.reshape(-1)
    one = h.dtype.type(1)
    for i in range(h.size):  # signal *= h * (1 - h)
        signal[i] *= h[i] * (one - h[i])


@kernel
def times_relu_slope(signal: Array, h: Array) -> None:
    """f'(a) = 1 where a > 0, and 0 elsewhere, at a = 0 too."""
    signal, h = signal.reshape(-1), h.reshape(-1)
    for i in range(h.size):  # signal *= h > 0
        signal[i] = signal[i] if h[i] > 0 else h.dtype.type(0)


@kernel
def leaky_relu(a: Array, h: Array) -> None:
    """f(a) = a where a > 0, and LEAK a elsewhere; h may be a."""
    a, h = a.reshape(-1), h.reshape(-1)
    leak = a.dtype.type(LEAK)
    for i in range(a.size):  # h = max(a, LEAK * a)
        h[i] = a[i] if a[i] > 0 else a[i] * leak


@kernel
def times_leaky_relu_slope(signal: Array, h: Array) -> None:
    """f'(a) = 1 where a > 0, and LEAK elsewhere."""
    signal, h = signal.reshape(-1), h.reshape(-1)
    leak = h.dtype.type(LEAK)
    for i in range(h.size):  # signal *= where(h > 0, 1, LEAK)
        signal[i] = signal[i] if h[i] > 0 else signal[i] * leak
