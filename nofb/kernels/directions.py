"""The products for lengths and angles, for all rows of two arrays at once."""

import numpy as np

from nofb.kernels.jit import kernel
from nofb.types import Array


@kernel
def row_products(u: Array, v: Array) -> Array:
    """Return Σ u², Σ u v and Σ v² of each row of u and v (N, n), summed in double precision."""
    products = np.zeros((3, u.shape[0]))
    for i in range(u.shape[0]):
        uu = uv = vv = 0.0
        for j in range(u.shape[1]):
            a, b = np.float64(u[i, j]), np.float64(v[i, j])
            uu += a * a
            uv += a * b
            vv += b * b
        products[0, i], products[1, i], products[2, i] = uu, uv, vv
    return products
