"""Pooling: the largest or the mean of each window of a map.

The forward pass of max-pooling stores where the largest values were, and the other functions use
this: `winners` (N, H', W', C) holds for each pooled value the index of its pixel in the map,
counted row by row.
"""

import numpy as np

from nofb.kernels.jit import kernel
from nofb.types import Array


@kernel
def max_pool_of_four(maps: Array, pooled: Array, winners: Array) -> None:
    """Take the maximum of each window of 2 x 2 pixels, side by side; of equal ones the first."""
    width = maps.shape[2]
    for n in range(pooled.shape[0]):
        for y in range(pooled.shape[1]):
            above, below = maps[n, 2 * y], maps[n, 2 * y + 1]
            for x in range(pooled.shape[2]):
                a, b = above[2 * x], above[2 * x + 1]
                c, d = below[2 * x], below[2 * x + 1]
                value, winner = pooled[n, y, x], winners[n, y, x]
                first = np.int32(2 * y * width + 2 * x)
                for j in range(pooled.shape[3]):
                    best, place = a[j], np.int32(0)
                    if b[j] > best:
                        best, place = b[j], np.int32(1)
                    if c[j] > best:
                        best, place = c[j], np.int32(width)
                    if d[j] > best:
                        best, place = d[j], np.int32(width + 1)
                    value[j], winner[j] = best, first + place


@kernel
def max_pool(
    maps: Array, size: tuple[int, int], stride: tuple[int, int], pooled: Array, winners: Array
) -> None:
    """Take the maximum of each window of maps (N, H, W, C); of equal ones the first."""
    for n in range(pooled.shape[0]):
        for y in range(pooled.shape[1]):
            for x in range(pooled.shape[2]):
                top, left = y * stride[0], x * stride[1]
                for c in range(pooled.shape[3]):
                    best, winner = maps[n, top, left, c], top * maps.shape[2] + left
                    for i in range(top, top + size[0]):
                        for j in range(left, left + size[1]):
                            larger = maps[n, i, j, c] > best
                            best = maps[n, i, j, c] if larger else best
                            winner = i * maps.shape[2] + j if larger else winner
                    pooled[n, y, x, c], winners[n, y, x, c] = best, winner


@kernel
def to_winners(pooled: Array, winners: Array, maps: Array) -> None:
    """Send each pooled value (N, H', W', C) back to its winner; other pixels get 0."""
    maps[:] = 0
    pixels = maps.reshape(maps.shape[0], -1, maps.shape[3])
    for n in range(pooled.shape[0]):
        for y in range(pooled.shape[1]):
            for x in range(pooled.shape[2]):
                for c in range(pooled.shape[3]):
                    pixels[n, winners[n, y, x, c], c] += pooled[n, y, x, c]


@kernel
def from_winners(maps: Array, winners: Array, pooled: Array) -> None:
    """Read the value at each winner: this passes a signal upward."""
    pixels = maps.reshape(maps.shape[0], -1, maps.shape[3])
    for n in range(pooled.shape[0]):
        for y in range(pooled.shape[1]):
            for x in range(pooled.shape[2]):
                for c in range(pooled.shape[3]):
                    pooled[n, y, x, c] = pixels[n, winners[n, y, x, c], c]


@kernel
def avg_pool(maps: Array, size: tuple[int, int], stride: tuple[int, int], pooled: Array) -> None:
    """Take the mean of each window of maps (N, H, W, C)."""
    factor = maps.dtype.type(1) / maps.dtype.type(size[0] * size[1])
    pooled[:] = 0
    for n in range(pooled.shape[0]):
        for y in range(pooled.shape[1]):
            for x in range(pooled.shape[2]):
                top, left = y * stride[0], x * stride[1]
                for i in range(top, top + size[0]):
                    for j in range(left, left + size[1]):
                        for c in range(pooled.shape[3]):
                            pooled[n, y, x, c] += factor * maps[n, i, j, c]


@kernel
def to_windows(pooled: Array, size: tuple[int, int], stride: tuple[int, int], maps: Array) -> None:
    """Send each pooled value (N, H', W', C) back to its window, an equal part to every pixel."""
    factor = maps.dtype.type(1) / maps.dtype.type(size[0] * size[1])
    maps[:] = 0
    for n in range(pooled.shape[0]):
        for y in range(pooled.shape[1]):
            for x in range(pooled.shape[2]):
                top, left = y * stride[0], x * stride[1]
                for i in range(top, top + size[0]):
                    for j in range(left, left + size[1]):
                        for c in range(pooled.shape[3]):
                            maps[n, i, j, c] += factor * pooled[n, y, x, c]
