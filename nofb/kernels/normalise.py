"""Normalisation: each unit over the rows of a batch, or each row over its units.

x are rows (R, units). z = (x - μ) r has mean 0 and variance 1, where r = 1 / √(σ² + ε), and
h = γ z + β. The mean μ and r depend on x too, so that a signal s on z goes back as

    r (s - mean(s) - z mean(s ∘ z)),

with means over the same axis as μ. Sums over many rows are in double precision.
"""

import numpy as np

from nofb.kernels.jit import kernel
from nofb.types import Array

# -- batch normalisation: each unit over the rows --------------------------------------------------


@kernel
def column_moments(x: Array) -> tuple[Array, Array]:
    """Return the mean μ and the variance σ² of each column of x (R, units), both (units,)."""
    mean, variance = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            mean[j] += x[i, j]
    mean /= x.shape[0]  # μ = mean(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            variance[j] += (x[i, j] - mean[j]) ** 2
    variance /= x.shape[0]  # σ² = mean((x - μ)²)
    return mean.astype(x.dtype), variance.astype(x.dtype)


@kernel
def batch_norm(x: Array, mean: Array, r: Array, gamma: Array, beta: Array, h: Array) -> None:
    """h = γ (x - μ) r + β, with one μ and one r for each column."""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            z = (x[i, j] - mean[j]) * r[j]
            h[i, j] = gamma[j] * z + beta[j]


@kernel
def batch_norm_sums(signal: Array, x: Array, mean: Array, r: Array) -> tuple[Array, Array]:
    """Return Σ s and Σ s ∘ z of each column, both (units,)."""
    total, along_z = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            z = (x[i, j] - mean[j]) * r[j]
            total[j] += signal[i, j]
            along_z[j] += signal[i, j] * z
    return total.astype(x.dtype), along_z.astype(x.dtype)


@kernel
def batch_norm_back(signal: Array, x: Array, mean: Array, r: Array, gamma: Array) -> Array:
    """Return γ r (s - mean(s) - z mean(s ∘ z)), with means over the rows."""
    rows = x.dtype.type(x.shape[0])
    total, along_z = batch_norm_sums(signal, x, mean, r)
    total /= rows  # mean(s)
    along_z /= rows  # mean(s ∘ z)
    below = np.empty_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            z = (x[i, j] - mean[j]) * r[j]
            below[i, j] = gamma[j] * r[j] * (signal[i, j] - total[j] - z * along_z[j])
    return below


# -- layer normalisation: each row over its units --------------------------------------------------


@kernel
def layer_norm(
    x: Array, gamma: Array, beta: Array, epsilon: float, h: Array, mean: Array, r: Array
) -> None:
    """h = γ (x - μ) r + β, with one μ and one r for each row, which are returned (R,)."""
    real = x.dtype.type
    units = real(x.shape[1])
    for i in range(x.shape[0]):
        total, squares = real(0), real(0)
        for j in range(x.shape[1]):
            total += x[i, j]
        mean[i] = total / units  # μ = mean(x)
        for j in range(x.shape[1]):
            squares += (x[i, j] - mean[i]) ** 2
        r[i] = real(1) / np.sqrt(squares / units + real(epsilon))  # r = 1 / √(σ² + ε)
        for j in range(x.shape[1]):
            h[i, j] = gamma[j] * ((x[i, j] - mean[i]) * r[i]) + beta[j]


@kernel
def layer_norm_sums(signal: Array, x: Array, mean: Array, r: Array) -> tuple[Array, Array]:
    """Return Σ s and Σ s ∘ z over the rows, both (units,)."""
    total, along_z = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            z = (x[i, j] - mean[i]) * r[i]
            total[j] += signal[i, j]
            along_z[j] += signal[i, j] * z
    return total.astype(x.dtype), along_z.astype(x.dtype)


@kernel
def layer_norm_back(signal: Array, x: Array, mean: Array, r: Array, gamma: Array) -> Array:
    """Return r (γ s - mean(γ s) - z mean(γ s ∘ z)), with means over the units."""
    real = x.dtype.type
    units = real(x.shape[1])
    below = np.empty_like(x)
    for i in range(x.shape[0]):
        total, along_z = real(0), real(0)
        for j in range(x.shape[1]):
            total += gamma[j] * signal[i, j]
            along_z += gamma[j] * signal[i, j] * ((x[i, j] - mean[i]) * r[i])
        total /= units  # mean(γ s)
        along_z /= units  # mean(γ s ∘ z)
        for j in range(x.shape[1]):
            z = (x[i, j] - mean[i]) * r[i]
            below[i, j] = r[i] * (gamma[j] * signal[i, j] - total - z * along_z)
    return below
