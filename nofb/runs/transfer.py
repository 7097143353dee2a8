"""Methods of transfer on one task, with several seeds: their accuracy and their cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nofb import checks, fingerprint
from nofb.rules import RULES, find
from nofb.runs.grid import run_grid, unfinished
from nofb.runs.pools import Task
from nofb.runs.run_log import Record, check_number
from nofb.runs.run_tasks import RunTask
from nofb.runs.task import own_code
from nofb.runs.transfer_run import everything, model_of, run_one, train
from nofb.strict_json import plain
from nofb.transfer.tasks import BITS, CASES, DEFAULT, TASKS, TransferTask
from nofb.types import Array

FEW = 40  # samples are enough to compile everything


@dataclass(frozen=True)
class Plan:
    """The plan of a comparison.

    Attributes
    ----------
    task
        A key of `nofb.transfer.tasks.TASKS`.
    cases
        Keys of `nofb.transfer.tasks.CASES`; those that fit the task if left out.
    seeds
        Their number: 0, 1, ... A seed draws the training samples, their order and the initial
        weights.
    samples, epochs
        The number of training samples, and of epochs; the task's numbers if left out.
    lr
        The learning rate of every case; the default of each case if left out.
    rule
        The rule that trains the models: a short name, or module:Class.
    released
        Whether TOAST adds the value bias twice, as its released code does.

    Raises
    ------
    TypeError, ValueError
        If a name is unknown or a number is out of its range.
    """

    task: str = "vision"
    cases: tuple[str, ...] = ()
    seeds: int = 2
    samples: int | None = None
    epochs: int | None = None
    lr: float | None = None
    rule: str = "bp"
    released: bool = False

    def __post_init__(self) -> None:
        checks.choice("task", self.task, TASKS)
        for name in self.cases:
            checks.choice("method", name, CASES)
            if name not in self.known.rates:
                fit_it = ", ".join(self.known.rates)
                raise ValueError(
                    f"{name} does not fit the task {self.task}, but these do: {fit_it}"
                )
        checks.whole("seeds", self.seeds)
        for name in ("samples", "epochs"):
            if (given := getattr(self, name)) is not None:
                checks.whole(name, given)
        if self.lr is not None:
            checks.number("lr", self.lr, above=0)
        check_number(self.seeds * len(self.named))
        object.__setattr__(self, "rule", find(self.rule).name)

    @property
    def known(self) -> TransferTask:
        """The task itself."""
        return TASKS[self.task]

    @property
    def named(self) -> list[str]:
        """The cases, in the order in which they were given, each once."""
        usual = [name for name in DEFAULT if name in self.known.rates]
        return list(dict.fromkeys(self.cases or usual))

    def tasks(self) -> list[dict[str, Any]]:
        """Return every run, ordered by seed, with the name of its code."""
        code = {"code": fingerprint.of_nofb(), "own_code": own_code(RULES[self.rule])}
        return [plain({**self._task(name, seed), **code})
                for seed in range(self.seeds) for name in self.named]  # fmt: skip

    def _task(self, case: str, seed: int) -> dict[str, Any]:
        return {
            "transfer": self.task,
            "case": case,
            "seed": seed,
            "samples": self.known.samples if self.samples is None else self.samples,
            "epochs": self.known.epochs if self.epochs is None else self.epochs,
            "lr": self.known.rates[case] if self.lr is None else self.lr,
            "rule": self.rule,
            "released": self.released and CASES[case].method.startswith("toast"),
        }


@dataclass(frozen=True)
class Transfers:
    """All runs of a comparison.

    Attributes
    ----------
    plan
        The plan that was run.
    records
        The line of the log for each run, in the order of the plan.
    """

    plan: Plan
    records: tuple[Record, ...]

    def runs(self, case: str) -> list[Mapping[str, Any]]:
        """Return the results of the completed runs of one case, in the order of the seeds."""
        found = [each["result"] for each in self.records
                 if each["task"]["case"] == case and "result" in each]  # fmt: skip
        return [result for result in found if result["stopped"] is None]

    def scores(self, case: str) -> Array:
        """Return the final accuracy, or the bits per character, of each run."""
        bits = self.plan.known.measure == BITS
        ends = [run["history"]["test_loss" if bits else "test_accuracy"][-1]
                for run in self.runs(case)]  # fmt: skip
        return np.array(ends, float) / (np.log(2) if bits else 1)

    def before(self, case: str) -> float | None:
        """Return the bits per character of a case before training, a mean over seeds."""
        loss = self.mean(case, "start")
        return None if loss is None else float(loss / np.log(2))

    def mean(self, case: str, name: str) -> Any:
        """Return the mean over seeds of a value of each run, `None` if there is no run."""
        values = [run.get(name) for run in self.runs(case)]
        if not values or any(value is None for value in values):
            return None
        return np.mean(np.array(values, float), axis=0)

    def seconds(self, case: str) -> float:
        """Return the training time of a run, a mean over seeds."""
        spent = [sum(run["history"]["seconds"]) for run in self.runs(case)]
        return float(np.mean(spent)) if spent else float("nan")

    @property
    def ended(self) -> list[str]:
        """The cases with at least one completed run."""
        return [case for case in self.plan.named if self.runs(case)]

    def stopped(self) -> list[str]:
        """Return a sentence for each run that ended early; no mean includes these runs."""
        said = []
        for record in self.records:
            why = record.get("error") or record["result"]["stopped"]
            if why:
                said.append(f"{record['task']['case']}, seed {record['task']['seed']}: {why}.")
        return said

    def dead(self) -> list[str]:
        """Return a sentence for each run whose mask has died."""
        return [
            f"{each['task']['case']}, seed {each['task']['seed']}: the mask has died. cos(z, ξ) is "
            "0 or less for all tokens, so that nothing is sent back and ξ has no gradient to come "
            "back by; a smaller rate (--lr) keeps it alive."
            for each in self.records
            if "result" in each and each["result"]["dead"]
        ]


def compare_transfers(
    plan: Plan,
    jobs: int = 1,
    done: Callable[[Record], object] = lambda record: None,
    *,
    cluster: str | None = None,
    log: str | Path | None = None,
) -> Transfers:
    """Train every case with several seeds; runs with a result in the log are not repeated.

    Parameters
    ----------
    plan
        The plan.
    jobs, cluster, log
        As for `nofb.runs.grid.run_grid`.
    done
        A function that is called with each record when its run ends.

    Raises
    ------
    TypeError, ValueError
        If the data set has fewer samples, or the rule cannot train one of the models.

    Examples
    --------
    >>> found = compare_transfers(Plan(cases=("linear",), seeds=1, samples=100, epochs=2))
    >>> found.scores("linear").shape, found.runs("linear")[0]["trained"]
    ((1,), 650)
    """
    tasks = plan.tasks()
    left = tasks if log is None else unfinished(tasks, log)
    if left:
        fingerprint.warn_of_changes()
        try_out(plan, left, compile_all=checks.whole("jobs", jobs) > 1 or cluster is not None)
    work = RunTask({plan.rule: RULES[plan.rule]}, run_one)
    records: dict[tuple[str, int], Record] = {}
    for record in run_grid(work, tasks, jobs=jobs, cluster=cluster, log=log, own_code=work.own):
        records[record["task"]["case"], record["task"]["seed"]] = record
        done(record)
    return Transfers(plan, tuple(records[each["case"], each["seed"]] for each in tasks))


def try_out(plan: Plan, tasks: Sequence[Task], compile_all: bool) -> None:
    """Refuse a plan that cannot be run, before the first run; compile shared kernels once.

    If two processes compile the same kernel at the same moment, they can damage Numba's cache.
    """
    known, rule = plan.known, RULES[plan.rule]
    data = known.drawn(everything(plan.task), tasks[0]["samples"], 0)
    x, y = data.x_train[:FEW], data.y_train[:FEW]
    few = replace(data, x_train=x, y_train=y, x_test=x, y_test=y)
    for task in _one_of_each(tasks):
        model = model_of(task)
        rule().attach(model, seed=0)
        if compile_all:
            train(model, rule(), few, {**task, "epochs": 1})


def _one_of_each(tasks: Sequence[Task]) -> Iterator[Task]:
    return iter({task["case"]: task for task in tasks}.values())
