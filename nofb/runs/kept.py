"""Kept runs of a study: which code of nofb made them, and when they are reused.

A log may hold runs that other code made. But no table mixes the runs of two versions of the code,
and no kept run is changed or removed. In the oldest logs, the tasks do not name their code.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nofb import fingerprint
from nofb.runs.pools import Task
from nofb.runs.run_log import Record, read_log
from nofb.strict_json import canonical

UNNAMED = "their log does not name it"


@dataclass(frozen=True)
class SameCode:
    """Does tasks, in this process or in another one, with the code that each task names."""

    work: Callable[[Task], Mapping[str, Any]]
    code: Callable[[Task], str]  # of this process

    def __call__(self, task: Task) -> Mapping[str, Any]:
        """Do one task."""
        fingerprint.check(task["code"], self.code(task))
        return self.work(task)


def with_code(task: Task, code: str | None) -> dict[str, Any]:
    """Return a task with the name of its code; `None` for a log that names none."""
    return dict(task) if code is None else {**task, "code": code}


def without_code(task: Task) -> dict[str, Any]:
    """Return a kept task as its study lists it."""
    return {name: value for name, value in task.items() if name != "code"}


def of_one_code(
    tasks: Iterable[Task], log: str | Path, today: str, beside: Iterable[Task] = ()
) -> list[dict[str, Any]]:
    """Return the tasks with the code of the kept runs, or today's if none are kept.

    If several versions of the code made some of them, the one with the most kept runs is taken.

    Parameters
    ----------
    tasks, log
        The tasks to do, and the log that may have their runs.
    today
        The code of this process.
    beside
        All tasks that would be shown in one table with these.

    Raises
    ------
    ValueError
        If runs are missing, and other code than today's made the kept ones.

    Examples
    --------
    >>> of_one_code([{"seed": 0}], "no such log", "0123abc")
    [{'seed': 0, 'code': '0123abc'}]
    """
    tasks = list(tasks)
    table = list(beside) or tasks
    code, found = _most_kept(table, read_log(log).values(), today)
    wanted = [with_code(task, code) for task in tasks]
    if code != today and not {*map(canonical, wanted)} <= {*map(canonical, found)}:
        raise ValueError(
            f"{log} keeps {len(found)} of {len(table)} runs of one table, made by "
            f"{_earlier(code or UNNAMED)}, and today's code would add others: start again in "
            "another folder (--out), or finish these with the nofb that began them"
        )
    return wanted


def kept_of_one_code(
    tasks: Iterable[Task], records: Collection[Record], today: str
) -> list[dict[str, Any]]:
    """Return the tasks that have a result, with their code: the one that made most of the results.

    Examples
    --------
    >>> kept_of_one_code([{"seed": 0}], [], "0123abc")
    []
    """
    return _most_kept(list(tasks), records, today)[1]


def _most_kept(
    tasks: Sequence[Task], records: Collection[Record], today: str
) -> tuple[str | None, list[dict[str, Any]]]:
    """Return the code that made most of the kept runs, today's in a tie, and their tasks."""
    kept = {canonical(each["task"]) for each in records if isinstance(each.get("result"), Mapping)}
    found = {}
    for code in dict.fromkeys([today, *map(code_of, records)]):
        named = (with_code(task, code) for task in tasks)
        found[code] = [task for task in named if canonical(task) in kept]
    most = max(found, key=lambda code: len(found[code]))
    return most, found[most]


def made_by(records: Sequence[Mapping[str, Any]], today: Collection[str]) -> str:
    """Return a sentence if other code than today's made the runs, and "" if not.

    Examples
    --------
    >>> made_by([{"task": {"seed": 0}, "result": {}}], ["0123abc"])
    'These runs were made by earlier code of nofb (their log does not name it).'
    """
    codes = dict.fromkeys(map(code_of, records))
    others = [code or UNNAMED for code in codes if code not in today]
    return f"These runs were made by {_earlier(*others)}." if others else ""


def code_of(record: Mapping[str, Any]) -> str | None:
    """Return the code that a kept task names."""
    task = record["task"]
    code = task.get("code") if isinstance(task, Mapping) else None
    return code if isinstance(code, str) else None


def _earlier(*codes: str) -> str:
    return f"earlier code of nofb ({', '.join(codes)})"
