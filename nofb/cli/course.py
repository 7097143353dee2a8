"""`nofb course`: make a student's folder, check an answer, grade a folder or a class."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

from nofb import checks, cores
from nofb.cli import course_material
from nofb.course import children, gradescope, hidden, selftest
from nofb.course.classes import Found, as_csv, grade_class
from nofb.course.files import judge_file
from nofb.course.folder import new, place, seed_in
from nofb.course.grade import found, grade, score
from nofb.course.process import Limits
from nofb.course.tasks import TASKS, TITLES, find, of_chapter
from nofb.course.verdict import Verdict
from nofb.text import columns
from nofb.training.progress import bar

CODES = (
    "Exit code: 0 if every point was earned but for those given by hand; 1 if not; 2 for an error."
)
PRINTED_LINES = 10


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand, with one of its own for each thing to do."""
    parser = commands.add_parser("course", help="a graded course: holes in nofb's own code")
    ways = parser.add_subparsers(title="commands", metavar="COMMAND", dest="way")
    _add_new(ways)
    _add_check(ways)
    _add_grade(ways)
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


def _add_grade(ways: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    # fmt: off
    grading = ways.add_parser("grade", help="grade a folder, or the folders of a class",
                              epilog=f"{CODES} For a class: 0 if every folder was graded, or 1.")
    add = grading.add_argument
    add("folders", nargs="+", type=Path, metavar="FOLDER")
    add("--output", type=Path, metavar="FILE",
        help="one folder: results as JSON; several: a CSV for the class, and each folder's results "
             "in a folder beside it")
    add("--gradescope", type=Path, metavar="FILE", help="results as Gradescope reads them")
    add("--chapter", type=int, metavar="N", help="one chapter only")
    add("--hidden", type=Path, metavar="FILE",
        help="a teacher's hidden tests; nofb course hidden writes such a file")
    add("--seconds", type=float, default=Limits.seconds, metavar="S",
        help="for each task (default: %(default)g)")
    add("--megabytes", type=int, default=Limits.megabytes, metavar="M",
        help="of memory, for each task (default: %(default)d)")
    add("--jobs", type=int, default=cores.count(), metavar="N",
        help="folders that are graded side by side (default: all cores)")
    grading.set_defaults(run=run_grade)
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
    verdict = judge_file(item, found(folder, item), seed_in(folder))
    if verdict.printed:
        print(f"your file printed:\n{first_lines(verdict.printed)}\n")
    print(verdict)
    return int(lacks_points(verdict))


def first_lines(printed: str) -> str:
    """Return the first lines of what was printed: a rule that learns calls a function often."""
    lines = printed.splitlines()
    more = ["..."] if len(lines) > PRINTED_LINES else []
    return textwrap.indent("\n".join([*lines[:PRINTED_LINES], *more]), "    ")


def lacks_points(verdict: Verdict) -> bool:
    """Say whether an answer earned less than it could, other than by hand."""
    return verdict.score < verdict.points and not verdict.by_hand


def run_grade(options: argparse.Namespace) -> int:
    """Grade one folder or a class."""
    limits = Limits(options.seconds, options.megabytes)
    if len(options.folders) > 1:
        return run_class(options, limits)
    children.adopt()
    secret = None if options.hidden is None else hidden.load(options.hidden)
    verdicts: list[Verdict] = []

    def watch(verdict: Verdict) -> None:
        verdicts.append(verdict)
        print(verdict, flush=True)
        if options.gradescope is not None:  # after each task: whatever ends the grader later
            gradescope.write_results(verdicts, options.gradescope)

    grade(options.folders[0], options.output, options.chapter, secret, limits, watch)
    print(total(verdicts))
    return int(any(map(lacks_points, verdicts)))


def total(verdicts: list[Verdict]) -> str:
    """Return the last line of a grading."""
    waiting = sum(verdict.points for verdict in verdicts if verdict.by_hand)
    left = f"; {waiting:g} of them are given by hand" if waiting else ""
    return f"{score(verdicts):g} of {sum(verdict.points for verdict in verdicts):g} points{left}"


def run_class(options: argparse.Namespace, limits: Limits) -> int:
    """Grade many folders side by side, and write one line for each."""
    if options.gradescope is not None:
        raise ValueError(
            "--gradescope is for one folder: Gradescope grades one submission at a time"
        )
    folders = list(dict.fromkeys(options.folders))
    done: dict[str, Found] = {}
    with bar(len(folders), "course", "folder") as shown:
        for each in grade_class(
            folders, options.output, options.chapter, options.hidden, limits, options.jobs
        ):
            done = each
            shown.update()
    failed = {folder: result["error"] for folder, result in done.items() if "error" in result}
    if options.output is None:
        print(as_csv(done, options.chapter), end="")
    else:
        print(f"{options.output}: {len(folders) - len(failed)} of {len(folders)} folders")
    for folder, error in failed.items():
        print(f"{folder}: {error}")
    return int(bool(failed))


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
