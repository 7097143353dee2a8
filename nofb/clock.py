"""The moment of a run, for whatever a rule does by a schedule."""

from dataclasses import dataclass


@dataclass
class Clock:
    """The moment of a run, for whatever a rule does by a schedule.

    Parameters
    ----------
    epoch
        Epochs that have passed, with a fraction within an epoch.
    epochs
        How many there will be.
    factor
        The learning-rate factor η_t / η_0.
    """

    epoch: float = 0.0
    epochs: int = 1
    factor: float = 1.0
