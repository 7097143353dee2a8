"""What is said of one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """What one step of judging found.

    Attributes
    ----------
    name
        What was judged.
    cause
        A sentence that names what is wrong, or `None`.
    """

    name: str
    cause: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What is said of one answer.

    Attributes
    ----------
    number, points
        Of the task.
    score
        The points that the answer earns.
    sentence
        What is wrong, or "right".
    steps
        What each step found, as far as judging went.
    path, digest
        Which file was judged, and the SHA-256 of what was read of it.
    by_hand
        Whether a person still gives the points.
    """

    number: str
    points: float
    score: float
    sentence: str
    steps: Sequence[Step] = field(default_factory=tuple)
    path: str = ""
    digest: str = ""
    by_hand: bool = False

    def __str__(self) -> str:
        given = "by hand" if self.by_hand else f"{self.score:g} of {self.points:g}"
        return f"{self.number}  {given}  {self.sentence}"
