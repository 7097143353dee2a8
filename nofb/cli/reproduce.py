"""`nofb reproduce PAPER`: repeat a paper's runs, and compare with its numbers or its theory."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from nofb import checks, datasets, fingerprint, papers, report
from nofb.cli.options import add_places, resumable, say_finished
from nofb.cli.outcome import exit_code
from nofb.cli.streams import say
from nofb.papers import Study, vouched, vouching
from nofb.papers.kept import kept
from nofb.papers.study import Record, Task
from nofb.report.failures import row_name, run_name
from nofb.runs.grid import run_grid, unfinished
from nofb.runs.kept import SameCode, code_of, of_one_code
from nofb.runs.run_log import LOG, read_log
from nofb.strict_json import canonical
from nofb.suggestions import did_you_mean
from nofb.training.progress import bar, is_watched

FEW = 5  # rows that are named before the first run


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "reproduce", help="compare an experiment with published numbers or theory"
    )
    # fmt: off
    add = parser.add_argument
    add("paper", metavar="PAPER", nargs="?",
        help=f"{', '.join(papers.names())} (default: list them)")
    add("--data", metavar="NAME",
        help="the same study on another data set, such as cifar10 for akrout2019")
    add("--epochs", type=int, metavar="N",
        help="no run longer than this (default: as long as the paper's)")
    add("--rows", nargs="+", metavar="TEXT",
        help="only rows that have one of these texts in their names, each text in quotation marks, "
             "such as 'mnist 2x800 tanh dfa'")
    add("--seeds", type=int, metavar="N",
        help="only the first so many seeds of each row")
    add("--kept", action="store_true",
        help="run nothing, and write the page of the runs that the folder has, also if some are "
             "missing")
    add("--full", action="store_true",
        help="the full size of the paper, for hours or days, if the default is smaller")
    add("--out", type=Path, metavar="FOLDER",
        help="the folder for figures and numbers; its runs are not repeated, and no runs of "
             "other code are added to them (default: nofb-PAPER, with the name of other data, and "
             "with -full)")
    add("--vouch", action="store_true",
        help="repeat the beginning of one run of each row that earlier code made, and list the "
             "rows that today's code does not reproduce")
    # fmt: on
    add_places(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run what is missing in the folder, print the table, write the folder; see `exit_code`."""
    if options.paper is None:
        if options.rows or options.kept or options.vouch:
            raise ValueError("which study? nofb reproduce lists them, and its name comes first")
        print(listed())
        return 0
    study, epochs = study_of(options), options.epochs
    epochs = None if epochs is None else checks.whole("epochs", epochs)
    checks.whole("jobs", options.jobs)
    folder = options.out or Path(f"nofb-{study.name}{'-full' * options.full}")
    report.check_folder(folder)
    refuse_what_is_not_used(options)
    if options.vouch:
        return vouch(study, epochs, folder, options.jobs)
    records = [] if options.kept else done(study, options, epochs, folder)
    records = kept(study, folder, epochs, records)
    if not records:
        raise ValueError(
            f"{folder / LOG} keeps no runs of {study.name} that could be shown"
            f"{other_lengths(study, folder / LOG)}"
        )
    page = study.write(records, folder, options.command)
    parts = [study.title, study.table(records), study.made_by(records, folder)]
    print("\n\n".join([*filter(None, parts), f"Every number: {page}"]))
    return exit_code(records)


def refuse_what_is_not_used(options: argparse.Namespace) -> None:
    """Refuse options that say which runs are done, where none are."""
    for without in ("kept", "vouch"):
        for name in ("rows", "seeds", "cluster"):
            if getattr(options, without) and getattr(options, name) is not None:
                raise ValueError(f"--{name} has no effect with --{without}: leave it out")


def other_lengths(study: Study, log: Path) -> str:
    """Return which epochs the runs of a study in a log have, in brackets; "" if it has none."""
    rows = rows_of(study.tasks())
    tasks = (record["task"] for record in read_log(log).values())
    ours = (task for task in tasks if isinstance(task, dict) and row_name(task) in rows)
    lengths = sorted({task["epochs"] for task in ours if "epochs" in task})
    listed = ", ".join(map(str, lengths))
    return f" (it has runs of other lengths: --epochs {listed})" if lengths else ""


def study_of(options: argparse.Namespace) -> Study:
    """Return the study that the words of a command name."""
    study = papers.find(options.paper)
    if options.data is not None:
        if not study.others:
            raise ValueError(f"{study.name} runs on its own data only: leave --data out")
        checks.choice("data", options.data, study.others)
        study = study.others[options.data]
    if not options.full:
        return study
    if study.full is None:
        raise ValueError(f"{study.name} has its full size already: leave --full out")
    return study.full


