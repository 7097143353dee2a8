"""Arguments for kernels: arrays of other sizes each time, so that no answer fits one size only."""

from __future__ import annotations

import numpy as np

from nofb.types import Array


def sizes(rng: np.random.Generator, count: int) -> list[int]:
    """Return so many different sizes from 2 to 9, so that no two axes can be mixed up."""
    return [int(each) for each in rng.permutation(np.arange(2, 10))[:count]]


def normal(rng: np.random.Generator, *shape: int) -> Array:
    """Return normal random numbers."""
    return rng.normal(size=shape)


def softmax(a: Array) -> Array:
    """Return the share of each class, row by row."""
    shares = np.exp(a - a.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def one_hot(rng: np.random.Generator, rows: int, classes: int) -> Array:
    """Return targets: a one in each row."""
    return np.eye(classes)[rng.integers(0, classes, rows)]


def error(rng: np.random.Generator, rows: int, classes: int) -> Array:
    """Return an output error ŷ - y of softmax outputs."""
    return softmax(normal(rng, rows, classes)) - one_hot(rng, rows, classes)
