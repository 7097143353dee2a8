"""Padded batches: which tokens of each sample are present."""

import numpy as np
from layers.alone import inputs

ROWS = [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 1, 0, 1], [0, 0, 0, 0, 0]]
PRESENT = np.array(ROWS, float)[:, :, None]


def padded(samples, *shapes, dtype=np.float64):
    """Return one batch for each source, and which of five tokens are present in each sample."""
    rows = np.resize(PRESENT, (samples, *PRESENT.shape[1:])).astype(dtype)
    return *inputs(samples, *shapes, dtype=dtype), rows
