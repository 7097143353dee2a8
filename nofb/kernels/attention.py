"""The softmax inside attention, for all heads of all samples at once.

A (N, heads, T, T) holds in row i how much token i takes from each token j. NumPy does the
exponential between `shift` and `normalise`: Numba's is one call for each number.
"""

import numpy as np

from nofb.kernels.jit import kernel
from nofb.types import Array


@kernel
def hide(A: Array, present: Array) -> None:
    """Give -∞ to every score of a token that is padding: present (N, T) is 0 there, and 1 else."""
    half = present.dtype.type(0.5)
    for n in range(A.shape[0]):
        rows = A[n].reshape(-1, A.shape[3])
        for j in range(A.shape[3]):
            if present[n, j] <= half:  # A[n, :, :, j] = -inf
                rows[:, j] = -np.inf


@kernel
def shift(A: Array, scale: float, causal: bool) -> None:
    """A ← scale A less the largest of its row, so that no exponential overflows.

    If `causal`, later tokens get -∞ and thus no weight. A score of -∞ stays what it is.
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
        share = A.dtype.type(0) if total == 0 else A.dtype.type(1) / total
        for j in range(row.size):
            row[j] *= share


@kernel
def softmax_back(A: Array, dA: Array, scale: float) -> None:
    """dA ← scale A ∘ (dA - Σ_j dA ∘ A): from a signal on the weights to one on Q Kᵀ."""
    weights, signals = A.reshape(-1, A.shape[3]), dA.reshape(-1, A.shape[3])
    scale = A.dtype.type(scale)
    for i in range(weights.shape[0]):
        row, signal, along = weights[i], signals[i], A.dtype.type(0)
        for j in range(row.size):
            along += signal[j] * row[j]
        for j in range(row.size):
            signal[j] = scale * row[j] * (signal[j] - along)
