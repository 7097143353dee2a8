"""A teaching signal times the slope of the activation it passes: `signal *= f'(a)`.

Each slope is written in terms of h = f(a), which the forward pass has already worked out; a
saturated unit (h near ±1 for tanh) lets nothing through, and that is all a slope does.
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
def times_leaky_relu_slope(signal: Array, h: Array) -> None:
    """f'(a) = 1 where a > 0, and LEAK elsewhere."""
    signal, h = signal.reshape(-1), h.reshape(-1)
    leak = h.dtype.type(LEAK)
    for i in range(h.size):  # signal *= where(h > 0, 1, LEAK)
        signal[i] = signal[i] if h[i] > 0 else signal[i] * leak
