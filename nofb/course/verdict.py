"""What is said of one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

LONGEST = 300  # characters of a sentence


def one_line(text: str) -> str:
    """Return a text that may hold anything as one printable line of a bounded length.

    Examples
    --------
    >>> one_line("two\\nlines")
    'two lines'
    """
    line = " ".join(text[: 2 * LONGEST].split())
    line = "".join(each if each.isprintable() else "?" for each in line)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


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
    hidden
        What a hidden test found, for the teacher alone.
    faults
        What is wrong with the hidden tests themselves, for the teacher alone.
    printed
        The first of what the student's code has printed.
    """

    number: str
    points: float
    score: float
    sentence: str
    steps: Sequence[Step] = field(default_factory=tuple)
    path: str = ""
    digest: str = ""
    by_hand: bool = False
    hidden: str = ""
    faults: Sequence[str] = field(default_factory=tuple)
    printed: str = ""

    def __str__(self) -> str:
        given = "by hand" if self.by_hand else f"{self.score:g} of {self.points:g}"
        return f"{self.number}  {given}  {self.sentence}"
