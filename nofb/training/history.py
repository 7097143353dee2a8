"""The history of a run: plain arrays with one entry for each epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

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

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows[0] if self._rows else {})

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __repr__(self) -> str:
        return f"History({self.epochs} epochs of {', '.join(self)})"
