"""The three matrix products of a layer with weights: forward, back, and the weight step.

Rows are samples. `B` is whatever matrix the error travels back through: backprop hands in `W.T`,
feedback alignment a random matrix. The products are NumPy's own, which hand a transposed matrix to
BLAS as it stands, into memory that is there already, while other Python threads go on.
"""

import numpy as np

from nofb.kernels.jit import kernel
from nofb.types import Array


def affine(h_below: Array, W: Array, b: Array | None, a: Array) -> None:
    """a = h_below W + b."""
    np.dot(h_below, W, out=a)  # (N, n_out)
    if b is not None:
        add_bias(a, b)


def product(left: Array, right: Array, out: Array) -> None:
    """out = left right: a signal sent back through B, or an error projected through D."""
    np.dot(left, right, out=out)


def weight_product(h_below: Array, mean_delta: Array, dW: Array) -> None:
    """dW = h_belowᵀ (delta / N)."""
    np.dot(h_below.T, mean_delta, out=dW)  # ΔW_l = h_{l-1}ᵀ δ_l / N  (n_in, n_out)


def weight_product_in_rows(h_below: Array, mean_delta: Array, dW: Array, rows: slice) -> None:
    """The same in some rows of dW alone, for one of several threads."""
    np.matmul(h_below.T[rows], mean_delta, out=dW[rows])  # unlike np.dot, without a copy


@kernel
def add_bias(a: Array, b: Array) -> None:
    """a += b, in every row."""
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            a[i, j] += b[j]


@kernel
def mean(delta: Array, samples: int, mean_delta: Array, db: Array | None) -> None:
    """mean_delta = delta / N, and db = the sum of its rows.

    Dividing the small signal is cheaper than dividing dW.
    """
    share = delta.dtype.type(1) / delta.dtype.type(samples)
    flat, mean_flat = delta.reshape(-1), mean_delta.reshape(-1)
    for i in range(flat.size):  # mean_delta = delta / N
        mean_flat[i] = flat[i] * share
    if db is not None:
        db[:] = 0
        for i in range(delta.shape[0]):  # db = mean_delta.sum(0)
            for j in range(delta.shape[1]):
                db[j] += mean_delta[i, j]
