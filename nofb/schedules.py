"""How the learning rate falls: a schedule gives η_t / η_0, the learning-rate factor.

A schedule is a function `(epoch, epochs) -> factor`. The epoch counts from 0 and has a fraction
within an epoch, so that the rate falls from step to step. The schedules here can be pickled, and
so can the optimizers that have them.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from nofb import checks

Schedule = Callable[[float, int], float]


def constant() -> Schedule:
    """η_t = η_0."""
    return _constant


def _constant(epoch: float, epochs: int) -> float:
    return 1.0


def step(every: int = 30, factor: float = 0.1) -> Schedule:
    """Multiply the rate by `factor` after every so many epochs.

    Examples
    --------
    >>> [step(every=2, factor=0.5)(epoch, 6) for epoch in range(6)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """
    every, factor = checks.whole("every", every), checks.number("factor", factor, above=0)
    return partial(_step, every, factor)


def _step(every: int, factor: float, epoch: float, epochs: int) -> float:
    return factor ** (int(epoch) // every)


def cosine() -> Schedule:
    """Cosine annealing: half a cosine from η_0 to 0 over the whole run.

    Examples
    --------
    >>> [round(cosine()(epoch, 4), 3) for epoch in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """
    return _cosine


def _cosine(epoch: float, epochs: int) -> float:
    return float(1 + np.cos(np.pi * min(epoch / epochs, 1.0))) / 2


def inverse_time(rate: float = 0.1) -> Schedule:
    """η_t = η_0 / (1 + rate · epoch).

    Examples
    --------
    >>> [round(inverse_time(1.0)(epoch, 3), 2) for epoch in range(3)]
    [1.0, 0.5, 0.33]
    """
    rate = checks.number("rate", rate, least=0)
    return partial(_inverse_time, rate)


def _inverse_time(rate: float, epoch: float, epochs: int) -> float:
    return 1.0 / (1.0 + rate * epoch)


def warmup(fraction: float = 0.1, then: str | Schedule = "cosine") -> Schedule:
    """Raise the rate linearly from 0 over the first part of a run, while another schedule goes on.

    η_t = η_0 · min(1, epoch / (fraction · epochs)) · then(epoch, epochs), as transformers are
    usually trained: Adam's averages of squares are too uncertain for full steps at the beginning.
    The first step has the rate 0, as in most libraries, so a run of one step learns nothing;
    `nofb.fit` warns of it.

    Parameters
    ----------
    fraction
        How much of the run the warm-up takes; above 0 and less than 1.
    then
        A name in `SCHEDULES`, or a function `(epoch, epochs) -> factor`.

    Examples
    --------
    >>> [round(warmup(0.5, "constant")(epoch, 4), 3) for epoch in range(5)]
    [0.0, 0.5, 1.0, 1.0, 1.0]
    >>> [round(warmup()(epoch, 4), 3) for epoch in range(5)]
    [0.0, 0.854, 0.5, 0.146, 0.0]
    """
    fraction = checks.number("fraction", fraction, above=0, below=1)
    return partial(_warmup, fraction, get(then))


def _warmup(fraction: float, then: Schedule, epoch: float, epochs: int) -> float:
    return min(1.0, epoch / (fraction * epochs)) * then(epoch, epochs)


SCHEDULES: dict[str, Callable[[], Schedule]] = {
    function.__name__: function for function in (constant, step, cosine, inverse_time, warmup)
}


def get(schedule: str | Schedule) -> Schedule:
    """Return the schedule called so, with its defaults; a function passes through."""
    if callable(schedule):
        return schedule
    checks.choice("schedule", schedule, SCHEDULES)
    return SCHEDULES[schedule]()
