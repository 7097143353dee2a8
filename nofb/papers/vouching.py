"""Does today's code still give the kept runs? The first of each row is begun again, and compared.

A row is a set of runs that differ in their seed alone. Of each row the run with the lowest seed is
repeated: its first epoch, with the schedule of the whole run, or all of it where it has no epochs.
What a run measures only at its end is not compared. Another BLAS, or sums in another order, change
an epoch's numbers a little: `excess` says how much is let pass. Some runs make much of little. So a
run that differs by more is begun once more with the last bit of its weights changed, and what that
changes is let pass as well, `CHAOS` times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from nofb import checks
from nofb.papers.study import Record, Study, Task
from nofb.papers.vouched import Row
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
    again = begun(study, chosen, jobs)
    pairs = {name: compared(study, chosen[name], again[name]) for name in chosen}
    moved = [name for name in chosen if worst(pairs[name]) > 1 and trained(study, chosen[name])]
    nudged = begun(study, {name: chosen[name] for name in moved}, jobs, [LastBit()])
    beside = {name: compared(study, again[name], nudged[name]) for name in moved}
    return [row_of(chosen[name], again[name], pairs[name], beside.get(name)) for name in chosen]


def begun(
    study: Study, records: Mapping[str, Record], jobs: int, more: Sequence[AfterEpoch] = ()
) -> dict[str, Record]:
    """Begin runs again, side by side, and return what came of each."""
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
    """Changes the last bit of every weight before the first step: how much does that change?"""

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
        name = name_of(record["task"])
        if "result" in record and _seed(record) <= _seed(found.get(name, record)):
            found[name] = record
    return found


def name_of(task: Task) -> str:
    """Return the name of the row that a run belongs to."""
    left_out = ("seed", "code", "epochs")
    return " ".join(str(value) for name, value in task.items() if name not in left_out)


def begin_again(
    study: Study, folder: Path, more: Sequence[AfterEpoch], task: Task
) -> dict[str, Any]:
    """Do the first epoch of a run, or all of it where its numbers are not by epoch."""
    first = [after_one] if study.part(task).by_epoch else []
    return study.run(folder, task, [*more, *first])


def after_one(run: Run) -> None:
    """Stop a run after its first epoch."""
    raise StopTraining


def trained(study: Study, record: Record) -> bool:
    """Return whether a run trains, so that its weights can be changed before it."""
    return study.part(record["task"]).trains


Pairs = list[tuple[str, Any, Any]]  # the name of a number, how it was, and how it is


def compared(study: Study, kept: Record, again: Record) -> Pairs:
    """Return every number that can be compared; none if a run failed."""
    if "error" in kept or "error" in again:
        return []
    part = study.part(kept["task"])
    names = part.by_epoch or [each for each in kept["result"] if each not in NOT_COMPARED]
    old = {each: kept["result"][each] for each in names if each in kept["result"]}
    return list(numbers(old, again["result"], bool(part.by_epoch)))


def worst(pairs: Pairs, beside: Pairs | None = None) -> float:
    """Return by how much the number that differs most exceeds what is let pass, over that."""
    return max((over for over, _ in excesses(pairs, beside)), default=0.0)


def excesses(pairs: Pairs, beside: Pairs | None = None) -> list[tuple[float, tuple[str, Any, Any]]]:
    """Return `excess` of every number; what a last bit changes is let pass `CHAOS` times."""
    steps = [0.0] * len(pairs) if beside is None else [_apart(*each[1:]) for each in beside]
    return [(excess(*each, CHAOS * step), each) for each, step in zip(pairs, steps, strict=True)]


def row_of(kept: Record, again: Record, pairs: Pairs, beside: Pairs | None) -> Row:
    """Return what became of a row."""
    task = kept["task"]
    row = partial(Row, name_of(task), task.get("seed"), code_of(kept), len(pairs))
    if not pairs:
        return row("", again.get("error", "it has no number that can be compared"), False)
    _, (where, before, now) = max(excesses(pairs), key=lambda each: each[0])
    largest = f"{where} {_short(before)}, now {_short(now)}"
    outside = sum(over > 1 for over, _ in excesses(pairs, beside))
    differs = f"{outside} of {len(pairs)} differ" if outside else None
    return row(largest, differs, beside is not None and not outside)


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


def excess(where: str, before: Any, now: Any, more: float = 0.0) -> float:
    """Return how far a number is from the kept one, over what is let pass.

    That is two per cent of the number, or what its unit makes small, or `more`.

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
    """Return how far two numbers are apart; nothing is infinitely far from a number."""
    if before is None or now is None:
        return 0.0 if before is now else float("inf")
    return abs(float(before) - float(now))


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
            row.differs or ("gives it but for a last bit" if row.chaos else "gives it again"),
        ]
        for row in rows
    ]
    return columns([heading, *body])


def _seed(record: Record) -> int:
    seed: int = record["task"].get("seed", 0)
    return seed


def _short(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, int | float) else str(value)
