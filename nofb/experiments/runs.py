"""One run: what is trained, in plain values that name it, and what came out of it.

A task holds everything that decides a run's numbers: the learning rate that was looked up, the
attributes that a rule has by default, and hashes of the code: nofb's, and that of a rule of the
user's own. So two runs with one task are the same run, whichever comparison or sweep asks for them.
"""

from __future__ import annotations

import inspect
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from nofb import checks, fingerprint
from nofb.datasets import Dataset
from nofb.diagnosis import DEFAULT, ContractionWarning, Measure
from nofb.experiments.grid import attempt, run_grid, unfinished
from nofb.experiments.pools import Task, in_processes
from nofb.experiments.run_log import Record
from nofb.experiments.settings import Settings
from nofb.rules import RULES, Rule, make
from nofb.rules.own import address, is_own
from nofb.strict_json import canonical, plain
from nofb.training import DivergenceWarning, History, Run, fit

PROBE = 100  # test samples on which a rule is compared with backprop
PLAIN = str | bool | int | float | None
FEW = 20  # samples are enough to compile everything
UNKNOWN = "unknown "  # before what stands for code that nobody can tell from other code

Classes = Mapping[str, type[Rule]]


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
            f"{unknown}: its runs are not taken from a log; make it inside the rule, in __init__",
            UnknownCodeWarning,
            stacklevel=2,
        )
        return UNKNOWN + uuid4().hex


def run_all(
    work: RunTask,
    tasks: list[dict[str, Any]],
    data: Mapping[str, Dataset],
    jobs: int = 1,
    cluster: str | None = None,
    log: str | Path | None = None,
) -> Iterator[Record]:
    """Do what the log does not have a result for, side by side, and yield a record for each task.

    Parameters
    ----------
    work, tasks
        What is done, and for which tasks.
    data
        The data sets of the tasks, by name.
    jobs, cluster, log
        As for `nofb.experiments.grid.run_grid`.
    """
    fingerprint.warn_of_changes()
    if checks.whole("jobs", jobs) > 1 or cluster is not None:
        warm_up(work.classes, tasks if log is None else unfinished(tasks, log), data)
    yield from run_grid(work, tasks, jobs=jobs, cluster=cluster, log=log, own_code=work.own)


def run_task(task: Task, rule: type[Rule]) -> dict[str, Any]:
    """Do the run that a task stands for, and return its history and why it stopped early, if so."""
    settings = Settings(**task["settings"])
    made = rule(**task["attributes"])
    run = train(settings, made, task["seed"], settings.load(), task["probe"], task["validation"])
    return {"stopped": run.stopped, "start": run.history.start, "history": dict(run.history)}


@dataclass(frozen=True)
class RunTask:
    """Does tasks, in this process or in another one, which must have the code that was asked for.

    Attributes
    ----------
    classes
        The rules, by their short names: another process may know nofb's alone.
    do
        What is done for a task, with the class of its rule.
    asked_by
        The process that made this object.
    """

    classes: Classes
    do: Callable[[Task, type[Rule]], Mapping[str, Any]] = run_task
    asked_by: str = fingerprint.PROCESS

    @property
    def own(self) -> bool:
        """Whether a process needs the user's own modules."""
        return any(map(is_own, self.classes.values()))

    def __call__(self, task: Task) -> Mapping[str, Any]:
        """Do one task."""
        rule = self.classes[task["rule"]]
        if self.asked_by != fingerprint.PROCESS:
            _check_code(task, rule)
        return self.do(task, rule)


def work_for(rules: Iterable[str]) -> RunTask:
    """Return what does a task with one of these rules."""
    return RunTask({rule: RULES[rule] for rule in rules})


def _check_code(task: Task, rule: type[Rule]) -> None:
    """Refuse to run with other code than that of the process that asks."""
    fingerprint.check(task["code"])
    expected = task["own_code"]
    known = not (expected or "").startswith(UNKNOWN)
    if known and fingerprint.when_met(rule) != expected:  # its own runs may change a global
        raise RuntimeError(
            f"the code of {address(rule)} that a worker process finds is not "
            "the one that asks for this run: a file, or a global value, was changed since it was "
            "loaded, so start Python again"
        )


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


def warm_up(classes: Classes, tasks: Iterable[Task], data: Mapping[str, Dataset]) -> None:
    """Compile beforehand what all the workers will need, with a few samples for each kind.

    Two processes that compile the same kernel for different arrays at the same moment can leave
    Numba's cache with the code of one under the name of the other. A rule of the user's own, which
    may do anything, runs in a process of its own for that, and never in this one.
    """
    kinds = {canonical(_kind(task)): task for task in tasks}.values()
    own = [task for task in kinds if is_own(classes[task["rule"]])]
    for task in kinds:
        if task not in own:
            with suppress(Exception):  # a run that can not be done will say so itself
                _train_few(task, classes[task["rule"]], data[task["settings"]["data"]])
    if own:
        call = partial(attempt, RunTask(classes, _warm_up))
        with suppress(ChildProcessError):  # the same: a rule may end its process, again and again
            deque(in_processes(call, own, 1, own_code=True), maxlen=0)


def _kind(task: Task) -> list[Any]:
    """Return what makes a difference to the kernels that a task compiles."""
    settings = Settings(**task["settings"])
    kind = (task["rule"], task.get("attributes", {}), settings.data, settings.activation)
    return [*kind, settings.optimizer, len(settings.hidden), settings.input_dropout > 0]


def _warm_up(task: Task, rule: type[Rule]) -> dict[str, Any]:
    _train_few(task, rule, Settings(**task["settings"]).load())
    return {}


def _train_few(task: Task, rule: type[Rule], data: Dataset) -> None:
    x, y = data.x_train[:FEW], data.y_train[:FEW]
    settings = replace(Settings(**task["settings"]), epochs=1)
    train(settings, rule(**task["attributes"]), 0, Dataset(x, y, x, y))
