"""As the released code sums: FA and DFA differ with one hidden layer, where they are one rule.

The code's loss is a mean over the batch and the ten outputs, and so are the steps of BP and FA.
DFA and DRTP inject D (ŷ - y) and D y as they are: their hidden layers learn from sums, a thousand
times faster than the output layer does at the same rate.

    output layer                    e / (N n_L)     (1)
    hidden layers of bp and fa      δ / (N n_L)     (2)
    hidden layers of dfa and drtp   δ               (3)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from nofb.optimizers import SGD, Plan
from nofb.papers.frenkel2021 import training
from nofb.papers.frenkel2021.training import BATCH, MODELS, OUTPUTS
from nofb.papers.study import Part, Task
from nofb.training.callbacks import AfterEpoch
from nofb.types import Array

SEEDS = 1
SUMMED = ("dfa", "drtp")


@dataclass
class AsReleased(SGD):
    """Nesterov's steps at the rate of each layer; nofb's updates are means over the batch.

    Parameters
    ----------
    summed
        Whether hidden layers learn from sums.
    last
        The number of the output layer.
    """

    summed: bool = False
    last: int = 1

    def plan(self, name: str, W: Array) -> Plan:
        kernel, averages, (lr, *rest) = super().plan(name, W)
        hidden = int(name.split(".")[0]) < self.last
        factor = BATCH if hidden and self.summed else 1 / OUTPUTS
        return kernel, averages, (lr * factor, *rest)


def rate(rule: str, lr: float) -> float:
    """Return the rate at which hidden layers learn as fast as they do from means at `lr`."""
    return lr / BATCH if rule in SUMMED else lr * OUTPUTS


def train(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return errors over epochs."""
    summed, last = task["rule"] in SUMMED, len(MODELS[task["model"]])
    return training.train(task, partial(AsReleased, summed=summed, last=last), callbacks)


PART = Part(
    "released",
    partial(training.tasks, "released", SEEDS, rate),
    train,
    partial(training.tables, "As the released code sums: test error in per cent"),
    training.lines,
    numbers="frenkel2021",
    by_epoch=("train_error", "test_error"),
    compared=partial(training.compared, "as released", SUMMED),  # the others are equal in both
)
