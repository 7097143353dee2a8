"""`nofb course`: make a student's folder, check an answer, grade a folder or a class."""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path

from nofb import checks, cores
from nofb.cli import course_material
from nofb.course import children, gradescope, selftest
from nofb.course.files import judge_file
from nofb.course.folder import new, place, seed_in
from nofb.course.grade import grade, grade_alone, score, write
from nofb.course.process import Limits
from nofb.course.tasks import TASKS, TITLES, find, of_chapter
from nofb.course.verdict import Verdict
from nofb.runs.grid import run_grid
from nofb.text import columns
from nofb.training.progress import bar
from nofb.version import __version__


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand, with one of its own for each thing to do."""
    parser = commands.add_parser("course", help="a graded course: holes in nofb's own code")
    ways = parser.add_subparsers(title="commands", metavar="COMMAND", dest="way")
    _add_new(ways)
    _add_check(ways)
    _add_grade(ways)
    course_material.add(ways)
    test = ways.add_parser("selftest", help="test the course itself")
    test.set_defaults(run=run_selftest)
    pack = ways.add_parser("gradescope", help="write the zip that Gradescope runs")
    pack.add_argument("zip", type=Path, metavar="FILE")
    pack.add_argument("--chapter", type=int, metavar="N")
    pack.set_defaults(run=run_zip)
    parser.set_defaults(run=run_list)


def _add_new(ways: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    # fmt: off
    new = ways.add_parser("new", help="write a student's folder")
    new.add_argument("folder", type=Path, metavar="FOLDER")
    new.add_argument("--chapter", type=int, metavar="N", help="one chapter only")
    new.add_argument("--student", default="", metavar="ID",
                     help="changes sizes, seeds and the numbers of questions")
    new.set_defaults(run=run_new)
    # fmt: on


def _add_check(ways: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    # fmt: off
    check = ways.add_parser("check", help="judge one answer")
    check.add_argument("task", metavar="TASK", help="its number, such as 3.1")
    check.add_argument("--folder", type=Path, default=Path(), metavar="FOLDER",
                       help="the student's folder (default: this one)")
    check.add_argument("--hint", nargs="?", const="1", metavar="N",
                       help="print a hint, 1 to 3, instead")
    check.set_defaults(run=run_check)
    # fmt: on


def _add_grade(ways: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    # fmt: off
    grading = ways.add_parser("grade", help="grade a folder, or the folders of a class")
    add = grading.add_argument
    add("folders", nargs="+", type=Path, metavar="FOLDER")
    add("--output", type=Path, metavar="FILE",
        help="of one folder, results as JSON; of several, a CSV for the class")
    add("--gradescope", type=Path, metavar="FILE", help="results as Gradescope reads them")
    add("--chapter", type=int, metavar="N", help="one chapter only")
    add("--hidden", action="store_true", help="try answers with more arguments")
    add("--seconds", type=float, default=Limits.seconds, metavar="S",
        help="for each answer (default: %(default)g)")
    add("--megabytes", type=int, default=Limits.megabytes, metavar="M",
        help="of memory, for each answer (default: %(default)d)")
    add("--jobs", type=int, default=cores.count(), metavar="N",
        help="folders that are graded side by side (default: all cores)")
    grading.set_defaults(run=run_grade)
    # fmt: on


def run_list(options: argparse.Namespace) -> int:
    """Print all tasks."""
    for chapter, title in TITLES.items():
        rows = [
            [i.number, i.title, f"{i.minutes} min", f"{i.points} p"] for i in of_chapter(chapter)
        ]
        print(f"{chapter} {title}\n\n{columns([['', 'task', '', ''], *rows])}\n")
    print("nofb course new FOLDER writes them all for a student.")
    return 0


def run_new(options: argparse.Namespace) -> int:
    """Write a student's folder."""
    written = new(options.folder, options.chapter, options.student)
    print(
        f"{options.folder}: {len(written)} files. Open chapter_1/chapter_1.ipynb, or a task's file."
    )
    return 0


def run_check(options: argparse.Namespace) -> int:
    """Judge one answer and print what is said of it, or print a hint."""
    item = find(options.task)
    if options.hint is not None:
        checks.choice("hint", options.hint, ("1", "2", "3"))
        print(item.hints[int(options.hint) - 1])
        return 0
    path = options.folder / place(item) / item.file
    verdict = judge_file(item, path, seed_in(options.folder))
    print(verdict)
    return int(verdict.score < verdict.points and not verdict.by_hand)


def run_grade(options: argparse.Namespace) -> int:
    """Grade; return 0 if everything was graded."""
    limits = Limits(options.seconds, options.megabytes)
    if len(options.folders) > 1:
        return grade_class(options, limits)
    children.adopt()
    verdicts = grade(options.folders[0], options.output, options.chapter, options.hidden, limits,
                     watch=print)  # fmt: skip
    if options.gradescope is not None:
        gradescope.write_results(verdicts, options.gradescope)
    print(total(verdicts))
    return 0


def total(verdicts: list[Verdict]) -> str:
    """Return the last line of a grading."""
    waiting = sum(verdict.points for verdict in verdicts if verdict.by_hand)
    left = f", {waiting:g} more are given by hand" if waiting else ""
    return f"{score(verdicts):g} of {sum(verdict.points for verdict in verdicts):g} points{left}"


def grade_class(options: argparse.Namespace, limits: Limits) -> int:
    """Grade many folders side by side, and write one line for each."""
    tasks = [
        {"folder": str(folder), "seconds": limits.seconds, "megabytes": limits.megabytes,
         "hidden": options.hidden}
        for folder in options.folders
    ]  # fmt: skip
    found, failed = {}, 0
    with bar(len(tasks), "course", "folder") as shown:
        for record in run_grid(grade_alone, tasks, jobs=options.jobs, own_code=False):
            shown.update()
            found[record["task"]["folder"]] = record.get("result")
            failed += "result" not in record
    text = as_csv({str(folder): found.get(str(folder)) for folder in options.folders})
    if options.output is None:
        print(text, end="")
    else:
        write(options.output, text)
        print(f"{options.output}: {len(tasks) - failed} of {len(tasks)} folders")
    return int(failed > 0)


def as_csv(found: dict[str, object]) -> str:
    """Return a line for each folder: its score, and the points of each task."""
    buffer = io.StringIO()
    table = csv.writer(buffer)
    table.writerow(["folder", "score", *TASKS])
    for folder, result in found.items():
        if isinstance(result, dict):
            points = {task["number"]: task["score"] for task in result["tasks"]}
            table.writerow([folder, result["score"], *(points.get(number, "") for number in TASKS)])
        else:
            table.writerow([folder, "not graded"])
    return buffer.getvalue()


def run_selftest(options: argparse.Namespace) -> int:
    """Test every task of the course."""
    count = 0
    for item in TASKS.values():
        for fault in selftest.faults(item):
            count += 1
            print(fault)
    print(f"{len(TASKS)} tasks, {count} faults")
    return int(count > 0)


def run_zip(options: argparse.Namespace) -> int:
    """Write the zip that Gradescope runs."""
    gradescope.write_zip(options.zip, __version__, options.chapter)
    print(f"{options.zip}: upload it as the autograder")
    return 0
