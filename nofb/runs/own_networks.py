"""A comparison of rules on somebody's own network and data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from nofb import checks, datasets, optimizers
from nofb.datasets import Dataset
from nofb.networks import own
from nofb.networks.own import MakeNetwork, check_new
from nofb.optimizers import Optimizer
from nofb.rules import Rule, find
from nofb.runs.compare import Comparison, comparison_of
from nofb.runs.grid import run_grid
from nofb.runs.importable import refuse_local
from nofb.runs.own_run import OwnRun, each_in_turn
from nofb.runs.run_log import Record
from nofb.runs.task import own_code
from nofb.runs.train import result_of
from nofb.strict_json import canonical
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


@end_everything()
def compare_own(
    rules: Sequence[str | Rule],
    make_network: MakeNetwork | str,
    data: Dataset | str,
    seeds: int | Sequence[int],
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
    make = own.function_of(make_network, "make_network")
    taught = _named(rules)
    moved = _optimizers(optimizer, list(taught))
    first = check_new(make(0), "make_network(0)")
    samples = own.shaped(partial(make, 0), datasets.registry.found(data))
    work = OwnRun(taught, moved, make, samples, epochs, batch_size)
    tasks = work.tasks(seeds, own_code if log is not None else lambda thing: None)
    records = _records(work, tasks, jobs, log, progress)
    if first.input_shape is None:
        first.as_input(samples.x_test[:1])
    one = next(iter(moved.values()))
    same = not isinstance(optimizer, Mapping)
    settings = OwnSettings(
        samples.name, repr(first), repr(one if same else moved), one.lr if same else None, epochs,
        batch_size,
    )  # fmt: skip
    return comparison_of(
        first, settings, tuple(map(result_of, records)), samples.n_classes, records
    )


def _records(
    work: OwnRun, tasks: list[dict[str, Any]], jobs: int, log: str | Path | None, progress: bool
) -> tuple[Record, ...]:
    """Do the runs, and return a record of each, in the order of the tasks."""
    parallel = checks.whole("jobs", jobs) > 1
    if parallel:
        refuse_local(work.needed)
    with bar(len(tasks), "compare", "run", progress) as shown:
        found: dict[str, Record] = {}
        kept = run_grid(work, tasks, jobs=jobs, log=log) if parallel or log else None
        for record in each_in_turn(work, tasks) if kept is None else kept:
            task = record["task"]
            found[canonical(task)] = record
            shown.set_postfix_str(f"{task['rule']}, seed {task['seed']}", refresh=False)
            shown.update()
    return tuple(found[canonical(task)] for task in tasks)


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
