"""The common part of both forms: 784-500-10 on MNIST, and runs that resume from a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nofb.papers.akrout2019.logs import RULES, curves
from nofb.papers.study import Task
from nofb.runs.specification import Specification
from nofb.runs.train import train
from nofb.training import Checkpoint

EVERY = 10  # epochs between two checkpoints
RUN = Specification(
    data="mnist",
    centred=False,
    hidden=(500,),
    activation="logistic",
    loss="binary_cross_entropy",
    input_dropout=0.0,
    batch_size=128,
)


def tasks(form: str, seeds: int, longest: int, epochs: int | None) -> list[dict[str, Any]]:
    """Return every run of a form, none longer than `epochs`."""
    return [
        {"form": form, "rule": rule, "seed": seed, "epochs": min(epochs or longest, longest)}
        for seed in range(seeds)
        for rule in RULES
    ]


def resumed(run: Specification, task: Task, folder: Path, **options: Any) -> dict[str, Any]:
    """Train one run and return each measure of the logs, and "seconds", as a list over epochs.

    A stopped run is resumed from its checkpoint in the folder, which is removed at the end. The
    task has a hash of nofb's code, and this is part of the file's name: other code starts a new
    run.
    """
    checkpoint = folder / f"{'-'.join(map(str, task.values()))}.npz"
    kept = Checkpoint(checkpoint, EVERY, resume=True)
    done = train(run.replace(epochs=task["epochs"]), checkpoint=kept, **options)
    checkpoint.unlink(missing_ok=True)
    if not done.history.epochs:  # diverged in the first one
        return {"stopped": done.stopped}
    return {"stopped": done.stopped, **curves(done.history)}
