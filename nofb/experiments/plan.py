"""What a sweep runs: rules × seeds × everything that is listed, checked before anything is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from inspect import signature
from itertools import product
from math import prod
from typing import Any

import numpy as np

from nofb import checks, datasets
from nofb.experiments.run_log import check_number
from nofb.experiments.runs import PLAIN, own_code, task_of
from nofb.experiments.settings import Settings
from nofb.rules import RULES, Rule, find, make

NAMES = tuple(setting.name for setting in fields(Settings))

Values = tuple[Any, ...]


@dataclass(frozen=True)
class Cell:
    """One combination, which is run once for each seed.

    Attributes
    ----------
    rule
        Its short name.
    attributes
        What the rule is given.
    settings
        What is trained, and how.
    varied
        The values that tell the cell from others, by the name of their axis: a setting such as
        "lr", or an attribute such as "dfa.entries".
    """

    rule: str
    attributes: Mapping[str, Any]
    settings: Settings
    varied: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """A sweep that is yet to be run; `make_plan` checks what goes in.

    Attributes
    ----------
    rules, seeds
        The rules' short names, and the seeds.
    settings
        What is the same in every run.
    grid
        The values of each setting that are crossed.
    attributes
        For a rule, the values of each of its attributes.
    validation
        The share of the training samples that is held out.
    classes, own_codes
        The class of each rule when the plan was made, and what `own_code` said of it.
    """

    rules: tuple[str, ...]
    seeds: tuple[int, ...]
    settings: Settings
    grid: Mapping[str, Values]
    attributes: Mapping[str, Mapping[str, Values]]
    validation: float
    classes: Mapping[str, type[Rule]]
    own_codes: Mapping[str, str | None]

    @cached_property
    def axes(self) -> list[str]:
        """The names of all that varies, settings before attributes."""
        lists = {**self.grid}
        for rule, own in self.attributes.items():
            lists |= {f"{rule}.{name}": values for name, values in own.items()}
        return [name for name, values in lists.items() if len(values) > 1]

    @cached_property
    def cells(self) -> list[Cell]:
        """All combinations, rule by rule."""
        return [
            self._cell(rule, attributes, chosen)
            for rule in self.rules
            for attributes in _crossed(self.attributes.get(rule, {}))
            for chosen in _crossed(self.grid)
        ]

    @property
    def number(self) -> int:
        """How many runs there are, by the lengths of the lists alone."""
        lists = [
            [*self.grid.values(), *self.attributes.get(rule, {}).values()] for rule in self.rules
        ]
        return len(self.seeds) * sum(prod(map(len, values)) for values in lists)

    def tasks_of(self, cell: Cell) -> list[dict[str, Any]]:
        """Return the runs of a cell, one for each seed."""
        one = task_of(
            cell.settings,
            cell.rule,
            self.seeds[0],
            cell.attributes,
            self.validation,
            self.own_codes,
        )
        return [{**one, "seed": seed} for seed in self.seeds]

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """All runs, cell by cell."""
        return [task for cell in self.cells for task in self.tasks_of(cell)]

    @property
    def measure(self) -> str:
        """What to judge by: accuracy, or loss where a data set has no classes; held out, if any."""
        regressions = {row.name for row in datasets.describe() if row.n_classes is None}
        loss = any(cell.settings.data in regressions for cell in self.cells)
        return f"{'validation' if self.validation else 'test'}_{'loss' if loss else 'accuracy'}"

    def _cell(self, rule: str, attributes: dict[str, Any], chosen: dict[str, Any]) -> Cell:
        values = chosen | {f"{rule}.{name}": value for name, value in attributes.items()}
        varied = {name: values[name] for name in self.axes if name in values}
        return Cell(rule, attributes, replace(self.settings, **chosen), varied)


def make_plan(
    rules: Sequence[str],
    seeds: int | Sequence[int] = 3,
    settings: Mapping[str, Any] | None = None,
    grid: Mapping[str, Sequence[Any]] | None = None,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    validation: float = 0.0,
) -> Plan:
    """Return a plan, after everything in it has been checked.

    Parameters
    ----------
    rules
        Short names, keys of `nofb.rules.RULES`, or module:Class.
    seeds
        How many, for 0, 1, ...; or a list of them. Each draws weights, feedback, the order of
        samples and the validation split.
    settings
        What is the same in every run: fields of `nofb.experiments.settings.Settings`.
    grid
        Lists of values for such fields; every combination is run.
    attributes
        For a rule's short name, attributes of that rule alone, each a value or a list of values.
    validation
        The share of the training samples to hold out and to choose by, 0 for none.

    Raises
    ------
    TypeError, ValueError
        With a sentence that names what is wrong and what is allowed.

    Examples
    --------
    >>> lists = {"dfa": {"entries": [1, 2]}}
    >>> plan = make_plan(["fa", "dfa"], 2, grid={"lr": [0.1, 0.2]}, attributes=lists)
    >>> plan.axes, len(plan.cells), len(plan.tasks)
    (['lr', 'dfa.entries'], 6, 12)
    """
    settings, grid, attributes = settings or {}, grid or {}, attributes or {}
    listed = checks.listed("rules", rules)
    names = checks.distinct("rules", tuple(find(rule, "rules").name for rule in listed))
    checks.table("settings", settings, NAMES)
    checks.table("grid", grid, NAMES)
    for rule in checks.table("attributes", attributes):
        if rule not in names:
            raise ValueError(f"attributes has {rule!r}, but rules has only: {', '.join(names)}")
    plan = Plan(
        names,
        _seeds(seeds),
        Settings(**settings),
        {name: _settings(name, values, settings) for name, values in grid.items()},
        {rule: _attributes(rule, given) for rule, given in attributes.items()},
        checks.number("validation", validation, least=0, below=1),
        {name: RULES[name] for name in names},
        {name: own_code(RULES[name]) for name in names},
    )
    check_number(plan.number)
    for cell in plan.cells:
        make(cell.rule, **cell.attributes)
        cell.settings.rate(cell.rule)
    return plan


def _seeds(seeds: Any) -> tuple[int, ...]:
    if not isinstance(seeds, Sequence | np.ndarray) or isinstance(seeds, str):
        number = checks.whole("seeds", seeds)
        check_number(number)
        return tuple(range(number))
    numbers = (checks.whole("seeds", seed, least=0) for seed in checks.listed("seeds", seeds))
    return checks.distinct("seeds", tuple(numbers))


def _settings(name: str, values: Any, others: Mapping[str, Any]) -> Values:
    """Return the values of a setting that is crossed."""
    if name in others:
        raise ValueError(f"{name} is in settings and in grid: keep one of them")
    where, trials = f"grid.{name}", []
    for value in checks.listed(where, values):
        try:
            trials.append(Settings(**{**others, name: value}))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{where}: {error}") from error
    return checks.distinct(where, tuple(getattr(trial, name) for trial in trials))


def _attributes(rule: str, given: Any) -> dict[str, Values]:
    """Return the values of each attribute of a rule."""
    parameters = signature(RULES[rule]).parameters
    where, lists = f"attributes.{rule}", {}
    checks.table(where, given, parameters)
    for name, value in given.items():
        many = isinstance(value, list | tuple | np.ndarray)
        values = checks.listed(f"{where}.{name}", value) if many else (value,)
        for one in values:
            _check_plain(f"{where}.{name}", one, isinstance(parameters[name].default, bool))
        lists[name] = checks.distinct(f"{where}.{name}", values)
    return lists


def _check_plain(name: str, value: object, switch: bool) -> None:
    """Refuse what JSON cannot hold, and what is no switch where a rule has one."""
    if switch and not isinstance(value, bool):
        raise TypeError(f"{name} must be true or false, but is {value!r}")
    if not isinstance(value, PLAIN):
        raise TypeError(f"{name} must be a number, a string or a switch, but is {value!r}")


def _crossed(lists: Mapping[str, Values]) -> list[dict[str, Any]]:
    """Return every combination of one value from each list.

    Examples
    --------
    >>> _crossed({"lr": (0.1, 0.2), "epochs": (5,)})
    [{'lr': 0.1, 'epochs': 5}, {'lr': 0.2, 'epochs': 5}]
    """
    return [dict(zip(lists, values, strict=True)) for values in product(*lists.values())]
