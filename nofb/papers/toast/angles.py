"""Trains a model by any rule, and measures the angles at the trained layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nofb.datasets import Dataset
from nofb.diagnosis import ALIGNMENT, Probe
from nofb.papers.study import Record, Rows, Task, grouped, short
from nofb.papers.toast.methods import attended, last, means, spread
from nofb.papers.toast.settings import train
from nofb.training.callbacks import AfterEpoch
from nofb.transfer import Transferred
from nofb.types import Array

MEASURED = "delta_angle_end_to_end", "weight_angle"
MEASURES = tuple(each for each in ALIGNMENT if each.name in MEASURED)
SAMPLES = 1_000
HEADINGS = ["seeds", "test accuracy %", "attention after", "signal", "frozen B", "learned B",
            "mask", "td"]  # fmt: skip


def teach(
    net: Transferred,
    given: Dataset,
    lr: float,
    task: Task,
    groups: Sequence[str],
    callbacks: Sequence[AfterEpoch],
) -> dict[str, Any]:
    """Train once; return the accuracies, the angles at the end, and the attention.

    Parameters
    ----------
    net, given, lr
        The network, its data and the learning rate.
    task
        The task, with its rule, seed and epochs.
    groups
        The groups of layers that learn, besides the head, by the names of `net.groups()`.
    callbacks
        The callbacks for `nofb.fit`.
    """
    run = train(net, given, lr, task["rule"], task["seed"], task["epochs"],
                probe=Probe(100, MEASURES), callbacks=callbacks)  # fmt: skip
    accuracy = run.history["test_accuracy"].round(5).tolist() if run.history.epochs else []
    result = {"stopped": run.stopped, "test_accuracy": accuracy}
    if not accuracy:
        return result
    signal, matrix = (run.history[name][-1] for name in MEASURED)
    places = {
        group: [net.weighted.index(each) for each in net.groups()[group]]  # type: ignore[arg-type]
        for group in groups
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
    """Return the mean of the angles that are not missing, if there is one.

    Examples
    --------
    >>> mean_angle(np.array([10.0, np.nan, 20.0])), mean_angle(np.array([np.nan]))
    (15.0, None)
    """
    there = angles[np.isfinite(angles)]
    return round(float(there.mean()), 2) if there.size else None


def measured(records: Iterable[Record], *names: str) -> dict[Any, list[Mapping[str, Any]]]:
    """Return the results of the runs that did not diverge at once, by the values in their tasks."""
    return grouped((each for each in records if "signal" in each["result"]), *names)


def cells(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the cells of a row, in the order of `HEADINGS`."""
    signals = [
        f"{group} {means([run['signal'] for run in runs], group, 0)}" for group in runs[0]["signal"]
    ]
    angles = [means(runs, name, 0) for name in ("frozen_matrices", "learned_matrices")]
    return [str(len(runs)), spread(last(runs)), means(runs, "after"), "; ".join(signals), *angles,
            means(runs, "mask"), means(runs, "td", 1)]  # fmt: skip


def lines(records: Sequence[Record], *names: str) -> Rows:
    """Return a line for each run, kind of trained layer, and block."""
    rows = [[*names, "seed", "test_accuracy", "frozen_matrices", "learned_matrices", "layer",
             "block", "signal"]]  # fmt: skip
    for record in records:
        task, result = record["task"], record["result"]
        ends = [result.get(name) for name in ("frozen_matrices", "learned_matrices")]
        accuracy = result["test_accuracy"][-1] if result["test_accuracy"] else None
        place = [*(task[name] for name in names), task["seed"], accuracy, *ends]
        for group, angles in result.get("signal", {}).items():
            for block, angle in enumerate(angles, 1):
                rows.append([short(value) for value in [*place, group, block, angle]])
    return rows
