"""Methods of transfer on one task, several seeds: what is learned, what it costs, what is steered.

Each run is a task of plain values, kept in a log: its history, its size and cost, and what the
first token attends to in some test samples, so that figures need no run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nofb import AdamW, checks, fingerprint, transfer
from nofb.datasets import Dataset
from nofb.network import Network
from nofb.rules import RULES, Rule, find
from nofb.runs.grid import run_grid, unfinished
from nofb.runs.pools import Task
from nofb.runs.run_log import Record, check_number
from nofb.runs.run_tasks import RunTask
from nofb.runs.task import own_code
from nofb.schedules import warmup
from nofb.strict_json import plain
from nofb.training import fit
from nofb.training.interrupts import end_everything
from nofb.transfer import Toast, Transferred
from nofb.transfer.cost import forward_cost
from nofb.transfer.tasks import BATCH_SIZE, BITS, CASES, DEFAULT, EPOCHS, TASKS
from nofb.types import Array

MAX_GRADIENT = 1.0
STEERED = 500  # test samples on which attention is measured
SHOWN = 4  # of them, whose attention is kept sample by sample
FEW = 40  # samples are enough to compile everything
DIGITS = 4


@dataclass(frozen=True)
class Plan:
    """What is compared.

    Attributes
    ----------
    task
        A key of `nofb.transfer.tasks.TASKS`.
    cases
        Keys of `nofb.transfer.tasks.CASES`; those that fit the task if left out.
    seeds
        How many: 0, 1, ... A seed draws the training samples, the start and their order.
    samples, epochs
        How many training samples, and how often each is seen; the task's if left out.
    lr
        The learning rate of every case; each one's own if left out.
    rule
        The rule that teaches: a short name, or module:Class.
    released
        Whether TOAST adds the value bias twice, as its released code does.

    Raises
    ------
    TypeError, ValueError
        If a name is not known or a number is out of its range.
    """

    task: str = "vision"
    cases: tuple[str, ...] = ()
    seeds: int = 2
    samples: int | None = None
    epochs: int = EPOCHS
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
        checks.whole("epochs", self.epochs)
        if self.samples is not None:
            checks.whole("samples", self.samples)
        if self.lr is not None:
            checks.number("lr", self.lr, above=0)
        check_number(self.seeds * len(self.named))
        object.__setattr__(self, "rule", find(self.rule).name)

    @property
    def known(self) -> Any:
        """The task itself."""
        return TASKS[self.task]

    @property
    def named(self) -> list[str]:
        """The cases, in the order in which they were asked for, each once."""
        usual = [name for name in DEFAULT if name in self.known.rates]
        return list(dict.fromkeys(self.cases or usual))

    def tasks(self) -> list[dict[str, Any]]:
        """Return every run, seed by seed, with the code that makes its numbers."""
        code = {"code": fingerprint.of_nofb(), "own_code": own_code(RULES[self.rule])}
        return [plain({**self._task(name, seed), **code})
                for seed in range(self.seeds) for name in self.named]  # fmt: skip

    def _task(self, case: str, seed: int) -> dict[str, Any]:
        return {
            "transfer": self.task,
            "case": case,
            "seed": seed,
            "samples": self.known.samples if self.samples is None else self.samples,
            "epochs": self.epochs,
            "lr": self.known.rates[case] if self.lr is None else self.lr,
            "rule": self.rule,
            "released": self.released and CASES[case].method.startswith("toast"),
        }


@cache
def everything(task: str) -> Dataset:
    """Return all samples of a task, loaded once.

    Raises
    ------
    ConnectionError
        If they are not here, and cannot be downloaded.
    """
    try:
        return TASKS[task].load()
    except ConnectionError as error:
        raise ConnectionError(
            f"the task {task} needs data that are not here and could not be downloaded: the task "
            "vision (--task vision) needs no network; or let NOFB_DATA_DIR point to a folder that "
            "holds them, as `nofb data` says"
        ) from error


@cache
def backbone(task: str) -> Network:
    """Return the backbone of a task, which every model copies."""
    return TASKS[task].backbone()


@cache
def pretuned(task: str) -> Toast | None:
    """Return the pre-tuned feedback path of a task's backbone, if there is one."""
    make = TASKS[task].pretuned
    return None if make is None else make(backbone(task))


def model_of(task: Task) -> Transferred:
    """Return the model of a run before it learns."""
    case, name = CASES[task["case"]], task["transfer"]
    start = pretuned(name) if case.pretuned else None
    released = {"released": True} if task["released"] else {}
    outputs = everything(name).n_outputs
    return transfer.make(
        case.method, backbone(name), outputs, task["seed"], start, **case.options, **released
    )


@end_everything()
def run_one(task: Task, rule: type[Rule]) -> dict[str, Any]:
    """Train one model, and return its history, its size and cost, and what it attends to."""
    known, model = TASKS[task["transfer"]], model_of(task)
    data = known.drawn(everything(known.name), task["samples"], task["seed"])
    run = train(model, rule(), data, task)
    return {
        "stopped": run.stopped,
        "history": dict(run.history),
        "trained": model.trained_parameters,
        "all": model.all_parameters,
        "cost": round(forward_cost(model), 3),
        **looked_at(model, data.x_test[:STEERED], known.marks),
    }


