"""Generated data sets with a solution that can be drawn on paper.

A fifth of the points is the test split, and the classes are as equal in size as possible.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nofb.datasets.dataset import Dataset

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Place = Callable[[Labels, np.random.Generator], Floats]


def xor(n: int = 1000, noise: float = 0.15, seed: int = 0) -> Dataset:
    """Draw clouds around the four corners of the unit square; the class is the XOR of the corner.

    Parameters
    ----------
    n : int
        The total number of points, at least 20.
    noise : float
        Standard deviation of each coordinate; 0 gives the four corners themselves.
    seed : int
        Seed of the generator.

    Returns
    -------
    Dataset
        x of shape (n, 2), two classes: no straight line separates them.

    Raises
    ------
    ValueError
        If `n` is too small or `noise` is negative.

    Examples
    --------
    >>> toy = xor(n=40, noise=0.0)
    >>> bool((toy.y_train == (toy.x_train[:, 0] != toy.x_train[:, 1])).all())
    True
    """
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])  # classes 0, 1, 0, 1
    return _scatter("xor", lambda group, rng: corners[group], n, noise, seed, groups=4, classes=2)


def two_moons(n: int = 1000, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Draw two interlocking half circles of radius 1, one class each.

    Parameters
    ----------
    n : int
        The total number of points, at least 10.
    noise : float
        Standard deviation added to each coordinate.
    seed : int
        Seed of the generator.

    Returns
    -------
    Dataset
        x of shape (n, 2), two classes.

    Raises
    ------
    ValueError
        If `n` is too small or `noise` is negative.

    Examples
    --------
    >>> two_moons(n=500, noise=0.05, seed=3)
    Dataset('two_moons': 400 training and 100 test samples with 2 features, 2 classes)
    """

    def place(group: Labels, rng: np.random.Generator) -> Floats:
        angle = rng.uniform(0.0, np.pi, len(group))
        upper = np.column_stack([np.cos(angle), np.sin(angle)])
        return np.where(group[:, None] == 0, upper, [1.0, 0.5] - upper)

    return _scatter("two_moons", place, n, noise, seed, groups=2, classes=2)


def spirals(n: int = 1500, arms: int = 3, noise: float = 0.03, seed: int = 0) -> Dataset:
    """Draw intertwined spiral arms that wind once around the origin, one class each.

    Parameters
    ----------
    n : int
        The total number of points, at least five for each arm.
    arms : int
        2 or 3.
    noise : float
        Standard deviation added to each coordinate; the spiral's outer radius is 1.
    seed : int
        Seed of the generator.

    Returns
    -------
    Dataset
        x of shape (n, 2), as many classes as arms.

    Raises
    ------
    ValueError
        If `n` is too small, `arms` is neither 2 nor 3, or `noise` is negative.

    Examples
    --------
    >>> spirals(n=300, arms=2)
    Dataset('spirals': 240 training and 60 test samples with 2 features, 2 classes)
    """
    if arms not in (2, 3):
        raise ValueError(f"arms is {arms!r}; it must be 2 or 3.")

    def place(group: Labels, rng: np.random.Generator) -> Floats:
        radius = rng.uniform(0.1, 1.0, len(group))
        angle = 2.0 * np.pi * (radius + group / arms)
        points: Floats = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        return points

    return _scatter("spirals", place, n, noise, seed, groups=arms, classes=arms)


def linear_teacher(
    n: int = 2000, n_inputs: int = 30, n_outputs: int = 10, seed: int = 0
) -> Dataset:
    """Draw the linear regression task of the first feedback alignment experiment, y = x T.

    The inputs are standard normal, the teacher T is uniform in [-1, 1] with shape
    (n_inputs, n_outputs), and no noise is added, so that a linear network can reach zero loss.

    Parameters
    ----------
    n : int
        The total number of samples, at least 5.
    n_inputs, n_outputs : int
        Columns of x and of y, at least 1.
    seed : int
        Seed of the generator that draws T, then x.

    Returns
    -------
    Dataset
        float64; x of shape (n, n_inputs), y of shape (n, n_outputs), `n_classes` None.

    Raises
    ------
    ValueError
        If a number is too small.

    References
    ----------
    Lillicrap et al. 2016, Nature Communications 7:13276, the linear function approximation task.

    Examples
    --------
    >>> linear_teacher()
    Dataset('linear_teacher': 1600 training and 400 test samples with 30 features, 10 targets)
    """
    _at_least(n, 5, "n")
    _at_least(n_inputs, 1, "n_inputs")
    _at_least(n_outputs, 1, "n_outputs")
    rng = np.random.default_rng(seed)
    teacher = rng.uniform(-1.0, 1.0, (n_inputs, n_outputs))  # T
    x = rng.standard_normal((n, n_inputs))
    y = x @ teacher
    n_train = n - n // 5
    return Dataset(x[:n_train], y[:n_train], x[n_train:], y[n_train:], name="linear_teacher")


def _scatter(
    name: str, place: Place, n: int, noise: float, seed: int, *, groups: int, classes: int
) -> Dataset:
    _at_least(n, 5 * groups, "n")
    if not 0.0 <= noise < np.inf:
        raise ValueError(f"noise is {noise!r}; it must be a finite number of at least 0.")
    rng = np.random.default_rng(seed)

    def draw(size: int) -> tuple[NDArray[np.float32], Labels]:
        group = rng.permutation(np.arange(size) % groups)
        points = place(group, rng) + noise * rng.standard_normal((size, 2))
        return points.astype(np.float32), group % classes

    (x_train, y_train), (x_test, y_test) = draw(n - n // 5), draw(n // 5)
    return Dataset(x_train, y_train, x_test, y_test, name=name)


def _at_least(value: int, minimum: int, argument: str) -> None:
    if not isinstance(value, (int, np.integer)) or value < minimum:
        raise ValueError(f"{argument} is {value!r}; it must be an integer of at least {minimum}.")
