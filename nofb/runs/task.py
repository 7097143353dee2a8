"""A task: a specification as plain values, with the code that makes its numbers.

A task holds everything that determines a run's numbers: the learning rate, also a default one, the
rule's attributes, also default ones, and hashes of the code: nofb's, and that of a custom rule. A
data set of the user's own is known by a hash of its arrays, and a network by one of its function.
So two runs with the same task are the same run, also in different comparisons and sweeps.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from nofb import fingerprint
from nofb.datasets import registry
from nofb.networks import own as own_networks
from nofb.networks.own import MakeNetwork
from nofb.rules import RULES, Rule
from nofb.runs.pools import Task
from nofb.runs.specification import Specification
from nofb.runs.train import train
from nofb.strict_json import plain

PLAIN = str | bool | int | float | None
UNKNOWN = "unknown "  # the prefix of a hash for code that cannot be identified
BESIDES = (
    "code",
    "own_code",
    "own_data",
    "own_network",
)  # what a task has besides its specification


class UnknownCodeWarning(UserWarning):
    """The code of a rule cannot be identified, so its runs are repeated each time."""


def task_of(
    run: Specification, own_codes: Mapping[str, str | None] | None = None
) -> dict[str, Any]:
    """Return the task of a run.

    Parameters
    ----------
    run
        The specification of the run.
    own_codes
        The hash of each rule's code (`own_code`); computed now if left out.

    Examples
    --------
    >>> task = task_of(Specification(lr=0.01, rule="dfa", attributes={"entries": 2}))
    >>> task["attributes"]["entries"], task["attributes"]["shared"], task["lr"]
    (2, False, 0.01)
    """
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(RULES[run.rule]).parameters.items()
        if isinstance(parameter.default, PLAIN)
    }
    given = dict(run.attributes)
    preset = RULES[run.rule].presets.get(given.pop("preset", ""), {})
    whole = run.replace(lr=run.rate, attributes=defaults | preset | given)
    own = own_code(RULES[run.rule]) if own_codes is None else own_codes[run.rule]
    task: dict[str, Any] = plain(
        {**whole.as_dict(), "code": fingerprint.of_nofb(), "own_code": own}
    )
    mine = registry.registered().get(run.data)
    if mine is not None:
        task["own_data"] = mine.digest
    if own_networks.is_own(run.network):
        task["own_network"] = own_code(own_networks.find(run.network))
    return task


def specification_of(task: Task) -> Specification:
    """Return the specification from which a task was made."""
    return Specification(**{name: value for name, value in task.items() if name not in BESIDES})


def own_code(thing: type[Rule] | MakeNetwork) -> str | None:
    """Return a hash of the code of a rule or a function, or `None` if all of it is nofb's.

    Warns
    -----
    UnknownCodeWarning
        If the code cannot be identified; then the returned hash equals no other one.
    """
    try:
        return fingerprint.of_class(thing)
    except fingerprint.UnknownCodeError as unknown:
        warnings.warn(
            f"{unknown}; its runs are not taken from a log",
            UnknownCodeWarning,
            stacklevel=2,
        )
        return UNKNOWN + uuid4().hex


def run_task(task: Task, rule: type[Rule]) -> dict[str, Any]:
    """Do the run of a task; return its history and why it stopped early, or `None`."""
    run = train(specification_of(task), rule=rule(**task["attributes"]))
    return {"stopped": run.stopped, "start": run.history.start, "history": dict(run.history)}
