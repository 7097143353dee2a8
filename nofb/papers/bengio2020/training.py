"""When does iteration help? Five hidden layers on MNIST, with iterated and improved inverses.

One iteration is difference target propagation. More iterations make the inverses more exact, but
the network learns worse; each improvement is one change to this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.diagnosis import DEFAULT, GAUSS_NEWTON, Probe
from nofb.papers.bengio2020.network import RUN
from nofb.papers.study import Part, Record, Rows, Task, grouped, short
from nofb.runs.train import train
from nofb.training.callbacks import AfterEpoch
from nofb.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nofb.plots import Picture
    from nofb.plots.style import Theme

EPOCHS, SEEDS = 15, 1
HEADING = "When iteration helps: 784-5x256-10 on MNIST"
PLAIN = {"noise": 0.0837, "inverse_lr": 1.96e-3, "step_size": 0.2195, "layer_norm": False}
FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "1 iteration": ("itp", {**PLAIN, "iterations": 1}),
    "3 iterations": ("itp", {**PLAIN, "iterations": 3}),
    "3, damped by 0.3": ("itp", {**PLAIN, "iterations": 3, "damping": 0.3}),
    "3, 5 inverse steps a batch": ("itp", {**PLAIN, "iterations": 3, "inverse_steps": 5}),
    "3, layer-wise normalisation": ("itp", {**PLAIN, "iterations": 3, "layer_norm": True}),
    "1, layer-wise normalisation": ("itp", {**PLAIN, "iterations": 1, "layer_norm": True}),
    "1, difference reconstruction": ("itp_drl", {"iterations": 1, "damping": 1.0}),
    "2, difference reconstruction, damped by 0.5": ("itp_drl", {}),
    "Gauss-Newton, c = 0.001": ("gnt", {"damping": 1e-3}),
    "Gauss-Newton, c = 0.1": ("gnt", {"damping": 0.1}),
    "Gauss-Newton, c = 10": ("gnt", {"damping": 10.0}),
}
GROUPS = {  # a hue for the kind of inverse, a line for the settings
    "1 iteration": ("ink", "-"),
    "3 iterations": ("vermillion", "-"),
    "3, damped by 0.3": ("orange", "--"),
    "3, 5 inverse steps a batch": ("orange", ":"),
    "3, layer-wise normalisation": ("reddish purple", "-"),
    "1, layer-wise normalisation": ("reddish purple", "--"),
    "1, difference reconstruction": ("blue", "--"),
    "2, difference reconstruction, damped by 0.5": ("blue", "-"),
    "Gauss-Newton, c = 0.001": ("bluish green", ":"),
    "Gauss-Newton, c = 0.1": ("bluish green", "-"),
    "Gauss-Newton, c = 10": ("bluish green", "--"),
}
PANELS = {
    "lipschitz": "Lipschitz constant of g ∘ f - id,\nmean of hidden layers 2 to 5",
    "null_space_share": "fraction of t - h without effect on\nthe output, mean of hidden layers",
    "gauss_newton_angle": "angle of the weight step to that of\nGauss-Newton, mean of hidden ones",
}
KEPT = (
    "lipschitz",
    "inverse_residual",
    "null_space_share",
    "step_angle",
    "gauss_newton_angle",
    "delta_norm_ratio",
    "reconstruction_loss",
)


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each form and seed, none longer than `epochs`.

    Examples
    --------
    >>> tasks(epochs=2)[0]
    {'part': 'training', 'form': '1 iteration', 'seed': 0, 'epochs': 2}
    """
    longest = min(epochs or EPOCHS, EPOCHS)
    return [
        {"part": "training", "form": form, "seed": seed, "epochs": longest}
        for seed in range(SEEDS)
        for form in FORMS
    ]


