"""Batches: the training samples, a few at a time, in a new order each epoch or in order."""

from collections.abc import Iterator

import numpy as np

from nofb.types import Array


class Batches:
    """Batches that share one pair of buffers; the last one may be smaller.

    Parameters
    ----------
    x, target
        All samples and their target rows.
    size
        Samples in a batch.
    rng
        Draws the order.
    shuffle
        Whether the order is drawn; if not, the samples keep their order.

    Examples
    --------
    >>> x, target = np.arange(5.0).reshape(5, 1), np.zeros((5, 2))
    >>> batches = Batches(x, target, 2, np.random.default_rng(0))
    >>> [len(x) for x, target in batches]
    [2, 2, 1]
    """

    def __init__(
        self, x: Array, target: Array, size: int, rng: np.random.Generator, shuffle: bool = True
    ) -> None:
        self.x, self.target, self.rng, self.shuffle = x, target, rng, shuffle
        self.size = min(size, len(x))
        self.order = np.arange(len(x))
        self._x = np.empty((self.size, *x.shape[1:]), x.dtype)
        self._target = np.empty((self.size, *target.shape[1:]), target.dtype)

    def __len__(self) -> int:
        return -(-len(self.x) // self.size)

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        if self.shuffle:
            self.rng.shuffle(self.order)
        for start in range(0, len(self.order), self.size):
            rows = self.order[start : start + self.size]
            x, target = self._x, self._target
            if len(rows) < self.size:
                x, target = x[: len(rows)], target[: len(rows)]
            # "clip" lets NumPy write straight into the buffer; no index is ever out of range.
            np.take(self.x, rows, axis=0, out=x, mode="clip")
            np.take(self.target, rows, axis=0, out=target, mode="clip")
            yield x, target
