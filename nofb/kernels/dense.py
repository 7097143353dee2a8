"""What every layer with weights computes: its pre-activation, and the step of its weights.

Rows are samples; for a convolution they are patches. `np.dot` inside a kernel calls SciPy's BLAS.
"""

import numpy as np

from nofb.kernels.jit import kernel
from nofb.types import Array


@kernel
def add_bias(a: Array, b: Array) -> None:
    """a = h_below W + b, once a holds the product."""
    for i in range(a.shape[0]):  # a += b
        for j in range(a.shape[1]):
            a[i, j] += b[j]


@kernel
def mean_rows(delta: Array, samples: int, db: Array | None) -> Array:
    """Return delta / N, and write the sum of its rows into db.

    To divide the small signal costs less than to divide dW.
    """
    mean_delta = np.empty_like(delta)
    share = delta.dtype.type(1) / delta.dtype.type(samples)
    if db is not None:
        db[:] = 0
    for i in range(delta.shape[0]):
        for j in range(delta.shape[1]):
            mean_delta[i, j] = delta[i, j] * share  # mean_delta = delta / N
        if db is not None:
            for j in range(delta.shape[1]):
                db[j] += mean_delta[i, j]  # Δb = mean_delta.sum(0)
    return mean_delta


@kernel
def weight_update(h_below: Array, delta: Array, samples: int, dW: Array, db: Array | None) -> None:
    """ΔW = h_belowᵀ δ / N, and Δb the mean of δ."""
    mean_delta = mean_rows(delta, samples, db)
    np.dot(h_below.T, mean_delta, dW)  # ΔW_l = h_{l-1}ᵀ δ_l / N  (n_in, n_out)
