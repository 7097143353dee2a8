"""Is a rule's step closer to the gradient or to Gauss-Newton?

Meulemans et al. 2020, "A Theoretical Framework for Target Propagation". In the paper, plain
difference target propagation is close to neither, and with difference reconstruction it is close to
Gauss-Newton. Here every rule trains the same network from the same starts, and the angles are
measured after each epoch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.diagnosis.step_angles import GAUSS_NEWTON, YARDSTICKS, directions, ends, probed
from nofb.papers.meulemans2020.configurations import SCALES, SEEDS, specified
from nofb.papers.published import FROM_MEMORY, published
from nofb.papers.study import Part, Record, Rows, Task, grouped, short
from nofb.runs.train import train
from nofb.training import Run
from nofb.training.callbacks import AfterEpoch
from nofb.types import Array

if TYPE_CHECKING:
    from nofb.plots import Picture

RULES = (
    "bp", "dfa", "fwdtp", "sdtp", "dtp", "ldrl", "itp", "itp_drl", "dtp_drl", "ddtp", "gnt",
)  # fmt: skip
PROBED = 200  # test samples
PUBLISHED = published(__package__, ["rule"])
HEADINGS = (
    "At the end, hidden layers first to last",
    "Targets and inverses of each layer, at the end",
    "Mean angle of the hidden layers to Gauss-Newton, by its damping",
)
NOTE = (
    "Means over seeds, ± the standard deviation of one. Gauss-Newton is damped by {damping}; see "
    "the last table for other dampings. Published errors: 10 seeds on full Fashion-MNIST, 5 hidden "
    f"layers of 256{{else_where}}. {FROM_MEMORY}. Runs: {{extent}}."
)

Runs = Mapping[str, Sequence[Mapping[str, Any]]]


def tasks(epochs: int | None = None, scale: str = "laptop") -> list[dict[str, Any]]:
    """Return a run for each seed and rule, none longer than `epochs`.

    Examples
    --------
    >>> tasks(epochs=2)[0]
    {'scale': 'laptop', 'rule': 'bp', 'seed': 0, 'epochs': 2}
    """
    most = SCALES[scale].epochs
    return [
        {"scale": scale, "rule": rule, "seed": seed, "epochs": min(epochs or most, most)}
        for seed in range(SEEDS[scale])
        for rule in RULES
    ]


def step_angles(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train, and measure the angles of the steps before the first one and after each epoch.

    Returns
    -------
    dict
        "test_error" in per cent, after each epoch; "angles" of the hidden layers' steps, first to
        last, to each of `YARDSTICKS`, before training and after each epoch; and the results of
        `ends`. A run that diverged in its first epoch has "stopped" only.
    """
    run = specified(task["scale"], task["rule"])
    run = run.replace(seed=task["seed"], epochs=task["epochs"])
    data = run.load()
    net, rule = run.network_for(data), run.make_rule()
    rule.attach(net, task["seed"])
    samples = data.x_test[:PROBED], data.y_test[:PROBED]
    found = [directions(rule, probed(net, *samples))]

    def ask(_: Run) -> None:
        found.append(directions(rule, probed(net, *samples)))

    done = train(run, data=data, net=net, rule=rule, callbacks=[ask, *callbacks])
    if not done.history.epochs:
        return {"stopped": done.stopped}
    errors = [round(100 * (1 - share), 3) for share in done.history["test_accuracy"]]
    angles = {name: [each[name] for each in found] for name in YARDSTICKS}
    last = {} if done.stopped else ends(rule, probed(net, *samples))
    return {"stopped": done.stopped, "test_error": errors, "angles": angles, **last}


