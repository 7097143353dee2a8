"""Is steering better than other methods? A backbone that prefers digits has to classify garments.

In the paper it is better, on bird species and cars; here it is measured on composites.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.papers.published import published
from nofb.papers.study import Part, Record, Rows, Task, grouped, short
from nofb.papers.toast.settings import CASES, EPOCHS, TITLES, N, data, model, on_garment, train
from nofb.training.callbacks import AfterEpoch
from nofb.transfer import Toast
from nofb.types import Array

if TYPE_CHECKING:
    from nofb.plots import Picture

HEADING = "Composites: classify the garment beside a digit"
PUBLISHED_HEADING = "Published: FGVC, accuracy in %, ViT-B pretrained on ImageNet-1k"
SEEDS = 5
OTHER_N = {500: 2, 8_000: 1}  # training samples, and seeds
NAMES = {title: name for name, title in TITLES.items()}  # in `nofb transfer`
STEERED = 1_000  # test samples on which attention is measured
NOTE = (
    "Accuracy on 2,000 test composites after 12 epochs: means over seeds, ± the standard "
    "deviation of one; a seed draws the training samples, their order and the initial weights. "
    "Attention: how much the class token of blocks 1 to 4 attends to the garment's half. Uniform "
    "attention gives 0.44, and prompts get a part of it. The mask is m's mean over tokens, and td "
    "the root mean square of td in each block. Published numbers are from the README of the "
    "released code; the printed average of LoRA, 79.8, is not that of its row, 81.8."
)


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each method and seed, none longer than `epochs`; then with other n.

    Examples
    --------
    >>> tasks(epochs=2)[0]
    {'part': 'methods', 'method': 'linear', 'n': 2000, 'seed': 0, 'epochs': 2}
    """
    longest = min(epochs or EPOCHS, EPOCHS)
    return [
        {"part": "methods", "method": method, "n": n, "seed": seed, "epochs": longest}
        for n, seeds in ({N: SEEDS} | OTHER_N).items()
        for seed in range(seeds)
        for method in CASES
    ]


