"""Functions that students write in one piece, and that nofb has as several kernels."""

from __future__ import annotations

import numpy as np

from nofb.kernels.attention import normalise, shift
from nofb.transfer.toast import cosines, mask, select
from nofb.types import Array


def feature_selection(z: Array, xi: Array, P: Array) -> Array:
    """Select the tokens that point in the direction of the task: u = m z P."""
    m = mask(cosines(z, xi))  # (T,)
    return select(z, m) @ P  # (T, d)


def steered_attention(X: Array, td: Array, W_Q: Array, W_K: Array, W_V: Array) -> Array:
    """Attend once more, with the top-down signal td in the values only."""
    A = ((X @ W_Q) @ (X @ W_K).T)[None, None]  # (1, 1, T, T): one sample, one head
    shift(A, 1 / np.sqrt(W_K.shape[1]), False)
    A = np.exp(A)
    normalise(A)  # softmax(Q Kᵀ / √d)
    return A[0, 0] @ ((X + td) @ W_V)  # (T, d)
