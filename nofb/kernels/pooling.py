"""Max-pooling: the forward pass remembers who won, and everything else follows the winners."""

from nofb.kernels.jit import kernel
from nofb.types import Array


@kernel
def max_pool(
    maps: Array, size: tuple[int, int], stride: tuple[int, int], pooled: Array, winners: Array
) -> None:
    """Take the largest of each window of maps (N, H, W, C); a tie goes to the first.

    `winners` (N, H', W', C, 2) keeps the winner's row and column.
    """
    for n in range(pooled.shape[0]):
        for y in range(pooled.shape[1]):
            for x in range(pooled.shape[2]):
                for c in range(pooled.shape[3]):
                    best_row, best_column = y * stride[0], x * stride[1]
                    for i in range(y * stride[0], y * stride[0] + size[0]):
                        for j in range(x * stride[1], x * stride[1] + size[1]):
                            if maps[n, i, j, c] > maps[n, best_row, best_column, c]:
                                best_row, best_column = i, j
                    pooled[n, y, x, c] = maps[n, best_row, best_column, c]
                    winners[n, y, x, c, 0], winners[n, y, x, c, 1] = best_row, best_column


@kernel
def to_winners(pooled: Array, winners: Array, maps: Array) -> None:
    """Send each pooled value back to its winner; the losers get nothing."""
    maps[:] = 0
    for n in range(pooled.shape[0]):
        for y in range(pooled.shape[1]):
            for x in range(pooled.shape[2]):
                for c in range(pooled.shape[3]):
                    row, column = winners[n, y, x, c, 0], winners[n, y, x, c, 1]
                    maps[n, row, column, c] += pooled[n, y, x, c]


@kernel
def from_winners(maps: Array, winners: Array, pooled: Array) -> None:
    """Read the value at each winner: the way up for a signal."""
    for n in range(pooled.shape[0]):
        for y in range(pooled.shape[1]):
            for x in range(pooled.shape[2]):
                for c in range(pooled.shape[3]):
                    row, column = winners[n, y, x, c, 0], winners[n, y, x, c, 1]
                    pooled[n, y, x, c] = maps[n, row, column, c]
