"""The plan of a sweep: rules × seeds × every list of values, checked before anything is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

from nofb import checks, datasets
from nofb.rules import RULES, Rule, find, make
from nofb.runs.plan_values import (
    Values,
    checked_attributes,
    checked_seeds,
    checked_settings,
)
from nofb.runs.run_log import check_number
from nofb.runs.specification import Specification, names
from nofb.runs.task import own_code, task_of


@dataclass(frozen=True)
class Cell:
    """One combination of rule and values, which is run once for each seed.

    Attributes
    ----------
    run
        The specification of the run, except its seed.
    varied
        The values that distinguish the cell, by the name of their axis: a setting such as "lr", or
        an attribute such as "dfa.entries".
    """

    run: Specification
    varied: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """A sweep before it is run; `make_plan` makes it and checks every value.

    Attributes
    ----------
    rules, seeds
        The rules' short names, and the seeds.
    run
        What is the same in every run.
    grid
        The list of values of each setting that is varied.
    attributes
        For each rule, the values of each of its attributes.
    classes, own_codes
        The class of each rule when the plan was made, and the hash of its code (`own_code`).
    """

    rules: tuple[str, ...]
    seeds: tuple[int, ...]
    run: Specification
    grid: Mapping[str, Values]
    attributes: Mapping[str, Mapping[str, Values]]
    classes: Mapping[str, type[Rule]]
    own_codes: Mapping[str, str | None]

    @cached_property
    def axes(self) -> list[str]:
        """The names of everything that varies, settings before attributes."""
        lists = {**self.grid}
        for rule, own in self.attributes.items():
            lists |= {f"{rule}.{name}": values for name, values in own.items()}
        return [name for name, values in lists.items() if len(values) > 1]

    @cached_property
    def cells(self) -> list[Cell]:
        """All combinations, ordered by rule."""
        return [
            self._cell(rule, attributes, chosen)
            for rule in self.rules
            for attributes in crossed(self.attributes.get(rule, {}))
            for chosen in crossed(self.grid)
        ]

    @property
    def number(self) -> int:
        """The number of runs, from the lengths of the lists alone."""
        lists = [
            [*self.grid.values(), *self.attributes.get(rule, {}).values()] for rule in self.rules
        ]
        return len(self.seeds) * sum(prod(map(len, values)) for values in lists)

    def tasks_of(self, cell: Cell) -> list[dict[str, Any]]:
        """Return the runs of a cell, one for each seed."""
        one = task_of(cell.run, self.own_codes)
        return [{**one, "seed": seed} for seed in self.seeds]

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """All runs, ordered by cell."""
        return [task for cell in self.cells for task in self.tasks_of(cell)]

    @property
    def measure(self) -> str:
        """The measure to compare by: accuracy, or loss without classes; held out, if possible."""
        regressions = {row.name for row in datasets.describe() if row.n_classes is None}
        loss = any(cell.run.data in regressions for cell in self.cells)
        split = "validation" if self.run.validation else "test"
        return f"{split}_{'loss' if loss else 'accuracy'}"

    def _cell(self, rule: str, attributes: dict[str, Any], chosen: dict[str, Any]) -> Cell:
        values = chosen | {f"{rule}.{name}": value for name, value in attributes.items()}
        varied = {name: values[name] for name in self.axes if name in values}
        return Cell(self.run.replace(rule=rule, attributes=attributes, **chosen), varied)


def make_plan(
    rules: Sequence[str],
    seeds: int | Sequence[int] = 3,
    settings: Mapping[str, Any] | None = None,
    grid: Mapping[str, Sequence[Any]] | None = None,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    validation: float = 0.0,
    network: str | Mapping[str, Any] = "mlp",
) -> Plan:
    """Return a plan, after a check of everything in it.

    Parameters
    ----------
    rules
        Short names, keys of `nofb.rules.RULES`, or module:Class.
    seeds
        Their number, for 0, 1, ...; or a list of them. Each draws weights, feedback, the order of
        samples and the validation split.
    settings
        The settings that are the same in every run, by their names in
        `nofb.runs.specification.Specification`; also options of the network.
    grid
        Lists of values of such settings; every combination is run.
    attributes
        For a rule's short name, attributes of this rule alone, each a value or a list of values.
    validation
        The fraction of the training samples to hold out for choosing, 0 for none.
    network
        Its name, or a table of its "name" and its options.

    Raises
    ------
    TypeError, ValueError
        If a name or a value is wrong; the message names what is allowed.

    Examples
    --------
    >>> lists = {"dfa": {"entries": [1, 2]}}
    >>> plan = make_plan(["fa", "dfa"], 2, grid={"lr": [0.1, 0.2]}, attributes=lists)
    >>> plan.axes, len(plan.cells), len(plan.tasks)
    (['lr', 'dfa.entries'], 6, 12)
    """
    settings = checks.table("settings", {} if settings is None else settings)
    grid = checks.table("grid", {} if grid is None else grid)
    _refuse_twice({"settings": settings, "grid": grid})
    run = _common(settings, network, grid, validation)
    return plan_of(rules, seeds, run, grid, attributes)


def plan_of(
    rules: Sequence[str],
    seeds: int | Sequence[int],
    run: Specification,
    grid: Mapping[str, Sequence[Any]] | None = None,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
) -> Plan:
    """Return the plan for a specification that is the same in every run, as `make_plan` does."""
    grid, attributes = grid or {}, attributes or {}
    listed = checks.listed("rules", rules)
    called = checks.distinct("rules", tuple(find(rule, "rules").name for rule in listed))
    checks.table("grid", grid, run.settings)
    for rule in checks.table("attributes", attributes):
        if rule not in called:
            raise ValueError(f"attributes has {rule!r}, but rules has only: {', '.join(called)}")
    plan = Plan(
        called,
        checked_seeds(seeds),
        run,
        {name: checked_settings(name, values, run) for name, values in grid.items()},
        {rule: checked_attributes(rule, given) for rule, given in attributes.items()},
        {name: RULES[name] for name in called},
        {name: own_code(RULES[name]) for name in called},
    )
    check_number(plan.number)
    for cell in plan.cells:
        make(cell.run.rule, **cell.run.attributes)
        _ = cell.run.rate  # refuses a rule without one
    return plan


def _common(
    settings: Mapping[str, Any],
    network: str | Mapping[str, Any],
    grid: Mapping[str, Any],
    validation: float,
) -> Specification:
    """Return the specification that is the same in every run."""
    table = {"name": network} if isinstance(network, str) else checks.table("network", network)
    options = {name: value for name, value in table.items() if name != "name"}
    name = settings.get("network", table.get("name", "mlp"))
    checks.table("settings", settings, names(name))
    _refuse_twice({"settings": settings, "network": options})
    _refuse_twice({"network": options, "grid": grid})
    share = checks.number("validation", validation, least=0, below=1)
    return Specification(**{"network": name, **settings, **options, "validation": share})


def _refuse_twice(tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a name that is in two tables: one of its values would be ignored without a warning."""
    (one, first), (other, second) = tables.items()
    for name in first:
        if name in second:
            raise ValueError(f"{name} is in {one} and in {other}: keep one of them")


def crossed(lists: Mapping[str, Values]) -> list[dict[str, Any]]:
    """Return every combination of one value from each list.

    Examples
    --------
    >>> crossed({"lr": (0.1, 0.2), "epochs": (5,)})
    [{'lr': 0.1, 'epochs': 5}, {'lr': 0.2, 'epochs': 5}]
    """
    return [dict(zip(lists, values, strict=True)) for values in product(*lists.values())]
