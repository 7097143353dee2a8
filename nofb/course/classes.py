"""A class: many folders, graded side by side, with a line for each in a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nofb.course import children, hidden
from nofb.course.folder import student_in
from nofb.course.grade import for_a_student, grade, score, write
from nofb.course.process import Limits
from nofb.course.tasks import of_chapter
from nofb.course.verdict import one_line
from nofb.runs.grid import run_grid
from nofb.text import csv_lines

Found = Mapping[str, Any]  # the results of a folder, or {"error": a sentence}


def grade_class(
    folders: Sequence[Path],
    output: Path | None = None,
    chapter: int | None = None,
    secret: Path | None = None,
    limits: Limits | None = None,
    jobs: int = 1,
) -> Iterator[dict[str, Found]]:
    """Grade folders side by side; yield all results so far, by folder, whenever one is done.

    Parameters
    ----------
    folders
        The students'.
    output
        Where the table is written, after each folder anew. Each student's results stand in a folder
        of the same name beside it, written task by task.
    chapter
        One chapter only, or all.
    secret
        The file of a teacher's hidden tests, or `None`.
    limits
        Of time and memory, for each answer.
    jobs
        How many folders are graded at a time.
    """
    limits = limits or Limits()
    names = distinct_names(folders)
    tasks = [
        {
            "folder": str(folder),
            "output": str(output.with_suffix("") / f"{names[folder]}.json") if output else None,
            "chapter": chapter,
            "hidden": str(secret) if secret else None,
            "seconds": limits.seconds,
            "megabytes": limits.megabytes,
        }
        for folder in folders
    ]
    done: dict[str, Found] = {}
    for record in run_grid(grade_alone, tasks, jobs=jobs, own_code=False):
        done[record["task"]["folder"]] = record.get("result", {"error": record.get("error")})
        if output is not None:
            write(output, as_csv({str(each): done.get(str(each)) for each in folders}, chapter))
        yield done


def grade_alone(task: Mapping[str, Any]) -> dict[str, Any]:
    """Grade one folder in a process that does nothing else."""
    children.adopt()
    folder = Path(task["folder"])
    secret = hidden.load(Path(task["hidden"])) if task["hidden"] else None
    output = Path(task["output"]) if task["output"] else None
    limits = Limits(task["seconds"], task["megabytes"])
    verdicts = grade(folder, output, task["chapter"], secret, limits)
    return {
        "student": student_in(folder),
        "score": score(verdicts),
        "tasks": [for_a_student(verdict) for verdict in verdicts],
    }


def distinct_names(folders: Sequence[Path]) -> dict[Path, str]:
    """Return a file name for each folder: its own, with its parents' where two are the same."""
    names = {}
    for folder in folders:
        parts = [part for part in folder.resolve().parts if part != folder.anchor]
        same = [each for each in folders if each.resolve().name == parts[-1]]
        names[folder] = parts[-1] if len(same) == 1 else "_".join(parts).strip("_/")
    return names


def as_csv(found: Mapping[str, Found | None], chapter: int | None = None) -> str:
    """Return a line for each folder: whose it says it is, its score, and each task's points.

    Examples
    --------
    >>> print(as_csv({"anna": {"error": "anna is no folder"}}, 9).splitlines()[-1])
    anna,,anna is no folder
    """
    numbers = [item.number for item in of_chapter(chapter)]
    rows: list[list[object]] = [["folder", "student", "score", *numbers]]
    for folder, result in found.items():
        if result is None:
            rows.append([folder, "", "not graded yet"])
        elif "error" in result:
            rows.append([folder, "", one_line(str(result["error"]))])
        else:
            points = {task["number"]: task["score"] for task in result["tasks"]}
            score_of_all = [points.get(number, "") for number in numbers]
            rows.append([folder, result["student"], result["score"], *score_of_all])
    return csv_lines(rows)
