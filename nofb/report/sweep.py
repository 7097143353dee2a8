"""`nofb.sweep`: run a sweep, and write its results into a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nofb.report.folder import check_folder, put
from nofb.report.origin import origin
from nofb.runs.plan import Plan, make_plan
from nofb.runs.sweep import Sweep, carry_out
from nofb.strict_json import plain
from nofb.text import csv_lines

LOG = "runs.jsonl"


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
) -> Sweep:
    """Train every rule with every combination of settings, several seeds each.

    Parameters
    ----------
    rules
        Short names, keys of `nofb.rules.RULES`.
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
        The fraction of the training samples to hold out for the choice, 0 for none.
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
        Its text is a table; `rows()` are its runs, and `nofb.plots.heat_map` draws it.

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
    """
    plan = make_plan(rules, seeds, settings, grid, attributes, validation, network)
    if out is None:
        return carry_out(plan, jobs, cluster, None, progress)
    check_folder(out)
    found = carry_out(plan, jobs, cluster, Path(out, LOG), progress)
    write(found, out, "nofb.sweep(...)")
    return found


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
