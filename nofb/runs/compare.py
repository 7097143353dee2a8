"""A comparison: every rule from the same start, with several seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from nofb.diagnosis.chance import error_directions, signal_units
from nofb.network import Network
from nofb.rules import COMPARED, find
from nofb.runs.plan import Plan, plan_of
from nofb.runs.run_log import Record
from nofb.runs.specification import Specification
from nofb.runs.sweep import carry_out
from nofb.runs.train import Result, result_of
from nofb.types import Array


class Settings(Protocol):
    """What a comparison states about its runs, such as a `Specification` does."""

    @property
    def data(self) -> str: ...
    @property
    def lr(self) -> float | None: ...
    @property
    def epochs(self) -> int: ...
    @property
    def settings(self) -> dict[str, Any]: ...
    @property
    def default_rate(self) -> str | None: ...
    def replace(self, **changes: Any) -> Settings: ...


@dataclass(frozen=True)
class Comparison:
    """All runs of a comparison.

    Attributes
    ----------
    settings
        The settings that all runs share.
    results
        The results, ordered by rule, then by seed.
    units
        The number of output units of each layer with weights, the first layer first. For a
        convolution, the number of output pixels of all channels.
    weights
        The number of weights of each of these layers.
    directions
        The effective dimensions of the errors, see `nofb.diagnosis.chance.error_directions`.
    classes
        The number of classes, or `None` for a regression.
    records
        The line of the log for each run, in the same order.
    """

    settings: Settings
    results: tuple[Result, ...]
    units: tuple[int, ...]
    weights: tuple[int, ...]
    directions: float
    classes: int | None
    records: tuple[Record, ...] = ()

    @property
    def rules(self) -> list[str]:
        """The rules, in the order in which they were given."""
        return list(dict.fromkeys(result.rule for result in self.results))

    @property
    def seeds(self) -> list[int]:
        """The seeds, in order."""
        return list(dict.fromkeys(result.seed for result in self.results))

    def of(self, rule: str) -> list[Result]:
        """Return the runs of one rule that were completed."""
        return [r for r in self.results if r.rule == rule and r.stopped is None]

    def curves(self, rule: str, measure: str, start: bool = False) -> Array:
        """Return a measure of all finished runs: (seeds, epochs) or (seeds, epochs, layers).

        With `start`, the value before the first step comes first.
        """
        histories = [result.history for result in self.of(rule)]
        if not histories:
            return np.empty((0, 0))
        return np.array([h.from_start(measure) if start else h[measure] for h in histories])

    def final(self, rule: str, measure: str) -> tuple[Array, Array]:
        """Return mean and standard deviation over seeds of a measure's last value.

        The deviation is the sample's (n - 1); with one seed it is NaN, with none both are.
        """
        last = self.curves(rule, measure)[:, -1:]
        if not last.size:
            return np.array(np.nan), np.array(np.nan)
        last = last[:, 0]
        mean = np.asarray(last.mean(axis=0))
        return mean, np.asarray(last.std(axis=0, ddof=1) if len(last) > 1 else mean * np.nan)


def compare(
    rules: Sequence[str] = COMPARED,
    settings: Specification | None = None,
    seeds: int | Sequence[int] = 5,
    jobs: int = 1,
    done: Callable[[Result], object] = lambda result: None,
    *,
    cluster: str | None = None,
    log: str | Path | None = None,
) -> Comparison:
    """Train every rule from the same starts.

    Parameters
    ----------
    rules
        Short names, keys of `nofb.rules.RULES`, or module:Class; `COMPARED` if left out.
    settings
        The settings that all runs share; the defaults if left out.
    seeds
        The number of seeds, for 0, 1, ...; or a list of seeds. Each draws weights, feedback and the
        order of samples.
    jobs
        How many runs are done in parallel, each in its own process.
    done
        A function that is called with each result when its run ends.
    cluster
        The address of a dask scheduler; its workers then do the runs.
    log
        A JSON Lines file that keeps every finished run, so that an interrupted comparison can be
        resumed.

    Returns
    -------
    Comparison
        With every run; one that diverged or failed is included, with the reason.

    Raises
    ------
    TypeError, ValueError
        If a name is unknown or a number is out of its range.

    Examples
    --------
    >>> comparison = compare(["bp", "shallow"], Specification(hidden=(16,), epochs=3), seeds=1)
    >>> bp, shallow = (comparison.final(rule, "test_accuracy")[0] for rule in comparison.rules)
    >>> bool(bp > shallow)
    True
    """
    settings = Specification() if settings is None else settings
    plan = comparison_plan(rules, settings, seeds)
    found = carry_out(plan, jobs, cluster, log, False, lambda record: done(result_of(record)))
    records = tuple(record for cell in plan.cells for record in found.of(cell))
    data = settings.load()
    net, results = settings.network_for(data), tuple(map(result_of, records))
    return comparison_of(net, settings, results, data.n_classes, records)


def comparison_of(
    net: Network,
    settings: Settings,
    results: tuple[Result, ...],
    classes: int | None,
    records: tuple[Record, ...] = (),
) -> Comparison:
    """Return the comparison of runs that all train networks like this one."""
    units = *(signal_units(net, layer) for layer in net.weighted[:-1]), net.n_outputs
    weights = tuple(layer.W.size for layer in net.weighted)
    directions = error_directions(net.head, net.n_outputs)
    return Comparison(settings, results, units, weights, directions, classes, records)


def comparison_plan(
    rules: Sequence[str], settings: Specification, seeds: int | Sequence[int]
) -> Plan:
    """Return the plan of a comparison: every rule with the same settings, and no grid."""
    names = list(dict.fromkeys(find(rule).name for rule in rules))
    return plan_of(names, seeds, settings)
