"""The history of a run: plain arrays with one entry for each epoch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from nofb.text import csv_lines
from nofb.types import Array

Row = Mapping[str, float | Array]


class History(Mapping[str, Array]):
    """Plain arrays by name, with one entry for each epoch.

    The names are "loss" and "train_accuracy" (running means during training), "test_loss",
    "test_accuracy", with a validation split also "validation_loss" and "validation_accuracy",
    "seconds" (of training alone), and the names of the probe's measures, of shape (epochs, layers
    with weights).

    Attributes
    ----------
    start
        The same measures before the first step, except those of training.

    Examples
    --------
    >>> history = History()
    >>> history.append({"loss": 2.0})
    >>> history.append({"loss": 1.0})
    >>> history["loss"].tolist()
    [2.0, 1.0]
    """

    def __init__(self) -> None:
        self.start: dict[str, float | Array] = {}
        self._rows: list[Row] = []

    def append(self, row: Row) -> None:
        """Add the measures of one epoch."""
        self._rows.append(row)

    def fill(self, start: Mapping[str, Array], columns: Mapping[str, Array]) -> None:
        """Use the arrays of another history: its `start`, and `dict(history)`.

        Examples
        --------
        >>> history = History()
        >>> history.fill({"loss": np.array(3.0)}, {"loss": np.array([2.0, 1.0])})
        >>> history.from_start("loss").tolist()
        [3.0, 2.0, 1.0]
        """
        self.start = {name: value[()] for name, value in start.items()}
        rows = zip(*columns.values(), strict=True)
        self._rows = [dict(zip(columns, row, strict=True)) for row in rows]

    @property
    def epochs(self) -> int:
        """How many epochs were recorded."""
        return len(self._rows)

    def __getitem__(self, name: str) -> Array:
        names = list(self)
        if name not in names:
            raise KeyError(f"history has no {name!r}; it has: {', '.join(names) or 'nothing yet'}")
        return np.array([row[name] for row in self._rows])

    def from_start(self, name: str) -> Array:
        """Return the measure with its value before the first step put in front."""
        return np.concatenate([[self.start[name]], self[name]])

    def rows(self) -> list[dict[str, float]]:
        """Return one table row for each epoch, epoch 0 before the first step, as plain numbers.

        A measure of several layers has a column for each: "delta_angle_1" is that of the first
        layer with weights. A measure that an epoch does not have is NaN. `pandas.DataFrame` takes
        these rows.

        Examples
        --------
        >>> history = History()
        >>> history.start = {"test_loss": 3.0}
        >>> history.append({"loss": 2.0, "test_loss": 1.5, "delta_angle": np.array([80.0, 0.0])})
        >>> history.rows()[1]
        {'epoch': 1, 'loss': 2.0, 'test_loss': 1.5, 'delta_angle_1': 80.0, 'delta_angle_2': 0.0}
        """
        told = [*([self.start] if self.start else []), *self._rows]
        first = 0 if self.start else 1
        flat = [{"epoch": first + number, **_flat(row)} for number, row in enumerate(told)]
        names = list(dict.fromkeys(name for row in reversed(flat) for name in row))
        return [{name: row.get(name, np.nan) for name in names} for row in flat]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the `rows` as CSV, which a spreadsheet opens; a missing value is an empty cell.

        Parameters
        ----------
        path
            The file, whose name ends in .csv; an existing one is replaced.

        Raises
        ------
        ValueError
            If the name has another ending.
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> history = History()
        >>> history.append({"loss": 2.0})
        >>> with TemporaryDirectory() as folder:
        ...     history.save(f"{folder}/run.csv")
        ...     print(Path(folder, "run.csv").read_text(), end="")
        epoch,loss
        1,2.0
        """
        path = Path(path)
        if path.suffix.lower() != ".csv":
            raise ValueError(f"path is {str(path)!r}, but must end in .csv: the history is a table")
        rows = self.rows()
        lines = [["" if np.isnan(value) else value for value in row.values()] for row in rows]
        path.write_text(csv_lines([list(rows[0]) if rows else ["epoch"], *lines]), "utf-8")

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows[0] if self._rows else {})

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __repr__(self) -> str:
        return f"History({self.epochs} epochs of {', '.join(self)})"


def _flat(row: Row) -> dict[str, float]:
    """Return the measures of an epoch, with a name for each layer of those that have several."""
    found: dict[str, float] = {}
    for name, value in row.items():
        if np.ndim(value) == 0:
            found[name] = float(value)
        else:
            each = enumerate(np.asarray(value).reshape(-1), start=1)
            found |= {f"{name}_{number}": float(one) for number, one in each}
    return found
