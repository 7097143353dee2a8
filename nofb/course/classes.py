"""A class: many folders, graded side by side, with a line for each in a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nofb.course import children, hidden
from nofb.course.about import about
from nofb.course.grade import for_a_student, grade, notes, score, write
from nofb.course.guard import Limits
from nofb.course.hidden import Hidden
from nofb.course.tasks import of_chapter
from nofb.course.verdict import one_line
from nofb.runs.grid import run_grid
from nofb.text import csv_lines

TABLE = ".csv"
Found = Mapping[str, Any]  # the results of a folder, or {"error": a sentence}


def grade_class(
    folders: Sequence[Path],
    output: Path | None = None,
    chapter: int | None = None,
    secret: Hidden | None = None,
    limits: Limits | None = None,
    jobs: int = 1,
) -> Iterator[dict[str, Found]]:
    """Grade folders side by side; yield all results so far, by folder, whenever one is done.

    Parameters
    ----------
    folders
        The students', each once.
    output
        Where the table is written, after each folder anew. Each student's results stand in a folder
        of the same name beside it, written task by task.
    chapter
        One chapter only, or all.
    secret
        A teacher's hidden tests, or `None`.
    limits
        Of time and memory, for each answer.
    jobs
        How many folders are graded at a time.

    Raises
    ------
    ValueError
        If the name of `output` does not end in .csv.
    """
    if output is not None and output.suffix != TABLE:
        raise ValueError(f"output is {str(output)!r}, but a class needs a table: end it in {TABLE}")
    limits = limits or Limits()
    names = distinct_names(folders)
    tasks = [
        {
            "folder": str(folder),
            "output": str(output.with_suffix("") / f"{names[folder]}.json") if output else None,
            "chapter": chapter,
            "hidden": [secret.text, secret.name] if secret else None,
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
    secret = hidden.parse(*task["hidden"]) if task["hidden"] else None  # and no path to its file
    output = Path(task["output"]) if task["output"] else None
    limits = Limits(task["seconds"], task["megabytes"])
    verdicts = grade(folder, output, task["chapter"], secret, limits)
    return {
        "student": about(folder).student,
        "notes": notes(folder),
        "faults": [fault for verdict in verdicts for fault in verdict.faults],
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
    rows: list[list[object]] = [["folder", "student", "score", *numbers, "notes"]]
    for folder, result in found.items():
        if result is None:
            rows.append([folder, "", "not graded yet"])
        elif "error" in result:
            rows.append([folder, "", one_line(str(result["error"]))])
        else:
            points = {task["number"]: task["score"] for task in result["tasks"]}
            score_of_all = [points.get(number, "") for number in numbers]
            said = "; ".join(result.get("notes", ()))
            rows.append([folder, result["student"], result["score"], *score_of_all, said])
    return csv_lines(rows)
