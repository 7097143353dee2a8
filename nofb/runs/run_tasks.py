"""Does tasks, in this process or in others, with a check that they have the same code."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from nofb import checks, fingerprint, networks
from nofb.custom_rules import address, is_own
from nofb.datasets import Dataset, registry
from nofb.networks import own
from nofb.networks.own import MakeNetwork
from nofb.rules import RULES, Rule
from nofb.runs.grid import attempt, run_grid, unfinished
from nofb.runs.importable import refuse_local
from nofb.runs.pools import Task, in_processes
from nofb.runs.run_log import Record
from nofb.runs.task import UNKNOWN, run_task, specification_of
from nofb.runs.train import train
from nofb.strict_json import canonical

FEW = 20  # samples are enough to compile everything

Classes = Mapping[str, type[Rule]]


@dataclass(frozen=True)
class RunTask:
    """Does tasks, in this process or in another one, which must have the code in the task.

    Attributes
    ----------
    classes
        The rules, by their short names: another process may have registered only nofb's rules.
    do
        The function of a task and the class of its rule.
    asked_by
        The process that made this object.
    data, networks
        One's own data sets, and the functions that make one's own networks, that were registered
        there: another process does not have them.
    """

    classes: Classes
    do: Callable[[Task, type[Rule]], Mapping[str, Any]] = run_task
    asked_by: str = fingerprint.PROCESS
    data: Mapping[str, Dataset] = field(default_factory=registry.registered)
    networks: Mapping[str, MakeNetwork] = field(default_factory=dict)

    @property
    def own(self) -> bool:
        """Whether a process needs the user's own modules."""
        return any(map(is_own, self.classes.values()))

    def __call__(self, task: Task) -> Mapping[str, Any]:
        """Do one task."""
        rule = self.classes[task["rule"]]
        if self.asked_by != fingerprint.PROCESS:
            registry.take_over(self.data)
            for name, make in self.networks.items():
                own.register(make, name)
            _check_code(task, rule)
        return self.do(task, rule)


def work_for(rules: Iterable[str]) -> RunTask:
    """Return the object that does tasks with these rules."""
    return RunTask({rule: RULES[rule] for rule in rules})


def _check_code(task: Task, rule: type[Rule]) -> None:
    """Refuse to run with other code than that of the parent process."""
    fingerprint.check(task["code"])
    _check_own(rule, task["own_code"], address(rule))
    if "own_network" in task:
        _check_own(own.find(task["network"]), task["own_network"], task["network"])


def _check_own(thing: fingerprint.Code, expected: str | None, called: str) -> None:
    """Refuse to run other code of the user than that of the parent process."""
    known = not (expected or "").startswith(UNKNOWN)
    if known and fingerprint.when_met(thing) != expected:  # its runs may change a global
        raise RuntimeError(
            f"the code of {called} that a worker process finds is not "
            "the one that asks for this run: a file, or a global value, was changed since it was "
            "loaded, so start Python again"
        )


def run_all(
    work: RunTask,
    tasks: list[dict[str, Any]],
    data: Mapping[str, Dataset],
    jobs: int = 1,
    cluster: str | None = None,
    log: str | Path | None = None,
) -> Iterator[Record]:
    """Do the tasks that have no result in the log, in parallel, and yield a record for each task.

    Parameters
    ----------
    work, tasks
        The function, and its tasks.
    data
        The data sets of the tasks, by name.
    jobs, cluster, log
        As for `nofb.runs.grid.run_grid`.
    """
    fingerprint.warn_of_changes()
    if checks.whole("jobs", jobs) > 1 or cluster is not None:
        known = own.registered()
        used = {task["network"] for task in tasks}
        work = replace(work, networks={name: known[name] for name in known if name in used})
        refuse_local(work.networks)
        warm_up(work, tasks if log is None else unfinished(tasks, log), data)
    mine = work.own or any("own_network" in task for task in tasks)
    yield from run_grid(work, tasks, jobs=jobs, cluster=cluster, log=log, own_code=mine)


def warm_up(work: RunTask, tasks: Iterable[Task], data: Mapping[str, Dataset]) -> None:
    """Compile the kernels that all workers need in advance, with a few samples for each kind.

    If two processes compile the same kernel for different arrays at the same moment, Numba's cache
    can get the code of one under the name of the other. A custom rule may do anything, so it runs
    in a separate process for this, and never in this one.
    """
    classes = work.classes
    kinds = {canonical(_kind(task)): task for task in tasks}.values()
    mine = [task for task in kinds if is_own(classes[task["rule"]]) or "own_network" in task]
    for task in kinds:
        if task not in mine:
            with suppress(Exception):  # a run that cannot be done raises its error later
                _train_few(task, classes[task["rule"]], data[task["data"]])
    if mine:
        call = partial(attempt, replace(work, do=_warm_up))
        with suppress(ChildProcessError):  # the same: a rule may end its process each time
            deque(in_processes(call, mine, 1, own_code=True), maxlen=0)


def _kind(task: Task) -> list[Any]:
    """Return the settings on which the compiled kernels of a task depend."""
    run = specification_of(task)
    return [run.rule, run.attributes, run.data, run.network, run.options, run.optimizer]


def _warm_up(task: Task, rule: type[Rule]) -> dict[str, Any]:
    _train_few(task, rule, specification_of(task).load())
    return {}


def _train_few(task: Task, rule: type[Rule], data: Dataset) -> None:
    x, y = data.x_train[:FEW], data.y_train[:FEW]
    run = specification_of(task).replace(epochs=1, validation=0.0)
    few = replace(data, x_train=x, y_train=y, x_test=x, y_test=y)
    train(run, data=networks.prepared(run.network, few), rule=rule(**task["attributes"]))
