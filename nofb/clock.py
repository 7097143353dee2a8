"""The current time of a run, for parts of a rule that follow a schedule."""

from dataclasses import dataclass


@dataclass
class Clock:
    """The current time of a run, for parts of a rule that follow a schedule.

    Parameters
    ----------
    epoch
        The number of epochs that have passed, with a fraction within an epoch.
    epochs
        The number of epochs of the whole run.
    factor
        The learning-rate factor η_t / η_0.
    """

    epoch: float = 0.0
    epochs: int = 1
    factor: float = 1.0
