"""Kept runs of a study: which code of nofb made them, and when they are used again.

A log may hold runs that other code made, but no table shows the runs of two codes, and no kept run
is changed or removed. A log from before nofb wrote the code down has tasks without it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nofb import fingerprint
from nofb.runs.pools import Task
from nofb.runs.run_log import read_log
from nofb.strict_json import canonical


@dataclass(frozen=True)
class SameCode:
    """Does tasks, here or in another process, with the code that each of them names."""

    work: Callable[[Task], Mapping[str, Any]]
    code: Callable[[Task], str]  # of this process

    def __call__(self, task: Task) -> Mapping[str, Any]:
        """Do one task."""
        fingerprint.check(task["code"], self.code(task))
        return self.work(task)


def with_code(task: Task, code: str | None) -> dict[str, Any]:
    """Return a task that names the code that makes it; `None` for a log that names none."""
    return dict(task) if code is None else {**task, "code": code}


def of_one_code(tasks: Iterable[Task], log: str | Path, today: str) -> list[dict[str, Any]]:
    """Return the tasks with the code that made their kept runs, or today's if none are kept.

    If several codes made some of them, it is the one with the most kept runs.

    Parameters
    ----------
    tasks, log
        What is to be shown, and where it may be kept.
    today
        The code that would run them now.

    Raises
    ------
    ValueError
        If runs are missing, and the kept ones were made by other code than today's.

    Examples
    --------
    >>> of_one_code([{"seed": 0}], "no such log", "0123abc")
    [{'seed': 0, 'code': '0123abc'}]
    """
    tasks, records = list(tasks), read_log(log)
    kept = {name for name, record in records.items() if "result" in record}
    codes = dict.fromkeys([today, *map(code_of, records.values())])
    choices = {code: [with_code(task, code) for task in tasks] for code in codes}
    found = {code: sum(canonical(task) in kept for task in each) for code, each in choices.items()}
    code = max(found, key=lambda code: found[code])  # today's in a tie
    if code != today and found[code] < len(tasks):
        raise ValueError(
            f"{log} keeps {found[code]} of these {len(tasks)} runs, made by {_name(code)}, and "
            "today's code would add others: begin anew in another folder (--out), or finish these "
            "with the nofb that began them"
        )
    return choices[code]


def made_by(records: Sequence[Mapping[str, Any]], today: Collection[str]) -> str:
    """Say so if the runs are kept from other code than today's; return "" if they are not.

    Examples
    --------
    >>> made_by([{"task": {"seed": 0}, "result": {}}], ["0123abc"])
    'These runs were made by earlier code of nofb (their log does not name it).'
    """
    codes = dict.fromkeys(map(code_of, records))
    others = [_name(code) for code in codes if code not in today]
    return f"These runs were made by {' and '.join(others)}." if others else ""


def code_of(record: Mapping[str, Any]) -> str | None:
    """Return the code that a kept task names."""
    task = record["task"]
    code = task.get("code") if isinstance(task, Mapping) else None
    return code if isinstance(code, str) else None


def _name(code: str | None) -> str:
    return f"earlier code of nofb ({code or 'their log does not name it'})"
