"""The steps of the optimizers, in place, given a parameter and the update of a rule."""

import numpy as np

from nofb.kernels.jit import kernel
from nofb.types import Array


@kernel
def fit(W: Array, other: Array) -> None:
    """Refuse an array with another layout than W: the loops below would leave its memory."""
    contiguous = W.flags.c_contiguous and other.flags.c_contiguous
    if other.shape != W.shape or np.iscomplexobj(other) or not contiguous:
        raise ValueError("arrays of one step must be real and C-contiguous, and have one shape")


@kernel
def descend(W: Array, dW: Array, lr: float) -> None:
    """W ← W - η dW."""
    fit(W, dW)
    W, dW, lr = W.reshape(-1), dW.reshape(-1), W.dtype.type(lr)
    for i in range(W.size):
        W[i] -= lr * dW[i]


@kernel
def momentum(W: Array, dW: Array, v: Array, lr: float, mu: float) -> None:
    """v ← μ v + dW, then W ← W - η v."""
    fit(W, dW)
    fit(W, v)
    W, dW, v = W.reshape(-1), dW.reshape(-1), v.reshape(-1)
    lr, mu = W.dtype.type(lr), W.dtype.type(mu)
    for i in range(W.size):
        v[i] = mu * v[i] + dW[i]
        W[i] -= lr * v[i]


@kernel
def nesterov(W: Array, dW: Array, v: Array, lr: float, mu: float) -> None:
    """v ← μ v + dW, then W ← W - η (dW + μ v): momentum with a look ahead of one step."""
    fit(W, dW)
    fit(W, v)
    W, dW, v = W.reshape(-1), dW.reshape(-1), v.reshape(-1)
    lr, mu = W.dtype.type(lr), W.dtype.type(mu)
    for i in range(W.size):
        v[i] = mu * v[i] + dW[i]
        W[i] -= lr * (dW[i] + mu * v[i])


@kernel
def rmsprop(W: Array, dW: Array, s: Array, lr: float, rho: float, epsilon: float) -> None:
    """s ← ρ s + (1 - ρ) dW², then W ← W - η dW / (√s + ε)."""
    fit(W, dW)
    fit(W, s)
    W, dW, s = W.reshape(-1), dW.reshape(-1), s.reshape(-1)
    real = W.dtype.type
    lr, rho, rest, epsilon = real(lr), real(rho), real(1 - rho), real(epsilon)
    for i in range(W.size):
        s[i] = rho * s[i] + rest * dW[i] * dW[i]
        W[i] -= lr * dW[i] / (np.sqrt(s[i]) + epsilon)


@kernel
def adam(
    W: Array, dW: Array, m: Array, s: Array, lr: float, beta1: float, beta2: float, epsilon: float
) -> None:
    """m ← β₁ m + (1 - β₁) dW, s ← β₂ s + (1 - β₂) dW², then W ← W - η m / (√s + ε).

    Both averages start at zero; the η and ε of the caller already correct for this.
    """
    fit(W, dW)
    fit(W, m)
    fit(W, s)
    W, dW, m, s = W.reshape(-1), dW.reshape(-1), m.reshape(-1), s.reshape(-1)
    real = W.dtype.type
    rest1, rest2 = real(1 - beta1), real(1 - beta2)
    lr, beta1, beta2, epsilon = real(lr), real(beta1), real(beta2), real(epsilon)
    for i in range(W.size):
        m[i] = beta1 * m[i] + rest1 * dW[i]
        s[i] = beta2 * s[i] + rest2 * dW[i] * dW[i]
        W[i] -= lr * m[i] / (np.sqrt(s[i]) + epsilon)


@kernel
def squared_length(dW: Array) -> float:
    """Σ dW², summed in float64: a sum of many float32 squares would lose the small ones."""
    total = 0.0
    for each in dW.flat:  # np.sum(dW.astype(float) ** 2)
        total += np.float64(each) * np.float64(each)
    return total


@kernel
def limit_columns(W: Array, limit: float) -> None:
    """Scale every column of W (n_in, n_out) that is longer than `limit` to this length.

    A column whose length is infinite stays, so that the run is stopped as diverged.
    """
    limit = W.dtype.type(limit)
    for j in range(W.shape[1]):
        length = W.dtype.type(0)
        for i in range(W.shape[0]):  # length = ‖W[:, j]‖
            length += W[i, j] * W[i, j]
        length = np.sqrt(length)
        if limit < length < np.inf:
            for i in range(W.shape[0]):
                W[i, j] *= limit / length
