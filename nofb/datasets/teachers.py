"""Teacher networks: regression on the outputs of fixed random layers for random inputs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from nofb.datasets.dataset import Dataset

SIZES = (30, 20, 10, 10)


def nonlinear_teacher(n: int = 10_000, seed: int = 0) -> Dataset:
    """Draw a regression task that two layers of weights fit worse than three: y = t(x).

    The teacher t has layers of 30, 20, 10 and 10 units, tanh in the hidden ones, and no biases. Its
    weights are uniform in [-1, 1], as those of `linear_teacher`; the inputs are standard normal.

    Parameters
    ----------
    n : int
        The total number of samples, at least 5; a fifth of them is for testing.
    seed : int
        Seed of the generator that draws the weights, the first layer first, then x.

    Returns
    -------
    Dataset
        float64; x of shape (n, 30), y of shape (n, 10), `n_classes` None.

    Raises
    ------
    ValueError
        If `n` is too small.

    References
    ----------
    Lillicrap et al. 2016, Nature Communications 7:13276, the non-linear function approximation.

    Examples
    --------
    >>> nonlinear_teacher(n=100)
    Dataset('nonlinear_teacher': 80 training and 20 test samples with 30 features, 10 targets)
    """
    if n < 5:
        raise ValueError(f"n is {n!r}; it must be an integer of at least 5.")
    rng = np.random.default_rng(seed)
    first, second, last = (rng.uniform(-1.0, 1.0, shape) for shape in pairwise(SIZES))
    x = rng.standard_normal((n, SIZES[0]))
    y = np.tanh(np.tanh(x @ first) @ second) @ last
    n_train = n - n // 5
    return Dataset(x[:n_train], y[:n_train], x[n_train:], y[n_train:], name="nonlinear_teacher")
