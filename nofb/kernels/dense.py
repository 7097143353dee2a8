"""The computations of every layer with weights: the pre-activation, and the weight update.

Rows are samples; in a convolution they are patches. `np.dot` inside a kernel calls SciPy's BLAS.
"""

import numpy as np

from nofb.kernels.jit import kernel
from nofb.types import Array

LONG = 64  # numbers: shorter loops leave the vector unit idle


@kernel
def group(rows: int, units: int) -> int:
    """Return how many rows to join to one long row, so that no loop is very short."""
    count = 1
    while count * units < LONG and rows % (2 * count) == 0:
        count *= 2
    return count


@kernel
def add_bias(a: Array, b: Array) -> None:
    """a = h_below W + b, when a already holds the product."""
    count = group(*a.shape)
    long_a, long_b = a.reshape(a.shape[0] // count, -1), np.empty(count * b.size, b.dtype)
    for j in range(long_b.size):
        long_b[j] = b[j % b.size]
    for i in range(long_a.shape[0]):  # a += b
        for j in range(long_a.shape[1]):
            long_a[i, j] += long_b[j]


@kernel
def mean_rows(delta: Array, samples: int, db: Array | None) -> Array:
    """Return delta / N, and write the sum of its rows into db.

    Dividing the small signal costs less than dividing dW.
    """
    count = group(*delta.shape)
    long_delta = delta.reshape(delta.shape[0] // count, -1)
    long_mean, long_db = np.empty_like(long_delta), np.zeros(long_delta.shape[1], delta.dtype)
    factor = delta.dtype.type(1) / delta.dtype.type(samples)
    for i in range(long_delta.shape[0]):
        for j in range(long_delta.shape[1]):
            long_mean[i, j] = long_delta[i, j] * factor  # mean_delta = delta / N
            long_db[j] += long_mean[i, j]
    if db is not None:
        db[:] = 0
        for j in range(long_db.size):
            db[j % db.size] += long_db[j]  # Δb = mean_delta.sum(0)
    return long_mean.reshape(delta.shape)


@kernel
def weight_update(h_below: Array, delta: Array, samples: int, dW: Array, db: Array | None) -> None:
    """ΔW = h_belowᵀ δ / N, and Δb the mean of δ."""
    mean_delta = mean_rows(delta, samples, db)
    np.dot(h_below.T, mean_delta, dW)  # ΔW_l = h_{l-1}ᵀ δ_l / N  (n_in, n_out)
