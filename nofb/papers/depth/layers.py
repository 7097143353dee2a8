"""How deep can a network of tanh layers be, before a rule's signal no longer teaches its bottom?

A signal is measured at every hidden layer, before training and after it: its length beside that of
the output error, and its angle to backprop's. Each rule has two learning rates, since in a deep
network every layer moves at each step, and their changes add up.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb import datasets
from nofb.datasets import Dataset
from nofb.diagnosis import ALIGNMENT, Probe
from nofb.layers import Dense
from nofb.network import Network
from nofb.optimizers import RMSprop
from nofb.papers.errors import results_of
from nofb.papers.study import Part, Record, Rows, Task, short
from nofb.rules import Rule, make
from nofb.training import DivergenceWarning, fit
from nofb.training.callbacks import AfterEpoch
from nofb.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nofb.plots import Picture

DEPTHS = (1, 2, 3, 5, 10, 20, 30, 50, 100)  # hidden layers
WIDTH, SAMPLES, MEASURED = 100, 10_000, 200
EPOCHS, BATCH, SEEDS = 10, 64, 2
RATES = (3e-4, 3e-5)  # of RMSprop
WRITTEN = {lr: np.format_float_positional(lr) for lr in RATES}
ANGLE = "delta_angle_end_to_end"
PROBE = Probe(100, [measure for measure in ALIGNMENT if measure.name == ANGLE])


@dataclass(frozen=True)
class Form:
    """A rule, and from where it starts.

    Attributes
    ----------
    rule
        Its short name.
    init
        How the weights are drawn.
    """

    rule: str
    init: str = "xavier"


FORMS = {
    "bp": Form("bp"),
    "bp from zero": Form("bp", "zeros"),
    "fa": Form("fa"),
    "dfa": Form("dfa"),
    "dfa from zero": Form("dfa", "zeros"),
    "ifa": Form("ifa"),
    "kp": Form("kp"),
    "wm": Form("wm"),
}
HEADING = "Test error in per cent by the number of hidden layers, learning rate {}"


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run, none longer than `epochs`.

    Examples
    --------
    >>> tasks()[0]
    {'form': 'bp', 'layers': 1, 'lr': 0.0003, 'seed': 0, 'epochs': 10}
    """
    longest = min(epochs or EPOCHS, EPOCHS)
    return [
        {"form": form, "layers": layers, "lr": lr, "seed": seed, "epochs": longest}
        for seed in range(SEEDS)
        for lr in RATES
        for form in FORMS
        for layers in DEPTHS
    ]