def done(
    study: Study, options: argparse.Namespace, epochs: int | None, folder: Path
) -> list[Record]:
    """Do the chosen runs that the folder does not have, and return all chosen ones."""
    wanted_rows = chosen_rows(rows_of(study.tasks(epochs)), options.rows)
    tasks, log = [], folder / LOG
    for part in study.parts:
        every = part.tasks(epochs)
        if wanted := chosen(every, wanted_rows, options.seeds):
            tasks += of_one_code(wanted, log, study.code(wanted[0]), every)
    missing = {canonical(task) for task in unfinished(tasks, log)}
    if missing:
        fingerprint.warn_of_changes()
        need_data(study)
    folder.mkdir(parents=True, exist_ok=True)
    say_finished(tasks, log)
    if missing:
        names = rows_of(task for task in tasks if canonical(task) in missing)
        more = f", and {len(names) - FEW} more" if len(names) > FEW else ""
        say(f"{len(missing)} run{'s' * (len(missing) > 1)} of: {'; '.join(names[:FEW])}{more}")
    runs = run_grid(
        SameCode(partial(study.run, folder), study.code),
        tasks,
        jobs=options.jobs,
        cluster=options.cluster,
        log=log,
        own_code=False,
    )
    records: list[Record] = []
    with resumable(log), bar(len(tasks), study.name, "run") as shown:
        for record in runs:
            records.append(record)
            shown.update()
            if canonical(record["task"]) in missing and not is_watched():
                say(line_of(record, len(records), len(tasks)))
    return records


def line_of(record: Record, number: int, total: int) -> str:
    """Return a line on a run that has ended, for a file that keeps what the command says.

    Examples
    --------
    >>> line_of({"task": {"rule": "fa", "seed": 1, "epochs": 9}, "seconds": 61.2}, 3, 8)
    'run 3 of 8: fa, seed 1, 61 s'
    """
    failed = ", failed" if "error" in record else ""
    name = run_name(record["task"])
    return f"run {number} of {total}: {name}, {record['seconds']:.0f} s{failed}"


def need_data(study: Study) -> None:
    """Load a study's data, so that a missing set is reported once, before all runs."""
    for name in study.data:
        datasets.load(name)


def rows_of(tasks: Iterable[Task]) -> list[str]:
    """Return the name of every row of some runs, each once."""
    return list(dict.fromkeys(map(row_name, tasks)))


def chosen_rows(rows: Sequence[str], texts: Sequence[str] | None) -> set[str]:
    """Return the rows with one of some texts in their name; a whole name stands for its row alone.

    Raises
    ------
    ValueError
        If no row has one of the texts in its name.

    Examples
    --------
    >>> sorted(chosen_rows(["bp 1", "bp 10", "fa 1", "fa 10"], ["bp 1", "fa"]))
    ['bp 1', 'fa 1', 'fa 10']
    """
    if texts is None:
        return set(rows)
    found: set[str] = set()
    for text in texts:
        these = {row for row in rows if row == text or (text not in rows and text in row)}
        if not these:
            near, listed = did_you_mean(text, pieces(rows, text)), "\n  ".join(["", *rows])
            raise ValueError(f"rows has {text!r}{near}, and no row has it in its name:{listed}")
        found |= these
    return found


def pieces(rows: Iterable[str], text: str) -> list[str]:
    """Return every piece of some names that has as many words as a text.

    Examples
    --------
    >>> pieces(["2x800 tanh bp", "2x800 relu bp"], "tan bp")
    ['2x800 tanh', 'tanh bp', '2x800 relu', 'relu bp']
    """
    length = len(text.split())
    names = [row.split() for row in rows]
    found = (
        " ".join(words[first : first + length])
        for words in names
        for first in range(len(words) - length + 1)
    )
    return list(dict.fromkeys(found))


def chosen(
    tasks: Iterable[dict[str, Any]], rows: Collection[str], seeds: int | None
) -> list[dict[str, Any]]:
    """Return the runs of some rows, of the first so many seeds."""
    least = None if seeds is None else checks.whole("seeds", seeds)
    return [
        task
        for task in tasks
        if row_name(task) in rows and (least is None or task.get("seed", 0) < least)
    ]


def vouch(study: Study, epochs: int | None, folder: Path, jobs: int) -> int:
    """Print which stored rows of earlier code today's code reproduces; return 1 if not all."""
    log = folder / LOG
    runs = kept(study, folder, epochs)
    if not runs:
        others = other_lengths(study, log)
        raise ValueError(f"{log} keeps no runs that could be vouched for{others}")
    earlier = [record for record in runs if code_of(record) != study.code(record["task"])]
    if not earlier:
        print(f"{study.title}\n\nToday's code made all of these runs: there is nothing to repeat.")
        return 0
    rows = vouching.vouch(study, earlier, jobs)
    if not all(row.compared for row in rows):
        need_data(study)  # without them, no run was repeated
    vouched.keep(rows, folder, study.today)
    print(f"{study.title}\n\n{vouching.table(rows)}\n\n{vouched.vouched(folder, study.today)}")
    return int(any(row.differs for row in rows))


def listed() -> str:
    """Return every study's name, what it shows, and how long it takes."""
    texts = []
    for name in papers.names():
        study = papers.find(name)
        shown = textwrap.fill(study.title, 100, initial_indent="    ", subsequent_indent="    ")
        texts.append(f"{name}\n{shown}\n    takes {study.takes}")
    return "\n\n".join([*texts, "nofb reproduce PAPER runs one of them."])