def methods(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return the accuracies, and the attention of the class token before and after."""
    case, given = CASES[task["method"]], data(task["n"], task["seed"])
    net = model(case, task["seed"])
    run = train(net, given, case.lr, "bp", task["seed"], task["epochs"], probe=0,
                callbacks=callbacks)  # fmt: skip
    if not run.history.epochs:  # diverged in the first one
        return {"stopped": run.stopped}
    history = run.history
    result = {
        "stopped": run.stopped,
        "parameters": net.trained_parameters,
        "test_accuracy": history["test_accuracy"].round(5).tolist(),
        "train_accuracy": history["train_accuracy"].round(5).tolist(),
    }
    return result | attended(net, given.x_test[:STEERED])


def attended(net: Any, x: Array) -> dict[str, Any]:
    """Return the attention of the class token, and the strength of the steering."""
    if not isinstance(net, Toast):
        before, after = net.attention(x)
        return {"before": on_garment(before), "after": on_garment(after), "mask": None, "td": None}
    steering = net.steer(x)
    td = np.sqrt(np.square(steering.td, dtype=np.float64).mean(axis=(1, 2, 3)))
    return {
        "before": on_garment(steering.before),
        "after": on_garment(steering.after),
        "mask": round(float(steering.mask.mean()), 4),
        "td": td.round(3).tolist(),
    }


def last(results: Sequence[Mapping[str, Any]]) -> Array:
    """Return the accuracy at the end of each run, in per cent, if it did not diverge at once."""
    return np.array([100 * run["test_accuracy"][-1] for run in results if run["test_accuracy"]])


def spread(values: Array, digits: int = 1) -> str:
    """Return a mean and its standard deviation.

    Examples
    --------
    >>> spread(np.array([1.0, 3.0])), spread(np.array([2.0]))
    ('2.0 ± 1.4', '2.0')
    """
    mean = f"{values.mean():.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {values.std(ddof=1):.{digits}f}"


def means(results: Sequence[Mapping[str, Any]], name: str, digits: int = 2) -> str:
    """Return the mean over seeds of a list of numbers, or nothing."""
    if results[0][name] is None:
        return "-"
    mean = np.atleast_1d(np.mean([run[name] for run in results], axis=0))
    return " ".join(f"{each:.{digits}f}" for each in mean)


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return the table of all methods, and the published one."""
    rows = [["method", "rate", "learn", "n", "seeds", "test accuracy %", "attention before",
             "attention after", "mask", "td"]]  # fmt: skip
    for (n, method), runs in grouped(records, "n", "method").items():
        rows.append([
            method, f"{CASES[method].lr:g}", f"{runs[0]['parameters']:,}", f"{n:,}",
            str(len(runs)), spread(last(runs)), means(runs, "before"), means(runs, "after"),
            means(runs, "mask"), means(runs, "td", 1),
        ])  # fmt: skip
    return {HEADING: rows, PUBLISHED_HEADING: _published()}


def _published() -> Rows:
    numbers = published(__package__, ["method", "data"])
    columns = list(dict.fromkeys(data for _, data in numbers))
    rows = [["method", *columns, "average of the row"]]
    for method in dict.fromkeys(method for method, _ in numbers):
        values = [numbers[method, each].mean for each in columns]
        rows.append([method, *(f"{each:.1f}" for each in values), f"{np.mean(values[:-1]):.2f}"])
    return rows


def note(records: Sequence[Record]) -> str:
    """Return a note on the numbers."""
    return NOTE


def lines(records: Sequence[Record]) -> Rows:
    """Return a line for each run."""
    by_block = [f"{name}_{block}" for name in ("before", "after", "td") for block in range(1, 5)]
    rows = [["method", "n", "seed", "parameters", "test_accuracy", "train_accuracy", "mask",
             *by_block]]  # fmt: skip
    for record in records:
        task, result = record["task"], record["result"]
        ends = [result[name][-1] if result[name] else None
                for name in ("test_accuracy", "train_accuracy")]  # fmt: skip
        several = [result[name] or [None] * 4 for name in ("before", "after", "td")]
        place = [task["method"], task["n"], task["seed"], result["parameters"], *ends]
        values = [*place, result["mask"], *(each for four in several for each in four)]
        rows.append([short(value) for value in values])
    return rows


def figure(records: Sequence[Record]) -> Picture:
    """Draw the accuracy of each method, a dot for each seed, and the attention of each block."""
    from nofb.plots.picture import Picture  # late: matplotlib loads slowly
    from nofb.plots.style import using
    from nofb.plots.transfer import MARKERS, colour

    runs = {
        method: found for (n, method), found in grouped(records, "n", "method").items() if n == N
    }
    order = sorted(runs, key=lambda method: last(runs[method]).mean())
    with using("light") as theme:
        picture = Picture(10.0, 3.8, theme)
        left, right = picture.subplots(1, 2, width_ratios=[5, 4])
        for y, method in enumerate(order):
            accuracies = last(runs[method])
            drawn: dict[str, Any] = {"color": colour(NAMES[method], theme)}
            left.plot(accuracies, [y] * len(accuracies), MARKERS[NAMES[method]], **drawn, ms=6,
                      mew=0, alpha=0.6)  # fmt: skip
            left.plot(accuracies.mean(), y, "|", **drawn, ms=16, mew=2)
        left.set_yticks(range(len(order)), order)
        left.set_xlabel("test accuracy in % (a point is a seed, | their mean)")
        for method in ("linear", "LoRA", "VPT", "TOAST", "TOAST-Lite"):
            if method in runs:
                after = np.mean([run["after"] for run in runs[method]], axis=0)
                alone = method == "linear"
                right.plot(
                    range(1, len(after) + 1), after, color=colour(NAMES[method], theme),
                    marker=MARKERS[NAMES[method]], ls="--" if alone else "-",
                    label="backbone alone" if alone else method,
                )  # fmt: skip
        right.set_xticks(range(1, 5))
        right.set_xlabel("block")
        right.set_ylabel("class token's attention on the garment")
        right.set_ylim(0, 1)
        right.legend(frameon=False, ncols=2, loc="upper left")
    return picture


PART = Part(
    "methods",
    tasks,
    methods,
    tables,
    lines,
    numbers="methods",
    figure=figure,
    image="methods",
    note=note,
    by_epoch=("test_accuracy", "train_accuracy"),
)
