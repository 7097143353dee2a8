"""Trains a specification, and reads results back from a log."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nofb.datasets import Dataset
from nofb.diagnosis import ContractionWarning
from nofb.network import Network
from nofb.optimizers import Optimizer
from nofb.rules import Rule
from nofb.runs.specification import Specification
from nofb.training import DivergenceWarning, History, Run, fit
from nofb.training.interrupts import end_everything


@dataclass(frozen=True)
class Result:
    """The result of one run.

    Attributes
    ----------
    rule, seed, lr
        The rule's short name, the seed of everything random, and the learning rate.
    history
        One value of each measure for each epoch.
    stopped
        Why the run ended early, or `None`.
    """

    rule: str
    seed: int
    lr: float
    history: History
    stopped: str | None


@end_everything()
def train(
    run: Specification,
    *,
    data: Dataset | None = None,
    net: Network | None = None,
    rule: Rule | None = None,
    optimizer: Optimizer | None = None,
    **options: Any,
) -> Run:
    """Train a specification; if the run diverges, the reason is in `stopped`, without a warning.

    Parameters
    ----------
    run
        The specification.
    data, net, rule, optimizer
        Objects that replace those of the specification.
    options
        Further arguments of `nofb.fit`, such as callbacks.

    Examples
    --------
    >>> train(Specification(hidden=(8,), epochs=2, rule="fa")).history.epochs
    2
    """
    data = run.load() if data is None else data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        warnings.simplefilter("ignore", ContractionWarning)  # the history has the constants
        return fit(
            run.network_for(data) if net is None else net,
            run.make_rule() if rule is None else rule,
            data,
            epochs=run.epochs,
            batch_size=run.batch_size,
            optimizer=run.make_optimizer() if optimizer is None else optimizer,
            seed=run.seed,
            validation=run.validation,
            progress=False,
            **{"probe": run.probe, **options},
        )


def result_of(record: Mapping[str, Any]) -> Result:
    """Return the result in a record; if the run raised, `stopped` has the error."""
    task, found = record["task"], record.get("result")
    who = task["rule"], task["seed"], task["lr"]
    if found is None:
        return Result(*who, History(), f"{task['rule']} failed with {record['error']}")
    history = History()
    history.start = {name: np.array(value, float)[()] for name, value in found["start"].items()}
    columns = {name: np.array(values, float) for name, values in found["history"].items()}
    for row in zip(*columns.values(), strict=True):
        history.append(dict(zip(columns, row, strict=True)))
    return Result(*who, history, found["stopped"])
