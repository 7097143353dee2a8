"""One run of either form: what `nofb.fit` needs for it, and the checkpoint that it resumes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nofb.datasets import Dataset
from nofb.network import Network
from nofb.optimizers import Optimizer
from nofb.papers.akrout2019.logs import RULES, curves
from nofb.papers.study import Task
from nofb.rules import Rule
from nofb.training import fit
from nofb.training.interrupts import end_everything
from nofb.types import Array

BATCH = 128
EVERY = 10  # epochs between two checkpoints


@dataclass(frozen=True)
class Trial:
    """Everything that `nofb.fit` needs for one run."""

    net: Network
    rule: Rule
    data: Dataset
    optimizer: Optimizer
    shuffle: bool
    probe: int | tuple[Array, Array]


def tasks(form: str, seeds: int, longest: int, epochs: int | None) -> list[dict[str, Any]]:
    """Return every run of a form, none longer than `epochs`."""
    return [
        {"form": form, "rule": rule, "seed": seed, "epochs": min(epochs or longest, longest)}
        for seed in range(seeds)
        for rule in RULES
    ]


@end_everything()
def train(trial: Trial, task: Task, folder: Path) -> dict[str, Any]:
    """Train one run and return each of `MEASURES`, and "seconds", as a list over epochs.

    A run that was stopped is resumed from its checkpoint in the folder, which is removed in the
    end. The task names the code of nofb, and so does the file: other code begins anew.
    """
    checkpoint = folder / f"{'-'.join(map(str, task.values()))}.npz"
    run = fit(
        trial.net,
        trial.rule,
        trial.data,
        epochs=task["epochs"],
        batch_size=BATCH,
        optimizer=trial.optimizer,
        seed=task["seed"],
        probe=trial.probe,
        shuffle=trial.shuffle,
        progress=False,
        checkpoint=checkpoint,
        every=EVERY,
        resume=True,
    )
    checkpoint.unlink(missing_ok=True)
    return {"stopped": run.stopped, **curves(run.history)}
