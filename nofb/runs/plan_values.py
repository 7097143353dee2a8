"""The values in a plan, each checked before anything is run."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any

import numpy as np

from nofb import checks
from nofb.rules import RULES
from nofb.runs.run_log import check_number
from nofb.runs.specification import Specification
from nofb.runs.task import PLAIN

Values = tuple[Any, ...]


def checked_seeds(seeds: Any) -> tuple[int, ...]:
    """Return the seeds: 0, 1, ... for a number of them."""
    if not isinstance(seeds, Sequence | np.ndarray) or isinstance(seeds, str):
        number = checks.whole("seeds", seeds)
        check_number(number)
        return tuple(range(number))
    numbers = (checks.whole("seeds", seed, least=0) for seed in checks.listed("seeds", seeds))
    return checks.distinct("seeds", tuple(numbers))


def checked_settings(name: str, values: Any, run: Specification) -> Values:
    """Return the values of a setting that is varied."""
    where, trials = f"grid.{name}", []
    for value in checks.listed(where, values):
        try:
            trials.append(run.replace(**{name: value}))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{where}: {error}") from error
    return checks.distinct(where, tuple(trial.settings[name] for trial in trials))


def checked_attributes(rule: str, given: Any) -> dict[str, Values]:
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
    """Refuse a value that JSON cannot hold, and a value other than true or false for a switch."""
    if switch and not isinstance(value, bool):
        raise TypeError(f"{name} must be true or false, but is {value!r}")
    if not isinstance(value, PLAIN):
        raise TypeError(f"{name} must be a number, a string or a switch, but is {value!r}")
