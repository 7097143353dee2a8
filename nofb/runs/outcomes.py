"""The results of a sweep: for each combination of rule and settings, over its seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nofb import checks
from nofb.runs.plan import Cell, Plan
from nofb.runs.run_log import Record
from nofb.runs.train import Result, result_of
from nofb.strict_json import canonical
from nofb.types import Array

MEASURES = ("test_accuracy", "test_loss", "validation_accuracy", "validation_loss")


@dataclass(frozen=True)
class Outcome:
    """The results of one cell, over its seeds.

    Attributes
    ----------
    values
        The measure at the end of each completed run.
    diverged, failed
        How many runs were stopped because their loss diverged, and how many raised an error.
    """

    values: Array
    diverged: int
    failed: int

    @property
    def mean(self) -> float:
        """The mean over the completed runs, NaN if there is none."""
        return float(self.values.mean()) if self.values.size else float("nan")

    @property
    def spread(self) -> float:
        """The sample standard deviation (n - 1) over them, NaN for fewer than two."""
        return float(self.values.std(ddof=1)) if self.values.size > 1 else float("nan")


@dataclass(frozen=True)
class Outcomes:
    """All runs of a sweep, by their cells.

    Attributes
    ----------
    plan
        The plan that was run.
    records
        The record of each run, by the canonical JSON of its task.
    """

    plan: Plan
    records: dict[str, Record]

    def of(self, cell: Cell) -> list[Record]:
        """Return the records of a cell, in the order of the seeds."""
        return [self.records[canonical(task)] for task in self.plan.tasks_of(cell)]

    def results(self, cell: Cell) -> list[Result]:
        """Return the runs of a cell with their histories, in the order of the seeds."""
        return list(map(result_of, self.of(cell)))

    def judged_by(self, measure: str | None) -> str:
        """Return the name of a measure that these runs have; if left out, the plan's default."""
        measure = self.plan.measure if measure is None else measure
        checks.choice("measure", measure, MEASURES if self.plan.run.validation else MEASURES[:2])
        return measure

    def outcome(self, cell: Cell, measure: str | None = None) -> Outcome:
        """Return the results of a cell, by the measure `judged_by(measure)`."""
        measure = self.judged_by(measure)
        records = self.of(cell)
        results = [record["result"] for record in records if "result" in record]
        ends = [found["history"][measure][-1] for found in results if found["stopped"] is None]
        return Outcome(np.array(ends, float), len(results) - len(ends), len(records) - len(results))

    def best(self, measure: str | None = None) -> list[Cell]:
        """Return each rule's best cell, of the cells in which every run was completed.

        A rule with one cell has no best cell, and the test split chooses none.
        """
        measure = self.judged_by(measure)
        if measure.startswith("test"):
            return []
        best = (self._best(rule, measure) for rule in self.plan.rules)
        return [cell for cell in best if cell is not None]

    def _best(self, rule: str, measure: str) -> Cell | None:
        cells = [cell for cell in self.plan.cells if cell.run.rule == rule]
        outcomes = [self.outcome(cell, measure) for cell in cells]
        whole = [len(outcome.values) == len(self.plan.seeds) for outcome in outcomes]
        means = np.where(whole, [outcome.mean for outcome in outcomes], np.nan)
        if len(cells) == 1 or np.isnan(means).all():
            return None
        return cells[np.nanargmin(means) if measure.endswith("loss") else np.nanargmax(means)]
