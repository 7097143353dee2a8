"""`nofb.sweep` of one's own network and data: which learning rate suits each rule?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nofb import datasets
from nofb.datasets import Dataset
from nofb.networks import own
from nofb.networks.own import MakeNetwork
from nofb.runs.plan import Plan, plan_of
from nofb.runs.specification import Specification


def own_plan(
    rules: str | Sequence[str],
    make_network: MakeNetwork | str,
    data: Dataset | str,
    *,
    rates: Sequence[float] | None = None,
    seeds: int | Sequence[int] = 3,
    grid: Mapping[str, Sequence[Any]] | None = None,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    epochs: int = 20,
    batch_size: int = 32,
    optimizer: str = "sgd",
    validation: float = 0.2,
) -> Plan:
    """Return the plan of a sweep; the arguments are those of `nofb.sweep`.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> make = lambda seed: Network([Dense(64, 10)], seed=seed)
    >>> plan = own_plan("bp", make, datasets.load("digits"), rates=[0.1, 0.2], seeds=2)
    >>> plan.axes, len(plan.tasks), plan.run.data
    (['lr'], 4, 'my_digits')
    """
    run = Specification(
        _data_name(data), _network_name(make_network), optimizer, epochs=epochs,
        batch_size=batch_size, centred=False, validation=validation,
    )  # fmt: skip
    lists = {} if rates is None else {"lr": rates}
    names = [rules] if isinstance(rules, str) else rules
    return plan_of(names, seeds, run, {**lists, **(grid or {})}, attributes)


def _network_name(given: MakeNetwork | str) -> str:
    """Return the name by which runs find a function: its address, or one registered now."""
    make = own.function_of(given, "make_network")
    return given if isinstance(given, str) else own.register(make)


def _data_name(given: Dataset | str) -> str:
    """Return the name by which runs find a data set; one with a name of nofb's gets another."""
    if isinstance(given, str):
        return given
    data = datasets.registry.found(given)
    known = {*datasets.names()} - {*datasets.registry.registered()}
    mine = replace(data, name=f"my_{data.name}") if data.name in known else data
    return datasets.register(mine).name
