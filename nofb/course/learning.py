"""Does a rule learn with a student's function instead of its own?

The rule trains here. Wherever it calls the kernel, the student's process is asked instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from nofb import rules
from nofb.course.calls import Theirs
from nofb.course.task import Task
from nofb.datasets import Dataset, load
from nofb.layers import Dense
from nofb.network import Network
from nofb.optimizers import SGD
from nofb.training import fit

BATCH = 128  # few calls of the student's process


def learns(task: Task, theirs: Theirs) -> str | None:
    """Say that a rule does not learn with the student's function, if it does not."""
    wanted = task.learning
    assert wanted is not None
    with instead(task, theirs):
        accuracy = trained(wanted.rule, wanted.epochs, wanted.lr)
    if accuracy >= wanted.at_least:
        return None
    return (
        f"{wanted.rule} with your {task.name} names {accuracy:.0%} of test digits after "
        f"{wanted.epochs} epochs; with the right one it names at least {wanted.at_least:.0%}"
    )


@contextmanager
def instead(task: Task, theirs: Theirs) -> Iterator[None]:
    """Within this context, nofb calls the student's function where it has the hole."""
    module: Any = import_module(task.module)
    own = getattr(module, task.name)

    def function(*arguments: Any) -> Any:
        given, after = theirs(*arguments)
        for mine, changed in zip(arguments, after, strict=True):
            if isinstance(mine, np.ndarray) and task.in_place:
                mine[...] = changed
        return None if task.in_place else np.asarray(given, np.float32)

    setattr(module, task.name, function)
    try:
        yield
    finally:
        setattr(module, task.name, own)


def trained(rule: str, epochs: int, lr: float) -> float:
    """Return the test accuracy on digits that a rule reaches in a few epochs."""
    net = Network([Dense(64, 48, "tanh"), Dense(48, 32, "tanh"), Dense(32, 10)], seed=0)
    run = fit(net, rules.make(rule), _digits(), epochs, BATCH, SGD(lr=lr, momentum=0.9),
              probe=0, progress=False)  # fmt: skip
    return float(run.history["test_accuracy"][-1])


@cache
def _digits() -> Dataset:
    return load("digits").centred()
