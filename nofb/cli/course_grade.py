"""`nofb course grade`: grade a folder, or the folders of a class."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from pathlib import Path

from nofb import cores
from nofb.course import children, gradescope, hidden
from nofb.course.about import about
from nofb.course.classes import TABLE, Found, as_csv, grade_class, in_order, notes_of
from nofb.course.grade import grade, missing_chapters, notes, total
from nofb.course.guard import Limits, guard
from nofb.course.submission import check_submission, few
from nofb.course.tally import shown
from nofb.course.tasks import of_chapter
from nofb.course.verdict import Verdict
from nofb.text import printable

CODES = (
    "Exit code: 0 if every point was earned but for those given by hand; 1 if not; 2 for an error."
)
RESULTS = ".json"


def add(ways: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    # fmt: off
    grading = ways.add_parser("grade", help="grade a folder, or the folders of a class",
                              epilog=f"{CODES} For a class: 0 if every folder was graded, or 1.")
    add = grading.add_argument
    add("folders", nargs="+", type=Path, metavar="FOLDER")
    add("--output", type=Path, metavar="FILE",
        help="FILE.json: the results of one folder; FILE.csv: a table, and each folder's results "
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


def lacks_points(verdict: Verdict) -> bool:
    """Say whether an answer earned less than it could, other than by hand."""
    return verdict.score < verdict.points and not verdict.by_hand


def run_grade(options: argparse.Namespace) -> int:
    """Grade one folder or a class; the suffix of --output says which."""
    limits = Limits(options.seconds, options.megabytes)
    suffix = None if options.output is None else options.output.suffix
    if suffix not in (None, TABLE, RESULTS):
        raise ValueError(
            f"--output is {str(options.output)!r}, but must end in {RESULTS} for the results of "
            f"one folder or in {TABLE} for a table"
        )
    each: dict[Path, Path] = {}
    for folder in options.folders:
        each.setdefault(folder.resolve(), folder)
    if len(each) > 1 or suffix == TABLE:
        return run_class(options, list(each.values()), limits)
    return run_one(options, options.folders[0], limits)


def run_one(options: argparse.Namespace, folder: Path, limits: Limits) -> int:
    """Grade one folder, and print a line for each task as soon as it is judged."""
    children.adopt()
    secret = None if options.hidden is None else hidden.load(options.hidden)
    missing = missing_chapters(folder, options.chapter)
    verdicts: list[Verdict] = []

    def watch(verdict: Verdict) -> None:
        verdicts.append(verdict)
        show(verdict, missing)
        if options.gradescope is not None:  # after each task: whatever ends the grader later
            ours, theirs = guard().notes(), about(folder).notes()
            gradescope.write_results(verdicts, options.gradescope, theirs, ours)

    try:
        check_submission(folder)
    except ValueError as error:
        if options.gradescope is not None:
            gradescope.write_refusal(options.gradescope, str(error))
        raise
    grade(folder, options.output, options.chapter, secret, limits, watch)
    print(total(verdicts))
    print_notes(notes(folder), (fault for verdict in verdicts for fault in verdict.faults))
    return int(any(map(lacks_points, verdicts)))


def show(verdict: Verdict, missing: dict[int, float]) -> None:
    """Print a verdict; one line for a chapter that the folder does not have, at its first task."""
    chapter, _, place = verdict.number.partition(".")
    if int(chapter) not in missing:
        print(verdict, flush=True)
    elif place == "1":
        print(f"chapter {chapter}  0 of {missing[int(chapter)]:g}  none of its files is here")


def print_notes(said: Iterable[str], faults: Iterable[str]) -> None:
    """Print what a teacher must know, and what is wrong with the hidden tests."""
    for note in said:
        print(printable(f"note: {note}"))
    for fault in dict.fromkeys(faults):
        print(f"fault of the hidden tests: {fault}")


def run_class(options: argparse.Namespace, folders: list[Path], limits: Limits) -> int:
    """Grade many folders side by side, and write one line for each."""
    if options.gradescope is not None:
        raise ValueError(
            "--gradescope is for one folder: Gradescope grades one submission at a time"
        )
    if options.output is not None and options.output.suffix != TABLE:
        raise ValueError(
            f"--output is {str(options.output)!r}, but several folders need a table: "
            f"end it in {TABLE}"
        )
    if len(folders) == 1:
        check_submission(folders[0])
    secret = None if options.hidden is None else hidden.load(options.hidden)
    done: dict[str, Found] = {}
    with shown(len(folders) * len(of_chapter(options.chapter))) as tally:
        for each in grade_class(
            folders, options.output, options.chapter, secret, limits, options.jobs, tally
        ):
            done = each
    found = in_order(folders, done)
    if options.output is None:
        print(as_csv(found, options.chapter), end="")
    with redirect_stdout(sys.stderr if options.output is None else sys.stdout):
        return report(found, options.output)


def report(found: Mapping[str, Found | None], output: Path | None) -> int:
    """Print what came out of a class besides the table; return the exit code."""
    failed = {folder: each["error"] for folder, each in found.items() if each and "error" in each}
    if output is not None:
        print(f"{output}: {len(found) - len(failed)} of {len(found)} folders")
    for folder, error in failed.items():
        print(printable(f"{folder}: {error}"))
    whose: dict[str, list[str]] = {}
    for folder, said in notes_of(found).items():
        for note in said:
            whose.setdefault(note, []).append(folder)
    faults = (fault for each in found.values() if each for fault in each.get("faults", ()))
    print_notes((f"{few(folders)}: {note}" for note, folders in whose.items()), faults)
    return int(bool(failed))
