"""One seed, several independent streams of random numbers.

If the forward weights and the feedback matrices were both drawn from `default_rng(seed)`, they
would be the same numbers, and a "random" feedback matrix would be correlated with the forward
weights. It must be independent of them. Every purpose therefore has its own stream.
"""

import numpy as np

PURPOSES = ("weights", "feedback", "order", "dropout")


def generator(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Return the random generator of a seed for one purpose.

    Parameters
    ----------
    seed
        The user's seed, a non-negative integer.
    purpose
        One of `PURPOSES`.
    index
        Separates several users of one purpose, such as two dropout layers.

    Examples
    --------
    >>> a = generator(0, "weights").normal(size=3)
    >>> b = generator(0, "feedback").normal(size=3)
    >>> bool((a == b).any()), bool((a == generator(0, "weights").normal(size=3)).all())
    (False, True)
    """
    key = (PURPOSES.index(purpose), index)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
