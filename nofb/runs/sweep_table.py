"""Tables of a sweep: a summary with one row for each cell, and a CSV with one row for each run."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from nofb.runs.outcomes import Outcome, Outcomes
from nofb.runs.plan import Cell
from nofb.runs.run_log import Record
from nofb.runs.specification import default_rates
from nofb.text import columns, word

WIDTH = 100  # of a terminal
NOTHING = "–"
MOST_REASONS = 5
BEST = "*: the best settings of a rule, of those with which every run was completed."
NOT_TO_CHOOSE_BY = (
    "These are test samples: do not choose settings by them. To choose, hold some of the training "
    "samples out with validation = 0.2."
)


def table(sweep: Outcomes, measure: str | None = None) -> str:
    """Return a row for each cell as plain text, with notes below.

    Parameters
    ----------
    sweep
        The runs.
    measure
        The measure to show; by default validation accuracy, without a validation split test
        accuracy.

    Raises
    ------
    ValueError
        If the runs do not have this measure.

    Examples
    --------
    >>> from nofb.runs.plan import make_plan
    >>> from nofb.runs.sweep import carry_out
    >>> settings = {"hidden": [8], "epochs": 1}
    >>> plan = make_plan(["bp"], 1, settings, {"lr": [0.001, 0.1]}, validation=0.2)
    >>> print(table(carry_out(plan)).splitlines()[0])
    rule  lr     validation accuracy  runs  diverged  failed  s/run
    """
    measure = sweep.judged_by(measure)
    notes = [textwrap.fill(note, WIDTH) for note in _notes(sweep, measure, sweep.best(measure))]
    return "\n".join([columns(words(sweep, measure)), "", *notes])


def words(sweep: Outcomes, measure: str | None = None) -> list[list[str]]:
    """Return the rows of `table` as words, the names of the columns first."""
    measure = sweep.judged_by(measure)
    axes, best = sweep.plan.axes, sweep.best(measure)
    heading = ["rule", *axes, measure.replace("_", " "), "runs", "diverged", "failed", "s/run"]
    body = []
    for cell in sweep.plan.cells:
        outcome = sweep.outcome(cell, measure)
        chosen = [word(cell.varied[axis]) if axis in cell.varied else NOTHING for axis in axes]
        shown = score(outcome, measure) + (" *" if cell in best else "")
        counts = [str(n) for n in (len(outcome.values), outcome.diverged, outcome.failed)]
        body.append([cell.run.rule, *chosen, shown, *counts, _seconds(sweep.of(cell))])
    return [heading, *body]


def score(outcome: Outcome, measure: str) -> str:
    """Return mean and standard deviation as text."""
    share = measure.endswith("accuracy")
    form, scale, unit = ("{:.2f}", 100, " %") if share else ("{:.4g}", 1, "")
    numbers = [scale * number for number in (outcome.mean, outcome.spread) if np.isfinite(number)]
    return " ± ".join(map(form.format, numbers)) + unit if numbers else NOTHING


def rows(sweep: Outcomes) -> list[dict[str, Any]]:
    """Return a row for each run: settings, attributes, measures at the end, and how it ended.

    Missing values are `None`: the measures of a run that was not completed, the attributes of
    another rule. A measure with a value for each layer is text, the first layer first.
    """
    plan = sweep.plan
    own = [f"{rule}.{name}" for rule, lists in plan.attributes.items() for name in lists]
    found = [(cell, record) for cell in plan.cells for record in sweep.of(cell)]
    settings = list(dict.fromkeys(name for cell in plan.cells for name in cell.run.settings))
    measures = list(dict.fromkeys(name for _, record in found for name in _ends(record)))
    return [_row(*each, settings, own, measures) for each in found]


def _row(
    cell: Cell, record: Record, settings: list[str], own: list[str], measures: list[str]
) -> dict[str, Any]:
    task, ends = record["task"], _ends(record)
    attributes = {f"{cell.run.rule}.{name}": value for name, value in cell.run.attributes.items()}
    return {
        "rule": task["rule"],
        "seed": task["seed"],
        **{name: _in_a_cell(task.get(name)) for name in settings},
        **{name: attributes.get(name) for name in own},
        "validation": task["validation"],
        **{name: ends.get(name) for name in measures},
        "stopped": record.get("result", {}).get("stopped"),
        "error": record.get("error"),
        "run_seconds": record["seconds"],
    }


def _in_a_cell(value: Any) -> Any:
    """Return a setting for a cell of a spreadsheet: a list as one text."""
    return word(value) if isinstance(value, list) else value


def _ends(record: Record) -> dict[str, Any]:
    """Return each measure at the end of a completed run."""
    found = record.get("result")
    if found is None or found["stopped"] is not None:
        return {}
    ends = {name: values[-1] for name, values in found["history"].items() if name != "seconds"}
    return {
        name: " ".join("nan" if v is None else repr(v) for v in value)
        if isinstance(value, list)
        else value
        for name, value in ends.items()
    }


def at_an_end(sweep: Outcomes, best: list[Cell]) -> Iterator[str]:
    """Yield a sentence for each best value, such as a rate, that is the first or last one tried.

    Whole numbers are left out: it is normal that the widest network is the best one.
    """
    for cell in best:
        for axis, value in cell.varied.items():
            others = [other for other in sweep.plan.cells if other.run.rule == cell.run.rule]
            tried = {other.varied[axis] for other in others}
            if not all(isinstance(each, float) and each > 0 for each in tried) or len(tried) == 1:
                continue
            if value in (min(tried), max(tried)):
                larger = value == max(tried)
                yield (
                    f"{cell.run.rule} did best with the {'largest' if larger else 'smallest'} "
                    f"{axis} that was tried, {word(value)}: "
                    f"a {'larger' if larger else 'smaller'} one may do better."
                )


def _seconds(records: list[Record]) -> str:
    """Return the mean time of the runs of a cell, with loading and measuring."""
    taken = [record["seconds"] for record in records if "result" in record]
    return f"{np.mean(taken):.2f}" if taken else NOTHING


def _notes(sweep: Outcomes, measure: str, best: list[Cell]) -> Iterator[str]:
    """Yield the notes below the table."""
    seeds, share = len(sweep.plan.seeds), sweep.plan.run.validation
    held = f", on {share:.0%} of the training samples, held out" if "validation" in measure else ""
    spread = f"mean ± standard deviation (n - 1) over {seeds} seeds" if seeds > 1 else "one seed"
    yield f"{measure.replace('_', ' ').capitalize()} at the end{held}: {spread}."
    if best:
        yield BEST
    yield from at_an_end(sweep, best)
    yield from default_rates(cell.run for cell in sweep.plan.cells)
    if not held:
        yield NOT_TO_CHOOSE_BY
    records = [record for cell in sweep.plan.cells for record in sweep.of(cell)]
    if any("error" in r or r["result"]["stopped"] for r in records):
        yield "Runs that diverged or failed are counted, but no mean includes them."
    reasons = Counter(record["error"] for record in records if "error" in record)
    for reason, times in reasons.most_common(MOST_REASONS):
        yield f"{times} failed with {reason}"
    if len(reasons) > MOST_REASONS:
        yield f"and others for {len(reasons) - MOST_REASONS} more reasons; see runs.jsonl"
