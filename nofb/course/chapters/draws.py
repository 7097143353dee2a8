"""Arguments for kernels: arrays of different sizes each time, so that no answer fits one size only.

`few`, `whole`, `tenths` and `small_error` draw examples that can be computed by hand.
"""

from __future__ import annotations

from typing import Any

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


def few(rng: np.random.Generator, count: int) -> list[int]:
    """Return so many different sizes from 1 to 3."""
    return [int(each) for each in rng.permutation([1, 2, 3])[:count]]


def whole(rng: np.random.Generator, *shape: int) -> Array:
    """Return whole numbers from -3 to 3 without 0."""
    return rng.choice([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0], shape)


def tenths(rng: np.random.Generator, *shape: int) -> Array:
    """Return 0.1, 0.2 and so on up to 0.9."""
    return rng.integers(1, 10, shape) / 10


def letter_of(values: dict[str, Any], text: str) -> str:
    """Return under which letter a text stands among the values of a question."""
    return next(letter for letter, each in values.items() if each == text)


def small_error(rng: np.random.Generator, rows: int) -> Array:
    """Return an output error ŷ - y of three classes, with one decimal."""
    shares = rng.permuted(np.tile([0.2, 0.3, 0.5], (rows, 1)), axis=1)
    return np.round(shares - one_hot(rng, rows, 3), 1)
