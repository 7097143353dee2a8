"""`nofb course`: make a student's folder, check an answer, grade a folder or a class."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

from nofb import checks
from nofb.cli import course_grade, course_material
from nofb.cli.course_grade import CODES, lacks_points
from nofb.course import gradescope, hidden, selftest
from nofb.course.about import about, root_of
from nofb.course.files import MISSING, judge_file
from nofb.course.folder import new, place
from nofb.course.grade import found
from nofb.course.reading import exists
from nofb.course.tasks import TASKS, TITLES, find, of_chapter
from nofb.text import columns, printable

PRINTED_LINES = 10


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand, with one of its own for each thing to do."""
    parser = commands.add_parser("course", help="a graded course: holes in nofb's own code")
    ways = parser.add_subparsers(title="commands", metavar="COMMAND", dest="way")
    _add_new(ways)
    _add_check(ways)
    course_grade.add(ways)
    course_material.add(ways)
    _add_teachers(ways)
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
    check = ways.add_parser("check", help="judge one answer", epilog=CODES)
    check.add_argument("task", metavar="TASK", help="its number, such as 3.1")
    check.add_argument("--folder", type=Path, default=Path(), metavar="FOLDER",
                       help="the student's folder (default: this one)")
    check.add_argument("--hint", nargs="?", const="1", metavar="N",
                       help="print a hint, 1 to 3, instead")
    check.set_defaults(run=run_check)
    # fmt: on


def _add_teachers(ways: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    # fmt: off
    secret = ways.add_parser("hidden", help="write a file of hidden tests, with a seed of its own")
    secret.add_argument("file", type=Path, metavar="FILE")
    secret.set_defaults(run=run_hidden)
    pack = ways.add_parser("gradescope", help="write the zip that Gradescope runs")
    pack.add_argument("zip", type=Path, metavar="FILE")
    pack.add_argument("--chapter", type=int, metavar="N", help="one chapter only")
    pack.add_argument("--hidden", type=Path, metavar="FILE", help="a teacher's hidden tests")
    pack.set_defaults(run=run_zip)
    test = ways.add_parser("selftest", help="test the course itself")
    test.set_defaults(run=run_selftest)
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
    if not written:
        print(f"{options.folder} has all its files already; they stay as they are")
        return 0
    first = of_chapter(options.chapter)[0]
    print(
        f"{options.folder}: {len(written)} files. Go there, open {place(first)}/{first.file} or "
        f"the notebook beside it, and check your answer with: nofb course check {first.number}"
    )
    return 0


def run_check(options: argparse.Namespace) -> int:
    """Judge one answer and print what is said of it, or print a hint."""
    item = find(options.task)
    if options.hint is not None:
        checks.choice("hint", options.hint, ("1", "2", "3"))
        print(item.hints[int(options.hint) - 1])
        return 0
    folder = options.folder.resolve()
    root = root_of(folder)
    path = found(folder, item)
    path = path if exists(path) else found(root, item)
    verdict = judge_file(item, path, about(root).seed)
    if verdict.printed:
        print(f"your file printed:\n{first_lines(verdict.printed)}\n")
    print(verdict)
    if verdict.sentence.startswith(MISSING):
        print("--folder names the student's folder")
    for note in about(root).notes():
        print(f"note: {note}")
    return int(lacks_points(verdict))


def first_lines(printed: str) -> str:
    """Return the first lines of what was printed: a rule that learns calls a function often."""
    lines = [printable(line.expandtabs()) for line in printed.splitlines()]
    more = ["..."] if len(lines) > PRINTED_LINES else []
    return textwrap.indent("\n".join([*lines[:PRINTED_LINES], *more]), "    ")


def run_hidden(options: argparse.Namespace) -> int:
    """Write a file of hidden tests."""
    hidden.write(options.file)
    print(f"{options.file}: keep it to yourself, and give it to grade and gradescope with --hidden")
    return 0


def run_selftest(options: argparse.Namespace) -> int:
    """Test every task of the course."""
    count = 0
    for fault in selftest.all_faults():
        count += 1
        print(fault)
    print(f"{len(TASKS)} tasks, {count} faults")
    return int(count > 0)


def run_zip(options: argparse.Namespace) -> int:
    """Write the zip that Gradescope runs."""
    gradescope.write_zip(options.zip, options.chapter, options.hidden)
    print(f"{options.zip}: upload it as the autograder")
    return 0
