"""The data of the comparison: the authors' logs, and the same measures of our runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import resources

import numpy as np

from nofb.papers.study import Record, Rows, grouped
from nofb.types import Array

RULES = ("bp", "fa", "wm", "kp")
MEASURES = ("loss", "test_accuracy", "weight_angle", "delta_angle")
NAMES = {
    "loss": "training loss",
    "test_accuracy": "test accuracy %",
    "weight_angle": "B to Wᵀ",
    "delta_angle": "signal to backprop's",
}

Curves = Mapping[str, Sequence[float]]  # of one run: each measure over epochs


def published(rule: str, file: str = "published.csv") -> dict[str, list[float]]:
    """Return the authors' log of one rule: each measure they have, for 400 epochs.

    Parameters
    ----------
    rule
        One of `RULES`.
    file
        Their log on MNIST, or another one beside this file.

    Accuracies are shares, angles degrees; `weight_angle` is the output layer's, `delta_angle` that
    of the hidden layer's signal on the first training sample. Backprop has no angles.

    Examples
    --------
    >>> log = published("wm")
    >>> len(log["loss"]), log["test_accuracy"][-1], log["weight_angle"][-1]
    (400, 0.9849, 3.79)
    """
    with resources.files(__package__).joinpath(file).open(encoding="utf-8") as opened:
        table = np.genfromtxt(opened, delimiter=",", names=True, skip_header=1)
    names = [name for name in MEASURES if f"{rule}_{name}" in (table.dtype.names or ())]
    log = {name: table[f"{rule}_{name}"].tolist() for name in names}
    return log | {"test_accuracy": [percent / 100 for percent in log["test_accuracy"]]}


def curves(history: Mapping[str, Array]) -> dict[str, list[float]]:
    """Return the measures that are compared with the authors', and "seconds", over epochs."""
    measured = {name: history[name] for name in ("loss", "test_accuracy", "seconds")}
    if np.isfinite(history["weight_angle"][:, -1]).all():  # backprop has no feedback matrix
        measured["weight_angle"] = history["weight_angle"][:, -1]
        measured["delta_angle"] = history["delta_angle_end_to_end"][:, 0]
    return {name: values.tolist() for name, values in measured.items()}


def by_rule(records: Iterable[Record]) -> dict[str, list[Curves]]:
    """Return the curves of each rule's seeds."""
    runs = grouped(records, "rule")
    return {rule: runs[rule] for rule in RULES if rule in runs}


def lines(form: str, records: Iterable[Record]) -> Rows:
    """Return every number: a line for each rule, seed and epoch."""
    rows = [["form", "rule", "seed", "epoch", *MEASURES]]
    for record in sorted(records, key=lambda each: RULES.index(each["task"]["rule"])):
        place, run = [form, record["task"]["rule"], str(record["task"]["seed"])], record["result"]
        for epoch in range(len(run["loss"])):
            values = [f"{run[m][epoch]:.6g}" if m in run else "" for m in MEASURES]
            rows.append([*place, str(epoch + 1), *values])
    return rows


def as_text(measure: str, value: float) -> str:
    """Return one number as text for a table."""
    forms = {"loss": "{:.3g}", "test_accuracy": "{:.2f}"}
    scale = 100 if measure == "test_accuracy" else 1
    return forms.get(measure, "{:.1f}°").format(scale * value)


def extent(runs: Mapping[str, Sequence[Curves]]) -> str:
    """Return the numbers of seeds and epochs, so that a shortened reproduction is visible."""
    epochs = sorted({len(run["loss"]) for seeds in runs.values() for run in seeds})
    seeds = max(map(len, runs.values()))
    ran = " or ".join(map(str, epochs))
    return f"{seeds} seed{'s' * (seeds > 1)}, {ran} epoch{'s' * (ran != '1')}"
