"""The runs as in the paper: shuffled, all means, a centred mirror with a bound, KP with decay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.papers.akrout2019 import logs, training
from nofb.papers.akrout2019.logs import MEASURES, NAMES, Curves, as_text
from nofb.papers.study import Part, Record, Rows, Task
from nofb.runs.specification import Specification
from nofb.training.callbacks import AfterEpoch

if TYPE_CHECKING:
    from nofb.plots import Picture

SEEDS, EPOCHS = 5, 30
ATTRIBUTES = {"wm": {"samples": training.RUN.batch_size}}  # as many noise vectors as images


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run, none longer than `epochs`.

    Examples
    --------
    >>> len(tasks()), tasks()[-1]
    (20, {'form': 'paper', 'rule': 'kp', 'seed': 4, 'epochs': 30})
    """
    return training.tasks("paper", SEEDS, EPOCHS, epochs)


def run_of(rule: str, seed: int) -> Specification:
    """Return one run as in the paper, with nofb's own rules.

    Plain gradient descent needs its 400 epochs; RMSprop with cosine annealing needs thirty. The
    learning rate was chosen for *backprop* on held-out training samples, and all rules have it.
    """
    return training.RUN.replace(
        rule=rule,
        attributes=ATTRIBUTES.get(rule, {}),
        seed=seed,
        optimizer="rmsprop",
        lr=0.004,
        probe=1000,
    )


def train(task: Task, folder: Path, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Do one run, with a checkpoint in the folder."""
    run = run_of(task["rule"], task["seed"])
    return training.resumed(run, task, folder, callbacks=callbacks)


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each rule: mean ± sample standard deviation over seeds at the end."""
    runs = logs.by_rule(records)
    return {f"As the paper describes it, {logs.extent(runs)}": ends(runs)}


def ends(runs: Mapping[str, Sequence[Curves]]) -> list[list[str]]:
    """Return a row for each rule: mean ± sample standard deviation over seeds at the end."""
    rows = [["rule", "seeds", "epochs", *(NAMES[measure] for measure in MEASURES)]]
    for rule, seeds in runs.items():
        last = [[run[m][-1] for run in seeds] if m in seeds[0] else [] for m in MEASURES]
        spread = [_mean(measure, values) for measure, values in zip(MEASURES, last, strict=True)]
        rows.append([rule, str(len(seeds)), str(len(seeds[0]["loss"])), *spread])
    return rows


def _mean(measure: str, values: Sequence[float]) -> str:
    if not values:
        return "-"
    spread = [np.std(values, ddof=1)] if len(values) > 1 else []
    return " ± ".join(as_text(measure, float(each)) for each in [np.mean(values), *spread])


def lines(records: Sequence[Record]) -> Rows:
    """Return every number."""
    return logs.lines("paper", records)


def figure(records: Sequence[Record]) -> Picture:
    """Draw the four measures over epochs."""
    from nofb.papers.akrout2019.figure import akrout2019  # late: matplotlib loads slowly

    return akrout2019(logs.by_rule(records))


PART = Part(
    "paper",
    tasks,
    train,
    tables,
    lines,
    numbers="akrout2019",
    figure=figure,
    image="paper",
    by_epoch=MEASURES,
    resumes=True,
)
