"""Published numbers: a CSV file in the folder of the runs with which they are compared.

Each row has the source of its number, and how sure this source is.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

FILE = "published.csv"
FROM_MEMORY = (  # of numbers that are "quoted from memory" there, for notes below tables
    "The published numbers were written down from memory and not compared with the paper: rely on "
    "their size and order, not on their last digits"
)


@dataclass(frozen=True)
class Published:
    """One number of a paper.

    Attributes
    ----------
    mean, spread
        The number, and the standard deviation over seeds if the paper has it.
    source, how_sure
        Its place in the paper, and whether it was read there or is quoted from memory.
    seeds
        The number of runs of which it is the mean, if the source says it.
    """

    mean: float
    spread: float | None
    source: str
    how_sure: str
    seeds: int | None = None

    def __str__(self) -> str:
        return f"{self.mean:.2f}" + ("" if self.spread is None else f" ± {self.spread:.2f}")


def published(package: str, keys: Sequence[str]) -> dict[tuple[str, ...], Published]:
    """Return the numbers of a paper by the values of their key columns.

    Parameters
    ----------
    package
        The paper's package, which holds the file.
    keys
        The columns that name a number, such as "data" and "rule".

    Examples
    --------
    >>> number = published("nofb.papers.deep_targets", ["data", "rule"])["mnist", "dtp"]
    >>> str(number), number.how_sure
    ('2.39 ± 0.19', 'quoted from memory')
    """
    with resources.files(package).joinpath(FILE).open(encoding="utf-8") as file:
        return {
            tuple(row[key] for key in keys): Published(
                float(row["mean"]),
                float(row["spread"]) if row["spread"] else None,
                row["source"],
                row["how_sure"],
                int(row["seeds"]) if row.get("seeds") else None,
            )
            for row in csv.DictReader(file)
        }