def train(model: Transferred, rule: Rule, data: Dataset, task: Task) -> Any:
    """Train a model as all of them are trained; a run that diverges says so in `stopped`."""
    optimizer = AdamW(lr=task["lr"], decay=0, schedule=warmup(), max_gradient=MAX_GRADIENT)
    return fit(
        model, rule, data, task["epochs"], BATCH_SIZE, optimizer, task["seed"],
        probe=0, progress=False,
    )  # fmt: skip


def looked_at(
    model: Transferred, x: Array, marks: Callable[[], Array] | None = None
) -> dict[str, Any]:
    """Return what the first token attends to before and after, and what steers it.

    Parameters
    ----------
    model
        Before or after it learned.
    x
        Test samples.
    marks
        Returns which patches of them show what is asked for.

    Returns
    -------
    dict
        "rows" of a few samples, and of these "before" and "after" (blocks, samples, patches) and
        "named", their predictions. With marks "on_before" and "on_after", the share of each block's
        attention that is on them, means over all samples. Of TOAST "mask" and "td" (root mean
        square, by block), "mask_of" the few, and whether it is "dead": every mask is 0.
    """
    found: dict[str, Any] = {"mask": None, "td": None, "mask_of": None, "dead": False}
    asked = None if marks is None else marks()[: len(x)]
    rows = found["rows"] = few_of_each(asked)
    if isinstance(model, Toast):
        steering = model.steer(x)
        before, after = steering.before, steering.after
        td = np.sqrt(np.square(steering.td, dtype=np.float64).mean(axis=(1, 2, 3)))
        found |= {"mask": steering.mask.mean(dtype=np.float64), "td": td,
                  "mask_of": steering.mask[rows], "dead": not steering.mask.any()}  # fmt: skip
    else:
        before, after = model.attention(x)
    tokens = before.shape[-1] - 1
    maps = {"before": before[:, :, 0, -tokens:], "after": after[:, :, 0, -tokens:]}
    if asked is not None:
        found |= {f"on_{name}": np.where(asked, each, 0).sum(axis=2).mean(axis=1, dtype=np.float64)
                  for name, each in maps.items()}  # fmt: skip
    found |= {name: each[:, rows] for name, each in maps.items()}
    found["named"] = model.predict(x[rows])
    return {name: _rounded(value) for name, value in found.items()}


def few_of_each(asked: Array | None) -> list[int]:
    """Return a few samples: equally many of each place where there is what is asked for.

    Examples
    --------
    >>> few_of_each(np.array([[True, False], [True, False], [True, False], [False, True]]))
    [0, 1, 3]
    """
    if asked is None:
        return list(range(SHOWN))
    places, which = np.unique(asked, axis=0, return_inverse=True)
    each = max(1, SHOWN // len(places))
    rows = [np.flatnonzero(which.reshape(-1) == place)[:each] for place in range(len(places))]
    return sorted(np.concatenate(rows).tolist())


def _rounded(value: Any) -> Any:
    """Return numbers with few digits, since a log keeps them as text."""
    if isinstance(value, np.ndarray | np.floating):
        return np.round(np.asarray(value, np.float64), DIGITS).tolist()
    return value


@dataclass(frozen=True)
class Transfers:
    """All runs of a comparison.

    Attributes
    ----------
    plan
        What was asked for.
    records
        What the log keeps of each run, in the order of the plan.
    """

    plan: Plan
    records: tuple[Record, ...]

    def runs(self, case: str) -> list[Mapping[str, Any]]:
        """Return the results of one case that came to their end, seed by seed."""
        found = [each["result"] for each in self.records
                 if each["task"]["case"] == case and "result" in each]  # fmt: skip
        return [result for result in found if result["stopped"] is None]

    def scores(self, case: str) -> Array:
        """Return the final accuracy, or the bits per character, of each run."""
        bits = self.plan.known.measure == BITS
        ends = [run["history"]["test_loss" if bits else "test_accuracy"][-1]
                for run in self.runs(case)]  # fmt: skip
        return np.array(ends, float) / (np.log(2) if bits else 1)

    def mean(self, case: str, name: str) -> Any:
        """Return the mean over seeds of what each run returned, `None` if there is nothing."""
        values = [run.get(name) for run in self.runs(case)]
        if not values or any(value is None for value in values):
            return None
        return np.mean(np.array(values, float), axis=0)

    def seconds(self, case: str) -> float:
        """Return how long a run trained, a mean over seeds."""
        spent = [sum(run["history"]["seconds"]) for run in self.runs(case)]
        return float(np.mean(spent)) if spent else float("nan")

    @property
    def ended(self) -> list[str]:
        """The cases of which a run came to its end."""
        return [case for case in self.plan.named if self.runs(case)]

    def stopped(self) -> list[str]:
        """Return a sentence for each run that ended early; no mean has them in it."""
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
    """Train every case, several seeds each; what a log has a result for is not run again.

    Parameters
    ----------
    plan
        What is compared.
    jobs, cluster, log
        As for `nofb.runs.grid.run_grid`.
    done
        Is called with each record as it comes in.

    Raises
    ------
    TypeError, ValueError
        If there are not so many samples, or the rule cannot teach one of the models.

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
    """Refuse what no run could do, before any is begun; and compile what several would.

    Two processes that compile the same kernel at the same moment can spoil Numba's cache.
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
