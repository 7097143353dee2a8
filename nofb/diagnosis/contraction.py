"""How fast an iterated inverse converges: the Lipschitz constant of g ∘ f - id.

Each iteration of an inverse g of f multiplies the error by at most this constant, so it converges
if the constant is below 1.
"""

import numpy as np

from nofb.layers import Chain, Dense
from nofb.types import Array

ROUNDS = 30  # of the power iteration


def lipschitz(first: Chain | Dense, second: Chain | Dense, x: Array, seed: int = 0) -> Array:
    """Return the Lipschitz constant of second ∘ first - id close to each point (N,).

    It is the largest singular value of the map's Jacobian there, estimated from below by power
    iteration.

    Parameters
    ----------
    first, second
        f and g; or g and f, for the constant of f ∘ g - id.
    x
        The points (N, n).
    seed
        Seeds the start of the power iteration.

    Examples
    --------
    >>> from nofb.layers import Inverse
    >>> f, g = Inverse(np.diag([1.0, 2.0])), Inverse(np.diag([1.0, 0.7]))
    >>> lipschitz(f, g, np.zeros((1, 2))).round(6).tolist()
    [0.4]
    """
    y = first(x)
    z = second(y)
    v = np.random.default_rng(seed).standard_normal(x.shape).astype(x.dtype)
    for _ in range(ROUNDS):
        v /= np.maximum(_lengths(v), np.finfo(v.dtype).tiny)
        moved = second.times_jacobian(first.times_jacobian(v, x, y), y, z) - v
        back = second.times_jacobian_transposed(moved, y, z)
        v = first.times_jacobian_transposed(back, x, y) - moved
    return _lengths(moved)[:, 0]


def _lengths(rows: Array) -> Array:
    lengths: Array = np.linalg.norm(rows, axis=1, keepdims=True)
    return lengths
