"""What chance gives: the angles between directions that have nothing to do with each other."""

import numpy as np


def chance_band(n: int) -> tuple[float, float]:
    """Return the angles between which 95 % of random directions in n dimensions lie.

    The cosine between a fixed and a random direction has the standard deviation 1/√n, so the angle
    is 90° ± 1.96 · 57.3° / √n. For signals and steps n is the layer's number of units, whatever the
    batch: one feedback matrix serves all samples, so they are not independent of each other.

    Examples
    --------
    >>> low, high = chance_band(100)
    >>> round(low, 1), round(high, 1)
    (78.8, 101.2)
    """
    half = min(1.96 * float(np.degrees(1 / np.sqrt(n))), 90.0)
    return 90.0 - half, 90.0 + half
