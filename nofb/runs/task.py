"""A task: a specification as plain values, with the code that makes its numbers.

A task holds everything that decides a run's numbers: the learning rate that was looked up, the
attributes that a rule has by default, and hashes of the code: nofb's, and that of a rule of the
user's own. So two runs with one task are the same run, whichever comparison or sweep asks for them.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from nofb import fingerprint
from nofb.rules import RULES, Rule
from nofb.runs.pools import Task
from nofb.runs.specification import Specification
from nofb.runs.train import train
from nofb.strict_json import plain

PLAIN = str | bool | int | float | None
UNKNOWN = "unknown "  # before what stands for code that nobody can tell from other code
CODE = ("code", "own_code")  # what a task has besides its specification


class UnknownCodeWarning(UserWarning):
    """Nobody can say which code a rule runs, so its runs are done again each time."""


def task_of(
    run: Specification, own_codes: Mapping[str, str | None] | None = None
) -> dict[str, Any]:
    """Return the task that stands for a run.

    Parameters
    ----------
    run
        What is trained, and how.
    own_codes
        What `own_code` said of each rule; asked for now if left out.

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
    return task


def specification_of(task: Task) -> Specification:
    """Return the specification that a task was made of."""
    return Specification(**{name: value for name, value in task.items() if name not in CODE})


def own_code(rule: type[Rule]) -> str | None:
    """Return a hash of the code of a rule as far as it is not nofb's, `None` if all of it is.

    Warns
    -----
    UnknownCodeWarning
        If nobody can say which code it is; what is returned then is like no other hash.
    """
    try:
        return fingerprint.of_class(rule)
    except fingerprint.UnknownCodeError as unknown:
        warnings.warn(
            f"{unknown}; its runs are not taken from a log",
            UnknownCodeWarning,
            stacklevel=2,
        )
        return UNKNOWN + uuid4().hex


def run_task(task: Task, rule: type[Rule]) -> dict[str, Any]:
    """Do the run that a task stands for, and return its history and why it stopped early, if so."""
    run = train(specification_of(task), rule=rule(**task["attributes"]))
    return {"stopped": run.stopped, "start": run.history.start, "history": dict(run.history)}
