"""One run: what is trained, in plain values that name it, and what came out of it.

A task holds everything that decides a run's numbers: the learning rate that was looked up, the
attributes that a rule has by default, and hashes of the code: nofb's, and that of a rule of the
user's own. So two runs with one task are the same run, whichever comparison or sweep asks for them.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import numpy as np

from nofb import fingerprint
from nofb.datasets import Dataset
from nofb.diagnosis import DEFAULT, ContractionWarning, Measure
from nofb.experiments.pools import Task
from nofb.experiments.run_log import Record
from nofb.experiments.settings import Settings
from nofb.rules import RULES, Rule, make
from nofb.strict_json import plain
from nofb.training import DivergenceWarning, History, Run, fit
from nofb.training.interrupts import end_everything

PROBE = 100  # test samples on which a rule is compared with backprop
PLAIN = str | bool | int | float | None
UNKNOWN = "unknown "  # before what stands for code that nobody can tell from other code


class UnknownCodeWarning(UserWarning):
    """Nobody can say which code a rule runs, so its runs are done again each time."""


@dataclass(frozen=True)
class Result:
    """One run: a rule, a seed, and what happened.

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
    settings: Settings,
    rule: str | Rule,
    seed: int,
    data: Dataset,
    probe: int = PROBE,
    validation: float = 0.0,
    measures: Sequence[Measure] = DEFAULT,
) -> Run:
    """Train one rule from one seed; a run that diverges says so in `stopped`, and nowhere else."""
    rule = make(rule) if isinstance(rule, str) else rule
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        warnings.simplefilter("ignore", ContractionWarning)  # the history has the constants
        return fit(
            settings.network(data, seed),
            rule,
            data,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            optimizer=settings.make_optimizer(rule.name),
            seed=seed,
            validation=validation,
            probe=probe,
            measures=measures,
            progress=False,
        )


def run_one(settings: Settings, rule: str, seed: int) -> Result:
    """Train one rule from one seed on the whole training split."""
    run = train(settings, rule, seed, settings.load())
    return Result(rule, seed, settings.rate(rule), run.history, run.stopped)


def task_of(
    settings: Settings,
    rule: str,
    seed: int,
    attributes: Mapping[str, Any] | None = None,
    validation: float = 0.0,
    own_codes: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """Return the task that stands for a run.

    Parameters
    ----------
    settings, rule, seed, attributes, validation
        What is trained, and how.
    own_codes
        What `own_code` said of each rule; asked for now if left out.

    Examples
    --------
    >>> task = task_of(Settings(lr=0.01), "dfa", seed=0, attributes={"entries": 2})
    >>> task["attributes"]["entries"], task["attributes"]["shared"], task["settings"]["lr"]
    (2, False, 0.01)
    """
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(RULES[rule]).parameters.items()
        if isinstance(parameter.default, PLAIN)
    }
    task = {
        "rule": rule,
        "attributes": defaults | dict(attributes or {}),
        "seed": seed,
        "settings": replace(settings, lr=settings.rate(rule)).as_dict(),
        "validation": validation,
        "probe": PROBE,
        "code": fingerprint.of_nofb(),
        "own_code": own_code(RULES[rule]) if own_codes is None else own_codes[rule],
    }
    plain_task: dict[str, Any] = plain(task)
    return plain_task


def own_code(rule: type[Rule]) -> str | None:
    """Return a hash of the code of a rule as far as it is not nofb's, `None` if all of it is.

    Warns
    -----
    UnknownCodeWarning
        If nobody can say which code it is; what is returned then is like no other hash.
    """
    try:
        return fingerprint.of_class(rule)
    except fingerprint.UnknownCodeError as unknown:
        warnings.warn(
            f"{unknown}; its runs are not taken from a log",
            UnknownCodeWarning,
            stacklevel=2,
        )
        return UNKNOWN + uuid4().hex


def run_task(task: Task, rule: type[Rule]) -> dict[str, Any]:
    """Do the run that a task stands for, and return its history and why it stopped early, if so."""
    settings = Settings(**task["settings"])
    made = rule(**task["attributes"])
    run = train(settings, made, task["seed"], settings.load(), task["probe"], task["validation"])
    return {"stopped": run.stopped, "start": run.history.start, "history": dict(run.history)}


def result_of(record: Record) -> Result:
    """Return what a record says; a run that raised has no history, and `stopped` says why."""
    task, found = record["task"], record.get("result")
    who = task["rule"], task["seed"], task["settings"]["lr"]
    if found is None:
        return Result(*who, History(), f"{task['rule']} failed with {record['error']}")
    history = History()
    history.start = {name: np.array(value, float)[()] for name, value in found["start"].items()}
    columns = {name: np.array(values, float) for name, values in found["history"].items()}
    for row in zip(*columns.values(), strict=True):
        history.append(dict(zip(columns, row, strict=True)))
    return Result(*who, history, found["stopped"])
