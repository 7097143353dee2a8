"""The three matrix products of a layer with weights: forward, back, and the weight step.

Rows are samples. `B` is whatever matrix the error travels back through: backprop hands in `W.T`,
feedback alignment a random matrix. BLAS reads a transposed view as it stands; nothing is copied.
"""

import numpy as np

from nofb.kernels.jit import kernel
from nofb.types import Array


@kernel
def affine(h_below: Array, W: Array, b: Array | None, a: Array) -> None:
    """a = h_below W + b."""
    np.dot(h_below, W, a)  # (N, n_out)
    if b is not None:
        for i in range(a.shape[0]):  # a += b
            for j in range(a.shape[1]):
                a[i, j] += b[j]


@kernel
def product(left: Array, right: Array, out: Array) -> None:
    """out = left right: a signal sent back through B, or an error projected through D."""
    np.dot(left, right, out)


@kernel
def weight_product(
    h_below: Array, delta: Array, samples: int, mean_delta: Array, dW: Array, db: Array | None
) -> None:
    """dW = h_belowᵀ delta / N and db = the sum of delta's rows / N.

    `mean_delta` is room for delta / N: dividing the small signal is cheaper than dividing dW.
    """
    share = delta.dtype.type(1) / delta.dtype.type(samples)
    if db is not None:
        db[:] = 0
    for i in range(delta.shape[0]):  # mean_delta = delta / N
        for j in range(delta.shape[1]):
            mean_delta[i, j] = delta[i, j] * share
            if db is not None:
                db[j] += mean_delta[i, j]
    np.dot(h_below.T, mean_delta, dW)  # (n_in, n_out)
