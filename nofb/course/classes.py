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
from nofb.course.tally import count
from nofb.course.tasks import of_chapter
from nofb.course.verdict import Verdict, one_line
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
    tally: Path | None = None,
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
    tally
        A file that gets a byte for each task that is judged, or `None`.

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
            "tally": str(tally) if tally else None,
        }
        for folder in folders
    ]
    done: dict[str, Found] = {}
    for record in run_grid(grade_alone, tasks, jobs=jobs, own_code=False):
        done[record["task"]["folder"]] = record.get("result", {"error": record.get("error")})
        if output is not None:
            write(output, as_csv(in_order(folders, done), chapter))
        yield done


def in_order(folders: Sequence[Path], done: Mapping[str, Found]) -> dict[str, Found | None]:
    """Return the results of all folders in their own order; `None` where there is none yet."""
    return {str(folder): done.get(str(folder)) for folder in folders}


def grade_alone(task: Mapping[str, Any]) -> dict[str, Any]:
    """Grade one folder in a process that does nothing else."""
    children.adopt()
    folder = Path(task["folder"])
    secret = hidden.parse(*task["hidden"]) if task["hidden"] else None  # and no path to its file
    output = Path(task["output"]) if task["output"] else None
    limits = Limits(task["seconds"], task["megabytes"])

    def watch(_: Verdict) -> None:
        if task["tally"]:
            count(Path(task["tally"]))

    verdicts = grade(folder, output, task["chapter"], secret, limits, watch)
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


def notes_of(found: Mapping[str, Found | None]) -> dict[str, list[str]]:
    """Return what a teacher must know of each folder, also that two name the same student."""
    whose = {folder: result.get("student", "") for folder, result in found.items() if result}
    said = {}
    for folder, student in whose.items():
        others = [each for each in whose if student == whose[each] and each != folder]
        has = "has" if len(others) == 1 else "have"
        same = [f"{', '.join(others)} {has} the same student in course.json"]
        notes = (found[folder] or {}).get("notes", ())
        said[folder] = [*notes, *(same if student and others else [])]
    return said


def as_csv(found: Mapping[str, Found | None], chapter: int | None = None) -> str:
    """Return a line for each folder: whose it says it is, its score, and each task's points.

    The score is without the points of the tasks that a person still reads; "of" is with them.

    Examples
    --------
    >>> print(as_csv({"anna": {"error": "anna is no folder"}}, 9).splitlines()[-1])
    anna,,anna is no folder
    """
    numbers = [item.number for item in of_chapter(chapter)]
    rows: list[list[object]] = [["folder", "student", "score", "of", "to read", *numbers, "notes"]]
    notes = notes_of(found)
    for folder, result in found.items():
        if result is None:
            rows.append([folder, "", "not graded yet"])
        elif "error" in result:
            rows.append([folder, "", one_line(str(result["error"]))])
        else:
            cells = _cells(result, numbers)
            rows.append([folder, result["student"], *cells, "; ".join(notes[folder])])
    return csv_lines(rows)


def _cells(result: Found, numbers: Sequence[str]) -> list[object]:
    """Return the score, what it is of, what a person reads, and the points of each task."""
    tasks = result["tasks"]
    waiting = [task["number"] for task in tasks if task["by_hand"]]
    points = {task["number"]: task["score"] for task in tasks}
    points |= dict.fromkeys(waiting, "by hand")
    most = sum(task["points"] for task in tasks)
    each = [points.get(number, "") for number in numbers]
    return [result["score"], most, ", ".join(waiting), *each]
