"""The networks with branches that every library builds: their sizes, and their samples."""

from __future__ import annotations

import numpy as np

from benchmarks.cases import CLASSES

BATCH, TOKENS, UNITS, HEADS = 64, 50, 64, 4
SHAPES = {"ResNet-8": (1, 28, 28), "transformer block": (TOKENS, UNITS)}


def samples(case: str) -> tuple[np.ndarray, np.ndarray]:
    """Return x (N, ...) and labels (N,)."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, *SHAPES[case])).astype(np.float32)
    return x, rng.integers(0, CLASSES, BATCH)
