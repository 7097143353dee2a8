"""Which rules train TOAST if its pre-tuned A is frozen? ξ, C and the head learn.

If A learns too, td grows without bound with all rules but backprop: a signal of the wrong size is
enough, even at a small angle. If A is fixed, only C changes the size of td.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nofb.papers.study import Part, Record, Rows, Task
from nofb.papers.toast import angles
from nofb.papers.toast.settings import EPOCHS, RATES, Case, N, data, model
from nofb.training.callbacks import AfterEpoch

HEADING = "TOAST with a frozen pre-tuned A, trained without weight transport"
CASE = Case("toast", RATES["toast"], {"train_a": False}, pretuned=True)
RULES = "bp", "wm", "usf", "kp", "fa", "dfa"
SEEDS = 3
NOTE = "As in the table before; A is frozen, so its B are among those of frozen layers."


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each rule and seed, none longer than `epochs`.

    Examples
    --------
    >>> tasks(epochs=2)[0]
    {'part': 'frozen_path', 'rule': 'bp', 'seed': 0, 'epochs': 2}
    """
    longest = min(epochs or EPOCHS, EPOCHS)
    return [
        {"part": "frozen_path", "rule": rule, "seed": seed, "epochs": longest}
        for seed in range(SEEDS)
        for rule in RULES
    ]


def frozen_path(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; see `angles.teach`."""
    net, given = model(CASE, task["seed"]), data(N, task["seed"])
    return angles.teach(net, given, CASE.lr, task, ("C",), callbacks)


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each rule."""
    found = angles.measured(records, "rule")
    rows = [[rule, *angles.cells(runs)] for rule, runs in found.items()]
    return {HEADING: [["rule", *angles.HEADINGS], *rows]}


def note(records: Sequence[Record]) -> str:
    """Return a note on the numbers."""
    return NOTE


def lines(records: Sequence[Record]) -> Rows:
    """Return a line for each run and block."""
    return angles.lines(records, "rule")


PART = Part(
    "frozen_path",
    tasks,
    frozen_path,
    tables,
    lines,
    numbers="frozen_path",
    note=note,
    by_epoch=("test_accuracy",),
)