def by_rule(records: Sequence[Record]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the results of each rule's seeds."""
    runs = grouped(records, "rule")
    return {rule: runs[rule] for rule in RULES if rule in runs}


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return the three tables by their headings."""
    runs = by_rule(records)
    found = angles_table(runs), inverse_table(runs), damping_table(runs)
    return dict(zip(HEADINGS, found, strict=True))


def angles_table(runs: Runs) -> Rows:
    """Return a row for each rule: its error, the published one, and the angles of its steps."""
    rows = [["rule", "seeds", "test error %", "published %", "to the gradient", "to Gauss-Newton",
             "unnoticed share"]]  # fmt: skip
    for rule, seeds in runs.items():
        errors = np.array([run["test_error"][-1] for run in seeds])
        spread = f" ± {errors.std(ddof=1):.2f}" if len(errors) > 1 else ""
        theirs = str(PUBLISHED.get((rule,), "-"))
        angles = [
            _row(mean_angles(seeds, yardstick)[-1], "{:.0f}°")
            for yardstick in ("gradient", GAUSS_NEWTON)
        ]
        share = _row(_mean(seeds, "null_space_share"), "{:.2f}")
        error = f"{errors.mean():.2f}{spread}"
        rows.append([rule, str(len(seeds)), error, theirs, *angles, share])
    return rows


def inverse_table(runs: Runs) -> Rows:
    """Return a row for each rule that has inverses."""
    rows = [["rule", "residual of the inverse", "its reconstruction loss"]]
    for rule, seeds in runs.items():
        if "inverse_residual" in seeds[0]:
            residual, loss = (_mean(seeds, m) for m in ("inverse_residual", "reconstruction_loss"))
            rows.append([rule, _row(residual, "{:.2f}"), _row(loss, "{:.3g}")])
    return rows


def damping_table(runs: Runs) -> Rows:
    """Return a row for each rule, and a column for each damping."""
    names = [name for name in YARDSTICKS if name != "gradient"]
    body = [
        [rule, *(f"{mean_angles(seeds, name)[-1].mean():.0f}°" for name in names)]
        for rule, seeds in runs.items()
    ]
    return [["rule", *names], *body]


def mean_angles(seeds: Sequence[Mapping[str, Any]], yardstick: str) -> Array:
    """Return the mean over seeds (epochs with the start, hidden layers)."""
    angles: Array = np.mean([np.array(run["angles"][yardstick], float) for run in seeds], axis=0)
    return angles


def _mean(seeds: Sequence[Mapping[str, Any]], measure: str) -> Array:
    """Return the mean over seeds of a measure at the end, NaN if there is none."""
    mean: Array = np.mean([np.array(run[measure], float) for run in seeds], axis=0)
    return mean


def _row(values: Array, form: str) -> str:
    return " ".join("-" if np.isnan(value) else form.format(value) for value in values)


def note(records: Sequence[Record]) -> str:
    """Return a note on the runs, and on the settings of the published numbers."""
    name = records[0]["task"]["scale"]
    run, epochs = SCALES[name], max(len(each["result"]["test_error"]) for each in records)
    hidden = run.options["hidden"]
    extent = f"{run.data}, {len(hidden)} hidden layers of {hidden[0]}, {epochs} epochs"
    other = "" if name == "full" else ", and not to be compared with errors at this scale"
    return NOTE.format(damping=GAUSS_NEWTON, else_where=other, extent=extent)


def lines(records: Sequence[Record]) -> Rows:
    """Return every number: a line for each rule, seed, epoch and hidden layer."""
    rows = [["rule", "seed", "epoch", "test_error", "layer", *YARDSTICKS]]
    for record in records:
        task, result = record["task"], record["result"]
        errors = [None, *result["test_error"]]  # it is not measured at the start
        for epoch, layer in np.ndindex(np.shape(result["angles"]["gradient"])):
            place = [task["rule"], task["seed"], epoch, errors[epoch], layer + 1]
            angles = [result["angles"][name][epoch][layer] for name in YARDSTICKS]
            rows.append([short(value) for value in [*place, *angles]])
    return rows


def figure(records: Sequence[Record]) -> Picture:
    """Draw the path of each rule between the two directions, means over seeds."""
    from nofb.papers.meulemans2020.step_directions import (
        step_directions,
    )  # late: matplotlib loads slowly

    runs = by_rule(records)
    return step_directions({
        rule: (mean_angles(seeds, "gradient"), mean_angles(seeds, GAUSS_NEWTON))
        for rule, seeds in runs.items()
    })  # fmt: skip


def part(scale: str) -> Part:
    """Return the part at one scale."""
    runs = partial(tasks, scale=scale)
    return Part(
        scale,
        runs,
        step_angles,
        tables,
        lines,
        numbers="meulemans2020",
        figure=figure,
        image="meulemans2020",
        note=note,
        by_epoch=("test_error", "angles"),
    )
