"""Does every rule train LeNet, ResNet-8 and a vision transformer? Digits, accuracy and angles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.diagnosis import Probe
from nofb.papers.networks.settings import (
    IMAGES,
    MEASURES,
    RULES,
    TITLES,
    rate,
    run_for,
    run_of,
)
from nofb.papers.study import Part, Record, Rows, Task, grouped, short
from nofb.runs.train import train
from nofb.training.callbacks import AfterEpoch
from nofb.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nofb.plots import Picture
    from nofb.plots.style import Theme

EPOCHS = {"lenet": 30, "resnet": 15, "vision_transformer": 30}
SEEDS = {"lenet": 3, "resnet": 3, "vision_transformer": 3}
NOTE = (
    "Means over seeds, ± the standard deviation of one. One test image of 359 is 0.28 %. Angles "
    "are those of teaching signals to backprop's at the end, on 100 test images, for layers with "
    "weights, first to last, without the last layer, whose signal is the error itself. "
    "Layers, with the shapes of their W: {layers}."
)
MAP = "cividis_r"  # pale for backprop's signal, dark for an angle at chance


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each network, rule and seed, none longer than `epochs`.

    Examples
    --------
    >>> task = tasks(epochs=2)[0]
    >>> task["network"], task["rule"], task["seed"], task["epochs"]
    ('lenet', 'bp', 0, 2)
    """
    return [
        {"part": "images", "network": network, "rule": rule, "seed": seed,
         "epochs": min(epochs or longest, longest), "lr": rate(network, rule)}
        for network, longest in EPOCHS.items()
        for rule in RULES
        for seed in range(SEEDS[network])
    ]  # fmt: skip


def images(task: Task, callbacks: Iterable[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return the test accuracies, and the signal's angle at each layer at the end."""
    run = train(run_for(task), probe=Probe(measures=MEASURES), callbacks=callbacks)
    history = run.history
    angles = history[MEASURES[0].name][-1][:-1] if history.epochs else []
    return {
        "stopped": run.stopped,
        "test_accuracy": history["test_accuracy"].round(5).tolist() if history.epochs else [],
        "signal_angle": [None if np.isnan(each) else round(float(each), 2) for each in angles],
    }


def by_rule(records: Iterable[Record], network: str) -> dict[str, list[Mapping[str, Any]]]:
    """Return the results of each rule's seeds on a network."""
    return grouped((each for each in records if each["task"]["network"] == network), "rule")


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a table for each network, with a row for each rule."""
    rates = {(r["task"]["network"], r["task"]["rule"]): r["task"]["lr"] for r in records}
    made: dict[str, Rows] = {}
    for network in IMAGES:
        rows = [["rule", "rate", "seeds", "test accuracy %", "angle of signal to backprop's"]]
        for rule, results in by_rule(records, network).items():
            accuracies = 100 * last_accuracies(results)
            spread = f" ± {accuracies.std(ddof=1):.1f}" if len(results) > 1 else ""
            angles = " ".join(f"{each:.0f}°" for each in mean_angles(results))
            rows.append([rule, short(rates[network, rule]), str(len(results)),
                         f"{accuracies.mean():.1f}{spread}", angles or "-"])  # fmt: skip
        if len(rows) > 1:
            made[f"Digits, {TITLES[network]}"] = rows
    return made


def last_accuracies(results: Sequence[Mapping[str, Any]]) -> Array:
    """Return the final test accuracy of each run; a run that diverged at once has none."""
    return np.array([run["test_accuracy"][-1] for run in results if run["test_accuracy"]])


def mean_angles(results: Sequence[Mapping[str, Any]]) -> Array:
    """Return the mean angle over seeds of each layer with a signal; nothing if there is none."""
    angles = np.array([run["signal_angle"] for run in results], float)
    return np.array([]) if np.isnan(angles).all() else angles.mean(axis=0)


def layers(network: str) -> list[str]:
    """Return the layers with weights of a network but the last, each with the shape of its W."""
    run = run_of(network, "bp")
    net = run.network_for(run.load())
    return [f"{type(layer).__name__} {layer.n_in} x {layer.n_out}" for layer in net.weighted[:-1]]


def note(records: Sequence[Record]) -> str:
    """Return a note on the numbers, and the list of the layers."""
    texts = [f"{TITLES[network]}: {', '.join(layers(network))}" for network in IMAGES]
    return NOTE.format(layers="; ".join(texts))


def lines(records: Sequence[Record]) -> Rows:
    """Return a line for each network, rule, seed and hidden layer, at the end."""
    rows = [["network", "rule", "seed", "lr", "test_accuracy", "layer", "signal_angle"]]
    for record in records:
        task, result = record["task"], record["result"]
        accuracy = result["test_accuracy"][-1] if result["test_accuracy"] else None
        for layer, angle in enumerate(result["signal_angle"], 1):
            place = [task["network"], task["rule"], task["seed"], task["lr"], accuracy]
            rows.append([short(value) for value in [*place, layer, angle]])
    return rows


def figure(records: Sequence[Record]) -> Picture:
    """Draw a panel for each network: rules sorted by accuracy, and the angle at every layer."""
    from matplotlib.cm import ScalarMappable  # late: matplotlib loads slowly
    from matplotlib.colors import Normalize

    from nofb.plots.picture import Picture
    from nofb.plots.style import using

    shade = ScalarMappable(Normalize(0, 90), MAP)
    with using("light") as theme:
        picture = Picture(9.6, 10.4, theme)
        two, one = IMAGES[:2], IMAGES[2]
        panels = picture.subplot_mosaic([[*two], [one, one]], width_ratios=[5, 9])
        for network, axes in panels.items():
            _panel(axes, by_rule(records, network), shade, theme)
            axes.set_title(TITLES[network])
        bar = picture.colorbar(shade, ax=list(panels.values()), aspect=60, format="{x:g}°")
        bar.set_ticks([0, 30, 60, 90])
        bar.outline.set_visible(False)
    return picture


def _panel(
    axes: Axes, rules: Mapping[str, Sequence[Mapping[str, Any]]], shade: Any, theme: Theme
) -> None:
    """Draw a row for each rule, the most accurate first, and a square for each layer."""
    accuracy = {rule: float(last_accuracies(runs).mean()) for rule, runs in rules.items()}
    order = sorted(accuracy, key=lambda rule: -accuracy[rule])
    for y, rule in enumerate(order):
        angles = mean_angles(rules[rule])
        for x, angle in enumerate(angles):
            colour = shade.to_rgba(min(angle, 90))
            axes.fill_between([x, x + 1], y, y + 1, color=colour, ec=theme.paper, lw=1.2)
            ink = "#000000" if np.dot(colour[:3], (0.299, 0.587, 0.114)) > 0.5 else "#FFFFFF"
            axes.text(x + 0.5, y + 0.5, f"{angle:.0f}", color=ink, ha="center", va="center",
                      fontsize=8)  # fmt: skip
        if not len(angles):
            axes.text(0.2, y + 0.5, "not taught", va="center", fontsize=8)
    count = max(len(runs[0]["signal_angle"]) for runs in rules.values())
    axes.set(xlim=(0, count), ylim=(len(order), 0), xlabel="layer, first to last")
    axes.set_xticks(np.arange(count) + 0.5, [str(layer) for layer in range(1, count + 1)])
    axes.set_yticks(
        np.arange(len(order)) + 0.5, [f"{rule}  {100 * accuracy[rule]:.1f}%" for rule in order]
    )
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


PART = Part(
    "images", tasks, images, tables, lines, "images", figure, "images", note, ("test_accuracy",)
)
