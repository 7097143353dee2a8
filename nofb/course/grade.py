"""`nofb course grade`: every task of a folder, in a process of its own, written down one by one.

Whatever a student's code does costs that task and no other: the results are kept by this process,
which never imports what it grades, and are written anew after each task.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nofb.course.about import about
from nofb.course.files import judge_file
from nofb.course.folder import place
from nofb.course.guard import Limits, guard
from nofb.course.hidden import Hidden
from nofb.course.reading import exists
from nofb.course.submission import check_folder, check_submission, is_submission
from nofb.course.task import Item
from nofb.course.tasks import of_chapter
from nofb.course.verdict import Verdict
from nofb.text import printable
from nofb.version import __version__

Watch = Callable[[Verdict], object]


def grade(
    folder: Path,
    output: Path | None = None,
    chapter: int | None = None,
    hidden: Hidden | None = None,
    limits: Limits | None = None,
    watch: Watch | None = None,
) -> list[Verdict]:
    """Grade a student's folder.

    Parameters
    ----------
    folder
        The student's.
    output
        Where the results are kept, after each task anew; `None` for nowhere.
    chapter
        One chapter only, or all.
    hidden
        A teacher's hidden tests, or `None`.
    limits
        Of time and memory, for each answer.
    watch
        Is called with each verdict.

    Raises
    ------
    NotADirectoryError
        If there is no such folder.
    ValueError
        If it holds the folders of a class, or Python takes modules from it: then its files are part
        of the grader.
    """
    check_folder(folder)
    check_submission(folder)
    folder = folder.resolve()
    check_path(folder)
    seed, verdicts = about(folder).seed, []
    for item in of_chapter(chapter):
        verdicts.append(judge_file(item, found(folder, item), seed, hidden, limits))
        if output is not None:
            keep(verdicts, folder, output)
        if watch is not None:
            watch(verdicts[-1])
    return verdicts


def check_path(folder: Path) -> None:
    """Refuse to grade a folder that Python takes modules from."""
    for entry in sys.path:
        place = Path(entry).resolve()
        if place == folder or folder in place.parents:
            raise ValueError(
                f"Python imports modules from {place}, so a submission's numpy.py would be part of "
                "the grader: run `nofb course grade` from another folder, without PYTHONPATH"
            )


def found(folder: Path, item: Item) -> Path:
    """Return where a task's file is: in its chapter's folder, or flat as some systems upload it."""
    nested, flat = folder / place(item) / item.file, folder / item.file
    return flat if exists(flat) and not exists(nested) else nested


def missing_chapters(folder: Path, chapter: int | None = None) -> dict[int, float]:
    """Return the chapters of which a folder has no file at all, with the points of each."""
    items = of_chapter(chapter)
    there = {item.chapter for item in items if exists(found(folder.resolve(), item))}
    points: dict[int, float] = {}
    for item in items:
        if item.chapter not in there:
            points[item.chapter] = points.get(item.chapter, 0.0) + item.points
    return points


def notes(folder: Path) -> list[str]:
    """Return what a teacher must know before relying on the points of a folder."""
    folder = folder.resolve()
    empty = [] if is_submission(folder) else ["no file of the course is in this folder"]
    return [*empty, *about(folder).notes(), *guard().notes()]


def keep(verdicts: Sequence[Verdict], folder: Path, output: Path) -> None:
    """Write the results so far, whole or not at all."""
    content = {
        "nofb": __version__,
        "folder": printable(folder.name),
        "student": about(folder).student,
        "notes": notes(folder),
        "score": score(verdicts),
        "points": maximum(verdicts),
        "to_read": to_read(verdicts),
        "tasks": [for_a_student(verdict) for verdict in verdicts],
    }
    write(output, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def for_a_student(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict without what only a teacher may read; no score yet if it waits for one."""
    fields = asdict(verdict)
    if verdict.by_hand:
        fields["score"] = None
    del (
        fields["hidden"],
        fields["faults"],
        fields["printed"],
    )  # what is printed may show a hidden test's arguments
    return fields


def write(path: Path, text: str) -> None:
    """Write a file, so that whoever reads it finds the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).chmod(0o644)
    Path(name).replace(path)


def score(verdicts: Iterable[Verdict]) -> float:
    """Return all points that were earned, without those that a person still gives."""
    return round(sum(verdict.score for verdict in verdicts), 2)


def maximum(verdicts: Iterable[Verdict]) -> float:
    """Return the points of all tasks, those that a person grades included."""
    return sum(verdict.points for verdict in verdicts)


def to_read(verdicts: Iterable[Verdict]) -> list[str]:
    """Return the numbers of the tasks whose answers wait for a person."""
    return [verdict.number for verdict in verdicts if verdict.by_hand]


def total(verdicts: Sequence[Verdict]) -> str:
    """Return the last line of a grading.

    Examples
    --------
    >>> print(total([Verdict("2.1", 3, 3.0, "right"), Verdict("2.4", 4, 0.0, "", by_hand=True)]))
    3 of 7 points; a person still reads 2.4, for up to 4 points more
    """
    numbers = to_read(verdicts)
    more = maximum(verdict for verdict in verdicts if verdict.by_hand)
    left = f"; a person still reads {', '.join(numbers)}, for up to {more:g} points more"
    return f"{score(verdicts):g} of {maximum(verdicts):g} points{left if numbers else ''}"
