"""Does today's code still give the kept runs? The first of each row is begun again, and compared.

A row is a set of runs that differ in their seed alone. Of each row the run with the lowest seed is
repeated: its first epoch, with the schedule of the whole run, or all of it where it has no epochs.
What a run measures only at its end is not compared. Another BLAS, or sums in another order, change
an epoch's numbers a little: `excess` says how much is let pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nofb import checks
from nofb.papers.study import Part, Record, Study, Task
from nofb.papers.vouched import Row
from nofb.runs.grid import run_grid
from nofb.runs.kept import code_of
from nofb.strict_json import canonical
from nofb.text import columns
from nofb.training import Run, StopTraining
from nofb.training.progress import bar

NOT_COMPARED = ("seconds", "stopped")
RELATIVE = 0.02
ABSOLUTE = {"angle": 0.5, "error": 0.3, "accuracy": 0.003, "share": 0.01}  # by a part of the name


def vouch(
    study: Study, records: Iterable[Record], jobs: int = 1, only: Sequence[str] = ()
) -> list[Row]:
    """Begin one run of each row again with today's code, and compare.

    Parameters
    ----------
    study
        Whose runs they are.
    records
        The kept runs.
    jobs
        How many go on at once, in processes of their own.
    only
        Names of rows; all of them if left out.
    """
    kept = first_of_rows(records)
    for name in only:
        checks.choice("row", name, kept)
    chosen = {name: record for name, record in kept.items() if not only or name in only}
    tasks = {canonical(record["task"]): name for name, record in chosen.items()}
    rows: dict[str, Row] = {}
    with TemporaryDirectory() as folder, bar(len(tasks), "vouch", "run") as shown:
        work = partial(begin_again, study, Path(folder))
        runs = run_grid(work, [r["task"] for r in chosen.values()], jobs=jobs, own_code=False)
        for again in runs:
            name = tasks[canonical(again["task"])]
            rows[name] = compared(name, study.part(again["task"]), chosen[name], again)
            shown.update()
    return [rows[name] for name in chosen]


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
        name = name_of(record["task"])
        if "result" in record and _seed(record) <= _seed(found.get(name, record)):
            found[name] = record
    return found


def name_of(task: Task) -> str:
    """Return the name of the row that a run belongs to."""
    left_out = ("seed", "code", "epochs")
    return " ".join(str(value) for name, value in task.items() if name not in left_out)


def begin_again(study: Study, folder: Path, task: Task) -> dict[str, Any]:
    """Do the first epoch of a run, or all of a run without epochs."""
    return study.run(folder, task, [after_one])


def after_one(run: Run) -> None:
    """Stop a run after its first epoch."""
    raise StopTraining


def compared(name: str, part: Part, kept: Record, again: Record) -> Row:
    """Return what became of a row."""
    task = kept["task"]
    row = partial(Row, name, task.get("seed"), code_of(kept))
    if "error" in again:
        return row(0, "", again["error"])
    names = part.by_epoch or [each for each in kept["result"] if each not in NOT_COMPARED]
    old = {each: kept["result"][each] for each in names if each in kept["result"]}
    pairs = list(numbers(old, again["result"], bool(part.by_epoch)))
    if not pairs:
        return row(0, "", "it has no number that can be compared")
    where, before, now = max(pairs, key=lambda each: excess(*each))
    largest = f"{where} {_short(before)}, now {_short(now)}"
    outside = sum(excess(*each) > 1 for each in pairs)
    return row(len(pairs), largest, f"{outside} of {len(pairs)} differ" if outside else None)


def numbers(old: Any, new: Any, begun: bool, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield each number of a kept result with today's, and the name of what it measures.

    Of a run that was only begun, lists over epochs are compared as far as the new one goes.

    Examples
    --------
    >>> list(numbers({"loss": [2.0, 1.0]}, {"loss": [2.1]}, begun=True))
    [('loss', 2.0, 2.1)]
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in old:
            yield from numbers(old[name], new.get(name), begun, _measure(name, where))
    elif isinstance(old, list) and isinstance(new, list):
        for before, now in zip(old, new, strict=not begun):
            yield from numbers(before, now, begun, where)
    else:
        yield where, old, new


def _measure(name: str, where: str) -> str:
    """Return the name of an inner measure: `c = 1` of "angles" is an angle."""
    return f"{where} {name}" if where else name


def excess(where: str, before: Any, now: Any) -> float:
    """Return how far a number is from the kept one, over what is let pass.

    That is two per cent of the number, or what its unit makes small.

    Examples
    --------
    >>> excess("delta_angle", 20.0, 20.25), excess("loss", None, 1.0), excess("loss", 2.0, 2.0)
    (0.5, inf, 0.0)
    """
    if before is None or now is None or before == now:
        return 0.0 if before == now else float("inf")
    least = max((small for part, small in ABSOLUTE.items() if part in where), default=0.0)
    allowed = max(least, RELATIVE * abs(before))
    return abs(before - now) / allowed if allowed else float("inf")


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
            row.differs or "gives it again",
        ]
        for row in rows
    ]
    return columns([heading, *body])


def _seed(record: Record) -> int:
    seed: int = record["task"].get("seed", 0)
    return seed


def _short(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, int | float) else str(value)
