"""A stratified split: every class gives the same share of its samples to the held-out side.

With equal shares, a small validation split measures the same mixture of classes as the whole.
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
        # One member always stays, so that every held-out class is also a kept class.
        count = min(round(fraction * len(members)), len(members) - 1)
        held_out[members[:count]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)
