"""How a matrix is drawn before learning, for forward weights and feedback matrices.

An initialiser is a function `(rng, n_in, n_out) -> matrix (n_in, n_out)`. The n_in rows belong to
the sending units. In a feedback matrix these are the units above, so there "fan in" counts them.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from nofb import checks
from nofb.types import Array

Initialiser = Callable[[np.random.Generator, int, int], Array]


def xavier(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Normal, variance 2 / (n_in + n_out): keeps signals alive in both directions (Glorot 2010)."""
    return rng.normal(0, np.sqrt(2 / (n_in + n_out)), (n_in, n_out))


def he(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Normal, variance 2 / n_in: compensates for the half that a ReLU sets to zero (He 2015)."""
    return rng.normal(0, np.sqrt(2 / n_in), (n_in, n_out))


def lecun(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Normal, variance 1 / n_in: the output varies as much as the input (LeCun 1998)."""
    return rng.normal(0, np.sqrt(1 / n_in), (n_in, n_out))


def uniform_fan_in(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Uniform on ±1/√n_in (Nøkland's forward weights)."""
    return rng.uniform(-1, 1, (n_in, n_out)) / np.sqrt(n_in)


def uniform_fan_out(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Uniform on ±1/√n_out (Nøkland's feedback matrices, which send the error to n_out units)."""
    return rng.uniform(-1, 1, (n_in, n_out)) / np.sqrt(n_out)


def orthogonal(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Orthonormal rows or columns (whichever are fewer), uniform over all such matrices."""
    q, r = np.linalg.qr(rng.normal(size=(max(n_in, n_out), min(n_in, n_out))))
    q *= np.sign(np.diag(r))  # without this line some directions are more likely
    return q if n_in >= n_out else q.T


def zeros(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """All zeros: tanh layers then learn with direct feedback, but not with backprop."""
    return np.zeros((n_in, n_out))


INITIALISERS: dict[str, Initialiser] = {
    function.__name__: function
    for function in (xavier, he, lecun, uniform_fan_in, uniform_fan_out, orthogonal, zeros)
}


def get(initialiser: str | Initialiser, name: str = "init") -> Initialiser:
    """Return the initialiser with this name, or a given function; errors say `name`."""
    if callable(initialiser):
        return initialiser
    checks.choice(name, initialiser, INITIALISERS)
    return INITIALISERS[initialiser]


def scaled(initialiser: str | Initialiser, scale: float) -> Initialiser:
    """Return an initialiser that multiplies the draws of another one by `scale`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> W = scaled("orthogonal", 3.0)(rng, 4, 2)
    >>> np.abs(W.T @ W).round(6).tolist()
    [[9.0, 0.0], [0.0, 9.0]]
    """
    draw = get(initialiser)
    scale = checks.number("scale", scale, least=0)
    return partial(_scaled, draw, scale)


def _scaled(
    draw: Initialiser, scale: float, rng: np.random.Generator, n_in: int, n_out: int
) -> Array:
    return scale * draw(rng, n_in, n_out)
