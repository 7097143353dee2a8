"""How do more exact inverses change a target? A trained network, over the number of iterations.

Two networks of five hidden layers learn MNIST for a few epochs. The inverses of one reconstruct the
input of each layer; the inverses of the other learn by difference reconstruction. Then the weights
are fixed, and the number of iterations of the targets is increased. The limit for perfect inverses
is computed from the local Jacobians, which are inverted exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.papers.bengio2020.changes import ITERATIONS, MEASURES, over_iterations
from nofb.papers.bengio2020.network import RUN
from nofb.papers.study import Part, Record, Rows, Task, short
from nofb.rules.targets import TargetRule
from nofb.runs.train import train
from nofb.training.callbacks import AfterEpoch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nofb.plots import Picture

EPOCHS, SAMPLES = 3, 100
HEADING = "The effect of more exact inverses on a target, hidden layers first to last"
LEARNED = {  # the training of the inverses: the rule, and its attributes
    "reconstruction": (
        "itp",
        {"noise": 0.0837, "inverse_lr": 1.96e-3, "step_size": 0.05, "layer_norm": False},
    ),
    "difference reconstruction": ("itp_drl", {"step_size": 0.05, "damping": 1.0}),
}
ROWS = {
    "gauss_newton_angle": "angle to the\nGauss-Newton change",
    "null_space_share": "fraction without effect\non the output",
    "length": "length / length of the\nGauss-Newton change (log.)",
}
SHADES = ("#9CC4E0", "#69A5CF", "#3A84B8", "#1B629A", "#08306B")  # a lightness for each layer


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each kind of inverse training.

    Examples
    --------
    >>> [task["inverses"] for task in tasks()]
    ['reconstruction', 'difference reconstruction']
    """
    longest = min(epochs or EPOCHS, EPOCHS)
    return [{"part": "anatomy", "inverses": name, "epochs": longest} for name in LEARNED]


def anatomy(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train, then measure targets for a growing number of iterations.

    Returns
    -------
    dict
        "iterated" has each of `MEASURES` as a list over `ITERATIONS` with one value for each hidden
        layer; "exact" has the same for exact local inverses; "condition" has the median condition
        number of the Jacobian of every hidden layer but the first.
    """
    name, attributes = LEARNED[task["inverses"]]
    chosen = RUN.replace(
        rule=name, attributes={"iterations": 1, **attributes}, epochs=task["epochs"], probe=0
    )
    data = chosen.load()
    run = train(chosen, data=data, callbacks=callbacks)
    if not run.history.epochs:  # diverged in the first one
        return {"stopped": run.stopped}
    net, rule = run.net, run.rule
    trace = net.forward(data.x_test[:SAMPLES])
    trace.set_target(net.as_target(data.y_test[:SAMPLES], SAMPLES))
    assert isinstance(rule, TargetRule)
    accuracy = float(run.history["test_accuracy"][-1])
    return {"stopped": run.stopped, "test_accuracy": accuracy, **over_iterations(rule, trace)}


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each number of iterations, with hidden layers first to last."""
    rows = [["inverses learn by", "iterations", "angle to Gauss-Newton", "to the gradient",
             "unnoticed share", "length / Gauss-Newton's"]]  # fmt: skip
    for record in records:
        name, result = record["task"]["inverses"], record["result"]
        for place, k in enumerate(ITERATIONS):
            found = {m: result["iterated"][m][place] for m in MEASURES}
            rows.append([name, str(k), *_cells(found)])
        condition = " ".join(f"{each:.0e}" for each in result["condition"])
        rows.append([f"exact (condition {condition})", "∞", *_cells(result["exact"])])
    return {HEADING: rows}


def _cells(found: dict[str, list[float]]) -> list[str]:
    return [
        " ".join(f"{each:.0f}°" for each in found["gauss_newton_angle"]),
        " ".join(f"{each:.0f}°" for each in found["bp_angle"]),
        " ".join(f"{each:.2f}" for each in found["null_space_share"]),
        " ".join(f"{each:.2g}" for each in found["length"]),
    ]


def lines(records: Sequence[Record]) -> Rows:
    """Return every measure of every layer; exact inverses have no number of iterations."""
    rows = [["inverses", "iterations", "layer", *MEASURES]]
    for record in records:
        name, result = record["task"]["inverses"], record["result"]
        looks = [(k, {m: result["iterated"][m][i] for m in MEASURES})
                 for i, k in enumerate(ITERATIONS)]  # fmt: skip
        for k, found in [*looks, ("exact", result["exact"])]:
            for layer in range(len(found["length"])):
                values = [found[measure][layer] for measure in MEASURES]
                rows.append([short(value) for value in [name, k, layer + 1, *values]])
    return rows


def figure(records: Sequence[Record]) -> Picture:
    """Draw the measures of t - h in each hidden layer over the number of iterations.

    There is a column for each kind of inverse training, and a row for each of `ROWS`. The crosses
    at the right are exact local inverses.
    """
    from nofb.plots.picture import Picture  # late: matplotlib loads slowly
    from nofb.plots.style import using

    with using("light") as colours:
        picture = Picture(5.2 * len(records), 8.4, colours)
        grid = picture.subplots(len(ROWS), len(records), sharex=True, sharey="row", squeeze=False)
        for column, record in zip(grid.T, records, strict=True):
            accuracy = 100 * record["result"]["test_accuracy"]
            column[0].set_title(
                f"inverses learn by {record['task']['inverses']}\n{accuracy:.1f} % of test digits"
            )
            for axes, measure in zip(column, ROWS, strict=True):
                _panel(axes, record["result"], measure)
            column[-1].set_xlabel("iterations; ×: exact local inverses")
        for axes, name in zip(grid[:, 0], ROWS.values(), strict=True):
            axes.set_ylabel(name)
    return picture


def _panel(axes: Axes, result: Mapping[str, Any], measure: str) -> None:
    from nofb.plots.labels import label_ends  # late, as above

    values, exact = np.array(result["iterated"][measure]), result["exact"][measure]
    ends = {}
    for layer, colour in zip(range(values.shape[1]), SHADES, strict=False):
        name = f"layer {layer + 1}"
        axes.plot(ITERATIONS, values[:, layer], "o-", color=colour, markersize=3, label=name)
        axes.plot([12], [exact[layer]], "x", color=colour, label=f"_{name}, exact")
        ends[name] = (12.2, exact[layer], colour)
    axes.set_xticks([1, 2, 3, 5, 7, 10, 12], ["1", "2", "3", "5", "7", "10", "∞"])
    axes.set_xlim(0.5, 12.4)
    if measure == "length":
        axes.set_yscale("log")
    elif measure == "null_space_share":
        axes.set_ylim(-0.02, 1.05)
    else:
        axes.set_ylim(0, 95)
        axes.set_yticks(range(0, 91, 15))
        axes.yaxis.set_major_formatter("{x:g}°")
    label_ends(axes, ends)


PART = Part(
    "anatomy",
    tasks,
    anatomy,
    tables,
    lines,
    numbers="inverse_anatomy",
    figure=figure,
    image="inverse_anatomy",
)
