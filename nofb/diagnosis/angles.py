"""Angles and ratios of lengths between two directions, such as a teaching signal and backprop's."""

from __future__ import annotations

import numpy as np

from nofb.kernels.directions import row_products
from nofb.types import Array


def angles(u: Array, v: Array) -> Array:
    """Return the angle between each row of u and the same row of v, in degrees; NaN for zeros."""
    return angles_of(products(u, v))


def angles_of(squares: Array) -> Array:
    """Return the angles (N,) from the result of `products`."""
    uu, uv, vv = squares
    with np.errstate(invalid="ignore"):
        cosines = uv / (np.sqrt(uu) * np.sqrt(vv))
    return np.degrees(np.arccos(cosines.clip(-1, 1)))


def angle(u: Array, v: Array) -> float:
    """Return the angle between two arrays of one shape, in degrees; NaN if either is all zeros.

    Examples
    --------
    >>> round(angle(np.array([1.0, 0.0]), np.array([1.0, 1.0])), 6)
    45.0
    """
    return float(angles(u.reshape(1, -1), v.reshape(1, -1))[0])


def norm_ratios(u: Array, v: Array) -> Array:
    """Return the length of each row of u over that of the same row of v; NaN where v is zeros."""
    return norm_ratios_of(products(u, v))


def norm_ratios_of(squares: Array) -> Array:
    """Return the ratios of lengths (N,) from the result of `products`."""
    uu, _, vv = squares
    return np.sqrt(np.divide(uu, vv, out=np.full(len(uu), np.nan), where=vv > 0))


def norm_ratio(u: Array, v: Array) -> float:
    """Return ‖u‖ / ‖v‖; NaN if v is all zeros."""
    return float(norm_ratios(u.reshape(1, -1), v.reshape(1, -1))[0])


def products(u: Array, v: Array) -> Array:
    """Return ‖u‖², u·v and ‖v‖² of every row (3, N)."""
    rows = [np.ascontiguousarray(each.reshape(len(each), -1)) for each in (u, v)]
    if rows[0].shape != rows[1].shape:
        raise ValueError(f"two directions must have one shape, but have {u.shape} and {v.shape}")
    return row_products(*rows)
