"""What the layers compute, written again with naive loops over numbers or tokens."""

import math

import numpy as np


def batch_norm(x, gamma, beta, epsilon, moments=None):
    """Normalise each unit over all samples and pixels, or with given (means, variances)."""
    h = np.empty_like(x)
    for j in range(x.shape[-1]):
        values = x[..., j]
        if moments is None:
            mean = sum(values.ravel()) / values.size
            variance = sum((value - mean) ** 2 for value in values.ravel()) / values.size
        else:
            mean, variance = moments[0][j], moments[1][j]
        h[..., j] = gamma[j] * (values - mean) / math.sqrt(variance + epsilon) + beta[j]
    return h


def layer_norm(x, gamma, beta, epsilon):
    """Normalise each row of the last axis by itself."""
    h = np.empty_like(x)
    for place in np.ndindex(*x.shape[:-1]):
        row = x[place]
        mean = sum(row) / len(row)
        variance = sum((value - mean) ** 2 for value in row) / len(row)
        h[place] = [
            g * (value - mean) / math.sqrt(variance + epsilon) + b
            for g, value, b in zip(gamma, row, beta, strict=True)
        ]
    return h


def attention(queries, keys, values, heads, causal=False, present=None):
    """Return the output for every token, and the weights (N, heads, T, T)."""
    samples, tokens, units = queries.shape
    d = units // heads
    h, weights = np.zeros_like(queries), np.zeros((samples, heads, tokens, tokens))
    for n, head, i in np.ndindex(samples, heads, tokens):
        own = slice(head * d, (head + 1) * d)
        seen = range(i + 1) if causal else range(tokens)
        seen = seen if present is None else [j for j in seen if present[n, j, 0]]
        scores = [queries[n, i, own] @ keys[n, j, own] / math.sqrt(d) for j in seen]
        parts = [math.exp(score) for score in scores]
        for j, part in zip(seen, parts, strict=True):
            weights[n, head, i, j] = part / sum(parts)
            h[n, i, own] += weights[n, head, i, j] * values[n, j, own]
    return h, weights


def avg_pool(maps, size, stride):
    """Return the mean of each window of maps (N, H, W, C)."""
    rows = range(0, maps.shape[1] - size[0] + 1, stride[0])
    columns = range(0, maps.shape[2] - size[1] + 1, stride[1])
    return np.stack(
        [
            np.stack([maps[:, i : i + size[0], j : j + size[1]].mean((1, 2)) for j in columns], 1)
            for i in rows
        ],
        1,
    )


def patches(maps, size):
    """Return each square of maps (N, H, W, C) as a row, in the order of the rows of the map."""
    samples, height, width, _ = maps.shape
    squares = [
        maps[:, i : i + size, j : j + size].reshape(samples, -1)
        for i in range(0, height, size)
        for j in range(0, width, size)
    ]
    return np.stack(squares, 1)
