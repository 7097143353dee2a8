"""`nofb course check`: judge one answer, those of a chapter, or all that a folder has."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

from nofb import checks
from nofb.cli.course_grade import CODES, lacks_points
from nofb.course.about import about, root_of
from nofb.course.files import MISSING, judge_file
from nofb.course.folder import is_stub
from nofb.course.grade import found, total
from nofb.course.reading import exists
from nofb.course.submission import check_folder, check_submission
from nofb.course.task import Item
from nofb.course.tasks import CHAPTERS, TASKS, find, of_chapter
from nofb.course.verdict import Verdict
from nofb.text import printable

PRINTED_LINES = 10


def add(ways: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    # fmt: off
    check = ways.add_parser("check", help="judge answers", epilog=CODES)
    check.add_argument("task", nargs="?", metavar="TASK",
                       help="its number, such as 3.1, or a chapter's, such as 3; without it, "
                            "every task of the folder that has an answer")
    check.add_argument("--folder", type=Path, default=Path(), metavar="FOLDER",
                       help="the student's folder (default: this one)")
    check.add_argument("--hint", nargs="?", const="1", metavar="N",
                       help="print a hint, 1 to 3, instead")
    check.set_defaults(run=run_check)
    # fmt: on


def run_check(options: argparse.Namespace) -> int:
    """Judge answers and print what is said of each, or print a hint."""
    if options.hint is not None:
        return print_hint(options.task, options.hint)
    folder = options.folder.resolve()
    check_folder(folder)
    check_submission(root_of(folder))
    items = chosen(options.task, folder)
    verdicts = [judged(item, folder) for item in items]
    if any(verdict.sentence.startswith(MISSING) for verdict in verdicts):
        print("--folder names the student's folder")
    if options.task not in TASKS:
        print(total(verdicts))
    if options.task is None and len(items) < len(TASKS):
        print("The other tasks have no answer yet.")
    for note in about(root_of(folder)).notes():
        print(f"note: {note}")
    return int(any(map(lacks_points, verdicts)))


def print_hint(task: str | None, number: str) -> int:
    """Print one of the three hints of a task."""
    if task is None or task in map(str, CHAPTERS):
        raise ValueError("--hint needs one task, such as nofb course check 2.1 --hint")
    checks.choice("hint", number, ("1", "2", "3"))
    print(find(task).hints[int(number) - 1])
    return 0


def chosen(task: str | None, folder: Path) -> list[Item]:
    """Return the task of a number, the tasks of a chapter, or those of a folder with an answer."""
    if task is not None:
        return of_chapter(int(task)) if task in map(str, CHAPTERS) else [find(task)]
    seed = about(root_of(folder)).seed
    items = [item for item in TASKS.values() if not is_stub(file_of(item, folder), item, seed)]
    if not items:
        raise ValueError(
            f"{printable(str(folder))} has no answer yet: fill in a task's file, or name the "
            "student's folder with --folder"
        )
    return items


def file_of(item: Item, folder: Path) -> Path:
    """Return where the file of a task is: in this folder, or in the student's folder around it."""
    path = found(folder, item)
    return path if exists(path) else found(root_of(folder), item)


def judged(item: Item, folder: Path) -> Verdict:
    """Judge one answer, and print what it has printed and what is said of it."""
    verdict = judge_file(item, file_of(item, folder), about(root_of(folder)).seed)
    if verdict.printed:
        print(f"your file printed:\n{first_lines(verdict.printed)}\n")
    print(verdict, flush=True)
    return verdict


def first_lines(printed: str) -> str:
    """Return the first lines of what was printed: a rule that learns calls a function often."""
    lines = [printable(line.expandtabs()) for line in printed.splitlines()]
    more = ["..."] if len(lines) > PRINTED_LINES else []
    return textwrap.indent("\n".join([*lines[:PRINTED_LINES], *more]), "    ")
