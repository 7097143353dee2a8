"""`nofb course`: make a student's folder, check an answer, grade a folder or a class."""

from __future__ import annotations

import argparse
from pathlib import Path

from nofb.cli import course_check, course_grade, course_material
from nofb.course import gradescope, hidden, selftest
from nofb.course.folder import new, place
from nofb.course.tasks import TASKS, TITLES, of_chapter
from nofb.text import columns


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand, with one of its own for each thing to do."""
    parser = commands.add_parser("course", help="a graded course: holes in nofb's own code")
    ways = parser.add_subparsers(title="commands", metavar="COMMAND", dest="way")
    _add_new(ways)
    course_check.add(ways)
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
