"""Past the end of a grid: a search whose best value is the first or the last one tried goes on.

A best value at an end may be far from the best there is, and a control that is searched too
narrowly makes every rule look better than it is.
"""

from __future__ import annotations

from collections.abc import Iterable

LOWEST, HIGHEST = 1e-7, 100.0  # where a search that wins on and on gives up


def past_the_end(tried: Iterable[float], best: float) -> float | None:
    """Return the next value to try, or `None` if values on both sides of the best one were tried.

    Parameters
    ----------
    tried
        Every value so far. A single value is no search and is left alone.
    best
        The one of them that won.

    Returns
    -------
    float or None
        Twice the largest value, or half the smallest one.

    Examples
    --------
    >>> past_the_end([0.01, 0.02, 0.04], best=0.04)
    0.08
    >>> past_the_end([0.01, 0.02, 0.04], best=0.01)
    0.005
    >>> past_the_end([0.01, 0.02, 0.04], best=0.02)
    """
    tried = set(tried)
    if len(tried) == 1 or min(tried) < best < max(tried):
        return None
    value = 2 * best if best == max(tried) else best / 2
    return value if LOWEST <= value <= HIGHEST else None
