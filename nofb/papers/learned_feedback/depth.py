"""How good are feedback paths in a deep network? The angles at each of four hidden layers.

A weight angle depends on one matrix only, and so does a local delta angle: it compares one backward
step through B with the same step through Wᵀ. End to end, every step adds its own error. So the
farther a layer is from the output, the more its signal differs from backprop's.

All four rules have the same learning rate. The rates that `tune` found are for two hidden layers,
and that of feedback alignment is too high for four.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.papers.study import Part, Record, Rows, Task, grouped, short
from nofb.runs.specification import Specification
from nofb.runs.train import train
from nofb.training.callbacks import AfterEpoch
from nofb.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nofb.plots import Picture

HEADING = "Four hidden layers: angles at the end, hidden layers first to last"

RULES: dict[str, dict[str, float]] = {"bp": {}, "fa": {}, "wm": {}, "kp": {"decay": 0.005}}
RUN = Specification(hidden=(100, 100, 100, 100), lr=0.002)
MEASURES = ("weight_angle", "delta_angle_local", "delta_angle_end_to_end")
SEEDS = 3
ROWS = {
    "weight_angle": "feedback matrix\nto Wᵀ",
    "delta_angle_local": "signal to Wᵀ's,\none backward step",
    "delta_angle_end_to_end": "signal to backprop's,\nend to end",
}
SHADES = ("#86B7DA", "#4F93C4", "#1F6AA8", "#08306B")  # a lightness for each layer


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each rule and seed, none longer than `epochs`.

    Examples
    --------
    >>> tasks(epochs=2)[0]
    {'part': 'depth', 'rule': 'bp', 'seed': 0, 'epochs': 2}
    """
    longest = min(epochs or RUN.epochs, RUN.epochs)
    return [
        {"part": "depth", "rule": rule, "seed": seed, "epochs": longest}
        for rule in RULES
        for seed in range(SEEDS)
    ]


def depth(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train one rule on digits; return its angles, with those before training, and its accuracy.

    Each of `MEASURES` is a list over epochs with one value for each hidden layer, first to last. A
    weight angle is that of the matrix that ends at the layer; `None` without one.
    """
    chosen = RUN.replace(
        rule=task["rule"],
        attributes=RULES[task["rule"]],
        seed=task["seed"],
        epochs=task["epochs"],
    )
    run = train(chosen, callbacks=callbacks)
    if not run.history.epochs:  # diverged in the first one
        return {"stopped": run.stopped}
    angles = {name: run.history.from_start(name) for name in MEASURES}
    angles["weight_angle"] = np.roll(
        angles["weight_angle"], -1, axis=1
    )  # belongs to the layer above
    hidden = {name: values[:, :-1].tolist() for name, values in angles.items()}
    if not np.isfinite(hidden["weight_angle"]).all():
        hidden["weight_angle"] = None
    accuracy = run.history["test_accuracy"].tolist()
    return {"stopped": run.stopped, "test_accuracy": accuracy, **hidden}


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each rule, means over seeds."""
    names = ["weight angle", "signal, one step back", "signal, the whole way"]
    rows = [["rule", "seeds", "epochs", "test accuracy %", *names]]
    for rule, seeds in grouped(records, "rule").items():
        accuracy = 100 * np.mean([run["test_accuracy"][-1] for run in seeds])
        angles = [_angles(seeds, measure) for measure in MEASURES]
        epochs = str(len(seeds[0]["test_accuracy"]))
        rows.append([rule, str(len(seeds)), epochs, f"{accuracy:.1f}", *angles])
    return {HEADING: rows}


def _angles(seeds: Sequence[Mapping[str, Any]], measure: str) -> str:
    if seeds[0][measure] is None:
        return "-"
    means = np.mean([run[measure][-1] for run in seeds], axis=0)
    return " ".join(f"{degrees:.1f}°" for degrees in means)


def lines(records: Sequence[Record]) -> Rows:
    """Return every angle of the deep runs: a line for each rule, seed, epoch and hidden layer."""
    rows = [["rule", "seed", "epoch", "layer", *MEASURES]]
    for record in records:
        task, result = record["task"], record["result"]
        for epoch, layer in np.ndindex(np.shape(result[MEASURES[-1]])):
            values = [result[m][epoch][layer] if result[m] else "" for m in MEASURES]
            place = [task["rule"], task["seed"], epoch, layer + 1]
            rows.append([short(value) for value in [*place, *values]])
    return rows


def figure(records: Sequence[Record]) -> Picture:
    """Draw the angles of each hidden layer over epochs, a column for each rule.

    The rows are the feedback matrix that ends at the layer, the teaching signal given the same
    signal from above, and the signal end to end. Lines are means over seeds; bands are from the
    lowest to the highest seed. Each column has its own scale. Backprop has no feedback matrix, and
    is left out.
    """
    from nofb.plots.picture import Picture  # late: matplotlib loads slowly
    from nofb.plots.style import full_name, using

    runs = {
        rule: seeds for rule, seeds in grouped(records, "rule").items() if seeds[0]["weight_angle"]
    }
    with using("light") as colours:
        picture = Picture(11.0, 8.4, colours)
        grid = picture.subplots(len(ROWS), len(runs), sharex=True, sharey="col", squeeze=False)
        for column, (rule, seeds) in zip(grid.T, runs.items(), strict=True):
            accuracy = np.mean([run["test_accuracy"][-1] for run in seeds])
            column[0].set_title(f"{full_name(rule)}\n{100 * accuracy:.1f}% of test digits")
            angles = [np.array([run[measure] for run in seeds], float) for measure in ROWS]
            highest = float(np.ceil(np.max(angles) / 30) * 30)
            for axes, values in zip(column, angles, strict=True):
                _panel(axes, values, min(highest, 90.0))
            column[-1].set_xlabel("epoch (0: before training)")
        for axes, name in zip(grid[:, 0], ROWS.values(), strict=True):
            axes.set_ylabel(name)
    return picture


def _panel(axes: Axes, angles: Array, top: float) -> None:
    """Draw the angles (seeds, epochs, layers), with the layers' names at the ends of lines."""
    from matplotlib.ticker import MultipleLocator  # late, as above

    from nofb.plots.labels import label_ends

    epochs, ends = np.arange(angles.shape[1]), {}
    for layer, colour in zip(range(angles.shape[2]), SHADES, strict=False):
        values, name = angles[:, :, layer], f"layer {layer + 1}"
        mean = values.mean(axis=0)
        axes.fill_between(epochs, values.min(0), values.max(0), color=colour, alpha=0.25, lw=0)
        axes.plot(epochs, mean, color=colour, linewidth=1.8, label=name)
        ends[name] = (float(epochs[-1]), mean[-1], colour)
    axes.set_ylim(-0.02 * top, 1.08 * top)
    axes.yaxis.set_major_locator(MultipleLocator(top / 3))
    axes.yaxis.set_major_formatter("{x:g}°")
    axes.set_xlim(0, epochs[-1] * 1.02)
    label_ends(axes, ends)


PART = Part(
    "depth",
    tasks,
    depth,
    tables,
    lines,
    numbers="deep_alignment",
    figure=figure,
    image="deep_alignment",
    by_epoch=("test_accuracy", *MEASURES),
)
