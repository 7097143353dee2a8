"""Can the feedback path be learned without weight transport? TOAST and LoRA, by other rules.

The error reaches the trained layers through the frozen backbone: backprop sends it through the
transposed weights, other rules through their own matrices B. Frozen weights do not change, so they
cannot align with a fixed B; only B can align with W.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nofb.papers.study import Part, Record, Rows, Task
from nofb.papers.toast import angles
from nofb.papers.toast.settings import CASES, EPOCHS, N, data, model
from nofb.training.callbacks import AfterEpoch

HEADING = "Trained without weight transport: the same task, 2,000 samples"
RULES = {
    "TOAST": ("bp", "wm", "usf", "frsf", "brsf", "kp", "fa", "dfa"),
    "LoRA": ("bp", "wm", "usf", "kp", "fa", "dfa"),
}
SEEDS = 3
GROUPS = {"TOAST": ("A", "C"), "LoRA": ("V", "U")}  # what learns, besides the head
NOTE = (
    "Rates of the first table, TOAST pre-tuned; means over seeds, ± the standard deviation of "
    "one. Signal: the angle of the teaching signal to backprop's at the end, at the trained "
    "layers of each block, first to last. Matrices: the angle of B to Wᵀ, a mean over the "
    "backbone's frozen layers that send a signal back, and over the trained layers."
)


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each method, rule and seed, none longer than `epochs`.

    Examples
    --------
    >>> tasks(epochs=2)[0]
    {'part': 'feedback', 'method': 'TOAST', 'rule': 'bp', 'seed': 0, 'epochs': 2}
    """
    longest = min(epochs or EPOCHS, EPOCHS)
    return [
        {"part": "feedback", "method": method, "rule": rule, "seed": seed, "epochs": longest}
        for seed in range(SEEDS)
        for method, rules in RULES.items()
        for rule in rules
    ]


def feedback(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; see `angles.teach`."""
    case, given = CASES[task["method"]], data(N, task["seed"])
    net = model(case, task["seed"])
    return angles.teach(net, given, case.lr, task, GROUPS[task["method"]], callbacks)


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each method and rule."""
    found = angles.measured(records, "method", "rule")
    rows = [[*names, *angles.cells(runs)] for names, runs in found.items()]
    return {HEADING: [["method", "rule", *angles.HEADINGS], *rows]}


def note(records: Sequence[Record]) -> str:
    """Return a note on the numbers."""
    return NOTE


def lines(records: Sequence[Record]) -> Rows:
    """Return a line for each run, kind of trained layer, and block."""
    return angles.lines(records, "method", "rule")


PART = Part(
    "feedback",
    tasks,
    feedback,
    tables,
    lines,
    numbers="feedback",
    note=note,
    by_epoch=("test_accuracy",),
)
