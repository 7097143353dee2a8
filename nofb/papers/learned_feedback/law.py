"""Kolen-Pollack's law on real data: W - Bᵀ is multiplied by (1 - λ) in every step.

    W - Bᵀ = (1 - λ)^t (W_0 - B_0ᵀ)        so        B = Wᵀ - (1 - λ)^t (W_0 - B_0ᵀ)ᵀ

The second form needs only the start of B: W predicts every later angle. With λ = 0 the difference
is constant, and the angle falls only because W becomes larger. This is the form of the released
code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.diagnosis import angle
from nofb.papers.study import Part, Record, Rows, Task, short
from nofb.rules.kolen_pollack import KolenPollack
from nofb.runs.specification import Specification
from nofb.runs.train import train
from nofb.training import Run
from nofb.training.callbacks import AfterEpoch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nofb.plots import Picture

HEADING = "Kolen-Pollack at the end: remaining W - Bᵀ, and angles, measured (predicted)"

DECAYS = (0.0, 1e-4, 1e-3, 1e-2)
EPOCHS = 40
RUN = Specification(
    rule="kp",
    lr=0.002,
    optimizer_options={"schedule": "constant"},  # λ is the same at every step
    probe=0,
)
LOWEST = 1e-3  # of the gap in the figure; smaller ones are below single precision
EVERY = 4  # epochs between two points


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each decay, none longer than `epochs`.

    Examples
    --------
    >>> tasks(epochs=2)[1]
    {'part': 'law', 'decay': 0.0001, 'epochs': 2}
    """
    longest = min(epochs or EPOCHS, EPOCHS)
    return [{"part": "law", "decay": decay, "epochs": longest} for decay in DECAYS]


def law(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train on digits; return predicted and measured values for each epoch, with the start.

    "gap" is ‖W - Bᵀ‖ divided by its start, "angle" is between W and Bᵀ in degrees. Each is a list
    with one value for each layer with feedback; the law gives the "predicted_" ones.
    """
    chosen = RUN.replace(attributes={"decay": task["decay"]}, epochs=task["epochs"])
    data = chosen.load()
    net, rule = chosen.network_for(data), KolenPollack(decay=task["decay"])
    rule.attach(net, seed=0)
    layers = [(layer, layer.B) for layer in net.weighted if layer.B is not None]
    start = [layer.W - B.T for layer, B in layers]
    steps = -(-len(data.x_train) // chosen.batch_size)  # in an epoch, the last one short
    rows: list[dict[str, list[float]]] = []

    def look(run: Run) -> None:
        kept = (1 - rule.decay) ** (steps * run.history.epochs)
        sizes = [np.linalg.norm(gap) for gap in start]
        gaps = [np.linalg.norm(layer.W - B.T) for layer, B in layers]
        rows.append({
            "gap": [float(gap / size) for gap, size in zip(gaps, sizes, strict=True)],
            "predicted_gap": [kept] * len(layers),
            "angle": [angle(layer.W, B.T) for layer, B in layers],
            "predicted_angle": [
                angle(layer.W, layer.W - kept * gap)
                for (layer, _), gap in zip(layers, start, strict=True)
            ],
        })  # fmt: skip

    optimizer = chosen.make_optimizer()
    look(Run(net, rule, optimizer))
    run = train(
        chosen, data=data, net=net, rule=rule, optimizer=optimizer, callbacks=[look, *callbacks]
    )
    return {
        "stopped": run.stopped,
        "steps": steps,
        **{name: [row[name] for row in rows] for name in rows[0]},
    }


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each decay: the output layer's gap, and the angle of every matrix."""
    rows = [["decay", "steps", "W - Bᵀ left, output layer", "angles, from the input side up"]]
    for record in records:
        result = record["result"]
        gap, law = result["gap"][-1][-1], result["predicted_gap"][-1][-1]
        angles = [
            f"{measured:.2f}° ({predicted:.2f}°)"
            for measured, predicted in zip(
                result["angle"][-1], result["predicted_angle"][-1], strict=True
            )
        ]
        steps = result["steps"] * (len(result["gap"]) - 1)
        decay = f"{record['task']['decay']:g}"
        rows.append([decay, str(steps), f"{gap:.2g} ({law:.2g})", " ".join(angles)])
    return {HEADING: rows}


def lines(records: Sequence[Record]) -> Rows:
    """Return every number of the law's runs: a line for each decay, epoch and matrix."""
    names = ["gap", "predicted_gap", "angle", "predicted_angle"]
    rows = [["decay", "step", "layer", *names]]
    for record in records:
        result = record["result"]
        for epoch, layer in np.ndindex(np.shape(result["gap"])):
            values = [result[name][epoch][layer] for name in names]
            place = [record["task"]["decay"], epoch * result["steps"], layer + 2]
            rows.append([short(value) for value in [*place, *values]])
    return rows


def figure(records: Sequence[Record]) -> Picture:
    """Draw the difference of W and Bᵀ over steps for every decay, measured and predicted.

    The panels are the length of the output layer's W - Bᵀ, and the angle of each feedback matrix.
    Lines are predicted, points are measured.
    """
    from nofb.plots.picture import Picture  # late: matplotlib loads slowly
    from nofb.plots.style import using

    with using("light") as colours:
        picture = Picture(11.6, 4.4, colours)
        layers = len(records[0]["result"]["gap"][0])
        gap, *angles = picture.subplots(1, 1 + layers)
        _panel(gap, records, "gap", layers - 1)
        gap.set_yscale("log")
        gap.set_ylim(LOWEST, 1.5)
        gap.set_title("‖W - Bᵀ‖ / its start, output layer")
        gap.set_ylabel("remaining fraction (logarithmic)")
        for layer, axes in enumerate(angles):
            _panel(axes, records, "angle", layer)
            axes.yaxis.set_major_formatter("{x:g}°")
            axes.set_ylim(0, 95)
            axes.set_yticks(range(0, 91, 15))
            name = "output layer" if layer == layers - 1 else f"hidden layer {layer + 2}"
            axes.set_title(f"angle of W and Bᵀ, {name}")
    return picture


def _panel(axes: Axes, records: Sequence[Record], measure: str, layer: int) -> None:
    """Draw one measure of one layer for every decay, with its name at the end of the line."""
    from nofb.plots.labels import label_ends  # late, as above
    from nofb.plots.style import HUES, OKABE_ITO

    ends = {}
    for record, hue in zip(records, HUES, strict=False):
        result, colour = record["result"], OKABE_ITO[hue]
        name = f"λ = {record['task']['decay']:g}"
        measured = np.array(result[measure])[:, layer]
        predicted = np.array(result[f"predicted_{measure}"])[:, layer]
        steps = result["steps"] * np.arange(len(measured))
        axes.plot(steps, predicted, color=colour, linewidth=1.4, label=name)
        axes.plot(
            steps[::EVERY], measured[::EVERY], "o", color=colour, markersize=4,
            label=f"_{name}, measured",
        )  # fmt: skip
        last = steps.size - 1 if measure == "angle" else np.flatnonzero(predicted >= LOWEST)[-1]
        ends[name] = (steps[last], predicted[last], colour)
    axes.set_xlabel("step")
    axes.set_xlim(0, steps[-1] * 1.02)
    label_ends(axes, ends)


PART = Part(
    "law",
    tasks,
    law,
    tables,
    lines,
    numbers="kolen_pollack_law",
    figure=figure,
    image="kolen_pollack_law",
    by_epoch=("gap", "predicted_gap", "angle", "predicted_angle"),
)
