"""Learning rates that a search on held-out samples has found for each rule: `tuned.json`.

`python -m nofb.runs.tune` writes it.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

SEARCHED_ON = {  # images of 784 or more pixels need other rates than digits of 64
    "mnist": "mnist",
    "fashion_mnist": "mnist",
    "fashion_small": "mnist",
    "cifar10": "mnist",
}
RATED = "fa"  # its rate is the default for a rule without a search


def tuned_rate(data: str, rule: str, optimizer: str) -> float:
    """Return the learning rate that the committed search found.

    Parameters
    ----------
    data
        A data set's name; one without its own search has the rates of `SEARCHED_ON`.
    rule, optimizer
        Short names; a rule without a search has the rate of `RATED`.

    Raises
    ------
    ValueError
        If there was no such search; then a rate must be given.
    """
    rates: dict[str, float] = search_for(data)["rates"].get(optimizer, {})
    if RATED not in rates:
        raise ValueError(
            f"no learning rate was searched for rule {rule!r} with {optimizer!r} on "
            f"{SEARCHED_ON.get(data, 'digits')!r}: give one with lr"
        )
    return rates.get(rule, rates[RATED])


def was_searched(data: str, rule: str, optimizer: str) -> bool:
    """Return whether the committed search found a rate for this rule."""
    return rule in search_for(data)["rates"].get(optimizer, {})


def search_for(data: str) -> dict[str, Any]:
    """Return the whole record of the committed search that has a data set's rates."""
    search: dict[str, Any] = _searches()[SEARCHED_ON.get(data, "digits")]
    return search


@cache
def _searches() -> dict[str, Any]:
    return json.loads(resources.files(__package__).joinpath("tuned.json").read_text("utf-8"))
