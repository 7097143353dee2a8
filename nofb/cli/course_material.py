"""`nofb course answers` and `nofb course figures`: what a teacher takes into the classroom."""

from __future__ import annotations

import argparse
from pathlib import Path

from nofb import checks
from nofb.course import answers, figures, lessons
from nofb.text import columns


def add(ways: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the two commands."""
    answer = ways.add_parser("answers", help="for teachers: answers to lessons and tasks")
    # fmt: off
    answer.add_argument("number", nargs="?", metavar="NUMBER",
                        help="a lesson such as 02 or a task such as 2.4; without it, a list")
    answer.add_argument("--student", default="", metavar="ID",
                        help="with the numbers of this student")
    # fmt: on
    answer.set_defaults(run=run_answers)
    figure = ways.add_parser("figures", help="write the figures of the lessons, for slides")
    figure.add_argument("folder", type=Path, metavar="FOLDER")
    figure.add_argument("--lesson", nargs="+", metavar="N", help="only these, such as 02 05")
    figure.set_defaults(run=run_figures)


def run_answers(options: argparse.Namespace) -> int:
    """Print the answers of a lesson, the key of a task, or what there is."""
    if options.number is None:
        rows = [[number, title] for number, title in answers.titles().items()]
        print(columns([["lesson", "title"], *rows]))
        print("\nnofb course answers 02 answers the questions of a lesson, 2.4 those of a task.")
        return 0
    print(answers.of(options.number, options.student))
    return 0


def run_figures(options: argparse.Namespace) -> int:
    """Run lessons and write their figures."""
    for number in options.lesson or ():
        checks.choice("lesson", number, lessons.scripts())
    for path in figures.write(options.folder, options.lesson):
        print(path, flush=True)
    return 0
