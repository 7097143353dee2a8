"""A published number beside the same one as it was measured here, and a claim of a paper.

A number agrees if the mean over seeds is within two published standard deviations of the published
one, within 0.15, or within what the study itself says, whichever is largest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nofb.papers.published import Published

LEAST = 0.15  # points
ERROR = "test error %"


@dataclass(frozen=True)
class Compared:
    """One number.

    Attributes
    ----------
    model, rule, measure
        What the number is of.
    published
        The number of the paper.
    measured
        Ours at the end, seed by seed.
    epochs
        Of the longest run.
    least
        How far apart the two may always be.
    """

    model: str
    rule: str
    published: Published
    measured: tuple[float, ...]
    epochs: int
    measure: str = ERROR
    least: float = LEAST

    @property
    def mean(self) -> float:
        """The mean over seeds."""
        return float(np.mean(self.measured))

    @property
    def apart(self) -> float:
        """How much larger ours is."""
        return self.mean - self.published.mean

    @property
    def allowed(self) -> float:
        """How far apart the two may be."""
        return max(self.least, 2 * (self.published.spread or 0.0))

    @property
    def agrees(self) -> bool:
        """Whether the two are close enough.

        Examples
        --------
        >>> number = Published(1.7, 0.1, "Table 1", "read there")
        >>> [Compared("2x800", "fa", number, (ours,), 9).agrees for ours in (1.89, 1.91)]
        [True, False]
        """
        return abs(self.apart) <= self.allowed + 1e-9

    @property
    def in_spread(self) -> bool:
        """Whether ours is inside two published standard deviations."""
        return abs(self.apart) <= 2 * (self.published.spread or 0.0) + 1e-9

    @property
    def origin(self) -> str:
        """Where the published number is from, and how sure this is."""
        return f"{self.published.source}, {self.published.how_sure}"

    def cells(self) -> list[str]:
        """Return the number as cells of a row."""
        ours, theirs = np.array(self.measured), self.published
        spread = f" ± {ours.std(ddof=1):.2f}" if len(ours) > 1 else ""
        return [
            self.model if self.measure == ERROR else f"{self.model}: {self.measure}",
            self.rule,
            str(theirs) + (f" (n = {theirs.seeds})" if theirs.seeds else ""),
            f"{self.mean:.2f}{spread} (n = {len(ours)})",
            str(self.epochs),
            f"{self.apart:+.2f} / {self.allowed:.2f}",
            "yes" if self.agrees else "**no**",
        ]


HEADINGS = ["test error %, or what is named", "rule", "published", "measured", "epochs",
            "ours - published / allowed", "inside"]  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """A statement of a paper that is no number of a table.

    Attributes
    ----------
    text
        The statement.
    measured
        What was measured.
    holds
        Whether this agrees with the statement.
    """

    text: str
    measured: str
    holds: bool


def last_errors(
    published: Mapping[tuple[str, ...], Published],
    results: Mapping[tuple[str, ...], Sequence[Mapping[str, Any]]],
    names: Iterable[tuple[tuple[str, ...], str, str]],
    least: float = LEAST,
) -> Iterator[Compared]:
    """Yield the test errors at the end of runs that have a published number.

    Parameters
    ----------
    published, results
        The published numbers, and the results of finished runs, by the same keys.
    names
        For each key the model and the rule.
    least
        As for `Compared`.
    """
    for key, model, rule in names:
        runs = [run["test_error"] for run in results.get(key, ()) if run["test_error"]]
        if key in published and runs:
            ends, epochs = tuple(run[-1] for run in runs), max(map(len, runs))
            yield Compared(model, rule, published[key], ends, epochs, least=least)
