"""A teaching signal times the slope (derivative) of an activation: δ = signal ∘ f'(a).

Each slope is written as a function of h = f(a), which the forward pass has already computed. At a
saturated unit (h near ±1 for tanh) it is near 0 and blocks the signal. GELU is not monotonic, so
its slope needs a as well. Leaky ReLU and GELU themselves are here too, because NumPy has no
function for them. Arrays are read as one row of numbers: an expression in four dimensions takes
Numba ten seconds to compile.
"""

from math import erf

import numpy as np

from nofb.kernels.jit import kernel
from nofb.types import Array

LEAK = 0.01  # the slope of leaky ReLU below zero
STEEP, CUBIC = np.sqrt(2 / np.pi), 0.044715  # of GELU in its tanh form
# erf(x) = x p(x²) / q(x²) up to 3e-8 for |x| <= 4, where it is 1 in single precision: fitted to
# SciPy's erf by weighted least squares until the largest relative error was smallest.
# fmt: off
ERF_ABOVE = tuple(map(np.float32, (
    1.1283791396, 0.19353350637, 0.053100184223, 0.0038828410651, 0.00028455340649,
    1.9868543497e-06,
)))
ERF_BELOW = tuple(map(np.float32, (
    1, 0.50484716284, 0.11534519319, 0.015206242871, 0.0011854471196, 3.7420270594e-05,
)))
# fmt: on


@kernel
def times_tanh_slope(signal: Array, h: Array) -> Array:
    """f'(a) = 1 - tanh²(a)."""
    one, delta = h.dtype.type(1), np.empty_like(signal)
    flat, signal, h = delta.reshape(-1), signal.reshape(-1), h.reshape(-1)
    for i in range(h.size):  # delta = signal * (1 - h * h)
        flat[i] = signal[i] * (one - h[i] * h[i])
    return delta


@kernel
def times_logistic_slope(signal: Array, h: Array) -> Array:
    """f'(a) = h (1 - h)."""
    one, delta = h.dtype.type(1), np.empty_like(signal)
    flat, signal, h = delta.reshape(-1), signal.reshape(-1), h.reshape(-1)
    for i in range(h.size):  # delta = signal * h * (1 - h)
        flat[i] = signal[i] * (h[i] * (one - h[i]))
    return delta


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


@kernel
def gelu_angle(a: Array) -> Array:
    """u = √(2/π) (a + 0.044715 a³), the argument of the tanh in GELU."""
    steep, cubic, one = a.dtype.type(STEEP), a.dtype.type(CUBIC), a.dtype.type(1)
    u = np.empty_like(a)
    flat, a = u.reshape(-1), a.reshape(-1)
    for i in range(a.size):
        flat[i] = steep * a[i] * (one + cubic * a[i] * a[i])
    return u


@kernel
def gelu(a: Array, tanh_u: Array, h: Array) -> None:
    """f(a) = a (1 + tanh u) / 2, nearly a Φ(a); h may be a."""
    half = a.dtype.type(0.5)
    a, tanh_u, h = a.reshape(-1), tanh_u.reshape(-1), h.reshape(-1)
    for i in range(a.size):
        h[i] = a[i] * (half + half * tanh_u[i])


@kernel
def times_gelu_slope(signal: Array, h: Array, a: Array) -> Array:
    """f'(a) = g + a g', where g = h / a = (1 + tanh u) / 2 and g' = 2 g (1 - g) u'."""
    real = a.dtype.type
    steep, cubic, one, two, half = real(STEEP), real(3 * CUBIC), real(1), real(2), real(0.5)
    delta = np.empty_like(signal)
    flat, signal, h, a = delta.reshape(-1), signal.reshape(-1), h.reshape(-1), a.reshape(-1)
    for i in range(a.size):
        square = a[i] * a[i]
        g = h[i] / a[i] if square > 0 else half  # so near 0, g is 1/2
        slope_u = steep * (one + cubic * square)
        flat[i] = signal[i] * (g + a[i] * two * g * (one - g) * slope_u)
    return delta


@kernel
def exact_gelu(a: Array, h: Array) -> None:
    """f(a) = a Φ(a), with Φ(a) = (1 + erf(a / √2)) / 2, the share of a normal number below a."""
    real = a.dtype.type
    half, root = real(0.5), real(np.sqrt(0.5))
    a, h = a.reshape(-1), h.reshape(-1)
    for i in range(a.size):
        h[i] = a[i] * (half + half * real(erf(root * a[i])))


@kernel
def exact_gelu_single(a: Array, h: Array) -> None:
    """f(a) = a Φ(a) in single precision, many times as fast: erf is a ratio of polynomials."""
    half, root, most = np.float32(0.5), np.float32(np.sqrt(0.5)), np.float32(4)
    a, h = a.reshape(-1), h.reshape(-1)
    for i in range(a.size):
        x = min(max(root * a[i], -most), most)
        s = x * x
        p, q = ERF_ABOVE[5], ERF_BELOW[5]
        for k in range(4, -1, -1):
            p, q = p * s + ERF_ABOVE[k], q * s + ERF_BELOW[k]
        h[i] = a[i] * (half + half * (x * p / q))


@kernel
def times_exact_gelu_slope(signal: Array, h: Array, a: Array, bell: Array) -> Array:
    """f'(a) = Φ(a) + a φ(a), where Φ = h / a, and φ = bell / √(2π) is the normal density."""
    real = a.dtype.type
    half, density = real(0.5), real(1 / np.sqrt(2 * np.pi))
    delta = np.empty_like(signal)
    flat, signal, h = delta.reshape(-1), signal.reshape(-1), h.reshape(-1)
    a, bell = a.reshape(-1), bell.reshape(-1)
    for i in range(a.size):
        below = h[i] / a[i] if a[i] * a[i] > 0 else half
        flat[i] = signal[i] * (below + a[i] * density * bell[i])
    return delta
