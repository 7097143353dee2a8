"""Can the feedback path be learned without weight transport? TOAST and LoRA, by other rules.

The error reaches what learns through the frozen backbone: backprop carries it over the transposed
weights, other rules over matrices B of their own. Frozen weights never move, so nothing brings them
nearer to a fixed B; only B can come to W.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nofb.diagnosis import ALIGNMENT, Probe
from nofb.papers.study import Part, Record, Rows, Task, short
from nofb.papers.toast.methods import attended, last, means, spread
from nofb.papers.toast.settings import CASES, EPOCHS, N, data, model, train
from nofb.training.callbacks import AfterEpoch
from nofb.types import Array

HEADING = "Taught without weight transport: the same task, 2,000 samples"
RULES = {
    "TOAST": ("bp", "wm", "usf", "frsf", "brsf", "kp", "fa", "dfa"),
    "LoRA": ("bp", "wm", "usf", "kp", "fa", "dfa"),
}
SEEDS = 3
GROUPS = {"TOAST": ("A", "C"), "LoRA": ("V", "U")}  # what learns, beside the head
MEASURED = "delta_angle_end_to_end", "weight_angle"
MEASURES = tuple(each for each in ALIGNMENT if each.name in MEASURED)
SAMPLES = 1_000
NOTE = (
    "Rates of the first table, TOAST pre-tuned; means over seeds, ± the standard deviation of one. "
    "Signal: the angle of the teaching signal to backprop's at the end, at what learns in each "
    "block, from the lowest up. Matrices: the angle of B to Wᵀ, a mean over the backbone's frozen "
    "layers that send a signal back, and over what learns."
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
    """Train once; return the accuracies, the angles at the end, and what is attended to."""
    case, given = CASES[task["method"]], data(N, task["seed"])
    net = model(case, task["seed"])
    run = train(net, given, case.lr, task["rule"], task["seed"], task["epochs"],
                probe=Probe(100, MEASURES), callbacks=callbacks)  # fmt: skip
    accuracy = run.history["test_accuracy"].round(5).tolist() if run.history.epochs else []
    result = {"stopped": run.stopped, "test_accuracy": accuracy}
    if not accuracy:
        return result
    signal, matrix = (run.history[name][-1] for name in MEASURED)
    places = {
        group: [net.weighted.index(each) for each in net.groups()[group]]  # type: ignore[arg-type]
        for group in GROUPS[task["method"]]
    }
    learning = [place for group in places.values() for place in group]
    frozen = [i for i, layer in enumerate(net.weighted) if layer.frozen]
    return result | {
        "signal": {group: signal[at].round(2).tolist() for group, at in places.items()},
        "frozen_matrices": mean_angle(matrix[frozen]),
        "learned_matrices": mean_angle(matrix[learning]),
        **attended(net, given.x_test[:SAMPLES]),
    }


def mean_angle(angles: Array) -> float | None:
    """Return the mean of the angles that there are, if there is one.

    Examples
    --------
    >>> mean_angle(np.array([10.0, np.nan, 20.0])), mean_angle(np.array([np.nan]))
    (15.0, None)
    """
    there = angles[np.isfinite(angles)]
    return round(float(there.mean()), 2) if there.size else None


def by_case(records: Sequence[Record]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """Return the results of each method and rule, of the runs that did not diverge at once."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for record in records:
        if "signal" in record["result"]:
            task = record["task"]
            found.setdefault((task["method"], task["rule"]), []).append(record["result"])
    return found


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each method and rule."""
    rows = [["method", "rule", "seeds", "test accuracy %", "attention after", "signal", "frozen B",
             "learned B", "mask", "td"]]  # fmt: skip
    for (method, rule), runs in by_case(records).items():
        signals = [
            f"{group} {means([run['signal'] for run in runs], group, 0)}"
            for group in GROUPS[method]
        ]
        rows.append([
            method, rule, str(len(runs)), spread(last(runs)), means(runs, "after"),
            "; ".join(signals), means(runs, "frozen_matrices", 0),
            means(runs, "learned_matrices", 0), means(runs, "mask"), means(runs, "td", 1),
        ])  # fmt: skip
    return {HEADING: rows}


def note(records: Sequence[Record]) -> str:
    """Say what the numbers are."""
    return NOTE


def lines(records: Sequence[Record]) -> Rows:
    """Return a line for each run, kind of layer that learns, and block."""
    rows = [["method", "rule", "seed", "test_accuracy", "frozen_matrices", "learned_matrices",
             "layer", "block", "signal"]]  # fmt: skip
    for record in records:
        task, result = record["task"], record["result"]
        ends = [result.get(name) for name in ("frozen_matrices", "learned_matrices")]
        accuracy = result["test_accuracy"][-1] if result["test_accuracy"] else None
        place = [task["method"], task["rule"], task["seed"], accuracy, *ends]
        for group, angles in result.get("signal", {}).items():
            for block, angle in enumerate(angles, 1):
                rows.append([short(value) for value in [*place, group, block, angle]])
    return rows


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