def train(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return test errors, and the signal at each hidden layer, before and after."""
    form, data = FORMS[task["form"]], load()
    net, rule = network(form, data, task["layers"], task["seed"]), make(form.rule)
    rule.attach(net, task["seed"])
    before = lengths(net, rule, data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)  # `stopped` says it
        run = fit(
            net, rule, data, task["epochs"], BATCH, RMSprop(lr=task["lr"]), task["seed"],
            probe=PROBE,
            callbacks=callbacks, progress=False,
        )  # fmt: skip
    if not run.history.epochs:  # diverged in the first one
        return {"stopped": run.stopped}
    angles = run.history.from_start(ANGLE)[:, :-1]
    return {
        "stopped": run.stopped,
        "test_error": (100 * (1 - run.history["test_accuracy"])).round(3).tolist(),
        "length_before": before,
        "length_after": lengths(net, rule, data),
        "angle_before": as_numbers(angles[0]),
        "angle_after": as_numbers(angles[-1]),
    }


def load() -> Dataset:
    """Return the first training images of MNIST, with pixels in [-1, 1], and all test images."""
    data = datasets.load("mnist").centred().flat()
    few = data.x_train[:SAMPLES], data.y_train[:SAMPLES]
    return Dataset(*few, data.x_test, data.y_test, data.name)


def network(form: Form, data: Dataset, layers: int, seed: int) -> Network:
    """Return tanh layers of one width, drawn as the form says."""
    sizes = [data.x_train.shape[1], *[WIDTH] * layers]
    hidden = [Dense(*pair, "tanh", form.init) for pair in pairwise(sizes)]
    return Network([*hidden, Dense(WIDTH, data.n_outputs, init=form.init)], seed=seed)


def lengths(net: Network, rule: Rule, data: Dataset) -> list[float | None]:
    """Return at each hidden layer the signal's length as a share of the output error's."""
    few = slice(MEASURED)
    trace = net.forward(data.x_test[few])
    rule.teach(net, trace.set_target(net.as_target(data.y_test[few], MEASURED)))
    error = np.linalg.norm(trace.error)
    found = (trace.deltas.get(layer) for layer in net.weighted[:-1])
    return as_numbers(
        np.array([np.nan if delta is None else np.linalg.norm(delta) / error for delta in found])
    )


def as_numbers(values: Array) -> list[float | None]:
    """Return an array as a list, with `None` where there is no number."""
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in values]


def last_errors(records: Sequence[Record], **task: Any) -> Array:
    """Return the test error at the end of each seed."""
    runs = [each["result"] for each in records if task.items() <= each["task"].items()]
    return np.array([run["test_error"][-1] for run in runs])


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return for each rate a row for each form, a column for each depth: means over seeds."""
    found = {}
    for lr in RATES:
        rows = [["rule", *map(str, DEPTHS)]]
        for form in FORMS:
            ends = [last_errors(records, form=form, layers=depth, lr=lr) for depth in DEPTHS]
            rows.append([form, *(f"{each.mean():.1f}" if each.size else "-" for each in ends)])
        found[HEADING.format(WRITTEN[lr])] = rows
    return found


def lines(records: Sequence[Record]) -> Rows:
    """Return a line for each form, depth, seed and hidden layer."""
    names = ["length_before", "length_after", "angle_before", "angle_after"]
    rows = [["form", "layers", "lr", "seed", "test_error", "layer", *names]]
    for record in records:
        task, result = record["task"], record["result"]
        error = result["test_error"][-1] if result["test_error"] else None
        place = [*(task[name] for name in ("form", "layers", "lr", "seed")), error]
        for layer in range(task["layers"]):
            values = [result[name][layer] for name in names]
            rows.append([short(each) for each in [*place, layer + 1, *values]])
    return rows


def figure(records: Sequence[Record]) -> Picture:
    """Draw test error against depth, and the signal's length and angle at the layers of one net."""
    from nofb.plots.picture import Picture  # late: matplotlib loads slowly
    from nofb.plots.style import using

    with using("light") as colours:
        picture = Picture(10.4, 8.4, colours)
        *errors, length, angle = picture.subplots(2, 2).flat
        for form in FORMS:
            line = _line(form, colours)
            for axes, lr in zip(errors, RATES, strict=True):
                _over_depths(axes, records, form, lr, line)
            _at_layers(length, records, form, "length_before", line)
            _at_layers(angle, records, form, "angle_after", line)
        for axes, lr in zip(errors, RATES, strict=True):
            axes.set(xscale="log", xlabel="hidden layers", ylim=(0, 95),
                     title=f"test error in per cent,\nlearning rate {WRITTEN[lr]}")  # fmt: skip
            axes.set_xticks(DEPTHS, [str(depth) for depth in DEPTHS], minor=False)
            axes.minorticks_off()
        errors[0].legend(fontsize=8, handlelength=3.2)
        length.set(yscale="log", xlabel="layer, of 30",
                   title="signal's length before training,\nbeside the output error's")  # fmt: skip
        at_end = f"angle to backprop's signal after\ntraining, learning rate {WRITTEN[RATES[0]]}"
        angle.set(xlabel="layer, of 30", ylim=(0, 100), title=at_end)
        angle.yaxis.set_major_formatter("{x:g}°")
    return picture


def _line(form: str, colours: Any) -> dict[str, Any]:
    from nofb.plots.style import DOTS, look

    seen = look(FORMS[form].rule, colours)
    line = DOTS if FORMS[form].init == "zeros" else seen.line
    return {"color": seen.colour, "linestyle": line, "marker": seen.marker or "o", "markersize": 4}


def _over_depths(
    axes: Axes, records: Sequence[Record], form: str, lr: float, line: dict[str, Any]
) -> None:
    """Draw the mean test error of a form at each depth."""
    found = [(layers, last_errors(records, form=form, layers=layers, lr=lr)) for layers in DEPTHS]
    means = [(layers, each.mean()) for layers, each in found if each.size]
    if means:
        axes.plot(*zip(*means, strict=True), label=form, **line)


def _at_layers(
    axes: Axes, records: Sequence[Record], form: str, measure: str, line: dict[str, Any]
) -> None:
    """Draw one measure at each layer of the network of thirty, of the first seed and rate."""
    for result in results_of(records, form=form, layers=30, seed=0, lr=RATES[0]):
        values = np.array(result[measure], float)
        axes.plot(np.arange(1, 31), np.where(values > 0, values, np.nan), **line, markevery=5)


PART = Part(
    "layers",
    tasks,
    train,
    tables,
    lines,
    numbers="depth",
    figure=figure,
    image="depth",
    by_epoch=("test_error",),
)
