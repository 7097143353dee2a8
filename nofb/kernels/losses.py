"""Output units and their losses, per sample, written so that no exponential overflows.

Each of the three losses has the output unit for which the gradient with respect to the last
pre-activation is the difference e = ŷ - y.
"""

import numpy as np

from nofb.kernels.jit import kernel
from nofb.types import Array


@kernel
def softmax(a: Array, output: Array) -> None:
    """ŷ = exp(a) / Σ exp(a), sample by sample."""
    for i in range(a.shape[0]):
        top = a[i].max()
        total = a.dtype.type(0)
        for j in range(a.shape[1]):
            output[i, j] = np.exp(a[i, j] - top)
            total += output[i, j]
        for j in range(a.shape[1]):
            output[i, j] /= total


@kernel
def cross_entropy(a: Array, target: Array) -> float:
    """Σ over samples of -Σ_j y_j log softmax(a)_j = Σ_j y_j (log Σ exp(a) - a_j)."""
    loss = 0.0
    for i in range(a.shape[0]):
        top = a[i].max()
        log_total = np.log(np.exp(a[i] - top).sum()) + top
        for j in range(a.shape[1]):
            loss += target[i, j] * (log_total - a[i, j])
    return loss


@kernel
def binary_cross_entropy(a: Array, target: Array) -> float:
    """Σ over samples and outputs of -y log σ(a) - (1 - y) log(1 - σ(a)) = log(1 + exp(a)) - y a."""
    loss = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            softplus = max(a[i, j], 0.0) + np.log1p(np.exp(-abs(a[i, j])))
            loss += softplus - target[i, j] * a[i, j]
    return loss


@kernel
def squared_error(a: Array, target: Array) -> float:
    """Σ over samples of ½‖ŷ - y‖², where ŷ = a."""
    loss = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            loss += 0.5 * (a[i, j] - target[i, j]) ** 2
    return loss
