"""ZCA whitening: pixels that no longer predict each other, and still look like the image.

Bell & Sejnowski 1997 (Vision Research 37:3327).

    Σ = U Λ Uᵀ                                      (1)   covariance of the training samples
    x' = (x - mean) U (Λ + ε)^(-1/2) Uᵀ             (2)
"""

from __future__ import annotations

import numpy as np

from nofb import checks
from nofb.types import Array


def zca(x: Array, epsilon: float) -> tuple[Array, Array]:
    """Return the mean (n,) and the matrix (n, n) that whiten samples (N, n).

    Parameters
    ----------
    x
        Samples as rows.
    epsilon
        What is added to each variance, so that noise is not blown up.

    Examples
    --------
    >>> mixing = np.array([[2.0, 1, 0], [0, 1, 0], [0, 0, 5]])
    >>> x = np.random.default_rng(0).normal(size=(500, 3)) @ mixing
    >>> mean, M = zca(x, 1e-9)
    >>> bool(np.allclose(np.cov(((x - mean) @ M).T, bias=True), np.eye(3), atol=1e-6))
    True
    """
    epsilon = checks.number("epsilon", epsilon, above=0)
    mean = x.mean(axis=0, dtype=np.float64)
    centred = x - mean.astype(x.dtype)
    variances, U = np.linalg.eigh(np.asarray(centred.T @ centred, np.float64) / len(x))  # eq. 1
    M = U / np.sqrt(np.maximum(variances, 0) + epsilon) @ U.T  # of eq. 2
    return mean.astype(x.dtype), M.astype(x.dtype)
