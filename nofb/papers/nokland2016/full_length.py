"""Two rows of Table 1 at full length: the released rate, until the training error is 0.01 %.

The other rows have a tenth of the epochs, at a faster rate that falls. These two show what that
changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nofb.papers.compared import Compared, last_errors
from nofb.papers.nokland2016 import tables
from nofb.papers.study import Part, Record, Rows, Task, grouped
from nofb.training.callbacks import AfterEpoch

NAME = "full_length"
MODELS = ("7x240 tanh", "2x800 tanh")
HEADING = "Two rows at full length, up to 300 epochs at a constant 0.0001: test error in per cent"


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run, none longer than `epochs`: the first seed of each row and rule.

    Examples
    --------
    >>> [tasks()[0][name] for name in ("part", "model", "epochs", "lr", "schedule")]
    ['full_length', '7x240 tanh', 300, 0.0001, 'constant']
    """
    every = tables.tasks("mnist", full=True, epochs=epochs)
    return [
        {**task, "part": NAME} for task in every if task["model"] in MODELS and task["seed"] == 0
    ]


def train(task: Task, folder: Path, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Do one run, as `tables.train` does those of Table 1."""
    return tables.train({**task, "part": "mnist"}, folder, callbacks)


def table(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each model: ours / the published one, for each rule."""
    return {HEADING: next(iter(tables.tables(tables.in_table("mnist", records)).values()))}


def compared(records: Sequence[Record]) -> Iterator[Compared]:
    """Return the errors that the paper has too."""
    results = {("mnist", *key): runs for key, runs in grouped(records, "model", "rule").items()}
    names = [(key, f"{key[1]}, MNIST, full length", key[2]) for key in results]
    return last_errors(tables.PUBLISHED, results, names)


PART = Part(
    NAME,
    tasks,
    train,
    table,
    tables.lines,
    numbers="nokland2016",
    by_epoch=("train_error", "test_error"),
    resumes=True,
    data=("mnist",),
    compared=compared,
)
