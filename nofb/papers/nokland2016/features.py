"""Figure 3: which features do hidden layers find under backprop, and under direct feedback?

The paper shows a map of each hidden layer of a 3x400 network (t-SNE). Here test digits are drawn in
the plane of the two principal components, which keeps distances as they are, and a number says how
well a layer tells classes apart: the share of its variance that lies between the classes' means.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.datasets import Dataset
from nofb.network import Network
from nofb.papers.nokland2016.rows import Row
from nofb.papers.nokland2016.training import load, trained
from nofb.papers.study import Part, Record, Rows, Task, short
from nofb.training.callbacks import AfterEpoch
from nofb.types import Array

if TYPE_CHECKING:
    from nofb.plots import Picture

ROW = Row("mnist", (400,) * 3, rate=3e-4, rules=("bp", "dfa"), longest=20)
DIGITS, MEASURED = 300, 2000  # test digits in the figure, and for the share
HEADING = "Figure 3: share of each hidden layer's variance that lies between classes, 3x400 tanh"


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run, none longer than `epochs`.

    Examples
    --------
    >>> [task["rule"] for task in tasks()]
    ['bp', 'dfa']
    """
    longest = min(epochs or ROW.longest, ROW.longest)
    return [{"part": "features", "rule": rule, "seed": 0, "epochs": longest} for rule in ROW.rules]


def train(task: Task, folder: Path, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return points in the plane (layer, digit, 2), their classes, and the shares."""
    data = load(ROW)
    net = ROW.network(task["rule"], data, task["seed"])
    before = shares(net, data)
    run = trained(task, folder, ROW, net, ROW.optimizer(ROW.rate, "cosine"), callbacks)
    if not run.history.epochs:  # diverged in the first one
        return {"stopped": run.stopped}
    trace = net.forward(data.x_test[:DIGITS])
    points = [in_plane(trace[layer].h).round(3).tolist() for layer in net.weighted[:-1]]
    return {
        "stopped": run.stopped,
        "test_error": float(100 * (1 - run.history["test_accuracy"][-1])),
        "before": before,
        "after": shares(net, data),
        "points": points,
        "classes": data.y_test[:DIGITS].tolist(),
    }


def shares(net: Network, data: Dataset) -> list[float]:
    """Return for each hidden layer how much of its variance lies between classes."""
    trace, y = net.forward(data.x_test[:MEASURED]), data.y_test[:MEASURED]
    return [round(between(trace[layer].h, y), 4) for layer in net.weighted[:-1]]


def between(h: Array, y: Array) -> float:
    """Return the share of the variance of h (N, n) that lies between the means of classes.

    Examples
    --------
    >>> h = np.array([[0.0], [2.0], [4.0], [6.0]])
    >>> between(h, np.array([0, 0, 1, 1]))
    0.8
    """
    total = ((h - h.mean(0)) ** 2).sum()
    if total == 0:
        return 0.0  # a layer that is still silent
    means = np.array([h[y == label].mean(0) for label in np.unique(y)])[
        np.unique(y, return_inverse=True)[1]
    ]
    return float(((means - h.mean(0)) ** 2).sum() / total)


def in_plane(h: Array) -> Array:
    """Return the first two principal components (N, 2) of activations (N, n)."""
    centred = h - h.mean(0)
    U, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    return U[:, :2] * sizes[:2]


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each rule."""
    rows = [["rule", "epochs", "test error %", "before training: share in %", "after training"]]
    for record in records:
        task, result = record["task"], record["result"]
        shares = (100 * np.array(result[name]) for name in ("before", "after"))
        pair = [" ".join(f"{share:.0f}" for share in each) for each in shares]
        rows.append([task["rule"], str(task["epochs"]), f"{result['test_error']:.2f}", *pair])
    return {HEADING: rows}


def lines(records: Sequence[Record]) -> Rows:
    """Return every share: a line for each rule and layer."""
    rows = [["rule", "layer", "before", "after"]]
    for record in records:
        pairs = zip(record["result"]["before"], record["result"]["after"], strict=True)
        for layer, pair in enumerate(pairs, 1):
            rows.append([short(value) for value in [record["task"]["rule"], layer, *pair]])
    return rows


def figure(records: Sequence[Record]) -> Picture:
    """Draw test digits in the plane of each hidden layer, a row for each rule."""
    from nofb.plots.picture import Picture  # late: matplotlib loads slowly
    from nofb.plots.style import full_name, using

    with using("light") as colours:
        layers = len(records[0]["result"]["points"])
        picture = Picture(3.6 * layers, 3.5 * len(records), colours)
        grid = picture.subplots(len(records), layers, squeeze=False)
        for row, record in zip(grid, records, strict=True):
            result = record["result"]
            for layer, (axes, points) in enumerate(zip(row, result["points"], strict=True), 1):
                for (x, y), label in zip(points, result["classes"], strict=True):
                    axes.text(x, y, str(label), color=f"C{label}", ha="center", va="center", size=7)
                reach = 1.05 * np.abs(points).max()
                axes.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[])
                axes.set_title(
                    f"hidden layer {layer}: {result['after'][layer - 1]:.0%} between classes"
                )
            row[0].set_ylabel(full_name(record["task"]["rule"]))
    return picture


PART = Part(
    "features",
    tasks,
    train,
    tables,
    lines,
    numbers="features",
    figure=figure,
    image="features",
    resumes=True,
    data=("mnist",),
)
