"""A comparison of rules on somebody's own network and data."""

from __future__ import annotations

import copy
import pickle
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nofb import checks, fingerprint, optimizers
from nofb.datasets import Dataset
from nofb.diagnosis import ContractionWarning
from nofb.diagnosis.chance import signal_units
from nofb.networks import own
from nofb.networks.own import MakeNetwork, check_new
from nofb.optimizers import Optimizer
from nofb.rules import Rule, find
from nofb.runs.compare import Comparison
from nofb.runs.grid import run_grid
from nofb.runs.pools import Task
from nofb.runs.run_log import Record
from nofb.runs.task import own_code
from nofb.runs.train import result_of
from nofb.strict_json import canonical, plain
from nofb.training import DivergenceWarning, fit
from nofb.training.interrupts import end_everything
from nofb.training.progress import bar


@dataclass(frozen=True)
class OwnSettings:
    """The settings that all runs of one's own network share, as a `Specification` has them.

    Attributes
    ----------
    data, network
        The name of the data set, and the layers.
    optimizer
        The optimizer, or those of the rules.
    lr
        The learning rate, `None` if each rule has its own optimizer.
    epochs, batch_size
        As for `nofb.fit`.
    """

    data: str
    network: str
    optimizer: str
    lr: float | None
    epochs: int
    batch_size: int
    default_rate: str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that a report lists."""
        return {name: value for name, value in vars(self).items() if name != "default_rate"}

    def replace(self, **changes: Any) -> OwnSettings:
        """Return these settings: they are the same for every rule."""
        return self


@dataclass(frozen=True)
class OwnRun:
    """Does one run of a comparison, in this process or in another one.

    Attributes
    ----------
    rules, optimizers
        Those of each rule, by its short name.
    make_network, data, epochs, batch_size
        As for `nofb.compare`.
    """

    rules: Mapping[str, Rule]
    optimizers: Mapping[str, Optimizer]
    make_network: MakeNetwork
    data: Dataset
    epochs: int
    batch_size: int

    def __call__(self, task: Task) -> dict[str, Any]:
        """Return the history of a run, and why it stopped early, or `None`."""
        name, seed = task["rule"], task["seed"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DivergenceWarning)
            warnings.simplefilter("ignore", ContractionWarning)
            run = fit(
                check_new(self.make_network(seed), f"make_network({seed})"),
                copy.deepcopy(self.rules[name]), self.data, self.epochs, self.batch_size,
                copy.deepcopy(self.optimizers[name]), seed, progress=False,
            )  # fmt: skip
        return {"stopped": run.stopped, "start": run.history.start, "history": dict(run.history)}

    def tasks(self, seeds: int, code: Callable[[Any], str | None]) -> list[dict[str, Any]]:
        """Return every run: all that determines its numbers, as plain values.

        The hash of the user's code is that of `code`; only a log needs it.
        """
        common = {
            "data": self.data.name, "own_data": self.data.digest, "epochs": self.epochs,
            "batch_size": self.batch_size, "code": fingerprint.of_nofb(),
            "own_network": code(self.make_network),
        }  # fmt: skip
        return [
            {
                "rule": name,
                "attributes": _attributes(rule),
                "own_code": own,
                "optimizer": repr(self.optimizers[name]),
                "lr": self.optimizers[name].lr,
                **common,
                "seed": seed,
            }
            for name, rule, own in [(n, r, code(type(r))) for n, r in self.rules.items()]
            for seed in range(checks.whole("seeds", seeds))
        ]


@end_everything()
def compare_own(
    rules: Sequence[str | Rule],
    make_network: MakeNetwork,
    data: Dataset,
    seeds: int,
    epochs: int,
    batch_size: int,
    optimizer: Optimizer | str | Mapping[str, Optimizer],
    progress: bool = True,
    jobs: int = 1,
    log: str | Path | None = None,
) -> Comparison:
    """Train every rule from the same starts; the arguments are those of `nofb.compare`.

    Examples
    --------
    >>> from nofb import Dense, Network, datasets
    >>> make = lambda seed: Network([Dense(64, 10)], seed=seed)
    >>> found = compare_own(["bp"], make, datasets.load("digits"), 2, 1, 32, "sgd")
    >>> found.curves("bp", "loss").shape
    (2, 1)
    """
    make = own.checked(make_network, "make_network")
    taught = _named(rules)
    moved = _optimizers(optimizer, list(taught))
    first = check_new(make(0), "make_network(0)")
    work = OwnRun(taught, moved, make, data, epochs, batch_size)
    tasks = work.tasks(seeds, own_code if log is not None else lambda thing: None)
    records = _records(work, tasks, jobs, log, progress)
    if first.input_shape is None:
        first.as_input(data.x_test[:1])
    one = next(iter(moved.values()))
    same = not isinstance(optimizer, Mapping)
    settings = OwnSettings(
        data.name, repr(first), repr(one if same else moved), one.lr if same else None, epochs,
        batch_size,
    )  # fmt: skip
    units = (*(signal_units(first, layer) for layer in first.weighted[:-1]), first.n_outputs)
    weights = tuple(layer.W.size for layer in first.weighted)
    results = tuple(map(result_of, records))
    return Comparison(settings, results, units, weights, data.n_classes, records)


def _records(
    work: OwnRun, tasks: list[dict[str, Any]], jobs: int, log: str | Path | None, progress: bool
) -> tuple[Record, ...]:
    """Do the runs, and return a record of each, in the order of the tasks."""
    parallel = checks.whole("jobs", jobs) > 1
    if parallel:
        refuse_local(work)
    with bar(len(tasks), "compare", "run", progress) as shown:
        found: dict[str, Record] = {}
        kept = run_grid(work, tasks, jobs=jobs, log=log) if parallel or log else None
        for record in each_in_turn(work, tasks) if kept is None else kept:
            task = record["task"]
            found[canonical(task)] = record
            shown.set_postfix_str(f"{task['rule']}, seed {task['seed']}", refresh=False)
            shown.update()
    return tuple(found[canonical(task)] for task in tasks)


def each_in_turn(work: OwnRun, tasks: list[dict[str, Any]]) -> Iterator[Record]:
    """Do the runs in this process; an error in one of them ends all, and shows its place."""
    for task in tasks:
        started = time.perf_counter()
        result = plain(work(task))
        yield {"task": task, "result": result, "seconds": time.perf_counter() - started}


def refuse_local(work: OwnRun) -> None:
    """Refuse what other processes cannot import, before the first run.

    Raises
    ------
    ValueError
        If the function or a rule is not in a module.
    """
    named = {"make_network": work.make_network, **{n: type(r) for n, r in work.rules.items()}}
    for name, thing in named.items():
        module = getattr(thing, "__module__", None)
        if module == "__main__" or not _imported_by_name(thing):
            raise ValueError(
                f"{name} is not in a module, and other processes cannot import it: put it into a "
                "file, such as my_net.py, and write from my_net import ...; or use jobs=1"
            )


def _imported_by_name(thing: object) -> bool:
    try:
        pickle.dumps(thing)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True


def _attributes(rule: Rule) -> dict[str, Any]:
    """Return the attributes of a rule as plain values; one that is an object, by its text."""
    found = {name: value for name, value in vars(rule).items() if name != "clock"}
    return {name: _identity(value) for name, value in found.items()}


def _identity(value: Any) -> Any:
    """Return a plain value as it is, a function by its name, and another object by its text."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, tuple | list):
        return [_identity(each) for each in value]
    name = getattr(value, "__qualname__", "<")
    return repr(value) if "<" in name else f"{value.__module__}.{name}"


def _named(rules: Sequence[str | Rule]) -> dict[str, Rule]:
    """Return the rules by their short names."""
    found: dict[str, Rule] = {}
    for given in checks.listed("rules", rules):
        rule = find(given)() if isinstance(given, str) else given
        if not isinstance(rule, Rule):
            raise TypeError(f"rules holds {given!r}, but must hold short names or rules")
        if rule.name in found:
            raise ValueError(f"rules holds {rule.name!r} twice: a subclass with its own name can")
        found[rule.name] = rule
    return found


def _optimizers(
    given: Optimizer | str | Mapping[str, Optimizer], names: Sequence[str]
) -> dict[str, Optimizer]:
    """Return the optimizer of each rule."""
    if isinstance(given, Mapping):
        if missing := [name for name in names if name not in given]:
            raise ValueError(f"optimizer is a table without the rule {missing[0]!r}")
        chosen = {name: given[name] for name in names}
    else:
        one = optimizers.make(given) if isinstance(given, str) else given
        chosen = dict.fromkeys(names, one)
    for each in chosen.values():
        if not isinstance(each, Optimizer):
            raise TypeError(
                f"optimizer must be such as nofb.SGD(lr=0.1), or one for each rule, but is {each!r}"
            )
    return chosen
