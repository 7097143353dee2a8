"""`nofb.sweep`: run a sweep, and write its results into a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, overload

from nofb import arguments
from nofb.datasets import Dataset
from nofb.networks.own import MakeNetwork
from nofb.report.folder import check_folder, put
from nofb.report.origin import origin
from nofb.report.own_sweep import own_plan
from nofb.runs.plan import Plan, make_plan
from nofb.runs.run_log import LOG
from nofb.runs.sweep import Sweep, carry_out
from nofb.strict_json import plain
from nofb.text import csv_lines


@overload
def sweep(
    rules: Sequence[str],
    seeds: int | Sequence[int] = 3,
    *,
    settings: Mapping[str, Any] | None = None,
    grid: Mapping[str, Sequence[Any]] | None = None,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    validation: float = 0.0,
    network: str | Mapping[str, Any] = "mlp",
    jobs: int = 1,
    cluster: str | None = None,
    out: str | Path | None = None,
    progress: bool = True,
) -> Sweep: ...
@overload
def sweep(
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
    jobs: int = 1,
    cluster: str | None = None,
    out: str | Path | None = None,
    progress: bool = True,
) -> Sweep: ...
def sweep(
    rules: Any,
    *given: Any,
    jobs: int = 1,
    cluster: str | None = None,
    out: str | Path | None = None,
    progress: bool = True,
    **options: Any,
) -> Sweep:
    """Train every rule with every combination of settings, several seeds each.

    With one's own network and data the call is `nofb.sweep(rules, make_network, data, rates=...)`;
    else the data set and the network are given by name.

    Parameters
    ----------
    rules
        Short names, keys of `nofb.rules.RULES`, or module:Class.
    make_network
        A function of the seed that returns a new network, or its address, such as "my_net:make".
        Its further arguments, with defaults, are names for `grid`.
    data
        A data set, such as `nofb.datasets.Dataset(x_train, y_train, x_test, y_test, name="mine")`.
        Or a name, as for `nofb.compare`. Its values stay as they are: pixels are not centred.
    rates
        Learning rates, the same as `grid={"lr": [...]}`.
    epochs, batch_size, optimizer
        As for `nofb.fit`; the optimizer by its name.
    seeds
        The number of seeds, for 0, 1, ...; or a list of seeds.
    settings
        The settings of every run: data, optimizer, lr, epochs, batch_size, and the options of the
        network (for an mlp hidden, activation and input_dropout). The defaults are those of
        `nofb compare`.
    grid
        Lists of values for the same names; every combination is run.
    attributes
        For a rule's short name, attributes of that rule alone, each a value or a list of values.
    validation
        The fraction of the training samples to hold out for the choice, 0 for none. It is 0.2 for
        one's own network, otherwise 0.
    network
        Its name, or a table of its "name" and its options.
    jobs
        The number of parallel runs, each in its own process.
    cluster
        The address of a dask scheduler, whose workers then do the runs.
    out
        A folder. Each finished run is written to its `runs.jsonl` immediately, so an interrupted
        sweep can be resumed. At the end it gets `results.csv` with a line for each run,
        `table.txt`, `heatmap.png`, `heatmap.svg` and `config.json`.
    progress
        Whether a progress bar is shown, in a terminal or a notebook.

    Returns
    -------
    Sweep
        Its text is a table, `markdown()` and `latex()` are the same one for a paper; `rows()` are
        its runs, and `nofb.plots.heat_map` draws it.

    Raises
    ------
    TypeError, ValueError
        If a name is unknown or a value is out of its range.
    OSError
        If the folder cannot be written, the cluster cannot be reached, or workers die repeatedly.

    Examples
    --------
    >>> import nofb
    >>> few = {"hidden": [8], "epochs": 1}
    >>> found = nofb.sweep(["bp", "fa"], 1, settings=few, grid={"lr": [0.01, 0.1]}, validation=0.2)
    >>> len(found.rows()), [cell.run.rule for cell in found.best()]
    (4, ['bp', 'fa'])

    A network and data of one's own:

    >>> from nofb import Dense, Network
    >>> def make(seed, hidden=16):
    ...     return Network([Dense(64, hidden, "tanh"), Dense(hidden, 10)], seed=seed)
    >>> data = nofb.datasets.load("digits").flat()
    >>> found = nofb.sweep("fa", make, data, rates=[0.01, 0.1], seeds=1, epochs=2)
    >>> found.best()[0].varied
    {'lr': 0.1}
    """
    mine = "make_network" in options or len(given) > 1 or (given and callable(given[0]))
    make: Callable[..., Plan] = own_plan if mine else make_plan
    arguments.check("sweep", _arguments_of(make), (rules, *given), options, {})
    plan = make(rules, *given, **options)
    if out is None:
        return carry_out(plan, jobs, cluster, None, progress)
    check_folder(out)
    found = carry_out(plan, jobs, cluster, Path(out, LOG), progress)
    write(found, out, "nofb.sweep(...)")
    return found


def _arguments_of(make: Callable[..., Plan]) -> dict[str, Parameter]:
    """Return the arguments of `sweep`: those of the plan, and its own."""
    own = signature(sweep).parameters.values()
    by_name = {each.name: each for each in own if each.kind is Parameter.KEYWORD_ONLY}
    return {**signature(make).parameters, **by_name}


def write(found: Sweep, folder: str | Path, command: str, more: Mapping[str, bytes] = {}) -> None:
    """Write results, table, heat map, configuration and `more` files into a folder.

    Raises
    ------
    OSError
        If the folder cannot be written; then its files are as they were.
    """
    from nofb.plots import heat_map  # late: a sweep needs no matplotlib, which loads slowly

    picture = heat_map(found)
    config = {**asdict(origin(command)), **configuration(found.plan)}
    files = {
        "results.csv": as_csv(found).encode(),
        "table.txt": f"{found}\n".encode(),
        "heatmap.png": picture.to_bytes("png"),
        "heatmap.svg": picture.to_bytes("svg"),
        "config.json": (json.dumps(plain(config), allow_nan=False, indent=1) + "\n").encode(),
    }
    put({**files, **more}, Path(folder))


def configuration(plan: Plan) -> dict[str, Any]:
    """Return the arguments of `sweep` for a plan, with all defaults."""
    settings = plan.run.settings
    return {
        "rules": plan.rules,
        "seeds": plan.seeds,
        "validation": plan.run.validation,
        "settings": {name: value for name, value in settings.items() if name not in plan.grid},
        "grid": plan.grid,
        "attributes": plan.attributes,
    }


def as_csv(found: Sweep) -> str:
    """Return one line for each run; missing values are empty."""
    rows = found.rows()
    return csv_lines([list(rows[0]), *(list(row.values()) for row in rows)])
