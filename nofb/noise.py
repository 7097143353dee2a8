"""Fast Gaussian noise: a uniform draw chooses one of 65,536 equally likely numbers.

They are the quantiles of N(0, 1), so sums and variances are right; none is farther than 4.3 from
zero. It takes a third of the time of drawing from N(0, 1) number by number, which would be a
seventh of a step of target propagation.
"""

from collections.abc import Callable
from functools import cache
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from nofb.kernels.jit import kernel
from nofb.types import Array, FloatType, Shape

LEVELS = 2**16


@cache
def quantiles(dtype: np.dtype[Any]) -> Array:
    """Return the numbers to choose from, in order: mean 0 and variance 1.

    Examples
    --------
    >>> q = quantiles(np.dtype(float))
    >>> q.shape, abs(round(float(q.mean()), 9)), round(float(q.var()), 9)
    ((65536,), 0.0, 1.0)
    """
    upper = np.array([NormalDist().inv_cdf((k + 0.5) / LEVELS) for k in range(LEVELS // 2, LEVELS)])
    both = np.concatenate([-upper[::-1], upper])
    return (both / both.std()).astype(dtype)


class Noise(NamedTuple):
    """A source of noise of one width; calling it adds noise to an array."""

    rng: np.random.Generator
    width: float

    def __call__(self, h: Array) -> Array:
        return add_noise(self.rng, self.width, h)


def add_noise(rng: np.random.Generator, width: float, h: Array) -> Array:
    """Return h + ξ, ξ ~ N(0, width²).

    Parameters
    ----------
    rng
        Draws the noise.
    width
        σ; with 0 nothing is added.
    h
        Any array.
    """
    even = np.empty_like(h)
    rng.random(out=even, dtype=h.dtype)
    return spread(h, width, quantiles(h.dtype), even)


@kernel
def spread(h: Array, width: float, numbers: Array, even: Array) -> Array:
    """Return h + width · numbers[place], where `even` holds draws from 0 to 1."""
    noisy, width = np.empty_like(h), h.dtype.type(width)
    h, even, flat = h.reshape(-1), even.reshape(-1), noisy.reshape(-1)
    for i in range(h.size):  # noisy = h + width * numbers[(even * numbers.size).astype(int)]
        flat[i] = h[i] + width * numbers[int(even[i] * numbers.size)]
    return noisy


def gaussian(rng: np.random.Generator, shape: Shape, dtype: FloatType) -> Array:
    """Return noise from N(0, 1), drawn number by number."""
    return rng.standard_normal(shape, dtype)


def uniform(rng: np.random.Generator, shape: Shape, dtype: FloatType) -> Array:
    """Return uniform noise from -√3 to √3, which has variance 1."""
    return (rng.random(shape, dtype) - dtype(0.5)) * dtype(12**0.5)


NOISES: dict[str, Callable[[np.random.Generator, Shape, FloatType], Array]] = {
    "gaussian": gaussian,
    "uniform": uniform,
}
