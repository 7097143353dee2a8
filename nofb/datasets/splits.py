"""How a part is held out: a fraction of every class, or the last samples of a sequence.

With equal fractions, a small validation split has the same mixture of classes as the whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stratified_split(
    labels: NDArray[np.int64], fraction: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the sorted indices (kept, held_out), shapes (n - m,) and (m,), class by class."""
    held_out = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        # One member is always kept, so that every held-out class is also a kept class.
        count = min(round(fraction * len(members)), len(members) - 1)
        held_out[members[:count]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def last_part(n: int, fraction: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices (kept, held_out) of n samples, of which the last ones are held out.

    Examples
    --------
    >>> kept, held_out = last_part(5, 0.4)
    >>> kept.tolist(), held_out.tolist()
    ([0, 1, 2], [3, 4])
    """
    count = min(round(fraction * n), n - 1)  # one is always kept
    return np.arange(n - count), np.arange(n - count, n)
