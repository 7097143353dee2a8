"""Learning rates that a search on held-out samples has found for each rule: `tuned.json`.

`python -m nofb.runs.tune` writes it.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from nofb.rules import RULES
from nofb.rules.own import is_own

SEARCHED_ON = {  # images of 784 pixels and more want other rates than digits of 64
    "mnist": "mnist",
    "fashion_mnist": "mnist",
    "fashion_small": "mnist",
    "cifar10": "mnist",
}
LENDER = "fa"  # whose rate a rule of one's own runs with, which no search has seen


def tuned_rate(data: str, rule: str, optimizer: str) -> float:
    """Return the learning rate that the committed search found.

    Parameters
    ----------
    data
        A data set's name; one without a search of its own borrows from `SEARCHED_ON`.
    rule, optimizer
        Short names; a rule of one's own borrows from `LENDER`.

    Raises
    ------
    ValueError
        If there was no such search: a rate must then be given.
    """
    rates: dict[str, float] = search_for(data)["rates"].get(optimizer, {})
    rule = LENDER if borrows(rule) else rule
    if rule not in rates:
        raise ValueError(
            f"no learning rate was searched for rule {rule!r} with {optimizer!r} on "
            f"{SEARCHED_ON.get(data, 'digits')!r}: give one with lr"
        )
    return rates[rule]


def borrows(rule: str) -> bool:
    """Say whether a rule is somebody's own, so that no search has seen it."""
    return rule in RULES and is_own(RULES[rule])


def search_for(data: str) -> dict[str, Any]:
    """Return everything that the committed search wrote down which a data set's rates come from."""
    search: dict[str, Any] = _searches()[SEARCHED_ON.get(data, "digits")]
    return search


@cache
def _searches() -> dict[str, Any]:
    return json.loads(resources.files(__package__).joinpath("tuned.json").read_text("utf-8"))
