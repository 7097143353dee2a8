"""From which weights does feedback alignment start? The paper and its released code differ.

The paper starts all layers from zero. The released code exchanges every layer but the first for one
with feedback, and sets only these to zero: the first layer stays uniform.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nofb.network import Network
from nofb.papers.compared import Compared, last_errors
from nofb.papers.errors import SPENT, cell, results_of, spent
from nofb.papers.nokland2016 import tables
from nofb.papers.nokland2016.rows import MNIST
from nofb.papers.nokland2016.training import load
from nofb.papers.study import Part, Record, Rows, Task
from nofb.training.callbacks import AfterEpoch

NAME = "starts"
MODEL = "7x240 tanh"
STARTS = ("first layer uniform", "all uniform")
PUBLISHED = tables.PUBLISHED["mnist", MODEL, "fa"]
HEADING = f"{MODEL} under fa, from other weights than zero: test error in per cent"


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run, none longer than `epochs`; the first seed of both starts first.

    Examples
    --------
    >>> [(task["start"], task["epochs"]) for task in tasks()[:2]]
    [('first layer uniform', 60), ('all uniform', 60)]
    """
    return [
        {**task, "part": NAME, "start": start}
        for task in tables.tasks("mnist", full=False, epochs=epochs)
        if (task["model"], task["rule"]) == (MODEL, "fa")
        for start in STARTS
    ]


def network(start: str, seed: int) -> Network:
    """Return the network as one of `STARTS` has it."""
    row, data = MNIST[MODEL], load(MNIST[MODEL])
    uniform = row.network("bp", data, seed)
    if start == "all uniform":
        return uniform
    net = row.network("fa", data, seed)  # from zero
    net.weighted[0].W, net.weighted[0].b = uniform.weighted[0].W, uniform.weighted[0].b
    return net


def train(task: Task, folder: Path, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Do one run, as `tables.train` does those of Table 1."""
    net = network(task["start"], task["seed"])
    return tables.learned(task, folder, MNIST[MODEL], net, callbacks)


def table(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each start."""
    by_start = {start: results_of(records, start=start) for start in STARTS}
    rows = [
        [start, cell(runs, PUBLISHED), *spent([runs])] for start, runs in by_start.items() if runs
    ]
    return {HEADING: [["start", "fa: nofb / published", *SPENT], *rows]}


def lines(records: Sequence[Record]) -> Rows:
    """Return every error of every epoch; the model is named with its start."""
    named = [
        {**record, "task": {**record["task"], "model": f"{MODEL} {record['task']['start']}"}}
        for record in records
    ]
    return tables.lines(named)


def compared(records: Sequence[Record]) -> Iterator[Compared]:
    """Return the error from the released start beside the published one."""
    runs = [each["result"] for each in records if each["task"]["start"] == STARTS[0]]
    names = [(("fa",), f"{MODEL}, MNIST, {STARTS[0]}", "fa")]
    return last_errors({("fa",): PUBLISHED}, {("fa",): runs}, names)


PART = Part(
    NAME,
    tasks,
    train,
    table,
    lines,
    numbers="nokland2016",
    by_epoch=("train_error", "test_error"),
    resumes=True,
    data=("mnist",),
    compared=compared,
)