def training(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train one form; return its test error in per cent, and the measures of its targets.

    Each of `KEPT` is a list over epochs with one value for each layer, `None` if it has none.
    """
    name, attributes = FORMS[task["form"]]
    chosen = RUN.replace(rule=name, attributes=attributes, seed=task["seed"], epochs=task["epochs"])
    run = train(chosen, probe=Probe(measures=DEFAULT + GAUSS_NEWTON), callbacks=callbacks)
    history = run.history
    kept = {name: _plain(history[name]) for name in KEPT if name in history}
    error = (100 * (1 - history["test_accuracy"])).round(3).tolist() if history.epochs else []
    return {"stopped": run.stopped, "test_error": error, **kept}


def _plain(values: Array) -> list[list[float | None]]:
    return [[None if np.isnan(each) else round(float(each), 5) for each in row] for row in values]


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each form: its test error and the measures of its steps, over seeds."""
    rows = [["targets", "seeds", "epochs", "test error %", "step to gradient", "to Gauss-Newton",
             "unnoticed share", "Lipschitz constant"]]  # fmt: skip
    for form, results in by_form(records).items():
        errors = [result["test_error"][-1] for result in results]
        means = [hidden_mean(results, measure) for measure in
                 ("step_angle", "gauss_newton_angle", "null_space_share", "lipschitz")]  # fmt: skip
        cells = [
            "-" if mean is None else f"{mean[-1]:{form_}}"
            for mean, form_ in zip(means, (".1f", ".1f", ".2f", ".2f"), strict=True)
        ]
        epochs = str(len(results[0]["test_error"]))
        rows.append([form, str(len(results)), epochs, f"{np.mean(errors):.2f}", *cells])
    return {HEADING: rows}


def lines(records: Sequence[Record]) -> Rows:
    """Return every number of the training runs: a line for each form, seed, epoch and layer."""
    rows = [["form", "seed", "epoch", "layer", "test_error", *KEPT]]
    for record in records:
        task, result = record["task"], record["result"]
        for epoch, layer in np.ndindex(np.shape(result["step_angle"])):
            values = [result[m][epoch][layer] if m in result else None for m in KEPT]
            place = [f'"{task["form"]}"', task["seed"], epoch + 1, layer + 1]
            rows.append([short(v) for v in [*place, result["test_error"][epoch], *values]])
    return rows


def figure(records: Sequence[Record]) -> Picture:
    """Draw the test error of every form over epochs, and `PANELS`; means over seeds."""
    from nofb.plots.picture import Picture  # late: matplotlib loads slowly
    from nofb.plots.style import using

    forms = by_form(records)
    with using("light") as colours:
        picture = Picture(12.6, 8.8, colours)
        grid = picture.subplots(2, 2)
        _panel(grid[0, 0], forms, "test_error", colours)
        grid[0, 0].set_yscale("log")
        grid[0, 0].set_yticks([2, 3, 5, 10, 20], ["2 %", "3 %", "5 %", "10 %", "20 %"])
        grid[0, 0].minorticks_off()
        grid[0, 0].set_title("test error (logarithmic)")
        for axes, (measure, title) in zip(grid.flat[1:], PANELS.items(), strict=True):
            _panel(axes, forms, measure, colours)
            axes.set_title(title)
        for axes in grid[1]:
            axes.set_xlabel("epoch")
        grid[0, 1].axhline(1, color=colours.faint, linewidth=1)
        grid[1, 1].yaxis.set_major_formatter("{x:g}°")
        picture.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return picture


def by_form(records: Sequence[Record]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the results of each form's seeds, in the order of `FORMS`."""
    found = grouped(records, "form")
    return {form: found[form] for form in FORMS if form in found}


def hidden_mean(results: Sequence[Mapping[str, Any]], measure: str) -> Array | None:
    """Return the mean over seeds and hidden layers for every epoch, or `None` without one.

    The second to the last hidden layer have an inverse with a Lipschitz constant.
    """
    if measure not in results[0]:
        return None
    values = np.array([result[measure] for result in results], float)[:, :, :-1]
    if np.isnan(values).all():
        return None
    return np.asarray(np.nanmean(values, axis=(0, 2)))


def _panel(axes: Axes, forms: Mapping[str, Any], measure: str, theme: Theme) -> None:
    from nofb.plots.style import OKABE_ITO  # late, as above

    for form, results in forms.items():
        hue, line = GROUPS[form]
        colour = OKABE_ITO.get(hue, theme.ink)
        if measure == "test_error":
            values: Array | None = np.mean([result[measure] for result in results], axis=0)
        else:
            values = hidden_mean(results, measure)
        if values is not None:
            epochs = np.arange(1, len(values) + 1)
            axes.plot(epochs, values, color=colour, linestyle=line, linewidth=1.8, label=form)


PART = Part(
    "training",
    tasks,
    training,
    tables,
    lines,
    numbers="inverse_training",
    figure=figure,
    image="inverse_training",
    by_epoch=("test_error", *KEPT),
)
