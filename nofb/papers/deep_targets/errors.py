"""How well do five hidden layers learn from targets? Test errors of five seeds, and published ones.

Fashion-MNIST has MNIST's settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nofb.diagnosis import ALIGNMENT, GAUSS_NEWTON, Probe
from nofb.papers.compared import Compared, last_errors
from nofb.papers.deep_targets.settings import GRIDS, found, run_of
from nofb.papers.published import FROM_MEMORY, published
from nofb.papers.study import Part, Record, Rows, Task, grouped, short
from nofb.runs.train import train
from nofb.training.callbacks import AfterEpoch

HEADING = "Test errors and angles at the end, hidden layers first to last"
NOTE = (
    "Means over seeds, ± the standard deviation of one. Published: Meulemans et al. 2020, 10 "
    "seeds, and for sdtp Bartunov et al. 2018, with another network. "
    f"{FROM_MEMORY}. Settings: {{settings}}."
)
EPOCHS, SEEDS = 20, 5
LONGEST = {"dtp": 40}  # epochs, if 20 are not enough
PUBLISHED = published(__package__, ["data", "rule"])


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run of the table, none longer than `epochs`.

    Examples
    --------
    >>> sorted({(task["data"], task["rule"]) for task in tasks() if task["data"] != "mnist"})
    [('fashion_mnist', 'dtp')]
    """
    settings = found()
    longest = {rule: min(epochs or 1000, LONGEST.get(rule, EPOCHS)) for rule in GRIDS}
    cases = [("mnist", rule) for rule in GRIDS] + [("fashion_mnist", "dtp")]
    return [
        {"data": data, "rule": rule, "seed": seed, "epochs": longest[rule], **settings[rule]}
        for seed in range(SEEDS)
        for data, rule in cases
    ]


def errors(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return the test errors in per cent, and the angles of the steps at the end."""
    chosen = {name: value for name, value in task.items() if name in GRIDS[task["rule"]]}
    specified = run_of(task["rule"], chosen).replace(
        data=task["data"], seed=task["seed"], epochs=task["epochs"]
    )
    run = train(specified, probe=Probe(measures=ALIGNMENT + GAUSS_NEWTON), callbacks=callbacks)
    if not run.history.epochs:  # diverged in the first one
        return {"stopped": run.stopped}
    history = run.history
    angles = {
        name: np.round(history[name][-1], 2).tolist()
        for name in ("step_angle", "gauss_newton_angle")
    }
    error = (100 * (1 - history["test_accuracy"])).round(3).tolist()
    return {"stopped": run.stopped, "test_error": error, **angles}


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each data set and rule."""
    rows = [["data", "rule", "seeds", "epochs", "test error %", "published %",
             "step to gradient", "to Gauss-Newton"]]  # fmt: skip
    for case, results in grouped(records, "data", "rule").items():
        last = np.array([result["test_error"][-1] for result in results])
        spread = f" ± {last.std(ddof=1):.2f}" if len(last) > 1 else ""
        angles = [
            " ".join(
                f"{each:.0f}°" for each in np.mean([run[name] for run in results], axis=0)[:-1]
            )
            for name in ("step_angle", "gauss_newton_angle")
        ]
        epochs = str(len(results[0]["test_error"]))
        mean = f"{last.mean():.2f}{spread}"
        theirs = str(PUBLISHED.get(case, "-"))
        rows.append([*case, str(len(results)), epochs, mean, theirs, *angles])
    return {HEADING: rows}


def compared(records: Sequence[Record]) -> Iterator[Compared]:
    """Return the errors that were published of the same network."""
    same = [key for key in PUBLISHED if key[1] != "sdtp"]
    names = [(key, f"784-5x256-10, {key[0]}", key[1]) for key in same]
    return last_errors(PUBLISHED, grouped(records, "data", "rule"), names)


def note(records: Sequence[Record]) -> str:
    """Return the sources of the published numbers, and the settings."""
    settings = "; ".join(
        f"{rule} {', '.join(f'{name} {value:g}' for name, value in values.items())}"
        for rule, values in found().items()
    )
    return NOTE.format(settings=settings)


def lines(records: Sequence[Record]) -> Rows:
    """Return every test error."""
    rows = [["data", "rule", "seed", "epoch", "test_error"]]
    for record in records:
        task = record["task"]
        for epoch, error in enumerate(record["result"]["test_error"], 1):
            place = [task["data"], task["rule"], task["seed"], epoch]
            rows.append([short(value) for value in [*place, error]])
    return rows


PART = Part(
    "errors",
    tasks,
    errors,
    tables,
    lines,
    numbers="deep_targets",
    note=note,
    by_epoch=("test_error",),
    compared=compared,
)
