"""All updates as means over the batch: with one hidden layer FA and DFA are the same rule."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from nofb.optimizers import SGD
from nofb.papers.frenkel2021 import training
from nofb.papers.study import Part, Task
from nofb.training.callbacks import AfterEpoch

SEEDS = 3


def train(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return errors over epochs."""
    return training.train(task, SGD, callbacks)


PART = Part(
    "mean",
    partial(training.tasks, "mean", SEEDS, lambda rule, lr: lr),
    train,
    partial(training.tables, "Updates are means over the batch: test error in per cent"),
    training.lines,
    numbers="frenkel2021",
    by_epoch=("train_error", "test_error"),
    compared=partial(training.compared, "means", training.RULES),
)
