"""Table 2, the convolutional network: one seed, and far fewer epochs than the paper has.

One epoch takes minutes on one core. The figure has each rule's error over epochs beside the
published end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.papers.compared import Claim, Compared
from nofb.papers.nokland2016 import tables
from nofb.papers.nokland2016.rows import CIFAR10
from nofb.papers.study import Part, Record, Rows, Task
from nofb.training.callbacks import AfterEpoch

if TYPE_CHECKING:
    from nofb.plots import Picture

NAME = "convolutional"
MODEL = "convolutional tanh"
EPOCHS = 15
FASTER = {"bp": 1.0, "fa": 3.0, "dfa": 3.0}  # than released; at 3, bp stays at chance for 200 steps
HEADING = "Table 2, the convolutional network: test error in per cent"


def tasks(full: bool, epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run of each rule, none longer than `epochs`.

    Examples
    --------
    >>> [(task["rule"], task["epochs"], task["lr"]) for task in tasks(full=False)]
    [('bp', 15, 5e-05), ('fa', 15, 0.00015), ('dfa', 15, 0.00015)]
    """
    row = CIFAR10[MODEL]
    short = {rule: None if full else tables.Short(EPOCHS, FASTER[rule]) for rule in row.rules}
    return [
        {
            "part": NAME,
            "model": MODEL,
            "rule": rule,
            "seed": 0,
            **tables.length(row, rule, short[rule], epochs),
        }
        for rule in row.rules
    ]


def train(task: Task, folder: Path, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Do one run, as `tables.train` does the dense ones of Table 2."""
    return tables.train({**task, "part": "cifar10"}, folder, callbacks)


def in_table_2(records: Sequence[Record]) -> list[Record]:
    """Return runs as those of the dense part of Table 2."""
    return tables.in_table("cifar10", records)


def table(records: Sequence[Record]) -> dict[str, Rows]:
    """Return one row: ours / the published one, for each rule."""
    return {HEADING: next(iter(tables.tables(in_table_2(records)).values()))}


def compared(records: Sequence[Record]) -> Iterator[Compared]:
    """Return the errors beside those of the paper."""
    return tables.compared(in_table_2(records))


def claims(records: Sequence[Record]) -> Iterator[Claim]:
    """Return what the paper says of convolution."""
    return tables.claims(in_table_2(records))


def figure(records: Sequence[Record]) -> Picture:
    """Draw the test error over epochs, and each published end as a dashed line."""
    from nofb.plots.picture import Picture  # late: matplotlib loads slowly
    from nofb.plots.style import full_name, look, using

    with using("light") as colours:
        picture = Picture(6.4, 4.0, colours)
        axes = picture.subplots()
        for record in records:
            rule, errors = record["task"]["rule"], record["result"]["test_error"]
            style, end = look(rule, colours), tables.PUBLISHED["cifar10", MODEL, rule].mean
            axes.plot(np.arange(1, len(errors) + 1), errors, style.line, color=style.colour,
                      marker=style.marker, label=full_name(rule))  # fmt: skip
            axes.axhline(end, color=style.colour, linestyle="--", linewidth=1,
                         label=f"{rule}, published: {end:.1f} %")  # fmt: skip
        axes.set(xlabel="epoch", ylabel="test error in per cent")
        axes.legend()
    return picture


def part(full: bool = False) -> Part:
    """Return the part with short runs, or with runs as long as the paper's."""
    return Part(
        NAME,
        partial(tasks, full),
        train,
        table,
        tables.lines,
        numbers="nokland2016",
        figure=figure,
        image=NAME,
        by_epoch=("train_error", "test_error"),
        resumes=True,
        compared=compared,
        claims=claims,
        data=(CIFAR10[MODEL].data,),
    )
