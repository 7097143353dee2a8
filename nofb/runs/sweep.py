"""A sweep: all runs of a plan, and a table of their results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nofb import datasets
from nofb.runs import sweep_table
from nofb.runs.outcomes import Outcomes
from nofb.runs.plan import Plan
from nofb.runs.run_log import Record
from nofb.runs.run_tasks import RunTask, run_all
from nofb.strict_json import canonical
from nofb.tables import Tabular
from nofb.training.progress import bar


class Sweep(Outcomes, Tabular):
    """All runs of a sweep; printed, it is a table."""

    def words(self) -> list[list[str]]:
        """Return the table as words, a row for each combination below the names of the columns."""
        return sweep_table.words(self)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each run, with its settings and its measures at the end."""
        return sweep_table.rows(self)

    def __str__(self) -> str:
        return sweep_table.table(self)


def carry_out(
    plan: Plan,
    jobs: int = 1,
    cluster: str | None = None,
    log: str | Path | None = None,
    progress: bool = True,
    done: Callable[[Record], object] = lambda record: None,
) -> Sweep:
    """Do the runs of a plan that the log does not have, and return all runs.

    Parameters
    ----------
    plan
        The plan.
    jobs, cluster, log
        As for `nofb.runs.grid.run_grid`.
    progress
        Whether a progress bar is shown; it appears only in a terminal or a notebook.
    done
        A function that is called with each record when its run ends.
    """
    tasks, records = plan.tasks, {}
    names = dict.fromkeys(cell.run.data for cell in plan.cells)
    data = {name: datasets.load(name) for name in names}  # a download is needed once only
    total = len(set(map(canonical, tasks)))
    with bar(total, "sweep", "run", progress) as shown:
        for record in run_all(RunTask(plan.classes), tasks, data, jobs, cluster, log):
            records[canonical(record["task"])] = record
            shown.set_postfix_str(f"{record['task']['rule']}", refresh=False)
            shown.update()
            done(record)
    return Sweep(plan, records)
