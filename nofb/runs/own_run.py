"""One run of a comparison on somebody's own network and data, in this process or in another."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nofb import fingerprint
from nofb.datasets import Dataset
from nofb.diagnosis import ContractionWarning
from nofb.networks.own import MakeNetwork, check_new
from nofb.optimizers import Optimizer
from nofb.rules import Rule
from nofb.runs.plan_values import checked_seeds
from nofb.runs.pools import Task
from nofb.runs.run_log import Record
from nofb.strict_json import plain
from nofb.training import DivergenceWarning, fit


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

    @property
    def needed(self) -> dict[str, object]:
        """What other processes must import, by its name."""
        return {"make_network": self.make_network, **{n: type(r) for n, r in self.rules.items()}}

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

    def tasks(
        self, seeds: int | Sequence[int], code: Callable[[Any], str | None]
    ) -> list[dict[str, Any]]:
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
            for seed in checked_seeds(seeds)
        ]


def each_in_turn(work: OwnRun, tasks: list[dict[str, Any]]) -> Iterator[Record]:
    """Do the runs in this process; an error in one of them ends all, and shows its place."""
    for task in tasks:
        started = time.perf_counter()
        result = plain(work(task))
        yield {"task": task, "result": result, "seconds": time.perf_counter() - started}


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
