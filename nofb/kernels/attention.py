"""The softmax inside attention, for all heads of all samples at once.

Row i of A (N, heads, T, T) holds the weights with which token i reads from each token j. NumPy
computes the exponential between `shift` and `normalise`: in Numba it is one call per number.
"""

import numpy as np

from nofb.kernels.jit import kernel
from nofb.types import Array


@kernel
def hide(A: Array, present: Array) -> None:
    """Set the scores of padding tokens to -∞: present (N, T) is 0 for padding, otherwise 1."""
    half = present.dtype.type(0.5)
    for n in range(A.shape[0]):
        rows = A[n].reshape(-1, A.shape[3])
        for j in range(A.shape[3]):
            if present[n, j] <= half:  # A[n, :, :, j] = -inf
                rows[:, j] = -np.inf


@kernel
def shift(A: Array, scale: float, causal: bool) -> None:
    """A ← scale A minus the maximum of its row, so that no exponential overflows.

    If `causal`, later tokens get -∞, and so the weight 0. A score of -∞ does not change.
    """
    rows = A.reshape(-1, A.shape[3])
    scale = A.dtype.type(scale)
    for i in range(rows.shape[0]):
        row = rows[i]
        seen = i % A.shape[2] + 1 if causal else row.size
        top = row[0]
        for j in range(seen):
            top = max(top, row[j])
        if top == -np.inf:  # there is nothing to take from, and -∞ less -∞ is no number
            top = A.dtype.type(0)
        for j in range(seen):
            row[j] = scale * (row[j] - top)
        for j in range(seen, row.size):
            row[j] = -np.inf


@kernel
def normalise(A: Array) -> None:
    """A ← A / Σ_j A: each row sums to 1, and a row of zeros stays one."""
    rows = A.reshape(-1, A.shape[3])
    for i in range(rows.shape[0]):
        row, total = rows[i], A.dtype.type(0)
        for j in range(row.size):
            total += row[j]
        factor = A.dtype.type(0) if total == 0 else A.dtype.type(1) / total
        for j in range(row.size):
            row[j] *= factor


@kernel
def softmax_back(A: Array, dA: Array, scale: float) -> None:
    """dA ← scale A ∘ (dA - Σ_j dA ∘ A): the signal on the weights becomes one on Q Kᵀ."""
    weights, signals = A.reshape(-1, A.shape[3]), dA.reshape(-1, A.shape[3])
    scale = A.dtype.type(scale)
    for i in range(weights.shape[0]):
        row, signal, along = weights[i], signals[i], A.dtype.type(0)
        for j in range(row.size):
            along += signal[j] * row[j]
        for j in range(row.size):
            signal[j] = scale * row[j] * (signal[j] - along)
