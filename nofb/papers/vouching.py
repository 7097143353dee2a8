"""Does today's code still give the kept runs? The start of one run of each row is repeated.

A row is a set of runs that differ only in their seed. For each row, the run with the lowest seed is
repeated: its first epoch, with the schedule of the whole run, or the whole run if it has no epochs.
Measures at the end of a run are not compared. Another BLAS, or sums in another order, change the
numbers of an epoch a little: `excess` has the tolerances. Some runs are chaotic: they amplify small
differences. So a run with a larger difference is repeated with the last bit of its weights changed.
`CHAOS` times the effect of this change is added to the tolerance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from nofb import checks
from nofb.papers.study import Record, Study, Task
from nofb.papers.vouched import Row
from nofb.report.failures import row_name
from nofb.runs.grid import run_grid
from nofb.runs.kept import code_of
from nofb.strict_json import canonical
from nofb.text import columns
from nofb.training import Callback, Run, StopTraining
from nofb.training.callbacks import AfterEpoch
from nofb.training.progress import bar

NOT_COMPARED = ("seconds", "stopped")
RELATIVE = 0.02
CHAOS = 5.0
ABSOLUTE = {"angle": 0.5, "error": 0.3, "accuracy": 0.003, "share": 0.01}  # by a part of the name


def vouch(
    study: Study, records: Iterable[Record], jobs: int = 1, only: Sequence[str] = ()
) -> list[Row]:
    """Repeat the start of one run of each row with today's code, and compare.

    Parameters
    ----------
    study
        The study of the runs.
    records
        The kept runs.
    jobs
        How many runs are done in parallel, each in its own process.
    only
        Names of rows; all of them if left out.
    """
    kept = first_of_rows(records)
    for name in only:
        checks.choice("row", name, kept)
    chosen = {name: record for name, record in kept.items() if not only or name in only}
    again = begun(study, chosen, jobs)
    pairs = {name: compared(study, chosen[name], again[name]) for name in chosen}
    moved = [name for name in chosen if worst(pairs[name]) > 1 and trained(study, chosen[name])]
    nudged = begun(study, {name: chosen[name] for name in moved}, jobs, [LastBit()])
    beside = {name: compared(study, again[name], nudged[name]) for name in moved}
    return [row_of(chosen[name], again[name], pairs[name], beside.get(name)) for name in chosen]


def begun(
    study: Study, records: Mapping[str, Record], jobs: int, more: Sequence[AfterEpoch] = ()
) -> dict[str, Record]:
    """Repeat the start of runs, in parallel, and return their records."""
    names = {canonical(record["task"]): name for name, record in records.items()}
    found: dict[str, Record] = {}
    with TemporaryDirectory() as folder, bar(len(names), "vouch", "run") as shown:
        work = partial(begin_again, study, Path(folder), more)
        tasks = [record["task"] for record in records.values()]
        for again in run_grid(work, tasks, jobs=jobs, own_code=False):
            found[names[canonical(again["task"])]] = again
            shown.update()
    return found


class LastBit(Callback):
    """Changes the last bit of every weight before the first step, to measure its effect."""

    def begin(self, run: Run) -> None:
        """Change them."""
        for layer in run.net.weighted:
            layer.W = np.nextafter(layer.W, layer.W.dtype.type(np.inf))


def first_of_rows(records: Iterable[Record]) -> dict[str, Record]:
    """Return the kept run with the lowest seed of each row, by the row's name.

    Examples
    --------
    >>> kept = [{"task": {"rule": "fa", "seed": s, "epochs": 9}, "result": {}} for s in (1, 0)]
    >>> first_of_rows(kept)["fa"]["task"]["seed"]
    0
    """
    found: dict[str, Record] = {}
    for record in records:
        name = row_name(record["task"])
        if "result" in record and _seed(record) <= _seed(found.get(name, record)):
            found[name] = record
    return found


def begin_again(
    study: Study, folder: Path, more: Sequence[AfterEpoch], task: Task
) -> dict[str, Any]:
    """Do the first epoch of a run, or the whole run if its numbers are not for epochs."""
    first = [after_one] if study.part(task).by_epoch else []
    return study.run(folder, task, [*more, *first])


def after_one(run: Run) -> None:
    """Stop a run after its first epoch."""
    raise StopTraining


def trained(study: Study, record: Record) -> bool:
    """Return whether a run trains, so that its weights can be changed before it."""
    return study.part(record["task"]).trains


Pairs = list[tuple[str, Any, Any]]  # the name of a number, its kept value, and its new value


def compared(study: Study, kept: Record, again: Record) -> Pairs:
    """Return every number that can be compared; none if a run failed."""
    if "error" in kept or "error" in again:
        return []
    part = study.part(kept["task"])
    names = part.by_epoch or [each for each in kept["result"] if each not in NOT_COMPARED]
    old = {each: kept["result"][each] for each in names if each in kept["result"]}
    return list(numbers(old, again["result"], bool(part.by_epoch)))


def worst(pairs: Pairs, beside: Pairs | None = None) -> float:
    """Return the largest difference, relative to its tolerance."""
    return max((over for over, _ in excesses(pairs, beside)), default=0.0)


def excesses(pairs: Pairs, beside: Pairs | None = None) -> list[tuple[float, tuple[str, Any, Any]]]:
    """Return `excess` of every number; `CHAOS` times the effect of a last bit is tolerated."""
    steps = [_apart(*each[1:]) for each in beside or ()]
    if len(steps) != len(pairs) or not np.isfinite(steps).all():  # the changed run is no measure
        steps = [0.0] * len(pairs)
    return [(excess(*each, CHAOS * step), each) for each, step in zip(pairs, steps, strict=True)]


def row_of(kept: Record, again: Record, pairs: Pairs, beside: Pairs | None) -> Row:
    """Return the result for a row."""
    task = kept["task"]
    row = partial(Row, row_name(task), task.get("seed"), code_of(kept), len(pairs))
    if not pairs:
        return row("", again.get("error", "it has no number that can be compared"), False)
    _, (where, before, now) = max(excesses(pairs), key=lambda each: each[0])
    largest = f"{where} {_short(before)}, now {_short(now)}"
    outside = sum(over > 1 for over, _ in excesses(pairs, beside))
    differs = f"{outside} of {len(pairs)} differ" if outside else None
    return row(largest, differs, beside is not None and not outside)


def numbers(old: Any, new: Any, begun: bool, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield each number of a kept result with today's, and the name of its measure.

    If only the first epoch was repeated, lists over epochs are compared up to the length of the new
    one. Otherwise a number that only one of them has is compared with `None`.

    Examples
    --------
    >>> list(numbers({"loss": [2.0, 1.0]}, {"loss": [2.1]}, begun=True))
    [('loss', 2.0, 2.1)]
    >>> list(numbers({"loss": [2.0, 1.0]}, {"loss": [2.1]}, begun=False))
    [('loss', 2.0, 2.1), ('loss', 1.0, None)]
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in old:
            yield from numbers(old[name], new.get(name), begun, _measure(name, where))
    elif isinstance(old, list) and isinstance(new, list):
        for before, now in zip_longest(old[: len(new)] if begun else old, new):
            yield from numbers(before, now, False, where)  # over layers, all are there
    else:
        yield where, old, new


def _measure(name: str, where: str) -> str:
    """Return the name of an inner measure: `c = 1` of "angles" is an angle."""
    return f"{where} {name}" if where else name


def excess(where: str, before: Any, now: Any, more: float = 0.0) -> float:
    """Return the difference of a number from the kept one, divided by its tolerance.

    The tolerance is the largest of 2 % of the number, a small value in its unit, and `more`.

    Examples
    --------
    >>> excess("delta_angle", 20.0, 20.25), excess("loss", None, 1.0), excess("loss", 2.0, 2.0)
    (0.5, inf, 0.0)
    """
    apart = _apart(before, now)
    if apart in (0.0, float("inf")):
        return apart
    least = max((small for part, small in ABSOLUTE.items() if part in where), default=0.0)
    allowed = max(least, RELATIVE * abs(before), more)
    return apart / allowed if allowed else float("inf")


def _apart(before: Any, now: Any) -> float:
    """Return the difference of two numbers; it is infinite if only one of them is a number."""
    if before == now:
        return 0.0
    both = all(isinstance(each, int | float) and np.isfinite(each) for each in (before, now))
    return abs(before - now) if both else float("inf")


def table(rows: Sequence[Row]) -> str:
    """Return the rows as plain text."""
    heading = ["row", "seed", "made by", "numbers", "largest difference", "today's code"]
    body = [
        [
            row.name,
            "" if row.seed is None else str(row.seed),
            row.code or "unknown",
            str(row.compared),
            row.largest,
            row.differs or ("differs by a last bit" if row.chaos else "gives the same"),
        ]
        for row in rows
    ]
    return columns([heading, *body])


def _seed(record: Record) -> int:
    seed: int = record["task"].get("seed", 0)
    return seed


def _short(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, int | float) else str(value)
